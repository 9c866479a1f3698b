package identitycenter

import (
	"context"
	"errors"
	"fmt"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
)

// Assignments implements provision.Assignments. A set that was never
// provisioned in the account is an empty list, or a resource that AWS does not
// find; so is a set that was deleted, and that is told apart.
func (c *Client) Assignments(ctx context.Context, pair config.Pair) ([]provision.LiveAssignment, error) {
	instance, arn, err := c.pair(ctx, pair.PermissionSet)
	if err != nil {
		return nil, err
	}
	op := fmt.Sprintf("list assignments of %s in account %s", pair.PermissionSet, pair.Account)
	live, err := c.list(ctx, op, instance, arn, pair.Account)
	if !errors.Is(err, fault.ErrNotFound) {
		return live, err
	}
	switch _, err := c.describe(ctx, instance, arn); {
	case err == nil:
		return nil, nil
	case !errors.Is(err, fault.ErrNotFound):
		return nil, err
	}
	c.forgetSets()
	if _, err := c.setARN(ctx, pair.PermissionSet); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%s: the permission set was made anew while it was read", op)
}

// list reads the assignments of a pair to the end. fault.ErrNotFound means
// that the first page was refused so.
func (c *Client) list(ctx context.Context, op, instance, arn, account string) ([]provision.LiveAssignment, error) {
	var out []provision.LiveAssignment
	begun := false
	err := pages(op, func(token *string) (*string, error) {
		page, err := c.sso.ListAccountAssignments(ctx, &ssoadmin.ListAccountAssignmentsInput{
			InstanceArn: &instance, AccountId: &account, PermissionSetArn: &arn, MaxResults: aws.Int32(pageSize), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		begun = true
		for _, a := range page.AccountAssignments {
			live, err := liveAssignment(a)
			if err != nil {
				return nil, err
			}
			out = append(out, live)
		}
		return page.NextToken, nil
	})
	if begun {
		err = unlisted(err)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// liveAssignment refuses what it does not understand: a read that leaves
// something out must not look complete.
func liveAssignment(a types.AccountAssignment) (provision.LiveAssignment, error) {
	kind, ok := map[types.PrincipalType]config.PrincipalKind{
		types.PrincipalTypeGroup: config.GroupPrincipal, types.PrincipalTypeUser: config.UserPrincipal,
	}[a.PrincipalType]
	id := aws.ToString(a.PrincipalId)
	if !ok || id == "" {
		return provision.LiveAssignment{}, fmt.Errorf("principal %q of type %q is not understood", id, a.PrincipalType)
	}
	return provision.LiveAssignment{PrincipalID: id, Kind: kind}, nil
}

// pair returns what a pair is called in AWS. Only a permission set that is
// missing in the complete list of names is fault.ErrNotFound.
func (c *Client) pair(ctx context.Context, set string) (instance, arn string, err error) {
	if instance, _, err = c.Instance(ctx); err != nil {
		return "", "", err
	}
	arn, err = c.setARN(ctx, set)
	return instance, arn, err
}

func principalType(k config.PrincipalKind) types.PrincipalType {
	if k == config.UserPrincipal {
		return types.PrincipalTypeUser
	}
	return types.PrincipalTypeGroup
}

// Create implements provision.Assignments.
func (c *Client) Create(ctx context.Context, t provision.Target) (string, error) {
	op := writeOp("create", t)
	instance, arn, err := c.pair(ctx, t.Pair.PermissionSet)
	if err != nil {
		return "", fmt.Errorf("%s: %w", op, err)
	}
	out, err := c.sso.CreateAccountAssignment(ctx, &ssoadmin.CreateAccountAssignmentInput{
		InstanceArn: &instance, PermissionSetArn: &arn, PrincipalId: &t.PrincipalID, PrincipalType: principalType(t.Kind),
		TargetId: &t.Pair.Account, TargetType: types.TargetTypeAwsAccount,
	}, c.writing)
	if err != nil {
		return "", c.refused(op, err)
	}
	return requestID(op, out.AccountAssignmentCreationStatus)
}

// Delete implements provision.Assignments.
func (c *Client) Delete(ctx context.Context, t provision.Target) (string, error) {
	op := writeOp("delete", t)
	instance, arn, err := c.pair(ctx, t.Pair.PermissionSet)
	if err != nil {
		return "", fmt.Errorf("%s: %w", op, err)
	}
	out, err := c.sso.DeleteAccountAssignment(ctx, &ssoadmin.DeleteAccountAssignmentInput{
		InstanceArn: &instance, PermissionSetArn: &arn, PrincipalId: &t.PrincipalID, PrincipalType: principalType(t.Kind),
		TargetId: &t.Pair.Account, TargetType: types.TargetTypeAwsAccount,
	}, c.writing)
	if err != nil {
		return "", c.refused(op, err)
	}
	return requestID(op, out.AccountAssignmentDeletionStatus)
}

func writeOp(verb string, t provision.Target) string {
	return fmt.Sprintf("%s assignment of %s in account %s for %s %s", verb, t.Pair.PermissionSet, t.Pair.Account, t.Kind, t.PrincipalID)
}

// refused maps the error of a write. What was not found may be a permission
// set that has another ARN by now, so the names are read again.
func (c *Client) refused(op string, err error) error {
	err = awsclient.Mapped(op, err)
	if errors.Is(err, fault.ErrNotFound) {
		c.forgetSets()
	}
	return err
}

// requestID takes the id of an accepted write from its answer.
func requestID(op string, s *types.AccountAssignmentOperationStatus) (string, error) {
	if s == nil || aws.ToString(s.RequestId) == "" {
		return "", fmt.Errorf("%s: no request id in the answer", op)
	}
	return *s.RequestId, nil
}
