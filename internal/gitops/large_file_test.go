package gitops_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/github"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// smallAnswers is a GitHub whose answers are too large to take where a file is
// larger than 1 MiB, and that fails for one tree.
type smallAnswers struct {
	*github.Client
	unread string
}

func (s *smallAnswers) Blob(ctx context.Context, sha string) ([]byte, error) {
	data, err := s.Client.Blob(ctx, sha)
	if len(data) > 1<<20 {
		return nil, errors.New("the answer is too large")
	}
	return data, err
}

func (s *smallAnswers) Tree(ctx context.Context, sha string) (gitops.Tree, error) {
	if sha == s.unread {
		return gitops.Tree{}, errors.New("the answer is broken")
	}
	return s.Client.Tree(ctx, sha)
}

func (w *world) withSmallAnswers() *smallAnswers {
	w.t.Helper()
	s := &smallAnswers{Client: w.client()}
	g, err := gitops.New(w.opt, s, store.NewGitops(w.db), w.dir)
	w.must(err)
	w.Gitops = g
	return s
}

const recording = "recording.mp4"

func tooLargeFile() map[string]*githubemu.File {
	return map[string]*githubemu.File{recording: {Content: strings.Repeat("a", 1<<20+1)}}
}

// verified merges an approved change by hand and does not look.
func (w *world) verified() string {
	w.t.Helper()
	n := w.byHand("hana-dev", "good", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.look()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	return w.merge(n, "squash")
}

// TestAFileThatIsTooLargeIsPushed: what was verified before comes into force,
// and who puts the branch back ends the halt.
func TestAFileThatIsTooLargeIsPushed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withSmallAnswers()
	sha := w.verified()
	push(w, tooLargeFile())
	w.look()
	w.holds(sha, gitops.HaltDirectPush)
	back := push(w, map[string]*githubemu.File{recording: nil})
	w.look()
	w.holds(back, "")
}

// TestAFileThatIsTooLargeIsMerged: the commit is invalid and passed over.
func TestAFileThatIsTooLargeIsMerged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withSmallAnswers()
	before := w.head("main")
	n := w.byHand("ken-platform", "large", tooLargeFile())
	w.look()
	c := w.check(w.head("large"))
	if c.Conclusion != "failure" || !strings.Contains(c.Summary, recording+": larger than 1 MiB (1048577 bytes); take it out") {
		t.Errorf("check %s: %s", c.Conclusion, c.Summary)
	}
	w.merge(n, "squash")
	w.look()
	w.holds(before, "")
	sha := w.verified()
	w.look()
	w.holds(before, "")
	push(w, map[string]*githubemu.File{recording: nil})
	w.look()
	if w.status().InForce == sha {
		t.Error("a commit with a file that is too large came into force")
	}
}

// TestWhatCannotBeReadHoldsUpNothingBeforeIt but a halt, which it may end.
func TestWhatCannotBeReadHoldsUpNothingBeforeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.withSmallAnswers()
	sha := w.verified()
	push(w, map[string]*githubemu.File{"users/hana.yaml": w.file("users/hana.yaml", "lends", "lent")})
	back := push(w, map[string]*githubemu.File{"users/hana.yaml": w.file("users/hana.yaml", "lent", "lends"), "README": {Content: "x"}})
	push(w, map[string]*githubemu.File{"README": nil})
	c, err := s.Commit(t.Context(), back)
	w.must(err)
	s.unread = c.Tree
	_ = w.Look(t.Context()) // the push may be a merge that is shown late
	for range 2 {
		w.clock.move(w.opt.Lag + time.Second)
		if err := w.Look(t.Context()); err == nil || !strings.Contains(err.Error(), "the answer is broken") {
			t.Errorf("look: %v", err)
		}
		w.holds(sha, "")
	}
	s.unread = ""
	w.look()
	w.holds(w.head("main"), "")
}
