package githubemu

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

// TestIssueEvents tell what became of a pull request, and of its reviews what
// their list does not.
func TestIssueEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	n, first := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	objection, err := w.repo.Review("yuki", n, "REQUEST_CHANGES", "no", "")
	w.must(err)
	approval, err := w.repo.Review("hana", n, "APPROVE", "", "")
	w.must(err)
	w.must(w.repo.DismissReview("ken", n, objection, "go away"))
	second, err := w.repo.Push("ken", Push{Branch: "topic", Changes: map[string]*File{"b": text("2\n")}, Message: "second"})
	w.must(err)
	w.must(w.repo.ForcePush("ken", "topic", first, false))
	w.must(w.repo.ClosePull("ken", n))
	w.must(w.repo.ReopenPull("yuki", n))
	w.pass(first)
	merged, err := w.repo.Merge("hana", n, MergeSpec{})
	w.must(err)

	type event struct {
		name, by, commit, state, message, pushed string
		review                                   int64
	}
	var got []event
	opt := &github.ListOptions{PerPage: 4}
	for {
		list, resp, err := w.bot(nil).Issues.ListIssueEvents(t.Context(), org, repoName, n, opt)
		w.must(err)
		for _, e := range list {
			if e.GetID() == 0 || e.GetCreatedAt().IsZero() || e.GetActor().GetType() != "User" {
				t.Errorf("event %v", e)
			}
			d := e.GetDismissedReview()
			got = append(got, event{e.GetEvent(), e.GetActor().GetLogin(), e.GetCommitID(), d.GetState(), d.GetDismissalMessage(), d.GetDismissalCommitID(), d.GetReviewID()})
		}
		if opt.Page = resp.NextPage; opt.Page == 0 {
			break
		}
	}
	want := []event{
		{name: "review_dismissed", by: "ken", state: "changes_requested", message: "go away", review: objection},
		{name: "review_dismissed", by: "ken", state: "approved", pushed: second, review: approval},
		{name: "head_ref_force_pushed", by: "ken", commit: first},
		{name: "closed", by: "ken"},
		{name: "reopened", by: "yuki"},
		{name: "merged", by: "hana", commit: merged},
		{name: "closed", by: "hana"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(event{})); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	reads := w.bot(&github.InstallationTokenOptions{Permissions: &github.InstallationPermissions{PullRequests: github.String("read")}})
	_, _, err = reads.Issues.ListIssueEvents(t.Context(), org, repoName, n, nil)
	w.wantStatus("with pull requests read", err, 0)
	none := w.bot(&github.InstallationTokenOptions{Permissions: &github.InstallationPermissions{Contents: github.String("read")}})
	_, _, err = none.Issues.ListIssueEvents(t.Context(), org, repoName, n, nil)
	w.wantStatus("with contents read", err, 403)
}

// TestAStalePushDismissesNoObjection: only approvals go stale.
func TestAStalePushDismissesNoObjection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	n, _ := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	_, err := w.repo.Review("yuki", n, "REQUEST_CHANGES", "no", "")
	w.must(err)
	_, err = w.repo.Push("ken", Push{Branch: "topic", Changes: map[string]*File{"b": text("2\n")}, Message: "second"})
	w.must(err)
	if p := w.repo.stateForTest().Pulls[0]; len(p.Events) != 0 || p.Reviews[0].State != "CHANGES_REQUESTED" {
		t.Errorf("%+v, events %+v", p.Reviews, p.Events)
	}
}

// TestChangeOfBaseIsAnEvent.
func TestChangeOfBaseIsAnEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, err := w.repo.Push("ken", Push{Branch: "other", Changes: map[string]*File{"c": text("3\n")}, Message: "other"})
	w.must(err)
	n, _ := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	other := "other"
	w.must(w.repo.EditPull("yuki", n, nil, nil, &other, nil))
	if e := w.repo.stateForTest().Pulls[0].Events; len(e) != 1 || e[0].Event != "base_ref_changed" || e[0].By != "yuki" {
		t.Errorf("events %+v", e)
	}
}
