package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
)

// Memberships lists the groups that a user is a direct member of, by Entra object
// id. Entra provisions direct members only.
type Memberships interface {
	GroupsOf(ctx context.Context, entra string) ([]string, error)
}

// Usable is access that a person can use now.
type Usable struct {
	AccountID, AccountSlug, AccountName string
	PermissionSet                       string
	// End is when the last of it ends, zero for never.
	End time.Time
}

// Usable returns what a person may use, through his groups and by grants of his
// own, sorted by account and permission set: what the config in force gives and
// was read back in AWS. waiting counts what was not read back.
func (s *Service) Usable(ctx context.Context, by Person) (usable []Usable, waiting int, err error) {
	force, err := s.inForce(ctx)
	if err != nil {
		return nil, 0, err
	}
	if s.Memberships == nil || s.Grants == nil {
		return nil, 0, errors.New("nobody tells who is in which group, or what is live")
	}
	groups, err := s.Memberships.GroupsOf(ctx, by.Entra)
	if err != nil {
		return nil, 0, fmt.Errorf("groups of %s: %w", by.Entra, err)
	}
	who := []config.Principal{{Kind: config.UserPrincipal, ID: by.Entra}}
	for _, g := range groups {
		who = append(who, config.Principal{Kind: config.GroupPrincipal, ID: strings.ToLower(g)})
	}
	found, waits := map[config.Pair]Usable{}, map[config.Pair]bool{}
	for _, p := range who {
		for _, d := range force.Repo.DesiredOf(p, force.Starts, s.Now()) {
			f, err := s.Grants.GrantFacts(ctx, d.Assignment)
			if err != nil {
				return nil, 0, fmt.Errorf("whether %s is live: %w", d.Assignment, err)
			}
			account, ok := force.Repo.AccountByID(d.Assignment.Account)
			pair := d.Assignment.Pair()
			switch {
			case !ok:
			case f == nil || f.ReadBack.IsZero():
				waits[pair] = true
			default:
				found[pair] = longer(found, pair, Usable{account.ID, account.Slug, account.Name, d.Assignment.PermissionSet, d.End})
			}
		}
	}
	for pair, u := range found {
		delete(waits, pair)
		usable = append(usable, u)
	}
	slices.SortFunc(usable, func(a, b Usable) int {
		return cmp.Or(cmp.Compare(a.AccountSlug, b.AccountSlug), cmp.Compare(a.PermissionSet, b.PermissionSet))
	})
	return usable, len(waits), nil
}

// longer is that of two ways to the same which ends last.
func longer(found map[config.Pair]Usable, pair config.Pair, u Usable) Usable {
	if had, ok := found[pair]; ok && (had.End.IsZero() || !u.End.IsZero() && had.End.After(u.End)) {
		return had
	}
	return u
}
