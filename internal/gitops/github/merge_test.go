package github

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestMergeRulesAreThoseOfTheRepositoryAndTheBranch: what either forbids is not
// allowed, and a rule that go-github does not know is read.
func TestMergeRulesAreThoseOfTheRepositoryAndTheBranch(t *testing.T) {
	t.Parallel()
	all := []gitops.MergeMethod{gitops.MergeSquash, gitops.MergeCommit, gitops.MergeRebase}
	rule := func(r githubemu.Rule) *githubemu.Ruleset {
		return &githubemu.Ruleset{Name: "x", Include: []string{"~DEFAULT_BRANCH"}, Rules: []githubemu.Rule{r}}
	}
	tests := []struct {
		name string
		set  githubemu.RepoSettings
		rule *githubemu.Ruleset
		want gitops.MergeRules
	}{
		{"everything", githubemu.RepoSettings{}, nil, gitops.MergeRules{Methods: all}},
		{"what the repository forbids", githubemu.RepoSettings{NoSquash: true, NoRebase: true}, nil, gitops.MergeRules{Methods: all[1:2]}},
		{"a linear history", githubemu.RepoSettings{}, rule(githubemu.Rule{Type: "required_linear_history"}), gitops.MergeRules{Methods: []gitops.MergeMethod{gitops.MergeSquash, gitops.MergeRebase}}},
		{"a merge queue", githubemu.RepoSettings{}, rule(githubemu.Rule{Type: "merge_queue"}), gitops.MergeRules{Methods: all, Queue: &gitops.QueueRules{}}},
		{"rules without the methods", githubemu.RepoSettings{}, rule(githubemu.Rule{Type: "pull_request", Parameters: &githubemu.RuleParams{}}), gitops.MergeRules{Methods: all}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, repo, _ := emulated(t, nil)
			repo.SetSettings(tt.set)
			if tt.rule != nil {
				repo.PutRuleset(*tt.rule)
			}
			got, err := c.MergeRules(t.Context(), "main")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTheMethodsOfAPullRequestRule are what the rule lists.
func TestTheMethodsOfAPullRequestRule(t *testing.T) {
	t.Parallel()
	m := gitops.MergeRules{Methods: []gitops.MergeMethod{gitops.MergeSquash, gitops.MergeCommit, gitops.MergeRebase}}
	narrow(&m, wireRule{Type: "pull_request", Parameters: []byte(`{"allowed_merge_methods":["rebase","merge"],"required_approving_review_count":0}`)})
	narrow(&m, wireRule{Type: "pull_request", Parameters: []byte(`{"allowed_merge_methods":["merge"]}`)})
	if diff := cmp.Diff([]gitops.MergeMethod{gitops.MergeCommit}, m.Methods); diff != "" {
		t.Errorf("methods (-want +got):\n%s", diff)
	}
}

// TestMergeIsForOneHead: GitHub's refusals have GitHub's words.
func TestMergeIsForOneHead(t *testing.T) {
	t.Parallel()
	c, repo, kit := emulated(t, nil)
	if err := repo.SetRole("hana-dev", "write"); err != nil {
		t.Fatal(err)
	}
	head, err := repo.Push("hana-dev", githubemu.Push{Branch: "x", Changes: map[string]*githubemu.File{"x": {Content: "x"}}, Message: "x"})
	if err != nil {
		t.Fatal(err)
	}
	n, err := repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "x", Title: "x"})
	if err != nil {
		t.Fatal(err)
	}
	refused := func(sha, want string) {
		t.Helper()
		_, err := c.Merge(t.Context(), n, sha, gitops.MergeSquash)
		var no *gitops.RefusedError
		if !errors.As(err, &no) || no.Message != want {
			t.Errorf("error %v, want a refusal: %s", err, want)
		}
	}
	main, err := c.Branch(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	refused(main, "Head branch was modified. Review and try the merge again.")
	kit.Faults.Add(emukit.Fault{Op: "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", Status: 403, Body: `{"message":"Resource not accessible by integration"}`})
	refused(head, "Resource not accessible by integration")
	sha, err := c.Merge(t.Context(), n, head, gitops.MergeSquash)
	if err != nil {
		t.Fatal(err)
	}
	if now, err := c.Branch(t.Context(), "main"); err != nil || now != sha {
		t.Errorf("main is at %s (%v), merged as %s", now, err, sha)
	}
	refused(head, "Pull Request is not mergeable")
	kit.Faults.Add(emukit.Fault{Op: "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", Status: 429, Body: `{"message":"You have exceeded a secondary rate limit"}`})
	var throttled *gitops.ThrottledError
	if _, err := c.Merge(t.Context(), n, head, gitops.MergeSquash); !errors.As(err, &throttled) {
		t.Errorf("a rate limit is %v", err)
	}
}
