package provision

import (
	"time"

	"aws-access-bot/config"
)

// pulse measures how the operations of the present run go.
type pulse struct {
	// lists is when the operations of a kind are listed again of which nothing
	// else is expected, listed when they were last; absent after a failure.
	lists, listed map[Action]time.Time
	// running is when an operation was last listed as in progress.
	running map[config.Assignment]time.Time
	// took is how long an operation takes, smoothed; zero before the first.
	took time.Duration
	// queued counts what waits for its turn, by whom it is about.
	queued map[LiveAssignment]int
}

func newPulse() pulse {
	return pulse{lists: map[Action]time.Time{}, listed: map[Action]time.Time{}, running: map[config.Assignment]time.Time{}, queued: map[LiveAssignment]int{}}
}

// ended learns from an operation whose end was noticed. It lies between the
// last time that the operation was seen in progress and now. Of one that was
// never seen so the end may have been earlier: then the measure goes down a
// little, until a list comes too early again.
func (p *pulse) ended(r Record, at time.Time) {
	seen, ok := p.running[r.Assignment]
	delete(p.running, r.Assignment)
	if r.Op.Requested.IsZero() {
		return
	}
	sample := max(at.Sub(r.Op.Requested), 0)
	switch {
	case ok:
		sample = (sample + seen.Sub(r.Op.Requested)) / 2
	case p.took > 0:
		sample = min(sample, p.took) * 49 / 50
	}
	if p.took == 0 {
		p.took = sample
		return
	}
	p.took = (7*p.took + sample) / 8
}
