package manifest

// slackManifest is the part of Slack's app manifest that the bot needs
// (docs.slack.dev, "App manifest reference").
type slackManifest struct {
	Display struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Long        string `json:"long_description"`
		Background  string `json:"background_color"`
	} `json:"display_information"`
	Features struct {
		Home     slackHome      `json:"app_home"`
		Bot      slackBot       `json:"bot_user"`
		Commands []slackCommand `json:"slash_commands"`
	} `json:"features"`
	OAuth struct {
		Scopes struct {
			Bot []string `json:"bot"`
		} `json:"scopes"`
	} `json:"oauth_config"`
	Settings slackSettings `json:"settings"`
}

// slackHome has the messages tab: without it Slack refuses private messages
// (chat.postMessage, messages_tab_disabled). Nobody writes there, since the bot
// reads no messages.
type slackHome struct {
	Home     bool `json:"home_tab_enabled"`
	Messages bool `json:"messages_tab_enabled"`
	ReadOnly bool `json:"messages_tab_read_only_enabled"`
}

type slackBot struct {
	Name   string `json:"display_name"`
	Online bool   `json:"always_online"`
}

type slackCommand struct {
	Command     string `json:"command"`
	URL         string `json:"url"`
	Description string `json:"description"`
	Hint        string `json:"usage_hint"`
	Escape      bool   `json:"should_escape"`
}

type slackSettings struct {
	Interactivity struct {
		Enabled bool   `json:"is_enabled"`
		Request string `json:"request_url"`
		Options string `json:"message_menu_options_url"`
	} `json:"interactivity"`
	OrgDeploy     bool `json:"org_deploy_enabled"`
	SocketMode    bool `json:"socket_mode_enabled"`
	TokenRotation bool `json:"token_rotation_enabled"`
}

// SlackScopes are those of the bot's token, in order, each with what it is for.
func SlackScopes() []Need {
	return []Need{
		{"channels:history", "finding its own message in a public channel after a crash"},
		{"chat:write", "messages in channels it is in, private ones to a person, and edits of its own"},
		{"chat:write.public", "answers where somebody uses the command in a public channel that it is not in"},
		{"commands", "the slash commands"},
		{"groups:history", "finding its own message in a private channel after a crash"},
		{"users:read", "who asks: name, time zone, and whether it is a guest, a bot or somebody from outside"},
		{"users:read.email", "the e-mail address, by which somebody is found in Entra on first use"},
	}
}

// Need is something that is asked of a service, with the reason.
type Need struct {
	Name string
	For  string
}

const about = "aws-access brings people into AWS accounts in the open: you ask for access in chat, the request becomes a pull request, " +
	"the right people approve it on GitHub, and after the merge the access is made, shown as live once AWS says so, and taken away at its end. " +
	"Nothing is granted by a message alone."

// Slack makes the app manifest. There are no events: what the bot is told comes
// as commands and interactions.
func Slack(site Site) ([]byte, error) {
	var m slackManifest
	m.Display.Name, m.Display.Description = Name, "AWS access by chat, pull request and review"
	m.Display.Long, m.Display.Background = about, Accent
	m.Features.Home = slackHome{Messages: true, ReadOnly: true}
	m.Features.Bot = slackBot{Name: Name, Online: true}
	m.Features.Commands = []slackCommand{
		{
			Command: "/aws-access", URL: site.at("/slack/commands"), Description: "Ask for AWS access, follow it, give it back",
			Hint: "request [account] [permission set] for [group or me] [4h] [reason] | status | help",
		},
		{
			Command: "/aws-onboard", URL: site.at("/slack/commands"), Description: "Bring an AWS account under the config repo",
			Hint: "[account id] [/OU] [owner …] [name]",
		},
	}
	for _, s := range SlackScopes() {
		m.OAuth.Scopes.Bot = append(m.OAuth.Scopes.Bot, s.Name)
	}
	m.Settings.Interactivity.Enabled = true
	m.Settings.Interactivity.Request = site.at("/slack/interactions")
	m.Settings.Interactivity.Options = site.at("/slack/interactions")
	return encode(m)
}
