package onboard_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/store"
)

// TestWhatLeftAndJoinsAgainIsBroughtToItsPlaceAgain: what it had reached is taken
// back while it is gone. What AWS only did not list for a while is what it was.
func TestWhatLeftAndJoinsAgainIsBroughtToItsPlaceAgain(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		back  func(w *world, id string)
		moves int
	}{
		"joined again": {func(w *world, id string) { w.joins(id) }, 2},
		"AWS does not say since when": {func(w *world, id string) {
			w.joins(id)
			w.accounts[id].joined = time.Time{}
		}, 2},
		"never left": {func(w *world, id string) { w.accounts[id].member, w.accounts[id].ou = true, target }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				id := w.memberAccount(1, root)
				s := begun(t, w, changes)
				s.do(func() { w.live[baseline(id)] = time.Now().UTC() })
				after(time.Hour)
				first := s.facts(t, id)
				s.do(func() { w.leaves(id) })
				after(time.Hour)
				if f := s.facts(t, id); f.StoppedCode != "left-organization" || !f.Retry || f.Left.IsZero() || !f.Joined.IsZero() || !f.Placed.IsZero() || !f.Baseline.IsZero() {
					t.Errorf("while it is gone: %+v", f)
				}
				s.do(func() { tc.back(w, id) })
				after(time.Hour)
				f := s.facts(t, id)
				if f.Stopped != "" || f.Baseline.IsZero() || w.effects("Move", id) != tc.moves {
					t.Errorf("back: %d moves, %+v", w.effects("Move", id), f)
				}
				if anew := tc.moves == 2; f.Joined.IsZero() == anew || f.Placed.After(first.Placed) != anew {
					t.Errorf("joined %s, placed %s, before it left %+v", f.Joined, f.Placed, first)
				}
				if got := w.told("is one again"); len(got) != 1 || !strings.Contains(got[0], id) {
					t.Errorf("told %q", got)
				}
			})
		})
	}
}

// TestWhatAWSDroppedIsNoBaseline: what the bot had set up in an account that left
// may be gone when it joins again. That is drift, which is not put back by itself,
// so the account is not said to have its baseline.
func TestWhatAWSDroppedIsNoBaseline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.memberAccount(1, root)
		s := begun(t, w, changes)
		s.do(func() { w.live[baseline(id)] = time.Now().UTC() })
		after(time.Hour)
		s.do(func() { w.leaves(id) })
		after(time.Hour)
		s.do(func() { w.joins(id); w.gone = true })
		after(time.Hour)
		if f := s.facts(t, id); f.Placed.IsZero() || !f.Baseline.IsZero() || f.BaselineLive != 0 || !strings.Contains(f.Expect, "1 went from AWS") {
			t.Errorf("back, and nothing set up: %+v", f)
		}
		if got := w.told("is one again"); len(got) != 1 || strings.Contains(got[0], "anew") || !strings.Contains(got[0], "drift") {
			t.Errorf("told %q", got)
		}
		s.do(func() { w.gone = false }) // put back
		after(time.Hour)
		if f := s.facts(t, id); f.Baseline.IsZero() || f.BaselineLive != 1 {
			t.Errorf("put back: %+v", f)
		}
	})
}

// TestWhereARequestIsOnlyOpenOpsIsTold: its thread says nothing of an account
// that it is not about yet.
func TestWhereARequestIsOnlyOpenOpsIsTold(t *testing.T) {
	t.Parallel()
	for inForce, want := range map[bool]int{false: 1, true: 0} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			id := w.memberAccount(1, root)
			s := begun(t, w, changes)
			s.do(func() { w.live[baseline(id)] = time.Now().UTC() })
			after(time.Hour)
			s.do(func() {
				w.asks[id] = onboard.Ask{Request: "REQ-7F3K2Q", InForce: inForce}
				w.leaves(id)
			})
			after(time.Hour)
			if got := w.told("not a member of the organization any more"); len(got) != want {
				t.Errorf("in force %t, while it is gone: told %q", inForce, got)
			}
			s.do(func() { w.joins(id) })
			after(time.Hour)
			if got := w.told("is one again"); len(got) != want {
				t.Errorf("in force %t, back: told %q", inForce, got)
			}
		})
	}
}

// TestFeaturesAreAskedForOnceAPass: DescribeOrganization may be called once a
// second, and without all features there is no answer to keep.
func TestFeaturesAreAskedForOnceAPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.features = access.ConsolidatedBilling
		var numbers []int
		for n := 1; n <= 30; n++ {
			w.memberAccount(n, root)
			numbers = append(numbers, n)
		}
		s := w.start(t, store.NewMemory(), changes)
		w.commit(2, numbers[:1]...)
		after(time.Minute)
		w.commit(2, numbers...)
		before := w.count("DescribeOrganization")
		s.engine.Wake()
		after(time.Second)
		if n := w.count("DescribeOrganization") - before; n > 2 {
			t.Errorf("%d calls in the pass that begins with 29 accounts", n)
		}
		if f := s.facts(t, accountID(30)); f.Trouble == "" && f.Stopped == "" {
			t.Errorf("without all features: %+v", f)
		}
	})
}
