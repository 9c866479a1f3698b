package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/fault"
)

// reading is one complete listing of a pair.
type reading struct {
	// started is before the call, at is after it.
	started time.Time
	at      time.Time
	state   PairState
}

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

// readPairs lists the pairs that are due: those that an undertaking needs, and
// some of the slow check.
func (e *Engine) readPairs(ctx context.Context, v *view) error {
	for pair, r := range e.desk.readings {
		if v.now.Sub(r.started) >= fresh {
			delete(e.desk.readings, pair)
		}
	}
	now := e.now() // operations may have ended since the pass began
	due := map[config.Pair]bool{}
	for _, r := range sortedRecords(e.book.all()) {
		at := e.readTime(v, r)
		if f := e.desk.readFails[r.Assignment.Pair()]; !at.IsZero() && f.next.After(at) {
			at = f.next
		}
		switch {
		case at.IsZero():
		case at.After(now):
			v.alarm.set(at)
		default:
			due[r.Assignment.Pair()] = true
		}
	}
	for _, pair := range e.sweepPairs(v) {
		due[pair] = true
	}
	e.list(ctx, v, slices.SortedFunc(maps.Keys(due), comparePairs))
	return ctx.Err()
}

// readTime returns when the record needs its pair read, zero when it does not.
func (e *Engine) readTime(v *view, r Record) time.Time {
	seen, known := e.desk.readings[r.Assignment.Pair()]
	switch {
	case r.Op.unknown():
		return e.lookTime(r, r.Op.Intent.Add(e.pace(2*time.Second)))
	case r.Op.outstanding():
		return time.Time{}
	case r.Op != nil:
		return e.lookTime(r, r.Op.Ended)
	case r.State == Live && !r.Missing.IsZero() && r.Code != CodeMissing:
		return r.Missing.Add(e.pace(missingConfirm))
	case r.State != Adding && r.State != Removing:
		return time.Time{}
	case known && !seen.started.Before(r.Since), !e.identified(r):
		return time.Time{}
	case dueAgain(r.NextTry, v.now).After(v.now):
		return r.NextTry
	}
	if h, ok := e.desk.held[r.Assignment]; ok && h.commit == v.force.Commit && (h.until.IsZero() || h.until.After(v.now)) {
		return h.until
	}
	return v.now
}

// identified reports whether an id is known under which the principal can be
// found in a listing.
func (e *Engine) identified(r Record) bool {
	g := e.book.principal(r.Assignment.Principal)
	return g.StoreID != "" || r.State == Removing && (len(g.EarlierIDs) > 0 || r.PrincipalID != "")
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

// sweepPairs returns what the slow check reads in this pass: everything
// declared and owned when the pass is full, else a part of it.
func (e *Engine) sweepPairs(v *view) []config.Pair {
	if v.full || len(e.desk.sweep) == 0 && !e.desk.sweepAt.After(v.now) {
		pairs := map[config.Pair]bool{}
		for a := range v.wants {
			pairs[a.Pair()] = true
		}
		for a := range v.owned {
			pairs[a.Pair()] = true
		}
		e.desk.sweep = slices.SortedFunc(maps.Keys(pairs), comparePairs)
		e.desk.sweepAt = v.now.Add(e.opts.Check)
	}
	n := min(sweepReads, len(e.desk.sweep))
	if v.full {
		n = len(e.desk.sweep)
	}
	part := e.desk.sweep[:n]
	e.desk.sweep = e.desk.sweep[n:]
	if len(e.desk.sweep) > 0 {
		v.alarm.set(v.now)
	}
	v.alarm.set(e.desk.sweepAt)
	return part
}

// list reads pairs, several at a time.
func (e *Engine) list(ctx context.Context, v *view, pairs []config.Pair) {
	var mu sync.Mutex // guards desk and v within this call
	var g errgroup.Group
	g.SetLimit(parallelCalls)
	for _, pair := range pairs {
		g.Go(func() error {
			r, err := e.listPair(ctx, pair)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				e.desk.readings[pair] = r
				delete(e.desk.readFails, pair)
				v.read++
				return nil
			}
			if ctx.Err() == nil {
				e.opts.Log.Warn("read pair", "account", pair.Account, "permission_set", pair.PermissionSet, "error", err)
			}
			n := e.desk.readFails[pair].n + 1
			wait := max(e.pace(backoff(readFirst, readMost, n)), fault.RetryAfter(err))
			e.desk.readFails[pair] = failing{n, e.now().Add(wait)}
			delete(e.desk.readings, pair)
			v.failed = append(v.failed, pair)
			return nil
		})
	}
	_ = g.Wait() // the functions return nil: failures are per pair
	slices.SortFunc(v.failed, comparePairs)
	for _, pair := range v.failed {
		v.alarm.set(e.desk.readFails[pair].next)
	}
}

// listPair reads one pair to the end.
func (e *Engine) listPair(ctx context.Context, pair config.Pair) (reading, error) {
	callCtx, cancel := e.call(ctx)
	defer cancel()
	r := reading{started: e.now()}
	live, err := e.Center.Assignments(callCtx, pair)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		r.state = PairState{Complete: true, NoSet: true}
	case err != nil:
		return reading{}, fmt.Errorf("list assignments of %s in %s: %w", pair.PermissionSet, pair.Account, err)
	default:
		r.state = PairState{Complete: true, Live: live}
	}
	r.at = e.now()
	return r, nil
}

// lookUpAccounts asks Organizations for the management account and for the
// accounts in which something is to be added.
func (e *Engine) lookUpAccounts(ctx context.Context, v *view) error {
	if e.desk.management == "" || v.full {
		e.lookUpManagement(ctx, v)
	}
	wanted := map[string]bool{}
	for _, r := range e.book.all() {
		if r.State == Adding && r.Op == nil {
			wanted[r.Assignment.Account] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		had, ok := e.desk.accounts[id]
		if ok && v.now.Sub(had.at) < accountFresh {
			continue
		}
		callCtx, cancel := e.call(ctx)
		state, err := e.Accounts.State(callCtx, id)
		cancel()
		switch {
		case err == nil:
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
			v.alarm.set(v.now.Add(max(e.pace(readFirst), fault.RetryAfter(err))))
		}
	}
	return nil
}

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
		e.desk.manageTry = v.now.Add(max(e.pace(readFirst), fault.RetryAfter(err)))
		v.alarm.set(e.desk.manageTry)
		return
	}
	e.desk.management = id
	if declared := v.force.Repo.Access.ManagementAccount; declared != id {
		e.notify(ctx, "management/"+id, fmt.Sprintf("aws-access.yaml names %s as the management account, AWS Organizations says %s. Neither is touched; please correct the file.", declared, id))
	}
}

func comparePairs(a, b config.Pair) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.PermissionSet, b.PermissionSet))
}

func sortedRecords(m map[config.Assignment]Record) []Record {
	return slices.SortedFunc(maps.Values(m), func(a, b Record) int { return a.Assignment.Compare(b.Assignment) })
}
