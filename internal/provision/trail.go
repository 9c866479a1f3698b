package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
)

// Trail knows who changed assignments. It decides nothing, and nothing waits for
// it but, for a short while, the first telling of a drift.
type Trail interface {
	// Changes returns what was done since a time, in any order. Events may come
	// minutes late. What comes beside an error is good.
	Changes(ctx context.Context, since time.Time) ([]TrailEvent, error)
}

// TrailEvent is an assignment that somebody created or deleted.
type TrailEvent struct {
	At     time.Time
	Action Action
	Pair   config.Pair
	Who    LiveAssignment
	// By is who did it, in words: outside text on one short line.
	By string
}

const (
	// trailHold is for how long the first telling of a drift waits for who did it.
	trailHold = time.Minute
	// trailEvery is how far apart the lookups for one drift are, and trailPatience
	// how long after it was found they end: events appear within some 15 minutes.
	trailEvery    = 5 * time.Minute
	trailPatience = 30 * time.Minute
	// trailBack is how long before it was found a drift is looked for: what is
	// declared is read every hour, and everything once a day.
	trailBack = 7 * 24 * time.Hour
	// trailTime bounds one lookup, which keeps to CloudTrail's pace.
	trailTime = 2 * time.Minute
)

// trailLoop finds out who made the drifts that are known.
func (e *Engine) trailLoop(ctx context.Context) {
	for {
		if err := e.askTrail(ctx); err != nil && ctx.Err() == nil {
			e.opts.Log.Warn("look up who made a drift", "error", err)
		}
		if !e.sleep(ctx, e.wakeTrail, e.now().Add(e.pace(longestSleep))) {
			return
		}
	}
}

// askTrail looks up once who made the drifts of which that is due.
func (e *Engine) askTrail(ctx context.Context) error {
	list, err := e.findings(ctx)
	if err != nil {
		return fmt.Errorf("what is known of drift: %w", err)
	}
	now, since := e.now(), time.Time{}
	list = slices.DeleteFunc(list, func(f Finding) bool { return !e.trailDue(f, now) })
	for _, f := range list {
		if from := f.Since.Add(-trailBack); since.IsZero() || from.Before(since) {
			since = from
		}
	}
	if len(list) == 0 {
		return nil
	}
	callCtx, cancel := context.WithTimeout(ctx, trailTime)
	events, failed := e.Trail.Changes(callCtx, since)
	cancel()
	if err := e.noteTrail(ctx, list, events, now); err != nil {
		return err
	}
	return failed
}

// trailDue reports whether it is to be looked up who made a drift.
func (e *Engine) trailDue(f Finding, now time.Time) bool {
	switch {
	case f.Doer != "":
		return false
	case f.TrailAsked.IsZero():
		return true
	}
	return f.TrailAsked.Before(f.Since.Add(e.pace(trailPatience))) && !now.Before(f.TrailAsked.Add(e.pace(trailEvery)))
}

// noteTrail stores what was found out about drifts, and tells it of those that
// were told before.
func (e *Engine) noteTrail(ctx context.Context, asked []Finding, events []TrailEvent, now time.Time) error {
	release, err := e.takeTurn(ctx)
	if err != nil {
		return fmt.Errorf("who made a drift: %w", err)
	}
	defer release()
	if err := e.book.load(ctx); err != nil {
		return err
	}
	list, err := e.findings(ctx) // they may have changed meanwhile
	if err != nil {
		return fmt.Errorf("what is known of drift: %w", err)
	}
	var put, late []Finding
	for _, f := range list {
		if !slices.ContainsFunc(asked, func(a Finding) bool { return a.ID == f.ID }) {
			continue
		}
		f.TrailAsked = now
		if x, ok := e.doer(f, events); ok {
			f.Doer, f.Done = x.By, x.At
			if !f.Told.IsZero() {
				late = append(late, f)
			}
		}
		put = append(put, f)
	}
	if len(put) == 0 {
		return nil
	}
	if err := e.Drifts.SaveFindings(ctx, put, nil); err != nil {
		return err
	}
	e.tellDoers(ctx, late, now)
	poke(e.wakeAssignments)
	return nil
}

// doer returns the event that made a drift what it is: the last one about it, if
// that explains it. If it does not, the one that does is not there yet; and what
// is missing was taken away after the bot had seen it.
func (e *Engine) doer(f Finding, events []TrailEvent) (last TrailEvent, ok bool) {
	action, ids := Create, []string{f.Live.PrincipalID}
	kind, seen := f.Live.Kind, time.Time{}
	if f.Missing {
		p := e.book.principal(f.Assignment.Principal)
		seen = e.book.record(*f.Assignment).ReadBack
		action, ids, kind = Delete, append(slices.Clone(p.EarlierIDs), p.StoreID), f.Assignment.Principal.Kind
	}
	for _, x := range events {
		if x.Pair == f.Pair && x.Who.Kind == kind && slices.Contains(ids, x.Who.PrincipalID) && (!ok || x.At.After(last.At)) {
			last, ok = x, true
		}
	}
	return last, ok && last.Action == action && !last.At.Before(seen.Truncate(time.Second))
}

// tellDoers tells who made drifts that were told without it.
func (e *Engine) tellDoers(ctx context.Context, list []Finding, now time.Time) {
	if len(list) == 0 {
		return
	}
	var lines []string
	for i, f := range list {
		if i == toldAtOnce {
			lines = append(lines, fmt.Sprintf("And %d more: `/aws-access drift` says of each who did it.", len(list)-i))
			break
		}
		lines = append(lines, f.ID+": "+f.said())
	}
	e.notify(ctx, fmt.Sprintf("trail/%s/%d", list[0].ID, now.Unix()), "CloudTrail says by now who made a drift. "+strings.Join(lines, " "))
}

// said is what a finding says to people: with who made it, where that was looked
// for.
func (f Finding) said() string {
	did := "made"
	if f.Missing {
		did = "removed"
	}
	switch {
	case f.Doer != "":
		return fmt.Sprintf("%s By CloudTrail it was %s at %s by %s.", f.Sentence, did, f.Done.Format(time.RFC3339), f.Doer)
	case !f.TrailAsked.IsZero():
		return f.Sentence + " Who did it is not known: CloudTrail does not say so, or not yet."
	}
	return f.Sentence
}

// awaitsTrail reports whether the telling of a finding waits for who made it.
func (v *view) awaitsTrail(f Finding) bool {
	return f.Told.IsZero() && f.TrailAsked.IsZero() && v.now.Sub(f.Since) < v.hold
}

// trailWait is zero where nobody knows who made a drift.
func (e *Engine) trailWait() time.Duration {
	if e.Trail == nil {
		return 0
	}
	return e.pace(trailHold)
}
