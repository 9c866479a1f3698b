package onboard

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
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
	g := gathered{Now: e.now(), Base: base, Head: head, Account: account, HasRole: e.Management != nil, RoleAccount: e.opts.RoleAccount}
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
		g.All = answered(list, err)
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
	g.SetsByConfig = len(g.Head.SetsIn(g.Account.ID))
	for _, b := range g.Head.Access.Onboarding.Baseline {
		s, done := g.Sets[b.PermissionSet]
		if !done {
			s = e.gatherSet(ctx, g, b.PermissionSet)
		}
		s.Gains++
		g.Sets[b.PermissionSet] = s
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
	s.Groups = e.groupsWith(ctx, g, name, s.Exists.Value)
	if s.Exists.Trouble == "" && !s.Exists.Value {
		names, err := e.Sets.SetNames(ctx)
		g.AllSets = answered(len(names), err)
	}
	s.Policies = answer[map[string]answer[bool]]{Value: map[string]answer[bool]{}}
	d, err := e.definition(ctx, g.Head, name, s.Exists.Value)
	if err != nil {
		s.Policies.Trouble = fault.Reason(err)
	}
	s.Managed = len(d.Managed) + len(d.Customer)
	for _, ref := range customer(d) {
		s.Policies.Value[ref.String()] = e.hasPolicy(ctx, g, ref.String())
	}
	return s
}

// customer returns the policies of the customer that an account has to have for a
// set: those it attaches, and one that is its boundary.
func customer(d permset.Definition) []config.PolicyRef {
	if d.Boundary == nil || d.Boundary.Customer == nil {
		return d.Customer
	}
	return append(slices.Clone(d.Customer), *d.Boundary.Customer)
}

// groupsWith counts the groups that have a set in the account.
func (e *Engine) groupsWith(ctx context.Context, g *gathered, name string, exists bool) answer[int] {
	if g.Place.Trouble != "" || !exists {
		return answer[int]{Trouble: g.Place.Trouble}
	}
	if !g.Place.Value.Member {
		return answer[int]{}
	}
	live, err := e.Sets.Assignments(ctx, config.Pair{Account: g.Account.ID, PermissionSet: name})
	live = slices.DeleteFunc(live, func(a provision.LiveAssignment) bool { return a.Kind != config.GroupPrincipal })
	return answered(len(live), err)
}

// definition returns what a set is: by its file, else as it is in AWS.
func (e *Engine) definition(ctx context.Context, head *config.Repo, name string, exists bool) (permset.Definition, error) {
	if f, ok := head.PermissionSets[name]; ok {
		return permset.Of(f), nil
	}
	if !exists {
		return permset.Definition{}, nil
	}
	live, err := e.Sets.ReadSet(ctx, name)
	return live.Definition, err
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
