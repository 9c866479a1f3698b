package modeltest_test

import (
	"slices"
)

// mayRemove reports a change that only removes, by people each of whom is
// entitled to all of it.
func (f *facts) mayRemove(base, after state, c *change) bool {
	if c.adds || len(f.carried) > 0 || len(c.gained)+len(c.control)+len(c.newGroups) > 0 {
		return false
	}
	movers := []string{f.requester}
	if f.requester == "" {
		movers = append([]string{f.author}, f.pushers...)
	}
	for a := range c.lost {
		for _, who := range movers {
			if !f.entitled(base, after, a, who) {
				return false
			}
		}
	}
	return true
}

func (f *facts) entitled(base, after state, a assignment, who string) bool {
	if slices.Contains(f.members[a.group], who) {
		return true
	}
	if base.linked(who) && (f.named(base.owners(accountPath(a.account)), nil, who) || f.named(base.owners(groupPath(a.group)), nil, who)) {
		return true
	}
	kept, gone := after.grants(), 0
	for k, e := range base.grants() {
		if _, stays := kept[k]; stays || k.group != a.group || e.set != a.set || !slices.Contains(base.reach(e), a.account) {
			continue
		}
		gone++
		if by := f.askedFor[e.request]; e.request == "" || by.who != who || by.group != k.group {
			return false
		}
	}
	return gone > 0
}
