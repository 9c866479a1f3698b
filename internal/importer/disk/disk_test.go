package disk_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/importer/disk"
)

// put writes a file that is there before.
func put(t *testing.T, dir, name, text string) {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// content reads a file, "" if there is none.
func content(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}

func TestFilesArePutInPlace(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "repo")
	put(t, dir, "groups/b.yaml", "old\n")
	put(t, dir, "accounts/.import-a.yaml.tmp", "left over")
	n, err := disk.Write(dir, []importer.File{
		{Path: "accounts/a.yaml", New: []byte("a\n")}, {Path: "people.yaml", New: []byte("p\n")}, {Path: "groups/b.yaml", Old: []byte("old\n"), New: []byte("new\n")},
	})
	if err != nil || n != 3 {
		t.Fatal(n, err)
	}
	for name, want := range map[string]string{"accounts/a.yaml": "a\n", "people.yaml": "p\n", "groups/b.yaml": "new\n"} {
		if got := content(t, dir, name); got != want {
			t.Errorf("%s: %q", name, got)
		}
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || info.Mode() != 0o644 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if err := filepath.WalkDir(dir, func(p string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(p, ".tmp") {
			t.Errorf("left over: %s", p)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestNothingToWriteMakesNoFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "repo")
	if n, err := disk.Write(dir, nil); n != 0 || err != nil {
		t.Error(n, err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("there is a folder: %v", err)
	}
}

// TestWritingStops at what is refused, with nothing of it written, and with what
// was written before in place.
func TestWritingStops(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	put(t, outside, "victim.yaml", "safe\n")
	for name, tc := range map[string]struct {
		file importer.File
		lay  func(dir string) error
	}{
		"above the folder":          {file: importer.File{Path: "../victim.yaml"}},
		"an absolute path":          {file: importer.File{Path: filepath.Join(outside, "x.yaml")}},
		"a path that goes up again": {file: importer.File{Path: "accounts/../../x.yaml"}},
		"the folder itself":         {file: importer.File{Path: "."}},
		"a link to a folder": {file: importer.File{Path: "groups/a.yaml"}, lay: func(dir string) error {
			return os.Symlink(outside, filepath.Join(dir, "groups"))
		}},
		"a link to a folder within": {file: importer.File{Path: "groups/a.yaml"}, lay: func(dir string) error {
			return os.Symlink("first", filepath.Join(dir, "groups"))
		}},
		"a link to a file": {file: importer.File{Path: "a.yaml", Old: []byte("safe\n")}, lay: func(dir string) error {
			return os.Symlink(filepath.Join(outside, "victim.yaml"), filepath.Join(dir, "a.yaml"))
		}},
		"a new file where a link is": {file: importer.File{Path: "a.yaml"}, lay: func(dir string) error {
			return os.Symlink(filepath.Join(outside, "no.yaml"), filepath.Join(dir, "a.yaml"))
		}},
		"a file that came meanwhile": {file: importer.File{Path: "a.yaml"}, lay: func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "a.yaml"), []byte("theirs\n"), 0o644)
		}},
		"a file that was changed meanwhile": {file: importer.File{Path: "a.yaml", Old: []byte("ours\n")}, lay: func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "a.yaml"), []byte("theirs\n"), 0o644)
		}},
		"a file that went meanwhile": {file: importer.File{Path: "a.yaml", Old: []byte("ours\n")}},
	} {
		dir := t.TempDir()
		if tc.lay != nil {
			if err := tc.lay(dir); err != nil {
				t.Fatal(err)
			}
		}
		tc.file.New = []byte("written\n")
		n, err := disk.Write(dir, []importer.File{{Path: "first/first.yaml", New: []byte("first\n")}, tc.file, {Path: "last.yaml", New: []byte("last\n")}})
		if err == nil || n != 1 || content(t, dir, "first/first.yaml") != "first\n" || content(t, dir, "last.yaml") != "" {
			t.Errorf("%s: %d written, %v", name, n, err)
		}
		if got := content(t, dir, "a.yaml"); got == "written\n" {
			t.Errorf("%s: written over", name)
		}
		list, err := os.ReadDir(outside)
		if err != nil || len(list) != 1 || content(t, outside, "victim.yaml") != "safe\n" {
			t.Errorf("%s: outside the folder there is %v, %v", name, list, err)
		}
	}
}

// TestALinkUnderTheOtherNameLeadsNowhere: the name by which files get into place
// can be guessed.
func TestALinkUnderTheOtherNameLeadsNowhere(t *testing.T) {
	t.Parallel()
	outside, dir := t.TempDir(), t.TempDir()
	put(t, outside, "victim.yaml", "safe\n")
	if err := os.Symlink(filepath.Join(outside, "victim.yaml"), filepath.Join(dir, ".import-a.yaml.tmp")); err != nil {
		t.Fatal(err)
	}
	if n, err := disk.Write(dir, []importer.File{{Path: "a.yaml", New: []byte("written\n")}}); n != 1 || err != nil {
		t.Error(n, err)
	}
	if got := content(t, outside, "victim.yaml"); got != "safe\n" {
		t.Errorf("outside there is %q", got)
	}
	if got := content(t, dir, "a.yaml"); got != "written\n" {
		t.Errorf("inside there is %q", got)
	}
}
