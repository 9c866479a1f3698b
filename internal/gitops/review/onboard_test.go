package review

import (
	"slices"
	"strings"
	"testing"
)

const (
	newAccount = "444455556666"
	newFile    = "accounts/ledger.yaml"
	newText    = "id: \"444455556666\"\nname: ledger\nstage: sso\nou: /Sandbox\nowners: [yuki@example.com]\n"
	adminFile  = "groups/aws-platform-admins.yaml"
	baseline   = "  - account: ledger\n    permission_set: AdministratorAccess\n"
	crmFile    = "accounts/crm-legacy.yaml"
	crm        = "333344441111"
)

// TestAnOnboardingMayDoNothingElse: the bot brings in the account that was asked
// for, with its baseline or by a step of its file, whoever approves.
func TestAnOnboardingMayDoNothingElse(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	fresh := base.plus(newFile, newText)
	with := fresh.grant(adminFile, baseline)
	stage := base.with(t, crmFile, "stage: legacy ", "stage: sso ")
	tests := []struct {
		name    string
		account string
		base    tree
		after   tree
		only    bool
	}{
		{"a new file with its baseline", newAccount, base, with, true},
		{"a new file alone", newAccount, base, fresh, true},
		{"the stage of a legacy file", crm, base, stage, true},
		{"the baseline that a file lacks", newAccount, fresh, with, true},
		{"another account", "444455556667", base, with, false},
		{"a legacy file", newAccount, base, base.plus(newFile, strings.Replace(newText, "sso", "legacy", 1)), false},
		{"nothing", crm, stage, stage, false},
		{"two accounts", newAccount, base, with.plus("accounts/b.yaml", strings.ReplaceAll(newText, "4444", "5555")), false},
		{"another set", newAccount, base, with.grant(adminFile, strings.Replace(baseline, "AdministratorAccess", "ReadOnlyAccess", 1)), false},
		{"another group", newAccount, base, with.grant(devFile, baseline), false},
		{"a line with an end", newAccount, base, fresh.grant(adminFile, baseline+"    duration: 4h\n"), false},
		{"a line that the asker could take away alone", newAccount, base, fresh.grant(adminFile, baseline+"    request: REQ-7F3K2Q\n"), false},
		{"the baseline in another account too", newAccount, base, with.grant(adminFile, strings.Replace(baseline, "ledger", "payments-dev", 1)), false},
		{"another reason too", newAccount, base, with.with(t, devFile, "reason: ", "reason: x"), false},
		{"a new group too", newAccount, base, with.plus("groups/z.yaml", "id: 0b7e3f4c-0000-4000-8000-0000000000f1\nname: z\naccess: []\n"), false},
		{"people too", newAccount, base, with.with(t, "people.yaml", "U0KEN", "U0KEN2"), false},
		{"the stage with the baseline", crm, base, stage.grant(adminFile, strings.Replace(baseline, "ledger", "crm-legacy", 1)), false},
		{"the stage and the OU", crm, base, stage.with(t, crmFile, "ou: /\n", "ou: /Sandbox\n"), false},
		{"the owners", crm, stage, stage.with(t, crmFile, "owners: [lena@example.com]", "owners: [yuki@example.com]"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, tt.base, tt.after)
			in.Request = &Request{ID: "REQ-7F3K2Q", Kind: Onboard, Requester: hanaEntra, Account: tt.account}
			v := Evaluate(in)
			if slices.Contains(refusals(v), string(RefusedOnboard)) == tt.only {
				t.Errorf("refused %q, want it to be %v", v.Refused, !tt.only)
			}
		})
	}
}

// TestAnOnboardingNeedsItsApprovers: of the new file and of its baseline, by the
// people of onboarding; who asked is none of them.
func TestAnOnboardingNeedsItsApprovers(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	after := base.plus(newFile, newText).grant(adminFile, baseline)
	for name, tt := range map[string]struct {
		requester string
		by        []User
		pass      bool
	}{
		"one of the control plane": {hanaEntra, []User{ken}, true},
		"nobody":                   {hanaEntra, nil, false},
		"the owner that it names":  {hanaEntra, []User{yuki}, false},
		"who asked":                {kenEntra, []User{ken}, false},
		"another than who asked":   {kenEntra, []User{ken, lena}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var reviews []Review
			for _, u := range tt.by {
				reviews = append(reviews, approved(u))
			}
			in := input(t, base, after, reviews...)
			in.Members[adminGroup], in.Members[glassGroup] = []string{}, []string{}
			for _, a := range in.Change.Added {
				if _, read := in.Members[a.Assignment.Principal.ID]; !read {
					in.Members[a.Assignment.Principal.ID] = []string{}
				}
			}
			in.Request = &Request{ID: "REQ-7F3K2Q", Kind: Onboard, Requester: tt.requester, Account: newAccount}
			if v := Evaluate(in); v.Pass != tt.pass {
				t.Errorf("pass %v: %q, undecided %q", v.Pass, Sentences(v, in.Base, in.Head), v.Undecided)
			}
		})
	}
}
