package gitops_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// checking lets something happen when a check is shown as passed, which is the
// last thing before the merge.
type checking struct {
	gitops.Host
	passed func()
}

func (c *checking) UpdateCheck(ctx context.Context, id int64, run gitops.CheckRun) (time.Time, error) {
	if run.Conclusion == "success" {
		c.passed()
	}
	return c.Host.UpdateCheck(ctx, id, run)
}

// TestWhatChangesWhileItIsJudgedIsNotMerged: between the reads that the verdict
// was made of and the merge.
func TestWhatChangesWhileItIsJudgedIsNotMerged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(w *world, n int)
		merged bool
	}{
		{"nothing", func(*world, int) {}, true},
		{"it is for another branch now", func(w *world, n int) {
			other := "other"
			w.must(w.repo.EditPull("hana-dev", n, nil, nil, &other, nil))
		}, false},
		{"it is closed", func(w *world, n int) { w.must(w.repo.ClosePull("hana-dev", n)) }, false},
		{"somebody pushed to it", func(w *world, _ int) {
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "access/" + string(req), Message: "more", IgnoreRules: true})
			w.must(err)
		}, false},
		{"an approver asks for changes", func(w *world, n int) { w.review("yuki-lead", n, "REQUEST_CHANGES") }, false},
		{"an approver joins the request", func(w *world, _ int) { w.must(w.Join(w.t.Context(), req, yuki())) }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := autoWorld(t, "")
			w.must(w.repo.ForcePush("hana-dev", "other", w.head("main"), true))
			n := w.proposed(w.request(req))
			w.review("yuki-lead", n, "APPROVE")
			shown := false
			g, err := gitops.New(w.opt, &checking{w.client(), func() {
				if !shown {
					shown = true
					tt.change(w, n)
				}
			}}, store.NewGitops(w.db), w.dir)
			w.must(err)
			w.Gitops = g
			w.must(w.Look(t.Context()))
			if got := w.merges() > 0; got != tt.merged || !shown {
				t.Errorf("merged = %v, want %v; it was shown as passed: %v", got, tt.merged, shown)
			}
		})
	}
}

// listed lets something happen just after open pull requests were listed.
type listed struct {
	gitops.Host
	then func()
}

func (l *listed) OpenPulls(ctx context.Context, base string) ([]gitops.Pull, error) {
	list, err := l.Host.OpenPulls(ctx, base)
	if l.then != nil {
		l.then()
		l.then = nil
	}
	return list, err
}

// TestABranchIsNotMovedByAnOldList: what was closed, merged or pushed to since
// keeps its head.
func TestABranchIsNotMovedByAnOldList(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(w *world, n int)
		moved  bool
	}{
		{"nothing happened", func(*world, int) {}, true},
		{"it was closed", func(w *world, n int) { w.must(w.repo.ClosePull("hana-dev", n)) }, false},
		{"it was merged", func(w *world, n int) { w.merge(n, "squash") }, false},
		{"somebody pushed to it", func(w *world, _ int) {
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "access/" + string(req), Message: "more", IgnoreRules: true})
			w.must(err)
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := w.proposed(w.request(req))
			good(w, "other")
			w.clock.move(time.Minute)
			var then string
			g, err := gitops.New(w.opt, &listed{w.client(), func() {
				tt.change(w, n)
				then = w.head("access/" + string(req))
			}}, store.NewGitops(w.db), w.dir)
			w.must(err)
			w.Gitops = g
			if err := w.Look(t.Context()); err != nil || then == "" {
				t.Fatalf("look: %v, after %q", err, then)
			}
			if now := w.head("access/" + string(req)); (now != then) != tt.moved {
				t.Errorf("the head was %.7s and is %.7s", then, now)
			}
		})
	}
}

// moving lets something happen just before a branch is moved.
type moving struct {
	gitops.Host
	then func()
}

func (m *moving) MoveBranch(ctx context.Context, branch, sha string) error {
	m.then()
	return m.Host.MoveBranch(ctx, branch, sha)
}

// TestWhatIsMergedBeforeItsBranchIsMovedKeepsItsHead: it is what the bot made, and
// was approved.
func TestWhatIsMergedBeforeItsBranchIsMovedKeepsItsHead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := approvedPull(w)
	good(w, "other")
	w.clock.move(time.Minute)
	sha := ""
	g, err := gitops.New(w.opt, &moving{w.client(), func() { sha = w.merge(n, "squash") }}, store.NewGitops(w.db), w.dir)
	w.must(err)
	w.Gitops = g
	w.look()
	w.look()
	if sha == "" {
		t.Fatal("the branch was not moved")
	}
	w.holds(sha, "")
	if f := w.facts(req); f.State != access.PullMerged {
		t.Errorf("recorded as %s", f.State)
	}
}

// TestASignedBlockIsOfOnePullRequestOfOneRepository: where the record is lost,
// one that was signed for another is none.
func TestASignedBlockIsOfOnePullRequestOfOneRepository(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(b *gitops.Block)
		says   string
	}{
		{"its own", func(*gitops.Block) {}, ""},
		{"of another repository", func(b *gitops.Block) { b.Repo++ }, "belongs to another one"},
		{"of another request", func(b *gitops.Block) { b.Request = "REQ-000001" }, "belongs to another one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := w.proposed(w.request(req))
			seed, head := w.head("main"), w.facts(req).Ref.Head
			b, err := gitops.ParseBlock(w.body(), w.opt.SigningKey)
			w.must(err)
			tt.change(&b)
			signed, err := b.Sign(w.opt.SigningKey)
			w.must(err)
			w.must(w.repo.EditPull("hana-dev", n, nil, &signed, nil, nil))
			w.db = store.NewMemory()
			w.restart()
			w.must(w.Trust(t.Context(), seed, "the test"))
			w.look()
			w.review("yuki-lead", n, "APPROVE")
			w.look()
			if c := w.check(head); (c.Conclusion == "success") != (tt.says == "") || !strings.Contains(c.Title+c.Summary, tt.says) {
				t.Errorf("check %q %q: %s", c.Conclusion, c.Title, c.Summary)
			}
			sha := w.merge(n, "squash")
			w.look()
			if tt.says != "" {
				w.holds(seed, gitops.HaltNoRecord)
				return
			}
			w.holds(sha, "")
		})
	}
}

// TestT43WhatPassedByItselfCountsForADayAndAWhile on open pull requests: by
// GitHub's clock the day may not be over when it is merged.
func TestT43WhatPassedByItselfCountsForADayAndAWhile(t *testing.T) {
	t.Parallel()
	w := ruledWorld(t, strings.Replace(autoRule, "per_day: 2", "per_day: 1", 1))
	w.merge(w.proposed(w.request("REQ-000001")), "squash")
	used := w.clock.Now()
	w.look()
	ask := func(id access.ID, length time.Duration) string {
		r := w.request(id)
		r.Want.Term.For = length
		w.must(w.Propose(t.Context(), r))
		w.must(w.Look(t.Context()))
		return w.check(w.facts(id).Ref.Head).Conclusion
	}
	w.clock.move(used.Add(24*time.Hour + time.Minute).Sub(w.clock.Now()))
	if got := ask("REQ-000002", 3*time.Hour); got != "action_required" {
		t.Errorf("a minute after the day the check is %q", got)
	}
	w.clock.move(2 * time.Minute)
	if got := ask("REQ-000003", 2*time.Hour); got != "success" {
		t.Errorf("three minutes after the day the check is %q", got)
	}
}
