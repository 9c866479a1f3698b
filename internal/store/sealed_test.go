package store

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops"

	"go.etcd.io/bbolt"
)

const sealSecret = "a secret of thirty-two bytes and more"

// sealedFile is a sealed state file with what counts in it.
func sealedFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	db := openTest(t, path, Options{})
	s, err := Seal(t.Context(), db, []byte(sealSecret))
	must(t, err)
	dev := config.Assignment{Account: "111122223333", PermissionSet: "ReadOnlyAccess"}
	must(t, NewGitops(s).Advance(t.Context(), gitops.Advance{
		To: verifiedCommit, InForce: &gitops.InForce{Commit: verifiedCommit, Files: map[string]string{"aws-access.yaml": "b1"}, Starts: config.Starts{}},
		Blobs: map[string][]byte{"b1": []byte("version: 1\n")}, Desired: []config.Assignment{dev},
		Audit: &gitops.Audited{Actor: "ken", Target: verifiedCommit, Result: "trusted"},
	}))
	for range 3 {
		_, err := NewAudit(s).Append(t.Context(), Event{At: time.Unix(1, 0), Actor: "bot", Action: "assignment.created", Target: "x"})
		must(t, err)
	}
	must(t, db.Close())
	return path
}

const (
	verifiedCommit = "1111111111111111111111111111111111111111"
	otherCommit    = "2222222222222222222222222222222222222222"
)

// byHand changes a state file as its own tool would, past the bot.
func byHand(t *testing.T, path string, f func(tx *bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, db.Update(f))
	must(t, db.Close())
}

// reopen seals the file as a start of the bot does.
func reopen(t *testing.T, path, secret string, older ...[]byte) (*Sealed, error) {
	t.Helper()
	return Seal(t.Context(), openTest(t, path, Options{}), []byte(secret), older...)
}

func firstOf(tx *bbolt.Tx, bucket string) (k, v []byte) {
	return tx.Bucket([]byte(bucket)).Cursor().First()
}

// TestT45EditedByHand: what was not written by the bot stops the start, whatever
// it is; nothing of it comes into force.
func TestT45EditedByHand(t *testing.T) {
	t.Parallel()
	replace := func(bucket, key, old, now string) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte(bucket))
			was := b.Get([]byte(key))
			if !bytes.Contains(was, []byte(old)) {
				return errors.New("what is to be changed is not there")
			}
			return b.Put([]byte(key), bytes.ReplaceAll(bytes.Clone(was), []byte(old), []byte(now)))
		}
	}
	tests := map[string]func(*bbolt.Tx) error{
		"another commit in force": replace(bucketGitopsState, keyWalk, verifiedCommit, otherCommit),
		"other files in force":    replace(bucketGitopsState, keyWalk, "aws-access.yaml", "groups/mine.yaml"),
		"other content in force":  replace(bucketGitopsState, keyBlob+"b1", "version: 1", "version: 2"),
		"an assignment owned": func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte(bucketOwned)).Put([]byte("g/1/2"), []byte(`{"commit":"x"}`))
		},
		"an assignment owned, seal copied": func(tx *bbolt.Tx) error {
			_, v := firstOf(tx, bucketOwned)
			return tx.Bucket([]byte(bucketOwned)).Put([]byte("g/1/2"), bytes.Clone(v))
		},
		"ownership taken away": func(tx *bbolt.Tx) error {
			k, _ := firstOf(tx, bucketOwned)
			return tx.Bucket([]byte(bucketOwned)).Delete(k)
		},
		"an audit entry changed": replace(bucketAudit, seqKey(2), "created", "deleted"),
		"an audit entry removed": func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketAudit)).Delete([]byte(seqKey(2))) },
		"the last audit entry removed, and the count of records put right as far as that goes": func(tx *bbolt.Tx) error {
			if err := tx.Bucket([]byte(bucketAudit)).Delete([]byte(seqKey(4))); err != nil {
				return err
			}
			k, v := firstOf(tx, bucketAudit) // one that has a good seal, elsewhere
			return tx.Bucket([]byte(bucketAudit)).Put(append([]byte("x"), k...), bytes.Clone(v))
		},
		"a binding added": func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte(bucketBindings)).Put([]byte("slack/T/U"), []byte(`{"entra":"vip"}`))
		},
		"the count removed": func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketMeta)).Delete([]byte(sealKey)) },
		"the count changed": func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketMeta)).Put([]byte(sealKey), []byte("0")) },
		"the walk removed":  func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketGitopsState)).Delete([]byte(keyWalk)) },
		"a seal cut off": func(tx *bbolt.Tx) error {
			k, v := firstOf(tx, bucketOwned)
			return tx.Bucket([]byte(bucketOwned)).Put(k, bytes.Clone(v[:len(v)-sealSize]))
		},
		"all records but the schema removed and an own walk put in": func(tx *bbolt.Tx) error {
			for _, name := range buckets() {
				if err := tx.DeleteBucket([]byte(name)); err != nil {
					return err
				}
				if _, err := tx.CreateBucket([]byte(name)); err != nil {
					return err
				}
			}
			if err := tx.Bucket([]byte(bucketGitopsState)).Put([]byte(keyWalk), []byte(`{"commit":"`+otherCommit+`"}`)); err != nil {
				return err
			}
			return tx.Bucket([]byte(bucketMeta)).Put([]byte(schemaKey), []byte("1"))
		},
	}
	for name, edit := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := sealedFile(t)
			byHand(t, path, edit)
			s, err := reopen(t, path, sealSecret)
			if !errors.Is(err, ErrForeign) || s != nil {
				t.Errorf("opened: %v", err)
			}
		})
	}
}

