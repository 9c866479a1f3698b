package provision

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"aws-access-bot/config"
)

// The bounds on removals (DESIGN: guards).
const (
	budgetWindow = 24 * time.Hour
	// leastBudget removals in 24 h are always allowed.
	leastBudget = 5
	// wholeFrom is from how many assignments on the removal of everything of
	// an account or a group needs limits.allow.
	wholeFrom = 5
	// expiryBound removals of ended grants are allowed within expiryWindow.
	expiryBound  = 50
	expiryWindow = 10 * time.Minute
)

// counted are removals that count, by assignment, with the commit of their cause.
type counted map[config.Assignment]string

// byCommit returns how many each commit is behind.
func (c counted) byCommit() map[string]int {
	out := map[string]int{}
	for _, commit := range c {
		out[commit]++
	}
	return out
}

// most returns the commit that is behind most, the first in order of several.
func most(byCommit map[string]int) string {
	best := ""
	for commit, n := range byCommit {
		if n > byCommit[best] || n == byCommit[best] && commit < best {
			best = commit
		}
	}
	return best
}

// budget counts the removals of a plan together with those begun before.
// Expiries, what was begun before and what limits.allow lets do not count.
// Owned removals are judged without those of what no commit ever declared,
// which come after them and have what they leave.
type budget struct {
	s Surroundings
	// planned are the owned removals, with what the same commits take away by ends
	// that are still to come; strays are those of what no commit ever declared.
	// Waiting ones, and those not in sight now, are included.
	planned, strays counted
	// asked and askedStrays are how many of these each commit is behind, before
	// limits.allow takes some out; went are those begun before, and not to be begun
	// again.
	asked, askedStrays, went map[string]int
	// worst and worstStray are the commits behind most of what is left then.
	worst, worstStray string
	// there has what is desired and known to be live, and base that with what goes
	// and went: what was live and owned at the start of the window.
	there, base map[config.Assignment]bool
	// spent has what was begun in 24 h and counts against the budget.
	spent map[config.Assignment]bool
	// due has the expiries that may go now.
	due map[config.Assignment]bool
	// wholes has the accounts and groups, and everything, of which many would go;
	// strayWholes the same with the strays.
	wholes, strayWholes map[share]*whole
	// bases has what baseOf found.
	bases map[taking]int
}

func newBudget(plan Result, s Surroundings) *budget {
	b := &budget{s: s, planned: counted{}, strays: counted{}, spent: map[config.Assignment]bool{}, due: map[config.Assignment]bool{}, bases: map[taking]int{}}
	b.collect(plan)
	b.asked, b.askedStrays, b.went = b.planned.byCommit(), b.strays.byCommit(), b.begun()
	for _, end := range s.Ahead {
		b.asked[end.Commit]++
	}
	for _, r := range s.Log {
		if (s.clockInDoubt() || s.Now.Sub(r.At) < budgetWindow) && !r.Expiry && !b.allowed(r.Commit, false) {
			b.spent[r.Assignment] = true
		}
	}
	b.there, b.base = b.extent(plan)
	b.join()
	b.allow()
	b.worst, b.worstStray = most(b.planned.byCommit()), most(b.strays.byCommit())
	b.expiriesDue(plan)
	b.wholes = b.findWholes(b.planned)
	all := maps.Clone(b.planned)
	maps.Copy(all, b.strays)
	b.strayWholes = b.findWholes(all)
	return b
}

// collect finds the removals that count.
func (b *budget) collect(plan Result) {
	known := map[config.Assignment]bool{}
	note := func(a config.Assignment, cause Cause, begun bool) {
		known[a] = true
		switch {
		case cause.Kind == CauseExpiry || cause.Kind == CauseRecreated || begun:
			// Ended grants have their own bound; what is left under an id that is
			// gone gives nobody anything.
		case cause.Kind == CauseDrift && b.untouched(a):
			// It never goes, so it takes no room from others.
		case cause.Kind == CauseDrift:
			b.strays[a] = cause.Commit
		default:
			b.planned[a] = cause.Commit
		}
	}
	for _, c := range plan.Changes {
		if c.Kind == Remove {
			note(c.Assignment, c.Cause, c.Begun)
		}
	}
	for _, w := range plan.Waiting {
		if w.Kind == Remove {
			note(w.Assignment, w.Cause, w.Begun)
		}
	}
	for _, r := range b.s.Log {
		known[r.Assignment] = true
	}
	for a, commit := range b.s.Undeclared {
		if _, desired := b.s.Desired[a]; !known[a] && !desired && !b.s.Owned[a] && !b.s.Protected[a] && !b.untouched(a) {
			b.strays[a] = commit
		}
	}
}

// untouched reports whether guards hold back whatever is about an assignment, for
// good.
func (b *budget) untouched(a config.Assignment) bool {
	c := Change{Kind: Remove, Assignment: a}
	return b.s.management(c).code != "" || b.s.own(c).code != ""
}

func (b *budget) allows(commit string) bool {
	return b.s.Allow != nil && commit != "" && b.s.Allow.Commit == commit
}

// needs returns how many removals limits.allow has to say to allow those of a
// commit: what was begun counts, and the strays where these are meant.
func (b *budget) needs(commit string, strays bool) int {
	n := b.went[commit] + b.asked[commit]
	if strays {
		n += b.askedStrays[commit]
	}
	return n
}

// allowed reports whether limits.allow names a commit with a number that fits.
func (b *budget) allowed(commit string, strays bool) bool {
	return b.allows(commit) && b.needs(commit, strays) <= b.s.Allow.Removals
}

