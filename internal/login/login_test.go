package login_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/login"
	"aws-access-bot/internal/secret"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const tenant = "99999999-8888-4777-8666-555555555555"

// certificate is a PEM certificate with its key.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bot"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// TestSigningIn at the configured authority and nowhere else, by what is
// configured, for the scope that is asked for.
func TestSigningIn(t *testing.T) {
	t.Parallel()
	var asked map[string]string
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := "https://" + r.Host + "/" + tenant
		if strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") {
			_ = json.NewEncoder(w).Encode(map[string]string{"authorization_endpoint": base + "/authorize", "token_endpoint": base + "/oauth2/v2.0/token", "issuer": base + "/v2.0"})
			return
		}
		asked = map[string]string{}
		for _, k := range []string{"grant_type", "client_id", "client_secret", "client_assertion_type", "scope"} {
			asked[k] = r.PostFormValue(k)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": "t"})
	}))
	defer s.Close()
	base := login.Options{Tenant: tenant, Client: "app", Authority: s.URL, HTTP: s.Client()}
	for name, x := range map[string]struct {
		edit func(o *login.Options)
		key  string
		want string
	}{
		"secret":      {func(o *login.Options) { o.Secret = secret.New("a-secret") }, "client_secret", "a-secret"},
		"certificate": {func(o *login.Options) { o.Certificate = secret.New(certificate(t)) }, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	} {
		o := base
		x.edit(&o)
		cred, err := login.Credential(o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := cred.GetToken(context.WithoutCancel(t.Context()), policy.TokenRequestOptions{Scopes: []string{"https://api.botframework.com/.default"}})
		if err != nil || got.Token != "t" || asked[x.key] != x.want || asked["client_id"] != "app" || asked["grant_type"] != "client_credentials" || !strings.Contains(asked["scope"], "https://api.botframework.com/.default") {
			t.Errorf("%s: %v, %v, asked %v", name, got.Token, err, asked)
		}
	}
}

// TestWhatIsNoCredentialIsSaidAtOnce, and shows nothing of it.
func TestWhatIsNoCredentialIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	_, err := login.Credential(login.Options{Tenant: tenant, Client: "app", Authority: "https://login.example", Certificate: secret.New("canary " + strings.Repeat("x", 100))})
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
	if _, err := login.Credential(login.Options{Tenant: tenant, Client: "11111111-2222-4333-8444-555555555555", Authority: "https://login.example", ManagedIdentity: true}); err != nil {
		t.Errorf("a managed identity needs nothing but its id: %v", err)
	}
}
