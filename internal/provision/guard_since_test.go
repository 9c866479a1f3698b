package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// dummied is a system in which a commit takes all five lines of account 1 away
// and adds one that works.
func dummied(t *testing.T) (s *system, whole []config.Assignment, dummy config.Assignment) {
	t.Helper()
	s = started(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7))
	for n := 1; n <= 5; n++ {
		whole = append(whole, grant(n, 1, readOnly))
	}
	s.commitOf(t, newRepository(sha("a")).with(0, "", whole...).with(0, "", grant(7, 7, readOnly)))
	after(time.Hour)
	dummy = grant(7, 1, readOnly)
	s.commitOf(t, newRepository(sha("b")).with(0, "", grant(7, 7, readOnly), dummy))
	return s, whole, dummy
}

// TestALineOfTheSameCommitMakesAWholeNoPart: it is applied and read back, and the
// whole account stays all the same, also after a restart.
func TestALineOfTheSameCommitMakesAWholeNoPart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, whole, dummy := dummied(t)
		after(2 * time.Hour)
		s.stop()
		s = newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
		s.run(t)
		after(3 * time.Hour)
		if f := s.facts(t, whole[0]); !s.isLive(dummy) || s.alive(whole) != 5 || f.TroubleCode != string(provision.CodeWholeAccount) {
			t.Fatalf("the new line is live %v, %d of 5 are left, held by %q: %s", s.isLive(dummy), s.alive(whole), f.TroubleCode, f.Trouble)
		}
		allow := merged(t, s.noticed(), "All 5 owned assignments")
		if allow.Commit != sha("b") || allow.Removals != 5 {
			t.Errorf("printed %+v", allow)
		}
		r := newRepository(sha("c")).with(0, "", grant(7, 7, readOnly), dummy)
		r.repo.Access.Limits.Allow = allow
		s.commitOf(t, r)
		after(time.Hour)
		if n := s.alive(whole); n != 0 || !s.isLive(dummy) {
			t.Errorf("%d of 5 are left after the allowance was merged, the new line is live %v", n, s.isLive(dummy))
		}
	})
}

// TestALineOfALaterCommitMakesAWholeNoPart either: it was not there before.
func TestALineOfALaterCommitMakesAWholeNoPart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, whole, dummy := dummied(t)
		after(time.Hour)
		later := grant(6, 1, powerUser)
		s.commitOf(t, newRepository(sha("c")).with(0, "", grant(7, 7, readOnly), dummy, later))
		after(3 * time.Hour)
		if n := s.alive(whole); n != 5 || !s.isLive(later) {
			t.Errorf("%d of 5 are left, the later line is live %v", n, s.isLive(later))
		}
	})
}

// TestALineThatWasThereBeforeLeavesAPart, though the same commit writes it anew, so
// that it is read back anew.
func TestALineThatWasThereBeforeLeavesAPart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7))
		var whole []config.Assignment
		for n := 1; n <= 6; n++ {
			whole = append(whole, grant(n, 1, readOnly))
		}
		s.commitOf(t, newRepository(sha("a")).with(0, "", whole...).with(0, "", grant(7, 7, readOnly)))
		after(time.Hour)
		s.commitOf(t, newRepository(sha("b")).with(0, "REQ-000002", whole[5]).with(0, "", grant(7, 7, readOnly)))
		after(time.Hour)
		if n := s.alive(whole[:5]); n != 0 || !s.isLive(whole[5]) {
			t.Errorf("%d of 5 are left, the sixth is live %v: %+v", n, s.isLive(whole[5]), s.facts(t, whole[0]))
		}
	})
}

// TestALineBesideEndsMakesAWholeNoPart: five lines get an end in more than a day by
// a commit that adds one, which is there long before they end.
func TestALineBesideEndsMakesAWholeNoPart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7))
		var whole []config.Assignment
		for n := 1; n <= 5; n++ {
			whole = append(whole, grant(n, 1, readOnly))
		}
		s.commitOf(t, newRepository(sha("a")).with(0, "", whole...).with(0, "", grant(7, 7, readOnly)))
		after(time.Hour)
		s.commitOf(t, newRepository(sha("b")).with(26*time.Hour, "", whole...).with(0, "", grant(7, 7, readOnly), grant(7, 1, readOnly)))
		after(30 * time.Hour)
		if n := s.alive(whole); n != 5 {
			t.Errorf("%d of 5 are left: %+v", n, s.facts(t, whole[0]))
		}
	})
}

// TestNewLinesOfACommitDoNotWidenItsBudget: of thirty, ten go, and two hundred
// come.
func TestNewLinesOfACommitDoNotWidenItsBudget(t *testing.T) {
	t.Parallel()
	due := planTime.Add(-time.Hour)
	g := harmless()
	g.drop()
	g.s.Made, g.s.Due = map[config.Assignment]provision.Making{}, map[config.Assignment]time.Time{}
	var goes []config.Assignment
	for n := range 30 {
		a := grant(100+n, 1+n%9, readOnly)
		g.door(a)
		if n >= 20 {
			goes = append(goes, a)
			g.s.Due[a] = due
		}
	}
	for n := range 200 {
		a := grant(1000+n, 1+n%9, readOnly)
		g.door(a)
		g.s.Made[a] = provision.Making{At: due.Add(time.Minute), Commit: "c2"}
	}
	g.remove(byCommit("c2"), goes...)
	if got := codes(provision.Check(g.plan, g.s)); got[provision.CodeBudget] != 10 {
		t.Errorf("got %v, want every removal held by the budget", got)
	}
	for a := range g.s.Made {
		g.s.Made[a] = provision.Making{At: due.Add(-time.Minute), Commit: "c1"}
	}
	if got := codes(provision.Check(g.plan, g.s)); got[""] != 10 {
		t.Errorf("there before: got %v, want ten of 230 to go", got)
	}
}
