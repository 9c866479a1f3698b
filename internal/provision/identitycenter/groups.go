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
// the Entra id it should, and never built. What is not found by external id is
// looked for where it was and by name too, since an administrator may have set
// SCIM up anew, with another issuer.
func (c *Client) FindGroup(ctx context.Context, entraID, lastID, displayName string) (provision.StoreGroup, bool, error) {
	c.mu.Lock()
	issuer := c.issuer
	c.mu.Unlock()
	if issuer == "" && lastID == "" && displayName == "" {
		return provision.StoreGroup{}, false, fault.New(fault.ErrInvalid, "find group "+entraID, "no issuer of external ids is known and no display name was given", nil)
	}
	if issuer != "" {
		g, found, err := c.findGroup(ctx, entraID, &types.AlternateIdentifierMemberExternalId{Value: types.ExternalId{Issuer: &issuer, Id: &entraID}})
		if found || err != nil {
			return g, found, err
		}
	}
	if lastID != "" {
		g, found, err := c.groupAt(ctx, entraID, lastID)
		if found || err != nil {
			return g, found, err
		}
	}
	if displayName == "" {
		return provision.StoreGroup{}, false, nil
	}
	return c.findGroup(ctx, entraID, &types.AlternateIdentifierMemberUniqueAttribute{
		Value: types.UniqueAttribute{AttributePath: aws.String("displayName"), AttributeValue: document.NewLazyDocument(displayName)},
	})
}

// groupAt gets a group by an id of its own, if it is the one of Entra.
func (c *Client) groupAt(ctx context.Context, entraID, id string) (provision.StoreGroup, bool, error) {
	_, storeID, err := c.Instance(ctx)
	if err != nil {
		return provision.StoreGroup{}, false, err
	}
	return c.checkGroup(ctx, storeID, id, entraID)
}

// findGroup gets a group by what identifies it, if it is the one of Entra.
func (c *Client) findGroup(ctx context.Context, entraID string, by types.AlternateIdentifier) (provision.StoreGroup, bool, error) {
	_, storeID, err := c.Instance(ctx)
	if err != nil {
		return provision.StoreGroup{}, false, err
	}
	out, err := c.store.GetGroupId(ctx, &identitystore.GetGroupIdInput{IdentityStoreId: &storeID, AlternateIdentifier: by})
	if missing(err) {
		return provision.StoreGroup{}, false, nil
	}
	if err != nil {
		return provision.StoreGroup{}, false, awsclient.Mapped("find group "+entraID+" in the identity store", err)
	}
	return c.checkGroup(ctx, storeID, aws.ToString(out.GroupId), entraID)
}

// missing tells a group or user that is not there from a whole identity store
// that is not, which says nothing of them.
func missing(err error) bool {
	var gone *types.ResourceNotFoundException
	return errors.As(err, &gone) && gone.ResourceType != types.ResourceTypeIdentityStore
}

// checkGroup reads a group and makes sure that it is the one of Entra.
func (c *Client) checkGroup(ctx context.Context, storeID, groupID, entraID string) (provision.StoreGroup, bool, error) {
	g, err := c.store.DescribeGroup(ctx, &identitystore.DescribeGroupInput{IdentityStoreId: &storeID, GroupId: &groupID})
	if missing(err) {
		return provision.StoreGroup{}, false, nil // deleted since it was found
	}
	if err != nil {
		return provision.StoreGroup{}, false, awsclient.Mapped("describe group "+groupID, err)
	}
	for _, x := range g.ExternalIds {
		if strings.EqualFold(aws.ToString(x.Id), entraID) {
			c.learn(aws.ToString(x.Issuer))
			return provision.StoreGroup{ID: groupID, ExternalID: entraID, DisplayName: aws.ToString(g.DisplayName)}, true, nil
		}
	}
	return provision.StoreGroup{}, false, nil
}
