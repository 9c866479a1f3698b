package archtest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryPromiseHasATest: README prints promises P1 to P10 and says that each
// has a test with its number in its name, as a function or as a script.
func TestEveryPromiseHasATest(t *testing.T) {
	t.Parallel()
	function := regexp.MustCompile(`(?m)^func TestP(\d+)[A-Z]`)
	script := regexp.MustCompile(`^p(\d+)-.*\.txtar$`)
	tested := map[string]bool{}
	err := filepath.WalkDir("../..", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if m := script.FindStringSubmatch(d.Name()); m != nil {
			tested["P"+m[1]] = true
		}
		if !strings.HasSuffix(p, "_test.go") {
			return nil
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		for _, m := range function.FindAllStringSubmatch(string(data), -1) {
			tested["P"+m[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 10; i++ {
		name := fmt.Sprintf("P%d", i)
		if !strings.Contains(string(readme), "| "+name+" |") {
			t.Errorf("README.md does not print %s", name)
		}
		if !tested[name] {
			t.Errorf("no test has %s in its name", name)
		}
	}
}
