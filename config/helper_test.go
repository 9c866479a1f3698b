package config

import (
	"flag"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// noon is the time of most tests.
var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// overlay lays files on the base repo. A file whose content is empty is taken
// away.
func overlay(t testing.TB, files ...txtar.File) fstest.MapFS {
	t.Helper()
	base, err := txtar.ParseFile("testdata/base.txtar")
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for _, f := range append(base.Files, files...) {
		if len(f.Data) == 0 {
			delete(fsys, f.Name)
			continue
		}
		fsys[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	return fsys
}

// with is one file of an overlay.
func with(name, data string) txtar.File { return txtar.File{Name: name, Data: []byte(data)} }

func load(t testing.TB, fsys fs.FS) *Repo {
	t.Helper()
	repo, err := Load(fsys)
	if err != nil {
		t.Fatalf("the repo of this test has problems:\n%v", err)
	}
	return repo
}

// repo loads the base repo with an overlay.
func repo(t testing.TB, files ...txtar.File) *Repo {
	t.Helper()
	return load(t, overlay(t, files...))
}

// group writes a group file; its id is made of two digits, its access entries
// are flow mappings.
func group(slug, digits string, entries ...string) txtar.File {
	text := "id: 0b7e3f4c-0000-4000-8000-0000000000" + digits + "\nname: " + slug + "\naccess:"
	if len(entries) == 0 {
		text += " []"
	}
	for _, e := range entries {
		text += "\n  - {" + e + "}"
	}
	return with("groups/"+slug+".yaml", text+"\n")
}

// account writes an account file; facts replace or add to its default lines.
func account(slug, id string, facts ...string) txtar.File {
	lines := map[string]string{
		"id": `"` + id + `"`, "name": slug, "stage": "sso", "ou": "/Workloads/Dev", "owners": "[yuki@example.com]",
	}
	for _, f := range facts {
		key, value, _ := strings.Cut(f, ": ")
		lines[key] = value
	}
	text := ""
	for _, key := range []string{"id", "name", "stage", "ou", "owners", "tags", "notify"} {
		if lines[key] != "" {
			text += key + ": " + lines[key] + "\n"
		}
	}
	return with("accounts/"+slug+".yaml", text)
}

// replaced is a file of the base repo with one piece of text replaced.
func replaced(t testing.TB, name, old, now string) txtar.File {
	t.Helper()
	data := string(overlay(t)[name].Data)
	if !strings.Contains(data, old) {
		t.Fatalf("%s has no %q", name, old)
	}
	return with(name, strings.Replace(data, old, now, 1))
}

// started returns starts for all grants of a repo.
func started(r *Repo, at time.Time) Starts {
	starts := Starts{}
	for _, ref := range r.Grants() {
		starts[ref.Key] = Start{MergedAt: at, AskedAt: at}
	}
	return starts
}

// lines writes the desired assignments for comparing: account slug, permission
// set, principal slug, and how long from noon.
func lines(r *Repo, desired []Desired) []string {
	var out []string
	for _, d := range desired {
		end := "standing"
		if !d.End.IsZero() {
			end = d.End.Sub(noon).String()
		}
		out = append(out, nameOf(r, d.Assignment)+" "+end)
	}
	return out
}

func nameOf(r *Repo, a Assignment) string {
	account, principal := a.Account, a.Principal.String()
	if found, ok := r.AccountByID(a.Account); ok {
		account = found.Slug
	}
	if found, ok := r.PrincipalFile(a.Principal); ok {
		principal = found.Slug
	}
	return account + " " + a.PermissionSet + " " + principal
}
