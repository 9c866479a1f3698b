package github

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	gh "github.com/google/go-github/v60/github"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/review"
)

func pullOf(p *gh.PullRequest) gitops.Pull {
	return gitops.Pull{
		Number: p.GetNumber(), URL: p.GetHTMLURL(), Open: p.GetState() == "open", Title: p.GetTitle(), Body: p.GetBody(),
		Author:  userOf(p.GetUser()),
		BaseRef: p.GetBase().GetRef(), BaseRepo: p.GetBase().GetRepo().GetID(),
		HeadRef: p.GetHead().GetRef(), HeadSHA: p.GetHead().GetSHA(), HeadRepo: p.GetHead().GetRepo().GetID(),
		CreatedAt: p.GetCreatedAt().Time, MergedAt: p.GetMergedAt().Time, MergedBy: p.GetMergedBy().GetLogin(),
		MergeCommit: p.GetMergeCommitSHA(), Draft: p.GetDraft(),
		Node: p.GetNodeID(), Mergeable: p.Mergeable,
	}
}

func pullsOf(list []*gh.PullRequest) []gitops.Pull {
	out := make([]gitops.Pull, 0, len(list))
	for _, p := range list {
		out = append(out, pullOf(p))
	}
	return out
}

// userOf maps an account; one that is gone has the id 0 and counts as a bot.
func userOf(u *gh.User) review.User {
	return review.User{ID: u.GetID(), Login: u.GetLogin(), Bot: u.GetID() == 0 || isBot(u.GetType(), u.GetLogin())}
}

// Pull implements [gitops.Pulls].
func (c *Client) Pull(ctx context.Context, number int) (gitops.Pull, error) {
	p, _, err := c.api.PullRequests.Get(ctx, c.owner, c.name, number)
	if err != nil {
		return gitops.Pull{}, c.wrap(fmt.Sprintf("get pull request %d", number), err)
	}
	return pullOf(p), nil
}

// PullsWithCommit implements [gitops.Pulls].
func (c *Client) PullsWithCommit(ctx context.Context, sha string) ([]gitops.Pull, error) {
	list, err := pages(func(o gh.ListOptions) ([]*gh.PullRequest, *gh.Response, error) {
		return c.api.PullRequests.ListPullRequestsWithCommit(ctx, c.owner, c.name, sha, &o)
	})
	if err != nil {
		return nil, c.wrap("list pull requests of commit "+sha, err)
	}
	return pullsOf(list), nil
}

// OpenPulls implements [gitops.Pulls].
func (c *Client) OpenPulls(ctx context.Context, base string) ([]gitops.Pull, error) {
	if err := c.identify(ctx); err != nil {
		return nil, err
	}
	list, err := c.listPulls(ctx, gh.PullRequestListOptions{State: "open", Base: base})
	return list, c.denied(err)
}

// PullsFrom implements [gitops.Pulls].
func (c *Client) PullsFrom(ctx context.Context, branch string) ([]gitops.Pull, error) {
	return c.listPulls(ctx, gh.PullRequestListOptions{State: "all", Head: c.owner + ":" + branch})
}

func (c *Client) listPulls(ctx context.Context, opt gh.PullRequestListOptions) ([]gitops.Pull, error) {
	list, err := pages(func(o gh.ListOptions) ([]*gh.PullRequest, *gh.Response, error) {
		opt.ListOptions = o
		return c.api.PullRequests.List(ctx, c.owner, c.name, &opt)
	})
	if err != nil {
		return nil, c.wrap("list pull requests", err)
	}
	return pullsOf(list), nil
}

// Reviews implements [gitops.Pulls].
func (c *Client) Reviews(ctx context.Context, number int) ([]review.Review, error) {
	list, err := pages(func(o gh.ListOptions) ([]*gh.PullRequestReview, *gh.Response, error) {
		return c.api.PullRequests.ListReviews(ctx, c.owner, c.name, number, &o)
	})
	if err != nil {
		return nil, c.wrap(fmt.Sprintf("list reviews of pull request %d", number), err)
	}
	out := make([]review.Review, 0, len(list))
	for _, r := range list {
		out = append(out, review.Review{
			ID: r.GetID(), User: userOf(r.GetUser()), State: review.State(r.GetState()), Commit: r.GetCommitID(), At: r.GetSubmittedAt().Time,
		})
	}
	return out, nil
}

