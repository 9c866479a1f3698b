package gitops_test

import (
	"strings"
	"testing"

	"aws-access-bot/internal/sandbox/githubemu"
)

// TestThePlanIsOfWhatTheQueueMerges: with a merge queue a head stays behind the
// branch, and what its tree still has may be gone.
func TestThePlanIsOfWhatTheQueueMerges(t *testing.T) {
	t.Parallel()
	const other, line = "groups/aws-payments-oncall.yaml", "  - account: payments-prod\n    permission_set: SpecialSet\n    reason: r\n"
	files, was := exampleFiles(t), exampleFiles(t)
	for _, path := range []string{devFile, other} {
		files[path] = strings.TrimRight(files[path], "\n") + "\n" + line
	}
	files["aws-access.yaml"] = strings.Replace(files["aws-access.yaml"], "  - name: admin in production\n",
		"  - name: special\n    match: {permission_sets: [SpecialSet]}\n    approvers: [account-owners]\n    count: 1\n    standing: true\n  - name: admin in production\n", 1)
	w := newWorldOf(t, files)
	queue := githubemu.DefaultQueue()
	w.must(w.repo.SetMergeQueue(&queue))
	w.join(oncallGroup, hanaEntra)
	first := w.head("main")
	a := w.byHand("ken-platform", "a", map[string]*githubemu.File{devFile: {Content: was[devFile]}})
	b := w.byHand("ken-platform", "b", map[string]*githubemu.File{other: {Content: was[other]}})
	w.look()
	w.comment(a, "These keep it another way")
	w.review("yuki-lead", b, "APPROVE")
	w.look()
	w.merge(b, "merge")
	w.look()
	w.look()
	w.holds(w.head("main"), "")
	got := w.comment(a, "1 person will lose it", "`SpecialSet` has no assignment left in this account", "The head left the branch at `"+first[:7]).Body
	if strings.Contains(got, "keep it another way") {
		t.Errorf("the comment has what is gone:\n%s", got)
	}
	if got := w.check(w.head("a")).Summary; !strings.Contains(got, "`SpecialSet` has no assignment left in this account") || strings.Contains(got, "keep it another way") {
		t.Errorf("the check has what is gone:\n%s", got)
	}
}
