package gitops_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// endedWorld has lines of one hour in a group's file, under comments, and is two
// hours later. Whether their access is removed in AWS is up to gone.
func endedWorld(t *testing.T, merge string, lines int) (w *world, gone map[string]bool) {
	t.Helper()
	files := exampleFiles(t)
	if merge == "auto" {
		files["aws-access.yaml"] = strings.TrimRight(files["aws-access.yaml"], "\n") + "\nmerge: auto\n"
	}
	text := strings.TrimRight(files["groups/aws-payments-dev.yaml"], "\n") + "\n"
	for i := range lines {
		text += fmt.Sprintf("  # note %d\n  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 1h\n    reason: bug %d\n    request: REQ-%06d\n", i, i, i)
	}
	files["groups/aws-payments-dev.yaml"] = text
	w = newWorldOf(t, files)
	gone = map[string]bool{"PowerUserAccess": true}
	w.removed = func(_ context.Context, a config.Assignment) (bool, error) { return gone[a.PermissionSet], nil }
	w.restart()
	w.clock.move(2 * time.Hour)
	return w, gone
}

// pullRequests are the open pull requests, by branch.
func (w *world) pullRequests() []githubemu.PullState {
	var out []githubemu.PullState
	for _, p := range w.emu.State().Repos[0].Pulls {
		if p.State == "open" {
			out = append(out, p)
		}
	}
	return out
}

// payments is the group's file at the head of the branch.
func (w *world) payments() string {
	w.t.Helper()
	files, err := w.repo.Files("")
	w.must(err)
	return files["groups/aws-payments-dev.yaml"].Content
}

// TestEndedLinesAreTakenOutWithNobodysApproval: the bot merges it, everything
// else in the file stays, comments too, and no second one comes that day.
func TestEndedLinesAreTakenOutWithNobodysApproval(t *testing.T) {
	t.Parallel()
	w, _ := endedWorld(t, "auto", 2)
	before := w.payments()
	w.look()
	w.look()
	after := w.payments()
	if strings.Contains(after, "REQ-00000") || !strings.Contains(after, "# note 0") || !strings.Contains(after, "# note 1") {
		t.Errorf("the file says:\n%s", after)
	}
	want := before
	for i := range 2 {
		want = strings.Replace(want, fmt.Sprintf("  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 1h\n    reason: bug %d\n    request: REQ-%06d\n", i, i), "", 1)
	}
	if after != want {
		t.Errorf("more was changed than the lines:\n%s", after)
	}
	w.holds(w.head("main"), "")
	if !w.desires("111122223333", "ReadOnlyAccess", devGroup) {
		t.Error("a line that stands is gone")
	}
	w.clock.move(time.Hour)
	w.look()
	if n := len(w.emu.State().Repos[0].Pulls); n != 1 {
		t.Errorf("%d pull requests", n)
	}
}

// TestACleanUpIsMergedByPeopleWhereThatIsSo, and one is open at a time.
func TestACleanUpIsMergedByPeopleWhereThatIsSo(t *testing.T) {
	t.Parallel()
	w, _ := endedWorld(t, "people", 30)
	for range 3 {
		w.look()
		w.clock.move(25 * time.Hour)
		w.restart()
	}
	open := w.pullRequests()
	if len(open) != 1 {
		t.Fatalf("%d are open", len(open))
	}
	if c := w.check(open[0].HeadSHA); c.Conclusion != "success" {
		t.Errorf("its check is %s: %s\n%s", c.Conclusion, c.Title, c.Summary)
	}
	sha := w.merge(open[0].Number, "squash")
	w.look()
	w.holds(sha, "")
	if strings.Contains(w.payments(), "REQ-") {
		t.Error("lines are left")
	}
}

