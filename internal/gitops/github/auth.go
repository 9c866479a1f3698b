package github

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// jwtBack and jwtLife are how far back an App token is dated, for clocks
	// that differ, and how long it lasts: at most 10 minutes are allowed
	// (GitHub: generating a JWT).
	jwtBack = time.Minute
	jwtLife = 8 * time.Minute
	// refreshEarly is how long before its end an installation token is
	// replaced; it lives one hour.
	refreshEarly = 5 * time.Minute
)

// permissions are all that this package uses; administration is there for
// reading classic branch protection and may be missing.
func permissions(administration bool) map[string]string {
	p := map[string]string{"contents": "write", "pull_requests": "write", "checks": "write", "metadata": "read", "members": "read"}
	if administration {
		p["administration"] = "read"
	}
	return p
}

// appAuth adds the installation token to requests of the API's own host.
type appAuth struct {
	base         *url.URL
	next         http.RoundTripper
	now          func() time.Time
	app, install int64
	repo         int64
	key          *rsa.PrivateKey

	// mu guards what follows; it is held while a token is fetched, so that
	// only one is.
	mu    sync.Mutex
	token string
	until time.Time
}

func newAppAuth(o Options, base *url.URL, next http.RoundTripper) (*appAuth, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM(o.PrivateKey)
	if err != nil {
		// The library's error may quote what it was given.
		return nil, errors.New("GitHub App private key: an RSA key in PEM is required")
	}
	return &appAuth{base: base, next: next, now: o.Now, app: o.AppID, install: o.InstallationID, repo: o.RepoID, key: key}, nil
}

// RoundTrip implements [http.RoundTripper].
func (a *appAuth) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != a.base.Host || r.URL.Scheme != a.base.Scheme {
		return nil, fmt.Errorf("request to %s: only %s is spoken to", r.URL.Host, a.base.Host)
	}
	token, err := a.bearer(r)
	if err != nil {
		return nil, err
	}
	out := r.Clone(r.Context())
	out.Header.Set("Authorization", "Bearer "+token)
	resp, err := a.next.RoundTrip(out)
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		a.drop(token) // revoked early: the next try fetches another
	}
	return resp, err
}

// bearer is what authorizes a request: below /app/ the App's own token, which
// nothing else is answered to, else the installation's.
func (a *appAuth) bearer(r *http.Request) (string, error) {
	if asApp(a.base, r.URL) {
		return a.signed()
	}
	return a.current(r.Context())
}

// asApp reports whether an address is for the App itself.
func asApp(base, u *url.URL) bool { return strings.HasPrefix(u.Path, base.Path+"app/") }

func (a *appAuth) drop(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token == token {
		a.token = ""
	}
}

// current returns a token that lasts a while yet.
func (a *appAuth) current(ctx context.Context) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token != "" && a.now().Before(a.until.Add(-refreshEarly)) {
		return a.token, nil
	}
	token, until, err := a.fetch(ctx)
	if err != nil {
		return "", fmt.Errorf("get an installation token: %w", err)
	}
	a.token, a.until = token, until
	return token, nil
}

// fetch buys an installation token, with administration if the installation
// has it: asking for a permission that is not granted is refused with 422. It
// is tried anew with each token, so that a grant is seen within the hour.
func (a *appAuth) fetch(ctx context.Context) (string, time.Time, error) {
	token, until, err := a.buy(ctx, permissions(true))
	if errors.Is(err, errNotGranted) {
		token, until, err = a.buy(ctx, permissions(false))
	}
	var refused *refusedToken
	if errors.As(err, &refused) {
		err = notMinted(refused.status, refused.message, err)
	}
	return token, until, err
}

// errNotGranted is the answer to asking for more than the installation has.
var errNotGranted = errors.New("not granted to this installation")

// refusedToken is an answer other than a token.
type refusedToken struct {
	status  int
	message string
	kind    error
}

func (e *refusedToken) Error() string { return fmt.Sprintf("%v: %d: %s", e.kind, e.status, e.message) }

func (e *refusedToken) Unwrap() error { return e.kind }

func (a *appAuth) buy(ctx context.Context, permissions map[string]string) (string, time.Time, error) {
	signed, err := a.signed()
	if err != nil {
		return "", time.Time{}, err
	}
	body, err := json.Marshal(map[string]any{"repository_ids": []int64{a.repo}, "permissions": permissions})
	if err != nil {
		return "", time.Time{}, err
	}
	u := a.base.JoinPath("app", "installations", strconv.FormatInt(a.install, 10), "access_tokens")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return "", time.Time{}, err
	}
	req.Header.Set("Authorization", "Bearer "+signed)
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	resp, err := a.next.RoundTrip(req)
	if err != nil {
		return "", time.Time{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", time.Time{}, err
	}
	return readToken(resp, data)
}

func readToken(resp *http.Response, data []byte) (string, time.Time, error) {
	var out struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expires_at"`
		Message   string    `json:"message"`
	}
	err := json.Unmarshal(data, &out)
	switch {
	case resp.StatusCode == http.StatusUnprocessableEntity:
		return "", time.Time{}, &refusedToken{resp.StatusCode, out.Message, errNotGranted}
	case resp.StatusCode != http.StatusCreated:
		return "", time.Time{}, &refusedToken{resp.StatusCode, out.Message, kindOf(resp.StatusCode)}
	case err != nil:
		return "", time.Time{}, fmt.Errorf("read the answer: %w", err)
	case out.Token == "" || out.ExpiresAt.IsZero():
		return "", time.Time{}, errors.New("the answer has no token")
	}
	return out.Token, out.ExpiresAt, nil
}

// signed returns the App's own token.
func (a *appAuth) signed() (string, error) {
	now := a.now()
	claims := jwt.RegisteredClaims{
		Issuer:    strconv.FormatInt(a.app, 10),
		IssuedAt:  jwt.NewNumericDate(now.Add(-jwtBack)),
		ExpiresAt: jwt.NewNumericDate(now.Add(jwtLife)),
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(a.key)
	if err != nil {
		return "", fmt.Errorf("sign the App's token: %w", err)
	}
	return token, nil
}
