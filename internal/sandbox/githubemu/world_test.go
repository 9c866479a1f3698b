package githubemu

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-github/v60/github"

	"aws-access-bot/internal/sandbox/emukit"
)

const (
	org        = "acme"
	repoName   = "aws-access-config"
	hookSecret = "0123456789abcdef0123456789abcdef"
)

// testKey makes one RSA key for all tests, since making one takes long.
var testKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// world is an emulator with an organization to play in.
type world struct {
	*Server
	t     *testing.T
	key   *rsa.PrivateKey
	http  *httptest.Server
	repo  *Repo
	clock *clock
}

// clock is a clock that stands until it is moved.
type clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// newWorld has the people hana (admin), yuki and ken (write), guest (read)
// and nora (no access), the team security with the child blue, and a
// repository with the rulesets of an access repository.
func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, key: key, clock: &clock{now: time.Now()}}
	kit := emukit.New(1)
	kit.Now = w.clock.Now
	handler := http.NewServeMux()
	w.http = httptest.NewServer(handler)
	t.Cleanup(w.http.Close)
	opt := Options{
		BaseURL: w.http.URL + "/github", Org: org, WebhookSecret: hookSecret, MergeableDelay: -1, QueueDelay: -1,
		App: App{ID: 77, Slug: "access-bot", ClientID: "Iv1.abc", InstallationID: 770, PublicKey: &key.PublicKey},
	}
	if change != nil {
		change(&opt)
	}
	w.Server = New(kit, opt)
	handler.Handle("/github/", http.StripPrefix("/github", w.Handler()))
	for i, login := range []string{"hana", "yuki", "ken", "guest", "nora"} {
		w.must(ignore(w.AddUser(User{ID: int64(1001 + i), Login: login, Email: login + "@example.com"})))
		w.must(w.AddToken(login, "ghp_"+login))
	}
	w.must(w.PutTeam(Team{ID: 501, Slug: "security", Members: map[string]string{"hana": "maintainer", "yuki": ""}}))
	w.must(w.PutTeam(Team{ID: 502, Slug: "blue", Parent: "security", Members: map[string]string{"ken": ""}}))
	w.repo, err = w.AddRepo(RepoSpec{Name: repoName, ID: 4242, Files: map[string]string{
		"aws-access.yaml": "version: 1\n", "groups/dev.yaml": "id: 1\nname: dev\naccess: []\nowners: []\n", "README.md": "hello\n",
	}, Author: "hana"})
	w.must(err)
	for login, role := range map[string]string{"hana": "admin", "yuki": "write", "ken": "write", "guest": "read"} {
		w.must(w.repo.SetRole(login, role))
	}
	for _, rs := range AccessRulesets("aws-access", 77, "access/") {
		w.repo.PutRuleset(rs)
	}
	return w
}

func ignore[T any](_ T, err error) error { return err }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// client is a go-github client with a token, on the Enterprise form of URLs.
func (w *world) client(token string) *github.Client {
	w.t.Helper()
	c, err := github.NewClient(w.http.Client()).WithAuthToken(token).WithEnterpriseURLs(w.http.URL+"/github", w.http.URL+"/github")
	w.must(err)
	return c
}

// jwt signs a token of the App with claims of its own.
func (w *world) jwt(claims jwt.MapClaims) string {
	w.t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(w.key)
	w.must(err)
	return token
}

func (w *world) goodJWT() string {
	now := w.clock.Now()
	return w.jwt(jwt.MapClaims{"iss": "77", "iat": now.Add(-time.Minute).Unix(), "exp": now.Add(9 * time.Minute).Unix()})
}

// bot is a client with an installation token; opt narrows it.
func (w *world) bot(opt *github.InstallationTokenOptions) *github.Client {
	w.t.Helper()
	token, _, err := w.client(w.goodJWT()).Apps.CreateInstallationToken(w.t.Context(), 770, opt)
	w.must(err)
	return w.client(token.GetToken())
}

// status is the HTTP status of an error, 0 for none.
func status(err error) int {
	var api *github.ErrorResponse
	var rate *github.RateLimitError
	var play *Error
	switch {
	case err == nil:
		return 0
	case errors.Is(err, github.ErrBranchNotProtected):
		return http.StatusNotFound
	case errors.As(err, &api):
		return api.Response.StatusCode
	case errors.As(err, &rate):
		return rate.Response.StatusCode
	case errors.As(err, &play):
		return play.Status
	}
	return -1
}

func (w *world) wantStatus(what string, err error, want int) {
	w.t.Helper()
	if got := status(err); got != want {
		w.t.Errorf("%s: got %d (%v), want %d", what, got, err, want)
	}
}

// text is a file's new content.
func text(s string) *File { return &File{Content: s} }

// pullRequest opens a pull request of ken's with changes, and returns its
// number and head.
func (w *world) pullRequest(branch string, changes map[string]*File) (int, string) {
	w.t.Helper()
	sha, err := w.repo.Push("ken", Push{Branch: branch, Changes: changes, Message: "change " + branch})
	w.must(err)
	n, err := w.repo.CreatePull("ken", PullSpec{Head: branch, Title: "change " + branch, Body: "please"})
	w.must(err)
	return n, sha
}

// pass reports the required check as successful for a commit.
func (w *world) pass(sha string) {
	w.t.Helper()
	_, _, err := w.bot(nil).Checks.CreateCheckRun(w.t.Context(), org, repoName, github.CreateCheckRunOptions{
		Name: "aws-access", HeadSHA: sha, Status: github.String("completed"), Conclusion: github.String("success"),
	})
	w.must(err)
}

// run starts the sender of webhooks and returns when to stop it.
func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
}
