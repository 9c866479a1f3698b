package entra

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"

	"github.com/google/uuid"
	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

// userFields are the properties of a user that the bot looks at.
func userFields() []string {
	return []string{"id", "displayName", "givenName", "surname", "mail", "userPrincipalName", "accountEnabled", "userType"}
}

// User implements access.Directory.
func (c *Client) User(ctx context.Context, id string) (access.Entrant, error) {
	op := "graph user " + id
	if err := objectID(op, id); err != nil {
		return access.Entrant{}, err
	}
	u, err := c.users().ByUserId(id).Get(ctx, &users.UserItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: userFields()},
	})
	if u, err = got(op, u, err); errors.Is(err, fault.ErrNotFound) {
		return access.Entrant{}, fmt.Errorf("%s: %w", op, access.ErrNotFound)
	}
	if err != nil {
		return access.Entrant{}, err
	}
	return c.entrant(ctx, u), nil
}

// Manager returns whom a user reports to: the user's manager relation. It is
// access.ErrNotFound where there is none, or it is no user.
func (c *Client) Manager(ctx context.Context, id string) (access.Entrant, error) {
	op := "graph manager of user " + id
	if err := objectID(op, id); err != nil {
		return access.Entrant{}, err
	}
	o, err := c.users().ByUserId(id).Manager().Get(ctx, &users.ItemManagerRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.ItemManagerRequestBuilderGetQueryParameters{Select: userFields()},
	})
	o, err = got(op, o, err)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return access.Entrant{}, err
	}
	u, ok := o.(models.Userable)
	if err != nil || !ok {
		return access.Entrant{}, fmt.Errorf("%s: %w", op, access.ErrNotFound)
	}
	return c.entrant(ctx, u), nil
}

// objectID refuses what is no object id before it becomes part of a path.
func objectID(op, id string) error {
	if _, err := uuid.Parse(id); err != nil || len(id) != 36 {
		return fault.New(fault.ErrInvalid, op, "not an object id", nil)
	}
	return nil
}

// UsersByEmail implements access.Directory. It asks for mail, user principal
// name and proxy addresses, as people write any of them.
func (c *Client) UsersByEmail(ctx context.Context, email string) ([]access.Entrant, error) {
	const op = "graph users by e-mail"
	if email == "" {
		return nil, fault.New(fault.ErrInvalid, op, "no address given", nil)
	}
	q := strings.ReplaceAll(email, "'", "''")
	filter := fmt.Sprintf("mail eq '%s' or userPrincipalName eq '%s' or proxyAddresses/any(p:p eq 'smtp:%s')", q, q, q)
	return c.listUsers(ctx, op, func(next string) (models.UserCollectionResponseable, error) {
		if next != "" {
			return c.users().WithUrl(next).Get(ctx, nil)
		}
		return c.users().Get(ctx, &users.UsersRequestBuilderGetRequestConfiguration{
			QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Filter: &filter, Select: userFields(), Top: ptr(int32(page))},
		})
	})
}

// listUsers reads a list of users to the end.
func (c *Client) listUsers(ctx context.Context, op string, get func(next string) (models.UserCollectionResponseable, error)) ([]access.Entrant, error) {
	var out []access.Entrant
	err := each(c, op, get, func(u models.Userable) bool {
		out = append(out, c.entrant(ctx, u))
		return true
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *Client) entrant(ctx context.Context, u models.Userable) access.Entrant {
	email := value(u.GetMail())
	if email == "" {
		email = value(u.GetUserPrincipalName())
	}
	return access.Entrant{
		Person:  access.Person{Entra: strings.ToLower(value(u.GetId())), Name: value(u.GetDisplayName()), Email: strings.ToLower(email)},
		UPN:     strings.ToLower(value(u.GetUserPrincipalName())),
		Enabled: value(u.GetAccountEnabled()),
		// Anything that is not plainly a member counts as a guest.
		Guest: !strings.EqualFold(value(u.GetUserType()), "Member"),
		Lacks: c.lacks(ctx, u),
	}
}

// DirectMembers implements access.Directory: direct members that are users.
func (c *Client) DirectMembers(ctx context.Context, group string) ([]access.Entrant, error) {
	op := "graph members of group " + group
	if err := objectID(op, group); err != nil {
		return nil, err
	}
	list := c.groups().ByGroupId(group).Members().GraphUser()
	return c.listUsers(ctx, op, func(next string) (models.UserCollectionResponseable, error) {
		if next != "" {
			return list.WithUrl(next).Get(ctx, nil)
		}
		return list.Get(ctx, &groups.ItemMembersGraphUserRequestBuilderGetRequestConfiguration{
			QueryParameters: &groups.ItemMembersGraphUserRequestBuilderGetQueryParameters{Select: userFields(), Top: ptr(int32(page))},
		})
	})
}

// Group implements provision.Entra.
func (c *Client) Group(ctx context.Context, id string) (provision.Group, error) {
	op := "graph group " + id
	if err := objectID(op, id); err != nil {
		return provision.Group{}, err
	}
	g, err := c.groups().ByGroupId(id).Get(ctx, &groups.GroupItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &groups.GroupItemRequestBuilderGetQueryParameters{Select: []string{"id", "displayName", "securityEnabled"}},
	})
	if g, err = got(op, g, err); err != nil {
		return provision.Group{}, err
	}
	return provision.Group{ID: strings.ToLower(value(g.GetId())), Name: value(g.GetDisplayName()), SecurityEnabled: value(g.GetSecurityEnabled())}, nil
}

// UserByID implements provision.Entra.
func (c *Client) UserByID(ctx context.Context, id string) (provision.User, error) {
	u, err := c.User(ctx, id)
	if errors.Is(err, access.ErrNotFound) {
		return provision.User{}, fault.New(fault.ErrNotFound, "graph user "+id, "", err)
	}
	if err != nil {
		return provision.User{}, err
	}
	return provision.User{ID: u.Entra, Name: u.UPN, Enabled: u.Enabled, Guest: u.Guest, Lacks: u.Lacks}, nil
}

// DirectUsers implements provision.Entra.
func (c *Client) DirectUsers(ctx context.Context, group string) ([]provision.User, error) {
	members, err := c.DirectMembers(ctx, group)
	if err != nil {
		return nil, err
	}
	out := make([]provision.User, len(members))
	for i, m := range members {
		out[i] = provision.User{ID: m.Entra, Name: m.UPN, Enabled: m.Enabled, Guest: m.Guest, Lacks: m.Lacks}
	}
	return out, nil
}
