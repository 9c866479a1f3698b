package store

import (
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
)

// TestClosedPullRequestsAreFoundByWhen: those closed unmerged, by the last time
// they were, and none that is open again.
func TestClosedPullRequestsAreFoundByWhen(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		g := NewGitops(db)
		save := func(id string, state access.PullState, closed time.Time) {
			t.Helper()
			if err := g.SavePull(t.Context(), gitops.StepFacts, gitops.PullRecord{Request: access.ID(id), State: state, ClosedAt: closed}); err != nil {
				t.Fatal(err)
			}
		}
		found := func(since time.Time) []string {
			t.Helper()
			list, err := g.ClosedPulls(t.Context(), since)
			same(t, "error", nil, err)
			var ids []string
			for _, r := range list {
				ids = append(ids, string(r.Request))
			}
			return ids
		}
		save("REQ-3", access.PullClosed, at(3))
		save("REQ-1", access.PullClosed, at(1))
		save("REQ-2", access.PullMerged, time.Time{})
		save("REQ-4", access.PullOpen, time.Time{})
		save("REQ-5", access.PullClosed, time.Time{}) // of an earlier version
		same(t, "all", []string{"REQ-1", "REQ-3"}, found(at(0)))
		same(t, "from a time on", []string{"REQ-3"}, found(at(2)))
		save("REQ-1", access.PullOpen, at(1))
		same(t, "with one opened again", []string{"REQ-3"}, found(at(0)))
		save("REQ-1", access.PullClosed, at(9))
		same(t, "with one closed again", []string{"REQ-3", "REQ-1"}, found(at(0)))
	})
}
