package provision_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
)

// recreate gives a group a new id in the identity store, as SCIM does when it
// deletes a group and makes it again.
func (s *system) recreate(group, id string) {
	s.do(func() { s.scim[group] = scimGroup{id: id, members: []string{"user-1-0"}} })
}

// existsAs reports whether an assignment exists under an identity store id.
func (s *system) existsAs(a config.Assignment, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.live[a.Pair()][provision.LiveAssignment{PrincipalID: id, Kind: a.Principal.Kind}]
	return ok
}

func (s *system) told(prefix string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.notices, func(n access.Notice) bool { return strings.HasPrefix(n.Key, "provision/"+prefix) })
}

func recreatedGroupGetsItsAccessUnderTheNewIDAndLosesItUnderTheOld(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		all := []config.Assignment{grant(1, 1, readOnly), grant(1, 1, admin), grant(1, 2, readOnly)}
		s.commitOf(t, newRepository("c1").with(0, "REQ-AAAAAA", all...))
		after(time.Minute)
		undeclared := grant(1, 1, powerUser)
		s.do(func() { s.put(undeclared) })
		old := storeID(groupID(1))
		s.recreate(groupID(1), "store-new")
		after(25 * time.Minute)
		for _, a := range all {
			if !s.existsAs(a, "store-new") || s.existsAs(a, old) {
				t.Errorf("%s: new %v, old %v", a, s.existsAs(a, "store-new"), s.existsAs(a, old))
			}
			if f := s.facts(t, a); f.ReadBack.IsZero() || f.Trouble != "" {
				t.Errorf("facts: %+v", f)
			}
		}
		if !s.existsAs(undeclared, old) {
			t.Error("what the bot never owned was removed")
		}
		if !s.told("group-recreated/") || s.told("drift/") || s.told("guard/") {
			t.Errorf("notices: %+v", s.noticed())
		}
		if diff := cmp.Diff([]config.Assignment{all[1], all[0], all[2]}, s.owned(t)); diff != "" {
			t.Errorf("owned (-want +got):\n%s", diff)
		}
		writes := s.writes()
		after(3 * time.Hour)
		if s.writes() != writes {
			t.Errorf("%d writes more", s.writes()-writes)
		}
	})
}

func TestRecreatedGroupIsToldInTheThreadUntilItsAccessIsReadBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		s := started(t, w)
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "REQ-AAAAAA", a))
		after(time.Minute)
		s.do(func() { s.latency = 5 * time.Minute })
		s.recreate(groupID(1), "store-new")
		after(12 * time.Minute)
		f := s.facts(t, a)
		if f.TroubleCode != string(provision.CodeRecreated) || !strings.Contains(f.Trouble, "aws-group-1 was created again") || !f.ReadBack.IsZero() {
			t.Errorf("facts: %+v", f)
		}
		after(15 * time.Minute)
		if f := s.facts(t, a); f.ReadBack.IsZero() || f.Trouble != "" {
			t.Errorf("in the end: %+v", f)
		}
	})
}

// TestASecondRecreationIsAnotherTrouble: it is told in the thread again.
func TestASecondRecreationIsAnotherTrouble(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "REQ-AAAAAA", a))
		after(time.Minute)
		since := map[time.Time]bool{}
		for _, id := range []string{"store-new", "store-newer"} {
			s.do(func() { s.latency = 5 * time.Minute })
			s.recreate(groupID(1), id)
			for range 14 {
				after(time.Minute)
				if f := s.facts(t, a); f.TroubleCode == string(provision.CodeRecreated) {
					since[f.TroubleSince] = true
				}
			}
			after(30 * time.Minute)
		}
		if len(since) != 2 || since[time.Time{}] {
			t.Errorf("recreated at %v; want two times", since)
		}
	})
}

