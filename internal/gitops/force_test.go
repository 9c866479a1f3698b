package gitops_test

import (
	"context"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
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

// TestAVerdictIsNeverSeenWithTheConfigBeforeIt: who reads that a commit is in
// force and then the config in force reads that of this commit, at whatever
// moment he looks. Else a request that was merged well could be told that a
// later change undid it.
func TestAVerdictIsNeverSeenWithTheConfigBeforeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := make(chan string, 1)
	look := func() {
		v, err := w.Verdict(context.Background(), req)
		if err != nil || v == nil || !v.InForce {
			return
		}
		read := make(chan struct{})
		go func() {
			defer close(read)
			f, err := w.InForce(context.Background())
			if err != nil {
				seen <- err.Error()
				return
			}
			seen <- f.Commit
		}()
		// He must wait for us; were he not made to, this is plenty of time.
		select {
		case <-read:
		case <-time.After(50 * time.Millisecond):
		}
	}
	g, err := gitops.New(w.opt, w.client(), eager{store.NewGitops(w.db), look}, w.dir)
	w.must(err)
	w.Gitops = g
	_, err = w.InForce(t.Context()) // the config before is in memory
	w.must(err)
	n := w.proposed(w.request(req))
	w.merge(n, "squash")
	w.look()
	w.look() // the request's merge commit is recorded, and halts
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	if len(seen) == 0 {
		t.Fatalf("the merge never came into force: %+v", w.status())
	}
	if got, want := <-seen, w.head("main"); got != want {
		t.Errorf("with the verdict that the merge is in force, the config of commit %s was read, not that of %s", got, want)
	}
}
