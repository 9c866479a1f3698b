package gitops_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/github"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// TestTheEndOfAHaltIsToldOnce and how it came about.
func TestTheEndOfAHaltIsToldOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		halt func(*world) string // returns the halted commit
		end  func(*world, string)
		want []string
	}{
		"a late approval": {
			func(w *world) string { return w.merge(w.proposed(w.request(req)), "squash") },
			func(w *world, _ string) { w.review("yuki-lead", w.facts(req).Ref.Number, "APPROVE") },
			[]string{"(rule approval-missing) is over", "approved by yuki-lead"},
		},
		"a pull request that restores": {
			func(w *world) string { sha, _ := badPush(w); return sha },
			func(w *world, _ string) {
				was := exampleFiles(w.t)
				n := w.byHand("ken-platform", "restore", files(map[string]string{devFile: was[devFile], sandboxFile: was[sandboxFile]}))
				w.merge(n, "squash")
			},
			[]string{"(rule direct-push) is over", "(pull request #1) put back what it touched"},
		},
		"a push that restores": {
			func(w *world) string { sha, _ := badPush(w); return sha },
			func(w *world, _ string) {
				was := exampleFiles(w.t)
				push(w, files(map[string]string{devFile: was[devFile], sandboxFile: was[sandboxFile]}))
			},
			[]string{"(rule direct-push) is over", "put back what it touched"},
		},
		"somebody's word": {
			func(w *world) string { sha, _ := badPush(w); return sha },
			func(w *world, sha string) { w.must(w.Trust(w.t.Context(), sha, "ops")) },
			[]string{"ken-platform", "by his word", "halted at", "direct-push"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			sha := tt.halt(w)
			w.look()
			if h := w.status().Halt; h == nil || h.Commit != sha {
				t.Fatalf("halt %+v, want one at %s", h, sha)
			}
			w.ops.list = nil
			tt.end(w, sha)
			w.look()
			w.look()
			w.restart()
			w.look()
			if h := w.status().Halt; h != nil {
				t.Fatalf("halted still: %+v", h)
			}
			if len(w.ops.list) != 1 {
				t.Fatalf("told %+v", w.ops.list)
			}
			for _, s := range append(tt.want, sha[:10]) {
				if !strings.Contains(w.ops.list[0].Text, s) {
					t.Errorf("it does not say %q: %s", s, w.ops.list[0].Text)
				}
			}
		})
	}
}

// lateHost does not show the pull request of one commit.
type lateHost struct {
	*github.Client
	hide string
}

func (h *lateHost) PullsWithCommit(ctx context.Context, sha string) ([]gitops.Pull, error) {
	if sha == h.hide {
		return nil, nil
	}
	return h.Client.PullsWithCommit(ctx, sha)
}

// TestARebaseMergeThatIsShownLate is waited for. One that is shown later than
// that halts, and the end of it says by which commit it was judged.
func TestARebaseMergeThatIsShownLate(t *testing.T) {
	t.Parallel()
	for name, waits := range map[string]time.Duration{"in time": 0, "too late": 3 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			before := w.head("main")
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "topic", Message: "two", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, strings.Replace(devGrant, "4h", "5h", 1))}})
			w.must(err)
			w.look()
			w.review("yuki-lead", n, "APPROVE")
			sha := w.merge(n, "rebase")
			w.opt.Lag = 2 * time.Minute
			h := &lateHost{w.client(), sha}
			w.Gitops, err = gitops.New(w.opt, h, store.NewGitops(w.db), w.dir)
			w.must(err)
			if err := w.Look(t.Context()); err == nil || !strings.Contains(err.Error(), "does not show yet") {
				t.Errorf("look: %v", err)
			}
			w.holds(before, "")
			w.clock.move(waits)
			if waits > 0 {
				w.look()
				w.holds(before, gitops.HaltDirectPush)
			}
			h.hide, w.ops.list = "", nil
			w.look()
			w.holds(sha, "")
			if waits == 0 {
				return
			}
			if len(w.ops.list) != 1 || !strings.Contains(w.ops.list[0].Text, "judged with commit "+sha[:10]+" (pull request #1), the last of those that came with it") || strings.Contains(w.ops.list[0].Text, "not on the branch") {
				t.Errorf("told %+v", w.ops.list)
			}
		})
	}
}
