package provision

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aws-access-bot/internal/provision/fault"
)

// deniedTold is from which refusal in a row on people are told: one alone may
// be credentials that were just replaced.
const deniedTold = 2

// unanswered counts that a look-up failed once more and returns when it may be
// tried again. A refusal that lasts is told.
func (e *Engine) unanswered(ctx context.Context, what string, err error) time.Time {
	next, n := e.lookAgain(what, err)
	if n >= deniedTold {
		e.tellDenied(ctx, what, err)
	}
	return next
}

// lookAgain counts that a look-up failed once more, and returns when it may be
// tried again and how often it failed in a row.
func (e *Engine) lookAgain(what string, err error) (next time.Time, n int) {
	n = e.desk.lookFails[what].n + 1
	next = e.now().Add(max(e.pace(backoff(readFirst, readMost, n)), fault.RetryAfter(err)))
	e.desk.lookFails[what] = failing{n, next}
	return next, n
}

// pollAgain returns how long to leave alone operations that could not be asked
// about: a part of their age, so that an outage is not met with a poll every few
// seconds for as long as it lasts.
func (e *Engine) pollAgain(age time.Duration, err error) time.Duration {
	return max(min(age/4, e.pace(busyMost)), fault.RetryAfter(err))
}

// tellDenied tells the operations channel once a day that AWS refuses what the
// bot asks. Nothing mends that but people, and all that depends on the answer
// waits: what is live stays, and nothing new is given.
func (e *Engine) tellDenied(ctx context.Context, what string, err error) {
	if !errors.Is(err, fault.ErrDenied) {
		return
	}
	e.notify(ctx, fmt.Sprintf("denied/%s/%s", what, e.now().Format("2006-01-02")), fmt.Sprintf(
		"AWS refuses to tell the bot %s: %s. Until that is mended whatever depends on it waits, and access stays as it is. Look at the bot's credentials and at its permissions in AWS; docs/setup.md lists them.",
		what, sentence(fault.Reason(err))))
}
