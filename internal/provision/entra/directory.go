package entra

import (
	"context"
	"errors"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/provision/fault"
)

var _ importer.Entra = (*Client)(nil)

// DirectoryGroup implements importer.Entra.
func (c *Client) DirectoryGroup(ctx context.Context, id string) (importer.DirectoryGroup, bool, error) {
	g, err := c.Group(ctx, id)
	if errors.Is(err, fault.ErrNotFound) {
		return importer.DirectoryGroup{}, false, nil
	}
	if err != nil {
		return importer.DirectoryGroup{}, false, err
	}
	return importer.DirectoryGroup{Name: g.Name, Security: g.SecurityEnabled}, true, nil
}

// DirectoryUser implements importer.Entra.
func (c *Client) DirectoryUser(ctx context.Context, id string) (importer.DirectoryUser, bool, error) {
	u, err := c.User(ctx, id)
	if errors.Is(err, access.ErrNotFound) {
		return importer.DirectoryUser{}, false, nil
	}
	if err != nil {
		return importer.DirectoryUser{}, false, err
	}
	return importer.DirectoryUser{UPN: u.UPN}, true, nil
}
