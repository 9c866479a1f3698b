package provision

import (
	"context"
	"maps"
	"slices"
	"time"

	"aws-access-bot/config"
)

// sweep is a slow check that is read in parts.
type sweep struct {
	// next is when the next one begins, began when this one did; zero: none is
	// under way.
	next, began time.Time
	queue       []target
	total       int // that were in the queue
	choice      Choice
	read        int
	failed      []target
}

// done reports whether nothing of a check is left to be read.
func (s *sweep) done() bool { return len(s.queue) == 0 }

// Complete is the last reading of everything that is live in Identity Center,
// whoever has it: what no reading of the declared alone can show.
type Complete struct {
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended"`
	Calls int64     `json:"calls"`
	// Failed are readings that failed; what they would show is not in Extra.
	Failed int     `json:"failed,omitempty"`
	Extra  []Extra `json:"extra"`
}

// strange is somebody in a pair.
type strange struct {
	pair config.Pair
	live LiveAssignment
}

// readSweeps reads a part of the check of what is declared and owned, or else
// of the complete one. A part is small, so that what is urgent never waits for
// long.
func (e *Engine) readSweeps(ctx context.Context, v *view) {
	e.beginCheck(v)
	e.beginComplete(ctx, v)
	ctx = WithPatience(ctx)
	if !e.desk.check.began.IsZero() {
		e.readCheck(ctx, v)
	} else if !e.desk.complete.began.IsZero() {
		e.readComplete(ctx, v)
	}
	if !e.desk.check.done() || !e.desk.complete.done() {
		v.alarm.set(v.now)
	}
	v.alarm.set(e.desk.check.next)
	v.alarm.set(e.desk.complete.next)
}

// beginCheck begins the check of everything declared and owned when it is due
// or asked for.
func (e *Engine) beginCheck(v *view) {
	c := &e.desk.check
	if !c.began.IsZero() || !e.desk.asked && c.next.After(v.now) {
		return
	}
	since := v.now
	if e.desk.asked && !e.desk.askedSince.IsZero() {
		since = e.desk.askedSince
	}
	e.desk.asked = false
	*c = sweep{began: since, next: c.next}
	e.planCheck(v)
}

// planCheck chooses how the check is read: once, and again should AWS turn out
// not to answer by principal.
func (e *Engine) planCheck(v *view) {
	c := &e.desk.check
	needs := slices.DeleteFunc(e.checkNeeds(v), func(n need) bool { return e.known(n, c.began) })
	pairs, whos, choice := cover(needs, e.terms(v.now))
	choice.Made = c.choice.Made
	c.queue, c.choice = targets(pairs, whos), choice
	c.total = len(c.queue)
}

// checkNeeds returns everything that is declared or owned.
func (e *Engine) checkNeeds(v *view) []need {
	all := map[config.Assignment]bool{}
	for a := range v.wants {
		all[a] = true
	}
	for a := range v.owned {
		all[a] = true
	}
	out := make([]need, 0, len(all))
	for _, a := range slices.SortedFunc(maps.Keys(all), config.Assignment.Compare) {
		r := e.book.record(a)
		r.Assignment = a
		n := e.needOf(r)
		g := e.book.principal(a.Principal)
		if len(n.ids) == 0 && g.Looked.IsZero() {
			continue // nothing can be told of it before its principal was looked for
		}
		for _, id := range g.GoneIDs { // what is left under them is an orphan
			if who := (LiveAssignment{PrincipalID: id, Kind: a.Principal.Kind}); !slices.Contains(n.ids, who) {
				n.ids = append(n.ids, who)
			}
		}
		// What was live under an id that is gone, the pair alone can tell.
		n.optional = r.State != Live
		out = append(out, n)
	}
	return out
}

// known reports whether a need was read since a time.
func (e *Engine) known(n need, since time.Time) bool {
	if one := e.desk.sight.Pairs[n.pair]; one.Complete && !one.Began.Before(since) {
		return true
	}
	for _, who := range n.ids {
		if a, r := e.desk.sight.Ask(n.pair, who); a == NotKnown || r.Began.Before(since) {
			return false
		}
	}
	return len(n.ids) > 0
}

