package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Options are for opening a state file; the zero value is good.
type Options struct {
	// Timeout is how long to wait for the lock of the file, one second if zero.
	Timeout time.Duration
	// AfterCommit, if not nil, is called with the step of each Update once it
	// is durable and before Update returns. Tests end the process there.
	AfterCommit func(step string)
}

// Bolt is a [DB] in a bbolt file.
type Bolt struct {
	db    *bbolt.DB
	after func(step string)
	turn  turn

	once   sync.Once
	failed chan struct{} // closed when the file failed
}

// Failed returns a channel that is closed when the disk failed and the process
// must be restarted; see [ErrFailed].
func (b *Bolt) Failed() <-chan struct{} { return b.failed }

// hasFailed reports whether nothing may be written any more.
func (b *Bolt) hasFailed() bool {
	select {
	case <-b.failed:
		return true
	default:
		return false
	}
}

// View implements [DB].
func (b *Bolt) View(ctx context.Context, f func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	btx, err := b.db.Begin(false)
	if err != nil {
		return beginError(err)
	}
	tx := &boltTx{tx: btx}
	defer tx.end()
	return f(tx)
}

// Update implements [DB].
func (b *Bolt) Update(ctx context.Context, step string, f func(Tx) error) error {
	wrote, err := b.update(ctx, step, f)
	if err == nil && wrote && b.after != nil {
		b.after(step)
	}
	return err
}

func (b *Bolt) update(ctx context.Context, step string, f func(Tx) error) (wrote bool, err error) {
	if err := b.turn.take(ctx); err != nil {
		return false, err
	}
	defer b.turn.give()
	if b.hasFailed() {
		return false, fmt.Errorf("step %s: %w: %w", step, ErrWrite, ErrFailed)
	}
	btx, err := b.db.Begin(true)
	if err != nil {
		return false, beginError(err)
	}
	tx := &boltTx{guard: guard{writable: true}, tx: btx}
	defer tx.end()
	if err := f(tx); err != nil || !tx.wrote {
		return false, err
	}
	id := btx.ID()
	if err := btx.Commit(); err != nil {
		return false, fmt.Errorf("step %s: %w", step, b.writeError(id, err))
	}
	return true, nil
}

// writeError says what follows from a failed commit of transaction id. When the
// disk is full and the file still shows the state before, the pages written so
// far are free ones, and a later Update may try again. After any other error
// (an fsync that failed, above all) the kernel may have dropped pages that it
// reports as written, or the new state may be visible without being durable.
func (b *Bolt) writeError(id int, err error) error {
	full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	if full && b.before(id) {
		return fmt.Errorf("%w: %w", ErrWrite, err)
	}
	b.once.Do(func() { close(b.failed) })
	return fmt.Errorf("%w: %w: %w", ErrWrite, ErrFailed, err)
}

// before reports whether the state is that before transaction id.
func (b *Bolt) before(id int) bool {
	tx, err := b.db.Begin(false)
	if err != nil {
		return false
	}
	seen := tx.ID()
	return tx.Rollback() == nil && seen < id
}

// Close implements [DB].
func (b *Bolt) Close() error {
	if err := b.db.Close(); err != nil {
		return fmt.Errorf("close state file: %w", err)
	}
	return nil
}

// beginError maps the errors of beginning a transaction.
func beginError(err error) error {
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return fmt.Errorf("begin transaction: %w", err)
}

// boltTx is a [Tx] on a bbolt transaction.
type boltTx struct {
	guard
	tx *bbolt.Tx
}

// end rolls back what was not committed. After a commit there is nothing to
// roll back, and bbolt's saying so is of no interest.
func (t *boltTx) end() {
	t.done = true
	_ = t.tx.Rollback()
}

func (t *boltTx) bucket(name string) (*bbolt.Bucket, error) {
	b := t.tx.Bucket([]byte(name))
	if b == nil {
		return nil, unknownBucket(name)
	}
	return b, nil
}

func (t *boltTx) Get(bucket, key string) ([]byte, bool, error) {
	if err := t.read(); err != nil {
		return nil, false, err
	}
	b, err := t.bucket(bucket)
	if err != nil {
		return nil, false, err
	}
	v := b.Get([]byte(key))
	return bytes.Clone(v), v != nil, nil
}

func (t *boltTx) Put(bucket, key string, value []byte) error {
	b, err := t.change("put", bucket, key)
	if err != nil {
		return err
	}
	if old := b.Get([]byte(key)); old != nil && bytes.Equal(old, value) {
		return nil
	}
	if err := b.Put([]byte(key), append([]byte{}, value...)); err != nil {
		return fmt.Errorf("put %s/%q: %w", bucket, key, err)
	}
	t.wrote = true
	return nil
}

func (t *boltTx) Delete(bucket, key string) error {
	b, err := t.change("delete", bucket, key)
	if err != nil || b.Get([]byte(key)) == nil {
		return err
	}
	if err := b.Delete([]byte(key)); err != nil {
		return fmt.Errorf("delete %s/%q: %w", bucket, key, err)
	}
	t.wrote = true
	return nil
}

// change checks a write and returns its bucket.
func (t *boltTx) change(op, bucket, key string) (*bbolt.Bucket, error) {
	if err := t.write(op, bucket, key); err != nil {
		return nil, err
	}
	return t.bucket(bucket)
}

func (t *boltTx) Scan(bucket, prefix string, f func(key string, value []byte) error) error {
	if err := t.read(); err != nil {
		return err
	}
	b, err := t.bucket(bucket)
	if err != nil {
		return err
	}
	t.scans++
	defer func() { t.scans-- }()
	c := b.Cursor()
	for k, v := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix); k, v = c.Next() {
		if err := f(string(k), bytes.Clone(v)); err != nil {
			if errors.Is(err, ErrStop) {
				return nil
			}
			return err
		}
	}
	return nil
}
