package chat_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
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
}

// service is a chat service of one process. fail makes the next call fail,
// before or after its effect.
type service struct {
	list      []posted
	failPost  error
	loseReply error
	gone      bool

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
	s.list = append(s.list, posted{to, key, m.Summary, 0})
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
			s.list[i].summary = m.Summary
			s.list[i].edits++
		}
	}
	return nil
}

func (s *service) Find(_ context.Context, at chat.Address, key string, _ time.Time) (string, bool, error) {
	i := slices.IndexFunc(s.list, func(p posted) bool { return p.key == key && p.at.Thread == at.Thread })
	return fmt.Sprint(i + 1), i >= 0, nil
}

func (s *service) Link(_ context.Context, at chat.Address, ts string) (string, error) {
	return "https://acme.slack.example/" + at.Channel + "/" + ts, nil
}

func (s *service) Whisper(_ context.Context, to chat.Address, user string, m chat.Message) error {
	s.whispers = append(s.whispers, whispered{to, user, m})
	return s.failWhisper
}

// nothing is a config repo that no commit of was trusted.
type nothing struct{}

func (nothing) InForce(context.Context) (access.InForce, error) {
	return access.InForce{}, access.ErrNotFound
}

type desk struct {
	db       *store.Memory
	requests *store.Requests
	service  *service
	courier  *chat.Courier
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{db: store.NewMemory(), service: &service{}}
	d.start()
	return d
}

// start is what a new process does with the same store and chat service.
func (d *desk) start() {
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

func (d *desk) create(t *testing.T, r access.Request) {
	t.Helper()
	if err := d.requests.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

// save moves a request on with notices.
func (d *desk) save(t *testing.T, r access.Request, kinds ...access.NoticeKind) access.Request {
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

func (d *desk) deliver(t *testing.T) {
	t.Helper()
	if err := d.courier.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestOneRootMessageIsEditedAndRepliesFollowInOrder(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
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
			d := newDesk(t)
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

// TestCourierKilledAfterEveryStep stops the courier after each durable step,
// as kill -9 would, and goes on with a new one.
func TestCourierKilledAfterEveryStep(t *testing.T) {
	t.Parallel()
	for kill := 1; kill <= 12; kill++ {
		d := newDesk(t)
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
	d := newDesk(t)
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
