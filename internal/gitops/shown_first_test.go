package gitops_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

const prodLine = "  - account: payments-prod\n    permission_set: PowerUserAccess\n"

// onDecoy opens a pull request against a branch that has already most of what
// its head does.
func (w *world) onDecoy(login string) int {
	w.t.Helper()
	first := map[string]*githubemu.File{devFile: w.grantLine(devFile, prodLine)}
	for _, branch := range []string{"decoy", "topic"} {
		_, err := w.repo.Push(login, githubemu.Push{Branch: branch, Changes: first, Message: "change"})
		w.must(err)
	}
	more := map[string]*githubemu.File{"groups/aws-payments-oncall.yaml": w.grantLine("groups/aws-payments-oncall.yaml", "  - account: payments-ledger\n    permission_set: ReadOnlyAccess\n")}
	_, err := w.repo.Push(login, githubemu.Push{Branch: "topic", Changes: more, Message: "change"})
	w.must(err)
	n, err := w.repo.CreatePull(login, githubemu.PullSpec{Head: "topic", Base: "decoy", Title: "change"})
	w.must(err)
	w.clock.move(time.Second)
	return n
}

func (w *world) turn(login string, n int, base string) {
	w.t.Helper()
	w.must(w.repo.EditPull(login, n, nil, nil, &base, nil))
	w.clock.move(time.Second)
}

func (w *world) headOf(n int) string {
	w.t.Helper()
	for _, p := range w.emu.State().Repos[0].Pulls {
		if p.Number == n {
			return p.HeadSHA
		}
	}
	w.t.Fatalf("there is no pull request %d", n)
	return ""
}

// wantAgain wants the check of a pull request to tell who approved that it did
// not count yet.
func (w *world) wantAgain(n int) {
	w.t.Helper()
	c := w.check(w.headOf(n))
	if c.Conclusion != "action_required" || !strings.Contains(c.Summary, "approve again (`not-shown-yet`)") {
		w.t.Fatalf("check: %q %q\n%s", c.Conclusion, c.Title, c.Summary)
	}
}

func (w *world) wantPassed(n int) {
	w.t.Helper()
	if c := w.check(w.headOf(n)); c.Conclusion != "success" {
		w.t.Fatalf("check: %q %q\n%s", c.Conclusion, c.Title, c.Summary)
	}
}

// mendedBy wants a halt at before until somebody approves the merged pull request n,
// and that its commit is in force then.
func (w *world) mendedBy(login string, n int, before, sha string) {
	w.t.Helper()
	w.holds(before, gitops.HaltApproval)
	w.review(login, n, "APPROVE")
	w.look()
	w.holds(sha, "")
}

// TestT11AnApprovalCountsFromTheFirstCheckOn: what was approved before is
// approved again, and what grew meanwhile was so not approved unseen.
func TestT11AnApprovalCountsFromTheFirstCheckOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.head("main")
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.review("yuki-lead", n, "APPROVE")
	w.joins(devGroup, 30)
	for range 2 {
		w.look()
		w.wantAgain(n)
	}
	w.restart()
	w.look()
	w.wantAgain(n)
	sha := w.merge(n, "squash")
	w.look()
	w.mendedBy("yuki-lead", n, before, sha)
}

// TestT11AnApprovalInTheSecondOfTheCheckDoesNotCount: GitHub's times are whole
// seconds, so nobody knows which of the two came first.
func TestT11AnApprovalInTheSecondOfTheCheckDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.must(w.Look(t.Context()))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.wantAgain(n)
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.wantPassed(n)
}

// TestT11NothingIsShownBeforeACommitIsTrusted: the check says that and nothing of
// the head, and says so once.
func TestT11NothingIsShownBeforeACommitIsTrusted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seed := w.head("main")
	w.db = store.NewMemory()
	w.restart()
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	before := w.writes()
	for range 3 {
		w.look()
	}
	if c := w.check(w.headOf(n)); c.Title != "no commit is trusted yet" || w.writes() != before+1 {
		t.Errorf("check %q, written %d times", c.Title, w.writes()-before)
	}
	w.review("yuki-lead", n, "APPROVE")
	w.must(w.Trust(t.Context(), seed, "the test"))
	w.look()
	w.wantAgain(n)
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.wantPassed(n)
}

