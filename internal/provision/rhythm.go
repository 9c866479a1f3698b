package provision

import (
	"slices"
	"time"
)

// When operations are listed. A list costs one request of a share that
// creations want too; a place whose operation has ended unnoticed stands idle.
const (
	// listSoon is the least time between two lists of a kind.
	listSoon = 250 * time.Millisecond
	// idleWorth is for how much idle time, of all places together, a list is
	// made at least: one place may stand idle for that long, ten for a tenth of
	// it. Where operations take long a quarter of that is worth a list.
	idleWorth = time.Second
)

// expected returns when operations are expected to end, by how long others
// took; of the first ones nothing is known.
func (e *Engine) expected(running []Record) []time.Time {
	took := max(e.pace(listEvery), e.desk.took)
	ends := make([]time.Time, len(running))
	for i, r := range running {
		ends[i] = r.Op.Requested.Add(took)
	}
	return ends
}

// worth is for how much idle time a list is made.
func (e *Engine) worth() time.Duration { return max(e.pace(idleWorth), e.desk.took/4) }

// nextList returns when operations are listed next that are expected to end at
// some times: once enough of them should have ended to be worth the request.
// Those that should have before the last list, and had not, are asked about
// again at a time. last is zero when no list succeeded since one failed: then
// nothing is asked before again. It is pure.
func nextList(ends []time.Time, last, again time.Time, worth, soon time.Duration) time.Time {
	slices.SortFunc(ends, time.Time.Compare)
	late, _ := slices.BinarySearchFunc(ends, last, func(end, last time.Time) int {
		if end.After(last) {
			return 1
		}
		return -1
	})
	var next alarm
	if late > 0 {
		next.set(again)
	}
	if late < len(ends) {
		next.set(later(idleSince(ends[late:], worth), last.Add(soon)))
	}
	if last.IsZero() {
		return later(next.at, again)
	}
	return next.at
}

// idleSince returns when places that fall idle at the sorted times, one after
// the other, have been idle for so long together.
func idleSince(ends []time.Time, worth time.Duration) time.Time {
	var sum time.Duration
	for n := 1; n < len(ends); n++ {
		more := time.Duration(n) * ends[n].Sub(ends[n-1])
		if sum+more >= worth {
			return ends[n-1].Add((worth - sum) / time.Duration(n))
		}
		sum += more
	}
	return ends[len(ends)-1].Add((worth - sum) / time.Duration(len(ends)))
}
