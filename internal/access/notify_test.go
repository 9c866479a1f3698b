package access_test

import (
	"strings"
	"testing"

	"aws-access-bot/internal/access"
)

// TestTheConfigNamesTheChannel of the root message: the rule's before the account's
// before the file's, each on the chat where it was asked; what is none there is
// passed over.
func TestTheConfigNamesTheChannel(t *testing.T) {
	t.Parallel()
	isChannel := func(p access.Platform, name string) bool {
		return strings.HasPrefix(name, map[access.Platform]string{access.Slack: "C", access.Teams: "19:"}[p])
	}
	for _, x := range []struct {
		name                string
		file, account, rule string
		slack, teams        string
	}{
		{"nothing", "", "", "", "C0AWS", "C0AWS"},
		{"the file's", "C0FILE", "", "", "C0FILE", "C0AWS"},
		{"the account's before it", "C0FILE", "C0PAY", "", "C0PAY", "C0AWS"},
		{"the rule's before both", "C0FILE", "C0PAY", "C0RULE", "C0RULE", "C0AWS"},
		{"one of each", "C0FILE,19:file", "19:pay", "C0RULE", "C0RULE", "19:pay"},
		{"a name", "#aws-access", "general", "", "C0AWS", "C0AWS"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			for platform, want := range map[access.Platform]string{access.Slack: x.slack, access.Teams: x.teams} {
				w := newWorld(t)
				repo := w.commits.force.Repo
				repo.Access.Notify, repo.Accounts["payments-dev"].Notify = x.file, x.account
				for i := range repo.Access.Approvals {
					repo.Access.Approvals[i].Notify = x.rule
				}
				w.service.IsChannel = isChannel
				a := good("k")
				a.Asker.Chat.Platform, a.Channel = platform, "C0AWS"
				if got := w.ask(a); got.Request.Channel != want {
					t.Errorf("on %s: %q, want %q", platform, got.Request.Channel, want)
				}
			}
		})
	}
}