// TestT11AnotherHeadIsShownAnew after another one was.
func TestT11AnotherHeadIsShownAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.look()
	_, err := w.repo.Push("ken-platform", githubemu.Push{Branch: "topic", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, prodLine)}, Message: "more"})
	w.must(err)
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.wantAgain(n)
}

// TestT11BackAtAHeadThatWasShownBefore: who joined the group or a team while the
// branch had another head is held to what was shown of this one, which its check
// lets be merged at once.
func TestT11BackAtAHeadThatWasShownBefore(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, who string
		heads     int
		then      func(w *world)
		halt      gitops.HaltCode
	}{
		{"nothing else", "yuki-lead", 1, func(*world) {}, ""},
		{"people joined", "yuki-lead", 1, func(w *world) { w.joins(devGroup, 30) }, gitops.HaltApproval},
		{"he joined the team", "taro-data", 1, func(w *world) { w.must(w.emu.SetTeamMember("payments-leads", "taro-data", "member")) }, gitops.HaltApproval},
		{"more heads than are kept", "yuki-lead", 11, func(w *world) { w.joins(devGroup, 30) }, gitops.HaltApproval},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.keepsStale()
			before := w.head("main")
			n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
			w.look()
			head := w.headOf(n)
			w.review(tt.who, n, "APPROVE")
			w.look()
			for range tt.heads {
				_, err := w.repo.Push("ken-platform", githubemu.Push{Branch: "topic", Message: "empty"})
				w.must(err)
				w.look()
			}
			tt.then(w)
			w.must(w.repo.ForcePush("ken-platform", "topic", head, true))
			w.clock.move(time.Second)
			sha := w.merge(n, "squash")
			for range 3 {
				w.look()
				if tt.halt == "" {
					w.holds(sha, "")
					continue
				}
				w.holds(before, tt.halt)
			}
			w.review(tt.who, n, "APPROVE")
			w.look()
			w.holds(sha, "")
		})
	}
}

// keepsStale has a push dismiss no approval, as GitHub does where it changes no
// file.
func (w *world) keepsStale() {
	w.t.Helper()
	no := false
	for _, rs := range w.emu.State().Repos[0].Rulesets {
		for i := range rs.Rules {
			if p := rs.Rules[i].Parameters; p != nil && p.DismissStale != nil {
				p.DismissStale = &no
			}
		}
		w.repo.PutRuleset(rs)
	}
}

// TestT11ApprovedAgainstAnotherBase: what was approved as a change of another
// branch is not approved as one of this, whether the bot saw it or not.
func TestT11ApprovedAgainstAnotherBase(t *testing.T) {
	t.Parallel()
	for _, seen := range []bool{true, false} {
		w := newWorld(t)
		before := w.head("main")
		n := w.onDecoy("hana-dev")
		w.look()
		w.review("yuki-lead", n, "APPROVE")
		w.turn("hana-dev", n, "main")
		if seen {
			w.look()
			w.wantAgain(n)
		}
		sha := w.merge(n, "squash")
		w.look()
		w.mendedBy("yuki-lead", n, before, sha)
	}
}

// TestT11TurnedAwayAndBack: an approval given meanwhile does not count.
func TestT11TurnedAwayAndBack(t *testing.T) {
	t.Parallel()
	turns := map[string]func(w *world, n int){
		"another base": func(w *world, n int) {
			w.turn("hana-dev", n, "decoy")
			w.review("yuki-lead", n, "APPROVE")
			w.turn("hana-dev", n, "main")
		},
		"closed": func(w *world, n int) {
			w.must(w.repo.ClosePull("hana-dev", n))
			w.review("yuki-lead", n, "APPROVE")
			w.must(w.repo.ReopenPull("hana-dev", n))
			w.clock.move(time.Second)
		},
	}
	for name, turn := range turns {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := w.onDecoy("hana-dev")
			w.turn("hana-dev", n, "main")
			w.look()
			turn(w, n)
			w.look()
			w.wantAgain(n)
			w.review("yuki-lead", n, "APPROVE")
			w.look()
			w.wantPassed(n)
		})
	}
}

// TestWhatTheBotNeverShowedCountsByTheHead: merged while nobody looked.
func TestWhatTheBotNeverShowedCountsByTheHead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.review("yuki-lead", n, "APPROVE")
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
}
