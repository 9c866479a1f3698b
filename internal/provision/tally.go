package provision

import (
	"context"
	"sync/atomic"
)

// tallyKey and sweepKey are the keys of the context values of this file.
type (
	tallyKey struct{}
	sweepKey struct{}
)

// Tally counts requests to sso-admin.
type Tally struct{ n atomic.Int64 }

// WithTally returns a context under which the requests to sso-admin are
// counted.
func WithTally(ctx context.Context) (context.Context, *Tally) {
	t := &Tally{}
	return context.WithValue(ctx, tallyKey{}, t), t
}

// Count returns how many requests were sent so far.
func (t *Tally) Count() int64 { return t.n.Load() }

// CountRequest counts one request to sso-admin that is about to be sent, for
// whoever counts under the context. Adapters call it for every attempt.
func CountRequest(ctx context.Context) {
	if t, ok := ctx.Value(tallyKey{}).(*Tally); ok {
		t.n.Add(1)
	}
}

// WithPatience marks the requests of a slow check: adapters let every other
// request go first.
func WithPatience(ctx context.Context) context.Context {
	return context.WithValue(ctx, sweepKey{}, true)
}

// Patient reports whether a request is one of a slow check.
func Patient(ctx context.Context) bool {
	patient, _ := ctx.Value(sweepKey{}).(bool)
	return patient
}
