package gitops_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/sandbox/githubemu"
)

// fails has Entra fail for a look, and wants the look to say so.
func (w *world) fails() {
	w.t.Helper()
	w.dir.mu.Lock()
	w.dir.fail = errors.New("graph: 503")
	w.dir.mu.Unlock()
	if err := w.Look(w.t.Context()); err == nil {
		w.t.Error("people that cannot be read are no error")
	}
	w.clock.move(time.Second)
	w.dir.mu.Lock()
	w.dir.fail = nil
	w.dir.mu.Unlock()
}

// writes counts what was written to check runs.
func (w *world) writes() int {
	w.t.Helper()
	n := 0
	entries, _ := w.kit.Journal.Since(0)
	for _, e := range entries {
		if strings.Contains(e.Op, "/check-runs") && !strings.HasPrefix(e.Op, "GET ") {
			n++
		}
	}
	return n
}

// TestTheCheckDoesNotPassWhileItCannotBeJudged: from the second failed look in
// a row on, said once, and written back with the approvals there are.
func TestTheCheckDoesNotPassWhileItCannotBeJudged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.look()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.wantPassed(n)
	w.fails()
	w.wantPassed(n)
	w.look()
	w.fails() // not in a row
	w.wantPassed(n)
	before := w.writes()
	for range 3 {
		w.fails()
		c := w.check(w.headOf(n))
		if c.Conclusion != "action_required" || c.Title != "cannot be judged now" || !strings.Contains(c.Summary, "graph: 503") || !strings.Contains(c.Summary, "looked at again by itself") {
			t.Fatalf("check: %q %q\n%s", c.Conclusion, c.Title, c.Summary)
		}
	}
	if got := w.writes() - before; got != 1 {
		t.Errorf("said %d times", got)
	}
	w.look()
	w.wantPassed(n)
}

// TestAHeadThatCouldNotBeJudgedWasNotShown, so that nothing approved meanwhile
// counts.
func TestAHeadThatCouldNotBeJudgedWasNotShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.fails()
	w.fails()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.wantAgain(n)
}
