package access_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/store"
)

// morning is the time at which most tests begin.
var morning = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// People and groups of the example repo.
const (
	hana     = "3c1d9a70-0000-4000-8000-000000000021"
	yuki     = "3c1d9a70-0000-4000-8000-000000000022" // owns payments-* and aws-payments-dev
	ken      = "3c1d9a70-0000-4000-8000-000000000023"
	newcomer = "3c1d9a70-0000-4000-8000-000000000099" // not in people.yaml
	payDev   = "0b7e3f4c-0000-4000-8000-000000000011"
)

// errDown is a service that does not answer.
var errDown = errors.New("connection refused")

// exampleRepo is the example config repo, with files laid over it. It is each
// caller's own: a test may change it.
func exampleRepo(t testing.TB, over map[string]string) *config.Repo {
	t.Helper()
	fsys := fstest.MapFS{}
	err := fs.WalkDir(example.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(example.FS(), path)
		fsys[path] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range over {
		fsys[path] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	repo, err := config.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

// controlledBy is the example repo with a person under control_plane.
func controlledBy(t testing.TB, email string) *config.Repo {
	t.Helper()
	text, err := fs.ReadFile(example.FS(), "aws-access.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const was = "control_plane: {approvers: [team:platform], count: 2}"
	if !strings.Contains(string(text), was) {
		t.Fatalf("the example has no %q", was)
	}
	return exampleRepo(t, map[string]string{"aws-access.yaml": strings.Replace(string(text), was, "control_plane: {approvers: [team:platform, "+email+"], count: 2}", 1)})
}

// started returns starts for all grants of a repo.
func started(repo *config.Repo, at time.Time) config.Starts {
	return config.NextStarts(nil, repo, nil, config.Start{MergedAt: at})
}

// commits is a config in force that a test sets.
type commits struct {
	force access.InForce
	err   error
}

func (c *commits) InForce(context.Context) (access.InForce, error) { return c.force, c.err }

// directory is an Entra tenant in memory.
type directory struct {
	users   []access.Entrant
	members map[string][]string // group -> object ids
	err     error
	// wait, if set, is received from before an answer.
	wait chan struct{}
}

func (d *directory) pause(ctx context.Context) error {
	if d.wait == nil {
		return d.err
	}
	select {
	case <-d.wait:
		return d.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *directory) User(ctx context.Context, entra string) (access.Entrant, error) {
	if err := d.pause(ctx); err != nil {
		return access.Entrant{}, err
	}
	for _, u := range d.users {
		if u.Entra == entra {
			return u, nil
		}
	}
	return access.Entrant{}, access.ErrNotFound
}

func (d *directory) UsersByEmail(ctx context.Context, email string) ([]access.Entrant, error) {
	var out []access.Entrant
	for _, u := range d.users {
		if u.Email == email {
			out = append(out, u)
		}
	}
	return out, d.pause(ctx)
}

func (d *directory) DirectMembers(ctx context.Context, group string) ([]access.Entrant, error) {
	if err := d.pause(ctx); err != nil {
		return nil, err
	}
	var out []access.Entrant
	for _, id := range d.members[group] {
		out = append(out, entrant(id, id+"@example.com"))
	}
	return out, nil
}

func entrant(id, email string) access.Entrant {
	return access.Entrant{Person: access.Person{Entra: id, Name: "Name of " + email, Email: email}, Enabled: true}
}

// pulls notes what is proposed and withdrawn; propose, if set, decides.
type pulls struct {
	mu        sync.Mutex // guards what follows
	proposed  []access.ID
	withdrawn []access.ID
	propose   func(context.Context, access.Request) error
	withdraw  error
	joined    []string // request and person
	join      error
}

func (p *pulls) Propose(ctx context.Context, r access.Request) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.proposed = append(p.proposed, r.ID)
	if p.propose == nil {
		return nil
	}
	return p.propose(ctx, r)
}

func (p *pulls) Join(_ context.Context, id access.ID, who access.Person) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.join == nil {
		p.joined = append(p.joined, string(id)+" "+who.Entra)
	}
	return p.join
}

func (p *pulls) Withdraw(_ context.Context, r access.Request) error {
	p.withdrawn = append(p.withdrawn, r.ID)
	return p.withdraw
}

// world is a service over a store in memory and the example repo.
type world struct {
	t        *testing.T
	db       *store.Memory
	requests *store.Requests
	commits  *commits
	dir      *directory
	pulls    *pulls
	now      time.Time
	stored   int
	service  *access.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	repo := exampleRepo(t, nil)
	w := &world{
		t: t, db: store.NewMemory(), now: morning, pulls: &pulls{},
		commits: &commits{force: access.InForce{Commit: "c0", Repo: repo, Starts: started(repo, morning)}},
		dir:     &directory{members: map[string][]string{payDev: {hana, yuki}}},
	}
	w.start()
	return w
}

// start is what a new process does with the same state.
func (w *world) start() {
	w.requests = store.NewRequests(w.db)
	w.service = &access.Service{
		Requests: w.requests, Commits: w.commits, Directory: w.dir, Pulls: w.pulls,
		Stored: func() { w.stored++ }, Now: func() time.Time { return w.now },
	}
}

func person(entra string) access.Person {
	return access.Person{Entra: entra, Name: entra[len(entra)-2:]}
}

func asker(entra string) access.Asker {
	return access.Asker{Person: person(entra), Chat: access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U" + entra[len(entra)-2:]}}
}

// good is an ask that is accepted.
func good(key string) access.Ask {
	return access.Ask{
		Key: key, Asker: asker(hana), Channel: "C0AWS", Origin: "C0GEN",
		Group: "aws-payments-dev", Account: "payments-dev", PermissionSet: "PowerUserAccess",
		Term: &config.Term{For: 4 * time.Hour}, Reason: "looking into the refund bug",
	}
}

// ask asks for something that must be accepted.
func (w *world) ask(a access.Ask) access.Asked {
	w.t.Helper()
	got, err := w.service.Ask(w.t.Context(), a)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// refused wants err to be a refusal about a field.
func refused(t *testing.T, err error, field string) *access.Refusal {
	t.Helper()
	var no *access.Refusal
	if !errors.As(err, &no) {
		t.Fatalf("got %v, want a refusal", err)
	}
	if no.Field != field || no.Message == "" {
		t.Errorf("refusal %+v, want one about the field %q", no, field)
	}
	return no
}

// moved stores a request in a further state.
func (w *world) moved(r access.Request, s access.State) access.Request {
	w.t.Helper()
	r.State = s
	r.Version++
	if err := w.requests.Save(w.t.Context(), r, nil); err != nil {
		w.t.Fatal(err)
	}
	return r
}

// get returns a request as it is stored.
func (w *world) get(id access.ID) access.Request {
	w.t.Helper()
	r, err := w.requests.Get(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }
