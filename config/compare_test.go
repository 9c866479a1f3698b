package config

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// summary writes a change for comparing. Assignments are written by name, with
// the terms before and after.
type summary struct {
	Added, Lengthened, Shortened, Removed []string
	Control                               []string
	NewAccounts, NewPrincipals            []string
	Entries                               []FieldChange
	RemovalOnly, Mixed                    bool
}

func summarise(base, head *Repo, c Change) summary {
	name := func(changes []AssignmentChange) []string {
		var out []string
		for _, ac := range changes {
			text := nameOf(head, ac.Assignment)
			if ac.New == nil {
				text = nameOf(base, ac.Assignment)
			}
			for _, term := range []*Term{ac.Old, ac.New} {
				if term != nil {
					text += ", " + term.String()
				}
			}
			if ac.FromControl {
				text += " (from control)"
			}
			out = append(out, text)
		}
		return out
	}
	s := summary{
		Added: name(c.Added), Lengthened: name(c.Lengthened), Shortened: name(c.Shortened), Removed: name(c.Removed),
		NewAccounts: c.NewAccounts, NewPrincipals: c.NewPrincipals, Entries: c.Entries,
		RemovalOnly: c.RemovalOnly(), Mixed: c.Mixed(),
	}
	for _, f := range c.Control {
		s.Control = append(s.Control, f.Path+" "+f.Field+": "+f.Old+" -> "+f.New)
	}
	return s
}

const payHead = "id: 0b7e3f4c-0000-4000-8000-000000000011\nname: pay\nowners: [yuki@example.com]\naccess:"

// pay is the group file of the base repo with other access entries.
func pay(entries ...string) txtar.File {
	text := payHead
	if len(entries) == 0 {
		text += " []"
	}
	for _, e := range entries {
		text += "\n  - {" + e + "}"
	}
	return with("groups/pay.yaml", text+"\n")
}

