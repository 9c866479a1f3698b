package githubemu

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

func TestMergeMethods(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method           string
		parents, commits int // parents of the last commit, new first parents on main
		message          string
	}{
		{"merge", 2, 1, "Merge pull request #1 from acme/topic"},
		{"squash", 1, 1, "change topic (#1)"},
		{"rebase", 1, 2, "second"},
	}
	for _, tc := range tests {
		t.Run(tc.method, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			ctx, c := t.Context(), w.client("ghp_yuki")
			n, _ := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
			head, err := w.repo.Push("ken", Push{Branch: "topic", Changes: map[string]*File{"b": text("2\n")}, Message: "second"})
			w.must(err)
			before := len(w.repo.stateForTest().Commits)
			w.pass(head)
			opt := &github.PullRequestOptions{MergeMethod: tc.method, SHA: head}
			res, _, err := c.PullRequests.Merge(ctx, org, repoName, n, "", opt)
			w.must(err)
			st := w.repo.stateForTest()
			if len(st.Commits)-before != tc.commits || st.Commits[0].SHA != res.GetSHA() || len(st.Commits[0].Parents) != tc.parents || !strings.HasPrefix(st.Commits[0].Message, tc.message) {
				t.Errorf("last commit: %+v of %d", st.Commits[0], len(st.Commits))
			}
			pr, _, err := c.PullRequests.Get(ctx, org, repoName, n)
			w.must(err)
			if !pr.GetMerged() || pr.GetMergeCommitSHA() != res.GetSHA() || pr.MergedBy.GetLogin() != "yuki" || pr.MergedAt == nil || pr.GetCommits() != 2 || pr.GetChangedFiles() != 2 {
				t.Errorf("pull request: %v", pr)
			}
			from, _, err := c.PullRequests.ListPullRequestsWithCommit(ctx, org, repoName, res.GetSHA(), nil)
			w.must(err)
			if len(from) != 1 || from[0].GetNumber() != n || from[0].Base.Repo.GetID() != 4242 {
				t.Errorf("pull requests of the commit: %v", from)
			}
			files, err := w.repo.Files("")
			w.must(err)
			if files["a"].Content != "1\n" || files["b"].Content != "2\n" {
				t.Errorf("files: %v", files)
			}
			if got := st.Activity[len(st.Activity)-1]; got.Kind != "pr_merge" || got.Ref != "refs/heads/main" || got.Actor != "yuki" {
				t.Errorf("activity: %+v", got)
			}
			_, _, err = c.PullRequests.Merge(ctx, org, repoName, n, "", opt)
			w.wantStatus("merging again", err, 405)
		})
	}
}

// passAsOther reports the required check from an App that it is not pinned to.
func (w *world) passAsOther(head string) {
	w.t.Helper()
	w.AddApp(App{ID: 88, Slug: "other", InstallationID: 880, PublicKey: &w.key.PublicKey})
	now := w.clock.Now().Unix()
	app := w.client(w.jwt(map[string]any{"iss": "88", "iat": now, "exp": now + 60}))
	tok, _, err := app.Apps.CreateInstallationToken(w.t.Context(), 880, nil)
	w.must(err)
	w.must(err3(w.client(tok.GetToken()).Checks.CreateCheckRun(w.t.Context(), org, repoName, github.CreateCheckRunOptions{
		Name: "aws-access", HeadSHA: head, Conclusion: github.String("success"),
	})))
}

func TestMergeIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		arrange func(w *world, head string) *github.PullRequestOptions
		want    int
		state   string // mergeable_state before
	}{
		{"required check missing", func(*world, string) *github.PullRequestOptions { return nil }, 405, "blocked"},
		{"required check of another App", func(w *world, head string) *github.PullRequestOptions {
			w.passAsOther(head)
			return nil
		}, 405, "blocked"},
		{"required check as a status of a person", func(w *world, head string) *github.PullRequestOptions {
			w.must(err3(w.client("ghp_ken").Repositories.CreateStatus(w.t.Context(), org, repoName, head, &github.RepoStatus{
				State: github.String("success"), Context: github.String("aws-access"),
			})))
			return nil
		}, 405, "blocked"},
		{"head moved", func(w *world, head string) *github.PullRequestOptions {
			w.pass(head)
			return &github.PullRequestOptions{SHA: strings.Repeat("1", 40)}
		}, 409, "clean"},
		{"behind its base", func(w *world, head string) *github.PullRequestOptions {
			w.pass(head)
			w.must(ignore(w.repo.DirectPush("hana", map[string]*File{"z": text("z")}, "z")))
			return nil
		}, 405, "behind"},
		{"conflict", func(w *world, head string) *github.PullRequestOptions {
			w.repo.RemoveRuleset(w.repo.stateForTest().Rulesets[0].ID)
			w.must(ignore(w.repo.DirectPush("hana", map[string]*File{"README.md": text("theirs\n")}, "z")))
			return nil
		}, 405, "dirty"},
		{"unknown method", func(w *world, head string) *github.PullRequestOptions {
			w.pass(head)
			return &github.PullRequestOptions{MergeMethod: "octopus"}
		}, 422, "clean"},
		{"all is well", func(w *world, head string) *github.PullRequestOptions { w.pass(head); return nil }, 0, "clean"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			n, head := w.pullRequest("topic", map[string]*File{"README.md": text("ours\n")})
			opt := tc.arrange(w, head)
			c := w.client("ghp_yuki")
			pr, _, err := c.PullRequests.Get(t.Context(), org, repoName, n)
			w.must(err)
			if pr.GetMergeableState() != tc.state || pr.Mergeable == nil || *pr.Mergeable == (tc.state == "dirty") {
				t.Errorf("mergeable %v, state %q, want %q", pr.Mergeable, pr.GetMergeableState(), tc.state)
			}
			_, _, err = c.PullRequests.Merge(t.Context(), org, repoName, n, "", opt)
			w.wantStatus("merge", err, tc.want)
		})
	}
}

func TestMergeableIsNullUntilItIsWorkedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.MergeableDelay = time.Second })
	n, _ := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	c := w.client("ghp_yuki")
	for _, known := range []bool{false, true} {
		pr, _, err := c.PullRequests.Get(t.Context(), org, repoName, n)
		w.must(err)
		if (pr.Mergeable != nil) != known || (pr.GetMergeableState() == "unknown") == known {
			t.Errorf("mergeable %v, state %q, want known %v", pr.Mergeable, pr.GetMergeableState(), known)
		}
		w.clock.move(time.Second)
	}
}

func TestReviews(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx := t.Context()
	n, first := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	review := func(token, event, body string) error {
		return err3(w.client(token).PullRequests.CreateReview(ctx, org, repoName, n, &github.PullRequestReviewRequest{Event: &event, Body: &body}))
	}
	w.wantStatus("own approval", review("ghp_ken", "APPROVE", ""), 422)
	w.wantStatus("own comment", review("ghp_ken", "COMMENT", "note"), 0)
	w.wantStatus("comment without words", review("ghp_yuki", "COMMENT", ""), 422)
	w.wantStatus("unknown event", review("ghp_yuki", "LGTM", ""), 422)
	w.wantStatus("approval", review("ghp_yuki", "APPROVE", ""), 0)
	w.wantStatus("approval by a reader", review("ghp_guest", "APPROVE", ""), 0)
	w.wantStatus("an outsider", review("ghp_nora", "APPROVE", ""), 404)

	second, err := w.repo.Push("ken", Push{Branch: "topic", Changes: map[string]*File{"a": text("2\n")}, Message: "more"})
	w.must(err)
	w.wantStatus("changes", review("ghp_hana", "REQUEST_CHANGES", "no"), 0)
	reviews, _, err := w.bot(nil).PullRequests.ListReviews(ctx, org, repoName, n, nil)
	w.must(err)
	var got []string
	for _, r := range reviews {
		got = append(got, fmt.Sprintf("%s %s %v", r.User.GetLogin(), r.GetState(), r.GetCommitID() == first))
	}
	want := []string{"ken COMMENTED true", "yuki DISMISSED true", "guest DISMISSED true", "hana CHANGES_REQUESTED false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a push did not dismiss the approvals:\n%s", diff)
	}
	last := reviews[len(reviews)-1].GetID()
	_, _, err = w.client("ghp_guest").PullRequests.DismissReview(ctx, org, repoName, n, last, &github.PullRequestReviewDismissalRequest{Message: github.String("x")})
	w.wantStatus("dismissal by a reader", err, 403)
	_, _, err = w.client("ghp_yuki").PullRequests.DismissReview(ctx, org, repoName, n, last, &github.PullRequestReviewDismissalRequest{Message: github.String("x")})
	w.wantStatus("dismissal", err, 0)

	w.pass(second)
	w.must(ignore(w.repo.Merge("yuki", n, MergeSpec{})))
	w.clock.move(time.Minute)
	w.wantStatus("approval after the merge", review("ghp_hana", "APPROVE", "late"), 0)
	page, res, err := w.bot(nil).PullRequests.ListReviews(ctx, org, repoName, n, &github.ListOptions{PerPage: 2, Page: 3})
	w.must(err)
	if len(page) != 1 || res.PrevPage != 2 || res.NextPage != 0 || page[0].GetState() != "APPROVED" {
		t.Errorf("last page: %d reviews, %+v", len(page), res)
	}
	pr, _, err := w.bot(nil).PullRequests.Get(ctx, org, repoName, n)
	w.must(err)
	if !page[0].GetSubmittedAt().After(pr.GetMergedAt().Time) {
		t.Errorf("late approval at %v, merged at %v", page[0].GetSubmittedAt(), pr.GetMergedAt())
	}
}

func TestReviewersAreAskedAndAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.bot(nil)
	n, _ := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	ask := func(login string) error {
		return err3(c.PullRequests.RequestReviewers(ctx, org, repoName, n, github.ReviewersRequest{Reviewers: []string{login}}))
	}
	w.wantStatus("the author", ask("ken"), 422)
	w.wantStatus("no access", ask("nora"), 422)
	w.wantStatus("a collaborator", ask("yuki"), 0)
	w.must(ignore(w.repo.Review("yuki", n, "APPROVE", "", "")))
	left, _, err := c.PullRequests.ListReviewers(ctx, org, repoName, n, nil)
	w.must(err)
	if len(left.Users) != 0 {
		t.Errorf("still asked: %v", left.Users)
	}
}

func TestPullRequestsAreEdited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.client("ghp_ken")
	n, _ := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	edit := func(pr *github.PullRequest) error { return err3(c.PullRequests.Edit(ctx, org, repoName, n, pr)) }
	w.wantStatus("title", edit(&github.PullRequest{Title: github.String("better")}), 0)
	w.wantStatus("title too long", edit(&github.PullRequest{Title: github.String(strings.Repeat("é", 257))}), 422)
	w.wantStatus("body too long", edit(&github.PullRequest{Body: github.String(strings.Repeat("x", 65537))}), 422)
	w.wantStatus("no such base", edit(&github.PullRequest{Base: &github.PullRequestBranch{Ref: github.String("nowhere")}}), 422)
	w.wantStatus("close", edit(&github.PullRequest{State: github.String("closed")}), 0)
	w.wantStatus("reopen", edit(&github.PullRequest{State: github.String("open")}), 0)
	w.wantStatus("someone who may not write", w.repo.EditPull("guest", n, github.String("x"), nil, nil, nil), 403)
	pr, _, err := c.PullRequests.Get(ctx, org, repoName, n)
	w.must(err)
	if pr.GetTitle() != "better" || pr.GetState() != "open" || pr.ClosedAt != nil {
		t.Errorf("pull request: %v", pr)
	}
	w.must(w.repo.ForcePush("ken", "topic", "", false))
	w.wantStatus("reopen without its branch", w.repo.ReopenPull("ken", n), 422)
	_, err = w.repo.CreatePull("ken", PullSpec{Head: "topic", Title: "x"})
	w.wantStatus("a head that is not there", err, 422)
	_, err = w.repo.CreatePull("ken", PullSpec{Head: "main", Title: "x"})
	w.wantStatus("nothing to merge", err, 422)
}

func TestBranchIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.bot(nil)
	n, head := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	update := func(sha string) error {
		return err3(c.PullRequests.UpdateBranch(ctx, org, repoName, n, &github.PullRequestBranchUpdateOptions{ExpectedHeadSHA: &sha}))
	}
	w.wantStatus("nothing new", update(head), 422)
	w.must(ignore(w.repo.DirectPush("hana", map[string]*File{"z": text("z")}, "z")))
	w.wantStatus("another head", update(strings.Repeat("1", 40)), 422)
	err := update(head)
	if accepted := new(github.AcceptedError); !errors.As(err, &accepted) {
		t.Errorf("update: %v", err)
	}
	st := w.repo.stateForTest()
	if st.Pulls[0].HeadSHA == head || st.Pulls[0].Mergeable != "blocked" || !slices.Equal(st.Pulls[0].Changed, []string{"a"}) {
		t.Errorf("pull request: %+v", st.Pulls[0])
	}
}

