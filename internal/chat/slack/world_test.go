package slack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/chat/slack"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/slackemu"
	"aws-access-bot/internal/secret"
	"aws-access-bot/internal/server"
	"aws-access-bot/internal/store"
)

const (
	team     = "T0ACME"
	botToken = "xoxb-token-of-acme-for-tests"
	signing  = "8f742231b10e8888abcd99yyyzzz85a5-canary"
	signing2 = "0123456789abcdef0123456789abcdef-canary"
	newcomer = "3c1d9a70-0000-4000-8000-000000000099"
	maxBody  = 256 << 10
	goodLine = "request payments-dev PowerUserAccess for aws-payments-dev 4h looking into the refund bug"
)

// entra is a tenant in memory, and GitHub as far as chat sees it.
type entra struct {
	mu     sync.Mutex // guards what follows
	repo   *config.Repo
	users  []access.Entrant
	closed []access.ID
}

func (e *entra) InForce(context.Context) (access.InForce, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return access.InForce{Repo: e.repo}, nil
}

func (e *entra) find(fits func(access.Entrant) bool) []access.Entrant {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []access.Entrant
	for _, u := range e.users {
		if fits(u) {
			out = append(out, u)
		}
	}
	return out
}

func (e *entra) User(_ context.Context, id string) (access.Entrant, error) {
	if all := e.find(func(u access.Entrant) bool { return u.Entra == id }); len(all) > 0 {
		return all[0], nil
	}
	return access.Entrant{}, access.ErrNotFound
}

func (e *entra) UsersByEmail(_ context.Context, email string) ([]access.Entrant, error) {
	return e.find(func(u access.Entrant) bool { return u.Email == email }), nil
}

// DirectMembers: Hana and Yuki are in every group.
func (e *entra) DirectMembers(context.Context, string) ([]access.Entrant, error) {
	return e.find(func(u access.Entrant) bool {
		return strings.HasPrefix(u.Email, "hana@") || strings.HasPrefix(u.Email, "yuki@")
	}), nil
}

func (e *entra) Propose(context.Context, access.Request) error { return nil }

func (e *entra) Join(context.Context, access.ID, access.Person) error { return nil }

func (e *entra) Withdraw(_ context.Context, r access.Request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = append(e.closed, r.ID)
	return nil
}

// world is the bot's chat side with the emulator as Slack on both sides.
type world struct {
	t      *testing.T
	kit    *emukit.Kit
	slack  *slackemu.Server
	entra  *entra
	db     store.DB
	client *slack.Client
	desk   *chat.Desk
	log    *syncBuffer
	app    *httptest.Server
	api    string

	mu      sync.Mutex // guards what follows
	by      time.Duration
	handler http.Handler
	secrets []secret.Value
}

// syncBuffer is a log that may be written by many.
type syncBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// now is the time, moved.
func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.by)
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.by += d
}

