package githubemu

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"aws-access-bot/internal/sandbox/emukit"
)

func TestJWTIsCheckedAsDocumented(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	now := w.clock.Now().Unix()
	claims := func(iss string, iat, exp int64) string {
		return w.jwt(jwt.MapClaims{"iss": iss, "iat": iat, "exp": exp})
	}
	hs256, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": "77", "iat": now, "exp": now + 60}).SignedString([]byte("secret"))
	w.must(err)
	good := claims("77", now-60, now+540)
	tests := []struct {
		name, token string
		want        int
		message     string
	}{
		{"app id", good, 0, ""},
		{"client id", claims("Iv1.abc", now-60, now+540), 0, ""},
		{"unknown app", claims("78", now-60, now+540), 404, "Integration not found"},
		{"expired", claims("77", now-600, now-1), 401, "'exp'"},
		{"no end", w.jwt(jwt.MapClaims{"iss": "77", "iat": now}), 401, "'exp'"},
		{"too long", claims("77", now-60, now+3600), 401, "too far in the future"},
		{"issued in the future", claims("77", now+300, now+540), 401, "'iat'"},
		{"not issued", w.jwt(jwt.MapClaims{"iss": "77", "exp": now + 60}), 401, "'iat'"},
		{"other algorithm", hs256, 401, "could not be decoded"},
		{"broken signature", good[:len(good)-6] + "AAAAAA", 401, "could not be decoded"},
		{"not a JWT", "ghp_hana", 401, "could not be decoded"},
		{"garbage", "a.b.c", 401, "could not be decoded"},
	}
	for _, tc := range tests {
		_, _, err := w.client(tc.token).Apps.Get(t.Context(), "")
		w.wantStatus(tc.name, err, tc.want)
		if err != nil && !strings.Contains(err.Error(), tc.message) {
			t.Errorf("%s: %v does not say %q", tc.name, err, tc.message)
		}
	}
	_, _, err = w.client(good).Repositories.Get(t.Context(), org, repoName)
	w.wantStatus("a JWT on a repository", err, 401)
}

func TestInstallationTokensAreNarrowAndEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.App.Permissions = map[string]string{"contents": "write", "pull_requests": "read", "metadata": "read"}
	})
	w.must(ignore(w.AddRepo(RepoSpec{Name: "other"})))
	ctx, app := t.Context(), w.client(w.goodJWT())

	inst, _, err := app.Apps.FindRepositoryInstallation(ctx, org, repoName)
	w.must(err)
	if inst.GetID() != 770 {
		t.Errorf("installation %d", inst.GetID())
	}
	_, _, err = app.Apps.CreateInstallationToken(ctx, 771, nil)
	w.wantStatus("someone else's installation", err, 404)
	_, _, err = app.Apps.CreateInstallationToken(ctx, 770, &github.InstallationTokenOptions{Repositories: []string{"unknown"}})
	w.wantStatus("unknown repository", err, 422)
	_, _, err = app.Apps.CreateInstallationToken(ctx, 770, &github.InstallationTokenOptions{
		Permissions: &github.InstallationPermissions{PullRequests: github.String("write")},
	})
	w.wantStatus("more than was granted", err, 422)

	narrow := w.bot(&github.InstallationTokenOptions{
		Repositories: []string{repoName}, Permissions: &github.InstallationPermissions{Contents: github.String("read")},
	})
	_, _, err = narrow.Git.GetRef(ctx, org, repoName, "heads/main")
	w.wantStatus("what it may read", err, 0)
	_, _, err = narrow.Repositories.Get(ctx, org, "other")
	w.wantStatus("another repository", err, 404)
	_, _, err = narrow.PullRequests.List(ctx, org, repoName, nil)
	w.wantStatus("another permission", err, 403)
	if err != nil && !strings.Contains(err.Error(), "Resource not accessible by integration") {
		t.Errorf("message: %v", err)
	}
	_, _, err = narrow.Git.CreateRef(ctx, org, repoName, &github.Reference{Ref: github.String("refs/heads/x"), Object: &github.GitObject{SHA: github.String("x")}})
	w.wantStatus("write with a reading token", err, 403)
	_, _, err = narrow.Users.Get(ctx, "")
	w.wantStatus("/user is for people", err, 403)

	w.clock.move(time.Hour)
	_, _, err = narrow.Git.GetRef(ctx, org, repoName, "heads/main")
	w.wantStatus("after an hour", err, 401)
	fresh := w.bot(nil)
	w.must(ignore(fresh.Apps.RevokeInstallationToken(ctx)))
	_, _, err = fresh.Git.GetRef(ctx, org, repoName, "heads/main")
	w.wantStatus("after it was revoked", err, 401)
}

func TestPeopleMayDoWhatTheirRoleSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx := t.Context()
	head := w.repo.stateForTest().Branches["main"]
	ops := map[string]func(c *github.Client) error{
		"read": func(c *github.Client) error { return err3(c.Git.GetRef(ctx, org, repoName, "heads/main")) },
		"write": func(c *github.Client) error {
			return err3(c.Git.CreateBlob(ctx, org, repoName, &github.Blob{Content: github.String("x"), Encoding: github.String("utf-8")}))
		},
		"protection": func(c *github.Client) error {
			return err3(c.Repositories.GetBranchProtection(ctx, org, repoName, "main"))
		},
		"check": func(c *github.Client) error {
			return err3(c.Checks.CreateCheckRun(ctx, org, repoName, github.CreateCheckRunOptions{Name: "aws-access", HeadSHA: head}))
		},
		"members": func(c *github.Client) error { return err3(c.Teams.ListTeamMembersBySlug(ctx, org, "security", nil)) },
	}
	w.must(w.SetOrgRole("nora", ""))
	want := map[string]map[string]int{
		"ghp_hana":  {"read": 0, "write": 0, "protection": 404, "check": 403, "members": 0},
		"ghp_yuki":  {"read": 0, "write": 0, "protection": 403, "check": 403, "members": 0},
		"ghp_guest": {"read": 0, "write": 403, "protection": 403, "check": 403, "members": 0},
		"ghp_nora":  {"read": 404, "write": 404, "protection": 404, "check": 404, "members": 403},
		"ghp_wrong": {"read": 401, "write": 401, "protection": 401, "check": 401, "members": 401},
	}
	got := map[string]map[string]int{}
	for token := range want {
		got[token] = map[string]int{}
		for name, op := range ops {
			got[token][name] = status(op(w.client(token)))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// err3 drops what a call of the client returns beside its error.
func err3[A, B any](_ A, _ B, err error) error { return err }

// stateForTest returns the repository's state.
func (r *Repo) stateForTest() RepoState {
	for _, rs := range r.s.State().Repos {
		if rs.ID == r.id {
			return rs
		}
	}
	return RepoState{}
}

func (w *world) get(path, token string, header http.Header) *http.Response {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.http.URL+path, http.NoBody)
	w.must(err)
	req.Header = header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := w.http.Client().Do(req)
	w.must(err)
	w.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func TestBothFormsOfURLAndConditionalRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.RateLimit = 3 })
	enterprise := w.get("/github/api/v3/repos/acme/aws-access-config/git/ref/heads/main", "ghp_hana", nil)
	bare := w.get("/github/repos/acme/aws-access-config/git/ref/heads/main", "ghp_hana", nil)
	tag := enterprise.Header.Get("ETag")
	if enterprise.StatusCode != 200 || tag == "" || tag != bare.Header.Get("ETag") {
		t.Errorf("enterprise %d %q, bare %d %q", enterprise.StatusCode, tag, bare.StatusCode, bare.Header.Get("ETag"))
	}
	same := w.get("/github/repos/acme/aws-access-config/git/ref/heads/main", "ghp_hana", http.Header{"If-None-Match": {tag}})
	if same.StatusCode != 304 || same.Header.Get("X-RateLimit-Remaining") != "1" {
		t.Errorf("conditional: %d, remaining %q", same.StatusCode, same.Header.Get("X-RateLimit-Remaining"))
	}
	for _, want := range []int{404, 403} {
		if res := w.get("/github/no/such/path", "ghp_hana", nil); res.StatusCode != want {
			t.Errorf("got %d, want %d", res.StatusCode, want)
		}
	}
	w.clock.move(time.Hour)
	if res := w.get("/github/user", "ghp_hana", nil); res.StatusCode != 200 {
		t.Errorf("in the next hour: %d", res.StatusCode)
	}
	if res := w.get("/github/user", "", nil); res.StatusCode != 401 {
		t.Errorf("without a token: %d", res.StatusCode)
	}
}

func TestRateLimitIsARateLimitErrorOfTheClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.RateLimit = 1 })
	c := w.client("ghp_hana")
	w.must(err3(c.Repositories.Get(t.Context(), org, repoName)))
	fresh := w.client("ghp_hana") // the first one would not even ask
	_, _, err := fresh.Repositories.Get(t.Context(), org, repoName)
	w.wantStatus("over the limit", err, 403)
	if err == nil || !strings.Contains(err.Error(), "API rate limit") {
		t.Errorf("got %v", err)
	}
}

func TestSecondaryLimitsAreFaultsOfTheKit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.kit.Faults.Add(emukit.Fault{
		Name: "secondary limit", Service: "github", Op: "POST /repos/{owner}/{repo}/issues/{issue_number}/comments", Status: http.StatusForbidden,
		Header: http.Header{"Retry-After": {"60"}, "Content-Type": {"application/json"}},
		Body:   `{"message":"You have exceeded a secondary rate limit.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`,
	})
	n, _ := w.pullRequest("topic", map[string]*File{"a": text("1")})
	comment := func() error {
		return err3(w.client("ghp_yuki").Issues.CreateComment(t.Context(), org, repoName, n, &github.IssueComment{Body: github.String("x")}))
	}
	var abuse *github.AbuseRateLimitError
	if err := comment(); !errors.As(err, &abuse) || abuse.GetRetryAfter() != time.Minute {
		t.Errorf("got %v", err)
	}
	w.must(comment())
	entries, _ := w.kit.Journal.Since(0)
	last := entries[len(entries)-1]
	if last.Caller != "yuki" || last.Status != http.StatusCreated || entries[len(entries)-2].Fault != "secondary limit" {
		t.Errorf("journal: %+v", last)
	}
}

func TestTokensAreNotInTheJournal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.bot(nil)
	entries, _ := w.kit.Journal.Since(0)
	if e := entries[0]; !strings.Contains(e.Response, `"token":"[redacted]"`) || e.Caller != "app/access-bot" {
		t.Errorf("journal: %+v", e)
	}
	limits, _, err := w.client("ghp_hana").RateLimit.Get(t.Context())
	w.must(err)
	if limits.Core.Limit != 5000 || limits.Core.Remaining != 5000 {
		t.Errorf("limits: %v", limits)
	}
}
