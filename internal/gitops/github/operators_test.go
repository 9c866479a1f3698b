package github

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/review"
	"aws-access-bot/internal/secret"
)

// TestT37APersonsTokenGoesToTheAPIOnce and nowhere else.
func TestT37APersonsTokenGoesToTheAPIOnce(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a request went elsewhere, with %q", r.Header.Get("Authorization"))
	}))
	t.Cleanup(elsewhere.Close)
	person := `{"id":1003,"login":"ken","type":"User"}`
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   review.User
		kind   error
	}{
		{"a person", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, person) }, review.User{ID: 1003, Login: "ken"}, nil},
		{"a bot", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":5,"login":"x[bot]","type":"Bot"}`) }, review.User{ID: 5, Login: "x[bot]", Bot: true}, nil},
		{"nobody", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) }, review.User{}, nil},
		{"a token that is not known", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, review.User{}, gitops.ErrDenied},
		{"a token of an installation", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, review.User{}, gitops.ErrDenied},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, review.User{}, nil},
		{"another answer", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, review.User{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			asked := 0
			a.HandleFunc("GET /user", func(w http.ResponseWriter, r *http.Request) {
				asked++
				if got := r.Header.Get("Authorization"); got != "Bearer ghp_canary" {
					t.Errorf("asked with %q", got)
				}
				w.Header().Set("X-RateLimit-Limit", "60")
				w.Header().Set("X-RateLimit-Remaining", "1")
				w.Header().Set("X-RateLimit-Reset", "1800000000")
				w.Header().Set("ETag", `"x"`)
				tt.answer(w, r)
			})
			c := a.client()
			got, err := c.TokenOwner(t.Context(), secret.New("ghp_canary"))
			if got != tt.want || (err == nil) != (tt.want.ID != 0) || tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("%+v, %v", got, err)
			}
			if asked != 1 || strings.Contains(fmt.Sprint(err), "canary") || c.Budget().Limit != 0 || a.tokens.Load() != 0 {
				t.Errorf("asked %d times, error %v, budget %+v", asked, err, c.Budget())
			}
		})
	}
}

func TestTheRoleIsThatInTheConfigRepo(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.HandleFunc("GET /repos/acme/config/collaborators/ken/permission", func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer ghs_1" {
			t.Errorf("asked with %q, want the App's credential", got)
		}
		fmt.Fprint(w, `{"permission":"admin","role_name":"admin","user":{"id":1003,"login":"ken","type":"User"}}`)
	})
	a.HandleFunc("GET /repos/acme/config/collaborators/nobody/permission", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"permission":"admin","user":null}`)
	})
	c := a.client()
	who, role, err := c.RoleOf(t.Context(), "ken")
	if err != nil || role != "admin" || who != (review.User{ID: 1003, Login: "ken"}) {
		t.Errorf("%+v, %q, %v", who, role, err)
	}
	if _, _, err := c.RoleOf(t.Context(), "nobody"); err == nil {
		t.Error("a role without an account was read")
	}
	if _, _, err := c.RoleOf(t.Context(), "gone"); !errors.Is(err, gitops.ErrNotFound) {
		t.Errorf("an account that is gone: %v", err)
	}
	o := a.options()
	o.RepoID = 1
	other, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := other.RoleOf(t.Context(), "ken"); err == nil {
		t.Error("the role on another repository under the name was read")
	}
}