func TestCompare(t *testing.T) {
	t.Parallel()
	const (
		prod = "account: pay-prod, permission_set: ReadOnlyAccess"
		dev  = "account: pay-dev, permission_set: ReadOnlyAccess"
	)
	tests := []struct {
		name       string
		base, head []txtar.File
		want       summary
	}{
		{name: "nothing"},
		{
			name: "form is no change",
			head: []txtar.File{with("groups/pay.yaml", "# a comment\naccess: [{permission_set: 'ReadOnlyAccess', account: pay-prod}]\n\nowners:\n- yuki@example.com\nname: pay\nid: 0b7e3f4c-0000-4000-8000-000000000011\n")},
		},
		{
			name: "a renamed group file is no change",
			head: []txtar.File{with("groups/pay.yaml", ""), with("groups/payments.yaml", payHead+"\n  - {"+prod+"}\n")},
		},
		{
			name: "a renamed account file with its references is no change",
			head: []txtar.File{
				with("accounts/pay-prod.yaml", ""),
				account("payments", "111122223333", "name: pay-prod", "ou: /Workloads/Prod", "owners: [yuki@example.com, team:platform]", "tags: {env: prod, team: payments}"),
				pay("account: payments, permission_set: ReadOnlyAccess"),
			},
		},
		{
			name: "a new entry adds an assignment",
			head: []txtar.File{pay(prod, dev+", duration: 4h")},
			want: summary{Added: []string{"pay-dev ReadOnlyAccess pay, 4h"}},
		},
		{
			name: "a new group file is no control plane",
			head: []txtar.File{group("ops", "31", prod+", expires: 2026-12-02T00:00:00Z")},
			want: summary{
				Added:         []string{"pay-prod ReadOnlyAccess ops, until 2026-12-02T00:00:00Z"},
				NewPrincipals: []string{"groups/ops.yaml"},
			},
		},
		{
			name: "a new account file that a selector takes in",
			head: []txtar.File{account("new", "111122227777")},
			want: summary{
				Added:       []string{"new AdministratorAccess breakglass, standing (from control)"},
				NewAccounts: []string{"accounts/new.yaml"},
			},
		},
		{
			name: "a new account file with its baseline is not mixed",
			head: []txtar.File{account("new", "111122227777"), pay(prod, "account: new, permission_set: ReadOnlyAccess")},
			want: summary{
				Added: []string{
					"new AdministratorAccess breakglass, standing (from control)",
					"new ReadOnlyAccess pay, standing",
				},
				NewAccounts: []string{"accounts/new.yaml"},
			},
		},
		{
			name: "a later end lengthens",
			base: []txtar.File{pay(prod + ", expires: 2026-12-02T00:00:00Z")},
			head: []txtar.File{pay(prod + ", expires: 2026-12-03T00:00:00Z")},
			want: summary{Lengthened: []string{"pay-prod ReadOnlyAccess pay, until 2026-12-02T00:00:00Z, until 2026-12-03T00:00:00Z"}},
		},
		{
			name: "taking the end away lengthens",
			base: []txtar.File{pay(prod + ", duration: 4h")},
			head: []txtar.File{pay(prod)},
			want: summary{Lengthened: []string{"pay-prod ReadOnlyAccess pay, 4h, standing"}},
		},
		{
			name: "an earlier end shortens, by an altered line",
			base: []txtar.File{pay(prod)},
			head: []txtar.File{pay(prod + ", duration: 4h")},
			want: summary{Shortened: []string{"pay-prod ReadOnlyAccess pay, standing, 4h"}},
		},
		{
			name: "one of two lines goes and the earlier end stays",
			base: []txtar.File{pay(prod, prod+", duration: 4h")},
			head: []txtar.File{pay(prod + ", duration: 4h")},
			want: summary{Shortened: []string{"pay-prod ReadOnlyAccess pay, standing, 4h"}, RemovalOnly: true},
		},
		{
			name: "a removed line removes",
			head: []txtar.File{pay()},
			want: summary{Removed: []string{"pay-prod ReadOnlyAccess pay, standing"}, RemovalOnly: true},
		},
		{
			name: "a deleted group file is the removal of its grants",
			head: []txtar.File{with("groups/pay.yaml", "")},
			want: summary{Removed: []string{"pay-prod ReadOnlyAccess pay, standing"}, Control: []string{"groups/pay.yaml : id: 0b7e3f4c-0000-4000-8000-000000000011, name: pay, owners: [yuki@example.com] -> "}, RemovalOnly: true},
		},
		{
			name: "a deleted file without grants is an entry",
			base: []txtar.File{pay()},
			head: []txtar.File{with("groups/pay.yaml", "")},
			want: summary{
				Control:     []string{"groups/pay.yaml : id: 0b7e3f4c-0000-4000-8000-000000000011, name: pay, owners: [yuki@example.com] -> "},
				Entries:     []FieldChange{{Path: "groups/pay.yaml", Old: "id: 0b7e3f4c-0000-4000-8000-000000000011, name: pay, owners: [yuki@example.com]"}},
				RemovalOnly: true,
			},
		},
		{
			name: "removing an ended grant is an entry",
			base: []txtar.File{pay(prod, dev+", expires: 2026-01-01T00:00:00Z")},
			head: []txtar.File{pay(prod)},
			want: summary{
				Entries:     []FieldChange{{Path: "groups/pay.yaml", Field: "access", Old: "account=pay-dev permission_set=ReadOnlyAccess expires=2026-01-01T00:00:00Z"}},
				RemovalOnly: true,
			},
		},
		{
			name: "a reason is an entry, and no removal",
			base: []txtar.File{pay(prod + ", reason: one")},
			head: []txtar.File{pay(prod + ", reason: two")},
			want: summary{Entries: []FieldChange{{
				Path: "groups/pay.yaml", Field: "access",
				Old: `account=pay-prod permission_set=ReadOnlyAccess reason="one"`, New: `account=pay-prod permission_set=ReadOnlyAccess reason="two"`,
			}}},
		},
		{
			name: "an entry that another one doubles is an entry",
			head: []txtar.File{pay(prod, "accounts: {tags: {env: prod}}, permission_set: ReadOnlyAccess")},
			want: summary{Entries: []FieldChange{{
				Path: "groups/pay.yaml", Field: "access", New: `accounts={"env":"prod"} permission_set=ReadOnlyAccess`,
			}}},
		},
		{
			name: "an OU is control plane, and what it does to selectors comes from it",
			base: []txtar.File{pay("accounts: {ou: /Workloads/Prod}, permission_set: ReadOnlyAccess")},
			head: []txtar.File{
				pay("accounts: {ou: /Workloads/Prod}, permission_set: ReadOnlyAccess"),
				account("pay-dev", "111122224444", "ou: /Workloads/Prod", "tags: {env: dev, team: payments}"),
			},
			want: summary{
				Added:   []string{"pay-dev ReadOnlyAccess pay, standing (from control)"},
				Control: []string{"accounts/pay-dev.yaml ou: /Workloads/Dev -> /Workloads/Prod"},
			},
		},
		{
			name: "control plane and an access entry are mixed, even if the entry does nothing",
			head: []txtar.File{
				pay(prod + ", reason: x"),
				account("pay-dev", "111122224444", "tags: {env: dev, team: payments}", "owners: [yuki@example.com, team:platform]"),
			},
			want: summary{
				Control: []string{"accounts/pay-dev.yaml owners: [yuki@example.com] -> [yuki@example.com, team:platform]"},
				Entries: []FieldChange{{
					Path: "groups/pay.yaml", Field: "access",
					Old: `account=pay-prod permission_set=ReadOnlyAccess`, New: `account=pay-prod permission_set=ReadOnlyAccess reason="x"`,
				}},
				Mixed: true,
			},
		},
		{
			name: "control plane and a deleted principal are mixed",
			base: []txtar.File{pay()},
			head: []txtar.File{with("groups/pay.yaml", ""), with("README.md", "new")},
			want: summary{
				Control: []string{
					"README.md :  -> 11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437",
					"groups/pay.yaml : id: 0b7e3f4c-0000-4000-8000-000000000011, name: pay, owners: [yuki@example.com] -> ",
				},
				Entries: []FieldChange{{Path: "groups/pay.yaml", Old: "id: 0b7e3f4c-0000-4000-8000-000000000011, name: pay, owners: [yuki@example.com]"}},
				Mixed:   true,
			},
		},
		{
			name: "another id in an account file is control plane",
			base: []txtar.File{with("groups/breakglass.yaml", ""), with("aws-access.yaml", minimalAccess)},
			head: []txtar.File{
				with("groups/breakglass.yaml", ""), with("aws-access.yaml", minimalAccess),
				account("pay-prod", "111122228888", "ou: /Workloads/Prod", "owners: [yuki@example.com, team:platform]", "tags: {env: prod, team: payments}"),
			},
			want: summary{
				Added:   []string{"pay-prod ReadOnlyAccess pay, standing (from control)"},
				Removed: []string{"pay-prod ReadOnlyAccess pay, standing (from control)"},
				Control: []string{"accounts/pay-prod.yaml id: 111122223333 -> 111122228888"},
			},
		},
		{
			name: "another id in a group file is control plane",
			head: []txtar.File{with("groups/pay.yaml", "id: 0b7e3f4c-0000-4000-8000-000000000044\nname: payments\nowners: [yuki@example.com]\naccess: [{"+prod+"}]\n")},
			want: summary{
				Added:   []string{"pay-prod ReadOnlyAccess pay, standing (from control)"},
				Removed: []string{"pay-prod ReadOnlyAccess pay, standing (from control)"},
				Control: []string{
					"groups/pay.yaml id: 0b7e3f4c-0000-4000-8000-000000000011 -> 0b7e3f4c-0000-4000-8000-000000000044",
					"groups/pay.yaml name: pay -> payments",
				},
			},
		},
		{
			name: "a deleted account file is control plane",
			base: []txtar.File{pay()},
			head: []txtar.File{pay(), with("accounts/pay-prod.yaml", "")},
			want: summary{
				Removed: []string{"pay-prod AdministratorAccess breakglass, standing (from control)"},
				Control: []string{`accounts/pay-prod.yaml : id: 111122223333, name: pay-prod, ou: /Workloads/Prod, owners: [yuki@example.com, team:platform], stage: sso, tags: {"env": "prod", "team": "payments"} -> `},
			},
		},
		{
			name: "access file, people, permission sets and unknown paths",
			base: []txtar.File{with(".github/workflows/ci.yml", "1")},
			head: []txtar.File{
				with(".github/workflows/ci.yml", ""),
				with("aws-access.yaml", minimalAccess),
				with("people.yaml", "people:\n  - {entra: 3c1d9a70-0000-4000-8000-000000000021, email: hana@example.com, github: {login: hana-new, id: 1002}, slack: {team: T0ACME, user: U0HANA}}\n"+
					"  - {entra: 3c1d9a70-0000-4000-8000-000000000022, email: yuki@example.com, github: {login: yuki-lead, id: 1001}}\n"+
					"  - {entra: 3c1d9a70-0000-4000-8000-000000000099, email: taro@example.com}\nteams:\n  security: {id: 7654321}\n  platform: {id: 1234568}\n"),
				with("permission-sets/AdministratorAccess.yaml", "name: AdministratorAccess\nmanaged_policies: [arn:aws:iam::aws:policy/AdministratorAccess]\n"),
				with("permission-sets/View.yaml", "name: View\nmanaged_policies: [arn:aws:iam::aws:policy/job-function/ViewOnlyAccess]\n"),
			},
			want: summary{Control: []string{
				".github/workflows/ci.yml : 6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b -> ",
				`aws-access.yaml approvals (order): ["admin in production", "everything else"] -> ["all"]`,
				"aws-access.yaml approvals[admin in production].approvers: 1 of [account-owners] and 1 of [team:security] -> ",
				`aws-access.yaml approvals[admin in production].match: {permission_sets: ["AdministratorAccess"], tags: {"env": "prod"}} -> `,
				"aws-access.yaml approvals[admin in production].max_duration: 8h -> ",
				"aws-access.yaml approvals[all].approvers:  -> 1 of [control-plane]",
				"aws-access.yaml approvals[all].match:  -> {}",
				"aws-access.yaml approvals[everything else].approvers: 1 of [control-plane] -> ",
				"aws-access.yaml approvals[everything else].match: {} -> ",
				"aws-access.yaml approvals[everything else].standing: true -> ",
				"aws-access.yaml control_plane: 2 of [team:platform] -> 1 of [team:platform]",
				"aws-access.yaml limits.start_by: 3d -> ",
				"aws-access.yaml protected[breakglass AdministratorAccess]: group: breakglass (0b7e3f4c-0000-4000-8000-000000000013) -> ",
				"people.yaml people[3c1d9a70-0000-4000-8000-000000000021]: email: hana@example.com, github: {login: hana-dev, id: 1002}, slack: {team: T0ACME, user: U0HANA} -> email: hana@example.com, github: {login: hana-new, id: 1002}, slack: {team: T0ACME, user: U0HANA}",
				"people.yaml people[3c1d9a70-0000-4000-8000-000000000025]: email: taro@example.com -> ",
				"people.yaml people[3c1d9a70-0000-4000-8000-000000000099]:  -> email: taro@example.com",
				"people.yaml teams[security]: id: 1234567 -> id: 7654321",
				"permission-sets/AdministratorAccess.yaml session_duration: 8h -> 1h",
				`permission-sets/View.yaml :  -> managed_policies: ["arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"], name: View, session_duration: 1h`,
			}},
		},
		{
			name: "every key of the access file has its own entry",
			base: []txtar.File{with("aws-access.yaml", minimalAccess), with("permission-sets/AdministratorAccess.yaml", "")},
			head: []txtar.File{with("aws-access.yaml", strings.Replace(minimalAccess, "phase: 1", "phase: 2\nphase_back: true", 1)+
				"limits: {allow: {commit: 3f786850e387550fdab836ed7e6dc881de23001b, removals: 7, permission_sets: [Root, View]}}\nnotify: C0OPS\ndrift: revert\nmerge: people\n"+
				"onboarding: {ou: /Workloads, approvers: [team:platform], baseline: [{group: pay, permission_set: X}], requesters: [hana@example.com], iam_read_role: bot-iam-read, confirm: {within: 30m}}\n")},
			want: summary{Control: []string{
				"aws-access.yaml drift: report -> revert",
				"aws-access.yaml limits.allow:  -> {commit: 3f786850e387550fdab836ed7e6dc881de23001b, removals: 7, permission_sets: [\"Root\", \"View\"]}",
				"aws-access.yaml merge: auto -> people",
				"aws-access.yaml notify:  -> C0OPS",
				"aws-access.yaml onboarding.approvers:  -> 1 of [team:platform]",
				"aws-access.yaml onboarding.baseline:  -> {group: pay (0b7e3f4c-0000-4000-8000-000000000011), permission_set: X}",
				"aws-access.yaml onboarding.confirm:  -> {within: 30m}",
				"aws-access.yaml onboarding.iam_read_role:  -> bot-iam-read",
				"aws-access.yaml onboarding.ou:  -> \"/Workloads\"",
				"aws-access.yaml onboarding.requesters:  -> [hana@example.com]",
				"aws-access.yaml phase: 1 -> 2",
				"aws-access.yaml phase_back:  -> true",
			}},
		},
		{
			name: "a permission set that the bot no longer owns",
			head: []txtar.File{with("permission-sets/AdministratorAccess.yaml", "")},
			want: summary{Control: []string{
				`permission-sets/AdministratorAccess.yaml : managed_policies: ["arn:aws:iam::aws:policy/AdministratorAccess"], name: AdministratorAccess, session_duration: 8h -> `,
			}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			base, head := repo(t, test.base...), repo(t, append(slices.Clone(test.base), test.head...)...)
			change := Compare(base, head, started(base, noon.Add(-time.Hour)), noon)
			if diff := cmp.Diff(test.want, summarise(base, head, change)); diff != "" {
				t.Errorf("change (-want +got):\n%s", diff)
			}
			if got := change.Empty(); got != cmp.Equal(test.want, summary{}) {
				t.Errorf("Empty() = %v for %+v", got, change)
			}
		})
	}
}

