// Package organizations is AWS Organizations for the provisioner: which
// accounts are there, in which state, and which one is the management account.
// [Manager] makes the two writes that the bot has: it invites and moves.
//
// The service has one endpoint in each partition and is signed for that
// endpoint's Region: us-east-1, cn-northwest-1 in China, us-gov-west-1 in
// GovCloud. The SDK knows this for its own endpoints and forgets it for a
// configured one, which it signs for with the Region of the client; so there
// the Region is set to the one that the SDK's rules name.
package organizations

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// Client implements provision.Accounts. It is safe for concurrent use.
type Client struct {
	api *organizations.Client

	mu                       sync.Mutex // guards what follows
	organization, management string
	// tree has the path of each OU and of the root by id, as they were read last.
	tree map[string][]string
	// reads is how often they were read.
	reads int
	// reading is held by the one who reads them.
	reading chan struct{}
}

// New returns a client. Calls are reads and are retried. It keeps to AWS's rates;
// pace multiplies them, zero is one.
func New(cfg aws.Config, pace float64) *Client {
	return &Client{reading: make(chan struct{}, 1), api: organizations.NewFromConfig(cfg, paced(pace), func(o *organizations.Options) {
		o.Retryer = awsclient.ReadRetryer()
		if o.BaseEndpoint != nil {
			o.Region = signingRegion(o.Region)
		}
	})}
}

// signingRegion returns the Region that the service's own endpoint is signed
// for in the partition of region; region itself where the SDK knows of none.
func signingRegion(region string) string {
	// The resolver only evaluates its rules: there is nothing to wait for.
	e, err := organizations.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(), organizations.EndpointParameters{Region: &region})
	if err != nil {
		return region
	}
	return awsclient.SigningRegion(e, region)
}

// State implements provision.Accounts. Status is read where State is empty:
// the older member was retired on 2026-09-09.
func (c *Client) State(ctx context.Context, account string) (provision.AccountState, error) {
	op := "describe account " + account
	out, err := c.api.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: &account})
	err = awsclient.Mapped(op, err)
	if errors.Is(err, fault.ErrNotFound) {
		return provision.AccountState{}, nil
	}
	if err != nil {
		return provision.AccountState{}, err
	}
	if out.Account == nil || aws.ToString(out.Account.Id) != account {
		return provision.AccountState{}, fmt.Errorf("%s: the answer is not about that account", op)
	}
	state := string(out.Account.State)
	if state == "" {
		state = string(out.Account.Status)
	}
	return provision.AccountState{Found: true, Active: state == string(types.AccountStateActive), State: state, Name: aws.ToString(out.Account.Name)}, nil
}

// ManagementAccount implements provision.Accounts.
func (c *Client) ManagementAccount(ctx context.Context) (string, error) {
	_, management, err := c.identity(ctx)
	return management, err
}

// OrganizationID implements onboard.Organization.
func (c *Client) OrganizationID(ctx context.Context) (string, error) {
	id, _, err := c.identity(ctx)
	if err == nil && id == "" {
		return "", errors.New("describe organization: no id in the answer")
	}
	return id, err
}

// identity returns the ids of the organization and of its management account.
// They never change for an organization, so they are asked for until they are
// known.
func (c *Client) identity(ctx context.Context) (id, management string, err error) {
	c.mu.Lock()
	id, management = c.organization, c.management
	c.mu.Unlock()
	if management != "" {
		return id, management, nil
	}
	out, err := c.api.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if err != nil {
		return "", "", awsclient.Mapped("describe organization", err)
	}
	if out.Organization == nil || aws.ToString(out.Organization.MasterAccountId) == "" {
		return "", "", errors.New("describe organization: no management account in the answer")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.organization, c.management = aws.ToString(out.Organization.Id), *out.Organization.MasterAccountId
	return c.organization, c.management, nil
}
