package chat_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/store"
)

var plainExample = sync.OnceValues(func() (*config.Repo, error) { return config.Load(example.FS()) })

// town is everything the desk looks at outside of the store.
type town struct {
	mu       sync.Mutex // guards what follows
	repo     *config.Repo
	down     error // of Slack and Entra
	who      map[string]access.Person
	users    []access.Entrant // by address
	outsider string
	lookups  int
	said     []whispered
	failSay  error
	closed   []access.ID
	withdraw error
	// slow, if set, holds up profiles of a user.
	slow map[string]chan struct{}
}

func (w *town) InForce(context.Context) (access.InForce, error) {
	return access.InForce{Repo: w.repo}, nil
}

func (w *town) User(context.Context, string) (access.Entrant, error) {
	return access.Entrant{}, access.ErrNotFound
}

func (w *town) UsersByEmail(_ context.Context, email string) ([]access.Entrant, error) {
	var out []access.Entrant
	for _, u := range w.users {
		if u.Email == email {
			out = append(out, u)
		}
	}
	return out, nil
}

func (w *town) DirectMembers(context.Context, string) ([]access.Entrant, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return []access.Entrant{{Person: w.who["U0HANA"]}}, nil
}

func (w *town) Propose(context.Context, access.Request) error { return nil }

func (w *town) Join(context.Context, access.ID, access.Person) error { return nil }

func (w *town) Withdraw(_ context.Context, r access.Request) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.withdraw != nil {
		return w.withdraw
	}
	w.closed = append(w.closed, r.ID)
	return nil
}

func (w *town) Profile(ctx context.Context, u access.ChatUser) (access.ChatProfile, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lookups++
	if gate := w.slow[u.User]; gate != nil {
		w.mu.Unlock()
		select {
		case <-gate:
		case <-ctx.Done():
		}
		w.mu.Lock()
		if ctx.Err() != nil {
			return access.ChatProfile{}, ctx.Err()
		}
	}
	return access.ChatProfile{User: u, Zone: "Asia/Tokyo", Name: "Profile of " + u.User, Outsider: w.outsider}, w.down
}

func (w *town) Resolve(_ context.Context, p access.ChatProfile) (access.Person, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if who, ok := w.who[p.User.User]; ok {
		return who, nil
	}
	return access.Person{}, &access.Refusal{Message: "You cannot use this here.", Mend: "Ask from your own account."}
}

func (w *town) Whisper(ctx context.Context, to chat.Address, user string, m chat.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if w.failSay != nil {
		return w.failSay
	}
	w.said = append(w.said, whispered{to, user, m})
	return nil
}

// office is a desk over a store in memory.
type office struct {
	t        *testing.T
	db       *store.Memory
	town     *town
	desk     *chat.Desk
	requests *store.Requests
	now      time.Time
}

func newOffice(t *testing.T) *office {
	t.Helper()
	repo, err := plainExample()
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, db: store.NewMemory(), now: t0, town: &town{repo: repo, who: map[string]access.Person{
		"U0HANA": {Entra: "3c1d9a70-0000-4000-8000-000000000021", Name: "Hana", Email: "hana@example.com"},
		"U0YUKI": {Entra: "3c1d9a70-0000-4000-8000-000000000022", Email: "yuki@example.com"},
		"U0KEN":  {Entra: "3c1d9a70-0000-4000-8000-000000000023", Name: "Ken", Email: "ken@example.com"},
	}}}
	o.start()
	return o
}

// start is what a new process does with the same state.
func (o *office) start() {
	o.requests = store.NewRequests(o.db)
	o.desk = chat.NewDesk(chat.Desk{
		Inbox: store.NewInbox(o.db), Who: o.town,
		Service: &access.Service{
			Requests: o.requests, Links: o.requests, Commits: o.town, Directory: o.town, Pulls: o.town, Stored: func() {}, Now: func() time.Time { return o.now },
		},
		Profiles: map[access.Platform]chat.Profiles{access.Slack: o.town},
		Whispers: map[access.Platform]chat.Whisperer{access.Slack: o.town},
		Channel:  map[access.Platform]string{access.Slack: "C0AWS"},
		Now:      func() time.Time { return o.now }, Log: slog.New(slog.DiscardHandler),
	})
}

