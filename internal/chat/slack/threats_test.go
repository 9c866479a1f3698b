package slack_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/sandbox/slackemu"
	"aws-access-bot/internal/store"
)

// stamped sends a body to a route, signed at a time and with a key, and returns
// status and answer.
func (w *world) stamped(route, key, body string, at time.Time) (int, string) {
	w.t.Helper()
	stamp := strconv.FormatInt(at.Unix(), 10)
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.app.URL+"/slack/"+route, strings.NewReader(body))
	w.ok(err)
	r.Header = http.Header{"X-Slack-Request-Timestamp": {stamp}, "X-Slack-Signature": {"v0=" + mac(key, stamp, body)}}
	res, err := http.DefaultClient.Do(r)
	w.ok(err)
	text, err := io.ReadAll(res.Body)
	w.ok(err)
	w.ok(res.Body.Close())
	return res.StatusCode, string(text)
}

// commandBody is what Slack posts for a command of Hana's.
func commandBody(text, trigger string) string {
	return url.Values{"team_id": {team}, "user_id": {"U0HANA"}, "channel_id": {"C0GEN"}, "command": {"/aws-access"}, "text": {text}, "trigger_id": {trigger}}.Encode()
}

// TestT02NoOracle: whatever the body is, a bad signature gets one answer, and
// neither it nor the log has a MAC or a secret. A body that would be answered
// 400 when it is parsed shows that it is not.
func TestT02NoOracle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	now := time.Now()
	stamp := strconv.FormatInt(now.Unix(), 10)
	for _, body := range []string{"", "%zz", "payload=%7B", commandBody("whoami", "1.1"), strings.Repeat("a=b&", 1000), "\x00\xff"} {
		for _, route := range []string{"commands", "interactions", "events"} {
			code, answer := w.stamped(route, "not the secret", body, now)
			if code != http.StatusUnauthorized || answer != "unauthorized\n" {
				t.Errorf("%s with %.20q: %d %q", route, body, code, answer)
			}
			for _, key := range []string{signing, signing2, "", "not the secret"} {
				if m := mac(key, stamp, body); strings.Contains(answer+w.log.String(), m[:16]) {
					t.Errorf("%s with %.20q: a MAC is in the answer or the log", route, body)
				}
			}
		}
	}
	if strings.Contains(w.log.String(), "canary") || len(w.due()) != 0 {
		t.Errorf("due %v, log:\n%s", w.due(), w.log)
	}
}

// TestT04EveryKindOfRequestIsTakenOnce: the same bytes, and the same occasion
// signed again as Slack does when it retries, before and after a restart.
func TestT04EveryKindOfRequestIsTakenOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	open := func() *store.Bolt {
		db, err := store.OpenBolt(path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	w := newWorld(t, open())
	reopen := func() {
		w.ok(w.db.(*store.Bolt).Close())
		w.db = open()
		w.start()
	}
	start := time.Now()
	form := `{"type":"view_submission","team":{"id":"T0ACME"},"user":{"id":"U0HANA","team_id":"T0ACME"},"view":{"id":"V77","callback_id":"request","private_metadata":"C0GEN","state":{"values":{` +
		`"group":{"group":{"selected_option":{"value":"aws-orders-dev"}}},"account":{"account":{"selected_option":{"value":"orders-dev"}}},` +
		`"permission_set":{"permission_set":{"selected_option":{"value":"PowerUserAccess"}}},"reason":{"reason":{"value":"x"}}}}}}`
	click := `{"type":"block_actions","team":{"id":"T0ACME"},"user":{"id":"U0HANA","team_id":"T0ACME"},"channel":{"id":"C0AWS"},"actions":[{"action_id":"cancel","value":"%s","action_ts":"9.9"}]}`
	sent := []struct {
		route string
		body  func() string
	}{
		{"commands", func() string { return commandBody(goodLine, "77.1") }},
		{"interactions", func() string { return url.Values{"payload": {form}}.Encode() }},
		{"interactions", func() string { // of the oldest request
			all := w.all()
			r := w.moved(all[len(all)-1], access.StateProposed)
			return url.Values{"payload": {fmt.Sprintf(click, r.ID)}}.Encode()
		}},
	}
	for _, s := range sent {
		body := s.body()
		for i, at := range []time.Duration{0, time.Second, 4*time.Minute + 58*time.Second} {
			w.by = at
			for _, signed := range []time.Time{start, w.now()} { // the same bytes; signed again
				if code, answer := w.stamped(s.route, signing, body, signed); code != http.StatusOK && i == 0 {
					t.Fatalf("%s: %d %s", s.route, code, answer)
				}
				w.work()
				reopen()
			}
		}
		w.by = 0
	}
	all := w.all()
	if len(all) != 2 {
		t.Errorf("%d requests, want one of the command and one of the form", len(all))
	}
	w.entra.mu.Lock()
	closed := len(w.entra.closed)
	w.entra.mu.Unlock()
	if closed != 1 {
		t.Errorf("withdrawn %d times", closed)
	}
	// Outside of the window the bytes do not verify, whoever kept them.
	w.by = 5*time.Minute + 2*time.Second
	if code, _ := w.stamped("commands", signing, commandBody(goodLine, "77.1"), start); code != http.StatusUnauthorized {
		t.Errorf("after %s: %d", w.by, code)
	}
	w.ok(w.db.(*store.Bolt).Close())
}

// TestT04TheWindow is five minutes, and one ahead.
func TestT04TheWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	for ago, want := range map[time.Duration]int{
		0: 200, 4*time.Minute + 58*time.Second: 200, 5*time.Minute + 2*time.Second: 401, -58 * time.Second: 200, -62 * time.Second: 401,
		24 * time.Hour: 401, -24 * time.Hour: 401, 100 * 365 * 24 * time.Hour: 401,
	} {
		if code, _ := w.stamped("commands", signing, commandBody("whoami", ago.String()), time.Now().Add(-ago)); code != want {
			t.Errorf("%s old: %d, want %d", ago, code, want)
		}
	}
}

