package slackemu

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"aws-access-bot/internal/sandbox/emukit"

	"github.com/slack-go/slack"
)

const (
	testSecret = "8f742231b10e8888abcd99yyyzzz85a5"
	testToken  = "xoxb-test-token-of-acme"
)

// clock is the real time, moved.
type clock struct {
	mu sync.Mutex
	by time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.by)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by += d
}

// world is an emulator with an app behind it.
type world struct {
	*Server
	t     *testing.T
	clock *clock
	kit   *emukit.Kit
	url   string
	api   *slack.Client

	mu  sync.Mutex // guards app
	app http.HandlerFunc
}

// newWorld starts an emulator of one workspace with people and channels, and
// an app whose answer each test sets with answer.
func newWorld(t *testing.T, edit ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}}
	w.kit = emukit.New(1)
	w.kit.Now = w.clock.now
	app := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		h := w.app
		w.mu.Unlock()
		if h != nil {
			h(rw, r)
		}
	}))
	t.Cleanup(app.Close)
	o := Options{
		SigningSecret: testSecret, NoRateLimits: true,
		Workspaces: []Workspace{{ID: "T0ACME", Domain: "acme", Name: "Acme", BotToken: testToken}},
		Endpoints:  Endpoints{Command: app.URL + "/c", Interaction: app.URL + "/i", Options: app.URL + "/o", Events: app.URL + "/e"},
	}
	for _, f := range edit {
		f(&o)
	}
	s, err := New(w.kit, o)
	if err != nil {
		t.Fatal(err)
	}
	w.Server = s
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	s.SetBaseURL(server.URL)
	w.url = server.URL
	w.api = slack.New(testToken, slack.OptionAPIURL(server.URL+"/slack/api/"))
	w.seed()
	return w
}

func (w *world) seed() {
	w.t.Helper()
	for _, u := range []User{
		{ID: "U0HANA", Name: "hana", RealName: "Hana Sato", Email: "hana@example.com"},
		{ID: "U0YUKI", Name: "yuki", RealName: "Yuki Mori", Email: "Yuki@Example.com", TZ: "UTC"},
		{ID: "U0GONE", Name: "gone", Email: "gone@example.com", Deleted: true},
		{ID: "U0GUEST", Name: "guest", Email: "guest@partner.example", IsUltraRestricted: true, IsRestricted: true},
		{ID: "U9STRANGER", TeamID: "T9OTHER", Name: "stranger", Email: "s@other.example"},
		{ID: "U9HIDDEN", TeamID: "T9OTHER", Name: "hidden"},
	} {
		w.ok(w.AddUser(u))
	}
	for _, c := range []Channel{
		{ID: "C0OPEN", Name: "aws-access", Members: []string{"U0HANA", "U0YUKI", "UBOT0ACME"}},
		{ID: "C0OUT", Name: "elsewhere", Members: []string{"U0HANA"}},
		{ID: "C0SHARED", Name: "shared", Members: []string{"U0HANA", "U9STRANGER", "UBOT0ACME"}, SharedWith: []string{"T9OTHER"}},
		{ID: "G0SECRET", Name: "secret", IsPrivate: true, Members: []string{"U0HANA"}},
		{ID: "C0OLD", Name: "old", Members: []string{"UBOT0ACME"}},
	} {
		w.ok(w.AddChannel(c))
	}
	w.ok(w.Archive("C0OLD"))
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// answer sets what the app does with requests from now on.
func (w *world) answer(h http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.app = h
}

// answerJSON makes the app answer 200 with a JSON body.
func (w *world) answerJSON(body string) {
	w.answer(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, body)
	})
}

// raw calls a method with a body as it stands and returns the decoded answer.
func (w *world) raw(method, contentType, token, body string) (int, http.Header, map[string]any) {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodPost, w.url+"/slack/api/"+method, strings.NewReader(body))
	w.ok(err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	w.ok(err)
	defer func() { _ = res.Body.Close() }()
	var out map[string]any
	w.ok(json.NewDecoder(res.Body).Decode(&out))
	return res.StatusCode, res.Header, out
}

// call calls a method with form arguments.
func (w *world) call(method string, form url.Values) map[string]any {
	w.t.Helper()
	_, _, out := w.raw(method, "application/x-www-form-urlencoded", testToken, form.Encode())
	return out
}

// respond posts to a response URL and returns status and body.
func (w *world) respond(url, body string) (int, string) {
	w.t.Helper()
	res, err := http.Post(url, "application/json", strings.NewReader(body))
	w.ok(err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	w.ok(err)
	return res.StatusCode, string(b)
}

// channelState returns one channel of the snapshot.
func (w *world) channelState(id string) ChannelState {
	w.t.Helper()
	for _, c := range w.State().Channels {
		if c.ID == id {
			return c
		}
	}
	w.t.Fatalf("no channel %s", id)
	return ChannelState{}
}

// verified reads a request as an app does: slack-go checks the signature.
func verified(t *testing.T, r *http.Request) bool {
	t.Helper()
	v, err := slack.NewSecretsVerifier(r.Header, testSecret)
	if err != nil {
		return false
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if _, err := v.Write(body); err != nil {
		t.Error(err)
	}
	return v.Ensure() == nil
}

// interactions makes the app verify and parse interactions with slack-go and
// answer each with body; the channel has what came.
func (w *world) interactions(body string) <-chan slack.InteractionCallback {
	got := make(chan slack.InteractionCallback, 10)
	w.answer(func(rw http.ResponseWriter, r *http.Request) {
		if !verified(w.t, r) {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		ic, err := slack.InteractionCallbackParse(r)
		if err != nil {
			w.t.Error(err)
		}
		got <- ic
		if body != "" {
			rw.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(rw, body)
		}
	})
	return got
}

// trigger plays a command and returns its trigger id.
func (w *world) trigger() string {
	w.t.Helper()
	w.answer(nil)
	res, err := w.Command(w.t.Context(), "U0HANA", "C0OPEN", "/aws-access", "request")
	w.ok(err)
	return res.TriggerID
}

// openModal opens a view and returns its id.
func (w *world) openModal(view string) string {
	w.t.Helper()
	out := w.call("views.open", url.Values{"trigger_id": {w.trigger()}, "view": {view}})
	if out["ok"] != true {
		w.t.Fatalf("views.open: %v", out)
	}
	return out["view"].(map[string]any)["id"].(string)
}

// top returns the newest open view.
func (w *world) top() ViewState {
	w.t.Helper()
	views := w.State().Views
	if len(views) == 0 {
		w.t.Fatal("no view is open")
	}
	return views[len(views)-1]
}

// element returns the state of the only element of a block.
func (v ViewState) element(block string) map[string]any {
	actions, _ := v.View["state"].(map[string]any)["values"].(map[string]any)[block].(map[string]any)
	for _, o := range actions {
		return o.(map[string]any)
	}
	return nil
}