func (o *office) inbound(key, user, text string) access.Inbound {
	return access.Inbound{
		Key: key, At: o.now, User: access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: user},
		Channel: "C0GEN", Command: "/aws-access", Text: text,
	}
}

// take stores a delivery that must be new.
func (o *office) take(key, user, text string) {
	o.t.Helper()
	if first, err := o.desk.Take(o.t.Context(), o.inbound(key, user, text)); err != nil || !first {
		o.t.Fatalf("Take = %v, %v", first, err)
	}
}

// work works everything off without a fault.
func (o *office) work() {
	o.t.Helper()
	if err := o.desk.WorkOff(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) all() []access.Request {
	o.t.Helper()
	all, err := o.requests.All(context.WithoutCancel(o.t.Context()))
	if err != nil {
		o.t.Fatal(err)
	}
	return all
}

// moved stores a request in a further state.
func (o *office) moved(r access.Request, s access.State) access.Request {
	o.t.Helper()
	r.State, r.Version, r.Pull = s, r.Version+1, access.PullRef{Number: 12, URL: "https://github.example/acme/config/pull/12"}
	if err := o.requests.Save(o.t.Context(), r, nil); err != nil {
		o.t.Fatal(err)
	}
	return r
}

// spans are all spans of a message.
func spans(m chat.Message) []chat.Span {
	var out []chat.Span
	for _, b := range m.Blocks {
		switch b := b.(type) {
		case chat.Text:
			out = append(out, b...)
		case chat.Note:
			out = append(out, b...)
		case chat.Heading:
			out = append(out, chat.Span{Text: string(b)})
		case chat.Fields:
			for _, f := range b {
				out = append(append(out, chat.Span{Text: f.Label}), f.Value...)
			}
		}
	}
	return out
}

// text is the text of a message.
func text(m chat.Message) string {
	var b strings.Builder
	for _, s := range spans(m) {
		b.WriteString(s.Text)
		if s.User != "" {
			b.WriteString("@" + s.User)
		}
		if s.Channel != "" {
			b.WriteString("#" + s.Channel)
		}
		if !s.At.IsZero() {
			b.WriteString(s.At.Format(time.RFC3339))
		}
		b.WriteString("\n")
	}
	return b.String()
}

const line = "request payments-dev PowerUserAccess for aws-payments-dev 4h looking into the refund bug"

// TestP1ADeliveryIsStoredBeforeItIsTaken: a desk that cannot store says so, and
// one that did needs nothing else to work it off later.
func TestP1ADeliveryIsStoredBeforeItIsTaken(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.take("k1", "U0HANA", line)
	if len(o.all()) != 0 || len(o.town.said) != 0 {
		t.Error("taking it did more than store it")
	}
	o.start()
	o.work()
	if all := o.all(); len(all) != 1 || all[0].Channel != "C0AWS" || all[0].Origin != "C0GEN" {
		t.Errorf("requests: %+v", all)
	}
	if err := o.db.Close(); err != nil {
		t.Fatal(err)
	}
	if first, err := o.desk.Take(t.Context(), o.inbound("k2", "U0HANA", line)); err == nil || first {
		t.Errorf("Take on a closed store = %v, %v", first, err)
	}
	if err := o.desk.WorkOff(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("WorkOff = %v", err)
	}
}

// TestP8ADeliveryKilledAtEveryStep: after a kill at any durable step there is
// one request, and the person has an answer.
func TestP8ADeliveryKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	for kill := 1; ; kill++ {
		o := newOffice(t)
		o.take("k1", "U0HANA", line)
		steps, killed := 0, false
		o.db.AfterCommit = func(string) {
			if steps++; steps == kill {
				killed = true
				runtime.Goexit() // the goroutine at work does nothing more
			}
		}
		if err := o.desk.WorkOff(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.db.AfterCommit = nil
		o.start()
		o.work()
		if n := len(o.all()); n != 1 {
			t.Errorf("killed after step %d: %d requests", kill, n)
		}
		if n := len(o.town.said); n < 1 || n > 2 {
			t.Errorf("killed after step %d: %d answers", kill, n)
		}
		if !killed {
			if kill < 3 {
				t.Errorf("only %d steps were tried", kill)
			}
			return
		}
	}
}

// TestALineIsReadAsOfTheTimeItWasSent: an end that passes while a service is
// down does not make the line another one, nor a request that was stored.
func TestALineIsReadAsOfTheTimeItWasSent(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.take("k1", "U0HANA", "request payments-dev PowerUserAccess for aws-payments-dev until 2026-11-23T09:05:00Z fix it")
	o.town.failSay = errLost
	if err := o.desk.WorkOff(t.Context()); !errors.Is(err, errLost) {
		t.Fatal(err)
	}
	o.town.failSay = nil
	o.now = t0.Add(6 * time.Minute)
	o.work()
	if len(o.all()) != 1 || len(o.town.said) != 1 || !strings.Contains(text(o.town.said[0].m), "The pull request is being made") {
		t.Errorf("%d requests, said %+v", len(o.all()), o.town.said)
	}
}

// TestT4AReplayDoesNothingTwice: the same delivery again, before and after it
// was worked off, and after a restart.
func TestT4AReplayDoesNothingTwice(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.take("k1", "U0HANA", line)
	for range 3 {
		if first, err := o.desk.Take(t.Context(), o.inbound("k1", "U0HANA", line)); err != nil || first {
			t.Errorf("a replay: %v, %v", first, err)
		}
		o.work()
		o.start()
	}
	if len(o.all()) != 1 || len(o.town.said) != 1 {
		t.Errorf("%d requests, %d answers", len(o.all()), len(o.town.said))
	}
}

func TestAFaultIsTriedAgainAndGivenUpWithAMessage(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.town.down = errLost
	o.take("k1", "U0HANA", line)
	o.now = t0.Add(10*time.Minute - time.Second)
	if err := o.desk.WorkOff(t.Context()); !errors.Is(err, errLost) || len(o.town.said) != 0 {
		t.Fatalf("got %v, %d answers; want another try", err, len(o.town.said))
	}
	o.now = t0.Add(10 * time.Minute)
	o.work()
	o.work()
	if len(o.town.said) != 1 || !strings.Contains(text(o.town.said[0].m), "ten minutes") || len(o.all()) != 0 {
		t.Errorf("answers: %+v", o.town.said)
	}
}

func TestAnAnswerThatCannotBeGivenIsGivenUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.town.failSay = errLost
	o.take("k1", "U0HANA", "whoami")
	if err := o.desk.WorkOff(t.Context()); !errors.Is(err, errLost) {
		t.Fatalf("got %v, want another try", err)
	}
	o.now = t0.Add(10 * time.Minute)
	o.work()
	o.town.failSay = nil
	o.work()
	if len(o.town.said) != 0 {
		t.Errorf("answered long after: %+v", o.town.said)
	}
	o.town.failSay = chat.ErrGone
	o.take("k2", "U0HANA", "whoami")
	o.work()
	if due, err := store.NewInbox(o.db).Due(t.Context()); err != nil || len(due) != 0 {
		t.Errorf("still due: %v, %v", due, err)
	}
}

