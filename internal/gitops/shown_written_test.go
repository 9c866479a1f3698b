package gitops_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/store"
)

// onUpdate lets something happen just before a check is written anew, or fail.
type onUpdate struct {
	gitops.Host
	then func() error
}

func (h *onUpdate) UpdateCheck(ctx context.Context, id int64, run gitops.CheckRun) (time.Time, error) {
	if h.then != nil {
		if err := h.then(); err != nil {
			return time.Time{}, err
		}
	}
	return h.Host.UpdateCheck(ctx, id, run)
}

// TestT11WhoJoinedIsShownOnceItIsWritten, by GitHub's clock: an approval before
// that is of the people whom the check showed till then.
func TestT11WhoJoinedIsShownOnceItIsWritten(t *testing.T) {
	t.Parallel()
	tests := map[string]func(w *world, n int) error{
		"approved while it is written": func(w *world, n int) error {
			w.clock.move(5 * time.Second)
			w.review("yuki-lead", n, "APPROVE")
			w.clock.move(5 * time.Second)
			return nil
		},
		"approved while it cannot be written": func(w *world, n int) error {
			w.clock.move(time.Minute)
			w.review("yuki-lead", n, "APPROVE")
			return errors.New("503")
		},
	}
	for name, then := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ruledWorld(t, pinnedRule)
			before := w.head("main")
			n := approvedPull(w)
			w.joins(devGroup, 1)
			h := &onUpdate{Host: w.client()}
			h.then = func() error { h.then = nil; return then(w, n) }
			g, err := gitops.New(w.opt, h, store.NewGitops(w.db), w.dir)
			w.must(err)
			w.Gitops = g
			for range 3 {
				w.look()
				if c := w.check(w.headOf(n)); c.Conclusion != "action_required" {
					t.Fatalf("check %q %q", c.Conclusion, c.Title)
				}
			}
			sha := w.merge(n, "squash")
			w.look()
			w.mendedBy("yuki-lead", n, before, sha)
		})
	}
}

// TestT11WhoJoinedIsNotShownByACheckThatWasNotWritten: merged meanwhile, it was
// approved for the people before.
func TestT11WhoJoinedIsNotShownByACheckThatWasNotWritten(t *testing.T) {
	t.Parallel()
	w := ruledWorld(t, pinnedRule)
	before := w.head("main")
	n := approvedPull(w)
	w.joins(devGroup, 1)
	g, err := gitops.New(w.opt, &onUpdate{w.client(), func() error { return errors.New("503") }}, store.NewGitops(w.db), w.dir)
	w.must(err)
	if err := g.Look(t.Context()); err == nil {
		t.Fatal("a check that cannot be written is no error")
	}
	w.clock.move(time.Minute)
	w.review("yuki-lead", n, "APPROVE")
	w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltApproval)
}
