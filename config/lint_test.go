package config

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"aws-access-bot/config/example"
)

// lintBase is the base repo with nothing in it that is probably not meant.
func lintBase(t *testing.T, files ...txtar.File) []Finding {
	t.Helper()
	clean := []txtar.File{
		replaced(t, "people.yaml", "  - {entra: 3c1d9a70-0000-4000-8000-000000000025, email: taro@example.com}\n",
			"  - {entra: 3c1d9a70-0000-4000-8000-000000000025, email: taro@example.com, slack: {team: T0ACME, user: U0TARO}}\n"),
	}
	return Lint(repo(t, append(clean, files...)...), noon)
}

// ruled is the base's aws-access.yaml with rules before its own.
func ruled(t *testing.T, rules ...string) txtar.File {
	t.Helper()
	text := "approvals:\n"
	for _, r := range rules {
		text += "  - {" + r + "}\n"
	}
	return replaced(t, "aws-access.yaml", "approvals:\n", text)
}

// withoutSlack is the base's people.yaml of a company that has no Slack.
func withoutSlack(t *testing.T) txtar.File {
	t.Helper()
	text := strings.Replace(string(overlay(t)["people.yaml"].Data), ", slack: {team: T0ACME, user: U0HANA}", "", 1)
	return with("people.yaml", strings.Replace(text, "email: taro@example.com", "email: taro@example.com, github: {login: taro, id: 7}", 1))
}

// onlyRules is the base's aws-access.yaml with other rules.
func onlyRules(t *testing.T, rules ...string) txtar.File {
	t.Helper()
	text := string(overlay(t)["aws-access.yaml"].Data)
	from, to := strings.Index(text, "approvals:"), strings.Index(text, "control_plane:")
	out := text[:from] + "approvals:\n"
	for _, r := range rules {
		out += "  - {" + r + "}\n"
	}
	// The team security stood in the rules that are gone.
	rest := strings.Replace(text[to:], "[team:platform]", "[team:platform, team:security]", 1)
	return with("aws-access.yaml", out+rest)
}

