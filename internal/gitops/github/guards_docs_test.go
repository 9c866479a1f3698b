package github

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"aws-access-bot/internal/gitops/guard"

	"github.com/google/go-cmp/cmp"
)

// TestTheRulesetsOfTheDocsAreWhatTheBotWants: what docs/setup-github.md has an
// administrator send to GitHub are the rules that the bot looks for.
func TestTheRulesetsOfTheDocsAreWhatTheBotWants(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/setup-github.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks of JSON", len(blocks))
	}
	c, repo, _ := emulated(t, nil)
	if err := repo.SetRole("hana-dev", "admin"); err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		body := strings.ReplaceAll(b[1], "12345", "77")
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.api.BaseURL.String()+"repos/acme/config/rulesets", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer ghp_hana")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(resp.Body)
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
		if err != nil || resp.StatusCode != http.StatusCreated {
			t.Fatalf("%d %s, %v: %s", resp.StatusCode, said, err, body)
		}
	}
	if diff := cmp.Diff([]guard.Code{guard.BypassHidden, guard.RequestsHidden}, codes(t, c)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}
