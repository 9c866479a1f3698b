package githubemu

import (
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// issueEvent is one event of a pull request as "List issue events" has it
// ("Issue event types"). Of those that GitHub knows, these are kept: closed,
// merged, reopened, review_dismissed, base_ref_changed, head_ref_force_pushed.
type issueEvent struct {
	id    int64
	event string
	by    identity
	at    time.Time
	// commit is the merge commit of merged and the new head of
	// head_ref_force_pushed, else empty.
	commit gitobj.ID
	// dismissed is the review of review_dismissed.
	dismissed *dismissedReview
}

// dismissedReview is what review_dismissed tells of a review: the list of
// reviews says only that it is DISMISSED.
type dismissedReview struct {
	review  int64
	state   string // before, in lower case
	message string
	commit  gitobj.ID // the push that dismissed it as stale, or empty
}

// record notes an event of a pull request.
func (r *Repo) record(p *pull, event string, by identity, commit gitobj.ID) {
	p.events = append(p.events, issueEvent{id: r.s.id(), event: event, by: by, at: r.s.now(), commit: commit})
}

// recordDismissal notes that a review is dismissed, before its state is gone.
func (r *Repo) recordDismissal(p *pull, rev *review, by identity, message string, commit gitobj.ID) {
	r.record(p, "review_dismissed", by, "")
	p.events[len(p.events)-1].dismissed = &dismissedReview{rev.id, strings.ToLower(rev.state), message, commit}
}

// issueEventJSON is GitHub's "issue-event-for-issue".
func (r *Repo) issueEventJSON(e *issueEvent) obj {
	var via any // null for a person's own
	if e.by.app != nil {
		via = r.s.appJSON(e.by.app)
	}
	out := obj{
		"id": e.id, "node_id": nodeID("IE", e.id), "url": r.api("/issues/events/%d", e.id), "actor": r.s.userJSON(e.by.user),
		"event": e.event, "commit_id": nil, "commit_url": nil, "created_at": e.at, "performed_via_github_app": via,
	}
	if e.commit != "" {
		out["commit_id"], out["commit_url"] = e.commit, r.api("/commits/%s", e.commit)
	}
	if d := e.dismissed; d != nil {
		gone := obj{"state": d.state, "review_id": d.review, "dismissal_message": orNull(d.message)}
		if d.commit != "" {
			gone["dismissal_commit_id"] = d.commit
		}
		out["dismissed_review"] = gone
	}
	return out
}

// listIssueEvents lists the events of a pull request, oldest first.
func (c *call) listIssueEvents() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	out := []obj{}
	for i := range p.events {
		out = append(out, c.repo.issueEventJSON(&p.events[i]))
	}
	return page(c, out)
}

// EventState is an event of a pull request. Review and Was are of
// review_dismissed: its number and its state before, in lower case.
type EventState struct {
	Event  string    `json:"event"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Review int64     `json:"review,omitempty"`
	Was    string    `json:"was,omitempty"`
}

func (p *pull) eventStates() []EventState {
	var out []EventState
	for _, e := range p.events {
		s := EventState{Event: e.event, By: e.by.user.Login, At: e.at}
		if e.dismissed != nil {
			s.Review, s.Was = e.dismissed.review, e.dismissed.state
		}
		out = append(out, s)
	}
	return out
}
