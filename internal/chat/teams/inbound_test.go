package teams

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/store"
)

// TestT20NothingIsReadOrStoredOfWhatTheConnectorDidNotSign, by HTTP.
func TestT20NothingIsReadOrStoredOfWhatTheConnectorDidNotSign(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	good, err := json.Marshal(w.line("hana", general, "1", "whoami"))
	w.ok(err)
	for _, m := range mutations() {
		k := goodTicket(w.clock.now())
		k.claims["serviceurl"] = w.serviceURL()
		m.do(t, k, w.clock.now())
		body := &unread{Buffer: *bytes.NewBuffer(good)}
		rec := w.post(headers(k.sign(t)), body)
		if rec.Code != http.StatusUnauthorized || rec.Body.Len() != 0 || body.touched {
			t.Errorf("%s: %d %q, body read: %v", m.name, rec.Code, rec.Body, body.touched)
		}
	}
	for name, edit := range map[string]func(a map[string]any){
		"another service URL": func(a map[string]any) { a["serviceUrl"] = "https://smba.trafficmanager.net/amer/" },
		"no service URL":      func(a map[string]any) { delete(a, "serviceUrl") },
		"another channel":     func(a map[string]any) { a["channelId"] = "directline" },
		"another tenant":      func(a map[string]any) { a["channelData"] = map[string]any{"tenant": map[string]any{"id": testApp}} },
		"no tenant":           func(a map[string]any) { delete(a, "channelData") },
		"a conversation of another tenant": func(a map[string]any) {
			a["conversation"] = map[string]any{"id": general, "conversationType": "channel", "tenantId": testApp}
		},
		"another bot": func(a map[string]any) { a["recipient"] = map[string]any{"id": "28:" + testTenant} },
	} {
		a := w.line("hana", general, "1", "whoami")
		edit(a)
		if rec := w.send(a); rec.Code != http.StatusUnauthorized || rec.Body.Len() != 0 {
			t.Errorf("%s: %d %q", name, rec.Code, rec.Body)
		}
	}
	if due := w.due(); len(due) != 0 || len(w.connector.calls) != 0 {
		t.Errorf("stored %v, called %v", due, w.connector.calls)
	}
	if _, err := store.NewReach(w.db).Contact(t.Context(), hana()); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("a contact was kept: %v", err)
	}
}

// TestWithoutKeysNothingIsTakenAndTeamsIsToldToSendItAgain: what people write while
// Microsoft's keys cannot be read is not lost.
func TestWithoutKeysNothingIsTakenAndTeamsIsToldToSendItAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.publisher.mu.Lock()
	w.publisher.broken = true
	w.publisher.mu.Unlock()
	a := w.line("hana", general, "1", "whoami")
	if rec := w.send(a); rec.Code != http.StatusServiceUnavailable || rec.Body.Len() != 0 || len(w.due()) != 0 {
		t.Errorf("%d %q, stored %v", rec.Code, rec.Body, w.due())
	}
	w.publisher.mu.Lock()
	w.publisher.broken = false
	w.publisher.mu.Unlock()
	w.clock.pass(2 * keysPause)
	w.does(a)
	if got := w.last(); !strings.Contains(got.card(), "hana@example.com") {
		t.Errorf("told %s", got.card())
	}
}

func TestT38AnOversizeActivityIs413(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	a := w.line("hana", general, "1", strings.Repeat("x", MaxBody))
	if rec := w.send(a); rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", rec.Code)
	}
	if len(w.due()) != 0 {
		t.Error("it was stored")
	}
}

