package githubemu

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

func (c *call) getRepo() (reply, error) { return ok(c.repo.json()) }

func (c *call) getRepoByID() (reply, error) {
	id, err := c.number("repository_id")
	if err != nil {
		return reply{}, err
	}
	for _, r := range c.s.repos {
		if r.id == id && r.visible(c.who) {
			return ok(r.json())
		}
	}
	return reply{}, notFound()
}

func (c *call) getTree() (reply, error) {
	r := c.repo
	tree := gitobj.ID(c.path["tree_sha"])
	if id, found := r.resolve(c.path["tree_sha"]); found {
		tree = r.tree(id)
	}
	if r.git.Has(tree) != "tree" {
		return reply{}, notFound()
	}
	return ok(r.treeJSON(tree, c.r.URL.Query().Has("recursive"), c.s.opt.TreeLimit))
}

// treeJSON is GitHub's "git-tree", cut off after limit entries.
func (r *Repo) treeJSON(tree gitobj.ID, deep bool, limit int) obj {
	list, truncated := []obj{}, false
	err := r.git.Walk(tree, func(path string, e gitobj.Entry) {
		if !deep && strings.Contains(path, "/") {
			return
		}
		if len(list) >= limit {
			truncated = true
			return
		}
		o := obj{"path": path, "mode": e.Mode, "type": e.Mode.Kind(), "sha": e.ID}
		switch e.Mode.Kind() {
		case "blob":
			data, err := r.git.Blob(e.ID)
			if err != nil {
				return // unreachable: a tree names blobs that exist
			}
			o["size"], o["url"] = len(data), r.api("/git/blobs/%s", e.ID)
		case "tree":
			o["url"] = r.api("/git/trees/%s", e.ID)
		}
		list = append(list, o)
	})
	return obj{"sha": tree, "url": r.api("/git/trees/%s", tree), "tree": list, "truncated": truncated || err != nil}
}

// treeEntry is one entry of a tree to be made. SHA is raw, since null means
// that the path goes.
type treeEntry struct {
	Path, Mode, Type string
	SHA              json.RawMessage
	Content          *string
}

func (c *call) createTree() (reply, error) {
	var in struct {
		BaseTree string `json:"base_tree"`
		Tree     []treeEntry
	}
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if len(in.Tree) == 0 {
		return reply{}, unprocessable("Invalid tree info")
	}
	base := gitobj.ID(in.BaseTree)
	if in.BaseTree != "" {
		if c.repo.git.Has(base) == "commit" {
			base = c.repo.tree(base)
		}
		if c.repo.git.Has(base) != "tree" {
			return reply{}, unprocessable("base_tree is not a valid tree oid")
		}
	}
	changes := map[string]*gitobj.Node{}
	for _, e := range in.Tree {
		n, err := c.repo.treeNode(e)
		if err != nil {
			return reply{}, err
		}
		changes[e.Path] = n
	}
	tree, err := c.repo.git.Update(base, changes)
	if err != nil {
		return reply{}, unprocessable("tree: %s", err)
	}
	return created(c.repo.treeJSON(tree, false, c.s.opt.TreeLimit))
}

// treeNode reads one entry; nil removes the path.
func (r *Repo) treeNode(e treeEntry) (*gitobj.Node, error) {
	if e.Path == "" || strings.HasPrefix(e.Path, "/") || strings.HasSuffix(e.Path, "/") {
		return nil, unprocessable("tree.path cannot be empty, or start or end with a slash")
	}
	if string(e.SHA) == "null" && e.Content == nil {
		return nil, nil
	}
	mode := gitobj.Mode(e.Mode)
	if mode.Kind() == "" || (e.Type != "" && e.Type != mode.Kind()) {
		return nil, unprocessable("tree.mode must be one of 100644, 100755, 040000, 160000, 120000, and fit tree.type")
	}
	if e.Content != nil && len(e.SHA) > 0 && string(e.SHA) != "null" {
		return nil, unprocessable("Must supply either tree.sha or tree.content.")
	}
	if e.Content != nil {
		return &gitobj.Node{Mode: mode, ID: r.git.PutBlob([]byte(*e.Content))}, nil
	}
	var sha string
	if err := json.Unmarshal(e.SHA, &sha); err != nil || (mode.Kind() != "commit" && r.git.Has(gitobj.ID(sha)) != mode.Kind()) {
		return nil, unprocessable("tree.sha %s is not a valid %s", sha, mode.Kind())
	}
	return &gitobj.Node{Mode: mode, ID: gitobj.ID(sha)}, nil
}

