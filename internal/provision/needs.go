package provision

import (
	"maps"
	"slices"
	"time"

	"aws-access-bot/config"
)

// groupNeed is what the assignments of a group need of it.
type groupNeed struct {
	// name is the display name in the config repo.
	name string
	// look: the identity store must be searched for it.
	look bool
	// check: what Entra has must be compared with the config repo.
	check bool
	// since is when the newest undertaking began that the guards let through;
	// zero when there is none. Only then may anything be written for it.
	since time.Time
	// cause is that of the undertaking, for the audit log.
	cause Cause
	// live: it has assignments that are live.
	live bool
}

// publishNeeds tells the group loop what is needed after a plan.
func (e *Engine) publishNeeds(v *view, plan Result, verdict Verdict) {
	needs := map[string]groupNeed{}
	need := func(a config.Assignment, f func(*groupNeed)) {
		if a.Principal.Kind != config.GroupPrincipal {
			return
		}
		n := needs[a.Principal.ID]
		n.name = v.names.Principals[a.Principal]
		f(&n)
		needs[a.Principal.ID] = n
	}
	for _, a := range plan.Live {
		need(a, func(n *groupNeed) { n.live = true })
	}
	for _, w := range plan.Waiting {
		need(w.Assignment, func(n *groupNeed) { n.look = n.look || w.Code == CodeNotLooked })
	}
	for _, b := range plan.Blocked {
		if b.Assignment != nil && blocking(b.Code) != "" {
			need(*b.Assignment, func(n *groupNeed) { n.check = true })
		}
	}
	for _, c := range verdict.Allowed {
		if r := e.book.record(c.Assignment); c.Kind == Add && r.State == Adding {
			need(c.Assignment, func(n *groupNeed) {
				if r.Since.After(n.since) {
					n.since, n.cause = r.Since, r.Cause
				}
			})
		}
	}
	e.mu.Lock()
	same := maps.EqualFunc(e.needs, needs, equalNeeds)
	e.needs = needs
	e.mu.Unlock()
	if !same {
		poke(e.wakeGroups)
	}
}

func equalNeeds(a, b groupNeed) bool {
	causes := a.cause.Kind == b.cause.Kind && a.cause.Commit == b.cause.Commit && slices.Equal(a.cause.Requests, b.cause.Requests)
	return causes && a.name == b.name && a.look == b.look && a.check == b.check && a.live == b.live && a.since.Equal(b.since)
}

// need returns what a group is needed for.
func (e *Engine) need(id string) groupNeed {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.needs[id]
}

// dueAt returns when a group is worked on next; zero when nothing is needed.
func (e *Engine) dueAt(g GroupRecord, n groupNeed) time.Time {
	soon := time.Unix(0, 1) // at once, unless an error asks for a wait
	g.NextTry = dueAgain(g.NextTry, e.now())
	wait := func() time.Time { return later(g.NextTry, soon) }
	switch {
	case !n.since.IsZero() && (g.Ensured.Before(n.since) || g.StoreID == "" || g.Looked.Before(n.since)):
		return wait()
	case n.check && blocking(g.Code) != "", n.look && g.Looked.IsZero(), g.StoreID != "" && !g.Waiting.IsZero():
		return wait()
	}
	var a alarm
	if n.live || !n.since.IsZero() || g.StoreID == "" && n.look {
		a.set(later(g.NextTry, g.Looked.Add(e.opts.Check)))
	}
	if wait, counting := e.memberWait(g); counting && (n.live || !n.since.IsZero()) {
		a.set(later(g.NextTry, g.MembersRead.Add(wait)))
	}
	return a.at
}

// memberWait returns the wait before members are counted again, and false once
// all are seen or counting has gone on for long enough.
func (e *Engine) memberWait(g GroupRecord) (time.Duration, bool) {
	waits := []time.Duration{0, 5, 10, 15, 30, 60, 120, 300, 300}
	if g.StoreID == "" || g.MemberLooks >= len(waits) || g.MemberLooks > 0 && g.MembersSeen >= g.MembersTotal {
		return 0, false
	}
	return e.pace(waits[g.MemberLooks] * time.Second), true
}
