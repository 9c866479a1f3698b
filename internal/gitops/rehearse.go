package gitops

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// FaultRestore is why a check fails whose pull request puts back some of what
// bad commits touched and not all of it: merged, it would not end the halt.
const FaultRestore HaltCode = "restore-incomplete"

// rehearsal is what the walk would find if the head of an open pull request
// were the next commit of a branch on which it stands still.
type rehearsal struct {
	// over are the bad commits that are thought away.
	over []string
	// left are the paths they touched that the head does not leave as they were
	// before.
	left map[string]bool
	// base, starts, walk and pending are what the head would be judged by.
	base    *snapshot
	starts  config.Starts
	walk    Walk
	pending []Verdict
	// pure is set when the head has the very content in force, bad is the rule
	// that it would break otherwise.
	pure bool
	bad  *fault
}

// rehearse walks as walkBranch would if a pull request were merged now, and
// stores and tells nothing. It returns nil for one that puts nothing back: the
// halt is none of its business.
func (g *Gitops) rehearse(ctx context.Context, p *Pull, walk Walk, head *snapshot) (*rehearsal, error) {
	if walk.Halt == nil || g.tip == "" {
		return nil, nil
	}
	chain, err := g.restoring(ctx, walk, head)
	if err != nil || len(chain) == 0 {
		return nil, err
	}
	r := &rehearsal{left: map[string]bool{}}
	w := &walker{g: g, walk: walk, dry: r}
	if err := w.load(ctx, chain); err != nil {
		return nil, err
	}
	if w.unread != nil {
		return nil, w.unread
	}
	merged := *p
	merged.MergedAt, merged.MergeCommit = g.opt.Now(), p.HeadSHA
	next := Commit{SHA: p.HeadSHA, Tree: head.commit.Tree, Parents: []string{g.tip}}
	w.units = append(w.units, unit{commits: []Commit{next}, pull: &merged})
	w.after = append(w.after, head)
	for i := range w.units {
		if i == len(w.units)-1 {
			r.base, r.starts, r.walk, r.pending = w.base, w.starts, w.walk, slices.Clone(w.pending)
			r.pure = maps.Equal(head.entries, w.base.entries)
		}
		if len(r.left) > 0 && i == len(w.units)-1 {
			break
		}
		if on, err := w.step(ctx, i); err != nil || !on {
			return r.found(), err
		}
	}
	return r.found(), nil
}

// found returns a rehearsal in which something bad is thought away.
func (r *rehearsal) found() *rehearsal {
	if len(r.over) == 0 || r.base == nil {
		return nil
	}
	return r
}

// restoring returns the commits that are not judged yet, none when the head
// does not put back a path as it was before them or does not stand on the last
// of them.
func (g *Gitops) restoring(ctx context.Context, walk Walk, head *snapshot) ([]Commit, error) {
	was, err := g.reader.read(ctx, walk.Position)
	if err != nil {
		return nil, err
	}
	tip, err := g.reader.read(ctx, g.tip)
	if err != nil {
		return nil, err
	}
	some := false
	for p, e := range diff(was.entries, tip.entries) {
		now, ok := head.entries[p]
		some = some || ok == (e != nil) && (!ok || now == *e)
	}
	if !some {
		return nil, nil
	}
	cmp, err := g.host.Compare(ctx, g.tip, head.commit.SHA)
	if err != nil {
		return nil, fmt.Errorf("compare %s with %s: %w", short(g.tip), short(head.commit.SHA), err)
	}
	if cmp.Status != "ahead" {
		return nil, nil
	}
	chain, bad, err := g.chain(ctx, walk.Position, g.tip)
	if err != nil || bad != nil {
		return nil, err
	}
	return chain, nil
}

