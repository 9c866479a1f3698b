package provision

import (
	"cmp"
	"slices"
	"time"

	"aws-access-bot/config"
)

// ledger has the records: each by its assignment, nil when there is none, and
// all of them. They must not be changed.
type ledger interface {
	find(config.Assignment) *Record
	all() []*Record
}

// settle finds what is to be undertaken: the records that a view changes, and
// the desired assignments that are not owned yet. Those are owned by right,
// being desired by the verified commit; they are missing in the owned set only
// where its end and a new desire crossed. It is pure.
func settle(v *view, records ledger) (changed []Record, own []config.Assignment) {
	for _, d := range v.desired {
		if !v.owned[d.Assignment] {
			own = append(own, d.Assignment)
		}
		if next, differs := settleDesired(v, records.find(d.Assignment), d); differs {
			changed = append(changed, next)
		}
	}
	for a := range v.owned {
		if _, desired := v.wants[a]; desired {
			continue
		}
		if next, differs := settleUnwanted(v, a, records.find(a)); differs {
			changed = append(changed, next)
		}
	}
	for _, rec := range records.all() {
		clearing := rec.State == Removing && rec.Cause.Kind == CauseDrift && v.clears()
		if rec.State == Gone || rec.Op.outstanding() || clearing || v.puttingBack(rec) || v.owned[rec.Assignment] {
			continue
		}
		if _, desired := v.wants[rec.Assignment]; !desired {
			next := *rec
			next.State, next.Code, next.Trouble = Gone, "", ""
			changed = append(changed, next)
		}
	}
	slices.SortFunc(changed, func(a, b Record) int { return a.Assignment.Compare(b.Assignment) })
	return changed, own
}

// settleDesired returns the record of a desired assignment, and whether it
// differs from what is stored.
func settleDesired(v *view, had *Record, d Desire) (Record, bool) {
	var rec Record
	if had != nil {
		rec = *had
	}
	switch {
	case had == nil, rec.State == Gone, rec.State == Removing && rec.Op == nil:
		return v.beginAdding(rec, d), true
	case rec.State == Removing:
		return rec, false // the deletion comes to its end first
	case rec.State == Live && hasNew(d.Grants, rec.Grants):
		return v.beginAdding(rec, d), true
	case !slices.Equal(d.Grants, rec.Grants), !d.End.Equal(rec.End):
		if hasNew(d.Grants, rec.Grants) {
			rec.Cause = v.cause(d)
		}
		rec.Cut, rec.Lasts = v.cut(rec, d), v.lasts(rec, d)
		rec.Grants, rec.End = d.Grants, d.End.UTC()
		return rec, true
	}
	return rec, false
}

// beginAdding starts an undertaking anew. What is live already will be read
// back without a write.
func (v *view) beginAdding(old Record, d Desire) Record {
	made := old.Made
	if old.State == Gone {
		made = Making{}
	}
	return Record{Assignment: d.Assignment, State: Adding, Cause: v.cause(d), Since: v.now, Grants: d.Grants,
		End: d.End.UTC(), Cut: v.cut(old, d), Used: old.Used, Made: made, Lasts: v.lasts(old, d), PrincipalID: old.PrincipalID, MayExist: old.MayExist, Origin: old.origin()}
}

func (v *view) cause(d Desire) Cause {
	c := Cause{Kind: CauseCommit, Commit: v.force.Commit, Requests: d.Requests}
	if len(d.Requests) > 0 {
		c.Kind = CauseRequest
	}
	return c
}

// settleUnwanted returns the record of an owned assignment that is not desired.
func settleUnwanted(v *view, a config.Assignment, had *Record) (Record, bool) {
	rec := unwantedOf(had)
	switch {
	case rec.State == Removing && !v.takesOver(rec) && !v.comesToItsEnd(rec) && !rec.adopted():
		return rec, false
	case rec.State == Adding && rec.Op.outstanding():
		return rec, false // the creation comes to its end first
	}
	cause, ended := v.endCause(rec)
	if !ended {
		cause = Cause{Kind: CauseCommit, Commit: v.force.Commit}
	}
	rec.Assignment, rec.State, rec.Cause, rec.Since = a, Removing, cause, v.now
	rec.Op, rec.Attempts, rec.NextTry, rec.Code, rec.Trouble = nil, 0, time.Time{}, "", ""
	rec.RemoveAsked, rec.Removed, rec.Missing = time.Time{}, time.Time{}, time.Time{}
	return rec, true
}

// unwantedOf is the record that a removal goes on from. Where nothing was there by the
// records, nor was granted since, the assignment was live before the bot had to do with
// it, and was adopted: the grants and ends of what it once was, and went, say nothing of
// it, or an hour that somebody had years ago would take the last way in round the guards.
func unwantedOf(had *Record) Record {
	switch {
	case had == nil:
		return Record{Origin: OriginFound}
	case had.State == Gone:
		return Record{State: Gone, Used: had.Used, PrincipalID: had.PrincipalID, MayExist: had.MayExist, Origin: cmp.Or(had.origin(), OriginFound), Before: had.went()}
	}
	return *had
}

// went is how what is recorded as gone was taken away, nil where it never was.
func (r *Record) went() *Going {
	if r.Removed.IsZero() {
		return nil
	}
	return &Going{Cause: r.Cause, RemoveAsked: r.RemoveAsked, Removed: r.Removed}
}

// looksAgain reports whether a record is of what went, and is to go once more if it is
// there again, of which nothing is known yet. What is adopted twice is so: the second
// time says nothing of what the first took away, nor of the question about that.
func (r *Record) looksAgain() bool {
	return r.State == Removing && r.Before != nil && r.RemoveAsked.IsZero()
}

// adopted reports whether a record is of what was to go as drift, and is asked about as
// owned: by then it goes by the commit that it was adopted with.
func (r *Record) adopted() bool {
	return r.State == Removing && r.Cause.Kind == CauseDrift && r.RemoveAsked.IsZero() && r.Op == nil
}

// ended reports whether an assignment is no longer desired only because of the
// time: every grant that made it is still in the repo, was in force, and has
// come to its end. A commit that takes a grant away, or moves its end into the
// past, is a removal by that commit.
func (v *view) ended(rec Record) (time.Time, bool) {
	var latest time.Time
	for _, key := range rec.Grants {
		ref, ok := v.refs[key]
		start, started := v.force.Starts[key]
		if !ok || !started {
			return time.Time{}, false
		}
		end, standing := ref.Grant.End(start)
		if standing || end.After(v.now) || !end.After(start.MergedAt) {
			return time.Time{}, false
		}
		if end.After(latest) {
			latest = end
		}
	}
	return latest, !latest.IsZero()
}

// hasNew reports whether now has a key that before has not.
func hasNew(now, before []config.GrantKey) bool {
	for _, k := range now {
		if !slices.Contains(before, k) {
			return true
		}
	}
	return false
}