// lintCases lay something that is probably not meant on the base repo.
func lintCases(t *testing.T) []struct {
	name  string
	files []txtar.File
	want  []string // "code file:line part of the message"; nothing else may be found
} {
	access := func(old, now string) txtar.File { return replaced(t, "aws-access.yaml", old, now) }
	people := func(old, now string) txtar.File { return replaced(t, "people.yaml", old, now) }
	const all = "name: everything, match: {}, approvers: [control-plane], standing: true"
	return []struct {
		name  string
		files []txtar.File
		want  []string
	}{
		{"nothing", nil, nil},
		{"a rule behind two that share it", []txtar.File{onlyRules(t,
			"name: a, match: {permission_sets: [A]}, approvers: [control-plane]",
			"name: b, match: {permission_sets: [B]}, approvers: [control-plane]",
			"name: both, match: {permission_sets: [A, B], tags: {env: prod}}, approvers: [control-plane]", all)},
			[]string{`rule-shadowed aws-access.yaml:9 decided by the rule "a", "b" before it`}},
		{"a rule behind two that share the lengths", []txtar.File{onlyRules(t,
			"name: short, match: {at_most: 4h}, approvers: [control-plane]",
			"name: long, match: {longer_than: 4h}, approvers: [control-plane], standing: true",
			"name: rest, match: {}, approvers: [control-plane]")},
			[]string{`rule-shadowed aws-access.yaml:9 "short", "long"`}},
		{"a gap between the lengths is decided", []txtar.File{onlyRules(t,
			"name: short, match: {at_most: 4h}, approvers: [control-plane]",
			"name: long, match: {longer_than: 5h}, approvers: [control-plane], standing: true",
			"name: rest, match: {}, approvers: [control-plane]")}, nil},
		{"a nested OU is taken by the one above", []txtar.File{onlyRules(t,
			"name: work, match: {ous: [/Workloads]}, approvers: [control-plane], standing: true",
			"name: prod, match: {ous: [/Workloads/Prod]}, approvers: [control-plane]", all)},
			[]string{`rule-shadowed aws-access.yaml:8 "prod"`}},
		{"an account is taken by a rule for its tag", []txtar.File{onlyRules(t,
			"name: prod, match: {tags: {env: prod}}, approvers: [control-plane], standing: true",
			"name: pay, match: {accounts: [pay-prod]}, approvers: [control-plane]", all)},
			[]string{`rule-shadowed aws-access.yaml:8 "pay"`}},
		{"the wider after the narrower is as it should be", []txtar.File{onlyRules(t,
			"name: prod, match: {ous: [/Workloads/Prod]}, approvers: [control-plane], standing: true",
			"name: work, match: {ous: [/Workloads]}, approvers: [control-plane], standing: true", all)}, nil},
		{"a rule for no account", []txtar.File{ruled(t, "name: eu, match: {tags: {region: eu}}, approvers: [control-plane]")},
			[]string{`rule-idle aws-access.yaml:7 "eu" fits no account`}},
		{"two steps for one person", []txtar.File{ruled(t, "name: two, match: {permission_sets: [X]}, all_of: [{approvers: [hana@example.com]}, {approvers: [hana@example.com]}]")},
			[]string{`rule-unmeetable aws-access.yaml:7 "two" wants 2 approvals of different people and has 1`}},
		{"a team may have enough people", []txtar.File{ruled(t, "name: two, match: {permission_sets: [X]}, all_of: [{approvers: [hana@example.com]}, {approvers: [hana@example.com, team:security]}]")}, nil},
		{"an account with one owner under a rule for two", []txtar.File{ruled(t, "name: two, match: {permission_sets: [X]}, approvers: [account-owners], count: 2")},
			[]string{`owners-too-few accounts/pay-dev.yaml:1 "two" wants 2 approvals of different people for pay-dev and there are 1`}},
		{"an owner who is the other step too", []txtar.File{ruled(t, "name: two, match: {tags: {env: dev}}, all_of: [{approvers: [account-owners]}, {approvers: [yuki@example.com]}], standing: true")},
			[]string{`owners-too-few accounts/pay-dev.yaml:1 for pay-dev`}},
		{"a group without owners", []txtar.File{ruled(t, "name: own, match: {permission_sets: [X], groups: [breakglass, pay]}, approvers: [group-owners]")},
			[]string{`group-owners-too-few groups/breakglass.yaml:1 "own" wants 1 approval of different people for breakglass and there are 0`}},
		{"owners who cannot approve", []txtar.File{account("pay-dev", "111122224444", "owners: [taro@example.com]", "tags: {env: dev}")},
			[]string{`owners-unlinked accounts/pay-dev.yaml:1 no owner of pay-dev`}},
		{"a control plane of one twice", []txtar.File{access("control_plane: {approvers: [team:platform], count: 2}",
			"control_plane: {all_of: [{approvers: [hana@example.com]}, {approvers: [hana@example.com]}]}")},
			[]string{`control-plane-unmeetable aws-access.yaml:18 wants 2 approvals of different people and has 1`}},
		{"onboarding by too few", []txtar.File{
			replacedAccess(t, "onboarding: {ou: /Workloads, approvers: [control-plane], count: 2}"),
		}, []string{`onboarding-unmeetable aws-access.yaml:22 wants 2 approvals of different people and has 1`}},
		{"requesters without Slack", []txtar.File{ruled(t, "name: narrow, match: {permission_sets: [X]}, approvers: [control-plane], requesters: [yuki@example.com]")},
			[]string{`requesters-nobody aws-access.yaml:7 yuki@example.com have no Slack user`}},
		{"requesters of a company without Slack", []txtar.File{ruled(t, "name: narrow, match: {permission_sets: [X]}, approvers: [control-plane], requesters: [yuki@example.com]"), withoutSlack(t)}, nil},
		{"requesters with one in Slack", []txtar.File{ruled(t, "name: narrow, match: {permission_sets: [X]}, approvers: [control-plane], requesters: [yuki@example.com, hana@example.com]")}, nil},
		{"admin without an approval", []txtar.File{ruled(t, "name: quick, match: {permission_sets: [AdministratorAccess]}, approvers: [control-plane], auto: true, max_duration: 1h"),
			group("breakglass", "13", "accounts: {ou: /}, permission_set: AdministratorAccess")},
			[]string{
				`auto-high-risk aws-access.yaml:7 lets AdministratorAccess pass without an approval, which has the policy AdministratorAccess`,
				`rule-shadowed aws-access.yaml:8 "admin in production"`,
			}},
		{"a set and an account that no rule fits", []txtar.File{onlyRules(t, "name: prod, match: {tags: {env: prod}}, approvers: [control-plane], standing: true")},
			[]string{
				`no-rule aws-access.yaml:7 no rule fits AdministratorAccess in pay-dev`,
				`no-rule aws-access.yaml:7 no rule fits ReadOnlyAccess in pay-dev`,
				`grant-no-rule users/hana.yaml:4 no rule would allow this grant of ReadOnlyAccess today (pay-dev)`,
			}},
		{"a standing grant under a rule that wants an end", []txtar.File{group("pay", "11", "account: pay-prod, permission_set: AdministratorAccess")},
			[]string{`grant-term groups/pay.yaml:4 AdministratorAccess would not be granted so today (pay-prod): the rule "admin in production" wants an end`}},
		{"a longer grant than the rule allows", []txtar.File{group("pay", "11", "account: pay-prod, permission_set: AdministratorAccess, duration: 9h, reason: x")},
			[]string{`grant-term groups/pay.yaml:4 allows 8h at most`}},
		{"a grant that ended", []txtar.File{group("pay", "11", "account: pay-prod, permission_set: ReadOnlyAccess, expires: 2026-12-01T12:00:00Z, reason: x")},
			[]string{`grant-ended groups/pay.yaml:4 ended at 2026-12-01T12:00:00Z`}},
		{"a selector for nothing", []txtar.File{group("pay", "11", "accounts: {tags: {env: test}}, permission_set: ReadOnlyAccess")},
			[]string{`selector-empty groups/pay.yaml:4 selects no account`}},
		{"a selector for legacy accounts", []txtar.File{
			account("crm", "333344441111", "stage: legacy", "ou: /Old", "owners: [taro@example.com]"),
			group("pay", "11", "accounts: {ou: /Old}, permission_set: ReadOnlyAccess"),
		}, []string{`selector-empty groups/pay.yaml:4 only accounts where nothing is granted (crm)`}},
		{"protected and not granted", []txtar.File{group("breakglass", "13", "accounts: {ou: /}, permission_set: ReadOnlyAccess")},
			[]string{`protected-idle aws-access.yaml:21 no grant of breakglass makes AdministratorAccess anywhere`}},
		{"a group for nothing", []txtar.File{group("idle", "19")}, []string{`group-idle groups/idle.yaml:1 idle has no grant`}},
		{"a group that a rule names", []txtar.File{group("idle", "19"), ruled(t, "name: own, match: {permission_sets: [X], groups: [idle]}, approvers: [control-plane]")}, nil},
		{"a user for nothing", []txtar.File{with("users/hana.yaml", "id: 3c1d9a70-0000-4000-8000-000000000021\nname: hana@example.com\naccess: []\n")},
			[]string{`user-idle users/hana.yaml:1 hana has no grant`}},
		{"a set that is misspelt", []txtar.File{group("pay", "11", "account: pay-prod, permission_set: AdministratorAcess, duration: 1h, reason: x")},
			[]string{`permission-set-spelling groups/pay.yaml:4 AdministratorAcess is spelled almost like AdministratorAccess`}},
		{"a set in other letters than elsewhere", []txtar.File{group("pay", "11", "account: pay-prod, permission_set: ReadonlyAccess", "account: pay-dev, permission_set: ReadOnlyAccess")},
			[]string{`permission-set-spelling groups/pay.yaml:4 ReadonlyAccess is spelled almost like ReadOnlyAccess`}},
		{"a set that nothing names", []txtar.File{with("permission-sets/Spare.yaml", "name: Spare\nsession_duration: 1h\nmanaged_policies: [arn:aws:iam::aws:policy/ReadOnlyAccess]\n")},
			[]string{`permission-set-idle permission-sets/Spare.yaml:1 Spare is granted nowhere`}},
		{"a person with no identity", []txtar.File{people(", slack: {team: T0ACME, user: U0HANA}}", ", slack: {team: T0ACME, user: U0HANA}}\n  - {entra: 3c1d9a70-0000-4000-8000-000000000029, email: rei@example.com}")},
			[]string{`person-unreachable people.yaml:3 rei@example.com`, `person-unreachable people.yaml:5 taro@example.com`}},
		{"a team that nothing names", []txtar.File{people("  platform: {id: 1234568}", "  platform: {id: 1234568}\n  spare: {id: 7}")},
			[]string{`person-unreachable people.yaml:4 taro@example.com`, `team-idle people.yaml:8 the team spare is named nowhere`}},
	}
}

