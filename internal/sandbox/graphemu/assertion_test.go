package graphemu

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/golang-jwt/jwt/v5"

	"aws-access-bot/internal/sandbox/emukit"
)

// selfSigned makes a key and a certificate for it.
func selfSigned(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bot"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

func TestAzidentitySignsInWithACertificate(t *testing.T) {
	t.Parallel()
	ca, err := NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key, cert := selfSigned(t)
	otherKey, otherCert := selfSigned(t)
	s, err := New(emukit.New(1), Options{TenantID: testTenant, Clients: []Client{{ID: testClient, Certificates: []*x509.Certificate{cert}}}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(s.Handler())
	srv.TLS, srv.Config.ErrorLog = ca.ServerConfig(), log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}}}
	opts := azcore.ClientOptions{Transport: client, Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: srv.URL}}
	opts.Retry.MaxRetries = -1
	ask := func(cert *x509.Certificate, key *rsa.PrivateKey) error {
		t.Helper()
		c, err := azidentity.NewClientCertificateCredential(testTenant, testClient, []*x509.Certificate{cert}, key, &azidentity.ClientCertificateCredentialOptions{ClientOptions: opts, DisableInstanceDiscovery: true})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://api.botframework.com/.default"}})
		return err
	}
	if err := ask(cert, key); err != nil {
		t.Error(err)
	}
	if err := ask(otherCert, otherKey); err == nil || !strings.Contains(err.Error(), "AADSTS700027") {
		t.Errorf("a certificate that is not registered: %v", err)
	}
}

func TestAnAssertionIsHeldToEveryClaim(t *testing.T) {
	t.Parallel()
	key, cert := selfSigned(t)
	otherKey, _ := selfSigned(t)
	s, err := New(emukit.New(1), Options{TenantID: testTenant, Clients: []Client{{ID: testClient, Certificates: []*x509.Certificate{cert}}}})
	if err != nil {
		t.Fatal(err)
	}
	const base = "https://login.example/" + testTenant
	sum := sha256.Sum256(cert.Raw)
	type parts struct {
		claims jwt.MapClaims
		method jwt.SigningMethod
		key    any
		form   url.Values
	}
	for _, tc := range []struct {
		name string
		edit func(*parts)
		code int
	}{
		{"good", func(*parts) {}, 0},
		{"RS256", func(p *parts) { p.method = jwt.SigningMethodRS256 }, 0},
		{"the issuer of version 2 as audience", func(p *parts) { p.claims["aud"] = base + "/v2.0" }, 0},
		{"signed by another key", func(p *parts) { p.key = otherKey }, 700027},
		{"HS256", func(p *parts) { p.method, p.key = jwt.SigningMethodHS256, []byte("secret") }, 700027},
		{"expired", func(p *parts) { p.claims["exp"] = time.Now().Add(-time.Minute).Unix() }, 700024},
		{"not yet good", func(p *parts) { p.claims["nbf"] = time.Now().Add(time.Hour).Unix() }, 700024},
		{"for ever", func(p *parts) { delete(p.claims, "exp") }, 700027},
		{"another subject", func(p *parts) { p.claims["sub"] = "other" }, 700021},
		{"another issuer", func(p *parts) { p.claims["iss"] = "other" }, 700021},
		{"another audience", func(p *parts) { p.claims["aud"] = "https://evil.example/" }, 700023},
		{"no type", func(p *parts) { p.form.Del("client_assertion_type") }, 900144},
	} {
		p := parts{
			claims: jwt.MapClaims{"aud": base + "/oauth2/v2.0/token", "iss": testClient, "sub": testClient, "exp": time.Now().Add(time.Minute).Unix(), "jti": "1"},
			method: jwt.SigningMethodPS256, key: key,
			form: url.Values{"grant_type": {"client_credentials"}, "client_id": {testClient}, "scope": {"https://api.botframework.com/.default"}, "client_assertion_type": {assertionType}},
		}
		tc.edit(&p)
		tok := jwt.NewWithClaims(p.method, p.claims)
		tok.Header["x5t#S256"] = base64.RawURLEncoding.EncodeToString(sum[:])
		signed, err := tok.SignedString(p.key)
		if err != nil {
			t.Fatal(err)
		}
		p.form.Set("client_assertion", signed)
		answer, e := s.grant(testTenant, p.form, base)
		got := 0
		if e != nil {
			got = e.Codes[0]
		}
		if got != tc.code || (answer.Token == "") != (tc.code != 0) {
			t.Errorf("%s: refused with %s, token %v", tc.name, strconv.Itoa(got), answer.Token != "")
		}
	}
}
