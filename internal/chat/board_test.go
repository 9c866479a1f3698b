package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// exampleBoard is the board of the example in phase 2, with something at each
// step.
func exampleBoard(t *testing.T) access.Board {
	t.Helper()
	repo, err := plainExample()
	if err != nil {
		t.Fatal(err)
	}
	grown := *repo
	grown.Access.Phase = config.Grow
	day := 24 * time.Hour
	v := &access.EstateView{At: t0, Features: access.AllFeatures, IAM: map[string]access.IAMUsers{
		"333344441111": {At: t0, Total: 6, UsedThisWeek: 2}, "111122223333": {At: t0}, "333344442222": {Trouble: "The role aws-access-iam-read cannot be assumed."},
	}}
	for _, a := range repo.Accounts {
		if a.Slug != "sandbox-play" && a.Slug != "orders-dev" {
			v.Members = append(v.Members, access.EstateAccount{ID: a.ID, Name: a.Name, Member: true, State: "ACTIVE", OU: a.OU})
		}
	}
	v.Members = append(v.Members, access.EstateAccount{ID: "777788889999", Name: "made *elsewhere*", Member: true, State: "ACTIVE", OU: "/", Joined: t0.Add(-3 * day)})
	for i, state := range []string{"SUSPENDED", "PENDING_CLOSURE", "PENDING_ACTIVATION"} {
		v.Members = append(v.Members, access.EstateAccount{ID: fmt.Sprint("77778888000", i), Name: "is " + state, Member: true, State: state, OU: "/"})
	}
	v.Handshakes = []access.Handshake{{ID: "h-1", Account: "222233336666", Action: access.ActionInvite, State: "OPEN", Asked: t0.Add(-2 * day), Expires: t0.Add(13 * day)}}
	facts := map[string]*access.OnboardFacts{
		"222233336666": {Listed: true, Invited: t0.Add(-2 * day), Expect: "Waiting for its owner to accept:\nopen AWS Organizations > Invitations."},
		"111122227777": {Listed: true, Invited: t0.Add(-20 * day), Stopped: "The invitation expired.", StoppedCode: "expired"},
		"111122226666": {Listed: true, Joined: t0.Add(-day), Expect: "It is moved to its OU."},
		"222233335555": {Listed: true, Placed: t0.Add(-time.Hour), Total: 1, Expect: "The baseline is being set up."},
	}
	return access.NewBoard(access.InForce{Commit: "0123456789abcdef", Repo: &grown}, access.Live{View: v, Undeclared: 2, Counted: true, Onboarding: facts}, t0)
}

// TestOnlyWhatCanBeOnboardedHasAButton: not what AWS has suspended or closed, and
// nothing while the organization shares only its bill.
func TestOnlyWhatCanBeOnboardedHasAButton(t *testing.T) {
	t.Parallel()
	buttons := func(m chat.Message) (of []string) {
		for _, b := range m.Blocks {
			if list, ok := b.(chat.Buttons); ok && list[0].Action == chat.ActionOnboard {
				of = append(of, list[0].Value)
			}
		}
		return of
	}
	if got := buttons(chat.BoardMessage(exampleBoard(t), false)); !slices.Equal(got, []string{"777788889999"}) {
		t.Errorf("buttons for %v", got)
	}
	repo, err := plainExample()
	if err != nil {
		t.Fatal(err)
	}
	v := &access.EstateView{At: t0, Features: access.ConsolidatedBilling, Members: []access.EstateAccount{{ID: "777788889999", Name: "made elsewhere", Member: true, State: "ACTIVE", OU: "/"}}}
	b := access.NewBoard(access.InForce{Repo: repo}, access.Live{View: v}, t0)
	if got := buttons(chat.BoardMessage(b, false)); b.Steps[access.BoardWaiting] != 1 || len(got) != 0 {
		t.Errorf("while only the bill is shared: buttons for %v", got)
	}
}

// TestWhatPhaseOneIgnoresWaitsForNothing: and what is closed stands in no list.
func TestWhatPhaseOneIgnoresWaitsForNothing(t *testing.T) {
	t.Parallel()
	repo, err := plainExample()
	if err != nil {
		t.Fatal(err)
	}
	v := &access.EstateView{At: t0, Features: access.AllFeatures, Members: []access.EstateAccount{
		{ID: "777788889999", Name: "elsewhere", Member: true, State: "ACTIVE", OU: "/"}, {ID: "777788880000", Name: "over", Member: true, State: "CLOSED", OU: "/"}}}
	for phase, want := range map[config.Phase]string{config.Pilot: "Without a file, ignored in this phase: 1", config.Grow: "Waiting for onboarding: 1"} {
		in := *repo
		in.Access.Phase = phase
		b := access.NewBoard(access.InForce{Repo: &in}, access.Live{View: v}, t0)
		text := write(chat.BoardMessage(b, false))
		if !strings.Contains(text, want) || strings.Contains(text, "over") || phase == config.Pilot && strings.Contains(text, "Waiting for onboarding") {
			t.Errorf("%s:\n%s", phase, text)
		}
	}
}

