package githubemu

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

func TestBranchesRefsAndCommits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.bot(nil)
	sha, err := w.repo.Push("ken", Push{Branch: "feature/x", Changes: map[string]*File{"README.md": text("hello\nworld\n"), "aws-access.yaml": nil}, Message: "x"})
	w.must(err)
	b, _, err := c.Repositories.GetBranch(ctx, org, repoName, "feature/x", 0)
	w.must(err)
	main, _, err := c.Repositories.GetBranch(ctx, org, repoName, w.repo.DefaultBranch(), 0)
	w.must(err)
	if b.Commit.GetSHA() != sha || b.GetProtected() || !main.GetProtected() {
		t.Errorf("branch %v, main %v", b, main)
	}
	if _, res, err := c.Repositories.GetBranch(ctx, org, repoName, "nowhere", 0); err == nil || res.StatusCode != http.StatusNotFound {
		t.Errorf("no such branch: %v", err)
	}
	all, _, err := c.Repositories.ListBranches(ctx, org, repoName, nil)
	w.must(err)
	refs, _, err := c.Git.ListMatchingRefs(ctx, org, repoName, &github.ReferenceListOptions{Ref: "heads/feat"})
	w.must(err)
	if len(all) != 2 || len(refs) != 1 || refs[0].GetRef() != "refs/heads/feature/x" {
		t.Errorf("branches %v, refs %v", all, refs)
	}
	commit, _, err := c.Repositories.GetCommit(ctx, org, repoName, "feature/x", nil)
	w.must(err)
	if commit.GetSHA() != sha || commit.Stats.GetAdditions() != 1 || commit.Stats.GetDeletions() != 1 || commit.Files[0].GetPatch() != "@@ -1 +1,2 @@\n hello\n+world" {
		t.Errorf("commit: %v", commit)
	}
	got, _, err := c.Repositories.GetCommitSHA1(ctx, org, repoName, "feature/x", "")
	w.must(err)
	raw, _, err := c.Repositories.GetCommitRaw(ctx, org, repoName, sha, github.RawOptions{Type: github.Diff})
	w.must(err)
	if got != sha || !strings.Contains(raw, "deleted file mode 100644") {
		t.Errorf("sha %s, diff:\n%s", got, raw)
	}
	_, _, err = c.Repositories.GetCommit(ctx, org, repoName, strings.Repeat("1", 40), nil)
	w.wantStatus("no such commit", err, 422)
	for _, name := range []string{"main", "refs/heads/a..b", "refs/heads/x.lock", "refs/heads/a b", "refs/pull/9/head", "refs/heads/feature/x/y"} {
		_, _, err := c.Git.CreateRef(ctx, org, repoName, &github.Reference{Ref: &name, Object: &github.GitObject{SHA: &sha}})
		w.wantStatus("name "+name, err, 422) // the client makes refs/main of "main"
	}
	_, err = c.Git.DeleteRef(ctx, org, repoName, "heads/main")
	w.wantStatus("the default branch", err, 422)
}

func TestStatusesAreCombined(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.client("ghp_ken")
	set := func(context, state string) error {
		return err3(c.Repositories.CreateStatus(ctx, org, repoName, w.repo.stateForTest().Branches["main"], &github.RepoStatus{State: &state, Context: &context}))
	}
	w.wantStatus("unknown state", set("a", "great"), 422)
	for _, tc := range []struct{ context, state, want string }{
		{"a", "success", "success"}, {"b", "pending", "pending"}, {"c", "error", "failure"}, {"c", "success", "pending"}, {"b", "success", "success"},
	} {
		w.must(set(tc.context, tc.state))
		sum, _, err := c.Repositories.GetCombinedStatus(ctx, org, repoName, "main", nil)
		w.must(err)
		if sum.GetState() != tc.want {
			t.Errorf("after %s %s: %s, want %s", tc.context, tc.state, sum.GetState(), tc.want)
		}
	}
	list, _, err := c.Repositories.ListStatuses(ctx, org, repoName, "main", nil)
	w.must(err)
	if len(list) != 5 || list[0].GetContext() != "b" {
		t.Errorf("statuses: %v", list)
	}
}

