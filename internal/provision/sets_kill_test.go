package provision_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/permset"
	"aws-access-bot/internal/store"
)

// setKiller loses the answers of writes when the process dies.
type setKiller struct {
	*setService
	k *killer
}

func (s setKiller) WriteSet(ctx context.Context, arn string, step permset.Step) (string, error) {
	return answer(s.k, "write set", func() (string, error) { return s.setService.WriteSet(ctx, arn, step) })
}

func (s setKiller) ProvisionSet(ctx context.Context, arn, account string) (string, error) {
	return answer(s.k, "provision set", func() (string, error) { return s.setService.ProvisionSet(ctx, arn, account) })
}

// lifeOfSets makes a set with an assignment, changes another and provisions it,
// and kills the process once at event n (0: never).
func lifeOfSets(t *testing.T, n int) *killer {
	t.Helper()
	w := newWorld().populate(2, 1)
	w.setless["New"] = true
	svc := newSetService(w)
	svc.have(view("Old", time.Hour, policyAudit, policyView), accountID(1), accountID(2))
	k := &killer{world: w, DB: store.NewMemory(), at: n}
	begin := func() *setSystem {
		e, err := provision.New(provision.Ports{Center: k, Entra: k, Accounts: k, Commits: k, Store: store.NewProvision(k), Clocks: k, Audit: k, Ops: k, Now: time.Now,
			Sets: provision.SetPorts{Port: setKiller{svc, k}, Store: store.NewProvision(k)}, Identity: svc}, changing)
		if err != nil {
			t.Fatal(err)
		}
		s := &setSystem{&system{world: k.world, db: k.DB, engine: e}, svc}
		s.run(t)
		k.kill = s.cancel
		return s
	}
	s := begin()
	pass := func(d time.Duration) {
		for begun := time.Now(); time.Since(begun) < d; after(2 * time.Second) {
			if k.isDead() {
				s.stop()
				time.Sleep(10 * time.Second)
				k.do(func() { k.dead = false })
				s = begin()
			}
		}
	}
	a := grant(1, 3, "New")
	s.commitOf(t, newRepository("c1").declaring(declared("Old", time.Hour, policyAudit, policyView)))
	pass(30 * time.Second)
	s.commitOf(t, newRepository("c2").declaring(declared("Old", 8*time.Hour, policyView), declared("New", time.Hour, policyView, policyAudit)).with(0, "", a))
	pass(5 * time.Minute)
	s.stop()
	old, fresh := svc.see("Old"), svc.see("New")
	if old.Session != 8*time.Hour || !slices.Equal(old.Managed, []string{policyView}) || len(old.Outdated) != 0 || !slices.Equal(fresh.Managed, []string{policyAudit, policyView}) {
		t.Errorf("old %+v, new %+v", old, fresh)
	}
	for _, name := range []string{"Old", "New"} {
		if r := s.record(t, name); r.State != provision.SetApplied || r.Run != nil || r.Code != "" || !r.Intent.IsZero() {
			t.Errorf("record: %+v", r)
		}
	}
	if f := s.facts(t, a); f.ReadBack.IsZero() {
		t.Errorf("the assignment of the new set: %+v", f)
	}
	return k
}

func TestP5KillAtEveryStepOfASetEndsTheSame(t *testing.T) {
	eachEvent(t, 30, lifeOfSets)
}
