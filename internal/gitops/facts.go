package gitops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// facts reads what a verdict needs of teams, groups and former requests into
// in, whose repos and change are set. Any read that fails is an error; a group
// or team that does not exist has no members.
func (g *Gitops) facts(ctx context.Context, in *review.Input) error {
	var err error
	if in.Teams == nil {
		if in.Teams, err = g.teams(ctx, in.Base); err != nil {
			return err
		}
	}
	if in.Members, err = g.members(ctx, in.Change); err != nil {
		return err
	}
	for _, id := range review.Groups(*in) {
		if err := g.membersOf(ctx, in.Members, id); err != nil {
			return err
		}
	}
	for _, rule := range review.Rules(*in) {
		for _, id := range in.Base.RequesterGroups(rule) {
			if err := g.membersOf(ctx, in.Members, id); err != nil {
				return err
			}
		}
	}
	if in.Manager, err = g.manager(ctx, in); err != nil {
		return err
	}
	if in.Inactive, err = g.inactive(ctx, in); err != nil {
		return err
	}
	if in.Outside, err = g.outside(ctx, in.Base); err != nil {
		return err
	}
	in.Askers, err = g.askers(ctx, in.Base, in.Head)
	return err
}

// manager reads who manages the requester, or the author of a pull request
// written by hand, if some rule refers to managers; "" for nobody who may
// count.
func (g *Gitops) manager(ctx context.Context, in *review.Input) (string, error) {
	manages := func(s config.Step) bool {
		return slices.ContainsFunc(s.Approvers, func(r config.ApproverRef) bool { return r.Kind == config.ApproverManager })
	}
	if !slices.ContainsFunc(in.Base.Access.Approvals, func(r config.Rule) bool { return slices.ContainsFunc(r.Steps, manages) }) {
		return "", nil
	}
	requester := ""
	if in.Request != nil {
		requester = in.Request.Requester
	} else if p, ok := in.Base.PersonByGitHub(in.Author.ID); ok {
		requester = p.Entra
	}
	if requester == "" {
		return "", nil
	}
	m, err := g.dir.Manager(ctx, requester)
	switch {
	case errors.Is(err, access.ErrNotFound):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("read the manager of %s: %w", requester, err)
	case !m.Enabled || m.Guest:
		return "", nil
	}
	return m.Entra, nil
}

// inactive finds those who are behind a change or gave an opinion of it, and are
// no enabled member of the tenant.
func (g *Gitops) inactive(ctx context.Context, in *review.Input) ([]string, error) {
	var ask []string
	add := func(u review.User) {
		if p, ok := in.Base.PersonByGitHub(u.ID); ok {
			ask = append(ask, p.Entra)
		}
	}
	for _, r := range in.Reviews {
		if r.State == review.Approved || r.State == review.ChangesRequested {
			add(r.User)
		}
	}
	for _, d := range in.Dismissals {
		add(d.By)
	}
	for _, u := range in.Pushers {
		add(u)
	}
	if in.Request == nil {
		add(in.Author)
	} else if in.Request.Requester != "" {
		ask = append(ask, in.Request.Requester)
	}
	return g.inactiveOf(ctx, ask)
}

// inactiveOf returns those of a list of Entra ids who are disabled, guests or
// gone.
func (g *Gitops) inactiveOf(ctx context.Context, ask []string) ([]string, error) {
	slices.Sort(ask)
	var out []string
	for _, id := range slices.Compact(ask) {
		u, err := g.dir.User(ctx, id)
		if err != nil && !errors.Is(err, access.ErrNotFound) {
			return nil, fmt.Errorf("read whether %s is enabled: %w", id, err)
		}
		if err != nil || !u.Enabled || u.Guest {
			out = append(out, id)
		}
	}
	return out, nil
}

// teams reads the members of every team that people.yaml names and something
// refers to.
func (g *Gitops) teams(ctx context.Context, base *config.Repo) (map[string][]int64, error) {
	out := map[string][]int64{}
	for _, name := range namedTeams(base) {
		team, ok := base.People.Teams[name]
		if !ok {
			continue
		}
		ids, err := g.rosters.members(ctx, g.host, team.ID)
		if err != nil {
			return nil, fmt.Errorf("read members of team %s: %w", name, err)
		}
		out[name] = ids
	}
	return out, nil
}

// rosters keeps the members of teams for one look, in which many pull requests
// ask for the same ones.
type rosters struct {
	// mu guards what follows.
	mu   sync.Mutex
	byID map[int64][]int64
	// inside are the members of the organization; nil until they are read.
	inside []int64
}

