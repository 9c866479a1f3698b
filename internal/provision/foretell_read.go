package provision

import (
	"context"
	"errors"
	"maps"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
)

// What a merge does to a permission set depends on what AWS has of it, also where no
// file declares it yet and no pass reads it. So it is read before the merge, rarely
// and for a short time: the check of a pull request waits for it.

const (
	// previewFor is how long a reading serves, previewFailed how long one that failed.
	previewFor, previewFailed = 10 * time.Minute, time.Minute
	// previewTime bounds all readings for one pull request.
	previewTime = 20 * time.Second
	// maxPreviews are read for one pull request: each is about eight calls.
	maxPreviews = 10
)

// preview is a reading of a permission set for what is foretold.
type preview struct {
	setReading
	failed bool
}

// serves reports whether a reading need not be made again.
func (g preview) serves(now time.Time) bool {
	last := previewFor
	if g.failed {
		last = previewFailed
	}
	return !g.started.IsZero() && now.Before(g.started.Add(last)) && !ahead(g.started, now)
}

// previews reads the permission sets that a merge touches.
func (e *Engine) previews(ctx context.Context, m access.Merge) map[string]seenSet {
	out := map[string]seenSet{}
	if !e.Sets.present() {
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, previewTime)
	defer cancel()
	for i, name := range touched(m, e.setDiffers) {
		seen := seenSet{record: e.setRecord(name)}
		if i < maxPreviews {
			g := e.preview(ctx, name)
			seen.read, seen.live = !g.failed, g.live
		}
		out[name] = seen
	}
	return out
}

// setDiffers reports whether the last pass found that a set is not as its file says,
// and left it.
func (e *Engine) setDiffers(name string) bool {
	e.sets.shared.Lock()
	defer e.sets.shared.Unlock()
	for _, r := range e.sets.reports {
		if r.Name == name {
			return len(r.Drift) > 0
		}
	}
	return false
}

func (e *Engine) preview(ctx context.Context, name string) preview {
	now := e.now()
	e.sets.shared.Lock()
	had := e.sets.previews[name]
	e.sets.shared.Unlock()
	if had.serves(now) {
		return had
	}
	g := preview{setReading: setReading{started: now}}
	live, err := e.Sets.Port.ReadSet(ctx, name)
	switch {
	case errors.Is(err, fault.ErrNotFound):
	case err != nil:
		g.failed = true
		e.opts.Log.Warn("read permission set to foretell a change of it", "permission_set", name, "error", err)
	default:
		g.live = &live
	}
	e.sets.shared.Lock()
	defer e.sets.shared.Unlock()
	maps.DeleteFunc(e.sets.previews, func(_ string, g preview) bool { return !g.serves(now) })
	e.sets.previews[name] = g
	return g
}
