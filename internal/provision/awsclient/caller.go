package awsclient

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Caller asks AWS who the bot is.
type Caller struct{ client *sts.Client }

// NewCaller returns a Caller that calls with a config of [Config].
func NewCaller(cfg aws.Config) *Caller {
	return &Caller{sts.NewFromConfig(cfg, func(o *sts.Options) { o.Retryer = ReadRetryer() })}
}

// CallerARN returns the Arn of sts:GetCallerIdentity, for which no permission is
// needed (STS API reference).
func (c *Caller) CallerARN(ctx context.Context) (string, error) {
	out, err := c.client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("get caller identity: %w", err)
	}
	return aws.ToString(out.Arn), nil
}
