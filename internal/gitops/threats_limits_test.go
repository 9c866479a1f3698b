package gitops_test

import (
	"slices"
	"strings"
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/guard"
	"aws-access-bot/internal/sandbox/githubemu"
)

// everybody approves.
func everybody(w *world, n int, but ...string) {
	w.t.Helper()
	for _, login := range []string{"yuki-lead", "ken-platform", "lena-platform", "mio-sec", "taro-data", "hana-dev"} {
		if !slices.Contains(but, login) {
			w.review(login, n, "APPROVE")
		}
	}
}

// mergedHand merges changes by Hana that everybody else approved.
func mergedHand(w *world, changes map[string]*githubemu.File) {
	w.t.Helper()
	n := w.byHand("hana-dev", "topic", changes)
	everybody(w, n, "hana-dev")
	w.merge(n, "squash")
}

// TestT32OddFilesNeverCount: a tree with links, submodules, doubled or odd
// names is passed over, though everybody approved it.
func TestT32OddFilesNeverCount(t *testing.T) {
	t.Parallel()
	var attacks []attack
	for name, f := range map[string]struct {
		path string
		file githubemu.File
	}{
		"a link to another file":       {"groups/link.yaml", githubemu.File{Content: "aws-payments-dev.yaml", Mode: "120000"}},
		"a link out of the repo":       {"docs/link", githubemu.File{Content: "../../../etc/passwd", Mode: "120000"}},
		"a submodule":                  {"groups/module", githubemu.File{Content: strings.Repeat("1", 40), Mode: "160000"}},
		"an executable":                {"groups/aws-x.yaml", githubemu.File{Content: "x", Mode: "100755"}},
		"a name but for case":          {"groups/AWS-Payments-dev.yaml", githubemu.File{Content: "x"}},
		"a folder but for case":        {"Groups/aws-x.yaml", githubemu.File{Content: "x"}},
		"an encoded way up":            {"groups/..%2fpeople.yaml", githubemu.File{Content: "x"}},
		"a folder in a folder":         {"groups/x/people.yaml", githubemu.File{Content: "x"}},
		"attributes, hidden by case":   {"groups/.GitAttributes", githubemu.File{Content: "* export-ignore\n"}},
		"a name with a backslash":      {`groups\x.yaml`, githubemu.File{Content: "x"}},
		"a name with a zero-width one": {"docs/a\u200bb.md", githubemu.File{Content: "x"}},
		"a name that turns round":      {"docs/a\u202egpj.md", githubemu.File{Content: "x"}},
	} {
		attacks = append(attacks, attack{name, nil, func(w *world) {
			mergedHand(w, map[string]*githubemu.File{f.path: &f.file, devFile: w.grantLine(devFile, devGrant)})
			w.look()
			if len(w.status().Passed) != 1 {
				w.t.Errorf("passed over %v", w.status().Passed)
			}
		}, ""})
	}
	withstand(t, attacks)
}

// TestT33WhatASetMeansIsNotTheOwnersToApprove: a set is changed by the control
// plane, alone, and never in the shadow of a grant.
func TestT33WhatASetMeansIsNotTheOwnersToApprove(t *testing.T) {
	t.Parallel()
	const file = "permission-sets/ReadOnlyAccess.yaml"
	admin := func(w *world) *githubemu.File {
		text := exampleFiles(w.t)[file]
		at := strings.Index(text, "managed_policies:")
		if at < 0 {
			w.t.Fatal("the example's set has no policies")
		}
		return &githubemu.File{Content: text[:at] + "managed_policies: [arn:aws:iam::aws:policy/AdministratorAccess]\n"}
	}
	withstand(t, []attack{
		{"the same name, approved by the accounts' owners", nil, func(w *world) {
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{file: admin(w)})
			for _, login := range []string{"yuki-lead", "taro-data", "mio-sec"} {
				w.review(login, n, "APPROVE")
			}
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"the same name, approved by one of the control plane", nil, func(w *world) {
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{file: admin(w)})
			w.review("ken-platform", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"with a grant of it, approved by everybody", nil, func(w *world) {
			mergedHand(w, map[string]*githubemu.File{file: admin(w), devFile: w.grantLine(devFile, devGrant)})
		}, gitops.HaltRefused},
		{"a new set of our own, with a grant of it", nil, func(w *world) {
			mergedHand(w, map[string]*githubemu.File{
				"permission-sets/Harmless.yaml": {Content: "name: Harmless\nmanaged_policies: [arn:aws:iam::aws:policy/AdministratorAccess]\n"},
				devFile:                         w.grantLine(devFile, strings.Replace(devGrant, "PowerUserAccess", "Harmless", 1)),
			})
		}, gitops.HaltRefused},
		{"a set above the rule's, approved by the owner only", nil, func(w *world) {
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, strings.Replace(devGrant, "PowerUserAccess", "AdministratorAccess", 1))})
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"a name that no rule knows, approved by the owner only", nil, func(w *world) {
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, strings.Replace(devGrant, "PowerUserAccess", "PowerUserAccess2", 1))})
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
	})
}