// replacedAccess is the base's aws-access.yaml with a control plane of one
// person, and a line more.
func replacedAccess(t *testing.T, line string) txtar.File {
	t.Helper()
	f := replaced(t, "aws-access.yaml", "control_plane: {approvers: [team:platform], count: 2}", "control_plane: {approvers: [hana@example.com]}")
	return with(f.Name, string(f.Data)+line+"\n")
}

func TestLint(t *testing.T) {
	t.Parallel()
	for _, test := range lintCases(t) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := lintBase(t, test.files...)
			if len(got) != len(test.want) {
				t.Fatalf("%d findings, want %d:\n%s", len(got), len(test.want), findingLines(got))
			}
			for i, want := range test.want {
				code, rest, _ := strings.Cut(want, " ")
				at, part, _ := strings.Cut(rest, " ")
				if string(got[i].Code) != code || !strings.HasPrefix(got[i].String(), at+":") || !strings.Contains(got[i].Message, part) || got[i].Mend == "" {
					t.Errorf("finding %d is %s\nwant %s", i, got[i], want)
				}
			}
		})
	}
}

func findingLines(list []Finding) string {
	var b strings.Builder
	for _, f := range list {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

// TestTheExampleIsWithoutFindings: what people start from has nothing to warn
// about.
func TestTheExampleIsWithoutFindings(t *testing.T) {
	t.Parallel()
	if got := Lint(load(t, example.FS()), noon); len(got) > 0 {
		t.Errorf("the example has findings:\n%s", findingLines(got))
	}
}

// TestEveryFindingIsTestedAndDocumented holds the codes of lint.go against the
// cases above and the table of docs/cli.md.
func TestEveryFindingIsTestedAndDocumented(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("lint.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	var codes, tested []string
	for _, m := range regexp.MustCompile(`Code = "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1) {
		codes = append(codes, m[1])
	}
	for _, test := range lintCases(t) {
		for _, want := range test.want {
			code, _, _ := strings.Cut(want, " ")
			tested = append(tested, code)
		}
	}
	slices.Sort(codes)
	slices.Sort(tested)
	if diff := cmp.Diff(codes, slices.Compact(tested)); diff != "" {
		t.Errorf("codes (-lint.go +tests):\n%s", diff)
	}
	for _, code := range codes {
		if !strings.Contains(string(page), "| `"+code+"` |") {
			t.Errorf("docs/cli.md does not say what %s means", code)
		}
	}
}
