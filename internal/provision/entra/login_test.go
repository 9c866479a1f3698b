package entra_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"aws-access-bot/internal/egress"
	"aws-access-bot/internal/provision/entra"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/secret"
)

func TestTheTokenGoesToTheConfiguredHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var seen *watched
	c := w.client(func(o *entra.Options) {
		o.Wrap = func(next http.RoundTripper) http.RoundTripper { seen = &watched{next: next}; return seen }
	})
	for range 3 {
		if _, err := c.Group(t.Context(), devs); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.calls(opToken); n != 1 {
		t.Errorf("%d tokens fetched, want one", n)
	}
	if !seen.has("/graph/v1.0/groups/"+devs+" Bearer") || !seen.has("/"+tenant+"/oauth2/v2.0/token ") {
		t.Errorf("wrapped transport saw %q", seen.seen)
	}
}

func aRefusedLoginSaysWhyAndShowsNoSecret(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		edit func(*entra.Options)
		want string
	}{
		{"wrong secret", func(o *entra.Options) { o.Secret = secret.New("another~canary") }, "AADSTS7000215: Invalid client secret provided"},
		{"unknown client", func(o *entra.Options) { o.Client = nobody }, "AADSTS700016"},
		{"unknown tenant", func(o *entra.Options) { o.Tenant = nobody }, "AADSTS90002"},
		{"certificate that is not registered", func(o *entra.Options) { o.Secret, o.Certificate = secret.Value{}, secret.New(certificate(t)) }, "AADSTS700027"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c := w.client(tc.edit)
			_, err := c.Group(t.Context(), devs)
			_, _, werr := c.Assign(t.Context(), devs)
			for _, err := range []error{err, werr} {
				if !errors.Is(err, fault.ErrDenied) || !strings.HasPrefix(fault.Reason(err), tc.want) || !strings.Contains(err.Error(), "sign in to Entra") {
					t.Errorf("got %v", err)
				}
				if text := err.Error(); strings.Contains(text, "canary") || strings.Contains(text, "\n") || strings.Contains(text, "PRIVATE") {
					t.Errorf("the error shows too much: %s", text)
				}
			}
		})
	}
}

func aLoginOutOfServiceIsNoRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kit.Faults.Add(emukit.Fault{Op: opToken, Times: -1, Status: 503, Body: "down"})
	if _, err := w.client().Group(t.Context(), devs); err == nil || fault.Known(err) || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
}

// certificate returns a certificate with its key, as a PEM file has them.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bot"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tests := map[string]func(*entra.Options){
		"graph in clear text":   func(o *entra.Options) { o.GraphURL = "http://graph.example/v1.0" },
		"graph without a host":  func(o *entra.Options) { o.GraphURL = "v1.0" },
		"login in clear text":   func(o *entra.Options) { o.AuthorityURL = "http://login.example" },
		"login that is no URL":  func(o *entra.Options) { o.AuthorityURL = "https://%zz" },
		"certificate of no use": func(o *entra.Options) { o.Secret, o.Certificate = secret.Value{}, secret.New("canary") },
		"no credentials":        func(o *entra.Options) { o.Secret = secret.Value{} },
		"nobody names the app":  func(o *entra.Options) { o.App = nil },
	}
	for name, edit := range tests {
		o := w.options()
		edit(&o)
		c, err := entra.New(o)
		if err == nil && name == "login in clear text" {
			_, err = c.Group(t.Context(), devs) // known when it is first used
		}
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAServerOfAnotherCAIsNotTalkedTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.client(func(o *entra.Options) { o.Gate = egress.New(egress.Options{RootCAs: x509.NewCertPool()}) }).Group(t.Context(), devs)
	if err == nil || fault.Known(err) || w.calls(opToken) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestRedirectsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var hits atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	t.Cleanup(other.Close)
	c := w.client()
	for _, op := range []string{opGroup, opAssign} {
		w.kit.Faults.Add(emukit.Fault{Op: op, Status: 307, Header: http.Header{"Location": {other.URL}}})
	}
	_, err := c.Group(t.Context(), devs)
	_, _, werr := c.Assign(t.Context(), devs)
	if err == nil || werr == nil || fault.Known(werr) || hits.Load() != 0 {
		t.Errorf("%d requests followed: %v, %v", hits.Load(), err, werr)
	}
}

func TestLoadCAs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	if pool, err := entra.LoadCAs(""); err != nil || pool != nil {
		t.Errorf("no file: %v, %v", pool, err)
	}
	for _, path := range []string{filepath.Join(dir, "missing"), write("empty", ""), write("text", "no certificate")} {
		if _, err := entra.LoadCAs(path); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
	w := newWorld(t)
	pool, err := entra.LoadCAs(write("ca.pem", string(w.ca.PEM())))
	w.must(err)
	if _, err := w.client(func(o *entra.Options) { o.Gate = egress.New(egress.Options{RootCAs: pool}) }).Group(t.Context(), devs); err != nil {
		t.Errorf("with the CA of the file: %v", err)
	}
}
