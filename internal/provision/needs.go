package provision

import (
	"maps"
	"slices"
	"time"

	"aws-access-bot/config"
)

// principalNeed is what the assignments of a group or user need of it.
type principalNeed struct {
	// name is that of the config repo.
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
	// lost asks for a search that is newer: an assignment of it was missed in
	// AWS, so it may have got a new id in Identity Center, or all is looked at.
	lost time.Time
	// leave: the bot assigned it to the application and nothing needs that any
	// more.
	leave bool
	// report: what would be done is only said.
	report bool
}

// publishNeeds tells the principal loop what is needed after a plan.
func (e *Engine) publishNeeds(v *view, plan Result, verdict Verdict) {
	needs := map[config.Principal]principalNeed{}
	need := func(a config.Assignment, f func(*principalNeed)) {
		n := needs[a.Principal]
		n.name = v.names.Principals[a.Principal]
		f(&n)
		needs[a.Principal] = n
	}
	for _, r := range e.book.all() {
		a := r.Assignment
		if r.State != Live || needs[a.Principal].live {
			continue
		}
		if _, desired := v.wants[a]; desired { // read lately or not
			need(a, func(n *principalNeed) {
				n.live = true
				// Who asks for a full pass wants its principals too; a plan alone
				// makes many such passes and does without.
				if v.full && e.opts.EnableChanges {
					n.lost = v.now
				}
			})
		}
	}
	for _, a := range plan.Live {
		if needs[a.Principal].live {
			continue
		}
		need(a, func(n *principalNeed) { n.live = true })
	}
	for _, d := range plan.Drift {
		need(d.Assignment, func(n *principalNeed) { n.lost = later(n.lost, e.book.record(d.Assignment).Missing) })
	}
	for _, w := range plan.Waiting {
		if standsForID(w.Assignment.Principal) {
			continue // nobody of Entra
		}
		need(w.Assignment, func(n *principalNeed) { n.look = n.look || w.Code == CodeNotLooked })
	}
	for _, b := range plan.Blocked {
		if b.Assignment != nil && blocking(b.Code) != "" {
			need(*b.Assignment, func(n *principalNeed) { n.check = true })
		}
	}
	for _, c := range verdict.Allowed {
		if r := e.book.record(c.Assignment); c.Kind == Add && r.State == Adding && !r.rollsBack() {
			need(c.Assignment, func(n *principalNeed) {
				if r.Since.After(n.since) {
					n.since, n.cause = r.Since, r.Cause
				}
			})
		}
	}
	for _, x := range plan.Extra {
		// Who turns out to have a file, and was not found by it: nothing is granted to
		// him, so that nobody looked for him, or he has a new id since.
		if s, known := e.desk.named[x.Live]; known && x.Principal == nil && v.filed(s.principal) {
			a := config.Assignment{Principal: s.principal}
			need(a, func(n *principalNeed) { n.lost = later(n.lost, s.at) })
		}
	}
	for _, p := range e.unneeded(v) {
		needs[p] = principalNeed{name: e.book.principal(p).Name, leave: true, report: p.Kind == config.GroupPrincipal && v.force.Repo.Access.Unassign != config.UnassignRemove, cause: Cause{Kind: CauseCommit, Commit: v.force.Commit}}
	}
	e.mu.Lock()
	same := maps.EqualFunc(e.needs, needs, equalNeeds)
	e.needs = needs
	e.mu.Unlock()
	if !same {
		poke(e.wakePrincipals)
	}
}

func equalNeeds(a, b principalNeed) bool {
	causes := a.cause.Kind == b.cause.Kind && a.cause.Commit == b.cause.Commit && slices.Equal(a.cause.Requests, b.cause.Requests)
	return causes && a.name == b.name && a.look == b.look && a.check == b.check && a.live == b.live && a.leave == b.leave && a.report == b.report && a.since.Equal(b.since) && a.lost.Equal(b.lost)
}

// need returns what a group or user is needed for.
func (e *Engine) need(p config.Principal) principalNeed {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.needs[p]
}

// dueAt returns when a group or user is worked on next; zero when nothing is needed.
func (e *Engine) dueAt(g PrincipalRecord, n principalNeed) time.Time {
	soon := time.Unix(0, 1) // at once, unless an error asks for a wait
	g.NextTry = dueAgain(g.NextTry, e.now())
	wait := func() time.Time { return later(g.NextTry, soon) }
	switch {
	case !n.since.IsZero() && (g.Ensured.Before(n.since) || g.StoreID == "" || g.Asleep || g.Looked.Before(n.since)):
		return wait()
	case e.offersMore(g, n):
		return wait()
	case n.leave && g.AssignedByBot, g.Looked.Before(n.lost):
		return wait()
	case n.check && blocking(g.Code) != "", n.look && g.Looked.IsZero(), g.StoreID != "" && !g.Waiting.IsZero():
		return wait()
	}
	var a alarm
	if n.live || !n.since.IsZero() || g.StoreID == "" && n.look {
		a.set(later(g.NextTry, g.Looked.Add(min(e.opts.Check, e.pace(principalCheck)))))
	}
	if wait, counting := e.memberWait(g); counting && (n.live || !n.since.IsZero()) {
		a.set(later(g.NextTry, g.MembersRead.Add(wait)))
	}
	return a.at
}

// memberWait returns the wait before members are counted again, and false once
// all are seen or counting has gone on for long enough. A group that nobody is in is
// counted for good: it is no way into an account until somebody is.
func (e *Engine) memberWait(g PrincipalRecord) (time.Duration, bool) {
	waits := []time.Duration{0, 5, 10, 15, 30, 60, 120, 300, 300}
	empty := g.MemberLooks > 0 && g.MembersSeen == 0 && !g.isUser()
	switch {
	case g.StoreID == "":
		return 0, false
	case empty && (g.MembersTotal == 0 || g.MemberLooks >= len(waits)):
		return e.pace(principalCheck), true
	case g.MemberLooks >= len(waits) || g.MemberLooks > 0 && g.MembersSeen >= g.MembersTotal:
		return 0, false
	}
	return e.pace(waits[g.MemberLooks] * time.Second), true
}
