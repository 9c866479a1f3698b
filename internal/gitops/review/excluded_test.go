package review

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestT7WhoLeavesOrJoinsToApprove: the group is left after it was shown, or the
// same thing is asked for around the time of the approval.
func TestT7WhoLeavesOrJoinsToApprove(t *testing.T) {
	t.Parallel()
	at := approved(yuki).At
	joins := func(when time.Time) func(*Input) {
		return func(in *Input) { in.Request.JoinedLater = map[string]time.Time{yukiEntra: when} }
	}
	tests := []struct {
		name   string
		change func(*Input)
		codes  []string
	}{
		{"left the group that gains since it was shown", func(in *Input) {
			in.Shown = map[string]Shown{devGroup: {Members: []string{hanaEntra, yukiEntra}}}
		}, []string{"yuki-lead direct-member"}},
		{"was in another group that was shown", func(in *Input) {
			in.Shown = map[string]Shown{devGroup: {Members: []string{hanaEntra}}, adminGroup: {Members: []string{yukiEntra}}}
		}, nil},
		{"asked for it before he approved", joins(at.Add(-time.Second)), []string{"yuki-lead joined"}},
		{"asked for it as he approved", joins(at), []string{"yuki-lead joined"}},
		{"asked for it after he approved", joins(at.Add(time.Second)), nil},
		{"another asked for it before", func(in *Input) {
			in.Request.JoinedLater = map[string]time.Time{taroEntra: at.Add(-time.Second)}
		}, nil},
	}
	base := exampleTree(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, base.grant(devFile, devGrant), approved(yuki))
			tt.change(&in)
			v := Evaluate(in)
			if diff := cmp.Diff(tt.codes, codes(v)); diff != "" || v.Pass != (tt.codes == nil) {
				t.Errorf("pass = %v, not counted (-want +got):\n%s", v.Pass, diff)
			}
		})
	}
}

// TestT7WhoJoinsAfterTheMergeGivesNoFirstApproval: only what he approved before
// counts.
func TestT7WhoJoinsAfterTheMergeGivesNoFirstApproval(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	in := input(t, base, base.grant(devFile, devGrant))
	in.Request.JoinedLater = map[string]time.Time{yukiEntra: noon.Add(time.Hour)}
	for _, n := range Evaluate(in).Needs {
		for _, s := range n.Steps {
			if len(s.Could) != 0 {
				t.Errorf("%v could approve, having asked for the same", s.Could)
			}
		}
	}
}
