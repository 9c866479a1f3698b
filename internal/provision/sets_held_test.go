package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/internal/provision"
)

// TestTheLastWayStaysAWayThoughItsFileSaysOtherwise: a commit takes the policy out of
// a file, or the file away, so that the set stays in AWS as it was; the next takes the
// assignments away.
func TestTheLastWayStaysAWayThoughItsFileSaysOtherwise(t *testing.T) {
	full := func(id string) *repository {
		return newRepository(id).with(0, "", grant(1, 1, "Root"), grant(1, 2, "Root"), grant(2, 3, readOnly))
	}
	less := func(id string) *repository { return newRepository(id).with(0, "", grant(2, 3, readOnly)) }
	for name, file := range map[string]func(*repository) *repository{
		"it would permit less": func(r *repository) *repository { return r.declaring(rootFile(policyView)) },
		"its file is gone":     func(r *repository) *repository { return r },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s, _ := adminSet(t)
				s.commitOf(t, full(sha("a")).declaring(rootFile(policyAdmin)))
				after(30 * time.Minute)
				s.commitOf(t, file(full(sha("b"))))
				after(time.Hour)
				if s.policies("Root") != policyAdmin {
					t.Fatalf("live %q", s.policies("Root"))
				}
				s.commitOf(t, file(less(sha("c"))))
				after(3 * time.Hour)
				for n := 1; n <= 2; n++ {
					a := grant(1, n, "Root")
					if f := s.facts(t, a); !s.isLive(a) || f.TroubleCode != string(provision.CodeLastWay) {
						t.Errorf("the last way into account %d is live %v, held by %q", n, s.isLive(a), f.TroubleCode)
					}
				}
			})
		})
	}
}

// TestASetWithMoreThanItsFileSaysIsAWay: somebody added the policy in AWS, and the bot
// reports and leaves it.
func TestASetWithMoreThanItsFileSaysIsAWay(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, _ := adminSet(t)
		door := grant(1, 1, "Root")
		s.commitOf(t, newRepository(sha("a")).with(0, "", door, grant(2, 3, readOnly)).declaring(rootFile(policyView)))
		after(30 * time.Minute)
		s.commitOf(t, newRepository(sha("b")).with(0, "", grant(2, 3, readOnly)).declaring(rootFile(policyView)))
		after(3 * time.Hour)
		if f := s.facts(t, door); !s.isLive(door) || f.TroubleCode != string(provision.CodeLastWay) {
			t.Errorf("the last way is live %v, held by %q", s.isLive(door), f.TroubleCode)
		}
	})
}

// TestASetIsNotNarrowedForAnotherWayThatNobodyHas until somebody is in its group.
func TestASetIsNotNarrowedForAnotherWayThatNobodyHas(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld().populate(1, 1, 2))
		svc.have(view("Root", time.Hour, policyAdmin), accountID(1))
		s := startedSets(t, svc)
		fill := func(members int) {
			s.do(func() {
				s.members[groupID(2)] = s.members[groupID(1)][:members]
				s.scim[groupID(2)] = scimGroup{id: storeID(groupID(2)), members: idsOf(s.members[groupID(2)])}
			})
		}
		fill(0)
		with := func(id, policy string) *repository {
			return newRepository(id).with(0, "", grant(1, 1, "Root"), grant(2, 1, admin)).declaring(rootFile(policy))
		}
		s.commitOf(t, with(sha("a"), policyAdmin))
		after(30 * time.Minute)
		s.commitOf(t, with(sha("b"), policyView))
		after(3 * time.Hour)
		if r := s.record(t, "Root"); s.policies("Root") != policyAdmin || r.Code != provision.CodeSetWay {
			t.Fatalf("live %q, %q", s.policies("Root"), r.Code)
		}
		fill(1)
		after(time.Hour)
		if s.policies("Root") != policyView {
			t.Errorf("live %q, though somebody is in the other group", s.policies("Root"))
		}
	})
}
