package provision

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"aws-access-bot/config"
)

// queueFrom is from how many operations on people are told of a queue.
const queueFrom = 20

// rateOver is the time over which the rate of operations is measured.
const rateOver = time.Minute

// How often the places in the queue are told anew. Each is an edit of a message,
// of which Slack takes about fifty a minute for all (Slack: rate limits, Tier 3):
// so the more threads wait, the less often.
const (
	placesEvery    = 15 * time.Second
	placesPerReply = 2 * time.Second
)

// Queue is what is due in AWS, under way and waiting for its turn.
type Queue struct {
	Due     int `json:"due"`
	Running int `json:"running"` // of those
	// Rate is how many end in a second, zero when that is not known yet, and
	// Left how long the whole takes by it, zero likewise.
	Rate float64       `json:"rate"`
	Left time.Duration `json:"left"`
}

// Text is the queue for people.
func (q Queue) Text() string {
	if q.Rate == 0 {
		return fmt.Sprintf("%d operations are due in AWS, %d of them under way", q.Due, q.Running)
	}
	return fmt.Sprintf("%d operations are due in AWS, %d of them under way; %.1f a second, %s", q.Due, q.Running, q.Rate, About(q.Left))
}

// About says an estimate for people: "less than a minute", "about 3 minutes".
func About(d time.Duration) string {
	switch minutes := int((d + 30*time.Second) / time.Minute); {
	case d < 45*time.Second:
		return "less than a minute"
	case minutes <= 1:
		return "about a minute"
	case minutes < 120:
		return fmt.Sprintf("about %d minutes", minutes)
	default:
		return fmt.Sprintf("about %d hours", (minutes+30)/60)
	}
}

// ends measures how fast operations end, from what is under way in one pass and
// not in the next.
type ends struct {
	under map[config.Assignment]bool
	// since is when the first of the present run was under way; zero: none is.
	since time.Time
	at    []time.Time // oldest first
}

// note takes over what is under way now.
func (s *ends) note(under []Record, now time.Time) {
	is := make(map[config.Assignment]bool, len(under))
	for _, r := range under {
		is[r.Assignment] = true
	}
	for a := range s.under {
		if !is[a] {
			s.at = append(s.at, now)
		}
	}
	s.under = is
	switch {
	case len(is) == 0:
		s.since, s.at = time.Time{}, nil
	case s.since.IsZero():
		s.since = now
	}
	s.at = slices.DeleteFunc(s.at, func(t time.Time) bool { return now.Sub(t) > rateOver })
}

// rate is how many operations end in a second, zero when that is not known yet.
func (s *ends) rate(now time.Time) float64 {
	over := min(now.Sub(s.since), rateOver)
	if len(s.at) == 0 || over < time.Second {
		return 0
	}
	return float64(len(s.at)) / over.Seconds()
}

// places are where assignments are in the queue, as it was told last.
type places struct {
	Queue
	at    map[config.Assignment]int // from 1
	since time.Time
}

// lineUp notes what is due after a pass has sent what it could. line is what
// waits for its turn, in order.
func (e *Engine) lineUp(v *view, line []config.Assignment) Queue {
	under := slices.DeleteFunc(e.book.operations(), func(r Record) bool { return !r.Op.outstanding() })
	e.desk.ends.note(under, v.now)
	q := Queue{Due: len(under) + len(line), Running: len(under), Rate: e.desk.ends.rate(v.now)}
	if q.Rate > 0 {
		q.Left = time.Duration(float64(q.Due) / q.Rate * float64(time.Second))
		// An account takes one at a time, whatever the others do.
		q.Left = max(q.Left, time.Duration(longest(under, line))*e.desk.took)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch every := e.pace(max(placesEvery, time.Duration(e.threads(line))*placesPerReply)); {
	case q.Due <= queueFrom:
		e.places = places{}
	case e.places.at == nil && q.Rate == 0 && v.now.Sub(e.desk.ends.since) < e.pace(placesEvery):
		// In a moment there is an estimate to be told with it.
	case e.places.at == nil || v.now.Sub(e.places.since) >= every:
		e.places = places{q, map[config.Assignment]int{}, v.now}
		for i, r := range under {
			e.places.at[r.Assignment] = i + 1
		}
		for i, a := range line {
			e.places.at[a] = len(under) + i + 1
		}
	}
	return q
}

// longest is how many operations the account has that has the most.
func longest(under []Record, line []config.Assignment) int {
	load := map[string]int{}
	for _, r := range under {
		load[r.Assignment.Account]++
	}
	for _, a := range line {
		load[a.Account]++
	}
	return slices.Max(append(slices.Collect(maps.Values(load)), 0))
}

// threads is how many requests wait in a line.
func (e *Engine) threads(line []config.Assignment) int {
	seen := map[string]bool{}
	for _, a := range line {
		for _, r := range e.book.record(a).Cause.Requests {
			seen[r] = true
		}
	}
	return len(seen)
}

// place says where an assignment is in the queue, for people, and "" when there
// is no queue worth telling or it is not in it.
func (e *Engine) place(a config.Assignment) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.places.at[a]
	if n == 0 {
		return ""
	}
	text := fmt.Sprintf("%s of %d in AWS's queue", ordinal(n), e.places.Due)
	if e.places.Rate > 0 {
		text += "; " + About(time.Duration(float64(n)/e.places.Rate*float64(time.Second)))
	}
	return text + "."
}

// ordinal is a place for people: 1st, 2nd, 3rd, 4th, 11th, 21st.
func ordinal(n int) string {
	suffix := "th"
	if tens := n / 10 % 10; tens != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}
