package provision

import (
	"time"

	"aws-access-bot/config"
)

// What a commit adds does not make what it takes away a part of more, nor the
// budget wider: else a whole account could be emptied by a commit that adds one
// line to it. What counts is what was there before the commit came into force.
// What the bot did not make itself was.

// before reports whether something was there before a commit that was seen in
// force at a time.
func (m Making) before(commit string, since time.Time) bool {
	return m.At.IsZero() || m.Commit != commit && m.At.Before(since)
}

// behind is the commit that takes something away, "" for what no commit declared:
// that was in force already when such was found.
func (c Change) behind() string {
	if c.Cause.Kind == CauseDrift {
		return ""
	}
	return c.Cause.Commit
}

// earliest has the earliest of several, and the earliest that is for another commit
// than that one: one of them was there before a commit, if any was.
type earliest struct {
	first, other Making
	some, two    bool
}

func (o *earliest) note(m Making) {
	switch {
	case !o.some:
		o.first, o.some = m, true
	case m.Commit == o.first.Commit:
		if m.At.Before(o.first.At) {
			o.first = m
		}
	case m.At.Before(o.first.At):
		o.other, o.two, o.first = o.first, true, m
	case !o.two || m.At.Before(o.other.At):
		o.other, o.two = m, true
	}
}

func (o *earliest) before(commit string, since time.Time) bool {
	return o.some && o.first.before(commit, since) || o.two && o.other.before(commit, since)
}

// takeMade takes over from the records what the bot made, as far as that can be
// since any of the removals was to be made.
func (s *Surroundings) takeMade(records []*Record) {
	var since time.Time
	commits := map[string]bool{}
	note := func(at time.Time) {
		if since.IsZero() || at.Before(since) {
			since = at
		}
	}
	for _, at := range s.Due {
		note(at)
	}
	for _, end := range s.Ahead {
		note(end.Since)
		commits[end.Commit] = true
	}
	if since.IsZero() {
		return // nothing goes
	}
	for _, r := range records {
		if r.State == Removing {
			commits[r.Cause.Commit] = true
		}
	}
	s.Made = map[config.Assignment]Making{}
	for _, r := range records {
		if !r.Made.At.IsZero() && (!r.Made.At.Before(since) || commits[r.Made.Commit]) {
			s.Made[r.Assignment] = r.Made
		}
	}
}

// sinceKey is a commit and when it was first seen in force.
type sinceKey struct {
	commit string
	since  time.Time
}

// baseOf is how many assignments of the base were there before a commit.
func (b *budget) baseOf(commit string, since time.Time) int {
	key := sinceKey{commit, since.UTC()}
	if n, ok := b.bases[key]; ok {
		return n
	}
	n := len(b.base)
	for a, m := range b.s.Made {
		_, goes := b.planned[a]
		if b.base[a] && b.there[a] && !goes && !m.before(commit, since) {
			n--
		}
	}
	b.bases[key] = n
	return n
}
