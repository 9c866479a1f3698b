package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/chat/slack"
	"aws-access-bot/internal/chat/teams"
	"aws-access-bot/internal/egress"
	"aws-access-bot/internal/login"
	"aws-access-bot/internal/server"
	"aws-access-bot/internal/settings"
	"aws-access-bot/internal/store"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// chats are the chat services that the settings name, as the parts of the program
// that speak to people want them.
type chats struct {
	platforms map[access.Platform]chat.Platform
	profiles  map[access.Platform]chat.Profiles
	whispers  map[access.Platform]chat.Whisperer
	channels  map[access.Platform]string
	ops       map[access.Platform]chat.Address
	// slack and teams are nil where they are not used.
	slack *slack.Client
	teams *teams.Client
	// connector is that of teams, and keys what the tokens of its connector are
	// checked with.
	connector *teams.Connector
	keys      *teams.Keys

	mu     sync.Mutex // guards what follows
	lines  []string   // what is wrong
	looked time.Time
}

// chatsFresh is for how long it is not looked again whether the chats are reached.
const chatsFresh = 5 * time.Minute

// trouble says what keeps the bot from speaking to people, a sentence each.
func (c *chats) trouble(ctx context.Context, set *settings.Settings) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.teams == nil || !c.looked.IsZero() && time.Since(c.looked) < chatsFresh {
		return c.lines
	}
	channels := []string{set.Teams.Channel}
	if set.Teams.OpsChannel != set.Teams.Channel {
		channels = append(channels, set.Teams.OpsChannel)
	}
	c.lines, c.looked = c.teams.Check(ctx, c.keys, channels...), time.Now()
	return c.lines
}

// chatLines implements server.Detail: what keeps the bot from speaking to people.
func (b *bot) chatLines(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var out []string
	for _, l := range b.out.chats.trouble(ctx, b.set) {
		out = append(out, "chat: "+l)
	}
	return out
}

// lookAtChats says in the log, once at the start, what is wrong with the chats. It
// runs until ctx ends.
func (b *bot) lookAtChats(ctx context.Context) error {
	for _, l := range b.chatLines(ctx) {
		b.log.Warn(l)
	}
	<-ctx.Done()
	return ctx.Err()
}

// client is what a chat service is to the program.
type client interface {
	chat.Platform
	chat.Profiles
}

func (c *chats) add(name access.Platform, p client, channel string, ops chat.Address) {
	c.platforms[name], c.profiles[name], c.whispers[name], c.channels[name], c.ops[name] = p, p, p, channel, ops
}

// newChats makes the clients of the chat services.
func newChats(set *settings.Settings, gate *egress.Gate, reach access.Reach, log *slog.Logger) (*chats, error) {
	c := &chats{
		platforms: map[access.Platform]chat.Platform{}, profiles: map[access.Platform]chat.Profiles{}, whispers: map[access.Platform]chat.Whisperer{},
		channels: map[access.Platform]string{}, ops: map[access.Platform]chat.Address{},
	}
	if s := set.Slack; s != nil {
		rt, err := gate.Transport(s.APIURL)
		if err != nil {
			return nil, fmt.Errorf("slack.api_url: %w", err)
		}
		c.slack = slack.NewClient(s.BotToken, s.APIURL, s.Workspaces, egress.Client(rt, chatTimeout), time.Now)
		c.add(access.Slack, c.slack, s.Channel, chat.Address{Team: s.Workspaces[0], Channel: s.OpsChannel})
	}
	if s := set.Teams; s != nil {
		if err := c.connect(s, gate, reach, log); err != nil {
			return nil, err
		}
		c.add(access.Teams, c.teams, s.Channel, chat.Address{Team: s.Tenant, Channel: s.OpsChannel})
	}
	return c, nil
}

// chatTimeout bounds one exchange with a chat service.
const chatTimeout = 30 * time.Second