// minimalAccess is an aws-access.yaml with as little as possible.
const minimalAccess = `version: 1
phase: 1
organization: {id: o-a1b2c3d4e5, management_account: "999999999999"}
identity_center: {region: ap-northeast-1, start_url: https://d-9567000000.awsapps.com/start}
entra: {app: 5b0c0f5e-0000-4000-8000-000000000001}
approvals: [{name: all, match: {}, approvers: [control-plane]}]
control_plane: {approvers: [team:platform]}
`

func TestCompareWithNothingIsTheWholeRepo(t *testing.T) {
	t.Parallel()
	r := repo(t, with("README.md", "x"))
	change := Compare(nil, r, nil, noon)
	if got, want := len(change.Added), len(r.Desired(started(r, noon), noon)); got != want {
		t.Errorf("%d added, want all %d", got, want)
	}
	if len(change.NewAccounts) != 3 || len(change.NewPrincipals) != 3 {
		t.Errorf("new files %v %v, want 3 and 3", change.NewAccounts, change.NewPrincipals)
	}
	paths := map[string]bool{}
	for _, f := range change.Control {
		if f.Old != "" {
			t.Errorf("%s %s was %q in nothing", f.Path, f.Field, f.Old)
		}
		paths[f.Path] = true
	}
	want := map[string]bool{"README.md": true, "aws-access.yaml": true, "people.yaml": true, "permission-sets/AdministratorAccess.yaml": true}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("control plane (-want +got):\n%s", diff)
	}
}

