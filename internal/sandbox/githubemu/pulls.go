package githubemu

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// The longest title and body of a pull request, in characters.
const (
	maxTitle = 256
	maxBody  = 65536
)

// pull is a pull request.
type pull struct {
	id                 int64
	number             int
	title, body        string
	state              string // open or closed
	draft              bool
	author             *User
	base, headBranch   string
	headOwner          string // the repository's owner, or who has the fork
	head               gitobj.ID
	baseSHA            gitobj.ID // the base's head when the pull request last moved
	created, updated   time.Time
	closed, merged     time.Time
	mergedBy           *User
	mergeSHA           gitobj.ID
	mergeBase          gitobj.ID   // set when merged, since it cannot be found afterwards
	landed             []gitobj.ID // what the merge put on the base
	commits            []gitobj.ID // its own commits, set when merged
	reviews            []*review
	comments           []*comment
	events             []issueEvent
	timeline           []event
	labels             []string
	reviewers          []*User
	teams              []*team
	movedAt            time.Time // from when on mergeable is being worked out
	testBase, testHead gitobj.ID // what the test merge was made of
	testMerge          gitobj.ID // empty with conflicts
}

// headRef is the ref that the pull request follows.
func (p *pull) headRef() string {
	if strings.HasPrefix(p.headOwner, "fork:") {
		return "refs/forks/" + strings.TrimPrefix(p.headOwner, "fork:") + "/" + p.headBranch
	}
	return "refs/heads/" + p.headBranch
}

func (p *pull) fromFork() bool { return strings.HasPrefix(p.headOwner, "fork:") }

func (p *pull) owner() string { return strings.TrimPrefix(p.headOwner, "fork:") }

// pullRef is the ref that keeps the head though the branch is gone.
func (p *pull) pullRef() string { return fmt.Sprintf("refs/pull/%d/head", p.number) }

// pullInput is the body of opening and of editing a pull request.
type pullInput struct {
	Title, Body, State, Base *string
	Head                     string
	Draft                    bool
}

func (in pullInput) check() error {
	if in.Title != nil && strings.TrimSpace(*in.Title) == "" {
		return invalid("PullRequest", "title", "missing_field")
	}
	if utf8.RuneCountInString(deref(in.Title)) > maxTitle {
		return custom("PullRequest", "title is too long (maximum is %d characters)", maxTitle)
	}
	if utf8.RuneCountInString(deref(in.Body)) > maxBody {
		return custom("Issue", "body is too long (maximum is %d characters)", maxBody)
	}
	return nil
}

