package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
)

// leftGroup makes a group that the bot assigned and whose last grant ends after
// an hour, and lets five hours pass.
func leftGroup(t *testing.T, mode config.UnassignMode, prepare func(s *system)) *system {
	t.Helper()
	s := started(t, newWorld().populate(1))
	s.do(func() { prepare(s) })
	r := newRepository("c1").with(time.Hour, "", grant(1, 1, readOnly))
	r.repo.Access.Unassign = mode
	s.commitOf(t, r)
	after(5 * time.Hour)
	if s.isLive(grant(1, 1, readOnly)) {
		t.Error("the ended grant is live")
	}
	return s
}

func (s *system) troubleOf(t *testing.T, subject string) provision.Code {
	t.Helper()
	o, err := s.engine.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range o.Troubles {
		if x.Subject == subject {
			return x.Code
		}
	}
	return ""
}

func TestGroupThatNothingNeedsIsUnassignedWhereThatIsAskedFor(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := leftGroup(t, config.UnassignRemove, func(*system) {})
		if s.count("Unassign") != 1 || !s.assigned[groupID(1)].IsZero() {
			t.Errorf("unassigned %d times", s.count("Unassign"))
		}
	})
}

// TestAGroupThatTheBotTookOutAndThatIsGrantedAgainIsNotToldAsGone: that SCIM
// deleted it was meant, it left nothing behind, and nobody waits for a second
// search that misses it.
func TestAGroupThatTheBotTookOutAndThatIsGrantedAgainIsNotToldAsGone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := leftGroup(t, config.UnassignRemove, func(*system) {})
		s.do(func() { delete(s.scim, groupID(1)) })
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c2").with(time.Hour, "", a))
		after(20 * time.Second)
		if f := s.facts(t, a); f.ReadBack.IsZero() || len(s.noticed()) != 0 {
			t.Errorf("notices %+v, facts %+v", s.noticed(), f)
		}
	})
}

func TestGroupThatNothingNeedsIsReportedOtherwise(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := leftGroup(t, config.UnassignReport, func(*system) {})
		if s.count("Unassign") != 0 || s.troubleOf(t, "group/"+groupID(1)) != provision.CodeUnneeded {
			t.Errorf("unassigned %d times, trouble %q", s.count("Unassign"), s.troubleOf(t, "group/"+groupID(1)))
		}
	})
}

func TestAGroupUsedByAnUnmanagedAssignmentIsNeverUnassigned(t *testing.T) {
	refuse := func(s *system) {
		for range 100 {
			s.faults = append(s.faults, &scripted{op: "Held", err: fault.New(fault.ErrDenied, "held", "no", nil)})
		}
	}
	for name, prepare := range map[string]func(s *system){
		"an account assignment":           func(s *system) { s.put(grant(1, 9, admin)) },
		"an application":                  func(s *system) { s.held[storeID(groupID(1))] = provision.Holding{Applications: 1} },
		"applications that are not known": func(s *system) { s.held[storeID(groupID(1))] = provision.Holding{ApplicationsUnread: true} },
		"a read that is not complete":     refuse,
		"assigned by somebody else":       func(s *system) { s.assigned[groupID(1)] = s.now() },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := leftGroup(t, config.UnassignRemove, prepare)
				if s.count("Unassign") != 0 || s.assigned[groupID(1)].IsZero() {
					t.Errorf("unassigned %d times", s.count("Unassign"))
				}
			})
		})
	}
}
