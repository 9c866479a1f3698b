package onboard_test

import (
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/store"
)

// TestAStandingAccountThatIsAskedForComesToItsEnd: what was there before the bot
// is left alone until somebody's request for it is in force; then a member is
// moved from where the pull request said it is, and stays where it said nothing;
// its baseline is watched, and an outsider is invited.
func TestAStandingAccountThatIsAskedForComesToItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		in, out, left, stays := w.memberAccount(9, other), w.outsideAccount(8), w.outsideAccount(7), w.memberAccount(6, other)
		w.commit(2, 6, 7, 8, 9)
		s := w.start(t, store.NewMemory(), changes)
		after(5 * time.Minute)
		if n := w.tries("Invite", out) + w.tries("Move", in); n != 0 {
			t.Fatalf("%d writes for standing accounts that nobody asked for", n)
		}
		s.do(func() {
			w.asks[in] = onboard.Ask{Request: "REQ-7F3K2Q", From: other}
			w.asks[out] = onboard.Ask{Request: "REQ-7F3K2R"}
			w.asks[stays] = onboard.Ask{Request: "REQ-7F3K2S"}
		})
		s.engine.Wake()
		after(time.Hour)
		if n := w.tries("Invite", out); n != 0 || !s.facts(t, in).Placed.IsZero() {
			t.Fatalf("%d invitations for what is only asked for, facts %+v", n, s.facts(t, in))
		}
		s.do(func() {
			w.asks[in] = onboard.Ask{Request: "REQ-7F3K2Q", From: other, InForce: true}
			w.asks[out] = onboard.Ask{Request: "REQ-7F3K2R", InForce: true}
			w.asks[stays] = onboard.Ask{Request: "REQ-7F3K2S", InForce: true}
		})
		s.engine.Wake()
		after(time.Minute)
		if f := s.facts(t, in); !f.Baseline.IsZero() || f.Placed.IsZero() {
			t.Errorf("before its baseline is live: %+v", f)
		}
		if f := s.facts(t, out); f.Invited.IsZero() || w.effects("Invite", out) != 1 {
			t.Errorf("an outsider that was asked for: %+v", f)
		}
		s.do(func() {
			w.answer(out, "ACCEPTED")
			w.live[baseline(in)], w.live[baseline(out)], w.live[baseline(stays)] = time.Now().UTC(), time.Now().UTC(), time.Now().UTC()
		})
		s.engine.Wake()
		after(10 * time.Minute)
		for _, id := range []string{in, out, stays} {
			if f := s.facts(t, id); f.Baseline.IsZero() || f.BaselineLive != f.Total || f.Stopped != "" {
				t.Errorf("%s does not end: %+v", id, f)
			}
		}
		if n := w.effects("Move", in); n != 1 || s.facts(t, in).StaysIn != "" {
			t.Errorf("what was approved to be moved: %d moves, stays in %q", n, s.facts(t, in).StaysIn)
		}
		if f := s.facts(t, stays); f.StaysIn != other {
			t.Errorf("what stays elsewhere is said to be in %q", f.StaysIn)
		}
		if n := w.tries("Move", stays) + w.tries("Invite", in) + w.tries("Invite", left); n != 0 {
			t.Errorf("%d writes for what nobody asked to change", n)
		}
	})
}

// TestAnOpenRequestMakesNoFirstFileNew: a request that is not in force brought no
// file, and is no leave to invite.
func TestAnOpenRequestMakesNoFirstFileNew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.outsideAccount(1)
		w.asks[id] = onboard.Ask{Request: "REQ-7F3K2Q"}
		w.commit(2, 1)
		s := w.start(t, store.NewMemory(), changes)
		after(30 * time.Minute)
		o, err := s.engine.Overview(t.Context())
		if n := w.tries("Invite", id); n != 0 || err != nil || o.States[onboard.Standing] != 1 {
			t.Errorf("%d invitations, %+v, %v", n, o, err)
		}
	})
}

// TestAMoveThatWasApprovedBeforeTheFirstLookIsMade: the first config has the file
// a moment before the request that brought it is known to be in force; and one
// that was brought in before is moved when another pull request says so.
func TestAMoveThatWasApprovedBeforeTheFirstLookIsMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.memberAccount(1, other)
		w.asks[id] = onboard.Ask{Request: "REQ-7F3K2Q", From: other}
		w.commit(2, 1)
		s := w.start(t, store.NewMemory(), changes)
		after(10 * time.Second)
		s.do(func() {
			w.asks[id] = onboard.Ask{Request: "REQ-7F3K2Q", From: other, InForce: true}
			w.live[baseline(id)] = time.Now().UTC()
		})
		s.engine.Wake()
		after(10 * time.Minute)
		if f := s.facts(t, id); f.Placed.IsZero() || f.Baseline.IsZero() || f.StaysIn != "" || w.effects("Move", id) != 1 {
			t.Fatalf("%d moves, %+v", w.effects("Move", id), f)
		}
		s.do(func() {
			delete(w.asks, id)
			w.accounts[id].ou = "/Workloads"
		})
		after(time.Hour)
		if f := s.facts(t, id); f.StaysIn != "/Workloads" || w.tries("Move", id) != 1 {
			t.Errorf("moved by hand: %d moves, stays in %q", w.tries("Move", id), f.StaysIn)
		}
		s.do(func() { w.asks[id] = onboard.Ask{Request: "REQ-7F3K2R", From: "/Workloads", InForce: true} })
		after(time.Hour)
		if f := s.facts(t, id); f.StaysIn != "" || f.Baseline.IsZero() || w.effects("Move", id) != 2 {
			t.Errorf("another pull request: %d moves, %+v", w.effects("Move", id), f)
		}
	})
}

// TestAStandingAccountBeginsWhenItIsTakenUp, however long it stood: from then on it
// is being moved, and people are asked whether they are still in. What nobody asks
// for stays as it was found.
func TestAStandingAccountBeginsWhenItIsTakenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		moved, stays, stands := w.memberAccount(9, other), w.memberAccount(8, other), w.memberAccount(7, other)
		w.commit(2, 7, 8, 9)
		s := w.start(t, store.NewMemory(), changes)
		first := time.Now()
		after(45 * 24 * time.Hour)
		taken := time.Now()
		s.do(func() {
			w.asks[moved] = onboard.Ask{Request: "REQ-7F3K2Q", From: other, InForce: true}
			w.asks[stays] = onboard.Ask{Request: "REQ-7F3K2S", InForce: true}
		})
		s.engine.Wake()
		after(time.Hour)
		book, err := store.NewOnboard(s.db).Onboardings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range book.Records {
			if r.Account == stands {
				if r.State != onboard.Standing || r.Began.Sub(first).Abs() > time.Minute {
					t.Errorf("%s, which nobody asked for: %s since %s", r.Account, r.State, r.Began)
				}
				continue
			}
			if r.State == onboard.Standing || r.Began.Before(taken) || r.Placed.Before(taken) {
				t.Errorf("%s: %s since %s, placed %s; it was taken up at %s", r.Account, r.State, r.Began, r.Placed, taken)
			}
		}
	})
}
