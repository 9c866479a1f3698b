package provision_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// setAhead is a running system with a clock that can be set, and that is wrong by
// as much as all services say.
func setAhead(t *testing.T, w *world, ahead time.Duration) (s *system, mend func()) {
	t.Helper()
	db, begun, c := store.NewMemory(), time.Now(), &setClock{}
	e, err := provision.New(provision.Ports{Center: w, Entra: w, Accounts: w, Commits: w, Store: store.NewProvision(db), Drifts: store.NewProvision(db), Clocks: w, Audit: w, Ops: w,
		Now: c.now, Elapsed: func() time.Duration { return time.Since(begun) }}, provision.Options{EnableChanges: true})
	if err != nil {
		t.Fatal(err)
	}
	s = &system{world: w, db: db, engine: e}
	c.ahead.Store(int64(ahead))
	s.do(func() { s.skew = ahead })
	s.run(t)
	return s, func() {
		c.ahead.Store(0)
		s.do(func() { s.skew = 0 })
	}
}

// TestAClockThatWasAheadLeavesNothingBehind: what it held goes on once it is right,
// and not when the time comes that it told; also where the bot is started anew
// with it.
func TestAClockThatWasAheadLeavesNothingBehind(t *testing.T) {
	for name, restart := range map[string]bool{"mended while it runs": false, "mended and started anew": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld().populate(1, 1, 2, 3)
				ends, stays, late := grant(1, 1, readOnly), grant(2, 2, readOnly), grant(3, 3, readOnly)
				w.put(ends)
				s, mend := setAhead(t, w, 365*24*time.Hour)
				s.commitOf(t, newRepository("c1").with(0, "", stays).with(time.Hour, "", ends).with(90*time.Hour, "", late))
				after(2 * time.Hour)
				if !s.isLive(ends) || s.isLive(late) {
					t.Fatalf("while it is wrong: ended %t, with an end %t", s.isLive(ends), s.isLive(late))
				}
				if restart {
					s.stop()
				}
				mend()
				if restart {
					s = newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
					s.run(t)
				}
				after(time.Hour)
				if s.isLive(ends) || !s.isLive(late) || !s.isLive(stays) {
					t.Errorf("an hour after: ended %t, with an end %t, standing %t", s.isLive(ends), s.isLive(late), s.isLive(stays))
				}
			})
		})
	}
}

// TestRemovalsByAClockThatWasWrongCountForADay and not until the time comes that it
// told, nor as if they were old: what was removed by a clock that was behind, or
// before it was started anew, is a part of the budget all the same.
func TestRemovalsByAClockThatWasWrongCountForADay(t *testing.T) {
	for name, wrong := range map[string]time.Duration{"ahead": 365 * 24 * time.Hour, "behind": -40 * time.Hour, "far behind": -365 * 24 * time.Hour} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, started anew %v", name, restart), func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					s, mend := setAhead(t, newWorld().populate(1, 1, 2, 3), wrong)
					all := spread(27)
					s.commitOf(t, newRepository("c1").with(0, "", all...))
					after(10 * time.Minute)
					s.commitOf(t, newRepository("c2").with(0, "", all[5:]...))
					after(10 * time.Minute)
					if n := s.alive(all); n != 22 {
						t.Fatalf("%d of 27 are left", n)
					}
					if restart {
						s.stop()
					}
					mend()
					if restart {
						s = newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
						s.run(t)
					}
					after(time.Hour)
					s.commitOf(t, newRepository("c3").with(0, "", all[10:]...))
					after(20 * time.Hour)
					if n := s.alive(all); n != 22 {
						t.Errorf("%d of 27 are left within a day", n)
					}
					after(6 * time.Hour)
					if n := s.alive(all); n != 17 {
						t.Errorf("%d of 27 are left after a day", n)
					}
				})
			})
		}
	}
}

// TestDriftThatAClockThatWasAheadFoundGoesOnceItIsRight, and what was snoozed by it a
// day after that: not when the time comes that it told.
func TestDriftThatAClockThatWasAheadFoundGoesOnceItIsRight(t *testing.T) {
	for name, restart := range map[string]bool{"mended while it runs": false, "mended and started anew": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7, 8, 9)
				list := strays(2)
				for _, a := range list {
					w.put(a)
				}
				s, mend := setAhead(t, w, 365*24*time.Hour)
				reports := cleared(sha("a"))
				reports.repo.Access.Drift = config.DriftReport
				s.commitOf(t, reports)
				after(3 * time.Hour)
				known := s.known(t)
				i := slices.IndexFunc(known, func(d access.Drift) bool { return d.Assignment == list[1] })
				if len(known) != 2 || i < 0 {
					t.Fatalf("known: %+v", known)
				}
				if err := s.engine.SnoozeDrift(t.Context(), known[i].ID, time.Now().AddDate(1, 0, 1)); err != nil {
					t.Fatal(err)
				}
				if restart {
					s.stop()
				}
				mend()
				if restart {
					s = newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
					s.run(t)
				}
				after(time.Hour)
				s.commitOf(t, cleared(sha("b")))
				after(4 * time.Hour)
				if s.isLive(list[0]) || !s.isLive(list[1]) {
					t.Errorf("hours after: found %t, snoozed %t; %+v", s.isLive(list[0]), s.isLive(list[1]), s.known(t))
				}
				after(26 * time.Hour)
				if s.isLive(list[1]) {
					t.Errorf("snoozed for a day, and live after it: %+v", s.known(t))
				}
			})
		})
	}
}

// TestAPermissionSetIsLookedAtOnceTheClockIsRight: a reading by a clock that was ahead
// serves no longer than any, and a provisioning that it began is followed.
func TestAPermissionSetIsLookedAtOnceTheClockIsRight(t *testing.T) {
	for name, running := range map[string]bool{"a reading": false, "a provisioning": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				svc := newSetService(newWorld())
				live := svc.have(view("View", time.Hour, policyView), accountID(1))
				if running {
					live.Managed, svc.latency = nil, time.Minute
				}
				c, db := &setClock{}, store.NewMemory()
				c.ahead.Store(int64(365 * 24 * time.Hour))
				e, err := provision.New(provision.Ports{Center: svc.world, Entra: svc.world, Accounts: svc.world, Commits: svc.world, Store: store.NewProvision(db), Clocks: svc.world,
					Audit: svc.world, Ops: svc.world, Now: c.now, Sets: provision.SetPorts{Port: svc, Store: store.NewProvision(db)}, Identity: svc}, changing)
				if err != nil {
					t.Fatal(err)
				}
				s := &setSystem{&system{world: svc.world, db: db, engine: e}, svc}
				s.run(t)
				s.commitOf(t, newRepository("c1").declaring(declared("View", time.Hour, policyView)))
				after(10 * time.Second)
				if r := s.record(t, "View"); (r.Run != nil) != running || (r.State == provision.SetApplied) == running {
					t.Fatalf("while it is wrong: %+v", r)
				}
				c.ahead.Store(0)
				after(10 * time.Minute)
				if r := s.record(t, "View"); r.State != provision.SetApplied || r.Run != nil {
					t.Errorf("minutes after: %+v", r)
				}
				s.do(func() { live.Managed = nil })
				after(24 * time.Hour)
				if !strings.Contains(svc.told(), "was taken away in AWS") {
					t.Errorf("what was taken away from it is not told a day after: %s", svc.told())
				}
			})
		})
	}
}
