package provision_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// origins tells which accounts were onboarded when, and what was revoked.
type origins struct {
	mu      sync.Mutex // guards what follows
	since   map[string]time.Time
	revoked map[config.Assignment]bool
}

func (o *origins) Onboarded(_ context.Context, account string) (access.ID, time.Time, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at, ok := o.since[account]
	if !ok {
		return "", time.Time{}, access.ErrNotFound
	}
	return "REQ-ACCNT1", at, nil
}

func (o *origins) Revoked(_ context.Context, a config.Assignment) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.revoked[a], nil
}

// revoke has somebody ask in chat for a removal.
func (o *origins) revoke(a config.Assignment) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.revoked[a] = true
}

// within is how long people have in the tests.
const within = 30 * time.Minute

// moved is a system in which account 1 is being moved to SSO.
type moved struct {
	*system
	*origins
	clock *setClock
}

// old and old2 are what people had in account 1 before the bot, stays is what the
// bot gave them, and stays2 what it gave them elsewhere.
func old() config.Assignment    { return grant(1, 1, powerUser) }
func old2() config.Assignment   { return grant(2, 1, powerUser) }
func stays() config.Assignment  { return grant(3, 1, admin) }
func stays2() config.Assignment { return grant(3, 2, admin) }

// asking is a repository that has people asked, with grants.
func asking(id string, grants ...config.Assignment) *repository {
	r := newRepository(sha(id))
	r.repo.Access.Onboarding.ConfirmWithin = within
	return r.with(0, "", append(grants, stays(), stays2())...)
}

// onMove is a system in which the commit "a" is in force: it grants what people
// had in account 1 before, and more.
func onMove(t *testing.T, more ...config.Assignment) *moved {
	t.Helper()
	w := newWorld().populate(1, 1, 2, 3, 4)
	for _, a := range append(more, old(), old2()) {
		w.put(a)
	}
	m := &moved{origins: &origins{since: map[string]time.Time{accountID(1): time.Now()}, revoked: map[config.Assignment]bool{}}, clock: &setClock{}}
	m.system = &system{world: w, db: store.NewMemory()}
	m.start(t)
	m.commitOf(t, asking("a", append(more, old(), old2())...))
	after(10 * time.Minute)
	for _, a := range []config.Assignment{old(), old2(), stays()} {
		if m.facts(t, a).ReadBack.IsZero() {
			t.Fatalf("%s is not live to begin with", a)
		}
	}
	return m
}

// start begins a process on what the last one left.
func (m *moved) start(t *testing.T) {
	t.Helper()
	p, begun := store.NewProvision(m.db), time.Now()
	e, err := provision.New(provision.Ports{Center: m.world, Entra: m.world, Accounts: m.world, Commits: m.world, Store: p, Drifts: p, Cutovers: p, Origins: m.origins,
		Clocks: m.world, Audit: m.world, Ops: m.world, Now: m.clock.now, Elapsed: func() time.Duration { return time.Since(begun) }}, provision.Options{EnableChanges: true})
	if err != nil {
		t.Fatal(err)
	}
	m.engine = e
	m.run(t)
}

// restart ends the process and begins another one after a while.
func (m *moved) restart(t *testing.T, down time.Duration) {
	t.Helper()
	m.stop()
	time.Sleep(down)
	m.start(t)
	after(0)
}

// questions are the cutovers that are known.
func (m *moved) questions(t *testing.T) []access.Cutover {
	t.Helper()
	list, err := m.engine.KnownCutovers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// question is the one cutover that is known, in a state.
func (m *moved) question(t *testing.T, state access.CutoverState) access.Cutover {
	t.Helper()
	list := m.questions(t)
	if len(list) != 1 || list[0].State != state {
		t.Fatalf("questions %+v, want one that is %s", list, state)
	}
	return list[0]
}

// heard are the notices of a kind.
func (m *moved) heard(k access.NoticeKind) []access.Notice {
	var out []access.Notice
	for _, n := range m.noticed() {
		if n.Kind == k {
			out = append(out, n)
		}
	}
	return out
}