func TestPendingReviewsAreSeenByTheirAuthorOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.client("ghp_yuki")
	n, _ := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	draft, _, err := c.PullRequests.CreateReview(ctx, org, repoName, n, &github.PullRequestReviewRequest{})
	w.must(err)
	_, _, err = c.PullRequests.CreateReview(ctx, org, repoName, n, &github.PullRequestReviewRequest{})
	w.wantStatus("a second draft", err, 422)
	_, _, err = w.bot(nil).PullRequests.GetReview(ctx, org, repoName, n, draft.GetID())
	w.wantStatus("someone else's draft", err, 404)
	done, _, err := c.PullRequests.SubmitReview(ctx, org, repoName, n, draft.GetID(), &github.PullRequestReviewRequest{Event: github.String("APPROVE")})
	w.must(err)
	seen, _, err := w.bot(nil).PullRequests.GetReview(ctx, org, repoName, n, draft.GetID())
	w.must(err)
	if done.GetState() != "APPROVED" || seen.SubmittedAt == nil {
		t.Errorf("submitted %v, seen %v", done, seen)
	}
	w.must(w.repo.DismissReview("hana", n, draft.GetID(), "too early"))
	w.wantStatus("dismissed twice", w.repo.DismissReview("hana", n, draft.GetID(), "again"), 422)
	w.must(w.repo.Comment("guest", n, "hm"))
	st := w.repo.stateForTest().Pulls[0]
	if st.Reviews[0].State != "DISMISSED" || st.Comments[0].By != "guest" {
		t.Errorf("state: %+v", st)
	}
}

func TestBaseOfAPullRequestMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.must(ignore(w.repo.Push("ken", Push{Branch: "release", Changes: map[string]*File{"r": text("1")}, Message: "r"})))
	n, head := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	release := "release"
	w.must(w.repo.EditPull("ken", n, nil, nil, &release, nil))
	pr, _, err := w.bot(nil).PullRequests.Get(t.Context(), org, repoName, n)
	w.must(err)
	if pr.Base.GetRef() != release || pr.GetMergeableState() != "clean" || pr.GetMergeCommitSHA() == "" || pr.GetMergeCommitSHA() == head {
		t.Errorf("pull request: %v", pr)
	}
	commits, _, err := w.bot(nil).PullRequests.ListCommits(t.Context(), org, repoName, n, nil)
	w.must(err)
	if len(commits) != 1 || commits[0].GetSHA() != head {
		t.Errorf("commits: %v", commits)
	}
	merged, _, err := w.bot(nil).PullRequests.IsMerged(t.Context(), org, repoName, n)
	w.must(err)
	if merged {
		t.Error("the test merge counts as a merge")
	}
}

func TestClassicProtectionBindsAsRulesetsDo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		who   string
		admin bool // enforced on administrators
		want  int
	}{
		{"a writer", "yuki", false, 405}, {"an administrator who is exempt", "hana", false, 0}, {"an administrator who is not", "hana", true, 405},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			for _, rs := range w.repo.stateForTest().Rulesets {
				w.repo.RemoveRuleset(rs.ID)
			}
			n, _ := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
			w.repo.Protect("main", &Protection{Approvals: 1, EnforceAdmins: tc.admin})
			w.must(ignore(w.repo.Review("guest", n, "APPROVE", "", ""))) // a reader's approval does not count
			_, err := w.repo.Merge(tc.who, n, MergeSpec{})
			w.wantStatus("merge", err, tc.want)
			w.must(ignore(w.repo.Review("yuki", n, "APPROVE", "", "")))
			if tc.want != 0 {
				w.must(ignore(w.repo.Merge(tc.who, n, MergeSpec{})))
			}
		})
	}
}

func TestWhoBypassesARuleset(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		bypass Bypass
		want   map[string]int
	}{
		{"administrators of the repository", Bypass{ActorID: 5, ActorType: "RepositoryRole", Mode: "always"}, map[string]int{"hana": 0, "yuki": 422}},
		{"everyone who writes", Bypass{ActorID: 4, ActorType: "RepositoryRole", Mode: "always"}, map[string]int{"hana": 0, "yuki": 0}},
		{"a team and its children", Bypass{ActorID: 501, ActorType: "Team", Mode: "always"}, map[string]int{"yuki": 0, "ken": 0}},
		{"owners of the organization", Bypass{ActorType: "OrganizationAdmin", Mode: "always"}, map[string]int{"hana": 422, "nora": 0}},
		{"in pull requests only", Bypass{ActorID: 5, ActorType: "RepositoryRole", Mode: "pull_request"}, map[string]int{"hana": 422}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.must(w.SetOrgRole("nora", "admin"))
			main := w.repo.stateForTest().Rulesets[0]
			main.Bypass = []Bypass{tc.bypass}
			w.repo.PutRuleset(main)
			for login, want := range tc.want {
				_, err := w.repo.Push(login, Push{Branch: "main", Changes: map[string]*File{login: text("x")}, Message: "x"})
				w.wantStatus(login, err, want)
			}
		})
	}
}

