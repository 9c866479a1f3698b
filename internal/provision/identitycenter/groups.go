package identitycenter

import (
	"context"
	"errors"
	"strings"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/types"
)

// FindGroup implements provision.IdentityStore. The issuer of external ids is
// an opaque URL of the tenant: it is learnt from the first group that carries
// the Entra id it should, and never built.
func (c *Client) FindGroup(ctx context.Context, entraID, displayName string) (provision.StoreGroup, bool, error) {
	_, storeID, err := c.Instance(ctx)
	if err != nil {
		return provision.StoreGroup{}, false, err
	}
	c.mu.Lock()
	issuer := c.issuer
	c.mu.Unlock()
	id := types.AlternateIdentifier(&types.AlternateIdentifierMemberExternalId{Value: types.ExternalId{Issuer: &issuer, Id: &entraID}})
	if issuer == "" {
		if displayName == "" {
			return provision.StoreGroup{}, false, fault.New(fault.ErrInvalid, "find group "+entraID, "no issuer of external ids is known and no display name was given", nil)
		}
		id = &types.AlternateIdentifierMemberUniqueAttribute{Value: types.UniqueAttribute{AttributePath: aws.String("displayName"), AttributeValue: document.NewLazyDocument(displayName)}}
	}
	if err := c.spare.wait(ctx); err != nil {
		return provision.StoreGroup{}, false, err
	}
	out, err := c.store.GetGroupId(ctx, &identitystore.GetGroupIdInput{IdentityStoreId: &storeID, AlternateIdentifier: id}, storeReading)
	err = c.spare.seen(awsclient.Mapped("find group "+entraID+" in the identity store", err))
	if errors.Is(err, fault.ErrNotFound) {
		return provision.StoreGroup{}, false, nil
	}
	if err != nil {
		return provision.StoreGroup{}, false, err
	}
	return c.checkGroup(ctx, storeID, aws.ToString(out.GroupId), entraID)
}

// checkGroup reads a group and makes sure that it is the one of Entra.
func (c *Client) checkGroup(ctx context.Context, storeID, groupID, entraID string) (provision.StoreGroup, bool, error) {
	if err := c.spare.wait(ctx); err != nil {
		return provision.StoreGroup{}, false, err
	}
	g, err := c.store.DescribeGroup(ctx, &identitystore.DescribeGroupInput{IdentityStoreId: &storeID, GroupId: &groupID}, storeReading)
	err = c.spare.seen(awsclient.Mapped("describe group "+groupID, err))
	if errors.Is(err, fault.ErrNotFound) {
		return provision.StoreGroup{}, false, nil
	}
	if err != nil {
		return provision.StoreGroup{}, false, err
	}
	for _, x := range g.ExternalIds {
		if strings.EqualFold(aws.ToString(x.Id), entraID) {
			c.mu.Lock()
			c.issuer = aws.ToString(x.Issuer)
			c.mu.Unlock()
			return provision.StoreGroup{ID: groupID, ExternalID: entraID, DisplayName: aws.ToString(g.DisplayName)}, true, nil
		}
	}
	return provision.StoreGroup{}, false, nil
}

// MemberCount implements provision.IdentityStore.
func (c *Client) MemberCount(ctx context.Context, groupID string) (int, error) {
	_, storeID, err := c.Instance(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	p := identitystore.NewListGroupMembershipsPaginator(c.store, &identitystore.ListGroupMembershipsInput{IdentityStoreId: &storeID, GroupId: &groupID, MaxResults: aws.Int32(pageSize)})
	for p.HasMorePages() {
		if err := c.spare.wait(ctx); err != nil {
			return 0, err
		}
		out, err := p.NextPage(ctx, storeReading)
		if err = c.spare.seen(awsclient.Mapped("list members of group "+groupID, err)); err != nil {
			return 0, err
		}
		n += len(out.GroupMemberships)
	}
	return n, nil
}
