// Package organizations is AWS Organizations for the provisioner: which
// accounts are there, in which state, and which one is the management account.
package organizations

import (
	"context"
	"errors"
	"sync"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// globalRegion is where the service is signed for: it has one endpoint per
// partition, in us-east-1 for the commercial one.
const globalRegion = "us-east-1"

// Client implements provision.Accounts. It is safe for concurrent use.
type Client struct {
	api *organizations.Client

	mu         sync.Mutex // guards management
	management string
}

// New returns a client. Calls are reads and are retried.
func New(cfg aws.Config) *Client {
	return &Client{api: organizations.NewFromConfig(cfg, func(o *organizations.Options) {
		o.Retryer = awsclient.ReadRetryer()
		if cfg.Region != "" && cfg.BaseEndpoint != nil {
			o.Region = globalRegion
		}
	})}
}

// State implements provision.Accounts. Status is read where State is empty:
// the older member was retired on 2026-09-09.
func (c *Client) State(ctx context.Context, account string) (provision.AccountState, error) {
	out, err := c.api.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: &account})
	err = awsclient.Mapped("describe account "+account, err)
	if errors.Is(err, fault.ErrNotFound) {
		return provision.AccountState{}, nil
	}
	if err != nil {
		return provision.AccountState{}, err
	}
	state := string(out.Account.State)
	if state == "" {
		state = string(out.Account.Status)
	}
	return provision.AccountState{Found: true, Active: state == string(types.AccountStateActive), State: state, Name: aws.ToString(out.Account.Name)}, nil
}

// ManagementAccount implements provision.Accounts. It never changes for an
// organization, so it is asked for once.
func (c *Client) ManagementAccount(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.management != "" {
		return c.management, nil
	}
	out, err := c.api.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if err != nil {
		return "", awsclient.Mapped("describe organization", err)
	}
	if out.Organization == nil || aws.ToString(out.Organization.MasterAccountId) == "" {
		return "", errors.New("describe organization: no management account in the answer")
	}
	c.management = *out.Organization.MasterAccountId
	return c.management, nil
}
