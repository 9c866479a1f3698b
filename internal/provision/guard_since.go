package provision

import (
	"time"

	"aws-access-bot/config"
)

// What a commit adds does not make what it takes away a part of more, nor the
// budget wider: else a whole account could be emptied by a commit that adds one
// line to it. What counts is what was there before the commit came into force.
// What the bot did not make itself was.

// before reports whether something was there before it was taken away.
func (m Making) before(by taking) bool {
	return m.At.IsZero() || m.Commit != by.commit && m.At.Before(by.since)
}

// taking is the commit that takes something away, and when it was first seen in
// force. For what no commit declared it is none: that is found at some time, and
// what was declared since stands for it.
type taking struct {
	commit string
	since  time.Time
}

// taking returns what takes a change away.
func (b *budget) taking(c Change) taking {
	if c.Cause.Kind == CauseDrift {
		return taking{since: b.s.Now.Add(time.Second)}
	}
	return taking{c.Cause.Commit, b.s.Due[c.Assignment].UTC()}
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

func (o *earliest) before(by taking) bool {
	return o.some && o.first.before(by) || o.two && o.other.before(by)
}

// later returns the one of two that was made later.
func (m Making) later(other Making) Making {
	if other.At.After(m.At) {
		return other
	}
	return m
}

// lasts returns how what is recorded came to have no end, zero where it has one or
// always stood. Else who takes all the rest away could have what was given for an
// hour stand for it, by one word in the same commit.
func (v *view) lasts(old Record, d Desire) Making {
	switch timed, _ := hadEnd(old); {
	case old.State == "", old.State == Gone, !d.End.IsZero():
		return Making{}
	case timed && !old.stood():
		return Making{v.now.UTC(), v.force.Commit}
	}
	return old.Lasts
}

// takeMade takes over from the records what the bot made, and what came to have no
// end, as far as that can be since any of the removals was to be made.
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
	take := func(to map[config.Assignment]Making, a config.Assignment, m Making) {
		if !m.At.IsZero() && (!m.At.Before(since) || commits[m.Commit]) {
			to[a] = m
		}
	}
	s.Made, s.Lasts = map[config.Assignment]Making{}, map[config.Assignment]Making{}
	for _, r := range records {
		take(s.Made, r.Assignment, r.Made)
		take(s.Lasts, r.Assignment, r.Lasts)
	}
}

// baseOf is how many assignments of the base were there before a commit.
func (b *budget) baseOf(by taking) int {
	if n, ok := b.bases[by]; ok {
		return n
	}
	n := len(b.base)
	for a, m := range b.s.Made {
		_, goes := b.planned[a]
		if b.base[a] && b.there[a] && !goes && !m.before(by) {
			n--
		}
	}
	b.bases[by] = n
	return n
}
