// Package awsclient makes the configuration that the AWS adapters share:
// region, credentials, an endpoint of its own for other partitions and
// emulators, and the mapping of AWS errors to the kinds of package fault.
package awsclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/secret"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// callTimeout bounds one HTTP exchange with AWS.
const callTimeout = 30 * time.Second

// Options say how to reach AWS.
type Options struct {
	Region      string
	EndpointURL string // "" for AWS's own
	// AccessKeyID and SecretAccessKey are used when set, else the SDK's chain.
	AccessKeyID     string
	SecretAccessKey secret.Value
	// Role is assumed with these credentials, "" for none.
	Role    string
	RootCAs *x509.CertPool
}

// Config returns an SDK configuration. Retries are the caller's: a write must
// be looked for before it is repeated.
func Config(ctx context.Context, o Options) (aws.Config, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12}
	opts := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithRegion(o.Region),
		awsconfig.WithHTTPClient(&http.Client{Transport: transport, Timeout: callTimeout}),
		awsconfig.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
	}
	if o.AccessKeyID != "" {
		opts = append(opts, awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(o.AccessKeyID, o.SecretAccessKey.Reveal(), "")))
	}
	if o.EndpointURL != "" {
		opts = append(opts, awsconfig.WithBaseEndpoint(o.EndpointURL))
	}
	cfg, err := awsconfig.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("aws configuration: %w", err)
	}
	if o.Role != "" {
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), o.Role))
	}
	return cfg, nil
}

// readAttempts is how often a read is tried: throttling and 5xx pass.
const readAttempts = 5

// ReadRetryer retries what the SDK thinks retryable, without its own bucket of
// retry tokens: the caller's limiter is the only one.
func ReadRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = readAttempts
		o.RateLimiter = ratelimit.None
	})
}

// Mapped turns an error of AWS into one of package fault where AWS has refused
// the call. It goes by the error's type and never by the HTTP status, which
// differs between the model and the live services.
func Mapped(op string, err error) error {
	if err == nil {
		return nil
	}
	var ae smithy.APIError
	if !errors.As(err, &ae) {
		return fmt.Errorf("%s: %w", op, err)
	}
	kind := kindOf(ae.ErrorCode())
	if kind == nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return fault.New(kind, op, ae.ErrorMessage(), nil)
}

func kindOf(code string) error {
	switch code {
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException":
		return fault.ErrThrottled
	case "ConflictException", "ConcurrentModificationException":
		return fault.ErrConflict
	case "ResourceNotFoundException", "AccountNotFoundException":
		return fault.ErrNotFound
	case "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "SignatureDoesNotMatch",
		"ExpiredTokenException", "ExpiredToken", "InvalidClientTokenId", "MissingAuthenticationTokenException", "MissingAuthenticationToken":
		return fault.ErrDenied
	case "ValidationException", "ServiceQuotaExceededException", "InvalidInputException":
		return fault.ErrInvalid
	default:
		return nil
	}
}
