package access

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"aws-access-bot/config"

	"github.com/google/go-cmp/cmp"
)

var t0 = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func at(min int) time.Time { return t0.Add(time.Duration(min) * time.Minute) }

// in returns a request in a state, as it would be after its way there.
func in(s State) Request {
	return Request{
		ID: "REQ-7F3K2Q", Kind: KindGrant, State: s, Version: 3,
		Want:  Want{Principal: config.Principal{Kind: config.GroupPrincipal, ID: "g"}, AccountID: "111122223333", PermissionSet: "ReadOnlyAccess", Term: config.Term{For: 4 * time.Hour}},
		Times: map[Stage]time.Time{StageAsked: t0},
	}
}

func merged() *PullFacts {
	return &PullFacts{Ref: PullRef{Number: 7}, State: PullMerged, MergedAt: at(1), MergedBy: "access-bot[bot]", ApprovedBy: []string{"yuki-lead"}, Commit: "c1"}
}

func inForce() *Verdict { return &Verdict{Commit: "c1", At: at(2), InForce: true} }

func readBack() *GrantFacts {
	return &GrantFacts{Desired: true, End: at(241), AppAssigned: at(3), Seen: at(4), Created: at(5), ReadBack: at(6), MembersSeen: 2, MembersTotal: 3}
}

