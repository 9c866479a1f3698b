package awsclient

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	endpoints "github.com/aws/smithy-go/endpoints"
)

// origins returns the base URLs of the services that the bot uses, as the SDK's
// own rules have them for the configuration: its region and partition, FIPS and
// dual-stack endpoints, and endpoints that the environment or a profile names;
// with that of CloudTrail only if its event history is read.
func origins(ctx context.Context, cfg aws.Config, trail bool) ([]string, error) {
	type service struct {
		name    string
		resolve func(context.Context, aws.Config) (endpoints.Endpoint, error)
	}
	services := []service{{"sso-admin", ssoAdmin}, {"identitystore", identityStore}, {"organizations", orgs}, {"sts", tokens}, {"iam", users}}
	if trail {
		services = append(services, service{"cloudtrail", eventHistory})
	}
	var out []string
	for _, s := range services {
		e, err := s.resolve(ctx, cfg)
		if err != nil {
			return nil, fmt.Errorf("endpoint of %s: %w", s.name, err)
		}
		out = append(out, e.URI.String())
	}
	return out, nil
}

func ssoAdmin(ctx context.Context, cfg aws.Config) (endpoints.Endpoint, error) {
	o := ssoadmin.NewFromConfig(cfg).Options()
	return o.EndpointResolverV2.ResolveEndpoint(ctx, ssoadmin.EndpointParameters{
		Region: &o.Region, Endpoint: o.BaseEndpoint, UseFIPS: fips(o.EndpointOptions.UseFIPSEndpoint), UseDualStack: dual(o.EndpointOptions.UseDualStackEndpoint),
	})
}

func identityStore(ctx context.Context, cfg aws.Config) (endpoints.Endpoint, error) {
	o := identitystore.NewFromConfig(cfg).Options()
	return o.EndpointResolverV2.ResolveEndpoint(ctx, identitystore.EndpointParameters{
		Region: &o.Region, Endpoint: o.BaseEndpoint, UseFIPS: fips(o.EndpointOptions.UseFIPSEndpoint), UseDualStack: dual(o.EndpointOptions.UseDualStackEndpoint),
	})
}

func orgs(ctx context.Context, cfg aws.Config) (endpoints.Endpoint, error) {
	o := organizations.NewFromConfig(cfg).Options()
	return o.EndpointResolverV2.ResolveEndpoint(ctx, organizations.EndpointParameters{
		Region: &o.Region, Endpoint: o.BaseEndpoint, UseFIPS: fips(o.EndpointOptions.UseFIPSEndpoint), UseDualStack: dual(o.EndpointOptions.UseDualStackEndpoint),
	})
}

func eventHistory(ctx context.Context, cfg aws.Config) (endpoints.Endpoint, error) {
	o := cloudtrail.NewFromConfig(cfg).Options()
	return o.EndpointResolverV2.ResolveEndpoint(ctx, cloudtrail.EndpointParameters{
		Region: &o.Region, Endpoint: o.BaseEndpoint, UseFIPS: fips(o.EndpointOptions.UseFIPSEndpoint), UseDualStack: dual(o.EndpointOptions.UseDualStackEndpoint),
	})
}

func tokens(ctx context.Context, cfg aws.Config) (endpoints.Endpoint, error) {
	o := sts.NewFromConfig(cfg).Options()
	return o.EndpointResolverV2.ResolveEndpoint(ctx, sts.EndpointParameters{
		Region: &o.Region, Endpoint: o.BaseEndpoint, UseFIPS: fips(o.EndpointOptions.UseFIPSEndpoint), UseDualStack: dual(o.EndpointOptions.UseDualStackEndpoint),
		UseGlobalEndpoint: aws.Bool(false), // the clients leave it at that
	})
}

func users(ctx context.Context, cfg aws.Config) (endpoints.Endpoint, error) {
	o := iam.NewFromConfig(cfg).Options()
	return o.EndpointResolverV2.ResolveEndpoint(ctx, iam.EndpointParameters{
		Region: &o.Region, Endpoint: o.BaseEndpoint, UseFIPS: fips(o.EndpointOptions.UseFIPSEndpoint), UseDualStack: dual(o.EndpointOptions.UseDualStackEndpoint),
	})
}

func fips(s aws.FIPSEndpointState) *bool {
	return aws.Bool(s == aws.FIPSEndpointStateEnabled)
}

func dual(s aws.DualStackEndpointState) *bool {
	return aws.Bool(s == aws.DualStackEndpointStateEnabled)
}
