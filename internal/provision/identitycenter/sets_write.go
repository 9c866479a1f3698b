package identitycenter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/permset"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
)

// WriteSet implements provision.SetPort. That what a step takes away is not
// there is no error.
func (c *Client) WriteSet(ctx context.Context, arn string, s permset.Step) (string, error) {
	instance, _, err := c.Instance(ctx)
	if err != nil {
		return "", err
	}
	op := fmt.Sprintf("%s of permission set %s", s.Kind, s.Set)
	if s.Kind == permset.Create {
		return c.createSet(ctx, op, instance, s)
	}
	w := setWrite{c, instance, arn}
	run := map[permset.Kind]func(context.Context, permset.Step) error{
		permset.Update: w.update, permset.Attach: w.attach, permset.Detach: w.detach, permset.AttachOwn: w.attachOwn, permset.DetachOwn: w.detachOwn,
		permset.PutInline: w.putInline, permset.DeleteInline: w.deleteInline, permset.PutBoundary: w.putBoundary, permset.DeleteBoundary: w.deleteBoundary,
		permset.Tag: w.tag, permset.Untag: w.untag,
	}[s.Kind]
	if run == nil {
		return "", fmt.Errorf("%s: no such write", op)
	}
	err = awsclient.Mapped(op, run(ctx, s))
	switch s.Kind {
	case permset.Detach, permset.DetachOwn, permset.DeleteInline, permset.DeleteBoundary, permset.Untag:
		if errors.Is(err, fault.ErrNotFound) {
			return "", nil // the next reading says so if it is the set itself
		}
	}
	return "", err
}

func (c *Client) createSet(ctx context.Context, op, instance string, s permset.Step) (string, error) {
	out, err := c.sso.CreatePermissionSet(ctx, &ssoadmin.CreatePermissionSetInput{
		InstanceArn: &instance, Name: &s.Set, Description: orNil(s.Settings.Description), SessionDuration: aws.String(formatSession(s.Settings.Session)),
		RelayState: orNil(s.Settings.RelayState), Tags: tagList(s.Tags),
	}, c.writing)
	c.forgetSets()
	if err != nil {
		return "", awsclient.Mapped(op, err)
	}
	if out.PermissionSet == nil || aws.ToString(out.PermissionSet.PermissionSetArn) == "" {
		return "", errors.New(op + ": no ARN in the answer")
	}
	return *out.PermissionSet.PermissionSetArn, nil
}

// orNil leaves an empty text out: the service takes none.
func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func tagList(tags map[string]string) []types.Tag {
	var out []types.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return out
}

// setWrite writes one set; every call goes out once.
type setWrite struct {
	c             *Client
	instance, arn string
}

func (w setWrite) update(ctx context.Context, s permset.Step) error {
	_, err := w.c.sso.UpdatePermissionSet(ctx, &ssoadmin.UpdatePermissionSetInput{InstanceArn: &w.instance, PermissionSetArn: &w.arn,
		Description: orNil(s.Settings.Description), SessionDuration: aws.String(formatSession(s.Settings.Session)), RelayState: orNil(s.Settings.RelayState)}, w.c.writing)
	return err
}

func (w setWrite) attach(ctx context.Context, s permset.Step) error {
	_, err := w.c.sso.AttachManagedPolicyToPermissionSet(ctx, &ssoadmin.AttachManagedPolicyToPermissionSetInput{
		InstanceArn: &w.instance, PermissionSetArn: &w.arn, ManagedPolicyArn: &s.Policy}, w.c.writing)
	return err
}

func (w setWrite) detach(ctx context.Context, s permset.Step) error {
	_, err := w.c.sso.DetachManagedPolicyFromPermissionSet(ctx, &ssoadmin.DetachManagedPolicyFromPermissionSetInput{
		InstanceArn: &w.instance, PermissionSetArn: &w.arn, ManagedPolicyArn: &s.Policy}, w.c.writing)
	return err
}

func wireRef(r *config.PolicyRef) *types.CustomerManagedPolicyReference {
	return &types.CustomerManagedPolicyReference{Name: &r.Name, Path: &r.Path}
}

func (w setWrite) attachOwn(ctx context.Context, s permset.Step) error {
	_, err := w.c.sso.AttachCustomerManagedPolicyReferenceToPermissionSet(ctx, &ssoadmin.AttachCustomerManagedPolicyReferenceToPermissionSetInput{
		InstanceArn: &w.instance, PermissionSetArn: &w.arn, CustomerManagedPolicyReference: wireRef(s.Customer)}, w.c.writing)
	return err
}

