package gitops_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

const oncallGroup = "0b7e3f4c-0000-4000-8000-000000000014"

// queueWorld is autoWorld with a merge queue.
func queueWorld(t *testing.T, rules string, change func(*githubemu.QueueParams)) *world {
	t.Helper()
	w := autoWorld(t, rules)
	q := githubemu.DefaultQueue()
	if change != nil {
		change(&q)
	}
	w.must(w.repo.SetMergeQueue(&q))
	return w
}

// oncall is a request for another group, whose file is its own.
func oncall(w *world) access.Request {
	r := w.request("REQ-000002")
	r.Want.Principal.ID, r.Want.PrincipalSlug, r.Want.PrincipalName = oncallGroup, "aws-payments-oncall", "aws-payments-oncall"
	return r
}

// looks looks until something holds, a few times.
func (w *world) looks(until func() bool) bool {
	w.t.Helper()
	for range 8 {
		if until() {
			return true
		}
		w.look()
	}
	return until()
}

func (w *world) merged(ids ...access.ID) func() bool {
	return func() bool {
		return !slices.ContainsFunc(ids, func(id access.ID) bool { return w.facts(id).State != access.PullMerged })
	}
}

// groupCheck is the check on the group of a pull request that is in the queue.
func (w *world) groupCheck(number int) githubemu.CheckState {
	w.t.Helper()
	refs, err := w.client().QueueRefs(w.t.Context(), "main")
	w.must(err)
	for _, r := range refs {
		if r.Number == number {
			return w.check(r.Head)
		}
	}
	return githubemu.CheckState{}
}

// TestTwoInTheQueueKeepTheirApprovals: both are merged in one push by each
// method, on the heads that were approved, and come into force.
func TestTwoInTheQueueKeepTheirApprovals(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"MERGE", "SQUASH", "REBASE"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			w := queueWorld(t, "", func(q *githubemu.QueueParams) { q.Method, q.MinMerge = method, 2 })
			one, two := w.proposed(w.request(req)), w.proposed(oncall(w))
			w.review("yuki-lead", one, "APPROVE")
			w.review("yuki-lead", two, "APPROVE")
			heads := []string{w.facts(req).Ref.Head, w.facts("REQ-000002").Ref.Head}
			if !w.looks(w.merged(req, "REQ-000002")) {
				t.Fatalf("not merged: %+v, %+v", w.facts(req), w.facts("REQ-000002"))
			}
			w.look()
			w.holds(w.head("main"), "")
			first, second := w.facts(req), w.facts("REQ-000002")
			if now := []string{first.Ref.Head, second.Ref.Head}; !slices.Equal(now, heads) || !first.MergedAt.Equal(second.MergedAt) || w.merges() != 0 {
				t.Errorf("heads %v became %v, merged at %s and %s, %d direct merges", heads, now, first.MergedAt, second.MergedAt, w.merges())
			}
			if !w.desires("111122224444", "PowerUserAccess", devGroup) || !w.desires("111122224444", "PowerUserAccess", oncallGroup) {
				t.Error("one of two grants is not desired")
			}
			if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || !v.InForce {
				t.Errorf("verdict of the first: %+v, %v", v, err)
			}
		})
	}
}

// TestTheQueueTakesNothingWithoutItsCheck: before the bot has judged a group
// nothing is merged, also after a restart, and there is one check for a group.
func TestTheQueueTakesNothingWithoutItsCheck(t *testing.T) {
	t.Parallel()
	w := queueWorld(t, "", func(q *githubemu.QueueParams) { q.MinMerge, q.MinWait = 2, 60 })
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	if c := w.groupCheck(n); c.Conclusion != "" {
		t.Errorf("check before a look: %q", c.Conclusion)
	}
	w.look()
	c := w.groupCheck(n)
	if c.Conclusion != "success" || !strings.Contains(c.Summary, "approved by yuki-lead") {
		t.Errorf("check of the group: %q %q: %s", c.Conclusion, c.Title, c.Summary)
	}
	w.restart()
	w.look()
	runs := 0
	for _, r := range w.emu.State().Repos[0].Checks {
		if r.SHA == c.SHA {
			runs++
		}
	}
	if runs != 1 || w.facts(req).State != access.PullOpen {
		t.Errorf("%d checks on the group, the pull request is %s", runs, w.facts(req).State)
	}
}

