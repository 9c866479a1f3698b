package main

import (
	"context"
	"strings"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/settings"
)

// TestWhereSomebodyIsReachedInChat: where people.yaml says, else in Teams, and only
// on a chat that there is.
func TestWhereSomebodyIsReachedInChat(t *testing.T) {
	t.Parallel()
	onSlack := config.Person{Entra: "e-1", Slack: &config.SlackUser{Team: "T0ACME", User: "U0HANA"}}
	other := config.Person{Entra: "e-2"}
	s, te := &settings.Slack{}, &settings.Teams{Tenant: "tenant"}
	slackUser := access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U0HANA"}
	teamsUser := func(id string) access.ChatUser {
		return access.ChatUser{Platform: access.Teams, Team: "tenant", User: id}
	}
	for name, x := range map[string]struct {
		set    settings.Settings
		person config.Person
		want   access.ChatUser
	}{
		"Slack alone":              {settings.Settings{Slack: s}, onSlack, slackUser},
		"Slack alone, not there":   {settings.Settings{Slack: s}, other, access.ChatUser{}},
		"Teams alone":              {settings.Settings{Teams: te}, onSlack, teamsUser("e-1")},
		"both, by people.yaml":     {settings.Settings{Slack: s, Teams: te}, onSlack, slackUser},
		"both, not by people.yaml": {settings.Settings{Slack: s, Teams: te}, other, teamsUser("e-2")},
	} {
		b := &bot{set: &x.set}
		if got, ok := b.home(x.person); got != x.want || ok != (x.want != access.ChatUser{}) {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}

// TestCommandsAreWrittenByTheSettings: one place decides it from them.
func TestCommandsAreWrittenByTheSettings(t *testing.T) {
	t.Parallel()
	s, te := &settings.Slack{}, &settings.Teams{}
	for name, x := range map[string]struct {
		set  settings.Settings
		from access.Platform
		want string
	}{
		"Slack alone":          {settings.Settings{Slack: s}, "", "`/aws-access drift`"},
		"Teams alone":          {settings.Settings{Teams: te}, "", "`@aws-access drift`"},
		"both, asked in Teams": {settings.Settings{Slack: s, Teams: te}, access.Teams, "`@aws-access drift`"},
		"both, asked in Slack": {settings.Settings{Slack: s, Teams: te}, access.Slack, "`/aws-access drift`"},
		"both":                 {settings.Settings{Slack: s, Teams: te}, "", "`/aws-access drift` In Teams, write `@aws-access` in the place of `/aws-access`, and `@aws-access onboard` in that of `/aws-onboard`."},
	} {
		if got := spelling(&x.set).For(x.from).Text("`/aws-access drift`"); got != x.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestStatusNamesTheCommandsOfTheChat that there is.
func TestStatusNamesTheCommandsOfTheChat(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	st := statusReport{Migration: &access.Board{Accounts: []access.BoardAccount{{Name: "crm", Blocker: "It waits: `/aws-onboard 333344441111` asks for it."}}}}
	o := saying{report: st}
	if err := status(t.Context(), program{stdout: &out}, o, spelling(&settings.Settings{Teams: &settings.Teams{}}).For(""), false); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "`@aws-access onboard 333344441111` asks for it") || strings.Contains(got, "/aws-onboard") {
		t.Errorf("status:\n%s", got)
	}
}

// saying are operations of which only the status is asked.
type saying struct {
	operations
	report statusReport
}

func (s saying) Status(context.Context) (statusReport, error) { return s.report, nil }

func TestChannelsOfTheConfigAreIDsOfTheirChat(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]bool{"C0AWS": {true, false}, "19:a@thread.tacv2": {false, true}, "#aws-access": {}, "": {}} {
		if got := [2]bool{isChannel(access.Slack, name), isChannel(access.Teams, name)}; got != want || isChannel("", name) {
			t.Errorf("%q: on Slack and Teams %v, want %v", name, got, want)
		}
	}
}
