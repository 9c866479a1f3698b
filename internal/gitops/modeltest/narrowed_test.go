package modeltest_test

import (
	"slices"
	"time"
)

// narrowedNeeds returns what must be approved of entries that go and that no other
// entry gives as widely and for as long: accounts that join later would not get
// them. Of what is protected the control plane decides; of the rest only selectors
// matter, and they are asked for as the removal of what they give, where that is
// not asked for already. What has ended gives nothing.
func narrowedNeeds(base, after state, c *change, st starts, f *facts, needs []need) []need {
	var out []need
	idle := slices.ContainsFunc(needs, func(n need) bool { return n.idle })
	had, has := follow(base, base, st, always(f.mergedAt)), follow(base, after, st, always(f.mergedAt))
	for k, e := range base.grants() {
		end := ends(e, had[k])
		if over := !end.IsZero() && !end.After(f.mergedAt); over || covered(k, e, after, had, has) {
			continue
		}
		if pair := (assignment{group: k.group, set: e.set}); protected(pair) {
			out = append(out, need{steps: []step{{[]string{"team:platform"}, base.count("control")}}})
			continue
		}
		if e.team == "" {
			continue
		}
		reach := base.reach(e)
		if len(reach) == 0 {
			reach = []string{""}
		}
		exempt := !idle && f.mayNarrow(base, after, c, k, e, reach)
		for _, account := range reach {
			a := assignment{k.group, account, e.set}
			if slices.ContainsFunc(needs, func(n need) bool { return n.of == a }) {
				continue
			}
			n := need{steps: []step{{[]string{"team:platform"}, 1}}}
			if account != "" {
				n = base.anyOf(e.set, account)
			}
			n.exempt = exempt
			out = append(out, n)
		}
	}
	return out
}

// mayNarrow reports whether all behind a change that brings nothing may take away
// what an entry gives.
func (f *facts) mayNarrow(base, after state, c *change, k grantKey, e entry, reach []string) bool {
	if len(f.carried)+len(c.gained)+len(c.control)+len(c.newGroups) > 0 {
		return false
	}
	movers := []string{f.requester}
	if f.requester == "" {
		movers = append([]string{f.author}, f.pushers...)
	}
	for _, account := range reach {
		for _, who := range movers {
			if !f.entitled(base, after, assignment{k.group, account, e.set}, who) {
				return false
			}
		}
	}
	return true
}

// ends is when an entry that began at a time ends, zero for never.
func ends(e entry, began time.Time) time.Time {
	if e.hours == 0 {
		return time.Time{}
	}
	return began.Add(time.Duration(e.hours) * time.Hour)
}

// covered reports whether an entry stays, or another one gives as much for as
// long.
func covered(k grantKey, e entry, after state, had, has starts) bool {
	was := term{end: ends(e, had[k])}
	for other, o := range after.grants() {
		switch {
		case other == k:
			return true
		case other.group != k.group || o.set != e.set || was.after(term{end: ends(o, has[other])}):
		case e.team != "":
			if o.team == e.team {
				return true
			}
		case slices.Contains(after.reach(o), e.account):
			return true
		}
	}
	return false
}