// CreatePull implements [gitops.PullWriter].
func (c *Client) CreatePull(ctx context.Context, n gitops.NewPull) (gitops.Pull, error) {
	p, _, err := c.api.PullRequests.Create(ctx, c.owner, c.name, &gh.NewPullRequest{
		Title: &n.Title, Body: &n.Body, Head: &n.Head, Base: &n.Base, MaintainerCanModify: gh.Bool(false),
	})
	if err != nil {
		return gitops.Pull{}, c.wrap("create pull request from "+n.Head, err)
	}
	return pullOf(p), nil
}

// EditBody implements [gitops.PullWriter].
func (c *Client) EditBody(ctx context.Context, number int, body string) error {
	_, _, err := c.api.PullRequests.Edit(ctx, c.owner, c.name, number, &gh.PullRequest{Body: &body})
	return c.wrap(fmt.Sprintf("edit pull request %d", number), err)
}

// EditTitle implements [gitops.PullWriter].
func (c *Client) EditTitle(ctx context.Context, number int, title string) error {
	_, _, err := c.api.PullRequests.Edit(ctx, c.owner, c.name, number, &gh.PullRequest{Title: &title})
	return c.wrap(fmt.Sprintf("edit pull request %d", number), err)
}

// ClosePull implements [gitops.PullWriter].
func (c *Client) ClosePull(ctx context.Context, number int) error {
	_, _, err := c.api.PullRequests.Edit(ctx, c.owner, c.name, number, &gh.PullRequest{State: gh.String("closed")})
	return c.wrap(fmt.Sprintf("close pull request %d", number), err)
}

// Label implements [gitops.PullWriter]. GitHub makes labels that do not exist.
func (c *Client) Label(ctx context.Context, number int, labels []string) error {
	_, _, err := c.api.Issues.AddLabelsToIssue(ctx, c.owner, c.name, number, labels)
	return c.wrap(fmt.Sprintf("label pull request %d", number), err)
}

// AskReviewers implements [gitops.PullWriter].
func (c *Client) AskReviewers(ctx context.Context, number int, logins, teams []string) error {
	_, _, err := c.api.PullRequests.RequestReviewers(ctx, c.owner, c.name, number, gh.ReviewersRequest{Reviewers: logins, TeamReviewers: teams})
	return c.wrap(fmt.Sprintf("ask for reviews of pull request %d", number), err)
}

// FindCheck implements [gitops.Checks].
func (c *Client) FindCheck(ctx context.Context, head string) (gitops.FoundCheck, error) {
	got, _, err := c.api.Checks.ListCheckRunsForRef(ctx, c.owner, c.name, head, &gh.ListCheckRunsOptions{
		CheckName: gh.String(gitops.CheckName), AppID: &c.app, Filter: gh.String("latest"), ListOptions: gh.ListOptions{PerPage: 100},
	})
	if err != nil {
		return gitops.FoundCheck{}, c.wrap("list check runs of "+head, err)
	}
	var newest gitops.FoundCheck
	for _, run := range got.CheckRuns {
		if run.GetName() == gitops.CheckName && run.GetApp().GetID() == c.app && run.GetID() > newest.ID {
			newest = gitops.FoundCheck{ID: run.GetID(), Conclusion: run.GetConclusion(), Title: run.GetOutput().GetTitle()}
		}
	}
	if newest.ID == 0 {
		return newest, fmt.Errorf("check run of %s: %w", head, gitops.ErrNotFound)
	}
	return newest, nil
}

func (c *Client) output(r gitops.CheckRun) *gh.CheckRunOutput {
	return &gh.CheckRunOutput{Title: &r.Title, Summary: &r.Summary}
}

// CreateCheck implements [gitops.Checks].
func (c *Client) CreateCheck(ctx context.Context, r gitops.CheckRun) (int64, time.Time, error) {
	got, resp, err := c.api.Checks.CreateCheckRun(ctx, c.owner, c.name, gh.CreateCheckRunOptions{
		Name: gitops.CheckName, HeadSHA: r.Head, DetailsURL: link(r.URL), ExternalID: &r.ExternalID, Status: gh.String("completed"),
		Conclusion: &r.Conclusion, CompletedAt: &gh.Timestamp{Time: c.now().UTC()}, Output: c.output(r),
	})
	if err != nil {
		return 0, time.Time{}, c.wrap("create check run on "+r.Head, err)
	}
	return got.GetID(), c.answeredAt(resp), nil
}