// connect makes the client of Teams.
func (c *chats) connect(s *settings.Teams, gate *egress.Gate, reach access.Reach, log *slog.Logger) error {
	client := func(key string, urls ...string) (*http.Client, error) {
		rt, err := gate.Transport(urls...)
		if err != nil {
			return nil, fmt.Errorf("teams.%s: %w", key, err)
		}
		return egress.Client(rt, chatTimeout), nil
	}
	var hosts []string
	for _, h := range s.ServiceHosts {
		hosts = append(hosts, "https://"+h)
	}
	connector, err := client("service_hosts", hosts...)
	if err != nil {
		return err
	}
	keys, err := client("openid_metadata", s.OpenIDMetadata)
	if err != nil {
		return err
	}
	authority, err := client("authority", s.Authority)
	if err != nil {
		return err
	}
	signIn := func() (azcore.TokenCredential, error) {
		return login.Credential(login.Options{
			Tenant: s.Tenant, Client: s.AppID, Secret: s.Secret, Certificate: s.Certificate, ManagedIdentity: s.ManagedIdentity,
			Authority: s.Authority, HTTP: authority,
		})
	}
	if _, err := signIn(); err != nil { // a certificate that is none is found at the start
		return fmt.Errorf("teams: %w", err)
	}
	c.connector = &teams.Connector{Hosts: s.ServiceHosts, Credential: signIn, Scope: s.Scope, Client: connector}
	c.keys = &teams.Keys{MetadataURL: s.OpenIDMetadata, Client: keys, Now: time.Now}
	c.teams = teams.NewClient(teams.Options{
		AppID: s.AppID, Tenant: s.Tenant, ServiceURL: s.ServiceURL, Channel: s.Channel, Targeted: s.Targeted, Now: time.Now, Log: log,
	}, c.connector, reach)
	return nil
}

// home says as whom a person of people.yaml is reached: on Slack where his entry
// names a user there, else in Teams, which knows people by their Entra id.
func (b *bot) home(p config.Person) (access.ChatUser, bool) {
	switch {
	case b.set.Slack != nil && p.Slack != nil:
		return access.ChatUser{Platform: access.Slack, Team: p.Slack.Team, User: p.Slack.User}, true
	case b.set.Teams != nil:
		return access.ChatUser{Platform: access.Teams, Team: b.set.Teams.Tenant, User: p.Entra}, true
	default:
		return access.ChatUser{}, false
	}
}

// spelling is how people write the bot's commands in the chats of the settings.
func spelling(set *settings.Settings) access.Spelling {
	out := access.Spelling{}
	if set.Slack != nil {
		out[access.Slack] = access.Slashes()
	}
	if set.Teams != nil {
		out[access.Teams] = access.Words(teams.Words())
	}
	return out
}

// spoken says how commands are written for who reads the pull request of a request:
// as in the chat where that was asked for, where that is known.
func (b *bot) spoken(ctx context.Context, request access.ID) access.Spoken {
	var from access.Platform
	if request != "" {
		r, err := b.requests.Get(ctx, request)
		if err != nil && !errors.Is(err, access.ErrNotFound) {
			b.log.WarnContext(ctx, "in which chat a request was asked for is not known", "request", request, "error", err)
		}
		from = r.Asker.Chat.Platform
	}
	return spelling(b.set).For(from)
}

// isChannel reports whether a name is the id of a channel of a chat service. A name
// for people does not do: a message in it could not be edited.
func isChannel(p access.Platform, name string) bool {
	switch p {
	case access.Slack:
		return slack.IsChannel(name)
	case access.Teams:
		return teams.IsChannel(name)
	default:
		return false
	}
}

// chatRoutes are the public routes of the chat services.
func (b *bot) chatRoutes() []server.Route {
	var out []server.Route
	if b.set.Slack != nil {
		in := &slack.Inbound{
			Secrets: b.set.Slack.SigningSecrets, Workspaces: b.set.Slack.Workspaces, Desk: b.desk, Client: b.out.chats.slack,
			Now: time.Now, Log: b.log,
		}
		out = append(out, server.Route{Pattern: "POST /slack/commands", MaxBody: maxSlackBody, Handler: http.HandlerFunc(in.Commands)},
			server.Route{Pattern: "POST /slack/interactions", MaxBody: maxSlackBody, Handler: http.HandlerFunc(in.Interactions)},
			server.Route{Pattern: "POST /slack/events", MaxBody: maxSlackBody, Handler: http.HandlerFunc(in.Events)})
	}
	if s := b.set.Teams; s != nil {
		out = append(out, server.Route{Pattern: "POST /api/messages", MaxBody: teams.MaxBody, Handler: &teams.Inbound{
			Trust: &teams.Trust{AppID: s.AppID, Tenant: s.Tenant, Issuer: s.Issuer, Hosts: s.ServiceHosts, Keys: b.out.chats.keys, Now: time.Now},
			Desk:  b.desk, Reach: store.NewReach(b.db), NewID: rand.Text, Now: time.Now, Log: b.log,
		}})
	}
	return out
}
