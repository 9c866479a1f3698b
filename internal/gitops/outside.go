package gitops

import (
	"context"
	"fmt"
	"slices"

	"aws-access-bot/config"
)

// outside returns the GitHub ids of linked people who are not in the
// organization that has the repository: outside collaborators, and those who
// left it.
func (g *Gitops) outside(ctx context.Context, base *config.Repo) ([]int64, error) {
	inside, err := g.rosters.insiders(ctx, g.host)
	if err != nil {
		return nil, fmt.Errorf("read the members of the organization: %w", err)
	}
	var out []int64
	for _, p := range base.People.People {
		if p.GitHub != nil && !slices.Contains(inside, p.GitHub.ID) {
			out = append(out, p.GitHub.ID)
		}
	}
	return out, nil
}

// insiders returns the members of the organization, read once in a look.
func (r *rosters) insiders(ctx context.Context, host Organization) ([]int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inside != nil {
		return r.inside, nil
	}
	ids, err := host.Insiders(ctx)
	if err != nil {
		return nil, err
	}
	r.inside = ids
	return ids, nil
}
