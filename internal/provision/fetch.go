package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/fault"
)

// wholeRetry is how long it is taken for granted that AWS does not let the
// bot's account read by principal, or does not know a principal.
const wholeRetry = 6 * time.Hour

// target is one reading: of a pair, of a principal, or of where a permission
// set is in use. Two of its members are empty.
type target struct {
	pair config.Pair
	who  LiveAssignment
	set  string
}

func (t target) String() string {
	switch {
	case t.set != "":
		return "the accounts with " + t.set
	case t.who != LiveAssignment{}:
		return fmt.Sprintf("the assignments of %s %s", t.who.Kind, t.who.PrincipalID)
	}
	return fmt.Sprintf("the assignments of %s in %s", t.pair.PermissionSet, t.pair.Account)
}

// targets puts the readings of a cover in order, principals first: each shows
// more.
func targets(pairs []config.Pair, whos []LiveAssignment) []target {
	out := make([]target, 0, len(pairs)+len(whos))
	for _, who := range whos {
		out = append(out, target{who: who})
	}
	for _, pair := range pairs {
		out = append(out, target{pair: pair})
	}
	return out
}

// terms are what reading costs now.
func (e *Engine) terms(now time.Time) terms {
	return terms{
		allowed: func(who LiveAssignment) bool { return e.wholeAllowed(now) && !e.desk.unlistable[who].After(now) },
		pages:   func(who LiveAssignment) int { return max(1, e.desk.pages[who]) },
	}
}

// wholeAllowed reports whether reading by principal may be tried.
func (e *Engine) wholeAllowed(now time.Time) bool { return !e.desk.wholeDenied.After(now) }

// failedUntil returns until when one of the readings of a need is to be left
// alone because it failed.
func (e *Engine) failedUntil(n need) time.Time {
	until := e.desk.readFails[target{pair: n.pair}].next
	for _, who := range n.ids {
		until = later(until, e.desk.readFails[target{who: who}].next)
	}
	return until
}

// readNeeds reads what is needed in the way that costs least. Should AWS not
// answer by principal, what is left is read by pair at once.
func (e *Engine) readNeeds(ctx context.Context, v *view, needs []need) {
	if len(needs) == 0 {
		return
	}
	counted, tally := WithTally(ctx)
	began := e.now()
	for first := true; len(needs) > 0 && (first || len(v.shut) > 0); first = false {
		v.shut = nil
		pairs, whos, choice := cover(needs, e.terms(e.now()))
		list := targets(pairs, whos)
		if len(list) > needReads {
			list = mostUrgent(list, needs)[:needReads]
			v.alarm.set(v.now)
		}
		e.fetch(counted, v, list)
		if first {
			v.choice = v.choice.and(choice)
		}
		needs = slices.DeleteFunc(needs, func(n need) bool { return !v.unread(n, e.desk.sight, began) })
	}
	v.choice.Made += tally.Count()
}

// mostUrgent puts readings first that removals and begun operations wait for.
func mostUrgent(list []target, needs []need) []target {
	urgent := map[target]bool{}
	for _, n := range needs {
		if n.urgent {
			urgent[target{pair: n.pair}] = true
			for _, who := range n.ids {
				urgent[target{who: who}] = true
			}
		}
	}
	first := func(t target) int {
		if urgent[t] {
			return 0
		}
		return 1
	}
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b target) int { return first(a) - first(b) })
	return out
}

// unread reports whether a need was to be read by a principal that AWS does
// not let be read.
func (v *view) unread(n need, s Sight, began time.Time) bool {
	return slices.ContainsFunc(n.ids, func(who LiveAssignment) bool {
		_, r := s.Ask(n.pair, who)
		return v.shut[who] && r.Began.Before(began)
	})
}

