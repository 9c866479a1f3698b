package githubemu

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// Ruleset is a repository ruleset for branches.
type Ruleset struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	// Enforcement is active, evaluate or disabled.
	Enforcement string `json:"enforcement"`
	// Include and Exclude are ref patterns: ~DEFAULT_BRANCH, ~ALL, or like
	// refs/heads/access/**.
	Include []string `json:"include"`
	Exclude []string `json:"exclude"`
	Bypass  []Bypass `json:"bypass"`
	Rules   []Rule   `json:"rules"`
	// Created and Updated are set by the emulator.
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
}

// Bypass is an actor that a ruleset does not bind.
type Bypass struct {
	// ActorID is the number of the App (Integration), team (Team) or role
	// (RepositoryRole: 2 maintain, 4 write, 5 admin); ignored for
	// OrganizationAdmin.
	ActorID   int64  `json:"actor_id"`
	ActorType string `json:"actor_type"`
	// Mode is always, or pull_request for merges only.
	Mode string `json:"bypass_mode"`
}

// Rule is one rule of a ruleset.
type Rule struct {
	// Type is creation, update, deletion, non_fast_forward, pull_request,
	// required_status_checks, required_linear_history or merge_queue; others
	// are kept and shown, but bind nobody.
	Type       string      `json:"type"`
	Parameters *RuleParams `json:"parameters,omitempty"`
}

// RuleParams are the parameters of the rule types that have any.
type RuleParams struct {
	// Of pull_request.
	DismissStale     *bool `json:"dismiss_stale_reviews_on_push,omitempty"`
	CodeOwners       *bool `json:"require_code_owner_review,omitempty"`
	LastPushApproval *bool `json:"require_last_push_approval,omitempty"`
	Approvals        *int  `json:"required_approving_review_count,omitempty"`
	ThreadsResolved  *bool `json:"required_review_thread_resolution,omitempty"`
	// Of required_status_checks.
	Checks []RequiredCheck `json:"required_status_checks,omitempty"`
	Strict *bool           `json:"strict_required_status_checks_policy,omitempty"`
	// Of update.
	FetchAndMerge *bool `json:"update_allows_fetch_and_merge,omitempty"`
	// Of merge_queue.
	*QueueParams
}

// RequiredCheck is a check that must have succeeded.
type RequiredCheck struct {
	Context string `json:"context"`
	// AppID is the App it must come from; zero is any source.
	AppID int64 `json:"integration_id,omitempty"`
}

// AccessRulesets are the two rulesets that a repository of desired access
// has: the default branch takes pull requests only, with a strict check from
// one App and no bypass; branches of the prefix ("access/") are that App's.
func AccessRulesets(check string, appID int64, prefix string) []Ruleset {
	yes, no, zero := true, false, 0
	return []Ruleset{
		{
			Name: "default branch", Enforcement: "active", Include: []string{"~DEFAULT_BRANCH"},
			Rules: []Rule{
				{Type: "deletion"}, {Type: "non_fast_forward"},
				{Type: "pull_request", Parameters: &RuleParams{
					DismissStale: &yes, CodeOwners: &no, LastPushApproval: &no, Approvals: &zero, ThreadsResolved: &no,
				}},
				{Type: "required_status_checks", Parameters: &RuleParams{Strict: &yes, Checks: []RequiredCheck{{check, appID}}}},
			},
		},
		{
			Name: "request branches", Enforcement: "active", Include: []string{"refs/heads/" + prefix + "**"},
			Bypass: []Bypass{{ActorID: appID, ActorType: "Integration", Mode: "always"}},
			Rules:  []Rule{{Type: "creation"}, {Type: "update"}, {Type: "deletion"}, {Type: "non_fast_forward"}},
		},
	}
}

// PutRuleset adds a ruleset, or replaces the one with the same number, and
// returns its number.
func (r *Repo) PutRuleset(rs Ruleset) int64 {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.putRuleset(rs).ID
}

func (r *Repo) putRuleset(rs Ruleset) *Ruleset {
	rs.Updated = r.s.now()
	if rs.Enforcement == "" {
		rs.Enforcement = "active"
	}
	if i := slices.IndexFunc(r.rulesets, func(o *Ruleset) bool { return o.ID == rs.ID }); i >= 0 {
		rs.Created = r.rulesets[i].Created
		r.rulesets[i] = &rs
		return &rs
	}
	if rs.ID == 0 {
		rs.ID = r.s.id()
	}
	rs.Created = rs.Updated
	r.rulesets = append(r.rulesets, &rs)
	return &rs
}

