package scenario

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseVerdicts(t *testing.T) {
	t.Parallel()
	got, err := ParseVerdicts(`
# what came onto the branch
seed: bad, never trusted
pull 1: good
pull 12: good from approved, late
pull 3: bad, approved by who asked: herself
commit Fix: the typo: bad, past the rules
`)
	if err == nil || !strings.Contains(err.Error(), "herself") {
		t.Errorf("a colon in a reason: %v, %v", got, err)
	}
	got, err = ParseVerdicts(`
# what came onto the branch
seed: bad, never trusted
pull 1: good
pull 12: good from approved, late
commit Fix: the typo: bad, past the rules
`)
	if err != nil {
		t.Fatal(err)
	}
	want := Verdicts{
		Seed:    Verdict{Reason: "never trusted"},
		Pulls:   map[int]Verdict{1: {Good: true}, 12: {Good: true, From: "approved", Reason: "late"}},
		Commits: map[string]Verdict{"Fix: the typo": {Reason: "past the rules"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

func TestTheSeedIsGoodUnlessSaid(t *testing.T) {
	t.Parallel()
	if got, err := ParseVerdicts(""); err != nil || !got.Seed.Good {
		t.Errorf("%+v %v", got, err)
	}
}

func TestBadVerdicts(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"pull 1":                   "what: verdict",
		"pull one: good":           "number",
		"pull 1: fine":             "good or bad",
		"pull 1: bad":              "bad, why",
		"pull 1: bad from x, late": "bad, why",
		"merge 1: good":            "seed, pull or commit",
	} {
		if _, err := ParseVerdicts(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", line, err, want)
		}
	}
}