func TestAnUnknownStartIsNow(t *testing.T) {
	t.Parallel()
	base := repo(t, pay("account: pay-prod, permission_set: X, duration: 4h"))
	head := repo(t, pay("account: pay-prod, permission_set: X, expires: 2026-12-01T15:59:00Z"))
	change := Compare(base, head, nil, noon)
	if len(change.Shortened) != 1 {
		t.Errorf("change %+v, want one shortened: four hours from now against 3h59m", change)
	}
}

func TestReaddingAGrantStartsItAnew(t *testing.T) {
	t.Parallel()
	entry := "account: pay-prod, permission_set: X, duration: 4h"
	with, without := repo(t, pay(entry)), repo(t, pay())
	stale := started(with, noon.Add(-30*24*time.Hour))
	change := Compare(without, with, stale, noon)
	if len(change.Added) != 1 {
		t.Errorf("change %+v, want the grant added in spite of its old start", change)
	}
	f := with.Groups["pay"]
	next := NextStarts(without, with, stale, Start{MergedAt: noon})
	if got := next[f.Key(f.Access[0])].MergedAt; !got.Equal(noon) {
		t.Errorf("start %v, want %v", got, noon)
	}
}

func TestNextStartsKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	entry := "permission_set: X, duration: 4h"
	base := repo(t, pay("account: pay-prod, "+entry, "account: pay-dev, "+entry, "account: pay-dev, permission_set: Gone"))
	head := repo(t,
		with("accounts/pay-prod.yaml", ""),
		account("renamed", "111122223333", "ou: /Workloads/Prod"),
		pay("account: renamed, "+entry+", reason: other", "account: pay-dev, permission_set: X, duration: 8h", "account: pay-dev, permission_set: New"))
	then := Start{MergedAt: noon.Add(-time.Hour), AskedAt: noon.Add(-2 * time.Hour)}
	known := Starts{}
	for _, ref := range base.Grants() {
		known[ref.Key] = then
	}
	now := Start{MergedAt: noon, AskedAt: noon.Add(-time.Minute)}
	next := NextStarts(base, head, known, now)
	f := head.Groups["pay"]
	want := []Start{then, now, now}
	for i, g := range f.Access {
		if got := next[f.Key(g)]; got != want[i] {
			t.Errorf("%s starts %v, want %v", f.Key(g), got, want[i])
		}
	}
	if len(next) != len(head.Grants()) {
		t.Errorf("%d starts for %d grants", len(next), len(head.Grants()))
	}
}

