package sandbox

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"aws-access-bot/internal/sandbox/teamsemu"

	"go.yaml.in/yaml/v3"
)

// The shape of bot.yaml as docs/setup.md has it. It is written here in the
// sandbox's own words so that the file is checked by the bot that reads it.
type botFile struct {
	Listen        string     `yaml:"listen"`
	OpsListen     string     `yaml:"ops_listen"`
	StateFile     string     `yaml:"state_file"`
	EnableChanges bool       `yaml:"enable_changes"`
	CAFile        string     `yaml:"ca_file"`
	Poll          string     `yaml:"poll"`
	SigningKey    secretFile `yaml:"signing_key"`
	ConfigRepo    botRepo    `yaml:"config_repo"`
	GitHub        botGitHub  `yaml:"github"`
	Slack         *botSlack  `yaml:"slack,omitempty"`
	Teams         *botTeams  `yaml:"teams,omitempty"`
	AWS           botAWS     `yaml:"aws"`
	Entra         botEntra   `yaml:"entra"`
}

type secretFile struct {
	File string `yaml:"file"`
}

type botRepo struct {
	Owner  string `yaml:"owner"`
	Name   string `yaml:"name"`
	ID     int64  `yaml:"id"`
	Branch string `yaml:"branch"`
}

type botGitHub struct {
	AppID          int64        `yaml:"app_id"`
	InstallationID int64        `yaml:"installation_id"`
	PrivateKey     secretFile   `yaml:"private_key"`
	WebhookSecrets []secretFile `yaml:"webhook_secrets"`
	BaseURL        string       `yaml:"base_url"`
}

type botSlack struct {
	SigningSecrets []secretFile `yaml:"signing_secrets"`
	BotToken       secretFile   `yaml:"bot_token"`
	Workspaces     []string     `yaml:"workspaces"`
	Channel        string       `yaml:"channel"`
	OpsChannel     string       `yaml:"ops_channel"`
	APIURL         string       `yaml:"api_url"`
}

type botTeams struct {
	AppID          string     `yaml:"app_id"`
	Tenant         string     `yaml:"tenant"`
	Secret         secretFile `yaml:"secret"`
	Channel        string     `yaml:"channel"`
	OpsChannel     string     `yaml:"ops_channel"`
	Targeted       bool       `yaml:"targeted_messages"`
	ServiceURL     string     `yaml:"service_url"`
	ServiceHosts   []string   `yaml:"service_hosts"`
	OpenIDMetadata string     `yaml:"openid_metadata"`
	Issuer         string     `yaml:"issuer"`
	Scope          string     `yaml:"scope"`
	Authority      string     `yaml:"authority"`
}

type botAWS struct {
	Region          string     `yaml:"region"`
	ManagementRole  string     `yaml:"management_role"`
	EndpointURL     string     `yaml:"endpoint_url"`
	AccessKeyID     string     `yaml:"access_key_id"`
	SecretAccessKey secretFile `yaml:"secret_access_key"`
	CloudTrail      bool       `yaml:"cloudtrail"`
}

type botEntra struct {
	Tenant       string     `yaml:"tenant"`
	Client       string     `yaml:"client"`
	Secret       secretFile `yaml:"secret"`
	GraphURL     string     `yaml:"graph_url"`
	AuthorityURL string     `yaml:"authority_url"`
}

// pollInterval is short, so that a lost webhook costs a person little patience.
const pollInterval = "10s"

