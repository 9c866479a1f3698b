package gitops_test

import (
	"strings"
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestARequestIsForTheAccountThatWasAskedFor: by its number, also after two
// account files changed places while the request was open.
func TestARequestIsForTheAccountThatWasAskedFor(t *testing.T) {
	t.Parallel()
	w := autoWorld(t, "")
	n := w.proposed(w.request(req))
	files, err := w.repo.Files("")
	w.must(err)
	dev, prod := files["accounts/payments-dev.yaml"], files["accounts/payments-prod.yaml"]
	swap := w.byHand("hana-dev", "swap", map[string]*githubemu.File{"accounts/payments-dev.yaml": {Content: prod.Content}, "accounts/payments-prod.yaml": {Content: dev.Content}})
	sha := w.merge(swap, "squash")
	w.must(w.Trust(t.Context(), sha, "the test")) // whoever let that happen
	w.look()
	w.look()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	if w.desires("111122223333", "PowerUserAccess", devGroup) {
		t.Error("the other account was granted")
	}
	if !w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Errorf("what was asked for was not granted: %q", w.facts(req).Missing)
	}
}

// TestWhatWasNotAskedForIsAHalt: whatever the bot's own commit came to mean.
func TestWhatWasNotAskedForIsAHalt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := approvedPull(w)
	files, err := w.repo.Files("")
	w.must(err)
	dev, prod := files["accounts/payments-dev.yaml"], files["accounts/payments-prod.yaml"]
	sha := push(w, map[string]*githubemu.File{"accounts/payments-dev.yaml": {Content: prod.Content}, "accounts/payments-prod.yaml": {Content: dev.Content}})
	w.must(w.Trust(t.Context(), sha, "the test"))
	w.merge(n, "merge")
	w.look()
	w.holds(sha, gitops.HaltContent)
	if w.desires("111122223333", "PowerUserAccess", devGroup) {
		t.Error("the other account was granted")
	}
}

// TestAWithdrawnRequestDoesNotComeBack: it was told that nothing is granted.
func TestAWithdrawnRequestDoesNotComeBack(t *testing.T) {
	t.Parallel()
	for _, looked := range []bool{true, false} {
		w := newWorld(t)
		n := approvedPull(w)
		w.must(w.Withdraw(t.Context(), w.request(req)))
		if looked {
			w.look()
		}
		w.must(w.repo.ReopenPull("taro-data", n))
		w.look()
		if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "failure" || !strings.Contains(c.Title, "closed and opened again") {
			t.Errorf("check %q %q", c.Conclusion, c.Title)
		}
		before := w.status().InForce
		w.merge(n, "squash")
		w.look()
		w.holds(before, gitops.HaltWithdrawn)
	}
}

// TestTwoPullRequestsOfOneHead: GitHub keeps checks by commit.
func TestTwoPullRequestsOfOneHead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	handPull(w)
	w.look()
	head := w.head("topic")
	if c := w.check(head); c.Conclusion != "success" {
		t.Fatalf("alone: %q", c.Conclusion)
	}
	_, err := w.repo.Push("taro-data", githubemu.Push{Branch: "twin", Parent: head, Message: "nothing"})
	w.must(err)
	w.must(w.repo.ForcePush("taro-data", "twin", head, false))
	second, err := w.repo.CreatePull("taro-data", githubemu.PullSpec{Head: "twin", Title: "the same"})
	w.must(err)
	w.look()
	if c := w.check(head); c.Conclusion != "failure" || !strings.Contains(c.Title, "same head") {
		t.Errorf("both: %q %q", c.Conclusion, c.Title)
	}
	if _, err := w.repo.Merge("taro-data", second, githubemu.MergeSpec{}); err == nil {
		t.Error("the second one was merged by the rules")
	}
	w.must(w.repo.ClosePull("taro-data", second))
	w.look()
	if c := w.check(head); c.Conclusion != "success" {
		t.Errorf("alone again: %q %q", c.Conclusion, c.Title)
	}
}

// TestWhoJoinedAfterTheMergeHadApprovedIt: what he approved before counts.
func TestWhoJoinedAfterTheMergeHadApprovedIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := approvedPull(w)
	sha := w.merge(n, "squash")
	w.must(w.Join(t.Context(), req, yuki()))
	w.look()
	w.holds(sha, "")
}

// TestAPassedOverRequestThatWasTakenBack is told to be undone.
func TestAPassedOverRequestThatWasTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := approvedPull(w)
	files, err := w.repo.Files("")
	w.must(err)
	dev, sandbox := files[devFile], files[sandboxFile]
	w.merge(w.byHand("hana-dev", "broken", map[string]*githubemu.File{sandboxFile: w.file(sandboxFile, "account: sandbox-play", "account: nowhere")}), "merge")
	w.merge(n, "merge")
	w.look()
	back := w.byHand("mio-sec", "back", map[string]*githubemu.File{devFile: {Content: dev.Content}, sandboxFile: {Content: sandbox.Content}})
	sha := w.merge(back, "merge")
	w.look()
	w.holds(sha, "")
	if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || v.InForce || !v.Undone {
		t.Errorf("verdict %+v, %v", v, err)
	}
}
