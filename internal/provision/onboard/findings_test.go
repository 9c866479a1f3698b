package onboard_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/store"
)

func TestFindingsAreToldOnceWhileTheyLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.memberAccount(1, root)
		w.memberAccount(9, other)
		w.commit(1, 9)
		s := w.start(t, store.NewMemory(), changes)
		after(time.Hour)
		if got := w.told(id); len(got) != 0 {
			t.Errorf("phase 1 ignores it: %q", got)
		}
		if got := w.told("The file decides who gets access"); len(got) != 1 {
			t.Errorf("the other OU: %q", got)
		}
		for n, state := range map[int]string{2: "SUSPENDED", 3: "PENDING_CLOSURE", 4: "PENDING_ACTIVATION"} {
			w.accounts[w.memberAccount(n, root)].state = state
		}
		w.commit(2, 9)
		after(time.Hour)
		s.stop()
		w.start(t, s.db, changes)
		after(time.Hour)
		if got := w.told("it waits for onboarding"); len(got) != 1 || !strings.Contains(got[0], "/aws-onboard "+id) {
			t.Errorf("phase 2: %q", got)
		}
		w.do(func() {
			if len(w.waiting) != 1 || w.waiting[0] != (access.NoticeAccount{ID: id, Name: "account " + id}) {
				t.Errorf("can be onboarded from the notice: %+v", w.waiting)
			}
			w.waiting = nil
		})
		for n := 2; n <= 4; n++ {
			if got := w.told(accountID(n)); len(got) != 0 {
				t.Errorf("what cannot be onboarded as it is: %q", got)
			}
		}
		w.commit(3, 9)
		after(time.Hour)
		if got := w.told("does not allow"); len(got) != 1 || strings.Count(got[0], "does not allow") != 2 || !strings.Contains(got[0], "AWS has suspended it, so it cannot be onboarded") {
			t.Errorf("phase 3: %q", got)
		}
		w.do(func() { w.accounts[accountID(2)].state = "ACTIVE" })
		after(time.Hour)
		if got := w.told("/aws-onboard " + accountID(2)); len(got) != 1 {
			t.Errorf("active again: %q", got)
		}
	})
}

// TestWhoComesInIsCountedAtOnce: an account that joined is in no look at the
// organization yet when it is done, and its thread waits for the count.
func TestWhoComesInIsCountedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.outsideAccount(1)
		w.users[id] = access.IAMUsers{Total: 6, UsedThisWeek: 2}
		w.live[baseline(id)] = time.Now().UTC()
		s := begun(t, w, changes)
		after(time.Second)
		s.do(func() { w.answer(id, "ACCEPTED") })
		for range 300 {
			f := s.facts(t, id)
			if !f.Baseline.IsZero() && f.IAM == nil && !f.Counting {
				t.Fatalf("done, and no count is waited for: %+v", f)
			}
			if f.IAM != nil {
				if since := time.Since(f.Baseline); f.Baseline.IsZero() || since > 10*time.Second || f.Counting || f.IAM.Total != 6 {
					t.Errorf("counted %s after it was done: %+v", since, f)
				}
				return
			}
			after(time.Second)
		}
		t.Errorf("not counted in five minutes: %+v", s.facts(t, id))
	})
}

func TestIAMUsersAreCountedDailyAndAfterOnboarding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.memberAccount(1, root)
		w.users[id] = access.IAMUsers{At: time.Now(), Total: 6, UsedThisWeek: 2}
		s := begun(t, w, slow)
		s.do(func() { w.live[baseline(id)] = time.Now().UTC() })
		after(21 * day)
		if n := w.tries("Count", id); n < 2 || n > 5 {
			t.Errorf("counted %d times in three of ten times its days", n)
		}
		if f := s.facts(t, id); f.IAM == nil || f.IAM.Total != 6 {
			t.Errorf("%+v", f.IAM)
		}
		s.do(func() { w.usersErr = errDenied })
		after(11 * day)
		if f := s.facts(t, id); f.IAM.Total != 6 || !strings.Contains(f.IAM.Trouble, "not authorized") {
			t.Errorf("refused: %+v", f.IAM)
		}
		if v, err := s.engine.View(t.Context()); err != nil || v.IAM[id].Total != 6 || len(v.Members) != 2 || len(v.OUs) != 4 {
			t.Errorf("%+v, %v", v, err)
		}
	})
}
