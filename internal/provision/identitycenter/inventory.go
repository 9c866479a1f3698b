package identitycenter

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"aws-access-bot/config"
	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/provision/awsclient"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
)

var (
	_ importer.Catalog  = (*Client)(nil)
	_ importer.People   = (*Client)(nil)
	_ importer.Assigned = (*Client)(nil)
)

// Place implements importer.Catalog. The region is the instance's own where
// AWS says it, since an instance may be served in several, else that of the
// client.
func (c *Client) Place(ctx context.Context) (importer.Place, error) {
	arn, store, err := c.Instance(ctx)
	if err != nil {
		return importer.Place{}, err
	}
	out := importer.Place{Region: c.sso.Options().Region, StoreID: store}
	err = pages("list identity center instances", func(token *string) (*string, error) {
		page, err := c.sso.ListInstances(ctx, &ssoadmin.ListInstancesInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, i := range page.Instances {
			if aws.ToString(i.InstanceArn) == arn {
				out.Region = cmp.Or(aws.ToString(i.PrimaryRegion), out.Region)
			}
		}
		return page.NextToken, nil
	})
	return out, unlisted(err)
}

// StoreGroups implements importer.People.
func (c *Client) StoreGroups(ctx context.Context) ([]importer.Group, error) {
	_, store, err := c.Instance(ctx)
	if err != nil {
		return nil, err
	}
	var out []importer.Group
	err = pages("list groups of the identity store", func(token *string) (*string, error) {
		page, err := c.store.ListGroups(ctx, &identitystore.ListGroupsInput{IdentityStoreId: &store, MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, g := range page.Groups {
			if aws.ToString(g.GroupId) == "" {
				return nil, errors.New("a group without an id")
			}
			out = append(out, importer.Group{ID: *g.GroupId, ExternalIDs: externalIDs(g.ExternalIds), Name: aws.ToString(g.DisplayName)})
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, unlisted(err)
	}
	return out, nil
}

// StoreUsers implements importer.People. The list is never nil.
func (c *Client) StoreUsers(ctx context.Context) ([]importer.User, error) {
	_, store, err := c.Instance(ctx)
	if err != nil {
		return nil, err
	}
	out := []importer.User{}
	err = pages("list users of the identity store", func(token *string) (*string, error) {
		page, err := c.store.ListUsers(ctx, &identitystore.ListUsersInput{IdentityStoreId: &store, MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, u := range page.Users {
			if aws.ToString(u.UserId) == "" {
				return nil, errors.New("a user without an id")
			}
			out = append(out, importer.User{ID: *u.UserId, ExternalIDs: externalIDs(u.ExternalIds), Name: aws.ToString(u.UserName)})
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, unlisted(err)
	}
	return out, nil
}

// StoreUser implements importer.People.
func (c *Client) StoreUser(ctx context.Context, id string) (importer.User, bool, error) {
	_, store, err := c.Instance(ctx)
	if err != nil {
		return importer.User{}, false, err
	}
	u, err := c.store.DescribeUser(ctx, &identitystore.DescribeUserInput{IdentityStoreId: &store, UserId: &id})
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) && missing.ResourceType != types.ResourceTypeIdentityStore {
		return importer.User{}, false, nil
	}
	if err != nil {
		return importer.User{}, false, unlisted(awsclient.Mapped("describe user "+id, err))
	}
	return importer.User{ID: id, ExternalIDs: externalIDs(u.ExternalIds), Name: aws.ToString(u.UserName)}, true, nil
}

func externalIDs(list []types.ExternalId) []string {
	var out []string
	for _, x := range list {
		out = append(out, aws.ToString(x.Id))
	}
	return out
}

// AssignmentsIn implements importer.Assigned.
func (c *Client) AssignmentsIn(ctx context.Context, p config.Pair) ([]importer.Assignment, error) {
	list, err := c.Assignments(ctx, p)
	if err != nil {
		return nil, err
	}
	var out []importer.Assignment
	for _, l := range list {
		out = append(out, importer.Assignment{Pair: p, Kind: l.Kind, PrincipalID: l.PrincipalID})
	}
	return out, nil
}

// HeldBy implements importer.Assigned (API reference,
// ListAccountAssignmentsForPrincipal: a user's list has those of the user's
// groups, which name the group).
func (c *Client) HeldBy(ctx context.Context, kind config.PrincipalKind, id string) ([]importer.Assignment, error) {
	op := fmt.Sprintf("list assignments of %s %s", kind, id)
	instance, _, err := c.Instance(ctx)
	if err != nil {
		return nil, err
	}
	var out []importer.Assignment
	err = pages(op, func(token *string) (*string, error) {
		page, err := c.sso.ListAccountAssignmentsForPrincipal(ctx, &ssoadmin.ListAccountAssignmentsForPrincipalInput{
			InstanceArn: &instance, PrincipalId: &id, PrincipalType: principalType(kind), MaxResults: aws.Int32(pageSize), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, a := range page.AccountAssignments {
			one, err := c.principalAssignment(ctx, a)
			if err != nil {
				return nil, err
			}
			out = append(out, one)
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, unlisted(err)
	}
	return out, nil
}

// principalAssignment refuses what it does not understand.
func (c *Client) principalAssignment(ctx context.Context, a ssotypes.AccountAssignmentForPrincipal) (importer.Assignment, error) {
	live, err := liveAssignment(ssotypes.AccountAssignment{PrincipalId: a.PrincipalId, PrincipalType: a.PrincipalType})
	if err != nil {
		return importer.Assignment{}, err
	}
	if aws.ToString(a.AccountId) == "" {
		return importer.Assignment{}, errors.New("an assignment without an account")
	}
	set, err := c.setName(ctx, aws.ToString(a.PermissionSetArn))
	if err != nil {
		return importer.Assignment{}, err
	}
	return importer.Assignment{Pair: config.Pair{Account: *a.AccountId, PermissionSet: set}, Kind: live.Kind, PrincipalID: live.PrincipalID}, nil
}