// readCheck reads the next part of the check.
func (e *Engine) readCheck(ctx context.Context, v *view) {
	c := &e.desk.check
	counted, tally := WithTally(ctx)
	read := v.read
	v.shut = nil
	for more := true; more; more = !c.done() && len(v.shut) == 0 && e.idle(v) {
		part := slices.DeleteFunc(c.take(), func(t target) bool { return e.readSince(t, c.began) })
		c.failed = append(c.failed, e.fetch(counted, v, part)...)
		e.at(StageReading, c.total-len(c.queue), c.total)
	}
	c.read += v.read - read
	c.choice.Made += tally.Count()
	if len(v.shut) > 0 {
		e.planCheck(v)
	}
	if c.done() {
		v.read = c.read + read
		v.failed = joined(v.failed, c.failed)
		e.desk.checked, c.began = *c, time.Time{}
		e.desk.checks++
		c.next = e.now().Add(e.opts.Check)
		if e.opts.Sweep >= 0 && e.desk.complete.next.IsZero() && e.desk.complete.began.IsZero() {
			e.desk.complete.next = c.next
		}
	}
}

// idle reports whether a slow check may go on because nothing else is due:
// nothing is under way, nobody woke the engine, and no alarm has come. Even so
// it gives way from time to time.
func (e *Engine) idle(v *view) bool {
	now := e.now()
	due := !v.alarm.at.IsZero() && !v.alarm.at.After(now)
	return !due && len(v.verify) == 0 && v.choice.Way == "" && len(e.wakeAssignments) == 0 && len(e.book.operations()) == 0 && now.Sub(v.now) < longestPart
}

// take removes the next part from the queue.
func (s *sweep) take() []target {
	part := slices.Clone(s.queue[:min(sweepReads, len(s.queue))])
	s.queue = s.queue[len(part):]
	return part
}

// readSince reports whether a target was read since a time.
func (e *Engine) readSince(t target, since time.Time) bool {
	if t.who != (LiveAssignment{}) {
		whole, ok := e.desk.sight.Wholes[t.who]
		return ok && !whole.Began.Before(since)
	}
	one := e.desk.sight.Pairs[t.pair]
	return one.Complete && !one.Began.Before(since)
}

// joined returns what is in either list, once.
func joined(a, b []target) []target {
	out := slices.Clone(a)
	for _, t := range b {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// beginComplete begins the complete check when it is due. It needs the names
// of all permission sets.
func (e *Engine) beginComplete(ctx context.Context, v *view) {
	c := &e.desk.complete
	if !c.began.IsZero() || c.next.IsZero() || c.next.After(v.now) {
		return
	}
	counted, tally := WithTally(WithPatience(ctx))
	callCtx, cancel := e.call(counted)
	defer cancel()
	names, err := e.Center.SetNames(callCtx)
	if err != nil {
		e.opts.Log.Warn("list permission sets", "error", err)
		c.next = v.now.Add(e.pace(readMost))
		return
	}
	*c = sweep{began: v.now}
	for _, name := range names {
		c.queue = append(c.queue, target{set: name})
	}
	c.choice.Made = tally.Count()
	e.desk.strangers = map[strange]Extra{}
}

// readComplete reads the next part of the complete check.
func (e *Engine) readComplete(ctx context.Context, v *view) {
	c := &e.desk.complete
	counted, tally := WithTally(ctx)
	for more := true; more; more = !c.done() && e.idle(v) {
		c.failed = append(c.failed, e.fetch(counted, v, c.take())...)
	}
	c.choice.Made += tally.Count()
	if c.done() {
		c.next = e.now().Add(e.sweepEvery())
	}
}

// sweepEvery is how often everything is read. Where principals can be read the
// hourly check sees all that they have, and the rest may wait longer.
func (e *Engine) sweepEvery() time.Duration {
	switch {
	case e.opts.Sweep > 0:
		return e.opts.Sweep
	case e.wholeAllowed(e.now()) && e.desk.checked.choice.Way != ByPair:
		return 7 * 24 * time.Hour
	}
	return 24 * time.Hour
}

// noteComplete takes over from a plan what the complete check found, and ends
// the check once all is read.
func (e *Engine) noteComplete(v *view, plan Result) {
	c := &e.desk.complete
	if c.began.IsZero() {
		return
	}
	for _, x := range plan.Extra {
		e.desk.strangers[strange{x.Pair, x.Live}] = x
	}
	if !c.done() {
		return
	}
	extra := slices.SortedFunc(maps.Values(e.desk.strangers), compareExtra)
	e.desk.wide = &Complete{Began: c.began, Ended: v.now, Calls: c.choice.Made, Failed: len(c.failed), Extra: extra}
	e.desk.strangers, c.began = nil, time.Time{}
}
