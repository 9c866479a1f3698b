package access

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// Choice is an entry of a type-ahead list. Value is what Ask takes.
type Choice struct {
	Value string
	Label string
}

// Suggest returns at most n choices for a form field ("group", "account",
// "permission_set", "ou", "owners") that contain the typed text, those that begin with it
// first. Accounts that cannot be asked for are left out.
func (s *Service) Suggest(ctx context.Context, field, typed string, n int) ([]Choice, error) {
	force, err := s.inForce(ctx)
	if err != nil {
		return nil, err
	}
	all := choices(force.Repo, field)
	if field == FieldOU {
		all = s.units(ctx, force.Repo)
	}
	return narrow(all, typed, n), nil
}

// units are the OUs of the organization as of the last look, and those that
// account files name where it was not looked at.
func (s *Service) units(ctx context.Context, repo *config.Repo) []candidate {
	view, _ := s.estateView(ctx)
	paths := slices.Clone(view.OUs)
	if len(paths) == 0 {
		for _, a := range repo.Accounts {
			paths = append(paths, a.OU)
		}
	}
	slices.Sort(paths)
	var out []candidate
	for _, p := range slices.Compact(paths) {
		out = append(out, candidate{Choice: Choice{p, p}})
	}
	return out
}

// candidate is a choice with what else it is found by.
type candidate struct {
	Choice
	number string
}

func choices(repo *config.Repo, field string) []candidate {
	var out []candidate
	switch field {
	case "group":
		out = append(out, candidate{Choice: Choice{Me, "me: only you, with an end"}})
		for slug, g := range repo.Groups {
			out = append(out, candidate{Choice: Choice{slug, g.Name}})
		}
	case "account":
		for slug, a := range repo.Accounts {
			if repo.Requestable(a) == nil {
				out = append(out, candidate{Choice{slug, a.Name + " · " + a.ID[len(a.ID)-4:] + " · " + a.OU}, a.ID})
			}
		}
	case FieldOwners:
		for _, p := range repo.People.People {
			out = append(out, candidate{Choice: Choice{p.Email, p.Email}})
		}
		for name := range repo.People.Teams {
			out = append(out, candidate{Choice: Choice{"team:" + name, "team:" + name}, number: name})
		}
	case "permission_set":
		for _, name := range PermissionSets(repo) {
			out = append(out, candidate{Choice: Choice{name, name}})
		}
	}
	slices.SortFunc(out, func(a, b candidate) int {
		return cmp.Or(strings.Compare(a.Label, b.Label), strings.Compare(a.Value, b.Value))
	})
	return out
}

// narrow keeps what contains the typed text, in two runs: first what begins
// with it.
func narrow(all []candidate, typed string, n int) []Choice {
	typed = strings.ToLower(strings.TrimSpace(typed))
	var begin, contain []Choice
	for _, c := range all {
		text := strings.ToLower(c.Label + "\n" + c.Value + "\n" + c.number)
		switch {
		case strings.HasPrefix(text, typed), typed != "" && strings.HasPrefix(c.number, typed):
			begin = append(begin, c.Choice)
		case strings.Contains(text, typed):
			contain = append(contain, c.Choice)
		}
	}
	out := append(begin, contain...)
	return out[:min(n, len(out))]
}
