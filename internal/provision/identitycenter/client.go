// Package identitycenter is AWS IAM Identity Center for the provisioner:
// account assignments and permission sets by sso-admin, groups by the identity
// store.
//
// # Limits
//
// All sso-admin calls of all callers share 20 requests a second per instance
// (IAM Identity Center quotas). One limiter paces every request made here,
// reads, writes and retries alike; it gives way when AWS throttles and comes
// back slowly. The identity store has a limit per API and a limiter of its own.
//
// # Writes
//
// Writes are tried once: the engine looks for their effect before it repeats
// one. Reads are retried and complete, or an error.
//
// # Not found
//
// That a permission set does not exist makes the engine believe that nobody is
// assigned to it. So fault.ErrNotFound is answered only after a complete list
// of the names; every other thing that AWS does not find on the way (the
// instance, a set that was deleted while the names were read) is handled here
// or comes back as an error of no kind.
package identitycenter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
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
	sts   *sts.Client
	once  paced // retryer of writes
	now   func() time.Time
	// refresh is held by whoever reads the names; the others wait for it.
	refresh chan struct{}
	// meeting is held by whoever looks for the instance.
	meeting chan struct{}

	mu       sync.Mutex // guards the fields below
	instance string     // ARN
	storeID  string
	issuer   string            // of external ids, "" until one was seen
	people   map[string]string // Entra object ids of users by that in the identity store
	sets     map[string]string // ARN by name; replaced, never changed
	byARN    map[string]string // the same the other way round
	setsAt   time.Time         // zero when the names must be read again
}

// New returns a client; share is requests a second, zero means DefaultShare.
func New(cfg aws.Config, share float64, now func() time.Time) *Client {
	if share == 0 {
		share = DefaultShare
	}
	center, store := newPacer(share, now), newPacer(share, now)
	return &Client{
		sso:   ssoadmin.NewFromConfig(cfg, func(o *ssoadmin.Options) { o.Retryer = paced{awsclient.ReadRetryer(), center, true} }),
		store: identitystore.NewFromConfig(cfg, func(o *identitystore.Options) { o.Retryer = paced{awsclient.ReadRetryer(), store, false} }),
		sts:   sts.NewFromConfig(cfg, func(o *sts.Options) { o.Retryer = awsclient.ReadRetryer() }),
		once:  paced{aws.NopRetryer{}, center, true}, now: now, refresh: make(chan struct{}, 1), meeting: make(chan struct{}, 1),
		people: map[string]string{},
	}
}

// writing makes an sso-admin call go out once.
func (c *Client) writing(o *ssoadmin.Options) { o.Retryer = c.once }

// pages calls fetch for each page until there is no next one. A token that
// comes twice is an error: the list would have no end.
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

// unlisted takes the kind from a not-found error: see the package comment.
func unlisted(err error) error {
	if errors.Is(err, fault.ErrNotFound) {
		return errors.New(err.Error())
	}
	return err
}

// Instance returns the ARN of the instance and the id of its identity store.
// An account or a Region has at most one active instance that manages
// permission sets; with several, which one is meant cannot be known.
func (c *Client) Instance(ctx context.Context) (arn, storeID string, err error) {
	if arn, storeID := c.knownInstance(); arn != "" {
		return arn, storeID, nil
	}
	select {
	case c.meeting <- struct{}{}:
		defer func() { <-c.meeting }()
	case <-ctx.Done():
		return "", "", fmt.Errorf("list identity center instances: %w", ctx.Err())
	}
	if arn, storeID := c.knownInstance(); arn != "" { // found by the one who went before
		return arn, storeID, nil
	}
	return c.findInstance(ctx)
}

// knownInstance takes the instance from memory, "" when it is not known.
func (c *Client) knownInstance() (arn, storeID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.instance, c.storeID
}

