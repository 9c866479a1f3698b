package gitops

import (
	"context"
	"errors"
	"fmt"
)

// unjudgedShown is from which look in a row on the check says that a pull
// request cannot be judged: one read that failed is mostly mended by the next.
const unjudgedShown = 2

// cannotJudge has the check pass no more when a pull request could not be
// judged, the second time in a row, and once until it can be: what it showed
// before need not be so now. The next verdict takes its place, whatever it is.
func (g *Gitops) cannotJudge(ctx context.Context, x *examined, cause error) error {
	var wait *ThrottledError
	if ctx.Err() != nil || errors.As(cause, &wait) {
		return nil
	}
	n := x.pull.Number
	if g.merging.unjudged == nil {
		g.merging.unjudged = map[int]int{}
	}
	// What is shown is counted when it was written, so that it is tried again.
	times := g.merging.unjudged[n] + 1
	if times < unjudgedShown {
		g.merging.unjudged[n] = times
	}
	if times != unjudgedShown {
		return nil
	}
	run := CheckRun{
		Head: x.pull.HeadSHA, Conclusion: "action_required", Title: "cannot be judged now",
		Summary: fmt.Sprintf("This cannot be judged now: %s.\n\nUntil it can be, the check does not pass. It is looked at again by itself; approvals that count stay as they are.\n",
			code(clip(cause.Error(), 500))),
		ExternalID: fmt.Sprintf("pull/%d", n), URL: x.pull.URL,
	}
	rec, _, err := g.state.Check(ctx, n)
	if err != nil {
		return fmt.Errorf("look up the check: %w", err)
	}
	rec = rec.turned(n, run.Head)
	rec.Digest = "" // before it is written: the next verdict is written anew
	if err := g.state.SaveCheck(ctx, rec); err != nil {
		return fmt.Errorf("record the check: %w", err)
	}
	if rec.RunID, _, err = g.putCheck(ctx, rec.RunID, run); err != nil {
		return err
	}
	g.merging.unjudged[n] = times
	return g.state.SaveCheck(ctx, rec)
}
