package gitops_test

import (
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestALateApprovalCountsOnlyFromWhoMay: a halt is mended by an owner, and not
// by who asked or by somebody whom no rule names.
func TestALateApprovalCountsOnlyFromWhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	n := w.proposed(w.request(req))
	sha := w.merge(n, "squash")
	w.look()
	for _, who := range []string{"hana-dev", "mio-sec", "taro-data"} {
		w.review(who, n, "APPROVE")
		w.look()
		w.holds(before, gitops.HaltApproval)
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.holds(sha, "")
}

// TestALateApprovalDoesNotLendAnEarlierOneAnything: before there is a halt, who
// joined the team after his approval counts no more because he approves again
// after the merge.
func TestALateApprovalDoesNotLendAnEarlierOneAnything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	n := w.proposed(w.request(req))
	w.review("taro-data", n, "APPROVE")
	w.look()
	w.must(w.emu.SetTeamMember("payments-leads", "taro-data", "member"))
	sha := w.merge(n, "squash")
	w.review("taro-data", n, "APPROVE")
	w.look()
	w.holds(before, gitops.HaltApproval)
	w.look()
	w.holds(sha, "")
}

// TestALateApprovalMendsOnlyTheHaltThatThereIs: what came after the halted
// commit, and is judged with it, was no halt yet when it was approved.
func TestALateApprovalMendsOnlyTheHaltThatThereIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	files, err := w.repo.Files("")
	w.must(err)
	was := files[sandboxFile]
	push(w, map[string]*githubemu.File{sandboxFile: {Content: was.Content + "# a remark\n"}})
	w.look()
	w.holds(before, gitops.HaltDirectPush)
	n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.merge(n, "squash")
	w.clock.move(time.Second)
	w.review("yuki-lead", n, "APPROVE")
	sha := push(w, map[string]*githubemu.File{sandboxFile: {Content: was.Content}})
	w.look()
	w.holds(before, gitops.HaltApproval)
	w.look()
	w.holds(sha, "")
}
