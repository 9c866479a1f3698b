package store

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// getJSON returns the record under a key and whether there is one.
func getJSON[T any](tx Tx, bucket, key string) (T, bool, error) {
	var v T
	raw, ok, err := tx.Get(bucket, key)
	if err != nil || !ok {
		return v, false, err
	}
	v, err = decode[T](bucket, key, raw)
	return v, err == nil, err
}

// putJSON stores a record under a key.
func putJSON[T any](tx Tx, bucket, key string, v T) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s/%q: %w", bucket, key, err)
	}
	return tx.Put(bucket, key, raw)
}

// deleteKeys deletes keys of a bucket: a Scan must not change what it walks.
func deleteKeys(tx Tx, bucket string, keys []string) error {
	for _, key := range keys {
		if err := tx.Delete(bucket, key); err != nil {
			return err
		}
	}
	return nil
}

// scanJSON calls f for each record whose key has the prefix, as Tx.Scan does.
func scanJSON[T any](tx Tx, bucket, prefix string, f func(key string, v T) error) error {
	return tx.Scan(bucket, prefix, func(key string, raw []byte) error {
		v, err := decode[T](bucket, key, raw)
		if err != nil {
			return err
		}
		return f(key, v)
	})
}

func decode[T any](bucket, key string, raw []byte) (T, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("decode %s/%q: %w", bucket, key, err)
	}
	return v, nil
}

// nextSeq returns the next number of a counter, from 1.
func nextSeq(tx Tx, counter string) (uint64, error) {
	last, _, err := getJSON[uint64](tx, bucketCounters, counter)
	if err != nil {
		return 0, err
	}
	return last + 1, putJSON(tx, bucketCounters, counter, last+1)
}

// seqKey is a number as a key: the order of keys is the order of numbers.
func seqKey(n uint64) string { return fmt.Sprintf("%020d", n) }

// parseSeq is the inverse of seqKey.
func parseSeq(bucket, key string) (uint64, error) {
	n, err := strconv.ParseUint(key, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("key %s/%q is not a number", bucket, key)
	}
	return n, nil
}

// timeKey is a time as the beginning of a key: nanoseconds since 1970 as 19
// digits. Times outside 1970 to 2261 are taken as the first or last moment.
func timeKey(t time.Time) string {
	var n int64
	switch y := t.UTC().Year(); {
	case y > 2261:
		n = math.MaxInt64
	case y >= 1970:
		n = t.UnixNano()
	}
	return fmt.Sprintf("%019d", n)
}

// joinKey joins parts to a key in which each can be told apart.
func joinKey(parts ...string) string {
	escaped := make([]string, len(parts))
	for i, p := range parts {
		escaped[i] = url.PathEscape(p)
	}
	return strings.Join(escaped, "/")
}
