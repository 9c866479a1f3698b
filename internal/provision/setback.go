package provision

import (
	"context"
	"fmt"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// A clock that was ahead leaves times behind that are still to come once it is
// right again. Whatever waits for a reading that is newer than such a time would
// wait until then: a grant that ended would stay, and one that is new not be made,
// for as long as the clock was off. So what lies ahead of now by more than clocks
// may differ is taken to be of now.

// ahead reports whether a time was noted by a clock that was ahead of ours.
func ahead(t, now time.Time) bool { return t.Sub(now) > maxSkew }

// notAhead brings a time that is ahead back to now.
func notAhead(t *time.Time, now time.Time) (was bool) {
	if was = ahead(*t, now); was {
		*t = now
	}
	return was
}

// setBack returns a record with no time ahead of now that anything waits for, and
// whether it had one.
func (r Record) setBack(now time.Time) (Record, bool) {
	was := false
	for _, t := range []*time.Time{&r.Since, &r.Missing, &r.Made.At, &r.Lasts.At} {
		was = notAhead(t, now) || was
	}
	if r.Cut != nil && ahead(r.Cut.At, now) {
		cut := *r.Cut
		cut.At, r.Cut, was = now, &cut, true
	}
	if r.Op != nil {
		op, late := *r.Op, false
		for _, t := range []*time.Time{&op.Intent, &op.Requested, &op.Ended} {
			late = notAhead(t, now) || late
		}
		if late {
			r.Op, was = &op, true
		}
	}
	return r, was
}

// setBack is the same for a group or user. It comes before what is undertaken from
// now on, so that it is looked at once more for that.
func (g PrincipalRecord) setBack(now time.Time) (PrincipalRecord, bool) {
	now = now.Add(-time.Second)
	was := false
	for _, t := range []*time.Time{&g.Ensured, &g.Looked, &g.Waiting, &g.MembersRead, &g.FirstDemand, &g.Demanded, &g.AssignIntent} {
		was = notAhead(t, now) || was
	}
	return g, was
}

// setBack is the same for a drift. What is snoozed is so for a day at most.
func (f Finding) setBack(now time.Time) (Finding, bool) {
	was := false
	for _, t := range []*time.Time{&f.Since, &f.Told, &f.TrailAsked} {
		was = notAhead(t, now) || was
	}
	if most := now.Add(access.SnoozeFor); ahead(f.Snoozed, most) {
		f.Snoozed, was = most, true
	}
	return f, was
}

// takeBackFindings brings back when drift was found, told and snoozed: what no commit
// declares is removed some time after that, and what is gone told.
func (e *Engine) takeBackFindings(ctx context.Context, now time.Time) error {
	list, err := e.findings(ctx)
	if err != nil {
		return fmt.Errorf("what is known of drift: %w", err)
	}
	var put []Finding
	for _, f := range list {
		if next, was := f.setBack(now); was {
			put = append(put, next)
		}
	}
	if len(put) == 0 {
		return nil
	}
	return e.Drifts.SaveFindings(ctx, put, nil)
}

// takeBack brings back what a clock that was ahead left: in the records, and in
// what the passes know beside them.
func (e *Engine) takeBack(ctx context.Context, v *view) error {
	var list []Record
	for _, r := range e.book.all() {
		if next, was := r.setBack(v.now); was {
			list = append(list, next)
		}
	}
	if err := e.book.begin(ctx, v.force.Commit, list, nil); err != nil {
		return err
	}
	for p := range e.book.allPrincipals() {
		if err := e.takeBackPrincipal(ctx, p, v.now); err != nil {
			return err
		}
	}
	e.desk.setBack(v.now)
	return e.takeBackFindings(ctx, v.now)
}

// takeBackLog has removals be of now that were logged by a clock that was ahead, or
// in doubt: else they would count against the budget until that time comes, or not
// at all where the clock was behind. While the time is in doubt all in the log
// counts anyway.
func (e *Engine) takeBackLog(ctx context.Context, s *Surroundings) error {
	if s.clockInDoubt() {
		return nil
	}
	for i := range s.Log {
		if s.Log[i].Doubtful || ahead(s.Log[i].At, s.Now) {
			return e.redate(ctx, s)
		}
	}
	return nil
}

func (e *Engine) redate(ctx context.Context, s *Surroundings) (err error) {
	if err := e.Store.Redate(ctx, s.Now); err != nil {
		return err
	}
	s.Log, err = e.Store.Removals(ctx, s.Now.Add(-budgetWindow))
	return err
}

// takeBackPrincipal leaves one that is being worked on to the next pass.
func (e *Engine) takeBackPrincipal(ctx context.Context, p config.Principal, now time.Time) error {
	if _, was := e.book.principal(p).setBack(now); !was {
		return nil
	}
	if taken, _ := e.claims.take(p); !taken {
		return nil
	}
	defer e.claims.release(p)
	if g, was := e.book.principal(p).setBack(now); was {
		poke(e.wakePrincipals)
		return e.book.savePrincipal(ctx, StepGroup, g)
	}
	return nil
}

// setBack forgets what was read by a clock that was ahead, and the waits that it
// set: what is due is looked at anew.
func (d *desk) setBack(now time.Time) {
	late := func(t time.Time) bool { return ahead(t, now) }
	for pair, one := range d.sight.Pairs {
		if late(one.Began) {
			delete(d.sight.Pairs, pair)
		}
	}
	for who, whole := range d.sight.Wholes {
		if late(whole.Began) {
			delete(d.sight.Wholes, who)
		}
	}
	for a, s := range d.polls {
		if s.next.Sub(now) > 2*retryMost {
			delete(d.polls, a)
		}
	}
	for a, s := range d.looks {
		if s.next.Sub(now) > 2*retryMost {
			delete(d.looks, a)
		}
	}
	for a, at := range d.left {
		if late(at) {
			delete(d.left, a)
		}
	}
	for kind, at := range d.lists {
		if at.Sub(now) > 2*retryMost {
			delete(d.lists, kind)
		}
	}
	for kind, at := range d.listed {
		if late(at) {
			delete(d.listed, kind)
		}
	}
	for what, f := range d.readFails {
		if f.next.Sub(now) > 2*retryMost {
			delete(d.readFails, what)
		}
	}
	for what, f := range d.lookFails {
		if f.next.Sub(now) > 2*retryMost {
			delete(d.lookFails, what)
		}
	}
	for who, s := range d.named {
		if late(s.at) {
			delete(d.named, who)
		}
	}
	for name, look := range d.sets {
		if late(look.at) {
			delete(d.sets, name)
		}
	}
	for id, look := range d.accounts {
		if late(look.at) {
			delete(d.accounts, id)
		}
	}
}
