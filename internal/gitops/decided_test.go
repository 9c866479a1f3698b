package gitops_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/gitops/review"
	"aws-access-bot/internal/store"
)

// TestTheRecordSaysWhoApproved: everybody who had approved the head in time and
// is linked, also whom no rule needed, and the rule that decided.
func TestTheRecordSaysWhoApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.review("taro-data", n, "APPROVE")
	w.review("stranger", n, "APPROVE")
	w.review("ken-platform", n, "COMMENT")
	w.look()
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
	v, ok, err := store.NewGitops(w.db).CommitVerdict(t.Context(), sha)
	if err != nil || !ok {
		t.Fatalf("no verdict of %s: %v", sha, err)
	}
	want := []review.User{{ID: 1001, Login: "yuki-lead"}, {ID: 1005, Login: "taro-data"}}
	if diff := cmp.Diff(want, v.Approvers); diff != "" {
		t.Errorf("approvers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"read and develop"}, v.Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}
