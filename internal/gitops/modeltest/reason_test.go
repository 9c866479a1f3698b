package modeltest_test

import "slices"

// reasonNeeds returns what must be approved of entries that stay and have
// another reason: where they reach nothing, the control plane does.
func reasonNeeds(base, after state) []need {
	var needs []need
	had := base.grants()
	for k, e := range after.grants() {
		if was, kept := had[k]; !kept || was.reason == e.reason {
			continue
		}
		reach := after.reach(e)
		for _, account := range reach {
			n := base.anyOf(e.set, account)
			n.of = assignment{k.group, account, e.set}
			needs = append(needs, n)
		}
		if len(reach) == 0 {
			needs = append(needs, need{steps: []step{{[]string{"team:platform"}, 1}}, of: assignment{k.group, "", e.set}})
		}
	}
	return needs
}

// broughtReasons returns what must be approved of entries that come in where others
// gave the same, and say another reason than all of those.
func broughtReasons(base, after state, c *change) []need {
	var needs []need
	had, has := base.grants(), after.grants()
	for k, e := range has {
		if _, kept := had[k]; kept {
			continue
		}
		for _, account := range after.reach(e) {
			a := assignment{k.group, account, e.set}
			_, gained := c.gained[a]
			_, lost := c.lost[a]
			if gained || lost || !takenOver(base, has, k, e, account) || base.gaveReason(a, e.reason, has) {
				continue
			}
			n := base.anyOf(e.set, account)
			n.of = a
			needs = append(needs, n)
		}
	}
	return needs
}

// gaveReason reports whether an entry that goes, or gets another reason, gave an
// assignment for a reason.
func (s state) gaveReason(a assignment, reason string, has map[grantKey]entry) bool {
	for k, was := range s.grants() {
		if now, stays := has[k]; stays && now.reason == was.reason {
			continue
		}
		if k.group == a.group && was.set == a.set && was.reason == reason && slices.Contains(s.reach(was), a.account) {
			return true
		}
	}
	return false
}