// forget has every team read again.
func (r *rosters) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byID, r.inside = map[int64][]int64{}, nil
}

// members returns the members of a team; one that does not exist has none.
func (r *rosters) members(ctx context.Context, host Teams, team int64) ([]int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ids, ok := r.byID[team]; ok {
		return ids, nil
	}
	ids, err := host.TeamMembers(ctx, team)
	if errors.Is(err, ErrNotFound) {
		ids, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	r.byID[team] = ids
	return ids, nil
}

// TeamMembers implements [access.TeamReader]. The answer may be as old as the
// last look.
func (g *Gitops) TeamMembers(ctx context.Context, team int64) ([]int64, error) {
	return g.rosters.members(ctx, g.host, team)
}

// namedTeams returns the teams that rules and owners refer to, sorted.
func namedTeams(base *config.Repo) []string {
	var names []string
	add := func(refs []config.ApproverRef) {
		for _, r := range refs {
			if r.Kind == config.ApproverTeam && !slices.Contains(names, r.Name) {
				names = append(names, r.Name)
			}
		}
	}
	steps := func(s config.Steps) {
		for _, st := range s {
			add(st.Approvers)
		}
	}
	steps(base.Access.ControlPlane)
	for _, r := range base.Access.Approvals {
		steps(r.Steps)
		add(r.Requesters)
	}
	add(base.Access.Onboarding.Approvers)
	for _, a := range base.Accounts {
		add(a.Owners)
	}
	for _, f := range base.Groups {
		add(f.Owners)
	}
	for _, f := range base.Users {
		add(f.Owners)
	}
	slices.Sort(names)
	return names
}

// members reads the direct members of every group the change is about.
func (g *Gitops) members(ctx context.Context, c config.Change) (map[string][]string, error) {
	out := map[string][]string{}
	for _, list := range [][]config.AssignmentChange{c.Added, c.Lengthened, c.Shortened, c.Removed} {
		for _, a := range list {
			who := a.Assignment.Principal
			if who.Kind != config.GroupPrincipal {
				continue
			}
			if err := g.membersOf(ctx, out, who.ID); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// membersOf reads the direct members of a group into a map, once. A group that
// does not exist has none.
func (g *Gitops) membersOf(ctx context.Context, into map[string][]string, group string) error {
	if _, done := into[group]; done {
		return nil
	}
	people, err := g.dir.DirectMembers(ctx, group)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return fmt.Errorf("read members of group/%s: %w", group, err)
	}
	ids := make([]string, 0, len(people))
	for _, p := range people {
		ids = append(ids, p.Entra)
	}
	into[group] = ids
	return nil
}

// askers finds who asked for the grants that the change takes out.
func (g *Gitops) askers(ctx context.Context, base, head *config.Repo) (map[string][]string, error) {
	kept := map[config.GrantKey]bool{}
	for _, ref := range head.Grants() {
		kept[ref.Key] = true
	}
	out := map[string][]string{}
	for _, ref := range base.Grants() {
		id := ref.Grant.Request
		if kept[ref.Key] || id == "" || out[id] != nil {
			continue
		}
		rec, ok, err := g.state.Pull(ctx, access.ID(id))
		if err != nil {
			return nil, fmt.Errorf("look up who asked for %s: %w", id, err)
		}
		if ok && rec.Principal == ref.File.Principal {
			out[id] = append([]string{rec.Requester}, rec.JoinedIDs()...)
		}
	}
	return out, nil
}

// pushers reads who pushed to a branch up to a time (zero: ever); false when
// GitHub does not name one of them.
func (g *Gitops) pushers(ctx context.Context, p *Pull) ([]review.User, bool, error) {
	log, err := g.host.Activity(ctx, p.HeadRef)
	if errors.Is(err, ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read activity of %s: %w", p.HeadRef, err)
	}
	known, moved := true, false
	var users []review.User
	for _, a := range log {
		if a.Kind == "branch_deletion" || p.Merged() && a.At.After(p.MergedAt) {
			continue
		}
		moved = true
		if a.Actor == nil {
			known = false
			continue
		}
		if !slices.ContainsFunc(users, func(u review.User) bool { return u.ID == a.Actor.ID }) {
			users = append(users, *a.Actor)
		}
	}
	// A branch without any activity was not made by nobody.
	return users, known && moved, nil
}
