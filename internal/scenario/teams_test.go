package scenario

import (
	"testing"
	"time"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/sandbox/slackemu"
	"aws-access-bot/internal/sandbox/teamsemu"

	"github.com/google/go-cmp/cmp"
)

const (
	hanaID   = "3c1d9a70-0000-4000-8000-000000000021"
	aChannel = "19:acme-aws-access@thread.tacv2"
)

// inCard is a message of the bot with a card of one text for each line.
func inCard(id string, lines ...string) teamsemu.MessageState {
	body := []any{}
	for _, line := range lines {
		body = append(body, object{"type": "TextBlock", "text": line})
	}
	return teamsemu.MessageState{ID: id, From: teamsemu.Author{Bot: true}, Cards: []teamsemu.CardState{{Card: object{"type": "AdaptiveCard", "version": "1.5", "body": body}}}}
}

// goodInTeams is [good] in a company that has Teams.
func goodInTeams(t *testing.T) *Evidence {
	t.Helper()
	ev := good(t)
	ev.State.Slack = &slackemu.State{}
	ev.State.People = []sandbox.Person{{Key: "hana", Entra: hanaID}}
	card := inCard("1", "Access request "+request, "Live")
	card.Replies = []teamsemu.MessageState{inCard("2", request+" is live")}
	card.Cards[0].Actions = []teamsemu.ActionState{{Type: "Action.OpenUrl", Title: "Open"}, {Type: "Action.Execute", Verb: "revoke"}}
	asked := teamsemu.MessageState{ID: "0", Text: "<at>aws-access</at> request", From: teamsemu.Author{ObjectID: hanaID}}
	form := inCard("4", "Fill in")
	form.Cards[0].Actions = []teamsemu.ActionState{{Type: "Action.Submit", Title: "Ask"}}
	ev.State.Teams = &teamsemu.State{
		Teams: []teamsemu.TeamState{{Channels: []teamsemu.ChannelState{{
			Channel:  teamsemu.Channel{ID: aChannel, Name: "aws-access"},
			Messages: []teamsemu.MessageState{asked, card, inCard("3", "Removal REQ-9KD0M4", "removes "+request)},
			Targeted: map[string][]teamsemu.MessageState{hanaID: {form}},
		}}}},
		Chats: map[string]teamsemu.ChatState{hanaID: {ID: "a:1", Messages: []teamsemu.MessageState{inCard("5", "Your turn, send @aws-access status")}}},
	}
	for i, e := range ev.Journal {
		if e.Service == "slack" {
			ev.Journal[i].Service, ev.Journal[i].Op, ev.Journal[i].Request = "teams", "activities.send", body(object{"type": "message", "summary": formText(e)})
			ev.Journal[i].Path = "/teams/apac/t/v3/conversations/19%3Aacme-aws-access@thread.tacv2/activities"
		}
	}
	return ev
}

// formText is what a request to Slack says.
func formText(e emukit.Entry) string {
	text, _ := sent(e) // it was made by a test
	return text
}

