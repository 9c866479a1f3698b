package access_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// liveGrant is Hana's request of four hours, merged in the morning and live,
// whose line is in the config in force.
func (w *world) liveGrant() access.Request {
	w.t.Helper()
	r := w.moved(w.ask(good("k1")).Request, access.StateLive)
	w.grantedNow("duration: 4h, reason: x, request: " + string(r.ID))
	return r
}

// grantedNow puts grants of PowerUserAccess in payments-dev in force.
func (w *world) grantedNow(entries ...string) {
	w.t.Helper()
	repo := granted(w.t, entries...)
	w.commits.force = access.InForce{Commit: "c1", Repo: repo, Starts: started(repo, morning)}
}

func (w *world) extend(key, entra string, id access.ID, length time.Duration) (access.Asked, error) {
	return w.service.Extend(w.t.Context(), access.Extension{Key: key, Asker: asker(entra), Request: id, Term: config.Term{For: length}, Channel: "C0AWS"})
}

// TestExtendAsksForTheSameOnceMore: a request of its own, which says what it
// extends, for the same access and by the same reason.
func TestExtendAsksForTheSameOnceMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	had := w.liveGrant()
	w.now = morning.Add(3 * time.Hour)
	got, err := w.extend("k2", hana, had.ID, 4*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	r := w.get(got.Request.ID)
	if r.ID == had.ID || r.Kind != access.KindGrant || r.State != access.StateAsked || r.Want.Extends != had.ID {
		t.Errorf("%s is a %s, %s, and extends %q", r.ID, r.Kind, r.State, r.Want.Extends)
	}
	if r.Want.Assignment() != had.Want.Assignment() || r.Want.Term != (config.Term{For: 4 * time.Hour}) || r.Want.Reason != had.Want.Reason {
		t.Errorf("it wants %+v", r.Want)
	}
	again, err := w.extend("k2", hana, had.ID, 4*time.Hour)
	if err != nil || !again.Repeated || again.Request.ID != r.ID {
		t.Errorf("the same delivery once more: %+v, %v", again, err)
	}
	no := refused(t, second(w.extend("k3", hana, had.ID, 4*time.Hour)), "group")
	if !strings.Contains(no.Message, string(r.ID)) {
		t.Errorf("a second extension while one is open: %q", no.Message)
	}
	mine, err := w.extend("k4", yuki, had.ID, 4*time.Hour)
	if err != nil || !mine.Joined || mine.Request.ID != r.ID {
		t.Errorf("another member of the group: %+v, %v; want that he joins", mine, err)
	}
}

func second(_ access.Asked, err error) error { return err }

// TestExtendIsHeldToTheRule: its length counts from its own merge, and is held
// to max_duration as that of any request.
func TestExtendIsHeldToTheRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := good("k1")
	a.Group, a.Account, a.PermissionSet, a.Term = "aws-payments-dev", "payments-prod", "AdministratorAccess", &config.Term{For: 8 * time.Hour}
	had := w.moved(w.ask(a).Request, access.StateLive)
	text := "id: " + payDev + "\nname: aws-payments-dev\nowners: [yuki@example.com]\naccess:\n  - {account: payments-prod, permission_set: AdministratorAccess, duration: 8h, reason: x, request: " + string(had.ID) + "}\n"
	repo := exampleRepo(t, map[string]string{"groups/aws-payments-dev.yaml": text})
	w.commits.force = access.InForce{Repo: repo, Starts: started(repo, morning)}

	w.now = morning.Add(7 * time.Hour)
	no := refused(t, second(w.extend("k2", hana, had.ID, 9*time.Hour)), "duration")
	if !strings.Contains(no.Error(), "8h") || !strings.Contains(no.Mend, "from its own merge") {
		t.Errorf("over max_duration: %q; want what is possible", no.Error())
	}
	if got, err := w.extend("k3", hana, had.ID, 8*time.Hour); err != nil || got.Request.Want.Extends != had.ID {
		t.Errorf("as long as the rule allows, though fifteen hours after the first merge: %v", err)
	}
}

// TestExtendRefuses what has no end to be put off, and who does not have it.
func TestExtendRefuses(t *testing.T) {
	t.Parallel()
	const member = "3c1d9a70-0000-4000-8000-0000000000b1"
	tests := map[string]struct {
		prepare func(w *world, r access.Request)
		by      string
		length  time.Duration
		field   string
		says    string
	}{
		"somebody else's":                  {by: newcomer, says: "no request"},
		"an owner who is not in the group": {by: yuki, prepare: func(w *world, _ access.Request) { w.dir.members[payDev] = []string{hana} }, says: "Only who asked"},
		"one that is still being set up":   {prepare: func(w *world, r access.Request) { w.moved(w.get(r.ID), access.StateVerified) }, says: "being set up"},
		"one that was never merged":        {prepare: func(w *world, r access.Request) { w.moved(w.get(r.ID), access.StateClosed) }, says: "is closed"},
		"one that has ended":               {prepare: func(w *world, r access.Request) { w.moved(w.get(r.ID), access.StateEnded) }, says: "has ended"},
		"one whose end passed just now":    {prepare: func(w *world, _ access.Request) { w.now = morning.Add(4 * time.Hour) }, says: "has ended"},
		"one whose line is gone":           {prepare: func(w *world, _ access.Request) { w.grantedNow() }, says: "has ended"},
		"one that lasts longer already":    {length: time.Hour, field: "duration", says: "already, until"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.dir.members[payDev] = []string{hana, member}
			r := w.liveGrant()
			w.now = morning.Add(time.Hour)
			if tc.prepare != nil {
				tc.prepare(w, r)
			}
			if tc.by == "" {
				tc.by = member
			}
			if tc.length == 0 {
				tc.length = 4 * time.Hour
			}
			no := refused(t, second(w.extend("k2", tc.by, r.ID, tc.length)), tc.field)
			if !strings.Contains(no.Error(), tc.says) || no.Mend == "" {
				t.Errorf("%q and %q; want %q and a mend", no.Message, no.Mend, tc.says)
			}
		})
	}
}

// TestExtendRefusesAStandingGrant, also one that another line makes standing.
func TestExtendRefusesAStandingGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.liveGrant()
	w.grantedNow("duration: 4h, reason: x, request: "+string(r.ID), "reason: for good")
	if no := refused(t, second(w.extend("k2", hana, r.ID, 4*time.Hour)), "permission_set"); !strings.Contains(no.Message, "no end") {
		t.Errorf("beside a standing line: %q", no.Message)
	}
	r.Want.Term = config.Term{Standing: true}
	w.moved(r, access.StateLive)
	if no := refused(t, second(w.extend("k3", hana, r.ID, 4*time.Hour)), ""); !strings.Contains(no.Message, "without an end") {
		t.Errorf("a standing request: %q", no.Message)
	}
}

// TestAnEndedRequestNamesTheOneThatGoesOn, which can be extended.
func TestAnEndedRequestNamesTheOneThatGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.liveGrant()
	w.now = morning.Add(3 * time.Hour)
	next, err := w.extend("k2", hana, first.ID, 4*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	w.moved(next.Request, access.StateLive)
	w.moved(first, access.StateEnded)
	if no := refused(t, second(w.extend("k3", hana, first.ID, 4*time.Hour)), ""); !strings.Contains(no.Mend, string(next.Request.ID)) {
		t.Errorf("mend %q does not name %s", no.Mend, next.Request.ID)
	}
}
