package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// waitedFor is a grant for a group, or a user, whose assignment to the
// application does not replicate, and that waits.
func waitedFor(t *testing.T, a config.Assignment) *system {
	t.Helper()
	w := newWorld().populate(1)
	w.replication = time.Hour
	s := started(t, w)
	s.commitOf(t, newRepository("c1").with(8*time.Hour, "REQ-AAAAAA", a))
	after(30 * time.Second)
	if n := s.count("Assign"); n != 1 {
		t.Fatalf("assigned %d times", n)
	}
	return s
}

// TestWhatIsTakenOffTheApplicationWhileItIsWaitedForIsAssignedAgain: no cycle
// would bring it otherwise.
func TestWhatIsTakenOffTheApplicationWhileItIsWaitedForIsAssignedAgain(t *testing.T) {
	for name, a := range map[string]config.Assignment{"a group": grant(1, 1, readOnly), "a user": userGrant(1, 1, readOnly)} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := waitedFor(t, a)
				s.do(func() {
					delete(s.assigned, a.Principal.ID)
					s.replication = 0
				})
				after(15 * time.Minute)
				if f := s.facts(t, a); f.ReadBack.IsZero() || f.Trouble != "" || s.count("Assign") != 2 {
					t.Errorf("assigned %d times, facts %+v", s.count("Assign"), f)
				}
			})
		})
	}
}

// TestAGroupThatIsDeletedWhileItIsWaitedForIsTold, and comes when it is there
// again.
func TestAGroupThatIsDeletedWhileItIsWaitedForIsTold(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := grant(1, 1, readOnly)
		s := waitedFor(t, a)
		had := s.groups[groupID(1)]
		s.do(func() { delete(s.groups, groupID(1)) })
		after(15 * time.Minute)
		if f := s.facts(t, a); f.TroubleCode != string(provision.CodeGroupUnknown) {
			t.Errorf("facts: %+v", f)
		}
		s.do(func() {
			s.groups[groupID(1)], s.replication = had, 0
			s.cycle = s.now()
		})
		after(20 * time.Minute)
		if f := s.facts(t, a); f.ReadBack.IsZero() || f.Trouble != "" || s.count("Assign") != 1 {
			t.Errorf("assigned %d times, facts %+v", s.count("Assign"), f)
		}
	})
}

// TestWhatIsWaitedForLongKeepsWhatItIsHeldUpBy, though it is looked at again.
func TestWhatIsWaitedForLongKeepsWhatItIsHeldUpBy(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := grant(1, 1, readOnly)
		w := newWorld().populate(1)
		for range 100 {
			w.faults = append(w.faults, &scripted{op: "ProvisionOnDemand", fail: "no"})
		}
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(8*time.Hour, "REQ-AAAAAA", a))
		after(15 * time.Minute)
		for range 120 {
			after(time.Minute)
			if f := s.facts(t, a); f.TroubleCode != string(provision.CodeDemand) {
				t.Fatalf("facts: %+v", f)
			}
		}
		if s.count("Assign") != 1 || s.count("Group") < 10 || s.count("Group") > 16 {
			t.Errorf("assigned %d times, read %d times", s.count("Assign"), s.count("Group"))
		}
	})
}
