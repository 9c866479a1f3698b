package teams

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/store"
)

func text(s string) chat.Message {
	return chat.Message{Summary: s, Blocks: []chat.Block{chat.Text{{Text: s}}}}
}

func at(thread string) chat.Address {
	return chat.Address{Team: testTenant, Channel: requests, Thread: thread}
}

// TestAThreadAndItsMessages: a root begins a thread, replies go into it, and both
// are edited in place.
func TestAThreadAndItsMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	root, err := w.client.Post(t.Context(), at(""), text("root"), "REQ-000001")
	w.ok(err)
	reply, err := w.client.Post(t.Context(), at(root), text("reply"), "REQ-000001/live")
	w.ok(err)
	w.ok(w.client.Update(t.Context(), at(""), root, text("root again")))
	w.ok(w.client.Update(t.Context(), at(root), reply, text("reply again")))
	all := w.connector.messages()
	if len(all) != 2 {
		t.Fatalf("%d messages", len(all))
	}
	first := all[0].body["channelData"].(map[string]any)["channel"].(map[string]any)["id"]
	if all[0].path != "/v3/conversations" || first != requests || all[0].token != "Bearer token-1" {
		t.Errorf("root: %+v", all[0])
	}
	for _, k := range append(all, w.connector.got(http.MethodPut, "")...) {
		if k.content != "application/json; charset=utf-8" {
			t.Errorf("%s %s is %q", k.method, k.path, k.content)
		}
	}
	thread := "/v3/conversations/" + requests + threadMark + root + "/activities"
	if all[1].path != thread || all[1].body["summary"] != "reply" || all[1].body["text"] != nil {
		t.Errorf("reply: %+v", all[1])
	}
	edits := w.connector.got(http.MethodPut, "")
	if len(edits) != 2 || edits[0].path != thread+"/"+root || edits[1].path != thread+"/"+reply || edits[0].body["id"] != root {
		t.Errorf("edits: %+v", edits)
	}
	for key, x := range map[string][2]string{"REQ-000001": {"", root}, "REQ-000001/live": {root, reply}} {
		if got, found, err := w.client.Find(t.Context(), at(x[0]), key, time.Time{}); err != nil || !found || got != x[1] {
			t.Errorf("find %s: %q, %v, %v", key, got, found, err)
		}
	}
	link, err := w.client.Link(t.Context(), at(root), reply)
	if err != nil || link != "https://teams.microsoft.com/l/message/19:aws-access@thread.tacv2/"+reply+"?parentMessageId="+root+"&tenantId="+testTenant {
		t.Errorf("link %s, %v", link, err)
	}
}

// TestALinkLeadsToTheCloudThatTheMessageIsIn.
func TestALinkLeadsToTheCloudThatTheMessageIsIn(t *testing.T) {
	t.Parallel()
	for service, want := range map[string]string{
		"https://smba.trafficmanager.net/teams/":                "teams.microsoft.com",
		"https://smba.infra.gcc.teams.microsoft.com/teams/":     "teams.microsoft.com",
		"https://smba.infra.gov.teams.microsoft.us/teams/":      "gov.teams.microsoft.us",
		"https://smba.infra.dod.teams.microsoft.us/teams/":      "dod.teams.microsoft.us",
		"https://smba.infra.gov.teams.microsoft.us.evil/teams/": "teams.microsoft.com",
	} {
		c := NewClient(Options{Tenant: testTenant, ServiceURL: service}, nil, nil)
		if link, err := c.Link(t.Context(), at(""), "1"); err != nil || !strings.HasPrefix(link, "https://"+want+"/l/message/19:") {
			t.Errorf("%s: %s, %v", service, link, err)
		}
	}
}

