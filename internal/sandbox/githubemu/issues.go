package githubemu

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// comment is a comment on the conversation of a pull request.
type comment struct {
	id               int64
	by               *User
	app              *app // the App it was made through, or nil
	body             string
	created, updated time.Time
}

// label is a label of the repository.
type label struct {
	id                       int64
	name, color, description string
}

func checkBody(body string) error {
	if strings.TrimSpace(body) == "" {
		return invalid("IssueComment", "body", "missing_field")
	}
	if utf8.RuneCountInString(body) > maxBody {
		return custom("IssueComment", "body is too long (maximum is %d characters)", maxBody)
	}
	return nil
}

// addComment adds a comment.
func (r *Repo) addComment(p *pull, by identity, body string) (*comment, error) {
	if err := checkBody(body); err != nil {
		return nil, err
	}
	cm := &comment{id: r.s.id(), by: by.user, app: by.app, body: body, created: r.s.now(), updated: r.s.now()}
	p.comments = append(p.comments, cm)
	p.updated = r.s.now()
	r.emit("issue_comment", "created", by, obj{"issue": r.issueJSON(p), "comment": r.commentJSON(p, cm)})
	return cm, nil
}

// commentJSON is GitHub's "issue-comment".
func (r *Repo) commentJSON(p *pull, cm *comment) obj {
	var via any // null for a person's own
	if cm.app != nil {
		via = r.s.appJSON(cm.app)
	}
	return obj{
		"performed_via_github_app": via,
		"id":                       cm.id, "node_id": nodeID("IC", cm.id), "user": r.s.userJSON(cm.by), "body": cm.body, "created_at": cm.created, "updated_at": cm.updated,
		"url": r.api("/issues/comments/%d", cm.id), "html_url": r.web("/pull/%d#issuecomment-%d", p.number, cm.id),
		"issue_url": r.api("/issues/%d", p.number), "author_association": r.association(cm.by),
	}
}

// issueJSON is GitHub's "issue" for a pull request.
func (r *Repo) issueJSON(p *pull) obj {
	return obj{
		"id": p.id, "node_id": nodeID("PR", p.id), "number": p.number, "title": p.title, "body": orNull(p.body), "state": p.state,
		"user": r.s.userJSON(p.author), "labels": r.labelsJSON(p), "comments": len(p.comments), "created_at": p.created, "updated_at": p.updated,
		"closed_at": timeOrNull(p.closed), "url": r.api("/issues/%d", p.number), "html_url": r.web("/pull/%d", p.number),
		"pull_request": obj{"url": r.api("/pulls/%d", p.number), "html_url": r.web("/pull/%d", p.number), "merged_at": timeOrNull(p.merged)},
	}
}

func (c *call) getIssue() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	return ok(c.repo.issueJSON(p))
}

func (c *call) listComments() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	since := parseTime(c.query("since"))
	out := []obj{}
	for _, cm := range p.comments {
		if !cm.updated.Before(since) {
			out = append(out, c.repo.commentJSON(p, cm))
		}
	}
	return page(c, out)
}

func (c *call) createComment() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	var in struct{ Body string }
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	cm, err := c.repo.addComment(p, c.who, in.Body)
	if err != nil {
		return reply{}, err
	}
	return created(c.repo.commentJSON(p, cm))
}

// comment finds the comment of the path and its pull request.
func (c *call) comment() (*pull, *comment, error) {
	id, err := c.number("comment_id")
	if err != nil {
		return nil, nil, err
	}
	for _, p := range c.repo.pulls {
		for _, cm := range p.comments {
			if cm.id == id {
				return p, cm, nil
			}
		}
	}
	return nil, nil, notFound()
}

func (c *call) getComment() (reply, error) {
	p, cm, err := c.comment()
	if err != nil {
		return reply{}, err
	}
	return ok(c.repo.commentJSON(p, cm))
}

// mayChange reports whether the caller may edit or delete a comment.
func (c *call) mayChange(cm *comment) error {
	if c.who.user == cm.by || c.s.may(c.who, c.repo, "contents:write") {
		return nil
	}
	return refuse(http.StatusForbidden, "Must have admin rights to Repository.")
}

func (c *call) editComment() (reply, error) {
	p, cm, err := c.comment()
	if err != nil {
		return reply{}, err
	}
	var in struct{ Body string }
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if err := c.mayChange(cm); err != nil {
		return reply{}, err
	}
	if err := checkBody(in.Body); err != nil {
		return reply{}, err
	}
	cm.body, cm.updated = in.Body, c.s.now()
	return ok(c.repo.commentJSON(p, cm))
}

