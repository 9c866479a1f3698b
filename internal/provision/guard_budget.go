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

// budget counts the removals of a plan together with those begun before.
type budget struct {
	s Surroundings
	// planned has the removals that are not expiries, waiting ones included,
	// without those that were begun before and those that limits.allow names.
	planned map[config.Assignment]bool
	// spent has what was begun in 24 h and counts against the budget.
	spent map[config.Assignment]bool
	// due has the expiries that may go now.
	due map[config.Assignment]bool
	// wholes has the objections per account and group, and for everything.
	wholes map[string]objection
	// commits counts the planned by the commit of their cause.
	commits map[string]int
}

func newBudget(plan Result, s Surroundings) *budget {
	b := &budget{s: s, planned: map[config.Assignment]bool{},
		spent: map[config.Assignment]bool{}, due: map[config.Assignment]bool{}, wholes: map[string]objection{}, commits: map[string]int{}}
	for _, r := range s.Log {
		if s.Now.Sub(r.At) < budgetWindow && !r.Expiry && !b.allows(r.Commit) {
			b.spent[r.Assignment] = true
		}
	}
	b.collect(plan)
	b.expiriesDue(plan)
	b.findWholes()
	return b
}

// collect finds the removals that count: all but expiries, those begun before,
// and those that limits.allow names as long as they are no more than it says.
func (b *budget) collect(plan Result) {
	named := map[config.Assignment]bool{}
	causes := map[config.Assignment]string{}
	note := func(a config.Assignment, cause Cause, begun bool) {
		switch {
		case cause.Kind == CauseExpiry || cause.Kind == CauseRecreated || begun:
			// Ended grants have their own bound; what is left under an id that is
			// gone gives nobody anything.
		case b.allows(cause.Commit):
			named[a], causes[a] = true, cause.Commit
		default:
			b.planned[a], causes[a] = true, cause.Commit
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
	if !b.withinAllowance(named) {
		maps.Copy(b.planned, named)
	}
	for a := range b.planned {
		b.commits[causes[a]]++
	}
}

func (b *budget) allows(commit string) bool {
	return b.s.Allow != nil && commit != "" && b.s.Allow.Commit == commit
}

// withinAllowance reports whether the removals that limits.allow names, with
// those begun before, are no more than it says.
func (b *budget) withinAllowance(named map[config.Assignment]bool) bool {
	if len(named) == 0 {
		return true
	}
	all := len(named)
	for _, r := range b.s.Log {
		if !r.Expiry && b.allows(r.Commit) && !named[r.Assignment] {
			all++
		}
	}
	return all <= b.s.Allow.Removals
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

// base has what was owned at the start of the window: what is owned now and
// what was removed since. What is left under ids that are gone is no part of it:
// it would make what is whole look like a part.
func (b *budget) base() map[config.Assignment]bool {
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

// findWholes finds the accounts and groups of which nothing would be left.
func (b *budget) findWholes() {
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
	all := b.base()
	for a := range b.planned { // also what no commit ever declared
		all[a] = true
	}
	for a := range all {
		_, desired := b.s.Desired[a]
		going := b.planned[a] || b.spent[a] && !desired
		count("account "+a.Account, going)
		count(a.Principal.String(), going)
		count("", going)
	}
	for key, n := range parts {
		if n.all >= wholeFrom && n.going == n.all {
			b.wholes[key] = objection{wholeCode(key), fmt.Sprintf("All %d owned assignments of %s would go.%s", n.all, wholeName(key), b.mend())}
		}
	}
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

// mend says how people allow what is refused: for the commit that is behind
// most of it.
func (b *budget) mend() string {
	commit := ""
	for c, n := range b.commits {
		if n > b.commits[commit] || n == b.commits[commit] && c < commit {
			commit = c
		}
	}
	return fmt.Sprintf(" To allow it, add to aws-access.yaml, by a pull request of its own: limits: {allow: {commit: %q, removals: %d}}.", commit, b.commits[commit])
}

// counts reports whether the count guards look at a change.
func (b *budget) counts(c Change) bool {
	return c.Kind == Remove && c.Cause.Kind != CauseExpiry && b.planned[c.Assignment]
}

func (b *budget) whole(c Change) objection {
	if !b.counts(c) {
		return objection{}
	}
	for _, key := range []string{"", "account " + c.Assignment.Account, c.Assignment.Principal.String()} {
		if o, ok := b.wholes[key]; ok {
			return o
		}
	}
	return objection{}
}

// removals refuses the whole plan when it is over the budget.
func (b *budget) removals(c Change) objection {
	if !b.counts(c) {
		return objection{}
	}
	limit, ok := b.limit()
	if !ok {
		return objection{CodeBudget, "limits.removals is not a percentage, so nothing is removed."}
	}
	if len(b.spent)+len(b.planned) <= limit {
		return objection{}
	}
	return objection{CodeBudget, fmt.Sprintf("The plan removes %d assignments and %d went in the last 24 hours; the limit is %d of %d owned, and a plan over it is refused whole.%s",
		len(b.planned), len(b.spent), limit, len(b.base()), b.mend())}
}

// limit returns how many removals 24 hours may have, false when the share is
// no percentage.
func (b *budget) limit() (int, bool) {
	share := b.s.RemovalPercent
	if math.IsNaN(share) || share < 0 || share > 100 {
		return 0, false
	}
	return max(leastBudget, int(share*float64(len(b.base()))/100)), true
}

func (b *budget) expiries(c Change) objection {
	if c.Kind != Remove || c.Cause.Kind != CauseExpiry || c.Begun || b.due[c.Assignment] {
		return objection{}
	}
	return objection{CodeExpiryBound, fmt.Sprintf("More than %d grants end within %s; the rest follows.", expiryBound, expiryWindow)}
}
