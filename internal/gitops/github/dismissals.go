package github

import (
	"context"
	"fmt"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"aws-access-bot/internal/gitops/review"
)

// Dismissals implements [gitops.Pulls]. They are events of the pull request as
// an issue ("List issue events", which takes Pull requests read or Issues read),
// where states are in lower case. An account that is gone is nobody.
func (c *Client) Dismissals(ctx context.Context, number int) ([]review.Dismissal, error) {
	list, err := pages(func(o gh.ListOptions) ([]*gh.IssueEvent, *gh.Response, error) {
		return c.api.Issues.ListIssueEvents(ctx, c.owner, c.name, number, &o)
	})
	if err != nil {
		return nil, c.wrap(fmt.Sprintf("list events of pull request %d", number), err)
	}
	var out []review.Dismissal
	for _, e := range list {
		if d := e.DismissedReview; e.GetEvent() == "review_dismissed" && d != nil {
			out = append(out, review.Dismissal{
				Review: d.GetReviewID(), By: userOf(e.GetActor()), Was: review.State(strings.ToUpper(d.GetState())), At: e.GetCreatedAt().Time,
			})
		}
	}
	return out, nil
}