func (c *call) getBlob() (reply, error) {
	id := gitobj.ID(c.path["file_sha"])
	data, err := c.repo.git.Blob(id)
	if err != nil {
		return reply{}, notFound()
	}
	if c.accepts("raw") {
		return rawReply(data), nil
	}
	return ok(obj{
		"sha": id, "node_id": nodeID("B", id), "size": len(data), "url": c.repo.api("/git/blobs/%s", id),
		"content": wrapped(data), "encoding": "base64",
	})
}

// rawReply answers with the bytes of a file or a diff.
func rawReply(data []byte) reply {
	return reply{
		status: http.StatusOK, raw: append([]byte{}, data...),
		header: http.Header{"Content-Type": {"application/vnd.github.raw; charset=utf-8"}},
	}
}

// wrapped is base64 in lines of 60, as GitHub sends it.
func wrapped(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	var out strings.Builder
	for len(text) > 60 {
		out.WriteString(text[:60] + "\n")
		text = text[60:]
	}
	if text != "" {
		out.WriteString(text + "\n")
	}
	return out.String()
}

func (c *call) createBlob() (reply, error) {
	var in struct{ Content, Encoding string }
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	data := []byte(in.Content)
	switch in.Encoding {
	case "", "utf-8":
	case "base64":
		var err error
		if data, err = base64.StdEncoding.DecodeString(strings.ReplaceAll(in.Content, "\n", "")); err != nil {
			return reply{}, unprocessable("content is not valid Base64")
		}
	default:
		return reply{}, unprocessable("encoding must be utf-8 or base64")
	}
	id := c.repo.git.PutBlob(data)
	return created(obj{"sha": id, "url": c.repo.api("/git/blobs/%s", id)})
}

func (c *call) getGitCommit() (reply, error) {
	id := gitobj.ID(c.path["commit_sha"])
	if c.repo.git.Has(id) != "commit" {
		return reply{}, notFound()
	}
	return ok(c.repo.gitCommitJSON(id))
}

// signer is an author or committer in a request.
type signer struct {
	Name, Email string
	Date        *time.Time
}

// merge fills a signature with what the request says.
func (in *signer) over(def gitobj.Signature) (gitobj.Signature, error) {
	if in == nil {
		return def, nil
	}
	if in.Name == "" || in.Email == "" {
		return def, unprocessable("Invalid request.\n\n\"name\" and \"email\" are needed.")
	}
	def.Name, def.Email = in.Name, in.Email
	if in.Date != nil {
		def.When = in.Date.Truncate(time.Second)
	}
	return def, nil
}

func (c *call) createCommit() (reply, error) {
	var in struct {
		Message, Tree     string
		Parents           []gitobj.ID
		Author, Committer *signer
	}
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if in.Message == "" || in.Tree == "" {
		return reply{}, unprocessable("Invalid request.\n\n\"message\" and \"tree\" are needed.")
	}
	if c.repo.git.Has(gitobj.ID(in.Tree)) != "tree" {
		return reply{}, unprocessable("Tree SHA does not exist")
	}
	for _, p := range in.Parents {
		if c.repo.git.Has(p) != "commit" {
			return reply{}, unprocessable("Parent SHA does not exist or is not a commit object")
		}
	}
	author, err := in.Author.over(c.repo.signature(c.who.user))
	if err != nil {
		return reply{}, err
	}
	committer, err := in.Committer.over(author)
	if err != nil {
		return reply{}, err
	}
	id, err := c.repo.git.PutCommit(gitobj.Commit{
		Tree: gitobj.ID(in.Tree), Parents: in.Parents, Author: author, Committer: committer, Message: in.Message,
	})
	if err != nil {
		return reply{}, err
	}
	return created(c.repo.gitCommitJSON(id))
}

func signatureJSON(s gitobj.Signature) obj {
	return obj{"name": s.Name, "email": s.Email, "date": s.When.UTC()}
}

// gitCommitJSON is GitHub's "git-commit".
func (r *Repo) gitCommitJSON(id gitobj.ID) obj {
	c, err := r.git.Commit(id)
	if err != nil {
		return nil // unreachable: the callers resolved it
	}
	parents := []obj{}
	for _, p := range c.Parents {
		parents = append(parents, obj{"sha": p, "url": r.api("/git/commits/%s", p), "html_url": r.web("/commit/%s", p)})
	}
	return obj{
		"sha": id, "node_id": nodeID("C", id), "url": r.api("/git/commits/%s", id), "html_url": r.web("/commit/%s", id),
		"author": signatureJSON(c.Author), "committer": signatureJSON(c.Committer), "message": c.Message,
		"tree": obj{"sha": c.Tree, "url": r.api("/git/trees/%s", c.Tree)}, "parents": parents,
		"verification": obj{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil},
	}
}
