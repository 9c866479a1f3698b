package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/fault"
)

// unknownRequests is how often a request id may be unknown to AWS before its
// outcome is taken for lost: ids appear a moment after they were given out.
const unknownRequests = 20

// CodeFailed is an operation that AWS took and then failed.
const CodeFailed Code = "aws-failed"

// How often the operations in progress are listed, and from which age of the
// oldest on it is done less often.
const (
	listEvery = time.Second
	listSlow  = 2 * time.Second
	listLong  = 30 * time.Second
)

// running returns the records whose operation may be running in AWS, sorted:
// of one kind, or all for an empty action.
func (e *Engine) running(action Action) []Record {
	var out []Record
	for _, r := range e.book.operations() {
		if _, left := e.desk.left[r.Assignment]; r.Op.outstanding() && !left && (action == "" || r.Op.Action == action) {
			out = append(out, r)
		}
	}
	return out
}

// answered returns those of the running operations whose request id is known.
func (e *Engine) answered(action Action) []Record {
	return slices.DeleteFunc(e.running(action), func(r Record) bool { return r.Op.RequestID == "" })
}

// follow asks how the operations go whose next poll is due. A single one of a
// kind is described; of several all are asked about in one list call.
func (e *Engine) follow(ctx context.Context, v *view) error {
	for _, action := range []Action{Delete, Create} {
		running := e.answered(action)
		if len(running) == 0 || e.followTime(action, running).After(v.now) {
			continue
		}
		var err error
		if len(running) == 1 {
			err = e.describe(ctx, running[0])
		} else {
			err = e.listRunning(ctx, action, running)
		}
		if err != nil {
			return err
		}
	}
	e.setFollowAlarm(v)
	return nil
}

// setFollowAlarm has the next pass come when the next poll is due.
func (e *Engine) setFollowAlarm(v *view) {
	for _, action := range []Action{Delete, Create} {
		if running := e.answered(action); len(running) > 0 {
			v.alarm.set(e.followTime(action, running))
		}
	}
}

// followTime returns when the operations of a kind are asked about next.
func (e *Engine) followTime(action Action, running []Record) time.Time {
	if len(running) == 1 {
		return e.pollTime(running[0])
	}
	return nextList(e.expected(running), e.desk.listed[action], e.desk.lists[action], e.worth(), e.pace(listSoon))
}

// oldest returns when the oldest of operations was accepted.
func oldest(running []Record) time.Time {
	return slices.MinFunc(running, func(a, b Record) int { return a.Op.Requested.Compare(b.Op.Requested) }).Op.Requested
}

// pollTime returns when a single operation is asked about next.
func (e *Engine) pollTime(r Record) time.Time {
	if s, ok := e.desk.polls[r.Assignment]; ok {
		return s.next
	}
	return r.Op.Requested.Add(e.pace(pollAfter(0)))
}

// polled notes that an operation was asked about and is not at its end.
func (e *Engine) polled(r Record, retryAfter time.Duration) {
	n := e.desk.polls[r.Assignment].n + 1
	next := r.Op.Requested.Add(e.pace(pollAfter(n)))
	if least := e.now().Add(e.pace(time.Second)); next.Before(least) {
		next = least
	}
	if asked := e.now().Add(retryAfter); retryAfter > 0 && next.Before(asked) {
		next = asked
	}
	e.desk.polls[r.Assignment] = schedule{n, next}
}

const operationsLook = "how operations that it began go"

