package provision

import (
	"context"
	"time"
)

// The engine's waits, before Options.Pace divides them.
const (
	// retryFirst doubles up to retryMost after what failed.
	retryFirst = 30 * time.Second
	retryMost  = 30 * time.Minute
	// busyFirst doubles up to busyMost after a throttle or a conflict, which
	// pass by themselves.
	busyFirst = 2 * time.Second
	busyMost  = time.Minute
	// readFirst doubles up to readMost after a read that failed.
	readFirst = 5 * time.Second
	readMost  = 5 * time.Minute
	// unlistedTold is how long a succeeded operation may be contradicted by
	// the listing before people are told and it is repeated.
	unlistedTold = 5 * time.Minute
	// unknownGrace is how long after a lost answer the listing is trusted to
	// show what the write did.
	unknownGrace = 15 * time.Second
	// replicaGrace is how long a listing of Entra may lag behind a write there.
	replicaGrace = 15 * time.Minute
	// principalCheck is after how long a group or user of what is live is
	// searched for again at the latest: who has a new id has no access.
	principalCheck = 10 * time.Minute
	// missingConfirm lies between the two readings that make drift, so that
	// a listing that lags once is no drift.
	missingConfirm = time.Minute
	// fresh is how long a reading of a pair serves planning.
	fresh = 15 * time.Minute
	// demandGiveUp is how long on-demand provisioning is tried: assignments
	// replicate within minutes (Microsoft: provision on demand).
	demandGiveUp = 10 * time.Minute
	// waitTold and waitOps are after how long of waiting for a group people
	// and the operations channel are told.
	waitTold = time.Hour
	waitOps  = 2 * time.Hour
	// jobLook is after how long of waiting the provisioning job is looked at.
	jobLook = 2 * time.Minute
	// longestPart bounds the part of a slow check that is read in one pass
	// while nothing else is due.
	longestPart = 30 * time.Second
	// longestSleep bounds a sleep, so that a jump of the clock is noticed.
	longestSleep = time.Minute
)

// pollAt returns when the n-th poll (from 0) of an operation is due after its
// request: after 1 s, 2 s, then every 3 s.
func pollAfter(n int) time.Duration {
	if n < 2 {
		return time.Duration(n+1) * time.Second
	}
	return 2*time.Second + time.Duration(n-1)*3*time.Second
}

// demandAfter returns the wait before the n-th repetition (from 1) of an
// on-demand provisioning.
func demandAfter(n int) time.Duration {
	waits := []time.Duration{5, 10, 20, 30, 60, 120}
	return waits[min(max(n, 1), len(waits))-1] * time.Second
}

// growing returns the n-th wait (from 0) of a series that begins with first
// and grows by half up to most.
func growing(first, most time.Duration, n int) time.Duration {
	d := first
	for ; n > 0 && d < most; n-- {
		d += d / 2
	}
	return min(d, most)
}

// backoff returns the wait after the n-th failure in a row (from 1).
func backoff(first, most time.Duration, n int) time.Duration {
	d := first
	for ; n > 1 && d < most; n-- {
		d *= 2
	}
	return min(d, most)
}

// pace shortens a wait by Options.Pace.
func (e *Engine) pace(d time.Duration) time.Duration {
	if p := e.opts.Pace; p > 0 {
		return time.Duration(float64(d) / p)
	}
	return d
}

// dueAgain returns when a stored wait is over: never later than the longest
// wait from now, should the clock have been ahead when it was stored.
func dueAgain(next, now time.Time) time.Time {
	if next.Sub(now) > 2*retryMost {
		return now
	}
	return next
}

// alarm finds the earliest of many times; zero is none.
type alarm struct{ at time.Time }

func (a *alarm) set(t time.Time) {
	if !t.IsZero() && (a.at.IsZero() || t.Before(a.at)) {
		a.at = t
	}
}

// sleep waits until a time, a wake or the end of ctx, and reports whether to
// go on. A zero time is the longest sleep.
func (e *Engine) sleep(ctx context.Context, wake <-chan struct{}, until time.Time) bool {
	d := longestSleep
	if !until.IsZero() {
		d = min(max(until.Sub(e.now()), 0), longestSleep)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-t.C:
	}
	return ctx.Err() == nil
}
