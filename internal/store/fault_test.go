package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"
)

// The environment of a test that runs this binary again as another process.
const (
	envCase = "STORE_TEST_CASE"
	envPath = "STORE_TEST_PATH"
	envStop = "STORE_TEST_STOP"
)

// again runs one of the cases of TestOtherProcess in another process.
func again(t *testing.T, name, path, stop string, attr *syscall.SysProcAttr) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOtherProcess$")
	cmd.Env = append(os.Environ(), envCase+"="+name, envPath+"="+path, envStop+"="+stop)
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestOtherProcess is the other process; on its own there is nothing to do.
func TestOtherProcess(t *testing.T) {
	switch os.Getenv(envCase) {
	case "":
		t.Skip("runs within other tests")
	case "kill":
		killed(t)
	case "full":
		fullDisk(t)
	default:
		t.Fatal("unknown case")
	}
}

// killed counts in the store and kills its own process, without any chance to
// tidy up, right after a count was reported as durable.
func killed(t *testing.T) {
	n, stop := 0, os.Getenv(envStop)
	db, err := OpenBolt(os.Getenv(envPath), Options{AfterCommit: func(string) {
		if n++; strconv.Itoa(n) == stop {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}})
	must(t, err)
	for i := 1; ; i++ {
		must(t, put(t.Context(), db, "n", strconv.Itoa(i)))
	}
}

func TestAKilledProcessLosesNothingThatWasReported(t *testing.T) {
	t.Parallel()
	for stop := 1; stop <= 6; stop++ {
		path := filepath.Join(t.TempDir(), "state.db")
		out, err := again(t, "kill", path, strconv.Itoa(stop), nil)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("the process ended with %v:\n%s", err, out)
		}
		db := openTest(t, path, Options{})
		if got := get(t, db, "n"); got != strconv.Itoa(stop) {
			t.Errorf("killed after %d, found %q", stop, got)
		}
		must(t, check(db))
		must(t, db.Close())
	}
}

// check runs bbolt's own check of the file.
func check(db *Bolt) error {
	return db.db.View(func(tx *bbolt.Tx) error {
		var errs []error
		for err := range tx.Check() {
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
}

func TestAFullDiskRefusesUpdatesUntilThereIsSpace(t *testing.T) {
	t.Parallel()
	// A mount namespace of its own, so that the small disk is seen by the
	// other process only and goes with it.
	attr := &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := again(t, "full", t.TempDir(), "", attr)
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		t.Skipf("no namespaces here: %v", err)
	case strings.Contains(out, "cannot mount"):
		t.Skipf("no small disk here: %s", out)
	case err != nil:
		t.Errorf("%v:\n%s", err, out)
	}
}

// fullDisk fills a small disk, and frees it again.
func fullDisk(t *testing.T) {
	dir := os.Getenv(envPath)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Fatalf("cannot mount: %v", err)
	}
	ballast := filepath.Join(dir, "ballast")
	must(t, os.WriteFile(ballast, make([]byte, 1<<20), 0o600))
	path, reported := filepath.Join(dir, "state.db"), 0
	db, err := OpenBolt(path, Options{AfterCommit: func(string) { reported++ }})
	must(t, err)
	stored, failed := fillUp(t.Context(), db)
	if !errors.Is(failed, ErrWrite) || !errors.Is(failed, syscall.ENOSPC) || errors.Is(failed, ErrFailed) {
		t.Fatalf("after %d values: %v", stored, failed)
	}
	again := put(t.Context(), db, "x", strings.Repeat("x", 20_000))
	if !errors.Is(again, ErrWrite) || errors.Is(again, ErrFailed) || db.hasFailed() {
		t.Errorf("second try on a full disk: %v", again)
	}
	if reported != stored || stored < 10 {
		t.Errorf("%d updates were acknowledged and %d reported", stored, reported)
	}
	for i := range stored {
		if got := len(get(t, db, strconv.Itoa(i))); got != 8000 {
			t.Errorf("value %d has %d bytes on the full disk", i, got)
		}
	}
	firstStartOnFullDisk(t, filepath.Join(dir, "other.db"))
	must(t, os.Remove(ballast))
	must(t, put(t.Context(), db, "x", "there is space again"))
	must(t, check(db))
	must(t, db.Close())
	db = openTest(t, path, Options{})
	must(t, check(db))
	if got := get(t, db, "x"); got != "there is space again" {
		t.Errorf("x = %q", got)
	}
	if got := get(t, db, strconv.Itoa(stored)); got != "" {
		t.Error("a value is there whose update was refused")
	}
}

// firstStartOnFullDisk must fail and leave nothing behind.
func firstStartOnFullDisk(t *testing.T, path string) {
	t.Helper()
	if _, err := OpenBolt(path, Options{}); !errors.Is(err, ErrWrite) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("first start on a full disk: %v", err)
	}
	left, err := filepath.Glob(path + "*")
	if err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

// fillUp stores values until that fails, and returns how many were stored.
func fillUp(ctx context.Context, db DB) (int, error) {
	for i := range 1000 {
		if err := put(ctx, db, strconv.Itoa(i), strings.Repeat("v", 8000)); err != nil {
			return i, err
		}
	}
	return 1000, errors.New("the disk never filled")
}

func TestAfterAWriteErrorNothingIsWrittenAnyMore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	reported := 0
	db, file := openWithFile(t, path, func(string) { reported++ })
	must(t, put(t.Context(), db, "a", "1"))
	must(t, file.Close()) // every later write gets an error that is not "disk full"
	for range 2 {
		err := put(t.Context(), db, "a", "2")
		if !errors.Is(err, ErrWrite) || !errors.Is(err, ErrFailed) {
			t.Errorf("put = %v, want ErrWrite and ErrFailed", err)
		}
	}
	select {
	case <-db.Failed():
	default:
		t.Error("Failed is not closed")
	}
	if got := get(t, db, "a"); got != "1" || reported != 1 {
		t.Errorf("a view shows %q; %d updates were reported", got, reported)
	}
	if err := db.Close(); err == nil {
		t.Error("closing a file that failed is no error")
	}
	if got := get(t, openTest(t, path, Options{}), "a"); got != "1" {
		t.Errorf("after the restart a = %q", got)
	}
}

