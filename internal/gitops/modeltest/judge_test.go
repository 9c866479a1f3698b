package modeltest_test

import (
	"maps"
	"slices"
)

// The rules a change may break.
const (
	refused   = "refused"
	blocked   = "changes-requested"
	unmet     = "approval-missing"
	direct    = "direct-push"
	unlike    = "content-not-reviewed"
	moved     = "head-not-the-bots"
	withdrawn = "withdrawn"
	rewritten = "history-rewritten"
	forked    = "fork"
)

// judge says which rule a change breaks, "" for none.
func judge(base, after state, st starts, f *facts) string {
	c := compare(base, after, st, f.mergedAt)
	if refusedWhoever(base, after, &c, f) {
		return refused
	}
	needs, ok := needsOf(base, after, &c, st, f)
	if !ok {
		return refused
	}
	approvers, objectors := f.latest(base)
	for _, o := range objectors {
		if slices.ContainsFunc(needs, func(n need) bool { return f.stands(base, &n, o) }) {
			return blocked
		}
	}
	for _, n := range needs {
		may := slices.DeleteFunc(slices.Clone(approvers), func(who string) bool { return f.excluded(&n, who) })
		if !n.exempt && !f.fill(n.steps, n.owners, may) {
			return unmet
		}
	}
	return ""
}

// refusedWhoever reports what no approval mends.
func refusedWhoever(base, after state, c *change, f *facts) bool {
	if len(c.control) > 0 && len(c.entries)+len(c.goneGroups) > 0 {
		return true // mixed
	}
	if f.requester == "" {
		for _, who := range append([]string{f.author}, f.pushers...) {
			if !base.linked(who) {
				return true
			}
		}
	}
	for _, who := range f.carried {
		if !base.linked(who) && who != "rio" && len(c.control)+len(c.entries)+len(c.newGroups)+len(c.goneGroups) > 0 {
			return true
		}
	}
	if slices.ContainsFunc(slices.Collect(maps.Keys(c.lost)), protected) {
		return true
	}
	for a, t := range c.gained {
		if len(c.control) == 0 && protected(a) && !t.end.IsZero() {
			return true // nobody would take it away at its end
		}
	}
	type made struct{ group, account, team, set, request string }
	had := map[made]bool{}
	for k, e := range base.grants() {
		had[made{k.group, e.account, e.team, e.set, e.request}] = true
	}
	for k, e := range after.grants() {
		if e.request != "" && e.request != f.request && !slices.Contains(f.requests, e.request) && !had[made{k.group, e.account, e.team, e.set, e.request}] {
			return true // a forged request
		}
	}
	return false
}

// protected reports what is never taken away or shortened, nor given for a while.
func protected(a assignment) bool { return a.group == "aws-ops" && a.set == "AdministratorAccess" }

// follows reports whether a state may come after another: what is protected is
// granted still.
func (s state) follows(base state) bool {
	has := map[assignment]bool{}
	for k, e := range s.grants() {
		for _, account := range s.reach(e) {
			has[assignment{k.group, account, e.set}] = true
		}
	}
	for k, e := range base.grants() {
		for _, account := range base.reach(e) {
			if a := (assignment{k.group, account, e.set}); protected(a) && !has[a] {
				return false
			}
		}
	}
	return true
}

// needsOf returns what must be approved; false when a rule forbids the term.
func needsOf(base, after state, c *change, st starts, f *facts) ([]need, bool) {
	var needs []need
	control := len(c.control) > 0
	for _, g := range c.newGroups {
		gains := false
		for a := range c.gained {
			gains = gains || a.group == g
		}
		control = control || !gains
	}
	if control {
		needs = append(needs, need{steps: []step{{[]string{"team:platform"}, base.count("control")}}})
	}
	for a, t := range c.gained {
		done := ""
		for _, s := range []state{base, after} {
			name, steps, most, standing := base.approvalRule(a.set, s.tag(a.account, "env"))
			if t.entry.hours == 0 && !standing || t.entry.hours > most || !f.mayAll(base, a.set) {
				return nil, false
			}
			if name != done {
				needs = append(needs, need{steps: steps, owners: base.owners(accountPath(a.account)), gains: a.group, of: a})
			}
			done = name
		}
	}
	idle, ok := idleNeeds(base, after, c, f)
	if !ok {
		return nil, false
	}
	needs = append(append(needs, idle...), slices.Concat(reasonNeeds(base, after), broughtReasons(base, after, c))...)
	exempt := f.mayRemove(base, after, c)
	for a := range c.lost {
		n := base.anyOf(a.set, a.account)
		n.exempt, n.of = exempt, a
		needs = append(needs, n)
	}
	return append(needs, narrowedNeeds(base, after, c, st, f, needs)...), true
}

// anyOf is one approval by anybody the rule of a set in an account names.
func (s state) anyOf(set, account string) need {
	n := need{steps: []step{{count: 1}}, owners: s.owners(accountPath(account))}
	_, steps, _, _ := s.approvalRule(set, s.tag(account, "env"))
	for _, st := range steps {
		n.steps[0].refs = append(n.steps[0].refs, st.refs...)
	}
	return n
}

// idleNeeds returns what must be approved of entries that come in and give
// nothing now; false when a rule forbids their term.
func idleNeeds(base, after state, c *change, f *facts) ([]need, bool) {
	var needs []need
	had, has := base.grants(), after.grants()
	for k, e := range has {
		if _, kept := had[k]; kept {
			continue
		}
		reach := after.reach(e)
		if len(reach) == 0 && (!slices.Contains(c.newGroups, k.group) || c.gains(k.group)) {
			needs = append(needs, need{steps: []step{{[]string{"team:platform"}, base.count("control")}}, gains: k.group, of: assignment{k.group, "", e.set}, idle: true})
		}
		for _, account := range reach {
			a := assignment{k.group, account, e.set}
			_, gained := c.gained[a]
			_, lost := c.lost[a]
			if gained || lost || takenOver(base, has, k, e, account) {
				continue
			}
			done := ""
			for _, s := range []state{base, after} {
				name, steps, most, standing := base.approvalRule(e.set, s.tag(account, "env"))
				if e.hours == 0 && !standing || e.hours > most || !f.mayAll(base, e.set) {
					return nil, false
				}
				if name != done {
					needs = append(needs, need{steps: steps, owners: base.owners(accountPath(account)), gains: k.group, of: a, idle: true})
				}
				done = name
			}
		}
	}
	return needs, true
}

// takenOver reports whether an entry of the same term that goes gave the same: a
// selector gives more than the accounts that it selects today, and only the same
// one gave that too.
func takenOver(base state, has map[grantKey]entry, k grantKey, e entry, account string) bool {
	for old, was := range base.grants() {
		_, kept := has[old]
		same := old.group == k.group && was.set == e.set && was.hours == e.hours && (e.team == "" || was.team == e.team)
		if !kept && same && slices.Contains(base.reach(was), account) {
			return true
		}
	}
	return false
}

// gains reports whether a group gains anything.
func (c *change) gains(group string) bool {
	for a := range c.gained {
		if a.group == group {
			return true
		}
	}
	return false
}
