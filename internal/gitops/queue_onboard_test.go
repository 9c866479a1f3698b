package gitops_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestTheQueueLooksAheadToo: what AWS says may change between the check of a pull
// request and its turn in the queue. What it does not answer blocks nothing.
func TestTheQueueLooksAheadToo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		later  []access.PreflightLine
		merges bool
	}{
		"nothing changed":     {[]access.PreflightLine{activeLine}, true},
		"the OU is gone":      {[]access.PreflightLine{activeLine, noOULine}, false},
		"AWS does not answer": {[]access.PreflightLine{{Code: "ou", Result: access.PreflightUnknown, Sentence: "Whether the OU exists."}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := queueWorld(t, "", nil)
			w.awsSays(activeLine)
			n := w.proposed(w.brings(req, ledger, "ledger"))
			w.review("ken-platform", n, "APPROVE")
			w.look() // which puts it into the queue
			w.awsSays(tc.later...)
			if merged := w.looks(w.merged(req)); merged != tc.merges {
				t.Errorf("merged %v", merged)
			}
			if told := w.groupSaid("AWS has no OU"); told == tc.merges {
				t.Errorf("the check of the group says that the OU is gone: %v", told)
			}
		})
	}
}

// TestTheQueueLooksAheadToAPhase likewise.
func TestTheQueueLooksAheadToAPhase(t *testing.T) {
	t.Parallel()
	view := whole(t)
	w := phaseWorld(t, 1, view)
	q := githubemu.DefaultQueue()
	w.must(w.repo.SetMergeQueue(&q))
	n := w.proposed(w.toPhase(config.Grow))
	w.review("ken-platform", n, "APPROVE")
	w.review("lena-platform", n, "APPROVE")
	w.look()
	w.must(w.repo.Enqueue("ken-platform", n, false))
	view.Features = access.ConsolidatedBilling
	w.clock.move(time.Minute)
	w.look()
	w.look()
	if !w.groupSaid("shares only its bill") || w.facts(req).State != access.PullOpen {
		t.Errorf("the check of the group says nothing of it, and the pull request is %s", w.facts(req).State)
	}
}

// groupSaid reports whether the check of a group of the queue failed with some
// words.
func (w *world) groupSaid(words string) bool {
	return slices.ContainsFunc(w.emu.State().Repos[0].Checks, func(c githubemu.CheckState) bool {
		return strings.Contains(c.Summary, "The merge queue must not put this on") && c.Conclusion == "failure" && strings.Contains(c.Title, words)
	})
}
