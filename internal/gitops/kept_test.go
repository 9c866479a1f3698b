package gitops_test

import (
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/audience"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// kept returns the people kept of approved assignments, without times.
func (w *world) kept() []audience.Kept {
	w.t.Helper()
	list, err := store.NewGitops(w.db).Kept(w.t.Context())
	w.must(err)
	return list
}

func (w *world) wantKept(want ...audience.Kept) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.kept(), cmpopts.IgnoreFields(audience.Kept{}, "At")); diff != "" {
		w.t.Errorf("kept (-want +got):\n%s", diff)
	}
}

func assignmentOf(group, account, set string) config.Assignment {
	return config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: group}, Account: account, PermissionSet: set}
}

// TestWhoWasApprovedIsKept with the commit in force: who was shown, not who
// joined until the merge, and who approved.
func TestWhoWasApprovedIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wantKept() // what an operator trusted was shown to nobody
	n := approvedPull(w)
	w.joins(devGroup, 2)
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
	want := audience.Kept{
		Assignment: assignmentOf(devGroup, "111122224444", "PowerUserAccess"), Commit: sha, Pull: n, Request: req,
		Members: []string{hanaEntra}, Approvers: []string{yukiEntra},
	}
	w.wantKept(want)
	if at := w.kept()[0].At; at.IsZero() {
		t.Error("the time of the merge is missing")
	}

	// What comes next leaves it, and adds its own.
	n = w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, "  - account: payments-prod\n    permission_set: PowerUserAccess\n    duration: 4h\n")})
	w.look()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	next := w.merge(n, "squash")
	w.look()
	w.holds(next, "")
	list := w.kept()
	if len(list) != 2 {
		t.Fatalf("kept %+v", list)
	}
	for _, k := range list {
		if k.Assignment != want.Assignment && (k.Commit != next || k.Request != "" || k.Pull != n || len(k.Members) != 3) {
			t.Errorf("kept %+v", k)
		}
	}
}

// TestWhoCameAndWasApprovedAnewIsKept, as under a rule that pins people.
func TestWhoCameAndWasApprovedAnewIsKept(t *testing.T) {
	t.Parallel()
	w := ruledWorld(t, pinnedRule)
	n := approvedPull(w)
	w.joins(devGroup, 1)
	w.look()
	w.clock.move(1)
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
	w.wantKept(audience.Kept{
		Assignment: assignmentOf(devGroup, "111122224444", "PowerUserAccess"), Commit: sha, Pull: n, Request: req,
		Members: []string{hanaEntra, person + "-1"}, Approvers: []string{yukiEntra}, Pinned: true,
	})
}

// TestNobodyIsKeptOfWhatIsNotInForce: a halt keeps nothing, and the approval
// that mends it keeps whom it was given for.
func TestNobodyIsKeptOfWhatIsNotInForce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	sha := w.merge(n, "squash")
	w.look()
	w.wantKept()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.holds(sha, "")
	w.wantKept(audience.Kept{
		Assignment: assignmentOf(devGroup, "111122224444", "PowerUserAccess"), Commit: sha, Pull: n, Request: req,
		Members: []string{hanaEntra}, Approvers: []string{yukiEntra},
	})
}
