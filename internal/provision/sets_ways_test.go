package provision_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/permset"
)

// gutted is the surroundings and steps of a commit that takes the only policy of
// a set away.
func gutted() (provision.SetSurroundings, permset.Result) {
	s := provision.SetSurroundings{EnableChanges: true, ConfigManagement: managementAccount, LiveManagement: managementAccount,
		Caller: provision.Caller{Account: botAccount, ARN: "arn:aws:iam::" + botAccount + ":role/bot"}, Pending: true, Commit: sha("b"),
		Want: view("Admin", time.Hour), Live: &permset.Live{Definition: view("Admin", time.Hour, policyAdmin), Accounts: []string{accountID(1)}},
		Ways: provision.SetWays{Known: true, Protected: []string{"aws-breakglass"}, Last: []string{accountID(1)}}}
	return s, permset.Diff(permset.Input{Want: s.Want, Live: s.Live, Pending: true, Owned: []string{"managed policy " + policyAdmin}})
}

func TestASetThatIsAWayInIsNotNarrowed(t *testing.T) {
	t.Parallel()
	allow := func(commit string, sets ...string) *config.RemovalAllowance {
		return &config.RemovalAllowance{Commit: commit, PermissionSets: sets}
	}
	tests := []struct {
		name string
		set  func(s *provision.SetSurroundings)
		want provision.Code
		says string
	}{
		{"both protected and the last way", func(*provision.SetSurroundings) {}, provision.CodeSetWay, "aws-breakglass"},
		{"protected", func(s *provision.SetSurroundings) { s.Ways.Last = nil }, provision.CodeSetWay, `limits: {allow: {commit: "` + sha("b") + `", permission_sets: ["Admin"]}}`},
		{"the last way", func(s *provision.SetSurroundings) { s.Ways.Protected = nil }, provision.CodeSetWay, "can administer account " + accountID(1)},
		{"nothing hangs on it", func(s *provision.SetSurroundings) { s.Ways = provision.SetWays{Known: true} }, "", ""},
		{"what hangs on it is not known", func(s *provision.SetSurroundings) { s.Ways.Known = false }, provision.CodeIncomplete, "not known what hangs on it"},
		{"the live set is not known", func(s *provision.SetSurroundings) { s.Live = nil }, provision.CodeSetWay, ""},
		{"allowed later", func(s *provision.SetSurroundings) { s.Allow = allow(sha("b"), "Other", "Admin") }, "", ""},
		{"allowed for another set", func(s *provision.SetSurroundings) { s.Allow = allow(sha("b"), "Other") }, provision.CodeSetWay, ""},
		{"as many removals are allowed as have it", func(s *provision.SetSurroundings) {
			s.Allow = &config.RemovalAllowance{Commit: sha("b"), Removals: 1000}
		}, provision.CodeSetWay, ""},
		{"allowed for another commit", func(s *provision.SetSurroundings) { s.Allow = allow(sha("a"), "Admin") }, provision.CodeSetWay, ""},
		{"allowed for no commit, of which none is known", func(s *provision.SetSurroundings) { s.Commit, s.Allow = "", allow("", "Admin") }, provision.CodeSetWay, "<full id of the commit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, diff := gutted()
			tt.set(&s)
			if code, says := provision.CheckSet(diff, s); code != tt.want || !strings.Contains(says, tt.says) {
				t.Errorf("%q %q, want %q with %q", code, says, tt.want, tt.says)
			}
		})
	}
}

// adminSet is a world in which groups 1 and 2 are known and set Root is the
// AdministratorAccess of accounts 1 and 2, and the file of Root with policies.
func adminSet(t *testing.T) (*setSystem, *permset.Live) {
	t.Helper()
	svc := newSetService(newWorld().populate(1, 1, 2))
	live := svc.have(view("Root", time.Hour, policyAdmin), accountID(1), accountID(2))
	return startedSets(t, svc), live
}

func rootFile(policies ...string) *config.PermissionSet {
	return declared("Root", time.Hour, policies...)
}

func (s *setSystem) policies(name string) string {
	return strings.Join(s.service.see(name).Managed, " ")
}

