package chat_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/store"
)

var t0 = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// errLost stands for an answer that did not arrive.
var errLost = errors.New("connection reset")

// posted is a message as the fake chat service has it.
type posted struct {
	at      chat.Address
	key     string
	summary string
	edits   int
	m       chat.Message
}

// service is a chat service of one process. fail makes the next call fail,
// before or after its effect.
type service struct {
	list      []posted
	failPost  error
	loseReply error
	gone      bool
	// dead are channels and threads that are gone, "C0AWS" or "C0AWS/1".
	dead map[string]bool

	mu          sync.Mutex // guards whispers: several people are told at once
	whispers    []whispered
	failWhisper error
}

// whispered is a private answer.
type whispered struct {
	to   chat.Address
	user string
	m    chat.Message
}

func (s *service) Post(_ context.Context, to chat.Address, m chat.Message, key string) (string, error) {
	if err := s.failPost; err != nil {
		s.failPost = nil
		return "", err
	}
	if s.isDead(to) {
		return "", chat.ErrGone
	}
	s.list = append(s.list, posted{to, key, m.Summary, 0, m})
	if err := s.loseReply; err != nil {
		s.loseReply = nil
		return "", err
	}
	return fmt.Sprint(len(s.list)), nil
}

func (s *service) Update(_ context.Context, _ chat.Address, ts string, m chat.Message) error {
	if s.gone {
		return chat.ErrGone
	}
	for i := range s.list {
		if fmt.Sprint(i+1) == ts {
			s.list[i].summary, s.list[i].m = m.Summary, m
			s.list[i].edits++
		}
	}
	return nil
}

func (s *service) isDead(at chat.Address) bool {
	return s.dead[at.Channel] || s.dead[at.Channel+"/"+at.Thread]
}

// Find sees what was posted since; here everything was, at t0.
func (s *service) Find(_ context.Context, at chat.Address, key string, since time.Time) (string, bool, error) {
	if s.isDead(at) {
		return "", false, chat.ErrGone
	}
	if since.After(t0) {
		return "", false, nil
	}
	i := slices.IndexFunc(s.list, func(p posted) bool { return p.key == key && p.at == at })
	return fmt.Sprint(i + 1), i >= 0, nil
}

func (s *service) Said(ctx context.Context, at chat.Address, key string, since time.Time) (string, bool, error) {
	return s.Find(ctx, at, key, since)
}

func (s *service) Link(_ context.Context, at chat.Address, ts string) (string, error) {
	return "https://acme.slack.example/" + at.Channel + "/" + ts, nil
}

func (s *service) Whisper(_ context.Context, to chat.Address, user string, m chat.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whispers = append(s.whispers, whispered{to, user, m})
	return s.failWhisper
}

// nothing is a config repo that no commit of was trusted.
type nothing struct{}

func (nothing) InForce(context.Context) (access.InForce, error) {
	return access.InForce{}, access.ErrNotFound
}

type mail struct {
	db       *store.Memory
	requests *store.Requests
	service  *service
	courier  *chat.Courier
}

func newMail(t *testing.T) *mail {
	t.Helper()
	d := &mail{db: store.NewMemory(), service: &service{}}
	d.start()
	return d
}

// start is what a new process does with the same store and chat service.
func (d *mail) start() {
	d.requests = store.NewRequests(d.db)
	d.courier = chat.NewCourier(chat.Courier{
		Outbox: store.NewOutbox(d.db), Requests: d.requests, Commits: nothing{},
		Platforms: map[access.Platform]chat.Platform{access.Slack: d.service},
		Ops:       chat.Address{Team: "T0ACME", Channel: "C0OPS"}, OpsPlatform: access.Slack,
		Log: slog.New(slog.DiscardHandler),
	})
}