// listRunning asks about all operations of a kind at once. One that is absent
// has left the list: whether it did what it should, a reading tells.
func (e *Engine) listRunning(ctx context.Context, action Action, running []Record) error {
	asked := e.now()
	delete(e.desk.listed, action)
	callCtx, cancel := e.call(ctx)
	listed, err := e.Center.Outcomes(callCtx, action)
	cancel()
	every := listEvery
	if asked.Sub(oldest(running)) > e.pace(listLong) {
		every = listSlow
	}
	e.desk.lists[action] = asked.Add(e.pace(every))
	if err != nil {
		again := e.pollAgain(asked.Sub(oldest(running)), err)
		e.desk.lists[action] = asked.Add(max(e.pace(every), again))
		e.tellDenied(ctx, operationsLook, err)
		e.opts.Log.Warn("list operations", "action", action, "error", err)
		return nil
	}
	e.desk.listed[action] = asked
	for _, r := range running {
		var err error
		switch status, ok := listed[r.Op.RequestID]; {
		case status == Succeeded:
			err = e.succeeded(ctx, r)
		case status == InProgress:
			e.desk.pulse.running[r.Assignment] = asked
		case status == Failed: // the list has no reasons
			err = e.describe(ctx, r)
		case !ok && asked.Sub(r.Op.Requested) >= e.pace(listEvery)/2:
			e.hasLeft(r, asked)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// describe asks about one operation.
func (e *Engine) describe(ctx context.Context, r Record) error {
	callCtx, cancel := e.call(ctx)
	defer cancel()
	outcome, err := e.Center.Outcome(callCtx, r.Op.Action, r.Op.RequestID)
	switch {
	case errors.Is(err, fault.ErrNotFound) && e.desk.polls[r.Assignment].n >= unknownRequests:
		return e.lost(ctx, r)
	case err != nil:
		again := fault.RetryAfter(err)
		if !errors.Is(err, fault.ErrNotFound) {
			e.opts.Log.Warn("describe operation", "assignment", r.Assignment.String(), "error", err)
			e.tellDenied(ctx, operationsLook, err)
			again = e.pollAgain(e.now().Sub(r.Op.Requested), err)
		}
		delete(e.desk.left, r.Assignment)
		e.polled(r, again)
		return nil
	case outcome.Status == Succeeded:
		return e.succeeded(ctx, r)
	case outcome.Status == Failed:
		return e.failed(ctx, r, outcome.Reason)
	default:
		e.stillRuns(r)
		return nil
	}
}

// stillRuns notes that an operation is in progress, whatever a list said.
func (e *Engine) stillRuns(r Record) {
	delete(e.desk.left, r.Assignment)
	e.polled(r, 0)
}

// succeeded notes that an operation ended well. It says nothing yet of what is
// listed.
func (e *Engine) succeeded(ctx context.Context, r Record) error {
	e.over(r)
	e.forget(r.Assignment)
	return e.ended(ctx, r)
}

// ended stores the good end of an operation.
func (e *Engine) ended(ctx context.Context, r Record) error {
	op := *r.Op
	op.Ended = e.now()
	r.Op = &op
	if op.Action == Create {
		r.Created = op.Ended
	}
	if err := e.book.save(ctx, StepOutcome, r); err != nil {
		return err
	}
	e.audit(ctx, auditAction(op.Action), r.Assignment.String(), r.Cause, string(Succeeded))
	return nil
}

// failed notes that AWS gave an operation up.
func (e *Engine) failed(ctx context.Context, r Record, reason string) error {
	e.over(r)
	e.forget(r.Assignment)
	action := r.Op.Action
	r.Op = nil
	r.MayExist = r.MayExist && action == Delete
	r.Code = CodeFailed
	r.Trouble = fmt.Sprintf("AWS could not %s the assignment: %s.", action, sentence(reason))
	e.retryLater(&r, retryFirst, retryMost, 0)
	if err := e.book.save(ctx, StepOutcome, r); err != nil {
		return err
	}
	e.audit(ctx, auditAction(action), r.Assignment.String(), r.Cause, "FAILED: "+reason)
	return nil
}

// lost notes that AWS does not know the operation, as if its answer had been
// lost: the listing decides.
func (e *Engine) lost(ctx context.Context, r Record) error {
	e.forget(r.Assignment)
	op := *r.Op
	op.RequestID, op.Requested = "", time.Time{}
	r.Op = &op
	return e.book.save(ctx, StepOutcome, r)
}

// forget drops the schedules of an operation.
func (e *Engine) forget(a config.Assignment) {
	delete(e.desk.polls, a)
	delete(e.desk.looks, a)
	delete(e.desk.left, a)
}

// retryLater counts a failure and sets when the next try may be made.
func (e *Engine) retryLater(r *Record, first, most, asked time.Duration) {
	r.Attempts++
	r.NextTry = e.now().Add(max(e.pace(backoff(first, most, r.Attempts)), asked))
}

func auditAction(a Action) string { return "assignment." + string(a) }

// sentence makes the words of a service fit into a sentence of ours.
func sentence(reason string) string {
	if reason == "" {
		return "it gives no reason"
	}
	for len(reason) > 0 && reason[len(reason)-1] == '.' {
		reason = reason[:len(reason)-1]
	}
	return reason
}
