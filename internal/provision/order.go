package provision

import (
	"cmp"
	"slices"
	"time"
)

// The ranks in which changes are begun.
const (
	rankRemoval = iota
	rankProtected
	rankGrant
	rankDrift
)

// rank returns when a change has its turn among others: what takes access away
// goes first, then what opens the way in for emergencies, then what was asked
// for, then what is put back.
func rank(c Change, protected bool) int {
	switch {
	case c.Kind == Remove && c.Cause.Kind == CauseDrift: // what no commit ever declared
		return rankDrift
	case c.Kind == Remove:
		return rankRemoval
	case protected:
		return rankProtected
	case c.Cause.Kind == CauseDrift:
		return rankDrift
	}
	return rankGrant
}

// queued is a change with what decides its place.
type queued struct {
	Change
	rank  int
	since time.Time
	// load is how many changes its account has, when that is its whole share or
	// more: an account takes one operation at a time, so if it had no turn now
	// it would be the last to be done. Otherwise it is zero.
	load int
}

// inOrder sorts changes by rank, ended grants by their end, then what has
// waited longest. Of what began together accounts with their share or more
// come first, then one principal after the other: operations of one principal
// in many accounts run at the same time and are read back together.
func (e *Engine) inOrder(v *view, allowed []Change) []Change {
	load, waiting := map[string]int{}, 0
	for _, c := range allowed {
		if e.book.record(c.Assignment).Op == nil { // not under way already
			load[c.Assignment.Account]++
			waiting++
		}
	}
	list := make([]queued, 0, len(allowed))
	for _, c := range allowed {
		q := queued{Change: c, rank: rank(c, v.force.Repo.IsProtected(c.Assignment)), since: e.book.record(c.Assignment).Since}
		if n := load[c.Assignment.Account]; n*maxOutstanding >= waiting {
			q.load = n
		}
		list = append(list, q)
	}
	slices.SortStableFunc(list, compareQueued)
	out := make([]Change, len(list))
	for i, q := range list {
		out[i] = q.Change
	}
	return out
}

func compareQueued(a, b queued) int {
	return cmp.Or(cmp.Compare(a.rank, b.rank), a.Cause.End.Compare(b.Cause.End), a.since.Compare(b.since), -cmp.Compare(a.load, b.load),
		comparePrincipals(a.Assignment.Principal, b.Assignment.Principal), a.Assignment.Compare(b.Assignment))
}