// TestOneOfTwoInTheQueueFails: an objection takes the first out, and the second
// is judged without it.
func TestOneOfTwoInTheQueueFails(t *testing.T) {
	t.Parallel()
	for _, grouping := range []string{"ALLGREEN", "HEADGREEN"} {
		t.Run(grouping, func(t *testing.T) {
			t.Parallel()
			w := queueWorld(t, "", func(q *githubemu.QueueParams) { q.Grouping = grouping })
			one, two := w.proposed(w.request(req)), w.proposed(oncall(w))
			w.review("yuki-lead", one, "APPROVE")
			w.review("yuki-lead", two, "APPROVE")
			w.look()
			w.review("yuki-lead", one, "REQUEST_CHANGES")
			w.look()
			told := slices.ContainsFunc(w.emu.State().Repos[0].Checks, func(c githubemu.CheckState) bool {
				return strings.Contains(c.Title, fmt.Sprintf("It stands on pull request #%d, which must not be merged", one))
			})
			if told != (grouping == "HEADGREEN") {
				t.Errorf("the group behind was told: %v", told)
			}
			if !w.looks(w.merged("REQ-000002")) {
				t.Fatalf("the second: %+v", w.facts("REQ-000002"))
			}
			if f := w.facts(req); f.State != access.PullOpen || !strings.Contains(strings.Join(f.Missing, " "), "yuki-lead") {
				t.Errorf("the first: %+v", f)
			}
			w.look()
			w.holds(w.head("main"), "")
			if w.desires("111122224444", "PowerUserAccess", devGroup) || !w.desires("111122224444", "PowerUserAccess", oncallGroup) {
				t.Error("not exactly the second is in force")
			}
		})
	}
}

// TestT43TheCapHoldsInTheQueue: what is ahead in the queue counts.
func TestT43TheCapHoldsInTheQueue(t *testing.T) {
	t.Parallel()
	w := queueWorld(t, strings.Replace(autoRule, "per_day: 2", "per_day: 1", 1), nil)
	w.must(w.Propose(t.Context(), w.request("REQ-000001")))
	w.must(w.Propose(t.Context(), oncall(w)))
	w.look()
	w.look()
	if !w.looks(w.merged("REQ-000001")) {
		t.Fatalf("the first: %+v", w.facts("REQ-000001"))
	}
	w.look()
	w.holds(w.head("main"), "")
	f := w.facts("REQ-000002")
	if f.State != access.PullOpen || !strings.Contains(strings.Join(f.Missing, " "), "1 a day pass without an approval, and they are used up") {
		t.Errorf("the second: %+v", f)
	}
	failed := false
	for _, c := range w.emu.State().Repos[0].Checks {
		failed = failed || c.Conclusion == "failure" && strings.Contains(c.Summary, "The merge queue must not put this on")
	}
	if !failed {
		t.Error("its group had no failing check")
	}
}

// TestOnlyAConflictIsRebuiltWithAQueue and must be approved again.
func TestOnlyAConflictIsRebuiltWithAQueue(t *testing.T) {
	t.Parallel()
	w := queueWorld(t, "", nil)
	one, two, apart := w.proposed(w.request(req)), w.proposed(another(w)), w.proposed(oncall(w))
	behind, conflicts := w.facts("REQ-000002").Ref.Head, w.facts("REQ-000001").Ref.Head
	w.review("yuki-lead", one, "APPROVE")
	if !w.looks(w.merged(req)) {
		t.Fatalf("the first: %+v", w.facts(req))
	}
	w.look()
	w.look()
	if now := w.facts("REQ-000002").Ref.Head; now != behind {
		t.Error("what only lies behind was rebuilt")
	}
	if c := w.check(behind); strings.Contains(c.Summary, "must be brought up to date") {
		t.Errorf("the check of what lies behind: %s", c.Summary)
	}
	if now := w.facts("REQ-000001").Ref.Head; now == conflicts {
		t.Error("what conflicts was not rebuilt")
	}
	w.review("ken-platform", two, "APPROVE")
	w.review("yuki-lead", apart, "APPROVE")
	if !w.looks(w.merged("REQ-000001", "REQ-000002")) {
		t.Fatalf("not merged: %+v, %+v", w.facts("REQ-000001"), w.facts("REQ-000002"))
	}
	w.look()
	w.holds(w.head("main"), "")
}

// TestWhatWouldBeAnotherChangeIsNotMerged: what is ahead in the queue gives the
// same access for longer, so that the change is not the one that was reviewed.
func TestWhatWouldBeAnotherChangeIsNotMerged(t *testing.T) {
	t.Parallel()
	w := queueWorld(t, "", nil)
	n := w.proposed(w.request(req))
	hand := w.byHand("taro-data", "by-hand", map[string]*githubemu.File{
		devFile: w.file(devFile, "access:\n", "access:\n  - account: payments-dev\n    permission_set: PowerUserAccess\n    expires: 2026-11-24T14:00:00Z\n    reason: by hand\n"),
	})
	w.look()
	w.review("yuki-lead", hand, "APPROVE")
	w.look()
	w.must(w.repo.Enqueue("yuki-lead", hand, false))
	w.review("yuki-lead", n, "APPROVE")
	before := w.head("main")
	if !w.looks(func() bool { return w.head("main") != before }) {
		t.Fatal("the one ahead was not merged")
	}
	w.look()
	w.look()
	f := w.facts(req)
	if says := strings.Join(f.Missing, " "); f.State != access.PullOpen || !strings.Contains(says, "is not what was reviewed on the head") {
		t.Errorf("%s, lacks %q", f.State, says)
	}
	w.holds(w.head("main"), "")
}

