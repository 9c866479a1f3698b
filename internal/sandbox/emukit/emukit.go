// Package emukit holds what every emulator of the sandbox shares and nothing
// that belongs to one vendor: the journal of requests, injected faults, the
// scaling of delays, and requests to the app with a limit of time.
//
// An emulator names each request by its operation ("CreateAccountAssignment",
// "POST /repos/{owner}/{repo}/pulls") and serves it through [Kit.Serve]. That
// writes one [Entry] to the journal after the effect and before the answer
// leaves, so that the order of the journal is the order of effects over all
// emulators that share it. Request headers are never written; bodies are,
// after the secrets named with [Journal.Redact] are blotted out.
package emukit

import (
	"context"
	"time"
)

// Kit is what an emulator is given by whoever starts it.
type Kit struct {
	// Journal receives one entry per request. It may be shared by emulators.
	Journal *Journal
	// Faults are consulted before each operation. It may be shared.
	Faults *Faults
	// Now is the clock. Timestamps on the wire are always this clock, unscaled.
	Now func() time.Time
	// Speed divides the emulator's delays (see [Kit.Delay]). Zero means 1.
	Speed float64
}

// New returns a kit with its own journal and faults, on the real clock.
func New(speed float64) *Kit {
	return &Kit{Journal: NewJournal(), Faults: NewFaults(), Now: time.Now, Speed: speed}
}

// Delay returns how long an emulated delay d lasts at the kit's speed.
func (k *Kit) Delay(d time.Duration) time.Duration {
	if k.Speed <= 0 {
		return d
	}
	return time.Duration(float64(d) / k.Speed)
}

// callerKey is the context key of the caller holder.
type callerKey struct{}

// SetCaller notes who made the request, as the emulator's credential check
// found out (an access key id, a login, an app id; never a secret). It has no
// effect on a context that does not come from [Kit.Serve].
func SetCaller(ctx context.Context, who string) {
	if p, ok := ctx.Value(callerKey{}).(*string); ok {
		*p = who
	}
}
