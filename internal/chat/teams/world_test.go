package teams

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/egress"
	"aws-access-bot/internal/server"
	"aws-access-bot/internal/store"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const (
	requests = "19:aws-access@thread.tacv2" // the channel of requests
	general  = "19:general@thread.tacv2"
	goodLine = "request payments-dev PowerUserAccess for aws-payments-dev 4h looking into the refund bug"
)

// people of the tenant, by the end of their object id; their Teams ids are
// "29:" and the name.
var people = map[string]string{"hana": "21", "yuki": "22", "ken": "23"}

func idOf(who string) string { return "3c1d9a70-0000-4000-8000-0000000000" + people[who] }

// called is a call that the connector received.
type called struct {
	method, path string // path with its ids read
	query        url.Values
	token        string
	content      string // type of the body
	body         map[string]any
}

// card is the text of the card of a message.
func (c called) card() string {
	found := map[string][]string{}
	texts(c.body, found)
	return strings.Join(append(found["TextBlock"], found["TextRun"]...), " ")
}

// lost has a fault answer nothing.
const lost = -1

// fault makes calls fail, each once.
type fault struct {
	method, path string // what the path contains
	status       int    // or lost
	after        string // Retry-After
	done         bool   // after it had its effect
}

// connector is the connector, and the login, as far as these tests need them.
type connector struct {
	*httptest.Server
	mu      sync.Mutex // guards what follows
	calls   []called
	faults  []fault
	next    int
	members map[string]map[string]any // by Entra object id
	gone    map[string]int            // status of conversations
	plain   bool                      // a tenant without targeted messages
	made    int                       // credentials
}

func connect(t *testing.T) *connector {
	t.Helper()
	c := &connector{members: map[string]map[string]any{}, gone: map[string]int{}}
	for who := range people {
		c.members[idOf(who)] = map[string]any{"id": "29:" + who, "name": strings.ToUpper(who[:1]) + who[1:], "aadObjectId": idOf(who), "email": who + "@example.com", "tenantId": testTenant, "userRole": "user"}
	}
	c.Server = httptest.NewTLSServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *connector) host() string { return strings.TrimPrefix(c.URL, "https://") }

func (c *connector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	k := called{method: r.Method, query: r.URL.Query(), token: r.Header.Get("Authorization"), content: r.Header.Get("Content-Type"), path: strings.TrimPrefix(r.URL.Path, "/amer")}
	_ = json.Unmarshal(raw, &k.body)
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.faults, func(f fault) bool { return f.method == k.method && strings.Contains(k.path, f.path) })
	if i < 0 {
		status, answer := c.answer(k)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
		return
	}
	f := c.faults[i]
	c.faults = slices.Delete(c.faults, i, i+1)
	if f.done {
		c.answer(k)
	}
	if f.status == lost {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Retry-After", f.after)
	w.WriteHeader(f.status)
}

// answer notes a call and answers it; the lock is held.
func (c *connector) answer(k called) (int, any) {
	c.calls = append(c.calls, k)
	refuse := func(status int, code string) (int, any) {
		return status, map[string]any{"error": map[string]string{"code": code, "message": "no"}}
	}
	parts := strings.Split(strings.TrimPrefix(k.path, "/v3/conversations"), "/")
	if len(parts) > 1 {
		if status := c.gone[channelOf(parts[1])]; status != 0 {
			return refuse(status, "Gone")
		}
	}
	c.next++
	id := fmt.Sprint(c.next)
	switch {
	case k.method == http.MethodGet && parts[2] == "pagedmembers":
		return http.StatusOK, map[string]any{"members": []any{}}
	case k.method == http.MethodGet:
		for _, m := range c.members {
			if m["id"] == parts[3] || m["aadObjectId"] == parts[3] {
				return http.StatusOK, m
			}
		}
		return refuse(http.StatusNotFound, "MemberNotFoundInConversation")
	case k.path == "/v3/conversations" && k.body["isGroup"] == true:
		return http.StatusCreated, map[string]string{"id": requests + threadMark + id, "activityId": id}
	case k.path == "/v3/conversations":
		list, _ := k.body["members"].([]any)
		who, _ := list[0].(map[string]any)["id"].(string)
		if status := c.gone["with "+who]; status != 0 {
			return refuse(status, "ForbiddenOperationException")
		}
		return http.StatusCreated, map[string]string{"id": "a:" + who}
	case k.query.Get("isTargetedActivity") == "true" && c.plain:
		return refuse(http.StatusBadRequest, "BadArgument")
	default:
		return http.StatusCreated, map[string]string{"id": id}
	}
}

