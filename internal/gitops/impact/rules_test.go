package impact

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
)

// ruleLines writes what changes of the rules shortly.
func ruleLines(r Rules) []string {
	var out []string
	for _, c := range r.Changes {
		mark := "other"
		switch {
		case c.Weaker:
			mark = "weaker"
		case c.Others:
			mark = "others"
		}
		for i, g := range c.Groups {
			if g == "" {
				c.Groups[i] = "rest"
			}
		}
		out = append(out, fmt.Sprintf("%s %s %s %v %v: %s -> %s", mark, strings.Join(c.Accounts, ","), strings.Join(c.Sets, ","), c.Groups, c.Lengths, c.Before.Text(), c.After.Text()))
	}
	for _, b := range r.Book {
		out = append(out, fmt.Sprintf("weaker=%t %s: %q -> %q", b.Weaker, b.Field, b.Before, b.After))
	}
	return out
}

// TestRulesThatDecideOtherwise is what later approvals need before and after a
// change, where it differs.
func TestRulesThatDecideOtherwise(t *testing.T) {
	t.Parallel()
	const (
		prod   = "accounts/payments-prod.yaml"
		access = "aws-access.yaml"
		admin  = "admin in production: 1 of account-owners and 1 of team:security; 8h at most; people pinned"
		rest   = "everything else: 1 of control-plane; 24h at most"
		read   = "read and develop: 1 of account-owners; standing allowed"
		look   = "a look at the sandbox: 1 of account-owners or requester-manager; 4h at most; 3 a day pass with no approval"
		first  = "  - name: admin in production\n"
	)
	rule := func(s string) func(string) string { return replaced(first, "  - "+s+"\n"+first) }
	tests := []struct {
		name  string
		alter map[string]func(string) string
		want  []string
	}{
		{"nothing", nil, nil},
		{"a comment", map[string]func(string) string{access: appended("# a comment\n")}, nil},
		{"the name of an account", map[string]func(string) string{prod: replaced("name: payments-prod", "name: another")}, nil},
		{"a grant", map[string]func(string) string{"groups/aws-payments-dev.yaml": appended("  - {account: payments-dev, permission_set: PowerUserAccess, duration: 4h, reason: x}\n")}, nil},
		{"out of production", map[string]func(string) string{prod: replaced("env: prod", "env: dev")},
			[]string{"weaker payments-prod AdministratorAccess [] []: " + admin + " -> " + rest}},
		{"into production", map[string]func(string) string{"accounts/payments-dev.yaml": replaced("env: dev", "env: prod")},
			[]string{"others payments-dev AdministratorAccess [] []: " + rest + " -> " + admin}},
		{"into the sandbox", map[string]func(string) string{"accounts/payments-dev.yaml": replaced("/Workloads/Dev", "/Sandbox")},
			[]string{"weaker payments-dev ReadOnlyAccess [] [up to 4h]: " + read + " -> " + look}},
		{"one owner less", map[string]func(string) string{prod: replaced("[yuki@example.com, team:payments-leads]", "[yuki@example.com]")}, []string{
			"other payments-prod AdministratorAccess [] []: " + strings.Replace(admin, "account-owners", "yuki@example.com or team:payments-leads", 1) + " -> " + strings.Replace(admin, "account-owners", "yuki@example.com", 1),
			"other payments-prod PowerUserAccess,ReadOnlyAccess [] []: " + strings.Replace(read, "account-owners", "yuki@example.com or team:payments-leads", 1) + " -> " + strings.Replace(read, "account-owners", "yuki@example.com", 1),
		}},
		{"a rule for one group", map[string]func(string) string{access: rule("{name: g, match: {permission_sets: [PowerUserAccess], accounts: [payments-dev], groups: [aws-payments-dev], at_most: 1h}, approvers: [account-owners], max_duration: 1h, auto: {per_day: 2}}")},
			[]string{"weaker payments-dev PowerUserAccess [aws-payments-dev] [up to 1h]: " + read + " -> g: 1 of account-owners; 1h at most; 2 a day pass with no approval"}},
		{"fewer people of the control plane", map[string]func(string) string{access: replaced("control_plane: {approvers: [team:platform], count: 2}", "control_plane: {approvers: [team:platform], count: 1}")},
			[]string{`weaker=true control_plane: "2 of team:platform" -> "1 of team:platform"`}},
		{"more of them", map[string]func(string) string{access: replaced("control_plane: {approvers: [team:platform], count: 2}", "control_plane: {approvers: [team:platform], count: 3}")},
			[]string{`weaker=false control_plane: "2 of team:platform" -> "3 of team:platform"`}},
		{"limits", map[string]func(string) string{access: func(s string) string {
			return strings.NewReplacer("removals: 10%", "removals: 50%", "start_by: 72h", "start_by: 24h", "people_growth: 20%", "people_growth: 90%").Replace(s)
		}}, []string{
			`weaker=true limits.people_growth: "20%" -> "90%"`, `weaker=true limits.removals: "10%" -> "50%"`, `weaker=false limits.start_by: "3d" -> "24h"`,
		}},
		{"an allowance", map[string]func(string) string{access: replaced("  start_by: 72h", "  allow: {commit: 3f786850e387550fdab836ed7e6dc881de23001b, removals: 7, permission_sets: [Root, \"a,b\"]}\n  start_by: 72h")},
			[]string{`weaker=true limits.allow: "" -> "7 removals, less by the permission sets Root, a,b by commit 3f786850e387550fdab836ed7e6dc881de23001b"`}},
		{"another phase", map[string]func(string) string{access: replaced("phase: 1", "phase: 2")}, []string{`weaker=false phase: "1" -> "2"`}},
		{"nobody onboards", map[string]func(string) string{access: func(s string) string {
			i, j := strings.Index(s, "onboarding:\n"), strings.Index(s, "\ndrift:")
			return s[:i] + s[j+1:]
		}}, []string{`weaker=false onboarding.approvers: "1 of control-plane" -> "nobody"`, `weaker=false onboarding.baseline: "AdministratorAccess for aws-platform-admins" -> ""`}},
		{"another baseline", map[string]func(string) string{access: replaced("baseline: [{group: aws-platform-admins, permission_set: AdministratorAccess}]", "baseline: [{group: aws-security-audit, permission_set: ReadOnlyAccess}]")}, []string{
			`weaker=true onboarding.baseline: "" -> "ReadOnlyAccess for aws-security-audit"`, `weaker=false onboarding.baseline: "AdministratorAccess for aws-platform-admins" -> ""`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := Of(input(t, tt.alter, nil))
			if diff := cmp.Diff(tt.want, ruleLines(p.Rules)); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOwnersOfAGroupDecide where a rule asks for them, in all accounts.
func TestOwnersOfAGroupDecide(t *testing.T) {
	t.Parallel()
	own := replaced("  - name: admin in production\n", "  - {name: own, match: {permission_sets: [PowerUserAccess]}, approvers: [group-owners], max_duration: 8h}\n  - name: admin in production\n")
	in := input(t, map[string]func(string) string{"aws-access.yaml": own, "groups/aws-payments-dev.yaml": replaced("owners: [yuki@example.com]", "owners: [yuki@example.com, taro@example.com]")}, nil)
	// The rule stands on both sides; the owners are what changes.
	in.Base = input(t, map[string]func(string) string{"aws-access.yaml": own}, nil).Head
	in.Change = config.Compare(in.Base, in.Head, in.Starts, in.Now)
	got := Of(in).Rules.Changes
	if len(got) != 1 || !got[0].Weaker || !slices.Equal(got[0].Groups, []string{"aws-payments-dev"}) || len(got[0].Accounts) < 5 ||
		got[0].After.Text() != "own: 1 of yuki@example.com or taro@example.com; 8h at most" {
		t.Errorf("changes: %q", ruleLines(Rules{Changes: got}))
	}
}

// TestAnAccountUnderNoRule: nobody can approve there, and then somebody can.
func TestAnAccountUnderNoRule(t *testing.T) {
	t.Parallel()
	narrow := replaced("    match: {}\n", "    match: {tags: {env: prod}}\n")
	in := input(t, map[string]func(string) string{"aws-access.yaml": narrow, "accounts/payments-dev.yaml": replaced("env: dev", "env: prod")}, nil)
	in.Base = input(t, map[string]func(string) string{"aws-access.yaml": narrow}, nil).Head
	in.Change = config.Compare(in.Base, in.Head, in.Starts, in.Now)
	for _, tt := range []struct {
		in   Input
		want bool
	}{{in, true}, {Input{Base: in.Head, Head: in.Base, Change: config.Compare(in.Head, in.Base, in.Starts, in.Now), Starts: in.Starts, Now: in.Now}, false}} {
		got := Of(tt.in).Rules.Changes
		if len(got) != 1 || got[0].Weaker != tt.want || (got[0].Before.Rule == "") != tt.want || (got[0].After.Rule == "") == tt.want {
			t.Errorf("changes: %q", ruleLines(Rules{Changes: got}))
		}
	}
}

// TestWeaker is which decision needs less than which.
func TestWeaker(t *testing.T) {
	t.Parallel()
	ref := func(name string) config.ApproverRef {
		return config.ApproverRef{Kind: config.ApproverEmail, Name: name}
	}
	step := func(n int, names ...string) config.Step {
		s := config.Step{Count: n}
		for _, name := range names {
			s.Approvers = append(s.Approvers, ref(name))
		}
		return s
	}
	base := func(steps ...config.Step) Decision { return Decision{Rule: "r", Max: 8 * time.Hour, full: steps} }
	with := func(d Decision, f func(*Decision)) Decision { f(&d); return d }
	one := base(step(1, "a"))
	tests := []struct {
		name          string
		before, after Decision
		weak, others  bool
	}{
		{"the same", one, one, false, false},
		{"another name", one, with(one, func(d *Decision) { d.Rule = "s" }), false, false},
		{"one more approver", one, base(step(1, "a", "b")), true, true},
		{"one approver less", base(step(1, "a", "b")), one, false, false},
		{"another approver", one, base(step(1, "b")), true, true},
		{"two in place of one", one, base(step(2, "a", "b")), false, true},
		{"one of two", base(step(2, "a", "b")), base(step(1, "a", "b")), true, true},
		{"a step more", one, base(step(1, "a"), step(1, "b")), false, false},
		{"steps in another order", base(step(1, "a"), step(1, "b")), base(step(1, "b"), step(1, "a")), false, false},
		{"longer", one, with(one, func(d *Decision) { d.Max = 9 * time.Hour }), true, false},
		{"without a maximum", one, with(one, func(d *Decision) { d.Max = 0 }), true, false},
		{"shorter", one, with(one, func(d *Decision) { d.Max = time.Hour }), false, false},
		{"standing", one, with(one, func(d *Decision) { d.Standing = true }), true, false},
		{"automatic", one, with(one, func(d *Decision) { d.Auto = 1 }), true, false},
		{"less automatic", with(one, func(d *Decision) { d.Auto = 2 }), with(one, func(d *Decision) { d.Auto = 1 }), false, false},
		{"not pinned", with(one, func(d *Decision) { d.Pinned = true }), one, true, false},
		{"everybody may ask", with(one, func(d *Decision) { d.Requesters = []config.ApproverRef{ref("a")} }), one, true, false},
		{"only some may ask", one, with(one, func(d *Decision) { d.Requesters = []config.ApproverRef{ref("a")} }), false, false},
		{"any reason", with(one, func(d *Decision) { d.Pattern = "x" }), one, true, false},
		{"no ticket", with(one, func(d *Decision) { d.Ticket = "x" }), one, true, false},
		{"no rule any more", one, Decision{}, false, false},
		{"a rule where was none", Decision{}, one, true, false},
	}
	for _, tt := range tests {
		if weak, others := weaker(tt.before, tt.after); weak != tt.weak || others != tt.others {
			t.Errorf("%s: weaker %t, others %t; want %t, %t", tt.name, weak, others, tt.weak, tt.others)
		}
	}
}

// TestComparingIsBounded: it ends, and says that it left something out.
func TestComparingIsBounded(t *testing.T) {
	t.Parallel()
	in := input(t, map[string]func(string) string{"aws-access.yaml": replaced("max_duration: 24h", "max_duration: 48h")}, nil)
	if r := Of(in).Rules; r.Uncompared || len(r.Changes) == 0 {
		t.Fatalf("a small repo is compared whole: %+v", r.Uncompared)
	}
	base, head := *in.Base, *in.Head
	base.Accounts = map[string]*config.Account{}
	for i := range maxCases {
		a := &config.Account{Slug: fmt.Sprintf("a%d", i), ID: fmt.Sprintf("%012d", i), Stage: config.StageSSO}
		base.Accounts[a.Slug] = a
	}
	head.Accounts = base.Accounts
	in.Base, in.Head = &base, &head
	if r := rules(in); !r.Uncompared || len(r.Changes) != 1 || !r.Changes[0].Weaker {
		t.Errorf("uncompared %t, %d changes", r.Uncompared, len(r.Changes))
	}
}
