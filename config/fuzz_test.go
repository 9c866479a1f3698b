package config

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// seeds returns the files of the base repo and of all bad repos.
func seeds(f *testing.F) []txtar.File {
	f.Helper()
	paths, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	var files []txtar.File
	for _, path := range append(paths, "testdata/base.txtar") {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if file.Name != "want" {
				files = append(files, file)
			}
		}
	}
	return files
}

// FuzzLoad: a repo of any bytes at any path never brings Load down; what is
// refused names a file, what is accepted can be compared with itself.
func FuzzLoad(f *testing.F) {
	for _, file := range seeds(f) {
		f.Add(file.Name, file.Data)
	}
	f.Add("permission-sets/Deploy.yaml", []byte(deploySet))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		fsys := overlay(t)
		if name == "." || len(name) > 200 || !fsValid(name) {
			name = "groups/fuzz.yaml"
		}
		fsys[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		r, err := Load(fsys)
		var problems Problems
		switch {
		case errors.As(err, &problems):
			checkPositions(t, problems, data)
		case err != nil:
			t.Logf("not a tree: %v", err) // a path below a file
		default:
			starts := started(r, noon)
			if change := Compare(r, r, starts, noon); !change.Empty() {
				t.Errorf("a repo differs from itself: %+v", change)
			}
			for _, f := range Lint(r, noon) {
				if f.File == "" || f.Line == 0 || f.Mend == "" {
					t.Errorf("a finding without a place or a mend: %v", f)
				}
			}
			if got := len(starts); got != len(r.Grants()) {
				t.Errorf("%d keys for %d grants", got, len(r.Grants()))
			}
		}
	})
}

func fsValid(name string) bool {
	return name != "" && !strings.Contains("/"+name+"/", "//") && !strings.Contains("/"+name+"/", "/./") && !strings.Contains("/"+name+"/", "/../")
}

func checkPositions(t *testing.T, problems Problems, data []byte) {
	t.Helper()
	if len(problems) == 0 {
		t.Error("no problems in the error")
	}
	for _, p := range problems {
		if p.File == "" || p.Message == "" || p.Line < 0 || p.Line > 0 && p.Column < 1 {
			t.Errorf("a problem without a place: %+v", p)
		}
		if strings.HasSuffix(p.File, "fuzz.yaml") && p.Line > bytes.Count(data, []byte("\n"))+1 {
			t.Errorf("line %d is past the end of the file: %v", p.Line, p)
		}
	}
}

// FuzzEdit: a grant that was added is there, all others still are, and without
// it the bytes are what they were, unless a list in brackets goes over lines.
func FuzzEdit(f *testing.F) {
	for _, file := range seeds(f) {
		f.Add(file.Data, "pay-dev", "X", "reason: why", "team", "payments", uint16(240))
	}
	f.Add([]byte("id: 0b7e3f4c-0000-4000-8000-000000000011\r\nname: x\r\naccess: # c\r\n- account: a\r\n  permission_set: X"), "", "X", "it's \"x\"", "", "", uint16(0))
	f.Add([]byte("{id: 0b7e3f4c-0000-4000-8000-000000000011, name: x, access: [{account: a, permission_set: X}, ]}"), "b", "X", "", "", "", uint16(1))
	f.Fuzz(func(t *testing.T, content []byte, account, set, reason, tag, value string, minutes uint16) {
		g := Grant{Account: account, PermissionSet: set, Reason: reason, Duration: time.Duration(minutes) * time.Minute}
		if account == "" {
			g.Accounts = &Selector{OU: "/" + tag}
			if tag != "" {
				g.Accounts.Tags = map[string]string{tag: value}
			}
		}
		before, err := newEditor(content, GroupPrincipal)
		if err != nil {
			return
		}
		after, err := AddGrant(content, GroupPrincipal, Header{}, g)
		if err != nil {
			if refused(err) {
				return
			}
			t.Fatalf("AddGrant: %v", err)
		}
		again, err := RemoveGrant(after, GroupPrincipal, before.file.Key(g))
		if err != nil {
			t.Fatalf("RemoveGrant: %v\n%s", err, after)
		}
		if !bytes.Equal(again, content) && !overLines(before) {
			t.Errorf("before\n%q\nafter\n%q\nagain\n%q", content, after, again)
		}
	})
}

// refused reports an error that says that the input is at fault.
func refused(err error) bool {
	var problems Problems
	var refusal *Refusal
	return errors.As(err, &problems) || errors.As(err, &refusal) || errors.Is(err, ErrGrantExists)
}

// overLines reports a list in brackets that goes over lines.
func overLines(e *editor) bool {
	text := e.data[e.start(e.list):e.end(e.list)]
	return text[0] == '[' && bytes.ContainsRune(text, '\n')
}

