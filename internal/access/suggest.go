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
// "permission_set") that contain the typed text, those that begin with it
// first. Accounts that cannot be asked for are left out.
func (s *Service) Suggest(ctx context.Context, field, typed string, n int) ([]Choice, error) {
	force, err := s.inForce(ctx)
	if err != nil {
		return nil, err
	}
	return narrow(choices(force.Repo, field), typed, n), nil
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
