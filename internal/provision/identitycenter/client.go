// Package identitycenter is AWS IAM Identity Center for the provisioner:
// account assignments by sso-admin, groups by the identity store.
//
// # Limits
//
// All sso-admin calls of all callers share 20 requests a second per instance
// (IAM Identity Center quotas). One limiter paces every call made here, reads
// and writes alike; it gives way when AWS throttles and comes back slowly. The
// identity store has a limit per API and a limiter of its own.
//
// # Writes
//
// Writes are tried once: the engine looks for their effect before it repeats
// one. Reads are retried and complete, or an error.
package identitycenter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
)

// pageSize is the largest page of every list (API reference: 1 to 100).
const pageSize = 100

// DefaultShare is the part of the 20 requests a second that the bot takes.
const DefaultShare = 10

// namesFor is how long names of permission sets are taken from memory; an
// unknown name is looked up at once.
const namesFor = 24 * time.Hour

// Client implements provision.Center. It is safe for concurrent use.
type Client struct {
	sso   *ssoadmin.Client
	store *identitystore.Client
	pace  *pacer
	spare *pacer // identity store
	now   func() time.Time

	mu       sync.Mutex // guards the fields below
	instance string     // ARN
	storeID  string
	issuer   string // of external ids, "" until one was seen
	sets     map[string]string
	setsAt   time.Time
}

// New returns a client; share is requests a second, zero means DefaultShare.
func New(cfg aws.Config, share float64, now func() time.Time) *Client {
	if share == 0 {
		share = DefaultShare
	}
	return &Client{
		sso: ssoadmin.NewFromConfig(cfg), store: identitystore.NewFromConfig(cfg),
		pace: newPacer(share, now), spare: newPacer(share, now), now: now,
	}
}

// reading makes an sso-admin call retry.
func reading(o *ssoadmin.Options) { o.Retryer = awsclient.ReadRetryer() }

// storeReading makes an identity store call retry.
func storeReading(o *identitystore.Options) { o.Retryer = awsclient.ReadRetryer() }

// Instance returns the ARN of the instance and the id of its identity store.
// An account or a Region has at most one active instance that manages
// permission sets; with several, which one is meant cannot be known.
func (c *Client) Instance(ctx context.Context) (arn, storeID string, err error) {
	c.mu.Lock()
	arn, storeID = c.instance, c.storeID
	c.mu.Unlock()
	if arn != "" {
		return arn, storeID, nil
	}
	p := ssoadmin.NewListInstancesPaginator(c.sso, &ssoadmin.ListInstancesInput{})
	var found []types.InstanceMetadata
	for p.HasMorePages() {
		if err := c.pace.wait(ctx); err != nil {
			return "", "", err
		}
		out, err := p.NextPage(ctx, reading)
		if err = c.pace.seen(awsclient.Mapped("list identity center instances", err)); err != nil {
			return "", "", err
		}
		found = append(found, out.Instances...)
	}
	if len(found) != 1 {
		return "", "", fault.New(fault.ErrNotFound, "list identity center instances", fmt.Sprintf("%d instances, need exactly one", len(found)), nil)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.instance, c.storeID = aws.ToString(found[0].InstanceArn), aws.ToString(found[0].IdentityStoreId)
	return c.instance, c.storeID, nil
}

// setARN returns the ARN of a permission set by name. An unknown name is
// looked up in a complete list before it is said not to exist.
func (c *Client) setARN(ctx context.Context, name string) (string, error) {
	c.mu.Lock()
	arn, ok := c.sets[name]
	fresh := c.now().Sub(c.setsAt) < namesFor
	c.mu.Unlock()
	if ok && fresh {
		return arn, nil
	}
	sets, err := c.PermissionSets(ctx)
	if err != nil {
		return "", err
	}
	if arn, ok = sets[name]; !ok {
		return "", fault.New(fault.ErrNotFound, "permission set "+name, "there is no permission set of that name in Identity Center", nil)
	}
	return arn, nil
}

// PermissionSets lists the permission sets: ARN by name, complete.
func (c *Client) PermissionSets(ctx context.Context) (map[string]string, error) {
	instance, _, err := c.Instance(ctx)
	if err != nil {
		return nil, err
	}
	known := c.namesByARN()
	sets := map[string]string{}
	p := ssoadmin.NewListPermissionSetsPaginator(c.sso, &ssoadmin.ListPermissionSetsInput{InstanceArn: &instance, MaxResults: aws.Int32(pageSize)})
	for p.HasMorePages() {
		if err := c.pace.wait(ctx); err != nil {
			return nil, err
		}
		out, err := p.NextPage(ctx, reading)
		if err = c.pace.seen(awsclient.Mapped("list permission sets", err)); err != nil {
			return nil, err
		}
		for _, arn := range out.PermissionSets {
			name, ok := known[arn]
			if !ok {
				if name, err = c.describe(ctx, instance, arn); err != nil {
					return nil, err
				}
			}
			sets[name] = arn
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sets, c.setsAt = sets, c.now()
	return sets, nil
}

// namesByARN returns the names that are known: the name of a permission set
// cannot be changed (UpdatePermissionSet has no name).
func (c *Client) namesByARN() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[string]string, len(c.sets))
	for name, arn := range c.sets {
		out[arn] = name
	}
	return out
}

func (c *Client) describe(ctx context.Context, instance, arn string) (string, error) {
	if err := c.pace.wait(ctx); err != nil {
		return "", err
	}
	out, err := c.sso.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: &instance, PermissionSetArn: &arn}, reading)
	if err = c.pace.seen(awsclient.Mapped("describe permission set "+arn, err)); err != nil {
		return "", err
	}
	if out.PermissionSet == nil || aws.ToString(out.PermissionSet.Name) == "" {
		return "", errors.New("describe permission set " + arn + ": no name in the answer")
	}
	return *out.PermissionSet.Name, nil
}
