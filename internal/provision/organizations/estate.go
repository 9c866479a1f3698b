package organizations

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/onboard"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

var _ onboard.Organization = (*Client)(nil)

// Features implements onboard.Organization.
func (c *Client) Features(ctx context.Context) (access.FeatureSet, error) {
	const op = "describe organization"
	out, err := c.api.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if err != nil {
		return "", awsclient.Mapped(op, err)
	}
	if out.Organization == nil || out.Organization.FeatureSet == "" {
		return "", errors.New(op + ": no feature set in the answer")
	}
	return access.FeatureSet(out.Organization.FeatureSet), nil
}

// Accounts implements onboard.Organization. The place of each account is read
// off its Paths, the ids on the way from the root; no call per account is made.
// The OUs are those of the last reading, unless an account is in one that was
// not there.
func (c *Client) Accounts(ctx context.Context) ([]access.EstateAccount, error) {
	var out []access.EstateAccount
	var parents []string
	err := c.eachAccount(ctx, func(a types.Account) error {
		out, parents = append(out, estateAccount(a)), append(parents, parentOf(a))
		return nil
	})
	if err != nil {
		return nil, unlisted(err)
	}
	units := c.lastTree()
	if slices.ContainsFunc(parents, func(id string) bool { return id != "" && units[id] == nil }) {
		if units, err = c.readTree(ctx); err != nil {
			return nil, unlisted(err)
		}
	}
	for i, id := range parents {
		if names := units[id]; names != nil {
			out[i].OU = ouPath(names)
		}
	}
	return out, nil
}

// lastTree returns the OUs as they were read last, nil before that.
func (c *Client) lastTree() map[string][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tree
}

// readTree reads the OUs and keeps them. Whoever waits while another reads them
// takes what that one read.
func (c *Client) readTree(ctx context.Context) (map[string][]string, error) {
	before := c.treeReads()
	select {
	case c.reading <- struct{}{}:
		defer func() { <-c.reading }()
	case <-ctx.Done():
		return nil, fmt.Errorf("list OUs: %w", ctx.Err())
	}
	if c.treeReads() > before {
		return c.lastTree(), nil
	}
	units, err := c.units(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tree, c.reads = units, c.reads+1
	return units, nil
}

// treeReads is how often the OUs were read.
func (c *Client) treeReads() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reads
}

// eachAccount calls f for each account of the organization, once.
func (c *Client) eachAccount(ctx context.Context, f func(types.Account) error) error {
	seen := map[string]bool{}
	return pages("list accounts", func(token *string) (*string, error) {
		page, err := c.api.ListAccounts(ctx, &organizations.ListAccountsInput{MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, a := range page.Accounts {
			id := aws.ToString(a.Id)
			if id == "" {
				return nil, errors.New("an account without an id")
			}
			if seen[id] {
				continue
			}
			seen[id] = true
			if err := f(a); err != nil {
				return nil, err
			}
		}
		return page.NextToken, nil
	})
}

// stateOf is the state of an account; the older member was retired on
// 2026-09-09.
func stateOf(a types.Account) string { return cmp.Or(string(a.State), string(a.Status)) }

func estateAccount(a types.Account) access.EstateAccount {
	return access.EstateAccount{
		ID: aws.ToString(a.Id), Name: fault.Sentence(aws.ToString(a.Name)), Email: fault.Sentence(aws.ToString(a.Email)),
		Member: true, State: stateOf(a), Joined: utc(a.JoinedTimestamp), Created: a.JoinedMethod == types.AccountJoinedMethodCreated,
	}
}

func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// parentOf reads the id of the root or OU off the paths of an account, such as
// "o-a1b2/r-ab12/ou-ab12-11111111/111122223333/"; "" where that cannot be told.
func parentOf(a types.Account) string {
	if len(a.Paths) != 1 {
		return ""
	}
	parts := strings.Split(strings.Trim(a.Paths[0], "/"), "/")
	if len(parts) < 3 || parts[len(parts)-1] != aws.ToString(a.Id) {
		return ""
	}
	return parts[len(parts)-2]
}

// ouPath is a path as account files have it. AWS lets a name have a slash; one
// that has is written with another sign (U+2215), so that its path is that of no
// other OU.
func ouPath(names []string) string {
	var b strings.Builder
	for _, n := range names {
		b.WriteString("/" + strings.ReplaceAll(n, "/", "\u2215"))
	}
	return cmp.Or(b.String(), "/")
}

// OUs implements onboard.Organization. A name with a slash makes no path that a
// file could have, and is left out with what is below it.
func (c *Client) OUs(ctx context.Context) ([]string, error) {
	units, err := c.readTree(ctx)
	if err != nil {
		return nil, unlisted(err)
	}
	out := map[string]bool{}
	for _, names := range units {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, "/") }) {
			out[ouPath(names)] = true
		}
	}
	return slices.Sorted(maps.Keys(out)), nil
}

