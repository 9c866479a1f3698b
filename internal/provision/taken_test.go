package provision_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// TestAGroupMadeAnewUnderItsNameKeepsWhatItIsGranted: SCIM gives the new group
// the id of the old one in the identity store, and the config follows with the new
// Entra id. Nothing that it grants is taken away, in no phase.
func TestAGroupMadeAnewUnderItsNameKeepsWhatItIsGranted(t *testing.T) {
	for _, drift := range []config.DriftMode{config.DriftReport, config.DriftRevert} {
		t.Run(string(drift), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2))
				old, less, other, anew := grant(1, 1, readOnly), grant(1, 2, readOnly), grant(2, 2, readOnly), grant(8, 1, readOnly)
				s.commitOf(t, newRepository("c1").with(0, "", old, less, other))
				after(20 * time.Minute)
				s.do(func() {
					s.scim[groupID(8)] = s.scim[groupID(1)]
					delete(s.scim, groupID(1))
					s.assigned[groupID(8)] = s.now()
					delete(s.groups, groupID(1))
				})
				after(15 * time.Minute)
				next := newRepository("c2").with(0, "", anew, other)
				next.repo.Access.Drift, next.repo.Access.Phase = drift, 3
				s.do(func() { s.calls = nil })
				s.commitOf(t, next)
				after(6 * time.Hour)
				var live, stays int
				s.do(func() { live, stays = len(s.live[anew.Pair()]), len(s.live[less.Pair()]) })
				if live != 1 || s.facts(t, anew).ReadBack.IsZero() {
					t.Errorf("the new group lost what it is granted: %+v", s.facts(t, anew))
				}
				var audits []provision.AuditEvent
				s.do(func() { audits = slices.Clone(s.audits) })
				for _, a := range audits {
					if a.Action == "assignment.delete" && strings.Contains(a.Target, old.Account+"/") && a.Result == "requested" {
						t.Errorf("%s %s by %s", a.Action, a.Target, a.Cause)
					}
				}
				// What the old one had and the new one is not granted goes.
				if stays != 1 { // that of the other group
					t.Errorf("what is granted to nobody stays: %d have it", stays)
				}
			})
		})
	}
}

// TestWhoHasTheIdOfAGroupThatIsGoneIsSaid: what it had is not gone, nor dangling,
// where another group has its id in the identity store by now.
func TestWhoHasTheIdOfAGroupThatIsGoneIsSaid(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2))
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a, grant(2, 2, readOnly)))
		after(20 * time.Minute)
		s.do(func() {
			s.scim[groupID(8)] = s.scim[groupID(1)]
			delete(s.scim, groupID(1))
			delete(s.groups, groupID(1))
		})
		after(3 * time.Hour)
		var told string
		for _, n := range s.noticed() {
			told += n.Text + "\n"
		}
		if !strings.Contains(told, "is by now that of another group of Entra, "+groupID(8)) || strings.Contains(told, "dangling") || strings.Contains(told, "is gone from AWS") {
			t.Errorf("told %s", told)
		}
		if f := s.facts(t, a); !strings.Contains(f.Trouble, "AWS lists it still") {
			t.Errorf("the thread says %q", f.Trouble)
		}
	})
}

// TestNothingGoesUnderAnIdUnderWhichItIsGranted: the guard by itself, whatever the
// plan says.
func TestNothingGoesUnderAnIdUnderWhichItIsGranted(t *testing.T) {
	old, anew := grant(1, 1, readOnly), grant(8, 1, readOnly)
	plan := provision.Result{Changes: []provision.Change{{Kind: provision.Remove, Assignment: old, PrincipalID: "S", Cause: provision.Cause{Kind: provision.CauseCommit, Commit: "c"}}}}
	s := harmless().s
	s.Owned = map[config.Assignment]bool{old: true, anew: true}
	s.Holders = map[provision.LiveAssignment][]config.Principal{{PrincipalID: "S", Kind: config.GroupPrincipal}: {old.Principal, anew.Principal}}
	s.Desired = map[config.Assignment]time.Time{}
	if v := provision.Check(plan, s); len(v.Refused) == 1 && v.Refused[0].Code == provision.CodeTaken {
		t.Errorf("refused though nobody else is granted it: %+v", v)
	}
	s.Desired[anew] = time.Time{}
	if v := provision.Check(plan, s); len(v.Refused) != 1 || v.Refused[0].Code != provision.CodeTaken {
		t.Errorf("got %+v", v)
	}
}
