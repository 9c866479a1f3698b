package githubemu

import (
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// State is everything a page or a checker would want to see.
type State struct {
	Org        string          `json:"org"`
	Repos      []RepoState     `json:"repos"`
	Users      []UserState     `json:"users"`
	Teams      []TeamState     `json:"teams"`
	Apps       []AppState      `json:"apps"`
	Deliveries []DeliveryState `json:"deliveries"` // oldest first
	// Queued is the number of webhooks on their way.
	Queued  int  `json:"queued"`
	Dropped bool `json:"dropping_webhooks"`
}

// UserState is a user and what they are in the organization.
type UserState struct {
	ID      int64  `json:"id"`
	Login   string `json:"login"`
	Name    string `json:"name,omitempty"`
	Type    string `json:"type"`
	OrgRole string `json:"org_role,omitempty"`
}

// TeamState is a team. Members of child teams are apart from its own.
type TeamState struct {
	ID        int64             `json:"id"`
	Slug      string            `json:"slug"`
	Parent    string            `json:"parent,omitempty"`
	Members   map[string]string `json:"members"`              // login to role
	FromChild map[string]string `json:"from_child,omitempty"` // login to the child's slug
}

// AppState is an App and its installation.
type AppState struct {
	ID           int64  `json:"id"`
	Slug         string `json:"slug"`
	Installation int64  `json:"installation"` // zero when it is not installed
	Suspended    bool   `json:"suspended,omitempty"`
	// Repositories are those it was limited to; none means all.
	Repositories []string `json:"repositories,omitempty"`
}

func (a *app) state() AppState {
	out := AppState{ID: a.ID, Slug: a.Slug, Installation: a.InstallationID, Suspended: !a.suspended.IsZero(), Repositories: slices.Clone(a.Repositories)}
	if a.uninstalled {
		out.Installation = 0
	}
	return out
}

// RepoState is a repository.
type RepoState struct {
	ID            int64             `json:"id"`
	FullName      string            `json:"full_name"`
	DefaultBranch string            `json:"default_branch"`
	Archived      bool              `json:"archived,omitempty"`
	Public        bool              `json:"public,omitempty"`
	Branches      map[string]string `json:"branches"` // name to commit
	Roles         map[string]string `json:"roles"`    // login to role
	Rulesets      []Ruleset         `json:"rulesets"`
	Pulls         []PullState       `json:"pulls"`
	Queue         []QueuedState     `json:"queue,omitempty"` // front first
	Checks        []CheckState      `json:"checks"`
	// Commits are the first parents of the default branch, newest first, at
	// most 200.
	Commits  []CommitState   `json:"commits"`
	Activity []ActivityState `json:"activity"`
}

// PullState is a pull request.
type PullState struct {
	Number    int            `json:"number"`
	Title     string         `json:"title"`
	Body      string         `json:"body"`
	State     string         `json:"state"` // open, closed or merged
	Draft     bool           `json:"draft,omitempty"`
	Author    string         `json:"author"`
	Base      string         `json:"base"`
	Head      string         `json:"head"` // branch, or login:branch of a fork
	HeadSHA   string         `json:"head_sha"`
	URL       string         `json:"url"`
	Mergeable string         `json:"mergeable_state"`
	Created   time.Time      `json:"created"`
	Merged    *time.Time     `json:"merged,omitempty"`
	MergedBy  string         `json:"merged_by,omitempty"`
	MergeSHA  string         `json:"merge_sha,omitempty"`
	Labels    []string       `json:"labels,omitempty"`
	Requested []string       `json:"requested_reviewers,omitempty"`
	Reviews   []ReviewState  `json:"reviews,omitempty"`
	Comments  []CommentState `json:"comments,omitempty"`
	Events    []EventState   `json:"events,omitempty"`
	Changed   []string       `json:"changed_files"`
	Queued    *QueuedState   `json:"queued,omitempty"`
	// MustQueue means that the merge queue is the only way in; Violations
	// are then why the queue would not take it.
	MustQueue  bool     `json:"must_queue,omitempty"`
	Violations []string `json:"violations,omitempty"` // why it cannot be merged
}

// ReviewState is a review.
type ReviewState struct {
	ID        int64     `json:"id"`
	By        string    `json:"by"`
	State     string    `json:"state"`
	Body      string    `json:"body,omitempty"`
	Commit    string    `json:"commit"`
	Submitted time.Time `json:"submitted"`
}

// CommentState is a comment.
type CommentState struct {
	ID   int64     `json:"id"`
	By   string    `json:"by"`
	Body string    `json:"body"`
	At   time.Time `json:"at"`
}

// CheckState is a check run.
type CheckState struct {
	ID         int64     `json:"id"`
	Name       string    `json:"name"`
	App        string    `json:"app"`
	SHA        string    `json:"sha"`
	Status     string    `json:"status"`
	Conclusion string    `json:"conclusion,omitempty"`
	Title      string    `json:"title,omitempty"`
	Summary    string    `json:"summary,omitempty"`
	Text       string    `json:"text,omitempty"`
	Actions    []string  `json:"actions,omitempty"`
	Started    time.Time `json:"started"`
}

// CommitState is a commit.
type CommitState struct {
	SHA     string    `json:"sha"`
	Parents []string  `json:"parents"`
	Author  string    `json:"author"`
	Message string    `json:"message"`
	At      time.Time `json:"at"`
}

// ActivityState is one change of a branch.
type ActivityState struct {
	Ref    string    `json:"ref"`
	Before string    `json:"before"`
	After  string    `json:"after"`
	Kind   string    `json:"kind"`
	Actor  string    `json:"actor"`
	At     time.Time `json:"at"`
}

// DeliveryState is one attempt to deliver a webhook.
type DeliveryState struct {
	ID         int64     `json:"id"`
	GUID       string    `json:"guid"`
	Event      string    `json:"event"`
	Action     string    `json:"action,omitempty"`
	At         time.Time `json:"at"`
	Status     string    `json:"status"`
	Code       int       `json:"code"`
	Redelivery bool      `json:"redelivery,omitempty"`
}

// maxShownCommits bounds the history in a snapshot.
const maxShownCommits = 200

// State returns a snapshot.
func (s *Server) State() State {
	s.enter()
	defer s.leave()
	out := State{Org: s.opt.Org, Queued: len(s.queue), Dropped: s.dropHooks}
	for _, u := range s.users {
		out.Users = append(out.Users, UserState{u.ID, u.Login, u.Name, u.Type, s.orgRoles[u.ID]})
	}
	for _, a := range s.apps {
		out.Apps = append(out.Apps, a.state())
	}
	for _, t := range s.teams {
		out.Teams = append(out.Teams, s.teamState(t))
	}
	for _, r := range s.repos {
		out.Repos = append(out.Repos, r.state())
	}
	for _, d := range s.log {
		out.Deliveries = append(out.Deliveries, DeliveryState{d.id, d.guid, d.event, d.action, d.at, d.status, d.code, d.redelivery})
	}
	return out
}

func (s *Server) teamState(t *team) TeamState {
	ts := TeamState{ID: t.id, Slug: t.slug, Members: map[string]string{}, FromChild: map[string]string{}}
	if t.parent != nil {
		ts.Parent = t.parent.slug
	}
	for _, u := range s.users {
		role, via := s.membership(t, u)
		switch {
		case via != "":
			ts.FromChild[u.Login] = via
		case role != "":
			ts.Members[u.Login] = role
		}
	}
	return ts
}

func (r *Repo) state() RepoState {
	out := RepoState{ID: r.id, FullName: r.full(), DefaultBranch: r.main, Archived: r.archived, Public: r.public, Branches: map[string]string{}, Roles: map[string]string{}}
	for ref, id := range r.refs {
		if name, is := strings.CutPrefix(ref, "refs/heads/"); is {
			out.Branches[name] = string(id)
		}
	}
	for _, u := range r.s.users {
		if role := r.role(u); role != "none" {
			out.Roles[u.Login] = role
		}
	}
	for _, rs := range r.rulesets {
		out.Rulesets = append(out.Rulesets, *rs)
	}
	for _, p := range r.pulls {
		out.Pulls = append(out.Pulls, r.pullState(p))
	}
	for _, q := range r.queues {
		for _, e := range q.entries {
			out.Queue = append(out.Queue, r.queuedState(q, e))
		}
	}
	for _, run := range r.checks {
		cs := CheckState{
			ID: run.id, Name: run.name, App: run.app.Slug, SHA: string(run.sha), Status: run.status, Conclusion: run.conclusion,
			Title: run.title, Summary: run.summary, Text: run.text, Started: run.started,
		}
		for _, a := range run.actions {
			cs.Actions = append(cs.Actions, a.Identifier)
		}
		out.Checks = append(out.Checks, cs)
	}
	first := r.git.FirstParents(r.head())
	for _, id := range first[:min(len(first), maxShownCommits)] {
		if c, err := r.git.Commit(id); err == nil {
			out.Commits = append(out.Commits, CommitState{string(id), strs(c.Parents), c.Author.Name, c.Message, c.Committer.When})
		}
	}
	for _, a := range r.activity {
		out.Activity = append(out.Activity, ActivityState{a.ref, string(a.before), string(a.after), a.kind, a.actor.Login, a.at})
	}
	return out
}

func strs(ids []gitobj.ID) []string {
	out := []string{}
	for _, id := range ids {
		out = append(out, string(id))
	}
	return out
}

func (r *Repo) pullState(p *pull) PullState {
	_, mergeable, _ := r.mergeability(p)
	out := PullState{
		Number: p.number, Title: p.title, Body: p.body, State: p.state, Draft: p.draft, Author: p.author.Login, Base: p.base, Head: p.headBranch,
		HeadSHA: string(p.head), URL: r.web("/pull/%d", p.number), Mergeable: mergeable, Created: p.created, MergeSHA: string(p.mergeSHA),
		Labels: slices.Clone(p.labels), Changed: []string{}, Events: p.eventStates(),
	}
	if p.fromFork() {
		out.Head = p.owner() + ":" + p.headBranch
	}
	if !p.merged.IsZero() {
		at := p.merged
		out.State, out.Merged = "merged", &at
	}
	if p.mergedBy != nil {
		out.MergedBy = p.mergedBy.Login
	}
	if p.state == "open" {
		if out.MustQueue = r.mustQueue(p.base, nobody()); out.MustQueue {
			out.Violations = r.ruleProblems(p)
		} else {
			out.Violations, _ = r.mergeProblems(p, nobody(), "merge")
		}
	}
	if q, e := r.entryOf(p); e != nil {
		at := r.queuedState(q, e)
		out.Queued = &at
	}
	for _, u := range p.reviewers {
		out.Requested = append(out.Requested, u.Login)
	}
	for _, rev := range p.reviews {
		out.Reviews = append(out.Reviews, ReviewState{rev.id, rev.by.Login, rev.state, rev.body, string(rev.commit), rev.submitted})
	}
	for _, cm := range p.comments {
		out.Comments = append(out.Comments, CommentState{cm.id, cm.by.Login, cm.body, cm.created})
	}
	changes, err := r.git.Diff(r.tree(r.compareBase(p)), r.tree(p.head))
	if err != nil {
		return out // unreachable: both trees exist
	}
	for _, ch := range changes {
		out.Changed = append(out.Changed, ch.Path)
	}
	return out
}
