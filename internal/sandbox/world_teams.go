package sandbox

import (
	"strings"

	"aws-access-bot/internal/sandbox/teamsemu"
)

// The fixed names of Teams. The channels are those of Slack.
const (
	// teamsApp is the Microsoft app id of the bot: another registration than the one
	// that reads Graph, without any permission there.
	teamsApp        = "7a1c0de5-0000-4000-8000-0000000000b1"
	teamsGroup      = "0b7e3f4c-0000-4000-8000-0000000000a1" // the Entra group of the team
	teamsGeneral    = "19:acme-general@thread.tacv2"
	teamsChannelAWS = "19:acme-aws-access@thread.tacv2"
	teamsChannelOps = "19:acme-aws-ops@thread.tacv2"
	teamsPayments   = "19:acme-payments@thread.v2" // a group chat
)

// withoutApp reports whether a person does not have the app in Teams: Olga never
// added it, and guests cannot.
func (p Person) withoutApp() bool { return p.Key == "olga" || p.guest }

// makeTeamsChat makes Teams: the team Acme Platform, and the group chat payments, with
// everybody in them and the app installed. baseURL is where the bot reaches it, over TLS.
func (w *world) makeTeamsChat(baseURL string, opts Options) error {
	s, err := teamsemu.New(w.kit, teamsemu.Options{
		AppID: teamsApp, TenantID: entraTenant, Tokens: w.graph, BaseURL: baseURL, Key: opts.Key,
	})
	if err != nil {
		return err
	}
	w.teams = s
	team := teamsemu.Team{ID: teamsGeneral, Name: "Acme Platform", GroupID: teamsGroup, Installed: true, Channels: []teamsemu.Channel{
		{ID: teamsGeneral, Name: "general"}, {ID: teamsChannelAWS, Name: "aws-access"}, {ID: teamsChannelOps, Name: "aws-ops"},
	}}
	for i := range w.people {
		p := &w.people[i]
		given, surname, _ := strings.Cut(p.Name, " ")
		if err := s.AddUser(teamsemu.User{
			ObjectID: p.Entra, Name: p.Name, Alias: p.Key, Given: given, Surname: surname, Email: p.Email, UPN: p.upn(), IsGuest: p.guest,
		}); err != nil {
			return err
		}
		p.Teams = s.PersonID(p.Entra)
		team.Members = append(team.Members, p.Entra)
	}
	if err := s.AddTeam(team); err != nil {
		return err
	}
	if err := s.AddGroup(teamsemu.Group{ID: teamsPayments, Topic: "payments", Members: team.Members, Installed: true}); err != nil {
		return err
	}
	for _, p := range w.people {
		if err := s.SetInstalled(p.Entra, !p.withoutApp()); err != nil {
			return err
		}
	}
	return nil
}
