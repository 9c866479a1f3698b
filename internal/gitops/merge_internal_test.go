package gitops

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestARefusedMergeIsTriedSoonAndThenSeldom: each time after twice as long, at
// last only by the poll.
func TestARefusedMergeIsTriedSoonAndThenSeldom(t *testing.T) {
	t.Parallel()
	g := &Gitops{}
	if wait := g.retry(); wait != 0 {
		t.Errorf("without a refusal it looks again after %s", wait)
	}
	g.merging.refused = map[int]refusal{1: {}, 2: {times: mergeTries + 1}}
	var got []time.Duration
	for times := 1; times <= mergeTries+1; times++ {
		g.merging.refused[1] = refusal{times: times}
		got = append(got, g.retry())
	}
	if diff := cmp.Diff([]time.Duration{2e9, 4e9, 8e9, 16e9, 32e9, 0}, got); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
}

func TestWhichMethodIsChosen(t *testing.T) {
	t.Parallel()
	tests := []struct {
		allowed []MergeMethod
		want    MergeMethod
	}{
		{nil, ""},
		{[]MergeMethod{MergeRebase, MergeCommit, MergeSquash}, MergeSquash},
		{[]MergeMethod{MergeRebase, MergeCommit}, MergeCommit},
		{[]MergeMethod{MergeRebase}, MergeRebase},
	}
	for _, tt := range tests {
		r := MergeRules{Methods: tt.allowed}
		if got, ok := r.method(); got != tt.want || ok != (tt.want != "") {
			t.Errorf("of %v it chooses %q, %v", tt.allowed, got, ok)
		}
	}
}

func TestWhatGitHubSaysIsHarmless(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                             "it gives no reason.",
		"Pull Request\n\nis @not ok!":  "Pull Request is @\u200bnot ok.",
		"Required status check is red": "Required status check is red.",
	} {
		if got := sentence(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