// TestGoldenBoard: as the control plane sees it, as others do, with old access
// that was taken away, before the first look, and while the organization shares only its bill.
func TestGoldenBoard(t *testing.T) {
	t.Parallel()
	b := exampleBoard(t)
	repo, err := plainExample()
	if err != nil {
		t.Fatal(err)
	}
	b.Accounts[len(b.Accounts)-1].ConfirmBy, b.Accounts[len(b.Accounts)-1].Cutover = t0.Add(30*time.Minute), "Waiting for confirmation."
	b.Accounts[len(b.Accounts)-2].Cutover = "2 of what was taken away was put back, since nobody confirmed, and waits for a decision: `/aws-access drift`."
	early := access.NewBoard(access.InForce{Repo: repo}, access.Live{Trouble: "AWS does not answer."}, t0)
	billing := early
	billing.Looked, billing.Features, billing.Trouble = t0, access.ConsolidatedBilling, ""
	billing.Handshakes = []access.BoardHandshake{{ID: "h-2", Account: "crm-legacy (333344441111)", Action: "ENABLE_ALL_FEATURES", Expires: t0.Add(90 * 24 * time.Hour)}}
	billing.Handshakes = append(billing.Handshakes, access.BoardHandshake{ID: "h-3", Account: "the management account", Action: "ENABLE_ALL_FEATURES", Expires: t0.Add(90 * 24 * time.Hour), Finishes: true})
	golden(t, "board", fmt.Sprintf("== control plane\n%s\n== others\n%s\n== not looked at yet\n%s\n== consolidated billing\n%s",
		write(chat.BoardMessage(b, true)), write(chat.BoardMessage(b, false)), write(chat.BoardMessage(early, true)), write(chat.BoardMessage(billing, false))))
}

// phaseWay is a request for phase 2 on its way in a state.
func phaseWay(s access.State) access.Request {
	r := way(access.KindPhase, s)
	r.Want = access.Want{Phase: config.Grow}
	if s == access.StateDone {
		r.Times[access.StageMerged], r.Times[access.StageVerified] = t0.Add(time.Minute), t0.Add(2*time.Minute)
	}
	return r
}

func TestGoldenPhase(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, s := range []access.State{
		access.StateAsked, access.StateProposed, access.StateMerged, access.StateHalted, access.StateVerified, access.StateDone,
		access.StateClosed, access.StateRefused, access.StateUndone,
	} {
		fmt.Fprintf(&b, "== %s\n%s\n", s, write(chat.Card(phaseWay(s), office8h())))
	}
	for _, n := range []access.NoticeKind{access.NoticeMerged, access.NoticeDone, access.NoticeClosed, access.NoticeUndone} {
		fmt.Fprintf(&b, "== reply: %s\n%s\n", n, write(chat.Reply(access.Notice{Kind: n}, phaseWay(access.StateDone), office8h())))
	}
	golden(t, "phase", b.String())
}

// TestThePlaneOpensAPhase: who stands under control_plane gets the button, and
// the request, and is told that his approval does not count.
func TestThePlaneOpensAPhase(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	plane := *o.town.repo
	plane.Access.ControlPlane = config.Steps{{Approvers: []config.ApproverRef{{Kind: config.ApproverEmail, Name: "yuki@example.com"}}, Count: 1}}
	o.town.repo = &plane
	o.take("k1", "U0YUKI", "phase")
	o.take("k2", "U0YUKI", "phase 2")
	o.take("k3", "U0YUKI", "phase 2")
	o.work()
	if len(o.town.said) != 3 {
		t.Fatalf("%d answers", len(o.town.said))
	}
	for i, want := range []string{"phase 2", "your own approval does not count", "which is still open"} {
		if got := write(o.town.said[i].m); !strings.Contains(got, want) {
			t.Errorf("%q is not said in\n%s", want, got)
		}
	}
	all := o.all()
	if len(all) != 1 || all[0].Kind != access.KindPhase || all[0].Want.Phase != config.Grow || all[0].Channel != "C0AWS" {
		t.Errorf("requests %+v", all)
	}
}
