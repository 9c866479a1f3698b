package gitops_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
)

const eventsOp = "GET /repos/{owner}/{repo}/issues/{issue_number}/events"

// objects has somebody request changes and returns the review.
func (w *world) objects(login string, n int) int64 {
	w.t.Helper()
	id, err := w.repo.Review(login, n, "REQUEST_CHANGES", "no", "")
	w.must(err)
	w.clock.move(time.Second)
	w.look()
	return id
}

// dismisses has somebody dismiss a review.
func (w *world) dismisses(login string, n int, id int64) {
	w.t.Helper()
	w.must(w.repo.DismissReview(login, n, id, "go away"))
	w.clock.move(time.Second)
	w.look()
}

// TestT7TheRequesterDismissesAnObjection: nothing passes by auto any more, and
// the objection stands until who raised it approves.
func TestT7TheRequesterDismissesAnObjection(t *testing.T) {
	t.Parallel()
	w := autoWorld(t, autoRule)
	w.must(w.repo.SetRole("hana-dev", "write"))
	w.must(w.Propose(t.Context(), w.request(req)))
	n := w.facts(req).Ref.Number
	id := w.objects("yuki-lead", n)
	if says := strings.Join(w.facts(req).Missing, " "); !strings.Contains(says, "passes without an approval no more") {
		t.Errorf("while it stands: %q", says)
	}
	w.dismisses("hana-dev", n, id)
	w.look()
	c := w.check(w.facts(req).Ref.Head)
	if w.merges() != 0 || c.Conclusion != "action_required" || c.Title != "changes were requested by yuki-lead" ||
		!strings.Contains(c.Summary, "`hana-dev` dismissed the review of `yuki-lead` but asked for this change (`requester`)") {
		t.Fatalf("%d merges, check %q %q:\n%s", w.merges(), c.Conclusion, c.Title, c.Summary)
	}
	if says := strings.Join(w.facts(req).Missing, " "); !strings.Contains(says, "yuki-lead must approve, or the change be proposed anew") {
		t.Errorf("afterwards: %q", says)
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	if f := w.facts(req); w.merges() != 1 || f.State != access.PullMerged {
		t.Errorf("after her approval: %d merges, %s", w.merges(), f.State)
	}
}

// TestT7AnObjectionTakenBackLeavesNoAuto: somebody has to approve what an
// approver objected to once.
func TestT7AnObjectionTakenBackLeavesNoAuto(t *testing.T) {
	t.Parallel()
	w := autoWorld(t, autoRule)
	w.must(w.Propose(t.Context(), w.request(req)))
	n := w.facts(req).Ref.Number
	w.dismisses("yuki-lead", n, w.objects("yuki-lead", n))
	w.look()
	if c := w.check(w.facts(req).Ref.Head); w.merges() != 0 || !strings.HasPrefix(c.Title, "needs 1 approval") {
		t.Fatalf("%d merges, check %q", w.merges(), c.Title)
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	if w.merges() != 1 {
		t.Errorf("after an approval: %d merges", w.merges())
	}
}

// TestT7WhoDismissedAnObjection decides, for the check and for a merge past the
// rules alike.
func TestT7WhoDismissedAnObjection(t *testing.T) {
	t.Parallel()
	for who, stands := range map[string]bool{"hana-dev": true, "mio-sec": true, "stranger": true, "taro-data": false, "yuki-lead": false} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.must(w.emu.SetTeamMember("payments-leads", "taro-data", "member"))
			before := w.head("main")
			n := w.proposed(w.request(req))
			id := w.objects("taro-data", n)
			w.review("yuki-lead", n, "APPROVE")
			w.dismisses(who, n, id)
			want, halt := "success", gitops.HaltCode("")
			if stands {
				want, halt = "action_required", gitops.HaltBlocked
			}
			if c := w.check(w.facts(req).Ref.Head); c.Conclusion != want {
				t.Errorf("check %q %q, want %q", c.Conclusion, c.Title, want)
			}
			sha := w.merge(n, "squash")
			w.look()
			if stands {
				w.holds(before, halt)
				w.review("taro-data", n, "APPROVE")
				w.look()
			}
			w.holds(sha, "")
		})
	}
}

// TestT7ADisabledOwnerTakesNoObjectionAway though GitHub still lets him.
func TestT7ADisabledOwnerTakesNoObjectionAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.emu.SetTeamMember("payments-leads", "taro-data", "member"))
	w.must(w.emu.SetTeamMember("payments-leads", "mio-sec", "member"))
	n := w.proposed(w.request(req))
	id := w.objects("taro-data", n)
	w.review("yuki-lead", n, "APPROVE")
	w.dir.gone = map[string]bool{person + "24": true}
	w.dismisses("mio-sec", n, id)
	if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "action_required" || !strings.Contains(c.Summary, "`inactive`") {
		t.Errorf("check %q %q:\n%s", c.Conclusion, c.Title, c.Summary)
	}
}