// TestIdsAreOneSegmentOfThePath, whatever they are.
func TestIdsAreOneSegmentOfThePath(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"19:a@thread.tacv2;messageid=1": "19%3Aa%40thread.tacv2%3Bmessageid%3D1", "a:1/../../x": "a%3A1%2F..%2F..%2Fx", "x?y#z": "x%3Fy%23z", "a b&c": "a%20b%26c",
	} {
		if got := segment(id); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

// poisons are service URLs that are not on the list, some of which look as if.
func poisons(thief string) []string {
	return []string{
		thief + "/", "https://smba.trafficmanager.net.evil.example/", "https://127.0.0.1/", "http://" + "169.254.169.254/", "https://user@smba.trafficmanager.net/", "https://smba.trafficmanager.net:8443/", "https://[::1]/", "",
	}
}

// TestT21TheTokenGoesToTheListedHostsOnly: a service URL that is not on the list is not
// called, nothing is signed in for it, and no redirect is followed.
func TestT21TheTokenGoesToTheListedHostsOnly(t *testing.T) {
	t.Parallel()
	stolen := 0
	thief := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, _ *http.Request) { stolen++ }))
	defer thief.Close()
	for _, poison := range poisons(thief.URL) {
		w := newWorld(t, store.NewMemory())
		w.client.opt.ServiceURL = poison
		if _, err := w.client.Post(t.Context(), at(""), text("x"), "k"); !errors.Is(err, errHost) {
			t.Errorf("%s: post: %v", poison, err)
		}
		if err := w.client.Update(t.Context(), at(""), "1", text("x")); !errors.Is(err, errHost) {
			t.Errorf("%s: update: %v", poison, err)
		}
		if err := w.client.Whisper(t.Context(), chat.Address{}, idOf("hana"), text("x")); !errors.Is(err, errHost) {
			t.Errorf("%s: whisper: %v", poison, err)
		}
		if _, found, err := w.client.Find(t.Context(), at(""), "k", time.Time{}); err != nil || found {
			t.Errorf("%s: what was not sent is not known to be so: %v", poison, err)
		}
		if w.connector.made != 0 || stolen != 0 {
			t.Errorf("%s: signed in %d times, called %d times", poison, w.connector.made, stolen)
		}
	}
	w := newWorld(t, store.NewMemory())
	redirect := httptest.NewTLSServer(http.RedirectHandler(thief.URL, http.StatusTemporaryRedirect))
	defer redirect.Close()
	w.client.connector.Hosts = append(w.client.connector.Hosts, strings.TrimPrefix(redirect.URL, "https://"), strings.TrimPrefix(thief.URL, "https://"))
	w.client.opt.ServiceURL = redirect.URL + "/"
	if _, err := w.client.Post(t.Context(), at(""), text("x"), "k"); err == nil || stolen != 0 {
		t.Errorf("followed a redirect: %v, %d calls", err, stolen)
	}
}

// TestT21AStoredServiceURLThatIsNotListedIsNone: what is in the state file, of a host
// that has left the settings or of somebody who wrote into it, is passed over for the
// URL of the settings, and the log says so once an hour.
func TestT21AStoredServiceURLThatIsNotListedIsNone(t *testing.T) {
	t.Parallel()
	stolen := 0
	thief := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, _ *http.Request) { stolen++ }))
	defer thief.Close()
	for _, poison := range poisons(thief.URL) {
		if poison == "" {
			continue // is not stored
		}
		w := newWorld(t, store.NewMemory())
		w.does(w.line("hana", "a:29:hana", "1", "help"))
		for _, id := range []string{requests, "a:29:hana"} {
			w.ok(store.NewReach(w.db).SaveConversation(t.Context(), access.Conversation{Platform: access.Teams, ID: id, Service: poison}))
		}
		said := len(w.connector.messages())
		_, err := w.client.Post(t.Context(), at(""), text("x"), "k")
		w.ok(err)
		w.ok(w.client.Update(t.Context(), at(""), "1", text("x")))
		w.ok(w.client.Whisper(t.Context(), chat.Address{}, idOf("hana"), text("x")))
		if n := len(w.connector.messages()) - said; n != 2 || len(w.connector.got(http.MethodPut, requests)) != 1 || stolen != 0 {
			t.Errorf("%s: %d messages, %d stolen", poison, n, stolen)
		}
		if n := strings.Count(w.log.String(), "service_hosts"); n != 1 {
			t.Errorf("%s: the log says it %d times in an hour:\n%s", poison, n, w.log)
		}
	}
}

// TestT21AServiceURLIsCheckedBeforeItIsStored: one that the list does not have is
// refused with its token.
func TestT21AServiceURLIsCheckedBeforeItIsStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.does(w.line("hana", general, "1", "help"))
	w.inbound.Trust.Hosts = Hosts{"smba.trafficmanager.net"}
	if rec := w.send(w.line("hana", "19:new@thread.tacv2", "2", "help")); rec.Code != http.StatusUnauthorized {
		t.Errorf("answered %d", rec.Code)
	}
	if _, err := store.NewReach(w.db).Conversation(t.Context(), access.Teams, "19:new@thread.tacv2"); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("stored: %v", err)
	}
}

