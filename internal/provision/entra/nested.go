package entra

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"

	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// NestedGroups returns the display names of the groups that are direct members
// of a group, sorted; a group without a name is named by its object id. Entra's
// provisioning reads direct members only ("nested groups aren't supported":
// how application provisioning works), so whoever is a member by one of these
// gets nothing. A group that does not exist is [access.ErrNotFound].
func (c *Client) NestedGroups(ctx context.Context, group string) ([]string, error) {
	op := "graph groups in group " + group
	if err := objectID(op, group); err != nil {
		return nil, err
	}
	list := c.groups().ByGroupId(group).Members().GraphGroup()
	out := []string{}
	err := each(c, op, func(next string) (models.GroupCollectionResponseable, error) {
		if next != "" {
			return list.WithUrl(next).Get(ctx, nil)
		}
		return list.Get(ctx, &groups.ItemMembersGraphGroupRequestBuilderGetRequestConfiguration{
			QueryParameters: &groups.ItemMembersGraphGroupRequestBuilderGetQueryParameters{Select: []string{"id", "displayName"}, Top: ptr(int32(page))},
		})
	}, func(g models.Groupable) bool {
		name := value(g.GetDisplayName())
		if name == "" {
			name = value(g.GetId())
		}
		out = append(out, name)
		return true
	})
	if errors.Is(err, fault.ErrNotFound) {
		return nil, fmt.Errorf("%s: %w", op, access.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(out)
	return out, nil
}
