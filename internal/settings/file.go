package settings

import (
	"time"

	"aws-access-bot/internal/secret"
)

// file is bot.yaml as it is written.
type file struct {
	Listen        string     `yaml:"listen"`
	OpsListen     string     `yaml:"ops_listen"`
	StateFile     string     `yaml:"state_file"`
	EnableChanges bool       `yaml:"enable_changes"`
	CAFile        string     `yaml:"ca_file"`
	PrivateHosts  []string   `yaml:"private_hosts"`
	Poll          string     `yaml:"poll"`
	SigningKey    secretRef  `yaml:"signing_key"`
	OldSigningKey secretRef  `yaml:"old_signing_key"`
	ConfigRepo    fileRepo   `yaml:"config_repo"`
	GitHub        fileGitHub `yaml:"github"`
	Slack         *fileSlack `yaml:"slack"`
	Teams         *fileTeams `yaml:"teams"`
	OpsPlatform   string     `yaml:"ops_platform"`
	AWS           fileAWS    `yaml:"aws"`
	Entra         fileEntra  `yaml:"entra"`
}

// secretRef says where a secret is.
type secretRef struct {
	File string `yaml:"file"`
	Env  string `yaml:"env"`
}

type fileRepo struct {
	Owner  string `yaml:"owner"`
	Name   string `yaml:"name"`
	ID     int64  `yaml:"id"`
	Branch string `yaml:"branch"`
}

type fileGitHub struct {
	AppID          int64       `yaml:"app_id"`
	InstallationID int64       `yaml:"installation_id"`
	PrivateKey     secretRef   `yaml:"private_key"`
	WebhookSecrets []secretRef `yaml:"webhook_secrets"`
	BaseURL        string      `yaml:"base_url"`
	Token          secretRef   `yaml:"token"`
}

type fileSlack struct {
	SigningSecrets []secretRef `yaml:"signing_secrets"`
	BotToken       secretRef   `yaml:"bot_token"`
	Workspaces     []string    `yaml:"workspaces"`
	Channel        string      `yaml:"channel"`
	OpsChannel     string      `yaml:"ops_channel"`
	APIURL         string      `yaml:"api_url"`
}

type fileAWS struct {
	Region          string    `yaml:"region"`
	Role            string    `yaml:"role"`
	ManagementRole  string    `yaml:"management_role"`
	EndpointURL     string    `yaml:"endpoint_url"`
	AccessKeyID     string    `yaml:"access_key_id"`
	SecretAccessKey secretRef `yaml:"secret_access_key"`
	CloudTrail      bool      `yaml:"cloudtrail"`
}

type fileEntra struct {
	Tenant       string    `yaml:"tenant"`
	Client       string    `yaml:"client"`
	Secret       secretRef `yaml:"secret"`
	Certificate  secretRef `yaml:"certificate"`
	GraphURL     string    `yaml:"graph_url"`
	AuthorityURL string    `yaml:"authority_url"`
}

// settings turns the file into settings, collecting problems in c.
func (f *file) settings(c *checker) *Settings {
	s := &Settings{
		Listen: c.address("listen", f.Listen, ""), OpsListen: c.address("ops_listen", f.OpsListen, "127.0.0.1:9090"),
		StateFile: c.required("state_file", f.StateFile), EnableChanges: f.EnableChanges,
		CAFile: c.path(f.CAFile), PrivateHosts: c.hosts("private_hosts", f.PrivateHosts), Poll: c.duration("poll", f.Poll, 3*time.Minute, time.Second),
		SigningKey: c.secret("signing_key", f.SigningKey, minKey), OldSigningKey: c.optional("old_signing_key", f.OldSigningKey, minKey),
	}
	s.StateFile = c.path(s.StateFile)
	s.ConfigRepo = ConfigRepo{
		Owner: c.required("config_repo.owner", f.ConfigRepo.Owner), Name: c.required("config_repo.name", f.ConfigRepo.Name),
		ID: c.positive("config_repo.id", f.ConfigRepo.ID), Branch: or(f.ConfigRepo.Branch, "main"),
	}
	s.GitHub = f.GitHub.settings(c)
	f.chat(c, s)
	s.AWS = f.AWS.settings(c)
	s.Entra = f.Entra.settings(c)
	return s
}

func (f *fileGitHub) settings(c *checker) GitHub {
	g := GitHub{
		AppID: c.positive("github.app_id", f.AppID), InstallationID: c.positive("github.installation_id", f.InstallationID),
		PrivateKey: c.secret("github.private_key", f.PrivateKey, minPEM),
		BaseURL:    c.url("github.base_url", f.BaseURL, "https://api.github.com/", true),
		Token:      c.optional("github.token", f.Token, 1),
	}
	g.WebhookSecrets = c.secrets("github.webhook_secrets", f.WebhookSecrets, minKey)
	return g
}

func (f *fileSlack) settings(c *checker) *Slack {
	s := &Slack{
		SigningSecrets: c.secrets("slack.signing_secrets", f.SigningSecrets, minKey),
		BotToken:       c.secret("slack.bot_token", f.BotToken, 8),
		Workspaces:     f.Workspaces, Channel: c.required("slack.channel", f.Channel),
		OpsChannel: or(f.OpsChannel, f.Channel),
		APIURL:     c.url("slack.api_url", f.APIURL, "https://slack.com/api/", true),
	}
	if len(f.Workspaces) == 0 {
		c.problem("slack.workspaces", "is empty", "list the workspace ids that may use the bot, e.g. [T0ACME]")
	}
	return s
}

func (f *fileAWS) settings(c *checker) AWS {
	a := AWS{
		Region: c.required("aws.region", f.Region), Role: f.Role, ManagementRole: f.ManagementRole,
		AccessKeyID: f.AccessKeyID, SecretAccessKey: secret.Value{}, CloudTrail: f.CloudTrail,
	}
	if f.EndpointURL != "" {
		a.EndpointURL = c.url("aws.endpoint_url", f.EndpointURL, "", true)
	}
	if f.AccessKeyID != "" {
		a.SecretAccessKey = c.secret("aws.secret_access_key", f.SecretAccessKey, 16)
	}
	return a
}

func (f *fileEntra) settings(c *checker) Entra {
	e := Entra{
		Tenant: c.required("entra.tenant", f.Tenant), Client: c.required("entra.client", f.Client),
		Secret: c.optional("entra.secret", f.Secret, 8), Certificate: c.optional("entra.certificate", f.Certificate, minPEM),
		GraphURL:     c.url("entra.graph_url", f.GraphURL, "https://graph.microsoft.com/v1.0", false),
		AuthorityURL: c.url("entra.authority_url", f.AuthorityURL, "https://login.microsoftonline.com", false),
	}
	if !e.Secret.Empty() && !e.Certificate.Empty() {
		c.problem("entra", "has both a secret and a certificate", "keep one; with neither, workload identity is used")
	}
	return e
}
