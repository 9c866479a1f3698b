package provision

import "time"

// pulse measures how the operations of the present run go.
type pulse struct {
	// lists is when the operations of a kind are listed next.
	lists map[Action]time.Time
	// took is how long an operation takes, smoothed; zero before the first.
	took time.Duration
	// began is when the present run began, zero when nothing is due; done
	// counts what ended in it.
	began time.Time
	done  int
}

func newPulse() pulse { return pulse{lists: map[Action]time.Time{}} }

// ended takes note of the end of an operation.
func (p *pulse) ended(r Record, at time.Time) {
	p.done++
	d := max(at.Sub(r.Op.Requested), 0)
	if r.Op.Requested.IsZero() {
		return
	}
	if p.took == 0 {
		p.took = d
		return
	}
	p.took = (3*p.took + d) / 4
}
