package slackemu

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

// requestForm is a modal with each way of entering a value.
const requestForm = `{"type":"modal","callback_id":"request","private_metadata":"C0OPEN","notify_on_close":true,
 "title":{"type":"plain_text","text":"Request"},"submit":{"type":"plain_text","text":"Ask"},"blocks":[
 {"type":"input","block_id":"account","label":{"type":"plain_text","text":"Account"},"dispatch_action":true,
  "element":{"type":"external_select","action_id":"pick","min_query_length":2}},
 {"type":"input","block_id":"set","label":{"type":"plain_text","text":"Set"},"element":{"type":"static_select","action_id":"pick",
  "options":[{"text":{"type":"plain_text","text":"Read"},"value":"read"},{"text":{"type":"plain_text","text":"Power"},"value":"power"}]}},
 {"type":"input","block_id":"reason","label":{"type":"plain_text","text":"Reason"},
  "element":{"type":"plain_text_input","action_id":"text","max_length":10,"min_length":2}},
 {"type":"input","block_id":"until","optional":true,"label":{"type":"plain_text","text":"Until"},"element":{"type":"datepicker","action_id":"day"}},
 {"type":"input","block_id":"who","optional":true,"label":{"type":"plain_text","text":"Who"},"element":{"type":"multi_users_select","action_id":"ids"}},
 {"type":"actions","block_id":"more","elements":[{"type":"button","action_id":"preview","value":"p1","text":{"type":"plain_text","text":"Preview"}}]}]}`

func accounts() string {
	return `{"options":[{"text":{"type":"plain_text","text":"payments-prod"},"value":"111122223333","description":{"type":"plain_text","text":"Prod"}}]}`
}

func filled() map[string]map[string]Value {
	return map[string]map[string]Value{
		"account": {"pick": {Selected: []string{"111122223333"}}}, "set": {"pick": {Selected: []string{"power"}}},
		"reason": {"text": {Text: "refunds"}}, "until": {"day": {Text: "2026-12-24"}}, "who": {"ids": {Selected: []string{"U0YUKI"}}},
	}
}

// offered opens the form and types into its external select.
func (w *world) offered() string {
	w.t.Helper()
	id := w.openModal(requestForm)
	w.answerJSON(accounts())
	_, err := w.Suggest(w.t.Context(), "U0HANA", id, Target{BlockID: "account", ActionID: "pick"}, "pay")
	w.ok(err)
	return id
}

func TestSubmissionCarriesTheValuesAndNoChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.offered()
	got := w.interactions("")
	res, err := w.Submit(t.Context(), "U0HANA", id, filled())
	w.ok(err)
	ic := <-got
	if ic.Type != slack.InteractionTypeViewSubmission || ic.User.ID != "U0HANA" || ic.User.TeamID != "T0ACME" || ic.Team.ID != "T0ACME" ||
		ic.APIAppID != "A0ACCESS" || ic.TriggerID == "" || ic.Channel.ID != "" || ic.ResponseURL != "" {
		t.Errorf("callback: %+v", ic)
	}
	v := ic.View
	values := v.State.Values
	if v.ID != id || v.CallbackID != "request" || v.PrivateMetadata != "C0OPEN" || v.Hash == "" || v.RootViewID != id {
		t.Errorf("view: %+v", v)
	}
	entered := []string{
		values["account"]["pick"].SelectedOption.Value, values["account"]["pick"].SelectedOption.Text.Text, values["set"]["pick"].SelectedOption.Text.Text,
		values["reason"]["text"].Value, values["until"]["day"].SelectedDate, strings.Join(values["who"]["ids"].SelectedUsers, ","),
	}
	if diff := cmp.Diff([]string{"111122223333", "payments-prod", "Power", "refunds", "2026-12-24", "U0YUKI"}, entered); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if res.Error != "" || res.View != "" || len(w.State().Views) != 0 {
		t.Errorf("an empty answer closes the view: %+v", res)
	}
	if _, err := w.Submit(t.Context(), "U0HANA", id, nil); err == nil {
		t.Error("a closed view was submitted")
	}
}

func TestClientRefusesInputsItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.offered()
	sent := len(w.State().Deliveries)
	res, err := w.Submit(t.Context(), "U0HANA", id, map[string]map[string]Value{"reason": {"text": {Text: "much too long"}}})
	w.ok(err)
	want := map[string]string{
		"account": "Please complete this required field.", "set": "Please complete this required field.",
		"reason": "Please enter at most 10 characters.",
	}
	if diff := cmp.Diff(want, res.Errors); diff != "" || res.Sent {
		t.Errorf("sent %v (-want +got):\n%s", res.Sent, diff)
	}
	if got := len(w.State().Deliveries); got != sent {
		t.Errorf("%d requests were sent", got-sent)
	}
	for name, values := range map[string]map[string]map[string]Value{
		"option never offered":        {"account": {"pick": {Selected: []string{"999999999999"}}}},
		"option that does not exist":  {"set": {"pick": {Selected: []string{"admin"}}}},
		"block that does not exist":   {"nope": {"pick": {Text: "x"}}},
		"element that holds no value": {"more": {"preview": {Text: "x"}}},
	} {
		if _, err := w.Submit(t.Context(), "U0HANA", id, values); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := w.Submit(t.Context(), "U0YUKI", id, filled()); err == nil {
		t.Error("another person submitted the view")
	}
}

func TestAnswersToASubmission(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		wantError  string
		wantErrors map[string]string
		open       int
		title      string // of the top view
	}{
		{"errors at inputs", `{"response_action":"errors","errors":{"reason":"say more"}}`, "", map[string]string{"reason": "say more"}, 1, "Request"},
		{"errors elsewhere", `{"response_action":"errors","errors":{"more":"no"}}`, ErrorTrouble, nil, 1, "Request"},
		{"no errors", `{"response_action":"errors"}`, ErrorTrouble, nil, 1, "Request"},
		{"update", `{"response_action":"update","view":` + smallest + `}`, "", nil, 1, "t"},
		{"push", `{"response_action":"push","view":` + smallest + `}`, "", nil, 2, "t"},
		{"clear", `{"response_action":"clear"}`, "", nil, 0, ""},
		{"invalid view", `{"response_action":"update","view":{"type":"modal"}}`, ErrorTrouble, nil, 1, "Request"},
		{"unknown action", `{"response_action":"explode"}`, ErrorTrouble, nil, 1, "Request"},
		{"no JSON", `ok`, ErrorTrouble, nil, 1, "Request"},
		{"empty object", `{}`, "", nil, 0, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.offered()
			w.interactions(tc.body)
			res, err := w.Submit(t.Context(), "U0HANA", id, filled())
			w.ok(err)
			if res.Error != tc.wantError {
				t.Errorf("error %q (%q), want %q", res.Error, res.Problems, tc.wantError)
			}
			if diff := cmp.Diff(tc.wantErrors, res.Errors); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if got := len(w.State().Views); got != tc.open {
				t.Fatalf("%d views are open, want %d", got, tc.open)
			}
			if tc.open > 0 {
				if got := textOf(w.top().View["title"]); got != tc.title {
					t.Errorf("top view %q, want %q", got, tc.title)
				}
			}
		})
	}
}

func TestSlowAnswerLeavesTheViewOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.offered()
	w.answer(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusInternalServerError) })
	res, err := w.Submit(t.Context(), "U0HANA", id, filled())
	w.ok(err)
	if res.Error != ErrorDispatch || res.View != id {
		t.Errorf("got %+v", res)
	}
	got := w.interactions("")
	_, err = w.Submit(t.Context(), "U0HANA", id, nil)
	w.ok(err)
	if v := (<-got).View.State.Values["reason"]["text"].Value; v != "refunds" {
		t.Errorf("what was entered is gone: %q", v)
	}
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.openModal(requestForm)
	at := Target{BlockID: "account", ActionID: "pick"}
	got := w.interactions(accounts())
	res, err := w.Suggest(t.Context(), "U0HANA", id, at, "p")
	w.ok(err)
	if res.Sent {
		t.Error("a query shorter than min_query_length was sent")
	}
	res, err = w.Suggest(t.Context(), "U0HANA", id, at, "pay")
	w.ok(err)
	want := []Option{{Text: "payments-prod", Value: "111122223333", Description: "Prod"}}
	if diff := cmp.Diff(want, res.Options); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
	ic := <-got
	if ic.Type != slack.InteractionTypeBlockSuggestion || ic.Value != "pay" || ic.ActionID != "pick" || ic.BlockID != "account" || ic.View.ID != id {
		t.Errorf("callback: %+v", ic)
	}
	long := `{"text":{"type":"plain_text","text":"` + strings.Repeat("x", 76) + `"},"value":"v"}`
	for name, body := range map[string]string{
		"too many":   `{"options":[` + times(101, anOption) + `]}`,
		"too long":   `{"options":[` + long + `]}`,
		"in mrkdwn":  `{"options":[{"text":{"type":"mrkdwn","text":"x"},"value":"v"}]}`,
		"both kinds": `{"options":[],"option_groups":[]}`,
		"neither":    `{}`,
		"no JSON":    `x`,
	} {
		w.answerJSON(body)
		if res, err := w.Suggest(t.Context(), "U0HANA", id, at, "pay"); err != nil || res.Error != ErrorOptions || len(res.Problems) == 0 {
			t.Errorf("%s: %+v, %v", name, res, err)
		}
	}
	w.answerJSON(`{"option_groups":[` + aGroup + `]}`)
	if res, err := w.Suggest(t.Context(), "U0HANA", id, at, "pay"); err != nil || res.Error != "" || len(res.Options) != 1 {
		t.Errorf("groups: %+v, %v", res, err)
	}
	if _, err := w.Suggest(t.Context(), "U0HANA", id, Target{BlockID: "set", ActionID: "pick"}, "pay"); err == nil {
		t.Error("a static select asked for options")
	}
}

