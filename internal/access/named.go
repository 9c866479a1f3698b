package access

import (
	"context"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// Controls reports whether the person stands under control_plane in the config
// in force; false as well when that cannot be found out.
func (s *Service) Controls(ctx context.Context, by Person) bool {
	force, err := s.Commits.InForce(ctx)
	return err == nil && s.controls(ctx, force.Repo, by)
}

func (s *Service) controls(ctx context.Context, repo *config.Repo, by Person) bool {
	return slices.ContainsFunc(repo.Access.ControlPlane, func(st config.Step) bool { return s.named(ctx, repo, by, st.Approvers) })
}

// owns reports whether the person is named as an owner of the account or the
// group of w.
func (s *Service) owns(ctx context.Context, repo *config.Repo, by Person, w Want) bool {
	if a, ok := repo.AccountByID(w.AccountID); ok && s.named(ctx, repo, by, a.Owners) {
		return true
	}
	g, ok := repo.PrincipalFile(w.Principal)
	return ok && s.named(ctx, repo, by, g.Owners)
}

// named reports whether a list names the person: by the e-mail address of his
// entry in people.yaml, which the directory or chat cannot change, or as a
// member of a GitHub team. A team that cannot be read in time names nobody.
func (s *Service) named(ctx context.Context, repo *config.Repo, by Person, list []config.ApproverRef) bool {
	person, ok := repo.PersonByEntra(by.Entra)
	if !ok {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, memberFor)
	defer cancel()
	return slices.ContainsFunc(list, func(a config.ApproverRef) bool {
		switch a.Kind {
		case config.ApproverEmail:
			return strings.EqualFold(a.Name, person.Email)
		case config.ApproverTeam:
			return s.inTeam(ctx, repo, person, a.Name)
		default:
			return false
		}
	})
}

// inTeam reports whether a person's GitHub account is in a team of people.yaml.
func (s *Service) inTeam(ctx context.Context, repo *config.Repo, person *config.Person, name string) bool {
	team, ok := repo.People.Teams[name]
	if !ok || s.Teams == nil || person.GitHub == nil {
		return false
	}
	members, err := s.Teams.TeamMembers(ctx, team.ID)
	return err == nil && slices.Contains(members, person.GitHub.ID)
}
