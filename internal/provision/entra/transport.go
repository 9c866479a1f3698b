package entra

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"aws-access-bot/internal/bodylimit"
	"aws-access-bot/internal/egress"
	"aws-access-bot/internal/retryafter"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
)

const (
	// callTimeout bounds one call of Graph: token, retries and body. On-demand
	// provisioning is the slowest call and answers within half a minute.
	callTimeout = 60 * time.Second
	// loginTimeout bounds one HTTP exchange with the login.
	loginTimeout = 20 * time.Second
	// The largest bodies that are read. A page of 999 users is some 300 KiB,
	// the schema of a provisioning job as much.
	maxBody  = 16 << 20
	maxError = 1 << 20
)

// Repeating reads.
const (
	readAttempts = 4
	firstPause   = 300 * time.Millisecond
	// longestPause is the longest Retry-After that is waited for here; after a
	// longer one the caller has better things to do.
	longestPause = 10 * time.Second
)

// transport returns the one below everything else, for login and Graph.
func transport(o Options) (http.RoundTripper, error) {
	gate := o.Gate
	if gate == nil {
		gate = egress.New(egress.Options{})
	}
	base, err := gate.Transport(o.GraphURL, o.AuthorityURL)
	if err != nil {
		return nil, err
	}
	if o.Wrap != nil {
		base = o.Wrap(base)
	}
	return limited{base}, nil
}

// client returns a client for which a redirect is an error: the SDKs would take
// it for an answer.
func client(rt http.RoundTripper, timeout time.Duration) *http.Client {
	c := egress.Client(rt, timeout)
	c.CheckRedirect = refuseRedirects
	return c
}

// refuseRedirects keeps a client where it is: neither login nor Graph redirect,
// and a token or a secret is for one host only.
func refuseRedirects(r *http.Request, _ []*http.Request) error {
	return fmt.Errorf("redirect to %s refused", r.URL.Host)
}

// errNoCredentials means that a request was about to go out without a token.
var errNoCredentials = errors.New("request to graph would carry no credentials")

// guarded refuses what carries no token, and what would carry it elsewhere.
type guarded struct {
	next http.RoundTripper
	host string
}

func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" || r.URL.Host != g.host {
		return nil, fmt.Errorf("request to %s://%s: only https://%s is called", r.URL.Scheme, r.URL.Host, g.host)
	}
	if r.Header.Get("Authorization") == "" {
		return nil, errNoCredentials
	}
	return g.next.RoundTrip(r)
}

// retrying repeats reads that met throttling, a failure of the service or a
// broken connection. It never repeats a write: a 504, and even a reset, leaves
// open whether it had its effect, and whoever wrote looks before it writes
// again. (The SDK's own handler repeats every method.)
type retrying struct{ next http.RoundTripper }

func (t retrying) RoundTrip(r *http.Request) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		res, err := t.next.RoundTrip(r)
		if r.Method != http.MethodGet || attempt == readAttempts || r.Context().Err() != nil || err == nil && !passing(res.StatusCode) {
			return res, err
		}
		wait := firstPause<<(attempt-1) + rand.N(firstPause)
		if err == nil {
			if said := asked(res.Header); said > longestPause {
				return res, nil
			} else if said > 0 {
				wait = said
			}
			// What is left of a body that nobody needs.
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		if err := pause(r.Context(), wait); err != nil {
			return nil, err
		}
	}
}

// passing reports whether a status is one that may be gone in a moment.
func passing(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// asked is the wait that an answer's headers ask for, in seconds as Graph and
// the login write it; zero without one.
func asked(h http.Header) time.Duration {
	d, _ := retryafter.Seconds(h.Get("Retry-After"))
	return d
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// limited bounds the bodies of answers. The body of an error that is not JSON
// (a gateway's page) is left out: the SDK would drop the status over it.
type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	left := int64(maxBody)
	if res.StatusCode >= http.StatusBadRequest {
		left = maxError
		if !strings.Contains(res.Header.Get("Content-Type"), "json") {
			_ = res.Body.Close()
			res.Body, res.ContentLength = http.NoBody, 0
			res.Header.Del("Content-Length")
			return res, nil
		}
	}
	res.Body = bodylimit.Body(res.Body, left)
	return res, nil
}

// bounded gives every call a deadline, the fetching of a token included.
type bounded struct{ abstractions.RequestAdapter }

// Send implements abstractions.RequestAdapter. The answer is parsed when it
// returns, so that nothing outlives the context.
func (b bounded) Send(ctx context.Context, info *abstractions.RequestInformation, constructor serialization.ParsableFactory, errs abstractions.ErrorMappings) (serialization.Parsable, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return b.RequestAdapter.Send(ctx, info, constructor, errs)
}
