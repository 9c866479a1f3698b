package onboard

import (
	"cmp"
	"context"
	"errors"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/permset"
)

// answered turns the answer to a question into one for a pre-flight list.
func answered[T any](v T, err error) answer[T] {
	if err != nil {
		var none T
		return answer[T]{none, fault.Reason(err)}
	}
	return answer[T]{v, ""}
}

// Preflight implements [access.Estate].
func (e *Engine) Preflight(ctx context.Context, base, head *config.Repo, account *config.Account) (access.Preflight, error) {
	if e.Sets == nil || e.Directory == nil || e.Identity == nil {
		return access.Preflight{}, errors.New("pre-flight: a port is missing")
	}
	g := gathered{Now: e.now(), Base: base, Head: head, Account: account, HasRole: e.Management != nil}
	cctx, cancel := e.call(ctx)
	defer cancel()
	g.Management = answered(e.Organization.ManagementAccount(cctx))
	g.Organization = answered(e.Organization.OrganizationID(cctx))
	g.Caller = answered(e.Identity.Caller(cctx))
	g.Features = answered(e.features(cctx))
	g.Place = answered(e.Organization.Account(cctx, account.ID))
	g.UnitFound = e.unitFound(cctx, cmp.Or(account.OU, root))
	if g.Place.Trouble == "" && !g.Place.Value.Member {
		list, err := e.readHandshakes(ctx)
		g.Invitations = answered(invitationsTo(account.ID, list), err)
	}
	e.others(&g)
	e.gatherOwners(cctx, &g)
	e.gatherSets(ctx, &g)
	// A deadline that ends in the middle says nothing of the account.
	return preflight(g), ctx.Err()
}

func (e *Engine) unitFound(ctx context.Context, path string) answer[bool] {
	_, found, err := e.Organization.Unit(ctx, path)
	return answered(found, err)
}

// others are the accounts of the last look at the organization.
func (e *Engine) others(g *gathered) {
	v, ok := e.lastView()
	if !ok {
		g.Members.Trouble = "the organization was not read yet"
		return
	}
	g.Members.Value, g.Names = len(v.Members)+1, map[string]string{}
	for _, m := range v.Members {
		g.Names[m.ID] = m.Name
	}
}

// gatherOwners looks the owners up in Entra.
func (e *Engine) gatherOwners(ctx context.Context, g *gathered) {
	g.Owners = map[string]answer[string]{}
	for _, o := range g.Account.Owners {
		if o.Kind != config.ApproverEmail {
			continue
		}
		found, err := e.Directory.UsersByEmail(ctx, o.Name)
		g.Owners[o.Name] = answered(wrongWith(found), err)
	}
}

// wrongWith says why nobody, or not one person, is an owner; a clause.
func wrongWith(found []access.Entrant) string {
	switch {
	case len(found) == 0:
		return "is nobody in Entra"
	case len(found) > 1:
		return "is more than one person in Entra"
	case found[0].Guest:
		return "is a guest in Entra"
	case !found[0].Enabled:
		return "is disabled in Entra"
	}
	return ""
}

// gatherSets reads the permission sets of the baseline.
func (e *Engine) gatherSets(ctx context.Context, g *gathered) {
	g.Sets = map[string]gatheredSet{}
	for _, b := range g.Head.Access.Onboarding.Baseline {
		if _, done := g.Sets[b.PermissionSet]; !done {
			g.Sets[b.PermissionSet] = e.gatherSet(ctx, g, b.PermissionSet)
		}
	}
}

func (e *Engine) gatherSet(ctx context.Context, g *gathered, name string) gatheredSet {
	var s gatheredSet
	ctx, cancel := e.call(ctx)
	defer cancel()
	s.Exists = answered(e.Sets.HasSet(ctx, name))
	if s.Exists.Value {
		s.Accounts = answered(e.Sets.AccountsWith(ctx, name))
	}
	s.Policies = answer[map[string]answer[bool]]{Value: map[string]answer[bool]{}}
	refs, err := e.customer(ctx, g.Head, name, s.Exists.Value)
	if err != nil {
		s.Policies.Trouble = fault.Reason(err)
	}
	for _, ref := range refs {
		s.Policies.Value[ref.String()] = e.hasPolicy(ctx, g, ref.String())
	}
	return s
}

// customer returns the customer-managed policies of a set: those of its file,
// else those it has.
func (e *Engine) customer(ctx context.Context, head *config.Repo, name string, exists bool) ([]config.PolicyRef, error) {
	if f, ok := head.PermissionSets[name]; ok {
		return permset.Of(f).Customer, nil
	}
	if !exists {
		return nil, nil
	}
	live, err := e.Sets.ReadSet(ctx, name)
	return live.Customer, err
}

// hasPolicy asks the account whether it has a policy.
func (e *Engine) hasPolicy(ctx context.Context, g *gathered, policy string) answer[bool] {
	role := g.Head.Access.Onboarding.IAMReadRole
	switch {
	case e.Users == nil || role == "":
		return answer[bool]{Trouble: "the bot has no read role in the account (onboarding.iam_read_role)"}
	case !g.Place.Value.Member:
		return answer[bool]{Trouble: "the account is not a member yet"}
	}
	return answered(e.Users.HasPolicy(ctx, g.Account.ID, role, policy))
}
