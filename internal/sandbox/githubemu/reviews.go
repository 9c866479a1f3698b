package githubemu

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// review is one review of a pull request.
type review struct {
	id        int64
	by        *User
	state     string // APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED, PENDING
	body      string
	commit    gitobj.ID
	submitted time.Time // zero while pending
}

// opinions returns each person's latest review that is an opinion; comments
// do not replace one.
func (p *pull) opinions() []*review {
	var out []*review
	for _, rev := range p.reviews {
		if rev.state == "COMMENTED" || rev.state == "PENDING" {
			continue
		}
		out = slices.DeleteFunc(out, func(o *review) bool { return o.by == rev.by })
		out = append(out, rev)
	}
	return out
}

// reviewInput is the body of a review.
type reviewInput struct {
	Event, Body string
	Commit      gitobj.ID `json:"commit_id"`
}

// addReview adds a review. Merged and closed pull requests take reviews too.
func (r *Repo) addReview(p *pull, who identity, in reviewInput) (*review, error) {
	if in.Commit == "" {
		in.Commit = p.head
	}
	if in.Commit != p.head && !slices.Contains(r.pullCommits(p), in.Commit) {
		return nil, unprocessable("The commit_id is not part of the pull request")
	}
	rev := &review{by: who.user, state: "PENDING", body: in.Body, commit: in.Commit}
	if in.Event == "" && slices.ContainsFunc(p.reviews, func(o *review) bool { return o.by == who.user && o.state == "PENDING" }) {
		return nil, &Error{Status: http.StatusUnprocessableEntity, Message: "Unprocessable Entity", Errors: []any{"User can only have one pending review per pull request"}}
	}
	if in.Event != "" {
		if err := r.submit(p, rev, in.Event); err != nil {
			return nil, err
		}
	}
	rev.id = r.s.id()
	p.reviews = append(p.reviews, rev)
	if rev.state != "PENDING" {
		r.emitReview(p, rev, "submitted", who)
	}
	return rev, nil
}

// submit gives a review its state, or refuses it.
func (r *Repo) submit(p *pull, rev *review, event string) error {
	own := func(what string) error {
		return &Error{Status: http.StatusUnprocessableEntity, Message: "Unprocessable Entity", Errors: []any{what + " your own pull request"}}
	}
	switch event {
	case "APPROVE":
		if rev.by == p.author {
			return own("Can not approve")
		}
		rev.state = "APPROVED"
	case "REQUEST_CHANGES":
		if rev.by == p.author {
			return own("Can not request changes on")
		}
		rev.state = "CHANGES_REQUESTED"
	case "COMMENT":
		rev.state = "COMMENTED"
	default:
		return unprocessable("Invalid request.\n\n%s is not a member of [\"APPROVE\", \"REQUEST_CHANGES\", \"COMMENT\"].", event)
	}
	if event != "APPROVE" && strings.TrimSpace(rev.body) == "" {
		return &Error{Status: http.StatusUnprocessableEntity, Message: "Unprocessable Entity", Errors: []any{"Review body is required for this event"}}
	}
	rev.submitted = r.s.now()
	p.reviewers = slices.DeleteFunc(p.reviewers, func(u *User) bool { return u == rev.by })
	p.updated = r.s.now()
	return nil
}

// dismiss takes an opinion back.
func (r *Repo) dismiss(p *pull, rev *review, by identity, message string) error {
	if message == "" {
		return unprocessable("Invalid request.\n\n\"message\" wasn't supplied.")
	}
	if rev.state != "APPROVED" && rev.state != "CHANGES_REQUESTED" {
		return unprocessable("Can not dismiss a %s pull request review", strings.ToLower(rev.state))
	}
	r.recordDismissal(p, rev, by, message, "")
	rev.state = "DISMISSED"
	r.emitReview(p, rev, "dismissed", by)
	return nil
}

// reviewJSON is GitHub's "pull-request-review".
func (r *Repo) reviewJSON(p *pull, rev *review) obj {
	html := r.web("/pull/%d#pullrequestreview-%d", p.number, rev.id)
	out := obj{
		"id": rev.id, "node_id": nodeID("PRR", rev.id), "user": r.s.userJSON(rev.by), "body": rev.body, "state": rev.state,
		"commit_id": rev.commit, "author_association": r.association(rev.by), "html_url": html, "pull_request_url": r.api("/pulls/%d", p.number),
		"_links": obj{"html": obj{"href": html}, "pull_request": obj{"href": r.api("/pulls/%d", p.number)}},
	}
	if !rev.submitted.IsZero() {
		out["submitted_at"] = rev.submitted
	}
	return out
}

