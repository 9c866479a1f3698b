// Package awsclient makes the configuration that the AWS adapters share:
// region, credentials, an endpoint of its own for other partitions and
// emulators, and the mapping of AWS errors to the kinds of package fault.
//
// # Bounds
//
// One HTTP exchange takes at most 30 seconds and one call with all its retries
// at most two minutes, whatever the caller's context says; an answer that is
// larger than any real one is an error. Redirects are not followed: AWS has
// none, and a signature is good for one host only.
//
// # Retries
//
// The configuration retries nothing: a write must be looked for before it is
// repeated. Clients that only read take [ReadRetryer].
//
// # Where it speaks to
//
// All calls go through package egress, to the endpoints of the five services
// that the bot uses, and of CloudTrail where that is asked for. Where no access key is configured the SDK finds credentials
// itself, with a client of its own that is not so bounded: it has to reach the
// metadata services of EC2 (169.254.169.254), ECS (169.254.170.2) and EKS
// (169.254.170.23), or whatever endpoint the environment and the AWS profile of
// the process name. Nothing that comes from outside has a part in that.
package awsclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"time"

	"aws-access-bot/internal/egress"
	"aws-access-bot/internal/secret"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/auth"
	endpoints "github.com/aws/smithy-go/endpoints"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// exchangeTimeout bounds one HTTP exchange with AWS, its body included.
	exchangeTimeout = 30 * time.Second
	// callTimeout bounds one call: credentials, retries and waits between them.
	callTimeout = 2 * time.Minute
	// sessionName names the bot's sessions of an assumed role in CloudTrail.
	sessionName = "aws-access-bot"
	// sessionMargin is how long before its end a session is replaced, so that
	// no request arrives with credentials that have just run out.
	sessionMargin = time.Minute
)

// Options say how to reach AWS.
type Options struct {
	Region      string
	EndpointURL string // "" for AWS's own
	// AccessKeyID and SecretAccessKey are used when set, else the SDK's chain.
	AccessKeyID     string
	SecretAccessKey secret.Value
	// Role is assumed with these credentials, "" for none.
	Role string
	// CloudTrail says that its event history is read too.
	CloudTrail bool
	// RootCAs are trusted; nil means the system's.
	RootCAs *x509.CertPool
	// Gate makes the transport, nil for one without private hosts. Its roots
	// are not used.
	Gate *egress.Gate
	// Wrap, if not nil, wraps the transport below everything that is done
	// here: it sees each request as it goes out and each answer as it comes.
	Wrap func(http.RoundTripper) http.RoundTripper
}

// Config returns an SDK configuration (see the package comment). It makes no
// call; the credentials are first used by the first call.
func Config(ctx context.Context, o Options) (aws.Config, error) {
	// The SDK's own kind of client: it is what takes AWS_CA_BUNDLE, and what the
	// chain of credentials goes on using.
	client := awshttp.NewBuildableClient().WithTimeout(exchangeTimeout).WithTransportOptions(func(t *http.Transport) {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		if o.RootCAs != nil {
			t.TLSClientConfig.RootCAs = o.RootCAs.Clone()
		}
	})
	opts := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithRegion(o.Region),
		awsconfig.WithHTTPClient(client),
		awsconfig.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		awsconfig.WithAPIOptions([]func(*middleware.Stack) error{withDeadline}),
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
	if loaded, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		client = loaded // with the bundle
	}
	if cfg.HTTPClient, err = httpClient(ctx, cfg, client.GetTransport().TLSClientConfig.RootCAs, o); err != nil {
		return aws.Config{}, fmt.Errorf("aws configuration: %w", err)
	}
	if o.Role != "" {
		cfg = Assuming(cfg, o.Role, 0)
	}
	return cfg, nil
}

// Assuming returns cfg with the credentials of a role that is assumed with those
// of cfg, in sessions of a length; zero is AWS's, an hour. It makes no call.
func Assuming(cfg aws.Config, role string, length time.Duration) aws.Config {
	client := sts.NewFromConfig(cfg, func(o *sts.Options) { o.Retryer = ReadRetryer() })
	provider := stscreds.NewAssumeRoleProvider(client, role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName
		if length > 0 {
			o.Duration = length
		}
	})
	cfg.Credentials = aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = sessionMargin })
	return cfg
}

// Partition returns the partition of a Region, as it stands in ARNs.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}

// SigningRegion returns the Region that an endpoint of a global service is
// signed for, region itself where the SDK's rules name none. The SDK knows it
// for its own endpoints and forgets it for a configured one.
func SigningRegion(e endpoints.Endpoint, region string) string {
	schemes, _ := auth.GetAuthOptions(&e.Properties)
	for _, s := range schemes {
		if r, ok := smithyhttp.GetSigV4SigningRegion(&s.SignerProperties); ok {
			return r
		}
	}
	return region
}

// httpClient returns the HTTP client of all calls.
func httpClient(ctx context.Context, cfg aws.Config, roots *x509.CertPool, o Options) (*http.Client, error) {
	to, err := origins(ctx, cfg, o.CloudTrail)
	if err != nil {
		return nil, err
	}
	gate := o.Gate
	if gate == nil {
		gate = egress.New(egress.Options{})
	}
	rt, err := gate.TransportTrusting(roots, to...)
	if err != nil {
		return nil, err
	}
	if o.Wrap != nil {
		rt = o.Wrap(rt)
	}
	return egress.Client(limited{rt}, exchangeTimeout), nil
}

// withDeadline bounds every call of a client.
func withDeadline(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("CallDeadline", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		return next.HandleInitialize(ctx, in)
	}), middleware.Before)
}

// readAttempts is how often a read is tried: throttling and 5xx pass.
const readAttempts = 5

// ReadRetryer retries what the SDK thinks retryable, without its own bucket of
// retry tokens: the caller's limiter is the only one.
func ReadRetryer() aws.RetryerV2 {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = readAttempts
		o.RateLimiter = ratelimit.None
	})
}
