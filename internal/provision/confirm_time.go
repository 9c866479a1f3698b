package provision

import (
	"context"
	"time"

	"aws-access-bot/internal/access"
)

// A clock that is wrong may neither put anything back before people could answer,
// nor keep them out for good. So what is waited for ends by our clock where trusted
// services agree with it, and did when the wait began; or else when the process
// has itself counted as long.

// counting has since when, in the run of the process, each open question is
// known: a clock that nobody can set.
type counting map[string]time.Duration

func newCounting() counting { return counting{} }

// counted is how long the process itself has waited for a cutover to be decided,
// or tried to put it back.
func (e *Engine) counted(c Cutover) time.Duration {
	run := e.Elapsed()
	since, known := e.desk.counting[c.ID]
	if !known {
		since = run
		e.desk.counting[c.ID] = since
	}
	return run - since
}

// mendCutover sets anew what a clock told that was in doubt, once it is not any
// more: as long ago as the process counted, and it counts from its start. Who was
// told until when to confirm is asked anew.
func (e *Engine) mendCutover(ctx context.Context, v *view, c *Cutover) error {
	if v.doubtful || !c.Doubtful {
		return e.askLate(ctx, v, c)
	}
	next := *c
	next.Doubtful = false
	switch began := v.now.Add(-e.counted(*c)); c.State {
	case access.CutoverAsked:
		next.Asked, next.Until = began, began.Add(c.Within)
		next.Mended, next.Told = true, ""
	case access.CutoverRollingBack:
		next.Decided = began
	}
	if err := e.saveCutovers(ctx, v, []Cutover{next}, nil); err != nil {
		return err
	}
	*c = next
	return nil
}

// askLate asks anew, once, where the time to confirm was over long before this process
// knew of the question. Until then nobody could be heard, and with a state file from a
// backup somebody was. All of the time begins with that: what was counted while the
// clock was in doubt nobody knew of.
func (e *Engine) askLate(ctx context.Context, v *view, c *Cutover) error {
	began := v.now.Add(-e.counted(*c))
	if v.doubtful || c.State != access.CutoverAsked || c.Late || v.withinNow() == 0 || began.Sub(c.Until) < e.pace(longDown) {
		return nil
	}
	next := *c
	next.Asked, next.Until = v.now, v.now.Add(c.Within)
	next.Late, next.Told = true, ""
	if err := e.saveCutovers(ctx, v, []Cutover{next}, nil); err != nil {
		return err
	}
	delete(e.desk.counting, c.ID)
	*c = next
	return nil
}

// decisionDue returns when the time to confirm is over.
func (e *Engine) decisionDue(v *view, c Cutover) time.Time {
	known := v.now.Add(-e.counted(c))
	counted := known.Add(c.Within)
	if v.doubtful {
		return counted
	}
	byClock := later(c.Until, known.Add(min(e.pace(clickGrace), c.Within)))
	if byClock.Before(counted) {
		return byClock
	}
	return counted
}

// isLate reports whether a roll-back was tried for long enough: by our clock, and
// by what this process has tried itself, for one that was down did not try.
func (e *Engine) isLate(v *view, c Cutover) bool {
	tried := e.counted(c)
	if v.doubtful || c.Doubtful {
		return tried >= e.pace(giveUpAfter)
	}
	return v.now.Sub(c.Decided) >= e.pace(giveUpAfter) && tried >= e.pace(triedAtLeast)
}
