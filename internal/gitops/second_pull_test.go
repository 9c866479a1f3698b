package gitops_test

import (
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestT06ASecondPullRequestOfABranchGrantsNothing: a request has one pull
// request, and what was said there counts. Whoever opens another one from its
// branch, which needs no push and no link, is not rid of an objection.
func TestT06ASecondPullRequestOfABranchGrantsNothing(t *testing.T) {
	t.Parallel()
	for _, who := range []string{"hana-dev", "stranger"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			w := ruledWorld(t, `  - name: quick
    match: {permission_sets: [PowerUserAccess], accounts: [payments-dev]}
    approvers: [account-owners]
    max_duration: 8h
    auto: {per_day: 3}
`)
			before := w.status().InForce
			n := w.proposed(w.request(req))
			head := w.facts(req).Ref.Head
			if c := w.check(head); c.Conclusion != "success" {
				t.Fatalf("the rule passes nothing by itself: %+v", c)
			}
			w.review("yuki-lead", n, "REQUEST_CHANGES")
			w.look()
			w.must(w.repo.ClosePull("yuki-lead", n))
			w.look()
			second, err := w.repo.CreatePull(who, githubemu.PullSpec{Head: "access/" + string(req), Title: "again"})
			w.must(err)
			w.look()
			w.look()
			if c := w.check(head); c.Conclusion == "success" || !strings.Contains(c.Summary, "another one of its branch") {
				t.Errorf("the check of the second one: %s %q", c.Conclusion, c.Title)
			}
			w.merge(second, "squash") // past the rules
			w.look()
			w.holds(before, gitops.HaltWithdrawn)
			if s := w.facts(req).State; s != access.PullClosed {
				t.Errorf("the request is %s", s)
			}
		})
	}
}
