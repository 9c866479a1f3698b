package provision

import (
	"slices"
	"time"

	"aws-access-bot/config"
)

// A commit can take access away by a near end as well as by taking its line out.
// So an end that a commit newly set, or brought nearer, makes a removal by that
// commit when it passes within cutFor, under all guards that count.

// cutFor is how long after a commit came into force an end that it brought near
// counts as a removal by it: as long as the window of the removal budget.
const cutFor = budgetWindow

// Cut says that a commit brought the end of an assignment nearer.
type Cut struct {
	Commit string
	// At is when it was seen in force.
	At time.Time
	// From is the end before, zero for standing; with several commits within
	// cutFor, that before the first.
	From time.Time
}

// counts reports whether an end at a time is a removal by the commit.
func (c *Cut) counts(at time.Time) bool { return c != nil && at.Before(c.At.Add(cutFor)) }

// nearer reports whether an end comes before another; zero is never.
func nearer(end, other time.Time) bool {
	return !end.IsZero() && (other.IsZero() || end.Before(other))
}

// cut returns how the commit in force, or one lately before it, brought the end
// of what is recorded nearer, nil when none did.
func (v *view) cut(old Record, d Desire) *Cut {
	if old.State == "" || old.State == Gone {
		return nil // it is given anew, and has its end from the start
	}
	if timed, _ := hadEnd(old); timed && old.End.IsZero() {
		// A record from before ends were kept. That a line went is enough.
		if slices.ContainsFunc(old.Grants, func(k config.GrantKey) bool { return !slices.Contains(d.Grants, k) }) {
			return &Cut{Commit: v.force.Commit, At: v.now}
		}
		return nil
	}
	at := v.now
	for _, k := range d.Grants { // a merge is never later than we take it to be, should our clock be behind
		at = later(at, v.force.Starts[k].MergedAt)
	}
	from := old.End
	if old.Cut.counts(v.now) {
		from = old.Cut.From
	}
	switch {
	case !nearer(d.End, from):
		return nil
	case nearer(d.End, old.End):
		return &Cut{Commit: v.force.Commit, At: at.UTC(), From: from}
	}
	return old.Cut // longer again, and not as long as it was
}

// endCause returns the cause of a removal of what is no longer desired because
// its end has passed, false when that is not why.
func (v *view) endCause(rec Record) (Cause, bool) {
	end, ok := v.ended(rec)
	switch {
	case !ok:
		return Cause{}, false
	case rec.Cut.counts(end):
		return Cause{Kind: CauseCommit, Commit: rec.Cut.Commit, End: end.UTC()}, true
	}
	return Cause{Kind: CauseExpiry, Commit: v.force.Commit, End: end.UTC()}, true
}

// stood reports whether a record was standing until a commit gave it an end
// lately: before now, or before its removal began.
func (r Record) stood(now time.Time) bool {
	switch {
	case r.State == Removing && !r.Cause.End.IsZero():
		now = r.Cause.End
	case r.State == Removing:
		now = r.Since
	}
	return r.Cut.counts(now) && r.Cut.From.IsZero()
}
