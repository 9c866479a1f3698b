package githubemu

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// activity is one entry of the repository's activity list.
type activity struct {
	id            int64
	before, after gitobj.ID
	ref           string
	at            time.Time
	kind          string
	actor         *User
}

// refUpdate is one change of a ref.
type refUpdate struct {
	ref string
	to  gitobj.ID // empty deletes
	by  identity
	// force allows a commit that does not descend from the old one.
	force bool
	// merge is the pull request whose merge this is.
	merge *pull
	// queue are the entries of a merge queue that this lands.
	queue []*queueEntry
	// free skips rulesets and protection, for people who play an
	// administrator that switched them off.
	free bool
}

// lands reports whether the update is the merge of a pull request.
func (u refUpdate) lands(p *pull) bool {
	return u.merge == p || slices.ContainsFunc(u.queue, func(e *queueEntry) bool { return e.p == p })
}

// setRef changes a ref: it checks the rules, records who did it, tells the
// webhooks, and carries the change into the pull requests it touches.
func (r *Repo) setRef(u refUpdate) error {
	old := r.refs[u.ref]
	if old == u.to {
		return nil
	}
	rewrite := old != "" && u.to != "" && !r.git.IsAncestor(old, u.to)
	if rewrite && !u.force {
		return unprocessable("Update is not a fast forward")
	}
	if u.merge == nil && !u.free {
		if strings.HasPrefix(u.ref, queuePrefix) {
			// The branches are read-only by name; the words are those of a ruleset.
			return violation(http.StatusUnprocessableEntity, []string{"Cannot update this protected ref."})
		}
		if problems := r.pushProblems(u, old, rewrite); len(problems) > 0 {
			return violation(http.StatusUnprocessableEntity, problems)
		}
	}
	kind := "push"
	switch {
	case u.to == "":
		kind = "branch_deletion"
		delete(r.refs, u.ref)
	case old == "":
		kind = "branch_creation"
	case u.merge != nil:
		kind = "pr_merge"
	case u.queue != nil:
		kind = "merge_queue_merge"
	case rewrite:
		kind = "force_push"
	}
	if u.to != "" {
		r.refs[u.ref] = u.to
	}
	if strings.HasPrefix(u.ref, "refs/heads/") {
		r.activity = append(r.activity, activity{r.s.id(), orZero(old), orZero(u.to), u.ref, r.s.now(), kind, u.by.user})
		r.emitPush(u, old, rewrite)
	}
	r.carry(u, old)
	return nil
}

func orZero(id gitobj.ID) gitobj.ID {
	if id == "" {
		return gitobj.Zero
	}
	return id
}

// carry brings the open pull requests up to date after a ref moved.
func (r *Repo) carry(u refUpdate, old gitobj.ID) {
	for _, p := range r.pulls {
		if p.state != "open" {
			continue
		}
		if p.headRef() == u.ref && !u.lands(p) {
			r.headMoved(p, u, old)
		}
		if "refs/heads/"+p.base == u.ref && !u.lands(p) && u.to != "" {
			p.movedAt = r.s.kit.Now()
			r.mergedElsewhere(p, u)
		}
	}
}

// headMoved follows a pull request's branch: a push is a new head, which
// dismisses approvals where the rules say so; a deletion closes it.
func (r *Repo) headMoved(p *pull, u refUpdate, old gitobj.ID) {
	if u.to == "" {
		r.closePull(p, u.by)
		return
	}
	p.head, p.baseSHA, p.movedAt, p.updated = u.to, r.refs["refs/heads/"+p.base], r.s.kit.Now(), r.s.now()
	r.refs[p.pullRef()] = u.to
	if !r.git.IsAncestor(old, u.to) {
		r.record(p, "head_ref_force_pushed", u.by, u.to)
	}
	r.emitPull(p, "synchronize", u.by, obj{"before": old, "after": u.to})
	r.leaveQueue(p, leftUnknown, u.by) // that it leaves is documented, the reason's name is not
	if r.dismissesStale(p.base) {
		for _, rev := range p.reviews {
			if rev.state == "APPROVED" {
				r.recordDismissal(p, rev, u.by, "", u.to)
				rev.state = "DISMISSED"
				r.emitReview(p, rev, "dismissed", u.by)
			}
		}
	}
}

// mergedElsewhere marks a pull request as merged when its commits reached
// the base by another way, as GitHub does for merges made on a command line.
func (r *Repo) mergedElsewhere(p *pull, u refUpdate) {
	if !r.git.IsAncestor(p.head, u.to) {
		return
	}
	landed := u.to
	for _, id := range r.git.FirstParents(u.to) {
		if !r.git.IsAncestor(p.head, id) {
			break
		}
		landed = id
	}
	p.landed = []gitobj.ID{landed}
	r.leaveQueue(p, leftElsewhere, u.by)
	r.markMerged(p, landed, u.by)
}