func (c *Client) findInstance(ctx context.Context) (arn, storeID string, err error) {
	const op = "list identity center instances"
	var found []types.InstanceMetadata
	err = pages(op, func(token *string) (*string, error) {
		out, err := c.sso.ListInstances(ctx, &ssoadmin.ListInstancesInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, i := range out.Instances {
			if i.Status == "" || i.Status == types.InstanceStatusActive {
				found = append(found, i)
			}
		}
		return out.NextToken, nil
	})
	if err != nil {
		return "", "", unlisted(err)
	}
	if len(found) != 1 {
		return "", "", fmt.Errorf("%s: %d active instances, need exactly one", op, len(found))
	}
	arn, storeID = aws.ToString(found[0].InstanceArn), aws.ToString(found[0].IdentityStoreId)
	if arn == "" || storeID == "" {
		return "", "", fmt.Errorf("%s: an instance without its ARN or identity store", op)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.instance, c.storeID = arn, storeID
	return arn, storeID, nil
}

// setARN returns the ARN of a permission set by name. An unknown name is
// looked up in a complete list before it is said not to exist.
func (c *Client) setARN(ctx context.Context, name string) (string, error) {
	if arn, ok := c.knownSet(name); ok {
		return arn, nil
	}
	asked := c.now()
	release, err := c.turn(ctx)
	if err != nil {
		return "", fmt.Errorf("permission set %s: %w", name, err)
	}
	defer release()
	if arn, ok := c.knownSet(name); ok { // by the one who went before
		return arn, nil
	}
	sets, ok := c.setsSince(asked)
	if !ok {
		if sets, err = c.PermissionSets(ctx); err != nil {
			return "", err
		}
	}
	arn, ok := sets[name]
	if !ok {
		return "", fault.New(fault.ErrNotFound, "permission set "+name, "there is no permission set of that name in Identity Center", nil)
	}
	return arn, nil
}

// turn waits for the turn to read the names.
func (c *Client) turn(ctx context.Context) (release func(), err error) {
	select {
	case c.refresh <- struct{}{}:
		return func() { <-c.refresh }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// names returns the permission sets as somebody read them since the call, or
// reads them: many who miss a name cause one reading.
func (c *Client) names(ctx context.Context) (map[string]string, error) {
	asked := c.now()
	release, err := c.turn(ctx)
	if err != nil {
		return nil, fmt.Errorf("names of permission sets: %w", err)
	}
	defer release()
	if sets, ok := c.setsSince(asked); ok {
		return sets, nil
	}
	return c.PermissionSets(ctx)
}

// setsSince returns the names if they were listed after a time.
func (c *Client) setsSince(t time.Time) (map[string]string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sets, c.setsAt.After(t)
}

// knownSet takes the ARN of a permission set from memory.
func (c *Client) knownSet(name string) (arn string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.setsAt.IsZero() || c.now().Sub(c.setsAt) >= namesFor {
		return "", false
	}
	arn, ok = c.sets[name]
	return arn, ok
}

// forgetSets has the list of permission sets read again.
func (c *Client) forgetSets() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setsAt = time.Time{}
}

// PermissionSets lists the permission sets: ARN by name, complete.
func (c *Client) PermissionSets(ctx context.Context) (map[string]string, error) {
	instance, _, err := c.Instance(ctx)
	if err != nil {
		return nil, err
	}
	var arns []string
	err = pages("list permission sets", func(token *string) (*string, error) {
		out, err := c.sso.ListPermissionSets(ctx, &ssoadmin.ListPermissionSetsInput{InstanceArn: &instance, MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		arns = append(arns, out.PermissionSets...)
		return out.NextToken, nil
	})
	if err != nil {
		return nil, unlisted(err)
	}
	known, sets, names := c.namesByARN(), make(map[string]string, len(arns)), make(map[string]string, len(arns))
	for _, arn := range arns {
		name, ok := known[arn]
		if !ok {
			name, err = c.describe(ctx, instance, arn)
			if errors.Is(err, fault.ErrNotFound) {
				continue // deleted since it was listed
			}
			if err != nil {
				return nil, err
			}
		}
		sets[name], names[arn] = arn, name
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sets, c.byARN, c.setsAt = sets, names, c.now()
	return maps.Clone(sets), nil
}

// namesByARN returns the names that are known: the name of a permission set
// cannot be changed (UpdatePermissionSet has no name).
func (c *Client) namesByARN() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byARN
}

// describe returns the name of a permission set, or fault.ErrNotFound.
func (c *Client) describe(ctx context.Context, instance, arn string) (string, error) {
	op := "describe permission set " + arn
	out, err := c.sso.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: &instance, PermissionSetArn: &arn})
	if err != nil {
		return "", awsclient.Mapped(op, err)
	}
	if out.PermissionSet == nil || aws.ToString(out.PermissionSet.Name) == "" {
		return "", errors.New(op + ": no name in the answer")
	}
	return *out.PermissionSet.Name, nil
}
