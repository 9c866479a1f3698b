package entra

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"aws-access-bot/internal/provision/fault"

	"github.com/google/uuid"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
)

// userRole is the id of the role "User" in the gallery template of IAM
// Identity Center (applicationTemplates 21ed01d2-…); it is taken when the
// application does not show a role of that name.
const userRole = "8774f594-1d59-4279-b9d9-59ef09a23530"

// role returns the id of the enabled role "User" of the application.
func (c *Client) role(ctx context.Context) (*uuid.UUID, error) {
	app, id, err := c.application()
	if err != nil {
		return nil, err
	}
	sp, err := app.Get(ctx, &serviceprincipals.ServicePrincipalItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &serviceprincipals.ServicePrincipalItemRequestBuilderGetQueryParameters{Select: []string{"id", "appRoles"}},
	})
	if err != nil {
		return nil, mapped("graph application "+id, err)
	}
	for _, r := range sp.GetAppRoles() {
		if value(r.GetDisplayName()) == "User" && value(r.GetIsEnabled()) && r.GetId() != nil {
			return r.GetId(), nil
		}
	}
	fallback, err := uuid.Parse(userRole)
	return &fallback, err
}

// AppAssignment implements provision.Entra. The list has no filter by
// principal, so it is read to the end.
func (c *Client) AppAssignment(ctx context.Context, group string) (string, bool, error) {
	app, id, err := c.application()
	if err != nil {
		return "", false, err
	}
	role, err := c.role(ctx)
	if err != nil {
		return "", false, err
	}
	op := "graph assignments of application " + id
	list := app.AppRoleAssignedTo()
	res, err := list.Get(ctx, &serviceprincipals.ItemAppRoleAssignedToRequestBuilderGetRequestConfiguration{
		QueryParameters: &serviceprincipals.ItemAppRoleAssignedToRequestBuilderGetQueryParameters{Top: ptr(int32(page))},
	})
	for {
		if err != nil {
			return "", false, mapped(op, err)
		}
		for _, a := range res.GetValue() {
			if a.GetPrincipalId() != nil && strings.EqualFold(a.GetPrincipalId().String(), group) && a.GetAppRoleId() != nil && *a.GetAppRoleId() == *role {
				return value(a.GetId()), true, nil
			}
		}
		next := value(res.GetOdataNextLink())
		if next == "" {
			return "", false, nil
		}
		if err := c.sameHost(next); err != nil {
			return "", false, fmt.Errorf("%s: %w", op, err)
		}
		res, err = list.WithUrl(next).Get(ctx, nil)
	}
}

// Assign implements provision.Entra.
func (c *Client) Assign(ctx context.Context, group string) (string, bool, error) {
	app, id, err := c.application()
	if err != nil {
		return "", false, err
	}
	role, err := c.role(ctx)
	if err != nil {
		return "", false, err
	}
	principal, err := uuid.Parse(group)
	if err != nil {
		return "", false, fault.New(fault.ErrInvalid, "assign group "+group, "the group id is not a UUID", err)
	}
	resource, err := uuid.Parse(id)
	if err != nil {
		return "", false, fault.New(fault.ErrInvalid, "assign group "+group, "the application id is not a UUID", err)
	}
	body := models.NewAppRoleAssignment()
	body.SetPrincipalId(&principal)
	body.SetResourceId(&resource)
	body.SetAppRoleId(role)
	made, err := app.AppRoleAssignedTo().Post(ctx, body, nil)
	err = mapped("assign group "+group+" to the application", err)
	if already(err) {
		found, _, ferr := c.AppAssignment(ctx, group)
		return found, true, ferr
	}
	if err != nil {
		return "", false, err
	}
	return value(made.GetId()), false, nil
}

// already recognises the two texts with which Graph refuses an assignment
// that exists (both seen widely; the code differs too).
func already(err error) bool {
	var f *fault.Error
	if !errors.As(err, &f) || !errors.Is(err, fault.ErrInvalid) {
		return false
	}
	return strings.Contains(f.Reason, "already exists")
}
