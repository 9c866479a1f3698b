package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/config"
)

// PullEvidence tells what gitops has recorded. Each returns nil when there is
// nothing yet.
type PullEvidence interface {
	PullFacts(ctx context.Context, id ID) (*PullFacts, error)
	Verdict(ctx context.Context, id ID) (*Verdict, error)
}

// GrantEvidence tells what provision has recorded of an assignment, whoever
// wants it; nil when there is nothing yet. Desired, End and StillWanted of its
// answer are not looked at.
type GrantEvidence interface {
	GrantFacts(ctx context.Context, a config.Assignment) (*GrantFacts, error)
}

// Observer gathers the facts of a request from those who record them. It
// implements [Evidence].
type Observer struct {
	Pulls   PullEvidence
	Grants  GrantEvidence
	Commits Commits
	// Onboards tells how far accounts are; nil where none is onboarded.
	Onboards OnboardEvidence
	Now      func() time.Time
}

// Facts implements [Evidence].
func (o *Observer) Facts(ctx context.Context, r Request) (Facts, error) {
	var f Facts
	var err error
	if f.Pull, err = o.Pulls.PullFacts(ctx, r.ID); err != nil {
		return Facts{}, fmt.Errorf("pull request facts of %s: %w", r.ID, err)
	}
	if f.Verdict, err = o.Pulls.Verdict(ctx, r.ID); err != nil {
		return Facts{}, fmt.Errorf("verdict of %s: %w", r.ID, err)
	}
	if f.Verdict == nil || !f.Verdict.InForce {
		return f, nil
	}
	if r.Kind == KindLink {
		f.Link, err = o.linkFacts(ctx, r)
		return f, err
	}
	if r.Kind == KindOnboard {
		f.Onboard, err = o.onboardFacts(ctx, r)
		return f, err
	}
	if r.Kind == KindPhase {
		f.Phase, err = o.phaseFacts(ctx)
		return f, err
	}
	if f.Grant, err = o.grant(ctx, r); err != nil {
		return Facts{}, fmt.Errorf("grant facts of %s: %w", r.ID, err)
	}
	return f, nil
}

// grant joins what provision knows of the assignment with what the config in
// force says of the request's own grant.
func (o *Observer) grant(ctx context.Context, r Request) (*GrantFacts, error) {
	force, err := o.Commits.InForce(ctx)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	g, err := o.Grants.GrantFacts(ctx, r.Want.Assignment())
	if err != nil {
		return nil, err
	}
	if g == nil {
		// Provision has not looked yet; that is not the same as idle.
		g = &GrantFacts{}
	}
	own := r.ID
	if r.Kind == KindRevoke {
		own = r.Want.Revokes
	}
	w := wanted(force, r.Want.Assignment(), own, o.Now())
	g.Desired, g.End, g.StillWanted, g.Outlived, g.GoesOn = w.desired, w.end, w.other, w.outlived(), w.by
	return g, nil
}

// claim is what the config in force says of one assignment, seen from one
// request.
type claim struct {
	// desired is whether the request's own grant is in force, and end when it
	// ends; zero for standing.
	desired bool
	end     time.Time
	// other is whether another grant makes the same assignment. The one that
	// lasts longest ends at otherEnd, zero for standing, and is that of the
	// request by, "" for none.
	other    bool
	otherEnd time.Time
	by       ID
}

// outlived reports whether the other grants last longer than the own one.
func (c claim) outlived() bool {
	return c.desired && c.other && !c.end.IsZero() && lasts(c.otherEnd, c.end)
}

// lasts reports whether an end is later than another; zero is never.
func lasts(end, than time.Time) bool {
	return !than.IsZero() && (end.IsZero() || end.After(than))
}

// wanted says whether the grant of request own is in force and when it ends,
// and whether other grants make the same assignment. It looks at the file of
// the assignment's principal only, since it is asked for every request on every
// look.
func wanted(force InForce, a config.Assignment, own ID, now time.Time) claim {
	var c claim
	file, ok := force.Repo.PrincipalFile(a.Principal)
	if !ok {
		return c
	}
	made := force.Repo.DesiredOf(a.Principal, force.Starts, now)
	i := slices.IndexFunc(made, func(d config.Desired) bool { return d.Assignment == a })
	if i < 0 {
		return c
	}
	for _, g := range file.Access {
		key := file.Key(g)
		if !slices.Contains(made[i].Grants, key) {
			continue
		}
		end, _ := g.End(force.Starts[key]) // zero when standing
		switch {
		case own == "" || g.Request == string(own): // "" is whatever makes it
			c.desired, c.end = true, end
		case !c.other || lasts(end, c.otherEnd):
			c.other, c.otherEnd, c.by = true, end, ID(g.Request)
		}
	}
	return c
}
