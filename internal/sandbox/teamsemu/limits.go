package teamsemu

import (
	"slices"
	"time"
)

// window is one limit: so many operations in so long.
type window struct {
	most int
	in   time.Duration
}

// Limits of "Optimize your bot with rate limiting in Teams", per bot and thread.
func writeWindows() []window {
	return []window{{7, time.Second}, {8, 2 * time.Second}, {60, 30 * time.Second}, {1800, time.Hour}}
}

func readWindows() []window {
	return []window{{14, time.Second}, {16, 2 * time.Second}, {120, 30 * time.Second}, {3600, time.Hour}}
}

// appWindows is the limit of an app in a tenant.
func appWindows() []window { return []window{{30, time.Second}} }

// limits hold when each operation of a bucket was made. Server.mu guards it.
type limits struct{ made map[string][]time.Time }

func newLimits() *limits { return &limits{made: map[string][]time.Time{}} }

// wait returns how long it is until one more operation fits into all windows, and
// forgets those that no window reaches back to.
func (l *limits) wait(bucket string, all []window, now time.Time) time.Duration {
	longest := time.Duration(0)
	for _, w := range all {
		longest = max(longest, w.in)
	}
	made := slices.DeleteFunc(l.made[bucket], func(t time.Time) bool { return now.Sub(t) >= longest })
	l.made[bucket] = made
	wait := time.Duration(0)
	for _, w := range all {
		if len(made) < w.most {
			continue
		}
		if oldest := made[len(made)-w.most]; now.Sub(oldest) < w.in {
			wait = max(wait, w.in-now.Sub(oldest))
		}
	}
	return wait
}

// use is one operation of a bucket.
type use struct {
	bucket  string
	windows []window
}

// spend makes an operation in all of its buckets, or refuses it in all. A refused
// one does not count. The caller holds s.mu.
func (s *Server) spend(uses ...use) error {
	if s.opts.NoRateLimits {
		return nil
	}
	now, wait := s.kit.Now(), time.Duration(0)
	for _, u := range uses {
		wait = max(wait, s.limits.wait(u.bucket, u.windows, now))
	}
	if wait > 0 {
		return throttled(wait)
	}
	for _, u := range uses {
		s.limits.made[u.bucket] = append(s.limits.made[u.bucket], now)
	}
	return nil
}
