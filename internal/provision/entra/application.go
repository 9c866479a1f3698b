package entra

import (
	"context"
	"errors"
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
	if sp, err = got("graph application "+id, sp, err); err != nil {
		return nil, err
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
func (c *Client) AppAssignment(ctx context.Context, principal string) (string, bool, error) {
	role, err := c.role(ctx)
	if err != nil {
		return "", false, err
	}
	return c.findAssignment(ctx, principal, *role)
}

// findAssignment looks for the assignment of a group or user in a role.
func (c *Client) findAssignment(ctx context.Context, principal string, role uuid.UUID) (id string, found bool, err error) {
	app, appID, err := c.application()
	if err != nil {
		return "", false, err
	}
	list := app.AppRoleAssignedTo()
	get := func(next string) (models.AppRoleAssignmentCollectionResponseable, error) {
		if next != "" {
			return list.WithUrl(next).Get(ctx, nil)
		}
		return list.Get(ctx, &serviceprincipals.ItemAppRoleAssignedToRequestBuilderGetRequestConfiguration{
			QueryParameters: &serviceprincipals.ItemAppRoleAssignedToRequestBuilderGetQueryParameters{Top: ptr(int32(page))},
		})
	}
	err = each(c, "graph assignments of application "+appID, get, func(a models.AppRoleAssignmentable) bool {
		found = strings.EqualFold(value(a.GetPrincipalId()).String(), principal) && value(a.GetAppRoleId()) == role
		if found {
			id = value(a.GetId())
		}
		return !found
	})
	return id, found, err
}

// Assign implements provision.Entra. The id of an assignment that existed
// already is read from the list and is empty when that does not show it (yet):
// that the principal is assigned is certain either way.
func (c *Client) Assign(ctx context.Context, who string) (string, bool, error) {
	op := "assign " + who + " to the application"
	app, id, err := c.application()
	if err != nil {
		return "", false, err
	}
	principal, perr := uuid.Parse(who)
	resource, rerr := uuid.Parse(id)
	if err := errors.Join(perr, rerr); err != nil {
		return "", false, fault.New(fault.ErrInvalid, op, "the principal or the application has no object id", err)
	}
	role, err := c.role(ctx)
	if err != nil {
		return "", false, err
	}
	body := models.NewAppRoleAssignment()
	body.SetPrincipalId(&principal)
	body.SetResourceId(&resource)
	body.SetAppRoleId(role)
	made, err := app.AppRoleAssignedTo().Post(ctx, body, nil)
	if made, err = got(op, made, err); already(err) {
		found, _, err := c.findAssignment(ctx, who, *role)
		if err != nil {
			return "", true, nil
		}
		return found, true, nil
	}
	if err != nil {
		return "", false, replicating(op, err)
	}
	return value(made.GetId()), false, nil
}

// Unassign implements provision.Entra.
func (c *Client) Unassign(ctx context.Context, assignment string) error {
	app, _, err := c.application()
	if err != nil {
		return err
	}
	err = app.AppRoleAssignedTo().ByAppRoleAssignmentId(assignment).Delete(ctx, nil)
	err = mapped("take assignment "+assignment+" to the application away", err)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	return err
}

// replicating recognises the refusal of an object that the directory does not
// have everywhere yet (400 "Not a valid reference update", seen after a group
// was made), which passes by itself as a 404 does.
func replicating(op string, err error) error {
	var f *fault.Error
	if errors.As(err, &f) && errors.Is(err, fault.ErrInvalid) && strings.Contains(f.Reason, "Not a valid reference update") {
		return fault.New(fault.ErrNotFound, op, "Entra does not know it everywhere yet", err)
	}
	return err
}

// already recognises the two texts with which Graph refuses an assignment
// that exists (both seen widely; the code differs too).
func already(err error) bool {
	var f *fault.Error
	if !errors.As(err, &f) || !errors.Is(err, fault.ErrInvalid) {
		return false
	}
	return strings.Contains(f.Reason, "Permission being assigned already exists") || strings.Contains(f.Reason, "EntitlementGrant entry already exists")
}