// TestAHangingServiceDoesNotKeepTheDeskFromGivingUp: the time for the answer is
// not that of the work.
func TestAHangingServiceDoesNotKeepTheDeskFromGivingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.town.slow = map[string]chan struct{}{"U0HANA": make(chan struct{})}
		o.take("k1", "U0HANA", line)
		o.now = t0.Add(time.Hour)
		o.work()
		if len(o.town.said) != 1 {
			t.Errorf("%d answers", len(o.town.said))
		}
	})
}

// TestT43OnePersonsFloodHoldsUpNobodyElse, and his own commands keep their
// order.
func TestT43OnePersonsFloodHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		gate := make(chan struct{})
		o.town.slow = map[string]chan struct{}{"U0KEN": gate}
		for i := range 100 {
			o.take(fmt.Sprint("k", i), "U0KEN", fmt.Sprintf("nonsense%02d", i))
		}
		o.take("h", "U0HANA", "whoami")
		ended := make(chan error, 1)
		go func() { ended <- o.desk.WorkOff(t.Context()) }()
		synctest.Wait()
		o.town.mu.Lock()
		if len(o.town.said) != 1 || o.town.said[0].user != "U0HANA" {
			t.Errorf("%d answers while somebody else's wait", len(o.town.said))
		}
		o.town.mu.Unlock()
		close(gate)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		for i, w := range o.town.said[1:] {
			if !strings.Contains(text(w.m), fmt.Sprintf("nonsense%02d", i)) {
				t.Fatalf("answer %d is %q", i, text(w.m))
			}
		}
	})
}

func TestTheDeskIsWokenAndWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- o.desk.Run(ctx) }()
		synctest.Wait()
		o.take("k1", "U0HANA", "whoami")
		synctest.Wait()
		if len(o.town.said) != 1 {
			t.Error("not worked off when it was taken")
		}
		if _, err := store.NewInbox(o.db).Put(t.Context(), o.inbound("k2", "U0HANA", "whoami")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if len(o.town.said) != 2 {
			t.Error("not worked off without a wake")
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
	})
}

// TestAnswers holds what each command says.
func TestAnswers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.town.who["U0NINA"] = access.Person{Entra: nina, Name: "Nina"}
	o.take("k0", "U0HANA", line)
	o.work()
	r := o.moved(o.all()[0], access.StateProposed)
	id := string(r.ID)
	tests := []struct{ name, user, line, want string }{
		{"who", "U0HANA", "whoami", "Name\nHana\nE-mail\nhana@example.com\nEntra object id\n3c1d9a70-0000-4000-8000-000000000021\nTime zone\nAsia/Tokyo\nGitHub\nhana-dev\n: your approvals count"},
		{"who, without a GitHub account", "U0NINA", "whoami", "not linked, so your approvals do not count: \n/aws-access link github <login>"},
		{"the chat name where Entra has none", "U0YUKI", "whoami", "Profile of U0YUKI"},
		{"status", "U0HANA", "status", "Your requests\n🕓 \n" + id + "\n PowerUserAccess in payments-dev for aws-payments-dev: Waiting for review on GitHub\n \n#12\n"},
		{"list", "U0HANA", "list", id},
		{"status of nobody", "U0KEN", "status", "You have no requests."},
		{"one request", "U0HANA", "status " + id, "payments-dev (…4444) in /Workloads/Dev"},
		{"one request, by its owner", "U0YUKI", "status " + id, "payments-dev (…4444) in /Workloads/Dev"},
		{"one request, by somebody else", "U0KEN", "status " + id, "There is no request " + id + " that you may see."},
		{"cancel of somebody else's", "U0YUKI", "cancel " + id, "You have no request " + id},
		{"revoke of what is not live", "U0HANA", "revoke " + id, "nothing to revoke: it is proposed"},
		{"help", "U0HANA", "help me", "/aws-access cancel REQ-…"},
		{"nothing", "U0HANA", "", "opens the form"},
		{"nonsense", "U0HANA", "requst", "Did you mean `request`?"},
		{"drift, by who may not", "U0HANA", "drift", "Only the people of the control plane may do that."},
		{"a later version", "U0HANA", "phase", "not available in this version"},
		{"an outsider", "U0GUEST", "status", "You cannot use this here."},
		{"an end", "U0HANA", "request orders-dev ReadOnlyAccess for aws-orders-dev until 2026-12-24 audit", "It will end at \n2026-12-24T15:00:00Z\n"},
		{"not a member", "U0KEN", "request orders-dev PowerUserAccess for aws-orders-dev 4h audit", "You are not a direct member of aws-orders-dev"},
		{"accepted, with a link to the channel", "U0YUKI", "request payments-prod ReadOnlyAccess for aws-payments-oncall 1h audit", "ReadOnlyAccess in payments-prod for aws-payments-oncall. The pull request is being made. \nFollow it in \nthe channel#C0AWS\n.\n"},
	}
	for i, tc := range tests {
		o.town.said = nil
		o.take(fmt.Sprint("k", i+1), tc.user, tc.line)
		o.work()
		if len(o.town.said) != 1 {
			t.Fatalf("%s: %d answers", tc.name, len(o.town.said))
		}
		w := o.town.said[0]
		if got := text(w.m); !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q does not say %q", tc.name, got, tc.want)
		}
		if w.m.Summary == "" || w.user != tc.user || w.to != (chat.Address{Team: "T0ACME", Channel: "C0GEN"}) {
			t.Errorf("%s: summary %q, to %s in %+v", tc.name, w.m.Summary, w.user, w.to)
		}
	}
}

