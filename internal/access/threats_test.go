package access_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"aws-access-bot/internal/access"
)

// TestT28WhatIsAskedIsShownByItsNumber: whatever a name looks like, the request
// carries the ids of the files, and a name that is not there finds none.
func TestT28WhatIsAskedIsShownByItsNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commits.force.Repo = exampleRepo(t, map[string]string{
		"groups/twin.yaml": "id: 0b7e3f4c-0000-4000-8000-0000000000aa\nname: \u0440\u0430\u0443\naccess: []\n", // Cyrillic
	})
	for _, name := range []string{"aws-p\u0430yments-dev", "aws-payments-dev\u200b", "\u202eaws-payments-dev", "aws-payments\u2010dev", "aws-payments-dev\u00ad", "AWS-PAYMENTS-DE\u2174"} {
		a := good("k" + name)
		a.Group = name
		_, err := w.service.Ask(t.Context(), a)
		refused(t, err, "group")
		a = good("l" + name)
		a.Account = strings.Replace(name, "aws-", "", 1)
		_, err = w.service.Ask(t.Context(), a)
		refused(t, err, "account")
		a = good("m" + name)
		a.PermissionSet = strings.Replace(name, "aws-payments-dev", "PowerUserAccess", 1)
		if _, err = w.service.Ask(t.Context(), a); err == nil && a.PermissionSet != "PowerUserAccess" {
			t.Errorf("permission set %+q was taken", a.PermissionSet)
		}
	}
	a := good("twin")
	a.Group = "\u0440\u0430\u0443"
	r := w.ask(a).Request
	if r.Want.Principal.ID != "0b7e3f4c-0000-4000-8000-0000000000aa" || r.Want.PrincipalSlug != "twin" || r.Want.AccountID != "111122224444" {
		t.Errorf("request %+v", r.Want)
	}
}

// TestT34TheManagementAccountIsRefusedAtTheAsk, as the first layer: nothing is
// stored and no pull request is made.
func TestT34TheManagementAccountIsRefusedAtTheAsk(t *testing.T) {
	t.Parallel()
	with := map[string]string{"accounts/master.yaml": "id: \"999999999999\"\nname: Company Master\nstage: sso\nou: /\nowners: [ken@example.com]\n"}
	for _, file := range []map[string]string{nil, with} {
		for _, name := range []string{"999999999999", " 999999999999 ", "master", "Company Master", "company master", "MASTER"} {
			if file == nil && !strings.Contains(name, "9") {
				continue
			}
			w := newWorld(t)
			w.commits.force.Repo = exampleRepo(t, file)
			for _, who := range []string{hana, ken} {
				a := good("k" + who)
				a.Asker, a.Account = asker(who), name
				_, err := w.service.Ask(t.Context(), a)
				if no := refused(t, err, "account"); !strings.Contains(no.Message, "management account") {
					t.Errorf("%q by %s: %q", name, who, no.Message)
				}
			}
			if w.stored != 0 || len(w.pulls.proposed) != 0 {
				t.Errorf("%q: %d stored, proposed %v", name, w.stored, w.pulls.proposed)
			}
		}
	}
}

// TestT43ABurstOfAThousand: one person's burst, from many deliveries at once,
// is five open requests and twenty a day, and nobody else notices.
func TestT43ABurstOfAThousand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stored := 0
	var mu sync.Mutex // guards stored
	w.service.Stored = func() { mu.Lock(); defer mu.Unlock(); stored++ }
	burst := func(day int) (accepted int) {
		var wg sync.WaitGroup
		var count sync.Mutex // guards accepted
		for lane := range 8 {
			wg.Go(func() {
				for i := range 125 {
					a := other(i * 8 % 24)
					a.Key = fmt.Sprintf("%d/%d/%d", day, lane, i)
					a.Asker = asker(hana)
					_, err := w.service.Ask(t.Context(), a)
					var no *access.Refusal
					if err != nil && !errors.As(err, &no) {
						t.Errorf("a fault: %v", err)
					}
					if err == nil {
						count.Lock()
						accepted++
						count.Unlock()
					}
				}
			})
		}
		wg.Wait()
		return accepted
	}
	all := 0
	for round := range 6 {
		if n := burst(round); n > 5 {
			t.Errorf("round %d: %d were accepted, and 5 are the most", round, n)
		} else {
			all += n
		}
		open, err := w.requests.All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range open {
			if r.State == access.StateAsked {
				w.moved(r, access.StateClosed)
			}
		}
	}
	if all > 20 || all < 3 || stored != all {
		t.Errorf("%d requests in a day, %d stored; 20 are the most", all, stored)
	}
	a := other(5)
	a.Key, a.Asker = "yuki", asker(yuki)
	w.ask(a)
	w.now = morning.Add(24 * time.Hour)
	if n := burst(99); n == 0 {
		t.Error("the next day nothing is accepted")
	}
}

// TestT43OversizeIsNotStored: a reason or a name without end is refused.
func TestT43OversizeIsNotStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := strings.Repeat("x", 1<<20)
	for name, edit := range map[string]func(a *access.Ask){
		"reason of 501": func(a *access.Ask) { a.Reason = strings.Repeat("字", 501) },
		"reason":        func(a *access.Ask) { a.Reason = long },
		"group":         func(a *access.Ask) { a.Group = long },
		"account":       func(a *access.Ask) { a.Account = long },
		"set":           func(a *access.Ask) { a.PermissionSet = long },
	} {
		a := good(name)
		edit(&a)
		_, err := w.service.Ask(t.Context(), a)
		var no *access.Refusal
		if !errors.As(err, &no) || len(no.Error()) > 4096 {
			t.Errorf("%s: %d bytes of answer, %.200v", name, len(fmt.Sprint(err)), err)
		}
	}
	if w.stored != 0 {
		t.Errorf("%d were stored", w.stored)
	}
}