// TestTransitions is the table of the package comment.
func TestTransitions(t *testing.T) {
	t.Parallel()
	revoke := in(StateVerified)
	revoke.Kind = KindRevoke
	link := in(StateVerified)
	link.Kind = KindLink
	asked := in(StateAsked)
	asked.Kind = KindLink
	step := in(StateVerified)
	step.Kind, step.Want = KindPhase, Want{Phase: 2}
	live := in(StateLive)
	live.Times[StageMerged], live.Times[StageReadBack] = at(1), at(6)
	extended := readBack()
	extended.StillWanted, extended.Outlived, extended.GoesOn = true, true, "REQ-000002"
	tests := []struct {
		name    string
		r       Request
		f       Facts
		now     time.Time
		want    State
		notices []NoticeKind
	}{
		{"asked stays without facts", in(StateAsked), Facts{}, t0, StateAsked, nil},
		{"a pull request makes it proposed", in(StateAsked), Facts{Pull: &PullFacts{State: PullOpen}}, t0, StateProposed, nil},
		{"what cannot be proposed is refused", in(StateAsked), Facts{Pull: &PullFacts{Refused: "no rule"}}, t0, StateRefused, []NoticeKind{NoticeRefused}},
		{"closed unmerged ends it", in(StateProposed), Facts{Pull: &PullFacts{State: PullClosed}}, t0, StateClosed, []NoticeKind{NoticeClosed}},
		{"a merge alone grants nothing", in(StateProposed), Facts{Pull: merged()}, t0, StateMerged, []NoticeKind{NoticeMerged}},
		{"a halt is told", in(StateMerged), Facts{Pull: merged(), Verdict: &Verdict{Halt: "nobody approved"}}, t0, StateHalted, []NoticeKind{NoticeHalted}},
		{"a halt is told once", in(StateHalted), Facts{Pull: merged(), Verdict: &Verdict{Halt: "nobody approved"}}, t0, StateHalted, nil},
		{"a late approval mends a halt", in(StateHalted), Facts{Pull: merged(), Verdict: inForce()}, t0, StateVerified, nil},
		{"an undone merge ends it", in(StateHalted), Facts{Pull: merged(), Verdict: &Verdict{Undone: true}}, t0, StateUndone, []NoticeKind{NoticeUndone}},
		{"merged too late grants nothing", in(StateMerged), Facts{Pull: merged(), Verdict: &Verdict{InForce: true, Void: "too late"}}, t0, StateVoid, []NoticeKind{NoticeVoid}},
		{"created is not live", in(StateVerified), Facts{Grant: &GrantFacts{Desired: true, AppAssigned: at(3), Seen: at(4), Created: at(5)}}, at(6), StateVerified, nil},
		{"read back is live", in(StateVerified), Facts{Grant: readBack()}, at(6), StateLive, []NoticeKind{NoticeLive}},
		{"the coming end is told", live, Facts{Grant: readBack()}, at(230), StateLive, []NoticeKind{NoticeEnding}},
		{"not long before the end nothing is told", live, Facts{Grant: readBack()}, at(200), StateLive, nil},
		{"half an hour before the end of four hours it is told", live, Facts{Grant: readBack()}, at(211), StateLive, []NoticeKind{NoticeEnding}},
		{"before that it is not", live, Facts{Grant: readBack()}, at(210), StateLive, nil},
		{"what goes on does not end", live, Facts{Grant: extended}, at(240), StateLive, []NoticeKind{NoticeExtended}},
		{"no longer desired is ending", live, Facts{Grant: &GrantFacts{RemoveAsked: at(242)}}, at(242), StateEnding, nil},
		{"deleted is not ended", in(StateEnding), Facts{Grant: &GrantFacts{RemoveAsked: at(242)}}, at(242), StateEnding, nil},
		{"removal read back is ended", in(StateEnding), Facts{Grant: &GrantFacts{RemoveAsked: at(242), Removed: at(243), Idle: true}}, at(243), StateEnded, []NoticeKind{NoticeEnded}},
		{"another grant keeps it", in(StateEnding), Facts{Grant: &GrantFacts{StillWanted: true}}, at(243), StateEnded, []NoticeKind{NoticeEnded}},
		{"wanted again", in(StateEnding), Facts{Grant: &GrantFacts{Desired: true}}, at(243), StateVerified, nil},
		{"never set up ends at once", in(StateVerified), Facts{Grant: &GrantFacts{Idle: true}}, at(3), StateEnded, []NoticeKind{NoticeEnded}},
		{"a revocation never gets live", revoke, Facts{Grant: readBack()}, at(6), StateVerified, nil},
		{"the whole way in one look", in(StateAsked), Facts{Pull: merged(), Verdict: inForce(), Grant: readBack()}, at(6), StateLive, []NoticeKind{NoticeMerged, NoticeLive}},
		{"a link in force is linked", link, Facts{Link: &LinkFacts{Stands: true}}, at(6), StateLinked, []NoticeKind{NoticeLinked}},
		{"a link that is another by now", link, Facts{Link: &LinkFacts{}}, at(6), StateUndone, []NoticeKind{NoticeUndone}},
		{"a phase in force is done", step, Facts{Phase: &PhaseFacts{Now: 2}}, at(6), StateDone, []NoticeKind{NoticeDone}},
		{"a later phase in force too", step, Facts{Phase: &PhaseFacts{Now: 3}}, at(6), StateDone, []NoticeKind{NoticeDone}},
		{"a phase that was left by now", step, Facts{Phase: &PhaseFacts{Now: 1}}, at(6), StateUndone, []NoticeKind{NoticeUndone}},
		{"a phase not looked at yet", step, Facts{Grant: readBack()}, at(6), StateVerified, nil},
		{"a link not looked at yet", link, Facts{Grant: readBack()}, at(6), StateVerified, nil},
		{"a link in one look", asked, Facts{Pull: merged(), Verdict: inForce(), Link: &LinkFacts{Stands: true}}, at(6), StateLinked, []NoticeKind{NoticeMerged, NoticeLinked}},
		{"what waits for a halt before it says so", in(StateMerged), Facts{Pull: &PullFacts{State: PullMerged, Waits: "the bot stands still"}}, at(6), StateMerged, []NoticeKind{NoticeTrouble}},
		{"a trouble is told by its code", in(StateVerified), Facts{Grant: &GrantFacts{Desired: true, Trouble: "AWS refused", TroubleCode: "failed"}}, at(6), StateVerified, []NoticeKind{NoticeTrouble}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, notices := Advance(tc.r, tc.f, tc.now)
			if got.State != tc.want {
				t.Errorf("state: got %s, want %s", got.State, tc.want)
			}
			var kinds []NoticeKind
			for _, n := range notices {
				kinds = append(kinds, n.Kind)
			}
			if d := cmp.Diff(tc.notices, kinds); d != "" {
				t.Errorf("notices (-want +got):\n%s", d)
			}
			again, _ := Advance(got, tc.f, tc.now)
			if d := cmp.Diff(got, again); d != "" {
				t.Errorf("a second look changed it:\n%s", d)
			}
		})
	}
}

