package githubemu

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// maxInline is the size above which a file's content is left out of the
// answer (Get repository content: 1 MB).
const maxInline = 1 << 20

func (c *call) getContents() (reply, error) {
	ref := c.query("ref")
	if ref == "" {
		ref = c.repo.main
	}
	id, found := c.repo.resolve(ref)
	if !found {
		return reply{}, refuse(http.StatusNotFound, "No commit found for the ref %s", ref)
	}
	path := strings.Trim(c.path["path"], "/")
	n, found := c.repo.git.Find(c.repo.tree(id), path)
	if !found {
		return reply{}, notFound()
	}
	if n.Mode != gitobj.Dir {
		if c.accepts("raw") {
			return rawReply(c.repo.content(&n)), nil
		}
		return ok(c.repo.contentJSON(path, n, ref, true))
	}
	entries, err := c.repo.git.Tree(n.ID)
	if err != nil {
		return reply{}, err // unreachable: just found
	}
	out := []obj{}
	for _, e := range entries {
		child := strings.TrimPrefix(path+"/"+e.Name, "/")
		out = append(out, c.repo.contentJSON(child, gitobj.Node{Mode: e.Mode, ID: e.ID}, ref, false))
	}
	return ok(out[:min(len(out), 1000)]) // the documented limit of a directory
}

// contentJSON is GitHub's "content-file", "content-directory" entry,
// "content-symlink" or "content-submodule".
func (r *Repo) contentJSON(path string, n gitobj.Node, ref string, inline bool) obj {
	kind, data := "file", r.content(&n)
	switch n.Mode {
	case gitobj.Dir:
		kind = "dir"
	case gitobj.Symlink:
		kind = "symlink"
	case gitobj.Submodule:
		kind = "submodule"
	}
	escaped := (&url.URL{Path: path}).EscapedPath()
	self := r.api("/contents/%s?ref=%s", escaped, url.QueryEscape(ref))
	out := obj{
		"type": kind, "name": path[strings.LastIndex(path, "/")+1:], "path": path, "sha": n.ID, "size": len(data), "url": self,
		"html_url": r.web("/blob/%s/%s", ref, escaped), "git_url": r.api("/git/%ss/%s", n.Mode.Kind(), n.ID), "download_url": nil,
	}
	out["_links"] = obj{"self": self, "git": out["git_url"], "html": out["html_url"]}
	if !inline {
		return out
	}
	switch {
	case kind == "symlink":
		out["target"] = string(data)
	case kind == "file" && len(data) > maxInline:
		out["encoding"], out["content"] = "none", ""
	case kind == "file":
		out["encoding"], out["content"] = "base64", wrapped(data)
	}
	return out
}

// contentsInput is the body of writing or deleting one file.
type contentsInput struct {
	Message, Branch   string
	Content           *string
	SHA               *string
	Author, Committer *signer
}

func (c *call) putContents() (reply, error)    { return c.writeContents(false) }
func (c *call) deleteContents() (reply, error) { return c.writeContents(true) }

func (c *call) writeContents(remove bool) (reply, error) {
	var in contentsInput
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if in.Branch == "" {
		in.Branch = c.repo.main
	}
	path := strings.Trim(c.path["path"], "/")
	head, found := c.repo.refs["refs/heads/"+in.Branch]
	if !found {
		return reply{}, refuse(http.StatusNotFound, "Branch %s not found", in.Branch)
	}
	old, exists := c.repo.git.Find(c.repo.tree(head), path)
	if err := in.check(remove, exists, old, path); err != nil {
		return reply{}, err
	}
	var node *gitobj.Node
	if !remove {
		data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(*in.Content, "\n", ""))
		if err != nil {
			return reply{}, unprocessable("content is not valid Base64")
		}
		node = &gitobj.Node{Mode: gitobj.File, ID: c.repo.git.PutBlob(data)}
		if exists && old.Mode == gitobj.Executable {
			node.Mode = old.Mode
		}
	}
	id, err := c.commitContents(in, head, path, node)
	if err != nil {
		return reply{}, err
	}
	out := obj{"commit": c.repo.gitCommitJSON(id), "content": nil}
	if node != nil {
		out["content"] = c.repo.contentJSON(path, *node, in.Branch, false)
	}
	if exists {
		return ok(out)
	}
	return created(out)
}

// check refuses what does not fit the file as it is.
func (in contentsInput) check(remove, exists bool, old gitobj.Node, path string) error {
	switch {
	case in.Message == "":
		return unprocessable("Invalid request.\n\n\"message\" wasn't supplied.")
	case !remove && in.Content == nil:
		return unprocessable("Invalid request.\n\n\"content\" wasn't supplied.")
	case remove && !exists:
		return notFound()
	case exists && in.SHA == nil:
		return unprocessable("Invalid request.\n\n\"sha\" wasn't supplied.")
	case exists && gitobj.ID(*in.SHA) != old.ID:
		return refuse(http.StatusConflict, "%s does not match %s", path, *in.SHA)
	case !exists && in.SHA != nil && *in.SHA != "":
		return refuse(http.StatusConflict, "%s does not match %s", path, *in.SHA)
	}
	return nil
}

// commitContents makes the commit and moves the branch. A broken rule is a
// conflict here, not a 422 as it is for refs.
func (c *call) commitContents(in contentsInput, head gitobj.ID, path string, n *gitobj.Node) (gitobj.ID, error) {
	tree, err := c.repo.git.Update(c.repo.tree(head), map[string]*gitobj.Node{path: n})
	if err != nil {
		return "", unprocessable("path: %s", err)
	}
	author, err := in.Author.over(c.repo.signature(c.who.user))
	if err != nil {
		return "", err
	}
	committer, err := in.Committer.over(c.repo.signature(nil))
	if err != nil {
		return "", err
	}
	id, err := c.repo.git.PutCommit(gitobj.Commit{Tree: tree, Parents: []gitobj.ID{head}, Author: author, Committer: committer, Message: in.Message})
	if err != nil {
		return "", err
	}
	u := refUpdate{ref: "refs/heads/" + in.Branch, to: id, by: c.who}
	if problems := c.repo.pushProblems(u, head, false); len(problems) > 0 {
		return "", violation(http.StatusConflict, problems)
	}
	return id, c.repo.setRef(u)
}
