package gitops_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/sandbox/githubemu"
)

// TestWhoBringsABranchUpToDateIsWarned: it is a push, and whoever is the only
// approver should not press the button; where he did, the check says what to do.
func TestWhoBringsABranchUpToDateIsWarned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("hana-dev", "g", map[string]*githubemu.File{devFile: w.grantLine(devFile, "  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: incident\n")})
	w.look()
	good(w, "other")
	w.look()
	says := func(texts ...string) {
		t.Helper()
		c := w.check(w.head("g"))
		for _, want := range texts {
			if !strings.Contains(c.Summary, want) {
				t.Errorf("the check does not say %q:\n%s", want, c.Summary)
			}
		}
	}
	says("no longer counts as an approver, so hana-dev should press it")
	w.must(w.repo.UpdateBranch("yuki-lead", n))
	w.clock.move(time.Second)
	w.look()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	says("`yuki-lead` was not counted: pushed to the branch", "`hana-dev` opens the same change anew from a new branch",
		"hana-dev can open the same change anew from a new branch: whoever only brought this one up to date may approve there.")
}
