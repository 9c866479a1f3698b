package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// sealKey is where the number of records is kept in the meta bucket.
const sealKey = "seal"

// sealSize is the length of a seal in bytes.
const sealSize = sha256.Size

// ErrForeign says that the state holds, or lacks, what no bot with this key
// wrote, or took away.
var ErrForeign = errors.New("it was changed by something else than the bot, or the bot has another signing key")

// seals computes seals with one key.
type seals []byte

// newSeals derives the key, so that nothing else made with the secret is a seal.
func newSeals(secret []byte) seals {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("aws-access-bot state seal 1"))
	return h.Sum(nil)
}

// of returns the seal of a value in its place.
func (s seals) of(bucket, key string, value []byte) []byte {
	h := hmac.New(sha256.New, s)
	for _, part := range []string{bucket, key} {
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	h.Write(value)
	return h.Sum(nil)
}

// open takes the seal off a value, and reports whether it is the right one.
func (s seals) open(bucket, key string, sealed []byte) ([]byte, bool) {
	n := len(sealed) - sealSize
	if n < 0 || !hmac.Equal(s.of(bucket, key, sealed[:n]), sealed[n:]) {
		return nil, false
	}
	return sealed[:n:n], true
}

// bare reports whether a record has no seal: the schema version, which a bot
// without the key must be able to read.
func bare(bucket, key string) bool { return bucket == bucketMeta && key == schemaKey }

// Sealed is a [DB] on another one in which every record has a seal (HMAC-SHA256
// of its place and content), so that a record that was written, changed or moved
// by hand is an error when it is read ([ErrForeign]). With the number of records,
// sealed too, one that was taken away is found when the state is opened. Whoever
// has both the file and the key can do what the bot can; and a whole older file,
// or an older record put back in its place, has the right seals.
type Sealed struct {
	DB
	seals seals
}

// Seal opens a state that is sealed with a secret, and seals one that is empty.
// It reads the whole state: a record with a wrong seal, a record too few or too
// many, and a broken audit log are an error. Records sealed with one of the
// older secrets are sealed anew.
func Seal(ctx context.Context, db DB, secret []byte, older ...[]byte) (*Sealed, error) {
	s := &Sealed{DB: db, seals: newSeals(secret)}
	n, old, err := s.inspect(ctx, older)
	switch {
	case err != nil:
		return nil, fmt.Errorf("state file: %w", err)
	case n == 0 || len(old) > 0:
		if err := s.renew(ctx, n, old); err != nil {
			return nil, fmt.Errorf("seal the state file: %w", err)
		}
	}
	if _, err := NewAudit(s).Verify(ctx); err != nil {
		return nil, fmt.Errorf("state file: %w", err)
	}
	return s, nil
}

// place is where a record is, with its content.
type place struct {
	bucket, key string
	value       []byte
}

// inspect checks every seal and the number of records, which it returns, and
// returns the records with an older seal.
func (s *Sealed) inspect(ctx context.Context, older [][]byte) (n int, old []place, err error) {
	keys := []seals{s.seals}
	for _, k := range older {
		keys = append(keys, newSeals(k))
	}
	bad, noted := 0, -1
	var first string
	err = s.DB.View(ctx, func(tx Tx) error {
		for _, bucket := range buckets() {
			err := tx.Scan(bucket, "", func(key string, raw []byte) error {
				if bare(bucket, key) {
					return nil
				}
				n++
				value, by := opened(keys, bucket, key, raw)
				switch {
				case by < 0 && bad == 0:
					first = fmt.Sprintf("%s/%q", bucket, key)
					fallthrough
				case by < 0:
					bad++
				case by > 0:
					old = append(old, place{bucket, key, value})
				}
				if bucket == bucketMeta && key == sealKey && by >= 0 {
					noted, err = decode[int](bucket, key, value)
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return 0, nil, err
	case bad > 0:
		return 0, nil, fmt.Errorf("%d of its %d records, the first of them %s, have no seal of this bot's: %w", bad, n, first, ErrForeign)
	case n > 0 && noted != n-1:
		return 0, nil, fmt.Errorf("it has %d records and should have %d: %w", n-1, noted, ErrForeign)
	}
	return n, old, nil
}

// opened takes the seal off, and says with which of the keys; -1 for none.
func opened(keys []seals, bucket, key string, raw []byte) ([]byte, int) {
	for i, k := range keys {
		if value, ok := k.open(bucket, key, raw); ok {
			return value, i
		}
	}
	return nil, -1
}

// renew seals records with the key of now, and notes that there are none in an
// empty state.
func (s *Sealed) renew(ctx context.Context, n int, old []place) error {
	return s.DB.Update(ctx, StepSchema, func(tx Tx) error {
		if n == 0 {
			old = []place{{bucketMeta, sealKey, []byte("0")}}
		}
		for _, p := range old {
			if err := tx.Put(p.bucket, p.key, append(bytes.Clone(p.value), s.seals.of(p.bucket, p.key, p.value)...)); err != nil {
				return err
			}
		}
		return nil
	})
}

// View implements [DB].
func (s *Sealed) View(ctx context.Context, f func(Tx) error) error {
	return s.DB.View(ctx, func(tx Tx) error { return f(&sealedTx{Tx: tx, seals: s.seals}) })
}

// Update implements [DB].
func (s *Sealed) Update(ctx context.Context, step string, f func(Tx) error) error {
	return s.DB.Update(ctx, step, func(tx Tx) error {
		t := &sealedTx{Tx: tx, seals: s.seals}
		if err := f(t); err != nil || t.more == 0 {
			return err
		}
		n, _, err := getJSON[int](t, bucketMeta, sealKey)
		if err != nil {
			return err
		}
		return putJSON(t, bucketMeta, sealKey, n+t.more)
	})
}

// sealedTx is a [Tx] that seals and opens.
type sealedTx struct {
	Tx
	seals seals
	more  int // records that came, less those that went
}

func (t *sealedTx) open(bucket, key string, raw []byte) ([]byte, error) {
	if bare(bucket, key) {
		return raw, nil
	}
	value, ok := t.seals.open(bucket, key, raw)
	if !ok {
		return nil, fmt.Errorf("record %s/%q of the state file: %w", bucket, key, ErrForeign)
	}
	return value, nil
}

// Get implements [Tx].
func (t *sealedTx) Get(bucket, key string) ([]byte, bool, error) {
	raw, ok, err := t.Tx.Get(bucket, key)
	if err != nil || !ok {
		return nil, false, err
	}
	value, err := t.open(bucket, key, raw)
	return value, err == nil, err
}

// Put implements [Tx].
func (t *sealedTx) Put(bucket, key string, value []byte) error {
	if bare(bucket, key) {
		return t.Tx.Put(bucket, key, value)
	}
	_, there, err := t.Tx.Get(bucket, key)
	if err != nil {
		return err
	}
	if err := t.Tx.Put(bucket, key, append(bytes.Clone(value), t.seals.of(bucket, key, value)...)); err != nil {
		return err
	}
	if !there {
		t.more++
	}
	return nil
}

// Delete implements [Tx].
func (t *sealedTx) Delete(bucket, key string) error {
	_, there, err := t.Tx.Get(bucket, key)
	if err != nil {
		return err
	}
	if err := t.Tx.Delete(bucket, key); err != nil {
		return err
	}
	if there && !bare(bucket, key) {
		t.more--
	}
	return nil
}

// Scan implements [Tx].
func (t *sealedTx) Scan(bucket, prefix string, f func(key string, value []byte) error) error {
	return t.Tx.Scan(bucket, prefix, func(key string, raw []byte) error {
		value, err := t.open(bucket, key, raw)
		if err != nil {
			return err
		}
		return f(key, value)
	})
}
