package provision

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"aws-access-bot/internal/provision/fault"
)

// The limits of on-demand provisioning (Microsoft: provisionOnDemand takes five
// members a call, and five requests in ten seconds).
const (
	demandMembers  = 5
	demandRequests = 5
	demandWithin   = 10 * time.Second
	// demandFirst of the requests are kept for who has not reached AWS at all;
	// what follows for the members of a group that has leaves them free.
	demandFirst = 2
	// demandMost members of a group are provisioned on demand, while it has been
	// for less than demandYoung: then the regular cycle has been by.
	demandMost  = 100
	demandYoung = 30 * time.Minute
)

// CodeMembers: members of a group were refused by on-demand provisioning.
const CodeMembers Code = "members-refused"

// demandWindow counts the on-demand requests of the last ten seconds. It is lost
// with the process; then the service's own refusal says when to go on.
type demandWindow struct {
	mu    sync.Mutex  // guards what follows
	taken []time.Time // of the requests, oldest first
	until time.Time   // the service asked to wait until then
}

// take takes a place for a request made now, leaving spare places free, and
// reports whether there was one.
func (w *demandWindow) take(now time.Time, within time.Duration, spare int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next(now, within, spare).After(now) {
		return false
	}
	w.taken = append(w.taken, now)
	return true
}

// free returns when the next place is free.
func (w *demandWindow) free(now time.Time, within time.Duration, spare int) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next(now, within, spare)
}

func (w *demandWindow) next(now time.Time, within time.Duration, spare int) time.Time {
	w.taken = slices.DeleteFunc(w.taken, func(t time.Time) bool { return now.Sub(t) > within || t.After(now) })
	at := later(now, w.until)
	if n := len(w.taken) - (demandRequests - spare); n >= 0 {
		at = later(at, w.taken[n].Add(within+time.Millisecond))
	}
	return at
}

// hold keeps everybody from asking for a while.
func (w *demandWindow) hold(until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.until = later(w.until, until)
}

// offer notes what on-demand provisioning said of a batch of members.
func (g PrincipalRecord) offer(batch []string, users []User, answer OnDemand) PrincipalRecord {
	g.Offered = slices.Clone(g.Offered)
	for _, id := range batch {
		if !slices.Contains(g.Offered, id) {
			g.Offered = append(g.Offered, id)
		}
	}
	g.More = len(g.Offered) < demandMost && slices.ContainsFunc(users, func(u User) bool { return u.Enabled && !slices.Contains(g.Offered, u.ID) })
	if answer.Refused != "" {
		said := answer.Refused
		for _, u := range users {
			said = strings.ReplaceAll(said, u.ID, u.Name)
		}
		g = g.refused(said)
	}
	return g
}

// refused adds to what on-demand provisioning said of members whom it did not take.
func (g PrincipalRecord) refused(said string) PrincipalRecord {
	g.Refused = strings.TrimPrefix(g.Refused+" "+sentence(said)+".", " ")
	return g
}

// offersMore reports whether more members of a group are to be provisioned on
// demand: they were, before the process began perhaps, and it may write.
func (e *Engine) offersMore(g PrincipalRecord, n principalNeed) bool {
	return g.More && g.StoreID != "" && (n.live && e.opts.EnableChanges || !n.since.IsZero())
}

// hastenMore provisions the next members of a group that has reached AWS. What
// asks to wait is waited out, as by who has not reached it. Another error ends
// it: the regular cycle brings the rest, and whoever waits for them is told why.
func (e *Engine) hastenMore(ctx context.Context, g PrincipalRecord, n principalNeed) (PrincipalRecord, error) {
	now := e.now()
	if now.Sub(g.Demanded) >= e.pace(demandYoung) {
		g.More = false
		return g, nil
	}
	if !e.demands.take(now, e.pace(demandWithin), demandFirst) {
		g.NextTry = e.demands.free(now, e.pace(demandWithin), demandFirst)
		return g, nil
	}
	users, err := e.membersOf(ctx, g)
	if err != nil {
		return g, &stepError{CodeEntra, "The members of the group could not be read in Entra", err}
	}
	left := slices.DeleteFunc(users, func(u User) bool { return slices.Contains(g.Offered, u.ID) })
	batch := e.firstMembers(ctx, slices.Clone(left), n.cause.Requests)
	if len(batch) == 0 {
		g.More = false
		return g, nil
	}
	writeCtx, cancel := e.write(ctx)
	answer, err := e.Entra.ProvisionOnDemand(writeCtx, g.Principal, batch)
	cancel()
	if errors.Is(err, fault.ErrThrottled) {
		e.demands.hold(e.now().Add(max(fault.RetryAfter(err), e.pace(demandWithin))))
		g.NextTry = e.demands.free(e.now(), e.pace(demandWithin), demandFirst)
		return g, nil
	}
	if err != nil || !answer.OK {
		e.opts.Log.Warn("provision on demand", "principal", g.Principal.String(), "error", err, "reason", answer.Reason)
		g.More = false
		switch {
		case fault.Known(err):
			g = g.refused(fault.Reason(err))
		case err == nil && !answer.NotYetAssigned:
			g = g.refused(answer.Reason)
		}
		return g, nil
	}
	g = g.offer(batch, left, answer)
	g.MemberLooks = 0
	return g, nil
}
