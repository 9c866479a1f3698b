package provision_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/store"
)

// fifty are grants of three groups in nine accounts.
func fifty() []config.Assignment { return spread(50) }

// batchLife grants fifty at once and kills the process once, at event n (0:
// never).
func batchLife(t *testing.T, n int) *killer {
	t.Helper()
	w := newWorld().populate(1, 1, 2, 3)
	w.byPrincipal = true
	k := &killer{world: w, DB: store.NewMemory(), at: n}
	s := k.begin(t)
	s.commitOf(t, newRepository("c1").with(0, "", fifty()...))
	for begun := time.Now(); time.Since(begun) < 3*time.Minute; after(2 * time.Second) {
		noFalseLive(t, s)
		if k.isDead() {
			s.stop()
			time.Sleep(10 * time.Second)
			k.do(func() { k.dead = false })
			s = k.begin(t)
		}
	}
	s.stop()
	for _, a := range fifty() {
		if f := s.facts(t, a); !s.isLive(a) || f.ReadBack.IsZero() || f.Trouble != "" {
			t.Errorf("%s live %v: %+v", a, s.isLive(a), f)
		}
	}
	creates := map[string]int{}
	for _, c := range k.calls {
		if c.op == "CreateAccountAssignment" {
			creates[c.key]++
		}
	}
	for key, times := range creates {
		if times != 1 {
			t.Errorf("killed after %s: %s created %d times", k.where, key, times)
		}
	}
	return k
}

// Every seventh event of some hundred: seven has no part in the steps of one
// operation, so that every kind of step is met at many fillings.
func TestP8KillAmongFiftyGrantsLosesNothingAndDoesNothingTwice(t *testing.T) {
	t.Parallel()
	total := 0
	synctest.Test(t, func(t *testing.T) { total = batchLife(t, 0).seen })
	if total < 150 {
		t.Fatalf("only %d events", total)
	}
	// How many there are differs a little from life to life: what is read
	// together hangs on what ends together.
	for n := 1; n <= total-10; n += 7 {
		t.Run(fmt.Sprintf("event %d", n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if k := batchLife(t, n); k.where == "" {
					t.Fatalf("event %d never came", n)
				}
			})
		})
	}
}
