package gitops_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/emukit"
)

const repoOp = "GET /repos/{owner}/{repo}"

// archive has GitHub say that the repository is archived, until mended.
func (w *world) answers(op string, status int, body string) {
	w.kit.Faults.Add(emukit.Fault{Name: "lost", Op: op, Status: status, Body: body, Times: -1})
}

// blindFor looks for a while and says what is recorded then.
func (w *world) blindFor(d time.Duration) *gitops.Blind {
	w.t.Helper()
	for range int(d / time.Minute) {
		w.clock.move(time.Minute)
		_ = w.Look(w.t.Context()) // it fails, or not: what is recorded counts
	}
	return w.status().Blind
}

func (w *world) toldOf(prefix string) map[string]string {
	out := map[string]string{}
	for _, n := range w.ops.list {
		if strings.HasPrefix(n.Key, prefix) {
			out[n.Key] = n.Text
		}
	}
	return out
}

// TestARepositoryThatCannotBeReadIsToldOnceItLasts: three polls long; what is in
// force stays, and the first look that works ends it.
func TestARepositoryThatCannotBeReadIsToldOnceItLasts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	began := w.clock.Now()
	w.answers(repoOp, 404, `{"message":"Not Found"}`)
	if b := w.blindFor(8 * time.Minute); b != nil {
		t.Errorf("after 8 minutes it is told already: %+v", b)
	}
	b := w.blindFor(4 * time.Minute)
	if b == nil || b.Code != gitops.RepoGone || b.Since.Sub(began) > 2*time.Minute {
		t.Fatalf("after 12 minutes: %+v", b)
	}
	w.holds(before, "")
	if told := w.toldOf("blind/"); len(told) != 1 {
		t.Errorf("told %q", told)
	}
	w.restart()
	if again := w.blindFor(5 * time.Minute); again == nil || !again.Since.Equal(b.Since) {
		t.Errorf("after a restart %+v, want it since %s", again, b.Since)
	}
	if told := w.toldOf("blind/"); len(told) != 1 {
		t.Errorf("told again after a restart: %q", told)
	}
	w.kit.Faults.Clear()
	w.look()
	if b := w.status().Blind; b != nil {
		t.Errorf("reads work again, and yet %+v", b)
	}
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
}

// TestAHaltOutlastsBlindness: the walk stands where it stood.
func TestAHaltOutlastsBlindness(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	n := w.proposed(w.request(req))
	w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltApproval)
	halt := *w.status().Halt
	w.answers(repoOp, 301, `{"message":"Moved Permanently"}`)
	if b := w.blindFor(15 * time.Minute); b == nil || b.Code != gitops.RepoRenamed {
		t.Fatalf("blind %+v", b)
	}
	w.holds(before, gitops.HaltApproval)
	w.kit.Faults.Clear()
	w.look()
	w.holds(before, gitops.HaltApproval)
	if got := w.status(); got.Blind != nil || got.Halt.At != halt.At || got.Halt.Text != halt.Text {
		t.Errorf("status %+v, want the halt of before", got)
	}
}

// TestWhatPassesIsNoBlindness: the network, GitHub's own failures and throttles,
// however long they last, and a lasting reason that comes and goes.
func TestWhatPassesIsNoBlindness(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]emukit.Fault{
		"throttled":    {Status: 403, Header: http.Header{"Retry-After": {"30"}}, Body: `{"message":"You have exceeded a secondary rate limit"}`},
		"a bad answer": {Status: 400, Body: `{"message":"Bad Request"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			fault.Name, fault.Op, fault.Times = name, "GET /repos/{owner}/{repo}/git/ref/{ref}", -1
			w.kit.Faults.Add(fault)
			if b := w.blindFor(30 * time.Minute); b != nil {
				t.Errorf("blind %+v", b)
			}
		})
	}
	w := newWorld(t)
	for range 4 {
		w.answers(repoOp, 404, `{"message":"Not Found"}`)
		if b := w.blindFor(5 * time.Minute); b != nil {
			t.Errorf("blind %+v", b)
		}
		w.kit.Faults.Clear()
		if b := w.blindFor(2 * time.Minute); b != nil {
			t.Errorf("blind %+v", b)
		}
	}
}

// TestNoReadOfTheBranchIsNoMissingBranch: while the repository is gone, a halt
// that says that its branch is missing would be wrong.
func TestNoReadOfTheBranchIsNoMissingBranch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	w.must(w.Look(t.Context())) // the repository's number is fresh now
	w.answers("GET /repos/{owner}/{repo}*", 404, `{"message":"Not Found"}`)
	w.answers("GET /repos/{owner}/{repo}/git/ref/{ref}", 404, `{"message":"Not Found"}`)
	err := w.Look(t.Context())
	var gone *gitops.UnreachableError
	if !errors.As(err, &gone) || gone.Code != gitops.RepoGone {
		t.Errorf("look: %v", err)
	}
	w.holds(before, "")
}
