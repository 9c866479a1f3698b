package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// takeCutovers takes into a view what is known of cutovers.
func (e *Engine) takeCutovers(ctx context.Context, v *view) error {
	v.restorable = map[config.Assignment]string{}
	if e.Cutovers == nil || e.Origins == nil {
		return nil
	}
	list, err := e.Cutovers.Cutovers(ctx)
	if err != nil {
		return fmt.Errorf("what old access is being taken away: %w", err)
	}
	v.list = list
	for _, c := range list {
		for _, i := range c.Items { // their file may be gone
			if v.names.Principals[i.Assignment.Principal] == "" {
				v.names.Principals[i.Assignment.Principal] = i.Who
			}
		}
	}
	return nil
}

// saveCutovers stores what changed of cutovers, and then takes it into the view.
func (e *Engine) saveCutovers(ctx context.Context, v *view, put []Cutover, forget []string) error {
	if len(put)+len(forget) == 0 {
		return nil
	}
	if err := e.Cutovers.SaveCutovers(ctx, put, forget); err != nil {
		return err
	}
	v.list = slices.DeleteFunc(slices.Clone(v.list), func(c Cutover) bool {
		return slices.Contains(forget, c.ID) || slices.ContainsFunc(put, func(p Cutover) bool { return p.ID == c.ID })
	})
	v.list = append(v.list, put...)
	slices.SortFunc(v.list, compareCutovers)
	e.book.changed()
	return nil
}

// advanceCutovers takes every cutover as far as what was read in this pass and
// the time allow. Each state is stored before anything is done by it, and told
// after.
func (e *Engine) advanceCutovers(ctx context.Context, v *view) error {
	maps.DeleteFunc(e.desk.counting, func(id string, _ time.Duration) bool {
		return !slices.ContainsFunc(v.list, func(c Cutover) bool { return c.ID == id && !c.over() })
	})
	for _, c := range v.list {
		if err := e.advanceCutover(ctx, v, c); err != nil {
			return fmt.Errorf("cutover %s: %w", c.ID, err)
		}
	}
	return nil
}

func (e *Engine) advanceCutover(ctx context.Context, v *view, c Cutover) error {
	switch {
	case c.over() && v.now.Sub(c.Decided) >= cutoverKept && !slices.ContainsFunc(c.Items, CutoverItem.held):
		return e.saveCutovers(ctx, v, nil, []string{c.ID})
	case c.State == access.CutoverRemoving:
		return e.settleCutover(ctx, v, c)
	}
	if err := e.mendCutover(ctx, v, &c); err != nil {
		return err
	}
	if err := e.tellCutover(ctx, v, &c); err != nil {
		return err
	}
	switch c.State {
	case access.CutoverAsked:
		return e.decideCutover(ctx, v, c)
	case access.CutoverRollingBack:
		return e.rollCutoverBack(ctx, v, c)
	case access.CutoverRolledBack:
		return e.releaseCutover(ctx, v, c)
	default:
		return nil
	}
}

// settleCutover takes over which removals were read back, and asks once all were
// and it is known who had them, or some were a while ago: then the others are
// asked about later. Where nothing could be put back nobody is asked.
func (e *Engine) settleCutover(ctx context.Context, v *view, c Cutover) error {
	items := settled(c, e.book.find)
	gone := slices.DeleteFunc(slices.Clone(items), func(i CutoverItem) bool { return i.Removed.IsZero() })
	rest := slices.DeleteFunc(slices.Clone(items), func(i CutoverItem) bool { return !i.Removed.IsZero() })
	asks := v.withinNow() > 0
	switch {
	case !slices.ContainsFunc(items, CutoverItem.fromEntra), len(rest) == 0 && !asks:
		return e.saveCutovers(ctx, v, nil, []string{c.ID})
	case !slices.ContainsFunc(gone, CutoverItem.fromEntra), !asks:
		return nil
	}
	next, read := e.readPeople(ctx, v, c, gone)
	if len(next.People) > len(c.People) {
		if err := e.saveCutovers(ctx, v, []Cutover{next}, nil); err != nil {
			return err
		}
	}
	if len(rest) > 0 || !read {
		first := slices.MinFunc(gone, func(a, b CutoverItem) int { return a.Removed.Compare(b.Removed) }).Removed
		if due := first.Add(e.pace(askLatest)); v.now.Before(due) {
			v.alarm.set(due)
			return nil
		}
	}
	return e.askCutover(ctx, v, next, gone, rest)
}

// askCutover asks about the items of a cutover that are gone, and leaves the rest
// to another one.
func (e *Engine) askCutover(ctx context.Context, v *view, c Cutover, gone, rest []CutoverItem) error {
	put := []Cutover{}
	if len(rest) > 0 {
		anew := c
		anew.ID, anew.Since, anew.Items = cutoverID(c.Account, c.Commit, v.now), v.now, rest
		put = append(put, anew)
	}
	c.State, c.Items, c.Asked, c.Within = access.CutoverAsked, gone, v.now, e.pace(v.withinNow())
	c.Until, c.Doubtful = v.now.Add(c.Within), v.doubtful
	if err := e.saveCutovers(ctx, v, append(put, c), nil); err != nil {
		return err
	}
	e.auditCutover(ctx, c, "asked until "+c.Until.Format(time.RFC3339))
	if err := e.tellCutover(ctx, v, &c); err != nil {
		return err
	}
	return e.decideCutover(ctx, v, c)
}

// settled returns the items of a cutover whose removals were read back or are
// under way; what is desired again, or never was there, is none, nor is what was
// granted again and taken away by another commit since. It is pure.
func settled(c Cutover, find func(config.Assignment) *Record) []CutoverItem {
	var out []CutoverItem
	for _, i := range c.Items {
		r := find(i.Assignment)
		switch {
		case r == nil:
		case r.looksAgain() && r.Before.Cause.Commit == c.Commit:
			out = append(out, i)
		case r.Cause.Commit != c.Commit:
		case r.State == Removing:
			out = append(out, i)
		case r.State == Gone && !r.Removed.IsZero(): // since it was collected, whatever the clock says
			i.Removed = r.Removed
			out = append(out, i)
		}
	}
	return out
}

// decideCutover decides on the roll-back when the time to confirm is over, or
// withdraws the question when the config does not ask any more.
func (e *Engine) decideCutover(ctx context.Context, v *view, c Cutover) error {
	if v.withinNow() == 0 {
		c.State, c.Decided, c.People = access.CutoverWithdrawn, v.now, nil
		if err := e.saveCutovers(ctx, v, []Cutover{c}, nil); err != nil {
			return err
		}
		e.auditCutover(ctx, c, "withdrawn: onboarding.confirm is gone")
		return e.tellCutover(ctx, v, &c)
	}
	if at := e.decisionDue(v, c); at.After(v.now) {
		v.alarm.set(at)
		v.alarm.set(later(c.Until, v.now.Add(e.pace(clickGrace)))) // the clock may be mended
		return nil
	}
	delete(e.desk.counting, c.ID) // from here it counts how long that is tried
	c.State, c.Decided, c.Doubtful = access.CutoverRollingBack, v.now, v.doubtful
	if err := e.saveCutovers(ctx, v, []Cutover{c}, nil); err != nil {
		return err
	}
	e.auditCutover(ctx, c, "nobody confirmed")
	if err := e.tellCutover(ctx, v, &c); err != nil {
		return err
	}
	return e.rollCutoverBack(ctx, v, c)
}
