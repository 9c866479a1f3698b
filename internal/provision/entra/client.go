// Package entra is Microsoft Graph for the rest of the program: users and
// groups, the assignment of groups to the one enterprise application, and its
// provisioning job. It is the only package that imports msgraph-sdk-go, and of
// that only the request builders it uses: the whole SDK takes minutes to
// compile.
//
// # Credentials
//
// The SDK's own constructor attaches the token for six Microsoft hosts only,
// and to any other host sends the request without it and without an error. So
// the client is put together here from its parts: the token is valid for the
// host of the configured Graph URL, and a transport below everything refuses a
// request that has no Authorization header or goes to another host.
//
// # Bounds
//
// Every call has a deadline and every answer a largest size. Reads are repeated
// a few times, writes never (see retrying); lists are read to the end or are an
// error.
package entra

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"aws-access-bot/internal/egress"
	"aws-access-bot/internal/login"
	"aws-access-bot/internal/secret"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	kiotaauth "github.com/microsoft/kiota-authentication-azure-go"
	kiotahttp "github.com/microsoft/kiota-http-go"
	jsonformat "github.com/microsoft/kiota-serialization-json-go"
	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

// Options say where Graph is and who the bot is there.
type Options struct {
	Tenant string
	Client string
	// Secret or Certificate (PEM with key); with neither, workload identity.
	Secret      secret.Value
	Certificate secret.Value
	// GraphURL ends in "/v1.0"; AuthorityURL is the login host.
	GraphURL     string
	AuthorityURL string
	// Gate makes the transport of both, nil for one without private hosts that
	// trusts the system's roots.
	Gate *egress.Gate
	// Wrap, if not nil, wraps the transport below everything that is done
	// here, for both: it sees each request as it goes out and each answer as
	// it comes.
	Wrap func(http.RoundTripper) http.RoundTripper
	// App is the object id of the enterprise application (service principal).
	// It is asked for at each call: the config repo names it.
	App func() (string, error)
	// Now may be nil, which is time.Now.
	Now func() time.Time
}

// Client calls Graph. It is safe for concurrent use.
type Client struct {
	adapter abstractions.RequestAdapter
	params  map[string]string
	host    string
	app     func() (string, error)
	rules   ruleCache
	now     func() time.Time
	// defaults says for which names the attribute mapping has a default.
	defaults defaultCache
}

// New returns a client. It makes no call.
func New(o Options) (*Client, error) {
	base, err := url.Parse(o.GraphURL)
	if err != nil || base.Host == "" || base.Scheme != "https" {
		return nil, fmt.Errorf("graph URL %q: not an https URL", o.GraphURL)
	}
	if o.App == nil {
		return nil, errors.New("graph client: nobody names the enterprise application")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	below, err := transport(o)
	if err != nil {
		return nil, fmt.Errorf("graph client: %w", err)
	}
	cred, err := credential(o, client(below, loginTimeout))
	if err != nil {
		return nil, err
	}
	scope := base.Scheme + "://" + base.Host + "/.default"
	auth, err := kiotaauth.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(cred, []string{scope}, []string{base.Hostname()})
	if err != nil {
		return nil, fmt.Errorf("graph authentication: %w", err)
	}
	// An explicit list: the SDK's default order comes out of a map. Bodies are
	// not compressed; they are small.
	pipeline := kiotahttp.NewCustomTransportWithParentTransport(guarded{retrying{below}, base.Host},
		kiotahttp.NewParametersNameDecodingHandler(), kiotahttp.NewUserAgentHandler())
	adapter, err := kiotahttp.NewNetHttpRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		auth, jsonformat.NewJsonParseNodeFactory(), jsonformat.NewJsonSerializationWriterFactory(), client(pipeline, 0))
	if err != nil {
		return nil, fmt.Errorf("graph client: %w", err)
	}
	graph := strings.TrimRight(o.GraphURL, "/")
	adapter.SetBaseUrl(graph)
	return &Client{adapter: bounded{adapter}, params: map[string]string{"baseurl": graph}, host: base.Host, app: o.App, now: o.Now}, nil
}

// credential makes the credential that is configured.
func credential(o Options, hc *http.Client) (azcore.TokenCredential, error) {
	c, err := login.Credential(login.Options{Tenant: o.Tenant, Client: o.Client, Secret: o.Secret, Certificate: o.Certificate, Authority: o.AuthorityURL, HTTP: hc})
	return c, wrap(err, "entra")
}

func wrap(err error, op string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", op, err)
}

func (c *Client) users() *users.UsersRequestBuilder {
	return users.NewUsersRequestBuilderInternal(c.params, c.adapter)
}

func (c *Client) groups() *groups.GroupsRequestBuilder {
	return groups.NewGroupsRequestBuilderInternal(c.params, c.adapter)
}

// application returns the builder of the enterprise application.
func (c *Client) application() (*serviceprincipals.ServicePrincipalItemRequestBuilder, string, error) {
	id, err := c.app()
	if err != nil {
		return nil, "", fmt.Errorf("enterprise application: %w", err)
	}
	return serviceprincipals.NewServicePrincipalsRequestBuilderInternal(c.params, c.adapter).ByServicePrincipalId(id), id, nil
}

// LoadCAs reads further root certificates from a PEM file into the system's
// pool; an empty path means the system's alone.
func LoadCAs(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("CA file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("CA file %s has no certificate", path)
	}
	return pool, nil
}
