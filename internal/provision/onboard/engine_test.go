package onboard_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/store"
)

const day = 24 * time.Hour

// begun is a system in a phase whose first config has one standing member, and
// whose next one has account 1 too.
func begun(t *testing.T, w *world, o onboard.Options, without ...string) *system {
	t.Helper()
	w.memberAccount(9, target)
	w.commit(2, 9)
	s := w.start(t, store.NewMemory(), o, without...)
	after(time.Minute)
	w.commit(2, 1, 9)
	s.engine.Wake()
	return s
}

// after lets time pass until everything that is due was done.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestAnAccountIsInvitedFollowedMovedAndDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.outsideAccount(1)
		w.asks[id] = onboard.Ask{Request: "REQ-7F3K2Q", InForce: true}
		s := begun(t, w, changes)
		after(time.Second)
		f := s.facts(t, id)
		if !f.Listed || f.Invited.IsZero() || f.Expires.Sub(f.Invited) != 15*day || f.Stopped != "" || f.Trouble != "" {
			t.Fatalf("invited: %+v", f)
		}
		for _, want := range []string{id, "https://console.aws.amazon.com/organizations/v2/home/invitations", "aws organizations accept-handshake --handshake-id h-", "pays", f.Expires.Format("2006-01-02 15:04 UTC")} {
			if !strings.Contains(f.Expect, want) {
				t.Errorf("what the owner is told lacks %q: %s", want, f.Expect)
			}
		}
		s.do(func() {
			if c := w.calls[len(w.calls)-1]; !strings.Contains(c.to, "REQ-7F3K2Q") {
				for _, c := range w.calls {
					if c.op == "Invite" && !strings.Contains(c.to, "REQ-7F3K2Q") {
						t.Errorf("the notes do not name the request: %s", c.to)
					}
				}
			}
		})
		s.do(func() { w.answer(id, "ACCEPTED") })
		after(time.Minute)
		if f = s.facts(t, id); !strings.Contains(f.Expect, "accepted") && f.Joined.IsZero() {
			t.Errorf("accepted: %+v", f)
		}
		after(3 * time.Minute)
		if f = s.facts(t, id); f.Joined.IsZero() || f.Placed.IsZero() || !f.Baseline.IsZero() || f.BaselineLive != 0 || f.Total != 1 {
			t.Errorf("moved: %+v", f)
		}
		s.do(func() { w.live[baseline(id)] = time.Now().UTC() })
		s.engine.Wake()
		after(10 * time.Second)
		if f = s.facts(t, id); f.Baseline.IsZero() || f.BaselineLive != 1 {
			t.Errorf("done: %+v", f)
		}
		if i, m := w.effects("Invite", id), w.effects("Move", id); i != 1 || m != 1 {
			t.Errorf("%d invitations, %d moves", i, m)
		}
		if n := w.tries("Move", accountID(9)) + w.tries("Invite", accountID(9)); n != 0 {
			t.Errorf("%d writes for the standing account", n)
		}
	})
}

func TestAMemberIsMovedFromWhereItsPullRequestSaidItWas(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		at, from string
		moves    int
		stopped  string
	}{
		"from the root":                 {root, "", 1, ""},
		"from where it was":             {other, other, 1, ""},
		"already there":                 {target, other, 0, ""},
		"moved to the root by hand":     {root, other, 1, ""},
		"moved elsewhere by hand":       {"/Workloads", other, 0, "moved-by-hand"},
		"from where nobody said it was": {other, "", 0, "moved-by-hand"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				id := w.memberAccount(1, tc.at)
				w.asks[id] = onboard.Ask{Request: "REQ-7F3K2Q", From: tc.from, InForce: true}
				s := begun(t, w, changes)
				after(time.Minute)
				f := s.facts(t, id)
				if n := w.effects("Move", id); n != tc.moves || f.StoppedCode != tc.stopped || f.Placed.IsZero() != (tc.stopped != "") {
					t.Errorf("%d moves, %+v", n, f)
				}
				if !f.Joined.IsZero() || !f.Invited.IsZero() {
					t.Errorf("a member was said to join: %+v", f)
				}
				if tc.stopped == "" {
					return
				}
				if !strings.Contains(f.Stopped, tc.at) || !strings.Contains(f.Stopped, target) {
					t.Errorf("the stop names neither: %s", f.Stopped)
				}
				if said := strings.Contains(f.Stopped, "by hand meanwhile"); said != (tc.from != "") {
					t.Errorf("what somebody did is known only where it was said from where it is moved: %s", f.Stopped)
				}
				s.do(func() { w.accounts[id].ou = target }) // one of the two ways out
				after(6 * time.Minute)
				if f = s.facts(t, id); f.Stopped != "" || f.Placed.IsZero() {
					t.Errorf("after it was moved by hand to where it belongs: %+v", f)
				}
			})
		})
	}
}

