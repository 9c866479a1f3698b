package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put stores one value in the bucket of bindings.
func put(ctx context.Context, db DB, key, value string) error {
	return db.Update(ctx, "test.step", func(tx Tx) error { return tx.Put(bucketBindings, key, []byte(value)) })
}

// get returns one value of the bucket of bindings.
func get(t *testing.T, db DB, key string) string {
	t.Helper()
	var v []byte
	err := db.View(t.Context(), func(tx Tx) (err error) {
		v, _, err = tx.Get(bucketBindings, key)
		return err
	})
	must(t, err)
	return string(v)
}

func TestWhatWasStoredIsThereAfterReopening(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	first, err := OpenBolt(path, Options{})
	must(t, err)
	must(t, put(t.Context(), first, "a", "1"))
	must(t, first.Close())
	second := openTest(t, path, Options{})
	if got := get(t, second, "a"); got != "1" {
		t.Errorf("a = %q", got)
	}
}

func TestASecondInstanceIsTold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	openTest(t, path, Options{})
	begin := time.Now()
	_, err := OpenBolt(path, Options{Timeout: 20 * time.Millisecond})
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "state file "+path+" is in use: another instance is running") {
		t.Errorf("second open: %v", err)
	}
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("that took %v", d)
	}
}

func TestOneOfManyFirstStartsWins(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	var wg sync.WaitGroup
	dbs, errs := make([]*Bolt, 8), make([]error, 8)
	for i := range dbs {
		wg.Go(func() { dbs[i], errs[i] = OpenBolt(path, Options{Timeout: time.Millisecond}) })
	}
	wg.Wait()
	open := 0
	for i, db := range dbs {
		switch {
		case db != nil:
			open++
			must(t, put(t.Context(), db, "a", "1"))
			must(t, db.Close())
		case !errors.Is(errs[i], ErrInUse):
			t.Errorf("a loser got %v", errs[i])
		}
	}
	if open != 1 {
		t.Fatalf("%d of them have it open", open)
	}
	if got := get(t, openTest(t, path, Options{}), "a"); got != "1" {
		t.Errorf("what the winner stored is lost: %q", got)
	}
}

func TestAFirstStartWaitsForNoOtherThatHoldsTheFolder(t *testing.T) {
	t.Parallel()
	for _, lock := range []int{syscall.LOCK_EX, syscall.LOCK_SH} {
		dir := t.TempDir()
		folder, err := os.Open(dir)
		must(t, err)
		must(t, syscall.Flock(int(folder.Fd()), lock))
		if _, err := OpenBolt(filepath.Join(dir, "state.db"), Options{}); !errors.Is(err, ErrInUse) {
			t.Errorf("open while another makes the file: %v", err)
		}
		must(t, folder.Close())
		openTest(t, filepath.Join(dir, "state.db"), Options{})
	}
}

func TestWhatAnInterruptedFirstStartLeftIsReplaced(t *testing.T) {
	t.Parallel()
	for name, left := range map[string]string{"nothing": "", "half a file": strings.Repeat("\x00garbage", 1000)} {
		path := filepath.Join(t.TempDir(), "state.db")
		must(t, os.WriteFile(path+".new", []byte(left), 0o600))
		must(t, put(t.Context(), openTest(t, path, Options{}), "a", "1"))
		if _, err := os.Stat(path + ".new"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the other file is still there: %v", name, err)
		}
	}
}

func TestAnEmptyFileIsAFirstStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	must(t, os.WriteFile(path, nil, 0o600))
	must(t, put(t.Context(), openTest(t, path, Options{}), "a", "1"))
}

func TestOnlyTheOwnerCanReadTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	for range 2 {
		db, err := OpenBolt(path, Options{})
		must(t, err)
		must(t, db.Close())
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode is %v", info.Mode())
		}
		must(t, os.Chmod(path, 0o644)) // somebody opened it up; the next start closes it
	}
}

// damaged makes a valid file and changes its bytes.
func damaged(t *testing.T, path string, f func([]byte) []byte) {
	t.Helper()
	db, err := OpenBolt(path, Options{})
	must(t, err)
	must(t, put(t.Context(), db, "a", strings.Repeat("value", 20_000)))
	must(t, db.Close())
	raw, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, f(raw), 0o600))
}

func TestAFileThatIsNoStateFileIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		make  func(t *testing.T, path string)
		names string
	}{
		{"another program's file", func(t *testing.T, path string) {
			must(t, os.WriteFile(path, []byte(strings.Repeat("text\n", 4000)), 0o600))
		}, "invalid database"},
		{"another program's database", func(t *testing.T, path string) {
			db, err := bbolt.Open(path, 0o600, nil)
			must(t, err)
			must(t, db.Close())
		}, "not a state file of this program"},
		{"no schema version", func(t *testing.T, path string) {
			db, err := OpenBolt(path, Options{})
			must(t, err)
			must(t, db.Update(t.Context(), "test.step", func(tx Tx) error { return tx.Delete(bucketMeta, schemaKey) }))
			must(t, db.Close())
		}, "no schema version"},
		{"a folder", func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o700)) }, "not a regular file"},
		{"cut to a page", func(t *testing.T, path string) { damaged(t, path, func(b []byte) []byte { return b[:4096] }) }, "state file"},
		{"cut to four pages", func(t *testing.T, path string) { damaged(t, path, func(b []byte) []byte { return b[:4*4096] }) }, "damaged"},
		{"pages overwritten", func(t *testing.T, path string) {
			damaged(t, path, func(b []byte) []byte {
				clear(b[2*4096:])
				return b
			})
		}, "damaged"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "state.db")
			tt.make(t, path)
			db, err := OpenBolt(path, Options{Timeout: time.Millisecond})
			if err == nil {
				must(t, db.Close())
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), tt.names) {
				t.Errorf("error %q does not say %q and the path", err, tt.names)
			}
		})
	}
}

func TestAMissingFolderIsNamed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nope", "state.db")
	if _, err := OpenBolt(path, Options{}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("open = %v", err)
	}
}

// rename returns a migration that moves a value of the bucket of bindings.
func rename(from, to string) func(Tx) error {
	return func(tx Tx) error {
		v, _, err := tx.Get(bucketBindings, from)
		return errors.Join(err, tx.Put(bucketBindings, to, v), tx.Delete(bucketBindings, from))
	}
}

func TestAnOlderFileIsMigratedInOrderAndOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	first, err := open(path, Options{}, schema{})
	must(t, err)
	must(t, put(t.Context(), first, "a", "1"))
	must(t, first.Close())
	third := schema{migrations: []func(Tx) error{rename("a", "b"), rename("b", "c")}}
	for range 2 {
		var steps []string
		db, err := open(path, Options{AfterCommit: func(s string) { steps = append(steps, s) }}, third)
		must(t, err)
		if got := get(t, db, "c"); got != "1" {
			t.Errorf("c = %q after the migration", got)
		}
		must(t, db.Close())
		if len(steps) > 1 {
			t.Errorf("durable steps %q", steps)
		}
	}
	if _, err := OpenBolt(path, Options{}); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "version 3") {
		t.Errorf("an older program opens it: %v", err)
	}
}

func TestAMigrationThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	first, err := OpenBolt(path, Options{})
	must(t, err)
	must(t, put(t.Context(), first, "a", "1"))
	must(t, first.Close())
	boom := errors.New("boom")
	_, err = open(path, Options{}, schema{migrations: []func(Tx) error{rename("a", "b"), func(Tx) error { return boom }}})
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), "from schema version 2 to 3") {
		t.Errorf("open = %v", err)
	}
	if got := get(t, openTest(t, path, Options{}), "a"); got != "1" {
		t.Errorf("a = %q after the failed migration", got)
	}
}

func TestANewBucketNeedsNoMigration(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := OpenBolt(path, Options{})
	must(t, err)
	must(t, db.db.Update(func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte(bucketBindings)) }))
	must(t, db.Close())
	must(t, put(t.Context(), openTest(t, path, Options{}), "a", "1"))
}

// TestT46OneFileByEveryName: the lock is the file's, not the path's.
func TestT46OneFileByEveryName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "state.db")
	first := openTest(t, path, Options{})
	must(t, os.Symlink(path, filepath.Join(dir, "symbolic")))
	must(t, os.Link(path, filepath.Join(dir, "hard")))
	for _, name := range []string{"state.db", "symbolic", "hard"} {
		if _, err := OpenBolt(filepath.Join(dir, name), Options{Timeout: time.Millisecond}); !errors.Is(err, ErrInUse) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, put(t.Context(), first, "a", "1"))
}