// TestT7AnObjectionDismissedAfterTheMerge stood when it was merged: the halt
// remains until then, and an owner's dismissal mends it as a late approval
// does.
func TestT7AnObjectionDismissedAfterTheMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.emu.SetTeamMember("payments-leads", "taro-data", "member"))
	before := w.head("main")
	n := w.proposed(w.request(req))
	id := w.objects("taro-data", n)
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	sha := w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltBlocked)
	w.dismisses("yuki-lead", n, id)
	w.holds(sha, "")
}

// TestT7UnreadDismissalsAreUndecided: a green check does not stay so, nothing
// is merged, and a merge made past the rules waits to be judged.
func TestT7UnreadDismissalsAreUndecided(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.head("main")
	n := w.proposed(w.request(req))
	id := w.objects("yuki-lead", n)
	w.must(w.repo.DismissReview("yuki-lead", n, id, "mine"))
	w.clock.move(time.Second)
	w.kit.Faults.Add(emukit.Fault{Name: "events", Op: eventsOp, Status: 500, Times: -1})
	w.must(w.Look(t.Context()))
	c := w.check(w.facts(req).Ref.Head)
	if c.Conclusion != "action_required" || c.Title != "cannot be decided yet" || !strings.Contains(strings.Join(w.facts(req).Missing, " "), "who dismissed the review of yuki-lead") {
		t.Errorf("check %q %q, missing %q", c.Conclusion, c.Title, w.facts(req).Missing)
	}
	sha := w.merge(n, "squash")
	for range 2 {
		if err := w.Look(t.Context()); err == nil || !strings.Contains(err.Error(), "who dismissed reviews") {
			t.Fatalf("judged without knowing: %v", err)
		}
		w.clock.move(time.Second)
		w.holds(before, "")
	}
	w.kit.Faults.Clear()
	w.look()
	w.mendedBy("yuki-lead", n, before, sha)
}

// TestT7StaleApprovalsAreApprovals: what a push dismisses was no objection, and
// nobody is blocked by it.
func TestT7StaleApprovalsAreApprovals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.review("yuki-lead", n, "APPROVE")
	_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "topic", Message: "more", Changes: map[string]*githubemu.File{"users/hana.yaml": w.file("users/hana.yaml", "lends", "lent")}})
	w.must(err)
	w.look()
	if c := w.check(w.head("topic")); !strings.HasPrefix(c.Title, "needs 1 approval") {
		t.Errorf("check %q %q", c.Conclusion, c.Title)
	}
}

// TestEventsAreReadOnlyWhereAReviewWasDismissed, and cost nothing unchanged.
func TestEventsAreReadOnlyWhereAReviewWasDismissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := func() int {
		entries, _ := w.kit.Journal.Since(0)
		n := 0
		for _, e := range entries {
			if e.Op == eventsOp {
				n++
			}
		}
		return n
	}
	n := w.proposed(w.request(req))
	id := w.objects("yuki-lead", n)
	if got := asked(); got != 0 {
		t.Errorf("events were read %d times though nothing was dismissed", got)
	}
	c := w.counted()
	w.dismisses("yuki-lead", n, id)
	if asked() == 0 {
		t.Error("events were not read")
	}
	if got := w.spent(c, func() { w.must(w.Look(t.Context())) }); got > 2 {
		t.Errorf("a look at an unchanged pull request takes %d requests", got)
	}
}

// TestT7AnApprovalDismissedAfterTheMerge was one when it was merged: who may
// write does not halt the bot with it. One in the second of the merge is gone,
// and so is that of who is disabled.
func TestT7AnApprovalDismissedAfterTheMerge(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		wait time.Duration
		gone map[string]bool
		halt gitops.HaltCode
	}{
		"after it":             {time.Minute, nil, ""},
		"in the second of it":  {0, nil, gitops.HaltApproval},
		"by who was disabled":  {time.Minute, map[string]bool{yukiEntra: true}, gitops.HaltApproval},
		"while one was needed": {-1, nil, gitops.HaltApproval},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := w.proposed(w.request(req))
			id, err := w.repo.Review("yuki-lead", n, "APPROVE", "", "")
			w.must(err)
			w.clock.move(time.Second)
			w.look()
			before := w.head("main")
			dismiss := func() { w.must(w.repo.DismissReview("hana-dev", n, id, "no")) }
			if tt.wait < 0 {
				dismiss()
				w.clock.move(time.Second)
			}
			sha := w.merge(n, "squash")
			if tt.wait >= 0 {
				w.clock.move(tt.wait - time.Second) // merge moved it one
				dismiss()
				w.clock.move(time.Second)
			}
			w.dir.gone = tt.gone
			w.look()
			if tt.halt != "" {
				sha = before
			}
			w.holds(sha, tt.halt)
		})
	}
}
