package gitops_test

import (
	"testing"

	"aws-access-bot/internal/gitops"
)

// TestWhoJoinedTheTeamLateMendsAHaltByALateApprovalOnly: what he gave before
// the merge counts no more in the second look than in the first.
func TestWhoJoinedTheTeamLateMendsAHaltByALateApprovalOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	n := w.proposed(w.request(req))
	w.review("taro-data", n, "APPROVE")
	w.look()
	w.must(w.emu.SetTeamMember("payments-leads", "taro-data", "member"))
	sha := w.merge(n, "squash")
	for range 3 {
		w.look()
		w.holds(before, gitops.HaltApproval)
	}
	w.review("taro-data", n, "APPROVE")
	w.look()
	w.holds(sha, "")
}