func asked(id access.ID) access.Request {
	return access.Request{
		ID: id, Key: string(id), Kind: access.KindGrant, State: access.StateAsked, Version: 1, Channel: "C0AWS",
		Asker: access.Asker{Person: access.Person{Entra: "e", Name: "Hana"}, Chat: access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U0HANA"}},
		Want:  access.Want{Principal: config.Principal{Kind: config.GroupPrincipal, ID: "g"}, PrincipalName: "devs", AccountID: "111122223333", AccountName: "payments-dev", PermissionSet: "ReadOnlyAccess"},
		Times: map[access.Stage]time.Time{access.StageAsked: t0},
	}
}

func (d *mail) create(t *testing.T, r access.Request) {
	t.Helper()
	if err := d.requests.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

// save moves a request on with notices.
func (d *mail) save(t *testing.T, r access.Request, kinds ...access.NoticeKind) access.Request {
	t.Helper()
	r.Version++
	var notices []access.Notice
	for _, k := range kinds {
		notices = append(notices, access.Notice{Key: string(r.ID) + "/" + string(k), Request: r.ID, Kind: k, At: t0})
	}
	if err := d.requests.Save(t.Context(), r, notices); err != nil {
		t.Fatal(err)
	}
	return r
}

func (d *mail) deliver(t *testing.T) {
	t.Helper()
	if err := d.courier.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestOneRootMessageIsEditedAndRepliesFollowInOrder(t *testing.T) {
	t.Parallel()
	d := newMail(t)
	d.create(t, asked("REQ-000001"))
	d.deliver(t)
	r := d.save(t, asked("REQ-000001"), access.NoticeMerged)
	r.State = access.StateLive
	d.save(t, r, access.NoticeLive)
	d.deliver(t)
	d.deliver(t)
	if n := len(d.service.list); n != 3 {
		t.Fatalf("%d messages, want the root and two replies: %+v", n, d.service.list)
	}
	root, merged, live := d.service.list[0], d.service.list[1], d.service.list[2]
	if root.at.Thread != "" || root.edits != 1 || root.at.Channel != "C0AWS" {
		t.Errorf("root: %+v", root)
	}
	if merged.key != "REQ-000001/merged" || live.key != "REQ-000001/live" || merged.at.Thread != "1" || live.at.Thread != "1" {
		t.Errorf("replies: %+v, %+v", merged, live)
	}
}

// TestP8CourierCrashes: whatever a crash or a lost answer leaves behind, there
// is one root message and one reply of each kind.
func TestP8CourierCrashes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		broken func(*service)
	}{
		{"the post failed", func(s *service) { s.failPost = errLost }},
		{"the post was made and its answer lost", func(s *service) { s.loseReply = errLost }},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newMail(t)
			d.create(t, asked("REQ-000001"))
			tc.broken(d.service)
			if err := d.courier.Deliver(t.Context()); !errors.Is(err, errLost) {
				t.Fatalf("got %v, want the fault", err)
			}
			d.start()
			d.deliver(t)
			d.save(t, asked("REQ-000001"), access.NoticeMerged)
			tc.broken(d.service)
			if err := d.courier.Deliver(t.Context()); !errors.Is(err, errLost) {
				t.Fatalf("got %v, want the fault", err)
			}
			d.start()
			d.deliver(t)
			d.deliver(t)
			count := map[string]int{}
			for _, p := range d.service.list {
				count[p.key]++
			}
			if count["REQ-000001"] != 1 || count["REQ-000001/merged"] != 1 || len(count) != 2 {
				t.Errorf("messages by key: %v", count)
			}
		})
	}
}