// openPull opens a pull request.
func (r *Repo) openPull(who identity, in pullInput) (*pull, error) {
	if in.Title == nil {
		return nil, invalid("PullRequest", "title", "missing_field")
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	p := &pull{title: *in.Title, body: deref(in.Body), state: "open", draft: in.Draft, author: who.user, base: deref(in.Base)}
	p.headOwner, p.headBranch = r.owner, in.Head
	if owner, branch, other := strings.Cut(in.Head, ":"); other {
		p.headBranch = branch
		if owner != r.owner {
			p.headOwner = "fork:" + owner
		}
	}
	p.head = r.refs[p.headRef()]
	base := r.refs["refs/heads/"+p.base]
	switch {
	case p.head == "":
		return nil, invalid("PullRequest", "head", "invalid")
	case base == "":
		return nil, invalid("PullRequest", "base", "invalid")
	case r.git.IsAncestor(p.head, base):
		return nil, custom("PullRequest", "No commits between %s and %s", p.base, p.headBranch)
	}
	if _, err := r.git.MergeBase(base, p.head); err != nil {
		return nil, custom("PullRequest", "The %s branch has no history in common with %s", p.headBranch, p.base)
	}
	for _, o := range r.pulls {
		if o.state == "open" && o.headRef() == p.headRef() && o.base == p.base {
			return nil, custom("PullRequest", "A pull request already exists for %s:%s.", p.owner(), p.headBranch)
		}
	}
	p.id, p.number, p.baseSHA, p.created, p.updated, p.movedAt = r.s.id(), len(r.pulls)+1, base, r.s.now(), r.s.now(), r.s.kit.Now()
	r.pulls = append(r.pulls, p)
	r.refs[p.pullRef()] = p.head
	r.emitPull(p, "opened", who, nil)
	return p, nil
}

// pull finds a pull request by its number.
func (r *Repo) pull(n int64) (*pull, error) {
	if n < 1 || n > int64(len(r.pulls)) {
		return nil, notFound()
	}
	return r.pulls[n-1], nil
}

func (c *call) pull() (*pull, error) {
	name := "pull_number"
	if _, issue := c.path["issue_number"]; issue {
		name = "issue_number" // every issue here is a pull request
	}
	n, err := c.number(name)
	if err != nil {
		return nil, err
	}
	return c.repo.pull(n)
}

// editPull changes what the request names and leaves the rest.
func (r *Repo) editPull(p *pull, who identity, in pullInput) error {
	if err := in.check(); err != nil {
		return err
	}
	changes := obj{}
	if in.Title != nil && *in.Title != p.title {
		changes["title"] = obj{"from": p.title}
	}
	if in.Body != nil && *in.Body != p.body {
		changes["body"] = obj{"from": p.body}
	}
	if in.Base != nil && *in.Base != p.base {
		if err := r.changeBase(p, *in.Base, who, changes); err != nil {
			return err
		}
	}
	if in.Title != nil {
		p.title = *in.Title
	}
	if in.Body != nil {
		p.body = *in.Body
	}
	if len(changes) > 0 {
		p.updated = r.s.now()
		r.emitPull(p, "edited", who, obj{"changes": changes})
	}
	switch state := deref(in.State); {
	case state == "closed" && p.state == "open":
		r.closePull(p, who)
	case state == "open" && p.state == "closed":
		return r.reopen(p, who)
	case state != "" && state != "open" && state != "closed":
		return invalid("PullRequest", "state", "invalid")
	}
	return nil
}

func (r *Repo) changeBase(p *pull, to string, by identity, changes obj) error {
	base := r.refs["refs/heads/"+to]
	switch {
	case p.state != "open":
		return custom("PullRequest", "Cannot change the base branch of a closed pull request.")
	case base == "":
		return custom("PullRequest", "Proposed base branch '%s' was not found", to)
	case r.git.IsAncestor(p.head, base):
		return custom("PullRequest", "There are no new commits between base branch '%s' and head branch '%s'", to, p.headBranch)
	}
	changes["base"] = obj{"ref": obj{"from": p.base}, "sha": obj{"from": p.baseSHA}}
	r.leaveQueue(p, leftUnknown, by)
	p.base, p.baseSHA, p.movedAt = to, base, r.s.kit.Now()
	r.record(p, "base_ref_changed", by, "")
	r.happened(p, "base_ref_changed", by)
	return nil
}

func (r *Repo) reopen(p *pull, who identity) error {
	if !p.merged.IsZero() || r.refs[p.headRef()] == "" {
		return custom("PullRequest", "state cannot be changed. The %s branch was merged or has been deleted.", p.headBranch)
	}
	p.state, p.closed, p.updated = "open", time.Time{}, r.s.now()
	p.head, p.movedAt = r.refs[p.headRef()], r.s.kit.Now()
	r.refs[p.pullRef()] = p.head
	r.record(p, "reopened", who, "")
	r.happened(p, "reopened", who)
	r.emitPull(p, "reopened", who, nil)
	return nil
}

func (r *Repo) closePull(p *pull, by identity) {
	r.leaveQueue(p, leftManual, by)
	p.state, p.closed, p.updated = "closed", r.s.now(), r.s.now()
	r.record(p, "closed", by, "")
	r.happened(p, "closed", by)
	r.emitPull(p, "closed", by, nil)
}

func (c *call) createPull() (reply, error) {
	var in pullInput
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	p, err := c.repo.openPull(c.who, in)
	if err != nil {
		return reply{}, err
	}
	return created(c.repo.pullJSON(p, true))
}

func (c *call) getPull() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	if c.accepts("diff") {
		return rawReply([]byte(c.repo.pullDiff(p))), nil
	}
	return ok(c.repo.pullJSON(p, true))
}

func (c *call) updatePull() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	var in pullInput
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if c.who.person() && c.who.user != p.author && !atLeast(c.repo.role(c.who.user), "write") {
		return reply{}, refuse(http.StatusForbidden, "Must have admin rights to Repository.")
	}
	if err := c.repo.editPull(p, c.who, in); err != nil {
		return reply{}, err
	}
	return ok(c.repo.pullJSON(p, true))
}

func (c *call) listPulls() (reply, error) {
	state := c.query("state")
	if state == "" {
		state = "open"
	}
	head, base := c.query("head"), c.query("base")
	list := slices.DeleteFunc(slices.Clone(c.repo.pulls), func(p *pull) bool {
		// A head without "owner:" does not filter (List pull requests: "in the
		// format of user:ref-name").
		return (state != "all" && p.state != state) || (base != "" && p.base != base) ||
			(strings.Contains(head, ":") && head != p.owner()+":"+p.headBranch)
	})
	if c.query("sort") == "updated" {
		slices.SortStableFunc(list, func(a, b *pull) int { return a.updated.Compare(b.updated) })
	}
	// Newest first, unless another order is asked for by sort or direction.
	if dir := c.query("direction"); dir == "desc" || (dir == "" && (c.query("sort") == "" || c.query("sort") == "created")) {
		slices.Reverse(list)
	}
	part, header := cutPage(c, list)
	out := []obj{}
	for _, p := range part {
		out = append(out, c.repo.pullJSON(p, false))
	}
	return reply{status: http.StatusOK, body: out, header: header}, nil
}

// compareBase returns the commit that a pull request is compared with.
func (r *Repo) compareBase(p *pull) gitobj.ID {
	if p.mergeBase != "" {
		return p.mergeBase
	}
	base, err := r.git.MergeBase(r.refs["refs/heads/"+p.base], p.head)
	if err != nil {
		return p.baseSHA // the base was rewritten or is gone
	}
	return base
}

