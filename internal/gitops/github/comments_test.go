package github

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestOwnCommentsAreThoseOfTheAppItself: not those of people, of other Apps, or
// of people who write through this App.
func TestOwnCommentsAreThoseOfTheAppItself(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.HandleFunc("GET /repos/acme/config/issues/7/comments", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "" {
			w.Header().Set("Link", fmt.Sprintf(`<%s/repos/acme/config/issues/7/comments?page=2>; rel="next"`, a.server.URL))
			fmt.Fprint(w, `[{"id":1,"body":"person","user":{"type":"User"},"performed_via_github_app":null},
				{"id":2,"body":"other App","user":{"type":"Bot"},"performed_via_github_app":{"id":78}},
				{"id":3,"body":"person through the App","user":{"type":"User"},"performed_via_github_app":{"id":77}}]`)
			return
		}
		fmt.Fprint(w, `[{"id":4,"html_url":"u","body":"own","user":{"type":"Bot"},"performed_via_github_app":{"id":77}},
			{"id":5,"body":"ghost","user":null,"performed_via_github_app":{"id":77}}]`)
	})
	got, err := a.client().OwnComments(t.Context(), 7)
	if diff := cmp.Diff([]gitops.Comment{{ID: 4, URL: "u", Body: "own"}}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestCommentsAreMadeFoundAndEdited on the emulator.
func TestCommentsAreMadeFoundAndEdited(t *testing.T) {
	t.Parallel()
	c, repo, _ := emulated(t, nil)
	if err := repo.SetRole("hana-dev", "write"); err != nil {
		t.Fatal(err)
	}
	if _, err := repo.Push("hana-dev", githubemu.Push{Branch: "x", Changes: map[string]*githubemu.File{"README.md": {Content: "y\n"}}, Message: "m"}); err != nil {
		t.Fatal(err)
	}
	n, err := repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "x", Title: "t"})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Comment("hana-dev", n, "a person's"); err != nil {
		t.Fatal(err)
	}
	made, err := c.CreateComment(t.Context(), n, "one")
	if err != nil || made.ID == 0 || !strings.HasSuffix(made.URL, fmt.Sprintf("#issuecomment-%d", made.ID)) {
		t.Fatalf("made %+v, %v", made, err)
	}
	if err := c.EditComment(t.Context(), made.ID, "two"); err != nil {
		t.Fatal(err)
	}
	made.Body = "two"
	got, err := c.OwnComments(t.Context(), n)
	if diff := cmp.Diff([]gitops.Comment{made}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	one, err := c.ReadComment(t.Context(), made.ID)
	if diff := cmp.Diff(made, one); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := c.ReadComment(t.Context(), made.ID+1000); !errors.Is(err, gitops.ErrNotFound) {
		t.Errorf("a comment that is gone was read: %v", err)
	}
	if err := c.EditComment(t.Context(), made.ID+1000, "x"); !errors.Is(err, gitops.ErrNotFound) {
		t.Errorf("a comment that is gone: %v", err)
	}
}
