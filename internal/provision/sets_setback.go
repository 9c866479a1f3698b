package provision

import (
	"context"
	"maps"
	"time"
)

// takeBackSets brings back what a clock that was ahead left of permission sets, as
// [Engine.takeBack] does of assignments: readings are made anew, and what AWS was asked
// for is followed. The caller holds e.sets.mu.
func (e *Engine) takeBackSets(ctx context.Context, now time.Time) error {
	maps.DeleteFunc(e.sets.readings, func(_ string, r setReading) bool { return ahead(r.started, now) })
	maps.DeleteFunc(e.sets.fails, func(_ string, f failing) bool { return f.next.Sub(now) > 2*retryMost })
	maps.DeleteFunc(e.sets.polls, func(_ string, s schedule) bool { return s.next.Sub(now) > 2*retryMost })
	for _, r := range e.setRecords() {
		if r.Run == nil {
			continue
		}
		run, was := *r.Run, false
		for _, t := range []*time.Time{&run.Intent, &run.Requested} {
			was = notAhead(t, now) || was
		}
		if !was {
			continue
		}
		r.Run = &run
		if err := e.saveSet(ctx, StepNoted, r); err != nil {
			return err
		}
	}
	return nil
}
