package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// shopBot is a bot of a few lines: a command opens a form with a type-ahead
// field, a submission with a bad reason is refused, a good one is posted with a
// button, and a click is answered with 200.
type shopBot struct {
	t     *testing.T
	s     *Sandbox
	posts int
}

const shopView = `{"type":"modal","callback_id":"shop","title":{"type":"plain_text","text":"Shop"},"submit":{"type":"plain_text","text":"Buy"},
"blocks":[{"type":"input","block_id":"what","label":{"type":"plain_text","text":"What"},"element":{"type":"external_select","action_id":"what","min_query_length":0}},
{"type":"input","block_id":"reason","label":{"type":"plain_text","text":"Why"},"element":{"type":"plain_text_input","action_id":"reason"}}]}`

func (b *shopBot) call(method string, in map[string]any) {
	body, err := json.Marshal(in)
	if err != nil {
		b.t.Error(err)
		return
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.s.URL()+"/slack/api/"+method, bytes.NewReader(body))
	if err != nil {
		b.t.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Authorization", "Bearer "+b.s.world.secrets.slackToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Error(err)
		return
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || !bytes.Contains(text, []byte(`"ok":true`)) {
		b.t.Errorf("%s: %s %v", method, text, err)
	}
}

func (b *shopBot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" {
		_, _ = fmt.Fprint(w, `{"healthy":true}`)
		return
	}
	if r.Header.Get("X-Slack-Signature") == "" {
		http.Error(w, "unsigned", http.StatusUnauthorized)
		return
	}
	if err := r.ParseForm(); err != nil {
		b.t.Error(err)
	}
	if r.URL.Path == "/slack/commands" {
		b.call("views.open", map[string]any{"trigger_id": r.Form.Get("trigger_id"), "view": json.RawMessage(shopView)})
		return
	}
	var in struct {
		Type string `json:"type"`
		View struct {
			State struct {
				Values map[string]map[string]struct {
					Value string `json:"value"`
				} `json:"values"`
			} `json:"state"`
		} `json:"view"`
	}
	if err := json.Unmarshal([]byte(r.Form.Get("payload")), &in); err != nil {
		b.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case in.Type == "block_suggestion":
		_, _ = fmt.Fprint(w, `{"options":[{"text":{"type":"plain_text","text":"Tea"},"value":"tea"}]}`)
	case in.Type == "view_submission" && in.View.State.Values["reason"]["reason"].Value == "bad":
		_, _ = fmt.Fprint(w, `{"response_action":"errors","errors":{"reason":"That is no reason."}}`)
	case in.Type == "view_submission":
		b.posts++
		b.call("chat.postMessage", map[string]any{"channel": channelAWS, "text": "sold", "blocks": json.RawMessage(
			`[{"type":"actions","elements":[{"type":"button","action_id":"cancel","value":"1","text":{"type":"plain_text","text":"Cancel"}}]}]`)})
	}
}

func TestAPersonGoesThroughAFormToAButton(t *testing.T) {
	t.Parallel()
	s := running(t)
	bot := &shopBot{t: t, s: s}
	server := httptest.NewServer(bot)
	t.Cleanup(server.Close)
	if err := s.SetBotURL(server.URL); err != nil {
		t.Fatal(err)
	}
	if out := post(t, s, "as/hana/command", `{"text":"request"}`); out["status"] != 200.0 {
		t.Fatalf("command: %v", out)
	}
	views := s.State("slack").Slack.Views
	if len(views) != 1 {
		t.Fatalf("%d views are open", len(views))
	}
	id, _ := views[0].View["id"].(string)
	out := post(t, s, "as/hana/suggest", fmt.Sprintf(`{"view_id":%q,"action_id":"what","query":""}`, id))
	if list, _ := out["options"].([]any); len(list) != 1 {
		t.Fatalf("suggest: %v", out)
	}
	out = post(t, s, "as/hana/submit", fmt.Sprintf(`{"view_id":%q,"values":{"what":{"what":{"selected":["tea"]}},"reason":"bad"}}`, id))
	if errs, _ := out["errors"].(map[string]any); errs["reason"] != "That is no reason." {
		t.Fatalf("submit: %v", out)
	}
	if out = post(t, s, "as/hana/submit", fmt.Sprintf(`{"view_id":%q,"values":{"reason":"good"}}`, id)); out["errors"] != nil || out["view"] != nil {
		t.Fatalf("submit again: %v", out)
	}
	if bot.posts != 1 {
		t.Errorf("%d messages", bot.posts)
	}
	var ts string
	for _, ch := range s.State("slack").Slack.Channels {
		if ch.ID == channelAWS && len(ch.Messages) == 1 {
			ts = ch.Messages[0].TS
		}
	}
	if out = post(t, s, "as/yuki/click", fmt.Sprintf(`{"channel":"C0AWS","ts":%q,"action_id":"cancel"}`, ts)); out["status"] != 200.0 {
		t.Errorf("click: %v", out)
	}
	for _, replay := range []struct {
		how  string
		want float64
	}{{"same", 200}, {"again", 200}, {"stale", 200}, {"wrong-secret", 200}, {"unsigned", 401}} { // shopBot looks for a signature only
		if out := post(t, s, "slack/replay", fmt.Sprintf(`{"kind":"interaction","how":%q}`, replay.how)); out["status"] != replay.want {
			t.Errorf("replay %s: %v", replay.how, out)
		}
	}
}

func TestClosingAForm(t *testing.T) {
	t.Parallel()
	s := running(t)
	server := httptest.NewServer(&shopBot{t: t, s: s})
	t.Cleanup(server.Close)
	if err := s.SetBotURL(server.URL); err != nil {
		t.Fatal(err)
	}
	post(t, s, "as/ken/command", `{"text":"request","channel":"C0OPS"}`)
	id, _ := s.State("slack").Slack.Views[0].View["id"].(string)
	post(t, s, "as/ken/close", fmt.Sprintf(`{"view_id":%q}`, id))
	if n := len(s.State("slack").Slack.Views); n != 0 {
		t.Errorf("%d views are open after closing", n)
	}
}

func TestTheBotsOwnRoutesGoToTheBot(t *testing.T) {
	t.Parallel()
	s := running(t)
	if status, out := send(t, http.MethodGet, s.URL()+"/healthz", "", nil); status != http.StatusServiceUnavailable {
		t.Errorf("without a bot: %d %v", status, out)
	}
	server := httptest.NewServer(&shopBot{t: t, s: s})
	t.Cleanup(server.Close)
	if err := s.SetBotURL(server.URL); err != nil {
		t.Fatal(err)
	}
	if status, out := send(t, http.MethodGet, s.URL()+"/healthz", "", nil); status != http.StatusOK || out["healthy"] != true {
		t.Errorf("through the sandbox: %d %v", status, out)
	}
	for _, bad := range []string{"", "127.0.0.1:80", "ftp://127.0.0.1", "http://127.0.0.1/bot"} {
		if err := s.SetBotURL(bad); err == nil {
			t.Errorf("bot URL %q is taken", bad)
		}
	}
	gone, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	if status, out := send(t, http.MethodGet, s.URL()+"/readyz", "", nil); status != http.StatusBadGateway {
		t.Errorf("bot at %s is gone: %d %v", gone.Host, status, out)
	}
}
