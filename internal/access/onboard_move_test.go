package access

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// account is an onboarding in a state.
func account(s State) Request {
	r := in(s)
	r.Kind, r.Want = KindOnboard, Want{AccountID: "444455556666", AccountName: "ledger", Onboard: &Onboarding{Slug: "ledger"}}
	return r
}

// facts of an account that is listed, changed as a test says.
func listed(change func(*OnboardFacts)) Facts {
	f := &OnboardFacts{Listed: true, Total: 1}
	if change != nil {
		change(f)
	}
	return Facts{Verdict: inForce(), Onboard: f}
}

func kinds(list []Notice) []NoticeKind {
	var out []NoticeKind
	for _, n := range list {
		out = append(out, n.Kind)
	}
	return out
}

func TestTransitionsOfAnAccount(t *testing.T) {
	t.Parallel()
	invited := func(f *OnboardFacts) { f.Invited, f.Expect = at(3), "Sign in and accept." }
	stopped := func(f *OnboardFacts) { f.Stopped, f.StoppedCode, f.Occurrence = "It was declined.", "declined", "h-1" }
	done := func(f *OnboardFacts) {
		f.Joined, f.Placed, f.Baseline, f.BaselineLive = at(4), at(5), at(6), 1
	}
	old := func(f *OnboardFacts) {
		done(f)
		f.Baseline = at(-60)
	}
	tests := []struct {
		name    string
		r       Request
		f       Facts
		want    State
		notices []NoticeKind
	}{
		{"not looked at yet", account(StateVerified), Facts{Verdict: inForce()}, StateVerified, nil},
		{"a grant that is live says nothing of it", account(StateVerified), Facts{Verdict: inForce(), Grant: readBack()}, StateVerified, nil},
		{"looked at", account(StateVerified), listed(nil), StateVerified, nil},
		{"invited", account(StateVerified), listed(invited), StateVerified, []NoticeKind{NoticeInvited}},
		{"joined and in its place", account(StateVerified), listed(func(f *OnboardFacts) { f.Joined, f.Placed = at(4), at(5) }), StateVerified, []NoticeKind{NoticeMember, NoticePlaced}},
		{"the baseline is live", account(StateVerified), listed(done), StateDone, []NoticeKind{NoticeMember, NoticePlaced, NoticeDone}},
		{"what was live before something was added is not enough", account(StateVerified), listed(func(f *OnboardFacts) { old(f); f.Total = 2 }), StateVerified, []NoticeKind{NoticeMember, NoticePlaced}},
		{"what was live before all of it is", account(StateVerified), listed(old), StateDone, []NoticeKind{NoticeMember, NoticePlaced, NoticeDone}},
		{"a reminder", account(StateVerified), listed(func(f *OnboardFacts) { f.Reminder, f.Expect = "h-1/1", "Sign in and accept." }), StateVerified, []NoticeKind{NoticeReminder}},
		{"held up", account(StateVerified), listed(func(f *OnboardFacts) { f.Trouble, f.TroubleCode = "AWS is busy.", "busy" }), StateVerified, []NoticeKind{NoticeTrouble}},
		{"stopped", account(StateVerified), listed(stopped), StateStopped, []NoticeKind{NoticeStopped}},
		{"still stopped", account(StateStopped), listed(stopped), StateStopped, []NoticeKind{NoticeStopped}},
		{"taken up again", account(StateStopped), listed(nil), StateVerified, nil},
		{"stopped and not looked at", account(StateStopped), Facts{}, StateStopped, nil},
		{"the file is gone", account(StateVerified), listed(func(f *OnboardFacts) { f.Listed = false }), StateUndone, []NoticeKind{NoticeUndone}},
		{"the file is gone while it was stopped", account(StateStopped), listed(func(f *OnboardFacts) { stopped(f); f.Listed = false }), StateUndone, []NoticeKind{NoticeUndone}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, notices := Advance(tc.r, tc.f, at(7))
			if got.State != tc.want {
				t.Errorf("state: got %s, want %s", got.State, tc.want)
			}
			if d := cmp.Diff(tc.notices, kinds(notices)); d != "" {
				t.Errorf("notices (-want +got):\n%s", d)
			}
			if again, _ := Advance(got, tc.f, at(8)); !cmp.Equal(got, again) {
				t.Errorf("a second look changed it:\n%s", cmp.Diff(got, again))
			}
		})
	}
}