func TestSelectingInAView(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.offered()
	got := w.interactions("")
	res, err := w.SelectInView(t.Context(), "U0HANA", id, Target{BlockID: "reason", ActionID: "text"}, Value{Text: "typed"})
	w.ok(err)
	if res.Sent {
		t.Error("an input without dispatch_action was sent")
	}
	_, err = w.SelectInView(t.Context(), "U0HANA", id, Target{BlockID: "account", ActionID: "pick"}, Value{Text: "111122223333"})
	w.ok(err)
	ic := <-got
	a := ic.ActionCallback.BlockActions[0]
	if ic.Type != slack.InteractionTypeBlockActions || ic.Container.Type != "view" || ic.Container.ViewID != id || ic.Channel.ID != "" ||
		a.BlockID != "account" || a.SelectedOption.Value != "111122223333" || ic.View.State.Values["reason"]["text"].Value != "typed" {
		t.Errorf("callback: %+v action: %+v", ic, a)
	}
	_, err = w.SelectInView(t.Context(), "U0HANA", id, Target{ActionID: "preview"}, Value{})
	w.ok(err)
	if a := (<-got).ActionCallback.BlockActions[0]; a.Value != "p1" || a.Type != "button" {
		t.Errorf("button: %+v", a)
	}
	if _, err := w.SelectInView(t.Context(), "U0HANA", id, Target{ActionID: "pick"}, Value{Text: "power"}); err == nil {
		t.Error("an action id of two blocks was taken without a block id")
	}
}

func TestUpdateKeepsWhatWasEnteredUnderTheSameIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.offered()
	_, err := w.SelectInView(t.Context(), "U0HANA", id, Target{BlockID: "reason", ActionID: "text"}, Value{Text: "typed"})
	w.ok(err)
	hash := w.top().View["hash"].(string)
	update := url.Values{"view_id": {id}, "hash": {hash}, "view": {strings.Replace(requestForm, `"block_id":"until"`, `"block_id":"end"`, 1)}}
	out := w.call("views.update", update)
	if out["ok"] != true {
		t.Fatalf("update: %v", out)
	}
	values := out["view"].(map[string]any)["state"].(map[string]any)["values"].(map[string]any)
	if values["reason"].(map[string]any)["text"].(map[string]any)["value"] != "typed" || values["until"] != nil || values["end"] == nil {
		t.Errorf("values: %v", values)
	}
	if out := w.call("views.update", update); out["error"] != "hash_conflict" {
		t.Errorf("with the hash of before: %v", out)
	}
	update.Del("hash")
	if out := w.call("views.update", update); out["ok"] != true {
		t.Errorf("without a hash: %v", out)
	}
}

