package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/store"
)

func TestAtMostFifteenOperationsAreOutstanding(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		w.latency = 10 * time.Second
		s := started(t, w)
		var all []config.Assignment
		for n := 1; n <= 20; n++ {
			all = append(all, grant(1, n, readOnly))
		}
		s.commitOf(t, newRepository("c1").with(0, "", all...))
		after(5 * time.Second)
		if n := s.count("CreateAccountAssignment"); n != 15 {
			t.Errorf("%d creations at first", n)
		}
		after(time.Minute)
		for _, a := range all {
			if f := s.facts(t, a); f.ReadBack.IsZero() {
				t.Errorf("%s is not live: %+v", a, f)
			}
		}
		if s.conflicts != 0 {
			t.Errorf("%d conflicts", s.conflicts)
		}
	})
}

func listOfOperationsThatFailsIsAskedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		w.faults = []*scripted{{op: "ListStatus", err: &fault.Error{Kind: fault.ErrThrottled, Op: "list", RetryAfter: 4 * time.Second}}}
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly), grant(1, 2, readOnly)))
		after(4 * time.Second)
		if n := s.count("ListStatus") + s.count("DescribeStatus"); n != 1 {
			t.Errorf("%d polls while asked to wait", n)
		}
		after(20 * time.Second)
		for n := 1; n <= 2; n++ {
			if f := s.facts(t, grant(1, n, readOnly)); f.ReadBack.IsZero() {
				t.Errorf("facts: %+v", f)
			}
		}
	})
}

func requestThatAWSNeverKnowsIsDecidedByTheListing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		for range 100 {
			w.faults = append(w.faults, &scripted{op: "DescribeStatus", err: fault.New(fault.ErrNotFound, "describe", "", nil)})
		}
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly)))
		after(30 * time.Second)
		if f := s.facts(t, grant(1, 1, readOnly)); !f.ReadBack.IsZero() {
			t.Errorf("live while the outcome is asked for: %+v", f)
		}
		after(2 * time.Minute)
		if f := s.facts(t, grant(1, 1, readOnly)); f.ReadBack.IsZero() || s.count("CreateAccountAssignment") != 1 {
			t.Errorf("facts: %+v", f)
		}
	})
}

func lostDeletionOfWhatIsNotListedYetIsRepeated(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		w.visibility = 40 * time.Second
		s := started(t, w)
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(4 * time.Second)
		s.do(func() { s.faults = []*scripted{{op: "DeleteAccountAssignment", err: errLost}} })
		s.commitOf(t, newRepository("c2"))
		after(5 * time.Minute)
		if f := s.facts(t, a); s.isLive(a) || f.Removed.IsZero() || len(s.owned(t)) != 0 {
			t.Errorf("live %v, facts %+v", s.isLive(a), f)
		}
	})
}

func TestRefusedCreationLeavesNothingToRemove(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		w.faults = []*scripted{{op: "CreateAccountAssignment", err: fault.New(fault.ErrDenied, "create", "", nil)}}
		s := started(t, w)
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(5 * time.Second)
		s.commitOf(t, newRepository("c2"))
		after(time.Minute)
		if f := s.facts(t, a); !f.Idle || !f.Removed.IsZero() || s.count("DeleteAccountAssignment") != 0 || len(s.owned(t)) != 0 {
			t.Errorf("facts: %+v", f)
		}
	})
}

func grantedAgainDuringItsDeletionIsCreatedAfterIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		w.latency = 20 * time.Second
		s := started(t, w)
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(time.Minute)
		s.commitOf(t, newRepository("c2"))
		after(5 * time.Second)
		s.commitOf(t, newRepository("c3").with(0, "", a))
		after(2 * time.Minute)
		if f := s.facts(t, a); f.ReadBack.IsZero() || !s.isLive(a) || len(s.owned(t)) != 1 || s.conflicts != 0 {
			t.Errorf("facts %+v, owned %v, %d conflicts", f, s.owned(t), s.conflicts)
		}
	})
}