// state is how the walk, the webhooks and the guards of the branch stand.
type state struct {
	halt       *chat.Standstill
	unread     *chat.Unread
	lost, weak []string
	err        error
}

func (s state) Unread(context.Context) (*chat.Unread, error)  { return s.unread, s.err }
func (s state) Undelivered(context.Context) ([]string, error) { return s.lost, s.err }

func (s state) Standstill(context.Context) (*chat.Standstill, error) { return s.halt, s.err }
func (s state) Weaknesses(context.Context) ([]string, error)         { return s.weak, s.err }

// platform has Ken in the control plane.
type platform struct{}

func (platform) TeamMembers(_ context.Context, team int64) ([]int64, error) {
	if team == 1234568 {
		return []int64{1003}, nil
	}
	return nil, nil
}

// TestStatusSaysWhatHoldsEverybodyUp: to everybody that the bot stands still and
// what ends it, and to the control plane why, and what weakens the config repo.
func TestStatusSaysWhatHoldsEverybodyUp(t *testing.T) {
	t.Parallel()
	halt := &chat.Standstill{Commit: "abc1234", Rule: "direct-push", Why: "Pushed by mallory.", Ways: []string{"one way", "another"}}
	unread := &chat.Unread{Since: t0, Code: "repository-archived", Why: "It is archived by mallory.", Mend: "Unarchive it."}
	many := make([]string, 12)
	for i := range many {
		many[i] = fmt.Sprint("weakness ", i)
	}
	tests := []struct {
		name, user string
		state      state
		says, not  []string
	}{
		{"a halt, to anybody", "U0HANA", state{halt: halt, weak: many}, []string{"stands still", "abc1234", "direct-push", "Ways out: one way; another.", "no requests"}, []string{"mallory", "weakness"}},
		{"a halt, to the control plane", "U0KEN", state{halt: halt}, []string{"abc1234", "Pushed by mallory.", "guards the config repo as it should"}, nil},
		{"weaknesses, to the control plane", "U0KEN", state{weak: many}, []string{"weakness 0", "weakness 9", "and 2 more"}, []string{"stands still", "weakness 10"}},
		{"no reads, to anybody", "U0HANA", state{unread: unread, lost: []string{"3 webhooks"}}, []string{"cannot read the config repo", "since " + t0.UTC().Format("2006-01-02 15:04 UTC"), "repository-archived", "nothing new comes into force"}, []string{"mallory", "Unarchive", "webhooks"}},
		{"no reads, to the control plane", "U0KEN", state{unread: unread, lost: []string{"3 webhooks"}}, []string{"cannot read the config repo", "mallory", "Unarchive it.", "3 webhooks"}, nil},
		{"nothing, to anybody", "U0HANA", state{}, []string{"You have no requests."}, []string{"stands still", "guards"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.desk.Health, o.desk.Service.Teams = tc.state, platform{}
			o.take("k1", tc.user, "status")
			o.work()
			got := text(o.town.said[0].m)
			for _, want := range tc.says {
				if !strings.Contains(got, want) {
					t.Errorf("%q does not say %q", got, want)
				}
			}
			for _, no := range tc.not {
				if strings.Contains(got, no) {
					t.Errorf("%q says %q", got, no)
				}
			}
		})
	}
}

