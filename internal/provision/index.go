package provision

import (
	"iter"
	"slices"

	"aws-access-bot/config"
)

// index finds records without looking at all of them: estates have a hundred
// thousand, of which a pass is about a few. A record is replaced, never
// changed, so that what was handed out stays as it was. None is ever dropped.
type index struct {
	byKey map[config.Assignment]*entry
	// list has all entries; it is sorted when the first unsorted one is asked
	// for, since new records come many at a time and seldom.
	list     []*entry
	unsorted bool
	// restless records have something due: an operation, an undertaking, or
	// that they are missing. Of troubled ones something is said.
	restless, troubled group
	byPair             map[config.Pair][]*entry
	byPrincipal        map[config.Principal][]*entry
	// byID has under an id of the identity store what has or ever had it.
	byID map[LiveAssignment][]*entry
}

// entry is the place of a record, whatever is said of it at the time.
type entry struct{ record *Record }

// group is a part of the records, which is small.
type group map[config.Assignment]*entry

func newIndex() index {
	return index{byKey: map[config.Assignment]*entry{}, restless: group{}, troubled: group{}, byPair: map[config.Pair][]*entry{},
		byPrincipal: map[config.Principal][]*entry{}, byID: map[LiveAssignment][]*entry{}}
}

// keep takes a record over, in place of an earlier one of its assignment.
func (x *index) keep(r *Record) {
	a := r.Assignment
	e, known := x.byKey[a]
	if !known {
		e = &entry{}
		x.byKey[a] = e
		x.unsorted = x.unsorted || len(x.list) > 0 && compareRecords(x.list[len(x.list)-1].record, r) > 0
		x.list = append(x.list, e)
		x.byPair[a.Pair()] = append(x.byPair[a.Pair()], e)
		x.byPrincipal[a.Principal] = append(x.byPrincipal[a.Principal], e)
	}
	if r.PrincipalID != "" && (!known || e.record.PrincipalID != r.PrincipalID) {
		who := LiveAssignment{PrincipalID: r.PrincipalID, Kind: a.Principal.Kind}
		if !slices.Contains(x.byID[who], e) {
			x.byID[who] = append(x.byID[who], e)
		}
	}
	e.record = r
	x.restless.set(e, isRestless(r))
	x.troubled.set(e, r.Code != "" || r.Trouble != "")
}

// isRestless reports whether something may be due for a record.
func isRestless(r *Record) bool {
	return r.Op != nil || r.State == Adding || r.State == Removing || r.State == Live && !r.Missing.IsZero()
}

// set says whether an entry is of the group.
func (g group) set(e *entry, in bool) {
	if in {
		g[e.record.Assignment] = e
	} else {
		delete(g, e.record.Assignment)
	}
}

// sorted returns copies of the records of a group, of all or of those that
// which picks.
func (g group) sorted(which func(*Record) bool) []Record {
	out := make([]Record, 0, len(g))
	for _, e := range g {
		if which == nil || which(e.record) {
			out = append(out, *e.record)
		}
	}
	slices.SortFunc(out, func(a, b Record) int { return a.Assignment.Compare(b.Assignment) })
	return out
}

func (x *index) find(a config.Assignment) *Record {
	if e, ok := x.byKey[a]; ok {
		return e.record
	}
	return nil
}

// all returns the records, sorted.
func (x *index) all() []*Record {
	if x.unsorted {
		slices.SortFunc(x.list, func(a, b *entry) int { return compareRecords(a.record, b.record) })
		x.unsorted = false
	}
	return recordsOf(x.list)
}

// of returns the records of a principal, sorted.
func (x *index) of(p config.Principal) []*Record { return sortedOnce(recordsOf(x.byPrincipal[p])) }

// shownBy returns the records, sorted, that are in one of the pairs, had one of
// the ids, or are of one of the people.
func (x *index) shownBy(pairs map[config.Pair]bool, whos map[LiveAssignment]bool, people []config.Principal) []*Record {
	var out []*Record
	for p := range pairs {
		out = append(out, recordsOf(x.byPair[p])...)
	}
	for who := range whos {
		out = append(out, recordsOf(x.byID[who])...)
	}
	for _, p := range people {
		out = append(out, recordsOf(x.byPrincipal[p])...)
	}
	return sortedOnce(out)
}

// recordsOf returns what entries say now.
func recordsOf(list []*entry) []*Record {
	out := make([]*Record, len(list))
	for i, e := range list {
		out[i] = e.record
	}
	return out
}

// sortedOnce sorts records, each once.
func sortedOnce(list []*Record) []*Record {
	slices.SortFunc(list, compareRecords)
	return slices.Compact(list)
}

func compareRecords(a, b *Record) int { return a.Assignment.Compare(b.Assignment) }

// idsOf are those under which a group or user is or was in the identity store.
func idsOf(g PrincipalRecord) iter.Seq[LiveAssignment] {
	return func(yield func(LiveAssignment) bool) {
		for i := -1; i < len(g.EarlierIDs); i++ {
			id := g.StoreID
			if i >= 0 {
				id = g.EarlierIDs[i]
			}
			if id != "" && !yield(LiveAssignment{PrincipalID: id, Kind: g.Principal.Kind}) {
				return
			}
		}
	}
}
