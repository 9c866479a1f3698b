package provision_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// wholeGroup is all that group 8 has: one assignment in each of five accounts.
func wholeGroup() []config.Assignment {
	var out []config.Assignment
	for n := 1; n <= 5; n++ {
		out = append(out, grant(8, n, readOnly))
	}
	return out
}

// TestALineThatNeverComesTrueHidesNoWhole: what is desired and was never read
// back leaves nobody anything, whether its addition is planned, blocked or in the
// log of what went.
func TestALineThatNeverComesTrueHidesNoWhole(t *testing.T) {
	t.Parallel()
	dummy := grant(8, 6, "NoSuchSet")
	for name, set := range map[string]func(g *guarded){
		"none":          func(*guarded) {},
		"it is planned": func(g *guarded) { g.add(dummy, time.Time{}) },
		"it is blocked": func(g *guarded) { g.s.Desired[dummy], g.s.Owned[dummy] = time.Time{}, true },
		"it went, and is desired again": func(g *guarded) {
			g.log(planTime.Add(-time.Hour), false, "c1", dummy)
			g.s.Desired[dummy], g.s.Owned[dummy] = time.Time{}, true
		},
		"it ends with the rest": func(g *guarded) { g.remove(byExpiry(), dummy) },
		"it was begun before": func(g *guarded) {
			g.remove(byCommit("c1"), dummy)
			g.plan.Changes[len(g.plan.Changes)-1].Begun = true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := harmless()
			g.plan = provision.Result{}
			g.remove(byCommit("c2"), wholeGroup()...)
			set(g)
			if got := codes(provision.Check(g.plan, g.s)); got[provision.CodeWholeGroup] != 5 {
				t.Errorf("got %v, want the whole group held", got)
			}
		})
	}
}

// TestWhatIsLiveLeavesAPart, as a record says or the reading of this very pass,
// also right after the state file was lost.
func TestWhatIsLiveLeavesAPart(t *testing.T) {
	t.Parallel()
	stays := grant(8, 6, readOnly)
	for name, set := range map[string]func(g *guarded){
		"as its record says": func(g *guarded) { g.door(stays) },
		"as this pass read": func(g *guarded) {
			g.door(stays)
			g.s.ReadBack = nil
			g.plan.Live = []config.Assignment{stays}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := harmless()
			g.plan = provision.Result{}
			g.remove(byCommit("c2"), wholeGroup()...)
			set(g)
			if got := codes(provision.Check(g.plan, g.s)); got[""] != 5 {
				t.Errorf("got %v, want five to go", got)
			}
		})
	}
}

// TestLinesThatNeverComeTrueDoNotWidenTheBudget: a thousand of them make ninety
// removals of a hundred no small part.
func TestLinesThatNeverComeTrueDoNotWidenTheBudget(t *testing.T) {
	t.Parallel()
	g := harmless()
	g.drop()
	var goes []config.Assignment
	for n := range 100 {
		a := grant(100+n, 1+n%9, readOnly)
		g.door(a)
		if n >= 10 { // some of each account stay
			goes = append(goes, a)
		}
	}
	for n := range 1000 {
		g.add(grant(1000+n, 1+n%9, readOnly), time.Time{})
	}
	g.remove(byCommit("c2"), goes...)
	if got := codes(provision.Check(g.plan, g.s)); got[""] != 1000 || got[provision.CodeBudget] != 90 {
		t.Errorf("got %v, want every removal held by the budget", got)
	}
}

// TestNothingIsReadBackYet: after the state file was lost, or in a new place,
// nothing that is known makes a removal of five a part of more.
func TestNothingIsReadBackYet(t *testing.T) {
	t.Parallel()
	g := harmless()
	g.plan, g.s.ReadBack = provision.Result{}, nil
	g.remove(byCommit("c2"), wholeGroup()[:4]...)
	if got := codes(provision.Check(g.plan, g.s)); got[""] != 4 {
		t.Errorf("four: got %v, want them to go", got)
	}
	g.remove(byCommit("c2"), wholeGroup()[4:]...)
	if got := codes(provision.Check(g.plan, g.s)); got[provision.CodeWholeEstate] != 5 {
		t.Errorf("five: got %v, want them held", got)
	}
}

// TestAWholeIsToldByItsName, and the last way too.
func TestAWholeIsToldByItsName(t *testing.T) {
	t.Parallel()
	g := harmless()
	g.plan = provision.Result{}
	g.s.Names = provision.Names{Principals: map[config.Principal]string{wholeGroup()[0].Principal: "aws-night-shift"}, Accounts: map[string]string{accountID(3): "payments"}}
	g.remove(byCommit("c2"), wholeGroup()...)
	g.remove(byCommit("c2"), grant(7, 3, admin))
	var said string
	for _, r := range provision.Check(g.plan, g.s).Refused {
		said += r.Sentence + "\n"
	}
	for _, want := range []string{"All 5 owned assignments of aws-night-shift would go.", "last way to administer payments (…0003)"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in:\n%s", want, said)
		}
	}
}

// TestALineThatNeverComesTrueInTheWorld: the whole account stays, also when the
// line is added after its removal was held.
func TestALineThatNeverComesTrueInTheWorld(t *testing.T) {
	for _, how := range []string{"same commit", "later"} {
		t.Run(how, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7))
				var whole []config.Assignment
				for n := 1; n <= 5; n++ {
					whole = append(whole, grant(n, 1, readOnly))
				}
				s.do(func() { s.setless["NoSuchSet"] = true })
				rest, dummy := grant(6, 6, readOnly), grant(7, 1, "NoSuchSet")
				s.commitOf(t, newRepository("c1").with(0, "", whole...).with(0, "", rest))
				after(10 * time.Minute)
				if how == "later" {
					s.commitOf(t, newRepository("c2").with(0, "", rest))
					after(2 * time.Hour)
				}
				s.commitOf(t, newRepository("c3").with(0, "", rest, dummy))
				after(3 * time.Hour)
				if n := s.alive(whole); n != 5 || s.isLive(dummy) || s.facts(t, whole[0]).TroubleCode != string(provision.CodeWholeAccount) {
					t.Errorf("%d of 5 are live, the line %v: %+v", n, s.isLive(dummy), s.facts(t, whole[0]))
				}
			})
		})
	}
}
