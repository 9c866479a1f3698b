package gitops_test

import (
	"strings"
	"testing"

	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// commentsOn returns the comments on a pull request.
func (w *world) commentsOn(number int) []string {
	w.t.Helper()
	var out []string
	for _, r := range w.emu.State().Repos {
		for _, p := range r.Pulls {
			if p.Number != number {
				continue
			}
			for _, c := range p.Comments {
				out = append(out, c.Body)
			}
		}
	}
	return out
}

// TestTheAuthorOfAHandWrittenHaltIsTold in the one comment that has the plan, and
// when it is over: the plan stays for whoever approves late.
func TestTheAuthorOfAHandWrittenHaltIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.look()
	plan := w.commentsOn(n)
	w.merge(n, "squash")
	w.look()
	w.restart()
	w.look()
	says := w.commentsOn(n)
	if len(plan) != 1 || len(says) != 1 {
		t.Fatalf("comments %q, then %q, want one", plan, says)
	}
	mark, text, _ := strings.Cut(plan[0], "\n")
	for _, want := range []string{mark + "\n", "stands still at commit", "approval-missing", "bot trust " + w.head("main"), text} {
		if !strings.Contains(says[0], want) {
			t.Errorf("the comment does not say %q:\n%s", want, says[0])
		}
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.holds(w.head("main"), "")
	says = w.commentsOn(n)
	if len(says) != 1 || !strings.Contains(says[0], "The halt is over") || strings.Contains(says[0], "stands still") || !strings.Contains(says[0], text) {
		t.Errorf("after the halt: %q", says)
	}
}

// TestTheBotsOwnPullRequestHasItsThread and no second place that tells of a halt.
func TestTheBotsOwnPullRequestHasItsThread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	before := w.commentsOn(n)
	w.merge(n, "squash")
	w.look()
	if after := w.commentsOn(n); len(after) != len(before) || strings.Contains(strings.Join(after, ""), "stands still") {
		t.Errorf("comments %q", after)
	}
}

// TestNamesInAHaltAreNoMarkdown: what the bot says in its own name is not written
// by whoever names a group.
func TestNamesInAHaltAreNoMarkdown(t *testing.T) {
	t.Parallel()
	const name = "[all fine](/acme/other) ![x](/a) *b*"
	files := exampleFiles(t)
	files[devFile] = strings.Replace(files[devFile], "name: aws-payments-dev", "name: \""+name+"\"", 1)
	w := newWorldOf(t, files)
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.merge(n, "squash")
	w.look()
	w.look()
	says := w.comment(n, "stands still at commit", `\[all fine\](/acme/other) !\[x\](/a) \*b\*`, "- `bot trust "+w.head("main")+"` by an administrator").Body
	head, _, _ := strings.Cut(says, "<!-- aws-access-bot:halt -->")
	for _, act := range []string{"[all fine](", "![x](", " *b*"} {
		if strings.Contains(head, act) {
			t.Errorf("%q acts in the comment:\n%s", act, head)
		}
	}
}

// TestTheAuthorOfAMergedForkIsTold: no pull request explains the commit, yet there
// is one whose author waits.
func TestTheAuthorOfAMergedForkIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "topic", Fork: true, Message: "x", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}})
	w.must(err)
	n, err := w.repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "hana-dev:topic", Title: "x"})
	w.must(err)
	w.look()
	w.review("yuki-lead", n, "APPROVE")
	w.merge(n, "squash")
	w.look()
	w.look()
	if says := w.comment(n, "stands still at commit", "rule `fork`").Body; strings.Contains(says, "missing approval") {
		t.Errorf("an approval is said to end it:\n%s", says)
	}
}

// TestAHaltOfARequestThatTheStoreLostIsToldOnThePullRequest: it has no thread.
func TestAHaltOfARequestThatTheStoreLostIsToldOnThePullRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.head("main")
	n := w.proposed(w.request(req))
	w.db = store.NewMemory()
	w.restart()
	w.must(w.Trust(t.Context(), first, "the test"))
	w.look()
	w.merge(n, "squash")
	w.look()
	w.look()
	w.comment(n, "stands still at commit", "bot trust "+w.head("main"))
}

// TestAHaltCommentThatDoesNotFitSaysWhereAllOfItIs: the halt stands first, and
// what of the plan is left out is linked.
func TestAHaltCommentThatDoesNotFitSaysWhereAllOfItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.look()
	plan := w.comment(n)
	w.must(w.client().EditComment(t.Context(), int64(plan.ID), plan.Body+strings.Repeat("more of the plan ", 3500)))
	w.merge(n, "squash")
	w.look()
	says := w.comment(n, "The merge of this halted the bot").Body
	if len(says) > 62_000 || !strings.Contains(says, "/pull/1/files)") || !strings.Contains(says, "run `bot check DIR`") {
		t.Errorf("%d bytes, ending %q", len(says), says[max(0, len(says)-300):])
	}
}
