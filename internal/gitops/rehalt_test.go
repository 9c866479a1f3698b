package gitops_test

import (
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
