package githubemu

import (
	"net/http"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// File is the new content of a path.
type File struct {
	Content string
	// Mode is 100644 when empty; also 100755, 120000 (Content is the target)
	// and 160000 (Content is the id of a commit elsewhere).
	Mode string
}

// Push is what somebody pushes: a commit with changes, on a branch.
type Push struct {
	Branch string
	// Changes by path; nil deletes the path. None makes an empty commit.
	Changes map[string]*File
	Message string
	// Parent is the commit or branch to build on. Empty means the head of
	// the branch or, for a new one, that of the default branch.
	Parent string
	// Force replaces what the branch had, as git push --force does.
	Force bool
	// Author is the login that the commit claims to be from. Git lets anyone
	// claim anything; empty means who pushes.
	Author string
	// Fork pushes to the person's own fork instead.
	Fork bool
	// IgnoreRules plays an administrator who switched the rules off.
	IgnoreRules bool
}

// play runs f as a person who has a permission in the repository.
func (r *Repo) play(login, perm string, f func(who identity) error) error {
	r.s.enter()
	defer r.s.leave()
	who, err := r.s.actor(login)
	if err != nil {
		return err
	}
	if !r.visible(who) {
		return notFound()
	}
	if !r.s.may(who, r, perm) {
		return refuse(http.StatusForbidden, "Permission to %s denied to %s.", r.full(), login)
	}
	if r.archived {
		return errArchived()
	}
	return f(who)
}

// playPull is play for one pull request.
func (r *Repo) playPull(login, perm string, n int, f func(p *pull, who identity) error) error {
	return r.play(login, perm, func(who identity) error {
		p, err := r.pull(int64(n))
		if err != nil {
			return err
		}
		return f(p, who)
	})
}

// Push commits and pushes as a person and returns the new commit.
func (r *Repo) Push(login string, in Push) (sha string, err error) {
	perm, ref := "contents:write", "refs/heads/"+in.Branch
	if in.Fork {
		perm, ref = "contents:read", "refs/forks/"+login+"/"+in.Branch
	}
	err = r.play(login, perm, func(who identity) error {
		if !validRef(ref) {
			return unprocessable("Reference name is not valid: %q", ref)
		}
		parent, found := r.refs[ref]
		if !found {
			parent = r.head()
		}
		if in.Parent != "" {
			if parent, found = r.resolve(in.Parent); !found {
				return unprocessable("No commit found for SHA: %s", in.Parent)
			}
		}
		author := who.user
		if in.Author != "" {
			author = r.s.user(in.Author)
		}
		id, err := r.commit(commitParts{[]gitobj.ID{parent}, parent, in.Changes, in.Message, author, who.user})
		if err != nil {
			return err
		}
		sha = string(id)
		return r.setRef(refUpdate{ref: ref, to: id, by: who, force: in.Force, free: in.IgnoreRules})
	})
	return sha, err
}

// DirectPush pushes to the default branch past all rules, as an
// administrator who switched them off for a moment.
func (r *Repo) DirectPush(login string, changes map[string]*File, message string) (sha string, err error) {
	return r.Push(login, Push{Branch: r.main, Changes: changes, Message: message, IgnoreRules: true})
}

// commitParts is what a commit is made of.
type commitParts struct {
	parents           []gitobj.ID
	from              gitobj.ID // the commit whose tree is changed; empty for none
	changes           map[string]*File
	message           string
	author, committer *User
}

func (r *Repo) commit(in commitParts) (gitobj.ID, error) {
	nodes := map[string]*gitobj.Node{}
	for path, f := range in.changes {
		if f == nil {
			nodes[path] = nil
			continue
		}
		n := &gitobj.Node{Mode: gitobj.Mode(f.Mode)}
		switch n.Mode {
		case "":
			n.Mode, n.ID = gitobj.File, r.git.PutBlob([]byte(f.Content))
		case gitobj.Submodule:
			n.ID = gitobj.ID(f.Content)
		default:
			n.ID = r.git.PutBlob([]byte(f.Content))
		}
		nodes[path] = n
	}
	var base gitobj.ID
	if in.from != "" {
		base = r.tree(in.from)
	}
	tree, err := r.git.Update(base, nodes)
	if err != nil {
		return "", unprocessable("%s", err)
	}
	if in.message == "" {
		in.message = "Update"
	}
	return r.git.PutCommit(gitobj.Commit{
		Tree: tree, Parents: in.parents, Message: in.message,
		Author: r.signature(in.author), Committer: r.signature(in.committer),
	})
}

// Commit describes a commit object of any shape, such as a merge whose tree
// is not what merging gives, or a root without history.
type Commit struct {
	Parents []string // commits or branches
	// From is the commit or branch whose tree the changes are applied to;
	// empty means the empty tree.
	From    string
	Changes map[string]*File
	Message string
	Author  string // a login, or empty for GitHub itself
}

// CommitObject stores a commit without putting it on a branch; see
// [Repo.ForcePush].
func (r *Repo) CommitObject(in Commit) (sha string, err error) {
	r.s.enter()
	defer r.s.leave()
	parts := commitParts{changes: in.Changes, message: in.Message, author: r.s.user(in.Author), committer: r.s.user(in.Author)}
	for _, name := range in.Parents {
		id, found := r.resolve(name)
		if !found {
			return "", unprocessable("No commit found for SHA: %s", name)
		}
		parts.parents = append(parts.parents, id)
	}
	if in.From != "" {
		var found bool
		if parts.from, found = r.resolve(in.From); !found {
			return "", unprocessable("No commit found for SHA: %s", in.From)
		}
	}
	id, err := r.commit(parts)
	return string(id), err
}

// ForcePush points a branch at a commit, whatever it had. An empty sha
// deletes the branch. With ignoreRules no ruleset stands in the way.
func (r *Repo) ForcePush(login, branch, sha string, ignoreRules bool) error {
	return r.play(login, "contents:write", func(who identity) error {
		id := gitobj.ID(sha)
		if sha != "" && r.git.Has(id) != "commit" {
			return unprocessable("Object does not exist")
		}
		return r.setRef(refUpdate{ref: "refs/heads/" + branch, to: id, by: who, force: true, free: ignoreRules})
	})
}

// PullSpec describes a new pull request. Head is a branch, or "login:branch"
// of a fork; Base is the default branch when empty.
type PullSpec struct {
	Head, Base, Title, Body string
	Draft                   bool
}

// CreatePull opens a pull request and returns its number.
func (r *Repo) CreatePull(login string, in PullSpec) (number int, err error) {
	if in.Base == "" {
		in.Base = r.main
	}
	err = r.play(login, "pull_requests:write", func(who identity) error {
		p, err := r.openPull(who, pullInput{Title: &in.Title, Body: &in.Body, Base: &in.Base, Head: in.Head, Draft: in.Draft})
		if err == nil {
			number = p.number
		}
		return err
	})
	return number, err
}

// Review submits a review (APPROVE, REQUEST_CHANGES or COMMENT) and returns
// its number. An empty commit means the head.
func (r *Repo) Review(login string, n int, event, body, commit string) (id int64, err error) {
	err = r.playPull(login, "pull_requests:write", n, func(p *pull, who identity) error {
		rev, err := r.addReview(p, who, reviewInput{event, body, gitobj.ID(commit)})
		if err == nil {
			id = rev.id
		}
		return err
	})
	return id, err
}

// DismissReview takes back the opinion that a review holds.
func (r *Repo) DismissReview(login string, n int, review int64, message string) error {
	return r.playPull(login, "contents:write", n, func(p *pull, who identity) error {
		for _, rev := range p.reviews {
			if rev.id == review {
				return r.dismiss(p, rev, who, message)
			}
		}
		return notFound()
	})
}

// MergeSpec says how to merge. Method is merge (also when empty), squash or
// rebase; SHA, if given, must be the head.
type MergeSpec struct {
	Method, SHA, Title, Message string
	// IgnoreRules plays an administrator who merges past the rules.
	IgnoreRules bool
}

// Merge merges a pull request and returns the commit that did it.
func (r *Repo) Merge(login string, n int, in MergeSpec) (sha string, err error) {
	err = r.playPull(login, "contents:write", n, func(p *pull, who identity) error {
		m := mergeInput{Method: in.Method, SHA: gitobj.ID(in.SHA), Title: &in.Title, free: in.IgnoreRules}
		if in.Message != "" {
			m.Message = &in.Message
		}
		id, err := r.mergePull(p, who, m)
		sha = string(id)
		return err
	})
	return sha, err
}

// UpdateBranch merges the base into the head, as the button does.
func (r *Repo) UpdateBranch(login string, n int) error {
	return r.playPull(login, "contents:write", n, func(p *pull, who identity) error { return r.updateBranch(p, who) })
}

// EditPull changes a pull request: nil leaves a part as it is. State is
// "open" or "closed".
func (r *Repo) EditPull(login string, n int, title, body, base, state *string) error {
	return r.playPull(login, "pull_requests:write", n, func(p *pull, who identity) error {
		if who.user != p.author && !atLeast(r.role(who.user), "write") {
			return refuse(http.StatusForbidden, "Must have admin rights to Repository.")
		}
		return r.editPull(p, who, pullInput{Title: title, Body: body, Base: base, State: state})
	})
}

// ClosePull closes a pull request without merging it.
func (r *Repo) ClosePull(login string, n int) error {
	closed := "closed"
	return r.EditPull(login, n, nil, nil, nil, &closed)
}

// ReopenPull opens a closed pull request again.
func (r *Repo) ReopenPull(login string, n int) error {
	open := "open"
	return r.EditPull(login, n, nil, nil, nil, &open)
}

// Comment writes a comment on a pull request.
func (r *Repo) Comment(login string, n int, body string) error {
	return r.playPull(login, "issues:write", n, func(p *pull, who identity) error {
		_, err := r.addComment(p, who, body)
		return err
	})
}

// RerequestCheck asks for a check run again, as the button does.
func (r *Repo) RerequestCheck(login string, id int64) error {
	return r.play(login, "contents:write", func(who identity) error {
		run, err := r.check(id)
		if err == nil {
			r.emitCheck(run, "rerequested", who)
		}
		return err
	})
}

// PressAction presses one of the buttons that a check run offers.
func (r *Repo) PressAction(login string, id int64, identifier string) error {
	return r.play(login, "contents:write", func(who identity) error {
		run, err := r.check(id)
		if err != nil {
			return err
		}
		for _, a := range run.actions {
			if a.Identifier == identifier {
				r.emit("check_run", "requested_action", who, obj{
					"check_run": r.checkJSON(run), "requested_action": obj{"identifier": identifier},
				})
				return nil
			}
		}
		return unprocessable("The check run has no action %q", identifier)
	})
}

// PullDiff returns the changes of a pull request as a unified diff.
func (r *Repo) PullDiff(n int) (string, error) {
	r.s.enter()
	defer r.s.leave()
	p, err := r.pull(int64(n))
	if err != nil {
		return "", err
	}
	return r.pullDiff(p), nil
}

// Files returns every file of a commit or branch by path; the default branch
// when ref is empty.
func (r *Repo) Files(ref string) (map[string]File, error) {
	r.s.enter()
	defer r.s.leave()
	if ref == "" {
		ref = r.main
	}
	id, found := r.resolve(ref)
	if !found {
		return nil, notFound()
	}
	nodes, err := r.git.Flatten(r.tree(id))
	if err != nil {
		return nil, err
	}
	out := map[string]File{}
	for path, n := range nodes {
		out[path] = File{string(r.content(&n)), string(n.Mode)}
	}
	return out, nil
}