func TestAssignmentsThatWentWithTheOldGroupAreMadeAnewWithoutDrift(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(time.Minute)
		s.recreate(groupID(1), "store-new")
		s.do(func() { delete(s.live, a.Pair()) })
		s.sync(t) // whoever notices it first
		after(50 * time.Second)
		if !s.existsAs(a, "store-new") || s.told("drift/") {
			t.Errorf("made anew %v, notices %+v", s.existsAs(a, "store-new"), s.noticed())
		}
	})
}

func earlierIDThatStillExistsKeepsItsAssignmentsAndIsTold(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(time.Minute)
		old := storeID(groupID(1))
		s.do(func() { s.lingers = map[string]bool{old: true} })
		s.recreate(groupID(1), "store-new")
		after(3 * time.Hour)
		if !s.existsAs(a, "store-new") || !s.existsAs(a, old) || !s.told("twice/") {
			t.Errorf("new %v, old %v, notices %+v", s.existsAs(a, "store-new"), s.existsAs(a, old), s.noticed())
		}
		s.do(func() { s.lingers = nil }) // somebody deletes it
		after(2 * time.Hour)
		if s.existsAs(a, old) {
			t.Error("what it left stays after it is gone")
		}
	})
}

func TestManyOrphansAreOutsideTheRemovalBudget(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2))
		var all []config.Assignment
		for n := 1; n <= 20; n++ {
			all = append(all, grant(1, n, readOnly))
		}
		others := []config.Assignment{grant(2, 1, powerUser), grant(2, 2, powerUser), grant(2, 3, powerUser), grant(2, 4, powerUser), grant(2, 5, powerUser), grant(2, 6, powerUser)}
		s.commitOf(t, newRepository("c1").with(0, "", append(slices.Clone(all), others...)...))
		after(3 * time.Minute)
		s.recreate(groupID(1), "store-new")
		after(30 * time.Minute)
		for _, a := range all {
			if !s.existsAs(a, "store-new") || s.existsAs(a, storeID(groupID(1))) {
				t.Errorf("%s: new %v, old %v", a, s.existsAs(a, "store-new"), s.existsAs(a, storeID(groupID(1))))
			}
		}
		s.commitOf(t, newRepository("c2").with(0, "", append(slices.Clone(all), others[5])...))
		after(2 * time.Minute)
		if s.isLive(others[0]) || !s.isLive(others[5]) {
			t.Errorf("the budget was spent on orphans: %v", s.noticed())
		}
	})
}

func TestWhatIsLeftUnderAnEarlierIDDoesNotHideThatAWholeAccountGoes(t *testing.T) {
	t.Parallel()
	owned := map[config.Assignment]bool{}
	var plan provision.Result
	for g := 1; g <= 5; g++ {
		a := grant(g, 1, readOnly)
		owned[a] = true
		plan.Changes = append(plan.Changes, provision.Change{Kind: provision.Remove, Assignment: a, Cause: provision.Cause{Kind: provision.CauseCommit, Commit: "c2"}})
	}
	left := grant(9, 1, readOnly)
	left.Principal.ID = "earlier:store-old"
	owned[left] = true
	v := provision.Check(plan, provision.Surroundings{EnableChanges: true, ConfigManagement: managementAccount, LiveManagement: managementAccount, Owned: owned, RemovalPercent: 100, SkewKnown: true, Own: provision.OwnRole{Known: true}})
	if len(v.Allowed) != 0 || v.Refused[0].Code != provision.CodeWholeAccount && v.Refused[0].Code != provision.CodeWholeEstate {
		t.Errorf("allowed %d, refused %+v", len(v.Allowed), v.Refused)
	}
}

// TestAGroupThatIsCalledOtherwiseIsNotToldAsGone after a restart, when it is
// looked for by its name.
func TestAGroupThatIsCalledOtherwiseIsNotToldAsGone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(10 * time.Minute)
		s.stop()
		s.do(func() { s.otherwise = map[string]bool{groupID(1): true} })
		s = newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
		s.run(t)
		after(3 * time.Hour)
		if f := s.facts(t, a); len(s.noticed()) != 0 || f.ReadBack.IsZero() {
			t.Errorf("notices %+v, facts %+v", s.noticed(), f)
		}
	})
}
