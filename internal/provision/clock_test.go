package provision_test

import (
	"sync/atomic"
	"testing"
	"time"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// setClock is a clock that somebody can set while the process runs.
type setClock struct{ ahead atomic.Int64 }

func (c *setClock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// spent is a system with a clock that can be set, in which the budget of five
// removals was used by one commit an hour ago and another wants five more.
func spent(t *testing.T) (s *system, c *setClock, want func()) {
	t.Helper()
	w, db, begun := newWorld().populate(1, 1, 2, 3), store.NewMemory(), time.Now()
	c = &setClock{}
	e, err := provision.New(provision.Ports{Center: w, Entra: w, Accounts: w, Commits: w, Store: store.NewProvision(db), Clocks: w, Audit: w, Ops: w,
		Now: c.now, Elapsed: func() time.Duration { return time.Since(begun) }}, provision.Options{EnableChanges: true})
	if err != nil {
		t.Fatal(err)
	}
	s = &system{world: w, db: db, engine: e}
	s.run(t)
	all := spread(27)
	s.commitOf(t, newRepository("c1").with(0, "", all...))
	after(10 * time.Minute)
	s.commitOf(t, newRepository("c2").with(0, "", all[5:]...))
	after(time.Hour)
	if n := s.count("DeleteAccountAssignment"); n != 5 {
		t.Fatalf("%d removals to begin with", n)
	}
	return s, c, func() { s.commitOf(t, newRepository("c3").with(0, "", all[10:]...)) }
}

// TestAClockThatIsSetADayAheadEmptiesNoWindow: nothing goes before trusted
// services have told the time since, nor while they tell another.
func TestAClockThatIsSetADayAheadEmptiesNoWindow(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, c, want := spent(t)
		c.ahead.Store(int64(25 * time.Hour))
		want()
		after(10 * time.Minute) // what was heard before still counts: no difference
		if n := s.count("DeleteAccountAssignment"); n != 5 {
			t.Errorf("%d removals right after the clock was set", n)
		}
		if f := s.facts(t, spread(27)[5]); f.TroubleCode != string(provision.CodeClock) {
			t.Errorf("held by %q: %q", f.TroubleCode, f.Trouble)
		}
		s.do(func() { s.skew = 25 * time.Hour })
		after(30 * time.Minute)
		if n := s.count("DeleteAccountAssignment"); n != 5 {
			t.Errorf("%d removals while the clock is a day ahead", n)
		}
		c.ahead.Store(0)
		s.do(func() { s.skew = 0 })
		after(time.Hour)
		if n := s.count("DeleteAccountAssignment"); n != 5 {
			t.Errorf("%d removals once it is right again, of five in a day", n)
		}
		after(24 * time.Hour)
		if n := s.count("DeleteAccountAssignment"); n != 10 {
			t.Errorf("%d removals in the end, want 10", n)
		}
	})
}

// TestRemovalsGoOnAQuarterOfAnHourAfterTheClockWasSet, if it is right: a machine
// that slept for a day.
func TestRemovalsGoOnAQuarterOfAnHourAfterTheClockWasSet(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, c, want := spent(t)
		c.ahead.Store(int64(25 * time.Hour))
		want()
		after(20 * time.Minute)
		if n := s.count("DeleteAccountAssignment"); n != 10 {
			t.Errorf("%d removals, want 10", n)
		}
	})
}
