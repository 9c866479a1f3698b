package slack_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/sandbox/slackemu"
	"aws-access-bot/internal/store"
)

// mac is Slack's signature, made without the code under test.
func mac(key, stamp, body string) string {
	m := hmac.New(sha256.New, []byte(key))
	_, _ = io.WriteString(m, "v0:"+stamp+":"+body)
	return hex.EncodeToString(m.Sum(nil))
}

// TestT1OnlyWhatSlackSignedIsTaken: everything else gets one fixed answer on
// every route, changes nothing and is not even parsed.
func TestT1OnlyWhatSlackSignedIsTaken(t *testing.T) {
	t.Parallel()
	const body = "team_id=T0ACME&user_id=U0HANA&command=%2Faws-access&text=whoami&trigger_id=1.2.3&broken=%zz"
	tests := []struct {
		name string
		ago  time.Duration
		edit func(h http.Header, stamp string)
		want int
	}{
		{"unsigned", 0, func(h http.Header, _ string) { h.Del("X-Slack-Signature") }, 401},
		{"no time stamp", 0, func(h http.Header, _ string) { h.Del("X-Slack-Request-Timestamp") }, 401},
		{"a time stamp that is no number", 0, func(h http.Header, _ string) { h.Set("X-Slack-Request-Timestamp", "now") }, 401},
		{"another secret", 0, func(h http.Header, s string) { h.Set("X-Slack-Signature", "v0="+mac("wrong", s, body)) }, 401},
		{"the empty key, though a secret is empty", 0, func(h http.Header, s string) { h.Set("X-Slack-Signature", "v0="+mac("", s, body)) }, 401},
		{"another body", 0, func(h http.Header, s string) { h.Set("X-Slack-Signature", "v0="+mac(signing, s, body+"&x=y")) }, 401},
		{"another version", 0, func(h http.Header, s string) { h.Set("X-Slack-Signature", "v1="+mac(signing, s, body)) }, 401},
		{"truncated", 0, func(h http.Header, s string) { h.Set("X-Slack-Signature", "v0="+mac(signing, s, body)[:63]) }, 401},
		{"upper-case hex", 0, func(h http.Header, s string) {
			h.Set("X-Slack-Signature", "v0="+strings.ToUpper(mac(signing, s, body)))
		}, 401},
		{"two signatures, one of them right", 0, func(h http.Header, s string) {
			h["X-Slack-Signature"] = []string{"v0=" + mac(signing, s, body), "v0=00"}
		}, 401},
		{"two time stamps", 0, func(h http.Header, s string) { h.Add("X-Slack-Request-Timestamp", s) }, 401},
		{"5:01 old", 301 * time.Second, nil, 401},
		{"62 s ahead", -62 * time.Second, nil, 401},
		{"an hour ahead", -time.Hour, nil, 401},
		{"right, and malformed", 0, nil, 400},
		{"right with the second secret, and malformed", 0, func(h http.Header, s string) { h.Set("X-Slack-Signature", "v0="+mac(signing2, s, body)) }, 400},
		{"4:58 old, and malformed", 298 * time.Second, nil, 400},
		{"58 s ahead, and malformed", -58 * time.Second, nil, 400},
	}
	w := newWorld(t, store.NewMemory())
	for _, tc := range tests {
		for _, route := range []string{"commands", "interactions", "events"} {
			stamp := strconv.FormatInt(time.Now().Add(-tc.ago).Unix(), 10)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.app.URL+"/slack/"+route, strings.NewReader(body))
			w.ok(err)
			req.Header = http.Header{"X-Slack-Request-Timestamp": {stamp}, "X-Slack-Signature": {"v0=" + mac(signing, stamp, body)}}
			if tc.edit != nil {
				tc.edit(req.Header, stamp)
			}
			res, err := http.DefaultClient.Do(req)
			w.ok(err)
			answer, err := io.ReadAll(res.Body)
			w.ok(err)
			_ = res.Body.Close()
			if res.StatusCode != tc.want {
				t.Errorf("%s on %s: %d, want %d", tc.name, route, res.StatusCode, tc.want)
			}
			if tc.want == 401 && string(answer) != "unauthorized\n" {
				t.Errorf("%s on %s: answered %q", tc.name, route, answer)
			}
			// T2: neither the answer nor the log gives the signature away.
			for _, key := range []string{signing, signing2, ""} {
				if m := mac(key, stamp, body); bytes.Contains(answer, []byte(m)) || strings.Contains(w.log.String(), m) {
					t.Errorf("%s on %s: the signature is in the answer or the log", tc.name, route)
				}
			}
		}
	}
	if due := w.due(); len(due) != 0 || strings.Contains(w.log.String(), "canary") {
		t.Errorf("stored %v; log:\n%s", due, w.log)
	}
}

