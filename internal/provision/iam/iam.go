// Package iam counts the IAM users of member accounts and never touches them.
//
// In each account a role of one name is assumed (sts AssumeRole) for as short a
// session as AWS gives. The credential report of the account tells everything
// in two calls; AWS makes a new one at most every four hours. Where the role may
// not have it, or AWS makes none, the users are listed and looked at one by one,
// up to a limit.
//
// The sources are the IAM API reference and "Getting credential reports for
// your AWS account" in the IAM user guide.
package iam

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	// reportWait is how long a report is waited for, reportPoll between looks.
	reportWait = 3 * time.Minute
	reportPoll = 2 * time.Second
	// session is the shortest that AssumeRole gives.
	session = 15 * time.Minute
	// week is what counts as in use.
	week = 7 * 24 * time.Hour
	// maxNames is how many users are named.
	maxNames = 20
)

var (
	accountID = regexp.MustCompile(`^[0-9]{12}$`)
	roleName  = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
)

// Reader implements onboard.Users. It is safe for concurrent use.
type Reader struct {
	cfg aws.Config
	now func() time.Time
	// Poll divides the wait between looks at a report; zero is one.
	pace float64
}

// New returns a reader that assumes the roles with the credentials of cfg. pace
// divides the wait between two looks at a report; zero is one.
func New(cfg aws.Config, pace float64, now func() time.Time) *Reader {
	return &Reader{cfg: cfg, now: now, pace: pace}
}

// client returns a client within an account. Its calls are reads and retried.
func (r *Reader) client(account, role string) (*iam.Client, error) {
	if !accountID.MatchString(account) || !roleName.MatchString(role) {
		return nil, fault.New(fault.ErrInvalid, fmt.Sprintf("assume role %s in account %s", role, account), "no such account id or role name", nil)
	}
	cfg := awsclient.Assuming(r.cfg, fmt.Sprintf("arn:%s:iam::%s:role/%s", awsclient.Partition(r.cfg.Region), account, role), session)
	return iam.NewFromConfig(cfg, func(o *iam.Options) {
		o.Retryer = awsclient.ReadRetryer()
		if o.BaseEndpoint != nil {
			o.Region = signingRegion(o.Region)
		}
	}), nil
}

// signingRegion returns the Region that the service's own endpoint is signed for.
func signingRegion(region string) string {
	e, err := iam.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(), iam.EndpointParameters{Region: &region})
	if err != nil {
		return region
	}
	return awsclient.SigningRegion(e, region)
}

// Count implements onboard.Users.
func (r *Reader) Count(ctx context.Context, account, role string) (access.IAMUsers, error) {
	c, err := r.client(account, role)
	if err != nil {
		return access.IAMUsers{}, err
	}
	at, content, err := r.report(ctx, c, account)
	if err == nil {
		list, perr := parseReport(content)
		if perr != nil {
			return access.IAMUsers{}, fmt.Errorf("credential report of %s: %w", account, perr)
		}
		return summarize(list, at), nil
	}
	if ctx.Err() != nil {
		return access.IAMUsers{}, ctx.Err()
	}
	list, whole, lerr := listUsers(ctx, c)
	if lerr != nil {
		return access.IAMUsers{}, fmt.Errorf("IAM users of %s: %w", account, firstDenied(lerr, err))
	}
	out := summarize(list, r.now().UTC().Truncate(time.Second))
	if !whole {
		out.Trouble = fmt.Sprintf("There are at least %d IAM users; a credential report would count all of them, and the role may not have it (iam:GenerateCredentialReport, iam:GetCredentialReport).", len(list))
	}
	return out, nil
}

// firstDenied prefers the refusal that says which permission is missing.
func firstDenied(listing, report error) error {
	if errors.Is(report, fault.ErrDenied) && !errors.Is(listing, fault.ErrDenied) {
		return report
	}
	return listing
}

// report has a credential report made unless there is one, and fetches it.
func (r *Reader) report(ctx context.Context, c *iam.Client, account string) (at time.Time, content []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, reportWait)
	defer cancel()
	for {
		out, err := c.GenerateCredentialReport(ctx, &iam.GenerateCredentialReportInput{})
		if err != nil {
			return time.Time{}, nil, awsclient.Mapped("generate credential report of "+account, err)
		}
		if out.State == types.ReportStateTypeComplete {
			got, err := c.GetCredentialReport(ctx, &iam.GetCredentialReportInput{})
			if err == nil {
				return generated(got, r.now()), got.Content, nil
			}
			if !notReady(err) {
				return time.Time{}, nil, awsclient.Mapped("get credential report of "+account, err)
			}
		}
		if err := r.pause(ctx); err != nil {
			return time.Time{}, nil, fmt.Errorf("credential report of %s: it was not ready in time: %w", account, err)
		}
	}
}

func generated(out *iam.GetCredentialReportOutput, now time.Time) time.Time {
	if out.GeneratedTime != nil {
		return out.GeneratedTime.UTC()
	}
	return now.UTC()
}

// notReady reports whether a report is still being made, or has to be made
// anew.
func notReady(err error) bool {
	var progress *types.CredentialReportNotReadyException
	var absent *types.CredentialReportNotPresentException
	var expired *types.CredentialReportExpiredException
	return errors.As(err, &progress) || errors.As(err, &absent) || errors.As(err, &expired)
}

// pause waits between two looks.
func (r *Reader) pause(ctx context.Context) error {
	d := reportPoll
	if r.pace > 0 {
		d = time.Duration(float64(d) / r.pace)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// HasPolicy implements onboard.Users.
func (r *Reader) HasPolicy(ctx context.Context, account, role, policy string) (bool, error) {
	c, err := r.client(account, role)
	if err != nil {
		return false, err
	}
	arn := fmt.Sprintf("arn:%s:iam::%s:policy/%s", awsclient.Partition(r.cfg.Region), account, strings.TrimPrefix(policy, "/"))
	_, err = c.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	var none *types.NoSuchEntityException
	switch {
	case errors.As(err, &none):
		return false, nil
	case err != nil:
		return false, awsclient.Mapped("get policy "+arn, err)
	}
	return true, nil
}
