package gitops_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
)

// stalledFor looks for a while and says what is recorded then.
func (w *world) stalledFor(d time.Duration) *gitops.Stall {
	w.t.Helper()
	_ = w.blindFor(d)
	return w.status().Stall
}

// approvedAndMerged is a commit to be judged.
func (w *world) approvedAndMerged() string {
	w.t.Helper()
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	return w.merge(n, "squash")
}

// TestACommitThatCannotBeJudgedIsToldOnceItLasts: three polls long, without what
// the other side answered; a restart tells nothing again, and the first
// judgement ends it.
func TestACommitThatCannotBeJudgedIsToldOnceItLasts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	sha := w.approvedAndMerged()
	w.dir.fail = errors.New("403 Authorization_RequestDenied for s3cr3t")
	if s := w.stalledFor(8 * time.Minute); s != nil {
		t.Errorf("after 8 minutes it is told already: %+v", s)
	}
	s := w.stalledFor(4 * time.Minute)
	if s == nil || s.Commit != sha || s.Code != gitops.StallEntra {
		t.Fatalf("after 12 minutes: %+v", s)
	}
	w.holds(before, "")
	w.restart()
	if again := w.stalledFor(30 * time.Minute); again == nil || *again != *s {
		t.Errorf("after a restart %+v, want %+v", again, s)
	}
	told := w.toldOf("stalled/")
	if len(told) != 1 {
		t.Errorf("told %q", told)
	}
	for _, text := range told {
		if strings.Contains(text, "s3cr3t") || !strings.Contains(text, "cannot judge commit "+sha[:10]) {
			t.Errorf("told %q", text)
		}
	}
	w.dir.fail = nil
	w.look()
	w.holds(sha, "")
	if s := w.status().Stall; s != nil {
		t.Errorf("it is in force, and yet %+v", s)
	}
}

// TestWhatGitHubFailsToAnswerIsToldLater: its failures mostly pass.
func TestWhatGitHubFailsToAnswerIsToldLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sha := w.approvedAndMerged()
	w.answers("GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews", 503, `{"message":"unavailable"}`)
	for _, wait := range []time.Duration{0, 50 * time.Minute} {
		w.clock.move(wait)
		_ = w.Look(t.Context())
		if s := w.status().Stall; s != nil {
			t.Errorf("it is told already: %+v", s)
		}
	}
	w.clock.move(15 * time.Minute)
	_ = w.Look(t.Context())
	if s := w.status().Stall; s == nil || s.Commit != sha || s.Code != gitops.StallUnanswered {
		t.Errorf("after an hour: %+v", s)
	}
	w.kit.Faults.Clear()
	w.look()
	w.holds(sha, "")
}

// TestAnEndedStallBeginsAnew: failures that come and go are told of only when
// one lasts.
func TestAnEndedStallBeginsAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	w.merge(n, "squash")
	for range 4 {
		w.dir.fail = errors.New("500")
		if s := w.stalledFor(6 * time.Minute); s != nil {
			t.Errorf("stalled %+v", s)
		}
		w.dir.fail = nil
		if s := w.stalledFor(time.Minute); s != nil {
			t.Errorf("stalled %+v", s)
		}
	}
}
