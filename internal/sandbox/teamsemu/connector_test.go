package teamsemu

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
)

func hello() object { return object{"type": "message", "text": "hello"} }

func TestTheConnectorWantsATokenForItselfAndForThisBot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tc := range []struct {
		name, token string
		status      int
		code        string
	}{
		{"none", "", 401, ""},
		{"made up", "bad", 401, ""},
		{"for Graph", "graph", 401, ""},
		{"of another app", "other", 401, "BotNotRegistered"},
		{"the bot's", "good", 201, ""},
	} {
		status, out, _ := w.api(http.MethodPost, at(access), tc.token, hello())
		if status != tc.status || code(out) != tc.code {
			t.Errorf("%s: %d %v", tc.name, status, out)
		}
		if tc.status == 401 && tc.code == "" && text(out, "message") != "Authorization has been denied for this request." {
			t.Errorf("%s: %v", tc.name, out)
		}
	}
	if n := len(w.channel(access).Messages); n != 1 {
		t.Errorf("%d messages stand", n)
	}
}

func TestTheRegionalServiceURLIsServedForItsOwnTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if want := w.url + "/apac/" + testTenant + "/"; w.ServiceURL() != want {
		t.Fatalf("service URL %s, want %s", w.ServiceURL(), want)
	}
	if status, out := w.call(http.MethodPost, "/apac/"+testTenant+at(access), hello()); status != 201 {
		t.Errorf("own tenant: %d %v", status, out)
	}
	if status, out := w.call(http.MethodPost, "/apac/"+testApp+at(access), hello()); status != 404 || code(out) != "ConversationNotFound" {
		t.Errorf("another tenant: %d %v", status, out)
	}
}

func TestAMessageAReplyAndTheirThread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	root := w.sent(access, hello())
	inThread := w.sent(access+";messageid="+root, object{"type": "message", "text": "by thread"})
	status, out := w.call(http.MethodPost, at(access, inThread), object{"type": "message", "text": "by reply"})
	if status != 201 {
		t.Fatalf("reply: %d %v", status, out)
	}
	ch := w.channel(access)
	if len(ch.Messages) != 1 || len(ch.Messages[0].Replies) != 2 || ch.Messages[0].Replies[1].Text != "by reply" || !ch.Messages[0].From.Bot {
		t.Errorf("channel: %+v", ch.Messages)
	}
	for name, path := range map[string]string{
		"thread that is not there":   at(access + ";messageid=1"),
		"activity that is not there": at(access, "1"),
	} {
		if status, out := w.call(http.MethodPost, path, hello()); status != 404 || code(out) != "ActivityNotFoundInConversation" {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
	if status, out := w.call(http.MethodPost, at("19:none@thread.tacv2"), hello()); status != 404 || code(out) != "ConversationNotFound" {
		t.Errorf("unknown conversation: %d %v", status, out)
	}
}

func TestTheBotChangesItsOwnMessagesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.sent(access, hello())
	theirs := w.writes(hana, access, "hi all", "").ID
	if status, out := w.call(http.MethodPut, at(access, own), object{"type": "message", "text": "changed"}); status != 200 || text(out, "id") != own {
		t.Errorf("update: %d %v", status, out)
	}
	m := w.channel(access).Messages[0]
	if m.Text != "changed" || len(m.Edits) != 1 || m.Edits[0].Text != "hello" {
		t.Errorf("after the update: %+v", m)
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete} {
		if status, out := w.call(method, at(access, theirs), hello()); status != 403 || code(out) != "NotEnoughPermissions" {
			t.Errorf("%s of Hana's message: %d %v", method, status, out)
		}
		if status, out := w.call(method, at(access, "1"), hello()); status != 404 || code(out) != "ActivityNotFoundInConversation" {
			t.Errorf("%s of nothing: %d %v", method, status, out)
		}
	}
	if status, _ := w.call(http.MethodDelete, at(access, own), nil); status != 200 {
		t.Errorf("delete: %d", status)
	}
	if status, out := w.call(http.MethodPut, at(access, own), hello()); status != 404 {
		t.Errorf("update after the deletion: %d %v", status, out)
	}
	if m := w.channel(access).Messages[0]; !m.Deleted || m.Text != "" {
		t.Errorf("after the deletion: %+v", m)
	}
}

func TestWhatIsNoMessageIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	big := cardMessage(`{"type":"TextBlock","text":"`+strings.Repeat("x", maxCard)+`"}`, "")
	for _, tc := range []struct {
		name   string
		body   any
		status int
		code   string
	}{
		{"no JSON", "{", 400, "BadSyntax"},
		{"empty", "", 400, "BadSyntax"},
		{"a list", "[]", 400, "BadArgument"},
		{"no type", object{"text": "x"}, 400, "BadArgument"},
		{"another type", object{"type": "trace", "text": "x"}, 400, "BadArgument"},
		{"nothing in it", object{"type": "message", "text": " "}, 400, "BadSyntax"},
		{"a card that is a text", object{"type": "message", "attachments": []object{{"contentType": cardType, "content": "x"}}}, 400, "BadSyntax"},
		{"an attachment of no type", object{"type": "message", "attachments": []object{{"content": "x"}}}, 400, "BadArgument"},
		{"a card above 28 KB", big, 413, "MessageSizeTooBig"},
		{"a text above 100 KB in UTF-16", object{"type": "message", "text": strings.Repeat("x", 52<<10)}, 413, "MessageSizeTooBig"},
		{"a text of 50,000 letters", object{"type": "message", "text": strings.Repeat("x", 50000)}, 201, ""},
		{"typing", object{"type": "typing"}, 201, ""},
	} {
		if status, out := w.call(http.MethodPost, at(access), tc.body); status != tc.status || code(out) != tc.code {
			t.Errorf("%s: %d %v", tc.name, status, out)
		}
	}
	if n := len(w.channel(access).Messages); n != 1 {
		t.Errorf("%d messages stand, want the one of 50,000 letters", n)
	}
}

func TestTextBesideACardIsSplitAndAnsweredWithoutAnID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := cardMessage(`{"type":"TextBlock","text":"card"}`, "")
	m["text"] = "words"
	status, out := w.call(http.MethodPost, at(access), m)
	if status != 201 || len(out) != 0 {
		t.Fatalf("%d %v", status, out)
	}
	ch := w.channel(access)
	if len(ch.Messages) != 1 || ch.Messages[0].Text != "words" || len(ch.Messages[0].Replies) != 1 || len(ch.Messages[0].Replies[0].Cards) != 1 {
		t.Errorf("channel: %+v", ch.Messages)
	}
}

func TestWithoutTheAppInTheTeamTheBotIsNotInTheRoster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.Uninstall(background(), hana, "team"); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"send": at(access), "members": "/v3/conversations/" + url.PathEscape(access) + "/members", "team": "/v3/teams/" + url.PathEscape(general)} {
		method := http.MethodGet
		if name == "send" {
			method = http.MethodPost
		}
		if status, out := w.call(method, path, hello()); status != 403 || code(out) != "BotNotInConversationRoster" {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
	create := object{"isGroup": true, "channelData": object{"channel": object{"id": access}}, "activity": hello()}
	if status, out := w.call(http.MethodPost, "/v3/conversations", create); status != 403 || code(out) != "BotNotInConversationRoster" {
		t.Errorf("create: %d %v", status, out)
	}
}

func chatWith(member string) object {
	return object{"isGroup": false, "bot": object{"id": "28:" + testApp}, "members": []object{{"id": member}}, "tenantId": testTenant}
}

func TestCreatingConversations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	status, out := w.call(http.MethodPost, "/v3/conversations", object{
		"isGroup": true, "bot": object{"id": "28:" + testApp}, "channelData": object{"channel": object{"id": access}, "tenant": object{"id": testTenant}}, "activity": hello(),
	})
	id := text(out, "activityId")
	if status != 201 || text(out, "id") != access+";messageid="+id || text(out, "serviceUrl") != w.ServiceURL() {
		t.Errorf("thread: %d %v", status, out)
	}
	status, out = w.call(http.MethodPost, "/v3/conversations", chatWith(hana))
	chat := text(out, "id")
	if status != 201 || !strings.HasPrefix(chat, "a:1") {
		t.Fatalf("chat by object id: %d %v", status, out)
	}
	if _, again := w.call(http.MethodPost, "/v3/conversations", chatWith(w.PersonID(hana))); text(again, "id") != chat {
		t.Errorf("chat by the other id is another one: %v", again)
	}
	w.sent(chat, hello())
	without := chatWith(hana)
	delete(without, "tenantId")
	otherTenant, two, otherBot := chatWith(hana), chatWith(hana), chatWith(hana)
	otherTenant["tenantId"], two["members"], otherBot["bot"] = testApp, []object{{"id": hana}, {"id": yuki}}, object{"id": "28:" + testTenant}
	for _, tc := range []struct {
		name   string
		body   object
		status int
		code   string
	}{
		{"the app is not installed", chatWith(yuki), 403, "ForbiddenOperationException"},
		{"by address", chatWith("hana@example.com"), 400, "BadArgument"},
		{"nobody", chatWith("29:1none"), 400, "BadArgument"},
		{"no tenant", without, 400, "BadArgument"},
		{"another tenant", otherTenant, 400, "BadArgument"},
		{"two people", two, 400, "BadArgument"},
		{"another bot", otherBot, 400, "BadArgument"},
		{"no such channel", object{"channelData": object{"channel": object{"id": "19:x@thread.tacv2"}}, "activity": hello()}, 404, "ConversationNotFound"},
		{"a thread without a message", object{"channelData": object{"channel": object{"id": access}}}, 400, "BadArgument"},
	} {
		if status, out := w.call(http.MethodPost, "/v3/conversations", tc.body); status != tc.status || code(out) != tc.code {
			t.Errorf("%s: %d %v", tc.name, status, out)
		}
	}
}

func TestABlockedChatTakesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, out := w.call(http.MethodPost, "/v3/conversations", chatWith(hana))
	chat := text(out, "id")
	for name, stop := range map[string]func() error{
		"blocked":     func() error { return w.Block(hana, true) },
		"uninstalled": func() error { return w.SetInstalled(hana, false) },
	} {
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		status, out := w.call(http.MethodPost, at(chat), hello())
		var inner struct{ SubCode string }
		if err := json.Unmarshal([]byte(text(out, "message")), &inner); err != nil || status != 403 || fmt.Sprint(out["errorCode"]) != "209" || inner.SubCode != "MessageWritesBlocked" {
			t.Errorf("%s: %d %v", name, status, out)
		}
		if err := w.Block(hana, false); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLimitsPerThreadAndTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	send := func(conversation string) (int, object, http.Header) {
		return w.api(http.MethodPost, at(conversation), "good", hello())
	}
	for range 7 {
		if status, out, _ := send(access); status != 201 {
			t.Fatalf("within the limit: %d %v", status, out)
		}
	}
	status, out, h := send(access)
	if status != 429 || code(out) != "Throttled" || h.Get("Retry-After") != "1" {
		t.Errorf("the eighth in a second: %d %v %v", status, out, h)
	}
	if status, _, _ := send(general); status != 201 {
		t.Errorf("another channel: %d", status)
	}
	w.clock.pass(time.Second)
	if status, _, _ := send(access); status != 201 {
		t.Errorf("a second later: %d", status)
	}
	if status, _, _ := send(access); status != 429 {
		t.Errorf("the ninth in two seconds: %d", status)
	}
	// 60 in 30 seconds: eight are made.
	made := 8
	w.clock.pass(2 * time.Second)
	for made < 60 {
		w.clock.pass(400 * time.Millisecond)
		if status, _, _ := send(access); status != 201 {
			t.Fatalf("message %d: %d", made, status)
		}
		made++
	}
	w.clock.pass(time.Second)
	if status, _, h := send(access); status != 429 || h.Get("Retry-After") == "1" {
		t.Errorf("the 61st in 30 seconds: %d, Retry-After %s", status, h.Get("Retry-After"))
	}
	members := "/v3/conversations/" + url.PathEscape(access) + "/members"
	for i := range 14 {
		if status, _ := w.call(http.MethodGet, members, nil); status != 200 {
			t.Fatalf("read %d: %d", i, status)
		}
	}
	if status, _ := w.call(http.MethodGet, members, nil); status != 429 {
		t.Errorf("the 15th read in a second: %d", status)
	}
}

func TestThirtyCallsASecondForTheAppInTheTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 31 {
		path := "/v3/conversations/" + url.PathEscape([]string{general, access, access}[i%3]) + "/members"
		status, _ := w.call(http.MethodGet, path, nil)
		if i >= 30 && status != 429 {
			t.Errorf("call %d: %d", i+1, status)
		}
	}
	w.clock.pass(time.Second)
	if status, _ := w.call(http.MethodPost, at(access), hello()); status != 201 {
		t.Errorf("a second later: %d", status)
	}
}

func TestRefusedCallsDoNotCount(t *testing.T) {
	t.Parallel()
	l := newLimits()
	s := &Server{kit: emukit.New(1), limits: l}
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	s.kit.Now = func() time.Time { return now }
	for range 20 {
		_ = s.spend(use{"a", writeWindows()}) // most are refused
	}
	if n := len(l.made["a"]); n != 7 {
		t.Errorf("%d are counted", n)
	}
}