// pullCommits are the commits of a pull request, oldest first.
func (r *Repo) pullCommits(p *pull) []gitobj.ID {
	if p.commits != nil {
		return p.commits
	}
	ids, err := r.git.Log(p.head, r.compareBase(p))
	if err != nil {
		return nil // unreachable: the head exists
	}
	slices.Reverse(ids)
	return ids
}

func (r *Repo) pullDiff(p *pull) string {
	return r.diffText(r.tree(r.compareBase(p)), r.tree(p.head))
}

func (c *call) pullFiles() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	files, _, _ := c.repo.filesJSON(c.repo.tree(c.repo.compareBase(p)), c.repo.tree(p.head), p.head)
	return page(c, files[:min(3000, len(files))]) // the documented limit
}

func (c *call) listPullCommits() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	out := []obj{}
	for _, id := range c.repo.pullCommits(p) {
		out = append(out, c.repo.commitJSON(id))
	}
	return page(c, out[:min(250, len(out))]) // the documented limit
}

// commitPulls lists the merged pull request that brought a commit to the
// default branch or, for a commit that is not there, the open ones with it.
func (c *call) commitPulls() (reply, error) {
	id, found := c.repo.resolve(c.path["ref"])
	if !found {
		return reply{}, unprocessable("No commit found for SHA: %s", c.path["ref"])
	}
	onMain := c.repo.git.IsAncestor(id, c.repo.head())
	out := []obj{}
	for _, p := range c.repo.pulls {
		if (onMain && p.merged.IsZero()) || (!onMain && p.state != "open") {
			continue
		}
		if slices.Contains(p.landed, id) || slices.Contains(c.repo.pullCommits(p), id) {
			out = append(out, c.repo.pullJSON(p, false))
		}
	}
	return page(c, out)
}

// timeOrNull writes a time that may not have come.
func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// pullJSON is GitHub's "pull-request", or "pull-request-simple" in lists.
func (r *Repo) pullJSON(p *pull, full bool) obj {
	self := r.api("/pulls/%d", p.number)
	out := obj{
		"id": p.id, "node_id": nodeID("PR", p.id), "number": p.number, "url": self, "html_url": r.web("/pull/%d", p.number),
		"diff_url": r.web("/pull/%d.diff", p.number), "issue_url": r.api("/issues/%d", p.number), "comments_url": r.api("/issues/%d/comments", p.number),
		"state": p.state, "title": p.title, "body": orNull(p.body), "draft": p.draft, "locked": false, "user": r.s.userJSON(p.author),
		"created_at": p.created, "updated_at": p.updated, "closed_at": timeOrNull(p.closed), "merged_at": timeOrNull(p.merged),
		"merge_commit_sha": orNull(string(p.mergeSHA)), "labels": r.labelsJSON(p), "auto_merge": nil, "assignee": nil, "assignees": []obj{},
		"requested_reviewers": r.reviewersJSON(p), "requested_teams": r.teamsJSON(p), "milestone": nil,
		"author_association": r.association(p.author), "base": r.sideJSON(r.owner, p.base, p.baseSHA, nil), "head": r.sideJSON(p.owner(), p.headBranch, p.head, p),
		"_links": obj{"self": obj{"href": self}, "html": obj{"href": r.web("/pull/%d", p.number)}},
	}
	mergeable, state, test := r.mergeability(p)
	if p.state == "open" && test != "" {
		out["merge_commit_sha"] = test // the test merge, not a merge
	}
	if !full {
		return out
	}
	files, added, removed := r.filesJSON(r.tree(r.compareBase(p)), r.tree(p.head), p.head)
	out["merged"], out["merged_by"] = !p.merged.IsZero(), r.s.userJSON(p.mergedBy)
	out["mergeable"], out["mergeable_state"], out["rebaseable"] = mergeable, state, mergeable
	out["comments"], out["review_comments"], out["commits"] = len(p.comments), 0, len(r.pullCommits(p))
	out["additions"], out["deletions"], out["changed_files"] = added, removed, len(files)
	out["maintainer_can_modify"] = false
	return out
}

// sideJSON is the head or the base of a pull request.
func (r *Repo) sideJSON(owner, branch string, sha gitobj.ID, p *pull) obj {
	repo := r.json()
	if p != nil && p.fromFork() {
		id := r.id + 1_000_000_000 // of a repository that nobody else has
		if u := r.s.user(owner); u != nil {
			id += u.ID
		}
		repo["id"], repo["full_name"], repo["fork"] = id, owner+"/"+r.name, true
		repo["owner"], repo["html_url"] = r.s.ownerJSON(owner), r.s.web("/%s/%s", owner, r.name)
	}
	return obj{"label": owner + ":" + branch, "ref": branch, "sha": sha, "user": r.s.ownerJSON(owner), "repo": repo}
}

// association says how a user belongs to the repository.
func (r *Repo) association(u *User) string {
	switch {
	case u == nil:
		return "NONE"
	case r.s.orgRoles[u.ID] != "":
		return "MEMBER"
	case atLeast(r.role(u), "read"):
		return "COLLABORATOR"
	}
	return "NONE"
}