// refJSON is GitHub's "git-ref".
func (r *Repo) refJSON(ref string) obj {
	id := r.refs[ref]
	return obj{
		"ref": ref, "node_id": nodeID("REF", ref), "url": r.api("/git/%s", ref),
		"object": obj{"sha": id, "type": "commit", "url": r.api("/git/commits/%s", id)},
	}
}

func (c *call) getRef() (reply, error) {
	ref := "refs/" + c.path["ref"]
	if _, found := c.repo.refs[ref]; !found || strings.HasPrefix(ref, "refs/forks/") {
		return reply{}, notFound()
	}
	return ok(c.repo.refJSON(ref))
}

func (c *call) matchingRefs() (reply, error) {
	names := []string{}
	for ref := range c.repo.refs {
		if strings.HasPrefix(ref, "refs/"+c.path["ref"]) && !strings.HasPrefix(ref, "refs/forks/") {
			names = append(names, ref)
		}
	}
	slices.Sort(names)
	out := []obj{}
	for _, ref := range names {
		out = append(out, c.repo.refJSON(ref))
	}
	return page(c, out)
}

// validRef checks a ref's name by the rules of git check-ref-format that
// matter for branches.
func validRef(ref string) bool {
	if !strings.HasPrefix(ref, "refs/") || strings.Count(ref, "/") < 2 || strings.ContainsAny(ref, " ~^:?*[\\\x7f") {
		return false
	}
	if strings.Contains(ref, "..") || strings.Contains(ref, "//") || strings.Contains(ref, "@{") {
		return false
	}
	for _, part := range strings.Split(ref, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") || strings.HasSuffix(part, ".") {
			return false
		}
	}
	return !strings.ContainsFunc(ref, func(c rune) bool { return c < ' ' })
}

func (c *call) createRef() (reply, error) {
	var in struct{ Ref, SHA string }
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if !validRef(in.Ref) || strings.HasPrefix(in.Ref, "refs/pull/") || strings.HasPrefix(in.Ref, "refs/forks/") {
		return reply{}, unprocessable("Reference name is not valid: %q", in.Ref)
	}
	if in.SHA == "" {
		return reply{}, unprocessable("Invalid request.\n\n\"sha\" wasn't supplied.")
	}
	if _, taken := c.repo.refs[in.Ref]; taken {
		return reply{}, unprocessable("Reference already exists")
	}
	for ref := range c.repo.refs {
		// Git cannot hold a branch "a" beside a branch "a/b".
		if strings.HasPrefix(ref, in.Ref+"/") || strings.HasPrefix(in.Ref, ref+"/") {
			return reply{}, unprocessable("Reference update failed")
		}
	}
	if c.repo.git.Has(gitobj.ID(in.SHA)) != "commit" {
		return reply{}, unprocessable("Object does not exist")
	}
	if err := c.repo.setRef(refUpdate{ref: in.Ref, to: gitobj.ID(in.SHA), by: c.who}); err != nil {
		return reply{}, err
	}
	return created(c.repo.refJSON(in.Ref))
}

func (c *call) updateRef() (reply, error) {
	var in struct {
		SHA   string
		Force bool
	}
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	ref := "refs/" + c.path["ref"]
	if _, found := c.repo.refs[ref]; !found {
		return reply{}, unprocessable("Reference does not exist")
	}
	if !strings.HasPrefix(ref, "refs/heads/") && !strings.HasPrefix(ref, "refs/tags/") {
		return reply{}, unprocessable("Reference cannot be updated")
	}
	if c.repo.git.Has(gitobj.ID(in.SHA)) != "commit" {
		return reply{}, unprocessable("Object does not exist")
	}
	if err := c.repo.setRef(refUpdate{ref: ref, to: gitobj.ID(in.SHA), by: c.who, force: in.Force}); err != nil {
		return reply{}, err
	}
	return ok(c.repo.refJSON(ref))
}

func (c *call) deleteRef() (reply, error) {
	ref := "refs/" + c.path["ref"]
	if _, found := c.repo.refs[ref]; !found || strings.HasPrefix(ref, "refs/pull/") || strings.HasPrefix(ref, "refs/forks/") {
		return reply{}, unprocessable("Reference does not exist")
	}
	if ref == "refs/heads/"+c.repo.main {
		return reply{}, unprocessable("Cannot delete the default branch")
	}
	if err := c.repo.setRef(refUpdate{ref: ref, by: c.who}); err != nil {
		return reply{}, err
	}
	return noContent()
}
