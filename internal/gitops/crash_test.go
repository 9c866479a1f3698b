package gitops_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/store"
)

// stopping is a store that ends a context after a durable step, and fails
// whatever comes after: as if the process were killed there.
type stopping struct {
	store.DB
	cancel context.CancelFunc
	after  int // how many more steps are let through
}

func (s *stopping) Update(ctx context.Context, step string, f func(store.Tx) error) error {
	if s.after <= 0 {
		return context.Canceled
	}
	if err := s.DB.Update(ctx, step, f); err != nil {
		return err
	}
	if s.after--; s.after == 0 {
		s.cancel()
	}
	return nil
}

// TestStoppedAfterEveryDurableStep ends the work after the first durable step,
// then after the second and so on, starts anew each time, and wants the same
// end: one branch, one pull request, one check per head, the grant in force.
func TestStoppedAfterEveryDurableStep(t *testing.T) {
	t.Parallel()
	stoppedEverywhere(t, newWorld, (*world).grantAsked, []string{"yuki-lead"}, func(w *world) bool {
		return w.desires("111122224444", "PowerUserAccess", devGroup)
	})
}

// TestAPhaseStoppedAfterEveryDurableStep is the same for a step to another
// phase.
func TestAPhaseStoppedAfterEveryDurableStep(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T) *world { return phaseWorld(t, 1, whole(t)) }
	step := func(w *world) access.Request { return w.toPhase(2) }
	stoppedEverywhere(t, begin, step, []string{"ken-platform", "lena-platform"}, func(w *world) bool { return w.phase() == 2 })
}

func (w *world) grantAsked() access.Request { return w.request(req) }

// stoppedEverywhere plays a request to its end, stopped after each durable step
// once.
func stoppedEverywhere(t *testing.T, begin func(*testing.T) *world, asks func(*world) access.Request, approvers []string, done func(*world) bool) {
	for n := 1; n <= 10; n++ {
		w := begin(t)
		file := filepath.Join(t.TempDir(), "state.db")
		db, err := store.OpenBolt(file, store.Options{})
		w.must(err)
		t.Cleanup(func() { _ = db.Close() })
		w.db = db
		w.restart()
		w.must(w.Trust(t.Context(), w.head("main"), "the test"))
		r := asks(w)
		sha := ""
		play := func(ctx context.Context) error {
			if err := w.Propose(ctx, r); err != nil {
				return err
			}
			if err := w.Look(ctx); err != nil {
				return err
			}
			f, err := w.PullFacts(ctx, req)
			if err != nil {
				return err
			}
			if sha == "" {
				w.clock.move(time.Second)
				for _, login := range approvers {
					w.review(login, f.Ref.Number, "APPROVE")
				}
				sha = w.merge(f.Ref.Number, "squash")
			}
			return w.Look(ctx)
		}
		ctx, cancel := context.WithCancel(t.Context())
		g, err := gitops.New(w.opt, w.client(), store.NewGitops(&stopping{db, cancel, n}), w.dir)
		w.must(err)
		w.Gitops = g
		first := play(ctx)
		cancel()
		w.restart()
		w.must(play(t.Context()))
		w.look()
		w.holds(sha, "")
		repo := w.emu.State().Repos[0]
		if len(repo.Pulls) != 1 || len(repo.Branches) != 2 || len(repo.Checks) != 1 || len(repo.Pulls[0].Comments) != 1 {
			t.Errorf("stopped after step %d (%v): %d pull requests, branches %v, %d checks", n, first, len(repo.Pulls), repo.Branches, len(repo.Checks))
		}
		if !done(w) {
			t.Errorf("stopped after step %d: what was asked for is not in force", n)
		}
	}
}

// aLostAnswerIsNoSecondEffect: a write that took effect and whose answer
// was lost is found, not repeated.
func aLostAnswerIsNoSecondEffect(t *testing.T) {
	t.Parallel()
	const repo = "/repos/{owner}/{repo}"
	for _, op := range []string{
		"POST " + repo + "/git/trees", "POST " + repo + "/git/commits", "POST " + repo + "/git/refs", "POST " + repo + "/pulls",
		"POST " + repo + "/issues/{issue_number}/labels", "POST " + repo + "/pulls/{pull_number}/requested_reviewers",
		"POST " + repo + "/check-runs", "POST " + repo + "/issues/{issue_number}/comments",
	} {
		w := newWorld(t)
		w.kit.Faults.Add(emukit.Fault{Name: "lost", Op: op, Status: 502, AfterEffect: true})
		r := w.request(req)
		if err := w.Propose(t.Context(), r); err != nil {
			w.must(w.Propose(t.Context(), r))
		}
		w.look()
		w.look()
		lost := 0
		entries, _ := w.kit.Journal.Since(0)
		for _, e := range entries {
			if e.Fault != "" {
				lost++
			}
		}
		s := w.emu.State().Repos[0]
		if lost != 1 || len(s.Pulls) != 1 || len(s.Branches) != 2 || len(s.Checks) != 1 || len(s.Pulls[0].Comments) != 1 {
			t.Errorf("%s: %d answers lost, %d pull requests, branches %v, %d checks", op, lost, len(s.Pulls), s.Branches, len(s.Checks))
		}
	}
}
