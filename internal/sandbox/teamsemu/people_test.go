package teamsemu

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestWhatTheBotHears(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if res := w.writes(hana, access, "good morning", ""); res.Sent || len(w.heard()) != 0 {
		t.Errorf("a message without a mention was sent: %+v", res)
	}
	res := w.writes(hana, "aws-access", "@aws-access list @yuki and @nobody", "")
	in := w.heard()
	if len(in) != 1 || !res.Delivered || res.Status != 200 {
		t.Fatalf("%+v, %d activities", res, len(in))
	}
	conv := sub(in[0], "conversation")
	if text(in[0], "text") != "<at>aws-access</at> list <at>Yuki Mori</at> and @nobody" || text(in[0], "id") != res.ID || text(conv, "id") != access+";messageid="+res.ID ||
		text(conv, "conversationType") != "channel" || text(conv, "tenantId") != testTenant || text(in[0], "channelId") != "msteams" {
		t.Errorf("activity: %v", in[0])
	}
	var ids []string
	zone := ""
	for _, e := range list(in[0], "entities") {
		ids = append(ids, text(sub(e, "mentioned"), "id"))
		zone += text(e, "timezone")
	}
	if strings.Join(ids, " ") != " 28:"+testApp+" "+w.PersonID(yuki) || zone != "Asia/Tokyo" {
		t.Errorf("entities: %v %s", ids, zone)
	}
	from, data := sub(in[0], "from"), sub(in[0], "channelData")
	if text(from, "aadObjectId") != hana || text(from, "id") != w.PersonID(hana) || text(sub(data, "tenant"), "id") != testTenant || text(sub(data, "channel"), "id") != access || text(sub(data, "team"), "id") != general {
		t.Errorf("from %v, channelData %v", from, data)
	}
	w.writes(yuki, access, "@aws-access status", res.ID)
	in = w.heard()
	if text(in[0], "replyToId") != res.ID || text(sub(in[0], "conversation"), "id") != access+";messageid="+res.ID {
		t.Errorf("in the thread: %v", in[0])
	}
}

func TestThePersonalChat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	res := w.writes(hana, "personal", "help", "")
	in := w.heard()
	conv := sub(in[0], "conversation")
	if text(conv, "conversationType") != "personal" || text(conv, "id") != res.Conversation || text(in[0], "text") != "help" || sub(in[0], "channelData")["team"] != nil {
		t.Errorf("activity: %v", in[0])
	}
	if status, out := w.call(http.MethodPost, at(res.Conversation, res.ID), hello()); status != 201 {
		t.Errorf("answer: %d %v", status, out)
	}
	if n := len(w.State().Chats[hana].Messages); n != 2 {
		t.Errorf("%d messages", n)
	}
	for name, do := range map[string]func() error{
		"without the app": func() error { _, err := w.Message(background(), yuki, "personal", "help", ""); return err },
		"in a thread":     func() error { _, err := w.Message(background(), hana, "personal", "help", res.ID); return err },
		"nothing":         func() error { _, err := w.Message(background(), hana, "personal", " ", ""); return err },
		"elsewhere":       func() error { _, err := w.Message(background(), hana, "19:x@thread.tacv2", "help", ""); return err },
		"nobody":          func() error { _, err := w.Message(background(), "x", "personal", "help", ""); return err },
	} {
		if do() == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := w.EditUser(hana, func(u *User) { u.TenantID = testApp }); err != nil {
		t.Fatal(err)
	}
	w.heard()
	w.writes(hana, "personal", "help", "")
	in = w.heard()
	if text(sub(in[0], "conversation"), "tenantId") != testApp || text(sub(sub(in[0], "channelData"), "tenant"), "id") != testApp {
		t.Errorf("a person of another tenant: %v", in[0])
	}
}

func TestAMessageIsSentAgainUntilTheBotTakesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.AnswerTimeout = 200 * time.Millisecond })
	var n atomic.Int32
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	w.answering(func(rw http.ResponseWriter, _ object) {
		switch n.Add(1) {
		case 1:
			rw.WriteHeader(http.StatusBadGateway)
		case 2:
			<-stop // no answer in time
		}
	})
	res := w.writes(hana, "personal", "help", "")
	in := w.heard()
	if !res.Delivered || res.Attempts != 3 || len(in) != 3 || text(in[0], "id") != text(in[2], "id") {
		t.Errorf("%+v, %d activities", res, len(in))
	}
	n.Store(10)
	w.answering(func(rw http.ResponseWriter, _ object) { rw.WriteHeader(http.StatusServiceUnavailable) })
	if res := w.writes(hana, "personal", "help", ""); res.Delivered || res.Attempts != 4 {
		t.Errorf("never taken: %+v", res)
	}
	w.answering(func(rw http.ResponseWriter, _ object) { rw.WriteHeader(http.StatusForbidden) })
	if res := w.writes(hana, "personal", "help", ""); res.Delivered || res.Attempts != 1 || res.Status != 403 {
		t.Errorf("refused: %+v", res)
	}
}

func TestInstallingAndRemovingTheAppIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.Install(background(), hana, "personal"); err == nil {
		t.Error("installed twice")
	}
	if _, err := w.Install(background(), gus, "personal"); err == nil {
		t.Error("a guest installed it")
	}
	if _, err := w.Install(background(), yuki, "everywhere"); err == nil {
		t.Error("an unknown scope was taken")
	}
	res, err := w.Install(background(), yuki, "personal")
	if err != nil || !res.Delivered {
		t.Fatalf("%+v %v", res, err)
	}
	in := w.heard()
	if len(in) != 2 || text(in[0], "type") != "conversationUpdate" || text(list(in[0], "membersAdded")[0], "id") != "28:"+testApp || text(in[1], "type") != "installationUpdate" || text(in[1], "action") != "add" {
		t.Fatalf("told: %v", in)
	}
	w.sent(text(sub(in[1], "conversation"), "id"), hello())
	if _, err := w.Uninstall(background(), yuki, ""); err != nil {
		t.Fatal(err)
	}
	in = w.heard()
	if text(in[1], "action") != "remove" || w.State().Chats[yuki].Installed {
		t.Errorf("told: %v", in)
	}
	if _, err := w.Uninstall(background(), yuki, ""); err == nil {
		t.Error("removed twice")
	}
	if _, err := w.Uninstall(background(), hana, "team"); err != nil {
		t.Fatal(err)
	}
	in = w.heard()
	if text(sub(in[0], "channelData"), "eventType") != "teamMemberRemoved" || text(sub(in[0], "conversation"), "id") != general {
		t.Errorf("told: %v", in)
	}
	if res := w.writes(hana, access, "@aws-access help", ""); res.Sent {
		t.Errorf("the bot hears a team that it is not in: %+v", res)
	}
}
