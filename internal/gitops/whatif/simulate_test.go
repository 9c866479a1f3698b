package whatif

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
)

func TestSimulate(t *testing.T) {
	t.Parallel()
	hours := func(n int) *config.Term { return &config.Term{For: time.Duration(n) * time.Hour} }
	const twoOwners = "name: two, match: {permission_sets: [PowerUserAccess], accounts: [sandbox-play]}, approvers: [account-owners], count: 1, default_duration: 1h"
	tests := []struct {
		name             string
		edits            []edit
		account, set     string
		group, by        string
		term             *config.Term
		reason           string
		rule, termIs     string
		mayAsk           Answer
		steps            []string
		excluded         []string
		earlier, refused []string // a part of each
		possible         bool
	}{
		{
			name: "the default of the rule", account: "payments-dev", set: "PowerUserAccess", group: "aws-payments-dev", by: "hana@example.com",
			rule: "read and develop", termIs: "8h", mayAsk: Yes, possible: true,
			steps:   []string{"1 of account-owners: yuki-lead (yuki@example.com); team:payments-leads, whose members are read from GitHub"},
			earlier: []string{"admin in production: it is for the permission sets AdministratorAccess", "a look at the sandbox: it is for the permission sets ReadOnlyAccess"},
		},
		{
			name: "an owner asks", account: "data-lake", set: "ReadOnlyAccess", group: "aws-data-analysts", by: "taro@example.com", term: hours(2),
			rule: "read and develop", termIs: "2h", mayAsk: Yes, possible: false,
			steps: []string{"1 of account-owners: nobody"}, excluded: []string{"taro-data"},
			earlier: []string{"admin in production: it is for the permission sets", "a look at the sandbox: it is for /Sandbox, and data-lake is in /Data"},
		},
		{
			name: "two steps", account: "payments-prod", set: "AdministratorAccess", group: "aws-payments-oncall", by: "hana@example.com", term: hours(4),
			rule: "admin in production", termIs: "4h", mayAsk: Yes, possible: true,
			steps: []string{
				"1 of account-owners: yuki-lead (yuki@example.com); team:payments-leads, whose members are read from GitHub",
				"1 of team:security, whose members are read from GitHub",
			},
		},
		{
			name: "too long", account: "payments-prod", set: "AdministratorAccess", group: "aws-payments-oncall", by: "hana@example.com", term: hours(9),
			rule: "admin in production", termIs: "9h", mayAsk: Yes, possible: false,
			steps: []string{
				"1 of account-owners: yuki-lead (yuki@example.com); team:payments-leads, whose members are read from GitHub",
				"1 of team:security, whose members are read from GitHub",
			},
			refused: []string{`allows 8h at most`},
		},
		{
			name: "no length and no default", account: "payments-prod", set: "AdministratorAccess", group: "aws-payments-oncall", by: "hana@example.com",
			rule: "admin in production", mayAsk: Yes, possible: false,
			steps: []string{
				"1 of account-owners: yuki-lead (yuki@example.com); team:payments-leads, whose members are read from GitHub",
				"1 of team:security, whose members are read from GitHub",
			},
			refused: []string{"no length is given"},
		},
		{
			name: "a legacy account", account: "crm-legacy", set: "ReadOnlyAccess", group: "aws-payments-dev", by: "hana@example.com", term: hours(1),
			rule: "read and develop", termIs: "1h", mayAsk: Yes, possible: false,
			steps:   []string{"1 of account-owners: lena-platform (lena@example.com)"},
			earlier: []string{"admin in production", "a look at the sandbox: it is for /Sandbox"},
			refused: []string{"crm-legacy is a legacy account"},
		},
		{
			name: "auto needs nobody", account: "sandbox-play", set: "ReadOnlyAccess", group: "aws-sandbox-users", by: "ken@example.com", term: hours(1),
			rule: "a look at the sandbox", termIs: "1h", mayAsk: Yes, possible: true, excluded: []string{"ken-platform"},
			steps:   []string{"1 of account-owners or requester-manager: requester-manager, who is read from Entra"},
			earlier: []string{"admin in production"},
		},
		{
			name: "the only owner asks", edits: []edit{firstRule(twoOwners)}, account: "sandbox-play", set: "PowerUserAccess", group: "aws-sandbox-users", by: "ken@example.com",
			rule: "two", termIs: "1h", mayAsk: Yes, possible: false, excluded: []string{"ken-platform"}, steps: []string{"1 of account-owners: nobody"},
		},
		{
			name: "not a requester", edits: []edit{firstRule(twoOwners + ", requesters: [yuki@example.com]")}, account: "sandbox-play", set: "PowerUserAccess", group: "aws-sandbox-users", by: "hana@example.com",
			rule: "two", termIs: "1h", mayAsk: No, possible: false, steps: []string{"1 of account-owners: ken-platform (ken@example.com)"},
			refused: []string{`lets only yuki@example.com ask`},
		},
		{
			name: "a requester by team", edits: []edit{firstRule(twoOwners + ", requesters: [team:security]")}, account: "sandbox-play", set: "PowerUserAccess", group: "aws-sandbox-users", by: "hana@example.com",
			rule: "two", termIs: "1h", mayAsk: Unknown, possible: true, steps: []string{"1 of account-owners: ken-platform (ken@example.com)"},
		},
		{
			name: "a reason without a ticket", edits: []edit{firstRule(twoOwners + ", reason: {ticket: 'INC-[0-9]+'}")}, account: "sandbox-play", set: "PowerUserAccess", group: "aws-sandbox-users", by: "hana@example.com", reason: "just so",
			rule: "two", termIs: "1h", mayAsk: Yes, possible: false, steps: []string{"1 of account-owners: ken-platform (ken@example.com)"},
			refused: []string{"wants a ticket in the reason"},
		},
		{
			name: "no reason where a ticket is wanted", edits: []edit{firstRule(twoOwners + ", reason: {ticket: 'INC-[0-9]+'}")}, account: "sandbox-play", set: "PowerUserAccess", group: "aws-sandbox-users", by: "hana@example.com",
			rule: "two", termIs: "1h", mayAsk: Yes, possible: false, steps: []string{"1 of account-owners: ken-platform (ken@example.com)"},
			refused: []string{`no reason is given, and the rule "two" wants a ticket in the reason`},
		},
		{
			name: "a reason with a ticket", edits: []edit{firstRule(twoOwners + ", reason: {ticket: 'INC-[0-9]+'}")}, account: "sandbox-play", set: "PowerUserAccess", group: "aws-sandbox-users", by: "hana@example.com", reason: "INC-7",
			rule: "two", termIs: "1h", mayAsk: Yes, possible: true, steps: []string{"1 of account-owners: ken-platform (ken@example.com)"},
		},
		{
			name: "a reason that is too long", account: "payments-dev", set: "ReadOnlyAccess", group: "aws-payments-dev", by: "hana@example.com", term: hours(1), reason: strings.Repeat("x", config.MaxReason+1),
			rule: "read and develop", termIs: "1h", mayAsk: Yes, possible: false, refused: []string{"character"},
			steps: []string{"1 of account-owners: yuki-lead (yuki@example.com); team:payments-leads, whose members are read from GitHub"},
		},
		{
			name: "no rule", edits: []edit{{"aws-access.yaml", "    match: {}\n", "    match: {permission_sets: [X]}\n"}}, account: "payments-dev", set: "AdministratorAccess", group: "aws-payments-dev", by: "hana@example.com", term: hours(1),
			termIs: "1h", mayAsk: Unknown, possible: false, refused: []string{"no approval rule fits"},
			earlier: []string{"admin in production: it is for env: prod, and payments-dev has env: dev", "a look at the sandbox", "read and develop", "everything else: it is for the permission sets X"},
		},
		{
			name: "for oneself", account: "payments-dev", set: "ReadOnlyAccess", by: "yuki@example.com", term: hours(1),
			rule: "read and develop", termIs: "1h", mayAsk: Yes, possible: true, excluded: []string{"yuki-lead"},
			steps: []string{"1 of account-owners: team:payments-leads, whose members are read from GitHub"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := repo(t, test.edits...)
			by, _ := r.PersonByEmail(test.by)
			got := Simulate(r, Ask{Account: r.Accounts[test.account], PermissionSet: test.set, Group: r.Groups[test.group], Term: test.term, Reason: test.reason, By: by, At: noon})
			if got.Rule != test.rule || got.Term != test.termIs || got.MayAsk != test.mayAsk || got.Possible != test.possible {
				t.Errorf("rule %q, term %q, may ask %s, possible %v; want %q, %q, %s, %v", got.Rule, got.Term, got.MayAsk, got.Possible, test.rule, test.termIs, test.mayAsk, test.possible)
			}
			var texts, logins, earlier []string
			for _, s := range got.Steps {
				texts = append(texts, s.Text())
			}
			for _, p := range got.Excluded {
				logins = append(logins, p.Login)
			}
			for _, p := range got.Earlier {
				earlier = append(earlier, p.Rule+": "+p.Why)
			}
			if diff := cmp.Diff(test.steps, texts); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.excluded, logins); diff != "" {
				t.Errorf("excluded (-want +got):\n%s", diff)
			}
			if test.earlier != nil {
				parts(t, "earlier rules", test.earlier, earlier)
			}
			parts(t, "refusals", test.refused, got.Refused)
		})
	}
}

// parts wants each text to contain its part, and no others.
func parts(t *testing.T, what string, want, got []string) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%s: %q, want %q", what, got, want)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("%s: %q does not contain %q", what, got[i], want[i])
		}
	}
}