func (w setWrite) detachOwn(ctx context.Context, s permset.Step) error {
	_, err := w.c.sso.DetachCustomerManagedPolicyReferenceFromPermissionSet(ctx, &ssoadmin.DetachCustomerManagedPolicyReferenceFromPermissionSetInput{
		InstanceArn: &w.instance, PermissionSetArn: &w.arn, CustomerManagedPolicyReference: wireRef(s.Customer)}, w.c.writing)
	return err
}

func (w setWrite) putInline(ctx context.Context, s permset.Step) error {
	_, err := w.c.sso.PutInlinePolicyToPermissionSet(ctx, &ssoadmin.PutInlinePolicyToPermissionSetInput{
		InstanceArn: &w.instance, PermissionSetArn: &w.arn, InlinePolicy: &s.Inline}, w.c.writing)
	return err
}

func (w setWrite) deleteInline(ctx context.Context, _ permset.Step) error {
	_, err := w.c.sso.DeleteInlinePolicyFromPermissionSet(ctx, &ssoadmin.DeleteInlinePolicyFromPermissionSetInput{InstanceArn: &w.instance, PermissionSetArn: &w.arn}, w.c.writing)
	return err
}

func (w setWrite) putBoundary(ctx context.Context, s permset.Step) error {
	b := &types.PermissionsBoundary{ManagedPolicyArn: orNil(s.Boundary.ManagedPolicy)}
	if s.Boundary.Customer != nil {
		b.CustomerManagedPolicyReference = wireRef(s.Boundary.Customer)
	}
	_, err := w.c.sso.PutPermissionsBoundaryToPermissionSet(ctx, &ssoadmin.PutPermissionsBoundaryToPermissionSetInput{
		InstanceArn: &w.instance, PermissionSetArn: &w.arn, PermissionsBoundary: b}, w.c.writing)
	return err
}

func (w setWrite) deleteBoundary(ctx context.Context, _ permset.Step) error {
	_, err := w.c.sso.DeletePermissionsBoundaryFromPermissionSet(ctx, &ssoadmin.DeletePermissionsBoundaryFromPermissionSetInput{InstanceArn: &w.instance, PermissionSetArn: &w.arn}, w.c.writing)
	return err
}

func (w setWrite) tag(ctx context.Context, s permset.Step) error {
	_, err := w.c.sso.TagResource(ctx, &ssoadmin.TagResourceInput{InstanceArn: &w.instance, ResourceArn: &w.arn, Tags: tagList(s.Tags)}, w.c.writing)
	return err
}

func (w setWrite) untag(ctx context.Context, s permset.Step) error {
	_, err := w.c.sso.UntagResource(ctx, &ssoadmin.UntagResourceInput{InstanceArn: &w.instance, ResourceArn: &w.arn, TagKeys: s.TagKeys}, w.c.writing)
	return err
}

// ProvisionSet implements provision.SetPort.
func (c *Client) ProvisionSet(ctx context.Context, arn, account string) (string, error) {
	instance, _, err := c.Instance(ctx)
	if err != nil {
		return "", err
	}
	in := &ssoadmin.ProvisionPermissionSetInput{InstanceArn: &instance, PermissionSetArn: &arn, TargetType: types.ProvisionTargetTypeAllProvisionedAccounts}
	if account != "" {
		in.TargetType, in.TargetId = types.ProvisionTargetTypeAwsAccount, &account
	}
	op := fmt.Sprintf("provision permission set %s (account %q)", arn, account)
	out, err := c.sso.ProvisionPermissionSet(ctx, in, c.writing)
	if err != nil {
		return "", awsclient.Mapped(op, err)
	}
	if out.PermissionSetProvisioningStatus == nil || aws.ToString(out.PermissionSetProvisioningStatus.RequestId) == "" {
		return "", errors.New(op + ": no request id in the answer")
	}
	return *out.PermissionSetProvisioningStatus.RequestId, nil
}

// Provisioning implements provision.SetPort.
func (c *Client) Provisioning(ctx context.Context, id string) (provision.Outcome, error) {
	instance, _, err := c.Instance(ctx)
	if err != nil {
		return provision.Outcome{}, err
	}
	op := "describe provisioning " + id
	out, err := c.sso.DescribePermissionSetProvisioningStatus(ctx, &ssoadmin.DescribePermissionSetProvisioningStatusInput{InstanceArn: &instance, ProvisionPermissionSetRequestId: &id})
	if err != nil {
		return provision.Outcome{}, awsclient.Mapped(op, err)
	}
	s := out.PermissionSetProvisioningStatus
	if s == nil {
		return provision.Outcome{}, errors.New(op + ": no status in the answer")
	}
	switch status := provision.Status(s.Status); status {
	case provision.InProgress, provision.Succeeded, provision.Failed:
		return provision.Outcome{Status: status, Reason: aws.ToString(s.FailureReason)}, nil
	default:
		return provision.Outcome{}, fmt.Errorf("%s: status %q is not understood", op, s.Status)
	}
}
