package identitycenter

import (
	"context"
	"fmt"
	"strings"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
)

// Outcomes implements provision.Operations: one call (and its pages) tells of
// all operations that are in progress.
func (c *Client) Outcomes(ctx context.Context, a provision.Action) (map[string]provision.Status, error) {
	instance, _, err := c.Instance(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]provision.Status{}
	err = pages(fmt.Sprintf("list operations (%s) in progress", a), func(token *string) (*string, error) {
		list, next, err := c.inProgress(ctx, instance, a, token)
		for _, m := range list {
			out[aws.ToString(m.RequestId)] = provision.Status(m.Status)
		}
		return next, err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *Client) inProgress(ctx context.Context, instance string, a provision.Action, token *string) ([]types.AccountAssignmentOperationStatusMetadata, *string, error) {
	filter := &types.OperationStatusFilter{Status: types.StatusValuesInProgress}
	if a == provision.Delete {
		o, err := c.sso.ListAccountAssignmentDeletionStatus(ctx, &ssoadmin.ListAccountAssignmentDeletionStatusInput{InstanceArn: &instance, Filter: filter, MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, nil, err
		}
		return o.AccountAssignmentsDeletionStatus, o.NextToken, nil
	}
	o, err := c.sso.ListAccountAssignmentCreationStatus(ctx, &ssoadmin.ListAccountAssignmentCreationStatusInput{InstanceArn: &instance, Filter: filter, MaxResults: aws.Int32(pageSize), NextToken: token})
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
	op := fmt.Sprintf("describe operation (%s) %s", a, requestID)
	status, err := c.status(ctx, instance, a, requestID)
	if err != nil {
		return provision.Outcome{}, awsclient.Mapped(op, err)
	}
	if status == nil {
		return provision.Outcome{}, fmt.Errorf("%s: no status in the answer", op)
	}
	out := provision.Outcome{Status: provision.Status(status.Status), Reason: fault.Sentence(aws.ToString(status.FailureReason))}
	switch {
	case out.Status == provision.Failed && a == provision.Delete && gone(out.Reason):
		return provision.Outcome{Status: provision.Succeeded}, nil
	case out.Status == provision.InProgress, out.Status == provision.Succeeded, out.Status == provision.Failed:
		return out, nil
	default:
		return provision.Outcome{}, fmt.Errorf("%s: status %q is not understood", op, out.Status)
	}
}

// gone recognises the reason of a deletion that found nothing to delete (seen
// live: "Received a 404 status error: EntitlementItem doesn't exist with the
// given entitlement key …").
func gone(reason string) bool {
	return strings.Contains(reason, "EntitlementItem doesn't exist")
}

func (c *Client) status(ctx context.Context, instance string, a provision.Action, id string) (*types.AccountAssignmentOperationStatus, error) {
	if a == provision.Delete {
		o, err := c.sso.DescribeAccountAssignmentDeletionStatus(ctx, &ssoadmin.DescribeAccountAssignmentDeletionStatusInput{InstanceArn: &instance, AccountAssignmentDeletionRequestId: &id})
		if err != nil {
			return nil, err
		}
		return o.AccountAssignmentDeletionStatus, nil
	}
	o, err := c.sso.DescribeAccountAssignmentCreationStatus(ctx, &ssoadmin.DescribeAccountAssignmentCreationStatusInput{InstanceArn: &instance, AccountAssignmentCreationRequestId: &id})
	if err != nil {
		return nil, err
	}
	return o.AccountAssignmentCreationStatus, nil
}
