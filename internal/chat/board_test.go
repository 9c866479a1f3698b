package chat_test

import (
	"fmt"
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
	v.Handshakes = []access.Handshake{{ID: "h-1", Account: "222233336666", Action: access.ActionInvite, State: "OPEN", Asked: t0.Add(-2 * day), Expires: t0.Add(13 * day)}}
	facts := map[string]*access.OnboardFacts{
		"222233336666": {Listed: true, Invited: t0.Add(-2 * day), Expect: "Waiting for its owner to accept:\nopen AWS Organizations > Invitations."},
		"111122227777": {Listed: true, Invited: t0.Add(-20 * day), Stopped: "The invitation expired.", StoppedCode: "expired"},
		"111122226666": {Listed: true, Joined: t0.Add(-day), Expect: "It is moved to its OU."},
		"222233335555": {Listed: true, Placed: t0.Add(-time.Hour), Total: 1, Expect: "The baseline is being set up."},
	}
	return access.NewBoard(access.InForce{Commit: "0123456789abcdef", Repo: &grown}, access.Live{View: v, Undeclared: 2, Counted: true}, facts, t0)
}

// TestGoldenBoard: as the control plane sees it, as others do, before the first
// look, and while the organization shares only its bill.
func TestGoldenBoard(t *testing.T) {
	t.Parallel()
	b := exampleBoard(t)
	repo, err := plainExample()
	if err != nil {
		t.Fatal(err)
	}
	early := access.NewBoard(access.InForce{Repo: repo}, access.Live{Trouble: "AWS does not answer."}, nil, t0)
	billing := early
	billing.Looked, billing.Features, billing.Trouble = t0, access.ConsolidatedBilling, ""
	billing.Handshakes = []access.BoardHandshake{{ID: "h-2", Account: "crm-legacy (333344441111)", Action: "ENABLE_ALL_FEATURES", Expires: t0.Add(90 * 24 * time.Hour)}}
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