// TestAGroupOfAPersonsPullRequest is judged like any other.
func TestAGroupOfAPersonsPullRequest(t *testing.T) {
	t.Parallel()
	for _, dismissed := range []bool{false, true} {
		w := queueWorld(t, "", nil)
		n := w.byHand("taro-data", "by-hand", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
		w.look()
		id, err := w.repo.Review("yuki-lead", n, "APPROVE", "", "")
		w.must(err)
		w.look()
		w.must(w.repo.Enqueue("yuki-lead", n, false))
		w.clock.move(time.Minute)
		if dismissed {
			w.must(w.repo.DismissReview("hana-dev", n, id, "no"))
		}
		before := w.head("main")
		w.look()
		w.look()
		w.look()
		if moved := w.head("main") != before; moved == dismissed {
			t.Errorf("dismissed %v: merged %v", dismissed, moved)
		}
		w.holds(w.head("main"), "")
	}
}

// TestAForgedGroupFails: a branch that only looks like the queue's, with more
// than was reviewed, gets no good check.
func TestAForgedGroupFails(t *testing.T) {
	t.Parallel()
	w := queueWorld(t, "", func(q *githubemu.QueueParams) { q.MinMerge, q.MinWait = 5, 300 })
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	branch := fmt.Sprintf("gh-readonly-queue/main/pr-%d-%s", n, strings.Repeat("f", 40))
	sha, err := w.repo.Push("hana-dev", githubemu.Push{
		Branch: branch, Message: "more", IgnoreRules: true,
		Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, strings.Replace(devGrant, "PowerUserAccess", "AdministratorAccess", 1))},
	})
	w.must(err)
	w.look()
	if c := w.check(sha); c.Conclusion != "failure" || !strings.Contains(c.Title, "is not what was reviewed") {
		t.Errorf("check %q %q: %s", c.Conclusion, c.Title, c.Summary)
	}
}

// TestNothingIsGoodWhileItStandsStill: without a place to stand on no group is
// judged.
func TestNothingIsGoodWhileItStandsStill(t *testing.T) {
	t.Parallel()
	w := queueWorld(t, "", func(q *githubemu.QueueParams) { q.MinMerge, q.MinWait = 5, 300 })
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	_, err := w.repo.DirectPush("hana-dev", map[string]*githubemu.File{"x": {Content: "x"}}, "x")
	w.must(err)
	w.look()
	w.look()
	if c := w.groupCheck(n); c.Conclusion != "" {
		t.Errorf("check of the group: %q %q", c.Conclusion, c.Title)
	}
	if s := w.status(); s.Halt == nil || s.Halt.Code != gitops.HaltDirectPush {
		t.Errorf("halt %+v", s.Halt)
	}
}

// TestAGroupIsNotJudgedByAnOldList: when the one ahead was merged after the
// branch was read, what is left of the list cannot be told apart, and the next
// look judges it.
func TestAGroupIsNotJudgedByAnOldList(t *testing.T) {
	t.Parallel()
	for _, moved := range []bool{true, false} {
		w := queueWorld(t, "", func(q *githubemu.QueueParams) { q.MinMerge, q.MinWait = 5, 300 })
		one, two := w.proposed(w.request(req)), w.proposed(oncall(w))
		w.review("yuki-lead", one, "APPROVE")
		w.review("yuki-lead", two, "APPROVE")
		w.look()
		h := &hooked{refs: func(list []gitops.QueueRef) []gitops.QueueRef {
			return slices.DeleteFunc(list, func(r gitops.QueueRef) bool { return r.Number == one })
		}}
		refs, err := w.client().QueueRefs(t.Context(), "main")
		w.must(err)
		if i := slices.IndexFunc(refs, func(r gitops.QueueRef) bool { return r.Number == one }); moved {
			h.branch = refs[i].Head
		}
		w.hook(h)
		w.look()
		// Without the move the two really cannot be told apart.
		if c := w.groupCheck(two); moved && c.Conclusion != "" || !moved && c.Conclusion != "failure" {
			t.Errorf("moved %v: check %q %q", moved, c.Conclusion, c.Title)
		}
	}
}
