package entra

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"

	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

// page is how many objects are asked for at once; Graph allows 999 for users.
const page = 999

// userFields are the properties of a user that the bot looks at.
func userFields() []string {
	return []string{"id", "displayName", "mail", "userPrincipalName", "accountEnabled", "userType"}
}

// User implements access.Directory.
func (c *Client) User(ctx context.Context, id string) (access.Entrant, error) {
	op := "graph user " + id
	u, err := c.users().ByUserId(id).Get(ctx, &users.UserItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: userFields()},
	})
	if err = mapped(op, err); errors.Is(err, fault.ErrNotFound) {
		return access.Entrant{}, fmt.Errorf("%s: %w", op, access.ErrNotFound)
	}
	if err != nil {
		return access.Entrant{}, err
	}
	return entrant(u), nil
}

// UsersByEmail implements access.Directory. It asks for mail, user principal
// name and proxy addresses, as people write any of them.
func (c *Client) UsersByEmail(ctx context.Context, email string) ([]access.Entrant, error) {
	q := strings.ReplaceAll(email, "'", "''")
	filter := fmt.Sprintf("mail eq '%s' or userPrincipalName eq '%s' or proxyAddresses/any(p:p eq 'smtp:%s')", q, q, q)
	res, err := c.users().Get(ctx, &users.UsersRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Filter: &filter, Select: userFields(), Top: ptr(int32(page))},
	})
	if err != nil {
		return nil, mapped("graph users by e-mail", err)
	}
	return c.allUsers(ctx, "graph users by e-mail", res)
}

// allUsers follows the next links to the end.
func (c *Client) allUsers(ctx context.Context, op string, res models.UserCollectionResponseable) ([]access.Entrant, error) {
	var out []access.Entrant
	for {
		for _, u := range res.GetValue() {
			out = append(out, entrant(u))
		}
		next := value(res.GetOdataNextLink())
		if next == "" {
			return out, nil
		}
		if err := c.sameHost(next); err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		var err error
		if res, err = c.users().WithUrl(next).Get(ctx, nil); err != nil {
			return nil, mapped(op, err)
		}
	}
}

func entrant(u models.Userable) access.Entrant {
	email := value(u.GetMail())
	if email == "" {
		email = value(u.GetUserPrincipalName())
	}
	return access.Entrant{
		Person:  access.Person{Entra: strings.ToLower(value(u.GetId())), Name: value(u.GetDisplayName()), Email: strings.ToLower(email)},
		Enabled: value(u.GetAccountEnabled()),
		// Anything that is not plainly a member counts as a guest.
		Guest: !strings.EqualFold(value(u.GetUserType()), "Member"),
	}
}

// DirectMembers implements access.Directory: direct members that are users.
func (c *Client) DirectMembers(ctx context.Context, group string) ([]access.Entrant, error) {
	op := "graph members of group " + group
	res, err := c.groups().ByGroupId(group).Members().GraphUser().Get(ctx, &groups.ItemMembersGraphUserRequestBuilderGetRequestConfiguration{
		QueryParameters: &groups.ItemMembersGraphUserRequestBuilderGetQueryParameters{Select: userFields(), Top: ptr(int32(page))},
	})
	if err != nil {
		return nil, mapped(op, err)
	}
	return c.allUsers(ctx, op, res)
}

// Group implements provision.Entra.
func (c *Client) Group(ctx context.Context, id string) (provision.Group, error) {
	g, err := c.groups().ByGroupId(id).Get(ctx, &groups.GroupItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &groups.GroupItemRequestBuilderGetQueryParameters{Select: []string{"id", "displayName", "securityEnabled"}},
	})
	if err != nil {
		return provision.Group{}, mapped("graph group "+id, err)
	}
	return provision.Group{ID: strings.ToLower(value(g.GetId())), Name: value(g.GetDisplayName()), SecurityEnabled: value(g.GetSecurityEnabled())}, nil
}

// DirectUsers implements provision.Entra.
func (c *Client) DirectUsers(ctx context.Context, group string) ([]provision.User, error) {
	members, err := c.DirectMembers(ctx, group)
	if err != nil {
		return nil, err
	}
	out := make([]provision.User, len(members))
	for i, m := range members {
		out[i] = provision.User{ID: m.Entra, Name: m.Email, Enabled: m.Enabled}
	}
	return out, nil
}
