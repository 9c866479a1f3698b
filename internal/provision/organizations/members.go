package organizations

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"golang.org/x/sync/errgroup"
)

var _ importer.Members = (*Client)(nil)

const (
	// pageSize is the largest page of the lists of this service.
	pageSize = 20
	// parallel is how many accounts are looked at at a time: AWS limits each
	// operation of Organizations to a few calls a second.
	parallel = 4
)

// Organization implements importer.Members.
func (c *Client) Organization(ctx context.Context) (importer.Organization, error) {
	const op = "describe organization"
	out, err := c.api.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if err != nil {
		return importer.Organization{}, awsclient.Mapped(op, err)
	}
	if out.Organization == nil || aws.ToString(out.Organization.Id) == "" || aws.ToString(out.Organization.MasterAccountId) == "" {
		return importer.Organization{}, errors.New(op + ": no id or no management account in the answer")
	}
	return importer.Organization{ID: *out.Organization.Id, Management: *out.Organization.MasterAccountId}, nil
}

// Members implements importer.Members.
func (c *Client) Members(ctx context.Context) ([]importer.Account, error) {
	list, err := c.listAccounts(ctx)
	if err != nil {
		return nil, unlisted(err)
	}
	units, err := c.units(ctx)
	if err != nil {
		return nil, unlisted(err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i := range list {
		if list[i].State == importer.Active {
			g.Go(func() error { return c.describe(ctx, &list[i], units) })
		}
	}
	if err := g.Wait(); err != nil {
		return nil, unlisted(err)
	}
	return list, nil
}

// unlisted takes the kind from a not-found error: that something vanished while
// it was read says nothing of what was asked for.
func unlisted(err error) error {
	if errors.Is(err, fault.ErrNotFound) {
		return fmt.Errorf("the organization was changed while it was read; try again: %s", err)
	}
	return err
}

// listAccounts lists all accounts, without OU and tags.
func (c *Client) listAccounts(ctx context.Context) ([]importer.Account, error) {
	var out []importer.Account
	err := c.eachAccount(ctx, func(a types.Account) error {
		out = append(out, importer.Account{ID: aws.ToString(a.Id), Name: aws.ToString(a.Name), State: stateOf(a)})
		return nil
	})
	return out, err
}

// units returns the path of every OU, and of the root, by id.
func (c *Client) units(ctx context.Context) (map[string][]string, error) {
	out, open := map[string][]string{}, []string{}
	err := pages("list roots", func(token *string) (*string, error) {
		page, err := c.api.ListRoots(ctx, &organizations.ListRootsInput{MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, r := range page.Roots {
			out[aws.ToString(r.Id)], open = []string{}, append(open, aws.ToString(r.Id))
		}
		return page.NextToken, nil
	})
	for err == nil && len(open) > 0 {
		parent := open[0]
		open = open[1:]
		err = c.eachUnit(ctx, parent, func(u types.OrganizationalUnit) error {
			id := aws.ToString(u.Id)
			if _, twice := out[id]; twice {
				return fmt.Errorf("the OU %s came twice", id)
			}
			out[id], open = append(slices.Clone(out[parent]), aws.ToString(u.Name)), append(open, id)
			return nil
		})
	}
	return out, err
}

// eachUnit calls f for each OU right below a root or OU.
func (c *Client) eachUnit(ctx context.Context, parent string, f func(types.OrganizationalUnit) error) error {
	return pages("list OUs in "+parent, func(token *string) (*string, error) {
		page, err := c.api.ListOrganizationalUnitsForParent(ctx, &organizations.ListOrganizationalUnitsForParentInput{ParentId: &parent, MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, u := range page.OrganizationalUnits {
			if err := f(u); err != nil {
				return nil, err
			}
		}
		return page.NextToken, nil
	})
}

// describe adds OU and tags to an account.
func (c *Client) describe(ctx context.Context, a *importer.Account, units map[string][]string) error {
	up, err := c.parent(ctx, a.ID)
	if err != nil {
		return err
	}
	path, known := units[aws.ToString(up.Id)]
	if !known {
		return fmt.Errorf("account %s is in the OU %s, which was not there before; try again", a.ID, aws.ToString(up.Id))
	}
	a.OU, a.Tags = path, map[string]string{}
	return c.tags(ctx, a)
}

// parent returns the root or OU that an account or OU is in.
func (c *Client) parent(ctx context.Context, child string) (types.Parent, error) {
	var parents []types.Parent
	err := pages("list parents of "+child, func(token *string) (*string, error) {
		page, err := c.api.ListParents(ctx, &organizations.ListParentsInput{ChildId: &child, MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		parents = append(parents, page.Parents...)
		return page.NextToken, nil
	})
	if err != nil {
		return types.Parent{}, err
	}
	if len(parents) != 1 {
		return types.Parent{}, fmt.Errorf("list parents of %s: %d parents", child, len(parents))
	}
	return parents[0], nil
}

// tags adds the tags of an account to its Tags.
func (c *Client) tags(ctx context.Context, a *importer.Account) error {
	return pages("list tags of "+a.ID, func(token *string) (*string, error) {
		page, err := c.api.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: &a.ID, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, t := range page.Tags {
			a.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
		return page.NextToken, nil
	})
}

// pages calls fetch for each page until there is no next one; an empty page may
// have one. A token that comes twice is an error: the list would have no end.
func pages(op string, fetch func(token *string) (next *string, err error)) error {
	seen := map[string]bool{}
	var token *string
	for {
		next, err := fetch(token)
		if err != nil {
			return awsclient.Mapped(op, err)
		}
		if aws.ToString(next) == "" {
			return nil
		}
		if seen[*next] {
			return fmt.Errorf("%s: a page token came twice", op)
		}
		seen[*next], token = true, next
	}
}
