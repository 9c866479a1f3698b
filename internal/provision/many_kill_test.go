package provision_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/store"
)

// sixHundred are grants of nine groups in twenty accounts.
func sixHundred() []config.Assignment {
	var out []config.Assignment
	for i := range 600 {
		out = append(out, grant(i%9+1, i/9%20+1, fmt.Sprintf("Set%d", i/180)))
	}
	return out
}

// killedOften plays a life of 600 grants, some of which end again, and kills the
// process over and over: after its first event, and then after a number of them
// that differs each time. It returns after which kinds of event it was killed.
func killedOften(t *testing.T) map[string]int {
	t.Helper()
	const ends = 40 * time.Minute
	rnd := rand.New(rand.NewPCG(1, 600)) // the same in each run
	w := newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	w.byPrincipal = true
	all := sixHundred()
	stay, ending := all[:560], all[560:] // fewer than end at once
	k := &killer{world: w, DB: store.NewMemory(), at: 1}
	gap := 80
	kills := map[string]int{}
	s := k.begin(t)
	pass := func(done func() bool) {
		for begun := time.Now(); !done(); after(2 * time.Second) {
			if time.Since(begun) > 12*time.Hour {
				t.Fatalf("not done after kills %v", kills)
			}
			if k.isDead() {
				s.stop()
				time.Sleep(10 * time.Second)
				k.do(func() {
					kills[k.where]++
					k.dead, k.at = false, k.seen+1+rnd.IntN(gap)
				})
				s = k.begin(t)
			}
		}
	}
	begun := time.Now()
	s.commitOf(t, newRepository("c1").with(0, "", stay...).with(ends, "", ending...))
	pass(func() bool { return k.allAre(true, all) || time.Since(begun) > ends })
	pass(func() bool { return time.Since(begun) > ends })
	gap = 8
	k.do(func() { k.at = k.seen + 1 })
	pass(func() bool { return k.allAre(true, stay) && k.allAre(false, ending) })
	k.do(func() { k.at = 0 }) // and the rest in peace
	pass(func() bool { return !k.isDead() })
	after(5 * time.Minute)
	noFalseLive(t, s)
	s.stop()
	k.judge600(t, s, stay, ending)
	return kills
}

// allAre reports whether all of them are live, or none is.
func (w *world) allAre(live bool, list []config.Assignment) bool {
	for _, a := range list {
		if w.isLive(a) != live {
			return false
		}
	}
	return true
}

// judge600 holds the end against what AWS was asked: each creation and each
// deletion was sent once, and what is recorded is what is there.
func (k *killer) judge600(t *testing.T, s *system, stay, went []config.Assignment) {
	t.Helper()
	creates, deletes := map[string]int{}, map[string]int{}
	k.do(func() {
		for _, c := range k.calls {
			switch c.op {
			case "CreateAccountAssignment":
				creates[c.key]++
			case "DeleteAccountAssignment":
				deletes[c.key]++
			}
		}
	})
	key := func(a config.Assignment) string { return pairKey(a.Pair()) + "/" + storeID(a.Principal.ID) }
	for _, a := range stay {
		if f := s.facts(t, a); !k.isLive(a) || f.ReadBack.IsZero() || f.Trouble != "" || creates[key(a)] != 1 || deletes[key(a)] != 0 {
			t.Errorf("%s live %v, created %d and deleted %d times: %+v", a, k.isLive(a), creates[key(a)], deletes[key(a)], f)
		}
	}
	for _, a := range went {
		if f := s.facts(t, a); k.isLive(a) || f.Removed.IsZero() || creates[key(a)] != 1 || deletes[key(a)] != 1 {
			t.Errorf("%s live %v, created %d and deleted %d times: %+v", a, k.isLive(a), creates[key(a)], deletes[key(a)], f)
		}
	}
	if owned := s.owned(t); len(owned) != len(stay) || k.conflicts != 0 {
		t.Errorf("%d owned, %d conflicts", len(owned), k.conflicts)
	}
}

func TestP8KillAtEveryKindOfStepAmongSixHundredGrants(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute under the race detector, which sees the same code among fifty")
	}
	inBubble(t, func(t *testing.T) {
		kills := killedOften(t)
		for _, step := range []string{"provision.begun", "provision.intent", "create", "delete", "provision.requested", "provision.outcome", "provision.readback", "provision.removed"} {
			if kills[step] == 0 {
				t.Errorf("never killed after %s: %v", step, kills)
			}
		}
	})
}
