package teamsemu

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const approve = `{"type":"Action.Execute","title":"Approve","verb":"approve","id":"a1","data":{"k":"v"}}`

// posted is a message of the bot with a card, in the channel.
func (w *world) posted(body, actions string) string {
	w.t.Helper()
	return w.sent(access, cardMessage(body, actions))
}

// clicks plays a click that must be possible.
func (w *world) clicks(who, id string, by any, values map[string]string) Result {
	w.t.Helper()
	res, err := w.Click(background(), who, "", id, by, values)
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

func TestExecuteSendsTheActionWithItsInputs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.posted(`{"type":"Input.Text","id":"why"}`, approve)
	w.answers(`{"statusCode":200,"type":"application/vnd.microsoft.activity.message","value":"Done."}`)
	res := w.clicks(yuki, id, "Approve", map[string]string{"why": "because"})
	if res.Message != "Done." || res.Error != "" || res.Invoke != "adaptiveCard/action" {
		t.Errorf("%+v", res)
	}
	in := w.heard()[0]
	act := sub(sub(in, "value"), "action")
	if text(in, "type") != "invoke" || text(in, "replyToId") != id || text(sub(in, "conversation"), "id") != access+";messageid="+id || text(sub(in, "from"), "aadObjectId") != yuki ||
		text(act, "type") != "Action.Execute" || text(act, "verb") != "approve" || text(act, "id") != "a1" || fmt.Sprint(sub(act, "data")) != "map[k:v why:because]" || text(sub(in, "value"), "trigger") != "manual" {
		t.Errorf("invoke: %v", in)
	}
}

func TestACardInAnswerIsSeenByWhoClickedUntilTheBotUpdates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.posted(`{"type":"TextBlock","text":"open"}`, approve)
	w.answers(`{"statusCode":200,"type":"application/vnd.microsoft.card.adaptive","value":{"type":"AdaptiveCard","version":"1.5","body":[{"type":"TextBlock","text":"yours"}]}}`)
	if res := w.clicks(yuki, id, nil, nil); res.Card == nil || len(res.Card.Problems) > 0 {
		t.Fatalf("%+v", res)
	}
	m := w.channel(access).Messages[0]
	if len(m.Views) != 1 || !strings.Contains(fmt.Sprint(m.Views[yuki].Card), "yours") || !strings.Contains(fmt.Sprint(m.Cards[0].Card), "open") {
		t.Errorf("message: %+v", m)
	}
	if _, err := w.Click(background(), yuki, "", id, nil, nil); err == nil {
		t.Error("the action of the replaced card can be clicked")
	}
	w.clicks(hana, id, nil, nil)
	if status, _ := w.call(http.MethodPut, at(access, id), cardMessage(`{"type":"TextBlock","text":"closed"}`, "")); status != 200 {
		t.Fatal(status)
	}
	if m := w.channel(access).Messages[0]; len(m.Views) != 0 || !strings.Contains(fmt.Sprint(m.Cards[0].Card), "closed") {
		t.Errorf("after the update: %+v", m)
	}
}

func TestWhatThePersonSeesWhenTheBotAnswersBadly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.ActionTimeout = 100 * time.Millisecond })
	id := w.posted("", approve)
	for _, tc := range []struct{ name, answer, want string }{
		{"its own error", `{"statusCode":400,"type":"application/vnd.microsoft.error","value":{"code":"BadRequest","message":"Not you."}}`, "Not you."},
		{"no JSON", "oops", ErrorWrong},
		{"nothing", "", ErrorWrong},
		{"the type of the table", `{"statusCode":200,"type":"application/vnd.microsoft.adaptive.card","value":{}}`, ErrorWrong},
		{"a card that is none", `{"statusCode":200,"type":"application/vnd.microsoft.card.adaptive","value":"x"}`, ErrorWrong},
		{"an error without code", `{"statusCode":400,"type":"application/vnd.microsoft.error","value":"x"}`, ErrorWrong},
		{"a message that is none", `{"statusCode":200,"type":"application/vnd.microsoft.activity.message","value":{}}`, ErrorWrong},
	} {
		w.answers(tc.answer)
		if res := w.clicks(hana, id, nil, nil); res.Error != tc.want {
			t.Errorf("%s: %+v", tc.name, res)
		}
	}
	w.answering(func(rw http.ResponseWriter, _ object) { rw.WriteHeader(http.StatusInternalServerError) })
	if res := w.clicks(hana, id, nil, nil); res.Error != ErrorReach || res.Attempts != 1 || res.Delivered {
		t.Errorf("500: %+v", res)
	}
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	w.answering(func(http.ResponseWriter, object) { <-stop })
	if res := w.clicks(hana, id, nil, nil); res.Error != ErrorReach {
		t.Errorf("late: %+v", res)
	}
}

