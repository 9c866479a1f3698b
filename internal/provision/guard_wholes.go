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
	// stood is how many of them have no end, and stands those without one that stay.
	stood  int
	stands earliest
}

// all reports whether everything would go: nothing stays that was there before.
func (w *whole) all(by taking) bool { return w.goes >= wholeFrom && !w.stays.before(by) }

// allStanding reports whether everything that has no end would go. What has one is
// gone soon anyway: else who asks for an hour could have all the rest taken away as
// a part.
func (w *whole) allStanding(by taking) bool {
	return w.stood >= wholeFrom && !w.stands.before(by)
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
			w.note(b.s, a, desired && !goes)
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

// note takes in one that stays, or goes.
func (w *whole) note(s Surroundings, a config.Assignment, stays bool) {
	if !stays {
		w.goes++
		if s.stood(a) {
			w.stood++
		}
		return
	}
	w.stays.note(s.Made[a])
	if s.Desired[a].IsZero() {
		w.stands.note(s.Made[a].later(s.Lasts[a]))
	}
}

// wholeOf says of the widest that an assignment is part of, and that would go as a
// whole, what would go: nothing stays of it that was there before the commit that
// takes it away, or nothing without an end, where the assignment has none.
func (b *budget) wholeOf(wholes map[share]*whole, a config.Assignment, by taking, what string) (objection, bool) {
	for _, part := range sharesOf(a) {
		w, ok := wholes[part]
		switch {
		case !ok:
		case w.all(by):
			return objection{part.code(), w.sentence(part, what, b.s.Names)}, true
		case w.allStanding(by) && b.s.stood(a):
			return objection{part.code(), w.sentenceStanding(part, what, b.s.Names)}, true
		}
	}
	return objection{}, false
}

// sentenceStanding says what would go of what has no end.
func (w *whole) sentenceStanding(part share, what string, n Names) string {
	since := ""
	if w.stands.some {
		since = ", nor does what was added since"
	}
	return fmt.Sprintf("All %d %s without an end that %s had would go: what has an end does not stand for them%s.", w.stood, what, part.name(n), since)
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
	o, _ := b.wholeOf(wholes, c.Assignment, b.taking(c), what)
	return o
}
