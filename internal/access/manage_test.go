package access_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"

	"github.com/google/go-cmp/cmp"
)

func TestCancelClosesThePullRequestOfAnOwnRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.ask(good("k1")).Request
	var no *access.Refusal
	if _, err := w.service.Cancel(t.Context(), person(hana), r.ID); err == nil || errors.As(err, &no) || len(w.pulls.withdrawn) != 0 {
		t.Errorf("while it is being made: %v, want an error that is worth another try", err)
	}
	r = w.moved(r, access.StateProposed)
	w.pulls.withdraw = errDown
	if _, err := w.service.Cancel(t.Context(), person(hana), r.ID); !errors.Is(err, errDown) {
		t.Errorf("got %v, want the fault", err)
	}
	w.pulls.withdraw = nil
	got, err := w.service.Cancel(t.Context(), person(hana), r.ID)
	if err != nil || got.ID != r.ID || w.pulls.withdrawn[1] != r.ID {
		t.Errorf("got %s, %v; withdrawn %v", got.ID, err, w.pulls.withdrawn)
	}
}

// TestWhatWasCancelledIsInNobodysWay: who was told that it is cancelled asks for
// the same at once, before the bot has seen its closed pull request.
func TestWhatWasCancelledIsInNobodysWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.moved(w.ask(good("k1")).Request, access.StateProposed)
	if _, err := w.service.Cancel(t.Context(), person(hana), r.ID); err != nil {
		t.Fatal(err)
	}
	again := w.ask(good("k2")).Request
	if again.ID == r.ID {
		t.Error("joined what was cancelled")
	}
	joined := good("k3")
	joined.Asker = asker(yuki)
	if got := w.ask(joined).Request; got.ID != again.ID {
		t.Errorf("joined %s, want %s", got.ID, again.ID)
	}
	// A merge a moment before is seen after all: then the first one goes on.
	w.moved(w.get(r.ID), access.StateMerged)
	w.moved(w.get(again.ID), access.StateClosed)
	late := good("k4")
	late.Asker = asker(yuki)
	if got := w.ask(late).Request; got.ID != r.ID {
		t.Errorf("asked anew as %s, want to have joined %s, which was merged", got.ID, r.ID)
	}
}

// TestCancelRefusesWhatWasMergedAMomentBefore: it is not given up then.
func TestCancelRefusesWhatWasMergedAMomentBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.moved(w.ask(good("k1")).Request, access.StateProposed)
	w.pulls.withdraw = &access.Refusal{Message: "merged already"}
	_, err := w.service.Cancel(t.Context(), person(hana), r.ID)
	refused(t, err, "")
	if w.get(r.ID).GivenUp() {
		t.Error("it counts as given up")
	}
}

func TestCancelRefusesWhatIsDecided(t *testing.T) {
	t.Parallel()
	for _, s := range []access.State{access.StateMerged, access.StateVerified, access.StateHalted, access.StateLive, access.StateEnding, access.StateEnded, access.StateClosed} {
		w := newWorld(t)
		r := w.moved(w.ask(good("k1")).Request, s)
		_, err := w.service.Cancel(t.Context(), person(hana), r.ID)
		no := refused(t, err, "")
		mend := s == access.StateLive || s == access.StateVerified
		if got := strings.Contains(no.Mend, "revoke"); got != mend {
			t.Errorf("%s: mend %q", s, no.Mend)
		}
		if len(w.pulls.withdrawn) != 0 {
			t.Errorf("%s: withdrawn", s)
		}
	}
}

