package sandbox

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/graphemu"
	"aws-access-bot/internal/sandbox/slackemu"
)

// Options say where and how the sandbox runs. The zero value is usable.
type Options struct {
	// Speed divides the emulators' delays; zero means 1. Timestamps and rate
	// limits are not scaled.
	Speed float64
	// Now is the clock; nil means the real one.
	Now func() time.Time
	// Listen is the address of the main listener and ListenTLS that of login,
	// Graph and Teams; empty means a free port of 127.0.0.1.
	Listen    string
	ListenTLS string
	// AllowRemote permits addresses that other machines reach. Everybody who
	// reaches the sandbox can play everybody in it. Only the wildcard
	// addresses make sense, since the bot itself talks over loopback.
	AllowRemote bool
	// BotURL is where the bot listens, if that is known; see SetBotURL.
	BotURL string
	// PeopleMerge seeds the config repo with merge: people, so that the bot
	// merges nothing.
	PeopleMerge bool
	// Chat is which chats the written settings have: "slack", "teams" or "both",
	// which it is if it is empty. All of them run.
	Chat string
	// Key is the key of the GitHub App and of the Bot Framework connector; nil makes
	// one of each.
	Key *rsa.PrivateKey
	// Log takes what goes wrong while serving; nil drops it.
	Log *slog.Logger
}

// The values of [Options].Chat.
const (
	ChatSlack = "slack"
	ChatTeams = "teams"
	ChatBoth  = "both"
)

// Sandbox is the running world. Its methods are safe for concurrent use.
type Sandbox struct {
	opts  Options
	kit   *emukit.Kit
	world *world
	ca    *graphemu.CA
	log   *slog.Logger

	main, tls net.Listener
	url       string // of the main listener, without a final slash
	tlsURL    string
	ready     chan struct{}
	changes   *notifier
	history   *history

	mu     sync.Mutex // guards what follows
	botURL *url.URL   // nil until it is known
	// reserved keep the ports of bots from other sandboxes.
	reserved []net.PacketConn
}

// New opens the listeners and fills the world. It serves nothing before Run,
// but URL, SeedCommit and WriteSettings are good at once. Without Run, Close
// gives the listeners back.
func New(opts Options) (*Sandbox, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	s := &Sandbox{opts: opts, kit: emukit.New(opts.Speed), log: opts.Log, ready: make(chan struct{}), changes: newNotifier()}
	if opts.Now != nil {
		s.kit.Now = opts.Now
	}
	switch opts.Chat {
	case "", ChatSlack, ChatTeams, ChatBoth:
	default:
		return nil, fmt.Errorf("chat %q: it is slack, teams or both", opts.Chat)
	}
	var err error
	if s.ca, err = graphemu.NewCA(s.kit.Now()); err != nil {
		return nil, err
	}
	if err := s.listen(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if s.world, err = newWorld(context.Background(), s.kit, opts, s.url, s.tlsURL); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.history = newHistory(s.world)
	if opts.BotURL != "" {
		if err := s.SetBotURL(opts.BotURL); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// listen opens both listeners.
func (s *Sandbox) listen() error {
	var err error
	if s.main, err = s.open(s.opts.Listen); err != nil {
		return err
	}
	if s.tls, err = s.open(s.opts.ListenTLS); err != nil {
		return err
	}
	s.url, s.tlsURL = "http://"+reachable(s.main.Addr().String()), "https://"+reachable(s.tls.Addr().String())
	return nil
}

// open listens on an address that the options permit.
func (s *Sandbox) open(addr string) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("sandbox address %q: want host:port, e.g. 127.0.0.1:8080", addr)
	}
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	wildcard := host == "" || ip != nil && ip.IsUnspecified()
	switch {
	case !local && !s.opts.AllowRemote:
		return nil, fmt.Errorf("sandbox address %q: other machines would reach it, and who reaches it plays everybody; use 127.0.0.1, or allow it with --allow-remote", addr)
	case !local && !wildcard:
		return nil, fmt.Errorf("sandbox address %q: the bot reaches the sandbox over loopback only; use 127.0.0.1 or 0.0.0.0", addr)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return l, nil
}

// reachable is the address of a listener as this machine reaches it.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr // unreachable: the callers have split it before
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// URL is where people and the bot reach the sandbox, without a final slash.
func (s *Sandbox) URL() string { return s.url }

// TLSURL is where the bot reaches Microsoft login, Graph and Teams.
func (s *Sandbox) TLSURL() string { return s.tlsURL }

// SeedCommit is the first commit of the config repo, which a bot may trust.
func (s *Sandbox) SeedCommit() string { return s.world.seedCommit }

// Ready is closed when Run serves requests.
func (s *Sandbox) Ready() <-chan struct{} { return s.ready }

// Path is a URL of the sandbox with what is there.
type Path struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Paths returns the stable URLs, for printing at start.
func (s *Sandbox) Paths() []Path {
	return []Path{
		{"page", s.url + "/"},
		{"control API", s.url + "/sandbox/"},
		{"AWS", s.url + "/aws/"},
		{"GitHub", s.url + "/github/"},
		{"GitHub API", s.url + "/github/api/v3/"},
		{"Slack API", s.url + "/slack/api/"},
		{"Teams", s.tlsURL + "/teams/"},
		{"Microsoft login", s.tlsURL + "/"},
		{"Microsoft Graph", s.tlsURL + "/graph/v1.0/"},
	}
}

// SetBotURL says where the bot listens, as http://host:port. Slack's requests
// and GitHub's webhooks go there, and so do requests for the bot's routes on
// the main listener.
func (s *Sandbox) SetBotURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" {
		return fmt.Errorf("bot URL %q: want one like http://127.0.0.1:8081", raw)
	}
	base := u.Scheme + "://" + u.Host
	s.mu.Lock()
	s.botURL = &url.URL{Scheme: u.Scheme, Host: u.Host}
	s.mu.Unlock()
	s.world.slack.SetEndpoints(slackemu.Endpoints{
		Command: base + "/slack/commands", Interaction: base + "/slack/interactions",
		Options: base + "/slack/interactions", Events: base + "/slack/events",
	})
	s.world.teams.SetEndpoint(base + "/api/messages")
	s.world.github.SetWebhookURL(base + "/github/webhook")
	s.changes.bump()
	return nil
}

// bot returns where the bot listens, or nil.
func (s *Sandbox) bot() *url.URL {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.botURL
}

// Close closes the listeners. Run does so by itself.
func (s *Sandbox) Close() error {
	var errs []error
	for _, l := range []net.Listener{s.main, s.tls} {
		if l == nil {
			continue
		}
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, fmt.Errorf("close %s: %w", l.Addr(), err))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.reserved {
		errs = append(errs, r.Close())
	}
	s.reserved = nil
	return errors.Join(errs...)
}
