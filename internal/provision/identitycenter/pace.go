package identitycenter

import (
	"context"
	"errors"
	"sync"
	"time"

	"aws-access-bot/internal/provision/fault"

	"golang.org/x/time/rate"
)

// How the pace gives way and comes back.
const (
	leastRate = 1.0             // requests a second, however much AWS throttles
	stepUp    = 0.5             // added after each quiet interval
	quiet     = 5 * time.Second // without throttling
)

// pacer is a limiter that halves its rate when a call was throttled and comes
// back in steps: other callers share the same limit.
type pacer struct {
	limiter *rate.Limiter
	most    float64
	now     func() time.Time

	mu      sync.Mutex // guards changed
	changed time.Time  // when the rate was changed last
}

func newPacer(perSecond float64, now func() time.Time) *pacer {
	return &pacer{limiter: rate.NewLimiter(rate.Limit(perSecond), 1), most: perSecond, now: now}
}

// wait waits for the call's turn.
func (p *pacer) wait(ctx context.Context) error { return p.limiter.Wait(ctx) }

// seen takes note of how a call went and returns err.
func (p *pacer) seen(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, rps := p.now(), float64(p.limiter.Limit())
	switch {
	case errors.Is(err, fault.ErrThrottled):
		p.limiter.SetLimit(rate.Limit(max(leastRate, rps/2)))
		p.changed = now
	case rps < p.most && now.Sub(p.changed) >= quiet:
		p.limiter.SetLimit(rate.Limit(min(p.most, rps+stepUp)))
		p.changed = now
	}
	return err
}
