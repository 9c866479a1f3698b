package github

import (
	"context"
	"fmt"

	gh "github.com/google/go-github/v60/github"

	"aws-access-bot/internal/gitops"
)

// OwnComments implements [gitops.Comments]. A comment is the App's own when
// GitHub says that it came through the App and its author is a bot: what a
// person writes with a token of the App comes through it too. go-github v60
// does not read that field.
func (c *Client) OwnComments(ctx context.Context, number int) ([]gitops.Comment, error) {
	type comment struct {
		ID   int64  `json:"id"`
		URL  string `json:"html_url"`
		Body string `json:"body"`
		User *struct {
			Type string `json:"type"`
		} `json:"user"`
		Via *struct {
			ID int64 `json:"id"`
		} `json:"performed_via_github_app"`
	}
	list, err := rawPages[comment](ctx, c, c.path("issues/%d/comments?per_page=100", number))
	if err != nil {
		return nil, c.wrap(fmt.Sprintf("list comments of pull request %d", number), err)
	}
	var out []gitops.Comment
	for _, x := range list {
		if x.Via != nil && x.Via.ID == c.app && x.User != nil && x.User.Type == "Bot" {
			out = append(out, gitops.Comment{ID: x.ID, URL: x.URL, Body: x.Body})
		}
	}
	return out, nil
}

// ReadComment implements [gitops.Comments].
func (c *Client) ReadComment(ctx context.Context, id int64) (gitops.Comment, error) {
	got, _, err := c.api.Issues.GetComment(ctx, c.owner, c.name, id)
	if err != nil {
		return gitops.Comment{}, c.wrap(fmt.Sprintf("read comment %d", id), err)
	}
	return gitops.Comment{ID: got.GetID(), URL: got.GetHTMLURL(), Body: got.GetBody()}, nil
}

// CreateComment implements [gitops.Comments].
func (c *Client) CreateComment(ctx context.Context, number int, body string) (gitops.Comment, error) {
	got, _, err := c.api.Issues.CreateComment(ctx, c.owner, c.name, number, &gh.IssueComment{Body: &body})
	if err != nil {
		return gitops.Comment{}, c.wrap(fmt.Sprintf("comment on pull request %d", number), err)
	}
	return gitops.Comment{ID: got.GetID(), URL: got.GetHTMLURL(), Body: got.GetBody()}, nil
}

// EditComment implements [gitops.Comments].
func (c *Client) EditComment(ctx context.Context, id int64, body string) error {
	_, _, err := c.api.Issues.EditComment(ctx, c.owner, c.name, id, &gh.IssueComment{Body: &body})
	return c.wrap(fmt.Sprintf("edit comment %d", id), err)
}
