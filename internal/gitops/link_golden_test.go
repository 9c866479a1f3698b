package gitops

import (
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

func linkRequest(l config.PersonLink) access.Request {
	return access.Request{
		ID: "REQ-7F3K2Q", Kind: access.KindLink,
		Asker: access.Asker{
			Person: access.Person{Name: "Nina", Email: "nina@home.example"},
			Chat:   access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U0NINA"},
		},
		Want: access.Want{
			Principal: config.Principal{Kind: config.UserPrincipal, ID: people + "33"}, PrincipalName: "Nina Petrova",
			Link: access.Link{Account: l, Email: "nina@example.com", UPN: "nina@corp.example.com", ChatName: "Nina", ChatEmail: "nina@home.example"},
		},
	}
}

// TestT18LinkBodies: what is claimed, by whom, what it replaces, and that
// nothing of it is proved; what people wrote is inert.
func TestT18LinkBodies(t *testing.T) {
	t.Parallel()
	base, _ := goldenRepos(t, "people.yaml", "", "")
	show := func(r access.Request) string {
		return title(r) + "\n\n" + signedBody("", linkBody(r, base), "<!-- signed -->\n")
	}
	slack := config.PersonLink{Slack: config.SlackUser{Team: "T0ACME", User: "U0NINA"}}
	golden(t, "body_link_new.md", show(linkRequest(slack)))

	replace := linkRequest(slack)
	replace.Want.Principal.ID, replace.Want.PrincipalName = people+"21", "Hana Sato"
	golden(t, "body_link_replace.md", show(replace))

	github := linkRequest(config.PersonLink{GitHub: config.GitHubUser{Login: "hana-two", ID: 1900}})
	github.Want.Principal.ID, github.Want.PrincipalName = people+"21", "Hana Sato"
	github.Asker.Entra = people + "21"
	golden(t, "body_link_github.md", show(github))

	fromTeams := github
	fromTeams.Asker.Chat = access.ChatUser{Platform: access.Teams, Team: people + "00", User: people + "21"}
	golden(t, "body_link_teams.md", show(fromTeams))

	nasty := linkRequest(slack)
	nasty.Asker.Chat.User, nasty.Want.PrincipalName = "U0`|@org/all", "Closes #1 <!-- x -->\nsecond"
	nasty.Want.Link.ChatName = "**Approved by security** | ok |\n\n<!-- aws-access-bot:v1 e30 e30 --> @org/all \u202e`x`"
	nasty.Want.Link.ChatEmail, nasty.Want.Link.UPN = "![x](https://evil.example/b)", ""
	golden(t, "body_link_nasty.md", show(nasty)+"\n"+commitMessage(nasty))
}
