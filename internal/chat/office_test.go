package chat_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/store"
)

// plainExample is the example config repo, each caller its own: a test may change it.
func plainExample() (*config.Repo, error) { return config.Load(example.FS()) }

// town is everything the desk looks at outside of the store.
type town struct {
	mu       sync.Mutex // guards what follows
	repo     *config.Repo
	starts   config.Starts
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
	return access.InForce{Repo: w.repo, Starts: w.starts}, nil
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
			Boards: &access.Boards{Commits: o.town, Now: func() time.Time { return o.now }},
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
		if s.User.User != "" {
			b.WriteString("@" + s.User.User)
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
