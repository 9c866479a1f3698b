package github

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/gitops"
)

// testKey makes one RSA key for all tests, since making one takes long.
var testKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// api is GitHub as one test wants it to answer, with the App's token endpoint.
type api struct {
	*http.ServeMux
	t      *testing.T
	server *httptest.Server
	tokens atomic.Int32
	now    atomic.Int64 // Unix seconds
	// minted answers the token endpoint; nil is the good answer.
	minted http.HandlerFunc
}

func newAPI(t *testing.T) *api {
	t.Helper()
	a := newBareAPI(t)
	a.HandleFunc("GET /repos/acme/config", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"id":4242,"owner":{"id":9001}}`)
	})
	return a
}

// newBareAPI has no repository.
func newBareAPI(t *testing.T) *api {
	t.Helper()
	a := &api{ServeMux: http.NewServeMux(), t: t}
	a.now.Store(time.Now().Unix())
	a.server = httptest.NewServer(a)
	t.Cleanup(a.server.Close)
	a.HandleFunc("POST /app/installations/770/access_tokens", func(w http.ResponseWriter, r *http.Request) {
		a.tokens.Add(1)
		if a.minted != nil {
			a.minted(w, r)
			return
		}
		a.mint(w)
	})
	return a
}

func (a *api) mint(w http.ResponseWriter) {
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"token":"ghs_%d","expires_at":%q}`, a.tokens.Load(), time.Unix(a.now.Load(), 0).Add(time.Hour).UTC().Format(time.RFC3339))
}

func (a *api) clock() time.Time { return time.Unix(a.now.Load(), 0) }

func (a *api) options() Options {
	a.t.Helper()
	key, err := testKey()
	if err != nil {
		a.t.Fatal(err)
	}
	return Options{
		BaseURL: a.server.URL, Owner: "acme", Name: "config", RepoID: 4242, AppID: 77, InstallationID: 770, Now: a.clock,
		PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	}
}