// WriteSettings writes a settings file for the bot at path, with its secrets,
// the sandbox's CA certificate and a GitHub token for each person beside it, all
// readable by their owner only.
// botListen is the address the bot will listen on; empty, or with port 0, a
// free port is chosen. The emulators send to that address from now on.
func (s *Sandbox) WriteSettings(path, botListen string) error {
	listen, err := s.freeAddress(botListen)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	f := s.botFile(listen)
	var text bytes.Buffer
	text.WriteString("# Written by the sandbox for this run only: ports and secrets change with every start.\n")
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	if err := enc.Encode(f); err != nil {
		return fmt.Errorf("write settings: %w", err) // unreachable: plain structs
	}
	key, err := x509.MarshalPKCS8PrivateKey(s.world.secrets.appKey)
	if err != nil {
		return fmt.Errorf("write settings: key of the GitHub App: %w", err)
	}
	sec := s.world.secrets
	files := map[string]string{
		f.SigningKey.File: sec.signingKey, f.GitHub.WebhookSecrets[0].File: sec.webhook,
		f.GitHub.PrivateKey.File:   string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		f.AWS.SecretAccessKey.File: sec.awsSecret, f.Entra.Secret.File: sec.entraSecret,
		f.CAFile: string(s.ca.PEM()), filepath.Base(path): text.String(),
	}
	if f.Slack != nil {
		files[f.Slack.SigningSecrets[0].File], files[f.Slack.BotToken.File] = sec.slackSigning, sec.slackToken
	}
	if f.Teams != nil {
		files[f.Teams.Secret.File] = sec.teamsSecret
	}
	for name, content := range files {
		if err := writePrivate(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	for person, token := range sec.tokens {
		if err := writePrivate(filepath.Join(dir, TokenFile(person)), token); err != nil {
			return err
		}
	}
	return s.SetBotURL("http://" + reachable(listen))
}

func (s *Sandbox) botFile(listen string) botFile {
	sec := s.world.secrets
	f := botFile{
		Listen: listen, OpsListen: "127.0.0.1:0", StateFile: "bot.db", EnableChanges: true, CAFile: "sandbox-ca.pem",
		Poll: pollInterval, SigningKey: secretFile{"signing-key.secret"},
		ConfigRepo: botRepo{githubOrg, configRepo, configID, s.world.config.DefaultBranch()},
		GitHub: botGitHub{
			AppID: githubAppID, InstallationID: githubAppIn, PrivateKey: secretFile{"github-app.pem"},
			WebhookSecrets: []secretFile{{"github-webhook.secret"}}, BaseURL: s.url + "/github/api/v3/",
		},
		AWS: botAWS{
			Region: s.world.repo.Access.IdentityCenter.Region, ManagementRole: managementRole, EndpointURL: s.url + "/aws/",
			AccessKeyID: sec.awsKeyID, SecretAccessKey: secretFile{"aws-key.secret"}, CloudTrail: true,
		},
		Entra: botEntra{
			Tenant: entraTenant, Client: entraClient, Secret: secretFile{"entra-client.secret"},
			GraphURL: s.tlsURL + "/graph/v1.0", AuthorityURL: s.tlsURL,
		},
	}
	if s.opts.Chat != ChatTeams {
		f.Slack = &botSlack{
			SigningSecrets: []secretFile{{"slack-signing.secret"}}, BotToken: secretFile{"slack-bot.secret"},
			Workspaces: []string{slackTeam}, Channel: channelAWS, OpsChannel: channelOps, APIURL: s.url + "/slack/api/",
		}
	}
	if s.opts.Chat != ChatSlack {
		f.Teams = s.teamsFile()
	}
	return f
}

// teamsFile is the section for Teams.
func (s *Sandbox) teamsFile() *botTeams {
	return &botTeams{
		AppID: teamsApp, Tenant: entraTenant, Secret: secretFile{"teams.secret"}, Channel: teamsChannelAWS, OpsChannel: teamsChannelOps,
		Targeted: true, ServiceURL: s.tlsURL + "/teams/", ServiceHosts: []string{strings.TrimPrefix(s.tlsURL, "https://")},
		OpenIDMetadata: s.world.teams.MetadataURL(), Issuer: teamsemu.Issuer, Scope: teamsemu.Audience + "/.default", Authority: s.tlsURL,
	}
}

// Ports that are given to bots: below those that systems hand out by
// themselves (Linux: from 32768), so that a bot that was killed finds its port
// free when it starts again, whatever connections were opened in between.
const (
	firstPort = 20000
	ports     = 12000
	portTries = 100
)

// freeAddress fills in a free port, which no other sandbox gives away before this
// one is closed, also while the bot is not there.
func (s *Sandbox) freeAddress(addr string) (string, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("bot address %q: want host:port", addr)
	}
	if port != "0" {
		return addr, nil
	}
	for range portTries {
		addr = net.JoinHostPort(host, strconv.Itoa(firstPort+rand.IntN(ports)))
		if err = s.reserve(addr); err == nil {
			return addr, nil
		}
	}
	return "", fmt.Errorf("find a free port for the bot: %w", err)
}

// reserve takes a port for the bot: the one for UDP of the same number is held
// until Close, which keeps other sandboxes away and is none of what the bot uses.
// The one for TCP has to be free now.
func (s *Sandbox) reserve(addr string) error {
	var lc net.ListenConfig
	mark, err := lc.ListenPacket(context.Background(), "udp", addr)
	if err != nil {
		return err
	}
	l, err := lc.Listen(context.Background(), "tcp", addr)
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		return errors.Join(err, mark.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reserved = append(s.reserved, mark)
	return nil
}

// writePrivate writes a file that only its owner may read, also where a more
// open one was before.
func writePrivate(path, content string) error {
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	return nil
}
