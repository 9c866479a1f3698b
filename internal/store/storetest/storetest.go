// Package storetest is the conformance test of store.DB: what every store must
// pass before the bot may keep its state there. It uses the buckets "requests"
// and "bindings" with keys and values of its own, and those records whose
// promise hangs on transactions that exclude each other.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/store"
)

// The buckets that the tests use.
const (
	one = "requests"
	two = "bindings"
)

// Run tests the DB that open makes; each call must return a new, empty one. The
// tests close it where that is the point, else t.Cleanup in open does.
func Run(t *testing.T, open func(t *testing.T) store.DB) {
	t.Helper()
	tests := []struct {
		name string
		test func(t *testing.T, db store.DB)
	}{
		{"get returns what was put, deleted keys are gone", basics},
		{"an empty value is a value", emptyValue},
		{"an update sees its own changes", ownChanges},
		{"an update that fails changes nothing", rollback},
		{"an update that panics changes nothing and blocks nobody", panics},
		{"a view does not see an update that comes after its start", isolation},
		{"scan goes in the order of bytes within the prefix", scanOrder},
		{"scan stops at the callback's error", scanStop},
		{"a scan may read but not write", scanWrites},
		{"values and keys are copies", copies},
		{"a view refuses to write", viewWrites},
		{"a transaction is over when its function returns", afterEnd},
		{"bad keys and unknown buckets are refused", badInput},
		{"a context that has ended begins nothing", cancelled},
		{"updates at the same time are all kept", concurrent},
		{"views hold while updates go on", concurrentViews},
		{"first uses at the same time bind a chat user and a person once", bindOnce},
		{"nothing works after close", closed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(t, open(t))
		})
	}
	t.Run("one who waits for a turn leaves when the context ends", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { cancelledWaiting(t, open(t)) })
	})
}

// update runs f in an Update that must succeed.
func update(t *testing.T, db store.DB, f func(store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), "test.step", f); err != nil {
		t.Fatalf("update: %v", err)
	}
}

// put stores pairs of key and value in a bucket.
func put(t *testing.T, db store.DB, bucket string, pairs ...string) {
	t.Helper()
	update(t, db, func(tx store.Tx) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := tx.Put(bucket, pairs[i], []byte(pairs[i+1])); err != nil {
				return err
			}
		}
		return nil
	})
}

// dump returns all of a bucket as "key=value", in the order of the scan.
func dump(t *testing.T, db store.DB, bucket string) []string {
	t.Helper()
	var got []string
	err := db.View(t.Context(), func(tx store.Tx) error {
		return tx.Scan(bucket, "", func(key string, value []byte) error {
			got = append(got, key+"="+string(value))
			return nil
		})
	})
	if err != nil {
		t.Fatalf("scan %s: %v", bucket, err)
	}
	return got
}

// want compares a bucket's content.
func want(t *testing.T, db store.DB, bucket string, pairs ...string) {
	t.Helper()
	if diff := cmp.Diff(pairs, dump(t, db, bucket)); diff != "" {
		t.Errorf("bucket %s (-want +got):\n%s", bucket, diff)
	}
}