func (a *api) client() *Client {
	a.t.Helper()
	c, err := New(a.options())
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

func TestT35TheAppAsksForNoMoreThanItNeeds(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	a.minted = func(w http.ResponseWriter, r *http.Request) {
		claims := jwt.MapClaims{}
		raw := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		_, err := jwt.ParseWithClaims(raw, claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil },
			jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer("77"), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
		if err != nil {
			t.Errorf("the App's token: %v", err)
		}
		iat, _ := claims.GetIssuedAt()
		exp, _ := claims.GetExpirationTime()
		if iat == nil || exp == nil || exp.Sub(iat.Time) > 10*time.Minute || !iat.Before(a.clock()) {
			t.Errorf("issued %v, expires %v", iat, exp)
		}
		var got map[string]any
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		want := map[string]any{
			"repository_ids": []any{4242.0},
			"permissions":    map[string]any{"contents": "write", "pull_requests": "write", "checks": "write", "metadata": "read", "members": "read", "administration": "read"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
		a.mint(w)
	}
	a.HandleFunc("GET /repos/acme/config/git/commits/abc", func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer ghs_1" {
			t.Errorf("authorized with %q", got)
		}
		fmt.Fprint(w, `{"sha":"abc","tree":{"sha":"t"},"parents":[{"sha":"p"}],"committer":{"date":"2026-11-20T12:00:00Z"}}`)
	})
	got, err := a.client().Commit(t.Context(), "abc")
	want := gitops.Commit{SHA: "abc", Tree: "t", Parents: []string{"p"}, At: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("commit: %v (-want +got):\n%s", err, diff)
	}
}

func TestTokensAreKeptAndReplacedEarly(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.HandleFunc("GET /repos/acme/config/git/commits/{sha}", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.PathValue("sha"), "revoked") && r.Header.Get("Authorization") == "Bearer ghs_2" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"message":"Bad credentials"}`)
			return
		}
		fmt.Fprint(w, `{"sha":"x"}`)
	})
	c := a.client()
	read := func(sha string, want int32, kind error) {
		t.Helper()
		if _, err := c.Commit(t.Context(), sha); !errors.Is(err, kind) {
			t.Errorf("error %v, want %v", err, kind)
		}
		if n := a.tokens.Load(); n != want {
			t.Errorf("%d tokens were fetched, want %d", n, want)
		}
	}
	read("a", 1, nil)
	a.now.Add(54 * 60)
	read("b", 1, nil)
	a.now.Add(2 * 60)
	read("c", 2, nil)
	read("revoked", 2, gitops.ErrDenied)
	read("revoked", 3, nil)
}

// errorsHaveKinds shows what GitHub's answers become.
func errorsHaveKinds(t *testing.T) {
	t.Parallel()
	now := time.Now().Unix()
	tests := []struct {
		name   string
		status int
		header map[string]string
		body   string
		kind   error
		until  int64 // seconds from now of a throttle
	}{
		{"not found", 404, nil, `{"message":"Not Found"}`, gitops.ErrNotFound, 0},
		{"no permission", 403, nil, `{"message":"Resource not accessible by integration"}`, gitops.ErrDenied, 0},
		{"bad credentials", 401, nil, `{"message":"Bad credentials"}`, gitops.ErrDenied, 0},
		{"a ref exists", 422, nil, `{"message":"Reference already exists"}`, gitops.ErrExists, 0},
		{"a pull request exists", 422, nil, `{"message":"Validation Failed","errors":[{"message":"A pull request already exists for acme:x."}]}`, gitops.ErrExists, 0},
		{"another validation error", 422, nil, `{"message":"Validation Failed","errors":[{"message":"No commits between main and x"}]}`, errAPI, 0},
		{"a conflict", 409, nil, `{"message":"Head branch was modified"}`, errAPI, 0},
		{"the primary limit as 403", 403, map[string]string{"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": strconv.FormatInt(now+600, 10)}, `{"message":"API rate limit exceeded"}`, nil, 600},
		{"the primary limit as 429", 429, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": strconv.FormatInt(now+600, 10)}, `{"message":"API rate limit exceeded"}`, nil, 600},
		{"the secondary limit as 403", 403, map[string]string{"Retry-After": "90"}, `{"message":"You have exceeded a secondary rate limit"}`, nil, 90},
		{"the secondary limit as 429", 429, map[string]string{"Retry-After": "90"}, `{"message":"slow down"}`, nil, 90},
		{"the secondary limit that does not say", 403, nil, `{"message":"You have exceeded a secondary rate limit","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`, nil, 60},
		{"not JSON", 404, nil, `<html>`, gitops.ErrNotFound, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.now.Store(now)
			a.HandleFunc("POST /repos/acme/config/git/refs", func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range tt.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			})
			err := a.client().CreateBranch(t.Context(), "x", "abc")
			if tt.until == 0 {
				if !errors.Is(err, tt.kind) {
					t.Errorf("error %v, want %v", err, tt.kind)
				}
				return
			}
			var throttled *gitops.ThrottledError
			if !errors.As(err, &throttled) || throttled.Until.Unix() < now+tt.until-2 || throttled.Until.Unix() > now+tt.until+2 {
				t.Errorf("error %v, want a throttle for %d s", err, tt.until)
			}
		})
	}
}

func readsAreRepeatedAndWritesAreNot(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	var reads, writes, limited atomic.Int32
	a.HandleFunc("GET /repos/acme/config/git/commits/x", func(w http.ResponseWriter, _ *http.Request) {
		if reads.Add(1) < 2 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		fmt.Fprint(w, `{"sha":"x"}`)
	})
	a.HandleFunc("POST /repos/acme/config/git/refs", func(w http.ResponseWriter, _ *http.Request) {
		writes.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	})
	a.HandleFunc("POST /repos/acme/config/git/commits", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), "a message") {
			t.Errorf("the body was lost on the way: %q", body)
		}
		if limited.Add(1) < 2 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"sha":"made"}`)
	})
	c := a.client()
	if _, err := c.Commit(t.Context(), "x"); err != nil || reads.Load() != 2 {
		t.Errorf("read: %v after %d tries", err, reads.Load())
	}
	if err := c.CreateBranch(t.Context(), "x", "abc"); err == nil || writes.Load() != 1 {
		t.Errorf("write: %v after %d tries", err, writes.Load())
	}
	if sha, err := c.CreateCommit(t.Context(), "a message", "tree", []string{"p"}); err != nil || sha != "made" || limited.Load() != 2 {
		t.Errorf("short throttle: %q, %v after %d tries", sha, err, limited.Load())
	}
}

func TestAnotherRepositoryUnderTheNameIsRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	o := a.options()
	o.RepoID = 1
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Branch(t.Context(), "main"); err == nil || !strings.Contains(err.Error(), "another repository") {
		t.Errorf("error %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a request went elsewhere, with %q", r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	a.HandleFunc("GET /repos/acme/config/git/commits/x", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusMovedPermanently)
	})
	if _, err := a.client().Commit(t.Context(), "x"); err == nil {
		t.Error("a redirect is no error")
	}
}

func TestPagesOfTheActivityLog(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.HandleFunc("GET /repos/acme/config/activity", func(w http.ResponseWriter, r *http.Request) {
		if ref := r.URL.Query().Get("ref"); ref != "refs/heads/a b" {
			t.Errorf("asked for %q", ref)
		}
		if r.URL.Query().Get("after") == "" {
			w.Header().Set("Link", fmt.Sprintf(`<%s/repos/acme/config/activity?after=c1&ref=refs%%2Fheads%%2Fa+b>; rel="next", <x>; rel="last"`, a.server.URL))
			fmt.Fprint(w, `[{"activity_type":"push","timestamp":"2026-11-20T12:00:00Z","actor":{"id":7,"login":"hana","type":"User"}}]`)
			return
		}
		fmt.Fprint(w, `[{"activity_type":"branch_creation","timestamp":"2026-11-20T11:00:00Z","actor":null}]`)
	})
	got, err := a.client().Activity(t.Context(), "a b")
	if err != nil || len(got) != 2 || got[0].Actor == nil || got[0].Actor.ID != 7 || got[1].Actor != nil || got[1].Kind != "branch_creation" {
		t.Errorf("activity %+v, %v", got, err)
	}
	a = newAPI(t)
	a.HandleFunc("GET /repos/acme/config/activity", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", `<https://evil.example/next>; rel="next"`)
		fmt.Fprint(w, `[]`)
	})
	if _, err := a.client().Activity(t.Context(), "x"); err == nil {
		t.Error("a next page on another host was followed")
	}
}