func (c *call) listReviews() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	out := []obj{}
	for _, rev := range p.reviews {
		if rev.state != "PENDING" || rev.by == c.who.user {
			out = append(out, c.repo.reviewJSON(p, rev))
		}
	}
	return page(c, out)
}

func (c *call) createReview() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	var in reviewInput
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	rev, err := c.repo.addReview(p, c.who, in)
	if err != nil {
		return reply{}, err
	}
	return ok(c.repo.reviewJSON(p, rev))
}

// review finds the pull request and the review of the path.
func (c *call) review() (*pull, *review, error) {
	p, err := c.pull()
	if err != nil {
		return nil, nil, err
	}
	id, err := c.number("review_id")
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(p.reviews, func(rev *review) bool {
		return rev.id == id && (rev.state != "PENDING" || rev.by == c.who.user)
	})
	if i < 0 {
		return nil, nil, notFound()
	}
	return p, p.reviews[i], nil
}

func (c *call) getReview() (reply, error) {
	p, rev, err := c.review()
	if err != nil {
		return reply{}, err
	}
	return ok(c.repo.reviewJSON(p, rev))
}

func (c *call) submitReview() (reply, error) {
	p, rev, err := c.review()
	if err != nil {
		return reply{}, err
	}
	var in reviewInput
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if rev.state != "PENDING" {
		return reply{}, unprocessable("Could not submit pull request review: it is not pending")
	}
	if in.Body != "" {
		rev.body = in.Body
	}
	if err := c.repo.submit(p, rev, in.Event); err != nil {
		return reply{}, err
	}
	c.repo.emitReview(p, rev, "submitted", c.who)
	return ok(c.repo.reviewJSON(p, rev))
}

func (c *call) dismissReview() (reply, error) {
	p, rev, err := c.review()
	if err != nil {
		return reply{}, err
	}
	var in struct{ Message string }
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if c.who.person() && !atLeast(c.repo.role(c.who.user), "write") {
		return reply{}, refuse(http.StatusForbidden, "Must have admin rights to Repository.")
	}
	if err := c.repo.dismiss(p, rev, c.who, in.Message); err != nil {
		return reply{}, err
	}
	return ok(c.repo.reviewJSON(p, rev))
}

func (r *Repo) reviewersJSON(p *pull) []any {
	out := []any{}
	for _, u := range p.reviewers {
		out = append(out, r.s.userJSON(u))
	}
	return out
}

func (r *Repo) teamsJSON(p *pull) []obj {
	out := []obj{}
	for _, t := range p.teams {
		out = append(out, r.s.teamJSON(t))
	}
	return out
}

func (c *call) listReviewers() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	return ok(obj{"users": c.repo.reviewersJSON(p), "teams": c.repo.teamsJSON(p)})
}

// reviewersInput is the body of asking for, or taking back, reviews.
type reviewersInput struct {
	Reviewers     []string
	TeamReviewers []string `json:"team_reviewers"`
}

func (c *call) requestReviewers() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	var in reviewersInput
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	var users []*User
	for _, login := range in.Reviewers {
		u := c.s.user(login)
		if u == nil || !atLeast(c.repo.role(u), "read") {
			return reply{}, unprocessable("Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the %s repository.", c.repo.full())
		}
		if u == p.author {
			return reply{}, unprocessable("Review cannot be requested from pull request author.")
		}
		users = append(users, u)
	}
	for _, slug := range in.TeamReviewers {
		t := c.s.team(slug)
		if t == nil {
			return reply{}, unprocessable("Could not resolve to a node with the global id of '%s'.", slug)
		}
		if !slices.Contains(p.teams, t) {
			p.teams = append(p.teams, t)
		}
	}
	for _, u := range users {
		if !slices.Contains(p.reviewers, u) {
			p.reviewers = append(p.reviewers, u)
			c.repo.emitPull(p, "review_requested", c.who, obj{"requested_reviewer": c.s.userJSON(u)})
		}
	}
	return created(c.repo.pullJSON(p, false))
}

func (c *call) removeReviewers() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	var in reviewersInput
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	p.reviewers = slices.DeleteFunc(p.reviewers, func(u *User) bool { return slices.Contains(in.Reviewers, u.Login) })
	p.teams = slices.DeleteFunc(p.teams, func(t *team) bool { return slices.Contains(in.TeamReviewers, t.slug) })
	return ok(c.repo.pullJSON(p, false))
}
