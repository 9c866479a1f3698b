package graphemu

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"aws-access-bot/internal/sandbox/emukit"
)

func TestAzidentityGetsATokenThatGraphTakesThroughTheCA(t *testing.T) {
	t.Parallel()
	ca, err := NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(emukit.New(1), Options{TenantID: testTenant, Clients: []Client{{ID: testClient, Secret: testSecret}}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(s.Handler())
	srv.TLS = ca.ServerConfig()
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)

	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca.PEM()) {
		t.Fatal("the CA's PEM holds no certificate")
	}
	if !pool.Equal(ca.Pool()) {
		t.Error("the pool of the CA is not its PEM")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	opts := azcore.ClientOptions{Transport: client, Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: srv.URL}}
	opts.Retry.MaxRetries = -1
	credential := func(secret string) *azidentity.ClientSecretCredential {
		c, err := azidentity.NewClientSecretCredential(testTenant, testClient, secret, &azidentity.ClientSecretCredentialOptions{ClientOptions: opts, DisableInstanceDiscovery: true})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	ask := policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}}
	tok, err := credential(testSecret).GetToken(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(tok.ExpiresOn); left < 59*time.Minute || left > 61*time.Minute {
		t.Errorf("the token lives for %v", left)
	}
	if status := getWith(t, client, srv.URL+prefix+"/users", tok.Token); status != http.StatusOK {
		t.Errorf("Graph says %d", status)
	}
	if _, err := credential("wrong-secret-here").GetToken(t.Context(), ask); err == nil || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("wrong secret: %v", err)
	}
	if _, err := http.Get(srv.URL); err == nil {
		t.Error("a client that does not know the CA trusts the server")
	}
}

// getWith returns the status of a GET with a bearer token.
func getWith(t *testing.T, client *http.Client, url, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

func TestLoginRefuses(t *testing.T) {
	t.Parallel()
	good := url.Values{"client_id": {testClient}, "client_secret": {testSecret}, "grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"}, "client_assertion_type": {assertionType}}
	tests := []struct {
		name, tenant, field, value string
		wantStatus                 int
		wantError                  string
		wantCode                   float64
	}{
		{"a wrong secret", testTenant, "client_secret", "nope-nope-nope", 401, "invalid_client", 7000215},
		{"no secret", testTenant, "client_secret", "", 401, "invalid_client", 7000216},
		{"an unknown client", testTenant, "client_id", ren, 400, "unauthorized_client", 700016},
		{"no client", testTenant, "client_id", "", 400, "invalid_request", 900144},
		{"an unknown tenant", "contoso.example", "", "", 400, "invalid_request", 90002},
		{"another grant", testTenant, "grant_type", "password", 400, "unsupported_grant_type", 70003},
		{"a scope without .default", testTenant, "scope", "https://graph.microsoft.com/User.Read", 400, "invalid_scope", 1002012},
		{"two resources", testTenant, "scope", "https://a.example/.default https://b.example/.default", 400, "invalid_scope", 1002012},
		{"no resource", testTenant, "scope", "openid profile", 400, "invalid_scope", 70011},
		{"a certificate nobody registered", testTenant, "client_assertion", "ey.ey.sig", 401, "invalid_client", 700027},
	}
	w := newWorld(t, 1, Options{})
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			form := url.Values{}
			for k, v := range good {
				form[k] = v
			}
			if tc.field != "" {
				form.Set(tc.field, tc.value)
			}
			status, body := w.tokenRequest(tc.tenant, form)
			codes, _ := body["error_codes"].([]any)
			if status != tc.wantStatus || body["error"] != tc.wantError || len(codes) != 1 || codes[0] != tc.wantCode {
				t.Errorf("got %d %v", status, body)
			}
		})
	}
}

func TestASecretStopsAtItsEnd(t *testing.T) {
	t.Parallel()
	ends := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	w := newWorld(t, 1, Options{Clients: []Client{{ID: testClient, Secret: testSecret, SecretEnds: ends}}})
	w.pass(time.Hour)
	status, body := w.tokenRequest(testTenant, url.Values{"client_id": {testClient}, "client_secret": {testSecret}, "grant_type": {"client_credentials"}, "scope": {"x/.default"}})
	if d, _ := body["error_description"].(string); status != 401 || !strings.HasPrefix(d, "AADSTS7000222: ") {
		t.Errorf("got %d %v", status, body)
	}
}

func TestDiscoveryOfAnUnknownTenantIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	res, err := http.Get(w.url + "/other.example/v2.0/.well-known/openid-configuration")
	w.must(err)
	if body := w.read(res); res.StatusCode != 400 || body["error"] != "invalid_tenant" {
		t.Errorf("got %d %v", res.StatusCode, body)
	}
}

func TestGraphRefusesBadTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	_, other := w.tokenRequest(testTenant, url.Values{"client_id": {testClient}, "client_secret": {testSecret}, "grant_type": {"client_credentials"}, "scope": {"https://api.botframework.com/.default"}})
	elsewhere, _ := other["access_token"].(string)
	if id, ok := w.TokenClient(elsewhere, "https://api.botframework.com"); !ok || id != testClient {
		t.Errorf("the token for another service belongs to %q, %v", id, ok)
	}
	tests := []struct{ name, authorization, want string }{
		{"none", "", "Access token is empty."},
		{"another scheme", "Basic eDp5", "Access token is empty."},
		{"not a JWT", "Bearer nonsense", "IDX14100"},
		{"one nobody gave out", "Bearer a.b.c", "Signing key is invalid."},
		{"one for another service", "Bearer " + elsewhere, "Invalid audience"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := w.graph("GET", "/users", "", "Authorization", tc.authorization)
			if a.status != 401 || a.code() != "InvalidAuthenticationToken" || !strings.Contains(a.message(), tc.want) {
				t.Errorf("got %d %v", a.status, a.body)
			}
		})
	}
	if a := w.graph("GET", "/users", ""); a.status != 200 {
		t.Fatalf("a fresh token: %d", a.status)
	}
	w.pass(time.Hour)
	if a := w.graph("GET", "/users", ""); a.status != 401 || !strings.Contains(a.message(), "expired") {
		t.Errorf("after an hour: %d %v", a.status, a.body)
	}
}

func TestCallsOutsideThePermissionsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{Clients: []Client{{ID: testClient, Secret: testSecret, Permissions: []string{"GroupMember.ReadWrite.All"}}}})
	tests := []struct {
		method, path string
		want         int
	}{
		{"GET", "/groups/" + devs, 200},
		{"DELETE", "/groups/" + devs + "/members/" + hana + "/$ref", 204},
		{"DELETE", "/groups/" + devs + "/members/" + yuki, 403},
		{"GET", "/users", 403},
		{"POST", w.app("/appRoleAssignedTo"), 403},
		{"GET", w.app("/synchronization/jobs"), 403},
	}
	for _, tc := range tests {
		a := w.graph(tc.method, tc.path, "")
		if a.status != tc.want || tc.want == 403 && a.code() != "Authorization_RequestDenied" {
			t.Errorf("%s %s: got %d %v", tc.method, tc.path, a.status, a.body)
		}
	}
}

func TestTheJournalHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, Options{})
	mistyped := "another-secret-by-mistake"
	w.tokenRequest(testTenant, url.Values{"client_id": {testClient}, "client_secret": {mistyped}, "grant_type": {"client_credentials"}, "scope": {"x/.default"}})
	w.graph("POST", w.jobPath("/validateCredentials"), `{"credentials":[{"key":"BaseAddress","value":"https://scim.example/"},{"key":"SecretToken","value":"scim-token-1234"}]}`)
	entries, _ := w.kit.Journal.Since(0)
	if len(entries) != 3 {
		t.Fatalf("%d entries", len(entries))
	}
	for _, e := range entries {
		all := e.Path + e.Request + e.Response
		for _, secret := range []string{testSecret, url.QueryEscape(testSecret), w.token, mistyped, "scim-token-1234"} {
			if strings.Contains(all, secret) {
				t.Errorf("%s: the journal shows %q", e.Op, secret)
			}
		}
	}
	if e := entries[0]; e.Caller != testClient || e.Status != 200 || entries[1].Caller != "" {
		t.Errorf("callers: %q then %q", e.Caller, entries[1].Caller)
	}
}