func basics(t *testing.T, db store.DB) {
	put(t, db, one, "a", "1", "b", "2")
	put(t, db, two, "a", "other")
	put(t, db, one, "a", "3")
	update(t, db, func(tx store.Tx) error {
		return errors.Join(tx.Delete(one, "b"), tx.Delete(one, "never there"))
	})
	want(t, db, one, "a=3")
	want(t, db, two, "a=other")
	err := db.View(t.Context(), func(tx store.Tx) error {
		if v, ok, err := tx.Get(one, "a"); string(v) != "3" || !ok || err != nil {
			t.Errorf("Get(a) = %q, %v, %v", v, ok, err)
		}
		if v, ok, err := tx.Get(one, "b"); v != nil || ok || err != nil {
			t.Errorf("Get of a deleted key = %q, %v, %v", v, ok, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func emptyValue(t *testing.T, db store.DB) {
	update(t, db, func(tx store.Tx) error {
		if err := tx.Put(one, "nil", nil); err != nil {
			return err
		}
		if _, ok, err := tx.Get(one, "nil"); !ok || err != nil {
			t.Errorf("Get in the update = %v, %v", ok, err)
		}
		return tx.Put(one, "empty", []byte{})
	})
	want(t, db, one, "empty=", "nil=")
	err := db.View(t.Context(), func(tx store.Tx) error {
		_, ok, err := tx.Get(one, "nil")
		if !ok {
			t.Error("Get in a view does not find the empty value")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func ownChanges(t *testing.T, db store.DB) {
	put(t, db, one, "a", "1", "b", "2")
	update(t, db, func(tx store.Tx) error {
		if err := errors.Join(tx.Put(one, "a", []byte("new")), tx.Delete(one, "b"), tx.Put(one, "c", []byte("3"))); err != nil {
			return err
		}
		if v, _, err := tx.Get(one, "a"); string(v) != "new" || err != nil {
			t.Errorf("Get(a) = %q, %v", v, err)
		}
		var keys []string
		err := tx.Scan(one, "", func(key string, _ []byte) error {
			keys = append(keys, key)
			return nil
		})
		if diff := cmp.Diff([]string{"a", "c"}, keys); diff != "" {
			t.Errorf("scan in the update (-want +got):\n%s", diff)
		}
		return err
	})
}

func rollback(t *testing.T, db store.DB) {
	put(t, db, one, "a", "1")
	boom := errors.New("boom")
	err := db.Update(t.Context(), "test.step", func(tx store.Tx) error {
		if err := errors.Join(tx.Put(one, "a", []byte("2")), tx.Put(two, "b", []byte("2")), tx.Delete(one, "a")); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("error = %v, want the callback's", err)
	}
	want(t, db, one, "a=1")
	want(t, db, two)
}

func panics(t *testing.T, db store.DB) {
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		err := db.Update(t.Context(), "test.step", func(tx store.Tx) error {
			if err := tx.Put(one, "a", []byte("1")); err != nil {
				return err
			}
			panic("in the callback")
		})
		t.Errorf("Update returned %v", err)
	}()
	want(t, db, one)
	put(t, db, one, "b", "2")
	want(t, db, one, "b=2")
}

func isolation(t *testing.T, db store.DB) {
	put(t, db, one, "a", "before")
	started, updated := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- db.View(context.WithoutCancel(t.Context()), func(tx store.Tx) error {
			close(started)
			<-updated
			v, _, err := tx.Get(one, "a")
			if err == nil && string(v) != "before" {
				err = fmt.Errorf("the view sees %q", v)
			}
			if _, ok, _ := tx.Get(one, "b"); ok {
				err = errors.Join(err, errors.New("the view sees a key put after its start"))
			}
			return err
		})
	}()
	<-started
	err := db.Update(t.Context(), "test.step", func(tx store.Tx) error {
		if err := errors.Join(tx.Put(one, "a", []byte("after")), tx.Put(one, "b", nil)); err != nil {
			return err
		}
		// Not committed yet: a view that starts now must not see it.
		return db.View(t.Context(), func(early store.Tx) error {
			v, _, err := early.Get(one, "a")
			if string(v) != "before" {
				t.Errorf("an uncommitted value is visible: %q", v)
			}
			return err
		})
	})
	close(updated)
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	want(t, db, one, "a=after", "b=")
}

func scanOrder(t *testing.T, db store.DB) {
	put(t, db, one, "b/2", "", "a", "", "b/10", "", "b", "", "c", "", "b/", "", "B", "", "b0", "", "ü", "", "b/\xff", "")
	want(t, db, one, "B=", "a=", "b=", "b/=", "b/10=", "b/2=", "b/\xff=", "b0=", "c=", "ü=")
	var got []string
	err := db.View(t.Context(), func(tx store.Tx) error {
		return tx.Scan(one, "b/", func(key string, _ []byte) error {
			got = append(got, key)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b/", "b/10", "b/2", "b/\xff"}, got); diff != "" {
		t.Errorf("prefix b/ (-want +got):\n%s", diff)
	}
}

func scanStop(t *testing.T, db store.DB) {
	put(t, db, one, "a", "", "b", "", "c", "")
	boom := errors.New("boom")
	for _, tt := range []struct{ give, want error }{{store.ErrStop, nil}, {boom, boom}} {
		n := 0
		err := db.View(t.Context(), func(tx store.Tx) error {
			return tx.Scan(one, "", func(string, []byte) error {
				n++
				if n == 2 {
					return tt.give
				}
				return nil
			})
		})
		if !errors.Is(err, tt.want) || n != 2 {
			t.Errorf("after %v: error %v, %d calls", tt.give, err, n)
		}
	}
}

func scanWrites(t *testing.T, db store.DB) {
	put(t, db, one, "a", "1", "b", "2")
	update(t, db, func(tx store.Tx) error {
		err := tx.Scan(one, "", func(key string, _ []byte) error {
			if err := tx.Put(one, "c", nil); !errors.Is(err, store.ErrReadOnly) {
				t.Errorf("Put in a scan = %v", err)
			}
			if err := tx.Delete(two, "c"); !errors.Is(err, store.ErrReadOnly) {
				t.Errorf("Delete in a scan = %v", err)
			}
			if v, ok, err := tx.Get(one, "b"); string(v) != "2" || !ok || err != nil {
				t.Errorf("Get in a scan = %q, %v, %v", v, ok, err)
			}
			return tx.Scan(one, "", func(string, []byte) error { return nil })
		})
		if err != nil {
			return err
		}
		return tx.Put(one, "after the scan", nil)
	})
	want(t, db, one, "a=1", "after the scan=", "b=2")
}

func copies(t *testing.T, db store.DB) {
	// More than a page of neighbours, so that no store keeps them inline.
	update(t, db, func(tx store.Tx) error {
		var err error
		for i := range 200 {
			err = errors.Join(err, tx.Put(one, fmt.Sprintf("b%d", i), bytes.Repeat([]byte("."), 100)))
		}
		return err
	})
	value := []byte("mine")
	var got, scanned []byte
	update(t, db, func(tx store.Tx) error {
		if err := tx.Put(one, "a", value); err != nil {
			return err
		}
		copy(value, "oops")
		return nil
	})
	err := db.View(t.Context(), func(tx store.Tx) error {
		var err error
		if got, _, err = tx.Get(one, "a"); err != nil {
			return err
		}
		return tx.Scan(one, "a", func(_ string, v []byte) error {
			scanned = v
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	copy(got, "oops")
	copy(scanned, "oops")
	if now := dump(t, db, one); now[0] != "a=mine" {
		t.Errorf("a writer's or a reader's slice is the store's own: %s", now[0])
	}
	put(t, db, one, "a", "next")
	if !bytes.Equal(got, []byte("oops")) {
		t.Errorf("a value changed in the reader's hands: %q", got)
	}
}

func viewWrites(t *testing.T, db store.DB) {
	err := db.View(t.Context(), func(tx store.Tx) error { return tx.Put(one, "a", nil) })
	if !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("Put in a view = %v", err)
	}
	err = db.View(t.Context(), func(tx store.Tx) error { return tx.Delete(one, "a") })
	if !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("Delete in a view = %v", err)
	}
}

func afterEnd(t *testing.T, db store.DB) {
	var kept []store.Tx
	keep := func(tx store.Tx) error {
		kept = append(kept, tx)
		return nil
	}
	update(t, db, keep)
	update(t, db, func(tx store.Tx) error { return errors.Join(keep(tx), tx.Put(one, "a", nil)) })
	if err := db.View(t.Context(), keep); err != nil {
		t.Fatal(err)
	}
	for i, tx := range kept {
		_, _, get := tx.Get(one, "a")
		scan := tx.Scan(one, "", func(string, []byte) error { return nil })
		for _, err := range []error{get, scan, tx.Put(one, "b", nil), tx.Delete(one, "a")} {
			if !errors.Is(err, store.ErrTxDone) {
				t.Errorf("transaction %d: %v, want ErrTxDone", i, err)
			}
		}
	}
}

func badInput(t *testing.T, db store.DB) {
	tests := map[string]func(store.Tx) error{
		"put to an unknown bucket":      func(tx store.Tx) error { return tx.Put("nope", "a", nil) },
		"delete from an unknown bucket": func(tx store.Tx) error { return tx.Delete("nope", "a") },
		"scan of an unknown bucket": func(tx store.Tx) error {
			return tx.Scan("nope", "", func(string, []byte) error { return nil })
		},
		"get from an unknown bucket": func(tx store.Tx) error { _, _, err := tx.Get("nope", "a"); return err },
		"empty key":                  func(tx store.Tx) error { return tx.Put(one, "", nil) },
		"key too long":               func(tx store.Tx) error { return tx.Put(one, strings.Repeat("k", 32769), nil) },
	}
	for name, f := range tests {
		if err := db.Update(t.Context(), "test.step", f); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	put(t, db, one, strings.Repeat("k", 32768), "longest")
}

func cancelled(t *testing.T, db store.DB) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	called := func(store.Tx) error {
		t.Error("the callback was called")
		return nil
	}
	if err := db.View(ctx, called); !errors.Is(err, context.Canceled) {
		t.Errorf("View = %v", err)
	}
	if err := db.Update(ctx, "test.step", called); !errors.Is(err, context.Canceled) {
		t.Errorf("Update = %v", err)
	}
}

func cancelledWaiting(t *testing.T, db store.DB) {
	inside, leave := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- db.Update(context.WithoutCancel(t.Context()), "test.step", func(tx store.Tx) error {
			close(inside)
			<-leave
			return tx.Put(one, "first", nil)
		})
	}()
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error, 1)
	go func() {
		second <- db.Update(ctx, "test.step", func(tx store.Tx) error { return tx.Put(one, "second", nil) })
	}()
	synctest.Wait() // until it waits
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("the one who waits got %v", err)
	}
	close(leave)
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	want(t, db, one, "first=")
}

func concurrent(t *testing.T, db store.DB) {
	const workers, rounds = 8, 5
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		wg.Go(func() {
			for r := range rounds {
				errs[w] = errors.Join(errs[w], db.Update(t.Context(), "test.step", func(tx store.Tx) error {
					sum, _, err := tx.Get(two, "sum")
					if err != nil {
						return err
					}
					return errors.Join(tx.Put(two, "sum", append(sum, '.')), tx.Put(one, fmt.Sprintf("%d/%d", w, r), nil))
				}))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	want(t, db, two, "sum="+strings.Repeat(".", workers*rounds))
	if n := len(dump(t, db, one)); n != workers*rounds {
		t.Errorf("%d keys, want %d", n, workers*rounds)
	}
}

// concurrentViews keeps two buckets equal in each update; no view may see them
// differ.
func concurrentViews(t *testing.T, db store.DB) {
	put(t, db, one, "n", "0")
	put(t, db, two, "n", "0")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	views := make([]error, 3)
	for i := range views {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				views[i] = errors.Join(views[i], db.View(t.Context(), func(tx store.Tx) error {
					a, _, errA := tx.Get(one, "n")
					b, _, errB := tx.Get(two, "n")
					if !bytes.Equal(a, b) {
						return fmt.Errorf("a view sees %q beside %q", a, b)
					}
					return errors.Join(errA, errB)
				}))
			}
		})
	}
	for i := range 20 {
		n := []byte(strings.Repeat(fmt.Sprint(i), 200))
		update(t, db, func(tx store.Tx) error { return errors.Join(tx.Put(one, "n", n), tx.Put(two, "n", n)) })
	}
	close(stop)
	wg.Wait()
	if err := errors.Join(views...); err != nil {
		t.Fatal(err)
	}
}

func closed(t *testing.T, db store.DB) {
	put(t, db, one, "a", "1")
	if err := db.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	nothing := func(store.Tx) error { return nil }
	if err := db.View(t.Context(), nothing); !errors.Is(err, store.ErrClosed) {
		t.Errorf("View = %v", err)
	}
	if err := db.Update(t.Context(), "test.step", nothing); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Update = %v", err)
	}
}
