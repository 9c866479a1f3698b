package githubemu

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// mergeInput is the body of merging a pull request.
type mergeInput struct {
	Method  string    `json:"merge_method"`
	SHA     gitobj.ID `json:"sha"`
	Title   *string   `json:"commit_title"`
	Message *string   `json:"commit_message"`
	free    bool      // people who play an administrator skip the rules
}

// nobody is an actor that no ruleset exempts.
func nobody() identity { return identity{app: &app{}, user: &User{}} }

// mergeability returns the fields mergeable (null while it is worked out)
// and mergeable_state, and the test merge commit if there is one.
func (r *Repo) mergeability(p *pull) (mergeable any, state string, test gitobj.ID) {
	wait := r.s.kit.Delay(max(0, r.s.opt.MergeableDelay))
	if p.state != "open" || r.s.kit.Now().Before(p.movedAt.Add(wait)) {
		return nil, "unknown", ""
	}
	test, conflict := r.tryMerge(p)
	if conflict {
		return false, "dirty", ""
	}
	problems, behind := r.mergeProblems(p, nobody(), "merge")
	switch {
	case p.draft:
		state = "draft"
	case behind && len(problems) == 1:
		state = "behind"
	case len(problems) > 0:
		state = "blocked"
	case r.anyFailing(p.head):
		state = "unstable"
	default:
		state = "clean"
	}
	return true, state, test
}

// tryMerge makes the test merge of the head into the base, once for each
// pair, and reports whether they conflict.
func (r *Repo) tryMerge(p *pull) (gitobj.ID, bool) {
	base := r.refs["refs/heads/"+p.base]
	if p.testBase == base && p.testHead == p.head {
		return p.testMerge, p.testMerge == ""
	}
	p.testBase, p.testHead, p.testMerge = base, p.head, ""
	tree, err := r.mergedTree(base, p.head)
	if err != nil {
		return "", true
	}
	by := r.signature(nil)
	id, err := r.git.PutCommit(gitobj.Commit{
		Tree: tree, Parents: []gitobj.ID{base, p.head}, Author: by, Committer: by, Message: fmt.Sprintf("Merge %s into %s", p.head, base),
	})
	if err != nil {
		return "", true // unreachable: tree and parents exist
	}
	p.testMerge = id
	return id, false
}

// errConflict is how GitHub refuses to merge what cannot be merged.
func errConflict() *Error {
	return refuse(http.StatusMethodNotAllowed, "Pull Request is not mergeable")
}

// mergedTree merges head into base.
func (r *Repo) mergedTree(base, head gitobj.ID) (gitobj.ID, error) {
	common, err := r.git.MergeBase(base, head)
	if err != nil {
		return "", errConflict()
	}
	tree, conflicts, err := r.git.Merge(r.tree(common), r.tree(base), r.tree(head))
	if err != nil || len(conflicts) > 0 {
		return "", errConflict()
	}
	return tree, nil
}

// mergePull merges a pull request and returns the commit that did it.
func (r *Repo) mergePull(p *pull, who identity, in mergeInput) (gitobj.ID, error) {
	if in.Method == "" {
		in.Method = "merge"
	}
	if err := r.checkMerge(p, who, in); err != nil {
		return "", err
	}
	ref := "refs/heads/" + p.base
	base, common := r.refs[ref], r.compareBase(p)
	var landed []gitobj.ID
	var err error
	if in.Method == "rebase" {
		landed, err = r.replay(p, base)
	} else {
		landed, err = r.mergeCommit(p, who, in, base)
	}
	if err != nil {
		return "", err
	}
	last := landed[len(landed)-1]
	p.mergeBase, p.landed = common, landed
	if err := r.setRef(refUpdate{ref: ref, to: last, by: who, merge: p}); err != nil {
		return "", err // unreachable: a merge moves the base forward
	}
	r.markMerged(p, last, who)
	if r.set.DeleteBranchOnMerge && !p.fromFork() {
		err = r.setRef(refUpdate{ref: p.headRef(), by: who, free: true})
	}
	return last, err
}

