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
// Expiries, what was begun before and what limits.allow names do not count.
// Owned removals are judged without those of what no commit ever declared,
// which come after them and have what they leave.
type budget struct {
	s Surroundings
	// planned are the owned removals, strays those of what no commit ever
	// declared; waiting ones, and those not in sight now, included.
	planned, strays counted
	// asked and askedStrays are how many of these each commit is behind, before
	// limits.allow takes some out; went are those begun before, and not to be begun
	// again.
	asked, askedStrays, went map[string]int
	// worst and worstStray are the commits behind most of what is left then.
	worst, worstStray string
	// base has what was owned at the start of the window.
	base map[config.Assignment]bool
	// spent has what was begun in 24 h and counts against the budget.
	spent map[config.Assignment]bool
	// due has the expiries that may go now.
	due map[config.Assignment]bool
	// wholes has, per account and group and for everything, how many would go
	// where nothing would be left; strayWholes the same with the strays.
	wholes, strayWholes map[string]int
}

func newBudget(plan Result, s Surroundings) *budget {
	b := &budget{s: s, planned: counted{}, strays: counted{}, spent: map[config.Assignment]bool{}, due: map[config.Assignment]bool{}}
	for _, r := range s.Log {
		if s.Now.Sub(r.At) < budgetWindow && !r.Expiry && !b.allows(r.Commit) {
			b.spent[r.Assignment] = true
		}
	}
	b.collect(plan)
	b.asked, b.askedStrays, b.went = b.planned.byCommit(), b.strays.byCommit(), b.begun()
	b.base = b.owned()
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
		if _, desired := b.s.Desired[a]; !known[a] && !desired && !b.s.Owned[a] && !b.s.Protected[a] {
			b.strays[a] = commit
		}
	}
}

func (b *budget) allows(commit string) bool {
	return b.s.Allow != nil && commit != "" && b.s.Allow.Commit == commit
}

// allow takes out what limits.allow names, if that with what was begun before is
// no more than it says: the owned removals first, then the strays.
func (b *budget) allow() {
	if b.s.Allow == nil || b.s.Allow.Commit == "" {
		return
	}
	commit := b.s.Allow.Commit
	used := b.went[commit]
	for i, list := range []counted{b.planned, b.strays} {
		if used += []int{b.asked[commit], b.askedStrays[commit]}[i]; used > b.s.Allow.Removals {
			return
		}
		maps.DeleteFunc(list, func(_ config.Assignment, commit string) bool { return b.allows(commit) })
	}
}

// begun returns how many removals of each commit were begun, expiries apart, and
// are not to be begun again.
func (b *budget) begun() map[string]int {
	out := map[string]int{}
	for _, r := range b.s.Log {
		_, owned := b.planned[r.Assignment]
		_, stray := b.strays[r.Assignment]
		if !r.Expiry && !owned && !stray {
			out[r.Commit]++
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

// owned returns what was owned at the start of the window: what is owned now and
// what was removed since. What is left under ids that are gone is no part of it:
// it would make what is whole look like a part.
func (b *budget) owned() map[config.Assignment]bool {
	all := make(map[config.Assignment]bool, len(b.s.Owned))
	for a, owned := range b.s.Owned {
		if _, left := earlierID(a.Principal); owned && !left {
			all[a] = true
		}
	}
	for a := range b.spent {
		all[a] = true
	}
	return all
}

// findWholes finds the accounts and groups of which nothing would be left if
// some removals were made, with how many these are.
func (b *budget) findWholes(removals counted) map[string]int {
	type part struct{ all, going int }
	parts := map[string]*part{}
	count := func(key string, going bool) {
		if parts[key] == nil {
			parts[key] = &part{}
		}
		parts[key].all++
		if going {
			parts[key].going++
		}
	}
	all := maps.Clone(b.base)
	for a := range removals { // also what no commit ever declared
		all[a] = true
	}
	for a := range all {
		_, desired := b.s.Desired[a]
		_, goes := removals[a]
		going := goes || b.spent[a] && !desired
		count("account "+a.Account, going)
		count(a.Principal.String(), going)
		count("", going)
	}
	out := map[string]int{}
	for key, n := range parts {
		if n.all >= wholeFrom && n.going == n.all {
			out[key] = n.all
		}
	}
	return out
}

func wholeCode(key string) Code {
	switch {
	case key == "":
		return CodeWholeEstate
	case len(key) > 8 && key[:8] == "account ":
		return CodeWholeAccount
	default:
		return CodeWholeGroup
	}
}

func wholeName(key string) string {
	if key == "" {
		return "the whole config repo"
	}
	return key
}

// mend says how people allow the removals of a commit that are refused, and those
// of what no commit declares where these are meant: with a number that fits once
// it is merged.
func (b *budget) mend(commit string, strays bool) string {
	n, with := b.went[commit]+b.asked[commit], ""
	if strays {
		if n > 0 {
			with = fmt.Sprintf(" That counts %d more that commit %s is behind.", n, short(commit))
		}
		n += b.askedStrays[commit]
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

func (b *budget) whole(c Change) objection {
	counts, stray := b.counts(c)
	if !counts {
		return objection{}
	}
	wholes, what := b.wholes, "owned assignments"
	if stray {
		wholes, what = b.strayWholes, "assignments, those that no commit declares among them,"
	}
	for _, key := range []string{"", "account " + c.Assignment.Account, c.Assignment.Principal.String()} {
		if n, ok := wholes[key]; ok {
			return objection{wholeCode(key), fmt.Sprintf("All %d %s of %s would go.%s", n, what, wholeName(key), b.mend(c.Cause.Commit, stray))}
		}
	}
	return objection{}
}

// removals refuses what is over the budget, whole: the owned removals, or those
// of what no commit ever declared.
func (b *budget) removals(c Change) objection {
	counts, stray := b.counts(c)
	if !counts {
		return objection{}
	}
	limit, ok := b.limit()
	if !ok {
		return objection{CodeBudget, "limits.removals is not a percentage, so nothing is removed."}
	}
	room := limit - len(b.spent) - len(b.planned)
	switch {
	case !stray && room < 0:
		return objection{CodeBudget, fmt.Sprintf("The plan removes %d assignments and %d went in the last 24 hours; the limit is %d of %d owned, and a plan over it is refused whole.%s",
			len(b.planned), len(b.spent), limit, len(b.base), b.mend(b.worst, stray))}
	case stray && room < len(b.strays):
		return objection{CodeBudget, fmt.Sprintf("There are %d assignments that no commit declares, and room for %d of the %d removals that 24 hours may have (%d went, %d are due by commits), so none of them is removed.%s",
			len(b.strays), max(room, 0), limit, len(b.spent), len(b.planned), b.mend(b.worstStray, stray))}
	}
	return objection{}
}

// limit returns how many removals 24 hours may have, false when the share is
// no percentage.
func (b *budget) limit() (int, bool) {
	share := b.s.RemovalPercent
	if math.IsNaN(share) || share < 0 || share > 100 {
		return 0, false
	}
	return max(leastBudget, int(share*float64(len(b.base))/100)), true
}

func (b *budget) expiries(c Change) objection {
	if c.Kind != Remove || c.Cause.Kind != CauseExpiry || c.Begun || b.due[c.Assignment] {
		return objection{}
	}
	return objection{CodeExpiryBound, fmt.Sprintf("More than %d grants end within %s; the rest follows.", expiryBound, expiryWindow)}
}