// TestT34NoMergeReachesTheManagementAccount, approved by everybody or not.
func TestT34NoMergeReachesTheManagementAccount(t *testing.T) {
	t.Parallel()
	const master = "id: \"999999999999\"\nname: master\nstage: sso\nou: /Workloads/Dev\nowners: [yuki@example.com]\ntags: {env: dev, team: payments}\n"
	withstand(t, []attack{
		{"its file and a grant at once", nil, func(w *world) {
			mergedHand(w, map[string]*githubemu.File{"accounts/master.yaml": {Content: master}, devFile: w.grantLine(devFile, strings.Replace(devGrant, "payments-dev", "master", 1))})
		}, ""},
		{"its number in another's file", nil, func(w *world) {
			mergedHand(w, map[string]*githubemu.File{"accounts/payments-dev.yaml": w.file("accounts/payments-dev.yaml", "111122224444", "999999999999")})
			w.look()
			for _, d := range w.desired() {
				if d == "999999999999" {
					w.t.Error("the management account is desired")
				}
			}
		}, ""},
	})
}

// desired has the accounts of all that is desired now.
func (w *world) desired() []string {
	w.t.Helper()
	f, err := w.InForce(w.t.Context())
	w.must(err)
	var out []string
	for _, d := range f.Repo.Desired(f.Starts, w.clock.Now()) {
		out = append(out, d.Assignment.Account)
	}
	return out
}

// TestT41NoMergeTakesAProtectedGrantAway, whoever approved it: the commit is
// invalid or refused, since the protection must have ended in one before.
func TestT41NoMergeTakesAProtectedGrantAway(t *testing.T) {
	t.Parallel()
	const glass = "groups/aws-breakglass.yaml"
	gone := func(w *world, changes map[string]*githubemu.File) {
		mergedHand(w, changes)
		w.look()
		if len(w.ops.list) != 1 || !strings.Contains(w.ops.list[0].Text, "breakglass") {
			w.t.Errorf("told %+v", w.ops.list)
		}
	}
	withstand(t, []attack{
		{"its entry is gone", nil, func(w *world) {
			text := exampleFiles(w.t)[glass]
			gone(w, map[string]*githubemu.File{glass: {Content: text[:strings.Index(text, "access:")] + "access: []\n"}})
		}, ""},
		{"its entry is narrowed", nil, func(w *world) {
			gone(w, map[string]*githubemu.File{glass: w.file(glass, "accounts: {ou: /}", "accounts: {ou: /Sandbox}")})
		}, ""},
		{"its file is gone", nil, func(w *world) { gone(w, map[string]*githubemu.File{glass: nil}) }, ""},
		{"its entry and the protection are gone at once", nil, func(w *world) {
			text := exampleFiles(w.t)[glass]
			gone(w, map[string]*githubemu.File{
				glass:             {Content: text[:strings.Index(text, "access:")] + "access: []\n"},
				"aws-access.yaml": w.file("aws-access.yaml", "protected:                                            # never removed; put back if missing\n  - {group: aws-breakglass, permission_set: AdministratorAccess}\n", ""),
			})
		}, gitops.HaltRefused},
		{"another group has its name", nil, func(w *world) {
			gone(w, map[string]*githubemu.File{glass: w.file(glass, "id: 0b7e3f4c-0000-4000-8000-000000000013", "id: 0b7e3f4c-0000-4000-8000-0000000000ff")})
		}, gitops.HaltRefused},
	})
}

