package provision_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// killer kills the process at its n-th event: after a durable step, or after
// the effect of an outside write and before its answer.
type killer struct {
	*world
	store.DB
	at, seen int
	where    string
	kill     context.CancelFunc
}

// event counts, and kills when it is time.
func (k *killer) event(name string) {
	k.do(func() {
		k.seen++
		if k.seen == k.at {
			k.where, k.dead = name, true
			k.kill()
		}
	})
}

func (k *killer) isDead() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.dead
}

// Update fails once the process is dead.
func (k *killer) Update(ctx context.Context, step string, f func(store.Tx) error) error {
	if k.isDead() {
		return context.Canceled
	}
	if err := k.DB.Update(ctx, step, f); err != nil {
		return err
	}
	k.event(step)
	return nil
}

func (k *killer) Create(ctx context.Context, t provision.Target) (string, error) {
	return answer(k, "create", func() (string, error) { return k.world.Create(ctx, t) })
}

func (k *killer) Delete(ctx context.Context, t provision.Target) (string, error) {
	return answer(k, "delete", func() (string, error) { return k.world.Delete(ctx, t) })
}

func (k *killer) Assign(ctx context.Context, g string) (string, bool, error) {
	already := false
	id, err := answer(k, "assign", func() (id string, err error) {
		id, already, err = k.world.Assign(ctx, g)
		return id, err
	})
	return id, already, err
}

func (k *killer) ProvisionOnDemand(ctx context.Context, g config.Principal, m []string) (provision.OnDemand, error) {
	return answer(k, "on-demand", func() (provision.OnDemand, error) { return k.world.ProvisionOnDemand(ctx, g, m) })
}

// answer loses the answer of a write that had its effect if the process dies
// right then.
func answer[T any](k *killer, name string, f func() (T, error)) (T, error) {
	v, err := f()
	if err != nil {
		return v, err
	}
	k.event(name)
	if k.isDead() {
		var none T
		return none, context.Canceled
	}
	return v, nil
}

// begin starts a process on what the last one left.
func (k *killer) begin(t *testing.T) *system {
	t.Helper()
	e, err := provision.New(provision.Ports{Center: k, Entra: k, Accounts: k, Commits: k, Store: store.NewProvision(k), Clocks: k, Audit: k, Ops: k, Now: time.Now},
		provision.Options{EnableChanges: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &system{world: k.world, db: k.DB, engine: e}
	s.run(t)
	k.kill = s.cancel
	return s
}

// life plays a grant that stays, one that ends and one that is revoked, for a
// group that is new, and kills the process once at event n (0: never).
func life(t *testing.T, n int) *killer {
	t.Helper()
	w := newWorld().populate(3)
	w.replication = 20 * time.Second
	k := &killer{world: w, DB: store.NewMemory(), at: n}
	stays, ends, revoked := grant(1, 1, readOnly), grant(1, 2, readOnly), grant(1, 3, readOnly)
	first := newRepository("c1").with(0, "REQ-AAAAAA", stays, revoked).with(30*time.Minute, "REQ-BBBBBB", ends)
	second := newRepository("c2").with(0, "REQ-AAAAAA", stays).with(30*time.Minute, "REQ-BBBBBB", ends).since(first)

	s := k.begin(t)
	pass := func(d time.Duration) {
		step := time.Second // and longer once little happens
		for begun := time.Now(); time.Since(begun) < d; after(step) {
			if time.Since(begun) >= time.Minute {
				step = 20 * time.Second
			}
			noFalseLive(t, s)
			if k.isDead() {
				s.stop()
				time.Sleep(10 * time.Second)
				k.do(func() { k.dead = false })
				s = k.begin(t)
			}
		}
	}
	s.commitOf(t, first)
	pass(5 * time.Minute)
	s.commitOf(t, second)
	pass(40 * time.Minute)
	s.stop()

	if !s.isLive(stays) || s.isLive(ends) || s.isLive(revoked) {
		t.Errorf("live: stays %v, ends %v, revoked %v", s.isLive(stays), s.isLive(ends), s.isLive(revoked))
	}
	if diff := cmp.Diff([]config.Assignment{stays}, s.owned(t)); diff != "" {
		t.Errorf("owned (-want +got):\n%s", diff)
	}
	if f := s.facts(t, stays); f.ReadBack.IsZero() || f.Trouble != "" {
		t.Errorf("stays: %+v", f)
	}
	for _, a := range []config.Assignment{ends, revoked} {
		if f := s.facts(t, a); f.Removed.IsZero() || !f.Idle {
			t.Errorf("%s: %+v", a, f)
		}
	}
	return k
}

// noFalseLive checks that whatever is recorded as read back was listed before.
func noFalseLive(t *testing.T, s *system) {
	t.Helper()
	records, err := store.NewProvision(s.db).Records(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		key := pairKey(r.Assignment.Pair()) + "/" + storeID(r.Assignment.Principal.ID)
		s.do(func() {
			at, listed := s.listingAt[key]
			if !r.ReadBack.IsZero() && (!listed || r.ReadBack.Before(at)) {
				t.Errorf("%s read back at %s, first listed %s (%v)", r.Assignment, r.ReadBack, at, listed)
			}
		})
	}
}

func TestP5KillAfterEveryStepAndEveryWriteEndsTheSame(t *testing.T) {
	t.Parallel()
	total := 0
	synctest.Test(t, func(t *testing.T) {
		total = life(t, 0).seen
	})
	if total < 30 {
		t.Fatalf("only %d events in a life", total)
	}
	for n := 1; n <= total; n++ {
		t.Run(fmt.Sprintf("event %d", n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := life(t, n)
				if k.where == "" {
					t.Fatalf("event %d never came", n)
				}
				creates, deletes := map[string]int{}, map[string]int{}
				for _, c := range k.calls {
					switch c.op {
					case "CreateAccountAssignment":
						creates[c.key]++
					case "DeleteAccountAssignment":
						deletes[c.key]++
					}
				}
				id := storeID(groupID(1))
				want := map[string]int{}
				for _, a := range []int{1, 2, 3} {
					want[pairKey(grant(1, a, readOnly).Pair())+"/"+id] = 1
				}
				if diff := cmp.Diff(want, creates); diff != "" {
					t.Errorf("killed after %s: creations (-want +got):\n%s", k.where, diff)
				}
				delete(want, pairKey(grant(1, 1, readOnly).Pair())+"/"+id)
				if diff := cmp.Diff(want, deletes); diff != "" {
					t.Errorf("killed after %s: deletions (-want +got):\n%s", k.where, diff)
				}
				if n := k.count("Assign"); n != 1 {
					t.Errorf("killed after %s: assigned %d times", k.where, n)
				}
			})
		})
	}
}
