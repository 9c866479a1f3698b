package identitycenter

import (
	"context"
	"errors"

	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
)

// SetContent implements importer.Catalog: six calls for one permission set.
func (c *Client) SetContent(ctx context.Context, name string) (importer.SetContent, error) {
	instance, arn, err := c.pair(ctx, name)
	if err != nil {
		return importer.SetContent{}, err
	}
	op := "describe permission set " + name
	d, err := c.sso.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: &instance, PermissionSetArn: &arn})
	if err != nil {
		return importer.SetContent{}, unlisted(awsclient.Mapped(op, err))
	}
	if d.PermissionSet == nil || aws.ToString(d.PermissionSet.Name) != name {
		return importer.SetContent{}, errors.New(op + ": the answer is not about that permission set")
	}
	out := importer.SetContent{
		Description: aws.ToString(d.PermissionSet.Description), Session: aws.ToString(d.PermissionSet.SessionDuration), RelayState: aws.ToString(d.PermissionSet.RelayState),
	}
	if err := errors.Join(c.managed(ctx, instance, arn, &out), c.customer(ctx, instance, arn, &out), c.tags(ctx, instance, arn, &out)); err != nil {
		return importer.SetContent{}, unlisted(err)
	}
	return out, c.single(ctx, instance, arn, &out)
}

func (c *Client) managed(ctx context.Context, instance, arn string, out *importer.SetContent) error {
	return pages("list managed policies of "+arn, func(token *string) (*string, error) {
		page, err := c.sso.ListManagedPoliciesInPermissionSet(ctx, &ssoadmin.ListManagedPoliciesInPermissionSetInput{
			InstanceArn: &instance, PermissionSetArn: &arn, MaxResults: aws.Int32(pageSize), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, p := range page.AttachedManagedPolicies {
			out.Managed = append(out.Managed, aws.ToString(p.Arn))
		}
		return page.NextToken, nil
	})
}

func (c *Client) customer(ctx context.Context, instance, arn string, out *importer.SetContent) error {
	return pages("list customer-managed policies of "+arn, func(token *string) (*string, error) {
		page, err := c.sso.ListCustomerManagedPolicyReferencesInPermissionSet(ctx, &ssoadmin.ListCustomerManagedPolicyReferencesInPermissionSetInput{
			InstanceArn: &instance, PermissionSetArn: &arn, MaxResults: aws.Int32(pageSize), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		out.CustomerManaged += len(page.CustomerManagedPolicyReferences)
		return page.NextToken, nil
	})
}

func (c *Client) tags(ctx context.Context, instance, arn string, out *importer.SetContent) error {
	return pages("list tags of "+arn, func(token *string) (*string, error) {
		page, err := c.sso.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{InstanceArn: &instance, ResourceArn: &arn, NextToken: token})
		if err != nil {
			return nil, err
		}
		out.Tags += len(page.Tags)
		return page.NextToken, nil
	})
}

// single reads what a set has once. An inline policy that is not there is an
// empty text, a boundary that is not there is not found (API reference of the
// two; Terraform's provider reads them so).
func (c *Client) single(ctx context.Context, instance, arn string, out *importer.SetContent) error {
	inline, err := c.sso.GetInlinePolicyForPermissionSet(ctx, &ssoadmin.GetInlinePolicyForPermissionSetInput{InstanceArn: &instance, PermissionSetArn: &arn})
	if err != nil {
		return unlisted(awsclient.Mapped("get inline policy of "+arn, err))
	}
	out.Inline = aws.ToString(inline.InlinePolicy) != ""
	boundary, err := c.sso.GetPermissionsBoundaryForPermissionSet(ctx, &ssoadmin.GetPermissionsBoundaryForPermissionSetInput{InstanceArn: &instance, PermissionSetArn: &arn})
	err = awsclient.Mapped("get permissions boundary of "+arn, err)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	out.Boundary = boundary.PermissionsBoundary != nil
	return nil
}