// checkMerge refuses in GitHub's order: state, head, method, rules.
func (r *Repo) checkMerge(p *pull, who identity, in mergeInput) error {
	methods := map[string]bool{"merge": !r.set.NoMerge, "squash": !r.set.NoSquash, "rebase": !r.set.NoRebase}
	allowed, known := methods[in.Method]
	switch {
	case p.state != "open":
		return refuse(http.StatusMethodNotAllowed, "Pull Request is not mergeable")
	case p.draft:
		return refuse(http.StatusMethodNotAllowed, "Pull Request is still a draft")
	case in.SHA != "" && in.SHA != p.head:
		return refuse(http.StatusConflict, "Head branch was modified. Review and try the merge again.")
	case !known:
		return unprocessable("Invalid request.\n\nmerge_method must be merge, squash or rebase.")
	case !allowed:
		word := map[string]string{"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}[in.Method]
		return refuse(http.StatusMethodNotAllowed, "%s are not allowed on this repository.", word)
	}
	if in.free {
		return nil
	}
	problems, _ := r.mergeProblems(p, who, in.Method)
	if r.mustQueue(p.base, who) {
		problems = append(problems, queueOnly)
	}
	if len(problems) > 0 {
		return violation(http.StatusMethodNotAllowed, problems)
	}
	return nil
}

// mergeCommit makes the one commit of the methods merge and squash.
func (r *Repo) mergeCommit(p *pull, who identity, in mergeInput, base gitobj.ID) ([]gitobj.ID, error) {
	tree, err := r.mergedTree(base, p.head)
	if err != nil {
		return nil, err
	}
	commit := gitobj.Commit{Tree: tree, Author: r.signature(who.user), Committer: r.signature(nil)}
	title, message := fmt.Sprintf("Merge pull request #%d from %s/%s", p.number, p.owner(), p.headBranch), p.title
	commit.Parents = []gitobj.ID{base, p.head}
	if in.Method == "squash" {
		commit.Parents = []gitobj.ID{base}
		commit.Author = r.signature(p.author)
		title, message = fmt.Sprintf("%s (#%d)", p.title, p.number), ""
	}
	if in.Title != nil && *in.Title != "" {
		title = *in.Title
	}
	if in.Message != nil {
		message = *in.Message
	}
	commit.Message = strings.TrimRight(title+"\n\n"+message, "\n")
	id, err := r.git.PutCommit(commit)
	return []gitobj.ID{id}, err
}

// replay makes the commits of the method rebase: each commit of the branch
// that is not a merge, with its change applied anew.
func (r *Repo) replay(p *pull, base gitobj.ID) ([]gitobj.ID, error) {
	var landed []gitobj.ID
	ids, err := r.git.Log(p.head, base)
	if err != nil {
		return nil, err // unreachable: both exist
	}
	slices.Reverse(ids)
	at := base
	for _, id := range ids {
		c, err := r.git.Commit(id)
		if err != nil {
			return nil, err // unreachable: from the log
		}
		if len(c.Parents) > 1 {
			continue
		}
		tree, conflicts, err := r.git.Merge(r.parentTreeOrEmpty(c), r.tree(at), c.Tree)
		if err != nil || len(conflicts) > 0 {
			return nil, refuse(http.StatusMethodNotAllowed, "This branch can't be rebased")
		}
		c.Tree, c.Parents, c.Committer = tree, []gitobj.ID{at}, r.signature(nil)
		if at, err = r.git.PutCommit(c); err != nil {
			return nil, err // unreachable: tree and parent exist
		}
		landed = append(landed, at)
	}
	if len(landed) == 0 {
		return nil, refuse(http.StatusMethodNotAllowed, "This branch can't be rebased")
	}
	return landed, nil
}

func (r *Repo) parentTreeOrEmpty(c gitobj.Commit) gitobj.ID {
	if t := r.parentTree(c); t != "" {
		return t
	}
	empty, err := r.git.PutTree(nil)
	if err != nil {
		return "" // unreachable: the empty tree is valid
	}
	return empty
}

// markMerged closes a pull request as merged.
func (r *Repo) markMerged(p *pull, sha gitobj.ID, by identity) {
	if p.mergeBase == "" {
		p.mergeBase = p.baseSHA
		if base, err := r.git.MergeBase(p.baseSHA, p.head); err == nil {
			p.mergeBase = base
		}
	}
	p.commits = r.pullCommits(p)
	now := r.s.now()
	p.state, p.closed, p.merged, p.updated = "closed", now, now, now
	p.mergedBy, p.mergeSHA = by.user, sha
	r.record(p, "merged", by, sha)
	r.record(p, "closed", by, "")
	r.happened(p, "merged", by)
	r.happened(p, "closed", by)
	r.emitPull(p, "closed", by, nil)
}

func (c *call) mergePull() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	var in mergeInput
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	sha, err := c.repo.mergePull(p, c.who, in)
	if err != nil {
		return reply{}, err
	}
	return ok(obj{"sha": sha, "merged": true, "message": "Pull Request successfully merged"})
}

func (c *call) isMerged() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	if p.merged.IsZero() {
		return reply{}, notFound()
	}
	return noContent()
}

// updateBranch merges the base into the head of a pull request.
func (c *call) updateBranch() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	var in struct {
		Expected gitobj.ID `json:"expected_head_sha"`
	}
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if in.Expected != "" && in.Expected != p.head {
		return reply{}, unprocessable("expected head sha didn’t match current head ref.")
	}
	if err := c.repo.updateBranch(p, c.who); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusAccepted, body: obj{"message": "Updating pull request branch.", "url": c.repo.api("/pulls/%d", p.number)}}, nil
}

func (r *Repo) updateBranch(p *pull, who identity) error {
	base := r.refs["refs/heads/"+p.base]
	switch {
	case p.state != "open" || r.refs[p.headRef()] == "":
		return unprocessable("head branch does not exist or the pull request is closed")
	case r.git.IsAncestor(base, p.head):
		return unprocessable("There are no new commits on the base branch.")
	}
	tree, err := r.mergedTree(base, p.head)
	if err != nil {
		return unprocessable("merge conflict between base and head")
	}
	id, err := r.git.PutCommit(gitobj.Commit{
		Tree: tree, Parents: []gitobj.ID{p.head, base}, Author: r.signature(who.user), Committer: r.signature(nil),
		Message: fmt.Sprintf("Merge branch '%s' into %s", p.base, p.headBranch),
	})
	if err != nil {
		return err // unreachable: tree and parents exist
	}
	return r.setRef(refUpdate{ref: p.headRef(), to: id, by: who})
}