// allow takes out what limits.allow names: the owned removals first, then the
// strays.
func (b *budget) allow() {
	maps.DeleteFunc(b.planned, func(_ config.Assignment, commit string) bool { return b.allowed(commit, false) })
	maps.DeleteFunc(b.strays, func(_ config.Assignment, commit string) bool { return b.allowed(commit, true) })
}

// begun returns how many removals of each commit were begun, expiries apart, or
// were let wait for their ends, and are not to be begun again. An allowance is for
// a number in all and not for one a day, so the log is not enough: what was used of
// it a day ago would be free for others of the commit.
func (b *budget) begun() map[string]int {
	type use struct {
		config.Assignment
		commit string
	}
	out, logged := map[string]int{}, map[use]bool{}
	for _, r := range b.s.Log {
		_, owned := b.planned[r.Assignment]
		_, stray := b.strays[r.Assignment]
		if !r.Expiry && !owned && !stray {
			out[r.Commit]++
			logged[use{r.Assignment, r.Commit}] = true
		}
	}
	for a, commit := range b.s.Used {
		again := b.planned[a] == commit || b.strays[a] == commit || b.s.Ahead[a].Commit == commit
		if !again && !logged[use{a, commit}] {
			out[commit]++
		}
	}
	return out
}

// expiriesDue picks the expiries that the bound leaves room for, the earliest
// end first.
func (b *budget) expiriesDue(plan Result) {
	room := expiryBound
	for _, r := range b.s.Log {
		if r.Expiry && b.s.Now.Sub(r.At) < expiryWindow {
			room--
		}
	}
	var ended []Change
	for _, c := range plan.Changes {
		if c.Kind == Remove && c.Cause.Kind == CauseExpiry && !c.Begun {
			ended = append(ended, c)
		}
	}
	slices.SortFunc(ended, func(x, y Change) int {
		return cmp.Or(x.Cause.End.Compare(y.Cause.End), x.Assignment.Compare(y.Assignment))
	})
	for _, c := range ended[:min(max(room, 0), len(ended))] {
		b.due[c.Assignment] = true
	}
}

// mendOf says how people allow a change that is refused under a code, "" where
// limits.allow does not help.
func (b *budget) mendOf(code Code, c Change) string {
	_, stray := b.asksForWay(c)
	switch code {
	case CodeWholeAccount, CodeWholeGroup, CodeWholeEstate, CodeLastWay:
		return b.mend(c.Cause.Commit, stray)
	case CodeBudget:
		switch _, _, ok := b.limit(b.taking(c)); {
		case !ok:
			return ""
		case stray:
			return b.mend(b.worstStray, stray)
		}
		return b.mend(b.worst, stray)
	}
	return ""
}

// mend says how people allow the removals of a commit that are refused, and those
// of what no commit declares where these are meant: with a number that fits once
// it is merged.
func (b *budget) mend(commit string, strays bool) string {
	n, with := b.needs(commit, strays), ""
	if more := b.needs(commit, false); strays && more > 0 {
		with = fmt.Sprintf(" That counts %d more that commit %s is behind.", more, short(commit))
	}
	return fmt.Sprintf(" To allow it, add to aws-access.yaml, by a pull request of its own: limits: {allow: {commit: %q, removals: %d}}.%s", commit, n, with)
}

// counts reports whether the count guards look at a change, and whether it is of
// what no commit ever declared.
func (b *budget) counts(c Change) (counts, stray bool) {
	if c.Kind != Remove {
		return false, false
	}
	_, owned := b.planned[c.Assignment]
	_, stray = b.strays[c.Assignment]
	return owned || stray, stray
}

// removals refuses what is over the budget, whole: the owned removals, or those
// of what no commit ever declared.
func (b *budget) removals(c Change) objection {
	counts, stray := b.counts(c)
	if !counts {
		return objection{}
	}
	limit, of, ok := b.limit(b.taking(c))
	if !ok {
		return objection{CodeBudget, "limits.removals is not a percentage, so nothing is removed."}
	}
	room := limit - len(b.spent) - len(b.planned)
	switch {
	case !stray && room < 0:
		return objection{CodeBudget, fmt.Sprintf("The plan removes %d assignments%s and %d went in the last 24 hours; the limit is %d of %d owned, and a plan over it is refused whole.",
			len(b.planned), b.later(), len(b.spent), limit, of)}
	case stray && room < len(b.strays):
		return objection{CodeBudget, fmt.Sprintf("There are %d assignments that no commit declares, and room for %d of the %d removals that 24 hours may have (%d went, %d are due by commits), so none of them is removed.",
			len(b.strays), max(room, 0), limit, len(b.spent), len(b.planned))}
	}
	return objection{}
}

// later says how many of the planned removals are by ends that are still to come.
func (b *budget) later() string {
	n := 0
	for a := range b.planned {
		if _, coming := b.s.Ahead[a]; coming {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d of them by ends that are still to come)", n)
}

// limit returns how many removals 24 hours may have for what a commit takes away,
// and of how many, false when the share is no percentage.
func (b *budget) limit(by taking) (limit, of int, ok bool) {
	share := b.s.RemovalPercent
	if math.IsNaN(share) || share < 0 || share > 100 {
		return 0, 0, false
	}
	of = b.baseOf(by)
	return max(leastBudget, int(share*float64(of)/100)), of, true
}

func (b *budget) expiries(c Change) objection {
	if c.Kind != Remove || c.Cause.Kind != CauseExpiry || c.Begun || b.due[c.Assignment] {
		return objection{}
	}
	return objection{CodeExpiryBound, fmt.Sprintf("More than %d grants end within %s; the rest follows.", expiryBound, expiryWindow)}
}