// TestT05ClockJumps: while our clock is wrong, what Slack sends is refused and
// changes nothing; when it is right again, Slack's next try is taken.
func TestT05ClockJumps(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{time.Hour, -time.Hour, 24 * time.Hour, -24 * time.Hour} {
		w := newWorld(t, store.NewMemory())
		w.advance(jump)
		if code, _ := w.stamped("commands", signing, commandBody(goodLine, "1.1"), time.Now()); code != http.StatusUnauthorized {
			t.Errorf("%s: %d", jump, code)
		}
		w.work()
		if len(w.all()) != 0 || len(w.due()) != 0 {
			t.Errorf("%s: something was taken", jump)
		}
		w.advance(-jump)
		if code, _ := w.stamped("commands", signing, commandBody(goodLine, "1.1"), time.Now()); code != http.StatusOK {
			t.Errorf("%s and back: %d", jump, code)
		}
		w.work()
		if len(w.all()) != 1 {
			t.Errorf("%s and back: %d requests", jump, len(w.all()))
		}
	}
}

// submission is a form of somebody, in whatever state.
func submission(user, view, metadata string, values map[string]string) string {
	state := map[string]any{}
	for id, v := range values {
		state[id] = map[string]any{id: map[string]any{"value": v, "selected_option": map[string]any{"value": v}}}
	}
	text, err := json.Marshal(map[string]any{
		"type": "view_submission", "team": map[string]any{"id": team}, "user": map[string]any{"id": user, "team_id": team},
		"view": map[string]any{"id": view, "callback_id": "request", "private_metadata": metadata, "state": map[string]any{"values": state}},
	})
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// fields are those of a form that is accepted.
func fields(over map[string]string) map[string]string {
	out := map[string]string{"group": "aws-payments-dev", "account": "payments-dev", "permission_set": "PowerUserAccess", "duration": "4h", "reason": "x"}
	for k, v := range over {
		out[k] = v
	}
	return out
}

// TestT27AlteredForms: the server's own records decide; what a form was made
// to say beyond its fields is nothing, and each field is judged anew.
func TestT27AlteredForms(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		values map[string]string
		says   string // what the person is told; "" for an accepted request
	}{
		{"as it was shown", nil, ""},
		{"an account that is not offered", map[string]string{"account": "crm-legacy"}, "legacy"},
		{"the management account by its number", map[string]string{"account": "999999999999"}, "management account"},
		{"an account that is not there", map[string]string{"account": "nowhere"}, "nowhere"},
		{"a group that is not there", map[string]string{"group": "nobody"}, "nobody"},
		{"a group by the path of its file", map[string]string{"group": "../groups/aws-payments-dev.yaml"}, "no group"},
		{"a permission set with a line end", map[string]string{"permission_set": "ReadOnlyAccess\n  - account: x"}, "ermission"},
		{"a term beyond the rule", map[string]string{"permission_set": "AdministratorAccess", "account": "payments-prod", "duration": "9h"}, "8h"},
		{"a term below nothing", map[string]string{"duration": "-4h"}, "4h"},
		{"a reason over 500 characters", map[string]string{"reason": strings.Repeat("x", 501)}, "500"},
		{"a reason with a character that is not seen", map[string]string{"reason": "a\u202eb"}, "direction"},
		{"a reason over two lines, which becomes one", map[string]string{"reason": "a\nrequest: REQ-000001"}, ""},
		{"fields of identity", map[string]string{"asker": "U0KEN", "user": "U0KEN", "approver": "U0HANA", "entra": newcomer, "id": "REQ-000001", "state": "live"}, ""},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, store.NewMemory())
			a := w.send(w.interaction(submission("U0HANA", fmt.Sprint("V", i), "C0GEN", fields(tt.values))))
			if a.Status != http.StatusOK {
				t.Fatalf("status %d", a.Status)
			}
			w.work()
			all := w.all()
			if tt.says != "" {
				if len(all) != 0 || !bytes.Contains(a.Body, []byte(tt.says)) {
					t.Errorf("%d requests; answered %s, want %q", len(all), a.Body, tt.says)
				}
				return
			}
			if len(all) != 1 {
				t.Fatalf("%d requests; answered %s", len(all), a.Body)
			}
			if r := all[0]; strings.ContainsAny(r.Want.Reason, "\r\n") || r.Asker.Name != "Hana" || r.Asker.Entra == newcomer || r.Asker.Chat.User != "U0HANA" || r.State != access.StateAsked || r.ID == "REQ-000001" {
				t.Errorf("request %+v", r)
			}
		})
	}
}