// TestACommitThatGutsTheLastWayIsHeld until another is live there, or a later
// change of the control plane allows it as printed.
func TestACommitThatGutsTheLastWayIsHeld(t *testing.T) {
	full := func(id string) *repository {
		return newRepository(id).with(0, "", grant(1, 1, "Root"), grant(1, 2, "Root"))
	}
	for _, way := range []string{"allowed", "another way", "put back"} {
		t.Run(way, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s, _ := adminSet(t)
				s.commitOf(t, full(sha("a")).declaring(rootFile(policyAdmin)))
				after(30 * time.Minute)
				s.commitOf(t, full(sha("b")).declaring(rootFile(policyView)))
				after(3 * time.Hour)
				r := s.record(t, "Root")
				if s.policies("Root") != policyAdmin || r.Code != provision.CodeSetWay || r.Trouble == "" {
					t.Fatalf("live %q; %s %q", s.policies("Root"), r.Code, r.Trouble)
				}
				next := full(sha("c")).declaring(rootFile(policyView))
				switch way {
				case "allowed":
					next.repo.Access.Limits.Allow = merged(t, s.noticed(), "Root would permit less")
				case "another way":
					next = next.with(0, "", grant(2, 1, admin), grant(2, 2, admin))
				case "put back":
					next = full(sha("c")).declaring(rootFile(policyAdmin))
				}
				s.commitOf(t, next)
				after(time.Hour)
				want, r := policyView, s.record(t, "Root")
				if way == "put back" {
					want = policyAdmin
				}
				if s.policies("Root") != want || r.State != provision.SetApplied || r.Code != "" {
					t.Errorf("live %q, want %q; %s %s %q", s.policies("Root"), want, r.State, r.Code, r.Trouble)
				}
			})
		})
	}
}

// TestWhatIsNoLastWayMayBeNarrowed, and what is one may be changed otherwise.
func TestWhatIsNoLastWayMayBeNarrowed(t *testing.T) {
	day := 20 * time.Hour
	tests := map[string]struct {
		first, then func(r *repository) *repository
		want        string
	}{
		"it is assigned with an end only": {
			func(r *repository) *repository {
				return r.with(day, "", grant(1, 1, "Root"), grant(1, 2, "Root")).declaring(rootFile(policyAdmin))
			},
			func(r *repository) *repository {
				return r.with(day, "", grant(1, 1, "Root"), grant(1, 2, "Root")).declaring(rootFile(policyView))
			}, policyView},
		"others are there": {
			func(r *repository) *repository {
				return r.with(0, "", grant(1, 1, "Root"), grant(1, 2, "Root"), grant(2, 1, admin), grant(2, 2, admin)).declaring(rootFile(policyAdmin))
			},
			func(r *repository) *repository {
				return r.with(0, "", grant(1, 1, "Root"), grant(1, 2, "Root"), grant(2, 1, admin), grant(2, 2, admin)).declaring(rootFile(policyView))
			}, policyView},
		"others are there in one account": {
			func(r *repository) *repository {
				return r.with(0, "", grant(1, 1, "Root"), grant(1, 2, "Root"), grant(2, 1, admin)).declaring(rootFile(policyAdmin))
			},
			func(r *repository) *repository {
				return r.with(0, "", grant(1, 1, "Root"), grant(1, 2, "Root"), grant(2, 1, admin)).declaring(rootFile(policyView))
			}, policyAdmin},
		"somebody has it whom no commit knows": {
			func(r *repository) *repository {
				return r.with(0, "", grant(1, 1, "Root"), grant(2, 1, admin)).declaring(rootFile(policyAdmin))
			},
			func(r *repository) *repository {
				return r.with(0, "", grant(1, 1, "Root"), grant(2, 1, admin)).declaring(rootFile(policyView))
			}, policyAdmin},
		"it is brought near an end, and narrowed": {
			func(r *repository) *repository {
				return r.with(0, "", grant(1, 1, "Root"), grant(1, 2, "Root")).declaring(rootFile(policyAdmin))
			},
			func(r *repository) *repository {
				return r.with(day, "", grant(1, 1, "Root"), grant(1, 2, "Root")).declaring(rootFile(policyView))
			}, policyAdmin},
		"a policy more": {
			func(r *repository) *repository {
				return r.with(0, "", grant(1, 1, "Root"), grant(1, 2, "Root")).declaring(rootFile(policyAdmin))
			},
			func(r *repository) *repository {
				return r.with(0, "", grant(1, 1, "Root"), grant(1, 2, "Root")).declaring(rootFile(policyAdmin, policyView))
			}, policyAdmin + " " + policyView},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s, _ := adminSet(t)
				first := tt.first(newRepository(sha("a")))
				s.commitOf(t, first)
				after(30 * time.Minute)
				s.commitOf(t, tt.then(newRepository(sha("b"))).since(first))
				after(time.Hour)
				if r := s.record(t, "Root"); s.policies("Root") != tt.want {
					t.Errorf("live %q, want %q; %s %q", s.policies("Root"), tt.want, r.Code, r.Trouble)
				}
			})
		})
	}
}

