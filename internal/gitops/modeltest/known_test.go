package modeltest_test

import (
	"strings"
	"testing"
)

// TestKnownHistories plays histories that once went wrong. They have their
// steps written out, so they stay what they are when the generator changes.
func TestKnownHistories(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		ops  []op
	}{
		{
			// Found by seed 77: the model took out one entry, the bot all of them.
			name: "a revocation takes out what was pushed under the request too",
			ops: []op{
				{"request", [5]int{125, 298, 411, 640, 68}},
				{"push", [5]int{55, 604, 788, 189, 9}},
				{"approve-and-merge", [5]int{589, 204, 967, 538, 814}},
				{"revoke", [5]int{768, 320, 720, 577, 221}},
			},
		},
		{
			// Found by seed 1069: to the model such an approval was gone.
			name: "an approval that is dismissed after the merge stays",
			ops: []op{
				{"hand", [5]int{944, 99, 350, 436, 585}},
				{"force", [5]int{126, 994, 51, 481, 957}},
				{"merge-by-rules", [5]int{424, 813, 684, 946, 438}},
				{"request", [5]int{676, 401, 608, 260, 288}},
				{"approve-all", [5]int{237, 626, 35, 438, 195}},
				{"merge", [5]int{239, 573, 733, 2, 12}},
				{"approve", [5]int{437, 355, 497, 878, 783}},
				{"approve", [5]int{716, 57, 740, 822, 123}},
				{"dismiss", [5]int{38, 667, 189, 306, 130}},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wrong, trace := run(t, 1, tt.ops, newTally())
			if wrong != "" {
				t.Errorf("%s\n\nafter\n  %s", wrong, strings.Join(trace, "\n  "))
			}
			for _, o := range tt.ops {
				if said := o.String() + ": "; !strings.Contains(strings.Join(trace, "\n"), said) {
					t.Errorf("the step %s was none", o)
				}
			}
		})
	}
}