func TestWhatIsACommandAndWhatIsNot(t *testing.T) {
	t.Parallel()
	mention := func(id, text string) any {
		return map[string]any{"type": "mention", "text": text, "mentioned": map[string]any{"id": id, "name": "x"}}
	}
	const me = "28:" + testApp
	for _, x := range []struct {
		name, conversation, text string
		entities                 []any
		want                     string // "-" for nothing
	}{
		{"a mention", general, "<at>aws-access</at> status", []any{mention(me, "<at>aws-access</at>")}, "status"},
		{"a mention by another name of the app", general, "<at>AWS Zugriff</at>\u00a0status", []any{mention(me, "<at>AWS Zugriff</at>")}, "status"},
		{"a mention in the middle", general, "hey <at>b</at> status", []any{mention(me, "<at>b</at>")}, "hey   status"},
		{"a mention alone", general, "<at>b</at>&nbsp; \n", []any{mention(me, "<at>b</at>")}, ""},
		{"a name without an entity", general, "<at>aws-access</at> status", nil, "-"},
		{"somebody else's mention", general, "<at>Yuki</at> status", []any{mention("29:yuki", "<at>Yuki</at>")}, "-"},
		{"somebody else's mention behind it", general, "<at>b</at> request with <at>Yuki Mori</at> &amp; <at>R&amp;D</at>", []any{mention(me, "<at>b</at>"), mention("29:yuki", "<at>Yuki Mori</at>"), mention("29:r", "<at>R&amp;D</at>")}, "request with Yuki Mori &amp; R&D"},
		{"marks that are no mention", general, "<at>b</at> request with <at>Yuki</at>", []any{mention(me, "<at>b</at>")}, "request with <at>Yuki</at>"},
		{"an entity that is not in the text", general, "status", []any{mention(me, "<at>b</at>")}, "-"},
		{"an entity without text", general, "status", []any{mention(me, "")}, "-"},
		{"entities that are none", general, "status", []any{7, nil, "x", []any{}, map[string]any{"type": 7}}, "-"},
		{"in the chat with the bot", "a:hana", "status", nil, "status"},
		{"the bot's own words copied there", "a:hana", "@aws-access link github hana-dev", nil, "link github hana-dev"},
		{"its name alone there", "a:hana", "@AWS-access", nil, ""},
		{"a longer name there", "a:hana", "@aws-accessory status", nil, "@aws-accessory status"},
		{"its words copied from GitHub, where they mention nobody", "a:hana", "@\u200baws-access status", nil, "status"},
		{"its words copied behind a mention", general, "<at>b</at> @aws-access status", []any{mention(me, "<at>b</at>")}, "status"},
		{"its words without a mention", general, "@aws-access status", nil, "-"},
		{"with a mention there", "a:hana", "<at>b</at> status", []any{mention(me, "<at>b</at>")}, "status"},
	} {
		w := newWorld(t, store.NewMemory())
		a := w.from("hana", x.conversation, "1")
		a["text"], a["entities"] = x.text, x.entities
		if rec := w.send(a); rec.Code != http.StatusOK {
			t.Errorf("%s: %d", x.name, rec.Code)
		}
		got := "-"
		if due := w.due(); len(due) == 1 {
			got = due[0].Text
		}
		if got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
}

// TestACommandIsAnsweredInPrivate, as who the signed activity names and in his
// zone; the mention alone is help.
func TestACommandIsAnsweredInPrivate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.does(w.line("hana", general+threadMark+"7", "7", "whoami"))
	got := w.last()
	to, _ := got.body["recipient"].(map[string]any)
	if got.query.Get("isTargetedActivity") != "true" || to["id"] != "29:hana" || got.path != "/v3/conversations/"+general+threadMark+"7/activities" {
		t.Errorf("%+v", got)
	}
	for _, want := range []string{idOf("hana"), "Asia/Tokyo", "hana@example.com"} {
		if !strings.Contains(got.card(), want) {
			t.Errorf("%q is not in %s", want, got.card())
		}
	}
	w.does(w.line("hana", general, "8", ""))
	if got := w.last(); !strings.Contains(got.card(), "@aws-access request") {
		t.Errorf("help: %s", got.card())
	}
	w.does(w.line("hana", "a:hana", "9", "help"))
	if got := w.last(); got.path != "/v3/conversations/a:hana/activities" || got.query.Has("isTargetedActivity") {
		t.Errorf("in the chat with the bot: %+v", got)
	}
}