// TestWhatTheOpsChannelWasToldStandsOnceWhenTheStateFileIsLost: the bot that begins
// with an empty one comes to the same news, under the same key.
func TestWhatTheOpsChannelWasToldStandsOnceWhenTheStateFileIsLost(t *testing.T) {
	t.Parallel()
	d := newMail(t)
	tell := func(key string, at time.Time) {
		t.Helper()
		n := access.Notice{Key: key, Kind: access.NoticeOps, At: at, Text: "All 13 owned assignments would go."}
		if err := store.NewOutbox(d.db).PutNotice(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		d.deliver(t)
	}
	tell("guard/whole-group/c1", t0)
	d.db = store.NewMemory()
	d.start()
	tell("guard/whole-group/c1", t0.Add(6*24*time.Hour))
	tell("guard/whole-group/c2", t0.Add(6*24*time.Hour))
	var keys []string
	for _, p := range d.service.list {
		keys = append(keys, p.key)
	}
	if want := []string{"guard/whole-group/c1", "guard/whole-group/c2"}; !slices.Equal(keys, want) {
		t.Errorf("the ops channel was told %q, want %q", keys, want)
	}
}

// unreadable is a chat service that lets the bot post and not read.
type unreadable struct{ *service }

func (unreadable) Said(context.Context, chat.Address, string, time.Time) (string, bool, error) {
	return "", false, errors.New("missing_scope")
}

func TestNewsOfANewStateFileIsToldWhereTheChannelCannotBeRead(t *testing.T) {
	t.Parallel()
	d := newMail(t)
	d.courier.Platforms = map[access.Platform]chat.Platform{access.Slack: unreadable{d.service}}
	if err := store.NewOutbox(d.db).PutNotice(t.Context(), access.Notice{Key: "k", Kind: access.NoticeOps, At: t0, Text: "News."}); err != nil {
		t.Fatal(err)
	}
	d.deliver(t)
	if len(d.service.list) != 1 {
		t.Errorf("messages: %+v", d.service.list)
	}
}

// TestANewStateFileMakesNoDoubtWhereThereIsNoHistory: only an interrupted post may
// stand there twice.
func TestANewStateFileMakesNoDoubtWhereThereIsNoHistory(t *testing.T) {
	t.Parallel()
	d := newMail(t)
	d.courier.Platforms = map[access.Platform]chat.Platform{access.Slack: struct{ chat.Platform }{forgetful{d.service}}}
	if err := store.NewOutbox(d.db).PutNotice(t.Context(), access.Notice{Key: "k", Kind: access.NoticeOps, At: t0, Text: "News."}); err != nil {
		t.Fatal(err)
	}
	d.deliver(t)
	if len(d.service.list) != 1 || strings.Contains(text(d.service.list[0].m), "twice") {
		t.Errorf("messages: %+v", d.service.list)
	}
}

// TestCourierKilledAfterEveryStep stops the courier after each durable step,
// as kill -9 would, and goes on with a new one.
func TestCourierKilledAfterEveryStep(t *testing.T) {
	t.Parallel()
	for kill := 1; kill <= 12; kill++ {
		d := newMail(t)
		d.create(t, asked("REQ-000001"))
		d.save(t, asked("REQ-000001"), access.NoticeMerged, access.NoticeLive)
		steps := 0
		d.db.AfterCommit = func(string) {
			if steps++; steps == kill {
				panic(errLost)
			}
		}
		func() {
			defer func() { _ = recover() }()
			d.deliver(t)
		}()
		d.db.AfterCommit = nil
		d.start()
		d.deliver(t)
		d.deliver(t)
		count := map[string]int{}
		for _, p := range d.service.list {
			count[p.key]++
		}
		if count["REQ-000001"] != 1 || count["REQ-000001/merged"] != 1 || count["REQ-000001/live"] != 1 {
			t.Errorf("killed after step %d: messages by key %v", kill, count)
		}
	}
}

func TestAGoneMessageDoesNotHoldUpTheRest(t *testing.T) {
	t.Parallel()
	d := newMail(t)
	d.create(t, asked("REQ-000001"))
	d.create(t, asked("REQ-000002"))
	d.deliver(t)
	d.service.gone = true
	d.save(t, asked("REQ-000001"))
	d.save(t, asked("REQ-000002"), access.NoticeMerged)
	d.deliver(t)
	if last := d.service.list[len(d.service.list)-1]; last.key != "REQ-000002/merged" {
		t.Errorf("last message: %+v", last)
	}
}

// TestAGoneChannelFallsBackToTheOpsChannel, for the root message and its
// replies, and stays there.
func TestAGoneChannelFallsBackToTheOpsChannel(t *testing.T) {
	t.Parallel()
	d := newMail(t)
	d.service.dead = map[string]bool{"C0AWS": true}
	d.create(t, asked("REQ-000001"))
	d.deliver(t)
	d.start()
	d.save(t, asked("REQ-000001"), access.NoticeMerged)
	d.deliver(t)
	d.deliver(t)
	if n := len(d.service.list); n != 2 {
		t.Fatalf("%d messages, want a root and a reply: %+v", n, d.service.list)
	}
	root, reply := d.service.list[0], d.service.list[1]
	if root.at != (chat.Address{Team: "T0ACME", Channel: "C0OPS"}) || root.edits != 1 || reply.at != (chat.Address{Team: "T0ACME", Channel: "C0OPS", Thread: "1"}) {
		t.Errorf("root %+v, reply %+v", root, reply)
	}
}

// TestAGoneThreadFallsBackToTheOpsChannel: news is not lost because somebody
// deleted the root message, nor told twice after a crash.
func TestAGoneThreadFallsBackToTheOpsChannel(t *testing.T) {
	t.Parallel()
	d := newMail(t)
	d.create(t, asked("REQ-000001"))
	d.deliver(t)
	d.service.dead = map[string]bool{"C0AWS/1": true}
	d.service.gone = true
	d.save(t, asked("REQ-000001"), access.NoticeMerged)
	d.service.loseReply = nil
	d.deliver(t)
	d.start()
	d.deliver(t)
	if n := len(d.service.list); n != 2 || d.service.list[1].at.Channel != "C0OPS" || d.service.list[1].at.Thread != "" {
		t.Errorf("messages: %+v", d.service.list)
	}
	d.service.dead["C0OPS"] = true
	r := asked("REQ-000001")
	r.Version = 2
	d.save(t, r, access.NoticeLive)
	d.deliver(t)
	if due, err := store.NewOutbox(d.db).DueNotices(t.Context()); err != nil || len(due) != 0 {
		t.Errorf("a notice that nobody can be told is still due: %v, %v", due, err)
	}
}

// TestALostAnswerInTheOpsChannelIsNotToldTwice: a crash right after the
// fallback was posted.
func TestALostAnswerInTheOpsChannelIsNotToldTwice(t *testing.T) {
	t.Parallel()
	d := newMail(t)
	d.create(t, asked("REQ-000001"))
	d.deliver(t)
	d.service.dead = map[string]bool{"C0AWS/1": true}
	d.save(t, asked("REQ-000001"), access.NoticeMerged)
	d.service.loseReply = errLost
	if err := d.courier.Deliver(t.Context()); !errors.Is(err, errLost) {
		t.Fatalf("got %v, want the fault", err)
	}
	d.start()
	d.deliver(t)
	if n := len(d.service.list); n != 2 {
		t.Errorf("messages: %+v", d.service.list)
	}
}

// threaded is a service whose threads are conversations of their own.
type threaded struct{ *service }

func (threaded) ChannelOf(conversation string) string {
	channel, _, _ := strings.Cut(conversation, "/thread")
	return channel
}

// TestWhoAskedInTheChannelOfRequestsGetsNoLink: he sees the message there, also where
// he asked in a thread of it.
func TestWhoAskedInTheChannelOfRequestsGetsNoLink(t *testing.T) {
	t.Parallel()
	for origin, links := range map[string]int{"C0AWS": 0, "C0AWS/thread1": 0, "C0GEN/thread1": 1, "C0GEN": 1, "": 0} {
		d := newMail(t)
		d.courier.Platforms[access.Slack] = threaded{d.service}
		r := asked("REQ-000001")
		r.Origin = origin
		d.create(t, r)
		d.deliver(t)
		if len(d.service.list) != 1 || len(d.service.whispers) != links {
			t.Errorf("asked in %q: %d messages, %d links", origin, len(d.service.list), len(d.service.whispers))
		}
	}
}

// TestWhoAskedElsewhereGetsALink, once, in private and where he asked.
func TestWhoAskedElsewhereGetsALink(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, origin string
		want         []chat.Address
	}{
		{"in another channel", "C0GEN", []chat.Address{{Team: "T0ACME", Channel: "C0GEN"}}},
		{"in the channel itself", "C0AWS", nil},
		{"nobody knows where", "", nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newMail(t)
			r := asked("REQ-000001")
			r.Origin = tc.origin
			d.create(t, r)
			d.deliver(t)
			d.start()
			d.save(t, r, access.NoticeMerged)
			d.deliver(t)
			var got []chat.Address
			for _, w := range d.service.whispers {
				got = append(got, w.to)
				if w.user != "U0HANA" || !slices.ContainsFunc(spans(w.m), func(s chat.Span) bool { return s.URL == "https://acme.slack.example/C0AWS/1" }) {
					t.Errorf("whispered %+v", w)
				}
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("told in %v, want %v", got, tc.want)
			}
		})
	}
}

