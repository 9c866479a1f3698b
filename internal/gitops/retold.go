package gitops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// retold writes title and text of a pull request of the bot's anew when its
// record was lost: an approver reads them, and people can edit them. All comes
// from what the block signs, the commit that the bot made among it; a request to
// take away leaves no reason there. Both are "" where the block does not say
// enough: for links and in blocks of older versions.
func (g *Gitops) retold(ctx context.Context, b Block) (head, text string, err error) {
	if b.Kind == review.Phase {
		return g.retoldPhase(ctx, b)
	}
	if b.Kind == review.Link || b.Account == "" || b.PermissionSet == "" && b.Kind != review.Onboard {
		return "", "", nil
	}
	base, err := g.reader.read(ctx, b.Base)
	if err != nil {
		return "", "", err
	}
	made, err := g.reader.read(ctx, b.Head)
	if err != nil || base.repo == nil || made.repo == nil {
		return "", "", err
	}
	r, ok := asked(b, base.repo, made.repo)
	if b.Kind == review.Onboard {
		r, ok = onboardAsked(b, made.repo)
	}
	if !ok {
		return "", "", nil
	}
	if r.Asker.Person, err = g.askedBy(ctx, b.Requester, base.repo); err != nil {
		return "", "", err
	}
	if b.Kind == review.Onboard {
		p := &proposal{request: r, base: base, head: made.repo, change: config.Compare(base.repo, made.repo, nil, g.opt.Now()), spoken: g.spokenOf(ctx, r.ID)}
		return title(r), p.body(), nil
	}
	rule, _ := base.repo.RuleFor(r.Want.Assignment(), r.Want.Term, g.opt.Now())
	return title(r), body(r, rule), nil
}

// asked is the request of a signed block as the commits say it; false where they
// do not have it.
func asked(b Block, base, made *config.Repo) (access.Request, bool) {
	r := access.Request{ID: b.Request, Kind: access.KindGrant, Want: access.Want{
		Principal: b.Principal, PrincipalName: b.Principal.ID, AccountID: b.Account, PermissionSet: b.PermissionSet,
	}}
	w := &r.Want
	was, had := base.PrincipalFile(b.Principal)
	is, has := made.PrincipalFile(b.Principal)
	switch {
	case has:
		w.PrincipalSlug, w.PrincipalName = is.Slug, is.Name
	case had:
		w.PrincipalSlug, w.PrincipalName = was.Slug, was.Name
	}
	from, file := made, is
	if b.Kind == review.Revoke {
		r.Kind, from, file = access.KindRevoke, base, was
	}
	acc, ok := from.AccountByID(b.Account)
	if !ok || file == nil {
		return r, false
	}
	w.AccountSlug, w.AccountName, w.OU = acc.Slug, acc.Name, acc.OU
	if r.Kind == access.KindRevoke {
		w.Revokes = takes(was, is, acc.Slug, b.PermissionSet)
		return r, true
	}
	i := slices.IndexFunc(file.Access, func(x config.Grant) bool {
		return x.Request == string(b.Request) && x.Account == acc.Slug && x.PermissionSet == b.PermissionSet
	})
	if i < 0 {
		return r, false
	}
	w.Term, w.Reason = file.Access[i].Term(), file.Access[i].Reason
	return r, true
}

// takes is the request whose grant goes from a file, "" when it has none.
func takes(was, is *config.PrincipalFile, account, set string) access.ID {
	var left []config.Grant
	if is != nil {
		left = is.Access
	}
	for _, x := range missingIn(was, was.Access, left) {
		if x.Account == account && x.PermissionSet == set {
			return access.ID(x.Request)
		}
	}
	return ""
}

// askedBy is somebody by Entra id as people are shown him.
func (g *Gitops) askedBy(ctx context.Context, entra string, repo *config.Repo) (access.Person, error) {
	who := access.Person{Entra: entra}
	if p, ok := repo.PersonByEntra(entra); ok {
		who.Email = p.Email
	}
	u, err := g.dir.User(ctx, entra)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return who, fmt.Errorf("read who asked: %w", err)
	}
	who.Name, who.Email = cmp.Or(u.Name, entra), cmp.Or(u.Email, who.Email)
	return who, nil
}