func TestStatusIsTriedAgainWhenTheStateCannotBeRead(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.desk.Health = state{err: errors.New("disk on fire")}
	o.take("k1", "U0HANA", "status")
	if err := o.desk.WorkOff(t.Context()); err == nil || len(o.town.said) != 0 {
		t.Errorf("got %v, and %d answers", err, len(o.town.said))
	}
}

// TestACancellationWaitsForItsPullRequest: it is tried again until there is one
// to close.
func TestACancellationWaitsForItsPullRequest(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.take("k1", "U0HANA", line)
	o.work()
	r := o.all()[0]
	o.take("k2", "U0HANA", "cancel "+string(r.ID))
	if err := o.desk.WorkOff(t.Context()); err == nil {
		t.Fatal("cancelled though there is no pull request yet")
	}
	o.moved(r, access.StateProposed)
	o.start()
	o.work()
	if !slices.Equal(o.town.closed, []access.ID{r.ID}) || !strings.Contains(text(o.town.said[1].m), "#12 is closed") {
		t.Errorf("closed %v, said %+v", o.town.closed, o.town.said)
	}
}

func TestRevokeAsksAndIsFollowed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.take("k1", "U0HANA", line)
	o.work()
	r := o.moved(o.all()[0], access.StateLive)
	o.take("k2", "U0YUKI", "revoke "+string(r.ID))
	o.work()
	removal := o.all()[0]
	if removal.Kind != access.KindRevoke || removal.Want.Revokes != r.ID || removal.Channel != "C0AWS" || removal.Origin != "C0GEN" {
		t.Errorf("stored %+v", removal)
	}
	if got := text(o.town.said[1].m); !strings.Contains(got, string(removal.ID)+" asks for the removal of what "+string(r.ID)) || !strings.Contains(got, "#C0AWS") {
		t.Errorf("said %q", got)
	}
}

func TestAnUnknownPlatformIsGivenUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	in := o.inbound("k1", "U0HANA", "whoami")
	in.User.Platform = access.Teams
	if _, err := o.desk.Take(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if err := o.desk.WorkOff(t.Context()); err == nil {
		t.Error("no error")
	}
	o.now = t0.Add(10 * time.Minute)
	o.work()
	if due, err := store.NewInbox(o.db).Due(t.Context()); err != nil || len(due) != 0 {
		t.Errorf("still due: %v, %v", due, err)
	}
}

func TestZone(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"Asia/Tokyo": "Asia/Tokyo", "": "UTC", "Local": "UTC", "../../etc/passwd": "UTC", "Mars/Olympus": "UTC"} {
		if got := chat.Zone(name).String(); got != want {
			t.Errorf("Zone(%q) = %s, want %s", name, got, want)
		}
	}
}

// TestT44SuggestionsAreForMembers, and the question who somebody is is not
// asked at each key.
func TestT44SuggestionsAreForMembers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	user := func(id string) access.ChatUser {
		return access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: id}
	}
	if got, err := o.desk.Suggest(t.Context(), user("U0GUEST"), "group", "", 100); err != nil || len(got) != 0 {
		t.Errorf("a guest gets %v, %v", got, err)
	}
	o.town.lookups = 0
	for range 5 {
		if got, err := o.desk.Suggest(t.Context(), user("U0HANA"), "group", "pay", 100); err != nil || len(got) != 2 {
			t.Errorf("a member gets %v, %v", got, err)
		}
	}
	if o.town.lookups != 1 {
		t.Errorf("%d lookups for five keys", o.town.lookups)
	}
	o.now = o.now.Add(time.Minute)
	o.town.down = errLost
	if _, err := o.desk.Suggest(t.Context(), user("U0HANA"), "group", "pay", 100); !errors.Is(err, errLost) {
		t.Errorf("after a minute: %v, want to be asked again", err)
	}
}
