package config

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The keys of aws-access.yaml.
var (
	accessShape = shape{
		what:     "aws-access.yaml",
		required: []string{"version", "phase", "organization", "identity_center", "entra", "approvals", "control_plane"},
		optional: []string{"phase_back", "limits", "protected", "onboarding", "drift", "notify", "merge", "unassign"},
	}
	organizationKeys   = shape{what: "organization", required: []string{"id", "management_account"}}
	identityCenterKeys = shape{what: "identity_center", required: []string{"region", "start_url"}}
	entraKeys          = shape{what: "entra", required: []string{"app"}, optional: []string{"scim_token_expires"}}
	ruleKeys           = shape{
		what:     "a rule",
		required: []string{"name", "match"},
		optional: []string{
			"approvers", "count", "all_of", "max_duration", "default_duration", "standing", "notify",
			"requesters", "reason", "auto", "people",
		},
	}
	matchKeys = shape{
		what:     "match",
		optional: []string{"permission_sets", "accounts", "ous", "tags", "groups", "longer_than", "at_most", "standing"},
	}
	reasonKeys       = shape{what: "reason", optional: []string{"pattern", "ticket"}}
	autoKeys         = shape{what: "auto", required: []string{"per_day"}}
	stepKeys         = shape{what: "a step", required: []string{"approvers"}, optional: []string{"count"}}
	controlPlaneKeys = shape{what: "control_plane", optional: []string{"approvers", "count", "all_of"}}
	limitsKeys       = shape{what: "limits", optional: []string{"removals", "start_by", "people_growth", "allow"}}
	allowKeys        = shape{what: "limits.allow", required: []string{"commit"}, optional: []string{"removals", "permission_sets"}}
	protectedKeys    = shape{what: "an entry", required: []string{"group", "permission_set"}}
	onboardingKeys   = shape{
		what:     "onboarding",
		required: []string{"ou", "approvers"},
		optional: []string{"count", "baseline", "requesters", "iam_read_role", "confirm"},
	}
	confirmKeys = shape{what: "confirm", required: []string{"within"}}
)

// Defaults of aws-access.yaml.
const (
	defaultRemovalPercent = 10
	defaultPeopleGrowth   = 20
	defaultCount          = 1
)

// accessFile decodes aws-access.yaml.
func (f *file) accessFile(n *yaml.Node) *AccessFile {
	o, ok := f.object(n, accessShape)
	if !ok {
		return &AccessFile{}
	}
	a := &AccessFile{
		Version:   int(f.integer(o.get("version"), "version", 1, 1)),
		Phase:     Phase(f.integer(o.get("phase"), "phase", 1, 3)),
		PhaseBack: f.boolean(o.get("phase_back"), "phase_back"),
		Limits:    f.limits(o.get("limits")),
		Protected: f.protectedGrants(o.get("protected"), "protected"),
		Drift:     f.drift(o.get("drift")),
		Merge:     f.merge(o.get("merge")),
		Unassign:  f.unassign(o.get("unassign")),
		Notify:    f.notify(o.get("notify")),
		Approvals: f.rules(o.get("approvals")),
	}
	if p := o.get("phase"); p != nil {
		a.PhasePos = f.position(p)
	}
	f.surroundings(o, a)
	if c := o.get("control_plane"); c != nil {
		a.ControlPos = f.position(c)
		if keys, ok := f.object(c, controlPlaneKeys); ok {
			a.ControlPlane = f.steps(keys, "control_plane", approversOfControlPlane)
		}
	}
	f.onboarding(o.get("onboarding"), &a.Onboarding)
	return a
}