func TestHowAnInvitationEnds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		end  func(w *world, id string)
		code string
	}{
		"declined":  {func(w *world, id string) { w.answer(id, "DECLINED") }, "invitation-declined"},
		"cancelled": {func(w *world, id string) { w.answer(id, "CANCELED") }, "invitation-canceled"},
		"expired":   {func(*world, string) {}, "invitation-expired"},
		"forgotten": {func(w *world, _ string) { w.shakes = nil }, "invitation-gone"},
		"accepted, and left while nobody looked": {func(w *world, id string) {
			w.answer(id, "ACCEPTED")
			w.accounts[id].joins = time.Time{}
		}, "never-a-member"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				id := w.outsideAccount(1)
				s := begun(t, w, slow)
				after(time.Hour)
				s.do(func() { tc.end(w, id) })
				after(16 * day)
				f := s.facts(t, id)
				if f.StoppedCode != tc.code || f.Occurrence == "" || f.Stopped == "" || !f.Retry {
					t.Fatalf("%+v", f)
				}
				after(40 * day) // AWS has forgotten it
				if again := s.facts(t, id); again.StoppedCode != tc.code || again.Occurrence != f.Occurrence {
					t.Errorf("40 days later: %+v", again)
				}
				if n := w.tries("Invite", id); n != 1 {
					t.Errorf("invited %d times without anybody's word", n)
				}
				if got := w.told(id); len(got) != 1 {
					t.Errorf("without a thread the operations channel is told once: %q", got)
				}
				if o, err := s.engine.Overview(t.Context()); err != nil || o.Stopped != 1 || o.HeldUp != 0 || o.States[onboard.Standing] != 1 {
					t.Errorf("overview: %+v, %v", o, err)
				}
				if err := s.engine.OnboardAgain(t.Context(), id, "3c1d9a70"); err != nil {
					t.Fatal(err)
				}
				if f = s.facts(t, id); f.Stopped != "" {
					t.Errorf("right after “Invite again”: %+v", f)
				}
				after(time.Hour)
				if f = s.facts(t, id); f.Stopped != "" || f.Invited.IsZero() || w.effects("Invite", id) != 2 {
					t.Errorf("invited again: %+v", f)
				}
				if err := s.engine.OnboardAgain(t.Context(), id, "3c1d9a70"); err == nil {
					t.Error("taken up again while an invitation is open")
				}
			})
		})
	}
}

func TestAnInvitationMadeByHandIsFollowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id, standing := w.outsideAccount(1), w.outsideAccount(2)
		w.memberAccount(9, target)
		w.commit(2, 2, 9)
		s := w.start(t, store.NewMemory(), changes)
		after(10 * time.Minute)
		if got := w.told(standing); len(got) != 1 || w.tries("Invite", standing) != 0 {
			t.Errorf("standing and outside: told %q", got)
		}
		s.do(func() { w.shake(id); w.shake(standing) })
		w.commit(2, 1, 2, 9)
		s.engine.Wake()
		after(5 * time.Minute)
		for _, x := range []string{id, standing} {
			if f := s.facts(t, x); f.Invited.IsZero() || f.Stopped != "" {
				t.Errorf("%s: %+v", x, f)
			}
			s.do(func() { w.answer(x, "ACCEPTED") })
		}
		after(10 * time.Minute)
		for _, x := range []string{id, standing} {
			if f := s.facts(t, x); f.Joined.IsZero() || f.Placed.IsZero() || w.tries("Invite", x) != 0 {
				t.Errorf("%s: %+v", x, f)
			}
		}
	})
}