// got are the calls of a method whose path contains some text.
func (c *connector) got(method, path string) []called {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []called
	for _, k := range c.calls {
		if k.method == method && strings.Contains(k.path, path) {
			out = append(out, k)
		}
	}
	return out
}

// messages are the calls that made a message.
func (c *connector) messages() []called {
	var out []called
	for _, k := range c.got(http.MethodPost, "") {
		if k.body["isGroup"] != false {
			out = append(out, k)
		}
	}
	return out
}

func (c *connector) fail(f ...fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, f...)
}

// credential is a token of the login; each new one has another.
type credential struct{ token string }

func (k credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: k.token, ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// directory is Entra and GitHub as far as chat sees them.
type directory struct {
	repo *config.Repo
	mu   sync.Mutex // guards slow
	slow chan struct{}
}

func (d *directory) InForce(ctx context.Context) (access.InForce, error) {
	d.mu.Lock()
	gate := d.slow
	d.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return access.InForce{}, ctx.Err()
		}
	}
	return access.InForce{Repo: d.repo}, nil
}

func (d *directory) User(_ context.Context, id string) (access.Entrant, error) {
	for who := range people {
		if idOf(who) == id {
			return access.Entrant{Enabled: true, Person: access.Person{Entra: id, Name: who, Email: who + "@example.com"}}, nil
		}
	}
	return access.Entrant{}, access.ErrNotFound
}

func (d *directory) UsersByEmail(context.Context, string) ([]access.Entrant, error) {
	return nil, errors.New("nobody is found by an address in Teams")
}

func (d *directory) DirectMembers(ctx context.Context, _ string) ([]access.Entrant, error) {
	u, err := d.User(ctx, idOf("hana"))
	return []access.Entrant{u}, err
}

func (d *directory) Propose(context.Context, access.Request) error        { return nil }
func (d *directory) Join(context.Context, access.ID, access.Person) error { return nil }
func (d *directory) Withdraw(context.Context, access.Request) error       { return nil }

// exampleRepo is the example config repo, each caller its own: a test may change it.
func exampleRepo() (*config.Repo, error) { return config.Load(example.FS()) }

// world is the bot's chat side with the fake connector on both sides.
type world struct {
	t         *testing.T
	connector *connector
	publisher *publisher
	directory *directory
	clock     *clock
	db        store.DB
	client    *Client
	desk      *chat.Desk
	inbound   *Inbound
	handler   http.Handler
	log       *syncBuffer
	ids       int
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

func newWorld(t *testing.T, db store.DB) *world {
	t.Helper()
	repo, err := exampleRepo()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, connector: connect(t), publisher: publish(t), directory: &directory{repo: repo}, db: db, log: &syncBuffer{},
		clock: &clock{at: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)}}
	w.start()
	return w
}

// start is what a new process does with the same state.
func (w *world) start() {
	log := slog.New(slog.NewTextHandler(w.log, nil))
	hosts := Hosts{w.connector.host()}
	reach := store.NewReach(w.db)
	c := &Connector{Hosts: hosts, Scope: "scope", Client: egress.Client(w.connector.Client().Transport, 0), Credential: func() (azcore.TokenCredential, error) {
		w.connector.mu.Lock()
		defer w.connector.mu.Unlock()
		w.connector.made++
		return credential{fmt.Sprint("token-", w.connector.made)}, nil
	}}
	w.client = NewClient(Options{AppID: testApp, Tenant: testTenant, ServiceURL: w.connector.URL + "/amer/", Channel: requests, Targeted: true, Now: w.clock.now, Log: log}, c, reach)
	w.desk = chat.NewDesk(chat.Desk{
		Inbox:    store.NewInbox(w.db),
		Service:  &access.Service{Requests: store.NewRequests(w.db), Commits: w.directory, Directory: w.directory, Pulls: w.directory, Stored: func() {}, Now: w.clock.now},
		Who:      &access.Identity{Commits: w.directory, Directory: w.directory, Bindings: store.NewBindings(w.db)},
		Profiles: map[access.Platform]chat.Profiles{access.Teams: w.client}, Whispers: map[access.Platform]chat.Whisperer{access.Teams: w.client},
		Channel: map[access.Platform]string{access.Teams: requests}, Now: w.clock.now, Log: log,
	})
	w.inbound = &Inbound{
		Trust: &Trust{AppID: testApp, Tenant: testTenant, Issuer: PublicIssuer, Hosts: hosts, Now: w.clock.now,
			Keys: &Keys{MetadataURL: w.publisher.URL + "/metadata", Client: w.publisher.Client(), Now: w.clock.now}},
		Desk: w.desk, Reach: reach, Now: w.clock.now, Log: log,
		NewID: func() string { w.ids++; return fmt.Sprint("dialog-", w.ids) },
	}
	w.handler = server.Public([]server.Route{{Pattern: "POST /api/messages", MaxBody: MaxBody, Handler: w.inbound}}, nil, log)
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) serviceURL() string { return w.connector.URL + "/amer/" }