// surroundings decodes what is outside the repo: organization, instance, app.
func (f *file) surroundings(o object, a *AccessFile) {
	if n := o.get("organization"); n != nil {
		if org, ok := f.object(n, organizationKeys); ok {
			a.OrganizationID = f.matching(org.get("id"), "organization id", organizationShape, "copy it from AWS Organizations, like o-a1b2c3d4e5")
			a.ManagementAccount = f.accountID(org.get("management_account"), "management_account")
		}
	}
	if n := o.get("identity_center"); n != nil {
		if ic, ok := f.object(n, identityCenterKeys); ok {
			a.IdentityCenter.Region = f.matching(ic.get("region"), "region", regionShape, "write it like ap-northeast-1")
			a.IdentityCenter.StartURL = f.checked(ic.get("start_url"), "start_url", checkStartURL)
		}
	}
	if n := o.get("entra"); n != nil {
		if entra, ok := f.object(n, entraKeys); ok {
			a.EntraApp = f.uuid(entra.get("app"), "entra app")
			a.SCIMTokenExpires = f.time(entra.get("scim_token_expires"), "scim_token_expires")
		}
	}
}

func checkStartURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(s, " <>|\"'`\\") {
		return &Refusal{fmt.Sprintf("%q is not a portal address", cut(s, 80)), "write it like https://d-9567000000.awsapps.com/start"}
	}
	return nil
}

func (f *file) drift(n *yaml.Node) DriftMode {
	if n == nil {
		return DriftReport
	}
	s, ok := f.word(n, "drift")
	mode := DriftMode(s)
	if ok && mode != DriftReport && mode != DriftRevert {
		f.problem(n, "write report or revert", "drift is %q", cut(s, 80))
	}
	return mode
}

func (f *file) unassign(n *yaml.Node) UnassignMode {
	if n == nil {
		return UnassignReport
	}
	s, ok := f.word(n, "unassign")
	mode := UnassignMode(s)
	if ok && mode != UnassignReport && mode != UnassignRemove {
		f.problem(n, "write report or remove", "unassign is %q", cut(s, 80))
	}
	return mode
}

func (f *file) merge(n *yaml.Node) MergeMode {
	if n == nil {
		return MergeAuto
	}
	s, ok := f.word(n, "merge")
	mode := MergeMode(s)
	if ok && mode != MergeAuto && mode != MergePeople {
		f.problem(n, "write auto or people", "merge is %q", cut(s, 80))
	}
	return mode
}

func (f *file) notify(n *yaml.Node) string {
	return f.matching(n, "notify", channelShape, "write the id or name of one chat channel, without spaces")
}

func (f *file) rules(n *yaml.Node) []Rule {
	var rules []Rule
	names := map[string]bool{}
	for _, item := range f.list(n, "approvals") {
		if len(rules) > 0 && rules[len(rules)-1].Match.everything() {
			f.problem(item, "move the rule with match: {} to the end", "this rule is never reached: the one before it matches everything")
		}
		rule := f.rule(item)
		f.distinct(item, "approvals", rule.Name, names)
		rules = append(rules, rule)
	}
	return rules
}

func (f *file) rule(n *yaml.Node) Rule {
	rule := Rule{Pos: f.position(n), Match: Match{Tags: map[string]string{"": ""}}}
	o, ok := f.object(n, ruleKeys)
	if !ok {
		return rule
	}
	rule.Name = f.name(o.get("name"), "name", 100)
	if m := o.get("match"); m != nil {
		rule.Match = f.match(m)
	}
	rule.Steps = f.steps(o, "the rule", approversOfRule)
	rule.MaxDuration = f.duration(o.get("max_duration"), "max_duration")
	rule.DefaultDuration = f.duration(o.get("default_duration"), "default_duration")
	rule.Standing = f.boolean(o.get("standing"), "standing")
	rule.Notify = f.notify(o.get("notify"))
	if rule.MaxDuration > 0 && rule.DefaultDuration > rule.MaxDuration {
		f.problem(o.get("default_duration"), "make it max_duration at most", "default_duration is longer than max_duration")
	}
	f.conditions(o, &rule)
	return rule
}

func (f *file) permissionSetName(n *yaml.Node) string {
	return f.matching(n, "permission set", permissionSetShape, "use 1 to 32 letters, digits and _ + = , . @ -")
}