// TestT44UnknownAndForbiddenAreAnsweredAlike: ids cannot be probed.
func TestT44UnknownAndForbiddenAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	real := w.moved(w.ask(good("k1")).Request, access.StateProposed).ID
	const unknown = access.ID("REQ-ZZZZZZ")
	stranger := newcomer
	acts := map[string]func(access.ID) error{
		"cancel": func(id access.ID) error { _, err := w.service.Cancel(t.Context(), person(stranger), id); return err },
		"show":   func(id access.ID) error { _, err := w.service.Show(t.Context(), person(stranger), id); return err },
		"revoke": func(id access.ID) error {
			_, err := w.service.Revoke(t.Context(), access.Removal{Key: "k", Asker: asker(stranger), Request: id})
			return err
		},
	}
	for name, act := range acts {
		yes, no := refused(t, act(real), ""), refused(t, act(unknown), "")
		yes.Message = strings.ReplaceAll(yes.Message, string(real), string(unknown))
		if d := cmp.Diff(no, yes); d != "" {
			t.Errorf("%s tells a request of somebody else from none (-none +theirs):\n%s", name, d)
		}
	}
	if len(w.pulls.withdrawn) != 0 {
		t.Error("a stranger closed a pull request")
	}
}

func TestWhoMaySeeAndRevoke(t *testing.T) {
	t.Parallel()
	const member, owner, platform, stranger = "3c1d9a70-0000-4000-8000-0000000000b1", yuki, ken, newcomer
	tests := []struct {
		name         string
		who          string
		show, revoke bool
	}{
		{"the asker", hana, true, true},
		{"a person who has it", member, true, true},
		{"an owner", owner, true, true},
		{"control plane by e-mail sees all and revokes nothing", platform, true, false},
		{"somebody else", stranger, false, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.dir.members[payDev] = []string{member}
			w.commits.force.Repo = controlledBy(t, "ken@example.com")
			r := w.moved(w.ask(good("k1")).Request, access.StateLive)
			if _, err := w.service.Show(t.Context(), person(tc.who), r.ID); (err == nil) != tc.show {
				t.Errorf("show: %v", err)
			}
			if _, err := w.service.Revoke(t.Context(), access.Removal{Key: "k", Asker: asker(tc.who), Request: r.ID}); (err == nil) != tc.revoke {
				t.Errorf("revoke: %v", err)
			}
		})
	}
}

// TestTeamsOwnAndControl: a team in the config repo is a GitHub team by its
// number, and who is in it goes by the numeric GitHub id of people.yaml.
func TestTeamsOwnAndControl(t *testing.T) {
	t.Parallel()
	// payments-prod is owned by Yuki and team:payments-leads; the control plane
	// is team:platform.
	const taro = "3c1d9a70-0000-4000-8000-000000000025"
	inTeam := func(id int64, members ...int64) access.TeamReader {
		return teams{members: map[int64][]int64{id: members}}
	}
	tests := []struct {
		name                   string
		who                    string
		teams                  access.TeamReader
		show, revoke, controls bool
	}{
		{"a member of the owning team", taro, inTeam(1234569, 1005), true, true, false},
		{"a member of the control plane", ken, inTeam(1234568, 1003), true, false, true},
		{"somebody of another team", taro, inTeam(1234567, 1005), false, false, false},
		{"somebody who is not linked", newcomer, inTeam(1234569, 0, 1005), false, false, false},
		{"a team that cannot be read", taro, teams{err: errDown}, false, false, false},
		{"where nobody reads teams", ken, nil, false, false, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.dir.members[payDev] = nil
			a := good("k1")
			a.Account, a.PermissionSet = "payments-prod", "ReadOnlyAccess"
			a.Group = "aws-payments-oncall"
			r := w.moved(w.ask(a).Request, access.StateLive)
			w.service.Teams = tc.teams
			if _, err := w.service.Show(t.Context(), person(tc.who), r.ID); (err == nil) != tc.show {
				t.Errorf("show: %v", err)
			}
			if _, err := w.service.Revoke(t.Context(), access.Removal{Key: "k", Asker: asker(tc.who), Request: r.ID}); (err == nil) != tc.revoke {
				t.Errorf("revoke: %v", err)
			}
			if got := w.service.Controls(t.Context(), person(tc.who)); got != tc.controls {
				t.Errorf("controls: %v", got)
			}
		})
	}
}

func TestADirectoryThatIsDownIsNoAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.moved(w.ask(good("k1")).Request, access.StateLive)
	w.dir.err = errDown
	if _, err := w.service.Show(t.Context(), person(newcomer), r.ID); !errors.Is(err, errDown) {
		t.Errorf("got %v, want the fault: a member would be told that there is no such request", err)
	}
	w.commits.err = errDown
	if _, err := w.service.Show(t.Context(), person(newcomer), r.ID); !errors.Is(err, errDown) {
		t.Errorf("got %v, want the fault", err)
	}
	if _, err := w.service.Show(t.Context(), person(hana), r.ID); err != nil {
		t.Errorf("one's own: %v", err)
	}
}

func TestRevokeAsksForTheRemovalOfWhatWasGranted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.moved(w.ask(good("k1")).Request, access.StateLive)
	w.now = morning.Add(time.Hour)
	rm := access.Removal{Key: "k2", Asker: asker(yuki), Request: r.ID, Channel: "C0AWS", Origin: "C0GEN"}
	got, err := w.service.Revoke(t.Context(), rm)
	if err != nil {
		t.Fatal(err)
	}
	want := r.Want
	want.Revokes, want.Reason = r.ID, "revokes "+string(r.ID)
	if d := cmp.Diff(access.Request{
		ID: got.Request.ID, Key: "k2", Kind: access.KindRevoke, State: access.StateAsked, Version: 1, Asker: asker(yuki), Want: want,
		Channel: "C0AWS", Origin: "C0GEN", Times: map[access.Stage]time.Time{access.StageAsked: w.now},
	}, w.get(got.Request.ID)); d != "" {
		t.Errorf("stored (-want +got):\n%s", d)
	}
	// The same delivery again, also once there would be nothing to revoke.
	w.moved(r, access.StateEnded)
	again, err := w.service.Revoke(t.Context(), rm)
	if err != nil || !again.Repeated || again.Request.ID != got.Request.ID {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestRevokeRefusesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.ask(good("k1")).Request
	revoke := func(key string, id access.ID) error {
		_, err := w.service.Revoke(t.Context(), access.Removal{Key: key, Asker: asker(hana), Request: id})
		return err
	}
	refused(t, revoke("k2", r.ID), "") // asked
	r = w.moved(r, access.StateLive)
	if err := revoke("k3", r.ID); err != nil {
		t.Fatal(err)
	}
	if no := refused(t, revoke("k4", r.ID), ""); !strings.Contains(no.Message, "already") {
		t.Errorf("a second removal: %q", no.Message)
	}
	removal, err := w.requests.ByKey(t.Context(), "k3")
	if err != nil {
		t.Fatal(err)
	}
	refused(t, revoke("k5", removal.ID), "") // a removal grants nothing
	w.moved(removal, access.StateClosed)
	if err := revoke("k6", r.ID); err != nil {
		t.Errorf("after the first was closed: %v", err)
	}
}

// TestT43RemovalsHaveADailyNumberOfTheirOwn: open requests keep nobody from
// giving access up, and giving it up is no way to flood the repo either.
func TestT43RemovalsHaveADailyNumberOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.moved(w.ask(good("k")).Request, access.StateLive)
	for i := range 5 {
		w.ask(other(i + 1))
	}
	revoke := func(key string) (access.Asked, error) {
		return w.service.Revoke(t.Context(), access.Removal{Key: key, Asker: asker(hana), Request: r.ID})
	}
	for i := range 20 {
		got, err := revoke("r" + string(rune('a'+i)))
		if err != nil {
			t.Fatal(err)
		}
		w.moved(got.Request, access.StateClosed)
	}
	_, err := revoke("r21")
	refused(t, err, "")
}

func TestMineAreOnesOwnNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []access.ID
	for i := range 4 {
		a := other(i)
		if i == 1 {
			a.Asker = asker(yuki)
		}
		w.now = w.now.Add(time.Minute)
		if r := w.ask(a).Request; i >= 2 {
			want = append([]access.ID{r.ID}, want...)
		}
	}
	mine, err := w.service.Mine(t.Context(), person(hana), 2)
	if err != nil {
		t.Fatal(err)
	}
	var got []access.ID
	for _, r := range mine {
		got = append(got, r.ID)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
