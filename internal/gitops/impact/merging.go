package impact

import (
	"cmp"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// Merging is what a change does to what is desired, were it merged now, for
// whoever foretells what the guards of provisioning hold of it.
func Merging(in Input) access.Merge {
	m := access.Merge{Before: in.Base, After: in.Head, Will: after(in), At: in.Now}
	if in.Force != nil {
		m.Before = in.Force
		if len(in.Change.Control) == 0 { // what the guards go by stays as it is in force
			m.After = in.Force
		}
	}
	m.Was = m.Before.Desired(in.Starts, in.Now)
	return m
}

// after returns what is desired with the change, were it merged now, sorted.
func after(in Input) []config.Desired {
	if in.Force == nil {
		starts := config.NextStarts(in.Base, in.Head, in.Starts, config.Start{MergedAt: in.Now, AskedAt: in.Now})
		return in.Head.Desired(starts, in.Now)
	}
	changed := map[config.Assignment]bool{}
	for _, c := range changes(in.Change) {
		changed[c.Assignment] = true
	}
	var out []config.Desired
	for _, d := range in.Force.Desired(in.Starts, in.Now) {
		if !changed[d.Assignment] {
			out = append(out, d)
		}
	}
	for _, c := range slices.Concat(in.Change.Added, in.Change.Lengthened, in.Change.Shortened) {
		out = append(out, config.Desired{Assignment: c.Assignment, End: endOf(c.New, in.Now)})
	}
	slices.SortFunc(out, func(a, b config.Desired) int { return a.Assignment.Compare(b.Assignment) })
	return out
}

// endOf is when a term ends that begins now, zero for standing.
func endOf(t *config.Term, now time.Time) time.Time {
	switch {
	case t == nil || t.Standing:
		return time.Time{}
	case t.For > 0:
		return now.Add(t.For)
	}
	return cmp.Or(t.End, now)
}
