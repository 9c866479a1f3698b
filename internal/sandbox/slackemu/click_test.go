package slackemu

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const cardBlocks = `[{"type":"section","block_id":"text","text":{"type":"mrkdwn","text":"*asked*"}},
 {"type":"actions","block_id":"do","elements":[
  {"type":"button","action_id":"approve","value":"REQ-7F3K2Q","text":{"type":"plain_text","text":"Approve"}},
  {"type":"overflow","action_id":"more","options":[{"text":{"type":"plain_text","text":"Cancel"},"value":"cancel"}]},
  {"type":"static_select","action_id":"end","options":[{"text":{"type":"plain_text","text":"4h"},"value":"4h"}]}]}]`

// card posts a message with buttons, in a thread if threadTS is not empty.
func (w *world) card(threadTS string) string {
	w.t.Helper()
	form := url.Values{"channel": {"C0OPEN"}, "text": {"asked"}, "blocks": {cardBlocks}, "thread_ts": {threadTS},
		"metadata": {`{"event_type":"request","event_payload":{"id":"REQ-7F3K2Q"}}`}}
	out := w.call("chat.postMessage", form)
	if out["ok"] != true {
		w.t.Fatalf("post: %v", out)
	}
	return out["ts"].(string)
}

func TestClickOnAMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	root := w.card("")
	ts := w.card(root)
	got := w.interactions("")
	res, err := w.Click(t.Context(), "U0YUKI", "C0OPEN", ts, Target{ActionID: "approve"}, Value{Text: "forged"})
	w.ok(err)
	ic := <-got
	a := ic.ActionCallback.BlockActions[0]
	want := []string{"block_actions", "U0YUKI", "C0OPEN", ts, "message", ts, root, "do", "REQ-7F3K2Q", res.ResponseURL, res.TriggerID}
	have := []string{string(ic.Type), ic.User.ID, ic.Channel.ID, ic.Message.Timestamp, ic.Container.Type, ic.Container.MessageTs,
		ic.Container.ThreadTs, a.BlockID, a.Value, ic.ResponseURL, ic.TriggerID}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if a.ActionTs == "" || ic.Message.Metadata.EventType != "request" {
		t.Errorf("action %+v, metadata %+v", a, ic.Message.Metadata)
	}
	_, err = w.Click(t.Context(), "U0YUKI", "C0OPEN", ts, Target{ActionID: "more"}, Value{Text: "cancel"})
	w.ok(err)
	if a := (<-got).ActionCallback.BlockActions[0]; a.SelectedOption.Value != "cancel" {
		t.Errorf("overflow: %+v", a)
	}
	_, err = w.Click(t.Context(), "U0YUKI", "C0OPEN", ts, Target{BlockID: "do", ActionID: "end"}, Value{Text: "4h"})
	w.ok(err)
	if ic := <-got; ic.BlockActionState.Values["do"]["end"].SelectedOption.Value != "4h" {
		t.Errorf("state: %+v", ic.BlockActionState)
	}
}

func TestClicksThatNoClientWouldSend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ts := w.card("")
	w.ok(w.AddUser(User{ID: "U0LATE", Name: "late", Deleted: true}))
	for _, tc := range []struct {
		name, user, channel, ts string
		at                      Target
		v                       Value
	}{
		{"deactivated person", "U0LATE", "C0OPEN", ts, Target{ActionID: "approve"}, Value{}},
		{"no such message", "U0YUKI", "C0OPEN", "1.2", Target{ActionID: "approve"}, Value{}},
		{"no such button", "U0YUKI", "C0OPEN", ts, Target{ActionID: "deny"}, Value{}},
		{"button of another block", "U0YUKI", "C0OPEN", ts, Target{BlockID: "text", ActionID: "approve"}, Value{}},
		{"no such option", "U0YUKI", "C0OPEN", ts, Target{ActionID: "end"}, Value{Text: "9d"}},
		{"no option", "U0YUKI", "C0OPEN", ts, Target{ActionID: "more"}, Value{}},
	} {
		if _, err := w.Click(t.Context(), tc.user, tc.channel, tc.ts, tc.at, tc.v); err == nil {
			t.Errorf("%s: no error", tc.name)
		}
	}
}

func TestEphemeralCardIsClickedByItsReaderOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := w.call("chat.postEphemeral", url.Values{"channel": {"C0OPEN"}, "user": {"U0HANA"}, "text": {"x"}, "blocks": {cardBlocks}})
	ts := out["message_ts"].(string)
	got := w.interactions("")
	if _, err := w.Click(t.Context(), "U0YUKI", "C0OPEN", ts, Target{ActionID: "approve"}, Value{}); err == nil {
		t.Error("somebody else clicked")
	}
	res, err := w.Click(t.Context(), "U0HANA", "C0OPEN", ts, Target{ActionID: "approve"}, Value{})
	w.ok(err)
	if ic := <-got; !ic.Container.IsEphemeral || ic.Message.Timestamp != "" {
		t.Errorf("container %+v, message %q", ic.Container, ic.Message.Timestamp)
	}
	if status, body := w.respond(res.ResponseURL, `{"replace_original":"true","text":"done"}`); status != 200 || body != "ok" {
		t.Errorf("replace: %d %s", status, body)
	}
	e := w.channelState("C0OPEN").Ephemeral["U0HANA"]
	if len(e) != 1 || e[0].Text != "done" || e[0].Blocks != nil {
		t.Errorf("replaced: %+v", e)
	}
	if status, _ := w.respond(res.ResponseURL, `{"delete_original":true}`); status != 200 || len(w.channelState("C0OPEN").Ephemeral["U0HANA"]) != 0 {
		t.Errorf("delete: %d", status)
	}
}

func TestResponseURLOfAMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ts := w.card("")
	w.answer(nil)
	res, err := w.Click(t.Context(), "U0YUKI", "C0OPEN", ts, Target{ActionID: "approve"}, Value{})
	w.ok(err)
	for _, body := range []string{`{"text":"for you"}`, `{"response_type":"in_channel","text":"for all"}`,
		`{"response_type":"in_channel","text":"in thread","thread_ts":"` + ts + `"}`, `{"replace_original":true,"text":"replaced"}`} {
		if status, got := w.respond(res.ResponseURL, body); status != 200 || got != "ok" {
			t.Fatalf("%s: %d %s", body, status, got)
		}
	}
	st := w.channelState("C0OPEN")
	if len(st.Messages) != 2 || st.Messages[0].Text != "replaced" || st.Messages[0].Blocks != nil || st.Messages[1].Text != "for all" ||
		len(st.Messages[0].Replies) != 1 || len(st.Ephemeral["U0YUKI"]) != 1 {
		b, err := json.Marshal(st)
		w.ok(err)
		t.Errorf("state: %s", b)
	}
}

func TestResponseURLIsGoodForFiveUsesInThirtyMinutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	command := func() string {
		res, err := w.Command(t.Context(), "U0HANA", "C0OPEN", "/aws-access", "")
		w.ok(err)
		return res.ResponseURL
	}
	five := command()
	for i := range 5 {
		if status, body := w.respond(five, `{"text":"x"}`); status != 200 {
			t.Fatalf("use %d: %d %s", i+1, status, body)
		}
	}
	if status, body := w.respond(five, `{"text":"x"}`); status != 404 || !strings.Contains(body, "used_url") {
		t.Errorf("use 6: %d %s", status, body)
	}
	old := command()
	w.clock.advance(30*time.Minute + time.Second)
	if status, body := w.respond(old, `{"text":"x"}`); status != 404 || !strings.Contains(body, "expired_url") {
		t.Errorf("after 30 minutes: %d %s", status, body)
	}
	if status, _ := w.respond(w.url+"/slack/response/guessed", `{"text":"x"}`); status != 404 {
		t.Errorf("unknown URL: %d", status)
	}
	for body, want := range map[string]string{`{}`: "no_text", `{`: "invalid_payload", `{"blocks":[{"type":"marquee"}]}`: "invalid_blocks"} {
		if status, got := w.respond(command(), body); status != 400 || !strings.Contains(got, want) {
			t.Errorf("%s: %d %s", body, status, got)
		}
	}
}

func TestJournalHasTheCallerAndNoSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.raw("chat.postMessage", formType, "", "token="+testToken+"&channel=C0OPEN&text=x")
	entries, _ := w.kit.Journal.Since(0)
	e := entries[len(entries)-1]
	if e.Service != "slack" || e.Op != "chat.postMessage" || e.Caller != "A0ACCESS@T0ACME" || strings.Contains(e.Request, testToken) {
		t.Errorf("entry: %+v", e)
	}
}

func TestStateSharesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.channelState("C0OPEN")
	before.Members[0] = "U0EVIL"
	id := w.openModal(requestForm)
	view := w.top()
	_, err := w.SelectInView(t.Context(), "U0HANA", id, Target{BlockID: "reason", ActionID: "text"}, Value{Text: "typed"})
	w.ok(err)
	if w.channelState("C0OPEN").Members[0] != "U0HANA" || view.element("reason")["value"] != nil || w.top().element("reason")["value"] != "typed" {
		t.Error("a snapshot changed with the emulator")
	}
	if _, err := json.Marshal(w.State()); err != nil {
		t.Errorf("state is not JSON: %v", err)
	}
}

func TestChangedIsClosedByAChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	changed := w.Changed()
	select {
	case <-changed:
		t.Fatal("closed before anything changed")
	default:
	}
	_, err := w.Post("U0HANA", "C0OPEN", "hi", "")
	w.ok(err)
	select {
	case <-changed:
	default:
		t.Error("not closed by a change")
	}
}

func TestSeedingIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, err := range map[string]error{
		"user without id":           w.AddUser(User{}),
		"user twice":                w.AddUser(User{ID: "U0HANA"}),
		"unknown zone":              w.AddUser(User{ID: "U0MARS", TZ: "Mars/Olympus"}),
		"channel twice":             w.AddChannel(Channel{ID: "C0OPEN"}),
		"channel of unknown people": w.AddChannel(Channel{ID: "C0NEW", Members: []string{"U0NONE"}}),
		"unknown workspace":         w.SetScopes("T0NONE"),
		"unknown member":            w.Join("C0OPEN", "U0NONE"),
		"unknown channel":           w.Leave("C0NONE", "U0HANA"),
		"edit of nobody":            w.SetEmail("U0NONE", "x"),
		"archive of nothing":        w.Archive("C0NONE"),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, o := range map[string]Options{
		"no secret": {Workspaces: []Workspace{{ID: "T", BotToken: "x"}}}, "no workspace": {SigningSecret: "s"},
		"no token":          {SigningSecret: "s", Workspaces: []Workspace{{ID: "T"}}},
		"workspace by half": {SigningSecret: "s", Workspaces: []Workspace{{ID: "T", BotToken: "x"}, {ID: "T", BotToken: "y"}}},
	} {
		if _, err := New(w.kit, o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