// TestWhatIsNotRemovedInAWSYetIsNotTakenOut: its removal would count as one by a
// commit.
func TestWhatIsNotRemovedInAWSYetIsNotTakenOut(t *testing.T) {
	t.Parallel()
	w, gone := endedWorld(t, "auto", 1)
	gone["PowerUserAccess"] = false
	w.look()
	if n := len(w.pullRequests()); n != 0 {
		t.Fatalf("%d pull requests while the access is live", n)
	}
	gone["PowerUserAccess"] = true
	w.clock.move(gitops.DefaultCleanAfter)
	w.look()
	w.look()
	if strings.Contains(w.payments(), "REQ-") {
		t.Error("it is not taken out once it is removed")
	}
}

// TestALineThatHasJustEndedWaits for longer than clocks may differ.
func TestALineThatHasJustEndedWaits(t *testing.T) {
	t.Parallel()
	w, _ := endedWorld(t, "auto", 1)
	w.clock.move(-time.Hour + time.Minute) // a minute after its end
	w.look()
	if n := len(w.pullRequests()); n != 0 {
		t.Errorf("%d pull requests a minute after the end", n)
	}
}

// TestAnEditOnACleanUpEndsItsPrivilege: the bot does not merge it, and what
// somebody merges past the rules halts.
func TestAnEditOnACleanUpEndsItsPrivilege(t *testing.T) {
	t.Parallel()
	w, _ := endedWorld(t, "people", 1)
	w.look()
	open := w.pullRequests()
	if len(open) != 1 {
		t.Fatalf("%d are open", len(open))
	}
	_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: open[0].Head, Message: "and more", Changes: map[string]*githubemu.File{
		"groups/aws-payments-dev.yaml": w.grantLine("groups/aws-payments-dev.yaml", "  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: x\n"),
	}, IgnoreRules: true})
	w.must(err)
	w.clock.move(time.Second)
	w.look()
	head := w.pullRequests()[0].HeadSHA
	if c := w.check(head); c.Conclusion == "success" {
		t.Errorf("its check passes: %s", c.Title)
	}
	w.merge(open[0].Number, "squash")
	w.look()
	if h := w.status().Halt; h == nil || h.Code != gitops.HaltHeadMoved {
		t.Errorf("halt %+v", h)
	}
}

// TestACleanUpGoesOnOverOtherMerges, and is closed when people take out its
// lines themselves.
func TestACleanUpGoesOnOverOtherMerges(t *testing.T) {
	t.Parallel()
	w, _ := endedWorld(t, "people", 2)
	w.look()
	first := w.pullRequests()[0]
	n := w.byHand("yuki-lead", "reword", map[string]*githubemu.File{
		"groups/aws-payments-dev.yaml": w.file("groups/aws-payments-dev.yaml", "# note 0\n", "# note nought\n"),
	})
	w.look()
	w.merge(n, "squash")
	w.look()
	w.look()
	now := w.pullRequests()
	if len(now) != 1 || now[0].HeadSHA == first.HeadSHA {
		t.Fatalf("it was not brought up to date: %+v", now)
	}
	if c := w.check(now[0].HeadSHA); c.Conclusion != "success" {
		t.Errorf("its check is %s: %s", c.Conclusion, c.Title)
	}
}

// TestACleanUpWithNothingLeftIsClosed: somebody took out its lines himself.
func TestACleanUpWithNothingLeftIsClosed(t *testing.T) {
	t.Parallel()
	w, _ := endedWorld(t, "people", 1)
	w.look()
	const line = "  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 1h\n    reason: bug 0\n    request: REQ-000000\n"
	n := w.byHand("yuki-lead", "by-hand", map[string]*githubemu.File{
		"groups/aws-payments-dev.yaml": w.file("groups/aws-payments-dev.yaml", line, ""),
	})
	w.look()
	w.merge(n, "squash")
	w.look()
	w.clock.move(gitops.DefaultCleanAfter)
	w.look()
	if open := w.pullRequests(); len(open) != 0 {
		t.Errorf("still open: %s", open[0].Title)
	}
	w.holds(w.head("main"), "")
}
