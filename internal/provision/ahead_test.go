package provision_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// everyEnd is an estate of 27, all of which a commit gives an end in 25 hours.
func everyEnd(id string, old *repository) *repository {
	r := newRepository(id).with(25*time.Hour, "", spread(27)...)
	if old != nil {
		r = r.since(old)
	}
	return r
}

// TestACommitThatEndsTheWholeEstateInADayIsHeld, is told of at once with an
// allowance that fits, and also when the process is started anew meanwhile.
func TestACommitThatEndsTheWholeEstateInADayIsHeld(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3))
		all := spread(27)
		s.commitOf(t, newRepository(sha("a")).with(0, "", all...))
		after(time.Hour)
		s.commitOf(t, everyEnd(sha("b"), nil))
		after(time.Hour)
		if allow := merged(t, s.noticed(), "brought the ends of 27 assignments nearer"); allow.Commit != sha("b") || allow.Removals != 27 {
			t.Errorf("before the end: printed %+v", allow)
		}
		s.stop()
		s = newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
		s.run(t)
		after(30 * time.Hour)
		if f := s.facts(t, all[0]); s.alive(all) != 27 || f.TroubleCode != string(provision.CodeWholeEstate) {
			t.Fatalf("%d of 27 are left, held by %q", s.alive(all), f.TroubleCode)
		}
		if allow := merged(t, s.noticed(), "All 27 owned assignments of the whole config repo would go"); allow.Commit != sha("b") || allow.Removals != 27 {
			t.Errorf("after it: printed %+v", allow)
		}
	})
}

// TestWhatWasAllowedBeforeItsEndGoesAtItsEnd, outside the guards as any end,
// though limits.allow says something else by then.
func TestWhatWasAllowedBeforeItsEndGoesAtItsEnd(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3))
		all := spread(27)
		s.commitOf(t, newRepository(sha("a")).with(0, "", all...))
		after(time.Hour)
		ends := everyEnd(sha("b"), nil)
		s.commitOf(t, ends)
		after(time.Hour)
		allowed := everyEnd(sha("c"), ends)
		allowed.repo.Access.Limits.Allow = merged(t, s.noticed(), "brought the ends")
		s.commitOf(t, allowed)
		after(time.Hour)
		s.commitOf(t, everyEnd(sha("d"), ends)) // the allowance is taken out again
		after(time.Hour)
		s.stop()
		s = newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
		s.run(t)
		if n := s.alive(all); n != 27 {
			t.Fatalf("%d of 27 are left before the end", n)
		}
		after(24 * time.Hour)
		if n := s.alive(all); n != 0 {
			t.Errorf("%d are left after the end that was allowed: %+v", n, s.facts(t, all[0]))
		}
	})
}

// TestEndsOfOneCommitOnSeveralDaysAreOnePlan: six ends, five hours apart, and no 24
// hours have more than the budget.
func TestEndsOfOneCommitOnSeveralDaysAreOnePlan(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3))
		all := spread(27)
		s.commitOf(t, newRepository(sha("a")).with(0, "", all...))
		after(time.Hour)
		r := newRepository(sha("b"))
		for i, a := range all {
			end := time.Duration(0)
			if i < 6 {
				end = time.Duration(i+1) * 5 * time.Hour
			}
			r = r.with(end, "", a)
		}
		s.commitOf(t, r)
		after(32 * time.Hour)
		if f := s.facts(t, all[0]); s.alive(all) != 27 || f.TroubleCode != string(provision.CodeBudget) {
			t.Errorf("%d of 27 are left, held by %q", s.alive(all), f.TroubleCode)
		}
	})
}

// TestWhatACommitTakesAtOnceAndByEndsIsOneWhole: three lines of an account go, the
// other three end later.
func TestWhatACommitTakesAtOnceAndByEndsIsOneWhole(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7))
		var whole []config.Assignment
		for n := 1; n <= 6; n++ {
			whole = append(whole, grant(n, 1, readOnly))
		}
		rest := grant(7, 7, readOnly)
		s.commitOf(t, newRepository(sha("a")).with(0, "", whole...).with(0, "", rest))
		after(time.Hour)
		s.commitOf(t, newRepository(sha("b")).with(30*time.Hour, "", whole[3:]...).with(0, "", rest))
		after(35 * time.Hour)
		if f := s.facts(t, whole[0]); s.alive(whole) != 6 || f.TroubleCode != string(provision.CodeWholeAccount) {
			t.Errorf("%d of 6 are left, held by %q", s.alive(whole), f.TroubleCode)
		}
	})
}

// TestACutThatIsUndoneIsNone: the ends are moved away again before they pass.
func TestACutThatIsUndoneIsNone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3))
		all := spread(27)
		first := newRepository(sha("a")).with(40*time.Hour, "", all...)
		s.commitOf(t, first)
		after(time.Hour)
		s.commitOf(t, everyEnd(sha("b"), nil))
		after(time.Hour)
		s.commitOf(t, newRepository(sha("c")).with(40*time.Hour, "", all...))
		after(41 * time.Hour)
		if n := s.alive(all); n != 0 {
			t.Errorf("%d of 27 are left after the end that they had from the start: %+v", n, s.facts(t, all[0]))
		}
	})
}

// TestFewEndsAreNotToldBefore: what will be within every bound says nothing.
func TestFewEndsAreNotToldBefore(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3))
		all := spread(27)
		s.commitOf(t, newRepository(sha("a")).with(0, "", all...))
		after(time.Hour)
		s.commitOf(t, newRepository(sha("b")).with(30*time.Hour, "", all[:5]...).with(0, "", all[5:]...))
		after(40 * time.Hour)
		for _, n := range s.noticed() {
			if strings.Contains(n.Text, "nearer") {
				t.Errorf("told: %s", n.Text)
			}
		}
		if n := s.alive(all); n != 22 {
			t.Errorf("%d are left, want 22", n)
		}
	})
}

// TestTheCleanUpOfEndedLinesLetsNothingGo that a guard holds: the line was ended by
// a commit, and the bot takes it out of the config repo once it has ended.
func TestTheCleanUpOfEndedLinesLetsNothingGo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3))
		all := spread(27)
		s.commitOf(t, newRepository(sha("a")).with(0, "", all...))
		after(time.Hour)
		ends := newRepository(sha("b")).with(30*time.Hour, "", all[:20]...).with(0, "", all[20:]...)
		s.commitOf(t, ends)
		after(31 * time.Hour)
		s.commitOf(t, newRepository(sha("c")).with(0, "", all[20:]...)) // their lines are gone
		after(2 * time.Hour)
		s.stop()
		s = newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
		s.run(t)
		after(30 * time.Hour)
		if f := s.facts(t, all[0]); s.alive(all) != 27 || f.TroubleCode != string(provision.CodeBudget) {
			t.Errorf("%d of 27 are left, held by %q", s.alive(all), f.TroubleCode)
		}
		if allow := merged(t, s.noticed(), "The plan removes 20"); allow.Commit != sha("b") || allow.Removals != 20 {
			t.Errorf("printed %+v, want the commit that set the ends", allow)
		}
	})
}
