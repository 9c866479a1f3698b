package provision

import (
	"context"
	"slices"

	"aws-access-bot/config"
)

// cutFound has an end count as brought nearer by its commit where what gets it was
// live before: it had none, and nobody but the bot would take
// it away. Else a grant of four hours for what a group has had by hand for years
// would take that away round all guards, the last way into an account too. What is
// known as drift was live for sure; of the rest the first reading tells, see
// [Record.foundCut].
func (e *Engine) cutFound(ctx context.Context, v *view, changed []Record) error {
	if !slices.ContainsFunc(changed, func(r Record) bool { return r.givenAnEnd(e.book.find(r.Assignment)) }) {
		return nil
	}
	// With the first records come those of what was granted, and perhaps made, before
	// there were any.
	kept := len(e.book.all()) > 0
	list, err := e.findings(ctx)
	if err != nil {
		return err
	}
	found := foundLive(list)
	for i := range changed {
		r := &changed[i]
		if had := e.book.find(r.Assignment); r.givenAnEnd(had) {
			r.Anew = kept
			v.cutByHand(r, had, found)
		}
	}
	return nil
}

// cutByHand is [Engine.cutFound] for one record, beside the one it had; it reports
// whether that counts as brought nearer.
func (v *view) cutByHand(r, had *Record, found map[config.Assignment]bool) bool {
	if !r.givenAnEnd(had) || !found[r.Assignment] {
		return false
	}
	r.Cut = &Cut{Commit: r.Cause.Commit, At: v.now}
	return true
}

// givenAnEnd reports whether a record begins something with an end, of which the one
// before, or nil, knows nothing.
func (r *Record) givenAnEnd(had *Record) bool {
	return r.State == Adding && !r.End.IsZero() && r.Cut == nil && (had == nil || had.State == Gone)
}

// foundLive are those of which it is known that they are live though no commit
// declares them.
func foundLive(list []Finding) map[config.Assignment]bool {
	out := map[config.Assignment]bool{}
	for _, f := range list {
		if !f.Missing && f.Assignment != nil {
			out[*f.Assignment] = true
		}
	}
	return out
}

// foundCut is the cut of a record that is found live before the bot did anything for
// it.
func (r Record) foundCut() *Cut {
	if r.Cut != nil || !r.Anew || r.End.IsZero() {
		return r.Cut
	}
	return &Cut{Commit: r.Cause.Commit, At: r.Since}
}
