package onboard_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/store"
)

// killer kills the process at its n-th event: after a durable step, or after
// the effect of a write and before its answer.
type killer struct {
	*world
	store.DB
	at, seen int
	where    string
	kill     context.CancelFunc
}

func (k *killer) event(name string) {
	k.do(func() {
		k.seen++
		if k.seen == k.at {
			k.where, k.dead = name, true
			k.kill()
		}
	})
}

func (k *killer) isDead() (dead bool) {
	k.do(func() { dead = k.dead })
	return dead
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

func (k *killer) Invite(ctx context.Context, id, notes string) (access.Handshake, error) {
	h, err := k.world.Invite(ctx, id, notes)
	if err == nil {
		k.event("Invite")
	}
	if k.isDead() {
		return access.Handshake{}, context.Canceled
	}
	return h, err
}

func (k *killer) Move(ctx context.Context, id, from, to string) error {
	err := k.world.Move(ctx, id, from, to)
	if err == nil {
		k.event("Move")
	}
	if k.isDead() {
		return context.Canceled
	}
	return err
}

// begin starts a process on what the last one left.
func (k *killer) begin(t *testing.T) *system {
	t.Helper()
	e, err := onboard.NewEngine(onboard.Ports{Organization: k, Management: k, Commits: k, Grants: k, Asks: k, Users: k, Store: store.NewOnboard(k), Audit: k, Ops: k, Now: time.Now}, changes)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	k.do(func() { k.kill = cancel })
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = e.Run(ctx) // it may have been killed
	}()
	s := &system{world: k.world, db: k.DB, engine: e, stop: func() { cancel(); <-done }}
	t.Cleanup(s.stop)
	return s
}

// life plays an account that declines once, is invited again and joins, and a
// member that is moved, and kills the process once at event n (0: never).
func life(t *testing.T, n int) *killer {
	t.Helper()
	w := newWorld()
	w.listLag, w.moveLag = 5*time.Second, 5*time.Second
	k := &killer{world: w, DB: store.NewMemory(), at: n}
	out, in := w.outsideAccount(1), w.memberAccount(2, root)
	w.memberAccount(9, target)
	w.commit(2, 9)
	s := k.begin(t)
	// pass lets time pass, and goes on with a new process if one was killed.
	pass := func(d time.Duration) {
		for begun := time.Now(); time.Since(begun) < d; {
			after(time.Second)
			if k.isDead() {
				s.stop()
				time.Sleep(3 * time.Second)
				k.do(func() { k.dead = false })
				s = k.begin(t)
			}
		}
	}
	pass(30 * time.Second)
	w.commit(2, 1, 2, 9)
	s.engine.Wake()
	pass(2 * time.Minute)
	k.do(func() { k.answer(out, "DECLINED") })
	pass(70 * time.Second)
	for s.engine.OnboardAgain(t.Context(), out, "3c1d9a70") != nil {
		// Killed within, or said already and about to be done.
		if b, err := store.NewOnboard(k.DB).Onboardings(t.Context()); err != nil || len(b.Again) > 0 {
			break
		}
		if f := s.facts(t, out); f.Stopped == "" {
			break
		}
		pass(5 * time.Second)
	}
	pass(4 * time.Minute)
	k.do(func() { k.answer(out, "ACCEPTED") })
	pass(4 * time.Minute)
	k.do(func() { k.live[baseline(out)], k.live[baseline(in)] = time.Now().UTC(), time.Now().UTC() })
	pass(4 * time.Minute)
	for _, id := range []string{out, in} {
		if f := s.facts(t, id); f.Baseline.IsZero() || f.Stopped != "" || f.Trouble != "" {
			t.Errorf("killed after %s: %s: %+v", k.where, id, f)
		}
	}
	return k
}

func TestP5KilledAfterEveryStepAndEveryWriteItEndsTheSame(t *testing.T) {
	t.Parallel()
	total := 0
	synctest.Test(t, func(t *testing.T) { total = life(t, 0).seen })
	if total < 20 {
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
				out, in := accountID(1), accountID(2)
				if i, m := k.effects("Invite", out), k.effects("Move", out); i != 2 || m != 1 {
					t.Errorf("killed after %s: %d invitations, want the declined one and one more; %d moves", k.where, i, m)
				}
				if i, m := k.tries("Invite", out), k.tries("Move", out)+k.tries("Move", in); i != 2 || m != 2 {
					t.Errorf("killed after %s: %d invitations and %d moves were tried: it did not look before", k.where, i, m)
				}
				if i, m := k.effects("Invite", in), k.effects("Move", in); i != 0 || m != 1 {
					t.Errorf("killed after %s: member: %d invitations, %d moves", k.where, i, m)
				}
				if n := k.tries("Move", accountID(9)) + k.tries("Invite", accountID(9)); n != 0 {
					t.Errorf("killed after %s: %d writes for the standing account", k.where, n)
				}
			})
		})
	}
}
