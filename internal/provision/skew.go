package provision

import (
	"sync"
	"time"
)

// skewFresh is how long a service's word on the time counts.
const skewFresh = 15 * time.Minute

// SkewMeter compares our clock with the Date headers of trusted services. It
// implements [Clocks]; whoever has the HTTP clients feeds it.
type SkewMeter struct {
	now func() time.Time

	mu   sync.Mutex // guards seen
	seen map[string]skewSeen
}

type skewSeen struct {
	at   time.Time
	skew time.Duration
}

// NewSkewMeter returns a meter that has heard of no service yet.
func NewSkewMeter(now func() time.Time) *SkewMeter {
	return &SkewMeter{now: now, seen: map[string]skewSeen{}}
}

// Observe notes the Date header of a response of a service ("aws", "graph",
// "github"), with the times on our clock at which the request was sent and the
// response received. A date between the two is no difference.
func (m *SkewMeter) Observe(service string, date, sent, received time.Time) {
	var skew time.Duration
	switch end := date.Add(time.Second); { // Date has whole seconds
	case received.Before(date):
		skew = received.Sub(date)
	case sent.After(end):
		skew = sent.Sub(end)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[service] = skewSeen{m.now(), skew}
}

// Skew returns the largest difference that a service reported lately, and
// false when none did. Positive means that our clock is ahead.
func (m *SkewMeter) Skew() (time.Duration, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var worst time.Duration
	known := false
	for _, s := range m.seen {
		// A clock that was set back makes an old word look young, hence both
		// bounds.
		if age := m.now().Sub(s.at); age.Abs() > skewFresh {
			continue
		}
		known = true
		if s.skew.Abs() > worst.Abs() {
			worst = s.skew
		}
	}
	return worst, known
}
