// Package login makes the credentials with which the bot asks Microsoft's login
// for tokens: for Graph, and for the connector of Teams. It makes no call.
//
// Instance discovery, by which a client asks Microsoft whether an authority is a
// real one, is left out for authorities that are none of Microsoft's own: the
// settings name them, and the transport goes nowhere else.
package login

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"aws-access-bot/internal/secret"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// How a token is asked for again. That has no effect on anybody's access.
const (
	retries      = 2
	firstPause   = 300 * time.Millisecond
	longestPause = 10 * time.Second
)

// Options say who the bot is, and where it signs in.
type Options struct {
	Tenant string
	Client string
	// Secret or Certificate (PEM with key), or ManagedIdentity: the user-assigned
	// one whose client id is Client. With none, workload identity.
	Secret          secret.Value
	Certificate     secret.Value
	ManagedIdentity bool
	Authority       string // URL of the login host
	// HTTP speaks to the authority. A managed identity is not asked of it but of
	// the machine, at an address that no client for the outside may speak to.
	HTTP *http.Client
}

// microsoft reports whether instance discovery knows an authority.
func microsoft(host string) bool {
	switch host {
	case "login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn":
		return true
	default:
		return false
	}
}

// Credential picks the kind of credential that is configured.
func Credential(o Options) (azcore.TokenCredential, error) {
	authority, err := url.Parse(o.Authority)
	if err != nil {
		return nil, fmt.Errorf("authority URL %q: %w", o.Authority, err)
	}
	again := policy.RetryOptions{MaxRetries: retries, RetryDelay: firstPause, MaxRetryDelay: longestPause}
	co := azcore.ClientOptions{Transport: o.HTTP, Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: o.Authority}, Retry: again}
	own := !microsoft(authority.Host)
	switch {
	case o.ManagedIdentity:
		c, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
			ClientOptions: azcore.ClientOptions{Retry: again}, ID: azidentity.ClientID(o.Client)})
		return c, wrap(err, "managed identity credential")
	case !o.Secret.Empty():
		c, err := azidentity.NewClientSecretCredential(o.Tenant, o.Client, o.Secret.Reveal(),
			&azidentity.ClientSecretCredentialOptions{ClientOptions: co, DisableInstanceDiscovery: own})
		return c, wrap(err, "client secret credential")
	case !o.Certificate.Empty():
		certs, key, err := azidentity.ParseCertificates([]byte(o.Certificate.Reveal()), nil)
		if err != nil {
			return nil, errors.New("certificate: not a PEM certificate with its key")
		}
		c, err := azidentity.NewClientCertificateCredential(o.Tenant, o.Client, certs, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: co, DisableInstanceDiscovery: own})
		return c, wrap(err, "client certificate credential")
	default:
		c, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			TenantID: o.Tenant, ClientID: o.Client, ClientOptions: co, DisableInstanceDiscovery: own})
		return c, wrap(err, "workload identity credential")
	}
}

func wrap(err error, op string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", op, err)
}
