package githubemu

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// userByEmail finds the account that a commit's address belongs to; a
// forged address finds its victim, on github.com too.
func (s *Server) userByEmail(email string) *User {
	i := slices.IndexFunc(s.users, func(u *User) bool {
		return (u.Email != "" && strings.EqualFold(u.Email, email)) || strings.HasPrefix(email, strconv.FormatInt(u.ID, 10)+"+")
	})
	if i < 0 {
		return nil
	}
	return s.users[i]
}

// commitJSON is GitHub's "commit" without files.
func (r *Repo) commitJSON(id gitobj.ID) obj {
	c, err := r.git.Commit(id)
	if err != nil {
		return nil // unreachable: the callers resolved it
	}
	inner := r.gitCommitJSON(id)
	inner["comment_count"] = 0
	out := obj{
		"sha": id, "node_id": inner["node_id"], "url": r.api("/commits/%s", id), "html_url": inner["html_url"],
		"comments_url": r.api("/commits/%s/comments", id), "commit": inner,
		"author": r.s.userJSON(r.s.userByEmail(c.Author.Email)), "committer": r.s.userJSON(r.s.userByEmail(c.Committer.Email)),
	}
	parents := []obj{}
	for _, p := range c.Parents {
		parents = append(parents, obj{"sha": p, "url": r.api("/commits/%s", p), "html_url": r.web("/commit/%s", p)})
	}
	out["parents"] = parents
	return out
}

// fileJSON is GitHub's "diff-entry".
func (r *Repo) fileJSON(ch gitobj.Change, at gitobj.ID) (o obj, added, removed int) {
	oldText, newText := r.content(ch.Old), r.content(ch.New)
	patch, added, removed := gitobj.Patch(oldText, newText)
	status, sha := "modified", gitobj.ID("")
	switch {
	case ch.Old == nil:
		status = "added"
	case ch.New == nil:
		status, sha = "removed", ch.Old.ID
	case ch.Old.ID == ch.New.ID:
		status = "changed" // only its mode
	}
	if ch.New != nil {
		sha = ch.New.ID
	}
	path := (&url.URL{Path: ch.Path}).EscapedPath()
	o = obj{
		"sha": sha, "filename": ch.Path, "status": status, "additions": added, "deletions": removed, "changes": added + removed,
		"blob_url": r.web("/blob/%s/%s", at, path), "raw_url": r.web("/raw/%s/%s", at, path), "contents_url": r.api("/contents/%s?ref=%s", path, at),
	}
	if patch != "" {
		o["patch"] = strings.TrimSuffix(patch, "\n")
	}
	return o, added, removed
}

// content returns what a node holds; nothing for none and for submodules.
func (r *Repo) content(n *gitobj.Node) []byte {
	if n == nil || n.Mode.Kind() != "blob" {
		return nil
	}
	data, err := r.git.Blob(n.ID)
	if err != nil {
		return nil // unreachable: trees name blobs that exist
	}
	return data
}

// filesJSON lists what differs between two trees, with the totals.
func (r *Repo) filesJSON(a, b gitobj.ID, at gitobj.ID) (files []obj, added, removed int) {
	changes, err := r.git.Diff(a, b)
	if err != nil {
		return []obj{}, 0, 0 // unreachable: both trees exist
	}
	files = []obj{}
	for _, ch := range changes {
		o, plus, minus := r.fileJSON(ch, at)
		files, added, removed = append(files, o), added+plus, removed+minus
	}
	return files, added, removed
}

// diffText is a whole unified diff between two trees, as git prints it.
func (r *Repo) diffText(a, b gitobj.ID) string {
	changes, err := r.git.Diff(a, b)
	if err != nil {
		return "" // unreachable: both trees exist
	}
	var out strings.Builder
	for _, ch := range changes {
		from, to := "a/"+ch.Path, "b/"+ch.Path
		fmt.Fprintf(&out, "diff --git %s %s\n", from, to)
		ids := [2]gitobj.ID{gitobj.Zero, gitobj.Zero}
		switch {
		case ch.Old == nil:
			fmt.Fprintf(&out, "new file mode %s\n", ch.New.Mode)
			from = "/dev/null"
		case ch.New == nil:
			fmt.Fprintf(&out, "deleted file mode %s\n", ch.Old.Mode)
			to = "/dev/null"
		case ch.Old.Mode != ch.New.Mode:
			fmt.Fprintf(&out, "old mode %s\nnew mode %s\n", ch.Old.Mode, ch.New.Mode)
		}
		for i, n := range []*gitobj.Node{ch.Old, ch.New} {
			if n != nil {
				ids[i] = n.ID
			}
		}
		if ids[0] == ids[1] {
			continue
		}
		fmt.Fprintf(&out, "index %s..%s\n", ids[0][:7], ids[1][:7])
		if patch, _, _ := gitobj.Patch(r.content(ch.Old), r.content(ch.New)); patch != "" {
			fmt.Fprintf(&out, "--- %s\n+++ %s\n%s", from, to, patch)
		}
	}
	return out.String()
}

