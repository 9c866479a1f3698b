package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/config"
)

const policyDeny = "arn:aws:iam::aws:policy/AWSDenyAll"

// TestASetThatCannotAdministerIsNoOtherWay, though it is in the baseline, is named
// so, or has the policy that allows everything.
func TestASetThatCannotAdministerIsNoOtherWay(t *testing.T) {
	tests := map[string]struct {
		set   string
		files []*config.PermissionSet
		base  bool
	}{
		"a baseline set without a file":           {set: readOnly, base: true},
		"a baseline set whose file says less":     {set: "Shut", files: []*config.PermissionSet{declared("Shut", time.Hour, policyView)}, base: true},
		"one that allows all and denies all":      {set: "Shut", files: []*config.PermissionSet{declared("Shut", time.Hour, policyAdmin, policyDeny)}},
		"the usual name with a file that is less": {set: admin, files: []*config.PermissionSet{declared(admin, time.Hour, policyView)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				svc := newSetService(newWorld().populate(1, 1, 2))
				svc.have(view("Root", time.Hour, policyAdmin), accountID(1))
				for _, f := range tt.files {
					svc.have(view(f.Name, time.Hour, f.ManagedPolicies...), accountID(1))
				}
				s := startedSets(t, svc)
				door, other := grant(1, 1, "Root"), grant(2, 1, tt.set)
				repo := func(id string, list ...config.Assignment) *repository {
					r := newRepository(id).with(0, "", list...).declaring(append(tt.files, rootFile(policyAdmin))...)
					if tt.base {
						r.repo.Access.Onboarding.Baseline = []config.ProtectedGrant{{Group: "aws-group-2", PermissionSet: tt.set}}
					}
					return r
				}
				s.commitOf(t, repo(sha("a"), door, other))
				after(30 * time.Minute)
				if !s.isLive(door) || !s.isLive(other) {
					t.Fatalf("not live at first: %v %v", s.isLive(door), s.isLive(other))
				}
				s.commitOf(t, repo(sha("b"), other))
				after(3 * time.Hour)
				if !s.isLive(door) {
					t.Error("the last that can administer the account went")
				}
			})
		})
	}
}

// TestASetOfAFileThatAdministersIsAnotherWay, where the bot writes sets and where
// it leaves them alone.
func TestASetOfAFileThatAdministersIsAnotherWay(t *testing.T) {
	door, other := grant(1, 1, admin), grant(2, 1, "Root")
	repo := func(id string, list ...config.Assignment) *repository {
		return newRepository(id).with(0, "", list...).declaring(rootFile(policyAdmin))
	}
	run := func(t *testing.T, s *system) {
		s.commitOf(t, repo(sha("a"), door, other))
		after(30 * time.Minute)
		s.commitOf(t, repo(sha("b"), other))
		after(3 * time.Hour)
		if s.isLive(door) || !s.isLive(other) {
			t.Errorf("the old way is live %v, the other %v", s.isLive(door), s.isLive(other))
		}
	}
	t.Run("it writes sets", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			svc := newSetService(newWorld().populate(1, 1, 2))
			svc.have(view("Root", time.Hour, policyAdmin), accountID(1))
			run(t, startedSets(t, svc).system)
		})
	})
	t.Run("it leaves them alone", func(t *testing.T) {
		inBubble(t, func(t *testing.T) { run(t, started(t, newWorld().populate(1, 1, 2))) })
	})
}

// TestASetThatCannotAdministerLetsNoOtherBeGutted: one of the baseline is not
// another way for a set either.
func TestASetThatCannotAdministerLetsNoOtherBeGutted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, _ := adminSet(t)
		repo := func(id, policy string) *repository {
			r := newRepository(id).with(0, "", grant(1, 1, "Root"), grant(1, 2, "Root"), grant(2, 1, readOnly), grant(2, 2, readOnly)).declaring(rootFile(policy))
			r.repo.Access.Onboarding.Baseline = []config.ProtectedGrant{{Group: "aws-group-2", PermissionSet: readOnly}}
			return r
		}
		s.commitOf(t, repo(sha("a"), policyAdmin))
		after(30 * time.Minute)
		s.commitOf(t, repo(sha("b"), policyView))
		after(3 * time.Hour)
		if got := s.policies("Root"); got != policyAdmin {
			t.Errorf("the only set that can administer has %q", got)
		}
	})
}
