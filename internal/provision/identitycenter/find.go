package identitycenter

import (
	"context"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/types"
)

// callsEach is how many calls it takes to find one group or user by itself.
const callsEach = 2

// search is a group or user as it is looked for in lists.
type search struct {
	entra string // object id, in small letters
	name  string
	who   config.Principal
}

// FindMany implements provision.IdentityStore: by lists of everything, a hundred
// a call, as long as that takes fewer calls than to look for each.
func (c *Client) FindMany(ctx context.Context, wanted []provision.Wanted) (found map[config.Principal]provision.Found, whole bool, err error) {
	_, storeID, err := c.Instance(ctx)
	if err != nil {
		return nil, false, err
	}
	found = make(map[config.Principal]provision.Found, len(wanted))
	groups, users := map[string]search{}, map[string]search{}
	for _, w := range wanted {
		s := search{strings.ToLower(w.Principal.ID), w.Name, w.Principal}
		if w.Principal.Kind == config.UserPrincipal {
			users[s.entra] = s
		} else {
			groups[s.entra] = s
		}
	}
	wholeGroups, err := c.listFor("list groups", groups, func(token *string) (*string, error) {
		res, err := c.store.ListGroups(ctx, &identitystore.ListGroupsInput{IdentityStoreId: &storeID, MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, g := range res.Groups {
			if s, ok := c.take(groups, g.ExternalIds, aws.ToString(g.DisplayName)); ok {
				found[s.who] = provision.Found{ID: aws.ToString(g.GroupId)}
			}
		}
		return res.NextToken, nil
	})
	if err != nil {
		return nil, false, err
	}
	wholeUsers, err := c.listFor("list users", users, func(token *string) (*string, error) {
		res, err := c.store.ListUsers(ctx, &identitystore.ListUsersInput{IdentityStoreId: &storeID, MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, u := range res.Users {
			c.meet(aws.ToString(u.UserId), u.ExternalIds)
			if s, ok := c.take(users, u.ExternalIds, aws.ToString(u.UserName)); ok {
				found[s.who] = provision.Found{ID: aws.ToString(u.UserId), Asleep: u.UserStatus == types.UserStatusDisabled}
			}
		}
		return res.NextToken, nil
	})
	if err != nil {
		return nil, false, err
	}
	return found, wholeGroups && wholeUsers, nil
}

// listFor reads a list until nobody is left to be found, or until it has taken
// as many calls as looking for each would have. whole is whether whoever is left
// is not in it.
func (c *Client) listFor(op string, left map[string]search, page func(token *string) (*string, error)) (whole bool, err error) {
	most, n := callsEach*len(left), 0
	if most == 0 {
		return true, nil
	}
	err = pages(op, func(token *string) (*string, error) {
		next, err := page(token)
		n, whole = n+1, len(left) == 0 || aws.ToString(next) == ""
		if err == nil && (whole || n >= most) {
			return nil, nil
		}
		return next, err
	})
	return whole && err == nil, err
}

// take takes whoever has one of the external ids out of those who are left: of
// the known issuer, else with the name that was looked for; see FindGroup.
func (c *Client) take(left map[string]search, externals []types.ExternalId, name string) (search, bool) {
	c.mu.Lock()
	issuer := c.issuer
	c.mu.Unlock()
	for _, x := range externals {
		s, ok := left[strings.ToLower(aws.ToString(x.Id))]
		if !ok || issuer != "" && aws.ToString(x.Issuer) != issuer || issuer == "" && (s.name == "" || !strings.EqualFold(s.name, name)) {
			continue
		}
		if issuer == "" {
			c.learn(aws.ToString(x.Issuer))
		}
		delete(left, s.entra)
		return s, true
	}
	return search{}, false
}
