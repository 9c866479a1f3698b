package provision

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// releaseCutover notes which of what was put back is decided about. That its grant
// was to end was decided before, and is heeded now.
func (e *Engine) releaseCutover(ctx context.Context, v *view, c Cutover) error {
	items, changed := slices.Clone(c.Items), false
	var ended []config.Assignment
	for n, i := range items {
		if !i.held() {
			continue
		}
		items[n] = e.decidedAbout(v, i)
		changed = changed || items[n] != i
		switch {
		case !items[n].held():
		case i.ended(v.now) && !v.doubtful:
			ended = append(ended, i.Assignment)
		case !i.End.IsZero():
			v.alarm.set(later(i.End, v.now.Add(e.pace(clickGrace))))
		}
	}
	if err := e.endRestored(ctx, v, c, ended); err != nil {
		return err
	}
	if !changed {
		return nil
	}
	c.Items = items
	return e.saveCutovers(ctx, v, []Cutover{c}, nil)
}

// endRestored has the bot take away what it put back, since its grant was to end
// by now: it becomes its own again, as by [Engine.RemoveDrift].
func (e *Engine) endRestored(ctx context.Context, v *view, c Cutover, ended []config.Assignment) error {
	if len(ended) == 0 {
		return nil
	}
	if err := e.book.begin(ctx, v.force.Commit, nil, ended); err != nil {
		return fmt.Errorf("end what was put back: %w", err)
	}
	e.auditCutover(ctx, c, fmt.Sprintf("%d of what was put back ended", len(ended)))
	v.alarm.set(v.now)
	return nil
}

// decidedAbout returns an item that was put back as far as somebody decided: the
// config grants it, or the bot takes it away again, or it is gone. One listing
// without it may lag, and to let go of it by that would have the drift check
// remove what the next one shows. So two have to agree, as for any drift.
func (e *Engine) decidedAbout(v *view, i CutoverItem) CutoverItem {
	if _, desired := v.wants[i.Assignment]; desired || v.owned[i.Assignment] {
		i.Released = v.now
		return i
	}
	listed, seen := e.desk.sight.Ask(i.Assignment.Pair(), i.who())
	switch {
	case listed == NotKnown || !seen.Began.After(i.Restored):
	case listed == Listed:
		i.Missing = time.Time{}
	case i.Missing.IsZero(), ahead(i.Missing, v.now):
		i.Missing = seen.Ended
	case seen.Began.Sub(i.Missing) >= e.pace(missingConfirm):
		i.Released = v.now
	}
	if i.held() && !i.Missing.IsZero() {
		v.alarm.set(later(e.missedAgain(i), v.now.Add(e.pace(readFirst))))
	}
	return i
}

// missedAgain returns when an item that a listing missed is to be read once more.
func (e *Engine) missedAgain(i CutoverItem) time.Time { return i.Missing.Add(e.pace(missingConfirm)) }

// missedNeeds are the readings that tell whether what was put back and was missed
// once is gone: no commit declares it, so that no other reading has to.
func (e *Engine) missedNeeds(v *view) []need {
	var out []need
	v.each(func(_ Cutover, i CutoverItem) {
		n := need{pair: i.Assignment.Pair(), ids: []LiveAssignment{i.who()}}
		if !i.held() || i.Missing.IsZero() {
			return
		}
		if at := later(e.missedAgain(i), e.failedUntil(n)); at.After(v.now) {
			v.alarm.set(at)
			return
		}
		out = append(out, n)
	}, access.CutoverRolledBack)
	return out
}

// who is the item's principal in the identity store.
func (i CutoverItem) who() LiveAssignment {
	return LiveAssignment{PrincipalID: i.PrincipalID, Kind: i.Assignment.Principal.Kind}
}
