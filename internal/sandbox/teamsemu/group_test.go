package teamsemu

import (
	"net/http"
	"testing"
)

const lunch = "19:lunch@thread.v2"

// TestAGroupChat: the bot hears what mentions it, answers one or all, and there are
// neither threads nor a team.
func TestAGroupChat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	group := Group{ID: lunch, Topic: "lunch", Members: []string{hana, gus}, Installed: true}
	if err := w.AddGroup(group); err != nil {
		t.Fatal(err)
	}
	w.writes(hana, "lunch", "who is hungry?", "")
	asked := w.writes(hana, "lunch", "@aws-access whoami", "")
	in := w.heard()
	if len(in) != 1 {
		t.Fatalf("the bot heard %v", in)
	}
	conv, data := sub(in[0], "conversation"), sub(in[0], "channelData")
	if conv["id"] != lunch || conv["conversationType"] != "groupChat" || conv["isGroup"] != true || conv["tenantId"] != testTenant || data["team"] != nil || data["channel"] != nil || sub(data, "tenant")["id"] != testTenant {
		t.Errorf("conversation %v, channelData %v", conv, data)
	}
	w.sent(lunch, object{"type": "message", "text": "hello all"})
	one := object{"type": "message", "text": "hello Hana", "recipient": object{"id": w.PersonID(hana)}}
	if status, out := w.call(http.MethodPost, at(lunch)+"?isTargetedActivity=true", one); status != http.StatusCreated {
		t.Errorf("targeted: %d %v", status, out)
	}
	// An answer to a message stands at the end, as in every chat.
	if status, out := w.call(http.MethodPost, at(lunch, asked.ID), object{"type": "message", "text": "an answer"}); status != http.StatusCreated {
		t.Errorf("answer: %d %v", status, out)
	}
	g := w.State().Groups[0]
	if len(g.Messages) != 4 || len(g.Messages[1].Replies) != 0 || len(g.Targeted[hana]) != 1 || g.Name != "lunch" {
		t.Errorf("%+v", g)
	}
	if status, out := w.call(http.MethodGet, "/v3/conversations/"+lunch+"/pagedmembers", nil); status != http.StatusOK || len(list(out, "members")) != 2 {
		t.Errorf("members: %d %v", status, out)
	}
}

// TestWhatAGroupChatIsNot.
func TestWhatAGroupChatIsNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, g := range []Group{{ID: "19:x@thread.tacv2"}, {ID: "a:1"}, {ID: lunch, Members: []string{"nobody"}}} {
		if w.AddGroup(g) == nil {
			t.Errorf("%+v was added", g)
		}
	}
	if err := w.AddGroup(Group{ID: lunch, Topic: "lunch", Members: []string{hana}}); err != nil {
		t.Fatal(err)
	}
	if err := w.AddGroup(Group{ID: "19:app@thread.v2", Topic: "app", Members: []string{hana}, Installed: true}); err != nil {
		t.Fatal(err)
	}
	if w.AddGroup(Group{ID: lunch}) == nil {
		t.Error("two of one id")
	}
	said := w.writes(hana, "lunch", "@aws-access whoami", "")
	if n := len(w.heard()); n != 0 {
		t.Errorf("without the app the bot heard %d", n)
	}
	if status, out := w.call(http.MethodPost, at(lunch), object{"type": "message", "text": "x"}); status != http.StatusForbidden {
		t.Errorf("without the app: %d %v", status, out)
	}
	for name, f := range map[string]func() error{
		"a thread":         func() error { _, err := w.Message(background(), hana, "lunch", "x", said.ID); return err },
		"by somebody else": func() error { _, err := w.Message(background(), yuki, "lunch", "x", ""); return err },
	} {
		if f() == nil {
			t.Errorf("%s was written", name)
		}
	}
	thread := object{"isGroup": true, "channelData": object{"channel": object{"id": "19:app@thread.v2"}, "tenant": object{"id": testTenant}}, "activity": object{"type": "message", "text": "x"}}
	if status, out := w.call(http.MethodPost, "/v3/conversations", thread); status != http.StatusNotFound {
		t.Errorf("a thread begun by the bot: %d %v", status, out)
	}
	if status, out := w.call(http.MethodPost, at("19:app@thread.v2;messageid="+said.ID), object{"type": "message", "text": "x"}); status != http.StatusNotFound {
		t.Errorf("in a thread: %d %v", status, out)
	}
}
