package onboard_test

import (
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/provision/onboard"
)

// TestWhatLeftAndJoinedUnseenIsBroughtToItsPlaceAgain: AWS says since when it is a
// member, so that an account that left and joined again while the bot was down, or
// between two looks, is found out. One that only was moved by hand stays where it is.
func TestWhatLeftAndJoinedUnseenIsBroughtToItsPlaceAgain(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		live  bool
		back  func(w *world, id string)
		moves int
		told  int
	}{
		"onboarded":              {true, func(w *world, id string) { w.leaves(id); w.joins(id) }, 2, 1},
		"its baseline lacks":     {false, func(w *world, id string) { w.leaves(id); w.joins(id) }, 2, 1},
		"only moved to the root": {true, func(w *world, id string) { w.accounts[id].ou = root }, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				id := w.memberAccount(1, root)
				s := begun(t, w, changes)
				if tc.live {
					s.do(func() { w.live[baseline(id)] = time.Now().UTC() })
				}
				after(time.Hour)
				first := s.facts(t, id)
				s.stop()
				time.Sleep(3 * time.Hour)
				w.do(func() { tc.back(w, id) })
				time.Sleep(time.Hour)
				for range 2 { // a restart changes nothing
					s = w.start(t, s.db, onboard.Options{EnableChanges: true})
					after(time.Hour)
					f := s.facts(t, id)
					if n := w.effects("Move", id); n != tc.moves || f.Stopped != "" || f.Placed.After(first.Placed) != (tc.moves == 2) {
						t.Errorf("%d moves, want %d: %+v", n, tc.moves, f)
					}
					if got := w.told("is one again"); len(got) != tc.told {
						t.Errorf("told %q", got)
					}
					s.stop()
				}
			})
		})
	}
}
