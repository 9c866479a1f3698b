package provision_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/store"
)

func (k *killer) Unassign(ctx context.Context, id string) error {
	_, err := answer(k, "unassign", func() (string, error) { return "", k.world.Unassign(ctx, id) })
	return err
}

// pass lets time go by and starts the process again when it was killed.
func (k *killer) pass(t *testing.T, s *system, d, step time.Duration) *system {
	t.Helper()
	for begun := time.Now(); time.Since(begun) < d; after(step) {
		noFalseLive(t, s)
		if k.isDead() {
			s.stop()
			time.Sleep(10 * time.Second)
			k.do(func() { k.dead = false })
			s = k.begin(t)
		}
	}
	return s
}

// eachEvent plays a life without a kill, and then once for each of its events,
// killed there. There are at least so many; a few more or less come of what the
// engine's loops do beside each other.
func eachEvent(t *testing.T, least int, life func(t *testing.T, n int) *killer) {
	t.Helper()
	t.Parallel()
	total := 0
	synctest.Test(t, func(t *testing.T) { total = life(t, 0).seen })
	if total < least {
		t.Fatalf("only %d events in a life", total)
	}
	for n := 1; n <= total; n++ {
		t.Run(fmt.Sprintf("event %d", n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if k := life(t, n); k.where == "" && n <= least {
					t.Fatalf("event %d never came", n)
				}
			})
		})
	}
}

// leaving plays the last grants of a group and of a user that the bot assigned
// to the application, and kills the process once at event n (0: never).
func leaving(t *testing.T, n int) *killer {
	t.Helper()
	k := &killer{world: newWorld().populate(1), DB: store.NewMemory(), at: n}
	g, u := grant(1, 1, readOnly), userGrant(1, 2, readOnly)
	r := newRepository("c1").with(10*time.Minute, "", g, u)
	r.repo.Access.Unassign = config.UnassignRemove
	s := k.begin(t)
	s.commitOf(t, r)
	s = k.pass(t, s, 9*time.Minute, 5*time.Second)
	if !k.isLive(g) || !k.isLive(u) {
		t.Errorf("killed after %s: not live before the end", k.where)
	}
	s = k.pass(t, s, 90*time.Minute, time.Minute)
	s.stop()
	for _, a := range []config.Assignment{g, u} {
		p, found, err := store.NewProvision(s.db).Principal(t.Context(), a.Principal)
		if err != nil || !found || p.Left.IsZero() || p.AssignedByBot || p.AppAssignment != "" || p.Code != "" {
			t.Errorf("killed after %s: record %+v, %v", k.where, p, err)
		}
		if k.isLive(a) || !k.assigned[a.Principal.ID].IsZero() {
			t.Errorf("killed after %s: %s is live %v, assigned to the application %v", k.where, a, k.isLive(a), k.assigned[a.Principal.ID])
		}
	}
	want := map[string]int{"Unassign app-" + groupID(1): 1, "Unassign app-" + userID(1): 1, "Assign " + groupID(1): 1, "Assign " + userID(1): 1}
	if diff := cmp.Diff(want, k.sent("Assign", "Unassign")); diff != "" {
		t.Errorf("killed after %s: writes (-want +got):\n%s", k.where, diff)
	}
	if owned := s.owned(t); len(owned) != 0 {
		t.Errorf("killed after %s: owned %v", k.where, owned)
	}
	return k
}

// sent counts the calls of some operations, by what they were about.
func (w *world) sent(ops ...string) map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string]int{}
	for _, c := range w.calls {
		if slices.Contains(ops, c.op) {
			out[c.op+" "+c.key]++
		}
	}
	return out
}

func TestP5KillAtEveryStepOfLeaving(t *testing.T) {
	eachEvent(t, 30, leaving)
}

// recreating plays a group that SCIM makes again under a new id, with two
// assignments, and kills the process once at event n (0: never).
func recreating(t *testing.T, n int) *killer {
	t.Helper()
	k := &killer{world: newWorld().populate(1, 1), DB: store.NewMemory(), at: n}
	a, b := grant(1, 1, readOnly), grant(1, 2, admin)
	s := k.begin(t)
	s.commitOf(t, newRepository("c1").with(0, "", a, b))
	s = k.pass(t, s, time.Minute, 2*time.Second)
	old := storeID(groupID(1))
	s.recreate(groupID(1), "store-new")
	s = k.pass(t, s, 70*time.Minute, time.Minute)
	s.stop()
	want := map[string]int{}
	for _, x := range []config.Assignment{a, b} {
		if f := s.facts(t, x); !s.existsAs(x, "store-new") || s.existsAs(x, old) || f.ReadBack.IsZero() || f.Trouble != "" {
			t.Errorf("killed after %s: %s new %v, old %v, %+v", k.where, x, s.existsAs(x, "store-new"), s.existsAs(x, old), f)
		}
		key := pairKey(x.Pair()) + "/"
		want["CreateAccountAssignment "+key+old], want["CreateAccountAssignment "+key+"store-new"], want["DeleteAccountAssignment "+key+old] = 1, 1, 1
	}
	if diff := cmp.Diff(want, k.sent("CreateAccountAssignment", "DeleteAccountAssignment")); diff != "" {
		t.Errorf("killed after %s: writes (-want +got):\n%s", k.where, diff)
	}
	if diff := cmp.Diff([]config.Assignment{a, b}, s.owned(t)); diff != "" {
		t.Errorf("killed after %s: owned (-want +got):\n%s", k.where, diff)
	}
	return k
}

func TestP5KillAtEveryStepOfARecreatedGroup(t *testing.T) {
	eachEvent(t, 20, recreating)
}
