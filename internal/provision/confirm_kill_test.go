package provision_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// beginAsking starts a process that asks whether people are still in, on what the
// last one left.
func (k *killer) beginAsking(t *testing.T, o *origins) *moved {
	t.Helper()
	p, begun := store.NewProvision(k), time.Now()
	e, err := provision.New(provision.Ports{Center: k, Entra: k, Accounts: k, Commits: k, Store: p, Drifts: p, Cutovers: p, Origins: o,
		Clocks: k, Audit: k, Ops: k, Now: time.Now, Elapsed: func() time.Duration { return time.Since(begun) }}, provision.Options{EnableChanges: true})
	if err != nil {
		t.Fatal(err)
	}
	m := &moved{system: &system{world: k.world, db: k.DB, engine: e}, origins: o, clock: &setClock{}}
	m.run(t)
	k.kill = m.cancel
	return m
}

// ending is how a question ends.
type ending string

const (
	confirmed  ending = "confirmed"
	rolledBack ending = "rolled back"
	askedAnew  ending = "asked anew, since the clock was wrong, and rolled back"
	askedLate  ending = "asked anew, since the bot was down for long, and rolled back"
)

// longDown is long enough for the question to be over for more than six hours.
const longDown = 8 * time.Hour

// cutoverLife takes old access away, has it asked about, and has that end, and
// kills the process once at event n (0: never).
func cutoverLife(t *testing.T, as ending, n int) *killer {
	t.Helper()
	w := newWorld().populate(1, 1, 2, 3)
	w.put(old())
	w.put(old2())
	k := &killer{world: w, DB: store.NewMemory(), at: n}
	o := &origins{since: map[string]time.Time{accountID(1): time.Now()}}
	m := k.beginAsking(t, o)
	confirm := func() {
		for _, q := range m.questions(t) {
			err := m.engine.ConfirmCutover(t.Context(), q.ID, access.Person{Entra: "e-ken", Name: "Ken"})
			if q.State == access.CutoverAsked && err != nil && !k.isDead() && !errors.Is(err, access.ErrConflict) {
				t.Errorf("confirm: %v", err)
			}
		}
	}
	pass := func(d time.Duration) {
		for begun := time.Now(); time.Since(begun) < d; after(10 * time.Second) {
			noFalseLive(t, m.system)
			if k.isDead() {
				m.stop()
				time.Sleep(10 * time.Second)
				k.do(func() { k.dead = false })
				m = k.beginAsking(t, o)
			}
			if as == confirmed {
				confirm()
			}
		}
	}
	m.commitOf(t, asking("a", old(), old2()))
	pass(5 * time.Minute)
	if as == askedAnew {
		k.do(func() { k.skew = 2 * time.Hour })
	}
	m.commitOf(t, asking("b"))
	pass(3 * time.Minute)
	k.do(func() { k.skew = 0 })
	if as == askedLate {
		m.stop()
		time.Sleep(longDown)
		k.do(func() { k.dead = false })
		m = k.beginAsking(t, o)
	}
	pass(within + 15*time.Minute)
	m.stop()
	k.ends(t, m, as)
	return k
}

// ends checks how it ended, whatever happened on the way.
func (k *killer) ends(t *testing.T, m *moved, as ending) {
	t.Helper()
	state, told := access.CutoverRolledBack, map[access.NoticeKind]int{access.NoticeStillIn: 1, access.NoticeRollingBack: 1, access.NoticeRolledBack: 1}
	switch as {
	case confirmed:
		state, told = access.CutoverConfirmed, map[access.NoticeKind]int{access.NoticeStillIn: 1, access.NoticeConfirmed: 1}
	case askedAnew, askedLate:
		told[access.NoticeStillIn] = 2
	}
	m.question(t, state)
	if m.isLive(old()) == (as == confirmed) || m.isLive(old2()) == (as == confirmed) || !m.isLive(stays()) {
		t.Errorf("killed after %s: live %v and %v", k.where, m.isLive(old()), m.isLive(old2()))
	}
	heard := map[access.NoticeKind]int{}
	for _, n := range m.noticed() {
		if n.Kind != access.NoticeDrift {
			heard[n.Kind]++
		}
	}
	if d := cmp.Diff(told, heard); d != "" {
		t.Errorf("killed after %s: told (-want +got):\n%s", k.where, d)
	}
	writes := map[string]int{}
	for _, c := range k.calls {
		if c.op == "CreateAccountAssignment" || c.op == "DeleteAccountAssignment" {
			writes[c.op+" "+c.key]++
		}
	}
	want := map[string]int{"CreateAccountAssignment " + liveKey(stays()): 1, "CreateAccountAssignment " + liveKey(stays2()): 1,
		"DeleteAccountAssignment " + liveKey(old()): 1, "DeleteAccountAssignment " + liveKey(old2()): 1}
	if as != confirmed {
		want["CreateAccountAssignment "+liveKey(old())], want["CreateAccountAssignment "+liveKey(old2())] = 1, 1
	}
	if d := cmp.Diff(want, writes); d != "" {
		t.Errorf("killed after %s: writes (-want +got):\n%s", k.where, d)
	}
}

// TestKillAfterEveryStepOfACutover: it is asked once, or once more with the right
// time, and ends the same, with every write made once, whether somebody confirms or
// nobody does.
func TestKillAfterEveryStepOfACutover(t *testing.T) {
	t.Parallel()
	for _, as := range []ending{confirmed, rolledBack, askedAnew, askedLate} {
		total := 0
		synctest.Test(t, func(t *testing.T) { total = cutoverLife(t, as, 0).seen })
		if total < 30 {
			t.Fatalf("only %d events in a life", total)
		}
		for n := 1; n <= total; n++ {
			t.Run(fmt.Sprintf("%s, event %d", as, n), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					if k := cutoverLife(t, as, n); k.where == "" {
						t.Fatalf("event %d never came", n)
					}
				})
			})
		}
	}
}

// liveKey names a write in the log of calls.
func liveKey(a config.Assignment) string { return pairKey(a.Pair()) + "/" + storeID(a.Principal.ID) }
