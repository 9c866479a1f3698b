package gitops_test

import (
	"strings"
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// pullOn is what GitHub has of a pull request.
func (w *world) pullOn(n int) githubemu.PullState {
	w.t.Helper()
	for _, r := range w.emu.State().Repos {
		for _, p := range r.Pulls {
			if p.Number == n {
				return p
			}
		}
	}
	w.t.Fatalf("no pull request %d", n)
	return githubemu.PullState{}
}

func commentsOf(p githubemu.PullState) string {
	var b strings.Builder
	for _, c := range p.Comments {
		b.WriteString(c.Body)
	}
	return b.String()
}

// TestAChangedRuleIsShown: who approves under the last rule of a long book
// changes, and the check says from whom to whom.
func TestAChangedRuleIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{"aws-access.yaml": w.file("aws-access.yaml",
		"  - name: everything else\n    match: {}\n    approvers: [control-plane]", "  - name: everything else\n    match: {}\n    approvers: [hana@example.com]")})
	w.look()
	got := w.check(w.pullOn(n).HeadSHA).Summary
	want := "| `aws-access.yaml` | `approvals[everything else].approvers` | `1 of [control-plane]` | `1 of [hana@\u200bexample.com]` |\n"
	if !strings.Contains(got, want) || strings.Count(got, "`aws-access.yaml`") != 1 {
		t.Errorf("the check does not show %q alone:\n%s", want, got)
	}
}