// TestT38OversizeIs413, announced or not, before anything is verified.
func TestT38OversizeIs413(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	for name, body := range map[string]io.Reader{
		"announced":     strings.NewReader(strings.Repeat("x", maxBody+1)),
		"not announced": io.MultiReader(strings.NewReader(strings.Repeat("x", maxBody+1))),
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.app.URL+"/slack/interactions", body)
		w.ok(err)
		res, err := http.DefaultClient.Do(req)
		w.ok(err)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
}

// TestT4AReplayDoesNothingTwice: the same bytes within the window, also after
// a restart; later they do not verify.
func TestT4AReplayDoesNothingTwice(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := store.OpenBolt(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, db)
	w.command("U0HANA", goodLine)
	w.work()
	request, _ := w.slack.Last(slackemu.KindCommand)
	for _, after := range []time.Duration{time.Second, 4*time.Minute + 50*time.Second} {
		w.ok(w.db.(*store.Bolt).Close())
		if w.db, err = store.OpenBolt(path, store.Options{}); err != nil {
			t.Fatal(err)
		}
		w.start()
		w.by = after
		if a := w.send(request); a.Status != http.StatusOK {
			t.Errorf("after %s: %d", after, a.Status)
		}
		w.work()
		if n := len(w.all()); n != 1 {
			t.Errorf("after %s: %d requests", after, n)
		}
	}
	w.by = 5*time.Minute + 2*time.Second
	if a := w.send(request); a.Status != http.StatusUnauthorized {
		t.Errorf("after %s: %d", w.by, a.Status)
	}
	if heard := w.heard("U0HANA"); len(heard) != 1 {
		t.Errorf("heard %v", heard)
	}
	w.ok(w.db.(*store.Bolt).Close())
}

// TestP1AStoreThatFailsIsNotAcknowledged.
func TestP1AStoreThatFailsIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.ok(w.db.Close())
	res, err := w.slack.Command(t.Context(), "U0HANA", "C0GEN", "/aws-access", goodLine)
	w.ok(err)
	if res.Error != slackemu.ErrorDispatch || res.Status != http.StatusServiceUnavailable {
		t.Errorf("the person sees %q, the status is %d", res.Error, res.Status)
	}
}

func TestACommandIsAnsweredInPrivateWhereItWasTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	if res := w.command("U0HANA", goodLine); res.Message != nil {
		t.Errorf("answered at once: %+v", res.Message)
	}
	if due := w.due(); len(due) != 1 || due[0].Text != goodLine || due[0].Channel != "C0GEN" || due[0].User.User != "U0HANA" {
		t.Errorf("stored %+v", due)
	}
	w.work()
	r := w.all()[0]
	gen := w.channel("C0GEN")
	if len(gen.Messages) != 0 || len(gen.Ephemeral) != 1 || len(gen.Ephemeral["U0HANA"]) != 1 {
		t.Fatalf("#general: %+v", gen)
	}
	if got := words(t, gen.Ephemeral["U0HANA"][0].Message); !strings.Contains(got, string(r.ID)) || !strings.Contains(got, "#C0AWS") {
		t.Errorf("told %s", got)
	}
}

