package gitops

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"aws-access-bot/internal/gitops/review"
)

// opinions reads the reviews of a pull request into in, and who dismissed some
// of them if any was: the list does not say.
func (g *Gitops) opinions(ctx context.Context, number int, in *review.Input) error {
	var err error
	if in.Reviews, err = g.host.Reviews(ctx, number); err != nil {
		return fmt.Errorf("read reviews of pull request %d: %w", number, err)
	}
	if !slices.ContainsFunc(in.Reviews, func(r review.Review) bool { return r.State == review.Dismissed }) {
		return nil
	}
	if in.Dismissals, err = g.host.Dismissals(ctx, number); err != nil {
		return &unreadDismissals{fmt.Errorf("read who dismissed reviews of pull request %d: %w", number, err)}
	}
	// What else is read of an approver is read of these too.
	in.Reviews = in.AtMerge()
	return nil
}

// unreadDismissals says that all was read but who dismissed reviews.
type unreadDismissals struct{ err error }

func (e *unreadDismissals) Error() string { return e.err.Error() }
func (e *unreadDismissals) Unwrap() error { return e.err }

// openOpinions reads the reviews of an open pull request. Where it cannot be
// read who dismissed one, the verdict is undecided and the check says so, lest
// one stays green that was written before the review was dismissed.
func (g *Gitops) openOpinions(ctx context.Context, number int, in *review.Input) error {
	err := g.opinions(ctx, number, in)
	var unread *unreadDismissals
	var throttled *ThrottledError
	if !errors.As(err, &unread) || errors.As(err, &throttled) || ctx.Err() != nil {
		return err
	}
	g.opt.Log.WarnContext(ctx, "it cannot be decided", "pull", number, "err", err)
	return nil
}