func TestWhatCannotBeClicked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.posted("", approve)
	words := w.sent(access, hello())
	broken := w.posted(`{"type":"Badge"}`, approve)
	target := cardMessage("", approve)
	target["recipient"] = object{"id": w.PersonID(hana)}
	status, out := w.call(http.MethodPost, at(access)+"?isTargetedActivity=true", target)
	if status != 201 {
		t.Fatal(status, out)
	}
	for name, do := range map[string]func() (Result, error){
		"an action that is not there": func() (Result, error) { return w.Click(background(), hana, "", id, "Deny", nil) },
		"a message without a card":    func() (Result, error) { return w.Click(background(), hana, "", words, nil, nil) },
		"a card that is not shown":    func() (Result, error) { return w.Click(background(), hana, "", broken, nil, nil) },
		"another's targeted message":  func() (Result, error) { return w.Click(background(), yuki, "", text(out, "id"), nil, nil) },
		"in another conversation":     func() (Result, error) { return w.Click(background(), hana, general, id, nil, nil) },
		"an input that is not there":  func() (Result, error) { return w.Click(background(), hana, "", id, nil, map[string]string{"x": "y"}) },
		"by nobody":                   func() (Result, error) { return w.Click(background(), "x", "", id, nil, nil) },
	} {
		if res, err := do(); err == nil {
			t.Errorf("%s: %+v", name, res)
		}
	}
	if n := len(w.heard()); n != 0 {
		t.Errorf("%d activities were sent", n)
	}
	if _, err := w.Click(background(), hana, "aws-access", text(out, "id"), nil, nil); err != nil {
		t.Errorf("one's own targeted message: %v", err)
	}
}

func TestSubmitAndTheOtherActionsOfAMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.posted(`{"type":"Input.Text","id":"why","isRequired":true,"errorMessage":"Say why."}`,
		`{"type":"Action.Submit","title":"Send","data":{"k":"v"}},{"type":"Action.OpenUrl","title":"Look","url":"https://example.com/"},
		{"type":"Action.Submit","title":"Say","associatedInputs":"none","data":{"msteams":{"type":"imBack","value":"help"}}}`)
	if res := w.clicks(hana, id, "Send", nil); res.Sent || res.Errors["why"] != "Say why." {
		t.Errorf("without the required input: %+v", res)
	}
	why := map[string]string{"why": "so"}
	if res := w.clicks(hana, id, "Look", why); res.Sent || res.URL != "https://example.com/" {
		t.Errorf("open: %+v", res)
	}
	w.clicks(hana, id, "Send", why)
	w.clicks(hana, id, "Say", why)
	in := w.heard()
	if len(in) != 2 || text(in[0], "type") != "message" || fmt.Sprint(sub(in[0], "value")) != "map[k:v why:so]" || text(in[0], "replyToId") != id || text(in[1], "text") != "<at>aws-access</at> help" {
		t.Errorf("sent: %v", in)
	}
}

func TestRefreshRunsForThoseItNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := func(ids string) string {
		content := `{"type":"AdaptiveCard","version":"1.5","body":[],"refresh":{"action":{"type":"Action.Execute","verb":"look"}` + ids + `}}`
		status, out := w.call(http.MethodPost, at(access), `{"type":"message","attachments":[{"contentType":"`+cardType+`","content":`+content+`}]}`)
		if status != 201 {
			t.Fatal(status, out)
		}
		return text(out, "id")
	}
	named, all, none := post(`,"userIds":["`+w.PersonID(hana)+`"]`), post(""), post(`,"userIds":[]`)
	for _, tc := range []struct {
		name, who, id string
		sent          bool
	}{{"named", hana, named, true}, {"not named", yuki, named, false}, {"small team", yuki, all, true}, {"by hand only", hana, none, false}} {
		res, err := w.Refresh(background(), tc.who, tc.id)
		if err != nil || res.Sent != tc.sent {
			t.Errorf("%s: %+v %v", tc.name, res, err)
		}
		for _, in := range w.heard() {
			if text(sub(in, "value"), "trigger") != "automatic" {
				t.Errorf("%s: %v", tc.name, in)
			}
		}
	}
}
