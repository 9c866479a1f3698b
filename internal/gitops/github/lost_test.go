package github

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
)

// TestWhyTheRepositoryCannotBeRead: each reason that lasts has its name, a
// sentence and a mend; what may pass has none. A redirect is not followed.
func TestWhyTheRepositoryCannotBeRead(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a request went elsewhere, with %q", r.Header.Get("Authorization"))
	}))
	t.Cleanup(elsewhere.Close)
	const base = "/repos/acme/config"
	moved := func(to string) reaction { return reaction{301, `{"message":"Moved Permanently"}`, to} }
	tests := []struct {
		name    string
		answers map[string]reaction
		code    gitops.BlindCode
		says    string
	}{
		{"renamed", map[string]reaction{base: moved("/repositories/4242"), "/repositories/4242": {200, `{"id":4242,"full_name":"acme/access","owner":{"login":"acme"}}`, ""}}, gitops.RepoRenamed, "is now called acme/access."},
		{"transferred", map[string]reaction{base: moved("/repositories/4242"), "/repositories/4242": {200, `{"id":4242,"full_name":"other/config","owner":{"login":"other"}}`, ""}}, gitops.RepoTransferred, "it is now other/config."},
		{"moved where the App sees nothing", map[string]reaction{base: moved("/repositories/4242"), "/repositories/4242": {404, `{"message":"Not Found"}`, ""}}, gitops.RepoRenamed, "was renamed or transferred"},
		{"moved to a name that is none", map[string]reaction{base: moved("/repositories/4242"), "/repositories/4242": {200, `{"id":4242,"full_name":"acme/<!channel>","owner":{"login":"acme"}}`, ""}}, gitops.RepoRenamed, "was renamed or transferred"},
		{"moved to another host", map[string]reaction{base: moved(elsewhere.URL + base)}, gitops.RepoRenamed, "was renamed or transferred"},
		{"another repository has the name", map[string]reaction{base: {200, `{"id":1,"owner":{"id":9001}}`, ""}}, gitops.RepoReplaced, "has the number 1 and not 4242"},
		{"deleted", map[string]reaction{base: {404, `{"message":"Not Found"}`, ""}}, gitops.RepoGone, "is deleted, or the App may not see it"},
		{"archived", map[string]reaction{base: {200, `{"id":4242,"archived":true,"owner":{"id":9001}}`, ""}}, gitops.RepoArchived, "is archived"},
		{"not permitted", map[string]reaction{base: {403, `{"message":"Resource not accessible by integration"}`, ""}}, gitops.AppPermission, "refuses the App to read"},
		{"the branch may not be read", map[string]reaction{base: {200, `{"id":4242,"owner":{"id":9001}}`, ""}, base + "/git/ref/heads/main": {403, `{"message":"Resource not accessible by integration"}`, ""}}, gitops.AppPermission, "refuses the App to read"},
		{"no branch, and no archive either", map[string]reaction{base: {200, `{"id":4242,"owner":{"id":9001}}`, ""}, base + "/git/ref/heads/main": {404, `{"message":"Not Found"}`, ""}}, "", ""},
		{"the App is not installed", map[string]reaction{"mint": {404, `{"message":"Not Found"}`, ""}}, gitops.AppUninstalled, "not installed"},
		{"the App is suspended", map[string]reaction{"mint": {403, `{"message":"This installation has been suspended"}`, ""}}, gitops.AppSuspended, "suspended"},
		{"the App's key was revoked", map[string]reaction{"mint": {401, `{"message":"A JSON web token could not be decoded"}`, ""}}, gitops.AppRefused, "private key"},
		{"a permission was taken away", map[string]reaction{"mint": {422, `{"message":"The permissions requested are not granted to this installation."}`, ""}}, gitops.AppPermission, "does not grant"},
		{"the repository was taken out of the installation", map[string]reaction{"mint": {422, `{"message":"There is at least one repository that does not exist or is not accessible to the parent installation."}`, ""}}, gitops.RepoGone, "taken out"},
		{"the server fails", map[string]reaction{base: {500, `{}`, ""}}, "", ""},
		{"the token's server fails", map[string]reaction{"mint": {500, `{}`, ""}}, "", ""},
		{"a rate limit", map[string]reaction{base: {429, `{}`, ""}}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := lostAPI(t, tt.answers)
			_, err := c.Branch(t.Context(), "main")
			_, err2 := c.OpenPulls(t.Context(), "main")
			if err == nil {
				t.Fatal("the branch was read")
			}
			var got *gitops.UnreachableError
			if errors.As(err, &got) != (tt.code != "") {
				t.Fatalf("error %v, want the reason %q", err, tt.code)
			}
			if tt.code == "" {
				return
			}
			if got.Code != tt.code || !strings.Contains(got.Text, tt.says) || got.Mend == "" {
				t.Errorf("reason %q: %q %q, want %q with %q", got.Code, got.Text, got.Mend, tt.code, tt.says)
			}
			if tt.answers[base+"/git/ref/heads/main"].status == 0 && !errors.As(err2, &got) {
				t.Errorf("open pull requests: %v", err2)
			}
		})
	}
}

// reaction is how one address answers.
type reaction struct {
	status   int
	body     string
	location string
}

// lostAPI has the client of a GitHub that answers so; "mint" is the endpoint of
// tokens.
func lostAPI(t *testing.T, answers map[string]reaction) *Client {
	t.Helper()
	key := newAPI(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if strings.HasSuffix(path, "/access_tokens") {
			path = "mint"
		}
		x, ok := answers[path]
		switch {
		case !ok && path == "mint":
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, `{"token":"ghs_x","expires_at":%q}`, time.Now().Add(time.Hour).Format(time.RFC3339))
			return
		case !ok:
			x = reaction{404, `{"message":"Not Found"}`, ""}
		}
		if x.location != "" {
			w.Header().Set("Location", x.location)
		}
		w.WriteHeader(x.status)
		fmt.Fprint(w, x.body)
	}))
	t.Cleanup(server.Close)
	o := key.options()
	o.BaseURL = server.URL
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
