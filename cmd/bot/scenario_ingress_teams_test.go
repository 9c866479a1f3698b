package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/sandbox/teamsemu"
	"aws-access-bot/internal/scenario"
)

// TestP1TeamsIngressTakesOnlyWhatIsProven sends the running bot activities that it
// must not take, and such as it has taken before, and wants the status of each and
// that nothing came of it. The other mutations of the token are with the adapter.
func TestP1TeamsIngressTakesOnlyWhatIsProven(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, "teams", sandbox.Options{PeopleMerge: true})
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
	asked := w.activity(t)
	before := w.effects(t)
	for _, x := range teamsIngress() {
		t.Run(x.name, func(t *testing.T) {
			body := ""
			if x.forge != nil {
				body = x.forge(t, asked)
			}
			status, err := w.chat.replay("message", x.how, body)
			if err != nil || status != x.want {
				t.Errorf("status %d, want %d (%v)", status, x.want, err)
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

// activity is the newest message that Teams has sent to the bot, as JSON.
func (w *world) activity(t *testing.T) string {
	t.Helper()
	st, err := w.now("teams")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range slices.Backward(st.Teams.Deliveries) {
		if d.Kind == teamsemu.KindMessage {
			return d.Request
		}
	}
	t.Fatal("no message was sent")
	return ""
}

type teamsRequest struct {
	name string
	// how the token differs, and forge makes another body of the one that was sent;
	// nil sends that one.
	how   string
	forge func(t *testing.T, asked string) string
	want  int
}

// forged is another message, with an id of its own, that asks for something else:
// were it taken, there would be a second pull request. change makes it wrong.
func forged(change func(a object)) func(t *testing.T, asked string) string {
	return func(t *testing.T, asked string) string {
		t.Helper()
		var a object
		if err := json.Unmarshal([]byte(asked), &a); err != nil {
			t.Fatal(err)
		}
		a["id"] = "1790000000000"
		a["text"] = "<at>aws-access</at> request payments-prod ReadOnlyAccess for aws-payments-support 4h forged"
		change(a)
		body, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
}

// part is an object within an activity.
func part(a object, name string) object { return a[name].(object) }

// teamsIngress are requests to /api/messages.
func teamsIngress() []teamsRequest {
	const elsewhere = "99999999-0000-4000-8000-000000000099"
	raw := func(body string) func(*testing.T, string) string {
		return func(*testing.T, string) string { return body }
	}
	none := func(object) {}
	out := []teamsRequest{
		{"the same bytes again", "same", nil, 200},
		{"the same bytes a third time", "same", nil, 200},
		{"the same activity, signed again", "again", nil, 200},
		{"another tenant's conversation", "again", forged(func(a object) { part(a, "conversation")["tenantId"] = elsewhere }), 401},
		{"another tenant", "again", forged(func(a object) { part(a, "channelData")["tenant"] = object{"id": elsewhere} }), 401},
		{"without a tenant", "again", forged(func(a object) { delete(a, "channelData") }), 401},
		{"for another bot", "again", forged(func(a object) { part(a, "recipient")["id"] = "28:" + elsewhere }), 401},
		{"from another channel", "again", forged(func(a object) { a["channelId"] = "emulator" }), 401},
		{"answers wanted elsewhere", "again", forged(func(a object) { a["serviceUrl"] = "https://smba.trafficmanager.net.evil.example/" }), 401},
		{"answers wanted nowhere", "again", forged(func(a object) { delete(a, "serviceUrl") }), 401},
		{"of nobody", "again", forged(func(a object) { delete(part(a, "from"), "aadObjectId") }), 200},
		{"of somebody whom Entra does not have", "again", forged(func(a object) { part(a, "from")["aadObjectId"] = elsewhere }), 200},
		{"without a mention", "again", forged(func(a object) { a["entities"] = []object{} }), 200},
		{"with the mention of somebody else of the bot's name", "again", forged(func(a object) {
			a["entities"] = []object{{"type": "mention", "text": "<at>aws-access</at>", "mentioned": object{"id": "29:other", "name": "aws-access"}}}
		}), 200},
		{"too large", "again", raw(`{"type":"message","text":"` + strings.Repeat("x", 513<<10) + `"}`), 413},
		{"too large and unsigned", "unsigned", raw(strings.Repeat("x", 513<<10)), 413},
		{"no JSON", "again", raw("nonsense"), 400},
	}
	for _, how := range []string{"unsigned", "wrong-key", "unknown-key", "expired", "wrong-audience", "wrong-issuer", "wrong-service-url"} {
		out = append(out, teamsRequest{how, how, forged(none), 401})
	}
	return out
}
