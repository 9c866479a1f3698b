// Package github is the client edge to GitHub: it implements [gitops.Host] for
// one repository, and everything about the wire lives here and nowhere else:
// App authentication, retries, rate limits, response sizes, paging and error
// kinds.
//
// It authenticates as a GitHub App: an RS256 token signed with the App's key,
// at most nine minutes long, buys an installation token that is narrowed to
// the one repository by number and to the permissions used here (contents,
// pull_requests and checks to write; metadata and members to read; and, where
// the installation has it, administration to read). The token
// is kept until five minutes before its end and is sent to the API's own host
// only; redirects are refused, since a renamed or moved repository is for
// people to look at.
//
// Reads are tried three times when the connection or the server fails; writes
// are not, because the caller looks for its own earlier effect first. A 403 or
// 429 that is a rate limit becomes [gitops.ThrottledError], unless it asks for
// so short a wait that it is waited out here; until that time nothing is sent.
// Writes are made one at a time and as often as GitHub lets content be made.
// Reads of JSON are conditional: what did not change since the last answer
// costs nothing of the request budget.
//
// go-github's decoder of rules fails on every rule it does not know, and it
// has no activity log; those are read raw.
package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	gh "github.com/google/go-github/v60/github"

	"aws-access-bot/internal/egress"
	"aws-access-bot/internal/gitops"
)

// Options configure [New].
type Options struct {
	// BaseURL is the REST API, "" for https://api.github.com/. Enterprise
	// Server has "https://HOST/api/v3/".
	BaseURL string
	// Owner, Name and RepoID name the repository; the three must agree.
	Owner, Name string
	RepoID      int64
	// AppID and InstallationID name the App, PrivateKey is its key in PEM.
	AppID, InstallationID int64
	PrivateKey            []byte
	// Transport makes the requests, one to BaseURL and to nothing else when nil.
	Transport http.RoundTripper
	// Now is the clock, [time.Now] when nil.
	Now func() time.Time
}

// Client is GitHub for one repository. It is safe for use by several
// goroutines.
type Client struct {
	api         *gh.Client
	owner, name string
	id, app     int64
	now         func() time.Time
	net         *transport

	// mu guards what follows.
	mu      sync.Mutex
	checked time.Time // when the repository's number was last compared
	holder  holder    // as of then
}

var _ gitops.Host = (*Client)(nil)

// requestTimeout bounds one request with its retries.
const requestTimeout = 60 * time.Second

// New returns a client. It makes no request yet.
func New(o Options) (*Client, error) {
	if o.Owner == "" || o.Name == "" || o.RepoID <= 0 || o.AppID <= 0 || o.InstallationID <= 0 {
		return nil, errors.New("GitHub: owner, name, repository id, App id and installation id are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	base, err := baseURL(o.BaseURL)
	if err != nil {
		return nil, err
	}
	if o.Transport == nil {
		if o.Transport, err = egress.New(egress.Options{}).Transport(base.String()); err != nil {
			return nil, fmt.Errorf("GitHub base URL: %w", err)
		}
	}
	net := newTransport(o.Transport, base, o.Now)
	auth, err := newAppAuth(o, base, net)
	if err != nil {
		return nil, err
	}
	api := gh.NewClient(egress.Client(newConditional(auth), requestTimeout))
	api.BaseURL = base
	return &Client{api: api, owner: o.Owner, name: o.Name, id: o.RepoID, app: o.AppID, now: o.Now, net: net}, nil
}

// baseURL reads the address of the API, which must end with a slash.
func baseURL(s string) (*url.URL, error) {
	if s == "" {
		s = "https://api.github.com/"
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("GitHub base URL %q: an http(s) address is required", s)
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}

// identityEvery is how often the repository's number is compared again: within
// each poll, which costs nothing while the answer is the same.
const identityEvery = 10 * time.Second

// Budget implements [gitops.Host].
func (c *Client) Budget() gitops.Budget { return c.net.budgetNow() }

// path returns a path below the repository.
func (c *Client) path(format string, args ...any) string {
	return fmt.Sprintf("repos/%s/%s/", url.PathEscape(c.owner), url.PathEscape(c.name)) + fmt.Sprintf(format, args...)
}

// get reads one raw JSON answer and returns the address of the next page, "".
func (c *Client) get(ctx context.Context, path string, into any) (next string, err error) {
	req, err := c.api.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return "", fmt.Errorf("make request: %w", err)
	}
	resp, err := c.api.Do(ctx, req, into)
	if err != nil {
		return "", err
	}
	return nextLink(resp.Header.Get("Link"), c.api.BaseURL)
}

// nextLink finds the next page in a Link header (RFC 8288). One that leads
// elsewhere than to the API is an error.
func nextLink(header string, base *url.URL) (string, error) {
	for part := range strings.SplitSeq(header, ",") {
		target, params, ok := strings.Cut(strings.TrimSpace(part), ">")
		if !ok || !strings.Contains(params, `rel="next"`) {
			continue
		}
		u, err := url.Parse(strings.TrimPrefix(target, "<"))
		if err != nil {
			return "", fmt.Errorf("next page: %w", err)
		}
		if u.Host != base.Host || u.Scheme != base.Scheme {
			return "", fmt.Errorf("next page is on another host, %s", u.Host)
		}
		return u.String(), nil
	}
	return "", nil
}

// maxPages bounds how many pages of one list are read.
const maxPages = 200

// pages reads every page of a list of go-github.
func pages[T any](list func(gh.ListOptions) ([]T, *gh.Response, error)) ([]T, error) {
	var all []T
	opt := gh.ListOptions{PerPage: 100}
	for range maxPages {
		part, resp, err := list(opt)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
		if resp.NextPage == 0 {
			return all, nil
		}
		opt.Page = resp.NextPage
	}
	return nil, fmt.Errorf("more than %d pages", maxPages)
}

// rawPages reads every page of a list at a path.
func rawPages[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	var all []T
	for range maxPages {
		var part []T
		next, err := c.get(ctx, path, &part)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
		if next == "" {
			return all, nil
		}
		path = next
	}
	return nil, fmt.Errorf("more than %d pages", maxPages)
}