func TestFingerprints(t *testing.T) {
	t.Parallel()
	base := repo(t)
	of := func(at time.Time, files ...txtar.File) string {
		return Compare(base, repo(t, files...), started(base, noon.Add(-time.Hour)), at).Fingerprint()
	}
	const prod = "account: pay-prod, permission_set: ReadOnlyAccess"
	request := prod + ", duration: 4h, reason: refunds, request: REQ-7F3K2Q"
	want := of(noon, group("ops", "31", request))
	same := map[string]string{
		"computed days later": of(noon.Add(50*time.Hour), group("ops", "31", request)),
		"written otherwise": of(noon, with("groups/ops.yaml", "# by hand\naccess:\n- request: REQ-7F3K2Q\n  account: \"pay-prod\"\n  reason: 'refunds'\n"+
			"  duration: 240m\n  permission_set: ReadOnlyAccess\nname: ops\nid: 0b7e3f4c-0000-4000-8000-000000000031\n")),
		"with a comment elsewhere": of(noon, group("ops", "31", request), with("groups/pay.yaml", "# x\n"+string(pay(prod).Data))),
	}
	for name, got := range same {
		if got != want {
			t.Errorf("%s the fingerprint is another", name)
		}
	}
	seen := map[string]string{want: "the request"}
	other := map[string]string{
		"another reason":       of(noon, group("ops", "31", prod+", duration: 4h, reason: fun, request: REQ-7F3K2Q")),
		"another duration":     of(noon, group("ops", "31", prod+", duration: 5h, reason: refunds, request: REQ-7F3K2Q")),
		"another group":        of(noon, group("ops", "32", request)),
		"another owner":        of(noon, with("groups/ops.yaml", string(group("ops", "31", request).Data)+"owners: [yuki@example.com]\n")),
		"a selector beside it": of(noon, group("ops", "31", request, "accounts: {ou: /Nowhere}, permission_set: ReadOnlyAccess")),
		"an unknown path":      of(noon, group("ops", "31", request), with("README.md", "x")),
		"another account file": of(noon, group("ops", "31", request), account("new", "111122227777", "stage: legacy")),
		"its owner":            of(noon, group("ops", "31", request), account("new", "111122227777", "stage: legacy", "owners: [taro@example.com]")),
		"a selector for a named account": of(noon, group("ops", "31",
			"accounts: {tags: {env: prod}}, permission_set: ReadOnlyAccess, duration: 4h, reason: refunds, request: REQ-7F3K2Q")),
		"nothing": of(noon),
	}
	for name, got := range other {
		if twin, doubled := seen[got]; doubled {
			t.Errorf("%s has the fingerprint of %s", name, twin)
		}
		seen[got] = name
	}
}

