package sandbox

import (
	"os"
	"regexp"
	"slices"
	"testing"

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
