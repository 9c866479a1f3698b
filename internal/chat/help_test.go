package chat_test

import (
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// TestHelpOffersWhatThereIs: linking a Slack user is offered in Slack, said to be for
// there where somebody reads of it elsewhere, and nowhere else.
func TestHelpOffersWhatThereIs(t *testing.T) {
	t.Parallel()
	const inSlack, elsewhere = "link you@company.com", "in Slack only, behind the command there"
	for name, x := range map[string]struct {
		here          access.Platform
		served        []access.Platform
		offered, only bool
	}{
		"Slack alone":                   {access.Slack, []access.Platform{access.Slack}, true, false},
		"in Slack, and Teams there too": {access.Slack, []access.Platform{access.Slack, access.Teams}, true, false},
		"in Teams, and Slack there too": {access.Teams, []access.Platform{access.Slack, access.Teams}, true, true},
		"Teams alone":                   {access.Teams, []access.Platform{access.Teams}, false, false},
	} {
		got := write(chat.Help(x.here, x.served...))
		if strings.Contains(got, inSlack) != x.offered || strings.Contains(got, elsewhere) != x.only || strings.Contains(got, "Slack") != x.offered {
			t.Errorf("%s:\n%s", name, got)
		}
		if !strings.Contains(got, "/aws-access link github <login>") {
			t.Errorf("%s: GitHub is not offered:\n%s", name, got)
		}
	}
}

// inTeams has the office serve Teams as well, or alone, and gives a delivery there.
func (o *office) inTeams(alone bool, key, text string) {
	o.t.Helper()
	d := *o.desk
	d.Profiles[access.Teams], d.Whispers[access.Teams] = o.town, o.town
	if alone {
		delete(d.Profiles, access.Slack)
		delete(d.Whispers, access.Slack)
	}
	o.desk = chat.NewDesk(d)
	in := o.inbound(key, "U0HANA", text)
	in.User.Platform = access.Teams
	if _, err := o.desk.Take(o.t.Context(), in); err != nil {
		o.t.Fatal(err)
	}
	o.work()
}

// TestLinkingIsOfferedOnlyWhereItIsDone: the desk knows which chats are served, and
// somebody who writes "link" wrongly is told only what he can do there.
func TestLinkingIsOfferedOnlyWhereItIsDone(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		alone bool
		line  string
		slack bool
	}{
		"help, Slack there too": {false, "help", true},
		"help":                  {true, "help", false},
		"link":                  {true, "link", false},
		"link a name":           {false, "link Hana Sato", false},
	} {
		o := newOffice(t)
		o.inTeams(x.alone, "k1", x.line)
		got := o.told("U0HANA")
		if strings.Contains(got, "Slack") != x.slack || strings.Contains(got, "you@company.com") != x.slack || !strings.Contains(got, "link github") {
			t.Errorf("%s: %s", name, got)
		}
	}
}