// TestComparingThroughACacheIsTheSame holds the short cut for unchanged files
// against the long way.
func TestComparingThroughACacheIsTheSame(t *testing.T) {
	t.Parallel()
	var cache Cache
	cached := func(files ...txtar.File) *Repo {
		r, err := cache.Load(overlay(t, files...))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, files := range [][]txtar.File{
		{pay("account: pay-dev, permission_set: X")},
		{account("pay-dev", "111122224444", "ou: /Other")},
		{replaced(t, "aws-access.yaml", `"999999999999"`, `"111122224444"`), with("users/hana.yaml", "")},
		{replaced(t, "aws-access.yaml", "72h", "1h")},
	} {
		base := cached()
		starts := started(base, noon)
		for key, s := range starts {
			s.AskedAt = noon.Add(-2 * time.Hour)
			starts[key] = s
		}
		short := Compare(base, cached(files...), starts, noon)
		long := Compare(repo(t), repo(t, files...), starts, noon)
		if diff := cmp.Diff(long, short); diff != "" {
			t.Errorf("(-without cache +with):\n%s", diff)
		}
		if short.Empty() {
			t.Errorf("no change from %s", files[0].Name)
		}
	}
}

func TestAChangeWithinAnother(t *testing.T) {
	t.Parallel()
	term := func(d time.Duration) *Term { return &Term{For: d} }
	a := Assignment{Principal{GroupPrincipal, "g"}, "111122223333", "ReadOnlyAccess"}
	b := Assignment{Principal{GroupPrincipal, "g"}, "111122224444", "ReadOnlyAccess"}
	one := Change{Added: []AssignmentChange{{Assignment: a, New: term(time.Hour)}}, Control: []FieldChange{{Path: "p", Field: "tags", New: "x"}}}
	both := one
	both.Added = append(slices.Clone(one.Added), AssignmentChange{Assignment: b, New: term(time.Hour)})
	longer := Change{Lengthened: []AssignmentChange{{Assignment: a, New: term(2 * time.Hour)}}, Control: one.Control}
	extended := Change{Lengthened: []AssignmentChange{{Assignment: a, New: term(time.Hour)}}, Control: one.Control}
	for name, tc := range map[string]struct {
		c, of Change
		want  bool
	}{
		"nothing":                       {Change{}, one, true},
		"the same":                      {one, one, true},
		"less":                          {one, both, true},
		"more":                          {both, one, false},
		"for longer":                    {longer, one, false},
		"an extension as long as a new": {extended, one, true},
		"another field":                 {Change{Control: []FieldChange{{Path: "p", Field: "ou", New: "x"}}}, one, false},
		"a loss that was none":          {Change{Removed: one.Added}, one, false},
		"a new account":                 {Change{NewAccounts: []string{"x"}}, one, false},
	} {
		if got := tc.c.Within(tc.of); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
