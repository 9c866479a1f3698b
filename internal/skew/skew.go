// Package skew compares our clock with the Date headers of services that we
// trust. What ends by the clock is not removed while the two disagree: a jump
// of our clock must not end everybody's access.
package skew

import (
	"net/http"
	"sync"
	"time"
)

// fresh is how long a comparison is worth something.
const fresh = 15 * time.Minute

// coarse is the resolution of a Date header (RFC 9110: whole seconds).
const coarse = time.Second

// Watcher remembers the last comparison. The zero value is not usable.
type Watcher struct {
	now func() time.Time

	mu   sync.Mutex // guards the fields below
	skew time.Duration
	at   time.Time
}

// NewWatcher returns a Watcher that has seen nothing.
func NewWatcher(now func() time.Time) *Watcher { return &Watcher{now: now} }

// Skew returns how far our clock is ahead (negative: behind), and false when
// nothing was seen in the last quarter of an hour.
func (w *Watcher) Skew() (time.Duration, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.at.IsZero() || w.now().Sub(w.at).Abs() > fresh {
		return 0, false
	}
	return w.skew, true
}

// Watch returns a transport that takes note of the answers of next.
func (w *Watcher) Watch(next http.RoundTripper) http.RoundTripper { return watched{w, next} }

type watched struct {
	w    *Watcher
	next http.RoundTripper
}

func (t watched) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	if err == nil {
		t.w.note(res.Header.Get("Date"))
	}
	return res, err
}

// note compares the clocks. The header was written some moment before now, so
// the difference is taken from the middle of its second.
func (w *Watcher) note(date string) {
	theirs, err := http.ParseTime(date)
	if err != nil {
		return
	}
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.skew, w.at = now.Sub(theirs.Add(coarse/2)), now
}
