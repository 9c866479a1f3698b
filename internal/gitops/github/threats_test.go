package github

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
)

// TestT16ARepositoryThatIsGoneIsNoMissingBranch, nor a missing team: it is an
// error that names the repository, also when it goes while it is known.
func TestT16ARepositoryThatIsGoneIsNoMissingBranch(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]struct {
		status int
		body   string
		says   string
	}{
		"renamed or moved, not to be seen":         {404, `{"message":"Not Found"}`, "deleted, or the App may not see it"},
		"renamed, with a redirect":                 {301, `{"message":"Moved Permanently","url":"https://api.github.example/repositories/4242"}`, "acme/config"},
		"another under its name":                   {200, `{"id":9999,"owner":{"id":9001}}`, "another repository"},
		"another under its name, of another org":   {200, `{"id":1,"owner":{"id":1}}`, "another repository"},
		"an answer that is not one":                {200, `{}`, "another repository"},
		"suspended":                                {403, `{"message":"This installation has been suspended"}`, "acme/config"},
		"the number as text, which is no number":   {200, `{"id":"4242"}`, "acme/config"},
		"gone for good":                            {410, `{"message":"Gone"}`, "deleted, or the App may not see it"},
		"taken down for legal reasons":             {451, `{"message":"Repository access blocked"}`, "acme/config"},
		"the login page of something in between":   {200, `<html>`, "acme/config"},
		"an id beyond what a number here can hold": {200, `{"id":18446744073709551615}`, "acme/config"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here := true
			a := newBareAPI(t)
			a.HandleFunc("GET /repos/acme/config", func(w http.ResponseWriter, _ *http.Request) {
				if here {
					fmt.Fprint(w, `{"id":4242,"owner":{"id":9001}}`)
					return
				}
				w.WriteHeader(answer.status)
				fmt.Fprint(w, answer.body)
			})
			a.HandleFunc("GET /repos/acme/config/git/ref/heads/main", func(w http.ResponseWriter, _ *http.Request) {
				if here {
					fmt.Fprint(w, `{"ref":"refs/heads/main","object":{"type":"commit","sha":"`+strings.Repeat("1", 40)+`"}}`)
					return
				}
				w.WriteHeader(404)
				fmt.Fprint(w, `{"message":"Not Found"}`)
			})
			c := a.client()
			if _, err := c.Branch(t.Context(), "main"); err != nil {
				t.Fatal(err)
			}
			here = false
			for _, later := range []time.Duration{0, time.Hour} {
				a.now.Add(int64(later.Seconds()))
				_, err := c.Branch(t.Context(), "main")
				if err == nil || errors.Is(err, gitops.ErrNotFound) || !strings.Contains(err.Error(), answer.says) {
					t.Errorf("after %s: %v", later, err)
				}
			}
			if _, err := c.TeamMembers(t.Context(), 1); err == nil || errors.Is(err, gitops.ErrNotFound) {
				t.Errorf("team: %v", err)
			}
		})
	}
}

// TestT16OnlyTheBranchItself: what GitHub answers for the branch must be that
// branch's ref and a commit, whatever else has its name.
func TestT16OnlyTheBranchItself(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a tag":                        `{"ref":"refs/tags/main","object":{"type":"commit","sha":"1"}}`,
		"an annotated tag":             `{"ref":"refs/heads/main","object":{"type":"tag","sha":"1"}}`,
		"a longer name":                `{"ref":"refs/heads/main2","object":{"type":"commit","sha":"1"}}`,
		"a branch called heads/main":   `{"ref":"refs/heads/heads/main","object":{"type":"commit","sha":"1"}}`,
		"a pull request's ref":         `{"ref":"refs/pull/1/head","object":{"type":"commit","sha":"1"}}`,
		"several, as the old API gave": `[{"ref":"refs/heads/main","object":{"type":"commit","sha":"1"}}]`,
		"nothing":                      `{}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.HandleFunc("GET /repos/acme/config/git/ref/heads/main", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
			if sha, err := a.client().Branch(t.Context(), "main"); err == nil {
				t.Errorf("the branch is at %q", sha)
			}
		})
	}
}
