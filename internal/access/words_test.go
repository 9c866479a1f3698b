package access_test

import (
	"strings"
	"testing"

	"aws-access-bot/internal/access"
)

func TestCommandsAreWrittenAsInTheReadersChat(t *testing.T) {
	t.Parallel()
	slack, teams := access.Slashes(), access.Words{Access: "@aws-access", Onboard: "@aws-access onboard"}
	onlySlack, onlyTeams := access.Spelling{access.Slack: slack}, access.Spelling{access.Teams: teams}
	both := access.Spelling{access.Slack: slack, access.Teams: teams}
	const (
		sentence = "Ask with `/aws-access request a b`, or `/aws-onboard 1`; not `/aws-accessory`, `bot status` or /aws-access x."
		slashes  = sentence
		mentions = "Ask with `@aws-access request a b`, or `@aws-access onboard 1`; not `/aws-accessory`, `bot status` or /aws-access x."
		inTeams  = " In Teams, write `@aws-access` in the place of `/aws-access`, and `@aws-access onboard` in that of `/aws-onboard`."
	)
	for name, x := range map[string]struct {
		spelling access.Spelling
		from     access.Platform
		want     string
	}{
		"Slack alone":                                     {onlySlack, "", slashes},
		"Teams alone":                                     {onlyTeams, "", mentions},
		"Teams alone, asked in Slack before":              {onlyTeams, access.Slack, mentions},
		"both, asked in Slack":                            {both, access.Slack, slashes},
		"both, asked in Teams":                            {both, access.Teams, mentions},
		"both, and not known where":                       {both, "", slashes + inTeams},
		"both, asked where nobody is any more":            {both, "irc", slashes + inTeams},
		"no settings: nobody knows which chats there are": {nil, "", slashes},
	} {
		if got := x.spelling.For(x.from).Text(sentence); got != x.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, x.want)
		}
	}
	if got := both.For("").Text("No command here: `bot status`."); got != "No command here: `bot status`." {
		t.Errorf("the other words stand in a text that has no command: %s", got)
	}
	if got, want := both.For("").Text("Lines.\n`/aws-access`\n"), "Lines.\n`/aws-access`\n"+strings.TrimSpace(inTeams)+"\n"; got != want {
		t.Errorf("lines: %q, want %q", got, want)
	}
	if got := (access.Spoken{}).Text(sentence); got != sentence {
		t.Errorf("no words: %s", got)
	}
}
