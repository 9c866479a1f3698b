package gitops

import (
	"context"
	"fmt"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// PullFacts implements [access.PullEvidence].
func (g *Gitops) PullFacts(ctx context.Context, id access.ID) (*access.PullFacts, error) {
	rec, ok, err := g.state.Pull(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("pull request of %s: %w", id, err)
	}
	switch {
	case !ok:
		return nil, nil
	case rec.Refused != "":
		return &access.PullFacts{Refused: rec.Refused}, nil
	case rec.Number == 0:
		return nil, nil
	}
	f := &access.PullFacts{
		Ref:   access.PullRef{Number: rec.Number, URL: rec.URL, Head: rec.Head},
		State: rec.State, Objections: rec.Objections, Missing: rec.Missing, ApprovedBy: rec.ApprovedBy, Passes: rec.Passes, BotMerges: rec.BotMerges, MergedAt: rec.MergedAt, MergedBy: rec.MergedBy, Commit: rec.Commit,
	}
	return f, g.waiting(ctx, &rec, f)
}

// Verdict implements [access.PullEvidence].
func (g *Gitops) Verdict(ctx context.Context, id access.ID) (*access.Verdict, error) {
	rec, ok, err := g.state.Pull(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("verdict of %s: %w", id, err)
	}
	if !ok || rec.Commit == "" {
		return nil, nil
	}
	v, known, err := g.state.CommitVerdict(ctx, rec.Commit)
	if err != nil {
		return nil, fmt.Errorf("verdict of commit %s: %w", short(rec.Commit), err)
	}
	if known {
		return accessVerdict(v), nil
	}
	walk, err := g.state.Walk(ctx)
	if err != nil {
		return nil, fmt.Errorf("verdict of %s: %w", id, err)
	}
	if h := walk.Halt; h != nil && h.Commit == rec.Commit {
		return &access.Verdict{Commit: rec.Commit, At: h.At, Halt: h.Sentence()}, nil
	}
	return g.unrecorded(ctx, rec, walk)
}

func accessVerdict(v Verdict) *access.Verdict {
	out := &access.Verdict{Commit: v.Commit, At: v.At, Void: v.Void}
	switch v.Outcome {
	case Verified, Trusted:
		out.InForce = true
	case Undone:
		out.Undone = true
	case Invalid:
		out.Halt = "The config at commit " + short(v.Commit) + " is invalid, so it was passed over; a later commit that mends it brings this into force.\n" + v.Text
	}
	return out
}

// unrecorded answers for a merge that was never judged, because an operator
// trusted a commit past it: what it did stands in the commit in force or not.
func (g *Gitops) unrecorded(ctx context.Context, rec PullRecord, w Walk) (*access.Verdict, error) {
	if w.InForce.Commit == "" || w.InForce.At.Before(rec.MergedAt) {
		return nil, nil
	}
	force, err := g.inForce(ctx)
	if err != nil {
		return nil, err
	}
	stands, known, err := g.standsIn(ctx, rec, force.Repo)
	if err != nil || !known || !stands {
		return nil, err
	}
	return &access.Verdict{
		Commit: rec.Commit, At: w.InForce.At, InForce: true, Void: void(force.Repo, string(rec.Request), force.Starts),
	}, nil
}

// standsIn reports whether a repo has what a request asked for; known is false for
// kinds of which that cannot be told.
func (g *Gitops) standsIn(ctx context.Context, rec PullRecord, repo *config.Repo) (stands, known bool, err error) {
	switch rec.Kind {
	case review.Grant:
		return granted(repo, rec.Request), true, nil
	case review.Link:
		stands, err = g.linkStands(ctx, rec, repo)
		return stands, true, err
	case review.Onboard:
		return onboarded(repo, rec.Account), true, nil
	case review.Phase:
		stands, err = g.phaseStands(ctx, rec, repo)
		return stands, true, err
	default:
		return false, false, nil
	}
}
