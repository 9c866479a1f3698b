package gitops

import (
	"strings"
	"testing"
)

// TestACheckOnAGroupThatDoesNotFitSaysWhereAllOfItIs: with a link to the files,
// and the command that names every problem.
func TestACheckOnAGroupThatDoesNotFitSaysWhereAllOfItIs(t *testing.T) {
	t.Parallel()
	const url = "https://github.example/acme/config/pull/7"
	for name, l := range map[string]lane{
		"bad":  {bad: strings.Repeat("groups/a.yaml is not right. ", maxSummary/20), own: true, pull: Pull{URL: url}},
		"good": {said: []string{strings.Repeat("- approved ", maxSummary/10)}, pull: Pull{URL: url}},
	} {
		got := l.run(QueueRef{Number: 7, Head: "h"}, "main", spoken{}).Summary
		if len(got) > maxSummary || !strings.Contains(got, "("+url+"/files)") || !strings.Contains(got, "`bot check DIR`") {
			t.Errorf("%s: %d bytes, ending %q", name, len(got), got[max(0, len(got)-300):])
		}
	}
}
