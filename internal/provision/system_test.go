package provision_test

import (
	"context"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// system is an engine in a world.
type system struct {
	*world
	db     store.DB
	engine *provision.Engine
	cancel context.CancelFunc
	ended  chan struct{}
}

// newSystem makes a system that does not run yet.
func newSystem(t *testing.T, w *world, db store.DB, o provision.Options) *system {
	t.Helper()
	e, err := provision.New(provision.Ports{Center: w, Entra: w, Accounts: w, Places: w, Commits: w, Store: store.NewProvision(db), Drifts: store.NewProvision(db), Clocks: w,
		Audit: w, Ops: w, Now: time.Now}, o)
	if err != nil {
		t.Fatal(err)
	}
	return &system{world: w, db: db, engine: e}
}

// run starts the engine; the test's end stops it.
func (s *system) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s.cancel, s.ended = cancel, make(chan struct{})
	go func() {
		defer close(s.ended)
		if err := s.engine.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	t.Cleanup(s.stop)
}

func (s *system) stop() {
	s.cancel()
	<-s.ended
}

// commit puts a config in force, as the code that verifies commits does.
func (s *system) commit(t *testing.T, sha string, repo *config.Repo, starts config.Starts) {
	t.Helper()
	var desired []config.Assignment
	for _, d := range repo.Desired(starts, time.Now()) {
		desired = append(desired, d.Assignment)
	}
	err := s.db.Update(t.Context(), "gitops.inforce", func(tx store.Tx) error { return store.MarkOwned(tx, sha, desired) })
	if err != nil {
		t.Fatal(err)
	}
	s.do(func() { s.force = access.InForce{Commit: sha, Repo: repo, Starts: starts} })
	s.engine.Wake()
}

func (s *system) facts(t *testing.T, a config.Assignment) access.GrantFacts {
	t.Helper()
	f, err := s.engine.GrantFacts(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if f == nil {
		return access.GrantFacts{}
	}
	return *f
}

func (s *system) owned(t *testing.T) []config.Assignment {
	t.Helper()
	owned, err := store.NewProvision(s.db).Owned(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return owned
}