// TestAnAccountIsInvitedTwice: each invitation, reminder and stop is told once,
// also where nothing else of the request changes.
func TestAnAccountIsInvitedTwice(t *testing.T) {
	t.Parallel()
	var told []string
	r := account(StateVerified)
	look := func(change func(*OnboardFacts)) {
		t.Helper()
		for range 2 {
			var notices []Notice
			r, notices = Advance(r, listed(change), at(9))
			for _, n := range notices {
				if !slices.Contains(told, n.Key) {
					told = append(told, n.Key)
				}
			}
		}
	}
	open := func(id string, asked, reminded int) func(*OnboardFacts) {
		return func(f *OnboardFacts) {
			f.Invited, f.Expect = at(asked), "Accept "+id+"."
			if reminded > 0 {
				f.Reminder = id + "/" + strings.Repeat("i", reminded)
			}
		}
	}
	look(open("h-1", 3, 0))
	look(open("h-1", 3, 1))
	look(open("h-1", 3, 2))
	look(func(f *OnboardFacts) { f.Invited, f.Stopped, f.Occurrence = at(3), "It ended.", "h-1/expired" })
	if r.State != StateStopped || r.Outcome != "It ended." {
		t.Fatalf("%s: %q", r.State, r.Outcome)
	}
	look(func(f *OnboardFacts) { f.Invited, f.Stopped, f.Occurrence = at(3), "It ended.", "h-2/expired" })
	look(nil)
	if _, ok := r.At(StageInvited); ok || r.Outcome != "" || r.State != StateVerified {
		t.Errorf("taken up again it is %s, %q, invited %v", r.State, r.Outcome, r.Times[StageInvited])
	}
	look(open("h-3", 8, 0))
	if got := r.Times[StageInvited]; !got.Equal(at(8)) {
		t.Errorf("invited at %s", got)
	}
	want := []string{"invited", "reminder/h-1/i", "reminder/h-1/ii", "stopped/h-1/expired", "stopped/h-2/expired", "invited"}
	var got []string
	for _, k := range told {
		k = strings.TrimPrefix(k, "REQ-7F3K2Q/")
		if strings.HasPrefix(k, "invited/") {
			k = "invited"
		}
		got = append(got, k)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}

// TestIAMUsersAreTold with the end.
func TestIAMUsersAreTold(t *testing.T) {
	t.Parallel()
	for want, u := range map[string]*IAMUsers{
		"": nil,
		"No IAM user with a password or an active access key is left.": {},
		"1 IAM user is left, none used this week.":                     {Total: 1},
		"6 IAM users are left, 2 used this week.":                      {Total: 6, UsedThisWeek: 2},
		"IAM users: The role is not there.":                            {Trouble: "The role is not there."},
	} {
		r, notices := Advance(account(StateVerified), listed(func(f *OnboardFacts) { f.Baseline, f.BaselineLive, f.IAM = at(6), 1, u }), at(7))
		if r.State != StateDone || len(notices) != 1 || notices[0].Text != want {
			t.Errorf("%s, told %+v, want %q", r.State, notices, want)
		}
	}
}

// TestTheEndWaitsForTheCount of the IAM users, and not for ever.
func TestTheEndWaitsForTheCount(t *testing.T) {
	t.Parallel()
	counting := func(f *OnboardFacts) { f.Placed, f.Baseline, f.BaselineLive, f.Counting = at(5), at(6), 1, true }
	r, notices := Advance(account(StateVerified), listed(counting), at(7))
	if r.State != StateVerified || !r.Times[StageBaseline].Equal(at(6)) || !cmp.Equal(kinds(notices), []NoticeKind{NoticePlaced}) {
		t.Fatalf("%s, told %+v, times %v", r.State, notices, r.Times)
	}
	if late, _ := Advance(r, listed(counting), at(6).Add(countFor)); late.State != StateDone {
		t.Errorf("nobody counts: %s", late.State)
	}
	if left, _ := Advance(r, listed(func(f *OnboardFacts) { f.Stopped = "It left." }), at(8)); left.State != StateStopped || !left.Times[StageBaseline].IsZero() {
		t.Errorf("left meanwhile: %s, %v", left.State, left.Times)
	}
	r, notices = Advance(r, listed(func(f *OnboardFacts) {
		counting(f)
		f.Counting, f.IAM = false, &IAMUsers{Total: 6, UsedThisWeek: 2}
	}), at(8))
	if r.State != StateDone || len(notices) != 1 || notices[0].Text != "6 IAM users are left, 2 used this week." {
		t.Errorf("%s, told %+v", r.State, notices)
	}
}

// TestStepsOfAnEarlierRequestAreNotTold: the account joined long ago.
func TestStepsOfAnEarlierRequestAreNotTold(t *testing.T) {
	t.Parallel()
	long := at(-1000)
	r, notices := Advance(account(StateVerified), listed(func(f *OnboardFacts) {
		f.Invited, f.Joined, f.Placed = long, long.Add(time.Hour), long.Add(2*time.Hour)
	}), at(7))
	if len(notices) != 0 || len(r.Times) != 1 {
		t.Errorf("told %+v, times %v", notices, r.Times)
	}
}

// TestWhatStaysOpenIsToldWithTheEnd: the bot cancels no invitation.
func TestWhatStaysOpenIsToldWithTheEnd(t *testing.T) {
	t.Parallel()
	for expires, open := range map[time.Time]bool{{}: false, at(6): false, at(60): true} {
		r, _ := Advance(account(StateVerified), listed(func(f *OnboardFacts) { f.Listed, f.Invited, f.Expires = false, at(3), expires }), at(7))
		if told := strings.Contains(r.Outcome, "cancel it in the management account"); r.State != StateUndone || told != open {
			t.Errorf("an invitation until %v: %s, %q", expires, r.State, r.Outcome)
		}
	}
}

// TestEachStepIsToldOnceEachTime: an account that leaves has reached nothing any
// more, and what it reaches once more is told once more; a look that finds the
// same tells nothing.
func TestEachStepIsToldOnceEachTime(t *testing.T) {
	t.Parallel()
	r := account(StateVerified)
	told := map[string]int{}
	look := func(state State, stages int, change func(*OnboardFacts)) {
		t.Helper()
		for range 2 {
			was := r.Version
			var notices []Notice
			r, notices = Advance(r, listed(change), at(60))
			if r.Version == was && len(notices) > 0 {
				t.Errorf("told without a change: %+v", notices)
			}
			for _, n := range notices {
				told[n.Key]++
			}
		}
		if n := len(r.Times) - 1; r.State != state || n != stages {
			t.Errorf("%s with %d stages, want %s with %d: %v", r.State, n, state, stages, r.Times)
		}
	}
	in := func(from int) func(*OnboardFacts) {
		return func(f *OnboardFacts) { f.Joined, f.Placed = at(from), at(from+1) }
	}
	gone := func(f *OnboardFacts) {
		f.Stopped, f.StoppedCode, f.Occurrence, f.Retry = "It left.", "left", "left/1", true
	}
	look(StateVerified, 2, in(4))
	look(StateStopped, 0, gone)
	if !r.Retry {
		t.Error("a stop that ends with another invitation is not known as one")
	}
	look(StateVerified, 2, in(8))
	look(StateStopped, 2, func(f *OnboardFacts) {
		in(8)(f)
		f.Stopped, f.StoppedCode, f.Occurrence = "It is suspended.", "suspended", "suspended/1"
	})
	if r.Retry {
		t.Error("a suspended account is to be invited again")
	}
	look(StateStopped, 0, func(f *OnboardFacts) { gone(f); f.Occurrence = "left/2" })
	count := map[string]int{}
	for key, n := range told {
		count[strings.Split(key, "/")[1]]++
		if n != 1 && !strings.Contains(key, "/stopped/") { // a stop is said by every change of its request, under one key
			t.Errorf("%s told %d times", key, n)
		}
	}
	if d := cmp.Diff(map[string]int{"member": 2, "placed": 2, "stopped": 3}, count); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}

// TestAnOpenInvitationThatIsOlderIsTold: how to accept it has to be known. One
// that is over is not.
func TestAnOpenInvitationThatIsOlderIsTold(t *testing.T) {
	t.Parallel()
	old := at(-1000)
	open := func(f *OnboardFacts) { f.Invited, f.Expires, f.Expect = old, at(5000), "Sign in and accept." }
	r, notices := Advance(account(StateVerified), listed(open), at(7))
	if d := cmp.Diff([]NoticeKind{NoticeInvited}, kinds(notices)); d != "" || notices[0].Text != "Sign in and accept." || !r.Times[StageInvited].Equal(old) {
		t.Fatalf("%v: %+v", r.Times, notices)
	}
	if _, notices = Advance(r, listed(open), at(8)); len(notices) != 0 {
		t.Errorf("told again: %+v", notices)
	}
	r, notices = Advance(r, listed(func(f *OnboardFacts) { f.Invited, f.Joined = old, at(9) }), at(10))
	if d := cmp.Diff([]NoticeKind{NoticeMember}, kinds(notices)); d != "" || len(r.Times) != 3 {
		t.Errorf("accepted: %v, %s", r.Times, d)
	}
}

// TestTheEndSaysWhereTheAccountStays: in another OU than its file says, where
// nobody approved a move.
func TestTheEndSaysWhereTheAccountStays(t *testing.T) {
	t.Parallel()
	r := account(StateVerified)
	r.Want.OU = "/Workloads"
	r, notices := Advance(r, listed(func(f *OnboardFacts) { f.Placed, f.StaysIn = at(5), "/Sandbox" }), at(6))
	if len(notices) != 1 || notices[0].Kind != NoticePlaced {
		t.Errorf("it was in its place: told %+v", notices)
	}
	r, notices = Advance(r, listed(func(f *OnboardFacts) { f.Placed, f.Baseline, f.BaselineLive, f.StaysIn = at(5), at(6), 1, "/Sandbox" }), at(7))
	if _, placed := r.At(StagePlaced); placed {
		t.Error("it is shown as in its OU")
	}
	if r.State != StateDone || r.StaysIn != "/Sandbox" || len(notices) != 1 || !strings.Contains(notices[0].Text, "It is in /Sandbox in AWS, and its file says /Workloads.") {
		t.Errorf("%s, stays in %q, told %+v", r.State, r.StaysIn, notices)
	}
}
