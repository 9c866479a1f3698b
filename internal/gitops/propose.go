package gitops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// maxReviewers is how many people are asked for a review (15: GitHub's limit
// on requested reviewers).
const maxReviewers = 15

// proposal is a request's change, ready to be written.
type proposal struct {
	request access.Request
	base    *snapshot
	head    *config.Repo      // nil when invalid is set
	files   map[string][]byte // that change, by path
	rule    *config.Rule      // nil where no grant is asked for, and for a revocation no rule covers
	change  config.Change
	// preflight is what AWS says of an account that is brought in, or what
	// stands before a phase; nil when nobody asked.
	preflight *access.Preflight
	// spoken is how commands are written for who reads it.
	spoken spoken
	// invalid are the problems of the head of a step to another phase.
	invalid config.Problems
}

// Propose implements [access.Pulls]. The branch is made from the default
// branch's head; that base is stored first, so that a repeated call makes the
// same tree and finds its own branch and pull request.
func (g *Gitops) Propose(ctx context.Context, r access.Request) error {
	rec, known, err := g.state.Pull(ctx, r.ID)
	if err != nil {
		return fmt.Errorf("propose %s: %w", r.ID, err)
	}
	switch {
	case known && rec.Refused != "":
		return &access.Refusal{Message: rec.Refused}
	case known && rec.Number != 0:
		return nil
	}
	if rec.Base == "" {
		if rec, err = g.begin(ctx, r); err != nil {
			return fmt.Errorf("propose %s: %w", r.ID, err)
		}
	}
	if err := g.propose(ctx, r, rec); err != nil {
		var refusal *access.Refusal
		if errors.As(err, &refusal) {
			rec.Refused = refusal.Error()
			if err := g.state.SavePull(ctx, StepRefused, rec); err != nil {
				return fmt.Errorf("propose %s: %w", r.ID, err)
			}
			g.opt.OnChange()
			return refusal
		}
		return fmt.Errorf("propose %s: %w", r.ID, err)
	}
	g.opt.OnChange()
	return nil
}

// begin chooses the base and stores it.
func (g *Gitops) begin(ctx context.Context, r access.Request) (PullRecord, error) {
	base, err := g.host.Branch(ctx, g.opt.Branch)
	if err != nil {
		return PullRecord{}, fmt.Errorf("read the head of %s: %w", g.opt.Branch, err)
	}
	rec := PullRecord{
		Request: r.ID, Kind: kindOf(r.Kind), Branch: branchPrefix + string(r.ID), Base: base,
		Requester: requester(r), Principal: r.Want.Principal, Account: r.Want.AccountID, PermissionSet: r.Want.PermissionSet, AskedAt: askedAt(r), State: access.PullOpen,
	}
	return rec, g.state.SavePull(ctx, StepProposing, rec)
}

func askedAt(r access.Request) time.Time {
	at, _ := r.At(access.StageAsked)
	return at
}

// propose makes what is still missing: branch, then pull request.
func (g *Gitops) propose(ctx context.Context, r access.Request, rec PullRecord) error {
	base, err := g.reader.read(ctx, rec.Base)
	if err != nil {
		return err
	}
	if base.invalid != nil {
		return g.rebegin(ctx, r, rec, base.invalid)
	}
	var starts config.Starts
	switch force, err := g.inForce(ctx); {
	case err == nil:
		starts = force.Starts
	case !errors.Is(err, access.ErrNotFound):
		return err
	}
	p, err := g.prepare(r, base, starts)
	if err != nil {
		return err
	}
	p.spoken = g.spokenOf(ctx, r.ID)
	if err := g.mayAsk(ctx, p); err != nil {
		return err
	}
	if err := g.lookAhead(ctx, p); err != nil {
		return err
	}
	rec.Fingerprint = p.change.Fingerprint()
	rec.Title, rec.Text = title(p.request), p.body()
	if rec.Head == "" {
		if rec.Head, err = g.branch(ctx, p, rec); err != nil {
			return err
		}
		if err := g.state.SavePull(ctx, StepBranch, rec); err != nil {
			return err
		}
	}
	pull, err := g.pull(ctx, rec)
	if err != nil {
		return err
	}
	rec.Number, rec.URL = pull.Number, pull.URL
	if v, err := g.judgeProposal(ctx, p, &rec); err != nil {
		g.opt.Log.WarnContext(ctx, "judge new pull request", "number", pull.Number, "error", err)
	} else {
		// The check says the same with the next look.
		rec.Missing = p.missing(v)
		g.decorate(ctx, p, pull.Number, v)
	}
	return g.state.SavePull(ctx, StepPull, rec)
}

// rebegin drops a base that cannot be built on while nothing was made from it,
// so that the next try takes the branch's head of that time.
func (g *Gitops) rebegin(ctx context.Context, r access.Request, rec PullRecord, why *InvalidConfig) error {
	if rec.Head == "" {
		rec.Base = ""
		if err := g.state.SavePull(ctx, StepProposing, rec); err != nil {
			return err
		}
	}
	return fmt.Errorf("the default branch cannot be built on for %s: %w", r.ID, why)
}