// met takes in a bad unit: one of the branch is thought away even if the head
// does not put back all of it, so that what is left is found of all of them.
func (r *rehearsal) met(w *walker, i int, touched map[string]*TreeEntry, j *judged) bool {
	last := len(w.after) - 1
	if i == last {
		r.bad = j.bad
		return false
	}
	r.over = append(r.over, w.units[i].last().SHA)
	for p, was := range touched {
		now, ok := w.after[last].entries[p]
		if ok != (was != nil) || ok && now != *was {
			r.left[p] = true
		}
	}
	return true
}

// unstored are the verdicts of commits before the head, none without a rehearsal.
func (r *rehearsal) unstored() []Verdict {
	if r == nil {
		return nil
	}
	return r.pending
}

// against finds what an open pull request is compared with, and returns what it
// is judged by and whether that is all there is to say: where it left the
// branch, or what is in force for one that ends a halt.
func (g *Gitops) against(ctx context.Context, x *examined, head *snapshot, force *access.InForce) (*access.InForce, bool, error) {
	var err error
	if x.from, err = g.leftAt(ctx, x, force); err != nil {
		return nil, false, err
	}
	return g.onHalt(ctx, x, head, force)
}

// startsOf are the starts of what a pull request is compared with.
func (x *examined) startsOf(w *Walk) config.Starts {
	if x.restore != nil {
		return x.restore.starts
	}
	return w.InForce.Starts
}

// onHalt judges a pull request that puts back what bad commits touched as the
// walk would.
func (g *Gitops) onHalt(ctx context.Context, x *examined, head *snapshot, force *access.InForce) (*access.InForce, bool, error) {
	r, err := g.rehearse(ctx, x.pull, x.walk, head)
	if err != nil || r == nil {
		return force, false, err
	}
	x.restore = r
	x.base, x.from = r.base.repo, r.base.repo
	x.walk.Passed, x.walk.Carried, x.walk.CarriedEntra, x.walk.Auto = r.walk.Passed, r.walk.Carried, r.walk.CarriedEntra, r.walk.Auto
	if len(r.left) > 0 {
		x.faults = append(x.faults, fault{code: FaultRestore, text: r.incomplete()})
	} else {
		x.notes = append(x.notes, fmt.Sprintf("This puts back every file that %s touched: merged, it ends the halt. It is compared with the config in force.", r.commits()))
	}
	if r.pure && len(r.left) == 0 {
		x.verdict = review.Verdict{Pass: true}
	}
	return &access.InForce{Commit: force.Commit, Repo: r.base.repo, Starts: r.starts}, r.pure || len(r.left) > 0, nil
}

// asWalked adds the rule that the walk would find broken where the verdict
// names none: the check passes nothing that the walk would not.
func (x *examined) asWalked() {
	if r := x.restore; r != nil && r.bad != nil && (x.verdict.Pass || r.bad.code == HaltContent) {
		x.faults = append(x.faults, *r.bad)
	}
}

// restored is the title of a check whose pull request does nothing but put
// back, "" for others.
func (x *examined) restored() string {
	if x.restore == nil || !x.restore.pure {
		return ""
	}
	return fmt.Sprintf("puts back what %s touched; nothing in force changes", x.restore.commits())
}

// commits names the bad commits.
func (r *rehearsal) commits() string {
	if len(r.over) == 1 {
		return "commit " + short(r.over[0])
	}
	var names []string
	for _, sha := range r.over {
		names = append(names, short(sha))
	}
	return "commits " + strings.Join(names, ", ")
}

// incomplete says what a pull request does not put back.
func (r *rehearsal) incomplete() string {
	paths := slices.Sorted(maps.Keys(r.left))
	more := ""
	if len(paths) > maxNames {
		paths, more = paths[:maxNames], fmt.Sprintf(" and %d more", len(paths)-maxNames)
	}
	return fmt.Sprintf("This does not put back all that %s touched, so it would not end the halt. Put these back as they were before, byte for byte: %s%s.",
		r.commits(), strings.Join(paths, ", "), more)
}
