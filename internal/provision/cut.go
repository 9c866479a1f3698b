package provision

import (
	"context"
	"slices"
	"time"

	"aws-access-bot/config"
)

// A commit can take access away by an end as well as by taking its line out. So
// an end that a commit newly set, or brought nearer, makes a removal by that
// commit whenever it passes, under all guards that count, until limits.allow lets
// the commit have it. What was given with its end is none.

// Cut says that a commit brought the end of an assignment nearer.
type Cut struct {
	Commit string
	// At is when it was seen in force, and From the end before it, zero for
	// standing. Where several commits did, Commit is the last of them, and At and
	// From are of the first.
	At   time.Time
	From time.Time
}

// nearer reports whether an end comes before another; zero is never.
func nearer(end, other time.Time) bool {
	return !end.IsZero() && (other.IsZero() || end.Before(other))
}

// cut returns how the commit in force, or one before it, brought the end
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
	at, from := v.now, old.End
	if old.Cut != nil {
		at, from = old.Cut.At, old.Cut.From
	}
	switch {
	case !nearer(d.End, from):
		return nil
	case nearer(d.End, old.End):
		return &Cut{Commit: v.force.Commit, At: at.UTC(), From: from}
	}
	return old.Cut // longer again, and not as long as it was
}

// givenEnd is the end that something was given with, whatever commits took of it
// since; zero when it stood, or nothing is there.
func (r Record) givenEnd() time.Time {
	switch {
	case r.State == "", r.State == Gone:
		return time.Time{}
	case r.Cut != nil:
		return r.Cut.From
	}
	return r.End
}

// outlived reports whether something has come to the end that it was given with.
// From then on its removal is no commit's: the guards that count would keep for good
// what was given for hours, if only a commit had tried to take all of it earlier.
func (v *view) outlived(r Record) bool {
	end := r.givenEnd()
	return !end.IsZero() && !end.After(v.now) && !v.doubtful
}

// comesToItsEnd reports whether what a commit takes away, and a guard holds, has come
// to the end that it was given with. One that had passed before the removal was
// noticed says nothing: it may have been given for longer in between.
func (v *view) comesToItsEnd(r Record) bool {
	held := r.Cause.Kind == CauseCommit && r.RemoveAsked.IsZero() && r.Op == nil
	return r.State == Removing && held && r.Since.Before(r.givenEnd()) && v.outlived(r)
}

// endCause returns the cause of a removal of what is no longer desired because
// its end has passed, false when that is not why.
func (v *view) endCause(rec Record) (Cause, bool) {
	end, ok := v.ended(rec)
	switch {
	case v.comesToItsEnd(rec), ok && rec.Cut != nil && v.outlived(rec):
		return Cause{Kind: CauseExpiry, Commit: v.force.Commit, End: rec.givenEnd().UTC()}, true
	case !ok:
		return Cause{}, false
	case rec.Cut != nil:
		return Cause{Kind: CauseCommit, Commit: rec.Cut.Commit, End: end.UTC()}, true
	}
	return Cause{Kind: CauseExpiry, Commit: v.force.Commit, End: end.UTC()}, true
}

// stood reports whether a record was standing until a commit gave it an end that
// is not allowed.
func (r Record) stood() bool { return r.Cut != nil && r.Cut.From.IsZero() }

// dueSince is since when a record that is to go, or to end, was to: when the
// commit behind it was first seen in force.
func (r Record) dueSince() time.Time {
	if r.Cut != nil && (r.State != Removing || r.Cause.Kind == CauseCommit && !r.Cause.End.IsZero()) {
		return r.Cut.At
	}
	return r.Since
}

// ahead reports whether a commit brought the end of a record nearer, and what it
// takes away then may be there.
func (r Record) ahead() bool {
	return r.Cut != nil && (r.State == Live || r.State == Adding && (r.PrincipalID != "" || r.MayExist))
}

// noteAllowed takes over which ends limits.allow lets commits have: from then on
// they are ends like any other, whatever else it allows later.
func (e *Engine) noteAllowed(ctx context.Context, v *view, ends []config.Assignment) error {
	var list []Record
	for _, a := range ends {
		if r := e.book.record(a); r.Cut != nil && r.State != Removing {
			r.Used, r.Cut = r.Cut.Commit, nil
			list = append(list, r)
		}
	}
	return e.book.begin(ctx, v.force.Commit, list, nil)
}