func TestStackOfViews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.openModal(requestForm)
	root := id
	w.interactions("")
	push := func() map[string]any {
		// The trigger is that of a button in the top view.
		res, err := w.SelectInView(t.Context(), "U0HANA", id, Target{ActionID: "preview"}, Value{})
		w.ok(err)
		return w.call("views.push", url.Values{"trigger_id": {res.TriggerID}, "view": {requestForm}})
	}
	for range 2 {
		out := push()
		v, _ := out["view"].(map[string]any)
		if out["ok"] != true || v["root_view_id"] != root || v["previous_view_id"] != id {
			t.Fatalf("push: %v", out)
		}
		if _, err := w.Submit(t.Context(), "U0HANA", id, nil); err == nil {
			t.Error("a covered view was submitted")
		}
		id = v["id"].(string)
	}
	if out := push(); out["error"] != "push_limit_reached" {
		t.Errorf("fourth view: %v", out["error"])
	}
	if out := w.call("views.push", url.Values{"trigger_id": {w.trigger()}, "view": {smallest}}); out["error"] != "not_found" {
		t.Errorf("push by a command's trigger: %v", out["error"])
	}
	got := w.interactions("")
	res, err := w.CloseView(t.Context(), "U0HANA", id, false)
	w.ok(err)
	ic := <-got
	if !res.Sent || ic.Type != slack.InteractionTypeViewClosed || ic.View.ID != id || ic.IsCleared || len(w.State().Views) != 2 {
		t.Errorf("close one: %+v", ic)
	}
	_, err = w.CloseView(t.Context(), "U0HANA", textOf(w.top().View["id"]), true)
	w.ok(err)
	if ic := <-got; !ic.IsCleared || len(w.State().Views) != 0 {
		t.Errorf("close all: %+v", ic)
	}
}

func TestViewsByExternalIDAndRealClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	view := slack.ModalViewRequest{
		Type: slack.VTModal, ExternalID: "req-1", Title: slack.NewTextBlockObject("plain_text", "One", false, false),
		Blocks: slack.Blocks{BlockSet: []slack.Block{section("x")}},
	}
	opened, err := w.api.OpenView(w.trigger(), view)
	w.ok(err)
	if opened.ID == "" || opened.Hash == "" || opened.Title.Text != "One" {
		t.Errorf("opened: %+v", opened.View)
	}
	if _, err := w.api.OpenView(w.trigger(), view); err == nil || !strings.Contains(err.Error(), "duplicate_external_id") {
		t.Errorf("same external id: %v", err)
	}
	view.Title.Text = "Two"
	updated, err := w.api.UpdateView(view, "req-1", opened.Hash, "")
	w.ok(err)
	if updated.ID != opened.ID || updated.Title.Text != "Two" || updated.Hash == opened.Hash {
		t.Errorf("updated: %+v", updated.View)
	}
}

func TestHomeTab(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	home := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{
		slack.NewActionBlock("b", slack.NewButtonBlockElement("go", "v", slack.NewTextBlockObject("plain_text", "Go", false, false)))}}}
	first, err := w.api.PublishView("U0HANA", home, "")
	w.ok(err)
	second, err := w.api.PublishView("U0HANA", home, first.Hash)
	w.ok(err)
	if first.ID != second.ID || len(w.State().Homes) != 1 {
		t.Errorf("published %s, then %s", first.ID, second.ID)
	}
	if _, err := w.api.PublishView("U0HANA", home, first.Hash); err == nil || err.Error() != "hash_conflict" {
		t.Errorf("old hash: %v", err)
	}
	got := w.interactions("")
	_, err = w.SelectInView(t.Context(), "U0HANA", first.ID, Target{ActionID: "go"}, Value{})
	w.ok(err)
	if ic := <-got; ic.View.Type != slack.VTHomeTab || ic.ActionCallback.BlockActions[0].Value != "v" {
		t.Errorf("callback: %+v", ic)
	}
}

func TestPeopleActAtTheSameTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answerJSON(`{"text":"hi"}`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if _, err := w.Command(t.Context(), "U0HANA", "C0OPEN", "/aws-access", ""); err != nil {
					t.Error(err)
				}
				if _, _, err := w.api.PostMessage("C0OPEN", slack.MsgOptionText("x", false)); err != nil {
					t.Error(err)
				}
				if err := w.SetEmail("U0HANA", "new@example.com"); err != nil {
					t.Error(err)
				}
				_ = w.State()
			}
		})
	}
	wg.Wait()
	if st := w.channelState("C0OPEN"); len(st.Messages) != 40 || len(st.Ephemeral["U0HANA"]) != 40 {
		t.Errorf("%d messages, %d for one", len(st.Messages), len(st.Ephemeral["U0HANA"]))
	}
}