// steps decodes either approvers with a count, or all_of with several such.
func (f *file) steps(o object, what string, allowed approverUse) Steps {
	list := o.get("all_of")
	switch {
	case list != nil && (o.get("approvers") != nil || o.get("count") != nil):
		f.problem(list, "put every approvers and count under all_of, or drop all_of", "%s has both all_of and approvers or count beside it", what)
		return nil
	case list == nil && o.get("approvers") == nil:
		f.problem(o.node, "add approvers and count, or all_of", "%s has no approvers", what)
		return nil
	case list == nil:
		return Steps{f.step(o, allowed)}
	}
	var steps Steps
	for _, item := range f.list(list, "all_of") {
		if step, ok := f.object(item, stepKeys); ok {
			steps = append(steps, f.step(step, allowed))
		}
	}
	return steps
}

func (f *file) step(o object, allowed approverUse) Step {
	s := Step{Approvers: f.approvers(o.get("approvers"), "approvers", allowed), Count: defaultCount}
	if n := o.get("count"); n != nil {
		s.Count = int(f.integer(n, "count", 1, 100))
		f.enoughPeople(n, s)
	}
	return s
}

// enoughPeople reports a count that the named people can never reach.
func (f *file) enoughPeople(n *yaml.Node, s Step) {
	for _, a := range s.Approvers {
		if a.Kind != ApproverEmail {
			return
		}
	}
	if len(s.Approvers) > 0 && s.Count > len(s.Approvers) {
		f.problem(n, "name more approvers, or ask for fewer", "count is %d, more than the people that are named (%d)", s.Count, len(s.Approvers))
	}
}

func (f *file) limits(n *yaml.Node) Limits {
	l := Limits{RemovalPercent: defaultRemovalPercent, PeopleGrowthPercent: defaultPeopleGrowth}
	if n == nil {
		return l
	}
	o, ok := f.object(n, limitsKeys)
	if !ok {
		return l
	}
	l.RemovalPercent = f.percent(o.get("removals"), "removals", l.RemovalPercent, 0, 100)
	l.PeopleGrowthPercent = f.percent(o.get("people_growth"), "people_growth", l.PeopleGrowthPercent, 0, 999)
	l.StartBy = f.duration(o.get("start_by"), "start_by")
	if n := o.get("allow"); n != nil {
		if a, ok := f.object(n, allowKeys); ok {
			l.Allow = &RemovalAllowance{
				Commit:         f.matching(a.get("commit"), "commit", commitShape, "write the full commit id, 40 hex digits in quotes if they are all digits"),
				Removals:       int(f.integer(a.get("removals"), "removals", 1, math.MaxInt32)),
				PermissionSets: f.texts(a.get("permission_sets"), "permission_sets", f.permissionSetName),
			}
			if a.get("removals") == nil && a.get("permission_sets") == nil {
				f.problem(n, "add removals, permission_sets or both, as the message that holds something back prints them", "limits.allow allows nothing")
			}
		}
	}
	return l
}

func (f *file) protectedGrants(n *yaml.Node, what string) []ProtectedGrant {
	var out []ProtectedGrant
	seen := map[string]bool{}
	for _, item := range f.list(n, what) {
		o, ok := f.object(item, protectedKeys)
		if !ok {
			continue
		}
		p := ProtectedGrant{Group: f.slug(o.get("group"), "group"), Pos: f.position(item)}
		if set := o.get("permission_set"); set != nil {
			p.PermissionSet = f.permissionSetName(set)
		}
		f.refer(refGroup, p.Group, o.get("group"))
		f.distinct(item, what, p.Group+" "+p.PermissionSet, seen)
		out = append(out, p)
	}
	return out
}

func (f *file) onboarding(n *yaml.Node, ob *Onboarding) {
	if n == nil {
		return
	}
	o, ok := f.object(n, onboardingKeys)
	if !ok {
		return
	}
	ob.Pos = f.position(n)
	ob.OU = f.checked(o.get("ou"), "ou", checkOU)
	step := f.step(o, approversOfOnboarding)
	ob.Approvers, ob.Count = step.Approvers, step.Count
	ob.Baseline = f.protectedGrants(o.get("baseline"), "baseline")
	ob.Requesters = f.approvers(o.get("requesters"), "requesters", requestersOfOnboarding)
	ob.IAMReadRole = f.matching(o.get("iam_read_role"), "iam_read_role", roleNameShape, "write the name of the role alone, no ARN: 1 to 64 letters, digits and _ + = , . @ -")
	ob.ConfirmWithin = f.confirm(o.get("confirm"))
}

