package gitops_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/review"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// eager is a store that lets somebody look as soon as a step is stored.
type eager struct {
	gitops.State
	stored func()
}

func (s eager) Advance(ctx context.Context, a gitops.Advance) error {
	err := s.State.Advance(ctx, a)
	s.stored()
	return err
}

// onlookers ask something whenever a step was stored and is not yet in memory.
type onlookers struct {
	ask func()
	all sync.WaitGroup
}

// look has one of them begin, and gives him time: whoever must wait for the step
// goes on after it, so that he is not waited for.
func (o *onlookers) look() {
	done := make(chan struct{})
	o.all.Go(func() {
		defer close(done)
		o.ask()
	})
	select {
	case <-done:
	case <-time.After(50 * time.Millisecond):
	}
}

// watched has the steps of a world looked at.
func (w *world) watched(ask func()) *onlookers {
	w.t.Helper()
	o := &onlookers{ask: ask}
	g, err := gitops.New(w.opt, w.client(), eager{store.NewGitops(w.db), o.look}, w.dir)
	w.must(err)
	w.Gitops = g
	_, err = w.InForce(w.t.Context()) // the config before is in memory
	w.must(err)
	return o
}

// TestAVerdictIsNeverSeenWithTheConfigBeforeIt: who reads that a commit is in
// force and then the config in force reads that of this commit, at whatever
// moment he looks. Else a request that was merged well could be told that a
// later change undid it.
func TestAVerdictIsNeverSeenWithTheConfigBeforeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := make(chan string, 100)
	o := w.watched(func() {
		v, err := w.Verdict(context.Background(), req)
		if err != nil || v == nil || !v.InForce {
			return
		}
		f, err := w.InForce(context.Background())
		if err != nil {
			seen <- err.Error()
			return
		}
		seen <- f.Commit
	})
	n := w.proposed(w.request(req))
	w.merge(n, "squash")
	w.look()
	w.look() // the request's merge commit is recorded, and halts
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	o.all.Wait()
	if len(seen) == 0 {
		t.Fatalf("the merge never came into force: %+v", w.status())
	}
	if got, want := <-seen, w.head("main"); got != want {
		t.Errorf("with the verdict that the merge is in force, the config of commit %s was read, not that of %s", got, want)
	}
}

// TestAMergeThatWasNeverJudgedIsHeldAgainstTheConfigInForce and not against the one
// before, where an operator trusts a commit that has what it asked for.
func TestAMergeThatWasNeverJudgedIsHeldAgainstTheConfigInForce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := make(chan *access.Verdict, 100)
	o := w.watched(func() {
		v, err := w.Verdict(context.Background(), req)
		if err != nil {
			t.Errorf("verdict: %v", err)
		}
		seen <- v
	})
	sha := push(w, map[string]*githubemu.File{devFile: w.grantLine(devFile, fourHours+"    request: "+string(req)+"\n")})
	w.must(store.NewGitops(w.db).SavePull(t.Context(), gitops.StepFacts, gitops.PullRecord{
		Request: req, Kind: review.Grant, Number: 9, State: access.PullMerged, Commit: strings.Repeat("9", 40), MergedAt: w.clock.Now().Add(-time.Hour),
	}))
	w.must(w.Trust(t.Context(), sha, "the test"))
	o.all.Wait()
	if len(seen) == 0 {
		t.Fatal("nobody looked while the commit was trusted")
	}
	if v := <-seen; v == nil || !v.InForce {
		t.Errorf("while a commit that has it comes into force, the verdict is %+v", v)
	}
}
