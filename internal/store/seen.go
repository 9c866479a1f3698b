package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// keepSeen is for how long at least a key is known. A replay from Slack is known
// by its signed time after five minutes already; a day also covers deliveries
// that are sent again by hand.
const keepSeen = 24 * time.Hour

// sweepMost is how many expired keys one call forgets at most, so that no call
// is slow. It is more than the one that a call adds, so the store shrinks.
const sweepMost = 16

// Seen tells first deliveries from repeated ones, across restarts.
type Seen struct {
	db DB
}

// NewSeen returns the keys seen in db.
func NewSeen(db DB) *Seen { return &Seen{db} }

// First notes that a key of a scope ("slack", "github") was seen and reports
// whether that is the first time. A key is forgotten some time after 24 hours.
func (s *Seen) First(ctx context.Context, scope, key string, now time.Time) (bool, error) {
	first := false
	err := s.db.Update(ctx, StepSeen, func(tx Tx) (err error) {
		first, err = firstSeen(tx, scope, key, now)
		return err
	})
	return first && err == nil, err
}

// firstSeen is First within an Update.
func firstSeen(tx Tx, scope, key string, now time.Time) (bool, error) {
	hash := seenHash(scope, key)
	if _, known, err := tx.Get(bucketSeen, hash); err != nil || known {
		return false, err
	}
	if err := sweepSeen(tx, now.Add(-keepSeen)); err != nil {
		return false, err
	}
	if err := putJSON(tx, bucketSeen, hash, now.UTC()); err != nil {
		return false, err
	}
	return true, tx.Put(bucketSeenExpiry, joinKey(timeKey(now), hash), nil)
}

// seenHash makes a key of bounded length from what others chose.
func seenHash(scope, key string) string {
	sum := sha256.Sum256([]byte(joinKey(scope, key)))
	return hex.EncodeToString(sum[:])
}

// sweepSeen forgets keys seen before a time, the oldest first.
func sweepSeen(tx Tx, before time.Time) error {
	limit := timeKey(before)
	var old []string
	err := tx.Scan(bucketSeenExpiry, "", func(key string, _ []byte) error {
		if len(old) == sweepMost || key >= limit {
			return ErrStop
		}
		old = append(old, key)
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range old {
		if err := tx.Delete(bucketSeenExpiry, key); err != nil {
			return err
		}
		if err := tx.Delete(bucketSeen, key[len(limit)+1:]); err != nil {
			return err
		}
	}
	return nil
}
