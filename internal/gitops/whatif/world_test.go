package whatif

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
)

// The people, groups and GitHub numbers of the example.
const (
	people   = "3c1d9a70-0000-4000-8000-0000000000"
	hana     = people + "21"
	yuki     = people + "22"
	ken      = people + "23"
	devGroup = "0b7e3f4c-0000-4000-8000-000000000011"
)

var (
	yukiHub = Approver{1001, "yuki-lead"}
	hanaHub = Approver{1002, "hana-dev"}
	kenHub  = Approver{1003, "ken-platform"}
	mioHub  = Approver{1004, "mio-sec"}

	noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
)

// edit replaces text of a file of the example once; an empty old text replaces
// the file.
type edit struct{ path, old, now string }

// repo is the example with edits.
func repo(t *testing.T, edits ...edit) *config.Repo {
	t.Helper()
	fsys := fstest.MapFS{}
	err := fs.WalkDir(example.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(example.FS(), p)
		fsys[p] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		text := ""
		if f := fsys[e.path]; f != nil {
			text = string(f.Data)
		}
		switch {
		case e.old == "" && e.now == "":
			delete(fsys, e.path)
			continue
		case e.old == "":
			text = e.now
		case !strings.Contains(text, e.old):
			t.Fatalf("%s has no %q", e.path, e.old)
		default:
			text = strings.Replace(text, e.old, e.now, 1)
		}
		fsys[e.path] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	r, err := config.Load(fsys)
	if err != nil {
		t.Fatalf("the repo of this test has problems:\n%v", err)
	}
	return r
}

// firstRule puts a rule before those of the example.
func firstRule(rule string) edit {
	return edit{"aws-access.yaml", "  - name: admin in production\n", "  - {" + rule + "}\n  - name: admin in production\n"}
}
