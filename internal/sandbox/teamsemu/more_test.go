package teamsemu

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"aws-access-bot/internal/sandbox/emukit"
)

func TestAnExtensionsResultStandsInTheComposeBox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(`{"composeExtension":{"type":"result","attachmentLayout":"list","attachments":[{"contentType":"` + cardType + `","content":{"type":"AdaptiveCard","version":"1.5","body":[{"type":"TextBlock","text":"found"}]}}]}}`)
	res, err := w.Extension(background(), hana, "find", access, "")
	if err != nil || res.Card == nil || !strings.Contains(fmt.Sprint(res.Card.Card), "found") || res.Dialog != nil {
		t.Errorf("%+v %v", res, err)
	}
}

func TestMessageBackSaysWhatTheCardSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.posted("", `{"type":"Action.Submit","title":"Again","data":{"msteams":{"type":"messageBack","text":"again","value":{"n":1}}}},
		{"type":"Action.Submit","title":"Sign in","data":{"msteams":{"type":"signin"}}},{"type":"Action.ToggleVisibility","title":"More","targetElements":["x"]}`)
	w.clicks(hana, id, "Again", nil)
	in := w.heard()
	if len(in) != 1 || text(in[0], "text") != "again" || fmt.Sprint(in[0]["value"]) != "map[n:1]" {
		t.Errorf("sent: %v", in)
	}
	if _, err := w.Click(background(), hana, "", id, "Sign in", nil); err == nil {
		t.Error("signing in was emulated")
	}
	if res := w.clicks(hana, id, "More", nil); res.Sent {
		t.Errorf("the client asked the bot: %+v", res)
	}
	w.answering(func(rw http.ResponseWriter, _ object) { rw.WriteHeader(http.StatusBadRequest) })
	if res := w.clicks(hana, id, "Again", nil); res.Error != ErrorWrong {
		t.Errorf("refused: %+v", res)
	}
}

func TestAChatBegunWithAMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := chatWith(hana)
	body["activity"] = hello()
	status, out := w.call(http.MethodPost, "/v3/conversations", body)
	chat := w.State().Chats[hana]
	if status != 201 || len(chat.Messages) != 1 || chat.Messages[0].ID != text(out, "activityId") || chat.ID != text(out, "id") {
		t.Errorf("%d %v, %+v", status, out, chat)
	}
	_, one := w.call(http.MethodGet, "/v3/conversations/"+url.PathEscape(chat.ID)+"/members/"+hana, nil)
	if text(one, "name") != "Hana Sato" {
		t.Errorf("member: %v", one)
	}
	if status, _ := w.call(http.MethodGet, "/v3/conversations/"+url.PathEscape(chat.ID)+"/members/"+yuki, nil); status != 404 {
		t.Errorf("Yuki is in Hana's chat: %d", status)
	}
	body["activity"] = object{"type": "message"}
	if status, _ := w.call(http.MethodPost, "/v3/conversations", body); status != 400 {
		t.Errorf("an empty first message: %d", status)
	}
	if err := w.Block(hana, true); err != nil {
		t.Fatal(err)
	}
	if status, out := w.call(http.MethodPost, "/v3/conversations", chatWith(hana)); status != 403 || out["errorCode"] == nil {
		t.Errorf("blocked: %d %v", status, out)
	}
}

func TestTheTeamAsTheBotSeesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if status, out := w.call(http.MethodGet, "/v3/teams/"+url.PathEscape(general), nil); status != 200 || text(out, "name") != "Acme" || fmt.Sprint(out["memberCount"], out["channelCount"]) != "3 2" {
		t.Errorf("%d %v", status, out)
	}
	if status, out := w.call(http.MethodGet, "/v3/teams/19:x@thread.tacv2", nil); status != 404 || code(out) != "ConversationNotFound" {
		t.Errorf("%d %v", status, out)
	}
}

func TestWhatCannotBeSeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ok := Channel{"19:new@thread.tacv2", "general"}
	for name, do := range map[string]func() error{
		"a person without a name": func() error { return w.AddUser(User{ObjectID: "x"}) },
		"a person twice":          func() error { return w.AddUser(User{ObjectID: hana, Name: "Hana"}) },
		"a team without General":  func() error { return w.AddTeam(Team{ID: "19:t@thread.tacv2", Channels: []Channel{ok}}) },
		"a channel twice": func() error {
			return w.AddTeam(Team{ID: access, Channels: []Channel{{access, "again"}}})
		},
		"a channel with a thread": func() error {
			return w.AddTeam(Team{ID: "19:t;messageid=1", Channels: []Channel{{"19:t;messageid=1", "x"}}})
		},
		"a stranger in a team": func() error { return w.AddTeam(Team{ID: ok.ID, Channels: []Channel{ok}, Members: []string{"x"}}) },
		"nobody's app":         func() error { return w.SetInstalled("x", true) },
		"nobody's block":       func() error { return w.Block("x", true) },
		"nobody's profile":     func() error { return w.EditUser("x", func(*User) {}) },
		"an emulator of nobody": func() error {
			_, err := New(emukit.New(1), Options{AppID: testApp, TenantID: testTenant, BaseURL: "https://x/teams/"})
			return err
		},
		"a base URL without a slash": func() error {
			_, err := New(emukit.New(1), Options{AppID: testApp, TenantID: testTenant, BaseURL: "https://x/teams", Tokens: tokens{}})
			return err
		},
	} {
		if do() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestChangesAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	changed := w.Changed()
	before := w.State().Version
	w.sent(access, hello())
	select {
	case <-changed:
	default:
		t.Error("a message changes nothing")
	}
	if after := w.State().Version; after <= before {
		t.Errorf("version %d after %d", after, before)
	}
}

func TestWithoutABotAMessageStandsAndIsNotDelivered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Endpoint = "" })
	res := w.writes(hana, "personal", "help", "")
	if res.Delivered || res.Attempts != 4 || len(w.State().Chats[hana].Messages) != 1 {
		t.Errorf("%+v", res)
	}
}
