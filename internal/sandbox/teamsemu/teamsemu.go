package teamsemu

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
)

// service is what the journal calls this emulator.
const service = "teams"

// Facts of the public cloud ("Authenticate requests from the Bot Connector service
// to your bot", Microsoft Learn).
const (
	// Issuer is that of every token for the bot.
	Issuer = "https://api.botframework.com"
	// Audience is that of every token for the connector: the scope of Microsoft
	// login without /.default.
	Audience = "https://api.botframework.com"
	// channelID is that of every activity, and the endorsement of the keys.
	channelID = "msteams"
)

// Times that the bot is given to answer; see the package comment.
const (
	answerTimeout = 15 * time.Second
	actionTimeout = 10 * time.Second
	invokeTimeout = 5 * time.Second
)

// Tokens is Microsoft login: it says whom a good access token for an audience was
// given to. An ended token, or one for another audience, is not good.
type Tokens interface {
	TokenClient(accessToken, audience string) (clientID string, ok bool)
}

// Options say which bot the emulator plays Teams for.
type Options struct {
	// AppID is the bot's Microsoft app id. Required.
	AppID string
	// TenantID is the tenant's id. Required.
	TenantID string
	// BotName is what people mention; default "aws-access".
	BotName string
	// Tokens checks the bot's tokens. Required.
	Tokens Tokens
	// BaseURL is where the bot reaches this server, with a final slash, like
	// https://127.0.0.1:8443/teams/. Required.
	BaseURL string
	// Region is part of the service URL in activities; default "apac".
	Region string
	// Endpoint is the bot's /api/messages; see also [Server.SetEndpoint].
	Endpoint string
	// Key signs the tokens for the bot; nil makes one.
	Key *rsa.PrivateKey
	// NoTargeted is a tenant without targeted messages.
	NoTargeted bool
	// NoRateLimits switches off 429.
	NoRateLimits bool
	// AnswerTimeout, ActionTimeout and InvokeTimeout are how long the bot may take
	// for a message, a card action, and the other invokes; defaults 15 s, 10 s, 5 s.
	AnswerTimeout, ActionTimeout, InvokeTimeout time.Duration
	// Client sends to the bot. The default follows no redirects.
	Client *http.Client
}

// Server is the emulator. All methods are safe for concurrent use.
type Server struct {
	kit *emukit.Kit

	mu         sync.Mutex // guards everything below
	opts       Options
	keys       []*signingKey // the last one signs
	users      []*User
	teams      []*team
	groups     []*conversation
	chats      []*conversation // personal ones
	dialogs    []*dialog
	offered    map[offer][]Choice
	limits     *limits
	sent       []Delivery
	last       map[Kind]Request
	lastMillis int64 // of the newest activity id
	counter    int64
	version    int64
	changed    chan struct{}
}

// New returns an emulator without people and teams.
func New(kit *emukit.Kit, o Options) (*Server, error) {
	if o.AppID == "" || o.TenantID == "" || o.Tokens == nil || !strings.HasSuffix(o.BaseURL, "/") {
		return nil, errors.New("teams emulator: app id, tenant, tokens and a base URL with a final slash are required")
	}
	setDefaults(&o)
	s := &Server{kit: kit, opts: o, offered: map[offer][]Choice{}, limits: newLimits(), last: map[Kind]Request{}, changed: make(chan struct{})}
	if err := s.addKey(o.Key); err != nil {
		return nil, err
	}
	return s, nil
}

func setDefaults(o *Options) {
	text := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	wait := func(p *time.Duration, v time.Duration) {
		if *p <= 0 {
			*p = v
		}
	}
	text(&o.BotName, "aws-access")
	text(&o.Region, "apac")
	wait(&o.AnswerTimeout, answerTimeout)
	wait(&o.ActionTimeout, actionTimeout)
	wait(&o.InvokeTimeout, invokeTimeout)
	if o.Client == nil {
		o.Client = emukit.NewSender()
	}
}

// BotID is the bot's id in conversations.
func (s *Server) BotID() string { return "28:" + s.opts.AppID }

// ServiceURL is the one that activities carry.
func (s *Server) ServiceURL() string {
	return s.opts.BaseURL + s.opts.Region + "/" + s.opts.TenantID + "/"
}

// MetadataURL is that of the OpenID metadata.
func (s *Server) MetadataURL() string { return s.opts.BaseURL + "v1/.well-known/openidconfiguration" }

// SetEndpoint changes where the bot is, as the Azure portal does.
func (s *Server) SetEndpoint(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Endpoint = url
}

// SetTargeted says whether the tenant has targeted messages.
func (s *Server) SetTargeted(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.NoTargeted = !on
	s.touch()
}

// newActivityID returns an id of a message: its time in milliseconds, later than
// every one before it. The caller holds s.mu.
func (s *Server) newActivityID() string {
	s.lastMillis = max(s.kit.Now().UnixMilli(), s.lastMillis+1)
	return fmt.Sprint(s.lastMillis)
}

// newID returns an id that no other object has. The caller holds s.mu.
func (s *Server) newID(prefix string) string {
	s.counter++
	return fmt.Sprintf("%s%06d", prefix, s.counter)
}

// touch notes that something visible changed. The caller holds s.mu.
func (s *Server) touch() {
	s.version++
	close(s.changed)
	s.changed = make(chan struct{})
}

// errNoSuch is a person's or a seed's reference to something unknown.
func errNoSuch(what, id string) error { return fmt.Errorf("%s %q: no such %s", what, id, what) }