func TestMergeMadeByHandAndFromAFork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	n, head := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	evil, err := w.repo.CommitObject(Commit{
		Parents: []string{"main", head}, From: head, Changes: map[string]*File{"backdoor": text("x")}, Message: "Merge", Author: "hana",
	})
	w.must(err)
	w.wantStatus("within the rules", w.repo.ForcePush("hana", "main", evil, false), 422)
	w.must(w.repo.ForcePush("hana", "main", evil, true))
	p := w.repo.stateForTest().Pulls[n-1]
	if p.State != "merged" || p.MergeSHA != evil || p.MergedBy != "hana" {
		t.Errorf("after a merge by hand: %+v", p)
	}
	_, err = w.repo.Push("guest", Push{Branch: "patch", Fork: true, Changes: map[string]*File{"f": text("1")}, Message: "fork"})
	w.must(err)
	n, err = w.repo.CreatePull("guest", PullSpec{Head: "guest:patch", Title: "from a fork"})
	w.must(err)
	pr, _, err := w.bot(nil).PullRequests.Get(t.Context(), org, repoName, n)
	w.must(err)
	if pr.Head.Repo.GetID() == pr.Base.Repo.GetID() || pr.Head.Repo.GetFullName() != "guest/"+repoName || pr.Head.GetLabel() != "guest:patch" {
		t.Errorf("head repository: %v", pr.Head)
	}
	diff, err := w.repo.PullDiff(n)
	w.must(err)
	if want := "diff --git a/f b/f\nnew file mode 100644\nindex 0000000..56a6051\n--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+1\n\\ No newline at end of file\n"; diff != want {
		t.Errorf("diff:\n%s", diff)
	}
}

func TestCommentsLabelsAndChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.bot(nil)
	n, head := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	cm, _, err := c.Issues.CreateComment(ctx, org, repoName, n, &github.IssueComment{Body: github.String("hello")})
	w.must(err)
	w.must(err3(c.Issues.EditComment(ctx, org, repoName, cm.GetID(), &github.IssueComment{Body: github.String("bye")})))
	_, _, err = w.client("ghp_guest").Issues.EditComment(ctx, org, repoName, cm.GetID(), &github.IssueComment{Body: github.String("x")})
	w.wantStatus("someone else's comment", err, 403)
	list, _, err := c.Issues.ListComments(ctx, org, repoName, n, nil)
	w.must(err)
	if len(list) != 1 || list[0].GetBody() != "bye" {
		t.Errorf("comments: %v", list)
	}
	w.must(err3(c.Issues.CreateLabel(ctx, org, repoName, &github.Label{Name: github.String("aws"), Color: github.String("ff0000")})))
	w.wantStatus("the label again", err3(c.Issues.CreateLabel(ctx, org, repoName, &github.Label{Name: github.String("AWS")})), 422)
	labels, _, err := c.Issues.AddLabelsToIssue(ctx, org, repoName, n, []string{"aws", "new"})
	w.must(err)
	if len(labels) != 2 {
		t.Errorf("labels: %v", labels)
	}
	w.must(ignore(c.Issues.RemoveLabelForIssue(ctx, org, repoName, n, "new")))
	_, err = c.Issues.RemoveLabelForIssue(ctx, org, repoName, n, "new")
	w.wantStatus("the label again", err, 404)

	output := func(size int) *github.CheckRunOutput {
		return &github.CheckRunOutput{Title: github.String("t"), Summary: github.String(strings.Repeat("s", size)), Text: github.String(strings.Repeat("t", 70000))}
	}
	opt := github.CreateCheckRunOptions{Name: "aws-access", HeadSHA: head, Status: github.String("in_progress"), Output: output(65536)}
	w.wantStatus("summary too long", err3(c.Checks.CreateCheckRun(ctx, org, repoName, opt)), 422)
	opt.Output = output(65535)
	run, _, err := c.Checks.CreateCheckRun(ctx, org, repoName, opt)
	w.must(err)
	if len(run.Output.GetText()) != 65535 {
		t.Errorf("text was not cut: %d", len(run.Output.GetText()))
	}
	_, _, err = c.Checks.UpdateCheckRun(ctx, org, repoName, run.GetID(), github.UpdateCheckRunOptions{Name: "aws-access", Status: github.String("completed")})
	w.wantStatus("completed without a conclusion", err, 422)
	w.pass(head)
	runs, _, err := c.Checks.ListCheckRunsForRef(ctx, org, repoName, "topic", nil)
	w.must(err)
	if runs.GetTotal() != 1 || runs.CheckRuns[0].GetConclusion() != "success" || runs.CheckRuns[0].App.GetID() != 77 {
		t.Errorf("latest runs: %v", runs)
	}
	runs, _, err = c.Checks.ListCheckRunsForRef(ctx, org, repoName, head, &github.ListCheckRunsOptions{Filter: github.String("all")})
	w.must(err)
	if runs.GetTotal() != 2 {
		t.Errorf("all runs: %d", runs.GetTotal())
	}
}