func TestWhatWasSaidInTeams(t *testing.T) {
	t.Parallel()
	ev := goodInTeams(t)
	want := []Said{
		{Channel: "aws-access", Key: request, Text: "Access request " + request + "\nLive", Actions: []string{"revoke"}, Place: aChannel, ID: "1"},
		{Channel: "aws-access", Thread: request, Text: request + " is live", Place: aChannel, ID: "2"},
		{Channel: "aws-access", Key: "REQ-9KD0M4", Text: "Removal REQ-9KD0M4\nremoves " + request, Place: aChannel, ID: "3"},
		{Channel: "aws-access", Private: "hana", Text: "Fill in", Opens: "Ask", Place: aChannel, ID: "4"},
		{Private: "hana", Text: "Your turn, send @aws-access status", Place: "a:1", ID: "5"},
	}
	if diff := cmp.Diff(want, Messages(&ev.State)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	list := &ev.State.Teams.Teams[0].Channels[0]
	list.Messages = append(list.Messages, inCard("6", "Access request "+request, "it may stand here twice"))
	ev.insert(2, emukit.Entry{Service: "teams", Op: "activities.send", Method: "POST", Time: after(2 * time.Second), Path: "/teams/v3/conversations/a%3A1/activities",
		Request: body(object{"summary": "Your requests: " + request + " Halted; what was live stays so"})})
	if got := rules(t, ev); len(got) != 0 {
		t.Errorf("rules %q are broken where all is well", got)
	}
}

// TestEachRuleIsCaughtInTeamsToo breaks one thing at a time.
func TestEachRuleIsCaughtInTeamsToo(t *testing.T) {
	t.Parallel()
	channel := func(ev *Evidence) *teamsemu.ChannelState { return &ev.State.Teams.Teams[0].Channels[0] }
	card := func(at time.Time, op, in string) emukit.Entry {
		return emukit.Entry{Service: "teams", Op: op, Method: "POST", Time: at, Request: in, Path: "/teams/v3/conversations/19%3Ax/activities/1"}
	}
	live := `{"attachments":[{"content":{"type":"AdaptiveCard","body":[{"type":"TextBlock","text":"` + request + `: **Live**"}]}}]}`
	tests := []struct {
		name  string
		wreck func(ev *Evidence)
		want  Rule
	}{
		{"no root message", func(ev *Evidence) { channel(ev).Messages = channel(ev).Messages[:2] }, RuleRoot},
		{"a root message taken back", func(ev *Evidence) { channel(ev).Messages[2].Deleted = true }, RuleRoot},
		{"a second root message", func(ev *Evidence) {
			channel(ev).Messages = append(channel(ev).Messages, inCard("9", "Access request "+request))
		}, RuleMessage},
		{"a reply said twice", func(ev *Evidence) {
			m := &channel(ev).Messages[1]
			m.Replies = append(m.Replies, m.Replies[0])
		}, RuleMessage},
		{"live too early in a card", func(ev *Evidence) { ev.insert(2, card(after(2*time.Second), "activities.update", live)) }, RuleLive},
		{"live too early where a thread begins", func(ev *Evidence) {
			ev.insert(2, card(after(2*time.Second), "conversations.create", `{"isGroup":true,"activity":`+live+`}`))
		}, RuleLive},
		{"a message that may stand twice, three times", func(ev *Evidence) {
			twice := inCard("9", "Access request "+request, "it may stand here twice")
			channel(ev).Messages = append(channel(ev).Messages, twice, inCard("10", "Access request "+request))
		}, RuleMessage},
		{"a slash command", func(ev *Evidence) {
			ev.insert(2, card(after(2*time.Second), "activities.send", `{"attachments":[{"content":{"type":"AdaptiveCard","body":[{"type":"TextBlock","text":"Send /aws-access status"}]}}]}`))
		}, RuleWords},
		{"a slash command in a notification", func(ev *Evidence) {
			ev.insert(2, card(after(2*time.Second), "activities.update", `{"summary":"/aws-onboard 1"}`))
		}, RuleWords},
		{"a slash command that one person sees", func(ev *Evidence) {
			e := card(after(2*time.Second), "activities.send", `{"text":"(/aws-onboard 1)"}`)
			e.Path += "?isTargetedActivity=true"
			ev.insert(2, e)
		}, RuleWords},
		{"a slash command in a check", func(ev *Evidence) {
			ev.State.GitHub.Repos[0].Checks = []githubemu.CheckState{{Summary: "Ask again with `/aws-access request`."}}
		}, RuleWords},
		{"a slash command in a pull request", func(ev *Evidence) {
			p := &ev.State.GitHub.Repos[0].Pulls[0]
			p.Author, p.Body = "bot[bot]", "Send `/aws-onboard 1`"
		}, RuleWords},
		{"a slash command in a comment", func(ev *Evidence) {
			p := &ev.State.GitHub.Repos[0].Pulls[0]
			p.Comments = []githubemu.CommentState{{By: "bot[bot]", Body: "Send `/aws-access drift`"}}
		}, RuleWords},
		{"a card that cannot be displayed", func(ev *Evidence) {
			channel(ev).Targeted[hanaID][0].Cards[0].Problems = []string{"version 1.6"}
		}, RuleCard},
		{"a card that could not be displayed before an edit", func(ev *Evidence) {
			broken := inCard("1", "x")
			broken.Cards[0].Problems = []string{"version 1.6"}
			channel(ev).Messages[1].Edits = []teamsemu.MessageState{broken}
		}, RuleCard},
		{"a secret in a card", func(ev *Evidence) {
			channel(ev).Messages = append(channel(ev).Messages, inCard("9", "a-very-secret-value"))
		}, RuleSecret},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ev := goodInTeams(t)
			tt.wreck(ev)
			if got := rules(t, ev); len(got) != 1 || got[0] != tt.want {
				t.Errorf("rules %q, want %q alone", got, tt.want)
			}
		})
	}
}
