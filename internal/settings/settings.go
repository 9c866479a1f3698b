// Package settings reads bot.yaml: where the outside is, and which secrets
// open it. It is strict (unknown and duplicate keys are errors), reports every
// problem at once, and takes secrets only from files or the environment.
//
// Every base URL is a real setting: GitHub Enterprise, GovCloud and the China
// clouds need them as much as the sandbox does.
package settings

import (
	"time"

	"aws-access-bot/internal/secret"
)

// Settings is a valid bot.yaml.
type Settings struct {
	// Listen serves chat and GitHub; OpsListen serves metrics and pprof.
	Listen    string
	OpsListen string
	// StateFile is the bbolt file; the control socket lies beside it.
	StateFile string
	// EnableChanges lets the bot write to Entra and AWS. Default false: it
	// plans and reports only.
	EnableChanges bool
	// CAFile has further root certificates (PEM), "" for none.
	CAFile string
	// PrivateHosts, in lower case and without port, may be at private addresses.
	PrivateHosts []string
	// Poll is how often the config repo is looked at without a hint. Default
	// 3 minutes, at least one second.
	Poll time.Duration
	// SigningKey signs the block in the bot's pull requests and seals the state
	// file. OldSigningKey, if any, is what sealed it until now.
	SigningKey    secret.Value
	OldSigningKey secret.Value
	ConfigRepo    ConfigRepo
	GitHub        GitHub
	// Slack and Teams are the chats that people use, nil where they do not; one
	// of them is there at least. OpsPlatform is "slack" or "teams": in whose
	// OpsChannel that is said which is about no request.
	Slack       *Slack
	Teams       *Teams
	OpsPlatform string
	AWS         AWS
	Entra       Entra
}

// ConfigRepo is the GitHub repository with the desired access.
type ConfigRepo struct {
	Owner  string
	Name   string
	ID     int64
	Branch string // default "main"
}

// GitHub is the GitHub App. BaseURL ends in a slash.
type GitHub struct {
	AppID          int64
	InstallationID int64
	PrivateKey     secret.Value // PEM
	// WebhookSecrets are all accepted, so that one can be rotated.
	WebhookSecrets []secret.Value
	BaseURL        string // default https://api.github.com/
	// Token serves check, plan and import only; never serve.
	Token secret.Value
}

// Slack is the Slack app. APIURL ends in a slash.
type Slack struct {
	SigningSecrets []secret.Value
	BotToken       secret.Value
	Workspaces     []string
	Channel        string
	OpsChannel     string // default Channel
	APIURL         string // default https://slack.com/api/
}

// AWS is how to reach Identity Center.
type AWS struct {
	Region string
	// Role is assumed for everything, and from it ManagementRole for what only
	// the management account may do: inviting and moving accounts; "" for none.
	Role           string
	ManagementRole string
	EndpointURL    string // "" for AWS's own
	// AccessKeyID and SecretAccessKey are used instead of the SDK's own chain
	// when set.
	AccessKeyID     string
	SecretAccessKey secret.Value
	// CloudTrail has it looked up who made a drift: in the event history of
	// Role's account, and of ManagementRole's if there is one.
	CloudTrail bool
}

// Entra is the app registration. URLs have no trailing slash.
type Entra struct {
	Tenant       string
	Client       string
	Secret       secret.Value
	Certificate  secret.Value // PEM with key
	GraphURL     string       // default https://graph.microsoft.com/v1.0
	AuthorityURL string       // default https://login.microsoftonline.com
}