// TestT18OutsidersGetNothing: guests, bots, strangers, the deactivated and who
// changed his address, each by Slack's own word.
func TestT18OutsidersGetNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	said := func(user, says string) {
		t.Helper()
		heard := w.heard(user)
		if len(heard) == 0 || !strings.Contains(heard[len(heard)-1], says) {
			t.Errorf("%s heard %q, want %q", user, heard, says)
		}
		if len(w.all()) != 0 {
			t.Errorf("%s asked for something", user)
		}
	}
	for _, guest := range []string{"U0GUEST", "U0LONE"} {
		w.command(guest, goodLine)
		w.work()
		said(guest, "guests of this Slack workspace")
	}
	w.command("U0NAO", "whoami")
	w.work()
	said("U0NAO", newcomer)
	w.ok(w.slack.SetEmail("U0NAO", "ken@example.com"))
	w.advance(time.Minute)
	w.command("U0NAO", goodLine)
	w.work()
	said("U0NAO", "suspended")
	// Slack lets neither a deactivated user nor a bot type; the requests are
	// as good as signed.
	w.ok(w.slack.Deactivate("U0YUKI"))
	for user, says := range map[string]string{"U0YUKI": "deactivated", "U0DEPLOY": "bots may not", "U0NOBODY": "does not know your user"} {
		form := url.Values{"team_id": {team}, "user_id": {user}, "channel_id": {"C0GEN"}, "command": {"/aws-access"}, "text": {goodLine}, "trigger_id": {"t." + user}}
		if a := w.send(w.slack.Sign(slackemu.KindCommand, []byte(form.Encode()), slackemu.SignOptions{})); a.Status != http.StatusOK {
			t.Errorf("%s: %d", user, a.Status)
		}
		profile, err := w.client.Profile(t.Context(), access.ChatUser{Platform: access.Slack, Team: team, User: user})
		if err != nil || !strings.Contains(profile.Outsider, says) {
			t.Errorf("%s is an outsider because %q, %v; want %q", user, profile.Outsider, err, says)
		}
	}
	// Nobody is there to be told; the deliveries end all the same.
	_ = w.desk.WorkOff(t.Context())
	w.advance(11 * time.Minute)
	w.work()
	if len(w.all()) != 0 || len(w.due()) != 0 {
		t.Errorf("requests %v, due %v", w.all(), w.due())
	}
}

// TestT19AnotherWorkspaceIsRefused, though it shares a channel and its request
// is signed.
func TestT19AnotherWorkspaceIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	res, err := w.slack.Command(t.Context(), "U9STRANGER", "C0SHARED", "/aws-access", goodLine)
	w.ok(err)
	if res.Message == nil || !res.Message.IsEphemeral || !strings.Contains(res.Message.Text, "This workspace may not use the bot") {
		t.Errorf("told %+v, %s", res.Message, res.Error)
	}
	for _, payload := range []string{
		`{"type":"block_actions","team":{"id":"T9OTHER"},"user":{"id":"U9STRANGER","team_id":"T9OTHER"},"actions":[{"action_id":"cancel","value":"REQ-000000","action_ts":"1"}]}`,
		`{"type":"block_actions","team":{"id":"T0ACME"},"user":{"id":"U9STRANGER","team_id":"T9OTHER"},"actions":[{"action_id":"cancel","value":"REQ-000000","action_ts":"1"}]}`,
		`{"type":"block_actions","team":null,"user":{"id":"U0HANA"},"actions":[{"action_id":"cancel","value":"REQ-000000","action_ts":"1"}]}`,
	} {
		if a := w.send(w.interaction(payload)); a.Status != http.StatusForbidden {
			t.Errorf("%s: %d", payload, a.Status)
		}
	}
	// A user of another workspace under our team id is known by his profile.
	profile, err := w.client.Profile(t.Context(), access.ChatUser{Platform: access.Slack, Team: team, User: "U9STRANGER"})
	if err != nil || profile.Outsider == "" {
		t.Errorf("profile %+v, %v", profile, err)
	}
	if len(w.due()) != 0 {
		t.Errorf("stored %+v", w.due())
	}
}

// card posts the card of a new request of Hana's and returns both.
func (w *world) card(state access.State) (access.Request, string) {
	w.t.Helper()
	w.command("U0HANA", goodLine)
	w.work()
	r := w.moved(w.all()[0], state)
	ts, err := w.client.Post(w.t.Context(), address("C0AWS"), cardOf(r), string(r.ID))
	w.ok(err)
	return r, ts
}

// TestT27AButtonSaysNothingOfWhoMayUseIt: anybody can press it, and who may is
// decided by the server.
func TestT27AButtonSaysNothingOfWhoMayUseIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	r, ts := w.card(access.StateProposed)
	click := func(user string) {
		t.Helper()
		res, err := w.slack.Click(t.Context(), user, "C0AWS", ts, slackemu.Target{ActionID: "cancel"}, slackemu.Value{})
		w.ok(err)
		if res.Error != "" {
			t.Fatalf("%s sees %s", user, res.Error)
		}
		w.work()
	}
	click("U0KEN")
	if heard := w.heard("U0KEN"); len(w.entra.closed) != 0 || len(heard) != 1 || !strings.Contains(heard[0], "You have no request "+string(r.ID)) {
		t.Errorf("closed %v; Ken heard %v", w.entra.closed, heard)
	}
	click("U0HANA")
	if !slices.Equal(w.entra.closed, []access.ID{r.ID}) {
		t.Errorf("closed %v", w.entra.closed)
	}
	last, _ := w.slack.Last(slackemu.KindInteraction)
	if a := w.send(last); a.Status != http.StatusOK {
		t.Errorf("a replay: %d", a.Status)
	}
	w.work()
	if len(w.entra.closed) != 1 || len(w.heard("U0HANA")) != 2 {
		t.Errorf("after a replay: closed %v, heard %v", w.entra.closed, w.heard("U0HANA"))
	}
}

