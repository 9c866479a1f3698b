package identitycenter

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
)

// Held implements provision.Holdings. Both lists for a principal answer the
// management account only (API reference: ListAccountAssignmentsForPrincipal
// "must be called from the management account";
// ListApplicationAssignmentsForPrincipal needs a filter elsewhere). Elsewhere
// account assignments are found by walking every permission set and account,
// and applications are said to be unread.
func (c *Client) Held(ctx context.Context, kind config.PrincipalKind, id string) (provision.Holding, error) {
	instance, _, err := c.Instance(ctx)
	if err != nil {
		return provision.Holding{}, err
	}
	sets, err := c.PermissionSets(ctx)
	if err != nil {
		return provision.Holding{}, err
	}
	var h provision.Holding
	h.Accounts, err = c.heldAccounts(ctx, instance, kind, id, sets)
	if errors.Is(err, fault.ErrDenied) || errors.Is(err, fault.ErrNotFound) {
		h.Accounts, err = c.walk(ctx, instance, provision.LiveAssignment{PrincipalID: id, Kind: kind}, sets)
	}
	if err != nil {
		return provision.Holding{}, err
	}
	h.Applications, err = c.heldApplications(ctx, instance, kind, id)
	if errors.Is(err, fault.ErrDenied) || errors.Is(err, fault.ErrInvalid) {
		h.ApplicationsUnread, err = true, nil
	}
	return h, err
}

// heldAccounts asks for a principal's assignments. Those that a user has by a
// group name the group and are left out.
func (c *Client) heldAccounts(ctx context.Context, instance string, kind config.PrincipalKind, id string, sets map[string]string) ([]config.Pair, error) {
	names := map[string]string{}
	for name, arn := range sets {
		names[arn] = name
	}
	var out []config.Pair
	err := pages("list account assignments of "+string(kind)+" "+id, func(token *string) (*string, error) {
		page, err := c.sso.ListAccountAssignmentsForPrincipal(ctx, &ssoadmin.ListAccountAssignmentsForPrincipalInput{
			InstanceArn: &instance, PrincipalId: &id, PrincipalType: principalType(kind), MaxResults: aws.Int32(pageSize), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, a := range page.AccountAssignments {
			if aws.ToString(a.PrincipalId) != id || a.PrincipalType != principalType(kind) {
				continue
			}
			set := aws.ToString(a.PermissionSetArn)
			if name := names[set]; name != "" {
				set = name
			}
			out = append(out, config.Pair{Account: aws.ToString(a.AccountId), PermissionSet: set})
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// walk looks through every account in which a permission set is provisioned.
func (c *Client) walk(ctx context.Context, instance string, who provision.LiveAssignment, sets map[string]string) ([]config.Pair, error) {
	var out []config.Pair
	for name, arn := range sets {
		accounts, err := c.provisioned(ctx, instance, name, arn)
		if err != nil {
			return nil, err
		}
		for _, account := range accounts {
			live, err := c.list(ctx, fmt.Sprintf("list assignments of %s in account %s", name, account), instance, arn, account)
			if err != nil {
				return nil, unlisted(err)
			}
			if slices.Contains(live, who) {
				out = append(out, config.Pair{Account: account, PermissionSet: name})
			}
		}
	}
	return out, nil
}

// provisioned lists the accounts in which a permission set is provisioned.
func (c *Client) provisioned(ctx context.Context, instance, name, arn string) ([]string, error) {
	var out []string
	err := pages("list accounts of permission set "+name, func(token *string) (*string, error) {
		page, err := c.sso.ListAccountsForProvisionedPermissionSet(ctx, &ssoadmin.ListAccountsForProvisionedPermissionSetInput{
			InstanceArn: &instance, PermissionSetArn: &arn, MaxResults: aws.Int32(pageSize), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		out = append(out, page.AccountIds...)
		return page.NextToken, nil
	})
	return out, unlisted(err)
}

// heldApplications counts the applications that a principal is assigned to. One
// that AWS does not find any more is assigned to none.
func (c *Client) heldApplications(ctx context.Context, instance string, kind config.PrincipalKind, id string) (int, error) {
	n := 0
	err := pages("list application assignments of "+string(kind)+" "+id, func(token *string) (*string, error) {
		page, err := c.sso.ListApplicationAssignmentsForPrincipal(ctx, &ssoadmin.ListApplicationAssignmentsForPrincipalInput{
			InstanceArn: &instance, PrincipalId: &id, PrincipalType: principalType(kind), MaxResults: aws.Int32(pageSize), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, a := range page.ApplicationAssignments {
			if aws.ToString(a.PrincipalId) == id {
				n++
			}
		}
		return page.NextToken, nil
	})
	if errors.Is(err, fault.ErrNotFound) {
		return 0, nil
	}
	return n, err
}

var _ provision.Holdings = (*Client)(nil)