func TestMembersOfChildTeamsAreLeftOut(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.HandleFunc("GET /organizations/9001/team/1/members", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"id":10,"type":"User"},{"id":11,"type":"User"},{"id":12,"type":"Bot"}]`)
	})
	a.HandleFunc("GET /organizations/9001/team/1/teams", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[{"id":2}]`) })
	a.HandleFunc("GET /organizations/9001/team/2/members", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"id":11,"type":"User"}]`)
	})
	got, err := a.client().TeamMembers(t.Context(), 1)
	if diff := cmp.Diff([]int64{10}, got); err != nil || diff != "" {
		t.Errorf("members: %v (-want +got):\n%s", err, diff)
	}
	if _, err := a.client().TeamMembers(t.Context(), 3); !errors.Is(err, gitops.ErrNotFound) {
		t.Errorf("a team that is gone: %v", err)
	}
}

func TestBudgetIsThatOfTheLastAnswer(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	reset := a.now.Load() + 600
	a.HandleFunc("GET /repos/acme/config/git/commits/{sha}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Limit", "5000")
		w.Header().Set("X-RateLimit-Remaining", r.PathValue("sha"))
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(reset, 10))
		w.Header().Set("X-RateLimit-Resource", map[string]string{"4000": "core", "3": "search"}[r.PathValue("sha")])
		fmt.Fprint(w, `{}`)
	})
	c := a.client()
	for _, sha := range []string{"4000", "3"} {
		if _, err := c.Commit(t.Context(), sha); err != nil {
			t.Fatal(err)
		}
	}
	want := gitops.Budget{Limit: 5000, Remaining: 4000, Reset: time.Unix(reset, 0)}
	if diff := cmp.Diff(want, c.Budget()); diff != "" {
		t.Errorf("budget (-want +got):\n%s", diff)
	}
}

// TestT37SecretsStayOutOfErrors: the key, and what was signed with it.
func TestT37SecretsStayOutOfErrors(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	o := a.options()
	o.PrivateKey = []byte("-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END RSA PRIVATE KEY-----")
	if _, err := New(o); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("error %v", err)
	}
	a.minted = func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"message":"A JSON web token could not be decoded"}`)
	}
	_, err := a.client().Commit(t.Context(), "x")
	if !errors.Is(err, gitops.ErrDenied) || strings.Contains(err.Error(), "eyJ") {
		t.Errorf("error %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for name, change := range map[string]func(*Options){
		"no owner": func(o *Options) { o.Owner = "" }, "no repository": func(o *Options) { o.RepoID = 0 },
		"no App": func(o *Options) { o.AppID = 0 }, "no installation": func(o *Options) { o.InstallationID = 0 },
		"no key": func(o *Options) { o.PrivateKey = nil }, "a base URL of another kind": func(o *Options) { o.BaseURL = "ftp://x/" },
		"a base URL with a user": func(o *Options) { o.BaseURL = "https://u:p@x/" },
	} {
		o := a.options()
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
