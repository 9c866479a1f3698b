package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" // the old header, which must not be taken
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/scenario"
)

// TestP1IngressTakesOnlyWhatIsProven sends the running bot what it must not
// take, and what it has taken before, and wants the status of each and that
// nothing came of it.
func TestP1IngressTakesOnlyWhatIsProven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	if err := w.ask("hana", lineFor("aws-payments-dev")); err != nil {
		t.Fatal(err)
	}
	request, err := w.opened(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.saying("the message", anything(), root(request)); err != nil {
		t.Fatal(err)
	}
	before := w.effects(t)
	for _, x := range slackIngress() {
		t.Run("slack, "+x.name, func(t *testing.T) {
			status, err := slackPlayer{w}.replay("command", x.how, x.body)
			if err != nil || status != x.want {
				t.Errorf("status %d, want %d (%v)", status, x.want, err)
			}
		})
	}
	for _, x := range githubIngress() {
		t.Run("github, "+x.name, func(t *testing.T) {
			if status := w.webhook(t, x.header, x.body); status != x.want {
				t.Errorf("status %d, want %d", status, x.want)
			}
		})
	}
	for _, path := range []string{"/slack/interactions", "/slack/events"} {
		t.Run("unsigned to "+path, func(t *testing.T) {
			if status := w.send(t, path, []byte(`payload={"type":"block_actions"}`), nil); status != http.StatusUnauthorized {
				t.Errorf("status %d", status)
			}
		})
	}
	// What is taken is worked off in order: once this is answered, so is all
	// that came before.
	if err := w.ask("hana", "whoami"); err != nil {
		t.Fatal(err)
	}
	if err := w.saying("hana's answer", anythingWith("hana@example.com"), privately("hana")); err != nil {
		t.Fatal(err)
	}
	if after := w.effects(t); after != before {
		t.Errorf("before: %s\nafter:  %s", before, after)
	}
	table, err := scenario.ParseVerdicts("")
	if err != nil {
		t.Fatal(err)
	}
	w.judge(t, table)
}

type slackRequest struct {
	name, how, body string
	want            int
}

// slackIngress are requests to /slack/commands.
func slackIngress() []slackRequest {
	forged := func(team, user string) string {
		return url.Values{
			"team_id": {team}, "user_id": {user}, "channel_id": {"C0AWS"}, "command": {"/aws-access"}, "trigger_id": {"1.2." + team + user},
			"text": {"request payments-prod PowerUserAccess for aws-payments-dev 4h forged"},
		}.Encode()
	}
	large := "text=" + strings.Repeat("x", 257<<10)
	return []slackRequest{
		{"the same bytes again", "same", "", 200},
		{"the same bytes a third time", "same", "", 200},
		{"unsigned", "unsigned", "", 401},
		{"wrong secret", "wrong-secret", "", 401},
		{"signed ten minutes ago", "stale", "", 401},
		{"the same body, signed again", "again", "", 200},
		{"too large, and signed", "again", large, 413},
		{"too large and unsigned", "unsigned", large, 413},
		{"another workspace", "again", forged("T0EVIL", "U0HANA"), 200},
		{"a bot's user", "again", forged("T0ACME", "U0DEPLOY"), 200},
		{"an unknown user", "again", forged("T0ACME", "U0NOBODY"), 200},
		{"nobody", "again", forged("T0ACME", ""), 400},
		{"not a form", "again", "%zz", 400},
	}
}

type githubRequest struct {
	name   string
	header func(secret string, body []byte) http.Header
	body   []byte
	want   int
}

// signed is a header with the HMAC of a body.
func signed(name, prefix string, h func() hash.Hash, secret string, body []byte) http.Header {
	m := hmac.New(h, []byte(secret))
	m.Write(body)
	return http.Header{name: {prefix + hex.EncodeToString(m.Sum(nil))}}
}

func right(secret string, body []byte) http.Header {
	return signed("X-Hub-Signature-256", "sha256=", sha256.New, secret, body)
}

// githubIngress are requests to /github/webhook. The body says that a pull
// request was merged, which is not so.
func githubIngress() []githubRequest {
	body := []byte(`{"action":"closed","repository":{"id":730042},"pull_request":{"number":1,"merged":true,"state":"closed"}}`)
	large := append([]byte(`{"x":"`), bytes.Repeat([]byte("x"), 5<<20)...)
	none := func(string, []byte) http.Header { return nil }
	return []githubRequest{
		{"unsigned", none, body, 401},
		{"wrong secret", func(_ string, b []byte) http.Header { return right("not-the-secret-of-this-webhook-at-all", b) }, body, 401},
		{"empty secret", func(_ string, b []byte) http.Header { return right("", b) }, body, 401},
		{"SHA-1 only", func(s string, b []byte) http.Header { return signed("X-Hub-Signature", "sha1=", sha1.New, s, b) }, body, 401},
		{"upper case", func(s string, b []byte) http.Header {
			h := right(s, b)
			h["X-Hub-Signature-256"][0] = "sha256=" + strings.ToUpper(h["X-Hub-Signature-256"][0][7:])
			return h
		}, body, 401},
		{"cut off", func(s string, b []byte) http.Header {
			h := right(s, b)
			h["X-Hub-Signature-256"][0] = h["X-Hub-Signature-256"][0][:40]
			return h
		}, body, 401},
		{"two signatures", func(s string, b []byte) http.Header {
			h := right(s, b)
			h.Add("X-Hub-Signature-256", "sha256=00")
			return h
		}, body, 401},
		{"of another body", func(s string, _ []byte) http.Header { return right(s, []byte("{}")) }, body, 401},
		{"too large, and signed", right, large, 413},
		{"well signed, of what is not so", right, body, 200},
		{"the same again", right, body, 200},
		{"no JSON, well signed", right, []byte("nonsense"), 200},
	}
}

// webhook sends a body as GitHub does.
func (w *world) webhook(t *testing.T, header func(string, []byte) http.Header, body []byte) int {
	t.Helper()
	secret, err := os.ReadFile(filepath.Join(w.dir, "github-webhook.secret"))
	if err != nil {
		t.Fatal(err)
	}
	h := header(strings.TrimSpace(string(secret)), body)
	if h == nil {
		h = http.Header{}
	}
	h.Set("X-GitHub-Event", "pull_request")
	h.Set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
	return w.send(t, "/github/webhook", body, h)
}

// send posts to one of the bot's own routes and returns the status.
func (w *world) send(t *testing.T, path string, body []byte, header http.Header) int {
	t.Helper()
	st, err := w.now("none")
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, st.BotURL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := w.client.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

// effects says what the bot has done outside so far that others could see.
func (w *world) effects(t *testing.T) string {
	t.Helper()
	entries, err := w.journal()
	if err != nil {
		t.Fatal(err)
	}
	count := func(fits func(emukit.Entry) bool) (n int) {
		for _, e := range entries {
			if fits(e) {
				n++
			}
		}
		return n
	}
	st, err := w.now(w.chat.platform())
	if err != nil {
		t.Fatal(err)
	}
	roots := 0
	for _, m := range scenario.Messages(st) {
		if strings.HasPrefix(m.Key, "REQ-") {
			roots++
		}
	}
	return fmt.Sprintf("%d writes to Graph and AWS, %d branches, %d pull requests, %d messages about requests",
		count(scenario.Writes),
		count(func(e emukit.Entry) bool { return e.Op == "POST /repos/{owner}/{repo}/git/refs" }),
		count(func(e emukit.Entry) bool { return e.Op == "POST /repos/{owner}/{repo}/pulls" }), roots)
}
