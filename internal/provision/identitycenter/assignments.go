package identitycenter

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
)

// Assignments implements provision.Assignments.
func (c *Client) Assignments(ctx context.Context, pair config.Pair) ([]provision.LiveAssignment, error) {
	instance, arn, err := c.pair(ctx, pair.PermissionSet)
	if err != nil {
		return nil, err
	}
	op := fmt.Sprintf("list assignments of %s in account %s", pair.PermissionSet, pair.Account)
	in := &ssoadmin.ListAccountAssignmentsInput{InstanceArn: &instance, AccountId: &pair.Account, PermissionSetArn: &arn, MaxResults: aws.Int32(pageSize)}
	var out []provision.LiveAssignment
	tokens := map[string]bool{}
	for {
		if err := c.pace.wait(ctx); err != nil {
			return nil, err
		}
		page, err := c.sso.ListAccountAssignments(ctx, in, reading)
		err = c.pace.seen(awsclient.Mapped(op, err))
		if errors.Is(err, fault.ErrNotFound) {
			// A set that was never provisioned in the account. That the set
			// itself exists is known from the list of names.
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, a := range page.AccountAssignments {
			out = append(out, provision.LiveAssignment{PrincipalID: aws.ToString(a.PrincipalId), Kind: kindOf(a.PrincipalType)})
		}
		next := aws.ToString(page.NextToken)
		if next == "" {
			return out, nil
		}
		if tokens[next] {
			return nil, fmt.Errorf("%s: a page token came twice", op)
		}
		tokens[next] = true
		in.NextToken = &next
	}
}

func (c *Client) pair(ctx context.Context, set string) (instance, arn string, err error) {
	if instance, _, err = c.Instance(ctx); err != nil {
		return "", "", err
	}
	arn, err = c.setARN(ctx, set)
	return instance, arn, err
}

func kindOf(t types.PrincipalType) config.PrincipalKind {
	if t == types.PrincipalTypeUser {
		return config.UserPrincipal
	}
	return config.GroupPrincipal
}

func principalType(k config.PrincipalKind) types.PrincipalType {
	if k == config.UserPrincipal {
		return types.PrincipalTypeUser
	}
	return types.PrincipalTypeGroup
}

// Create implements provision.Assignments.
func (c *Client) Create(ctx context.Context, t provision.Target) (string, error) {
	instance, arn, err := c.pair(ctx, t.Pair.PermissionSet)
	if err != nil {
		return "", err
	}
	if err := c.pace.wait(ctx); err != nil {
		return "", err
	}
	out, err := c.sso.CreateAccountAssignment(ctx, &ssoadmin.CreateAccountAssignmentInput{
		InstanceArn: &instance, PermissionSetArn: &arn, PrincipalId: &t.PrincipalID, PrincipalType: principalType(t.Kind),
		TargetId: &t.Pair.Account, TargetType: types.TargetTypeAwsAccount,
	})
	op := fmt.Sprintf("create assignment of %s in account %s for %s", t.Pair.PermissionSet, t.Pair.Account, t.PrincipalID)
	if err := c.pace.seen(awsclient.Mapped(op, err)); err != nil {
		return "", err
	}
	if out.AccountAssignmentCreationStatus == nil || aws.ToString(out.AccountAssignmentCreationStatus.RequestId) == "" {
		return "", fmt.Errorf("%s: no request id in the answer", op)
	}
	return *out.AccountAssignmentCreationStatus.RequestId, nil
}

// Delete implements provision.Assignments.
func (c *Client) Delete(ctx context.Context, t provision.Target) (string, error) {
	instance, arn, err := c.pair(ctx, t.Pair.PermissionSet)
	if err != nil {
		return "", err
	}
	if err := c.pace.wait(ctx); err != nil {
		return "", err
	}
	out, err := c.sso.DeleteAccountAssignment(ctx, &ssoadmin.DeleteAccountAssignmentInput{
		InstanceArn: &instance, PermissionSetArn: &arn, PrincipalId: &t.PrincipalID, PrincipalType: principalType(t.Kind),
		TargetId: &t.Pair.Account, TargetType: types.TargetTypeAwsAccount,
	})
	op := fmt.Sprintf("delete assignment of %s in account %s for %s", t.Pair.PermissionSet, t.Pair.Account, t.PrincipalID)
	if err := c.pace.seen(awsclient.Mapped(op, err)); err != nil {
		return "", err
	}
	if out.AccountAssignmentDeletionStatus == nil || aws.ToString(out.AccountAssignmentDeletionStatus.RequestId) == "" {
		return "", fmt.Errorf("%s: no request id in the answer", op)
	}
	return *out.AccountAssignmentDeletionStatus.RequestId, nil
}

// Outcomes implements provision.Operations: one call (and its pages) tells of
// all operations that are in progress.
func (c *Client) Outcomes(ctx context.Context, a provision.Action) (map[string]provision.Status, error) {
	instance, _, err := c.Instance(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]provision.Status{}
	token := (*string)(nil)
	for {
		if err := c.pace.wait(ctx); err != nil {
			return nil, err
		}
		list, next, err := c.inProgress(ctx, instance, a, token)
		if err = c.pace.seen(awsclient.Mapped("list operations in progress", err)); err != nil {
			return nil, err
		}
		for _, m := range list {
			out[aws.ToString(m.RequestId)] = provision.Status(m.Status)
		}
		if aws.ToString(next) == "" {
			return out, nil
		}
		token = next
	}
}

func (c *Client) inProgress(ctx context.Context, instance string, a provision.Action, token *string) ([]types.AccountAssignmentOperationStatusMetadata, *string, error) {
	filter := &types.OperationStatusFilter{Status: types.StatusValuesInProgress}
	if a == provision.Delete {
		o, err := c.sso.ListAccountAssignmentDeletionStatus(ctx, &ssoadmin.ListAccountAssignmentDeletionStatusInput{InstanceArn: &instance, Filter: filter, MaxResults: aws.Int32(pageSize), NextToken: token}, reading)
		if err != nil {
			return nil, nil, err
		}
		return o.AccountAssignmentsDeletionStatus, o.NextToken, nil
	}
	o, err := c.sso.ListAccountAssignmentCreationStatus(ctx, &ssoadmin.ListAccountAssignmentCreationStatusInput{InstanceArn: &instance, Filter: filter, MaxResults: aws.Int32(pageSize), NextToken: token}, reading)
	if err != nil {
		return nil, nil, err
	}
	return o.AccountAssignmentsCreationStatus, o.NextToken, nil
}

// Outcome implements provision.Operations.
func (c *Client) Outcome(ctx context.Context, a provision.Action, requestID string) (provision.Outcome, error) {
	instance, _, err := c.Instance(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	if err := c.pace.wait(ctx); err != nil {
		return provision.Outcome{}, err
	}
	status, err := c.status(ctx, instance, a, requestID)
	if err := c.pace.seen(awsclient.Mapped("describe operation "+requestID, err)); err != nil {
		return provision.Outcome{}, err
	}
	if status == nil {
		return provision.Outcome{}, fmt.Errorf("describe operation %s: no status in the answer", requestID)
	}
	out := provision.Outcome{Status: provision.Status(status.Status), Reason: aws.ToString(status.FailureReason)}
	if a == provision.Delete && out.Status == provision.Failed && gone(out.Reason) {
		out = provision.Outcome{Status: provision.Succeeded}
	}
	return out, nil
}

// gone recognises the reason of a deletion that found nothing to delete (seen
// live: "Received a 404 status error: EntitlementItem doesn't exist with the
// given entitlement key …").
func gone(reason string) bool {
	return strings.Contains(reason, "EntitlementItem doesn't exist")
}

func (c *Client) status(ctx context.Context, instance string, a provision.Action, id string) (*types.AccountAssignmentOperationStatus, error) {
	if a == provision.Delete {
		o, err := c.sso.DescribeAccountAssignmentDeletionStatus(ctx, &ssoadmin.DescribeAccountAssignmentDeletionStatusInput{InstanceArn: &instance, AccountAssignmentDeletionRequestId: &id}, reading)
		if err != nil {
			return nil, err
		}
		return o.AccountAssignmentDeletionStatus, nil
	}
	o, err := c.sso.DescribeAccountAssignmentCreationStatus(ctx, &ssoadmin.DescribeAccountAssignmentCreationStatusInput{InstanceArn: &instance, AccountAssignmentCreationRequestId: &id}, reading)
	if err != nil {
		return nil, err
	}
	return o.AccountAssignmentCreationStatus, nil
}
