package manifest_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aws-access-bot/internal/manifest"

	"github.com/google/go-cmp/cmp"
)

func page(t *testing.T, name string) string {
	t.Helper()
	return string(must[[]byte](t)(os.ReadFile("../../docs/" + name)))
}

// rows are the rows of a page's tables whose first cell is code with nothing but
// the characters given.
func rows(text, characters string) []string {
	return regexp.MustCompile("(?m)^\\| `["+characters+"]+` \\|.*$").FindAllString(text, -1)
}

// TestThePagesSayWhatIsAskedFor: who sets the bot up reads of every scope,
// permission and event, with the reason, and of no other.
func TestThePagesSayWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	var scopes, permissions, events []string
	for _, s := range manifest.SlackScopes() {
		scopes = append(scopes, "| `"+s.Name+"` | "+s.For+" |")
	}
	if diff := cmp.Diff(scopes, rows(page(t, "setup-slack.md"), "a-z:.")); diff != "" {
		t.Errorf("setup-slack.md (-asked +told):\n%s", diff)
	}
	for _, p := range manifest.GitHubPermissions() {
		permissions = append(permissions, "| `"+p.Name+"` | "+p.Access+" | "+p.For+" |")
	}
	github := page(t, "setup-github.md")
	if diff := cmp.Diff(permissions, rows(github, "a-z_")); diff != "" {
		t.Errorf("setup-github.md (-asked +told):\n%s", diff)
	}
	for _, e := range manifest.GitHubEvents() {
		events = append(events, "`"+e.Name+"`")
	}
	if want := "Events: " + strings.Join(events, ", ") + "."; !strings.Contains(github, want) {
		t.Errorf("setup-github.md has not: %s", want)
	}
	if want := "schema " + manifest.TeamsSchema; !strings.Contains(page(t, "setup-teams.md"), want) {
		t.Errorf("setup-teams.md has not: %s", want)
	}
}

// TestLinksOfThePagesLead somewhere: to a file that is there and, with #, to a
// heading in it.
func TestLinksOfThePagesLead(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"setup.md", "setup-slack.md", "setup-github.md", "setup-teams.md"} {
		text := page(t, name)
		for _, m := range regexp.MustCompile(`\]\(([^)#]*)(?:#([^)]*))?\)`).FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(m[1], "https://") {
				continue
			}
			other := text
			if m[1] != "" {
				data, err := os.ReadFile("../../docs/" + m[1])
				if err != nil {
					if info, err := os.Stat("../../docs/" + m[1]); err != nil || !info.IsDir() {
						t.Errorf("%s: %s is not there", name, m[1])
					}
					continue
				}
				other = string(data)
			}
			if m[2] != "" && !slices.Contains(anchors(other), m[2]) {
				t.Errorf("%s: %s has no heading #%s", name, m[1], m[2])
			}
		}
	}
}

// anchors are the headings of a page as GitHub names them in links.
func anchors(text string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		out = append(out, strings.ReplaceAll(name, " ", "-"))
	}
	return out
}
