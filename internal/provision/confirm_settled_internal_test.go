package provision

import (
	"testing"
	"time"

	"aws-access-bot/config"
)

// TestAQuestionIsAboutTheRemovalsOfItsCommitOnly: what another commit took away
// since, after it was granted again, is not asked about.
func TestAQuestionIsAboutTheRemovalsOfItsCommitOnly(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	c := Cutover{Commit: "b", Since: since, Items: []CutoverItem{{Assignment: config.Assignment{Account: "111122223333"}}}}
	for name, x := range map[string]struct {
		r    Record
		want int
	}{
		"gone by it":             {Record{State: Gone, Cause: Cause{Commit: "b"}, Removed: since}, 1},
		"going by it":            {Record{State: Removing, Cause: Cause{Commit: "b"}}, 1},
		"gone by another":        {Record{State: Gone, Cause: Cause{Commit: "d"}, Removed: since.Add(time.Minute)}, 0},
		"going by another":       {Record{State: Removing, Cause: Cause{Commit: "d"}}, 0},
		"our clock was set back": {Record{State: Gone, Cause: Cause{Commit: "b"}, Removed: since.Add(-time.Hour)}, 1},
		"somebody else had been": {Record{State: Gone, Cause: Cause{Commit: "b"}}, 0},
		"granted again":          {Record{State: Live, Cause: Cause{Commit: "c"}}, 0},
	} {
		got := settled(c, func(config.Assignment) *Record { return &x.r })
		if len(got) != x.want || x.want == 1 && !got[0].Removed.Equal(x.r.Removed) {
			t.Errorf("%s: %+v, want %d", name, got, x.want)
		}
	}
}