// TestATroubleIsToldOnceEachTimeItComes: a group that is made anew a second time,
// weeks later, is told in the thread again.
func TestATroubleIsToldOnceEachTimeItComes(t *testing.T) {
	t.Parallel()
	r := in(StateLive)
	keys := map[string]int{}
	look := func(trouble string, since time.Time, now int) {
		g := readBack()
		g.Trouble, g.TroubleSince = trouble, since
		if trouble != "" {
			g.TroubleCode = "group-recreated"
		}
		var notices []Notice
		r, notices = Advance(r, Facts{Grant: g}, at(now))
		for _, n := range notices {
			keys[n.Key]++
		}
	}
	look("made anew", at(10), 11)
	look("made anew, said otherwise", at(10), 12)
	look("", time.Time{}, 13)
	look("made anew", at(10), 14)
	look("", time.Time{}, 15)
	look("made anew", at(20), 21)
	if len(keys) != 2 {
		t.Errorf("told under %v; want one key for each of the two times", keys)
	}
}

// TestWhatIsWaitedForIsShown while it is set up and while it is taken away, and
// not when it is live.
func TestWhatIsWaitedForIsShown(t *testing.T) {
	t.Parallel()
	for state, want := range map[State]string{StateVerified: "27th", StateEnding: "27th", StateLive: ""} {
		g := &GrantFacts{Desired: state != StateEnding, Expect: "27th"}
		if got, _ := Advance(in(state), Facts{Grant: g}, at(6)); got.Expect != want || got.State != state {
			t.Errorf("%s: %q in %s", state, got.Expect, got.State)
		}
	}
}