// TestALinkThatCannotBeGivenHoldsUpNothing: it is a courtesy.
func TestALinkThatCannotBeGivenHoldsUpNothing(t *testing.T) {
	t.Parallel()
	d := newMail(t)
	r := asked("REQ-000001")
	r.Origin = "C0GEN"
	d.create(t, r)
	d.service.failWhisper = errLost
	d.deliver(t)
	d.deliver(t)
	if len(d.service.list) != 1 || len(d.service.whispers) != 1 {
		t.Errorf("%d messages, %d whispers", len(d.service.list), len(d.service.whispers))
	}
}

func TestOpsNoticesGoToTheOpsChannel(t *testing.T) {
	t.Parallel()
	d := newMail(t)
	if err := store.NewOutbox(d.db).PutNotice(t.Context(), access.Notice{Key: "halt/c1", Kind: access.NoticeOps, At: t0, Text: "The walk halted."}); err != nil {
		t.Fatal(err)
	}
	d.deliver(t)
	d.deliver(t)
	if len(d.service.list) != 1 || d.service.list[0].at.Channel != "C0OPS" || d.service.list[0].summary != "The walk halted." {
		t.Errorf("messages: %+v", d.service.list)
	}
}

// TestTheCourierIsWokenAndWaits: it delivers on a wake, and on its own every
// ten seconds.
func TestTheCourierIsWokenAndWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newMail(t)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.courier.Run(ctx) }()
		synctest.Wait()
		d.create(t, asked("REQ-000001"))
		d.courier.Wake()
		synctest.Wait()
		if n := len(d.service.list); n != 1 {
			t.Errorf("%d messages after a wake", n)
		}
		d.create(t, asked("REQ-000002"))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := len(d.service.list); n != 2 {
			t.Errorf("%d messages after ten seconds", n)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
	})
}

