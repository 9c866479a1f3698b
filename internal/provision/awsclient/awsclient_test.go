package awsclient_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/secret"

	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

const (
	keyID  = "AKIA222222222222"
	keyVal = "wJalrXUtnFEMI/canary+secret"
	role   = "arn:aws:iam::999999999999:role/bot"
)

func options(url string) awsclient.Options {
	return awsclient.Options{Region: "ap-northeast-1", EndpointURL: url, AccessKeyID: keyID, SecretAccessKey: secret.New(keyVal)}
}

// center returns an sso-admin client.
func center(t *testing.T, o awsclient.Options) *ssoadmin.Client {
	t.Helper()
	cfg, err := awsclient.Config(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return ssoadmin.NewFromConfig(cfg)
}

func TestMapped(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code string
		want error
	}{
		{"ThrottlingException", fault.ErrThrottled},
		{"TooManyRequestsException", fault.ErrThrottled},
		{"ConflictException", fault.ErrConflict},
		{"ConcurrentModificationException", fault.ErrConflict},
		{"ResourceNotFoundException", fault.ErrNotFound},
		{"AccountNotFoundException", fault.ErrNotFound},
		{"AccessDeniedException", fault.ErrDenied},
		{"AccessDenied", fault.ErrDenied},
		{"InvalidClientTokenId", fault.ErrDenied},
		{"ServiceQuotaExceededException", fault.ErrInvalid},
		{"ValidationException", fault.ErrInvalid},
	}
	for _, tc := range tests {
		t.Run(tc.code, func(t *testing.T) {
			t.Parallel()
			err := awsclient.Mapped("do it", &smithy.OperationError{Err: &smithy.GenericAPIError{Code: tc.code, Message: "their words"}})
			if !errors.Is(err, tc.want) || fault.Reason(err) != "their words" || !strings.HasPrefix(err.Error(), "do it: ") {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, code := range []string{"InternalServerException", "ServiceUnavailableException", ""} {
		cause := &smithy.GenericAPIError{Code: code}
		if err := awsclient.Mapped("do it", cause); fault.Known(err) || !errors.Is(err, cause) {
			t.Errorf("%q leaves the effect open: got %v", code, err)
		}
	}
	if err := awsclient.Mapped("do it", nil); err != nil {
		t.Errorf("no error: got %v", err)
	}
}

// answering serves every request alike and counts them.
func answering(t *testing.T, hits *atomic.Int32, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		h(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestAnythingIsTriedOnceUnlessItIsARead(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	c := center(t, options(answering(t, &hits, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"__type":"ServiceUnavailableException"}`)
	})))
	_, err := c.ListInstances(t.Context(), &ssoadmin.ListInstancesInput{})
	if err = awsclient.Mapped("list", err); err == nil || fault.Known(err) || hits.Load() != 1 {
		t.Errorf("once: %d requests, %v", hits.Load(), err)
	}
	hits.Store(0)
	_, err = c.ListInstances(t.Context(), &ssoadmin.ListInstancesInput{}, func(o *ssoadmin.Options) { o.Retryer = awsclient.ReadRetryer() })
	if err == nil || hits.Load() != 5 {
		t.Errorf("read: %d requests, %v", hits.Load(), err)
	}
}

func TestRetryAfterOfAThrottledCallIsKept(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, "": 0, "-7": 0, "99999999999": time.Hour, "9223372037": time.Hour, "NaN": 0} {
		t.Run("Retry-After "+header, func(t *testing.T) {
			t.Parallel()
			var hits atomic.Int32
			c := center(t, options(answering(t, &hits, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", header)
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
			})))
			_, err := c.ListInstances(t.Context(), &ssoadmin.ListInstancesInput{})
			if err = awsclient.Mapped("list", err); !errors.Is(err, fault.ErrThrottled) || fault.RetryAfter(err) != want {
				t.Errorf("got %v after %v, want %v", err, fault.RetryAfter(err), want)
			}
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var elsewhere, hits atomic.Int32
	other := answering(t, &elsewhere, func(http.ResponseWriter, *http.Request) {})
	c := center(t, options(answering(t, &hits, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other, http.StatusTemporaryRedirect)
	})))
	if _, err := c.ListInstances(t.Context(), &ssoadmin.ListInstancesInput{}); err == nil || elsewhere.Load() != 0 || hits.Load() != 1 {
		t.Errorf("got %v, %d and %d requests", err, hits.Load(), elsewhere.Load())
	}
}

func TestAnAnswerWithoutEndIsAnError(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusInternalServerError} {
		var hits atomic.Int32
		c := center(t, options(answering(t, &hits, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			chunk := strings.Repeat(" ", 1<<20)
			for range 64 {
				if _, err := io.WriteString(w, chunk); err != nil {
					return
				}
			}
			_, _ = io.WriteString(w, `{"Instances":[]}`)
		})))
		_, err := c.ListInstances(t.Context(), &ssoadmin.ListInstancesInput{})
		// Which of the two the SDK shows hangs on who closes the connection first.
		if err == nil || !strings.Contains(err.Error(), "answer larger") && !strings.Contains(err.Error(), "use of closed network connection") {
			t.Errorf("status %d: got %v", status, err)
		}
	}
}

// never is a transport that no answer comes from.
type never struct{}

func (never) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestEveryCallEnds(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		retry bool
		most  time.Duration
	}{{"once", false, 30 * time.Second}, {"with retries", true, 2 * time.Minute}} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := options("http://aws.invalid")
				o.Wrap = func(http.RoundTripper) http.RoundTripper { return never{} }
				c, began := center(t, o), time.Now()
				_, err := c.ListInstances(context.Background(), &ssoadmin.ListInstancesInput{}, func(o *ssoadmin.Options) {
					if tc.retry {
						o.Retryer = awsclient.ReadRetryer()
					}
				})
				if took := time.Since(began); err == nil || fault.Known(awsclient.Mapped("list", err)) || took > tc.most {
					t.Errorf("after %v: %v", took, err)
				}
			})
		})
	}
}

// heard notes the Date headers that pass.
type heard struct {
	next  http.RoundTripper
	dates chan string
}

func (h heard) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := h.next.RoundTrip(r)
	if err == nil {
		h.dates <- res.Header.Get("Date")
	}
	return res, err
}

func TestWrapSeesEveryAnswer(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	dates := make(chan string, 8)
	o := options(answering(t, &hits, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"Instances":[]}`) }))
	o.Wrap = func(next http.RoundTripper) http.RoundTripper { return heard{next, dates} }
	if _, err := center(t, o).ListInstances(t.Context(), &ssoadmin.ListInstancesInput{}); err != nil {
		t.Fatal(err)
	}
	if date := <-dates; date == "" {
		t.Error("no Date header passed")
	}
}

func emulator(t *testing.T) (*awsemu.Server, string) {
	t.Helper()
	emu := awsemu.New(emukit.New(1), awsemu.Options{})
	emu.AddCredentials(keyID, keyVal, "999999999999", "arn:aws:iam::999999999999:user/bot")
	srv := httptest.NewServer(emu.Handler())
	t.Cleanup(srv.Close)
	return emu, srv.URL
}

func TestABundleOfTheEnvironmentIsAddedToTheRoots(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"Instances":[]}`) }))
	t.Cleanup(srv.Close)
	own := x509.NewCertPool()
	own.AddCert(srv.Certificate())
	bundle := filepath.Join(t.TempDir(), "bundle.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, bundle string
		roots        *x509.CertPool
		trusted      bool
	}{{"bundle alone", bundle, nil, true}, {"bundle beside other roots", bundle, x509.NewCertPool(), true}, {"roots alone", "", own, true}, {"neither", "", x509.NewCertPool(), false}} {
		t.Setenv("AWS_CA_BUNDLE", tc.bundle)
		o := options(srv.URL)
		o.RootCAs = tc.roots
		_, err := center(t, o).ListInstances(t.Context(), &ssoadmin.ListInstancesInput{})
		if (err == nil) != tc.trusted {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestARoleIsAssumedWithTheKey(t *testing.T) {
	t.Parallel()
	emu, url := emulator(t)
	if err := emu.AddRole(role, "", "999999999999"); err != nil {
		t.Fatal(err)
	}
	o := options(url)
	o.Role = role
	cfg, err := awsclient.Config(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:sts::999999999999:assumed-role/bot/aws-access-bot"; *out.Arn != want {
		t.Errorf("got %s, want %s", *out.Arn, want)
	}
}

func TestRefusedCredentialsAreDeniedAndNotShown(t *testing.T) {
	t.Parallel()
	emu, url := emulator(t)
	if err := emu.AddRole(role, "", "111111111111"); err != nil {
		t.Fatal(err)
	}
	wrong, unknown, foreign := options(url), options(url), options(url)
	wrong.SecretAccessKey = secret.New("another-canary-secret")
	unknown.AccessKeyID = "AKIAUNKNOWN"
	foreign.Role = role
	for name, o := range map[string]awsclient.Options{"wrong secret": wrong, "unknown key": unknown, "role that does not trust us": foreign} {
		_, err := center(t, o).ListInstances(t.Context(), &ssoadmin.ListInstancesInput{})
		if err = awsclient.Mapped("list", err); !errors.Is(err, fault.ErrDenied) {
			t.Errorf("%s: got %v", name, err)
		}
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
}
