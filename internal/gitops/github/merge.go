package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/guard"
)

// ruleLinear is the type of the rule that allows no merge commits.
const ruleLinear = "required_linear_history"

// MergeRules implements [gitops.Merger]. A repository's settings of merging
// are shown to those who may write its contents; one that is not shown counts
// as allowed, and rules that cannot be read as none: GitHub refuses what is not.
func (c *Client) MergeRules(ctx context.Context, branch string) (gitops.MergeRules, error) {
	var repo struct {
		Squash *bool `json:"allow_squash_merge"`
		Merge  *bool `json:"allow_merge_commit"`
		Rebase *bool `json:"allow_rebase_merge"`
	}
	if _, err := c.get(ctx, strings.TrimSuffix(c.path(""), "/"), &repo); err != nil {
		return gitops.MergeRules{}, c.wrap("read the repository", err)
	}
	list, err := rawPages[wireRule](ctx, c, c.path("rules/branches/%s?per_page=100", url.PathEscape(branch)))
	if err != nil && !c.hidden(err) {
		return gitops.MergeRules{}, c.wrap("list rules of "+branch, err)
	}
	var out gitops.MergeRules
	for _, m := range []struct {
		method  gitops.MergeMethod
		allowed *bool
	}{{gitops.MergeSquash, repo.Squash}, {gitops.MergeCommit, repo.Merge}, {gitops.MergeRebase, repo.Rebase}} {
		if m.allowed == nil || *m.allowed {
			out.Methods = append(out.Methods, m.method)
		}
	}
	for _, r := range list {
		narrow(&out, r)
	}
	return out, nil
}

// narrow takes out the methods that a rule does not allow.
func narrow(m *gitops.MergeRules, r wireRule) {
	switch r.Type {
	case guard.TypeQueue:
		m.Queue = queueRules(r)
	case ruleLinear:
		m.Methods = slices.DeleteFunc(m.Methods, func(x gitops.MergeMethod) bool { return x == gitops.MergeCommit })
	case guard.TypePullRequest:
		var p struct {
			Allowed []gitops.MergeMethod `json:"allowed_merge_methods"`
		}
		if json.Unmarshal(r.Parameters, &p) == nil && len(p.Allowed) > 0 {
			m.Methods = slices.DeleteFunc(m.Methods, func(x gitops.MergeMethod) bool { return !slices.Contains(p.Allowed, x) })
		}
	}
}

// Merge implements [gitops.Merger].
func (c *Client) Merge(ctx context.Context, number int, sha string, m gitops.MergeMethod) (string, error) {
	got, _, err := c.api.PullRequests.Merge(ctx, c.owner, c.name, number, "", &gh.PullRequestOptions{SHA: sha, MergeMethod: string(m)})
	var no *gh.ErrorResponse
	if errors.As(err, &no) && no.Response != nil {
		switch no.Response.StatusCode {
		case http.StatusMethodNotAllowed, http.StatusConflict, http.StatusUnprocessableEntity:
			return "", &gitops.RefusedError{Message: no.Message}
		}
	}
	if err != nil {
		// What the App may not do it may not do the next time either.
		if err := c.wrap(fmt.Sprintf("merge pull request %d", number), err); !errors.Is(err, gitops.ErrDenied) || no == nil {
			return "", err
		}
		return "", &gitops.RefusedError{Message: no.Message}
	}
	return got.GetSHA(), nil
}
