package provision_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/permset"
)

// TestTheGuardsOfSetsFailClosed breaks one thing at a time of a change that adds
// a powerful policy to a set.
func TestTheGuardsOfSetsFailClosed(t *testing.T) {
	t.Parallel()
	widening := view("Admin", time.Hour, policyAdmin)
	tests := []struct {
		name string
		set  func(s *provision.SetSurroundings, spreads *[]string)
		want provision.Code
		says string
	}{
		{"nothing is wrong", func(*provision.SetSurroundings, *[]string) {}, "", ""},
		{"changes are off", func(s *provision.SetSurroundings, _ *[]string) { s.EnableChanges = false }, provision.CodeDisabled, "enable_changes is off"},
		{"the management account is not known", func(s *provision.SetSurroundings, _ *[]string) { s.LiveManagement = "" }, provision.CodeIncomplete, "does not tell"},
		{"the config names no management account", func(s *provision.SetSurroundings, _ *[]string) { s.ConfigManagement = "" }, provision.CodeIncomplete, "does not tell"},
		{"it is assigned in the management account", func(s *provision.SetSurroundings, _ *[]string) {
			s.Live.Accounts = append(s.Live.Accounts, managementAccount)
		}, provision.CodeSetManagement, "a delegated administrator may not"},
		{"it is assigned in what the config calls the management account", func(s *provision.SetSurroundings, _ *[]string) { s.ConfigManagement = accountID(1) }, provision.CodeSetManagement, ""},
		{"as whom the bot acts is not known", func(s *provision.SetSurroundings, _ *[]string) { s.Caller = provision.Caller{} }, provision.CodeIncomplete, "cannot be judged"},
		{"it is in the bot's account", func(s *provision.SetSurroundings, _ *[]string) { s.Caller.Account = accountID(1) }, provision.CodeSetPower, "Attach " + policyAdmin + " to Admin"},
		{"it is granted in the bot's account", func(s *provision.SetSurroundings, _ *[]string) { s.Declared = []string{botAccount} }, provision.CodeSetPower, "from which the bot acts"},
		{"the bot acts by it", func(s *provision.SetSurroundings, _ *[]string) {
			s.Caller.ARN = "arn:aws:sts::" + botAccount + ":assumed-role/AWSReservedSSO_Admin_0123456789abcdef/x"
		}, provision.CodeSetOwn, "a role of its own"},
		{"it would spread drift", func(_ *provision.SetSurroundings, spreads *[]string) {
			*spreads = []string{"managed policy x"}
		}, provision.CodeSetSpread, "managed policy x"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := provision.SetSurroundings{EnableChanges: true, ConfigManagement: managementAccount, LiveManagement: managementAccount,
				Caller: provision.Caller{Account: botAccount, ARN: "arn:aws:iam::" + botAccount + ":role/bot"},
				Want:   widening, Live: &permset.Live{Definition: view("Admin", time.Hour), Accounts: []string{accountID(1)}}}
			diff := permset.Diff(permset.Input{Want: s.Want, Live: s.Live, Pending: true})
			tc.set(&s, &diff.Spreads)
			code, says := provision.CheckSet(diff, s)
			if code != tc.want || !strings.Contains(says, tc.says) || (code != "") != (says != "") {
				t.Errorf("%q %q, want %q with %q", code, says, tc.want, tc.says)
			}
		})
	}
}

// TestAHarmlessChangeInTheBotsAccountIsNoWidening: whoever has the power already
// may get longer sessions, and a set that only reads may change.
func TestAHarmlessChangeInTheBotsAccountIsNoWidening(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]permset.Definition{
		"a longer session": view("Admin", 8*time.Hour, policyAdmin), "another policy that only reads": view("Admin", time.Hour, policyAdmin, policyAudit),
	} {
		live := &permset.Live{Definition: view("Admin", time.Hour, policyAdmin), Accounts: []string{botAccount}}
		code, says := provision.CheckSet(permset.Diff(permset.Input{Want: want, Live: live, Pending: true}), provision.SetSurroundings{
			EnableChanges: true, ConfigManagement: managementAccount, LiveManagement: managementAccount,
			Caller: provision.Caller{Account: botAccount, ARN: "arn:aws:iam::" + botAccount + ":role/bot"}, Want: want, Live: live})
		if code != "" {
			t.Errorf("%s: %s %s", name, code, says)
		}
	}
}
