package store

import (
	"context"
	"errors"
	"fmt"
)

// DB keeps buckets of keys and values. Its methods may be called at the same
// time; Updates happen one after the other.
type DB interface {
	// View calls f with the state at one moment, which later Updates do not
	// change. It returns f's error as it is. A View must be short: bbolt
	// cannot reuse pages, nor enlarge its map of the file, while one is open.
	View(ctx context.Context, f func(Tx) error) error
	// Update calls f and makes its changes durable, all or, when f or the
	// write fails, none. It returns f's error as it is. ctx is looked at until
	// f is called, not afterwards. f must not use the DB itself. step names
	// what becomes durable (see the package comment).
	Update(ctx context.Context, step string, f func(Tx) error) error
	// Close waits for Views and Updates under way. Later ones get ErrClosed.
	Close() error
}

// Tx is one View or Update. It must not be used by several goroutines, nor
// after the function that it was given to has returned.
type Tx interface {
	// Get returns a copy of the value and whether there is one.
	Get(bucket, key string) ([]byte, bool, error)
	// Put stores a copy of value. The key has 1 to 32,768 bytes.
	Put(bucket, key string, value []byte) error
	// Delete removes a key; it is no error when there is none.
	Delete(bucket, key string) error
	// Scan calls f for each key with the prefix, in the order of bytes, with
	// a copy of its value. f may Get and Scan but not write. [ErrStop] from f
	// ends the scan without an error; another error is returned as it is.
	Scan(bucket, prefix string, f func(key string, value []byte) error) error
}

var (
	// ErrInUse says that another process has the state file open.
	ErrInUse = errors.New("another instance is running")
	// ErrNewer says that a newer version of the program wrote the state file.
	ErrNewer = errors.New("state file was written by a newer version")
	// ErrWrite says that an Update could not be written; nothing of it
	// happened as long as the process goes on.
	ErrWrite = errors.New("state could not be written")
	// ErrFailed says, beside ErrWrite, that what the disk holds is unknown
	// since a write error, so that nothing more is written by this process.
	ErrFailed = errors.New("state file failed; the process must be restarted")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("state file is closed")
	// ErrReadOnly is returned by writes in a View or within a Scan.
	ErrReadOnly = errors.New("writing is not possible here")
	// ErrTxDone is returned by a Tx whose function has returned.
	ErrTxDone = errors.New("transaction is over")
	// ErrStop ends a Scan early, without an error.
	ErrStop = errors.New("stop scan")
)

// maxKey is the longest key in bytes (bbolt: MaxKeySize).
const maxKey = 32768

// guard holds the rules of Tx that are the same for every DB.
type guard struct {
	writable bool
	done     bool
	scans    int  // Scans under way
	wrote    bool // whether something was changed
}

// read checks a Get or Scan.
func (g *guard) read() error {
	if g.done {
		return ErrTxDone
	}
	return nil
}

// write checks a Put or Delete.
func (g *guard) write(op, bucket, key string) error {
	switch {
	case g.done:
		return fmt.Errorf("%s %s/%q: %w", op, bucket, key, ErrTxDone)
	case !g.writable:
		return fmt.Errorf("%s %s/%q in a view: %w", op, bucket, key, ErrReadOnly)
	case g.scans > 0:
		return fmt.Errorf("%s %s/%q within a scan: %w", op, bucket, key, ErrReadOnly)
	case key == "":
		return fmt.Errorf("%s in bucket %s: the key is empty", op, bucket)
	case len(key) > maxKey:
		return fmt.Errorf("%s in bucket %s: a key of %d bytes, and %d is the most", op, bucket, len(key), maxKey)
	}
	return nil
}

// unknownBucket is the error for a bucket that is not in the list.
func unknownBucket(bucket string) error {
	return fmt.Errorf("unknown bucket %q", bucket)
}

// turn lets one Update at a time pass, and lets those that wait leave when
// their context ends.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) give() { <-t }
