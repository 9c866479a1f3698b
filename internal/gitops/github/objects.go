package github

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/review"
)

// Commit implements [gitops.Objects].
func (c *Client) Commit(ctx context.Context, sha string) (gitops.Commit, error) {
	got, _, err := c.api.Git.GetCommit(ctx, c.owner, c.name, sha)
	if err != nil {
		return gitops.Commit{}, c.wrap("get commit "+sha, err)
	}
	out := gitops.Commit{SHA: got.GetSHA(), Tree: got.GetTree().GetSHA(), At: got.GetCommitter().GetDate().Time}
	for _, p := range got.Parents {
		out.Parents = append(out.Parents, p.GetSHA())
	}
	return out, nil
}

// Tree implements [gitops.Objects].
func (c *Client) Tree(ctx context.Context, sha string) (gitops.Tree, error) {
	got, _, err := c.api.Git.GetTree(ctx, c.owner, c.name, sha, true)
	if err != nil {
		return gitops.Tree{}, c.wrap("get tree "+sha, err)
	}
	out := gitops.Tree{Truncated: got.GetTruncated()}
	for _, e := range got.Entries {
		out.Entries = append(out.Entries, gitops.TreeEntry{Path: e.GetPath(), Mode: e.GetMode(), Type: e.GetType(), SHA: e.GetSHA(), Size: e.GetSize()})
	}
	return out, nil
}

// Blob implements [gitops.Objects].
func (c *Client) Blob(ctx context.Context, sha string) ([]byte, error) {
	got, _, err := c.api.Git.GetBlob(ctx, c.owner, c.name, sha)
	if err != nil {
		return nil, c.wrap("get blob "+sha, err)
	}
	data, err := blobContent(got.GetEncoding(), got.GetContent())
	if err != nil {
		return nil, fmt.Errorf("get blob %s: %w", sha, err)
	}
	return data, nil
}

// blobContent decodes the content of a blob. Base64 is broken into lines (Get a
// blob), which the decoder passes over.
func blobContent(encoding, content string) ([]byte, error) {
	switch encoding {
	case "base64":
		return base64.StdEncoding.Strict().DecodeString(content)
	case "utf-8":
		return []byte(content), nil
	default:
		return nil, fmt.Errorf("unknown encoding %.20q", encoding)
	}
}

// Branch implements [gitops.Branches].
func (c *Client) Branch(ctx context.Context, name string) (string, error) {
	if err := c.identify(ctx); err != nil {
		return "", err
	}
	ref, _, err := c.api.Git.GetRef(ctx, c.owner, c.name, "heads/"+name)
	if err != nil {
		err = c.denied(c.wrap("get branch "+name, err))
		if errors.Is(err, gitops.ErrNotFound) {
			// No branch, or no repository: that is another matter.
			err = cmp.Or(c.identifyNow(ctx), err)
		}
		return "", err
	}
	if ref.GetRef() != "refs/heads/"+name || ref.GetObject().GetType() != "commit" {
		return "", fmt.Errorf("get branch %s: the answer is about %s, a %s", name, ref.GetRef(), ref.GetObject().GetType())
	}
	return ref.GetObject().GetSHA(), nil
}

// Compare implements [gitops.Branches].
func (c *Client) Compare(ctx context.Context, base, head string) (gitops.Comparison, error) {
	got, _, err := c.api.Repositories.CompareCommits(ctx, c.owner, c.name, base, head, &gh.ListOptions{PerPage: 1})
	if err != nil {
		return gitops.Comparison{}, c.wrap("compare "+base+" with "+head, err)
	}
	return gitops.Comparison{Status: got.GetStatus(), MergeBase: got.GetMergeBaseCommit().GetSHA(), AheadBy: got.GetAheadBy()}, nil
}

// Activity implements [gitops.Branches]. go-github v60 has no such call.
func (c *Client) Activity(ctx context.Context, branch string) ([]gitops.Activity, error) {
	type entry struct {
		Kind  string    `json:"activity_type"`
		At    time.Time `json:"timestamp"`
		Actor *struct {
			ID    int64  `json:"id"`
			Login string `json:"login"`
			Type  string `json:"type"`
		} `json:"actor"`
	}
	path := c.path("activity?per_page=100&ref=%s", url.QueryEscape("refs/heads/"+branch))
	entries, err := rawPages[entry](ctx, c, path)
	if err != nil {
		return nil, c.wrap("list activity of "+branch, err)
	}
	out := make([]gitops.Activity, 0, len(entries))
	for _, e := range entries {
		a := gitops.Activity{Kind: e.Kind, At: e.At}
		if e.Actor != nil && e.Actor.ID != 0 {
			a.Actor = &review.User{ID: e.Actor.ID, Login: e.Actor.Login, Bot: isBot(e.Actor.Type, e.Actor.Login)}
		}
		out = append(out, a)
	}
	return out, nil
}

// isBot reports whether an account is no person. An answer without a type
// leaves the login's suffix, which people cannot have.
func isBot(kind, login string) bool {
	return kind != "" && kind != "User" || strings.HasSuffix(login, "[bot]")
}

// CreateTree implements [gitops.Author].
func (c *Client) CreateTree(ctx context.Context, base string, files map[string][]byte) (string, error) {
	var entries []*gh.TreeEntry
	for _, p := range slices.Sorted(maps.Keys(files)) {
		e := &gh.TreeEntry{Path: gh.String(p), Mode: gh.String("100644"), Type: gh.String("blob")}
		if content := files[p]; content != nil {
			e.Content = gh.String(string(content))
		}
		entries = append(entries, e)
	}
	got, _, err := c.api.Git.CreateTree(ctx, c.owner, c.name, base, entries)
	if err != nil {
		return "", c.wrap("create tree", err)
	}
	return got.GetSHA(), nil
}

// CreateCommit implements [gitops.Author]. Author and committer are left to
// GitHub, which then signs the commit.
func (c *Client) CreateCommit(ctx context.Context, message, tree string, parents []string) (string, error) {
	commit := &gh.Commit{Message: gh.String(message), Tree: &gh.Tree{SHA: gh.String(tree)}}
	for _, p := range parents {
		commit.Parents = append(commit.Parents, &gh.Commit{SHA: gh.String(p)})
	}
	got, _, err := c.api.Git.CreateCommit(ctx, c.owner, c.name, commit, nil)
	if err != nil {
		return "", c.wrap("create commit", err)
	}
	return got.GetSHA(), nil
}

// CreateBranch implements [gitops.Author].
func (c *Client) CreateBranch(ctx context.Context, name, sha string) error {
	ref := &gh.Reference{Ref: gh.String("refs/heads/" + name), Object: &gh.GitObject{SHA: gh.String(sha)}}
	_, _, err := c.api.Git.CreateRef(ctx, c.owner, c.name, ref)
	return c.wrap("create branch "+name, err)
}

// MoveBranch implements [gitops.Author].
func (c *Client) MoveBranch(ctx context.Context, name, sha string) error {
	ref := &gh.Reference{Ref: gh.String("refs/heads/" + name), Object: &gh.GitObject{SHA: gh.String(sha)}}
	_, _, err := c.api.Git.UpdateRef(ctx, c.owner, c.name, ref, true)
	return c.wrap("move branch "+name, err)
}
