package gitops

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

const (
	// objectionsFor is how long an objection to what was closed unmerged is told
	// to those who decide on the same again.
	objectionsFor = 30 * 24 * time.Hour
	// maxObjections is how many former pull requests are looked at for one, the
	// newest.
	maxObjections = 5
)

// objectedBefore finds the requests for what in gains that were closed within
// the last objectionsFor while somebody who may approve it had requested
// changes: whoever cancels and asks anew is not rid of the objection. in has
// its facts; what is found is put into it too, since such a gain passes by no
// rule's auto. The reviews are read again, as what they say may have changed.
func (g *Gitops) objectedBefore(ctx context.Context, number int, in *review.Input) ([]access.Objection, error) {
	closed, err := g.state.ClosedPulls(ctx, g.opt.Now().Add(-objectionsFor))
	if err != nil {
		return nil, fmt.Errorf("look up closed pull requests: %w", err)
	}
	closed = slices.DeleteFunc(closed, func(r PullRecord) bool { return r.Number == number || !r.asksFor(in.Change) })
	slices.Reverse(closed)
	var out []access.Objection
	for _, rec := range closed[:min(len(closed), maxObjections)] {
		by, err := g.objectors(ctx, rec.Number, in)
		if err != nil {
			return nil, fmt.Errorf("what was objected to in %s: %w", rec.Request, err)
		}
		if len(by) > 0 {
			out = append(out, access.Objection{Request: rec.Request, Number: rec.Number, URL: rec.URL, By: by, Closed: rec.ClosedAt.UTC()})
			in.ObjectedBefore = append(in.ObjectedBefore, by...)
		}
	}
	return out, nil
}

// asksFor reports whether a request was for one of the gains of a change.
func (r *PullRecord) asksFor(c config.Change) bool {
	want := config.Assignment{Principal: r.Principal, Account: r.Account, PermissionSet: r.PermissionSet}
	is := func(a config.AssignmentChange) bool { return a.Assignment == want }
	if r.Kind == review.Onboard {
		in := func(a config.AssignmentChange) bool { return a.Assignment.Account == r.Account }
		return len(broughtIn(c)) > 0 && slices.ContainsFunc(c.Added, in)
	}
	return r.Kind == review.Grant && (slices.ContainsFunc(c.Added, is) || slices.ContainsFunc(c.Lengthened, is))
}

// objectors are the logins of those whose objections on a former pull request
// stand, by who may approve what is judged now.
func (g *Gitops) objectors(ctx context.Context, number int, now *review.Input) ([]string, error) {
	in := *now
	in.Dismissals, in.ObjectedBefore, in.MergedAt = nil, nil, time.Time{}
	if err := g.opinions(ctx, number, &in); err != nil {
		return nil, err
	}
	var err error
	if in.Inactive, err = g.inactive(ctx, &in); err != nil {
		return nil, err
	}
	v := review.Evaluate(in)
	var by []string
	for _, p := range v.Blocks {
		by = append(by, p.User.Login)
	}
	return by, nil
}

// writeObjections tells who decides that the same was objected to before.
func writeObjections(b *strings.Builder, list []access.Objection, level string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "%s Objected to before\n\nThe same access was asked for in the last %d days, and somebody who may approve it requested changes. "+
		"Whoever approves it now decides against that; ask them first, or read why.\n\n", level, objectionsFor/(24*time.Hour))
	for _, o := range list {
		fmt.Fprintf(b, "- %s objected to %s, [pull request #%d](%s), which was closed unmerged on %s.\n",
			code(strings.Join(o.By, ", ")), code(string(o.Request)), o.Number, o.URL, o.Closed.Format(time.DateOnly))
	}
	b.WriteString("\n")
}

// sameObjections compares what was told.
func sameObjections(a, b []access.Objection) bool {
	return slices.EqualFunc(a, b, func(x, y access.Objection) bool {
		return x.Request == y.Request && x.Number == y.Number && x.URL == y.URL && x.Closed.Equal(y.Closed) && slices.Equal(x.By, y.By)
	})
}
