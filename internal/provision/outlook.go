package provision

import (
	"maps"
	"slices"
	"sync"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// outlook is what a commit in force asks for from one time on until the next
// end of a grant. Passes are many and commits few, so it is kept between them;
// nothing in it is changed.
type outlook struct {
	force       access.InForce
	from, until time.Time // until is zero when no grant ends
	desired     []Desire
	wants       map[config.Assignment]Desire
	refs        map[config.GrantKey]config.GrantRef
}

// outlooks keeps the last outlook. It is asked by passes, and by whoever wants
// to know meanwhile what is desired.
type outlooks struct {
	mu   sync.Mutex // guards last
	last *outlook
}

// at returns what a commit asks for at a time.
func (l *outlooks) at(force access.InForce, now time.Time) *outlook {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.last.serves(force, now) {
		l.last = lookAhead(force, now)
	}
	return l.last
}

// serves reports whether the outlook still holds: for the same commit with the
// same starts, and at a time that no end lies before.
func (o *outlook) serves(force access.InForce, now time.Time) bool {
	return o != nil && o.force.Commit == force.Commit && o.force.Repo == force.Repo && !now.Before(o.from) &&
		(o.until.IsZero() || now.Before(o.until)) && maps.Equal(o.force.Starts, force.Starts)
}

// lookAhead works an outlook out.
func lookAhead(force access.InForce, now time.Time) *outlook {
	grants, desired := force.Repo.Grants(), force.Repo.Desired(force.Starts, now)
	o := &outlook{force: force, from: now, desired: make([]Desire, len(desired)),
		wants: make(map[config.Assignment]Desire, len(desired)), refs: make(map[config.GrantKey]config.GrantRef, len(grants))}
	// Of its own, so that a change in place would be seen.
	o.force.Starts = maps.Clone(force.Starts)
	for _, ref := range grants {
		o.refs[ref.Key] = ref
	}
	for i, d := range desired {
		o.desired[i] = Desire{Desired: d, Requests: o.requests(d.Grants)}
		o.wants[d.Assignment] = o.desired[i]
	}
	if end, ok := force.Repo.Ends(force.Starts, now); ok {
		o.until = end
	}
	return o
}

// requests returns the requests of grants, sorted.
func (o *outlook) requests(keys []config.GrantKey) []string {
	var out []string
	for _, k := range keys {
		if r := o.refs[k].Grant.Request; r != "" && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return out
}
