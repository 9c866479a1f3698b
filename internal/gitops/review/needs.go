package review

import (
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// collectNeeds derives everything that must be approved.
func (e *evaluation) collectNeeds() {
	c := e.in.Change
	if e.controlNeeded() {
		e.need(Need{Subject: SubjectControl, Rule: "control plane", Steps: e.steps(e.in.Base.Access.ControlPlane)}, sides{})
	}
	if len(c.NewAccounts) > 0 {
		e.need(Need{Subject: SubjectOnboarding, Rule: "onboarding", Steps: e.onboarding()}, sides{})
	}
	for i := range c.Added {
		e.gain(SubjectAdd, &c.Added[i])
	}
	for i := range c.Lengthened {
		e.gain(SubjectLengthen, &c.Lengthened[i])
	}
	e.idleLines()
	e.changedReasons()
	exempt := e.removalExempt()
	for i := range c.Shortened {
		e.loss(SubjectShorten, &c.Shortened[i], exempt)
	}
	for i := range c.Removed {
		e.loss(SubjectRemove, &c.Removed[i], exempt)
	}
	e.narrowedLines()
}

// controlNeeded reports whether the control plane must approve: for its
// fields, and for a new group or user file that comes with no grant whose
// rule could decide.
func (e *evaluation) controlNeeded() bool {
	c := e.in.Change
	if len(c.Control) > 0 {
		return true
	}
	for _, path := range c.NewPrincipals {
		if !e.hasGain(path) {
			return true
		}
	}
	return slices.ContainsFunc(c.Added, fromControl) && len(c.NewAccounts) == 0 ||
		slices.ContainsFunc(c.Lengthened, fromControl) && len(c.NewAccounts) == 0
}

func fromControl(a config.AssignmentChange) bool { return a.FromControl }

// hasGain reports whether a new principal file brings an assignment.
func (e *evaluation) hasGain(path string) bool {
	has := func(files map[string]*config.PrincipalFile) bool {
		for _, f := range files {
			if f.Path() != path {
				continue
			}
			return slices.ContainsFunc(e.in.Change.Added, func(a config.AssignmentChange) bool {
				return a.Assignment.Principal == f.Principal
			})
		}
		return false
	}
	return has(e.in.Head.Groups) || has(e.in.Head.Users)
}

// sides are whom the references of a need stand for, and the rule it is under,
// nil where none is.
type sides struct {
	account, group []config.ApproverRef // owners
	rule           *config.Rule
}

// need adds a need; a need nobody is named for is refused.
func (e *evaluation) need(n Need, s sides) {
	if n.Exempt == "" && len(n.Steps) == 0 {
		e.refusef(RefusedNoApprovers, "Nobody is named who may approve %s (%s). Name approvers in aws-access.yaml first.", e.describe(n), n.Rule)
	}
	e.v.Needs = append(e.v.Needs, n)
	e.sides = append(e.sides, s)
}

func (e *evaluation) steps(steps config.Steps) []StepState {
	out := make([]StepState, 0, len(steps))
	for _, s := range steps {
		out = append(out, StepState{Approvers: s.Approvers, Count: max(1, s.Count)})
	}
	return out
}

func (e *evaluation) onboarding() []StepState {
	o := e.in.Base.Access.Onboarding
	if len(o.Approvers) == 0 {
		return nil
	}
	return []StepState{{Approvers: o.Approvers, Count: max(1, o.Count)}}
}

// gain adds the needs of an added or lengthened assignment: one per rule it
// falls under by its old and by its new facts.
func (e *evaluation) gain(s Subject, c *config.AssignmentChange) {
	facts, fresh := e.facts(c.Assignment)
	if (fresh || e.onboards(c)) && e.isBaseline(c.Assignment) {
		e.need(Need{Subject: s, Change: c, Rule: "onboarding baseline", Steps: e.onboarding()}, sides{})
		return
	}
	done := map[string]bool{}
	for _, f := range facts {
		for _, g := range e.groupFacts(c.Assignment.Principal) {
			ask := config.Case{Account: f.account, Group: g.slug, PermissionSet: c.Assignment.PermissionSet, Start: e.in.Start}
			if c.New != nil {
				ask.Term = *c.New
			}
			rule, ok := e.in.Base.MatchRule(ask)
			if !ok {
				e.refusef(RefusedNoRule, "No approval rule covers %s. Add one to aws-access.yaml first.", e.describe(Need{Subject: s, Change: c}))
				continue
			}
			key := rule.Name + "\x00" + refs(f.owners) + "\x00" + refs(g.owners)
			if done[key] {
				continue
			}
			done[key] = true
			e.gainUnder(s, c, sides{f.owners, g.owners, rule}, fresh || e.wasLegacy(c.Assignment.Account))
		}
	}
}

// gainUnder adds the need of a gain under one rule, and refuses what the rule
// does.
func (e *evaluation) gainUnder(s Subject, c *config.AssignmentChange, by sides, joins bool) {
	n := Need{Subject: s, Change: c, Rule: by.rule.Name, Steps: e.steps(by.rule.Steps)}
	// An account that is new, or was legacy, joins the protected grants that
	// stand, whatever their term: the break-glass group must reach every account.
	// For all others the rule of the account holds, also where the entry was
	// written before it.
	if c.New != nil && !(joins && c.FromControl && e.in.Base.IsProtected(c.Assignment)) {
		if err := by.rule.Allows(*c.New, e.in.Start); err != nil {
			e.refusef(RefusedTerm, "%s is not allowed: %v.", capital(e.describe(n)), err)
		}
	}
	if !c.FromControl {
		e.conditions(&n, by)
	}
	e.need(n, by)
}

// fact is one version of an account's file, with the owners who may approve.
type fact struct {
	account *config.Account
	owners  []config.ApproverRef
}

// groupFact is one version of a group's file: its slug, and the owners who may
// approve. Both are empty for a user.
type groupFact struct {
	slug   string
	owners []config.ApproverRef
}

// groupFacts returns the versions of a principal's file that rules are asked
// about, as facts does of the account. A group new in this change has no
// owners yet.
func (e *evaluation) groupFacts(p config.Principal) []groupFact {
	if p.Kind != config.GroupPrincipal {
		return []groupFact{{}}
	}
	var all []groupFact
	var owners []config.ApproverRef
	if old, ok := e.in.Base.PrincipalFile(p); ok {
		owners = old.Owners
		all = append(all, groupFact{old.Slug, owners})
	}
	head, ok := e.in.Head.PrincipalFile(p)
	if !ok {
		return all
	}
	if old, ok := e.in.Base.Groups[head.Slug]; ok && old.Principal != p {
		all = append(all, groupFact{old.Slug, old.Owners})
	}
	return append(all, groupFact{head.Slug, owners})
}

// facts returns the versions of an assignment's account that rules are asked
// about: by id at the base, by the file's slug at the base when its id was
// changed, and at the head. fresh is true for an account new in this change.
func (e *evaluation) facts(a config.Assignment) (all []fact, fresh bool) {
	if old, ok := e.in.Base.AccountByID(a.Account); ok {
		all = append(all, fact{old, old.Owners})
	}
	head, inHead := e.in.Head.AccountByID(a.Account)
	if !inHead {
		return all, false
	}
	if old, ok := e.in.Base.AccountBySlug(head.Slug); ok && old.ID != a.Account {
		all = append(all, fact{old, old.Owners})
	}
	owners := e.in.Base.Access.Onboarding.Approvers
	if fresh = len(all) == 0; !fresh {
		owners = all[0].owners
	}
	return append(all, fact{head, owners}), fresh
}

// isBaseline reports whether onboarding gives an assignment to every new
// account.
func (e *evaluation) isBaseline(a config.Assignment) bool {
	for _, b := range e.in.Base.Access.Onboarding.Baseline {
		g, ok := e.in.Base.Groups[b.Group]
		if ok && g.Principal == a.Principal && b.PermissionSet == a.PermissionSet {
			return true
		}
	}
	return false
}

// loss adds the need of a removed or shortened assignment: one approval by
// anybody the rule at the base names.
func (e *evaluation) loss(s Subject, c *config.AssignmentChange, exempt string) {
	n := Need{Subject: s, Change: c, Rule: "control plane", Exempt: exempt}
	steps := e.in.Base.Access.ControlPlane
	var by sides
	if acc, ok := e.in.Base.AccountByID(c.Assignment.Account); ok {
		by.account = acc.Owners
	}
	if f, ok := e.in.Base.PrincipalFile(c.Assignment.Principal); ok {
		by.group = f.Owners
	}
	var was config.Term
	if c.Old != nil {
		was = *c.Old
	}
	if rule, ok := e.in.Base.RuleFor(c.Assignment, was, e.in.Start); ok {
		n.Rule, steps = rule.Name, rule.Steps
	}
	one := StepState{Count: 1}
	for _, st := range steps {
		for _, r := range st.Approvers {
			if !slices.Contains(one.Approvers, r) {
				one.Approvers = append(one.Approvers, r)
			}
		}
	}
	if len(one.Approvers) > 0 {
		n.Steps = []StepState{one}
	}
	e.need(n, by)
}

func refs(list []config.ApproverRef) string {
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = r.String()
	}
	return strings.Join(names, ",")
}

func (e *evaluation) refusef(code Code, format string, args ...any) {
	f := Finding{code, fmt.Sprintf(format, args...)}
	if !slices.Contains(e.v.Refused, f) {
		e.v.Refused = append(e.v.Refused, f)
	}
}