// TestT14AWeakenedRulesetIsFound as GitHub shows it, by its code; a good set-up
// has no finding but what GitHub does not show to an App.
func TestT14AWeakenedRulesetIsFound(t *testing.T) {
	t.Parallel()
	no, yes := false, true
	tests := []struct {
		name   string
		change func(rs []githubemu.Ruleset)
		want   guard.Code
	}{
		{"nothing is changed", func([]githubemu.Ruleset) {}, ""},
		{"not enforced", func(rs []githubemu.Ruleset) { rs[0].Enforcement = "disabled" }, guard.PullNotRequired},
		{"only evaluated", func(rs []githubemu.Ruleset) { rs[0].Enforcement = "evaluate" }, guard.CheckNotRequired},
		{"force pushes", func(rs []githubemu.Ruleset) { rs[0].Rules = slices.Delete(slices.Clone(rs[0].Rules), 1, 2) }, guard.ForcePush},
		{"deletion", func(rs []githubemu.Ruleset) { rs[0].Rules = slices.Delete(slices.Clone(rs[0].Rules), 0, 1) }, guard.Deletion},
		{"approvals that outlive a push", func(rs []githubemu.Ruleset) { rs[0].Rules[2].Parameters.DismissStale = &no }, guard.StaleKept},
		{"code owners", func(rs []githubemu.Ruleset) { rs[0].Rules[2].Parameters.CodeOwners = &yes }, guard.OwnApprovals},
		{"a check from anybody", func(rs []githubemu.Ruleset) { rs[0].Rules[3].Parameters.Checks[0].AppID = 0 }, guard.CheckAnySource},
		{"a check from another App", func(rs []githubemu.Ruleset) { rs[0].Rules[3].Parameters.Checks[0].AppID = 78 }, guard.CheckOtherSource},
		{"branches that lie behind", func(rs []githubemu.Ruleset) { rs[0].Rules[3].Parameters.Strict = &no }, guard.CheckNotStrict},
		{"another branch is guarded", func(rs []githubemu.Ruleset) { rs[0].Include = []string{"refs/heads/release"} }, guard.PullNotRequired},
		{"the branch is left out", func(rs []githubemu.Ruleset) { rs[0].Exclude = []string{"refs/heads/main"} }, guard.PullNotRequired},
		{"request branches are open", func(rs []githubemu.Ruleset) { rs[1].Enforcement = "disabled" }, guard.RequestsOpen},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			keepStale(w) // the test's own rulesets in place of the world's
			rulesets := githubemu.AccessRulesets("aws-access", appID, "access/")
			tt.change(rulesets)
			for _, rs := range rulesets {
				w.repo.PutRuleset(rs)
			}
			seen, err := w.client().Guards(t.Context(), "main", "access/REQ-000000")
			w.must(err)
			var codes []guard.Code
			for _, f := range guard.Compare(seen, guard.Want{Branch: "main", Prefix: "access/", Check: "aws-access", App: appID}) {
				codes = append(codes, f.Code)
				if f.Sentence == "" || f.Mend == "" {
					t.Errorf("%s says nothing", f.Code)
				}
			}
			hidden := []guard.Code{guard.BypassHidden, guard.RequestsHidden, guard.ClassicHidden}
			visible := slices.DeleteFunc(slices.Clone(codes), func(c guard.Code) bool { return slices.Contains(hidden, c) })
			if tt.want == "" && len(visible) != 0 || tt.want != "" && !slices.Contains(codes, tt.want) {
				t.Errorf("findings %v, want %q", codes, tt.want)
			}
		})
	}
}
