// Package slackemu emulates Slack for one app that is installed in one or more
// workspaces: the Web API that the app calls, and Slack as the sender of slash
// commands, interactions, suggestions and events that the app receives.
//
// The Web API is served at /slack/api/{method} and response URLs at
// /slack/response/{token}. What people do in a Slack client is played by Go
// methods ([Server.Command], [Server.Click], [Server.Submit] and so on). They
// refuse, with an error, what no Slack client would let a person do (submit a
// view that is not open, pick an option that was not offered); everything that
// goes wrong between Slack and the app is in the result instead, as a person
// would see it. Forged, replayed and badly signed requests are made with
// [Server.Sign] and [Server.Send], since no person can make them.
//
// Limits are Slack's and are not scaled by the kit's speed: three seconds to
// answer, three seconds for a trigger, five uses of a response URL in thirty
// minutes, one message a second and channel. Only the waits between event
// retries are scaled. All state is computed when it is asked for; no goroutine
// outlives a call.
//
// What differs from Slack: text is kept as it was sent (Slack also escapes a
// bare ampersand), text alone does not become a rich_text block, files and
// user tokens do not exist, and block types that an approval bot has no use for
// (video, table, file and the like) are refused as unknown.
package slackemu

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
)

// service is what the journal calls this emulator.
const service = "slack"

// Times that Slack gives (docs.slack.dev, "Acknowledging requests", "Handling
// user interaction"): see the fields of [Options].
const (
	ackTimeout      = 3 * time.Second
	triggerLife     = 3 * time.Second
	responseURLLife = 30 * time.Minute
	responseURLUses = 5
)

// DefaultScopes returns the scopes that a workspace without any is given.
func DefaultScopes() []string {
	return []string{
		"commands", "chat:write", "chat:write.public", "users:read", "users:read.email",
		"im:write", "channels:history", "groups:history", "im:history",
	}
}

// Options says which app the emulator plays Slack for.
type Options struct {
	// AppID is the app's id; default "A0ACCESS".
	AppID string
	// SigningSecret signs every request to the app. Required.
	SigningSecret string
	// VerificationToken is the old, unsafe token field of requests.
	VerificationToken string
	// Workspaces are where the app is installed. At least one.
	Workspaces []Workspace
	// Endpoints are the app's URLs; see also [Server.SetEndpoints].
	Endpoints Endpoints
	// BaseURL is where this server is reached from the app, without a final
	// slash; response URLs start with it. See also [Server.SetBaseURL].
	BaseURL string
	// Commands are the slash commands that the app has registered, with their
	// slash. Empty accepts every command.
	Commands []string
	// EscapeCommands is the manifest's should_escape: users and channels in a
	// command's text arrive as <@U123|name> and <#C123|name>.
	EscapeCommands bool
	// NoHomeTab makes views.publish answer not_enabled.
	NoHomeTab bool
	// NoRateLimits switches off HTTP 429.
	NoRateLimits bool
	// PostBurst is how many messages a channel takes at once before it is held
	// to one a second; default 1.
	PostBurst int
	// AckTimeout is how long the app may take to answer; default 3 s.
	AckTimeout time.Duration
	// Client sends requests to the app. The default follows no redirects.
	Client *http.Client
}

// Endpoints are the URLs of the app, as they stand in its manifest.
type Endpoints struct {
	Command     string `json:"command"`
	Interaction string `json:"interaction"`
	// Options is the message menus' options URL, for external selects.
	Options string `json:"options"`
	Events  string `json:"events"`
}

// Workspace is one installation of the app.
type Workspace struct {
	ID     string `json:"id"`
	Domain string `json:"domain"`
	Name   string `json:"name"`
	// EnterpriseID is set if the workspace belongs to an Enterprise Grid.
	EnterpriseID string `json:"enterprise_id,omitempty"`
	// URL is where permalinks point; default https://{domain}.slack.com.
	URL string `json:"url"`
	// BotToken is the installation's xoxb- token. Required.
	BotToken string `json:"-"`
	// BotID and BotUserID are the bot's own ids; defaults are made from ID.
	BotID     string `json:"bot_id"`
	BotUserID string `json:"bot_user_id"`
	BotName   string `json:"bot_name"`
	// Scopes are those of the token; nil means [DefaultScopes].
	Scopes []string `json:"scopes"`
}

// workspace is the state of one installation.
type workspace struct {
	Workspace
	revoked bool
	// limits holds one bucket per method, and per channel for posting.
	limits map[string]*bucket
}

// Server is the emulator. All methods are safe for concurrent use.
type Server struct {
	kit *emukit.Kit

	mu        sync.Mutex // guards everything below
	opts      Options
	teams     []*workspace
	users     []*User
	channels  []*channel
	views     []*view
	homes     map[string]*view // by user
	triggers  map[string]*trigger
	responses map[string]*responseURL
	sent      []Delivery
	last      map[Kind]Request
	lastMicro int64 // the newest message timestamp, in microseconds
	counter   int64
	version   int64
	changed   chan struct{}
}

