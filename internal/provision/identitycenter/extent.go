package identitycenter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
)

// AssignmentsOf implements provision.Principals. For a user AWS lists what his
// groups have too; that is left out.
func (c *Client) AssignmentsOf(ctx context.Context, who provision.LiveAssignment) ([]config.Pair, error) {
	instance, _, err := c.Instance(ctx)
	if err != nil {
		return nil, err
	}
	op := fmt.Sprintf("list assignments of %s %s", who.Kind, who.PrincipalID)
	var found []types.AccountAssignmentForPrincipal
	err = pages(op, func(token *string) (*string, error) {
		page, err := c.sso.ListAccountAssignmentsForPrincipal(ctx, &ssoadmin.ListAccountAssignmentsForPrincipalInput{
			InstanceArn: &instance, PrincipalId: &who.PrincipalID, PrincipalType: principalType(who.Kind), MaxResults: aws.Int32(pageSize), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		found = append(found, page.AccountAssignments...)
		return page.NextToken, nil
	})
	if err != nil {
		return nil, err
	}
	return c.pairsOf(ctx, op, who, found)
}

// pairsOf names the permission sets of a principal's assignments. One that
// cannot be named makes the whole reading fail: it must not look complete.
func (c *Client) pairsOf(ctx context.Context, op string, who provision.LiveAssignment, found []types.AccountAssignmentForPrincipal) ([]config.Pair, error) {
	var out []config.Pair
	for _, a := range found {
		live, err := liveAssignment(types.AccountAssignment{PrincipalId: a.PrincipalId, PrincipalType: a.PrincipalType})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		if live != who {
			continue
		}
		name, err := c.setName(ctx, aws.ToString(a.PermissionSetArn))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		if aws.ToString(a.AccountId) == "" {
			return nil, fmt.Errorf("%s: an assignment without an account", op)
		}
		out = append(out, config.Pair{Account: *a.AccountId, PermissionSet: name})
	}
	return out, nil
}

// setName returns the name of a permission set. One that is not known is
// looked up, since it is newer than the list of names.
func (c *Client) setName(ctx context.Context, arn string) (string, error) {
	for attempt := 0; ; attempt++ {
		if name, ok := c.knownName(arn); ok {
			return name, nil
		}
		if attempt > 0 {
			return "", errors.New("permission set " + arn + " is not in the list of permission sets")
		}
		if _, err := c.names(ctx); err != nil {
			return "", err
		}
	}
}

// knownName takes the name of a permission set from memory. That a name never
// changes makes it good for as long as the set exists.
func (c *Client) knownName(arn string) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name, ok := c.byARN[arn]
	return name, ok
}

// SetNames implements provision.Extent.
func (c *Client) SetNames(ctx context.Context) ([]string, error) {
	sets, err := c.PermissionSets(ctx)
	return slices.Sorted(maps.Keys(sets)), err
}

// HasSet implements provision.Extent.
func (c *Client) HasSet(ctx context.Context, name string) (bool, error) {
	_, err := c.setARN(ctx, name)
	if errors.Is(err, fault.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// AccountsWith implements provision.Extent. A set that was deleted meanwhile
// is nowhere.
func (c *Client) AccountsWith(ctx context.Context, set string) ([]string, error) {
	instance, arn, err := c.pair(ctx, set)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	err = pages("list accounts with "+set, func(token *string) (*string, error) {
		page, err := c.sso.ListAccountsForProvisionedPermissionSet(ctx, &ssoadmin.ListAccountsForProvisionedPermissionSetInput{
			InstanceArn: &instance, PermissionSetArn: &arn, MaxResults: aws.Int32(pageSize), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		out = append(out, page.AccountIds...)
		return page.NextToken, nil
	})
	if errors.Is(err, fault.ErrNotFound) {
		c.forgetSets()
		return nil, unlisted(err)
	}
	return out, err
}