func exampleRepo(t testing.TB, over map[string]string) *config.Repo {
	t.Helper()
	fsys := fstest.MapFS{}
	err := fs.WalkDir(example.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(example.FS(), path)
		fsys[path] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range over {
		fsys[path] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	repo, err := config.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func newWorld(t *testing.T, db store.DB) *world {
	t.Helper()
	w := &world{t: t, kit: emukit.New(1), db: db, log: &syncBuffer{}, secrets: []secret.Value{{}, secret.New(signing), secret.New(signing2)}}
	w.kit.Now = w.now
	w.entra = &entra{repo: exampleRepo(t, nil)}
	for i, name := range []string{"hana", "yuki", "ken"} {
		w.entra.users = append(w.entra.users, access.Entrant{Enabled: true, Person: access.Person{
			Entra: "3c1d9a70-0000-4000-8000-00000000002" + string(rune('1'+i)), Name: strings.ToUpper(name[:1]) + name[1:], Email: name + "@example.com",
		}})
	}
	w.entra.users = append(w.entra.users, access.Entrant{Enabled: true, Person: access.Person{Entra: newcomer, Name: "Nao", Email: "nao@example.com"}})
	w.app = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		h := w.handler
		w.mu.Unlock()
		h.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.app.Close)
	w.emulate()
	w.start()
	return w
}

// emulate starts Slack and fills it.
func (w *world) emulate() {
	w.t.Helper()
	s, err := slackemu.New(w.kit, slackemu.Options{
		SigningSecret: signing, NoRateLimits: true, Commands: []string{"/aws-access", "/aws-onboard"},
		Workspaces: []slackemu.Workspace{{ID: team, Domain: "acme", BotToken: botToken}},
		Endpoints: slackemu.Endpoints{
			Command: w.app.URL + "/slack/commands", Interaction: w.app.URL + "/slack/interactions",
			Options: w.app.URL + "/slack/interactions", Events: w.app.URL + "/slack/events",
		},
	})
	w.ok(err)
	w.slack = s
	for _, u := range []slackemu.User{
		{ID: "U0HANA", RealName: "Hana Sato", Email: "hana@example.com"}, {ID: "U0YUKI", RealName: "Yuki", Email: "yuki@example.com"},
		{ID: "U0KEN", RealName: "Ken", Email: "ken@example.com"}, {ID: "U0NAO", RealName: "Nao", Email: "nao@example.com"},
		{ID: "U0GUEST", Email: "guest@partner.example", IsRestricted: true}, {ID: "U0LONE", Email: "lone@partner.example", IsUltraRestricted: true},
		{ID: "U0DEPLOY", Email: "hana@example.com", IsBot: true}, {ID: "U9STRANGER", TeamID: "T9OTHER", Email: "hana@example.com"},
	} {
		w.ok(s.AddUser(u))
	}
	bot := "UBOT0ACME"
	for _, c := range []slackemu.Channel{
		{ID: "C0AWS", Name: "aws-access", Members: []string{"U0HANA", "U0YUKI", "U0KEN", bot}},
		{ID: "C0GEN", Name: "general", Members: []string{"U0HANA", "U0YUKI", "U0KEN", "U0NAO", "U0GUEST", "U0LONE", bot}},
		{ID: "C0SHARED", Name: "shared", Members: []string{"U0HANA", "U9STRANGER", bot}, SharedWith: []string{"T9OTHER"}},
		{ID: "G0SECRET", Name: "secret", IsPrivate: true, Members: []string{"U0HANA"}},
	} {
		w.ok(s.AddChannel(c))
	}
	api := httptest.NewServer(s.Handler())
	w.t.Cleanup(api.Close)
	s.SetBaseURL(api.URL)
	w.api = api.URL + "/slack/api/"
}

// start is what a new process does with the same state.
func (w *world) start() {
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.client = slack.NewClient(secret.New(botToken), w.api, []string{team}, http.DefaultClient, w.now)
	w.desk = chat.NewDesk(chat.Desk{
		Inbox: store.NewInbox(w.db),
		Service: &access.Service{
			Requests: store.NewRequests(w.db), Commits: w.entra, Directory: w.entra, Pulls: w.entra, Stored: func() {}, Now: w.now,
		},
		Who:      &access.Identity{Commits: w.entra, Directory: w.entra, Bindings: store.NewBindings(w.db)},
		Profiles: map[access.Platform]chat.Profiles{access.Slack: w.client},
		Whispers: map[access.Platform]chat.Whisperer{access.Slack: w.client},
		Channel:  map[access.Platform]string{access.Slack: "C0AWS"}, Now: w.now, Log: log,
	})
	in := &slack.Inbound{Secrets: w.secrets, Workspaces: []string{team}, Desk: w.desk, Client: w.client, Now: w.now, Log: log}
	h := server.Public([]server.Route{
		{Pattern: "POST /slack/commands", MaxBody: maxBody, Handler: http.HandlerFunc(in.Commands)},
		{Pattern: "POST /slack/interactions", MaxBody: maxBody, Handler: http.HandlerFunc(in.Interactions)},
		{Pattern: "POST /slack/events", MaxBody: maxBody, Handler: http.HandlerFunc(in.Events)},
	}, nil, log)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handler = h
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// command types a command in #general that the bot must acknowledge.
func (w *world) command(user, text string) slackemu.CommandResult {
	w.t.Helper()
	res, err := w.slack.Command(w.t.Context(), user, "C0GEN", "/aws-access", text)
	w.ok(err)
	if res.Error != "" {
		w.t.Fatalf("the person sees %s %v", res.Error, res.Problems)
	}
	return res
}

func (w *world) work() {
	w.t.Helper()
	w.ok(w.desk.WorkOff(w.t.Context()))
}

// due are the deliveries that wait.
func (w *world) due() []access.Inbound {
	w.t.Helper()
	due, err := store.NewInbox(w.db).Due(w.t.Context())
	w.ok(err)
	return due
}

// all are the requests, newest first.
func (w *world) all() []access.Request {
	w.t.Helper()
	all, err := store.NewRequests(w.db).All(w.t.Context())
	w.ok(err)
	return all
}

// moved stores a request in a further state.
func (w *world) moved(r access.Request, s access.State) access.Request {
	w.t.Helper()
	r.State, r.Version, r.Pull = s, r.Version+1, access.PullRef{Number: 12, URL: "https://github.example/acme/config/pull/12"}
	w.ok(store.NewRequests(w.db).Save(w.t.Context(), r, nil))
	return r
}

// channel is a channel as it is now.
func (w *world) channel(id string) slackemu.ChannelState {
	w.t.Helper()
	for _, c := range w.slack.State().Channels {
		if c.ID == id {
			return c
		}
	}
	w.t.Fatalf("no channel %s", id)
	return slackemu.ChannelState{}
}

// heard is everything that a person alone was told, in channels and by direct
// message, oldest first.
func (w *world) heard(user string) []string {
	w.t.Helper()
	var out []string
	for _, c := range w.slack.State().Channels {
		for _, m := range c.Ephemeral[user] {
			out = append(out, words(w.t, m.Message))
		}
		if c.IsIM && strings.Contains(strings.Join(c.Members, " "), user) {
			for _, m := range c.Messages {
				out = append(out, "DM "+words(w.t, m.Message))
			}
		}
	}
	return out
}

// words are a message with its blocks as JSON, readable.
func words(t *testing.T, m slackemu.Message) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// calls counts calls of a method of the Web API.
func (w *world) calls(method string) int {
	n := 0
	entries, _ := w.kit.Journal.Since(0)
	for _, e := range entries {
		if e.Op == method {
			n++
		}
	}
	return n
}

// openForm has Hana open the request form and returns the view's id.
func (w *world) openForm(text string) string {
	w.t.Helper()
	w.command("U0HANA", text)
	views := w.slack.State().Views
	if len(views) != 1 {
		w.t.Fatalf("%d views are open", len(views))
	}
	id, _ := views[0].View["id"].(string)
	return id
}

// interaction is a signed request with a payload, as nobody could play it.
func (w *world) interaction(payload string) slackemu.Request {
	return w.slack.Sign(slackemu.KindInteraction, []byte(url.Values{"payload": {payload}}.Encode()), slackemu.SignOptions{})
}

// send sends a request as it stands.
func (w *world) send(r slackemu.Request) slackemu.Answer {
	w.t.Helper()
	a, err := w.slack.Send(w.t.Context(), r)
	w.ok(err)
	return a
}

// isFault reports an error that is no refusal.
func isFault(err error) bool {
	var no *access.Refusal
	return err != nil && !errors.As(err, &no)
}

// fuzzed is the bot for a fuzz target: no emulator, no Slack to be reached.
func fuzzed(t *testing.T) *world {
	t.Helper()
	repo, err := plainExample()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: store.NewMemory(), log: &syncBuffer{}, secrets: []secret.Value{secret.New(signing)}, entra: &entra{repo: repo}, api: "http://127.0.0.1:1/"}
	w.start()
	return w
}

// plainExample is the example config repo, each caller its own: a test may change it.
func plainExample() (*config.Repo, error) { return config.Load(example.FS()) }
