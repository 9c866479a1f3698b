package review

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
)

// TestANarrowedProtectedEntryAsksTheControlPlane: accounts that join later would
// not get it. Nobody loses anything today, and the group's owner is not enough.
func TestANarrowedProtectedEntryAsksTheControlPlane(t *testing.T) {
	t.Parallel()
	const file, all = "groups/aws-breakglass.yaml", "  - accounts: {ou: /}                             # every account with stage: sso\n    permission_set: AdministratorAccess\n"
	base := exampleTree(t)
	var present strings.Builder
	for _, acc := range base.repo(t).Resolve(base.repo(t).Groups["aws-breakglass"].Access[0]) {
		present.WriteString("  - account: " + acc.Slug + "\n    permission_set: AdministratorAccess\n")
	}
	listed := present.String()
	tests := []struct {
		name       string
		base, head string
		reviews    []Review
		pass       bool
	}{
		{"its present accounts, by its owner", all, listed, nil, false},
		{"one of the control plane", all, listed, []Review{approved(ken)}, false},
		{"the control plane", all, listed, []Review{approved(ken), approved(lena)}, true},
		{"one of two entries that goes, whoever has it", all + listed, listed, nil, false},
		{"what a wider entry has too", all + listed, all, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := byHand(input(t, base.with(t, file, all, tt.base), base.with(t, file, all, tt.head), tt.reviews...), mio)
			in.Members[glassGroup] = []string{entra + "24"}
			if len(in.Change.Added)+len(in.Change.Removed) > 0 {
				t.Fatalf("it changes what there is today: %+v", in.Change)
			}
			v := Evaluate(in)
			if v.Pass != tt.pass {
				t.Errorf("pass %v: %q", v.Pass, Sentences(v, in.Base, in.Head))
			}
			want := "Taking away or narrowing the protected entry of AdministratorAccess for aws-breakglass (…00000013) needs 2 approvals of team:platform (accounts that join later would not get it); "
			if got := Sentences(v, in.Base, in.Head); !tt.pass && len(tt.reviews) == 0 && (len(got) != 1 || !strings.HasPrefix(got[0], want)) {
				t.Errorf("it says %q", got)
			}
		})
	}
}

// TestANarrowedSelectorIsARemoval, of what it would give to accounts that join
// later, though nobody loses anything today.
func TestANarrowedSelectorIsARemoval(t *testing.T) {
	t.Parallel()
	const (
		selector = "  - accounts: {ou: /Sandbox}\n    permission_set: PowerUserAccess\n    reason: x\n"
		nowhere  = "  - accounts: {ou: /Nowhere}\n    permission_set: PowerUserAccess\n    reason: x\n"
		explicit = "  - account: sandbox-play\n    permission_set: PowerUserAccess\n    reason: x\n"
		over     = "  - accounts: {ou: /Nowhere}\n    permission_set: PowerUserAccess\n    expires: 2026-11-20T11:00:00Z\n    reason: x\n"
		until    = "  - accounts: {ou: /Sandbox}\n    permission_set: PowerUserAccess\n    expires: 2026-11-20T15:00:00Z\n    reason: x\n"
		four     = "  - accounts: {ou: /Sandbox}\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: x\n"
	)
	owner := func(in *Input) {
		for _, r := range []*config.Repo{in.Base, in.Head} {
			r.Accounts["sandbox-play"].Owners = []config.ApproverRef{{Kind: config.ApproverEmail, Name: "taro@example.com"}}
		}
	}
	tests := []struct {
		name       string
		base, head string
		author     User
		change     func(*Input)
		want       string
	}{
		{"to its present account", selector, explicit, taro, nil, "Narrow the selector of PowerUserAccess in sandbox-play"},
		{"one of two that goes", selector + explicit, explicit, taro, nil, "Narrow the selector of PowerUserAccess in sandbox-play"},
		{"one that selects nothing", nowhere, "", taro, nil, "Narrow the selector of PowerUserAccess for aws-payments-dev (…00000011), which selects no account yet needs 1 approval of team:platform"},
		{"one that has ended", over, "", taro, nil, ""},
		{"to a part of what another has", selector + explicit, selector, taro, nil, ""},
		{"the same end in other words", four, until, taro, nil, ""},
		{"by a member of the group", selector, explicit, hana, nil, ""},
		{"by who owns the account", selector, explicit, taro, owner, ""},
		{"by a member, beside a gain", selector, explicit + devGrant, hana, nil, "Narrow the selector of"},
		{"by a member whom another helped", selector, explicit, hana, func(in *Input) { in.Pushers = append(in.Pushers, taro) }, "Narrow the selector of"},
		{"one that selects nothing, by a member", nowhere, "", hana, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base := exampleTree(t).grant(devFile, tt.base)
			after := exampleTree(t)
			if tt.head != "" {
				after = after.grant(devFile, tt.head)
			}
			in := byHand(input(t, base, after), tt.author)
			if tt.change != nil {
				tt.change(&in)
			}
			in.Starts = config.Starts{}
			for _, ref := range in.Base.Grants() {
				in.Starts[ref.Key] = config.Start{MergedAt: noon.Add(-time.Hour)}
			}
			in.Change = config.Compare(in.Base, in.Head, in.Starts, noon)
			v := Evaluate(in)
			if says := strings.Join(Sentences(v, in.Base, in.Head), " "); v.Pass != (tt.want == "") || !strings.Contains(says, tt.want) {
				t.Errorf("pass %v: %s", v.Pass, says)
			}
		})
	}
}
