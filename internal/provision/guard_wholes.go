package provision

import (
	"fmt"
	"maps"

	"aws-access-bot/config"
)

// share is what may go as a whole: an account, all that a group or user has, or,
// when it is zero, everything.
type share struct {
	account string
	who     config.Principal
}

// sharesOf returns those that an assignment is part of, the widest first.
func sharesOf(a config.Assignment) []share {
	return []share{{}, {account: a.Account}, {who: a.Principal}}
}

func (s share) code() Code {
	switch {
	case s == share{}:
		return CodeWholeEstate
	case s.account != "":
		return CodeWholeAccount
	default:
		return CodeWholeGroup
	}
}

func (s share) name(n Names) string {
	switch s.code() {
	case CodeWholeEstate:
		return "the whole config repo"
	case CodeWholeAccount:
		return n.account(s.account)
	default:
		return n.principal(s.who)
	}
}

// extent returns what is desired and known to be live, and with it what was so at
// the start of the window: what went since, and what no commit desires any more
// and is still to go. What is desired and was never read back is in neither, or a
// line that never comes true would make the whole look like a part, and widen the
// budget: while little is known, little may go. What is left under ids that are
// gone is in neither for the same reason.
func (b *budget) extent(plan Result) (there, base map[config.Assignment]bool) {
	there = make(map[config.Assignment]bool, len(plan.Live))
	for a := range b.s.ReadBack {
		if _, desired := b.s.Desired[a]; desired && b.s.ReadBack[a] {
			there[a] = true
		}
	}
	for _, a := range plan.Live { // read in this pass, or known from it
		there[a] = true
	}
	base = maps.Clone(there)
	goes := func(kind ChangeKind, a config.Assignment, cause Cause) {
		if kind == Remove && b.s.Owned[a] && cause.Kind != CauseDrift {
			base[a] = true
		}
	}
	for _, c := range plan.Changes {
		goes(c.Kind, c.Assignment, c.Cause)
	}
	for _, w := range plan.Waiting {
		goes(w.Kind, w.Assignment, w.Cause)
	}
	maps.Copy(base, b.spent)
	for _, all := range []map[config.Assignment]bool{there, base} {
		maps.DeleteFunc(all, func(a config.Assignment, _ bool) bool { _, left := earlierID(a.Principal); return left })
	}
	return there, base
}

// findWholes finds the accounts and groups of which nothing would be left if
// some removals were made, with how many these are. What is not desired any more
// is as good as gone, whatever takes it away.
func (b *budget) findWholes(removals counted) map[share]int {
	all, stays := map[share]int{}, map[share]bool{}
	gone := maps.Clone(b.base)
	for a := range removals { // also what no commit ever declared
		gone[a] = true
	}
	for a := range gone {
		_, goes := removals[a]
		_, desired := b.s.Desired[a]
		if !goes && desired && !b.there[a] {
			continue // it went, and is to come again
		}
		for _, part := range sharesOf(a) {
			all[part]++
			stays[part] = stays[part] || desired && !goes
		}
	}
	maps.DeleteFunc(all, func(part share, n int) bool { return n < wholeFrom || stays[part] })
	return all
}

func (b *budget) whole(c Change) objection {
	counts, stray := b.counts(c)
	if !counts {
		return objection{}
	}
	wholes, what := b.wholes, "owned assignments"
	if stray {
		wholes, what = b.strayWholes, "assignments, those that no commit declares among them,"
	}
	for _, part := range sharesOf(c.Assignment) {
		if n, ok := wholes[part]; ok {
			return objection{part.code(), fmt.Sprintf("All %d %s of %s would go.%s", n, what, part.name(b.s.Names), b.mend(c.Cause.Commit, stray))}
		}
	}
	return objection{}
}