// RemoveRuleset removes a ruleset, if it is there.
func (r *Repo) RemoveRuleset(id int64) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.rulesets = slices.DeleteFunc(r.rulesets, func(rs *Ruleset) bool { return rs.ID == id })
}

// matches reports whether the ruleset is about the ref.
func (rs *Ruleset) matches(r *Repo, ref string) bool {
	fits := func(pattern string) bool {
		switch pattern {
		case "~ALL":
			return true
		case "~DEFAULT_BRANCH":
			return ref == "refs/heads/"+r.main
		}
		if prefix, deep := strings.CutSuffix(pattern, "/**"); deep && strings.HasPrefix(ref, prefix+"/") {
			return true
		}
		if prefix, deep := strings.CutSuffix(pattern, "/**/*"); deep && strings.HasPrefix(ref, prefix+"/") {
			return true
		}
		ok, err := path.Match(pattern, ref)
		return err == nil && ok
	}
	return slices.ContainsFunc(rs.Include, fits) && !slices.ContainsFunc(rs.Exclude, fits)
}

// bypasses reports whether the actor is exempt, for a push or for a merge.
func (rs *Ruleset) bypasses(r *Repo, who identity, merge bool) bool {
	return slices.ContainsFunc(rs.Bypass, func(b Bypass) bool {
		if b.Mode == "pull_request" && !merge {
			return false
		}
		switch b.ActorType {
		case "Integration":
			return who.app != nil && who.app.ID == b.ActorID
		case "OrganizationAdmin":
			return who.person() && r.s.orgRoles[who.user.ID] == "admin"
		case "RepositoryRole":
			need := map[int64]string{2: "maintain", 4: "write", 5: "admin"}[b.ActorID]
			return who.person() && need != "" && atLeast(r.role(who.user), need)
		case "Team":
			return who.person() && r.s.inTeam(b.ActorID, who.user)
		}
		return false
	})
}

// binding returns the active rules on a ref that bind the actor; classic
// branch protection counts as a ruleset.
func (r *Repo) binding(ref string, who identity, merge bool) []Rule {
	var out []Rule
	for _, rs := range r.rulesets {
		if rs.Enforcement == "active" && rs.matches(r, ref) && !rs.bypasses(r, who, merge) {
			out = append(out, rs.Rules...)
		}
	}
	if p := r.protections[strings.TrimPrefix(ref, "refs/heads/")]; p != nil {
		admin := who.person() && r.role(who.user) == "admin"
		if !admin || p.EnforceAdmins {
			out = append(out, p.rules()...)
		}
	}
	return out
}

// behindBase is the problem of a strict check; queueOnly is how GitHub
// refuses to merge or push past a merge queue.
const (
	behindBase = "The head branch is not up to date with the base branch."
	queueOnly  = "Changes must be made through the merge queue"
)

// violation is the refusal that names the broken rules.
func violation(status int, problems []string) *Error {
	return refuse(status, "Repository rule violations found\n\n%s\n\n", strings.Join(problems, "\n\n"))
}

// pushProblems says which rules a direct change of a ref breaks.
func (r *Repo) pushProblems(u refUpdate, old gitobj.ID, rewrite bool) []string {
	var out []string
	for _, rule := range r.binding(u.ref, u.by, false) {
		switch {
		case rule.Type == "creation" && old == "":
			out = append(out, "Cannot create ref due to creations being restricted.")
		case rule.Type == "update" && old != "" && u.to != "":
			out = append(out, "Cannot update this protected ref.")
		case rule.Type == "deletion" && u.to == "":
			out = append(out, "Cannot delete this protected ref.")
		case rule.Type == "non_fast_forward" && rewrite:
			out = append(out, "Cannot force-push to this protected ref.")
		case rule.Type == "merge_queue" && u.to != "" && old != "":
			out = append(out, queueOnly)
		case rule.Type == "pull_request" && u.to != "" && old != "":
			out = append(out, "Changes must be made through a pull request.")
		case rule.Type == "required_status_checks" && u.to != "" && old != "":
			out = append(out, r.checkProblems(rule, u.to)...)
		}
	}
	return out
}

