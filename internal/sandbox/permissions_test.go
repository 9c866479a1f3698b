package sandbox

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"aws-access-bot/internal/manifest"

	"github.com/google/go-cmp/cmp"
)

// TestTheBotHasThePermissionsOfTheDocs: what the sandbox gives the bot in Graph is
// what docs/setup.md asks for, so that a scenario shows that it is enough.
func TestTheBotHasThePermissionsOfTheDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/setup.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Za-z]+\\.[A-Za-z.]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		want = append(want, m[1])
	}
	got := botPermissions()
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-docs +sandbox\n%s", diff)
	}
}

// TestTheBotHasWhatTheManifestsAskFor: what the sandbox gives the bot in GitHub and
// Slack is what `bot github-manifest` and `bot slack-manifest` ask for, so that a
// scenario shows that it is enough.
func TestTheBotHasWhatTheManifestsAskFor(t *testing.T) {
	t.Parallel()
	permissions := map[string]string{}
	for _, p := range manifest.GitHubPermissions() {
		permissions[p.Name] = p.Access
	}
	if diff := cmp.Diff(permissions, appPermissions()); diff != "" {
		t.Errorf("permissions (-manifest +sandbox)\n%s", diff)
	}
	names := func(needs []manifest.Need) (out []string) {
		for _, n := range needs {
			out = append(out, n.Name)
		}
		return out
	}
	if diff := cmp.Diff(names(manifest.GitHubEvents()), appEvents()); diff != "" {
		t.Errorf("events (-manifest +sandbox)\n%s", diff)
	}
	if diff := cmp.Diff(names(manifest.SlackScopes()), slackScopes()); diff != "" {
		t.Errorf("scopes (-manifest +sandbox)\n%s", diff)
	}
}