func (c *call) deleteComment() (reply, error) {
	p, cm, err := c.comment()
	if err != nil {
		return reply{}, err
	}
	if err := c.mayChange(cm); err != nil {
		return reply{}, err
	}
	p.comments = slices.DeleteFunc(p.comments, func(o *comment) bool { return o == cm })
	return noContent()
}

// labelJSON is GitHub's "label".
func (r *Repo) labelJSON(l *label) obj {
	return obj{
		"id": l.id, "node_id": nodeID("LA", l.id), "name": l.name, "color": l.color, "description": orNull(l.description),
		"default": false, "url": r.api("/labels/%s", l.name),
	}
}

func (r *Repo) findLabel(name string) *label {
	for _, l := range r.labels {
		if strings.EqualFold(l.name, name) {
			return l
		}
	}
	return nil
}

func (r *Repo) labelsJSON(p *pull) []obj {
	out := []obj{}
	for _, name := range p.labels {
		if l := r.findLabel(name); l != nil {
			out = append(out, r.labelJSON(l))
		}
	}
	return out
}

func (c *call) listRepoLabels() (reply, error) {
	out := []obj{}
	for _, l := range c.repo.labels {
		out = append(out, c.repo.labelJSON(l))
	}
	return page(c, out)
}

func (c *call) getLabel() (reply, error) {
	l := c.repo.findLabel(c.path["name"])
	if l == nil {
		return reply{}, notFound()
	}
	return ok(c.repo.labelJSON(l))
}

func (c *call) createLabel() (reply, error) {
	var in struct{ Name, Color, Description string }
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	switch {
	case strings.TrimSpace(in.Name) == "":
		return reply{}, invalid("Label", "name", "missing_field")
	case len(in.Color) != 0 && (len(in.Color) != 6 || strings.Trim(in.Color, "0123456789abcdefABCDEF") != ""):
		return reply{}, invalid("Label", "color", "invalid")
	case utf8.RuneCountInString(in.Name) > 50:
		return reply{}, custom("Label", "name is too long (maximum is 50 characters)")
	case utf8.RuneCountInString(in.Description) > 100:
		return reply{}, custom("Label", "description is too long (maximum is 100 characters)")
	case c.repo.findLabel(in.Name) != nil:
		return reply{}, invalid("Label", "name", "already_exists")
	}
	return created(c.repo.labelJSON(c.repo.addLabel(in.Name, in.Color, in.Description)))
}

func (r *Repo) addLabel(name, color, description string) *label {
	if color == "" {
		color = "ededed"
	}
	l := &label{r.s.id(), name, color, description}
	r.labels = append(r.labels, l)
	return l
}

// readLabels reads the two forms of a list of labels: {"labels":[…]} and […].
func (c *call) readLabels() ([]string, error) {
	var in struct{ Labels []string }
	if err := json.Unmarshal(c.body, &in.Labels); err == nil {
		return in.Labels, nil
	}
	err := c.decode(&in)
	return in.Labels, err
}

func (c *call) listLabels() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	return page(c, c.repo.labelsJSON(p))
}

func (c *call) addLabels() (reply, error) { return c.label(false) }
func (c *call) setLabels() (reply, error) { return c.label(true) }

// label adds labels to a pull request, or replaces them; names that the
// repository does not have yet are made.
func (c *call) label(replace bool) (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	names, err := c.readLabels()
	if err != nil {
		return reply{}, err
	}
	if replace {
		p.labels = nil
	}
	for _, name := range names {
		l := c.repo.findLabel(name)
		if l == nil {
			l = c.repo.addLabel(name, "", "")
		}
		if !slices.Contains(p.labels, l.name) {
			p.labels = append(p.labels, l.name)
			c.repo.emitPull(p, "labeled", c.who, obj{"label": c.repo.labelJSON(l)})
		}
	}
	return ok(c.repo.labelsJSON(p))
}

func (c *call) removeLabel() (reply, error) {
	p, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	i := slices.IndexFunc(p.labels, func(n string) bool { return strings.EqualFold(n, c.path["name"]) })
	if i < 0 {
		return reply{}, refuse(http.StatusNotFound, "Label does not exist")
	}
	p.labels = slices.Delete(p.labels, i, i+1)
	return ok(c.repo.labelsJSON(p))
}