// New returns an emulator with the options' workspaces and no people. It
// blots the tokens and the signing secret out of the kit's journal.
func New(kit *emukit.Kit, o Options) (*Server, error) {
	if o.SigningSecret == "" {
		return nil, errors.New("slack emulator: a signing secret is required")
	}
	if len(o.Workspaces) == 0 {
		return nil, errors.New("slack emulator: a workspace is required")
	}
	setDefaults(&o)
	s := &Server{
		kit: kit, opts: o,
		homes: map[string]*view{}, triggers: map[string]*trigger{}, responses: map[string]*responseURL{},
		last: map[Kind]Request{}, changed: make(chan struct{}),
	}
	kit.Journal.Redact(o.SigningSecret)
	for _, w := range o.Workspaces {
		if err := s.addWorkspace(w); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func setDefaults(o *Options) {
	if o.AppID == "" {
		o.AppID = "A0ACCESS"
	}
	if o.PostBurst <= 0 {
		o.PostBurst = 1
	}
	if o.AckTimeout <= 0 {
		o.AckTimeout = ackTimeout
	}
	if o.Client == nil {
		o.Client = emukit.NewSender()
	}
}

func (s *Server) addWorkspace(w Workspace) error {
	if w.ID == "" || w.BotToken == "" {
		return fmt.Errorf("slack emulator: workspace %q needs an id and a bot token", w.ID)
	}
	for _, t := range s.teams {
		if t.ID == w.ID || t.BotToken == w.BotToken {
			return fmt.Errorf("slack emulator: workspace %q has the id or token of another", w.ID)
		}
	}
	rest := strings.TrimPrefix(w.ID, "T")
	fill(&w.Domain, strings.ToLower(w.ID))
	fill(&w.Name, w.Domain)
	fill(&w.URL, "https://"+w.Domain+".slack.com")
	fill(&w.BotID, "B"+rest)
	fill(&w.BotUserID, "UBOT"+rest)
	fill(&w.BotName, "aws-access")
	if w.Scopes == nil {
		w.Scopes = DefaultScopes()
	}
	s.kit.Journal.Redact(w.BotToken)
	s.teams = append(s.teams, &workspace{Workspace: w, limits: map[string]*bucket{}})
	return s.AddUser(User{ID: w.BotUserID, TeamID: w.ID, Name: w.BotName, RealName: w.BotName, IsBot: true})
}

// fill sets an empty string to its default.
func fill(p *string, v string) {
	if *p == "" {
		*p = v
	}
}

// Handler serves the Web API and the response URLs.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/slack/api/{method}", func(w http.ResponseWriter, r *http.Request) {
		s.kit.Serve(w, r, service, r.PathValue("method"), s.serveAPI)
	})
	mux.HandleFunc("POST /slack/response/{token}", func(w http.ResponseWriter, r *http.Request) {
		s.kit.Serve(w, r, service, "response_url", s.serveResponse)
	})
	return mux
}

// SetEndpoints changes the app's URLs, as editing its manifest does.
func (s *Server) SetEndpoints(e Endpoints) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Endpoints = e
}

// SetBaseURL changes where this server is reached; it applies to response
// URLs made from now on.
func (s *Server) SetBaseURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.BaseURL = strings.TrimSuffix(url, "/")
}

// SetScopes changes the scopes of a workspace's token, as a new installation
// does.
func (s *Server) SetScopes(teamID string, scopes ...string) error {
	return s.editTeam(teamID, func(t *workspace) { t.Scopes = scopes })
}

// RevokeToken makes the workspace's token answer token_revoked, as removing
// the app does.
func (s *Server) RevokeToken(teamID string) error {
	return s.editTeam(teamID, func(t *workspace) { t.revoked = true })
}

func (s *Server) editTeam(id string, f func(*workspace)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.team(id)
	if t == nil {
		return fmt.Errorf("workspace %s: no such workspace", id)
	}
	f(t)
	s.touch()
	return nil
}

// team returns the workspace with an id, or nil. The caller holds s.mu.
func (s *Server) team(id string) *workspace {
	for _, t := range s.teams {
		if t.ID == id {
			return t
		}
	}
	return nil
}

// newID returns an id that no other object has. The caller holds s.mu.
func (s *Server) newID(prefix string) string {
	s.counter++
	return fmt.Sprintf("%s%09X", prefix, 0x10000000+s.counter)
}

// newTS returns a message timestamp later than every one before it. The caller
// holds s.mu.
func (s *Server) newTS() string {
	now := s.kit.Now().UnixMicro()
	s.lastMicro = max(now, s.lastMicro+1)
	return fmt.Sprintf("%d.%06d", s.lastMicro/1e6, s.lastMicro%1e6)
}

// secretText returns a string that cannot be guessed.
func secretText() string { return strings.ToLower(rand.Text()) }

// touch notes that something visible changed. The caller holds s.mu.
func (s *Server) touch() {
	s.version++
	close(s.changed)
	s.changed = make(chan struct{})
}
