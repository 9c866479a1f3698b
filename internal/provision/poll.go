package provision

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/fault"
)

// unknownRequests is how often a request id may be unknown to AWS before its
// outcome is taken for lost: ids appear a moment after they were given out.
const unknownRequests = 20

// CodeFailed is an operation that AWS took and then failed.
const CodeFailed Code = "aws-failed"

// outstanding returns the records whose operation may be running in AWS,
// sorted.
func (e *Engine) outstanding() []Record {
	return e.selected(func(r Record) bool { return r.Op.outstanding() })
}

// selected returns the records that fit, sorted.
func (e *Engine) selected(fits func(Record) bool) []Record {
	var out []Record
	for _, r := range sortedRecords(e.book.all()) {
		if fits(r) {
			out = append(out, r)
		}
	}
	return out
}

// follow asks how the operations go whose next poll is due. Of several of one
// kind all are asked about in one list call.
func (e *Engine) follow(ctx context.Context, v *view) error {
	for _, action := range []Action{Delete, Create} {
		running := e.selected(func(r Record) bool {
			return r.Op.outstanding() && r.Op.Action == action && r.Op.RequestID != ""
		})
		due := false
		for _, r := range running {
			due = due || !e.pollTime(r).After(v.now)
		}
		if due {
			if err := e.followAction(ctx, v, action, running); err != nil {
				return err
			}
		}
		for _, r := range running {
			if now := e.book.record(r.Assignment); now.Op.outstanding() && now.Op.RequestID != "" {
				v.alarm.set(e.pollTime(now))
			}
		}
	}
	return nil
}

// pollTime returns when the operation is asked about next.
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

func (e *Engine) followAction(ctx context.Context, v *view, action Action, running []Record) error {
	listed := map[string]Status{}
	if len(running) > 1 {
		callCtx, cancel := e.call(ctx)
		var err error
		listed, err = e.Center.Outcomes(callCtx, action)
		cancel()
		if err != nil {
			e.opts.Log.Warn("list operations", "action", action, "error", err)
			for _, r := range running {
				e.polled(r, fault.RetryAfter(err))
			}
			return nil
		}
	} else if e.pollTime(running[0]).After(v.now) {
		return nil
	}
	for _, r := range running {
		var err error
		switch listed[r.Op.RequestID] {
		case InProgress:
			e.polled(r, 0)
		case Succeeded:
			err = e.succeeded(ctx, r)
		default:
			// Absence is no success, and the list has no reasons.
			err = e.describe(ctx, r)
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
		if !errors.Is(err, fault.ErrNotFound) {
			e.opts.Log.Warn("describe operation", "assignment", r.Assignment.String(), "error", err)
		}
		e.polled(r, fault.RetryAfter(err))
		return nil
	case outcome.Status == Succeeded:
		return e.succeeded(ctx, r)
	case outcome.Status == Failed:
		return e.failed(ctx, r, outcome.Reason)
	default:
		e.polled(r, 0)
		return nil
	}
}

// succeeded notes that an operation ended well. It says nothing yet of what is
// listed.
func (e *Engine) succeeded(ctx context.Context, r Record) error {
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
