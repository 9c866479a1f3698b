package provision

import (
	"context"
	"time"

	"aws-access-bot/config"
)

// How long the reading of an operation that left the list may wait for others
// that the same reading would show: for one that is sent now to end, since the
// last of a group often had to wait for another in its account.
const (
	gatherLeast = 5 * time.Second
	gatherMost  = 20 * time.Second
)

// gather is that wait, by how long operations take.
func (e *Engine) gather() time.Duration {
	return min(max(e.pace(gatherLeast), 2*e.desk.took), e.pace(gatherMost))
}

// underway counts the operations that run in AWS.
type underway struct {
	byWho  map[LiveAssignment]int
	byPair map[config.Pair]int
}

// under counts what runs.
func (e *Engine) under() underway {
	u := underway{map[LiveAssignment]int{}, map[config.Pair]int{}}
	for _, r := range e.running("") {
		u.byWho[acted(r)]++
		u.byPair[r.Assignment.Pair()]++
	}
	return u
}

// acted returns whom an operation is about.
func acted(r Record) LiveAssignment {
	return LiveAssignment{PrincipalID: r.Op.PrincipalID, Kind: r.Assignment.Principal.Kind}
}

// hasLeft notes that an operation is no longer in progress, which is no
// success yet. Its place and its account are free.
func (e *Engine) hasLeft(r Record, at time.Time) {
	if _, ok := e.desk.left[r.Assignment]; !ok {
		e.desk.left[r.Assignment] = at
		e.desk.ended(r, at)
	}
}

// hasLeftList reports whether an operation left the list and is not settled.
func (e *Engine) hasLeftList(r Record) bool {
	_, left := e.desk.left[r.Assignment]
	return left && r.Op.outstanding()
}

// settleAll reads back what left the list, after the places that it freed were
// given to others.
func (e *Engine) settleAll(ctx context.Context, v *view) error {
	if len(v.verify) == 0 {
		return nil
	}
	began := e.now()
	e.readNeeds(ctx, v, v.verify)
	v.alarm.set(began) // what was found out is planned with
	return e.readBackSince(ctx, v, began)
}

// over counts the end of an operation, once.
func (e *Engine) over(r Record) {
	if _, left := e.desk.left[r.Assignment]; !left {
		e.desk.ended(r, e.now())
	}
}

// verifyTime returns when an operation that left is read back: once nothing
// else runs that the same reading would show, and after [Engine.gather] at the latest.
func (e *Engine) verifyTime(r Record, left time.Time, out underway) time.Time {
	others := out.byPair[r.Assignment.Pair()]
	if e.wholeAllowed(e.now()) {
		others = out.byWho[acted(r)] + e.desk.queued[acted(r)]
	}
	if others == 0 {
		return left
	}
	return left.Add(e.gather())
}

// settleLeft holds an operation that left the list against a reading. What the
// reading confirms is done; what it does not is asked about, for the reason.
func (e *Engine) settleLeft(ctx context.Context, v *view, r Record, seen glimpse, left time.Time) error {
	if seen.Began.Before(left) {
		return nil
	}
	listed := seen.has(r.Op.PrincipalID)
	switch {
	case r.Op.Action == Create && listed && e.listedAs(r, seen) == r.Op.PrincipalID:
		r.Created = left
		e.audit(ctx, auditAction(Create), r.Assignment.String(), r.Cause, string(Succeeded))
		return e.isLive(ctx, r, seen, r.Op.PrincipalID)
	case r.Op.Action == Delete && !listed && !r.MayExist:
		// With MayExist the creation may only lag: then its absence says nothing.
		e.audit(ctx, auditAction(Delete), r.Assignment.String(), r.Cause, string(Succeeded))
		return e.notListedAnyMore(ctx, v, r, seen, e.listedAs(r, seen))
	}
	return e.describe(ctx, r)
}