func TestTheRoster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := "/v3/conversations/" + url.PathEscape(access)
	for _, id := range []string{w.PersonID(gus), gus, "gus@agency.example"} {
		status, out := w.call(http.MethodGet, base+"/members/"+url.PathEscape(id), nil)
		if status != 200 || text(out, "aadObjectId") != gus || text(out, "userRole") != "guest" || text(out, "tenantId") != testTenant || text(out, "id") != w.PersonID(gus) {
			t.Errorf("%s: %d %v", id, status, out)
		}
	}
	if status, out := w.call(http.MethodGet, base+"/members/29:1none", nil); status != 404 || code(out) != "MemberNotFoundInConversation" {
		t.Errorf("nobody: %d %v", status, out)
	}
	for i := range 60 {
		if err := w.AddUser(User{ObjectID: fmt.Sprintf("10000000-0000-4000-8000-%012d", i), Name: "Extra"}); err != nil {
			t.Fatal(err)
		}
	}
	more := Team{ID: "19:big@thread.tacv2", Name: "Big", Installed: true, Channels: []Channel{{"19:big@thread.tacv2", "general"}}}
	for _, u := range w.State().Users {
		more.Members = append(more.Members, u.ObjectID)
	}
	if err := w.AddTeam(more); err != nil {
		t.Fatal(err)
	}
	page := "/v3/conversations/" + url.PathEscape(more.ID) + "/pagedmembers?pageSize=2" // less than 50 is 50
	_, first := w.call(http.MethodGet, page, nil)
	_, second := w.call(http.MethodGet, page+"&continuationToken="+text(first, "continuationToken"), nil)
	if len(list(first, "members")) != 50 || len(list(second, "members")) != 13 || text(second, "continuationToken") != "" {
		t.Errorf("pages of %d and %d", len(list(first, "members")), len(list(second, "members")))
	}
	if status, out := w.call(http.MethodGet, "/v3/teams/"+url.PathEscape(general)+"/conversations", nil); status != 200 || len(list(out, "conversations")) != 2 {
		t.Errorf("channels: %d %v", status, out)
	}
}

func TestTargetedMessagesAreSeenByOnePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := func(id string) object { m := hello(); m["recipient"] = object{"id": id}; return m }
	const query = "?isTargetedActivity=true"
	status, out := w.call(http.MethodPost, at(access)+query, to(w.PersonID(hana)))
	id := text(out, "id")
	if status != 201 || id == "" {
		t.Fatalf("%d %v", status, out)
	}
	ch := w.channel(access)
	if len(ch.Messages) != 0 || len(ch.Targeted[hana]) != 1 || len(ch.Targeted) != 1 {
		t.Errorf("channel: %+v", ch)
	}
	if _, err := w.Message(background(), hana, access, "thanks", id); err == nil {
		t.Error("a reply to a targeted message was taken")
	}
	for name, body := range map[string]object{"no recipient": hello(), "not a member": to("29:1none")} {
		if status, out := w.call(http.MethodPost, at(access)+query, body); status != 400 || code(out) != "BadArgument" {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
	if status, out := w.call(http.MethodPut, at(access, id)+query, to(w.PersonID(hana))); status != 400 {
		t.Errorf("update with a recipient: %d %v", status, out)
	}
	if status, out := w.call(http.MethodPut, at(access, id)+query, hello()); status != 200 {
		t.Errorf("update: %d %v", status, out)
	}
	if status, _ := w.call(http.MethodDelete, at(access, id), nil); status != 404 {
		t.Errorf("delete without the query: %d", status)
	}
	w.clock.pass(targetLife)
	if status, out := w.call(http.MethodPut, at(access, id)+query, hello()); status != 404 || code(out) != "ActivityNotFoundInConversation" {
		t.Errorf("after a day: %d %v", status, out)
	}
	if n := len(w.channel(access).Targeted); n != 0 {
		t.Errorf("%d people see one after a day", n)
	}
	w.SetTargeted(false)
	if status, _ := w.call(http.MethodPost, at(access)+query, to(w.PersonID(hana))); status != 400 {
		t.Errorf("a tenant without: %d", status)
	}
	_, out = w.call(http.MethodPost, "/v3/conversations", chatWith(hana))
	w.SetTargeted(true)
	if status, _ := w.call(http.MethodPost, at(text(out, "id"))+query, to(w.PersonID(hana))); status != 400 {
		t.Errorf("in a chat: %d", status)
	}
}

func TestFaultsAndTheJournalKnowTheOperations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kit.Faults.Add(emukit.Fault{Name: "busy", Service: "teams", Op: "activities.send", Status: 412, Body: `{"error":{"code":"PreconditionFailed"}}`, AfterEffect: true})
	if status, out := w.call(http.MethodPost, at(access), hello()); status != 412 || code(out) != "PreconditionFailed" {
		t.Errorf("%d %v", status, out)
	}
	if n := len(w.channel(access).Messages); n != 1 {
		t.Errorf("%d messages after a lost answer", n)
	}
	entries, _ := w.kit.Journal.Since(0)
	if len(entries) != 1 || entries[0].Caller != testApp || entries[0].Fault != "busy" {
		t.Errorf("journal: %+v", entries)
	}
	if status, _ := w.call(http.MethodPost, "/v3/else", hello()); status != 404 {
		t.Errorf("an unknown operation: %d", status)
	}
}