// from is an activity of somebody in a conversation.
func (w *world) from(who, conversation, id string) map[string]any {
	kind := "channel"
	if strings.HasPrefix(conversation, "a:") {
		kind = "personal"
	}
	return map[string]any{
		"type": "message", "id": id, "channelId": channel, "serviceUrl": w.serviceURL(),
		"from":         map[string]any{"id": "29:" + who, "name": who, "aadObjectId": idOf(who)},
		"recipient":    map[string]any{"id": "28:" + testApp, "name": "aws-access"},
		"conversation": map[string]any{"id": conversation, "conversationType": kind, "tenantId": testTenant},
		"channelData":  map[string]any{"tenant": map[string]any{"id": testTenant}},
		"entities":     []any{map[string]any{"type": "clientInfo", "locale": "ja-JP", "timezone": "Asia/Tokyo"}},
	}
}

// line is a message of somebody; in channels it mentions the bot.
func (w *world) line(who, conversation, id, text string) map[string]any {
	a := w.from(who, conversation, id)
	a["text"] = text
	if !strings.HasPrefix(conversation, "a:") {
		a["text"] = "<at>aws-access</at>&nbsp;" + text
		a["entities"] = append(a["entities"].([]any), map[string]any{"type": "mention", "text": "<at>aws-access</at>", "mentioned": map[string]any{"id": "28:" + testApp, "name": "aws-access"}})
	}
	return a
}

// invoke is an invoke of somebody.
func (w *world) invoke(who, conversation, id, name string, value any) map[string]any {
	a := w.from(who, conversation, id)
	a["type"], a["name"], a["value"] = "invoke", name, value
	return a
}

// send sends an activity as the connector does.
func (w *world) send(a any) *httptest.ResponseRecorder {
	w.t.Helper()
	k := goodTicket(w.clock.now())
	k.claims["serviceurl"] = w.serviceURL()
	raw, err := json.Marshal(a)
	w.ok(err)
	return w.post(headers(k.sign(w.t)), bytes.NewReader(raw))
}

func (w *world) post(h http.Header, body io.Reader) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, "/api/messages", body)
	r.Header = h
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// does sends an activity that must be taken, and works it off.
func (w *world) does(a any) *httptest.ResponseRecorder {
	w.t.Helper()
	rec := w.send(a)
	if rec.Code != http.StatusOK {
		w.t.Fatalf("answered %d %s; log:\n%s", rec.Code, rec.Body, w.log)
	}
	w.ok(w.desk.WorkOff(w.t.Context()))
	return rec
}

func (w *world) due() []access.Inbound {
	w.t.Helper()
	due, err := store.NewInbox(w.db).Due(w.t.Context())
	w.ok(err)
	return due
}

func (w *world) all() []access.Request {
	w.t.Helper()
	all, err := store.NewRequests(w.db).All(w.t.Context())
	w.ok(err)
	return all
}

// last is the last message that went out.
func (w *world) last() called {
	w.t.Helper()
	all := w.connector.messages()
	if len(all) == 0 {
		w.t.Fatalf("nothing was said; log:\n%s", w.log)
	}
	return all[len(all)-1]
}

// task is what a dialog's invoke is answered with.
type task struct {
	Task struct {
		Type  string
		Value json.RawMessage
	}
}

// dialog is the card of the dialog that an answer shows.
func dialog(t *testing.T, rec *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var a task
	var v struct {
		Title string
		Card  struct {
			ContentType string
			Content     json.RawMessage
		}
	}
	if json.Unmarshal(rec.Body.Bytes(), &a) != nil || a.Task.Type != "continue" || json.Unmarshal(a.Task.Value, &v) != nil || v.Card.ContentType != cardType {
		t.Fatalf("no dialog: %s", rec.Body)
	}
	sound(t, v.Title, v.Card.Content)
	var card map[string]any
	if err := json.Unmarshal(v.Card.Content, &card); err != nil {
		t.Fatal(err)
	}
	return card
}

// data is what the submit button of a dialog sends.
func data(t *testing.T, card map[string]any, typed map[string]string) map[string]any {
	t.Helper()
	list, _ := card["actions"].([]any)
	if len(list) != 1 {
		t.Fatalf("%d actions", len(list))
	}
	out := map[string]any{}
	sent, _ := list[0].(map[string]any)["data"].(map[string]any)
	for k, v := range sent {
		out[k] = v
	}
	for k, v := range typed {
		out[k] = v
	}
	return out
}
