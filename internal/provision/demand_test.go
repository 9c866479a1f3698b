package provision_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
)

// demands are the times of the on-demand requests so far, and the members that
// each had.
func (s *system) demandsSoFar() (at []time.Time, members []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c.op == "ProvisionOnDemand" {
			_, list, _ := strings.Cut(c.key, " ")
			at, members = append(at, c.at), append(members, list)
		}
	}
	return at, members
}

func TestAtMostFiveOnDemandRequestsGoOutInTenSeconds(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(23))
		var all []config.Assignment
		for g := 1; g <= 9; g++ {
			all = append(all, grant(g, g, readOnly))
		}
		s.commitOf(t, newRepository("c1").with(4*time.Hour, "", all...))
		after(8 * time.Minute)
		at, _ := s.demandsSoFar()
		if len(at) != 9*5 { // 23 members are five batches
			t.Errorf("%d requests", len(at))
		}
		for i := demandLimit; i < len(at); i++ {
			if d := at[i].Sub(at[i-demandLimit]); d <= 10*time.Second {
				t.Fatalf("requests %d to %d within %s", i-demandLimit, i, d)
			}
		}
		for _, a := range all {
			if f := s.facts(t, a); f.ReadBack.IsZero() || f.MembersSeen != 23 {
				t.Errorf("%s: %+v", a, f)
			}
		}
	})
}

// demandLimit is how many requests may go out in ten seconds.
const demandLimit = 5

func TestGroupsThatWaitAreProvisionedBeforeTheRestOfOthers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(60))
		s.commitOf(t, newRepository("c1").with(4*time.Hour, "", grant(1, 1, readOnly)))
		after(30 * time.Second)
		later := time.Now()
		s.commitOf(t, newRepository("c2").with(4*time.Hour, "", grant(1, 1, readOnly), grant(2, 2, readOnly)))
		after(15 * time.Second)
		if f := s.facts(t, grant(2, 2, readOnly)); f.Seen.IsZero() {
			at, members := s.demandsSoFar()
			t.Errorf("the second group waits since %s: %v %v", later, at, members)
		}
	})
}

func TestALargeGroupIsLeftToTheCycleAfterAHundredMembers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(230))
		s.commitOf(t, newRepository("c1").with(4*time.Hour, "", grant(1, 1, readOnly)))
		after(time.Hour)
		at, members := s.demandsSoFar()
		if len(at) != 20 {
			t.Errorf("%d requests", len(at))
		}
		slices.Sort(members)
		if n := len(slices.Compact(members)); n != len(members) {
			t.Errorf("%d batches went out twice", len(members)-n)
		}
	})
}

func throttledOnDemandRequestIsWaitedOutByAll(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1)
		w.faults = []*scripted{{op: "ProvisionOnDemand", err: &fault.Error{Kind: fault.ErrThrottled, Op: "on demand", RetryAfter: 40 * time.Second}}}
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(4*time.Hour, "", grant(1, 1, readOnly)))
		after(5 * time.Second)
		s.commitOf(t, newRepository("c2").with(4*time.Hour, "", grant(1, 1, readOnly), grant(2, 2, readOnly)))
		after(30 * time.Second)
		if at, _ := s.demandsSoFar(); len(at) != 1 {
			t.Errorf("%d requests while asked to wait", len(at))
		}
		after(time.Minute)
		for _, a := range []config.Assignment{grant(1, 1, readOnly), grant(2, 2, readOnly)} {
			if f := s.facts(t, a); f.ReadBack.IsZero() || f.Trouble != "" {
				t.Errorf("facts: %+v", f)
			}
		}
	})
}

func TestRefusedMembersAreNamedInTheThreadThatWaitsForThem(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(2)
		w.members[groupID(1)][1].Name = "prince@example.com"
		w.refuses = map[string]string{"user-1-0 user-1-1": "Member 'user-1-1' was not provisioned: required attributes are missing: name.familyName"}
		s := started(t, w)
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(4*time.Hour, "REQ-AAAAAA", a))
		after(time.Minute)
		f := s.facts(t, a)
		if f.ReadBack.IsZero() || f.TroubleCode != string(provision.CodeMembers) || !strings.Contains(f.Trouble, "'prince@example.com' was not provisioned: required attributes are missing: name.familyName") {
			t.Errorf("facts: %+v", f)
		}
		s.do(func() {
			s.scim[groupID(1)] = scimGroup{id: storeID(groupID(1)), members: []string{"user-1-0", "user-1-1"}}
		}) // mended, and the cycle
		after(30 * time.Minute)
		if f := s.facts(t, a); f.Trouble != "" || f.MembersSeen != 2 {
			t.Errorf("after the mend: %+v", f)
		}
	})
}

