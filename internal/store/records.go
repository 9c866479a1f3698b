package store

import (
	"encoding/json"
	"fmt"
)

// getJSON reads a record and reports whether it is there.
func getJSON[T any](tx Tx, bucket, key string) (rec T, found bool, err error) {
	data, found, err := tx.Get(bucket, key)
	if err != nil || !found {
		return rec, false, err
	}
	if err := json.Unmarshal(data, &rec); err != nil {
		return rec, false, fmt.Errorf("record %s %s: %w", bucket, key, err)
	}
	return rec, true, nil
}

// putJSON writes a record.
func putJSON(tx Tx, bucket, key string, rec any) error {
	data, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("record %s %s: %w", bucket, key, err)
	}
	return tx.Put(bucket, key, data)
}

// scanJSON calls f for every record with the key prefix, in key order.
func scanJSON[T any](tx Tx, bucket, prefix string, f func(key string, rec T) error) error {
	return tx.Scan(bucket, prefix, func(key string, data []byte) error {
		var rec T
		if err := json.Unmarshal(data, &rec); err != nil {
			return fmt.Errorf("record %s %s: %w", bucket, key, err)
		}
		return f(key, rec)
	})
}
