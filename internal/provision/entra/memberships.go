package entra

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

// GroupsOf implements access.Memberships: the groups that a user is a direct
// member of ("List a user's direct memberships", cast to groups). A user who
// does not exist is [access.ErrNotFound].
func (c *Client) GroupsOf(ctx context.Context, user string) ([]string, error) {
	op := "graph groups of user " + user
	if err := objectID(op, user); err != nil {
		return nil, err
	}
	list := c.users().ByUserId(user).MemberOf().GraphGroup()
	out := []string{}
	err := each(c, op, func(next string) (models.GroupCollectionResponseable, error) {
		if next != "" {
			return list.WithUrl(next).Get(ctx, nil)
		}
		return list.Get(ctx, &users.ItemMemberOfGraphGroupRequestBuilderGetRequestConfiguration{
			QueryParameters: &users.ItemMemberOfGraphGroupRequestBuilderGetQueryParameters{Select: []string{"id"}, Top: ptr(int32(page))},
		})
	}, func(g models.Groupable) bool {
		out = append(out, strings.ToLower(value(g.GetId())))
		return true
	})
	if errors.Is(err, fault.ErrNotFound) {
		return nil, fmt.Errorf("%s: %w", op, access.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}
