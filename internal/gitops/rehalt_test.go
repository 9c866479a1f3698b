package gitops_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestASecondHaltAtTheSameCommitIsTold: the same bad commit comes back after the
// branch had been put right, and is told again; a halt whose text changes is the
// same one.
func TestASecondHaltAtTheSameCommitIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := w.head("main")
	bad := push(w, map[string]*githubemu.File{"README.md": {Content: "x"}})
	w.look()
	w.restart()
	w.look()
	if told := w.toldOf("halt/"); len(told) != 1 {
		t.Fatalf("told %q, want one halt", told)
	}
	w.must(w.repo.ForcePush("hana-dev", "main", base, true))
	w.clock.move(time.Hour)
	w.look()
	w.holds(base, "")
	w.must(w.repo.ForcePush("hana-dev", "main", bad, true))
	w.clock.move(time.Hour)
	w.look()
	w.holds(base, gitops.HaltDirectPush)
	if told := w.toldOf("halt/"); len(told) != 2 {
		t.Errorf("told %q, want both halts", told)
	}
}

// TestAHaltKeepsItsBegin while what it lacks changes: it is told once.
func TestAHaltKeepsItsBegin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	n := w.proposed(w.request(req))
	w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltApproval)
	halt := *w.status().Halt
	w.clock.move(time.Hour)
	w.dir.members[devGroup] = append(w.dir.members[devGroup], yukiEntra) // who could have approved
	w.look()
	now := w.status().Halt
	if now == nil || now.Text == halt.Text || !now.At.Equal(halt.At) {
		t.Errorf("halt %+v, want another text than %q since %s", now, halt.Text, halt.At)
	}
	if told := w.toldOf("halt/"); len(told) != 1 {
		t.Errorf("told %q", told)
	}
}

// TestAnInvalidCommitThatComesBackIsToldAgain, after an operator had trusted the
// branch without it.
func TestAnInvalidCommitThatComesBackIsToldAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := w.head("main")
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{"groups/aws-orders-dev.yaml": {Content: "nonsense: 1\n"}})
	bad := w.merge(n, "squash")
	w.look()
	w.restart()
	w.look()
	if told := w.toldOf("invalid/"); len(told) != 1 {
		t.Fatalf("told %q, want one", told)
	}
	w.must(w.repo.ForcePush("hana-dev", "main", base, true))
	w.look()
	w.clock.move(time.Hour)
	w.must(w.Trust(t.Context(), base, "the test"))
	w.must(w.repo.ForcePush("hana-dev", "main", bad, true))
	w.look()
	if told := w.toldOf("invalid/"); len(told) != 2 {
		t.Errorf("told %q, want both", told)
	}
}

// TestTheWaysOutOfAMissingBranchWork: each of the two that are named, and `bot
// trust` says the same while there is no branch.
func TestTheWaysOutOfAMissingBranchWork(t *testing.T) {
	t.Parallel()
	gone := func(t *testing.T) (w *world, base string) {
		t.Helper()
		w = newWorld(t)
		base = w.head("main")
		w.must(w.repo.ForcePush("hana-dev", "main", "", true))
		w.look()
		w.holds(base, gitops.HaltNoBranch)
		if says := w.status().Halt.Sentence(); !strings.Contains(says, "restore the branch at commit "+base) {
			t.Errorf("%q does not say where to restore the branch", says)
		}
		if err := w.Trust(t.Context(), base, "x"); err == nil || !strings.Contains(err.Error(), "the branch main does not exist") || !strings.Contains(err.Error(), base) {
			t.Errorf("trusted without a branch: %v", err)
		}
		return w, base
	}
	t.Run("restored where it was", func(t *testing.T) {
		t.Parallel()
		w, base := gone(t)
		w.must(w.repo.ForcePush("hana-dev", "main", base, true))
		w.look()
		w.holds(base, "")
	})
	t.Run("restored elsewhere and trusted", func(t *testing.T) {
		t.Parallel()
		w, base := gone(t)
		other, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "other", Parent: base, Changes: map[string]*githubemu.File{"README.md": {Content: "x"}}, Message: "x"})
		w.must(err)
		w.must(w.repo.ForcePush("hana-dev", "main", other, true))
		w.look()
		w.holds(base, gitops.HaltDirectPush)
		w.must(w.Trust(t.Context(), other, "x"))
		w.look()
		w.holds(other, "")
	})
}
