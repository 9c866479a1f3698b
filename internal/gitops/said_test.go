package gitops_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestTheReasonOfARunningGrantIsNotExchangedBySomebodyElse, by writing the end that
// its length comes to.
func TestTheReasonOfARunningGrantIsNotExchangedBySomebodyElse(t *testing.T) {
	t.Parallel()
	w := ruledWorld(t, "  - name: tickets\n    match: {permission_sets: [PowerUserAccess]}\n    approvers: [account-owners]\n    reason: {ticket: 'INC-[0-9]+'}\n    standing: true\n")
	n := w.byHand("hana-dev", "g", map[string]*githubemu.File{devFile: w.grantLine(devFile, "  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: INC-1 refund bug\n")})
	w.look()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	at := w.clock.Now()
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
	end := at.Add(4 * time.Hour).UTC().Format(time.RFC3339)
	m := w.byHand("taro-data", "r", map[string]*githubemu.File{devFile: w.file(devFile, "    duration: 4h\n    reason: INC-1 refund bug\n", "    expires: "+end+"\n    reason: agreed for good\n")})
	w.look()
	if c := w.check(w.head("r")); c.Conclusion != "failure" || !strings.Contains(c.Summary, "Another reason of PowerUserAccess") || !strings.Contains(c.Summary, "wants a ticket") {
		t.Errorf("check is %s: %s\n%s", c.Conclusion, c.Title, c.Summary)
	}
	w.merge(m, "squash")
	w.look()
	w.holds(sha, gitops.HaltRefused)
}