// parentTree is the tree that a commit is compared with: its first
// parent's, or the empty tree.
func (r *Repo) parentTree(c gitobj.Commit) gitobj.ID {
	if len(c.Parents) == 0 {
		return ""
	}
	return r.tree(c.Parents[0])
}

func (c *call) getCommit() (reply, error) {
	id, found := c.repo.resolve(c.path["ref"])
	if !found {
		return reply{}, unprocessable("No commit found for SHA: %s", c.path["ref"])
	}
	commit, err := c.repo.git.Commit(id)
	if err != nil {
		return reply{}, notFound() // unreachable: just resolved
	}
	switch {
	case c.accepts("sha"):
		return rawReply([]byte(id)), nil
	case c.accepts("diff"):
		return rawReply([]byte(c.repo.diffText(c.repo.parentTree(commit), commit.Tree))), nil
	}
	out := c.repo.commitJSON(id)
	files, added, removed := c.repo.filesJSON(c.repo.parentTree(commit), commit.Tree, id)
	part, header := cutTo(c, files, 300)
	out["files"], out["stats"] = part, obj{"additions": added, "deletions": removed, "total": added + removed}
	return reply{status: http.StatusOK, body: out, header: header}, nil
}

// cutTo pages a list whose pages are of another size than usual.
func cutTo(c *call, items []obj, size int) ([]obj, http.Header) {
	if c.query("per_page") != "" || c.query("page") != "" {
		return cutPage(c, items)
	}
	return items[:min(size, len(items))], nil
}

func (c *call) listCommits() (reply, error) {
	start := c.query("sha")
	if start == "" {
		start = c.repo.main
	}
	tip, found := c.repo.resolve(start)
	if !found {
		return reply{}, notFound()
	}
	ids, err := c.repo.git.Log(tip, "")
	if err != nil {
		return reply{}, err
	}
	since, until := parseTime(c.query("since")), parseTime(c.query("until"))
	ids = slices.DeleteFunc(ids, func(id gitobj.ID) bool {
		commit, err := c.repo.git.Commit(id)
		when := commit.Committer.When
		return err != nil || !c.repo.touches(commit, c.query("path")) ||
			(!since.IsZero() && when.Before(since)) || (!until.IsZero() && when.After(until))
	})
	part, header := cutPage(c, ids)
	out := []obj{}
	for _, id := range part {
		out = append(out, c.repo.commitJSON(id))
	}
	return reply{status: http.StatusOK, body: out, header: header}, nil
}

func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// touches reports whether a commit changed the path against every parent.
func (r *Repo) touches(c gitobj.Commit, path string) bool {
	if path == "" {
		return true
	}
	path = strings.Trim(path, "/")
	now, _ := r.git.Find(c.Tree, path)
	for _, p := range c.Parents {
		if before, _ := r.git.Find(r.tree(p), path); before == now {
			return false
		}
	}
	return len(c.Parents) > 0 || now.ID != ""
}