func TestRefusedInvitations(t *testing.T) {
	t.Parallel()
	stops := map[string]string{
		"ALREADY_IN_AN_ORGANIZATION": "other-organization", "ACCOUNT_NUMBER_LIMIT_EXCEEDED": "account-limit", "PAYMENT_INSTRUMENT_REQUIRED": "invitation-refused",
		"ORGANIZATION_FROM_DIFFERENT_SELLER_OF_RECORD": "invitation-refused", "MANAGEMENT_ACCOUNT_EMAIL_NOT_VERIFIED": "invitation-refused",
		"AccountOwnerNotVerifiedException": "invitation-refused", "PAST_DUE_INVOICE": "invitation-refused", "TARGET_NOT_SUPPORTED": "invitation-refused", "SOMETHING_NEW": "invitation-refused",
	}
	waits := map[string]struct {
		code string
		d    time.Duration
	}{
		"HANDSHAKE_RATE_LIMIT_EXCEEDED": {"rate-limit", day}, "ORGANIZATION_MEMBERSHIP_CHANGE_RATE_LIMIT_EXCEEDED": {"rate-limit", day},
		"INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES": {"all-features", time.Hour}, "FinalizingOrganizationException": {"organization-busy", time.Hour},
		"DuplicateHandshakeException": {"invitation-elsewhere", 10 * time.Minute},
	}
	texts := map[string]string{}
	for reason, code := range stops {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			id := w.outsideAccount(1)
			w.faults = []scripted{{op: "Invite", err: refusal(reason)}}
			s := begun(t, w, slow)
			after(3 * day)
			f := s.facts(t, id)
			if f.StoppedCode != code || w.tries("Invite", id) != 1 || !f.Retry || !strings.Contains(f.Stopped, "“Invite again”") {
				t.Errorf("%s: %d tries, %+v", reason, w.tries("Invite", id), f)
			}
			if was := texts[f.Stopped]; was != "" && !strings.HasSuffix(was+reason, "NOT_VERIFIEDAccountOwnerNotVerifiedException") && !strings.HasPrefix(was, "Acc") {
				t.Errorf("%s and %s have one sentence", was, reason)
			}
			texts[f.Stopped] = reason
			if err := s.engine.OnboardAgain(t.Context(), id, "3c1d9a70"); err != nil {
				t.Fatal(err)
			}
			after(time.Hour)
			if f = s.facts(t, id); f.Invited.IsZero() {
				t.Errorf("%s, again: %+v", reason, f)
			}
		})
	}
	for reason, tc := range waits {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			id := w.outsideAccount(1)
			w.faults = []scripted{{op: "Invite", err: refusal(reason)}}
			s := begun(t, w, changes)
			after(tc.d - 2*time.Minute)
			if f := s.facts(t, id); f.TroubleCode != tc.code || f.Stopped != "" || w.tries("Invite", id) != 1 {
				t.Errorf("%s: %d tries, %+v", reason, w.tries("Invite", id), f)
			}
			after(3 * time.Minute)
			if f := s.facts(t, id); f.Invited.IsZero() || f.Trouble != "" {
				t.Errorf("%s, later: %+v", reason, f)
			}
		})
	}
}

// TestP2NothingIsWritten: what holds the writes back, and that it goes on once
// that is gone.
func TestP2NothingIsWrittenWhileItMayNotBe(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		set     func(w *world)
		opts    onboard.Options
		without []string
		phase   int
		code    string
		mend    func(w *world)
	}{
		"phase 1":              {phase: 1, opts: changes, code: "phase", mend: func(w *world) { w.commit(2, 1, 2, 9) }},
		"no role":              {opts: changes, without: []string{"role"}, code: "no-management-role"},
		"changes are off":      {code: "changes-off"},
		"consolidated billing": {set: func(w *world) { w.features = access.ConsolidatedBilling }, opts: changes, code: "all-features", mend: func(w *world) { w.do(func() { w.features = access.AllFeatures }) }},
		"the list is denied": {set: func(w *world) {
			for range 100 {
				w.faults = append(w.faults, scripted{op: "ListHandshakes", err: errDenied})
			}
		}, opts: changes, code: "invitations-unread", mend: func(w *world) { w.do(func() { w.faults = nil }) }},
		"no such OU": {set: func(w *world) { w.ous = []string{root, other} }, opts: changes, code: "ou-missing", mend: func(w *world) { w.do(func() { w.ous = append(w.ous, target) }) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				if tc.set != nil {
					tc.set(w)
				}
				out, in := w.outsideAccount(1), w.memberAccount(2, root)
				w.commit(2)
				s := w.start(t, store.NewMemory(), tc.opts, tc.without...)
				after(time.Minute)
				if tc.phase == 1 {
					w.commit(1, 1, 2)
				} else {
					w.commit(2, 1, 2)
				}
				s.engine.Wake()
				after(30 * time.Minute)
				held, id := s.facts(t, out), out
				if tc.code == "ou-missing" {
					held, id = s.facts(t, in), in
				}
				if held.StoppedCode+held.TroubleCode != tc.code {
					t.Errorf("%+v", held)
				}
				if n := w.tries("Invite", out); n != 0 && tc.code != "ou-missing" {
					t.Errorf("invited %d times", n)
				}
				if n := w.tries("Move", in); n != 0 && tc.code != "phase" && tc.code != "invitations-unread" {
					t.Errorf("moved %d times", n)
				}
				if tc.mend == nil {
					return
				}
				tc.mend(w)
				s.engine.Wake()
				after(10 * time.Minute)
				if f := s.facts(t, id); f.StoppedCode+f.TroubleCode != "" || f.Invited.IsZero() && f.Placed.IsZero() {
					t.Errorf("once that is gone: %+v", f)
				}
			})
		})
	}
}

