package slackemu

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

const twoOptions = `"options":[{"text":{"type":"plain_text","text":"A"},"value":"a"},{"text":{"type":"plain_text","text":"B"},"value":"b"}]`

// oneInput is a modal with one optional input.
func oneInput(el string) string {
	return `{"type":"modal","title":{"type":"plain_text","text":"t"},"submit":{"type":"plain_text","text":"s"},"blocks":[
 {"type":"input","block_id":"b","optional":true,"label":{"type":"plain_text","text":"l"},"element":` + el + `}]}`
}

func TestStateOfEveryElement(t *testing.T) {
	t.Parallel()
	optA := `{"text":{"emoji":true,"text":"A","type":"plain_text"},"value":"a"}`
	optB := `{"text":{"emoji":true,"text":"B","type":"plain_text"},"value":"b"}`
	initA := `{"text":{"type":"plain_text","text":"A"},"value":"a"}`
	tests := []struct {
		element     string // with %s for what it has besides its type
		initial     string // members that give an initial value
		wantInitial string // state without and with it
		enter       Value
		want        string
	}{
		{`plain_text_input`, `"initial_value":"x"`, `"value":"x"`, Value{Text: "typed"}, `"value":"typed"`},
		{`email_text_input`, `"initial_value":"x@e.com"`, `"value":"x@e.com"`, Value{Text: "y@e.com"}, `"value":"y@e.com"`},
		{`number_input","is_decimal_allowed":false,"action_id":"a`, `"initial_value":"1"`, `"value":"1"`, Value{Text: "2"}, `"value":"2"`},
		{`static_select",` + twoOptions + `,"action_id":"a`, `"initial_option":` + initA, `"selected_option":` + optA, Value{Text: "b"}, `"selected_option":` + optB},
		{`radio_buttons",` + twoOptions + `,"action_id":"a`, `"initial_option":` + initA, `"selected_option":` + optA, Value{Selected: []string{"b"}}, `"selected_option":` + optB},
		{`checkboxes",` + twoOptions + `,"action_id":"a`, `"initial_options":[` + initA + `]`, `"selected_options":[` + optA + `]`,
			Value{Selected: []string{"a", "b"}}, `"selected_options":[` + optA + `,` + optB + `]`},
		{`multi_static_select",` + twoOptions + `,"action_id":"a`, `"initial_options":[` + initA + `]`, `"selected_options":[` + optA + `]`,
			Value{}, `"selected_options":[]`},
		{`external_select`, `"initial_option":` + initA, `"selected_option":` + optA, Value{Text: "a"}, `"selected_option":` + optA},
		{`multi_external_select`, `"initial_options":[` + initA + `]`, `"selected_options":[` + optA + `]`, Value{Text: "a"}, `"selected_options":[` + optA + `]`},
		{`users_select`, `"initial_user":"U1"`, `"selected_user":"U1"`, Value{Text: "U2"}, `"selected_user":"U2"`},
		{`multi_users_select`, `"initial_users":["U1"]`, `"selected_users":["U1"]`, Value{Selected: []string{"U2", "U3"}}, `"selected_users":["U2","U3"]`},
		{`conversations_select`, `"initial_conversation":"C1"`, `"selected_conversation":"C1"`, Value{}, `"selected_conversation":null`},
		{`channels_select`, `"initial_channel":"C1"`, `"selected_channel":"C1"`, Value{Text: "C2"}, `"selected_channel":"C2"`},
		{`multi_channels_select`, `"initial_channels":["C1"]`, `"selected_channels":["C1"]`, Value{Text: "C2"}, `"selected_channels":["C2"]`},
		{`datepicker`, `"initial_date":"2026-12-24"`, `"selected_date":"2026-12-24"`, Value{Text: "2027-01-01"}, `"selected_date":"2027-01-01"`},
		{`timepicker`, `"initial_time":"09:30"`, `"selected_time":"09:30"`, Value{Text: "10:00"}, `"selected_time":"10:00"`},
		{`datetimepicker`, `"initial_date_time":1798092000`, `"selected_date_time":1798092000`, Value{Text: "1798092001"}, `"selected_date_time":1798092001`},
	}
	for _, tc := range tests {
		t.Run(tc.element, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.openModal(oneInput(fmt.Sprintf(`{"type":"%s",%s}`, tc.element, tc.initial)))
			state := func() string {
				o := w.top().element("b")
				delete(o, "type")
				return string(encode(o))
			}
			if diff := cmp.Diff("{"+tc.wantInitial+"}", state()); diff != "" {
				t.Errorf("initial state (-want +got):\n%s", diff)
			}
			el := w.top().View["blocks"].([]any)[0].(map[string]any)["element"].(map[string]any)
			_, err := w.SelectInView(t.Context(), "U0HANA", id, Target{BlockID: "b", ActionID: textOf(el["action_id"])}, tc.enter)
			w.ok(err)
			if diff := cmp.Diff("{"+tc.want+"}", state()); diff != "" {
				t.Errorf("entered (-want +got):\n%s", diff)
			}
			got := w.interactions("")
			res, err := w.Submit(t.Context(), "U0HANA", id, nil)
			w.ok(err)
			if res.Error != "" || len((<-got).View.State.Values["b"]) != 1 {
				t.Errorf("submitted: %+v", res)
			}
		})
	}
}

func TestSelectionsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.openModal(oneInput(`{"type":"multi_users_select","action_id":"a","max_selected_items":1}`))
	at := Target{ActionID: "a"}
	if _, err := w.SelectInView(t.Context(), "U0HANA", id, at, Value{Selected: []string{"U1", "U2"}}); err == nil {
		t.Error("more than max_selected_items were chosen")
	}
	if _, err := w.SelectInView(t.Context(), "U0HANA", id, at, Value{Selected: []string{"U1"}}); err != nil {
		t.Error(err)
	}
}

func TestOneElementHasTheFocus(t *testing.T) {
	t.Parallel()
	focused := `{"type":"plain_text_input","focus_on_load":true}`
	if got := problemsOfBlocks(t, input(focused)); got != nil {
		t.Errorf("one: %q", got)
	}
	got := problemsOfBlocks(t, input(focused)+","+input(focused))
	if len(got) != 1 || got[0] != "only one element can set focus_on_load [json-pointer:/blocks/1/element/focus_on_load]" {
		t.Errorf("two: %q", got)
	}
}

func TestGroupConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.SetScopes("T0ACME", "im:write", "mpim:write", "mpim:read", "chat:write", "mpim:history"))
	open := func(users ...string) (*slack.Channel, bool) {
		ch, _, already, err := w.api.OpenConversation(&slack.OpenConversationParameters{Users: users, ReturnIM: true})
		w.ok(err)
		return ch, already
	}
	first, already := open("U0HANA", "U0YUKI")
	again, known := open("U0YUKI", "U0HANA")
	if already || !known || first.ID != again.ID || !first.IsMpIM {
		t.Errorf("opened %s (%v), then %s (%v)", first.ID, already, again.ID, known)
	}
	_, ts, err := w.api.PostMessage(first.ID, slack.MsgOptionText("x", false))
	w.ok(err)
	msgs, _, _, err := w.api.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: first.ID, Timestamp: ts})
	if err != nil || len(msgs) != 1 {
		t.Errorf("a message without replies is its own thread: %v, %v", msgs, err)
	}
}

func TestBroadcastReplyIsInTheChannelToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, root, err := w.api.PostMessage("C0OPEN", slack.MsgOptionText("root", false))
	w.ok(err)
	_, _, err = w.api.PostMessage("C0OPEN", slack.MsgOptionText("for all", false), slack.MsgOptionTS(root), slack.MsgOptionBroadcast())
	w.ok(err)
	h, err := w.api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C0OPEN"})
	w.ok(err)
	if len(h.Messages) != 2 || h.Messages[0].SubType != "thread_broadcast" || h.Messages[1].ReplyCount != 1 {
		t.Errorf("history: %+v", h.Messages)
	}
}

func TestLeavingHidesAPrivateChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.Join("G0SECRET", "UBOT0ACME"))
	post := func() error {
		_, _, err := w.api.PostMessage("G0SECRET", slack.MsgOptionText("x", false))
		return err
	}
	w.ok(post())
	w.ok(w.Leave("G0SECRET", "UBOT0ACME"))
	if err := post(); err == nil || err.Error() != "channel_not_found" {
		t.Errorf("after leaving: %v", err)
	}
}

func TestEnterpriseIsNamedInRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Workspaces[0].EnterpriseID = "E0CORP" })
	ts := w.card("")
	got := w.interactions("")
	_, err := w.Click(t.Context(), "U0HANA", "C0OPEN", ts, Target{ActionID: "approve"}, Value{})
	w.ok(err)
	if ic := <-got; ic.Enterprise.ID != "E0CORP" {
		t.Errorf("enterprise: %+v", ic.Enterprise)
	}
	w.answer(nil)
	_, err = w.Command(t.Context(), "U0HANA", "C0OPEN", "/aws-access", "")
	w.ok(err)
	r, _ := w.Last(KindCommand)
	form, err := url.ParseQuery(string(r.Body))
	w.ok(err)
	if form.Get("enterprise_id") != "E0CORP" {
		t.Errorf("form: %v", form)
	}
}

func TestEndpointsCanMove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	paths := make(chan string, 4)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { paths <- r.URL.Path }))
	t.Cleanup(app.Close)
	w.SetEndpoints(Endpoints{Command: app.URL + "/new"})
	_, err := w.Command(t.Context(), "U0HANA", "C0OPEN", "/aws-access", "")
	w.ok(err)
	if got := <-paths; got != "/new" {
		t.Errorf("sent to %s", got)
	}
	ts := w.card("")
	res, err := w.Click(t.Context(), "U0HANA", "C0OPEN", ts, Target{ActionID: "approve"}, Value{})
	if err != nil || res.Error != ErrorDispatch {
		t.Errorf("without a URL: %+v, %v", res, err)
	}
}

func TestReasonsOfEventRetries(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"http_error": nil, "http_timeout": fmt.Errorf("send: %w", errTimeout), "connection_failed": errors.New("refused"),
	} {
		if got := retryReason(err); got != want {
			t.Errorf("%v: got %s, want %s", err, got, want)
		}
	}
}
