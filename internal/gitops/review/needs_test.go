package review

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
)

const (
	freshFile   = "accounts/fresh.yaml"
	fresh       = "id: \"123123123123\"\nname: fresh\nstage: sso\nou: /Workloads/Dev\nowners: [hana@example.com]\ntags: {env: dev}\n"
	adminsFile  = "groups/aws-platform-admins.yaml"
	onboarders  = "  approvers: [control-plane]                          # for new"
	lastRule    = "  - name: everything else\n    match: {}\n    approvers: [control-plane]\n    count: 1\n    max_duration: 24h\n"
	accessFile  = "aws-access.yaml"
	newGroup    = "id: 0b7e3f4c-0000-4000-8000-0000000000aa\nname: aws-newcomers\n"
	newUser     = "id: 3c1d9a70-0000-4000-8000-0000000000aa\nname: newcomer@example.com\n"
	powerInTest = "access:\n" + devGrant
)

// rules lists what is to be approved, "subject/rule", and by whom.
func rules(v Verdict) []string {
	var out []string
	for _, n := range v.Needs {
		by := ""
		for _, s := range n.Steps {
			by += " " + refs(s.Approvers)
		}
		out = append(out, string(n.Subject)+"/"+n.Rule+by)
	}
	slices.Sort(out)
	return out
}

// TestT10WhatNoEntryGivesIsTheControlPlanes: an assignment that comes, or lasts
// longer, though no entry of a group or user was touched, is asked of the
// control plane, also where the change names none of its fields. A new account
// is the exception: it is asked of those who bring accounts in.
func TestT10WhatNoEntryGivesIsTheControlPlanes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		from    bool
		longer  bool
		account bool
		want    bool
	}{
		{"comes", true, false, false, true},
		{"lasts longer", true, true, false, true},
		{"comes by an entry", false, false, false, false},
		{"lasts longer by an entry", false, true, false, false},
		{"comes with a new account", true, false, true, false},
		{"lasts longer beside a new account", true, true, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base := exampleTree(t)
			after := base.grant(devFile, devGrant)
			if tt.account {
				after = after.plus(freshFile, fresh)
			}
			in := input(t, base, after)
			c := &in.Change
			c.Added = slices.DeleteFunc(c.Added, func(a config.AssignmentChange) bool { return a.Assignment.Principal.ID != devGroup })
			if len(c.Control) != 0 || len(c.Added) != 1 {
				t.Fatalf("the change is %+v", c)
			}
			c.Added[0].FromControl = tt.from
			if tt.longer {
				c.Added, c.Lengthened = nil, c.Added
			}
			v := Evaluate(in)
			if got := slices.Contains(rules(v), "control-plane/control plane team:platform"); got != tt.want {
				t.Errorf("asked: %v, want %v; needs %q", got, tt.want, rules(v))
			}
		})
	}
}

// TestANewFileIsOfItsGrantsRule, be it of a group or of a user; without a grant
// it is the control plane's.
func TestANewFileIsOfItsGrantsRule(t *testing.T) {
	t.Parallel()
	const (
		byOwner   = "add/read and develop account-owners"
		byControl = "control-plane/control plane team:platform"
	)
	tests := []struct {
		name, path, content string
		want                []string
	}{
		{"a group with a grant", "groups/aws-newcomers.yaml", newGroup + powerInTest, []string{byOwner}},
		{"a user with a grant", "users/newcomer.yaml", newUser + powerInTest, []string{byOwner}},
		{"a group without one", "groups/aws-newcomers.yaml", newGroup + "access: []\n", []string{byControl}},
		{"a user without one", "users/newcomer.yaml", newUser + "access: []\n", []string{byControl}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base := exampleTree(t)
			v := Evaluate(byHand(input(t, base, base.plus(tt.path, tt.content)), taro))
			if diff := cmp.Diff(tt.want, rules(v)); diff != "" {
				t.Errorf("what is to be approved (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWhatNobodyIsNamedForIsRefused: it would wait for ever. What needs nobody
// is not: who may take access away alone takes it.
func TestWhatNobodyIsNamedForIsRefused(t *testing.T) {
	t.Parallel()
	t.Run("a new account", func(t *testing.T) {
		t.Parallel()
		base := exampleTree(t)
		in := byHand(input(t, base, base.plus(freshFile, fresh)), taro)
		in.Base.Access.Onboarding.Approvers = nil
		v := Evaluate(in)
		if v.Pass || !slices.Contains(refusals(v), string(RefusedNoApprovers)) {
			t.Errorf("pass %v, refused %q", v.Pass, v.Refused)
		}
		if said := strings.Join(Sentences(v, in.Base, in.Head), "\n"); !strings.Contains(said, "Name approvers in aws-access.yaml first.") {
			t.Errorf("it says no mend:\n%s", said)
		}
	})
	for _, who := range []struct {
		name, entra string
		refused     bool
	}{{"taken away by its owner", yukiEntra, false}, {"taken away by others", kenEntra, true}} {
		t.Run(who.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, exampleTree(t).grant(devFile, devGrant), exampleTree(t))
			in.Request = &Request{Kind: Revoke, Requester: who.entra}
			in.Base.Access.Approvals, in.Base.Access.ControlPlane = nil, nil
			v := Evaluate(in)
			if got := slices.Contains(refusals(v), string(RefusedNoApprovers)); got != who.refused || v.Pass == who.refused {
				t.Errorf("refused: %v, want %v; pass %v, %q", got, who.refused, v.Pass, v.Refused)
			}
		})
	}
}

// TestTheBaselineIsOfThoseWhoBringAccountsIn, and what else the same group gains
// in the new account is its rule's.
func TestTheBaselineIsOfThoseWhoBringAccountsIn(t *testing.T) {
	t.Parallel()
	base := exampleTree(t).with(t, accessFile, onboarders, "  approvers: [team:security] # for new")
	after := base.plus(freshFile, fresh).grant(adminsFile, "  - account: fresh\n    permission_set: AdministratorAccess\n")
	in := byHand(input(t, base, after), taro)
	in.Change.Added = slices.DeleteFunc(in.Change.Added, func(a config.AssignmentChange) bool { return a.Assignment.Principal.ID != adminGroup })
	want := []string{
		"add/onboarding baseline team:security",
		"add/read and develop account-owners",
		"new-account/onboarding team:security",
	}
	if diff := cmp.Diff(want, rules(Evaluate(in))); diff != "" {
		t.Errorf("what is to be approved (-want +got):\n%s", diff)
	}
}

// TestWhatNoRuleCoversIsRefused, and says where to add one.
func TestWhatNoRuleCoversIsRefused(t *testing.T) {
	t.Parallel()
	base := exampleTree(t).with(t, accessFile, lastRule, "")
	in := input(t, base, base.grant(devFile, strings.Replace(devAsked, "PowerUserAccess", "AdministratorAccess", 1)))
	v := Evaluate(in)
	if diff := cmp.Diff([]string{string(RefusedNoRule)}, refusals(v)); diff != "" || v.Pass {
		t.Errorf("pass %v, refused (-want +got):\n%s", v.Pass, diff)
	}
}