func TestT34TheManagementAccountIsNeverTouched(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.commit(2)
		s := w.start(t, store.NewMemory(), changes)
		after(time.Minute)
		w.commit(2, 1)
		w.do(func() { w.force.Repo.Accounts["account-1"].ID = management; w.force.Repo.Access.ManagementAccount = "" })
		s.engine.Wake()
		after(time.Hour)
		if f := s.facts(t, management); f.StoppedCode != "management-account" || f.Retry || w.tries("Move", management)+w.tries("Invite", management) != 0 {
			t.Errorf("%+v", f)
		}
		if err := s.engine.OnboardAgain(t.Context(), management, "3c1d9a70"); err == nil {
			t.Error("taken up again")
		}
	})
}

func TestStatesOfTheAccountItself(t *testing.T) {
	t.Parallel()
	for state, code := range map[string]string{"PENDING_ACTIVATION": "account-pending", "SUSPENDED": "account-suspended", "PENDING_CLOSURE": "account-closed", "CLOSED": "account-closed", "FROZEN": "account-state"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				id := w.memberAccount(1, root)
				w.accounts[id].state = state
				s := begun(t, w, changes)
				after(time.Hour)
				if f := s.facts(t, id); f.StoppedCode+f.TroubleCode != code || w.tries("Move", id) != 0 || f.Retry || strings.Contains(f.Stopped, "Invite again") {
					t.Errorf("%+v", f)
				}
				s.do(func() { w.accounts[id].state = "ACTIVE" })
				after(10 * time.Minute)
				if f := s.facts(t, id); f.Placed.IsZero() || f.Stopped != "" {
					t.Errorf("active again: %+v", f)
				}
			})
		})
	}
}

// TestAnAccountIsSuspendedBeforeItsBaseline: it is in its OU, and nothing is set
// up in it until it is ACTIVE again, so it is not said to follow.
func TestAnAccountIsSuspendedBeforeItsBaseline(t *testing.T) {
	t.Parallel()
	for state, code := range map[string]string{"SUSPENDED": "account-suspended", "PENDING_CLOSURE": "account-closed"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				id := w.memberAccount(1, root)
				s := begun(t, w, changes)
				after(10 * time.Minute)
				placed := s.facts(t, id).Placed
				if placed.IsZero() {
					t.Fatalf("not in its place: %+v", s.facts(t, id))
				}
				s.do(func() { w.accounts[id].state = state })
				after(10 * time.Minute)
				if f := s.facts(t, id); f.StoppedCode != code || f.Retry || !f.Placed.Equal(placed) || f.Expect != "" {
					t.Errorf("%+v", f)
				}
				s.do(func() { w.accounts[id].state = "ACTIVE" })
				after(10 * time.Minute)
				if f := s.facts(t, id); f.Stopped != "" || !strings.Contains(f.Expect, "0 of 1 baseline") || w.tries("Move", id) != 1 {
					t.Errorf("active again: %+v", f)
				}
				s.do(func() { w.live[baseline(id)], w.accounts[id].state = time.Now().UTC(), state })
				after(10 * time.Minute)
				if f := s.facts(t, id); f.Baseline.IsZero() || f.Stopped != "" {
					t.Errorf("done: %+v", f)
				}
			})
		})
	}
}

func TestAnAccountThatLeftIsNotInvitedAgainByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.memberAccount(1, root)
		s := begun(t, w, slow)
		s.do(func() { w.live[baseline(id)] = time.Now().UTC() })
		after(2 * time.Hour)
		for _, x := range []string{id, accountID(9)} { // onboarded, and standing
			s.do(func() { w.accounts[x].member = false })
			after(day)
			if f := s.facts(t, x); f.StoppedCode != "left-organization" || w.tries("Invite", x) != 0 {
				t.Errorf("%s: %+v", x, f)
			}
			if got := w.told("not a member of the organization any more"); len(got) != 1 && x == id || len(got) != 2 && x != id {
				t.Errorf("told %q", got)
			}
		}
		s.do(func() { a := w.accounts[accountID(9)]; a.member, a.ou = true, root })
		after(2 * time.Hour)
		if f := s.facts(t, accountID(9)); f.Stopped != "" || w.tries("Move", accountID(9)) != 0 {
			t.Errorf("back again, and standing: %+v", f)
		}
		if err := s.engine.OnboardAgain(t.Context(), id, "3c1d9a70"); err != nil {
			t.Fatal(err)
		}
		after(time.Hour)
		if f := s.facts(t, id); f.Invited.IsZero() || f.Stopped != "" || !f.Placed.IsZero() {
			t.Errorf("taken up again: %+v", f)
		}
	})
}

