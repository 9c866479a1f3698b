package provision

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// measuresKept is how many times of each way are kept: enough for a median that
// follows when the tenant changes.
const measuresKept = 20

// Measures are how long principals of this tenant took from the first on-demand
// request to the identity store, oldest first.
type Measures struct {
	OnDemand []time.Duration `json:"on_demand,omitempty"`
	// Cycle are those that the regular cycle brought.
	Cycle []time.Duration `json:"cycle,omitempty"`
}

// with returns m with one more time of a way.
func (m Measures) with(d time.Duration, onDemand bool) Measures {
	add := func(list []time.Duration) []time.Duration {
		list = append(slices.Clone(list), d)
		return list[max(0, len(list)-measuresKept):]
	}
	if onDemand {
		m.OnDemand = add(m.OnDemand)
	} else {
		m.Cycle = add(m.Cycle)
	}
	return m
}

// Estimate says how long it takes for people: what is usual and what was the
// worst of the last times, whichever way it went. Without a time of this tenant
// it says what Microsoft does.
func (m Measures) Estimate() string {
	all := slices.Concat(m.OnDemand, m.Cycle)
	if len(all) == 0 {
		return "usually a minute or two, at worst the regular cycle of about 40 minutes"
	}
	slices.Sort(all)
	return fmt.Sprintf("usually %s here, at worst %s", rough(all[(len(all)-1)/2]), rough(all[len(all)-1]))
}

// rough rounds a duration up to what people say: seconds below two minutes,
// else minutes.
func rough(d time.Duration) string {
	if d <= 2*time.Minute {
		return fmt.Sprintf("%d s", max(1, int((d+time.Second-1)/time.Second)))
	}
	return fmt.Sprintf("%d min", int((d+time.Minute-1)/time.Minute))
}

// measure keeps how long a principal took that has just arrived and was waited
// for. What cannot be stored is only not known.
func (e *Engine) measure(ctx context.Context, g PrincipalRecord, now time.Time) {
	if g.FirstDemand.IsZero() || g.Waiting.IsZero() || g.Demanded.IsZero() && g.LeftToCycle.IsZero() {
		return
	}
	e.measuring.Lock()
	defer e.measuring.Unlock()
	m, err := e.Store.Measures(ctx)
	if err == nil {
		err = e.Store.SaveMeasures(ctx, m.with(now.Sub(g.FirstDemand), !g.Demanded.IsZero()))
	}
	if err != nil {
		e.opts.Log.Warn("store how long it took", "principal", g.Principal.String(), "error", err)
	}
}
