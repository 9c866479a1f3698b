package graphemu

import (
	"slices"
	"time"
)

// The windows of Graph's limits: resource units in 10 seconds and writes in 150
// seconds an app and tenant (Graph throttling limits, identity and access);
// provisionOnDemand and the provisioning log 5 calls in 10 seconds each (their
// own pages).
const (
	unitWindow   = 10 * time.Second
	writeWindow  = 150 * time.Second
	callWindow   = 10 * time.Second
	callsAllowed = 5
	// shownShare is the share of a limit from which answers tell it.
	shownShare = 0.8
)

// limits holds the budgets of each client. It is guarded by Server.mu.
type limits struct {
	units, writes int
	buckets       map[string]*bucket
	calls         map[string][]time.Time
}

func newLimits(units, writes int) *limits {
	return &limits{units: units, writes: writes, buckets: map[string]*bucket{}, calls: map[string][]time.Time{}}
}

// bucket is a token bucket that fills in one window.
type bucket struct {
	left float64
	at   time.Time
}

// take spends n of a bucket of the given size, or says how long to wait. used
// is the share that is spent afterwards.
func (l *limits) take(key string, size int, window time.Duration, n int, now time.Time) (wait time.Duration, used float64) {
	b, ok := l.buckets[key]
	if !ok {
		b = &bucket{left: float64(size), at: now}
		l.buckets[key] = b
	}
	rate := float64(size) / window.Seconds()
	if d := now.Sub(b.at); d > 0 {
		b.left, b.at = min(float64(size), b.left+rate*d.Seconds()), now
	}
	if b.left < float64(n) {
		return time.Duration((float64(n) - b.left) / rate * float64(time.Second)), 1
	}
	b.left -= float64(n)
	return 0, 1 - b.left/float64(size)
}

// call counts a call in a sliding window, or says how long to wait. A refused
// call does not count.
func (l *limits) call(key string, window time.Duration, now time.Time) time.Duration {
	recent := slices.DeleteFunc(l.calls[key], func(t time.Time) bool { return now.Sub(t) >= window })
	if len(recent) >= callsAllowed {
		l.calls[key] = recent
		return window - now.Sub(recent[0])
	}
	l.calls[key] = append(recent, now)
	return 0
}