func TestAFailedStoreDoesNotTryAgain(t *testing.T) {
	t.Parallel()
	db := openTest(t, filepath.Join(t.TempDir(), "state.db"), Options{})
	must(t, put(t.Context(), db, "a", "1"))
	if err := db.writeError(1, syscall.EIO); !errors.Is(err, ErrFailed) || !errors.Is(err, syscall.EIO) {
		t.Errorf("an I/O error became %v", err)
	}
	// The disk would take it, but what it took before is not known.
	if err := put(t.Context(), db, "a", "2"); !errors.Is(err, ErrFailed) {
		t.Errorf("put = %v, want ErrFailed", err)
	}
	if got := get(t, db, "a"); got != "1" {
		t.Errorf("a = %q", got)
	}
}

func TestAFullDiskThatShowsTheNewStateIsAFailure(t *testing.T) {
	t.Parallel()
	db := openTest(t, filepath.Join(t.TempDir(), "state.db"), Options{})
	must(t, put(t.Context(), db, "a", "1"))
	var last int
	must(t, db.db.View(func(tx *bbolt.Tx) error {
		last = tx.ID()
		return nil
	}))
	if err := db.writeError(last+1, syscall.ENOSPC); errors.Is(err, ErrFailed) || !errors.Is(err, ErrWrite) {
		t.Errorf("the next transaction did not come about: %v", err)
	}
	if err := db.writeError(last, syscall.ENOSPC); !errors.Is(err, ErrFailed) {
		t.Errorf("the transaction is visible, though not durable: %v", err)
	}
}

// openWithFile opens a state file and returns the file under it too.
func openWithFile(t *testing.T, path string, after func(string)) (*Bolt, *os.File) {
	t.Helper()
	must(t, ensureFile(path, current()))
	var file *os.File
	bolt, err := bbolt.Open(path, mode, &bbolt.Options{OpenFile: func(name string, flag int, perm os.FileMode) (*os.File, error) {
		f, err := os.OpenFile(name, flag, perm)
		file = f
		return f, err
	}})
	must(t, err)
	return &Bolt{db: bolt, after: after, turn: newTurn(), failed: make(chan struct{})}, file
}

func TestAHealthyStoreHasNotFailed(t *testing.T) {
	t.Parallel()
	db := openTest(t, filepath.Join(t.TempDir(), "state.db"), Options{})
	boom := errors.New("boom")
	err := db.Update(t.Context(), "test.step", func(tx Tx) error { return fmt.Errorf("in the callback: %w", boom) })
	if !errors.Is(err, boom) || errors.Is(err, ErrWrite) {
		t.Errorf("a callback's error is %v, want it as it is", err)
	}
	select {
	case <-db.Failed():
		t.Error("Failed is closed")
	default:
	}
}

func TestAnUpdateThatChangesNothingIsNotReported(t *testing.T) {
	t.Parallel()
	var steps []string
	db := openTest(t, filepath.Join(t.TempDir(), "state.db"), Options{AfterCommit: func(s string) { steps = append(steps, s) }})
	must(t, put(t.Context(), db, "a", "1"))
	must(t, put(t.Context(), db, "a", "1"))
	must(t, db.Update(t.Context(), "nothing", func(tx Tx) error { return tx.Delete(bucketBindings, "b") }))
	boom := errors.New("boom")
	err := db.Update(t.Context(), "failed", func(tx Tx) error { return errors.Join(boom, tx.Put(bucketBindings, "a", nil)) })
	if !errors.Is(err, boom) {
		t.Error(err)
	}
	same(t, "steps", []string{"test.step"}, steps)
}

func TestTheStepIsReportedWhenItsDataCanBeSeen(t *testing.T) {
	t.Parallel()
	var seen []string
	var db *Bolt
	db = openTest(t, filepath.Join(t.TempDir(), "state.db"), Options{AfterCommit: func(string) { seen = append(seen, get(t, db, "a")) }})
	must(t, put(t.Context(), db, "a", "1"))
	must(t, put(t.Context(), db, "a", "2"))
	same(t, "seen", []string{"1", "2"}, seen)
}
