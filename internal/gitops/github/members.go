package github

import (
	"context"
	"fmt"
	"net/url"
)

// holder is the account that has the repository.
type holder struct {
	id    int64
	login string
	// person is true for an account of one person instead of an organization.
	person bool
}

// owned returns who has the repository.
func (c *Client) owned(ctx context.Context) (holder, error) {
	if err := c.identify(ctx); err != nil {
		return holder{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.holder, nil
}

// Insiders implements [gitops.Organization]. Members who keep their membership
// to themselves are listed to an App with the permission Members: read; outside
// collaborators and those invited are not (List organization members). A
// repository of one person's account has that person alone inside: everybody
// else there is a collaborator whom nobody but he vouches for.
func (c *Client) Insiders(ctx context.Context) ([]int64, error) {
	owner, err := c.owned(ctx)
	if err != nil {
		return nil, err
	}
	if owner.person {
		return []int64{owner.id}, nil
	}
	ids, err := c.listPeople(ctx, fmt.Sprintf("orgs/%s/members?per_page=100", url.PathEscape(owner.login)))
	return ids, c.wrap("list members of "+owner.login, err)
}

// listPeople reads the numbers of a list of accounts that are people.
func (c *Client) listPeople(ctx context.Context, path string) ([]int64, error) {
	type member struct {
		ID   int64  `json:"id"`
		Type string `json:"type"`
	}
	list, err := rawPages[member](ctx, c, path)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, 0, len(list))
	for _, m := range list {
		if m.ID != 0 && (m.Type == "User" || m.Type == "") {
			ids = append(ids, m.ID)
		}
	}
	return ids, nil
}