func (c *call) compare() (reply, error) {
	base, head, three := strings.Cut(c.path["basehead"], "...")
	if !three {
		return reply{}, notFound()
	}
	a, foundA := c.repo.resolve(ownBranch(c.repo, base))
	b, foundB := c.repo.resolve(ownBranch(c.repo, head))
	if !foundA || !foundB {
		return reply{}, notFound()
	}
	git := c.repo.git
	merge, err := git.MergeBase(a, b)
	if err != nil {
		return reply{}, refuse(http.StatusNotFound, "No common ancestor between %s and %s.", base, head)
	}
	if c.accepts("diff") {
		return rawReply([]byte(c.repo.diffText(c.repo.tree(merge), c.repo.tree(b)))), nil
	}
	ahead, err := git.Log(b, a)
	if err != nil {
		return reply{}, err // unreachable: both resolved
	}
	behind, err := git.Log(a, b)
	if err != nil {
		return reply{}, err // unreachable: both resolved
	}
	slices.Reverse(ahead)
	commits := []obj{}
	for _, id := range ahead {
		commits = append(commits, c.repo.commitJSON(id))
	}
	part, header := cutTo(c, commits, 250)
	files, _, _ := c.repo.filesJSON(c.repo.tree(merge), c.repo.tree(b), b)
	return reply{status: http.StatusOK, header: header, body: obj{
		"url": c.repo.api("/compare/%s...%s", base, head), "html_url": c.repo.web("/compare/%s...%s", base, head),
		"status": comparison(len(ahead), len(behind)), "ahead_by": len(ahead), "behind_by": len(behind), "total_commits": len(ahead),
		"base_commit": c.repo.commitJSON(a), "merge_base_commit": c.repo.commitJSON(merge),
		"commits": part, "files": files[:min(300, len(files))],
	}}, nil
}

// ownBranch cuts "org:" off a branch of the repository itself.
func ownBranch(r *Repo, name string) string { return strings.TrimPrefix(name, r.owner+":") }

func comparison(ahead, behind int) string {
	switch {
	case ahead > 0 && behind > 0:
		return "diverged"
	case ahead > 0:
		return "ahead"
	case behind > 0:
		return "behind"
	}
	return "identical"
}

// listActivity pages by cursor, newest first unless asked otherwise.
func (c *call) listActivity() (reply, error) {
	list := slices.Clone(c.repo.activity)
	if c.query("direction") != "asc" {
		slices.Reverse(list)
	}
	ref := c.query("ref")
	if ref != "" && !strings.HasPrefix(ref, "refs/") {
		ref = "refs/heads/" + ref
	}
	since, known := c.activitySince()
	if !known {
		return reply{}, unprocessable("Invalid time_period")
	}
	list = slices.DeleteFunc(list, func(a activity) bool {
		kind, actor := c.query("activity_type"), c.query("actor")
		return (ref != "" && a.ref != ref) || (kind != "" && a.kind != kind) || a.at.Before(since) ||
			(actor != "" && (a.actor == nil || !strings.EqualFold(a.actor.Login, actor)))
	})
	part, header, err := c.cursorPage(list)
	if err != nil {
		return reply{}, err
	}
	out := []obj{}
	for _, a := range part {
		o := obj{
			"id": a.id, "node_id": nodeID("PSH", a.id), "before": a.before, "after": a.after, "ref": a.ref,
			"timestamp": a.at, "activity_type": a.kind, "actor": c.s.userJSON(a.actor),
		}
		out = append(out, o)
	}
	return reply{status: http.StatusOK, body: out, header: header}, nil
}

func (c *call) activitySince() (time.Time, bool) {
	days := map[string]int{"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}
	period := c.query("time_period")
	if period == "" {
		return time.Time{}, true
	}
	n, known := days[period]
	return c.s.now().AddDate(0, 0, -n), known
}

// cursorPage cuts a list by the opaque cursors "after" and "before", which
// name the last and the first entry of a page.
func (c *call) cursorPage(list []activity) ([]activity, http.Header, error) {
	size, err := strconv.Atoi(c.query("per_page"))
	if err != nil || size < 1 {
		size = 30
	}
	size = min(size, 100)
	at := func(cursor string) int {
		return slices.IndexFunc(list, func(a activity) bool { return nodeID("CUR", a.id) == cursor })
	}
	lo, hi := 0, min(size, len(list))
	if after := c.query("after"); after != "" {
		if lo = at(after) + 1; lo == 0 {
			return nil, nil, unprocessable("The \"after\" cursor is not valid.")
		}
		hi = min(lo+size, len(list))
	} else if before := c.query("before"); before != "" {
		if hi = at(before); hi < 0 {
			return nil, nil, unprocessable("The \"before\" cursor is not valid.")
		}
		lo = max(0, hi-size)
	}
	var links []string
	if hi < len(list) {
		links = append(links, c.link("next", map[string]string{"after": nodeID("CUR", list[hi-1].id), "before": ""}))
	}
	if lo > 0 && lo < len(list) {
		links = append(links, c.link("prev", map[string]string{"before": nodeID("CUR", list[lo].id), "after": ""}))
	}
	header := http.Header{}
	if len(links) > 0 {
		header.Set("Link", strings.Join(links, ", "))
	}
	return list[lo:hi], header, nil
}