// mergeProblems says which rules merging a pull request breaks, and whether
// being behind its base is one of them.
func (r *Repo) mergeProblems(p *pull, who identity, method string) (out []string, behind bool) {
	for _, rule := range r.binding("refs/heads/"+p.base, who, true) {
		switch rule.Type {
		case "update":
			out = append(out, "Cannot update this protected ref.")
		case "required_linear_history":
			if method == "merge" {
				out = append(out, "This branch must not contain merge commits.")
			}
		case "pull_request":
			out = append(out, r.reviewProblems(p, rule)...)
		case "required_status_checks":
			out = append(out, r.checkProblems(rule, p.head)...)
			if rule.Parameters != nil && deref(rule.Parameters.Strict) && !r.git.IsAncestor(r.refs["refs/heads/"+p.base], p.head) {
				behind = true
				out = append(out, behindBase)
			}
		}
	}
	return out, behind
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// checkProblems names the required checks that the commit lacks.
func (r *Repo) checkProblems(rule Rule, sha gitobj.ID) []string {
	var out []string
	if rule.Parameters == nil {
		return nil
	}
	for _, req := range rule.Parameters.Checks {
		switch state := r.checkState(sha, req); state {
		case "success":
		case "":
			out = append(out, fmt.Sprintf("Required status check %q is expected.", req.Context))
		default:
			out = append(out, fmt.Sprintf("Required status check %q is %s.", req.Context, state))
		}
	}
	return out
}

// checkState is the state of a required check on a commit: success, failing,
// "in progress", or empty when there is none.
func (r *Repo) checkState(sha gitobj.ID, req RequiredCheck) string {
	var last *checkRun
	for _, run := range r.checks {
		if run.sha == sha && run.name == req.Context && (req.AppID == 0 || run.app.ID == req.AppID) {
			last = run
		}
	}
	if last != nil {
		switch {
		case last.status != "completed":
			return "in progress"
		case slices.Contains([]string{"success", "neutral", "skipped"}, last.conclusion):
			return "success"
		}
		return "failing"
	}
	for _, st := range slices.Backward(r.statuses) {
		if st.sha == sha && st.context == req.Context && (req.AppID == 0 || st.appID == req.AppID) {
			return map[string]string{"success": "success", "pending": "in progress"}[st.state] + map[string]string{"failure": "failing", "error": "failing"}[st.state]
		}
	}
	return ""
}

// reviewProblems checks the counted approvals of a pull_request rule:
// opinions of people who may write, on any commit that was not dismissed.
func (r *Repo) reviewProblems(p *pull, rule Rule) []string {
	if rule.Parameters == nil {
		return nil
	}
	need, have, blocked := deref(rule.Parameters.Approvals), 0, false
	lastPusher := r.lastPusher(p)
	for _, rev := range p.opinions() {
		if !rev.by.isBot() && !atLeast(r.role(rev.by), "write") {
			continue
		}
		switch rev.state {
		case "APPROVED":
			if !deref(rule.Parameters.LastPushApproval) || lastPusher == nil || lastPusher.ID != rev.by.ID {
				have++
			}
		case "CHANGES_REQUESTED":
			blocked = true
		}
	}
	var out []string
	if have < need {
		out = append(out, fmt.Sprintf("At least %d approving review is required by reviewers with write access.", need))
	}
	if blocked && need > 0 {
		out = append(out, "Changes have been requested.")
	}
	return out
}

// lastPusher is who moved the pull request's branch last, or nil.
func (r *Repo) lastPusher(p *pull) *User {
	for _, a := range slices.Backward(r.activity) {
		if a.ref == p.headRef() {
			return a.actor
		}
	}
	return nil
}

// dismissesStale reports whether a push takes approvals back for pull
// requests into the branch.
func (r *Repo) dismissesStale(base string) bool {
	for _, rule := range r.binding("refs/heads/"+base, identity{app: &app{}, user: &User{}}, true) {
		if rule.Type == "pull_request" && rule.Parameters != nil && deref(rule.Parameters.DismissStale) {
			return true
		}
	}
	return false
}

// rulesetJSON is GitHub's "repository-ruleset". Who may bypass it is shown
// to those who may change it only.
func (r *Repo) rulesetJSON(rs *Ruleset, full, mayWrite bool) obj {
	out := obj{
		"id": rs.ID, "name": rs.Name, "target": "branch", "source_type": "Repository", "source": r.full(),
		"enforcement": rs.Enforcement, "node_id": nodeID("RRS", rs.ID), "created_at": rs.Created, "updated_at": rs.Updated,
		"_links": obj{"self": obj{"href": r.api("/rulesets/%d", rs.ID)}, "html": obj{"href": r.web("/rules/%d", rs.ID)}},
	}
	if !full {
		return out
	}
	out["conditions"] = obj{"ref_name": obj{"include": nonNil(rs.Include), "exclude": nonNil(rs.Exclude)}}
	out["rules"] = nonNil(rs.Rules)
	if mayWrite {
		out["bypass_actors"] = nonNil(rs.Bypass)
		out["current_user_can_bypass"] = "never"
	}
	return out
}

// nonNil makes an empty list of a nil one, since GitHub writes [] there.
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (c *call) branchRules() (reply, error) {
	out := []obj{}
	for _, rs := range c.repo.rulesets {
		if rs.Enforcement != "active" || !rs.matches(c.repo, "refs/heads/"+c.path["branch"]) {
			continue
		}
		for _, rule := range rs.Rules {
			o := obj{"type": rule.Type, "ruleset_source_type": "Repository", "ruleset_source": c.repo.full(), "ruleset_id": rs.ID}
			if rule.Parameters != nil {
				o["parameters"] = rule.Parameters
			}
			out = append(out, o)
		}
	}
	return page(c, out)
}

func (c *call) listRulesets() (reply, error) {
	out := []obj{}
	for _, rs := range c.repo.rulesets {
		out = append(out, c.repo.rulesetJSON(rs, false, false))
	}
	return page(c, out)
}

func (c *call) ruleset() (*Ruleset, error) {
	id, err := c.number("ruleset_id")
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(c.repo.rulesets, func(rs *Ruleset) bool { return rs.ID == id })
	if i < 0 {
		return nil, notFound()
	}
	return c.repo.rulesets[i], nil
}

func (c *call) getRuleset() (reply, error) {
	rs, err := c.ruleset()
	if err != nil {
		return reply{}, err
	}
	return ok(c.repo.rulesetJSON(rs, true, c.s.may(c.who, c.repo, "administration:write")))
}

// rulesetInput is the body of creating and updating a ruleset.
type rulesetInput struct {
	Name, Target, Enforcement string
	BypassActors              []Bypass `json:"bypass_actors"`
	Conditions                struct {
		RefName struct{ Include, Exclude []string } `json:"ref_name"`
	}
	Rules []Rule
}

func (c *call) readRuleset(id int64) (Ruleset, error) {
	var in rulesetInput
	if err := json.Unmarshal(c.body, &in); err != nil {
		return Ruleset{}, refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	if in.Name == "" || !slices.Contains([]string{"active", "evaluate", "disabled"}, in.Enforcement) || (in.Target != "" && in.Target != "branch") {
		return Ruleset{}, unprocessable("Invalid request.\n\nname, target or enforcement is missing or not supported.")
	}
	if err := c.repo.checkQueueRules(in.Rules); err != nil {
		return Ruleset{}, err
	}
	return Ruleset{
		ID: id, Name: in.Name, Enforcement: in.Enforcement, Bypass: in.BypassActors, Rules: in.Rules,
		Include: in.Conditions.RefName.Include, Exclude: in.Conditions.RefName.Exclude,
	}, nil
}

func (c *call) createRuleset() (reply, error) {
	rs, err := c.readRuleset(0)
	if err != nil {
		return reply{}, err
	}
	return created(c.repo.rulesetJSON(c.repo.putRuleset(rs), true, true))
}

func (c *call) updateRuleset() (reply, error) {
	old, err := c.ruleset()
	if err != nil {
		return reply{}, err
	}
	rs, err := c.readRuleset(old.ID)
	if err != nil {
		return reply{}, err
	}
	return ok(c.repo.rulesetJSON(c.repo.putRuleset(rs), true, true))
}

func (c *call) deleteRuleset() (reply, error) {
	rs, err := c.ruleset()
	if err != nil {
		return reply{}, err
	}
	c.repo.rulesets = slices.DeleteFunc(c.repo.rulesets, func(o *Ruleset) bool { return o == rs })
	return noContent()
}
