package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"aws-access-bot/internal/gitops"
)

// queueRules reads the parameters of a rule of type merge_queue.
func queueRules(r wireRule) *gitops.QueueRules {
	var p struct {
		Grouping string `json:"grouping_strategy"`
	}
	// One that cannot be read is the default, ALLGREEN.
	_ = json.Unmarshal(r.Parameters, &p)
	return &gitops.QueueRules{HeadOnly: p.Grouping == "HEADGREEN"}
}

// QueueRefs implements [gitops.Queue]. The names are
// gh-readonly-queue/BRANCH/pr-NUMBER-SHA; others below the prefix are left out.
func (c *Client) QueueRefs(ctx context.Context, branch string) ([]gitops.QueueRef, error) {
	type ref struct {
		Name   string `json:"ref"`
		Object struct {
			SHA string `json:"sha"`
		} `json:"object"`
	}
	prefix := "heads/gh-readonly-queue/" + branch + "/"
	list, err := rawPages[ref](ctx, c, c.path("git/matching-refs/%s?per_page=100", (&url.URL{Path: prefix}).EscapedPath()))
	if err != nil {
		return nil, c.wrap("list refs under "+prefix, err)
	}
	var out []gitops.QueueRef
	for _, r := range list {
		if n, ok := queuedPull(r.Name, "refs/"+prefix); ok && r.Object.SHA != "" {
			out = append(out, gitops.QueueRef{Number: n, Head: r.Object.SHA})
		}
	}
	return out, nil
}

// queuedPull reads the number of the pull request out of the name of a ref,
// PREFIXpr-NUMBER-SHA. Whoever may push may make others below the prefix.
func queuedPull(name, prefix string) (int, bool) {
	name, ok := strings.CutPrefix(name, prefix+"pr-")
	number, sha, cut := strings.Cut(name, "-")
	n, err := strconv.Atoi(number)
	if !ok || !cut || err != nil || n <= 0 || strconv.Itoa(n) != number || sha == "" || strings.Contains(sha, "/") {
		return 0, false
	}
	return n, true
}

// enqueueMutation asks for nothing back: the entry can be read with the
// permission Merge queues only, which this does without.
const enqueueMutation = `mutation($pull: ID!, $head: GitObjectID!) {
  enqueuePullRequest(input: {pullRequestId: $pull, expectedHeadOid: $head}) { clientMutationId }
}`

// Enqueue implements [gitops.Queue]. The REST API has no operation for it.
func (c *Client) Enqueue(ctx context.Context, p gitops.Pull) error {
	op := fmt.Sprintf("enqueue pull request %d", p.Number)
	req, err := c.api.NewRequest(http.MethodPost, graphQL(c.api.BaseURL), map[string]any{
		"query": enqueueMutation, "variables": map[string]string{"pull": p.Node, "head": p.HeadSHA},
	})
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	var got struct {
		Errors []struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	if _, err := c.api.Do(ctx, req, &got); err != nil {
		return c.wrap(op, err)
	}
	for _, e := range got.Errors {
		text := strings.ToLower(e.Message)
		switch {
		case strings.Contains(text, "already") && strings.Contains(text, "queue"):
		case e.Type == "RATE_LIMITED":
			return fmt.Errorf("%s: %w", op, &gitops.ThrottledError{Until: c.now().Add(throttlePause)})
		default:
			return &gitops.RefusedError{Message: e.Message}
		}
	}
	return nil
}

// graphQL is the address of the GraphQL API: beside /api/v3/ on Enterprise
// Server, below the REST API elsewhere.
func graphQL(rest *url.URL) string {
	u := *rest
	if base, ok := strings.CutSuffix(u.Path, "/api/v3/"); ok {
		u.Path = base + "/api/graphql"
	} else {
		u.Path += "graphql"
	}
	return u.String()
}