// branch makes the commit and its branch, or finds the branch made earlier:
// one whose only commit has our base and our tree.
func (g *Gitops) branch(ctx context.Context, p *proposal, rec PullRecord) (string, error) {
	tree, err := g.host.CreateTree(ctx, p.base.commit.Tree, p.files)
	if err != nil {
		return "", fmt.Errorf("make the tree: %w", err)
	}
	if head, err := g.ownBranch(ctx, rec, tree); err != nil || head != "" {
		return head, err
	}
	head, err := g.host.CreateCommit(ctx, commitMessage(p.request), tree, []string{rec.Base})
	if err != nil {
		return "", fmt.Errorf("make the commit: %w", err)
	}
	err = g.host.CreateBranch(ctx, rec.Branch, head)
	if errors.Is(err, ErrExists) {
		return g.ownBranch(ctx, rec, tree)
	}
	if err != nil {
		return "", fmt.Errorf("make the branch %s: %w", rec.Branch, err)
	}
	return head, nil
}

// ownBranch returns the head of the request's branch if it is ours, and "" if
// there is no branch.
func (g *Gitops) ownBranch(ctx context.Context, rec PullRecord, tree string) (string, error) {
	head, err := g.host.Branch(ctx, rec.Branch)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for the branch %s: %w", rec.Branch, err)
	}
	c, err := g.reader.commit(ctx, head)
	if err != nil {
		return "", err
	}
	if c.Tree != tree || !slices.Equal(c.Parents, []string{rec.Base}) {
		return "", &access.Refusal{
			Message: fmt.Sprintf("The branch %s exists and holds something else.", rec.Branch),
			Mend:    "Delete the branch on GitHub and ask again.",
		}
	}
	return head, nil
}

// pull makes the pull request, or finds the one made earlier.
func (g *Gitops) pull(ctx context.Context, rec PullRecord) (Pull, error) {
	if found, ok, err := g.ownPull(ctx, rec); err != nil || ok {
		return found, err
	}
	end, err := g.signature(rec)
	if err != nil {
		return Pull{}, err
	}
	made, err := g.host.CreatePull(ctx, NewPull{
		Title: rec.Title, Body: signedBody("", rec.Text, end), Head: rec.Branch, Base: g.opt.Branch,
	})
	if errors.Is(err, ErrExists) {
		found, ok, err := g.ownPull(ctx, rec)
		if err == nil && !ok {
			err = fmt.Errorf("the pull request from %s exists and is not listed yet", rec.Branch)
		}
		return found, err
	}
	if err != nil {
		return Pull{}, fmt.Errorf("make the pull request: %w", err)
	}
	return made, nil
}

func (g *Gitops) ownPull(ctx context.Context, rec PullRecord) (Pull, bool, error) {
	pulls, err := g.host.PullsFrom(ctx, rec.Branch)
	if err != nil {
		return Pull{}, false, fmt.Errorf("look for the pull request from %s: %w", rec.Branch, err)
	}
	for _, p := range pulls {
		if p.BaseRef == g.opt.Branch && p.BaseRepo == g.opt.RepoID && p.HeadRepo == g.opt.RepoID {
			return p, true, nil
		}
	}
	return Pull{}, false, nil
}

func (g *Gitops) block(rec PullRecord) Block {
	return Block{
		Repo: g.opt.RepoID, Request: rec.Request, Kind: rec.Kind, Requester: rec.Requester, Joined: rec.JoinedIDs(),
		Principal: rec.Principal, Account: rec.Account, PermissionSet: rec.PermissionSet, Base: rec.Base, Head: rec.Head, Fingerprint: rec.Fingerprint, AskedAt: rec.AskedAt,
	}
}

// decorate adds labels and asks for reviews. Both only help people: a failure
// is logged, and not tried again.
func (g *Gitops) decorate(ctx context.Context, p *proposal, number int, v review.Verdict) {
	if err := g.host.Label(ctx, number, labels(p.request)); err != nil {
		g.opt.Log.WarnContext(ctx, "label pull request", "number", number, "error", err)
	}
	var logins []string
	for _, n := range v.Needs {
		for _, s := range n.Steps {
			for _, who := range s.Could {
				if !slices.Contains(logins, who.User.Login) && len(logins) < maxReviewers {
					logins = append(logins, who.User.Login)
				}
			}
		}
	}
	if len(logins) == 0 {
		return
	}
	if err := g.host.AskReviewers(ctx, number, logins, nil); err != nil {
		g.opt.Log.WarnContext(ctx, "ask for reviews", "number", number, "error", err)
	}
}