// TestYAMLBombsAreRefusedAtOnce shows that the cost of a file is linear in its
// size. All of these take some milliseconds; a quarter of the largest file
// would take over ten seconds if it were not so. It does not run beside other
// tests, and the bound leaves room for a busy machine.
func TestYAMLBombsAreRefusedAtOnce(t *testing.T) {
	var aliases strings.Builder
	aliases.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&aliases, "a%d: &a%d [%s]\n", i, i, strings.Join(slices.Repeat([]string{fmt.Sprintf("*a%d", i-1)}, 10), ", "))
	}
	const size = maxFileSize/4 - 10
	header := "id: 0b7e3f4c-0000-4000-8000-000000000031\nname: x\naccess: "
	bombs := map[string]string{
		"aliases of aliases":  aliases.String(),
		"open brackets":       header + strings.Repeat("[", size-len(header)),
		"open braces":         header + strings.Repeat("{a: ", (size-len(header))/4),
		"hyphens":             strings.Repeat("- ", size/2),
		"indentation":         indented(size),
		"question marks":      strings.Repeat("? ", size/2),
		"colons":              strings.Repeat(":", size),
		"comments":            header + "x\n" + strings.Repeat("#\n", (size-len(header))/2-2),
		"one long line":       header + strings.Repeat("x", size-len(header)),
		"one long quote":      header + "\"" + strings.Repeat("x", size-len(header)),
		"documents":           strings.Repeat("---\n", size/4),
		"keys":                manyKeys(size),
		"anchors":             strings.Repeat("&", size),
		"unknown directives":  strings.Repeat("%X\n", size/3),
		"multi-byte letters":  header + strings.Repeat("字", (size-len(header))/3),
		"control characters":  strings.Repeat("\x01", size),
		"nested lists":        header + strings.Repeat("[[[[]]]],", (size-len(header))/9),
		"quotes":              header + "[" + strings.Repeat("'',", (size-len(header))/3-1) + "]",
		"escapes":             header + "[" + strings.Repeat(`"\x",`, (size-len(header))/5-1) + "]",
		"blank lines":         header + "x" + strings.Repeat("\n", size-len(header)-1),
		"comments between":    header + "\n" + strings.Repeat("# a\n- b\n", (size-len(header))/8-1),
		"comment after each":  header + "\n" + strings.Repeat("- b # a\n", (size-len(header))/8-1),
		"block entries":       header + "\n" + strings.Repeat("- {}\n", (size-len(header))/5-1),
		"doubled flow commas": header + "[" + strings.Repeat("{},", (size-len(header))/3-1) + "]",
	}
	for name, text := range bombs {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Load(overlay(t, with("groups/bomb.yaml", text)))
			took := time.Since(start)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Errorf("Load: %v, want problems", err)
			}
			if took > 8*time.Second {
				t.Errorf("took %v", took)
			}
			t.Logf("%v", took)
		})
	}
}

func indented(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size-2000; i++ {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func manyKeys(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size-20; i++ {
		fmt.Fprintf(&b, "k%d: v\n", i)
	}
	return b.String()
}

// bigRepo has a hundred files of a thousand grants each.
func bigRepo(tb testing.TB) fstest.MapFS {
	tb.Helper()
	fsys := overlay(tb)
	for i := range 100 {
		f := account(fmt.Sprintf("acc-%d", i), fmt.Sprintf("4444%08d", i), "ou: /Workloads/Big")
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	for i := range 100 {
		var b strings.Builder
		fmt.Fprintf(&b, "id: 0b7e3f4c-0000-4000-8000-0000000%05d\nname: g%d\naccess:\n", 10000+i, i)
		for j := range 1000 {
			fmt.Fprintf(&b, "  - account: acc-%d\n    permission_set: Set%d\n    expires: 2027-01-01T00:00:00Z\n    reason: because of %d\n", j%100, j/100, j)
		}
		fsys[fmt.Sprintf("groups/g%d.yaml", i)] = &fstest.MapFile{Data: []byte(b.String())}
	}
	return fsys
}

// BenchmarkLoad reads 100,000 grants cold.
func BenchmarkLoad(b *testing.B) {
	fsys := bigRepo(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(fsys); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLint looks at 100,000 grants.
func BenchmarkLint(b *testing.B) {
	r, err := Load(bigRepo(b))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if got := Lint(r, noon); len(got) == 0 {
			b.Fatal("nothing was found")
		}
	}
}

// BenchmarkOneFileChanged reads and compares 100,000 grants of which one file
// changed: the bar is 150 ms.
func BenchmarkOneFileChanged(b *testing.B) {
	var cache Cache
	fsys := bigRepo(b)
	base, err := cache.Load(fsys)
	if err != nil {
		b.Fatal(err)
	}
	starts := started(base, noon)
	for i := 0; b.Loop(); i++ {
		data := strings.Replace(string(fsys["groups/g7.yaml"].Data), "because of 7\n", fmt.Sprintf("because of x%d\n", i), 1)
		next := fstest.MapFS{}
		for name, f := range fsys {
			next[name] = f
		}
		next["groups/g7.yaml"] = &fstest.MapFile{Data: []byte(data)}
		head, err := cache.Load(next)
		if err != nil {
			b.Fatal(err)
		}
		if change := Compare(base, head, starts, noon); len(change.Entries) != 1 {
			b.Fatalf("%d entries", len(change.Entries))
		}
	}
}

// BenchmarkDesired resolves 100,000 grants.
func BenchmarkDesired(b *testing.B) {
	r := load(b, bigRepo(b))
	starts := started(r, noon)
	for b.Loop() {
		if got := len(r.Desired(starts, noon)); got < 100000 {
			b.Fatalf("%d assignments", got)
		}
	}
}

// FuzzCanonicalPolicy: any text gives an error or a form that is its own
// canonical form.
func FuzzCanonicalPolicy(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	f.Add(`{"a":1e400,"b":[true,null,"<"]}`)
	f.Add(`{"a":{"a":1},"a":2}`)
	f.Fuzz(func(t *testing.T, text string) {
		once, err := CanonicalPolicy(text)
		if err != nil {
			return
		}
		if twice, err := CanonicalPolicy(once); err != nil || twice != once {
			t.Errorf("canonical form %q of %q is not stable: %q, %v", once, text, twice, err)
		}
	})
}
