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
	// load is how many changes its account has, when that is more than its
	// share: an account takes one operation at a time, so it would be the last
	// to be done. Otherwise it is zero.
	load int
}

// inOrder sorts changes by rank, ended grants by their end, then what has
// waited longest. Of what began together accounts with more than their share
// come first, then one principal after the other: operations of one principal
// in many accounts run at the same time and are read back together.
func (e *Engine) inOrder(v *view, allowed []Change) []Change {
	load := map[string]int{}
	for _, c := range allowed {
		load[c.Assignment.Account]++
	}
	list := make([]queued, 0, len(allowed))
	for _, c := range allowed {
		q := queued{Change: c, rank: rank(c, v.force.Repo.IsProtected(c.Assignment)), since: e.book.record(c.Assignment).Since}
		if n := load[c.Assignment.Account]; n*maxOutstanding > len(allowed) {
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