// TestAWhisperReachesOnlyThatPerson: by a targeted message, else in his own chat
// with the bot, which is begun where there is none; else it is gone, and he is told
// in the thread how to be reached, without the answer.
func TestAWhisperReachesOnlyThatPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.does(w.line("hana", general+threadMark+"7", "7", "help"))
	whisper := func() error {
		return w.client.Whisper(t.Context(), chat.Address{Team: testTenant, Channel: general + threadMark + "7"}, idOf("hana"), text("a secret"))
	}
	w.connector.plain = true
	for range 2 {
		w.ok(whisper())
		if got := w.last(); got.path != "/v3/conversations/a:29:hana/activities" || got.query.Has("isTargetedActivity") {
			t.Fatalf("went to %+v", got)
		}
	}
	created := 0
	for _, k := range w.connector.got(http.MethodPost, "/v3/conversations") {
		if k.body["isGroup"] == false {
			created++
		}
	}
	if created != 1 {
		t.Errorf("%d chats were begun", created)
	}
	targeted := len(w.connector.got(http.MethodPost, general))
	w.clock.pass(2 * time.Hour)
	w.connector.plain = false
	w.ok(whisper())
	if got := w.last(); got.query.Get("isTargetedActivity") != "true" || len(w.connector.got(http.MethodPost, general)) != targeted+1 {
		t.Errorf("the tenant has targeted messages by now: %+v", got)
	}
	// A group chat is as good as a channel.
	w.ok(w.client.Whisper(t.Context(), chat.Address{Team: testTenant, Channel: "19:group@thread.v2"}, idOf("hana"), text("a secret")))
	if got := w.last(); got.query.Get("isTargetedActivity") != "true" || got.path != "/v3/conversations/19:group@thread.v2/activities" {
		t.Errorf("in a group chat: %+v", got)
	}
	// Where the settings have none, nothing of it goes to a channel.
	w.client.opt.Targeted = false
	w.ok(whisper())
	if got := w.last(); got.path != "/v3/conversations/a:29:hana/activities" || got.query.Has("isTargetedActivity") {
		t.Errorf("without targeted messages: %+v", got)
	}
	w.client.opt.Targeted = true
	// Somebody who never wrote is reached by his object id.
	w.ok(w.client.Whisper(t.Context(), chat.Address{Team: testTenant}, idOf("ken"), text("x")))
	if got := w.last(); got.path != "/v3/conversations/a:"+idOf("ken")+"/activities" {
		t.Errorf("went to %+v", got)
	}
	// Another person's chat is no place for it.
	w.ok(w.client.Whisper(t.Context(), chat.Address{Team: testTenant, Channel: "a:29:hana"}, idOf("yuki"), text("for Yuki")))
	if got := w.last(); got.path != "/v3/conversations/a:"+idOf("yuki")+"/activities" {
		t.Errorf("went to %+v", got)
	}
	w.connector.plain = true
	w.clock.pass(2 * time.Hour)
	w.connector.gone["a:29:hana"] = http.StatusNotFound
	w.connector.gone["with 29:hana"] = http.StatusForbidden
	said := len(w.connector.messages())
	for range 2 {
		if err := whisper(); !errors.Is(err, chat.ErrGone) {
			t.Errorf("got %v", err)
		}
	}
	var open []called
	for _, k := range w.connector.messages()[said:] {
		if strings.Contains(k.path, general) && !k.query.Has("isTargetedActivity") {
			open = append(open, k)
		}
		if strings.Contains(k.card(), "secret") && !k.query.Has("isTargetedActivity") && !strings.Contains(k.path, "a:29:hana") {
			t.Errorf("the secret is out: %+v", k)
		}
	}
	if len(open) != 1 || !strings.Contains(open[0].card(), "Add the app") || !strings.Contains(w.log.String(), "is the app installed") {
		t.Errorf("told in the thread: %+v; log:\n%s", open, w.log)
	}
}

// TestARefusedTargetedMessageIsNothingToTheOthers: the connector refuses one for who
// has left the channel, and the others are still told there.
func TestARefusedTargetedMessageIsNothingToTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.does(w.line("hana", general, "1", "help"))
	w.connector.fail(fault{method: http.MethodPost, path: general, status: http.StatusBadRequest})
	for range 2 {
		w.ok(w.client.Whisper(t.Context(), chat.Address{Team: testTenant, Channel: general + threadMark + "1"}, idOf("hana"), text("for Hana")))
		if got := w.last(); got.query.Has("isTargetedActivity") {
			t.Errorf("Hana was refused a moment ago: %+v", got)
		}
	}
	w.does(w.line("ken", general, "2", "help"))
	if got := w.last(); got.query.Get("isTargetedActivity") != "true" {
		t.Errorf("Ken is not told in the channel: %+v", got)
	}
}

