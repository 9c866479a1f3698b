package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// lockTimeout is how long OpenBolt waits for another process by default: long
// enough for one that is just ending, short enough to be told.
const lockTimeout = time.Second

// mapped is how much address space is reserved for the file, in bytes. bbolt
// enlarges its map only when no View is open, so that an Update would wait for
// the longest of them; a state is not expected to outgrow this.
const mapped = 256 << 20

// mode of the state file: it names people and what they may do.
const mode fs.FileMode = 0o600

// OpenBolt opens the state file, making it if there is none; its folder must
// exist. It returns ErrInUse when another process has it open, and ErrNewer
// when this program is too old for it.
func OpenBolt(path string, o Options) (*Bolt, error) {
	return open(path, o, current())
}

func open(path string, o Options, s schema) (*Bolt, error) {
	if o.Timeout == 0 {
		o.Timeout = lockTimeout
	}
	if err := ensureFile(path, s); err != nil {
		return nil, err
	}
	db, err := openFile(path, o.Timeout)
	if err != nil {
		return nil, err
	}
	b := &Bolt{db: db, after: o.AfterCommit, turn: newTurn(), failed: make(chan struct{})}
	if err := b.prepare(s); err != nil {
		return nil, errors.Join(fmt.Errorf("state file %s: %w", path, err), db.Close())
	}
	return b, nil
}

// prepare brings the schema up to date and makes missing buckets.
func (b *Bolt) prepare(s schema) error {
	missing := false
	err := b.db.View(func(tx *bbolt.Tx) error {
		if err := whole(b.db.Path(), tx); err != nil {
			return err
		}
		for _, name := range buckets() {
			missing = missing || tx.Bucket([]byte(name)) == nil
		}
		if tx.Bucket([]byte(bucketMeta)) == nil {
			return errors.New("not a state file of this program")
		}
		return s.check(&boltTx{tx: tx})
	})
	if err != nil {
		return err
	}
	if missing {
		if err := b.db.Update(makeBuckets); err != nil {
			return fmt.Errorf("make buckets: %w: %w", ErrWrite, err)
		}
	}
	return b.Update(context.Background(), StepSchema, s.migrate)
}

// whole refuses a file that was cut short. bbolt does not notice, and reading a
// page that is not there kills the process.
func whole(path string, tx *bbolt.Tx) error {
	info, err := os.Stat(path)
	if err == nil && info.Size() < tx.Size() {
		err = fmt.Errorf("it is damaged: %d bytes long, and %d are in use", info.Size(), tx.Size())
	}
	return err
}

func makeBuckets(tx *bbolt.Tx) error {
	for _, name := range buckets() {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return fmt.Errorf("bucket %s: %w", name, err)
		}
	}
	return nil
}

// openFile opens an existing file. bbolt panics on some kinds of damage, and
// reading the mapping of a file that was cut short faults; either becomes an
// error here, while nothing was served yet.
func openFile(path string, timeout time.Duration) (db *bbolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, fmt.Errorf("state file %s is damaged: %v", path, p)
		}
	}()
	db, err = bbolt.Open(path, mode, &bbolt.Options{Timeout: timeout, FreelistType: bbolt.FreelistMapType, InitialMmapSize: mapped})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("state file %s is in use: %w", path, ErrInUse)
	case err != nil:
		return nil, fmt.Errorf("open state file %s: %w", path, err)
	default:
		return db, nil
	}
}

// ensureFile makes the file if there is none, and makes sure that only its
// owner can read it. An empty file is none: it is what a power cut leaves of a
// file that somebody made by hand, and bbolt would initialise it in place.
func ensureFile(path string, s schema) error {
	ok, err := exists(path)
	if err != nil || ok {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("folder of state file %s: %w", path, err)
	}
	// The lock on the folder is held while the file is made, so that two
	// first starts cannot each rename a file of their own to the path.
	err = syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = fmt.Errorf("state file %s is being made: %w", path, ErrInUse)
	case err != nil:
		err = fmt.Errorf("lock folder of state file %s: %w", path, err)
	default:
		err = makeFile(path, folder, s)
	}
	return errors.Join(err, folder.Close())
}

// exists reports whether there is a state file with anything in it.
func exists(path string) (bool, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("state file %s: %w", path, err)
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("state file %s is not a regular file", path)
	case info.Mode().Perm()&0o077 != 0:
		if err := os.Chmod(path, mode); err != nil {
			return false, fmt.Errorf("state file %s can be read by others: %w", path, err)
		}
	}
	return info.Size() > 0, nil
}

// makeFile makes the file under another name and renames it, with the lock on
// the folder held.
func makeFile(path string, folder *os.File, s schema) error {
	if ok, err := exists(path); err != nil || ok {
		return err // another process was faster
	}
	temp := path + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove what an interrupted start left: %w", err)
	}
	if err := fill(temp, s); err != nil {
		return errors.Join(fmt.Errorf("make state file %s: %w: %w", path, ErrWrite, err), ignoreAbsent(os.Remove(temp)))
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("make state file: %w", err)
	}
	if err := folder.Sync(); err != nil {
		return fmt.Errorf("sync folder of state file %s: %w", path, err)
	}
	return nil
}

// fill makes a complete, synced file with the buckets and the schema version.
func fill(temp string, s schema) error {
	db, err := openFile(temp, time.Millisecond)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		if err := makeBuckets(tx); err != nil {
			return err
		}
		return s.stamp(&boltTx{guard: guard{writable: true}, tx: tx})
	})
	if err == nil {
		err = db.Sync()
	}
	return errors.Join(err, db.Close())
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
