package gitops_test

import (
	"fmt"
	"strings"
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// smallTrees is a world whose GitHub lists no tree of more than 60 entries
// whole.
func smallTrees(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, exampleFiles(t), func(o *githubemu.Options) { o.TreeLimit = 60 })
}

// crowd are more files than are listed, and none of them with nil content.
func crowd(f *githubemu.File) map[string]*githubemu.File {
	out := map[string]*githubemu.File{}
	for i := range 100 {
		out[fmt.Sprintf("docs/%d", i)] = f
	}
	return out
}

// TestATreeThatIsNotListedWholeHalts, and only the whole tree as it was before
// ends that: what it holds beside the listed files is not known.
func TestATreeThatIsNotListedWholeHalts(t *testing.T) {
	t.Parallel()
	w := smallTrees(t)
	before := w.head("main")
	n := w.byHand("ken-platform", "huge", crowd(&githubemu.File{Content: "x"}))
	large := w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltTree)
	if err := w.Trust(t.Context(), large, "x"); err == nil {
		t.Error("trusted what is not known whole")
	}
	some := crowd(nil)
	delete(some, "docs/99")
	push(w, some)
	w.look()
	w.holds(before, gitops.HaltTree)
	whole := push(w, map[string]*githubemu.File{"docs/99": nil})
	w.look()
	w.holds(whole, "")
}

// TestAnOpenPullRequestWithSuchATreeIsAFailedCheck, and holds nobody up.
func TestAnOpenPullRequestWithSuchATreeIsAFailedCheck(t *testing.T) {
	t.Parallel()
	w := smallTrees(t)
	w.byHand("ken-platform", "huge", crowd(&githubemu.File{Content: "x"}))
	w.must(w.Propose(t.Context(), w.request(req)))
	w.must(w.Look(t.Context()))
	if c := w.check(w.head("huge")); c.Conclusion != "failure" || !strings.Contains(c.Summary, "does not list all files") {
		t.Errorf("check %s: %s", c.Conclusion, c.Summary)
	}
	if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "action_required" {
		t.Errorf("the other check is %q", c.Conclusion)
	}
}
