package slack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// signedTo is the answer to a body that Slack signed; a panic fails the test.
func signedTo(t *testing.T, w *world, path string, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	r := httptest.NewRequestWithContext(context.Background(), "POST", path, bytes.NewReader(body))
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+mac(signing, stamp, string(body)))
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if strings.Contains(w.log.String(), "panicked") {
		t.Fatalf("panic:\n%s", w.log)
	}
	return rec
}

// FuzzEvents: no event makes the bot panic or answer with anything but the
// challenge of a check of the URL.
func FuzzEvents(f *testing.F) {
	for _, s := range []string{
		`{}`, `null`, `[]`, `""`, ``, `{"type":"url_verification","challenge":"c\u0000\"<"}`, `{"type":"url_verification","challenge":7}`,
		`{"type":"url_verification"}`, `{"type":"event_callback","event":{"type":"message"}}`, `{"Type":"url_verification","CHALLENGE":"c"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		rec := signedTo(t, fuzzed(t), "/slack/events", body)
		var sent, got struct{ Type, Challenge string }
		bad := json.Unmarshal(body, &sent) != nil
		switch {
		case bad && rec.Code != 400:
			t.Fatalf("%q: status %d", body, rec.Code)
		case !bad && rec.Code != 200:
			t.Fatalf("%q: status %d", body, rec.Code)
		case bad:
		case sent.Type != "url_verification":
			if rec.Body.Len() > 0 {
				t.Fatalf("%q is answered with %q", body, rec.Body)
			}
		case json.Unmarshal(rec.Body.Bytes(), &got) != nil || got.Challenge != sent.Challenge:
			t.Fatalf("%q is answered with %q", body, rec.Body)
		}
	})
}

// FuzzInteractions: no payload makes the bot panic, and what it acknowledges
// with a body is JSON.
func FuzzInteractions(f *testing.F) {
	head := `"team":{"id":"T0ACME"},"user":{"id":"U0HANA","team_id":"T0ACME"}`
	for _, s := range []string{
		`{}`, `null`, `[]`, `""`, `{"type":null}`, `{` + head + `}`,
		`{"type":"block_actions",` + head + `,"actions":null}`, `{"type":"block_actions",` + head + `,"actions":[null]}`, `{"type":"block_actions",` + head + `,"actions":[{}]}`,
		`{"type":"block_actions",` + head + `,"actions":[{"action_id":"cancel","value":"REQ-000000"}],"message":{"blocks":[{"type":"nothing"}]}}`,
		`{"type":"view_submission",` + head + `,"view":null}`, `{"type":"view_submission",` + head + `,"view":{"id":"V","callback_id":"request","state":null}}`,
		`{"type":"view_submission",` + head + `,"view":{"id":"V","callback_id":"request","state":{"values":{"group":null,"reason":{"reason":null}}}}}`,
		`{"type":"view_submission",` + head + `,"view":{"id":"V","callback_id":"request","state":{"values":{"group":{"group":{"selected_option":null}}}}}}`,
		`{"type":"block_suggestion",` + head + `,"action_id":"group","value":"pay"}`, `{"type":"view_closed",` + head + `}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		body := []byte(url.Values{"payload": {string(payload)}}.Encode())
		rec := signedTo(t, fuzzed(t), "/slack/interactions", body)
		switch rec.Code {
		case 400, 403, 503:
		case 200:
			if rec.Body.Len() > 0 && !json.Valid(rec.Body.Bytes()) {
				t.Errorf("answered %q", rec.Body)
			}
		default:
			t.Errorf("status %d %q", rec.Code, rec.Body)
		}
	})
}

// FuzzCommands: no form makes the bot panic or say that it is the bot that
// failed; it stores one delivery at most, of its own workspace, and answers
// with JSON or with nothing.
func FuzzCommands(f *testing.F) {
	head := "team_id=T0ACME&user_id=U0HANA&channel_id=C0GEN&command=%2Faws-access&trigger_id=1.2.x"
	for _, s := range []string{
		"", "=", "%", "%zz", "a;b", "&&&", "team_id=T0ACME", "user_id=U0HANA", "user_id=U0HANA&team_id=T9OTHER", "team_id=&user_id=%00",
		head, head + "&text=", head + "&text=help", head + "&text=request", head + "&text=request+payments-dev+ReadOnlyAccess+for+aws-payments-dev+4h+x",
		head + "&text=request+payments-dev+ReadOnlyAccess+for+me+4h+x", head + "&text=request+payments-dev+ReadOnlyAccess+-4h+x", head + "&text=request+a+b+until+9999-99-99",
		head + "&text=cancel+REQ-000000", head + "&text=link+a%40b", head + "&text=%FF%FE", head + "&text=request+%22%00%0a%3C%21channel%3E", head + "&text=%2Faws-access", head + "&text=" + strings.Repeat("a+", 3000),
		head + "&command=%2Faws-onboard", head + "&trigger_id=" + strings.Repeat("7", 400), "user_id=" + strings.Repeat("U", 400) + "&team_id=T0ACME&text=status", "team_id=T0ACME&user_id=U%2F..%2F0&text=whoami",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w := fuzzed(t)
		rec := signedTo(t, w, "/slack/commands", body)
		form, err := url.ParseQuery(string(body))
		bad := err != nil || form.Get("user_id") == ""
		switch {
		case len(body) > maxBody:
			return
		case bad != (rec.Code == 400), !bad && rec.Code != 200:
			t.Fatalf("%q: status %d %q", body, rec.Code, rec.Body)
		}
		if n := rec.Body.Len(); n > 64<<10 || rec.Code == 200 && n > 0 && !json.Valid(rec.Body.Bytes()) {
			t.Fatalf("%q is answered with %d bytes: %.200q", body, n, rec.Body)
		}
		due := w.due()
		if stored := len(due); stored > 1 || stored == 1 && (rec.Body.Len() > 0 || form.Get("team_id") != team) {
			t.Fatalf("%q: %d deliveries stored beside %q", body, stored, rec.Body)
		}
	})
}