// Account implements onboard.Organization. Which root or OU the account is in is
// read now; how that is called may be as of the last reading of the OUs.
func (c *Client) Account(ctx context.Context, id string) (onboard.Place, error) {
	op := "describe account " + id
	out, err := c.api.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: &id})
	err = awsclient.Mapped(op, err)
	if errors.Is(err, fault.ErrNotFound) {
		return onboard.Place{EstateAccount: access.EstateAccount{ID: id}}, nil
	}
	if err != nil {
		return onboard.Place{}, err
	}
	if out.Account == nil || aws.ToString(out.Account.Id) != id {
		return onboard.Place{}, fmt.Errorf("%s: the answer is not about that account", op)
	}
	p := onboard.Place{EstateAccount: estateAccount(*out.Account)}
	up, err := c.parent(ctx, id)
	if err != nil {
		return onboard.Place{}, unlisted(err)
	}
	p.Parent = aws.ToString(up.Id)
	units := c.lastTree()
	if units[p.Parent] == nil {
		if units, err = c.readTree(ctx); err != nil {
			return onboard.Place{}, unlisted(err)
		}
	}
	if units[p.Parent] == nil {
		return onboard.Place{}, fmt.Errorf("account %s is in %s, which is no OU any more; try again", id, p.Parent)
	}
	p.OU = ouPath(units[p.Parent])
	if p.Tags, err = c.Tags(ctx, id); err != nil {
		return onboard.Place{}, err
	}
	return p, nil
}

// Tags implements onboard.Organization.
func (c *Client) Tags(ctx context.Context, id string) (map[string]string, error) {
	a := importer.Account{ID: id, Tags: map[string]string{}}
	if err := c.tags(ctx, &a); err != nil {
		return nil, unlisted(err)
	}
	return a.Tags, nil
}

// Unit implements onboard.Organization: it walks down from the root by name.
func (c *Client) Unit(ctx context.Context, path string) (string, bool, error) {
	at, err := c.rootID(ctx)
	if err != nil {
		return "", false, unlisted(err)
	}
	for name := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if name == "" {
			continue
		}
		below, err := c.below(ctx, at, name)
		if err != nil || below == "" {
			return "", false, unlisted(err)
		}
		at = below
	}
	return at, true, nil
}

// rootID returns the id of the root, which never changes.
func (c *Client) rootID(ctx context.Context) (string, error) {
	units := c.lastTree()
	if units == nil {
		var err error
		if units, err = c.readTree(ctx); err != nil {
			return "", err
		}
	}
	for id, names := range units {
		if len(names) == 0 {
			return id, nil
		}
	}
	return "", errors.New("list roots: no root")
}

// below returns the id of the OU of a name right below one, "" for none.
func (c *Client) below(ctx context.Context, parent, name string) (id string, err error) {
	err = c.eachUnit(ctx, parent, func(u types.OrganizationalUnit) error {
		if aws.ToString(u.Name) == name {
			id = aws.ToString(u.Id)
		}
		return nil
	})
	return id, err
}

// Handshakes implements onboard.Invitations.
func (c *Client) Handshakes(ctx context.Context) ([]access.Handshake, error) {
	return listHandshakes(ctx, c.api)
}

func listHandshakes(ctx context.Context, api *organizations.Client) ([]access.Handshake, error) {
	var out []access.Handshake
	seen := map[string]bool{}
	err := pages("list handshakes", func(token *string) (*string, error) {
		page, err := api.ListHandshakesForOrganization(ctx, &organizations.ListHandshakesForOrganizationInput{MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, h := range page.Handshakes {
			if id := aws.ToString(h.Id); id != "" && !seen[id] {
				seen[id] = true
				out = append(out, handshake(h))
			}
		}
		return page.NextToken, nil
	})
	return out, err
}

// handshake reads one. Its account is the party of that type; an invitation sent
// to an e-mail address may have none.
func handshake(h types.Handshake) access.Handshake {
	out := access.Handshake{
		ID: aws.ToString(h.Id), Action: string(h.Action), State: string(h.State), Asked: utc(h.RequestedTimestamp), Expires: utc(h.ExpirationTimestamp),
	}
	for _, p := range h.Parties {
		if p.Type == types.HandshakePartyTypeAccount {
			out.Account = aws.ToString(p.Id)
		}
	}
	waiting := h.State == types.HandshakeStateRequested || h.State == types.HandshakeStateOpen
	out.WaitsForAccount = waiting && (h.Action == types.ActionTypeInviteAccountToOrganization || out.Account != "")
	return out
}
