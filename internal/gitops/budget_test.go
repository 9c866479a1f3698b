package gitops_test

import (
	"fmt"
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/github"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// counted has the Gitops of a world read through a client that the test sees.
func (w *world) counted() *github.Client {
	w.t.Helper()
	c := w.client()
	g, err := gitops.New(w.opt, c, store.NewGitops(w.db), w.dir)
	w.must(err)
	w.Gitops = g
	return c
}

// spent is how much of the request budget something takes.
func (w *world) spent(c *github.Client, f func()) int {
	w.t.Helper()
	f()
	before := c.Budget()
	f()
	after := c.Budget()
	if before.Limit == 0 || !before.Reset.Equal(after.Reset) {
		w.t.Fatalf("budgets %+v and %+v cannot be compared", before, after)
	}
	return before.Remaining - after.Remaining
}

// TestASecondLookAtOpenPullRequestsCostsNearlyNothing: a poll every three
// minutes leaves the budget to what happens.
func TestASecondLookAtOpenPullRequestsCostsNearlyNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.counted()
	for i := range 20 {
		change := w.grantLine("groups/aws-payments-dev.yaml", fmt.Sprintf("  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: %dh\n    reason: load test\n", 1+i%8))
		w.byHand("hana-dev", fmt.Sprintf("by-hand-%d", i), map[string]*githubemu.File{"groups/aws-payments-dev.yaml": change})
	}
	_, err := c.Branch(t.Context(), "main") // for the budget before
	w.must(err)
	start := c.Budget()
	w.must(w.Look(t.Context()))
	first := start.Remaining - c.Budget().Remaining
	again := w.spent(c, func() { w.must(w.Look(t.Context())) })
	before, _ := w.kit.Journal.Since(0)
	w.must(w.Look(t.Context()))
	asked, _ := w.kit.Journal.Since(before[len(before)-1].Seq)
	one := w.spent(c, func() {
		w.review("yuki-lead", 3, "COMMENT")
		w.must(w.Look(t.Context()))
	})
	t.Logf("of a budget of %d an hour: the first look at 20 open pull requests takes %d requests, the next one %d (asked %d times), one after a review %d", start.Limit, first, again, len(asked), one)
	if first < 60 {
		t.Errorf("the first look took %d requests: it looked at less than 20 pull requests", first)
	}
	if again > 2 {
		t.Errorf("a look at 20 unchanged pull requests takes %d requests, want at most 2", again)
	}
	if one > 6 {
		t.Errorf("a look after one review takes %d requests, want at most 6", one)
	}
}

// TestAnIdleDayTakesFewRequests: a look every three minutes at a repo in which
// nothing happens. What is answered 304 costs nothing of the budget, and is
// counted here all the same.
func TestAnIdleDayTakesFewRequests(t *testing.T) {
	t.Parallel()
	const looks, most = 24 * 60 / 3, 2000
	w := newWorld(t)
	c := w.counted()
	w.must(w.Look(t.Context()))
	first, _ := w.kit.Journal.Since(0)
	before := c.Budget()
	for range looks {
		w.must(w.Look(t.Context()))
	}
	after := c.Budget()
	asked, _ := w.kit.Journal.Since(first[len(first)-1].Seq)
	t.Logf("%d looks: %d requests, %d of the budget", looks, len(asked), before.Remaining-after.Remaining)
	if len(asked) < looks {
		t.Errorf("%d requests for %d looks: they did not look", len(asked), looks)
	}
	if len(asked) > most {
		t.Errorf("an idle day takes %d requests, want at most %d", len(asked), most)
	}
}
