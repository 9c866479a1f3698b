package identitycenter

import (
	"context"
	"errors"
	"sync"
	"time"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/time/rate"
)

// How the pace gives way and comes back.
const (
	leastRate = 1.0             // requests a second, however much AWS throttles
	burst     = 5               // requests that may go out at once after a pause
	stepUp    = 0.5             // added after each quiet interval
	quiet     = 5 * time.Second // without throttling
	// settling is how long after a cut further throttling is taken for that of
	// requests that were on their way, and does not cut again.
	settling = time.Second
)

// pacer is a limiter that halves its rate when a call was throttled and comes
// back in steps: other callers share the same limit.
type pacer struct {
	limiter *rate.Limiter
	most    float64
	now     func() time.Time

	mu      sync.Mutex // guards the fields below
	changed time.Time  // when the rate was changed last
	cut     time.Time  // when it was cut last
	urgent  int        // requests that wait and are no part of a slow check
	// clear is closed when none of those waits any more; nil when none does.
	clear chan struct{}
}

func newPacer(perSecond float64, now func() time.Time) *pacer {
	return &pacer{limiter: rate.NewLimiter(rate.Limit(perSecond), burst), most: perSecond, now: now}
}

// seen takes note of how a request went.
func (p *pacer) seen(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, rps := p.now(), float64(p.limiter.Limit())
	switch {
	case errors.Is(err, fault.ErrThrottled):
		if p.cut.IsZero() || now.Sub(p.cut) >= settling {
			p.limiter.SetLimit(rate.Limit(max(min(leastRate, p.most), rps/2)))
			p.cut = now
		}
		p.changed = now
	case rps < p.most && now.Sub(p.changed) >= quiet:
		p.limiter.SetLimit(rate.Limit(min(p.most, rps+stepUp)))
		p.changed = now
	}
}

// wait waits for the turn of a request. Those of a slow check let all others
// go first.
func (p *pacer) wait(ctx context.Context) error {
	if provision.Patient(ctx) {
		if err := p.yield(ctx); err != nil {
			return err
		}
	} else {
		p.enter(1)
		defer p.enter(-1)
	}
	return p.limiter.Wait(ctx)
}

// yield waits until nothing urgent does.
func (p *pacer) yield(ctx context.Context) error {
	for {
		p.mu.Lock()
		clear := p.clear
		p.mu.Unlock()
		if clear == nil {
			return nil
		}
		select {
		case <-clear:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// enter counts an urgent request in or out.
func (p *pacer) enter(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.urgent += n
	switch {
	case p.urgent == 0:
		close(p.clear)
		p.clear = nil
	case p.clear == nil:
		p.clear = make(chan struct{})
	}
}

// paced makes a retryer wait for its turn before every request, retries
// included, and tell the pacer how each of them went.
type paced struct {
	aws.RetryerV2
	pacer *pacer
	// counted requests are those to sso-admin.
	counted bool
}

// GetAttemptToken implements aws.RetryerV2.
func (r paced) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if err := r.pacer.wait(ctx); err != nil {
		return nil, err
	}
	if r.counted {
		provision.CountRequest(ctx)
	}
	return func(err error) error {
		r.pacer.seen(awsclient.Mapped("request", err))
		return nil
	}, nil
}