// TestAdvanceUnderAnyFacts plays random facts and checks what must hold
// whatever gitops and provision say.
func TestAdvanceUnderAnyFacts(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	maybe := func() time.Time {
		if rnd.IntN(2) == 0 {
			return time.Time{}
		}
		return at(rnd.IntN(300))
	}
	for range 20000 {
		r := in(StateAsked)
		r.Kind = []Kind{KindGrant, KindRevoke, KindLink, KindPhase, KindOnboard}[rnd.IntN(5)]
		r.Want.Phase = 2
		told := map[string]bool{}
		for range 8 {
			var f Facts
			if rnd.IntN(4) > 0 {
				f.Pull = &PullFacts{State: []PullState{PullOpen, PullMerged, PullMerged, PullClosed}[rnd.IntN(4)], MergedAt: at(1)}
				f.Pull.Passes, f.Pull.BotMerges = f.Pull.State == PullOpen && rnd.IntN(2) == 0, rnd.IntN(2) == 0
				f.Pull.ApprovedBy = [][]string{nil, {"yuki-lead"}, {"mio-sec", "yuki-lead"}}[rnd.IntN(3)]
				f.Pull.Ref.Head = []string{"a", "b"}[rnd.IntN(2)]
			}
			if rnd.IntN(3) > 0 {
				f.Verdict = &Verdict{At: at(2), InForce: rnd.IntN(2) == 0, Halt: []string{"", "rule"}[rnd.IntN(2)], Undone: rnd.IntN(9) == 0}
			}
			if f.Verdict != nil && f.Verdict.InForce {
				f.Link = &LinkFacts{Stands: rnd.IntN(2) == 0}
				f.Phase = &PhaseFacts{Now: config.Phase(1 + rnd.IntN(3))}
				f.Onboard = &OnboardFacts{
					Listed: rnd.IntN(5) > 0, Invited: maybe(), Joined: maybe(), Placed: maybe(), Baseline: maybe(), BaselineLive: rnd.IntN(3), Total: rnd.IntN(3),
					Stopped: []string{"", "declined"}[rnd.IntN(2)], Occurrence: []string{"a", "b"}[rnd.IntN(2)], Reminder: []string{"", "h/1"}[rnd.IntN(2)],
				}
				f.Grant = &GrantFacts{Desired: rnd.IntN(2) == 0, Idle: rnd.IntN(2) == 0, Created: maybe(), ReadBack: maybe(), Removed: maybe(), StillWanted: rnd.IntN(5) == 0}
			}
			next, notices := Advance(r, f, at(rnd.IntN(300)))
			if r.State.Final() && next.State != r.State {
				t.Fatalf("%s is final and became %s", r.State, next.State)
			}
			if next.State == StateLive && r.State != StateLive && (f.Grant == nil || f.Grant.ReadBack.IsZero() || !f.Grant.Desired) {
				t.Fatalf("live without a read-back: %+v", f.Grant)
			}
			if (next.State == StateVerified || next.State == StateLive) && r.State != next.State && r.State != StateVerified && r.State != StateLive && (f.Verdict == nil || !f.Verdict.InForce) {
				t.Fatalf("%s became %s without a verified commit", r.State, next.State)
			}
			if next.State == StateLinked && r.State != StateLinked && (r.Kind != KindLink || f.Link == nil || !f.Link.Stands) {
				t.Fatalf("a %s is linked by %+v", r.Kind, f.Link)
			}
			isIn := r.Kind == KindOnboard && f.Onboard != nil && f.Onboard.Listed && f.Onboard.Stopped == "" && !f.Onboard.Baseline.IsZero() && f.Onboard.BaselineLive >= f.Onboard.Total
			if next.State == StateDone && r.State != StateDone && !isIn && (r.Kind != KindPhase || f.Phase == nil || f.Phase.Now < 2) {
				t.Fatalf("a %s is done by %+v, %+v", r.Kind, f.Phase, f.Onboard)
			}
			if (next.State == StateStopped) && (r.Kind != KindOnboard || f.Onboard != nil && f.Onboard.Stopped == "") {
				t.Fatalf("a %s is stopped by %+v", r.Kind, f.Onboard)
			}
			if (r.Kind == KindLink || r.Kind == KindPhase || r.Kind == KindOnboard) && (next.State == StateLive || next.State == StateEnding) {
				t.Fatalf("a %s became %s", r.Kind, next.State)
			}
			if next.Approved && (next.State != StateProposed || f.Pull != nil && !f.Pull.Passes) {
				t.Fatalf("%s and approved by %+v", next.State, f.Pull)
			}
			if next.State != r.State && next.Version != r.Version+1 {
				t.Fatalf("moved without raising the version")
			}
			for _, n := range notices {
				if n.Kind == NoticeApproved && (f.Pull == nil || !f.Pull.Passes || len(f.Pull.ApprovedBy) == 0) {
					t.Fatalf("told as approved by %+v", f.Pull)
				}
				if n.Kind == NoticeMerged && told[n.Key] {
					t.Fatalf("%s twice", n.Key)
				}
				told[n.Key] = true
			}
			r = next
		}
	}
}

// TestAMergeSaysWhoMergedAndWhoApproved as gitops recorded it.
func TestAMergeSaysWhoMergedAndWhoApproved(t *testing.T) {
	t.Parallel()
	got, _ := Advance(in(StateProposed), Facts{Pull: merged()}, t0)
	if got.State != StateMerged || got.MergedBy != "access-bot[bot]" || !slices.Equal(got.ApprovedBy, []string{"yuki-lead"}) {
		t.Errorf("%s, merged by %q, approved by %q", got.State, got.MergedBy, got.ApprovedBy)
	}
}
