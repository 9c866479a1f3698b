package identitycenter

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/permset"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Caller implements provision.CallerPort.
func (c *Client) Caller(ctx context.Context) (provision.Caller, error) {
	out, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return provision.Caller{}, awsclient.Mapped("get caller identity", err)
	}
	who := provision.Caller{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn)}
	if who.Account == "" || who.ARN == "" {
		return provision.Caller{}, errors.New("get caller identity: no account or ARN in the answer")
	}
	return who, nil
}

// ReadSet implements provision.SetPort.
func (c *Client) ReadSet(ctx context.Context, name string) (permset.Live, error) {
	instance, arn, err := c.pair(ctx, name)
	if err != nil {
		return permset.Live{}, err
	}
	live, err := c.readSet(ctx, instance, arn)
	if errors.Is(err, fault.ErrNotFound) {
		// It may be gone, or made anew with another ARN: the names tell.
		c.forgetSets()
		if _, err := c.setARN(ctx, name); err != nil {
			return permset.Live{}, err
		}
		return permset.Live{}, fmt.Errorf("read permission set %s: it changed while it was read", name)
	}
	return live, err
}

// readSet reads all that a set consists of. fault.ErrNotFound comes of its first
// call only.
func (c *Client) readSet(ctx context.Context, instance, arn string) (permset.Live, error) {
	live := permset.Live{ARN: arn}
	op := "describe permission set " + arn
	out, err := c.sso.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: &instance, PermissionSetArn: &arn})
	if err != nil {
		return live, awsclient.Mapped(op, err)
	}
	if out.PermissionSet == nil {
		return live, errors.New(op + ": no permission set in the answer")
	}
	live.Name, live.Description, live.RelayState = aws.ToString(out.PermissionSet.Name), aws.ToString(out.PermissionSet.Description), aws.ToString(out.PermissionSet.RelayState)
	if live.Session, err = parseSession(aws.ToString(out.PermissionSet.SessionDuration)); err != nil {
		return live, fmt.Errorf("%s: %w", op, err)
	}
	for _, part := range []func(context.Context, string, *permset.Live) error{c.readPolicies, c.readOwnPolicies, c.readInline, c.readBoundary, c.readTags, c.readAccounts} {
		if err := part(ctx, instance, &live); err != nil {
			return live, unlisted(err)
		}
	}
	return live, nil
}

