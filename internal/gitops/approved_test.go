package gitops_test

import (
	"slices"
	"testing"

	"aws-access-bot/internal/access"
)

// TestFactsSayThatItPassesAndThatPeopleMerge: an approval on the way is none
// yet, and what was merged passes no more.
func TestFactsSayThatItPassesAndThatPeopleMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	if f := w.facts(req); f.Passes || f.BotMerges || len(f.ApprovedBy) != 0 {
		t.Errorf("before the approval: %+v", f)
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	if f := w.facts(req); !f.Passes || f.BotMerges || !slices.Equal(f.ApprovedBy, []string{"yuki-lead"}) || len(f.Missing) != 0 {
		t.Errorf("after the approval: %+v", f)
	}
	w.review("yuki-lead", n, "REQUEST_CHANGES")
	w.look()
	if f := w.facts(req); f.Passes {
		t.Errorf("after it was withdrawn: %+v", f)
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.restart()
	if f := w.facts(req); !f.Passes {
		t.Errorf("after a restart: %+v", f)
	}
	w.merge(n, "squash")
	w.look()
	if f := w.facts(req); f.State != access.PullMerged || f.Passes || !slices.Equal(f.ApprovedBy, []string{"yuki-lead"}) {
		t.Errorf("after the merge: %+v", f)
	}
}