func TestRemindersComeOnTheirDaysAndNeverTwiceADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.outsideAccount(1)
		s := begun(t, w, slow)
		after(10 * time.Minute)
		invited := s.facts(t, id).Invited
		var at []time.Duration
		last := ""
		note := func() {
			if f := s.facts(t, id); f.Reminder != last && f.Reminder != "" {
				last = f.Reminder
				at = append(at, time.Since(invited).Truncate(time.Hour))
			}
		}
		for time.Since(invited) < 5*day {
			after(30 * time.Minute)
			note()
		}
		s.stop() // and the bot is down for a week
		time.Sleep(7*day + 6*time.Hour)
		s = w.start(t, s.db, slow)
		for time.Since(invited) < 14*day {
			after(30 * time.Minute)
			note()
		}
		want := []time.Duration{day, 3 * day, 12*day + 6*time.Hour}
		if len(at) != len(want) {
			t.Fatalf("reminded after %v, want %v", at, want)
		}
		for i := range want {
			if d := at[i] - want[i]; d < 0 || d > time.Hour {
				t.Errorf("reminded after %v, want %v", at, want)
			}
		}
	})
}

func TestFilesThatGoAndCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id := w.outsideAccount(1)
		s := begun(t, w, changes)
		after(time.Minute)
		w.commit(2, 9)
		s.engine.Wake()
		after(time.Minute)
		if f, err := s.engine.OnboardFacts(t.Context(), id); f != nil || err != nil {
			t.Errorf("its file is gone: %+v, %v", f, err)
		}
		if got := w.told("stays open until"); len(got) != 1 || !strings.Contains(got[0], id) || !strings.Contains(got[0], "AWS Organizations > Invitations") {
			t.Errorf("of the invitation that stays open is told %q", got)
		}
		w.commit(2, 1, 9)
		s.engine.Wake()
		after(time.Minute)
		if f := s.facts(t, id); f.Invited.IsZero() || w.tries("Invite", id) != 1 {
			t.Errorf("added again, with its invitation still open: %+v", f)
		}
	})
}

// TestARequestIsNotForgottenWithTheState: what is under way when the first
// config is seen is no standing account.
func TestARequestIsNotForgottenWithTheState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id, standing := w.outsideAccount(1), w.outsideAccount(2)
		w.asks[id] = onboard.Ask{Request: "REQ-7F3K2Q", InForce: true}
		w.commit(2, 1, 2)
		s := w.start(t, store.NewMemory(), changes)
		after(time.Minute)
		if f := s.facts(t, id); f.Invited.IsZero() || w.tries("Invite", standing) != 0 {
			t.Errorf("%+v", f)
		}
	})
}

// TestAFileWaitsForTheRequestThatBroughtIt: the config in force may have it a
// moment before the request is known to be in force; and a request that is only
// open approves nothing.
func TestAFileWaitsForTheRequestThatBroughtIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		id, unasked := w.memberAccount(1, other), w.memberAccount(2, other)
		w.asks[id] = onboard.Ask{Request: "REQ-7F3K2Q", From: other}
		w.asks[unasked] = onboard.Ask{Request: "REQ-7F3K2R", From: other}
		w.memberAccount(9, target)
		w.commit(2, 9)
		s := w.start(t, store.NewMemory(), changes)
		after(time.Minute)
		w.commit(2, 1, 2, 9)
		s.engine.Wake()
		after(20 * time.Second)
		for _, x := range []string{id, unasked} {
			if f := s.facts(t, x); f.Stopped != "" || w.tries("Move", x) != 0 {
				t.Errorf("%s: %+v", x, f)
			}
		}
		s.do(func() { w.asks[id] = onboard.Ask{Request: "REQ-7F3K2Q", From: other, InForce: true} })
		after(2 * time.Minute)
		if f := s.facts(t, id); f.Placed.IsZero() || w.effects("Move", id) != 1 {
			t.Errorf("%+v", f)
		}
		if f := s.facts(t, unasked); f.StoppedCode != "moved-by-hand" || w.tries("Move", unasked) != 0 {
			t.Errorf("%+v", f)
		}
	})
}