// TestT27WhoMayIsAskedAtSubmit, not when the form was opened.
func TestT27WhoMayIsAskedAtSubmit(t *testing.T) {
	t.Parallel()
	changes := map[string]func(w *world){
		"deactivated in Slack":     func(w *world) { w.ok(w.slack.Deactivate("U0NAO")) },
		"made a guest":             func(w *world) { w.ok(w.slack.EditUser("U0NAO", func(u *slackemu.User) { u.IsRestricted = true })) },
		"another address in Slack": func(w *world) { w.ok(w.slack.SetEmail("U0NAO", "ken@example.com")) },
		"disabled in Entra": func(w *world) {
			w.entra.mu.Lock()
			defer w.entra.mu.Unlock()
			for i := range w.entra.users {
				if w.entra.users[i].Entra == newcomer {
					w.entra.users[i].Enabled = false
				}
			}
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, store.NewMemory())
			w.command("U0NAO", "request") // opens the form, and binds Nao
			if views := w.slack.State().Views; len(views) != 1 {
				t.Fatalf("%d forms are open", len(views))
			}
			change(w)
			w.send(w.interaction(submission("U0NAO", "V1", "C0GEN", fields(nil))))
			_ = w.desk.WorkOff(t.Context()) // to a person who is gone nothing can be told
			if all := w.all(); len(all) != 0 {
				t.Errorf("accepted: %+v", all[0])
			}
		})
	}
}

// TestT27ButtonsOfRequestsThatAreOver do nothing, pressed once or twice, by
// the asker or by others.
func TestT27ButtonsOfRequestsThatAreOver(t *testing.T) {
	t.Parallel()
	for _, state := range []access.State{access.StateClosed, access.StateRefused, access.StateEnded} {
		w := newWorld(t, store.NewMemory())
		r, _ := w.card(state)
		for i, user := range []string{"U0HANA", "U0HANA", "U0KEN"} {
			for _, verb := range []string{"cancel", "revoke"} {
				payload := fmt.Sprintf(`{"type":"block_actions","team":{"id":"T0ACME"},"user":{"id":%q,"team_id":"T0ACME"},"channel":{"id":"C0AWS"},"actions":[{"action_id":%q,"value":%q,"action_ts":"1.%d"}]}`, user, verb, r.ID, i)
				if a := w.send(w.interaction(payload)); a.Status != http.StatusOK {
					t.Errorf("%s: %d", payload, a.Status)
				}
				w.work()
			}
		}
		w.entra.mu.Lock()
		if len(w.entra.closed) != 0 || len(w.all()) != 1 || w.all()[0].State != state {
			t.Errorf("%s: closed %v, requests %+v", state, w.entra.closed, w.all())
		}
		w.entra.mu.Unlock()
	}
}