// mayAsk refuses a request for a grant or an onboarding whose asker is not let
// ask, and a link to somebody who may not be linked.
func (g *Gitops) mayAsk(ctx context.Context, p *proposal) error {
	switch {
	case p.request.Kind == access.KindLink:
		return g.linkable(ctx, p)
	case p.request.Kind == access.KindOnboard:
		return g.among(ctx, p, p.base.repo.Access.Onboarding.Asking())
	case p.request.Kind == access.KindRevoke, p.request.Kind == access.KindPhase:
		return nil
	}
	return g.among(ctx, p, p.rule)
}

// among refuses an asker who is none of the requesters of a rule.
func (g *Gitops) among(ctx context.Context, p *proposal, rule *config.Rule) error {
	if len(rule.Requesters) == 0 {
		return nil
	}
	ro := config.Rosters{Groups: map[string][]string{}}
	var err error
	if ro.Teams, err = g.teams(ctx, p.base.repo); err != nil {
		return err
	}
	for _, id := range p.base.repo.RequesterGroups(rule) {
		if err := g.membersOf(ctx, ro.Groups, id); err != nil {
			return err
		}
	}
	if allowed, _ := p.base.repo.MayAsk(rule, p.request.Asker.Entra, ro); !allowed {
		no := rule.MayNotAsk()
		return &access.Refusal{Message: capital(no.Reason) + ".", Mend: capital(no.Mend) + "."}
	}
	return nil
}

// missing is what a new pull request lacks.
func (p *proposal) missing(v review.Verdict) []string {
	var out []string
	if p.head == nil {
		for _, problem := range problemLines(p.invalid) {
			out = append(out, notValid+problem)
		}
	}
	if p.preflight != nil {
		out = append(out, blocking(*p.preflight)...)
	}
	if p.head == nil {
		return out
	}
	return append(out, review.Sentences(v, p.base.repo, p.head)...)
}

// judgeProposal evaluates a proposal that nobody has reviewed yet, and records
// what was objected to before. What is not valid is not judged.
func (g *Gitops) judgeProposal(ctx context.Context, p *proposal, rec *PullRecord) (review.Verdict, error) {
	if p.head == nil {
		return review.Verdict{}, nil
	}
	in := review.Input{
		Base: p.base.repo, Head: p.head, Change: p.change, Start: g.opt.Now(), PushersKnown: true,
		Request: &review.Request{ID: string(p.request.ID), Kind: kindOf(p.request.Kind), Requester: requester(p.request), Account: p.request.Want.AccountID},
	}
	walk, err := g.state.Walk(ctx)
	if err != nil {
		return review.Verdict{}, err
	}
	in.AutoUsed = walk.autoUsed(in.Request.Requester, in.Start)
	if err := g.facts(ctx, &in); err != nil {
		return review.Verdict{}, err
	}
	if rec.Objections, err = g.objectedBefore(ctx, rec.Number, &in); err != nil {
		return review.Verdict{}, err
	}
	return g.evaluate(ctx, &in), nil
}

// Withdraw implements [access.Pulls].
func (g *Gitops) Withdraw(ctx context.Context, r access.Request) error {
	rec, known, err := g.state.Pull(ctx, r.ID)
	if err != nil {
		return fmt.Errorf("withdraw %s: %w", r.ID, err)
	}
	if !known || rec.Number == 0 {
		return nil
	}
	p, err := g.host.Pull(ctx, rec.Number)
	if err != nil {
		return fmt.Errorf("withdraw %s: read pull request %d: %w", r.ID, rec.Number, err)
	}
	closes := p.Open
	if closes {
		if err := g.host.ClosePull(ctx, rec.Number); err != nil {
			return fmt.Errorf("withdraw %s: close pull request %d: %w", r.ID, rec.Number, err)
		}
		// GitHub takes it for done to close one that was merged since it was read.
		if p, err = g.host.Pull(ctx, rec.Number); err != nil {
			return fmt.Errorf("withdraw %s: read pull request %d: %w", r.ID, rec.Number, err)
		}
	}
	if p.Merged() {
		g.Hint(rec.Number)
		return &access.Refusal{Message: fmt.Sprintf("Pull request #%d of %s was merged already, so it cannot be cancelled any more.", rec.Number, r.ID),
			Mend: "`/aws-access status " + string(r.ID) + "` shows what becomes of it."}
	}
	if closes {
		if err := g.noteClosed(ctx, r.ID); err != nil {
			return fmt.Errorf("withdraw %s: %w", r.ID, err)
		}
	}
	g.Hint(rec.Number)
	return nil
}

// noteClosed records that a pull request was closed, so that it counts as closed
// also when it is opened again at once. During a look that is left to the look,
// which writes the same record.
func (g *Gitops) noteClosed(ctx context.Context, id access.ID) error {
	if !g.looking.TryLock() {
		return nil
	}
	defer g.looking.Unlock()
	rec, known, err := g.state.Pull(ctx, id)
	if err != nil || !known || rec.State != access.PullOpen {
		return err
	}
	rec.State, rec.Missing, rec.ClosedAt = access.PullClosed, nil, g.opt.Now().UTC()
	return g.state.SavePull(ctx, StepFacts, rec)
}
