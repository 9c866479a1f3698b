package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// justTaken is a system that has just taken one of two grants of a pair away.
func justTaken(t *testing.T) (s *system, a, stays config.Assignment) {
	t.Helper()
	s = started(t, newWorld().populate(1, 1, 2))
	a, stays = grant(1, 1, readOnly), grant(2, 1, readOnly)
	s.commitOf(t, newRepository("c1").with(0, "", a, stays))
	after(5 * time.Minute)
	s.commitOf(t, newRepository("c2").with(0, "", stays))
	after(2 * time.Minute)
	return s, a, stays
}

// TestAListingFromBeforeARemovalIsNoDrift: it shows once more what the bot has just
// taken away. What a second one shows too, somebody made.
func TestAListingFromBeforeARemovalIsNoDrift(t *testing.T) {
	for name, again := range map[string]bool{"the next one does not show it": false, "the next one shows it too": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s, a, stays := justTaken(t)
				if s.isLive(a) || s.facts(t, a).Removed.IsZero() {
					t.Fatalf("not removed: %+v", s.facts(t, a))
				}
				s.do(func() { s.put(a) })
				s.sync(t)
				if cards := s.cards(); len(cards) != 0 || len(s.known(t)) != 1 {
					t.Fatalf("after one listing %d are known, and told: %+v", len(s.known(t)), cards)
				}
				if !again {
					s.do(func() { clear(s.live[a.Pair()]) })
					s.do(func() { s.put(stays) })
				}
				after(2 * time.Minute)
				s.sync(t)
				want := 0
				if again {
					want = 1
				}
				if cards := s.cards(); len(cards) != want || len(s.known(t)) != want {
					t.Errorf("after two listings %d are known, and told: %+v", len(s.known(t)), cards)
				}
			})
		})
	}
}

// TestWhatMayLagIsReadOnceMore in a moment: else people would hear of what somebody
// made anew right after its removal with the next check only, after an hour or more.
func TestWhatMayLagIsReadOnceMore(t *testing.T) {
	for name, made := range map[string]bool{"somebody made it": true, "the listing was from before": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s, a, stays := justTaken(t)
				s.do(func() { s.put(a) })
				s.sync(t)
				if cards := s.cards(); len(cards) != 0 || len(s.known(t)) != 1 {
					t.Fatalf("after one listing %d are known, and told: %+v", len(s.known(t)), cards)
				}
				want := 1
				if !made {
					want = 0
					s.do(func() { clear(s.live[a.Pair()]) })
					s.do(func() { s.put(stays) })
				}
				pairs, whos := s.listings()
				after(2 * time.Minute)
				if cards := s.cards(); len(cards) != want || len(s.known(t)) != want {
					t.Errorf("after two minutes %d are known, and told: %+v", len(s.known(t)), cards)
				}
				after(10 * time.Minute)
				if p, w := s.listings(); p+w-pairs-whos != 1 {
					t.Errorf("read %d times", p+w-pairs-whos)
				}
			})
		})
	}
}

// TestWhatMayLagIsReadOnceMoreAfterARestart: the process that saw it first is gone,
// and no commit declares anything in the pair, which is then read once a day.
func TestWhatMayLagIsReadOnceMoreAfterARestart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2))
		a, stays := grant(1, 1, readOnly), grant(2, 2, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a, stays))
		after(51 * time.Minute) // the check of everything follows soon after the removal
		s.commitOf(t, newRepository("c2").with(0, "", stays))
		after(2 * time.Minute)
		s.do(func() { s.put(a) })
		for wait := 0; len(s.known(t)) == 0; wait++ {
			if wait == 15 {
				t.Fatal("not found in 15 minutes")
			}
			after(time.Minute)
		}
		s.stop()
		if cards := s.cards(); len(cards) != 0 {
			t.Fatalf("told after one listing: %+v", cards)
		}
		next := newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
		next.run(t)
		after(10 * time.Minute)
		if cards := next.cards(); len(cards) != 1 {
			t.Errorf("ten minutes after the start, told: %+v", cards)
		}
	})
}
