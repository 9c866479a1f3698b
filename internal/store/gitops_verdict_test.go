package store

import (
	"encoding/json"
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/review"
)

// TestWhoApprovedIsKept: nobody and unknown stay two things, and a record of a
// version that did not keep it is unknown.
func TestWhoApprovedIsKept(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		one, blobs := force("c3", "a")
		verdicts := []gitops.Verdict{
			{Commit: "c1", Outcome: gitops.Verified, At: at(1), Approvers: []review.User{{ID: 1001, Login: "yuki-lead"}, {ID: 7}}, Rules: []string{"read and develop", "control plane"}},
			{Commit: "c2", Outcome: gitops.Verified, At: at(2), Approvers: []review.User{}},
			{Commit: "c3", Outcome: gitops.Trusted, At: at(3)},
		}
		g := NewGitops(db)
		if err := g.Advance(t.Context(), gitops.Advance{To: "c3", InForce: one, Blobs: blobs, Verdicts: verdicts}); err != nil {
			t.Fatal(err)
		}
		for _, want := range verdicts {
			got, ok, err := g.CommitVerdict(t.Context(), want.Commit)
			if err != nil || !ok {
				t.Fatalf("%s: %v, %v", want.Commit, ok, err)
			}
			same(t, want.Commit, want, got)
		}
	})
	var old verdictRecord
	if err := json.Unmarshal([]byte(`{"commit":"c0","outcome":"verified","at":"2026-11-23T09:00:00Z","text":"approved by yuki-lead"}`), &old); err != nil {
		t.Fatal(err)
	}
	if got := old.domain(); got.Approvers != nil || got.Rules != nil {
		t.Errorf("an old record has approvers %v and rules %v", got.Approvers, got.Rules)
	}
}
