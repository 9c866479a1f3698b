package gitops

import (
	"context"
	"errors"
	"slices"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// maxFree is how many people who could still approve are looked up in Entra.
// Beyond it one of them who left the company leaves enough others to turn to.
const maxFree = 5

// evaluate judges a change, and again without those who could still approve
// but for being disabled, guests or gone: nobody is told to turn to them. A
// read that fails keeps them named; their approval is looked at when it comes.
func (g *Gitops) evaluate(ctx context.Context, in *review.Input) review.Verdict {
	v := review.Evaluate(*in)
	could := couldApprove(&v)
	if len(could) > maxFree {
		return v
	}
	before := len(in.Inactive)
	for _, p := range could {
		u, err := g.dir.User(ctx, p.Entra)
		switch {
		case err != nil && !errors.Is(err, access.ErrNotFound):
			g.opt.Log.WarnContext(ctx, "read whether an approver is enabled", "entra", p.Entra, "error", err)
		case err != nil || !u.Enabled || u.Guest:
			in.Inactive = append(in.Inactive, p.Entra)
		}
	}
	if len(in.Inactive) == before {
		return v
	}
	return review.Evaluate(*in)
}

// couldApprove returns all who could still give what a verdict lacks.
func couldApprove(v *review.Verdict) []review.Person {
	var out []review.Person
	for _, n := range v.Needs {
		for _, s := range n.Steps {
			for _, p := range s.Could {
				if s.Missing > 0 && !slices.Contains(out, p) {
					out = append(out, p)
				}
			}
		}
	}
	return out
}
