package identitycenter

import (
	"context"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/types"
)

// FindUser implements provision.IdentityStore. Users and groups come by the same
// SCIM endpoint, so they share the issuer of external ids: see FindGroup.
func (c *Client) FindUser(ctx context.Context, entraID, lastID, userName string) (provision.StoreUser, bool, error) {
	c.mu.Lock()
	issuer := c.issuer
	c.mu.Unlock()
	if issuer == "" && lastID == "" && userName == "" {
		return provision.StoreUser{}, false, fault.New(fault.ErrInvalid, "find user "+entraID, "no issuer of external ids is known and no user name was given", nil)
	}
	if issuer != "" {
		u, found, err := c.findUser(ctx, entraID, &types.AlternateIdentifierMemberExternalId{Value: types.ExternalId{Issuer: &issuer, Id: &entraID}})
		if found || err != nil {
			return u, found, err
		}
	}
	if lastID != "" {
		u, found, err := c.userAt(ctx, entraID, lastID)
		if found || err != nil {
			return u, found, err
		}
	}
	if userName == "" {
		return provision.StoreUser{}, false, nil
	}
	return c.findUser(ctx, entraID, &types.AlternateIdentifierMemberUniqueAttribute{
		Value: types.UniqueAttribute{AttributePath: aws.String("userName"), AttributeValue: document.NewLazyDocument(userName)},
	})
}

// findUser gets a user by what identifies him, if he is the one of Entra.
func (c *Client) findUser(ctx context.Context, entraID string, by types.AlternateIdentifier) (provision.StoreUser, bool, error) {
	_, storeID, err := c.Instance(ctx)
	if err != nil {
		return provision.StoreUser{}, false, err
	}
	out, err := c.store.GetUserId(ctx, &identitystore.GetUserIdInput{IdentityStoreId: &storeID, AlternateIdentifier: by})
	if missing(err) {
		return provision.StoreUser{}, false, nil
	}
	if err != nil {
		return provision.StoreUser{}, false, awsclient.Mapped("find user "+entraID+" in the identity store", err)
	}
	return c.checkUser(ctx, storeID, aws.ToString(out.UserId), entraID)
}

// userAt gets a user by an id of his own, if he is the one of Entra.
func (c *Client) userAt(ctx context.Context, entraID, id string) (provision.StoreUser, bool, error) {
	_, storeID, err := c.Instance(ctx)
	if err != nil {
		return provision.StoreUser{}, false, err
	}
	return c.checkUser(ctx, storeID, id, entraID)
}

// checkUser reads a user and makes sure that he is the one of Entra.
func (c *Client) checkUser(ctx context.Context, storeID, userID, entraID string) (provision.StoreUser, bool, error) {
	u, err := c.store.DescribeUser(ctx, &identitystore.DescribeUserInput{IdentityStoreId: &storeID, UserId: &userID})
	if missing(err) {
		return provision.StoreUser{}, false, nil // deleted since he was found
	}
	if err != nil {
		return provision.StoreUser{}, false, awsclient.Mapped("describe user "+userID, err)
	}
	for _, x := range u.ExternalIds {
		if strings.EqualFold(aws.ToString(x.Id), entraID) {
			c.learn(aws.ToString(x.Issuer))
			return provision.StoreUser{ID: userID, ExternalID: entraID, UserName: aws.ToString(u.UserName),
				Enabled: u.UserStatus != types.UserStatusDisabled}, true, nil
		}
	}
	return provision.StoreUser{}, false, nil
}

// learn keeps the issuer of external ids.
func (c *Client) learn(issuer string) {
	c.mu.Lock()
	c.issuer = issuer
	c.mu.Unlock()
}

// Exists implements provision.IdentityStore.
func (c *Client) Exists(ctx context.Context, kind config.PrincipalKind, id string) (bool, error) {
	_, storeID, err := c.Instance(ctx)
	if err != nil {
		return false, err
	}
	if kind == config.UserPrincipal {
		_, err = c.store.DescribeUser(ctx, &identitystore.DescribeUserInput{IdentityStoreId: &storeID, UserId: &id})
	} else {
		_, err = c.store.DescribeGroup(ctx, &identitystore.DescribeGroupInput{IdentityStoreId: &storeID, GroupId: &id})
	}
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, awsclient.Mapped("describe "+string(kind)+" "+id, err)
	}
	return true, nil
}