func (c *Client) readPolicies(ctx context.Context, instance string, live *permset.Live) error {
	err := pages("list managed policies of "+live.Name, func(token *string) (*string, error) {
		out, err := c.sso.ListManagedPoliciesInPermissionSet(ctx, &ssoadmin.ListManagedPoliciesInPermissionSetInput{
			InstanceArn: &instance, PermissionSetArn: &live.ARN, MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, p := range out.AttachedManagedPolicies {
			live.Managed = append(live.Managed, aws.ToString(p.Arn))
		}
		return out.NextToken, nil
	})
	slices.Sort(live.Managed)
	return err
}

func (c *Client) readOwnPolicies(ctx context.Context, instance string, live *permset.Live) error {
	err := pages("list customer managed policies of "+live.Name, func(token *string) (*string, error) {
		out, err := c.sso.ListCustomerManagedPolicyReferencesInPermissionSet(ctx, &ssoadmin.ListCustomerManagedPolicyReferencesInPermissionSetInput{
			InstanceArn: &instance, PermissionSetArn: &live.ARN, MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		for i := range out.CustomerManagedPolicyReferences {
			live.Customer = append(live.Customer, refOf(&out.CustomerManagedPolicyReferences[i]))
		}
		return out.NextToken, nil
	})
	slices.SortFunc(live.Customer, func(a, b config.PolicyRef) int { return strings.Compare(a.String(), b.String()) })
	return err
}

// refOf is a reference with the path that one without any has.
func refOf(r *types.CustomerManagedPolicyReference) config.PolicyRef {
	ref := config.PolicyRef{Name: aws.ToString(r.Name), Path: aws.ToString(r.Path)}
	if ref.Path == "" {
		ref.Path = "/"
	}
	return ref
}

// readInline reads the inline policy in canonical form. One that has none, such
// as a policy with a key twice, is kept as it stands: it is another than that of
// any file.
func (c *Client) readInline(ctx context.Context, instance string, live *permset.Live) error {
	out, err := c.sso.GetInlinePolicyForPermissionSet(ctx, &ssoadmin.GetInlinePolicyForPermissionSetInput{InstanceArn: &instance, PermissionSetArn: &live.ARN})
	if err != nil {
		return awsclient.Mapped("get inline policy of "+live.Name, err)
	}
	text := aws.ToString(out.InlinePolicy)
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if live.Inline, err = config.CanonicalPolicy(text); err != nil {
		live.Inline = text
	}
	return nil
}

// readBoundary takes a boundary that is not found for none.
func (c *Client) readBoundary(ctx context.Context, instance string, live *permset.Live) error {
	out, err := c.sso.GetPermissionsBoundaryForPermissionSet(ctx, &ssoadmin.GetPermissionsBoundaryForPermissionSetInput{InstanceArn: &instance, PermissionSetArn: &live.ARN})
	if err = awsclient.Mapped("get permissions boundary of "+live.Name, err); errors.Is(err, fault.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	switch b := out.PermissionsBoundary; {
	case b == nil:
	case b.CustomerManagedPolicyReference != nil:
		ref := refOf(b.CustomerManagedPolicyReference)
		live.Boundary = &config.Boundary{Customer: &ref}
	case aws.ToString(b.ManagedPolicyArn) != "":
		live.Boundary = &config.Boundary{ManagedPolicy: *b.ManagedPolicyArn}
	default:
		return fmt.Errorf("get permissions boundary of %s: it is not understood", live.Name)
	}
	return nil
}

func (c *Client) readTags(ctx context.Context, instance string, live *permset.Live) error {
	live.Tags = map[string]string{}
	return pages("list tags of "+live.Name, func(token *string) (*string, error) {
		out, err := c.sso.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{InstanceArn: &instance, ResourceArn: &live.ARN, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, t := range out.Tags {
			live.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
		return out.NextToken, nil
	})
}

// readAccounts reads which accounts have the set, and which of them not as it is
// now.
func (c *Client) readAccounts(ctx context.Context, instance string, live *permset.Live) (err error) {
	if live.Accounts, err = c.accountsOf(ctx, instance, live, ""); err != nil {
		return err
	}
	live.Outdated, err = c.accountsOf(ctx, instance, live, types.ProvisioningStatusLatestPermissionSetNotProvisioned)
	return err
}

func (c *Client) accountsOf(ctx context.Context, instance string, live *permset.Live, status types.ProvisioningStatus) ([]string, error) {
	var out []string
	err := pages("list accounts of "+live.Name, func(token *string) (*string, error) {
		page, err := c.sso.ListAccountsForProvisionedPermissionSet(ctx, &ssoadmin.ListAccountsForProvisionedPermissionSetInput{
			InstanceArn: &instance, PermissionSetArn: &live.ARN, ProvisioningStatus: status, MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		out = append(out, page.AccountIds...)
		return page.NextToken, nil
	})
	slices.Sort(out)
	return out, err
}

var isoSession = regexp.MustCompile(`^PT(?:(\d{1,3})H)?(?:(\d{1,4})M)?(?:(\d{1,6})S)?$`)

// parseSession reads an ISO 8601 duration of hours, minutes and seconds.
func parseSession(text string) (time.Duration, error) {
	m := isoSession.FindStringSubmatch(text)
	if m == nil || text == "PT" {
		return 0, fmt.Errorf("session duration %q is not understood", text)
	}
	var d time.Duration
	for i, unit := range []time.Duration{time.Hour, time.Minute, time.Second} {
		if m[i+1] != "" {
			n, err := strconv.Atoi(m[i+1])
			if err != nil {
				return 0, fmt.Errorf("session duration %q: %w", text, err)
			}
			d += time.Duration(n) * unit
		}
	}
	return d, nil
}

// formatSession writes a session of whole minutes.
func formatSession(d time.Duration) string {
	text := "PT"
	if h := int(d / time.Hour); h > 0 {
		text += strconv.Itoa(h) + "H"
	}
	if m := int(d % time.Hour / time.Minute); m > 0 {
		text += strconv.Itoa(m) + "M"
	}
	return text
}