// TestT45EditedWhileItRuns: a record is checked each time that it is read.
func TestT45EditedWhileItRuns(t *testing.T) {
	t.Parallel()
	under := NewMemory()
	s, err := Seal(t.Context(), under, []byte(sealSecret))
	must(t, err)
	must(t, s.Update(t.Context(), "test", func(tx Tx) error { return tx.Put(bucketOwned, "a", []byte("1")) }))
	must(t, under.Update(t.Context(), "by hand", func(tx Tx) error { return tx.Put(bucketOwned, "a", []byte("2")) }))
	err = s.View(t.Context(), func(tx Tx) error { _, _, err := tx.Get(bucketOwned, "a"); return err })
	if !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), `owned/"a"`) {
		t.Errorf("get: %v", err)
	}
	err = s.View(t.Context(), func(tx Tx) error { return tx.Scan(bucketOwned, "", func(string, []byte) error { return nil }) })
	if !errors.Is(err, ErrForeign) {
		t.Errorf("scan: %v", err)
	}
}

// TestT45WhatIsNotDetected is written down as it is: a whole older file is one
// that the bot wrote. The commit in force in it was verified, and its audit log
// lacks what a mark noted elsewhere has.
func TestT45WhatIsNotDetected(t *testing.T) {
	t.Parallel()
	path := sealedFile(t)
	s, err := reopen(t, path, sealSecret)
	must(t, err)
	walk, err := NewGitops(s).Walk(t.Context())
	must(t, err)
	if walk.InForce.Commit != verifiedCommit {
		t.Errorf("in force %q", walk.InForce.Commit)
	}
	if _, err := NewAudit(s).Verify(context.Background(), Mark{Seq: 5, Hash: "noted when the log was longer"}); !errors.Is(err, ErrTampered) {
		t.Errorf("a log that is shorter than a mark: %v", err)
	}
}

// TestANewKeyNeedsTheOldOneOnce: afterwards the old one opens nothing.
func TestANewKeyNeedsTheOldOneOnce(t *testing.T) {
	t.Parallel()
	path := sealedFile(t)
	try := func(secret string, older ...[]byte) error {
		db, err := OpenBolt(path, Options{})
		must(t, err)
		_, err = Seal(t.Context(), db, []byte(secret), older...)
		must(t, db.Close())
		return err
	}
	const renewed = "another secret of thirty-two bytes!!"
	if err := try(renewed); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), "another signing key") {
		t.Errorf("the new key alone: %v", err)
	}
	must(t, try(renewed, []byte("wrong"), []byte(sealSecret)))
	must(t, try(renewed))
	if err := try(sealSecret); !errors.Is(err, ErrForeign) {
		t.Errorf("the old key: %v", err)
	}
}

// TestTheCountFollows what comes and goes, and nothing else.
func TestTheCountFollows(t *testing.T) {
	t.Parallel()
	under := NewMemory()
	s, err := Seal(t.Context(), under, []byte(sealSecret))
	must(t, err)
	for _, f := range []func(tx Tx) error{
		func(tx Tx) error {
			return errors.Join(tx.Put(bucketOwned, "a", nil), tx.Put(bucketOwned, "b", []byte("1")))
		},
		func(tx Tx) error {
			return errors.Join(tx.Put(bucketOwned, "a", []byte("2")), tx.Delete(bucketOwned, "none"))
		},
		func(tx Tx) error {
			return errors.Join(tx.Delete(bucketOwned, "a"), tx.Put(bucketOwned, "a", nil), tx.Delete(bucketOwned, "b"))
		},
	} {
		must(t, s.Update(t.Context(), "test", f))
		if _, err := Seal(t.Context(), under, []byte(sealSecret)); err != nil {
			t.Error(err)
		}
	}
	if err := s.Update(t.Context(), "test", func(tx Tx) error { return errors.Join(tx.Put(bucketOwned, "c", nil), errors.New("undone")) }); err == nil {
		t.Error("no error")
	}
	if _, err := Seal(t.Context(), under, []byte(sealSecret)); err != nil {
		t.Error(err)
	}
}
