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

// TestAClockThatIsSetADayAheadEmptiesNoWindow: by such a clock what went an hour ago
// is not a day old, neither before trusted services have told the time since nor
// while they tell another.
func TestAClockThatIsSetADayAheadEmptiesNoWindow(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, c, want := spent(t)
		c.ahead.Store(int64(25 * time.Hour))
		want()
		after(10 * time.Minute) // what was heard before still counts: no difference
		if n := s.count("DeleteAccountAssignment"); n != 5 {
			t.Errorf("%d removals right after the clock was set", n)
		}
		if f := s.facts(t, spread(27)[5]); f.TroubleCode != string(provision.CodeBudget) {
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

// TestRevocationsByACommitGoWhateverTheTimeIs: what a commit takes away does not
// hang on it, and may be an emergency. What ends by the time waits.
func TestRevocationsByACommitGoWhateverTheTimeIs(t *testing.T) {
	for name, doubt := range map[string]func(s *system){
		"nobody told the time":  func(s *system) { s.skewOff = true },
		"our clock is far off":  func(s *system) { s.skew = 3 * time.Hour },
		"our clock lags behind": func(s *system) { s.skew = -3 * time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2, 3))
				bad, ends, stays, short := grant(1, 1, readOnly), grant(2, 2, readOnly), grant(3, 3, readOnly), grant(3, 2, readOnly)
				s.commitOf(t, newRepository("c1").with(0, "", bad, stays, short).with(time.Hour, "", ends))
				after(10 * time.Minute)
				s.do(func() { doubt(s) })
				s.commitOf(t, newRepository("c2").with(0, "", stays, short).with(time.Hour, "", ends))
				after(10 * time.Minute)
				if s.isLive(bad) {
					t.Errorf("not revoked: %+v", s.facts(t, bad))
				}
				after(2 * time.Hour)
				if f := s.facts(t, ends); !s.isLive(ends) || f.TroubleCode != string(provision.CodeClock) {
					t.Errorf("the end that passed meanwhile: live %t, %+v", s.isLive(ends), f)
				}
				s.do(func() { s.skew, s.skewOff = 0, false })
				after(time.Hour)
				if s.isLive(ends) || !s.isLive(stays) {
					t.Errorf("once the time is known: ended %t, standing %t", s.isLive(ends), s.isLive(stays))
				}
			})
		})
	}
}

// TestARevocationGoesThoughTheEndHasPassedByADoubtfulClock: it does not wait for the
// clock as the end does, and counts as the removal by its commit that it is.
func TestARevocationGoesThoughTheEndHasPassedByADoubtfulClock(t *testing.T) {
	for name, c := range map[string]struct{ ended, left int }{
		"one": {1, 0}, "more than the budget": {6, 6},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2, 3))
				all := spread(27)
				first := newRepository("c1").with(0, "", all[c.ended:]...).with(time.Hour, "", all[:c.ended]...)
				s.commitOf(t, first)
				after(10 * time.Minute)
				s.do(func() { s.skew = 3 * time.Hour })
				after(2 * time.Hour)
				if f := s.facts(t, all[0]); s.alive(all) != 27 || f.TroubleCode != string(provision.CodeClock) {
					t.Fatalf("%d of 27 are left, held by %q", s.alive(all), f.TroubleCode)
				}
				s.commitOf(t, newRepository("c2").with(0, "", all[c.ended:]...).since(first))
				after(time.Hour)
				if f := s.facts(t, all[0]); s.alive(all[:c.ended]) != c.left || c.left > 0 && f.TroubleCode != string(provision.CodeBudget) {
					t.Errorf("%d of %d are left, held by %q: %s", s.alive(all[:c.ended]), c.ended, f.TroubleCode, f.Trouble)
				}
			})
		})
	}
}

// TestAnEndThatHasPassedByADoubtfulClockOnlyTakesNothing: the commit that sets it is
// in force before our clock is known to be ahead of the end.
func TestAnEndThatHasPassedByADoubtfulClockOnlyTakesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w, db, begun := newWorld().populate(1, 1, 2), store.NewMemory(), time.Now()
		c := &setClock{}
		c.ahead.Store(int64(5 * time.Hour)) // from the start: nothing shows it but those who know
		w.skewOff = true
		e, err := provision.New(provision.Ports{Center: w, Entra: w, Accounts: w, Commits: w, Store: store.NewProvision(db), Clocks: w, Audit: w, Ops: w,
			Now: c.now, Elapsed: func() time.Duration { return time.Since(begun) }}, provision.Options{EnableChanges: true})
		if err != nil {
			t.Fatal(err)
		}
		s := &system{world: w, db: db, engine: e}
		s.run(t)
		a, b := grant(1, 1, readOnly), grant(2, 2, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a, b))
		after(10 * time.Minute)
		s.commitOf(t, newRepository("c2").with(2*time.Hour, "", a).with(0, "", b))
		after(time.Hour)
		if f := s.facts(t, a); !s.isLive(a) || f.TroubleCode != string(provision.CodeClock) {
			t.Errorf("live %t, %+v", s.isLive(a), f)
		}
	})
}