func assignmentByAnAdministratorIsNotTheBots(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1)
		w.faults = []*scripted{{op: "Assign", err: fault.New(fault.ErrDenied, "assign", "", nil)}}
		s := started(t, w)
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(time.Second)
		if f := s.facts(t, a); f.TroubleCode != string(provision.CodeEntra) {
			t.Errorf("facts: %+v", f)
		}
		s.do(func() { s.assigned[groupID(1)] = time.Now() })
		after(2 * time.Minute)
		g, _, err := store.NewProvision(s.db).Principal(t.Context(), config.Principal{Kind: config.GroupPrincipal, ID: groupID(1)})
		if err != nil || g.AssignedByBot || g.AppAssigned.IsZero() {
			t.Errorf("group: %+v, %v", g, err)
		}
		if f := s.facts(t, a); f.ReadBack.IsZero() || f.Trouble != "" {
			t.Errorf("facts: %+v", f)
		}
	})
}

func TestNothingIsGrantedBeforeTheAppAssignmentIsEnsured(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		for range 4 {
			w.faults = append(w.faults, &scripted{op: "AppAssignment", err: fault.New(fault.ErrDenied, "read", "", nil)})
		}
		s := started(t, w)
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(30 * time.Second)
		if s.count("CreateAccountAssignment") != 0 || s.facts(t, a).TroubleCode != string(provision.CodeEntra) {
			t.Errorf("facts: %+v", s.facts(t, a))
		}
		after(10 * time.Minute)
		if f := s.facts(t, a); f.ReadBack.IsZero() || f.Trouble != "" {
			t.Errorf("facts: %+v", f)
		}
	})
}

func groupThatIsMissedOnceIsNotTakenForGone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a, b := grant(1, 1, readOnly), grant(1, 2, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(time.Minute)
		var had scimGroup
		s.do(func() { had = s.scim[groupID(1)]; delete(s.scim, groupID(1)); delete(s.assigned, groupID(1)) })
		s.commitOf(t, newRepository("c2").with(0, "", a, b))
		after(10 * time.Second)
		s.do(func() { s.scim[groupID(1)] = had })
		after(5 * time.Minute)
		if len(s.notices) != 0 || s.facts(t, b).ReadBack.IsZero() || s.facts(t, a).ReadBack.IsZero() {
			t.Errorf("notices %+v, a %+v, b %+v", s.notices, s.facts(t, a), s.facts(t, b))
		}
	})
}

func TestGroupThatIsGoneFromIdentityCenterIsProvisionedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a, b := grant(1, 1, readOnly), grant(1, 2, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(time.Minute)
		s.do(func() { delete(s.scim, groupID(1)) })
		s.commitOf(t, newRepository("c2").with(0, "", a, b))
		after(5 * time.Minute)
		if s.count("ProvisionOnDemand") == 0 || s.facts(t, b).ReadBack.IsZero() || len(s.notices) == 0 {
			t.Errorf("notices %+v, b %+v", s.notices, s.facts(t, b))
		}
	})
}

func TestEndMovedIntoThePastCountsAsARemovalByTheCommit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3))
		all := spread(27)
		first := newRepository("c1").with(0, "", all...)
		s.commitOf(t, first)
		after(3 * time.Minute)
		second := newRepository("c2").with(0, "", all[8:]...).since(first)
		for _, a := range all[:8] {
			for _, f := range second.repo.Groups {
				if f.Principal == a.Principal {
					g := config.Grant{Account: second.slug(a.Account), PermissionSet: a.PermissionSet, Expires: time.Now().Add(-time.Hour)}
					f.Access = append(f.Access, g)
					second.starts[f.Key(g)] = config.Start{MergedAt: time.Now()}
				}
			}
		}
		s.commitOf(t, second)
		after(10 * time.Minute)
		if n := s.count("DeleteAccountAssignment"); n != 0 || len(s.notices) != 1 {
			t.Errorf("%d deletions, notices %+v", n, s.notices)
		}
	})
}

// The floor is operations x latency / 15 outstanding (Identity Center quotas).
func TestABatchIsDoneNearTheFloorThatAWSSets(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2, 3)
		w.latency, w.visibility = 5*time.Second, 0
		s := started(t, w)
		var all []config.Assignment
		for i := range 120 {
			all = append(all, grant(i%3+1, i/3%20+1, []string{readOnly, powerUser}[i/60]))
		}
		s.commitOf(t, newRepository("c1").with(0, "", all...))
		const floor = 120 * 5 * time.Second / 15
		after(floor * 12 / 10)
		o, err := s.engine.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if o.States[provision.Live] != len(all) || s.conflicts != 0 {
			t.Errorf("after 1.2 times the floor %v, %d conflicts", o.States, s.conflicts)
		}
	})
}
