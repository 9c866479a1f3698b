package importer_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEveryFindingIsExplained in docs/cli.md, by its code.
func TestEveryFindingIsExplained(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("finding.go")
	if err != nil {
		t.Fatal(err)
	}
	docs, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`Code = "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 20 {
		t.Fatalf("%d codes in finding.go", len(found))
	}
	for _, m := range found {
		if !strings.Contains(string(docs), "`"+m[1]+"`") {
			t.Errorf("docs/cli.md does not explain %s", m[1])
		}
	}
}
