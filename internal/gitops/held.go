package gitops

import (
	"context"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// holdTo finds what approvals of a head are held to whose check asks for none, or
// cannot pass, since it puts back what a halt is about, or some of it: who is in the
// teams and in the groups that gain. The halt may end in another way, and the head
// be merged before the check shows what it does then.
func (g *Gitops) holdTo(ctx context.Context, x *examined, head *snapshot, force *access.InForce, now time.Time) error {
	left := force.Repo
	if x.left != nil {
		left = x.left.repo
	}
	in := review.Input{
		Base: force.Repo, Head: head.repo, Change: config.Compare(left, head.repo, force.Starts, now),
		Start: now, Starts: force.Starts, HeadSHA: x.pull.HeadSHA,
	}
	o, bad, err := g.origin(ctx, x.pull)
	if err != nil || bad != nil {
		return err // no approval of a bad one ever counts
	}
	o.fill(&in)
	if err := g.hear(ctx, x.pull, &in); err != nil {
		return err
	}
	v := review.Evaluate(in)
	x.teams, x.manager, x.outside, x.shown = in.Teams, in.Manager, in.Outside, nextShown(&in, &v)
	return nil
}
