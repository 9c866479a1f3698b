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

// whole is an account, a group or everything, of which some would go.
type whole struct {
	// goes is how many would, what is not desired any more included; stays are
	// those that would not.
	goes  int
	stays earliest
}

// findWholes finds the accounts and groups of which many would go if some
// removals were made. What is not desired any more is as good as gone, whatever
// takes it away.
func (b *budget) findWholes(removals counted) map[share]*whole {
	out := map[share]*whole{}
	if len(removals) == 0 {
		return out
	}
	note := func(a config.Assignment) {
		_, goes := removals[a]
		_, desired := b.s.Desired[a]
		if !goes && desired && !b.there[a] {
			return // it went, and is to come again
		}
		for _, part := range sharesOf(a) {
			w := out[part]
			if w == nil {
				w = &whole{}
				out[part] = w
			}
			if desired && !goes {
				w.stays.note(b.s.Made[a])
			} else {
				w.goes++
			}
		}
	}
	for a := range b.base {
		note(a)
	}
	for a := range removals { // also what no commit ever declared
		if !b.base[a] {
			note(a)
		}
	}
	maps.DeleteFunc(out, func(_ share, w *whole) bool { return w.goes < wholeFrom })
	return out
}

// wholeOf returns what an assignment is part of that would go as a whole: nothing
// stays of it that was there before the commit that takes it away.
func wholeOf(wholes map[share]*whole, a config.Assignment, by taking) (share, *whole, bool) {
	for _, part := range sharesOf(a) {
		if w, ok := wholes[part]; ok && !w.stays.before(by) {
			return part, w, true
		}
	}
	return share{}, nil, false
}

// sentence says what would go.
func (w *whole) sentence(part share, what string, n Names) string {
	if w.stays.some {
		return fmt.Sprintf("All %d %s that %s had would go: what was added since does not stand for them.", w.goes, what, part.name(n))
	}
	return fmt.Sprintf("All %d %s of %s would go.", w.goes, what, part.name(n))
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
	part, w, found := wholeOf(wholes, c.Assignment, b.taking(c))
	if !found {
		return objection{}
	}
	return objection{part.code(), w.sentence(part, what, b.s.Names)}
}