// TestMembersAreSeenByTheirIdsAndNotByTheirNumber: somebody else in the group in
// AWS is not the member who has not arrived.
func TestMembersAreSeenByTheirIdsAndNotByTheirNumber(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(6, 1)
		team := w.members[groupID(1)]
		for i := range team {
			team[i].Name = fmt.Sprintf("m%d@example.com", i)
		}
		team[5].Enabled, team[4].Lacks = false, "surname"
		w.scim[groupID(1)] = scimGroup{id: storeID(groupID(1)), members: []string{"user-1-0", "somebody", "somebody-else", "a-third", "user-1-5"}}
		w.nested = map[string][]string{groupID(1): {"aws-a", "aws-b", "aws-c", "aws-d", "aws-e"}}
		s := started(t, w)
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(4*time.Hour, "REQ-AAAAAA", a))
		after(time.Minute)
		f := s.facts(t, a)
		if f.ReadBack.IsZero() || f.MembersSeen != 1 || f.MembersTotal != 5 {
			t.Errorf("facts: %+v", f)
		}
		if want := "Not there yet: m4@example.com (without surname in Entra, which AWS wants), m1@example.com, m2@example.com and 1 more."; f.Absent != want {
			t.Errorf("%q, want %q", f.Absent, want)
		}
		if !strings.Contains(f.Warning, "(aws-a, aws-b, aws-c and 2 more)") {
			t.Errorf("warning %q", f.Warning)
		}
		s.do(func() { s.scim[groupID(1)] = scimGroup{id: storeID(groupID(1)), members: idsOf(team[:4])} })
		after(5 * time.Minute)
		if f := s.facts(t, a); f.MembersSeen != 4 || f.Absent != "Not there yet: m4@example.com (without surname in Entra, which AWS wants)." {
			t.Errorf("after the cycle: %+v", f)
		}
	})
}

// TestWhatEndsTheBatchesOfMembersIsToldInTheirThread: a job that goes into
// quarantine between two batches, or a token that expires.
func TestWhatEndsTheBatchesOfMembersIsToldInTheirThread(t *testing.T) {
	const why = "the job is in quarantine"
	for name, f := range map[string]scripted{
		"a refused call":    {op: "ProvisionOnDemand", err: fault.New(fault.ErrInvalid, "on demand", why, nil)},
		"a refusing answer": {op: "ProvisionOnDemand", fail: why},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s, a := betweenBatches(t, f)
				after(time.Minute)
				got := s.facts(t, a)
				if got.ReadBack.IsZero() || got.TroubleCode != string(provision.CodeMembers) || !strings.Contains(got.Trouble, why) {
					t.Errorf("facts: %+v", got)
				}
				if at, _ := s.demandsSoFar(); len(at) != 2 {
					t.Errorf("%d requests after the refusal", len(at)-2)
				}
			})
		})
	}
}

// TestTheRestOfAGroupWaitsOutWhatAsksToWait, such as after a restart that forgot
// the requests of the last seconds.
func TestTheRestOfAGroupWaitsOutWhatAsksToWait(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, a := betweenBatches(t, scripted{op: "ProvisionOnDemand", err: &fault.Error{Kind: fault.ErrThrottled, Op: "on demand", RetryAfter: 40 * time.Second}})
		after(30 * time.Second)
		if at, _ := s.demandsSoFar(); len(at) != 2 {
			t.Errorf("%d requests while asked to wait", len(at)-2)
		}
		after(2 * time.Minute)
		if f := s.facts(t, a); f.MembersSeen != 23 || f.Trouble != "" {
			t.Errorf("facts: %+v", f)
		}
	})
}

// betweenBatches is a group of 23 of which the first batch of members is
// provisioned; the next one meets a fault.
func betweenBatches(t *testing.T, f scripted) (*system, config.Assignment) {
	t.Helper()
	s := started(t, newWorld().populate(23))
	a := grant(1, 1, readOnly)
	s.commitOf(t, newRepository("c1").with(4*time.Hour, "REQ-AAAAAA", a))
	for range 100 {
		if s.count("ProvisionOnDemand") > 0 {
			break
		}
		after(10 * time.Millisecond)
	}
	s.do(func() { s.faults = append(s.faults, &f) })
	after(10 * time.Second)
	if n := s.count("ProvisionOnDemand"); n != 2 {
		t.Fatalf("%d requests, want the one that is taken and the one that is not", n)
	}
	return s, a
}

func assignmentThatDoesNotReplicateYetIsTriedAgainInSilence(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1)
		for range 2 {
			w.faults = append(w.faults, &scripted{op: "Assign", err: fault.New(fault.ErrNotFound, "assign", "Entra does not know it everywhere yet", nil)})
		}
		s := started(t, w)
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(4*time.Hour, "", a))
		after(7 * time.Second)
		if f := s.facts(t, a); f.Trouble != "" {
			t.Errorf("told at once: %+v", f)
		}
		after(time.Minute)
		if f := s.facts(t, a); f.ReadBack.IsZero() {
			t.Errorf("facts: %+v, %s", f, fmt.Sprint(s.calls))
		}
	})
}

// TestNobodyIsProvisionedOnDemandWhileChangesAreOff, also not the rest of a group
// that a process with changes on began.
func TestNobodyIsProvisionedOnDemandWhileChangesAreOff(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(60))
		s.commitOf(t, newRepository("c1").with(4*time.Hour, "", grant(1, 1, readOnly)))
		after(10 * time.Second) // the first five, and not the rest
		s.stop()
		before, _ := s.demandsSoFar()
		s = newSystem(t, s.world, s.db, provision.Options{})
		s.run(t)
		after(20 * time.Minute)
		if at, members := s.demandsSoFar(); len(before) == 0 || len(before) == 12 || len(at) != len(before) {
			t.Errorf("%d requests before, %d since changes are off: %v", len(before), len(at)-len(before), members)
		}
	})
}
