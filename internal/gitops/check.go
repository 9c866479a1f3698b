package gitops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/impact"
	"aws-access-bot/internal/gitops/review"
)

// checkPulls looks at open pull requests, all of them or those numbered, and
// at the records of those that are open no more. It reports whether it merged
// one, after which all are to be looked at: what was judged before was judged
// without it.
func (g *Gitops) checkPulls(ctx context.Context, w work) (merged bool, err error) {
	open, err := g.host.OpenPulls(ctx, g.opt.Branch)
	if err != nil {
		return false, fmt.Errorf("list open pull requests: %w", err)
	}
	// The oldest first: whom a merge puts behind is approved anew.
	slices.SortFunc(open, func(a, b Pull) int { return cmp.Compare(a.Number, b.Number) })
	g.merging.heads = headsOf(open)
	var errs []error
	isOpen := map[int]bool{}
	for i := range open {
		p := &open[i]
		isOpen[p.Number] = true
		if !w.wants(p.Number) {
			continue
		}
		now, err := g.checkPull(ctx, p, slices.Contains(w.rewrite, p.Number))
		if err != nil {
			errs = append(errs, fmt.Errorf("check pull request %d: %w", p.Number, err))
		}
		if now {
			merged = true
			errs = append(errs, g.follow(ctx))
		}
	}
	g.merging.forget(isOpen)
	return merged, errors.Join(append(errs, g.closeRecords(ctx, isOpen))...)
}

// headsOf lists the open pull requests by their heads.
func headsOf(open []Pull) map[string][]int {
	out := map[string][]int{}
	for _, p := range open {
		out[p.HeadSHA] = append(out[p.HeadSHA], p.Number)
	}
	return out
}

// sharedHead is the fault of a pull request whose head another open one has too:
// GitHub keeps checks by commit, so that what one is approved for would let the
// other be merged.
func (g *Gitops) sharedHead(p *Pull) *fault {
	for _, n := range g.merging.heads[p.HeadSHA] {
		if n != p.Number {
			return faultf(HaltSharedHead, "Pull requests #%d and #%d have the same head commit, and GitHub does not tell their checks apart. Close one of them.", min(n, p.Number), max(n, p.Number))
		}
	}
	return nil
}

