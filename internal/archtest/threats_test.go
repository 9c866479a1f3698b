package archtest

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the last column of docs/threats.md anew")

// threatRows is how many rows docs/threats.md has.
const threatRows = 50

// untested has the threats without a test with their number, and why. A row
// that gets one must go from here.
func untested() map[int]string {
	return map[int]string{}
}

// threatTests finds the folders that have a test, or a script, with the number
// of a threat in its name.
func threatTests(t *testing.T) map[int][]string {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func TestT(\d{1,2})[A-Z]`)
	script := regexp.MustCompile(`^t(\d{1,2})-.*\.txtar$`)
	found := map[int]map[string]bool{}
	note := func(number, folder string) {
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		if found[n] == nil {
			found[n] = map[string]bool{}
		}
		found[n][folder] = true
	}
	err := filepath.WalkDir("../..", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		folder := path.Dir(strings.TrimPrefix(filepath.ToSlash(p), "../../"))
		if m := script.FindStringSubmatch(d.Name()); m != nil {
			note(m[1], folder)
		}
		if !strings.HasSuffix(p, "_test.go") {
			return nil
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		for _, m := range function.FindAllStringSubmatch(string(data), -1) {
			note(m[1], folder)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[int][]string{}
	for n, folders := range found {
		out[n] = slices.Sorted(maps.Keys(folders))
	}
	return out
}

const threatsFile = "../../docs/threats.md"

// threatLines returns the rows of docs/threats.md by number, each as its cells,
// and the file's lines with the last cell of each row replaced.
func threatLines(t *testing.T, where func(n int) string) (rows map[int][]string, updated string) {
	t.Helper()
	data, err := os.ReadFile(threatsFile)
	if err != nil {
		t.Fatal(err)
	}
	rows = map[int][]string{}
	var out strings.Builder
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		number, isRow := strings.CutPrefix(strings.TrimSpace(cells[0]), "T")
		n, err := strconv.Atoi(number)
		if !isRow || err != nil {
			out.WriteString(line)
			continue
		}
		if rows[n] != nil {
			t.Errorf("docs/threats.md has T%d twice", n)
		}
		rows[n] = cells
		out.WriteString("|" + strings.Join(cells[:min(3, len(cells))], "|") + "| " + where(n) + " |\n")
	}
	return rows, out.String()
}

// TestEveryThreatHasATestOrAReason: docs/threats.md has the threats T1 to T50,
// and its last column says where each is tested. What is not tested is in the
// list of reasons, and nothing that is tested is.
func TestEveryThreatHasATestOrAReason(t *testing.T) {
	t.Parallel()
	tested, reasons := threatTests(t), untested()
	where := func(n int) string {
		if reasons[n] != "" {
			return "not yet: " + reasons[n]
		}
		return strings.Join(tested[n], ", ")
	}
	rows, updated := threatLines(t, where)
	if *update {
		if err := os.WriteFile(threatsFile, []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
		rows, _ = threatLines(t, where)
	}
	for n := 1; n <= threatRows; n++ {
		switch {
		case len(tested[n]) == 0 && reasons[n] == "":
			t.Errorf("no test has T%d in its name (func TestT%02d…), and no reason says why", n, n)
		case len(tested[n]) > 0 && reasons[n] != "":
			t.Errorf("T%d is tested in %s, and stands in the list of what is not", n, strings.Join(tested[n], ", "))
		}
		if cells := rows[n]; len(cells) != 4 || slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) == "" }) {
			t.Errorf("docs/threats.md has no whole row of four cells for T%d", n)
		} else if got := strings.TrimSpace(cells[3]); got != where(n) {
			t.Errorf("docs/threats.md says that T%d is tested in %q, and it is in %q; -update writes it", n, got, where(n))
		}
	}
	for n := range tested {
		if n < 1 || n > threatRows {
			t.Errorf("tests in %s have the number of a threat T%d, which there is not", strings.Join(tested[n], ", "), n)
		}
	}
	if len(rows) != threatRows {
		t.Errorf("docs/threats.md has %d rows, want %d", len(rows), threatRows)
	}
}
