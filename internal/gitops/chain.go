package gitops

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// unit is what one pull request put on the branch: one commit, or the commits
// of a rebase merge.
type unit struct {
	commits []Commit // oldest first
	// pull explains the unit; bad says why nothing does, and young that this
	// may only be because GitHub shows it late.
	pull  *Pull
	bad   *fault
	young bool
	// before are verdicts of units before it that are not stored yet.
	before []Verdict
}

func (u *unit) last() Commit { return u.commits[len(u.commits)-1] }

// errNotYet is a commit whose pull request GitHub may not show yet.
var errNotYet = errors.New("GitHub does not show yet where a commit came from")

// chain returns the first parents from one commit to another, oldest first and
// without from; a fault when from is not among them.
func (g *Gitops) chain(ctx context.Context, from, to string) ([]Commit, *fault, error) {
	if from == to {
		return nil, nil, nil
	}
	rewritten := faultf(HaltRewritten, "The history of %s was rewritten: its head %s does not follow commit %s.", g.opt.Branch, short(to), short(from))
	cmp, err := g.host.Compare(ctx, from, to)
	if errors.Is(err, ErrNotFound) {
		return nil, rewritten, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("compare %s with %s: %w", short(from), short(to), err)
	}
	if cmp.Status != "ahead" {
		return nil, rewritten, nil
	}
	var list []Commit
	for sha := to; sha != from; {
		if len(list) > cmp.AheadBy {
			return nil, rewritten, nil
		}
		c, err := g.reader.commit(ctx, sha)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, c)
		if len(c.Parents) == 0 {
			return nil, rewritten, nil
		}
		sha = c.Parents[0]
	}
	slices.Reverse(list)
	return list, nil, nil
}

// units groups a chain by the pull requests it came from.
func (g *Gitops) units(ctx context.Context, chain []Commit) ([]unit, error) {
	in := map[string]bool{}
	for _, c := range chain {
		in[c.SHA] = true
	}
	var out []unit
	var pending *unit // the first commits of a rebase merge
	flush := func(young bool) {
		if pending == nil {
			return
		}
		pending.bad = faultf(HaltDirectPush, "Commit %s belongs to pull request #%d, whose other commits do not follow it.", short(pending.last().SHA), pending.pull.Number)
		pending.bad.pull = pending.pull.Number
		pending.pull, pending.young = nil, young
		out = append(out, *pending)
		pending = nil
	}
	for _, c := range chain {
		p, bad, err := g.pullOf(ctx, c.SHA, in)
		if err != nil {
			return nil, err
		}
		// Where GitHub shows the pull request of this one late, the ones before
		// only seem to be without their last.
		young := p == nil && bad.code == HaltDirectPush && g.young(c.SHA)
		if pending != nil && (p == nil || p.Number != pending.pull.Number) {
			flush(young)
		}
		switch {
		case p == nil:
			out = append(out, unit{commits: []Commit{c}, bad: bad, young: young})
		case pending == nil:
			pending = &unit{commits: []Commit{c}, pull: p}
		default:
			pending.commits = append(pending.commits, c)
		}
		if p != nil && p.MergeCommit == c.SHA {
			out = append(out, *pending)
			pending = nil
		}
	}
	flush(false)
	return out, nil
}

// pullOf finds the merged pull request a commit came from: into this branch of
// this repository by number, its merge commit this one or a later one of the
// chain.
func (g *Gitops) pullOf(ctx context.Context, sha string, chain map[string]bool) (*Pull, *fault, error) {
	pulls, err := g.host.PullsWithCommit(ctx, sha)
	if err != nil {
		return nil, nil, fmt.Errorf("find the pull request of commit %s: %w", short(sha), err)
	}
	var exact, part []Pull
	for _, p := range pulls {
		switch {
		case !p.Merged() || p.BaseRef != g.opt.Branch || p.BaseRepo != g.opt.RepoID:
		case p.MergeCommit == sha:
			exact = append(exact, p)
		case chain[p.MergeCommit]:
			part = append(part, p)
		}
	}
	if len(exact) == 0 {
		exact = part
	}
	switch len(exact) {
	case 0:
		return nil, faultf(HaltDirectPush, "Commit %s came from no merged pull request: it was pushed to %s directly.", short(sha), g.opt.Branch), nil
	case 1:
	default:
		return nil, faultf(HaltDirectPush, "Commit %s is said to come from %d pull requests.", short(sha), len(exact)), nil
	}
	p := exact[0]
	if p.HeadRepo != g.opt.RepoID {
		bad := faultf(HaltFork, "Commit %s came from pull request #%d, whose branch is in another repository.", short(sha), p.Number)
		bad.pull = p.Number
		return nil, bad, nil
	}
	return &p, nil, nil
}

// young reports whether a commit was met so lately that its pull request may
// only be late.
func (g *Gitops) young(sha string) bool {
	now := g.opt.Now()
	first, ok := g.firstSeen[sha]
	if !ok {
		if len(g.firstSeen) > 1000 {
			clear(g.firstSeen)
		}
		g.firstSeen[sha] = now
		first = now
	}
	return now.Sub(first) < g.opt.Lag
}