// closeRecords takes over how those pull requests ended that are open no more.
func (g *Gitops) closeRecords(ctx context.Context, isOpen map[int]bool) error {
	var errs []error
	records, err := g.state.OpenPullRecords(ctx)
	if err != nil {
		return fmt.Errorf("list records of open pull requests: %w", err)
	}
	for _, rec := range records {
		if rec.Number != 0 && !isOpen[rec.Number] {
			if err := g.closeRecord(ctx, rec); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// closeRecord takes over how a pull request ended.
func (g *Gitops) closeRecord(ctx context.Context, rec PullRecord) error {
	p, err := g.host.Pull(ctx, rec.Number)
	if err != nil {
		return fmt.Errorf("read pull request %d: %w", rec.Number, err)
	}
	switch {
	case p.Merged() && p.BaseRef == g.opt.Branch && p.BaseRepo == g.opt.RepoID:
		rec.State, rec.MergedAt, rec.MergedBy, rec.Commit = access.PullMerged, p.MergedAt, p.MergedBy, p.MergeCommit
	case !p.Open:
		rec.State, rec.ClosedAt = access.PullClosed, g.opt.Now().UTC()
	default:
		return nil // the list was older than this read
	}
	rec.Missing, rec.Passes = nil, false
	if err := g.state.SavePull(ctx, StepFacts, rec); err != nil {
		return fmt.Errorf("record the end of pull request %d: %w", rec.Number, err)
	}
	g.opt.OnChange()
	return nil
}

// examined is an open pull request as the check shows it.
type examined struct {
	pull   *Pull
	walk   Walk
	base   *config.Repo // rules; nil when nothing is in force
	from   *config.Repo // where the head left the branch: change is against it
	head   *config.Repo
	change config.Change
	// left is from as it was read, nil where from is another config. form are
	// the files that differ while the change is none; renamed is set when names
	// of files are among it.
	left    *snapshot
	form    []string
	renamed bool
	verdict review.Verdict
	teams   map[string][]int64
	manager string
	outside []int64
	shown   map[string]review.Shown
	// problems make the head invalid, faults are broken rules of
	// verification, notes are told beside the verdict.
	problems []string
	faults   []fault
	notes    []string
	// own is set for what came from the bot, at the exact commit it made; rec
	// is its record, nil when there is none. reviews are those judged, joined
	// who was known to have joined then.
	own     bool
	rec     *PullRecord
	reviews []review.Review
	joined  []string
	// objections are those to the same, asked for before.
	objections []access.Objection
	// preflights are of the accounts that the change brings in, and of the phase
	// that it goes to.
	preflights []preflighted
	// restore is set for what puts back what a halt is about.
	restore *rehearsal
	// behind is set when the branch has commits that the head has not, and no
	// merge queue that would bring them together.
	behind bool
	// diverged is set when the branch has such commits, with or without a
	// queue; leftSHA is where the head left it.
	diverged bool
	// landed is that the branch has the head already: it was merged as it is.
	landed  bool
	leftSHA string
	// held says why it is not merged though it is approved, or will not be, "".
	held string
	// void is set when what it asks for would grant nothing any more.
	void bool
	// plan is what the change means for people, nil when there is none to
	// make one of. comment is the address of the comment that has it, "".
	plan    *impact.Plan
	comment string
	// spoken is how commands are written for who reads it.
	spoken spoken
}

// checkPull evaluates one open pull request, writes its comment and its check
// run if their content changed, records what is missing, and merges it if that
// is the bot's to do. It reports whether it did.
func (g *Gitops) checkPull(ctx context.Context, p *Pull, rewrite bool) (merged bool, err error) {
	walk, err := g.state.Walk(ctx)
	if err != nil {
		return false, err
	}
	if err := g.takeBack(ctx, p, walk); err != nil {
		return false, err
	}
	if err := g.renew(ctx, p, walk); err != nil {
		return false, fmt.Errorf("bring up to date: %w", err)
	}
	if err := g.resign(ctx, p); err != nil {
		return false, err
	}
	x, err := g.examineOpen(ctx, p, walk)
	if x == nil {
		return false, err
	}
	if err == nil && x.landed {
		return false, nil // the walk judges it, by what its check showed last
	}
	g.hold(x)
	// A comment that cannot be written keeps no check from being written, and
	// what cannot be judged now is explained all the same.
	told := g.explain(ctx, x, walk, rewrite)
	if err != nil {
		return false, errors.Join(err, told, g.cannotJudge(ctx, x, err))
	}
	delete(g.merging.unjudged, p.Number)
	if shown, err := g.writeCheck(ctx, x, rewrite); err != nil || !shown {
		return false, errors.Join(err, told)
	}
	if err := g.recordOpen(ctx, p, x); err != nil {
		return false, errors.Join(err, told)
	}
	merged, err = g.merge(ctx, x)
	return merged, errors.Join(err, told)
}

// explain makes the plan of what was examined, writes it as a comment, and
// refuses what is shown nowhere.
func (g *Gitops) explain(ctx context.Context, x *examined, walk Walk, rewrite bool) error {
	if x.from != nil && x.head != nil && len(x.problems) == 0 {
		g.plan(ctx, x, x.startsOf(&walk))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	told, err := g.writeComment(ctx, x, rewrite)
	x.refuseUnshown(told)
	return err
}

// recordOpen records what an open pull request lacks.
func (g *Gitops) recordOpen(ctx context.Context, p *Pull, x *examined) error {
	if x.rec == nil {
		return nil
	}
	rec := *x.rec
	missing, by, passes := x.missing(), approvers(&x.verdict), x.conclusion() == "success"
	mine, _ := x.ours()
	if rec.State == access.PullOpen && slices.Equal(rec.Missing, missing) && slices.Equal(rec.ApprovedBy, by) && rec.Passes == passes && rec.BotMerges == mine && sameObjections(rec.Objections, x.objections) {
		return nil
	}
	rec.State, rec.Missing, rec.ApprovedBy, rec.Passes, rec.BotMerges = access.PullOpen, missing, by, passes, mine
	rec.Objections = x.objections
	*x.rec = rec
	if err := g.state.SavePull(ctx, StepFacts, rec); err != nil {
		return err
	}
	g.opt.OnChange()
	return nil
}

// examineOpen gathers everything the check says.
func (g *Gitops) examineOpen(ctx context.Context, p *Pull, walk Walk) (*examined, error) {
	x := &examined{pull: p, walk: walk, spoken: g.spokenOn(ctx, p)}
	rec, known, err := g.state.PullNumbered(ctx, p.Number)
	if err != nil {
		return nil, err
	}
	if known {
		rec.Reopened = rec.Reopened || rec.State == access.PullClosed
		x.rec = &rec
	}
	if walk.InForce.Commit == "" {
		x.notes = append(x.notes, "No commit is trusted yet, so nothing can be approved. An operator names the first one with `bot trust SHA`.")
		return x, nil
	}
	if walk.Halt != nil {
		x.notes = append(x.notes, haltNote(walk.Halt))
	}
	if p.HeadRepo != g.opt.RepoID {
		x.faults = append(x.faults, fault{code: HaltFork, text: "Pull requests from forks are never put in force. Push the branch to this repository."})
		return x, nil
	}
	if bad := g.sharedHead(p); bad != nil {
		x.faults = append(x.faults, *bad)
	}
	force, err := g.inForce(ctx)
	if err != nil {
		return nil, err
	}
	x.base = force.Repo
	return x, g.judgeOpen(ctx, x, force)
}

func haltNote(h *Halt) string {
	return fmt.Sprintf("The bot stands still at commit %s: %s Nothing merged after it comes into force until that is resolved.", short(h.Commit), clip(h.Text, maxNote))
}

// judgeOpen compares the head with where it left the branch and evaluates.
func (g *Gitops) judgeOpen(ctx context.Context, x *examined, force *access.InForce) error {
	head, err := g.reader.read(ctx, x.pull.HeadSHA)
	if err != nil {
		return err
	}
	if head.invalid != nil {
		x.problems = head.invalid.Problems
		x.preflights = g.phaseAhead(ctx, x.base, head)
		return nil
	}
	x.head = head.repo
	force, done, err := g.against(ctx, x, head, force)
	if err != nil {
		return err
	}
	if problems := config.CheckTransition(x.from, head.repo); len(problems) > 0 {
		x.problems = problemLines(problems)
		return nil
	}
	now := g.opt.Now()
	x.change = config.Compare(x.from, head.repo, force.Starts, now)
	if done {
		return g.holdTo(ctx, x, head, force, now)
	}
	o, bad, err := g.openOrigin(ctx, x, force, now)
	if err != nil {
		return err
	}
	if bad != nil {
		x.faults = append(x.faults, *bad)
		return nil
	}
	if x.change.Empty() && x.left != nil && x.restore == nil {
		x.form, x.renamed = formOnly(x.left, head)
	}
	x.own = o.request != nil && x.pull.Author.Bot
	in := review.Input{Base: force.Repo, Head: head.repo, Change: x.change, Start: now, Starts: force.Starts, HeadSHA: x.pull.HeadSHA}
	o.fill(&in)
	if r := in.Request; r != nil {
		x.joined = r.Joined
		in.AutoUsed = x.walk.autoUsed(r.Requester, now.Add(-autoMargin))
	}
	if err := g.carry(ctx, &in, &x.walk, x.restore.unstored()); err != nil {
		return err
	}
	in.CarriedRequests = append(in.CarriedRequests, merged(x.from, force.Repo)...)
	if err := g.hear(ctx, x.pull, &in); err != nil {
		return err
	}
	if x.objections, err = g.objectedBefore(ctx, x.pull.Number, &in); err != nil {
		return err
	}
	x.teams, x.manager, x.outside, x.reviews = in.Teams, in.Manager, in.Outside, in.Reviews
	x.verdict = g.evaluate(ctx, &in)
	x.preflights = append(g.phaseAhead(ctx, x.from, head), g.openPreflights(ctx, x)...)
	refuseTooLarge(&x.verdict, x.change, force.Repo, head.repo)
	x.shown = nextShown(&in, &x.verdict)
	x.asWalked()
	return nil
}

// hear takes in what was said of an open pull request, what was shown of it, and
// who may say it.
func (g *Gitops) hear(ctx context.Context, p *Pull, in *review.Input) error {
	if err := g.openOpinions(ctx, p.Number, in); err != nil {
		return err
	}
	if err := g.shown(ctx, p, in); err != nil {
		return err
	}
	return g.facts(ctx, in)
}

// nextShown returns the people of the groups that gain as they are shown from
// now on: as before while no more joined than may, else as they are now, and
// approvals up to now count no more.
func nextShown(in *review.Input, v *review.Verdict) map[string]review.Shown {
	out := map[string]review.Shown{}
	for _, list := range [][]config.AssignmentChange{in.Change.Added, in.Change.Lengthened, in.Change.Idle} {
		for _, a := range list {
			id := a.Assignment.Principal.ID
			members, read := in.Members[id]
			if !read || a.Assignment.Principal.Kind != config.GroupPrincipal {
				continue
			}
			shown, known := in.Shown[id]
			switch _, grown := v.Grown[id]; {
			case !known:
				shown = review.Shown{Members: members}
			case grown:
				shown = review.Shown{Members: members, Since: in.Start}
			}
			out[id] = shown
		}
	}
	return out
}

// merged returns the requests that the branch has and the config in force does
// not: while the walk stands still, what others merged is not written by who
// opens a pull request on top of it. The walk judges each in its turn.
func merged(branch, force *config.Repo) []string {
	var in, out []string
	for _, ref := range force.Grants() {
		in = append(in, ref.Grant.Request)
	}
	for _, ref := range branch.Grants() {
		if id := ref.Grant.Request; id != "" && !slices.Contains(in, id) {
			out = append(out, id)
		}
	}
	return out
}

// leftAt returns the repo at the commit where the pull request left the
// branch, or the one in force when that commit's config is invalid.
func (g *Gitops) leftAt(ctx context.Context, x *examined, force *access.InForce) (*config.Repo, error) {
	cmp, err := g.host.Compare(ctx, g.opt.Branch, x.pull.HeadSHA)
	if err != nil {
		return nil, fmt.Errorf("compare with %s: %w", g.opt.Branch, err)
	}
	x.landed = cmp.MergeBase == x.pull.HeadSHA
	x.leftSHA, x.diverged = cmp.MergeBase, cmp.Status == "diverged" || cmp.Status == "behind"
	if x.diverged {
		rules, err := g.mergeRules(ctx)
		if err != nil {
			return nil, err
		}
		x.behind = rules.Queue == nil
	}
	s, err := g.reader.read(ctx, cmp.MergeBase)
	if err != nil {
		return nil, err
	}
	if s.repo == nil || slices.Contains(x.walk.Passed, cmp.MergeBase) {
		return force.Repo, nil
	}
	x.left = s
	return s.repo, nil
}
