package gitops

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/internal/gitops/review"
)

// shown takes in what the check has shown of the head of an open pull request:
// since when, and who was in the groups that gain.
func (g *Gitops) shown(ctx context.Context, p *Pull, in *review.Input) error {
	rec, _, err := g.state.Check(ctx, p.Number)
	if err != nil {
		return fmt.Errorf("look up the check: %w", err)
	}
	rec, known := rec.of(p.HeadSHA)
	in.Unshown = !known || rec.ShownAt.IsZero()
	if !in.Unshown {
		in.Shown, in.ShownAt = rec.Shown, rec.ShownAt
	}
	return g.turned(ctx, p, in)
}

// turned holds approvals to the last time that the pull request was turned to
// another base or opened again: what was approved before was not shown as a
// change of this branch. It is read only where somebody approved the head.
func (g *Gitops) turned(ctx context.Context, p *Pull, in *review.Input) error {
	if !slices.ContainsFunc(in.Reviews, func(r review.Review) bool { return r.State == review.Approved && r.Commit == p.HeadSHA }) {
		return nil
	}
	at, err := g.host.Turned(ctx, p.Number)
	if err != nil {
		return fmt.Errorf("read whether the base was changed: %w", err)
	}
	in.ShownAt = later(in.ShownAt, at)
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