// approverUse says which references a list of people may have.
type approverUse struct {
	kinds    []ApproverKind
	mend     string
	approves bool // those named must be able to approve on GitHub
}

var (
	approversOfRule = approverUse{
		[]ApproverKind{ApproverAccountOwners, ApproverGroupOwners, ApproverManager, ApproverControlPlane, ApproverTeam, ApproverEmail},
		"write account-owners, group-owners, requester-manager, control-plane, team:<slug> or an e-mail address", true,
	}
	requestersOfRule = approverUse{
		[]ApproverKind{ApproverTeam, RequesterGroup, ApproverEmail},
		"write team:<slug>, group:<slug> or an e-mail address", false,
	}
	approversOfControlPlane = approverUse{
		[]ApproverKind{ApproverTeam, ApproverEmail}, "write team:<slug> or an e-mail address", true,
	}
	approversOfOnboarding = approverUse{
		[]ApproverKind{ApproverControlPlane, ApproverTeam, ApproverEmail},
		"write control-plane, team:<slug> or an e-mail address", true,
	}
	requestersOfOnboarding = approverUse{approversOfOnboarding.kinds, approversOfOnboarding.mend, false}
	ownersOfFile           = approverUse{approversOfControlPlane.kinds, approversOfControlPlane.mend, false}
)

// approvers decodes a list of people references.
func (f *file) approvers(n *yaml.Node, what string, use approverUse) []ApproverRef {
	var out []ApproverRef
	seen := map[string]bool{}
	for _, item := range f.list(n, what) {
		ref, ok := f.approver(item, what, use)
		if !ok {
			continue
		}
		f.distinct(item, what, ref.String(), seen)
		out = append(out, ref)
	}
	return out
}

func (f *file) approver(n *yaml.Node, what string, use approverUse) (ApproverRef, bool) {
	s, ok := f.text(n, what)
	if !ok {
		return ApproverRef{}, false
	}
	ref, err := parseApprover(s)
	if err != nil {
		err.Mend = cmp.Or(err.Mend, use.mend)
		f.refuse(n, what, err)
		return ref, false
	}
	allowed := false
	for _, kind := range use.kinds {
		allowed = allowed || kind == ref.Kind
	}
	if !allowed {
		f.problem(n, use.mend, "%q cannot stand in %s here", s, what)
		return ref, false
	}
	switch {
	case ref.Kind == ApproverTeam:
		f.refer(refTeam, ref.Name, n)
	case ref.Kind == RequesterGroup:
		f.refer(refGroup, ref.Name, n)
	case ref.Kind == ApproverEmail && use.approves:
		f.refer(refApprover, ref.Name, n)
	case ref.Kind == ApproverEmail:
		f.refer(refPerson, ref.Name, n)
	}
	return ref, true
}

// parseApprover reads one reference to people.
func parseApprover(s string) (ApproverRef, *Refusal) {
	switch kind := ApproverKind(s); kind {
	case ApproverAccountOwners, ApproverGroupOwners, ApproverManager, ApproverControlPlane:
		return ApproverRef{Kind: kind}, nil
	}
	if slug, ok := strings.CutPrefix(s, "group:"); ok {
		if !isSlug(slug) {
			return ApproverRef{}, &Refusal{fmt.Sprintf("%q is not a group", s), "write group: and the slug of a group file"}
		}
		return ApproverRef{RequesterGroup, slug}, nil
	}
	if team, ok := strings.CutPrefix(s, "team:"); ok {
		if !teamShape.MatchString(team) {
			return ApproverRef{}, &Refusal{fmt.Sprintf("%q is not a team", s), "write team: and the slug of a team in people.yaml"}
		}
		return ApproverRef{ApproverTeam, team}, nil
	}
	if emailShape.MatchString(s) {
		return ApproverRef{ApproverEmail, strings.ToLower(s)}, nil
	}
	return ApproverRef{}, &Refusal{fmt.Sprintf("%q names nobody", cut(s, 80)), ""}
}