// TestWhatWasAskedOnAChatThatIsNotServedAnyMoreGoesOnInTheOpsChannel: what was
// posted there is left, what is new is told where somebody reads it.
func TestWhatWasAskedOnAChatThatIsNotServedAnyMoreGoesOnInTheOpsChannel(t *testing.T) {
	t.Parallel()
	d := newMail(t)
	strange := asked("REQ-000001")
	strange.Asker.Chat.Platform = access.Teams
	d.create(t, strange)
	d.create(t, asked("REQ-000002"))
	old := asked("REQ-000003")
	d.create(t, old)
	if err := store.NewOutbox(d.db).SaveRoot(t.Context(), access.Root{Request: old.ID, Platform: access.Teams, Channel: "19:a", TS: "7", Version: 1}); err != nil {
		t.Fatal(err)
	}
	d.save(t, old, access.NoticeMerged)
	d.deliver(t)
	got := map[string]string{}
	for _, p := range d.service.list {
		got[p.key] = p.at.Channel
	}
	want := map[string]string{"REQ-000001": "C0OPS", "REQ-000002": "C0AWS", "REQ-000003/merged": "C0OPS"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if due, err := store.NewOutbox(d.db).DueRoots(t.Context()); err != nil || len(due) != 0 {
		t.Errorf("still due: %v, %v", due, err)
	}
}
