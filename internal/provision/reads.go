package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
)

// accountLook is the state of an account as it was looked up.
type accountLook struct {
	state AccountState
	at    time.Time
}

// How long what Organizations said serves: accountFresh without asking again,
// accountStale when it cannot be asked, for additions only.
const (
	accountFresh = 5 * time.Minute
	accountStale = 24 * time.Hour
)

// read makes the readings that are due: those that an undertaking needs, and
// some of the slow checks.
func (e *Engine) read(ctx context.Context, v *view) error {
	e.desk.sight.forget(e.horizon(v.now))
	e.readNeeds(ctx, v, slices.Concat(e.dueNeeds(v), e.missedNeeds(v), e.laggingNeeds(v)))
	e.readSweeps(ctx, v)
	return ctx.Err()
}

// horizon returns how old a reading may be: fresh, or of the check that is
// under way.
func (e *Engine) horizon(now time.Time) time.Time {
	oldest := now.Add(-fresh)
	if began := e.desk.check.began; !began.IsZero() && began.Before(oldest) {
		return began
	}
	return oldest
}

// dueNeeds returns what records need to have read now.
func (e *Engine) dueNeeds(v *view) []need {
	now := e.now() // operations may have ended since the pass began
	out := e.under()
	var due []need
	for _, r := range e.book.restless() {
		switch at := e.nextRead(v, r, out); {
		case at.IsZero():
		case at.After(now):
			v.alarm.set(at)
		case e.hasLeftList(r):
			v.verify = append(v.verify, e.needOf(r))
		default:
			due = append(due, e.needOf(r))
		}
	}
	return due
}

// nextRead returns when the record is to be read, zero when it is not: when it
// needs to be, and not before a reading that failed may be tried again.
func (e *Engine) nextRead(v *view, r Record, out underway) time.Time {
	at := e.readTime(v, r, out)
	if at.IsZero() {
		return at
	}
	return later(at, e.failedUntil(e.needOf(r)))
}

// needOf returns what a record has to have read.
func (e *Engine) needOf(r Record) need {
	return need{pair: r.Assignment.Pair(), ids: e.ids(r), urgent: r.Op != nil || r.State == Removing}
}

// ids returns the ids under which the principal of a record may be listed. For
// what is desired only the present one counts.
func (e *Engine) ids(r Record) []LiveAssignment {
	g := e.book.principal(r.Assignment.Principal)
	ids := []string{g.StoreID}
	if r.State == Removing || r.Op != nil || r.rollsBack() {
		ids = append(append(ids, r.PrincipalID), g.EarlierIDs...)
	}
	var out []LiveAssignment
	for _, id := range ids {
		who := LiveAssignment{PrincipalID: id, Kind: r.Assignment.Principal.Kind}
		if id != "" && !slices.Contains(out, who) {
			out = append(out, who)
		}
	}
	return out
}

// readTime returns when the record needs to be read, zero when it does not.
// out is what is under way in AWS.
func (e *Engine) readTime(v *view, r Record, out underway) time.Time {
	left, hasLeft := e.desk.left[r.Assignment]
	switch {
	case r.Op.unknown():
		return e.lookTime(r, r.Op.Intent.Add(e.pace(2*time.Second)))
	case r.Op.outstanding() && hasLeft:
		return e.verifyTime(r, left, out)
	case r.Op.outstanding():
		return time.Time{}
	case r.Op != nil:
		return e.lookTime(r, r.Op.Ended)
	case r.State == Live && !r.Missing.IsZero() && r.Code != CodeMissing:
		return r.Missing.Add(e.pace(missingConfirm))
	case r.State != Adding && r.State != Removing:
		return time.Time{}
	case e.seenSince(r, r.Since), !e.identified(r):
		return time.Time{}
	case dueAgain(r.NextTry, v.now).After(v.now):
		return r.NextTry
	}
	if h, ok := e.desk.held[r.Assignment]; ok && h.commit == v.force.Commit && (h.until.IsZero() || h.until.After(v.now)) {
		return h.until
	}
	return v.now
}