// TestTwoWaysAreNotGuttedTogether: each is only a way because its name says so.
func TestTwoWaysAreNotGuttedTogether(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld().populate(1, 1, 2))
		svc.have(view("Root", time.Hour, policyAdmin), accountID(1))
		svc.have(view(admin, time.Hour, policyAdmin), accountID(1))
		s := startedSets(t, svc)
		repo := func(id, policy string) *repository {
			r := newRepository(id).with(0, "", grant(1, 1, "Root"), grant(2, 1, admin)).declaring(rootFile(policy), declared(admin, time.Hour, policy))
			r.repo.Access.Onboarding.Baseline = []config.ProtectedGrant{{Group: "aws-group-1", PermissionSet: "Root"}}
			return r
		}
		s.commitOf(t, repo(sha("a"), policyAdmin))
		after(30 * time.Minute)
		s.commitOf(t, repo(sha("b"), policyView))
		after(3 * time.Hour)
		if s.policies("Root") != policyAdmin && s.policies(admin) != policyAdmin {
			t.Errorf("both gutted: %q, %q", s.policies("Root"), s.policies(admin))
		}
	})
}

// TestAProtectedGrantsSetIsNotGutted, also not by a commit that takes the grant
// off "protected"; a commit after that may.
func TestAProtectedGrantsSetIsNotGutted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, _ := adminSet(t)
		repo := func(id string, protected bool, policies ...string) *repository {
			r := newRepository(id).with(0, "", grant(1, 1, "Root"), grant(1, 2, "Root"), grant(2, 1, admin), grant(2, 2, admin)).declaring(rootFile(policies...))
			if protected {
				r.repo.Access.Protected = []config.ProtectedGrant{{Group: "aws-group-1", PermissionSet: "Root"}}
			}
			return r
		}
		s.commitOf(t, repo(sha("a"), true, policyAdmin))
		after(30 * time.Minute)
		for i, protected := range []bool{true, false} {
			s.commitOf(t, repo(sha([]string{"b", "c"}[i]), protected, policyView))
			after(2 * time.Hour)
			if r := s.record(t, "Root"); s.policies("Root") != policyAdmin || r.Code != provision.CodeSetWay {
				t.Errorf("protected %t: live %q; %s %q", protected, s.policies("Root"), r.Code, r.Trouble)
			}
		}
		longer := repo(sha("d"), true, policyAdmin)
		longer.repo.PermissionSets["Root"].SessionDuration = 8 * time.Hour
		s.commitOf(t, longer)
		after(time.Hour)
		if got := s.service.see("Root").Session; got != 8*time.Hour {
			t.Errorf("the session is %s: a change that takes nothing away is held", got)
		}
		s.commitOf(t, repo(sha("e"), false, policyAdmin))
		after(time.Hour)
		s.commitOf(t, repo(sha("f"), false, policyView))
		after(time.Hour)
		if s.policies("Root") != policyView {
			t.Errorf("live %q, though it was taken off \"protected\" before: %q", s.policies("Root"), s.record(t, "Root").Trouble)
		}
	})
}

// TestNothingNewIsGivenWithASetThatIsNotNarrowed: its file says less than it gives.
func TestNothingNewIsGivenWithASetThatIsNotNarrowed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, _ := adminSet(t)
		repo := func(id, policy string, more ...config.Assignment) *repository {
			return newRepository(id).with(0, "", grant(1, 1, "Root"), grant(1, 2, "Root")).with(0, "", more...).declaring(rootFile(policy))
		}
		s.commitOf(t, repo(sha("a"), policyAdmin))
		after(30 * time.Minute)
		s.commitOf(t, repo(sha("b"), policyView))
		after(30 * time.Minute)
		s.commitOf(t, repo(sha("c"), policyView, grant(2, 1, "Root")))
		after(time.Hour)
		if s.isLive(grant(2, 1, "Root")) {
			t.Error("AdministratorAccess was given where the file says another policy")
		}
		s.commitOf(t, repo(sha("d"), policyAdmin, grant(2, 1, "Root")))
		after(time.Hour)
		if !s.isLive(grant(2, 1, "Root")) {
			t.Errorf("not given once the file is as it was: %+v", s.facts(t, grant(2, 1, "Root")))
		}
	})
}