// UpdateCheck implements [gitops.Checks].
func (c *Client) UpdateCheck(ctx context.Context, id int64, r gitops.CheckRun) (time.Time, error) {
	_, resp, err := c.api.Checks.UpdateCheckRun(ctx, c.owner, c.name, id, gh.UpdateCheckRunOptions{
		Name: gitops.CheckName, DetailsURL: link(r.URL), ExternalID: &r.ExternalID, Status: gh.String("completed"),
		Conclusion: &r.Conclusion, CompletedAt: &gh.Timestamp{Time: c.now().UTC()}, Output: c.output(r),
	})
	if err != nil {
		return time.Time{}, c.wrap(fmt.Sprintf("update check run %d", id), err)
	}
	return c.answeredAt(resp), nil
}

// answeredAt is when GitHub answered, by its clock and in whole seconds as the
// times of reviews are; by ours when it does not say.
func (c *Client) answeredAt(resp *gh.Response) time.Time {
	if resp != nil && resp.Response != nil {
		if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			return at.UTC()
		}
	}
	return c.now().UTC()
}

// event is an entry of a timeline.
type event struct {
	Kind string    `json:"event"`
	At   time.Time `json:"created_at"`
}

// timeline reads what happened to a pull request. An App may that may read pull
// requests.
func (c *Client) timeline(ctx context.Context, number int) ([]event, error) {
	list, err := rawPages[event](ctx, c, c.path("issues/%d/timeline?per_page=100", number))
	if err != nil {
		return nil, c.wrap(fmt.Sprintf("read the timeline of pull request %d", number), err)
	}
	return list, nil
}

// Reopened implements [gitops.Pulls] by the timeline.
func (c *Client) Reopened(ctx context.Context, number int) (bool, error) {
	list, err := c.timeline(ctx, number)
	return slices.ContainsFunc(list, func(e event) bool { return e.Kind == "reopened" }), err
}

// Turned implements [gitops.Pulls] by the timeline.
func (c *Client) Turned(ctx context.Context, number int) (time.Time, error) {
	list, err := c.timeline(ctx, number)
	if err != nil {
		return time.Time{}, err
	}
	var last time.Time
	for _, e := range list {
		switch e.Kind {
		case "base_ref_changed", "automatic_base_change_succeeded", "reopened":
			if e.At.After(last) {
				last = e.At
			}
		}
	}
	return last, nil
}

func link(u string) *string {
	if u == "" {
		return nil
	}
	return &u
}

// TeamMembers implements [gitops.Teams]. GitHub lists the members of child
// teams with a team and does not mark them, so everybody who is in a child
// team is left out: somebody who is in both a team and its child does not
// count. Invitations that are not accepted are not listed.
func (c *Client) TeamMembers(ctx context.Context, team int64) ([]int64, error) {
	owner, err := c.owned(ctx)
	if err != nil {
		return nil, err
	}
	org := owner.id
	all, err := c.listMembers(ctx, org, team)
	if err != nil {
		return nil, c.wrap(fmt.Sprintf("list members of team %d", team), err)
	}
	type child struct {
		ID int64 `json:"id"`
	}
	children, err := rawPages[child](ctx, c, fmt.Sprintf("organizations/%d/team/%d/teams?per_page=100", org, team))
	if err != nil {
		return nil, c.wrap(fmt.Sprintf("list child teams of team %d", team), err)
	}
	for _, ch := range children {
		below, err := c.listMembers(ctx, org, ch.ID)
		if err != nil {
			return nil, c.wrap(fmt.Sprintf("list members of team %d", ch.ID), err)
		}
		all = slices.DeleteFunc(all, func(id int64) bool { return slices.Contains(below, id) })
	}
	return all, nil
}

func (c *Client) listMembers(ctx context.Context, org, team int64) ([]int64, error) {
	return c.listPeople(ctx, fmt.Sprintf("organizations/%d/team/%d/members?per_page=100&role=all", org, team))
}
