package onboard_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/store"
)

// count counts the calls of an operation.
func (w *world) count(op string) int {
	n := 0
	w.do(func() {
		for _, c := range w.calls {
			if c.op == op {
				n++
			}
		}
	})
	return n
}

// TestTagsAreReadOnceADayAndWhatDiffersIsToldAndListed: all accounts once, then
// only the one that differs, until it does not.
func TestTagsAreReadOnceADayAndWhatDiffersIsToldAndListed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var numbers []int
		for n := 1; n <= 50; n++ {
			w.accounts[w.memberAccount(n, target)].tags = map[string]string{"env": "prod", "cost": "42"}
			numbers = append(numbers, n)
		}
		w.commit(1, numbers...)
		for _, a := range w.force.Repo.Accounts {
			a.Tags = map[string]string{"env": "prod"}
		}
		id, woken := accountID(7), 0
		w.accounts[id].tags = map[string]string{"env": "dev"}
		s := w.start(t, store.NewMemory(), onboard.Options{EnableChanges: true, OnDiffering: func() { woken++ }})
		if p := s.engine.Differing(w.force.Repo)[id]; p.Unread == "" || len(p.Differences) > 0 {
			t.Errorf("before anything was read: %+v", p)
		}
		after(2 * time.Minute)
		if n := w.count("ListTagsForResource"); n != 50 {
			t.Errorf("%d calls for 50 accounts", n)
		}
		for other, p := range s.engine.Differing(w.force.Repo) {
			if want := other == id; want != (len(p.Differences) == 1) || p.Unread != "" {
				t.Errorf("%s: %+v", other, p)
			}
		}
		if got := w.told("env is prod in the file and dev in AWS"); len(got) != 1 || woken != 1 {
			t.Errorf("told %q, woken %d times", got, woken)
		}
		before := w.count("ListTagsForResource")
		after(time.Hour)
		if n := w.count("ListTagsForResource") - before; n < 15 || n > 25 {
			t.Errorf("%d calls in an hour for the one that differs", n)
		}
		w.do(func() { w.accounts[id].tags = map[string]string{"env": "prod"} })
		after(5 * time.Minute)
		if p := s.engine.Differing(w.force.Repo)[id]; len(p.Differences) > 0 || woken != 2 {
			t.Errorf("mended in AWS: %+v, woken %d times", p, woken)
		}
		before = w.count("ListTagsForResource")
		after(24 * time.Hour)
		if n := w.count("ListTagsForResource") - before; n != 50 {
			t.Errorf("%d calls in a day for 50 accounts", n)
		}
		if got := w.told("env is prod in the file"); len(got) != 1 {
			t.Errorf("told %q", got)
		}
	})
}

// TestTagsThatCannotBeReadAreSaidToBeUnread, and are tried again seldom.
func TestTagsThatCannotBeReadAreSaidToBeUnread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.memberAccount(1, other)
		w.commit(1, 1)
		for range 1000 {
			w.faults = append(w.faults, scripted{op: "ListTagsForResource", err: errDenied})
		}
		s := w.start(t, store.NewMemory(), changes)
		after(time.Hour)
		p := s.engine.Differing(w.force.Repo)[id]
		if !strings.Contains(p.Unread, "its tags in AWS could not be read") || fmt.Sprint(p.Differences) != "[ou is "+target+" in the file and "+other+" in AWS]" {
			t.Errorf("%+v", p)
		}
		if n := w.count("ListTagsForResource"); n > 6 {
			t.Errorf("%d calls in an hour", n)
		}
	})
}

// TestWhatIsMovedToItsPlaceDiffersNoMore: the next look at the organization is not
// waited for.
func TestWhatIsMovedToItsPlaceDiffersNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.memberAccount(1, root)
		placed := make(chan []string, 1)
		var s *system
		o := onboard.Options{EnableChanges: true, Pace: 0.1, OnPlaced: func(string) { placed <- s.engine.Differing(w.force.Repo)[id].Differences }}
		w.memberAccount(9, target)
		w.commit(1, 9)
		s = w.start(t, store.NewMemory(), o)
		after(time.Minute)
		s.do(func() { w.asks[id] = onboard.Ask{Request: "REQ-AAAAAA", From: root, InForce: true} })
		w.commit(1, 1, 9)
		s.engine.Wake()
		after(time.Hour)
		select {
		case d := <-placed:
			if len(d) > 0 {
				t.Errorf("in its place, and differs: %q", d)
			}
		default:
			t.Error("not in its place")
		}
	})
}
