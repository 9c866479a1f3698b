package identitycenter

import (
	"context"
	"errors"
	"strings"

	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/types"
)

// How the Entra ids of members are learnt that are not known yet: more than
// listFrom of them from lists of all users, a hundred a call, and what those
// leave one by one. At most listPages are read, which takes some seconds: a
// tenant may have a thousand times the members of a group.
const (
	listFrom  = 20
	listPages = 50
)

// Members implements provision.IdentityStore. Whose id in the identity store is
// whose in Entra never changes, so it is asked once per user.
func (c *Client) Members(ctx context.Context, groupID string) ([]string, error) {
	_, storeID, err := c.Instance(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	err = pages("list members of group "+groupID, func(token *string) (*string, error) {
		out, err := c.store.ListGroupMemberships(ctx, &identitystore.ListGroupMembershipsInput{IdentityStoreId: &storeID, GroupId: &groupID, MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, m := range out.GroupMemberships {
			if u, ok := m.MemberId.(*types.MemberIdMemberUserId); ok {
				ids = append(ids, u.Value)
			}
		}
		return out.NextToken, nil
	})
	if err != nil {
		return nil, err
	}
	if err := c.identify(ctx, storeID, ids); err != nil {
		return nil, err
	}
	var out []string
	for _, id := range ids {
		if entra := c.entraOf(id); entra != "" {
			out = append(out, entra)
		}
	}
	return out, nil
}

// entraOf returns the Entra object id of a user by that in the identity store,
// "" when it is not known.
func (c *Client) entraOf(id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.people[id]
}

// strangers returns those of the users whose Entra id is not known.
func (c *Client) strangers(ids []string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, id := range ids {
		if c.people[id] == "" {
			out = append(out, id)
		}
	}
	return out
}

// identify learns the Entra ids of users. What was learnt before an error is
// kept, so that the next try has less to do.
func (c *Client) identify(ctx context.Context, storeID string, ids []string) error {
	left := c.strangers(ids)
	if len(left) > listFrom {
		n := 0
		err := pages("list users", func(token *string) (*string, error) {
			out, err := c.store.ListUsers(ctx, &identitystore.ListUsersInput{IdentityStoreId: &storeID, MaxResults: aws.Int32(pageSize), NextToken: token})
			if err != nil {
				return nil, err
			}
			for _, u := range out.Users {
				c.meet(aws.ToString(u.UserId), u.ExternalIds)
			}
			if left, n = c.strangers(left), n+1; len(left) == 0 || n >= min(listPages, len(ids)) {
				return nil, nil
			}
			return out.NextToken, nil
		})
		if err != nil && !errors.Is(err, fault.ErrDenied) { // which is a right that an older policy does not have
			return err
		}
	}
	for _, id := range left {
		u, err := c.store.DescribeUser(ctx, &identitystore.DescribeUserInput{IdentityStoreId: &storeID, UserId: &id})
		if missing(err) {
			continue // deleted since he was listed
		}
		if err != nil {
			return awsclient.Mapped("describe user "+id, err)
		}
		c.meet(id, u.ExternalIds)
	}
	return nil
}

// meet keeps the Entra id of a user. One without any is asked for again: he was
// made by hand, and SCIM may take him over.
func (c *Client) meet(id string, externals []types.ExternalId) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range externals {
		if c.issuer != "" && aws.ToString(x.Issuer) != c.issuer {
			continue
		}
		c.people[id] = strings.ToLower(aws.ToString(x.Id))
		return
	}
}
