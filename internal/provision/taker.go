package provision

import (
	"cmp"
	"context"

	"aws-access-bot/config"
)

// Between two passes several commits may come into force: after a while without the
// bot, after the loss of the state file, or merged one after the other. What one of
// them took away is its removal and not that of the last, since limits.allow names
// the commit, and people read in git which one that was.

// attribute gives what was just found to be taken away, or to end sooner, to the
// commit that did it, where that was noted.
func (e *Engine) attribute(ctx context.Context, v *view, changed []Record) error {
	var list []config.Assignment
	for i := range changed {
		if r := &changed[i]; r.takenBy(v.force.Commit) || r.cutBy(v.force.Commit) || e.unrecorded(r) {
			list = append(list, r.Assignment)
		}
	}
	if len(list) == 0 {
		return nil
	}
	takers, err := e.Store.TakenBy(ctx, list)
	if err != nil {
		return err
	}
	for i := range changed {
		r := &changed[i]
		by := cmp.Or(takers[r.Assignment], v.force.Commit)
		if takers[r.Assignment] != "" && e.unrecorded(r) {
			r.Cut = &Cut{Commit: by, At: v.now} // what its end was before is not known: it may have stood
		}
		if r.takenBy(v.force.Commit) {
			r.Cause.Commit = by
		}
		if r.cutBy(v.force.Commit) {
			cut := *r.Cut
			cut.Commit = by
			r.Cut = &cut
		}
	}
	return nil
}

// unrecorded reports whether a record is the first of something with an end: then a
// commit may have brought that near before there was one.
func (e *Engine) unrecorded(r *Record) bool {
	return r.State == Adding && !r.End.IsZero() && r.Cut == nil && e.book.find(r.Assignment) == nil
}

// takenBy reports whether a record is one of a removal by a commit, other than by an
// end that it set.
func (r *Record) takenBy(commit string) bool {
	return r.State == Removing && r.Cause.Kind == CauseCommit && r.Cause.End.IsZero() && r.Cause.Commit == commit
}

// cutBy reports whether a commit last brought the end of a record nearer.
func (r *Record) cutBy(commit string) bool { return r.Cut != nil && r.Cut.Commit == commit }