// TestP1NothingIsAcknowledgedThatIsNotStored: Teams is told to send it again.
func TestP1NothingIsAcknowledgedThatIsNotStored(t *testing.T) {
	t.Parallel()
	db := &refusing{DB: store.NewMemory()}
	w := newWorld(t, db)
	w.does(w.line("hana", general, "0", "help")) // who she is is known
	said := len(w.connector.messages())
	db.on = true
	for name, a := range map[string]any{
		"a message":       w.line("hana", general, "1", "whoami"),
		"a click":         w.invoke("hana", general, "2", "adaptiveCard/action", map[string]any{"action": map[string]any{"verb": "cancel", "data": map[string]any{"value": "REQ-7F3K2Q"}}}),
		"news of a place": w.line("hana", "19:new@thread.tacv2", "3", "whoami"),
	} {
		if rec := w.send(a); rec.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
	db.on = false
	if due := w.due(); len(due) != 0 || len(w.connector.messages()) != said {
		t.Errorf("stored %v", due)
	}
	w.does(w.line("hana", general, "1", "whoami"))
	if len(w.connector.messages()) != said+1 {
		t.Error("what was sent again is not answered")
	}
}

// refusing is a full disk.
type refusing struct {
	store.DB
	on bool
}

func (r *refusing) Update(ctx context.Context, step string, f func(store.Tx) error) error {
	if r.on {
		return store.ErrWrite
	}
	return r.DB.Update(ctx, step, f)
}

// TestT04AnActivityThatComesAgainDoesNothingTwice, also after a restart; the same
// id in another conversation is another one.
func TestT04AnActivityThatComesAgainDoesNothingTwice(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := store.OpenBolt(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, db)
	for range 3 {
		w.does(w.line("hana", general, "1", goodLine))
		w.ok(w.db.Close())
		w.db, err = store.OpenBolt(path, store.Options{})
		w.ok(err)
		w.start()
	}
	defer func() { w.ok(w.db.Close()) }()
	if n, said := len(w.all()), len(w.connector.messages()); n != 1 || said != 1 {
		t.Errorf("%d requests, %d answers", n, said)
	}
	w.does(w.line("hana", requests, "1", "status"))
	if said := len(w.connector.messages()); said != 2 {
		t.Errorf("%d answers", said)
	}
}

// TestT27AButtonDecidesNothing: who presses it is asked again, and what it sends
// beside the verb and the id counts for nothing.
func TestT27AButtonDecidesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.does(w.line("hana", general, "1", goodLine))
	r := w.all()[0]
	r.State, r.Version, r.Pull = access.StateProposed, r.Version+1, access.PullRef{Number: 12, URL: "https://github.example/pull/12"}
	w.ok(store.NewRequests(w.db).Save(t.Context(), r, nil))
	press := func(who, id, verb string, data any) string {
		rec := w.does(w.invoke(who, requests, id, "adaptiveCard/action", map[string]any{"action": map[string]any{"type": "Action.Execute", "verb": verb, "data": data}, "trigger": "manual"}))
		return rec.Body.String()
	}
	if got := press("ken", "2", "cancel", map[string]any{"value": string(r.ID), "user": idOf("hana"), "action": "approve"}); !strings.Contains(got, "private message") {
		t.Errorf("answered %s", got)
	}
	if got := w.last(); !strings.Contains(got.card(), "You have no request") {
		t.Errorf("Ken is told %s", got.card())
	}
	if got := press("ken", "3", "approve", map[string]any{"value": string(r.ID)}); !strings.Contains(got, "BadRequest") || len(w.due()) != 0 {
		t.Errorf("an unknown verb: %s", got)
	}
	if got := press("ken", "4", "cancel", "no object"); !strings.Contains(got, "private") {
		t.Errorf("data that is none: %s", got)
	}
	press("hana", "5", "cancel", map[string]any{"value": string(r.ID)})
	if got := w.last(); !strings.Contains(got.card(), "is cancelled") {
		t.Errorf("Hana is told %s", got.card())
	}
	// A client that knows no Action.Execute sends a message in its place.
	old := w.from("hana", requests, "6")
	old["value"] = map[string]any{"action": "cancel", "value": string(r.ID)}
	said := len(w.connector.messages())
	w.does(old)
	if len(w.connector.messages()) != said+1 {
		t.Error("the fallback is not answered")
	}
}

// filled is what Hana types into the request form.
func filled(over map[string]string) map[string]string {
	out := map[string]string{"group": "aws-payments-dev", "account": "payments-dev", "permission_set": "PowerUserAccess", "duration": "4h", "reason": "looking into the refund bug"}
	for k, v := range over {
		out[k] = v
	}
	return out
}