// seenSince reports whether it is known, from readings that began at a time or
// later, under which of its ids a record is listed.
func (e *Engine) seenSince(r Record, since time.Time) bool {
	_, ok := e.glance(r, since)
	return ok
}

// identified reports whether an id is known under which the principal can be
// found in a listing.
func (e *Engine) identified(r Record) bool {
	g := e.book.principal(r.Assignment.Principal)
	return g.StoreID != "" || r.rollsBack() || r.State == Removing && (len(g.EarlierIDs) > 0 || r.PrincipalID != "")
}

// lookTime returns when the outcome of an operation is looked for next.
func (e *Engine) lookTime(r Record, first time.Time) time.Time {
	if s, ok := e.desk.looks[r.Assignment]; ok {
		return s.next
	}
	return first
}

// looked notes that an outcome was looked for in vain. The last look is when
// patience ends.
func (e *Engine) looked(a config.Assignment, end time.Time) {
	s := e.desk.looks[a]
	next := e.now().Add(e.pace(growing(time.Second, 30*time.Second, s.n)))
	if next.After(end) {
		next = end
	}
	e.desk.looks[a] = schedule{s.n + 1, next}
}

// lookUpAccounts asks Organizations for the management account and for the
// accounts in which something is to be added.
func (e *Engine) lookUpAccounts(ctx context.Context, v *view) error {
	if e.desk.management == "" || v.full {
		e.lookUpManagement(ctx, v)
	}
	wanted := map[string]bool{}
	for _, r := range e.book.restless() {
		// What is missing may have to be put back.
		if r.Op == nil && (r.State == Adding || r.State == Live && !r.Missing.IsZero()) {
			wanted[r.Assignment.Account] = true
		}
	}
	e.mu.Lock()
	for id := range e.anew {
		delete(e.desk.accounts, id)
	}
	clear(e.anew)
	e.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		had, ok := e.desk.accounts[id]
		if ok && v.now.Sub(had.at) < accountFresh {
			continue
		}
		what := "the state of account " + id
		if next := e.desk.lookFails[what].next; next.After(v.now) && !v.full {
			v.alarm.set(next)
			continue
		}
		callCtx, cancel := e.call(ctx)
		state, err := e.Accounts.State(callCtx, id)
		cancel()
		switch {
		case err == nil:
			delete(e.desk.lookFails, what)
			e.desk.accounts[id] = accountLook{state, v.now}
			if !state.Found || !state.Active {
				v.alarm.set(v.now.Add(accountFresh))
			}
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			e.opts.Log.Warn("look up account", "account", id, "error", err)
			if ok && v.now.Sub(had.at) >= accountStale {
				delete(e.desk.accounts, id)
			}
			v.alarm.set(e.unanswered(ctx, what, err))
		}
	}
	return nil
}

const managementLook = "which account is the management account"

// lookUpManagement learns the management account. What is known stays known
// when it cannot be asked: an organization does not change it.
func (e *Engine) lookUpManagement(ctx context.Context, v *view) {
	if e.desk.manageTry.After(v.now) && !v.full {
		v.alarm.set(e.desk.manageTry)
		return
	}
	callCtx, cancel := e.call(ctx)
	defer cancel()
	id, err := e.Accounts.ManagementAccount(callCtx)
	if err != nil || id == "" {
		e.opts.Log.Warn("look up management account", "error", err)
		e.desk.manageTry = e.unanswered(ctx, managementLook, err)
		v.alarm.set(e.desk.manageTry)
		return
	}
	delete(e.desk.lookFails, managementLook)
	e.desk.management = id
	if declared := v.force.Repo.Access.ManagementAccount; declared != id {
		e.notify(ctx, "management/"+id, fmt.Sprintf("aws-access.yaml names %s as the management account, AWS Organizations says %s. Neither is touched; please correct the file.", declared, id))
	}
}

func comparePairs(a, b config.Pair) int {
	if c := strings.Compare(a.Account, b.Account); c != 0 {
		return c
	}
	return strings.Compare(a.PermissionSet, b.PermissionSet)
}
