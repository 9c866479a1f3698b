package githubemu

import (
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// maxOutput is the limit of a check run's summary and text, in bytes: a
// longer summary is refused, a longer text is cut.
const maxOutput = 65535

// checkRun is a check run.
type checkRun struct {
	id, suite            int64
	name                 string
	sha                  gitobj.ID
	status, conclusion   string
	app                  *app
	externalID, details  string
	started, completed   time.Time
	title, summary, text string
	annotations          []obj
	actions              []checkAction
}

// checkAction is a button on a check run.
type checkAction struct {
	Label       string `json:"label"`
	Description string `json:"description"`
	Identifier  string `json:"identifier"`
}

// commitStatus is a commit status, the older way to report a check.
type commitStatus struct {
	id                                  int64
	sha                                 gitobj.ID
	state, context, description, target string
	by                                  *User
	appID                               int64 // of the App that set it, or zero
	at                                  time.Time
}

// checkInput is the body of creating and of updating a check run.
type checkInput struct {
	Name, Status, Conclusion *string
	HeadSHA                  gitobj.ID  `json:"head_sha"`
	DetailsURL               *string    `json:"details_url"`
	ExternalID               *string    `json:"external_id"`
	StartedAt                *time.Time `json:"started_at"`
	CompletedAt              *time.Time `json:"completed_at"`
	Output                   *struct {
		Title, Summary, Text *string
		Annotations          []obj
	}
	Actions []checkAction
}

func (in checkInput) check() error {
	states := []string{"", "queued", "in_progress", "completed"}
	ends := []string{"", "success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required"}
	switch {
	case !slices.Contains(states, deref(in.Status)):
		return unprocessable("Invalid request.\n\n%s is not a member of [\"queued\", \"in_progress\", \"completed\"].", *in.Status)
	case !slices.Contains(ends, deref(in.Conclusion)):
		return unprocessable("Invalid request.\n\n%s is not a possible conclusion.", *in.Conclusion)
	case deref(in.Status) == "completed" && deref(in.Conclusion) == "":
		return unprocessable("Invalid request.\n\nA completed check run needs a conclusion.")
	case len(in.Actions) > 3:
		return unprocessable("Invalid request.\n\nNo more than 3 items are allowed; %d were supplied.", len(in.Actions))
	}
	for _, a := range in.Actions {
		if a.Label == "" || utf8.RuneCountInString(a.Label) > 20 || utf8.RuneCountInString(a.Description) > 40 || utf8.RuneCountInString(a.Identifier) > 20 {
			return unprocessable("Invalid request.\n\nAn action's label and identifier have at most 20 characters, its description 40.")
		}
	}
	if in.Output == nil {
		return nil
	}
	switch {
	case in.Output.Summary == nil || in.Output.Title == nil:
		return unprocessable("Invalid request.\n\n\"title\" and \"summary\" are needed in output.")
	case len(*in.Output.Summary) > maxOutput:
		return unprocessable("Invalid request.\n\nOnly %d characters are allowed; %d were supplied.", maxOutput, len(*in.Output.Summary))
	case len(in.Output.Annotations) > 50:
		return unprocessable("Invalid request.\n\nNo more than 50 items are allowed; %d were supplied.", len(in.Output.Annotations))
	}
	return nil
}

// apply takes over what the request names.
func (run *checkRun) apply(in checkInput, now time.Time) {
	set := func(to *string, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&run.name, in.Name)
	set(&run.status, in.Status)
	set(&run.details, in.DetailsURL)
	set(&run.externalID, in.ExternalID)
	if in.StartedAt != nil {
		run.started = *in.StartedAt
	}
	if deref(in.Conclusion) != "" {
		run.conclusion, run.status = *in.Conclusion, "completed"
	}
	if run.status != "completed" {
		run.conclusion, run.completed = "", time.Time{}
	} else if run.completed.IsZero() {
		run.completed = now
	}
	if in.CompletedAt != nil && run.status == "completed" {
		run.completed = *in.CompletedAt
	}
	if in.Output != nil {
		run.title, run.summary = *in.Output.Title, *in.Output.Summary
		set(&run.text, in.Output.Text)
		run.text = strings.ToValidUTF8(run.text[:min(len(run.text), maxOutput)], "")
		run.annotations = append(run.annotations, in.Output.Annotations...)
	}
	if in.Actions != nil {
		run.actions = in.Actions
	}
}

// suiteOf returns the number of the App's suite for a commit.
func (r *Repo) suiteOf(a *app, sha gitobj.ID) int64 {
	for _, run := range r.checks {
		if run.app == a && run.sha == sha {
			return run.suite
		}
	}
	return r.s.id()
}

// anyFailing reports whether some check of the commit has failed.
func (r *Repo) anyFailing(sha gitobj.ID) bool {
	return slices.ContainsFunc(r.checks, func(run *checkRun) bool {
		return run.sha == sha && slices.Contains([]string{"failure", "timed_out", "cancelled", "action_required"}, run.conclusion)
	})
}

// checkJSON is GitHub's "check-run".
func (r *Repo) checkJSON(run *checkRun) obj {
	pulls := []obj{}
	for _, p := range r.pulls {
		if p.state == "open" && p.head == run.sha {
			side := func(ref string, sha gitobj.ID) obj {
				return obj{"ref": ref, "sha": sha, "repo": obj{"id": r.id, "name": r.name, "url": r.api("")}}
			}
			pulls = append(pulls, obj{
				"id": p.id, "number": p.number, "url": r.api("/pulls/%d", p.number),
				"head": side(p.headBranch, p.head), "base": side(p.base, p.baseSHA),
			})
		}
	}
	self := r.api("/check-runs/%d", run.id)
	return obj{
		"id": run.id, "node_id": nodeID("CR", run.id), "name": run.name, "head_sha": run.sha, "external_id": run.externalID,
		"url": self, "html_url": r.web("/runs/%d", run.id), "details_url": orNull(run.details), "status": run.status, "conclusion": orNull(run.conclusion),
		"started_at": timeOrNull(run.started), "completed_at": timeOrNull(run.completed), "app": r.s.appJSON(run.app),
		"check_suite": obj{"id": run.suite, "head_sha": run.sha, "app": r.s.appJSON(run.app)}, "pull_requests": pulls,
		"output": obj{
			"title": orNull(run.title), "summary": orNull(run.summary), "text": orNull(run.text),
			"annotations_count": len(run.annotations), "annotations_url": self + "/annotations",
		},
	}
}

func (c *call) createCheck() (reply, error) {
	var in checkInput
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if deref(in.Name) == "" || in.HeadSHA == "" {
		return reply{}, unprocessable("Invalid request.\n\n\"name\" and \"head_sha\" are needed.")
	}
	if err := in.check(); err != nil {
		return reply{}, err
	}
	if c.repo.git.Has(in.HeadSHA) != "commit" {
		return reply{}, unprocessable("No commit found for SHA: %s", in.HeadSHA)
	}
	run := &checkRun{id: c.s.id(), sha: in.HeadSHA, app: c.who.app, status: "queued", started: c.s.now()}
	run.suite = c.repo.suiteOf(run.app, run.sha)
	run.apply(in, c.s.now())
	c.repo.checks = append(c.repo.checks, run)
	c.repo.emitCheck(run, "created", c.who)
	if run.status == "completed" {
		c.repo.emitCheck(run, "completed", c.who)
	}
	return created(c.repo.checkJSON(run))
}

func (c *call) check() (*checkRun, error) {
	id, err := c.number("check_run_id")
	if err != nil {
		return nil, err
	}
	return c.repo.check(id)
}

func (r *Repo) check(id int64) (*checkRun, error) {
	i := slices.IndexFunc(r.checks, func(run *checkRun) bool { return run.id == id })
	if i < 0 {
		return nil, notFound()
	}
	return r.checks[i], nil
}

func (c *call) getCheck() (reply, error) {
	run, err := c.check()
	if err != nil {
		return reply{}, err
	}
	return ok(c.repo.checkJSON(run))
}

func (c *call) updateCheck() (reply, error) {
	run, err := c.check()
	if err != nil {
		return reply{}, err
	}
	if run.app != c.who.app {
		return reply{}, refuse(http.StatusForbidden, "Invalid app_id `%d` - check run can only be modified by the GitHub App that created it.", c.who.app.ID)
	}
	var in checkInput
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if err := in.check(); err != nil {
		return reply{}, err
	}
	was := run.status
	run.apply(in, c.s.now())
	if run.status == "completed" && was != "completed" {
		c.repo.emitCheck(run, "completed", c.who)
	}
	return ok(c.repo.checkJSON(run))
}

func (c *call) listAnnotations() (reply, error) {
	run, err := c.check()
	if err != nil {
		return reply{}, err
	}
	return page(c, run.annotations)
}

// listChecks lists the runs of a commit; the filter "latest" (the default)
// keeps the newest of each name and App.
func (c *call) listChecks() (reply, error) {
	id, found := c.repo.resolve(c.path["ref"])
	if !found {
		return reply{}, unprocessable("No commit found for SHA: %s", c.path["ref"])
	}
	appID := c.query("app_id")
	type key struct {
		name string
		app  *app
	}
	seen := map[key]bool{}
	list := []obj{}
	for _, run := range slices.Backward(c.repo.checks) {
		k := key{run.name, run.app}
		if run.sha != id || (c.query("filter") != "all" && seen[k]) {
			continue
		}
		seen[k] = true
		name, status := c.query("check_name"), c.query("status")
		if (name == "" || name == run.name) && (status == "" || status == run.status) && (appID == "" || appID == itoa(run.app.ID)) {
			list = append(list, c.repo.checkJSON(run))
		}
	}
	part, header := cutPage(c, list)
	return reply{status: http.StatusOK, header: header, body: obj{"total_count": len(list), "check_runs": part}}, nil
}

// statusJSON is GitHub's "status".
func (r *Repo) statusJSON(st *commitStatus) obj {
	return obj{
		"id": st.id, "node_id": nodeID("SC", st.id), "url": r.api("/statuses/%s", st.sha), "state": st.state, "context": st.context,
		"description": orNull(st.description), "target_url": orNull(st.target), "creator": r.s.userJSON(st.by),
		"created_at": st.at, "updated_at": st.at,
	}
}

func (c *call) createStatus() (reply, error) {
	var in struct {
		State, Context, Description string
		TargetURL                   string `json:"target_url"`
	}
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if in.Context == "" {
		in.Context = "default"
	}
	sha := gitobj.ID(c.path["sha"])
	same := 0
	for _, st := range c.repo.statuses {
		if st.sha == sha && st.context == in.Context {
			same++
		}
	}
	switch {
	case c.repo.git.Has(sha) != "commit":
		return reply{}, unprocessable("No commit found for SHA: %s", sha)
	case !slices.Contains([]string{"error", "failure", "pending", "success"}, in.State):
		return reply{}, invalid("Status", "state", "custom")
	case utf8.RuneCountInString(in.Description) > 140:
		return reply{}, custom("Status", "description is too long (maximum is 140 characters)")
	case same >= 1000:
		return reply{}, custom("Status", "This SHA and context has reached the maximum number of statuses.")
	}
	st := &commitStatus{
		id: c.s.id(), sha: sha, state: in.State, context: in.Context, description: in.Description, target: in.TargetURL,
		by: c.who.user, at: c.s.now(),
	}
	if c.who.app != nil {
		st.appID = c.who.app.ID
	}
	c.repo.statuses = append(c.repo.statuses, st)
	return created(c.repo.statusJSON(st))
}

func (c *call) listStatuses() (reply, error) {
	id, found := c.repo.resolve(c.path["ref"])
	if !found {
		return reply{}, notFound()
	}
	out := []obj{}
	for _, st := range slices.Backward(c.repo.statuses) {
		if st.sha == id {
			out = append(out, c.repo.statusJSON(st))
		}
	}
	return page(c, out)
}

// combinedStatus is the newest status of each context and their sum.
func (c *call) combinedStatus() (reply, error) {
	id, found := c.repo.resolve(c.path["ref"])
	if !found {
		return reply{}, notFound()
	}
	seen, state, list := map[string]bool{}, "success", []obj{}
	for _, st := range slices.Backward(c.repo.statuses) {
		if st.sha != id || seen[st.context] {
			continue
		}
		seen[st.context] = true
		list = append(list, c.repo.statusJSON(st))
		switch {
		case st.state == "failure" || st.state == "error":
			state = "failure"
		case st.state == "pending" && state != "failure":
			state = "pending"
		}
	}
	if len(list) == 0 {
		state = "pending"
	}
	part, header := cutPage(c, list)
	return reply{status: http.StatusOK, header: header, body: obj{
		"state": state, "sha": id, "total_count": len(list), "statuses": part, "repository": c.repo.json(), "url": c.repo.api("/commits/%s/status", id),
	}}, nil
}
