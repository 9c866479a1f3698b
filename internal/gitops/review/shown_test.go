package review

import (
	"slices"
	"testing"
	"time"
)

// TestT11ApprovalsCountFromTheFirstShowingOn, and equal times do not.
func TestT11ApprovalsCountFromTheFirstShowingOn(t *testing.T) {
	t.Parallel()
	given := noon.Add(-time.Hour) // when yuki approved
	tests := []struct {
		name   string
		change func(*Input)
		pass   bool
	}{
		{"nobody knows when it was shown", func(*Input) {}, true},
		{"it was shown before", func(in *Input) { in.ShownAt = given.Add(-time.Second) }, true},
		{"it was shown in the same second", func(in *Input) { in.ShownAt = given }, false},
		{"it was shown after", func(in *Input) { in.ShownAt = given.Add(time.Second) }, false},
		{"it was not shown yet", func(in *Input) { in.Unshown = true }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base := exampleTree(t)
			in := input(t, base, base.grant(devFile, devGrant), approved(yuki))
			tt.change(&in)
			v := Evaluate(in)
			var want []Code
			if !tt.pass {
				want = []Code{NotYet}
			}
			var got []Code
			for _, x := range v.Ignored {
				got = append(got, x.Code)
			}
			if v.Pass != tt.pass || !slices.Equal(got, want) {
				t.Errorf("pass = %v, ignored %q, want %v", v.Pass, got, tt.pass)
			}
		})
	}
}
