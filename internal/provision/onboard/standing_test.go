package onboard_test

import (
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/store"
)

// TestAStandingAccountThatIsAskedForComesToItsEnd: what was there before the bot
// is left alone until somebody's request for it is in force; then a member's
// baseline is watched where it is, and an outsider is invited.
func TestAStandingAccountThatIsAskedForComesToItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		in, out, left := w.memberAccount(9, other), w.outsideAccount(8), w.outsideAccount(7)
		w.commit(2, 7, 8, 9)
		s := w.start(t, store.NewMemory(), changes)
		after(5 * time.Minute)
		if n := w.tries("Invite", out) + w.tries("Move", in); n != 0 {
			t.Fatalf("%d writes for standing accounts that nobody asked for", n)
		}
		s.do(func() {
			w.asks[in] = onboard.Ask{Request: "REQ-7F3K2Q", From: other}
			w.asks[out] = onboard.Ask{Request: "REQ-7F3K2R"}
		})
		s.engine.Wake()
		after(time.Hour)
		if n := w.tries("Invite", out); n != 0 || !s.facts(t, in).Placed.IsZero() {
			t.Fatalf("%d invitations for what is only asked for, facts %+v", n, s.facts(t, in))
		}
		s.do(func() {
			w.asks[in] = onboard.Ask{Request: "REQ-7F3K2Q", From: other, InForce: true}
			w.asks[out] = onboard.Ask{Request: "REQ-7F3K2R", InForce: true}
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
			w.live[baseline(in)], w.live[baseline(out)] = time.Now().UTC(), time.Now().UTC()
		})
		s.engine.Wake()
		after(10 * time.Minute)
		for _, id := range []string{in, out} {
			if f := s.facts(t, id); f.Baseline.IsZero() || f.BaselineLive != f.Total || f.Stopped != "" {
				t.Errorf("%s does not end: %+v", id, f)
			}
		}
		if n := w.tries("Move", in) + w.tries("Invite", in) + w.tries("Invite", left); n != 0 {
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
