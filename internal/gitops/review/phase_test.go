package review

import (
	"slices"
	"testing"
)

// TestAStepMayDoNothingElse: the bot's step is one phase on, whoever approves.
func TestAStepMayDoNothingElse(t *testing.T) {
	t.Parallel()
	const path = "aws-access.yaml"
	base := exampleTree(t)
	step := base.with(t, path, "\nphase: 1\n", "\nphase: 2\n")
	tests := []struct {
		name  string
		after tree
		pass  bool
	}{
		{"one phase on", step, true},
		{"with a comment", step.with(t, path, "\nphase: 2\n", "\nphase: 2 # since today\n"), true},
		{"nothing", base, false},
		{"phase_back too", step.with(t, path, "\nphase: 2\n", "\nphase: 2\nphase_back: true\n"), false},
		{"another key", step.with(t, path, "drift: report", "drift: revert"), false},
		{"another key alone", base.with(t, path, "drift: report", "drift: revert"), false},
		{"a grant too", step.grant(devFile, devGrant), false},
		{"another file of the control plane", step.plus(".github/x", "x"), false},
		{"a reason of a grant too", step.with(t, devFile, "reason: ", "reason: x"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, tt.after, approved(ken), approved(lena))
			in.Request = &Request{ID: "REQ-7F3K2Q", Kind: Phase, Requester: hanaEntra}
			v := Evaluate(in)
			if v.Pass != tt.pass || slices.Contains(refusals(v), string(RefusedPhase)) == tt.pass {
				t.Errorf("pass = %v, want %v: %q", v.Pass, tt.pass, Sentences(v, in.Base, in.Head))
			}
		})
	}
}

// TestWhoAskedForAPhaseDoesNotApproveIt: two others of the control plane do.
func TestWhoAskedForAPhaseDoesNotApproveIt(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	in := input(t, base, base.with(t, "aws-access.yaml", "\nphase: 1\n", "\nphase: 2\n"), approved(ken), approved(lena))
	in.Request = &Request{ID: "REQ-7F3K2Q", Kind: Phase, Requester: kenEntra}
	if v := Evaluate(in); v.Pass {
		t.Error("it passes with the approval of who asked")
	}
}