func TestRulesetsAreEditedByAdministrators(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.client("ghp_hana")
	in := &github.Ruleset{
		Name: "tags", Target: github.String("branch"), Enforcement: "evaluate",
		Conditions: &github.RulesetConditions{RefName: &github.RulesetRefConditionParameters{Include: []string{"~ALL"}, Exclude: []string{}}},
		Rules:      []*github.RepositoryRule{github.NewDeletionRule()},
	}
	_, _, err := w.bot(nil).Repositories.CreateRuleset(ctx, org, repoName, in)
	w.wantStatus("by the bot", err, 403)
	made, _, err := c.Repositories.CreateRuleset(ctx, org, repoName, in)
	w.must(err)
	w.must(ignore(w.repo.Push("ken", Push{Branch: "topic", Message: "x"})))
	w.wantStatus("while it is evaluated only", w.repo.ForcePush("ken", "topic", "", false), 0)
	in.Enforcement = "active"
	w.must(err3(c.Repositories.UpdateRuleset(ctx, org, repoName, made.GetID(), in)))
	w.must(ignore(w.repo.Push("ken", Push{Branch: "topic", Message: "x"})))
	w.wantStatus("when it is active", w.repo.ForcePush("ken", "topic", "", false), 422)
	w.must(ignore(c.Repositories.DeleteRuleset(ctx, org, repoName, made.GetID())))
	w.wantStatus("when it is gone", w.repo.ForcePush("ken", "topic", "", false), 0)
	in.Enforcement = "perhaps"
	w.wantStatus("a wrong enforcement", err3(c.Repositories.CreateRuleset(ctx, org, repoName, in)), 422)
}

func TestSmallReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.App.Repositories = []string{repoName} })
	w.must(ignore(w.AddRepo(RepoSpec{Name: "hidden"})))
	n, head := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	w.pass(head)
	run := itoa(w.repo.stateForTest().Checks[0].ID)
	ctx, c := t.Context(), w.bot(nil)
	w.must(err3(c.Issues.ReplaceLabelsForIssue(ctx, org, repoName, n, []string{"one"})))
	repos, _, err := c.Apps.ListRepos(ctx, nil)
	w.must(err)
	if repos.GetTotalCount() != 1 || repos.Repositories[0].GetID() != w.Repo(repoName).ID() {
		t.Errorf("repositories: %v", repos)
	}
	got := map[string]int{}
	want := map[string]int{
		"orgs/acme": 200, "orgs/acme/teams": 200, "orgs/acme/members?role=admin": 200, "orgs/acme/members/ken": 204, "orgs/acme/members/nobody": 404,
		"repos/acme/aws-access-config/collaborators": 200, "repos/acme/aws-access-config/collaborators/ken": 204, "repos/acme/aws-access-config/collaborators/nora": 404,
		"repos/acme/aws-access-config/issues/1": 200, "repos/acme/aws-access-config/issues/2": 404, "repos/acme/aws-access-config/issues/1/labels": 200,
		"repos/acme/aws-access-config/labels": 200, "repos/acme/aws-access-config/labels/one": 200, "repos/acme/aws-access-config/labels/two": 404,
		"repos/acme/aws-access-config/check-runs/" + run: 200, "repos/acme/aws-access-config/check-runs/1": 404,
		"repos/acme/aws-access-config/check-runs/" + run + "/annotations": 200, "repos/acme/aws-access-config/issues/comments/1": 404,
		"repos/acme/hidden": 404, "user/1003": 200, "user/1": 404, "users/nobody": 404, "graphql": 404,
	}
	for path := range want {
		req, err := c.NewRequest(http.MethodGet, path, nil)
		w.must(err)
		res, _ := c.BareDo(ctx, req) // its error says the status once more
		got[path] = res.StatusCode
		_ = res.Body.Close()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
