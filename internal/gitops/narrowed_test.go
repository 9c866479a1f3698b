package gitops_test

import (
	"strings"
	"testing"

	"aws-access-bot/internal/sandbox/githubemu"
)

// TestANarrowedSelectorNeedsWhoMayRemoveIt: accounts that join later would get
// nothing, so a stranger is not enough, and a member of the group is.
func TestANarrowedSelectorNeedsWhoMayRemoveIt(t *testing.T) {
	t.Parallel()
	for login, want := range map[string]string{"taro-data": "action_required", "hana-dev": "success"} {
		w := newWorld(t)
		w.byHand(login, "narrow", map[string]*githubemu.File{devFile: w.file(devFile, "  - accounts: {ou: /Workloads/Dev, tags: {team: payments}}\n", "  - account: payments-dev\n")})
		w.look()
		c := w.check(w.head("narrow"))
		if says := strings.Contains(c.Summary, "narrow the selector of ReadOnlyAccess"); c.Conclusion != want || !says {
			t.Errorf("check on what %s wrote is %s: %s\n%s", login, c.Conclusion, c.Title, c.Summary)
		}
	}
}