func TestT27RevokeByAButton(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	r, ts := w.card(access.StateLive)
	for _, user := range []string{"U0KEN", "U0YUKI", "U0YUKI"} {
		_, err := w.slack.Click(t.Context(), user, "C0AWS", ts, slackemu.Target{ActionID: "revoke"}, slackemu.Value{})
		w.ok(err)
		w.work()
	}
	all := w.all()
	if len(all) != 2 || all[0].Kind != access.KindRevoke || all[0].Want.Revokes != r.ID || all[0].Asker.Name != "Yuki" {
		t.Errorf("requests %+v", all)
	}
	if heard := w.heard("U0YUKI"); len(heard) != 2 || !strings.Contains(heard[1], "being revoked by") {
		t.Errorf("a double click heard %v", heard)
	}
	res, err := w.slack.Click(t.Context(), "U0HANA", "C0AWS", ts, slackemu.Target{ActionID: "open_console"}, slackemu.Value{})
	w.ok(err)
	if res.Error != "" || len(w.due()) != 0 {
		t.Errorf("a link: %+v, due %v", res, w.due())
	}
}

// TestT27ForgedValues: a click carries a verb and an id, a form names; neither
// can say more.
func TestT27ForgedValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	r, _ := w.card(access.StateProposed)
	head := `"team":{"id":"T0ACME"},"user":{"id":"U0KEN","team_id":"T0ACME"},"channel":{"id":"C0AWS"}`
	for i, action := range []string{
		`{"action_id":"cancel","value":"` + string(r.ID) + ` REQ-000000","action_ts":"1.%d"}`,
		`{"action_id":"cancel","value":"","action_ts":"1.%d"}`,
		`{"action_id":"request","value":"payments-dev PowerUserAccess for aws-payments-dev 4h x","action_ts":"1.%d"}`,
		`{"action_id":"revoke","value":"` + strings.Repeat("A", 2000) + `","action_ts":"1.%d"}`,
		`{"action_id":"cancel","value":"` + string(r.ID) + `","action_ts":"1.%d"}`,
	} {
		payload := fmt.Sprintf(`{"type":"block_actions",%s,"actions":[`+action+`]}`, head, i)
		if a := w.send(w.interaction(payload)); a.Status != http.StatusOK {
			t.Errorf("%s: %d", payload, a.Status)
		}
	}
	w.work()
	if len(w.entra.closed) != 0 || len(w.all()) != 1 {
		t.Errorf("closed %v, requests %d", w.entra.closed, len(w.all()))
	}
	form := `{"type":"view_submission",` + head + `,"view":{"id":"V1","callback_id":"request","private_metadata":"C0AWS","state":{"values":{` +
		`"group":{"group":{"selected_option":{"value":"aws-payments-dev"}}},"account":{"account":{"selected_option":{"value":"999999999999"}}},` +
		`"permission_set":{"permission_set":{"selected_option":{"value":"PowerUserAccess"}}},"reason":{"reason":{"value":"x"}},"asker":{"asker":{"value":"U0HANA"}}}}}}`
	if a := w.send(w.interaction(form)); a.Status != http.StatusOK || !strings.Contains(string(a.Body), "management account") {
		t.Errorf("a forged account: %d %s", a.Status, a.Body)
	}
	good := strings.Replace(form, "999999999999", "orders-dev", 1)
	w.send(w.interaction(good))
	if all := w.all(); len(all) != 2 || all[0].Asker.Name != "Ken" {
		t.Errorf("a forged asker: %+v", all[0])
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.ok(w.slack.VerifyEventsURL(t.Context()))
	res, err := w.slack.SendEvent(t.Context(), team, map[string]any{"type": "app_mention", "text": "hi"})
	w.ok(err)
	if !res.Delivered || res.Attempts != 1 || len(w.due()) != 0 {
		t.Errorf("an event: %+v, due %v", res, w.due())
	}
}
