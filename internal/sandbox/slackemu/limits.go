package slackemu

import (
	"math"
	"time"
)

// bucket is a token bucket. It fills by the clock that it is asked with.
type bucket struct {
	tokens float64
	at     time.Time
}

// take takes one token, or returns how long it is until there is one. rate is
// in tokens a second; a bucket starts full.
func (b *bucket) take(now time.Time, rate float64, burst int) time.Duration {
	if b.at.IsZero() {
		b.tokens = float64(burst)
	} else if d := now.Sub(b.at); d > 0 {
		b.tokens = math.Min(float64(burst), b.tokens+d.Seconds()*rate)
	}
	b.at = now
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	return time.Duration((1 - b.tokens) / rate * float64(time.Second))
}

// rateLimit answers ratelimited, with whole seconds to wait, when the bucket
// of that name is empty. The caller holds s.mu.
func (s *Server) rateLimit(t *workspace, name string, rate float64, burst int) error {
	if s.opts.NoRateLimits {
		return nil
	}
	b := t.limits[name]
	if b == nil {
		b = &bucket{}
		t.limits[name] = b
	}
	wait := b.take(s.kit.Now(), rate, burst)
	if wait == 0 {
		return nil
	}
	return &apiError{code: "ratelimited", wait: max(1, int(math.Ceil(wait.Seconds())))}
}