// TestADialogFromTheBareCommandToTheRequest: the card's button opens it, errors
// stand in it with what was typed, and a form that is sent twice is one request.
func TestADialogFromTheBareCommandToTheRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.does(w.line("hana", general, "1", "request payments-dev"))
	offer := w.last()
	if !strings.Contains(offer.card(), "This needs a form") {
		t.Fatalf("told %s", offer.card())
	}
	sent := map[string]any{"action": "request", "value": "payments-dev", "msteams": map[string]any{"type": "task/fetch"}}
	if raw, err := json.Marshal(offer.body); err != nil || !strings.Contains(string(raw), `"task/fetch"`) {
		t.Fatalf("no button opens a dialog: %s, %v", raw, err)
	}
	card := dialog(t, w.send(w.invoke("hana", general, "2", "task/fetch", map[string]any{"data": sent})))
	if got := valueOf(card, "account"); got != "payments-dev" {
		t.Errorf("account is %q", got)
	}
	submit := func(id string, typed map[string]string) string {
		rec := w.does(w.invoke("hana", general, id, "task/submit", map[string]any{"data": data(t, card, typed)}))
		if rec.Body.Len() == 0 {
			return ""
		}
		card = dialog(t, rec)
		return called{body: card}.card()
	}
	if got := submit("3", filled(map[string]string{"duration": "forever"})); !strings.Contains(got, `"forever" is no length`) {
		t.Errorf("told %s", got)
	}
	for field, want := range filled(map[string]string{"duration": "forever"}) {
		if got := valueOf(card, field); got != want {
			t.Errorf("%s is %q, want what was typed", field, got)
		}
	}
	if got := submit("4", filled(map[string]string{"account": "nowhere"})); !strings.Contains(got, "nowhere") {
		t.Errorf("told %s", got)
	}
	for _, id := range []string{"5", "6", "5"} {
		if got := submit(id, filled(nil)); got != "" {
			t.Errorf("told %s", got)
		}
	}
	all := w.all()
	if len(all) != 1 || all[0].Channel != requests || all[0].Origin != general || all[0].Asker.Entra != idOf("hana") {
		t.Errorf("requests: %+v", all)
	}
}

// valueOf is the value of an input of a card.
func valueOf(card map[string]any, id string) string {
	list, _ := card["body"].([]any)
	for _, x := range list {
		if e, ok := x.(map[string]any); ok && e["id"] == id {
			s, _ := e["value"].(string)
			return s
		}
	}
	return ""
}

func TestTypeAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	ask := func(who, field, typed string) []string {
		rec := w.send(w.invoke(who, general, "1", "application/search", map[string]any{"kind": "search", "queryText": typed, "queryOptions": map[string]int{"skip": 0, "top": 15}, "dataset": field}))
		var a struct {
			StatusCode int
			Type       string
			Value      struct {
				Results []struct{ Title, Value string }
			}
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &a); err != nil || a.StatusCode != 200 || a.Type != "application/vnd.microsoft.search.searchResponse" || a.Value.Results == nil {
			t.Fatalf("%s: %s, %v", field, rec.Body, err)
		}
		out := []string{}
		for _, r := range a.Value.Results {
			out = append(out, r.Value)
		}
		return out
	}
	if got := ask("hana", "group", "payments-dev"); !slices.Contains(got, "aws-payments-dev") {
		t.Errorf("groups: %v", got)
	}
	if got := ask("hana", "permission_set", ""); len(got) == 0 || len(got) > 15 {
		t.Errorf("%d permission sets", len(got))
	}
	if got := ask("hana", "nothing", "x"); len(got) != 0 {
		t.Errorf("a field that there is not: %v", got)
	}
	w.connector.members[idOf("ken")]["userRole"] = "guest"
	if got := ask("ken", "account", ""); len(got) != 0 {
		t.Errorf("a guest sees %v", got)
	}
}

func TestTheMessageExtensionOpensTheForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	for command, field := range map[string]string{"request": "permission_set", "onboard": "owners"} {
		card := dialog(t, w.send(w.invoke("hana", general, "1", "composeExtension/fetchTask", map[string]any{"commandId": command, "commandContext": "compose"})))
		if raw, err := json.Marshal(card); err != nil || !strings.Contains(string(raw), `"id":"`+field+`"`) {
			t.Errorf("%s: %s", command, raw)
		}
		if command == "request" {
			rec := w.does(w.invoke("hana", general, "2", "composeExtension/submitAction", map[string]any{"commandId": command, "data": data(t, card, filled(nil))}))
			if rec.Body.Len() != 0 || len(w.all()) != 1 {
				t.Errorf("%s, %d requests", rec.Body, len(w.all()))
			}
		}
	}
	rec := w.send(w.invoke("hana", general, "3", "composeExtension/fetchTask", map[string]any{"commandId": "cancel"}))
	if !strings.Contains(rec.Body.String(), "none of the bot") || len(w.due()) != 0 {
		t.Errorf("another command: %s", rec.Body)
	}
}

// TestAChatOfTwoPeopleIsNoPlaceForAnAnswer: a message extension is used there, and
// the other person would read it.
func TestAChatOfTwoPeopleIsNoPlaceForAnAnswer(t *testing.T) {
	t.Parallel()
	const between = "19:" + hanaID + "_3c1d9a70-0000-4000-8000-000000000022@unq.gbl.spaces"
	w := newWorld(t, store.NewMemory())
	a := w.invoke("hana", between, "1", "composeExtension/fetchTask", map[string]any{"commandId": "request"})
	a["conversation"].(map[string]any)["conversationType"] = "personal"
	card := dialog(t, w.send(a))
	who, err := store.NewReach(w.db).Contact(t.Context(), hana())
	if err != nil || who.Personal != "" {
		t.Errorf("%+v, %v", who, err)
	}
	s := w.invoke("hana", between, "2", "composeExtension/submitAction", map[string]any{"commandId": "request", "data": data(t, card, filled(nil))})
	s["conversation"].(map[string]any)["conversationType"] = "personal"
	w.does(s)
	w.ok(w.client.Whisper(t.Context(), chat.Address{Team: testTenant, Channel: between}, hanaID, text("secret")))
	for _, m := range w.connector.messages() {
		if strings.Contains(m.path, between) {
			t.Errorf("both read %s", m.card())
		}
	}
}

// TestAChatWithAnotherBotIsNotTakenForOnesOwn: type-ahead in a dialog of the message
// extension comes from wherever that was opened.
func TestAChatWithAnotherBotIsNotTakenForOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.does(w.line("hana", "a:hana", "1", "help"))
	w.send(w.invoke("hana", "a:other-bot", "2", "composeExtension/fetchTask", map[string]any{"commandId": "request"}))
	w.send(w.invoke("hana", "a:other-bot", "3", "application/search", map[string]any{"queryText": "pay", "dataset": "account"}))
	who, err := store.NewReach(w.db).Contact(t.Context(), hana())
	if err != nil || who.Personal != "a:hana" {
		t.Errorf("%+v, %v", who, err)
	}
}

// TestWhoInstallsTheAppIsGreetedAndWhoRemovesItForgotten.
func TestWhoInstallsTheAppIsGreetedAndWhoRemovesItForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	update := func(id, action string) {
		a := w.from("hana", "a:hana", id)
		a["type"], a["action"] = "installationUpdate", action
		w.does(a)
	}
	update("1", "add")
	if got := w.last(); got.path != "/v3/conversations/a:hana/activities" || !strings.Contains(got.card(), "@aws-access request") {
		t.Errorf("greeted with %+v", got)
	}
	reach := store.NewReach(w.db)
	who, err := reach.Contact(t.Context(), hana())
	if err != nil || who.Personal != "a:hana" || who.Local != "29:hana" || who.Zone != "Asia/Tokyo" {
		t.Errorf("%+v, %v", who, err)
	}
	if c, err := reach.Conversation(t.Context(), access.Teams, "a:hana"); err != nil || c.Service != strings.TrimSuffix(w.serviceURL(), "/") {
		t.Errorf("%+v, %v", c, err)
	}
	said := len(w.connector.messages())
	// Another version takes the place of the one before: nobody has come or gone.
	for id, action := range map[string]string{"u1": "remove-upgrade", "u2": "add-upgrade", "u3": "addition", "u4": ""} {
		update(id, action)
		if who, err := reach.Contact(t.Context(), hana()); err != nil || who.Personal != "a:hana" || len(w.connector.messages()) != said {
			t.Errorf("%s: %+v, %v, %d messages more", action, who, err, len(w.connector.messages())-said)
		}
	}
	update("2", "remove")
	if who, err := reach.Contact(t.Context(), hana()); err != nil || who.Personal != "" || len(w.connector.messages()) != said {
		t.Errorf("%+v, %v", who, err)
	}
}

