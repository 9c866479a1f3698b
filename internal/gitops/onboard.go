package gitops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// preflightFor is how long AWS may take to answer about one account.
const preflightFor = 20 * time.Second

// onboard writes what brings an account in: a new file with its baseline, or
// one step towards that in a file that exists.
func (p *proposal) onboard() error {
	w := p.request.Want
	if w.Onboard == nil {
		return &access.Refusal{Message: "The request does not say what is to stand in the file of the account.", Mend: "Ask again."}
	}
	account, err := w.Onboard.Account(w.AccountID)
	if err != nil {
		return &access.Refusal{Message: capital(err.Error()) + ".", Mend: "Ask again with other owners."}
	}
	files, err := p.base.repo.Onboard(p.base.content, account)
	var problems config.Problems
	switch {
	case errors.Is(err, config.ErrOnboarded):
		return &access.Refusal{Message: fmt.Sprintf("The config repo has the account %s as sso and with its baseline already.", w.AccountID), Mend: "There is nothing to add."}
	case errors.As(err, &problems):
		return &access.Refusal{Message: "The file of the account cannot be written: " + problems[0].Message + ".", Mend: problems[0].Mend}
	case err != nil:
		return &access.Refusal{Message: fmt.Sprintf("The account cannot be brought in: %v.", err), Mend: "Ask the platform team to add its file by a pull request."}
	}
	p.files = files
	return nil
}

// content returns a file of the snapshot, nil when it has none.
func (s *snapshot) content(path string) []byte { return s.fsys[path] }

// lookAhead asks AWS about the account that a proposal brings in, or about what
// stands before a phase. What it does not answer now is asked again by the check.
func (g *Gitops) lookAhead(ctx context.Context, p *proposal) error {
	if p.request.Kind == access.KindPhase {
		p.preflight = g.stepAhead(ctx, p.base.repo.Access.Phase, p.base.repo, p.request.Want.Phase)
		return ctx.Err()
	}
	if p.request.Kind != access.KindOnboard || g.opt.Preflight == nil {
		return nil
	}
	account, ok := p.head.AccountByID(p.request.Want.AccountID)
	if !ok {
		return fmt.Errorf("the account %s is not in the change", p.request.Want.AccountID) // unreachable: it was just written
	}
	pre := g.preflightOf(ctx, p.base.repo, p.head, account)
	p.preflight = &pre
	return ctx.Err()
}

// preflightOf holds an account against AWS. That AWS cannot be asked is a line
// of the list.
func (g *Gitops) preflightOf(ctx context.Context, base, head *config.Repo, account *config.Account) access.Preflight {
	ctx, cancel := context.WithTimeout(ctx, preflightFor)
	defer cancel()
	pre, err := g.opt.Preflight(ctx, base, head, account)
	if err != nil {
		g.opt.Log.WarnContext(ctx, "pre-flight", "account", account.ID, "error", err)
		pre.Lines = append(pre.Lines, access.PreflightLine{
			Code: "unread", Result: access.PreflightUnknown, Sentence: "AWS could not be asked about this account.", Mend: "It is asked again with the next look.",
		})
	}
	return pre
}

// preflighted is the pre-flight list of one account file of a change, or of the
// phase that it goes to.
type preflighted struct {
	of   string // path or phase
	stop string // what it means that something blocks
	list access.Preflight
}

// notLikeThis says what it means that something blocks an onboarding.
const notLikeThis = "The account cannot be brought in like this."

// blockedAhead says why the accounts that a change brings in, or its phase, cannot
// begin like this, "" when nothing is known that blocks: what AWS says may have
// changed since the check of the pull request.
func (g *Gitops) blockedAhead(ctx context.Context, base, head *snapshot, starts config.Starts) string {
	x := &examined{from: base.repo, head: head.repo, change: config.Compare(base.repo, head.repo, starts, g.opt.Now())}
	said, _ := g.preflights(ctx, x) // the check of the pull request waited for all
	x.preflights = append(g.phaseAhead(ctx, base.repo, head), said...)
	return strings.Join(x.blockers(), " ")
}

// broughtIn are the paths of the account files that are new, or become sso.
func broughtIn(c config.Change) []string {
	out := slices.Clone(c.NewAccounts)
	for _, f := range c.Control {
		if f.Field == "stage" && f.New == string(config.StageSSO) && !slices.Contains(out, f.Path) {
			out = append(out, f.Path)
		}
	}
	return out
}

// replayOnboard brings the account of a request in on another base, with what
// its commit wrote of it. It must be the same step there: a file that came
// meanwhile, or the stage that was changed, is somebody else's decision.
func replayOnboard(id string, old, made, base *snapshot) (map[string][]byte, error) {
	account, ok := made.repo.AccountByID(id)
	if !ok {
		return nil, &access.Refusal{Message: "The account " + id + " is not in the change."}
	}
	if was, now := old.repo.OnboardStep(id), base.repo.OnboardStep(id); was != now {
		return nil, &access.Refusal{Message: "The file of the account " + id + " was changed meanwhile."}
	}
	return base.repo.Onboard(base.content, *account)
}

// onboarded reports whether a repo has an account as sso.
func onboarded(repo *config.Repo, id string) bool {
	account, ok := repo.AccountByID(id)
	return ok && account.Stage == config.StageSSO
}

// onboardAsked is the onboarding of a signed block as its commit has it. Whether
// the account was a member of the organization then is not known any more.
func onboardAsked(b Block, made *config.Repo) (access.Request, bool) {
	account, ok := made.AccountByID(b.Account)
	if !ok {
		return access.Request{}, false
	}
	o := &access.Onboarding{Slug: account.Slug, Name: account.Name, OU: account.OU, Owners: account.OwnerNames(), Tags: account.Tags}
	return access.Request{ID: b.Request, Kind: access.KindOnboard, Want: access.Want{
		AccountID: account.ID, AccountSlug: account.Slug, AccountName: account.Name, OU: account.OU, Onboard: o,
	}}, true
}
