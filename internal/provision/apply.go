package provision

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"aws-access-bot/internal/provision/fault"
)

// CodeRefused is a write that AWS refused at once.
const CodeRefused Code = "aws-refused"

// troubleFrom is how many writes in a row may be throttled or in conflict
// before people are told.
const troubleFrom = 5

// apply sends what may be sent now: removals before additions, at most one
// operation in an account and maxOutstanding in all. What does not fit waits
// for the next pass.
func (e *Engine) apply(ctx context.Context, v *view, allowed []Change) (int, error) {
	running := e.running("")
	busy := map[string]bool{}
	for _, r := range running {
		busy[r.Assignment.Account] = true
	}
	room := maxOutstanding - len(running)
	var started atomic.Int64
	var g errgroup.Group
	g.SetLimit(parallelCalls)
	clear(e.desk.queued)
	e.desk.line = nil
	for _, c := range e.inOrder(v, allowed) {
		r := e.book.record(c.Assignment)
		if !e.ready(v, r, c) {
			continue
		}
		if room <= 0 || busy[c.Assignment.Account] {
			e.desk.queued[LiveAssignment{PrincipalID: c.PrincipalID, Kind: c.Assignment.Principal.Kind}]++
			e.desk.line = append(e.desk.line, c.Assignment)
			continue
		}
		busy[c.Assignment.Account] = true
		room--
		e.forget(c.Assignment)
		g.Go(func() error {
			started.Add(1)
			return e.send(ctx, r, c)
		})
	}
	err := g.Wait()
	e.setFollowAlarm(v)
	out := e.under()
	for _, r := range e.book.operations() {
		v.alarm.set(e.nextRead(v, r, out))
	}
	for _, c := range allowed {
		if at := dueAgain(e.book.record(c.Assignment).NextTry, v.now); at.After(v.now) {
			v.alarm.set(at)
		}
	}
	return int(started.Load()), err
}

// ready reports whether a change can be sent in this pass.
func (e *Engine) ready(v *view, r Record, c Change) bool {
	want := Adding
	if c.Kind == Remove {
		want = Removing
	}
	if r.Op != nil || r.State != want || c.PrincipalID == "" {
		return false
	}
	if dueAgain(r.NextTry, v.now).After(v.now) {
		return false
	}
	if !e.seenSince(r, later(r.Since, v.now.Add(-fresh))) {
		return false
	}
	if c.Kind == Remove {
		return true
	}
	if r.rollsBack() {
		return v.restorable[c.Assignment] == c.PrincipalID
	}
	g := e.book.principal(r.Assignment.Principal)
	return g.StoreID == c.PrincipalID && !g.Ensured.Before(r.Since) && !g.Looked.Before(r.Since) && !g.Asleep && blocking(g.Code) == ""
}

// send stores the intent, makes the write and stores the answer.
func (e *Engine) send(ctx context.Context, r Record, c Change) error {
	mayExist := r.MayExist
	r, err := e.intend(ctx, r, c)
	if err != nil {
		return err
	}
	target := Target{Pair: r.Assignment.Pair(), PrincipalID: c.PrincipalID, Kind: r.Assignment.Principal.Kind}
	writeCtx, cancel := e.write(ctx)
	defer cancel()
	var id string
	if c.Kind == Add {
		id, err = e.Center.Create(writeCtx, target)
	} else {
		id, err = e.Center.Delete(writeCtx, target)
	}
	// The answer is stored even if the process is about to end.
	storeCtx := context.WithoutCancel(ctx)
	switch {
	case err == nil:
		return e.requested(storeCtx, r, id)
	case c.Kind == Remove && errors.Is(err, fault.ErrNotFound):
		return e.ended(storeCtx, r) // there was nothing; the listing decides
	case fault.Known(err):
		r.MayExist = mayExist
		return e.refused(storeCtx, r, c, err)
	default:
		e.opts.Log.Warn("write without an answer", "action", r.Op.Action, "assignment", r.Assignment.String(), "error", err)
		e.audit(storeCtx, auditAction(r.Op.Action), r.Assignment.String(), r.Cause, "unknown")
		return nil // the intent stays, and the listing decides
	}
}

// intend stores what is about to be written.
func (e *Engine) intend(ctx context.Context, r Record, c Change) (Record, error) {
	now := e.now()
	r.PrincipalID = c.PrincipalID
	if c.Kind == Add {
		r.Op = &Operation{Action: Create, PrincipalID: c.PrincipalID, Intent: now}
		r.MayExist, r.Origin = true, OriginMade
		if again := r.Cause.Kind == CauseDrift || r.Cause.Kind == CauseRecreated || r.Cause.Kind == CauseRollBack; r.Made.At.IsZero() && !again {
			r.Made = Making{now, r.Cause.Commit}
		}
		r.AppAssigned, r.Seen = stageTimes(r, e.book.principal(r.Assignment.Principal))
		return r, e.book.save(ctx, StepIntent, r)
	}
	r.Op = &Operation{Action: Delete, PrincipalID: c.PrincipalID, Intent: now}
	if !r.RemoveAsked.IsZero() {
		return r, e.book.save(ctx, StepIntent, r)
	}
	r.RemoveAsked = now
	if r.Cause.Kind == CauseRecreated { // outside the bounds, so not in their log
		return r, e.book.save(ctx, StepIntent, r)
	}
	if r.Cause.Kind != CauseExpiry {
		r.Used = r.Cause.Commit
	}
	entry := Removal{At: now, Assignment: r.Assignment, Expiry: r.Cause.Kind == CauseExpiry, Commit: r.Cause.Commit, Doubtful: e.desk.doubtful}
	return r, e.book.intendRemoval(ctx, r, entry)
}

// requested stores AWS's id of the operation.
func (e *Engine) requested(ctx context.Context, r Record, id string) error {
	op := *r.Op
	op.RequestID, op.Requested = id, e.now()
	r.Op = &op
	if err := e.book.save(ctx, StepRequested, r); err != nil {
		return err
	}
	e.audit(ctx, auditAction(op.Action), r.Assignment.String(), r.Cause, "requested")
	return nil
}

// refused stores that a write had no effect, and when it is tried again.
func (e *Engine) refused(ctx context.Context, r Record, c Change, err error) error {
	action := r.Op.Action
	r.Op = nil
	passing := errors.Is(err, fault.ErrThrottled) || errors.Is(err, fault.ErrConflict)
	first, most := retryFirst, retryMost
	if passing {
		first, most = busyFirst, busyMost
	}
	e.retryLater(&r, first, most, fault.RetryAfter(err))
	if !passing || r.Attempts >= troubleFrom {
		r.Code = CodeRefused
		r.Trouble = fmt.Sprintf("AWS does not %s the assignment: %s. The bot tries again.", action, sentence(fault.Reason(err)))
	}
	e.opts.Log.Warn("write refused", "action", action, "assignment", r.Assignment.String(), "error", err, "next", r.NextTry)
	if err := e.book.save(ctx, StepOutcome, r); err != nil {
		return err
	}
	e.audit(ctx, auditAction(action), c.Assignment.String(), r.Cause, "refused: "+fault.Reason(err))
	return nil
}
