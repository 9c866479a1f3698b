package githubemu

import (
	"slices"
	"time"
)

// event is something that happened to a pull request, as its timeline has it.
type event struct {
	id   int64
	kind string
	by   identity
	at   time.Time
}

// happened notes an event of a pull request.
func (r *Repo) happened(p *pull, kind string, by identity) {
	p.timeline = append(p.timeline, event{r.s.id(), kind, by, r.s.now()})
}

// listTimeline lists what happened to a pull request, oldest first. Of the
// kinds that GitHub documents it has commented, reviewed, closed, merged,
// reopened and base_ref_changed.
func (c *call) listTimeline() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	type entry struct {
		at   time.Time
		body obj
	}
	var all []entry
	for _, e := range p.timeline {
		all = append(all, entry{e.at, obj{
			"id": e.id, "node_id": nodeID("EV", e.id), "url": c.repo.api("/issues/events/%d", e.id), "event": e.kind,
			"actor": c.s.userJSON(e.by.user), "created_at": e.at, "commit_id": nil, "commit_url": nil, "performed_via_github_app": nil,
		}})
	}
	for _, cm := range p.comments {
		body := c.repo.commentJSON(p, cm)
		body["event"], body["actor"] = "commented", c.s.userJSON(cm.by)
		all = append(all, entry{cm.created, body})
	}
	for _, rev := range p.reviews {
		if rev.submitted.IsZero() {
			continue // a draft is its author's own
		}
		body := c.repo.reviewJSON(p, rev)
		body["event"], body["state"] = "reviewed", lower(rev.state)
		all = append(all, entry{rev.submitted, body})
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.at.Compare(b.at) })
	out := []obj{}
	for _, e := range all {
		out = append(out, e.body)
	}
	return page(c, out)
}
