package teamsemu

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
)

const (
	testApp    = "11111111-2222-4333-8444-555555555555"
	testTenant = "99999999-8888-4777-8666-555555555555"
	hana       = "00000000-0000-4000-8000-000000000001"
	yuki       = "00000000-0000-4000-8000-000000000002"
	gus        = "00000000-0000-4000-8000-000000000003"
	general    = "19:general@thread.tacv2"
	access     = "19:access@thread.tacv2"
)

// testKey makes one RSA key for all tests, since making one takes long.
var testKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, keyBits) })

// tokens are access tokens by their text: audience and client.
type tokens map[string][2]string

func (t tokens) TokenClient(token, audience string) (string, bool) {
	got, ok := t[token]
	return got[1], ok && got[0] == audience
}

// clock is the time of a test.
type clock struct {
	mu sync.Mutex // guards at
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is an emulator with three people, a team, and a bot.
type world struct {
	*Server
	t     *testing.T
	clock *clock
	kit   *emukit.Kit
	url   string // of the connector, without a final slash
	// connector serves it.
	connector *httptest.Server

	mu   sync.Mutex // guards what follows
	got  []object   // what the bot was sent
	auth []string   // its tokens
	// answer is how the bot answers; nil is an empty 200.
	answer func(w http.ResponseWriter, in object)
}

func newWorld(t *testing.T, edits ...func(*Options)) *world {
	t.Helper()
	return newWorldOn(t, httptest.NewServer, edits...)
}

func newWorldOn(t *testing.T, start func(http.Handler) *httptest.Server, edits ...func(*Options)) *world {
	t.Helper()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clock: &clock{at: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)}, kit: emukit.New(1000)}
	w.kit.Now = w.clock.now
	mux := http.NewServeMux()
	w.connector = start(mux)
	t.Cleanup(w.connector.Close)
	bot := httptest.NewServer(http.HandlerFunc(w.bot))
	t.Cleanup(bot.Close)
	w.url = w.connector.URL + "/teams"
	o := Options{
		AppID: testApp, TenantID: testTenant, BaseURL: w.url + "/", Endpoint: bot.URL + "/api/messages", Key: key,
		Tokens: tokens{"good": {Audience, testApp}, "graph": {"https://graph.microsoft.com", testApp}, "other": {Audience, "another-app"}},
	}
	for _, edit := range edits {
		edit(&o)
	}
	s, err := New(w.kit, o)
	if err != nil {
		t.Fatal(err)
	}
	w.Server = s
	mux.Handle("/teams/", s.Handler())
	w.seed()
	return w
}

func (w *world) seed() {
	w.t.Helper()
	for _, u := range []User{
		{ObjectID: hana, Name: "Hana Sato", Alias: "hana", Email: "hana@example.com"},
		{ObjectID: yuki, Name: "Yuki Mori", Alias: "yuki", Email: "yuki@example.com"},
		{ObjectID: gus, Name: "Gus Meyer", Alias: "gus", Email: "gus@agency.example", IsGuest: true},
	} {
		if err := w.AddUser(u); err != nil {
			w.t.Fatal(err)
		}
	}
	err := w.AddTeam(Team{
		ID: general, Name: "Acme", Installed: true, Members: []string{hana, yuki, gus},
		Channels: []Channel{{general, "general"}, {access, "aws-access"}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.SetInstalled(hana, true); err != nil {
		w.t.Fatal(err)
	}
}

// bot is the bot's endpoint.
func (w *world) bot(rw http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Error(err)
	}
	v, err := decode(raw)
	in, ok := v.(object)
	if err != nil || !ok {
		w.t.Errorf("the bot was sent %s: %v", raw, err)
	}
	w.mu.Lock()
	w.got, w.auth = append(w.got, in), append(w.auth, r.Header.Get("Authorization"))
	answer := w.answer
	w.mu.Unlock()
	if answer != nil {
		answer(rw, in)
	}
}

// answering sets how the bot answers.
func (w *world) answering(f func(rw http.ResponseWriter, in object)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = f
}

// answers has the bot answer with a body.
func (w *world) answers(body string) {
	w.answering(func(rw http.ResponseWriter, _ object) { _, _ = io.WriteString(rw, body) })
}

// heard returns what the bot was sent since the last call.
func (w *world) heard() []object {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.got
	w.got, w.auth = nil, nil
	return out
}

// api calls the connector and returns status, JSON answer and headers.
func (w *world) api(method, path, token string, body any) (int, object, http.Header) {
	w.t.Helper()
	raw, ok := body.(string)
	if !ok && body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		raw = string(b)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, bytes.NewReader([]byte(raw)))
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := w.connector.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	var out object
	if len(text) > 0 && text[0] == '{' {
		if err := json.Unmarshal(text, &out); err != nil {
			w.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
	return res.StatusCode, out, res.Header
}

// call calls the connector as the bot.
func (w *world) call(method, path string, body any) (int, object) {
	w.t.Helper()
	status, out, _ := w.api(method, path, "good", body)
	return status, out
}

// sent posts a message as the bot and returns its id.
func (w *world) sent(conversation string, body any) string {
	w.t.Helper()
	status, out := w.call(http.MethodPost, at(conversation), body)
	id := text(out, "id")
	if status != http.StatusCreated || id == "" {
		w.t.Fatalf("send to %s: %d %v", conversation, status, out)
	}
	return id
}

// at is the path of a conversation's activities.
func at(conversation string, more ...string) string {
	p := "/v3/conversations/" + url.PathEscape(conversation) + "/activities"
	for _, m := range more {
		p += "/" + url.PathEscape(m)
	}
	return p
}

// code is the code of an error.
func code(o object) string { return text(sub(o, "error"), "code") }

// cardMessage is a message with a card of these elements and actions.
func cardMessage(body, actions string) object {
	content := `{"type":"AdaptiveCard","version":"1.5","body":[` + body + `],"actions":[` + actions + `]}`
	return object{"type": "message", "attachments": []object{{"contentType": cardType, "content": json.RawMessage(content)}}}
}

// writes plays a person who writes, which must succeed.
func (w *world) writes(who, in, words, thread string) Result {
	w.t.Helper()
	res, err := w.Message(background(), who, in, words, thread)
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

// channel is a channel's state.
func (w *world) channel(id string) ChannelState {
	w.t.Helper()
	for _, tm := range w.State().Teams {
		for _, c := range tm.Channels {
			if c.ID == id {
				return c
			}
		}
	}
	w.t.Fatalf("no channel %s", id)
	return ChannelState{}
}

func background() context.Context { return context.Background() }