// TestT18OnlyTheTenantsOwnPeopleAreServed: who is a guest, of another tenant, not
// there or somebody else is refused, and the answer is for him alone.
func TestT18OnlyTheTenantsOwnPeopleAreServed(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		edit func(m map[string]any)
		want string
	}{
		"a guest":         {func(m map[string]any) { m["userRole"] = "guest" }, "guests"},
		"another tenant":  {func(m map[string]any) { m["tenantId"] = testApp }, "another organization"},
		"an anonymous":    {func(m map[string]any) { m["userRole"] = "anonymous" }, "only people with an account"},
		"somebody else":   {func(m map[string]any) { m["aadObjectId"] = idOf("ken") }, "somebody else"},
		"without an id":   {func(m map[string]any) { delete(m, "aadObjectId") }, "somebody else"},
		"who is not here": {func(m map[string]any) { m["id"], m["aadObjectId"] = "29:x", "x" }, "does not show you"},
	} {
		w := newWorld(t, store.NewMemory())
		x.edit(w.connector.members[idOf("hana")])
		w.does(w.line("hana", general, "1", goodLine))
		if got := w.last(); !strings.Contains(got.card(), x.want) || len(w.all()) != 0 {
			t.Errorf("%s: told %s, %d requests", name, got.card(), len(w.all()))
		}
	}
	w := newWorld(t, store.NewMemory())
	a := w.line("hana", general, "1", goodLine)
	a["from"] = map[string]any{"id": "28:other-bot", "name": "bot"}
	if rec := w.send(a); rec.Code != http.StatusOK || len(w.due()) != 0 {
		t.Errorf("a bot: %d, stored %v", rec.Code, w.due())
	}
}

// FuzzActivity: no signed activity makes the bot panic; what is acknowledged with
// a body is JSON, and what is stored is of who the activity names.
func FuzzActivity(f *testing.F) {
	for _, s := range []string{``, `null`, `[]`, `{}`, `{"type":7}`, `{"type":"message","conversation":{"id":"\ud800"}}`,
		`{"type":"message","id":"1","from":{"aadObjectId":"` + hanaID + `"},"recipient":{"id":"28:b"},"conversation":{"id":"19:x"},"text":"<at>b</at>&nbsp;status","entities":[{"type":"mention","text":"<at>b</at>","mentioned":{"id":"28:b"}},7]}`,
		`{"type":"invoke","name":"task/submit","conversation":{"id":"a:x"},"value":{"data":{"_form":"request","account":7}}}`,
		`{"type":"invoke","conversation":{"id":"a:x"},"value":{"action":{"verb":"cancel","data":{"value":"REQ-7F3K2Q"}}}}`, strings.Repeat(`[`, 20000)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := parse(body)
		if err != nil {
			if !errors.Is(err, errMalformed) || a != nil {
				t.Fatalf("%q: %v, %v", body, a, err)
			}
			return
		}
		text, mentioned := a.command()
		if mentioned && len(a.Entities) == 0 {
			t.Fatalf("%q is a mention without one", body)
		}
		if len(text) > len(a.Text) {
			t.Fatalf("%q grew to %q", a.Text, text)
		}
		if u, ok := a.user(testTenant); ok && (u.Team != testTenant || !objectID.MatchString(u.User)) {
			t.Fatalf("%+v", u)
		}
		if v, err := a.invoke(); err == nil {
			_, _ = values(v.Data)
			_ = pressText(v.Data)
		}
		e := &event{activity: a, body: body}
		if e.key("x") == "" || len(e.key("x")) > 3*maxID+200 {
			t.Fatalf("key %q", e.key("x"))
		}
	})
}
