package provision

import (
	"context"

	"aws-access-bot/config"
)

// cutFound has an end count as brought nearer by its commit where what gets it was
// live before: it had none, and nobody but the bot would take
// it away. Else a grant of four hours for what a group has had by hand for years
// would take that away round all guards, the last way into an account too. What is
// known as drift was live for sure; of the rest the first reading tells, see
// [Record.foundCut].
func (e *Engine) cutFound(ctx context.Context, v *view, changed []Record) error {
	var begun []*Record
	for i := range changed {
		r := &changed[i]
		had := e.book.find(r.Assignment)
		if r.State == Adding && !r.End.IsZero() && r.Cut == nil && (had == nil || had.State == Gone) {
			begun = append(begun, r)
		}
	}
	if len(begun) == 0 {
		return nil
	}
	// With the first records come those of what was granted, and perhaps made, before
	// there were any.
	kept := len(e.book.all()) > 0
	list, err := e.findings(ctx)
	if err != nil {
		return err
	}
	found := map[config.Assignment]bool{}
	for _, f := range list {
		if !f.Missing && f.Assignment != nil {
			found[*f.Assignment] = true
		}
	}
	for _, r := range begun {
		r.Anew = kept
		if found[r.Assignment] {
			r.Cut = &Cut{Commit: r.Cause.Commit, At: v.now}
		}
	}
	return nil
}

// foundCut is the cut of a record that is found live before the bot did anything for
// it.
func (r Record) foundCut() *Cut {
	if r.Cut != nil || !r.Anew || r.End.IsZero() {
		return r.Cut
	}
	return &Cut{Commit: r.Cause.Commit, At: r.Since}
}
