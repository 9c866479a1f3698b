package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// schema is the version this program writes.
const schema = 1

// metaBucket has the schema version.
const (
	metaBucket = "meta"
	schemaKey  = "schema"
)

// Options for [OpenBolt].
type Options struct {
	// Timeout is how long another process may take to let go of the file.
	// Default one second.
	Timeout time.Duration
	// AfterCommit is called after each durable Update with its step. Tests
	// kill the process there.
	AfterCommit func(step string)
	// ReadOnly opens for looking only; several may at once.
	ReadOnly bool
}

// Bolt is a DB in a file.
type Bolt struct {
	db    *bolt.DB
	after func(step string)
}

// OpenBolt opens the state file, and makes it when it is not there. The error
// is ErrInUse when another process has it.
func OpenBolt(path string, o Options) (*Bolt, error) {
	if o.Timeout == 0 {
		o.Timeout = time.Second
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) && !o.ReadOnly {
		if err := makeFile(path, o.Timeout); err != nil {
			return nil, fmt.Errorf("make state file: %w", err)
		}
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: o.Timeout, ReadOnly: o.ReadOnly, FreelistType: bolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("state file %s is in use: %w", path, ErrInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("open state file %s: %w", path, err)
	}
	b := &Bolt{db: db, after: o.AfterCommit}
	if err := b.checkSchema(o.ReadOnly); err != nil {
		return nil, errors.Join(fmt.Errorf("state file %s: %w", path, err), db.Close())
	}
	return b, nil
}

// makeFile initialises a file beside path and renames it there: bbolt's first
// initialisation is the one moment in which a power cut can corrupt it. Two
// processes that start at once both rename a valid empty file, and then one
// gets the lock.
func makeFile(path string, timeout time.Duration) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".state-*")
	if err != nil {
		return err
	}
	name := tmp.Name()
	defer func() { _ = os.Remove(name) }()
	if err := tmp.Close(); err != nil {
		return err
	}
	db, err := bolt.Open(name, 0o600, &bolt.Options{Timeout: timeout})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte(metaBucket))
		if err != nil {
			return err
		}
		return b.Put([]byte(schemaKey), []byte(strconv.Itoa(schema)))
	})
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	// Link refuses to replace a file that appeared meanwhile.
	if err := os.Link(name, path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// checkSchema refuses a newer file. There is one version so far, hence no
// migration.
func (b *Bolt) checkSchema(readOnly bool) error {
	found := 0
	err := b.db.View(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte(metaBucket))
		if bucket == nil {
			return nil
		}
		n, err := strconv.Atoi(string(bucket.Get([]byte(schemaKey))))
		found = n
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("schema version: %w", err)
	case found > schema:
		return fmt.Errorf("%w: it has schema %d, this program knows %d", ErrSchema, found, schema)
	case found < schema && (readOnly || found != 0):
		return fmt.Errorf("schema version %d cannot be read", found)
	case found < schema:
		return b.Update(context.Background(), "meta.schema", func(tx Tx) error {
			return tx.Put(metaBucket, schemaKey, []byte(strconv.Itoa(schema)))
		})
	default:
		return nil
	}
}

// Close closes the file and frees its lock.
func (b *Bolt) Close() error { return b.db.Close() }

// View implements DB.
func (b *Bolt) View(ctx context.Context, f func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.db.View(func(tx *bolt.Tx) error { return f(boltTx{tx}) })
}

// Update implements DB.
func (b *Bolt) Update(ctx context.Context, step string, f func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ran, own := false, error(nil)
	err := b.db.Update(func(tx *bolt.Tx) error {
		own = f(boltTx{tx})
		ran = true
		return own
	})
	switch {
	case err == nil:
		if b.after != nil {
			b.after(step)
		}
		return nil
	case ran && own != nil:
		return own
	default:
		return fmt.Errorf("%s: %w: %w", step, ErrWrite, err)
	}
}

// boltTx is a Tx on bbolt. Buckets are made when first written.
type boltTx struct{ tx *bolt.Tx }

func (t boltTx) Get(bucket, key string) ([]byte, bool, error) {
	b := t.tx.Bucket([]byte(bucket))
	if b == nil {
		return nil, false, nil
	}
	v := b.Get([]byte(key))
	return bytes.Clone(v), v != nil, nil
}

func (t boltTx) Put(bucket, key string, value []byte) error {
	b, err := t.tx.CreateBucketIfNotExists([]byte(bucket))
	if err != nil {
		return fmt.Errorf("bucket %s: %w", bucket, err)
	}
	if value == nil {
		value = []byte{}
	}
	if err := b.Put([]byte(key), value); err != nil {
		return fmt.Errorf("put %s %s: %w", bucket, key, err)
	}
	return nil
}

func (t boltTx) Delete(bucket, key string) error {
	b := t.tx.Bucket([]byte(bucket))
	if b == nil {
		return nil
	}
	if err := b.Delete([]byte(key)); err != nil {
		return fmt.Errorf("delete %s %s: %w", bucket, key, err)
	}
	return nil
}

func (t boltTx) Scan(bucket, prefix string, f func(string, []byte) error) error {
	b := t.tx.Bucket([]byte(bucket))
	if b == nil {
		return nil
	}
	// Collected first: bbolt skips keys when a cursor meets a write.
	var keys, values [][]byte
	c := b.Cursor()
	for k, v := c.Seek([]byte(prefix)); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, v = c.Next() {
		keys, values = append(keys, bytes.Clone(k)), append(values, bytes.Clone(v))
	}
	for i := range keys {
		if err := f(string(keys[i]), values[i]); err != nil {
			return err
		}
	}
	return nil
}
