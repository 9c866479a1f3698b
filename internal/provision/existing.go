package provision

import (
	"context"
	"maps"
	"slices"
	"time"
)

// setLook is whether a permission set exists, as it was asked.
type setLook struct {
	missing bool
	at      time.Time
}

// lookUpSets asks whether the permission sets exist of what is to be added and
// was seen by principal only: such a reading cannot tell that a set is missing.
func (e *Engine) lookUpSets(ctx context.Context, v *view) error {
	wanted := map[string]bool{}
	for _, r := range e.book.restless() {
		if r.State != Adding || r.Op != nil || e.desk.sight.Pairs[r.Assignment.Pair()].Complete {
			continue
		}
		if e.seenSince(r, time.Time{}) {
			wanted[r.Assignment.PermissionSet] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if had, ok := e.desk.sets[name]; ok && v.now.Sub(had.at) < heldFor {
			continue
		}
		callCtx, cancel := e.call(ctx)
		exists, err := e.Center.HasSet(callCtx, name)
		cancel()
		if err != nil {
			// The creation will tell.
			e.opts.Log.Warn("look up permission set", "permission_set", name, "error", err)
			continue
		}
		e.desk.sets[name] = setLook{!exists, v.now}
	}
	return ctx.Err()
}

// noSets returns the permission sets that are known not to exist.
func (e *Engine) noSets() map[string]bool {
	out := map[string]bool{}
	for name, look := range e.desk.sets {
		if look.missing && e.now().Sub(look.at) < heldFor {
			out[name] = true
		}
	}
	return out
}