// TestATargetedMessageThatFailsIsAPersonalOne: where the connector fails, does not
// answer, or asks to wait without end, so that the answer is there in time.
func TestATargetedMessageThatFailsIsAPersonalOne(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{
		"a gateway": {status: http.StatusBadGateway}, "the connector": {status: http.StatusInternalServerError}, "no answer": {status: lost},
		"a long wait": {status: http.StatusTooManyRequests, after: "3600"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, store.NewMemory())
			w.does(w.line("hana", general, "1", "help"))
			f.method, f.path = http.MethodPost, general
			w.connector.fail(f)
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
			defer cancel()
			w.ok(w.client.Whisper(ctx, chat.Address{Team: testTenant, Channel: general}, idOf("hana"), text("a secret")))
			if got := w.last(); got.path != "/v3/conversations/a:29:hana/activities" || got.query.Has("isTargetedActivity") {
				t.Errorf("went to %+v", got)
			}
			// It was no refusal: the next one is a targeted one again.
			w.ok(w.client.Whisper(ctx, chat.Address{Team: testTenant, Channel: general}, idOf("hana"), text("another")))
			if got := w.last(); got.query.Get("isTargetedActivity") != "true" {
				t.Errorf("the next one went to %+v", got)
			}
		})
	}
}

// TestWhoHasOnlyTargetedMessagesIsNotGoneForAFault: the app is not installed for her, so
// that one that failed is tried again, and nobody is told that she cannot be reached.
func TestWhoHasOnlyTargetedMessagesIsNotGoneForAFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.does(w.line("hana", general, "1", "help"))
	w.connector.gone["with 29:hana"] = http.StatusForbidden
	w.connector.fail(fault{method: http.MethodPost, path: general, status: http.StatusBadGateway})
	said := len(w.connector.messages())
	whisper := func() error {
		return w.client.Whisper(t.Context(), chat.Address{Team: testTenant, Channel: general}, idOf("hana"), text("a secret"))
	}
	if err := whisper(); err == nil || errors.Is(err, chat.ErrGone) || len(w.connector.messages()) != said {
		t.Errorf("%v, %d messages", err, len(w.connector.messages())-said)
	}
	w.ok(whisper())
	if got := w.last(); got.query.Get("isTargetedActivity") != "true" {
		t.Errorf("went to %+v", got)
	}
}

// TestAChatThatIsGoneIsBegunAgain: the app was removed and installed meanwhile.
func TestAChatThatIsGoneIsBegunAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	w.does(w.line("hana", "a:old", "1", "help"))
	w.connector.gone["a:old"] = http.StatusNotFound
	w.ok(w.client.Whisper(t.Context(), chat.Address{}, idOf("hana"), text("x")))
	if got := w.last(); got.path != "/v3/conversations/a:29:hana/activities" {
		t.Errorf("went to %+v", got)
	}
}

// TestThePaceThatTeamsTakes, of a channel with its threads.
func TestThePaceThatTeamsTakes(t *testing.T) {
	t.Parallel()
	var p pace
	tenant, first := p.limiters(channelOf(requests + threadMark + "1"))
	_, again := p.limiters(channelOf(requests + threadMark + "2"))
	if first != again {
		t.Error("two threads of a channel have paces of their own")
	}
	begin := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	sentBy := func(d time.Duration) int {
		n, fresh := 0, pace{}
		_, l := fresh.limiters("x")
		for at := begin; at.Sub(begin) < d; at = at.Add(20 * time.Millisecond) {
			if l[0].TokensAt(at) >= 1 && l[1].TokensAt(at) >= 1 && l[0].AllowN(at, 1) && l[1].AllowN(at, 1) {
				n++
			}
		}
		return n
	}
	for d, most := range map[time.Duration]int{time.Second: 7, 2 * time.Second: 8, 30 * time.Second: 60, time.Hour: 1800} {
		if n := sentBy(d); n > most || n*2 < most {
			t.Errorf("%d messages in %s, at most %d are taken", n, d, most)
		}
	}
	if tenant.Limit() > 30 {
		t.Errorf("%v calls a second in the tenant", tenant.Limit())
	}
}

func TestWhatIsTheIdOfAChannel(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		requests: true, "19:abc@thread.skype": true, requests + threadMark + "1": false, "19:meeting_x@thread.v2": false, "a:hana": false, "general": false, "C0AWS": false, "": false,
	} {
		if IsChannel(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