// fetch makes readings, several at a time, and returns those that failed.
func (e *Engine) fetch(ctx context.Context, v *view, list []target) []target {
	var mu sync.Mutex // guards desk and v within this call
	var g errgroup.Group
	var failed, more []target
	g.SetLimit(parallelCalls)
	for _, t := range list {
		g.Go(func() error {
			result, err := e.fetchOne(ctx, t)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				more = append(more, e.keep(v, t, result)...)
			case t.who != LiveAssignment{} && e.shut(v, t.who, err):
			default:
				e.readFailed(ctx, v, t, err)
				failed = append(failed, t)
			}
			return nil
		})
	}
	_ = g.Wait() // the functions return nil: failures are per reading
	for _, t := range failed {
		v.alarm.set(e.desk.readFails[t].next)
	}
	slices.SortFunc(more, func(a, b target) int { return comparePairs(a.pair, b.pair) })
	e.desk.complete.queue = append(e.desk.complete.queue, more...)
	return failed
}

// shut notes that AWS does not let a principal be read, and reports whether
// that is what the error says.
func (e *Engine) shut(v *view, who LiveAssignment, err error) bool {
	switch until := e.now().Add(wholeRetry); {
	case errors.Is(err, fault.ErrDenied):
		e.desk.wholeDenied = until
	case errors.Is(err, fault.ErrNotFound):
		e.desk.unlistable[who] = until
	default:
		return false
	}
	if v.shut == nil {
		v.shut = map[LiveAssignment]bool{}
	}
	v.shut[who] = true
	return true
}

// readFailed forgets what was read before and says when to try again.
func (e *Engine) readFailed(ctx context.Context, v *view, t target, err error) {
	if ctx.Err() == nil {
		e.opts.Log.Warn("read "+t.String(), "error", err)
	}
	n := e.desk.readFails[t].n + 1
	wait := max(e.pace(backoff(readFirst, readMost, n)), fault.RetryAfter(err))
	e.desk.readFails[t] = failing{n, e.now().Add(wait)}
	if n >= deniedTold {
		e.tellDenied(ctx, "who has access where", err)
	}
	delete(e.desk.sight.Pairs, t.pair)
	delete(e.desk.sight.Wholes, t.who)
	v.failed = append(v.failed, t)
}

// fetched is the result of one reading.
type fetched struct {
	pair     PairState
	whole    Whole
	accounts []string
}

// keep takes over a reading, and returns what is to be read because of it.
func (e *Engine) keep(v *view, t target, f fetched) []target {
	delete(e.desk.readFails, t)
	v.read++
	switch {
	case t.set != "":
		var more []target
		for _, account := range f.accounts {
			more = append(more, target{pair: config.Pair{Account: account, PermissionSet: t.set}})
		}
		return more
	case t.who != LiveAssignment{}:
		e.desk.sight.Wholes[t.who] = f.whole
		e.desk.pages[t.who] = (len(f.whole.Pairs) + wholePage - 1) / wholePage
	default:
		e.desk.sight.Pairs[t.pair] = f.pair
	}
	return nil
}

// wholePage is how many assignments a page has (sso-admin: at most 100).
const wholePage = 100

// fetchOne makes one reading to its end, or fails.
func (e *Engine) fetchOne(ctx context.Context, t target) (f fetched, err error) {
	callCtx, cancel := e.call(ctx)
	defer cancel()
	r := Reading{Began: e.now()}
	var live []LiveAssignment
	var pairs []config.Pair
	switch {
	case t.set != "":
		f.accounts, err = e.Center.AccountsWith(callCtx, t.set)
	case t.who != LiveAssignment{}:
		pairs, err = e.Center.AssignmentsOf(callCtx, t.who)
	default:
		live, err = e.Center.Assignments(callCtx, t.pair)
	}
	r.Ended = e.now()
	switch {
	case t.set == "" && t.who == LiveAssignment{} && errors.Is(err, fault.ErrNotFound):
		f.pair = PairState{Reading: r, Complete: true, NoSet: true}
		return f, nil
	case err != nil:
		return fetched{}, fmt.Errorf("read %s: %w", t, err)
	}
	f.pair, f.whole = PairState{Reading: r, Complete: true, Live: live}, NewWhole(r, pairs)
	return f, nil
}
