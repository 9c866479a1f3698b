package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestBadRepos holds every problem of testdata/bad against its golden list.
// A case is laid on testdata/base.txtar; an empty file takes one away.
func TestBadRepos(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			checkBadRepo(t, path)
		})
	}
}

func checkBadRepo(t *testing.T, path string) {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := len(archive.Files) - 1
	if archive.Files[last].Name != "want" {
		t.Fatalf("%s does not end with a file want", path)
	}
	_, err = Load(overlay(t, archive.Files[:last]...))
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("Load: %v, want problems", err)
	}
	got := problems.Error() + "\n"
	if *update {
		archive.Files[last].Data = []byte(got)
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(archive.Files[last].Data), got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// TestRefusedBytes covers what cannot be written into a readable golden file.
func TestRefusedBytes(t *testing.T) {
	t.Parallel()
	header := "id: 0b7e3f4c-0000-4000-8000-000000000031\n"
	tests := []struct {
		name, file, want string
	}{
		{"a byte order mark", "\ufeff" + header, "1:1: a byte order mark (U+FEFF)"},
		{"a NUL byte", header + "na\x00me: x\n", "2:3: a control character (U+0000)"},
		{"an escape byte in a comment", header + "# \x1b[31m\n", "2:3: a control character (U+001B)"},
		{"a zero-width space in a key", header + "na\u200bme: x\n", "2:3: an invisible character (U+200B)"},
		{"a right-to-left override", header + "name: \u202eexe\n", "2:7: a character that changes the direction of text (U+202E)"},
		{"a soft hyphen", header + "name: a\u00adb\n", "2:8: an invisible character (U+00AD)"},
		{"a Hangul filler, which is a letter", header + "name: a\u3164b\n", "2:8: an invisible character (U+3164)"},
		{"a private use character", header + "name: a\ue000b\n", "2:8: a private or unassigned character (U+E000)"},
		{"a line separator, a line break to YAML", header + "name: a\u2028b\n", "2:8: a line separator (U+2028)"},
		{"a next-line character, a line break to YAML", header + "name: a\u0085b\n", "2:8: a control character (U+0085)"},
		{"a lone carriage return", header + "name: a\rb\n", "2:8: a control character (U+000D)"},
		{"a tab", header + "name:\tx\n", "2:6: a tab"},
		{"a byte that is not UTF-8", header + "name: \xff\n", "2:7: a byte that is not UTF-8"},
		{"a column counted in characters", header + "name: 支払\u200b\n", "2:9: an invisible character (U+200B)"},
		{"an invisible character behind an escape", header + `name: "a\u200bb"` + "\naccess: []\n", `2:7: an escape (\u)`},
		{"a decomposed letter in a name", header + "name: cafe\u0301\naccess: []\n", "2:7: name: the name has a combining or compatibility character (U+0301)"},
		{"a Kelvin sign in a name", header + "name: \u212aen\naccess: []\n", "2:7: name: the name has a combining or compatibility character (U+212A)"},
		{"a no-break space in a name", header + "name: a\u00a0b\naccess: []\n", "2:7: name: the name has an unusual space (U+00A0)"},
		{"an escape that spells a key", header + `"n\x61me": x` + "\n", `2:1: an escape (\x)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(overlay(t, with("groups/odd.yaml", test.file)))
			if err == nil || !strings.Contains(err.Error(), "groups/odd.yaml:"+test.want) {
				t.Errorf("Load: %v, want %s", err, test.want)
			}
		})
	}
}

func TestFilesThatAreNotWhatTheyLookLike(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		file fstest.MapFile
		want string
	}{
		{"groups/link.yaml", fstest.MapFile{Data: []byte("../people.yaml"), Mode: fs.ModeSymlink | 0o777}, "not an ordinary file"},
		{"docs/link", fstest.MapFile{Data: []byte("x"), Mode: fs.ModeSymlink | 0o777}, "not an ordinary file"},
		{"groups/run.yaml", fstest.MapFile{Data: []byte("x"), Mode: 0o755}, "an executable file"},
		{"docs/.gitattributes", fstest.MapFile{Data: []byte("*.yaml filter=x")}, "changes what git shows"},
		{".GitModules", fstest.MapFile{Data: []byte("x")}, "changes what git shows"},
		{"docs/a\u200bb", fstest.MapFile{Data: []byte("x")}, "a path with an invisible character"},
		{`docs/a\b`, fstest.MapFile{Data: []byte("x")}, "a path with a backslash"},
		{"docs/large", fstest.MapFile{Data: make([]byte, maxFileSize+1)}, "larger than 1 MiB"},
		{"Accounts/pay.yaml", fstest.MapFile{Data: []byte("x")}, "accounts: differs from Accounts only in case"},
		{"aws-access.yml", fstest.MapFile{Data: []byte("x")}, "close to one of the layout"},
		{"groups", fstest.MapFile{Data: []byte("x")}, "close to one of the layout"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			fsys := overlay(t)
			if test.name == "groups" {
				delete(fsys, "groups/breakglass.yaml")
				delete(fsys, "groups/pay.yaml")
			}
			fsys[test.name] = &test.file
			_, err := Load(fsys)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Load: %v, want %q", err, test.want)
			}
		})
	}
}

// TestARefusedFileIsNotMissing: what is wrong with a file is told once, and not
// again as its absence by everything that refers to it.
func TestARefusedFileIsNotMissing(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"people.yaml", "aws-access.yaml", "accounts/pay-prod.yaml", "groups/pay.yaml"} {
		for _, mode := range []fs.FileMode{0o755, fs.ModeSymlink | 0o777} {
			t.Run(path+" "+mode.String(), func(t *testing.T) {
				t.Parallel()
				fsys := overlay(t)
				if fsys[path] == nil {
					t.Fatalf("no %s to begin with", path)
				}
				fsys[path].Mode = mode
				_, err := Load(fsys)
				var problems Problems
				if !errors.As(err, &problems) || len(problems) != 1 || problems[0].File != path {
					t.Errorf("Load: %v, want one problem of %s", err, path)
				}
			})
		}
	}
}

func TestPathsOutsideTheLayoutAreOnlyRecorded(t *testing.T) {
	t.Parallel()
	r := repo(t, with("README.md", "\x00 anything\tgoes"), with(".github/workflows/ci.yml", "on: push\n"), with(".git/HEAD", "ref\n"))
	for _, path := range []string{"README.md", ".github/workflows/ci.yml", "people.yaml", "groups/pay.yaml"} {
		if len(r.Files[path]) != 64 {
			t.Errorf("Files[%q] = %q, want a SHA-256 in hex", path, r.Files[path])
		}
	}
	if _, ok := r.Files[".git/HEAD"]; ok {
		t.Error("Files has .git/HEAD, which is no part of a commit")
	}
}

func TestTooManyFilesAreRefused(t *testing.T) {
	t.Parallel()
	fsys := overlay(t)
	for i := range maxFiles {
		fsys[fmt.Sprintf("docs/%d", i)] = &fstest.MapFile{}
	}
	_, err := Load(fsys)
	if err == nil || !strings.Contains(err.Error(), "more than 20000 files") {
		t.Errorf("Load: %v, want a refusal", err)
	}
}

func TestReadErrorsAreNotProblems(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	_, err := Load(failingFS{overlay(t), "groups/pay.yaml", broken})
	var problems Problems
	if !errors.Is(err, broken) || errors.As(err, &problems) {
		t.Errorf("Load: %v, want the read error", err)
	}
	_, err = Load(failingFS{overlay(t), ".", broken})
	if !errors.Is(err, broken) {
		t.Errorf("Load: %v, want the listing error", err)
	}
}

// failingFS fails to open one path.
type failingFS struct {
	fs.FS
	path string
	err  error
}

func (f failingFS) Open(name string) (fs.File, error) {
	if name == f.path {
		return nil, &fs.PathError{Op: "open", Path: name, Err: f.err}
	}
	return f.FS.Open(name)
}

func TestLoadReadsEveryField(t *testing.T) {
	t.Parallel()
	r := repo(t)
	want := &Account{
		Slug: "pay-prod", ID: "111122223333", Name: "pay-prod", Stage: StageSSO, OU: "/Workloads/Prod",
		Owners:   []ApproverRef{{ApproverEmail, "yuki@example.com"}, {ApproverTeam, "platform"}},
		Tags:     map[string]string{"env": "prod", "team": "payments"},
		Pos:      Position{"accounts/pay-prod.yaml", 1, 5},
		StagePos: Position{"accounts/pay-prod.yaml", 3, 8},
	}
	if diff := cmp.Diff(want, r.Accounts["pay-prod"]); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
	wantUser := &PrincipalFile{
		Slug: "hana", Principal: Principal{UserPrincipal, "3c1d9a70-0000-4000-8000-000000000021"}, Name: "hana@example.com",
		Pos: Position{"users/hana.yaml", 1, 5},
		Access: []Grant{{
			Account: "pay-dev", PermissionSet: "ReadOnlyAccess", Duration: 8 * 3600e9, Reason: "audit", Request: "REQ-9KD0M4",
			Pos: Position{"users/hana.yaml", 4, 5},
		}},
	}
	if diff := cmp.Diff(wantUser, r.Users["hana"]); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
	wantAccess := AccessFile{
		Version: 1, Phase: 1, OrganizationID: "o-a1b2c3d4e5", ManagementAccount: "999999999999",
		IdentityCenter: IdentityCenter{"ap-northeast-1", "https://d-9567000000.awsapps.com/start"},
		EntraApp:       "5b0c0f5e-0000-4000-8000-000000000001",
		Approvals: []Rule{{
			Name:  "admin in production",
			Match: Match{PermissionSets: []string{"AdministratorAccess"}, Tags: map[string]string{"env": "prod"}},
			Steps: Steps{
				{[]ApproverRef{{Kind: ApproverAccountOwners}}, 1},
				{[]ApproverRef{{ApproverTeam, "security"}}, 1},
			},
			MaxDuration: 8 * 3600e9, Pos: Position{"aws-access.yaml", 7, 5},
		}, {
			Name: "everything else", Steps: Steps{{[]ApproverRef{{Kind: ApproverControlPlane}}, 1}},
			Standing: true, Pos: Position{"aws-access.yaml", 13, 5},
		}},
		ControlPlane: Steps{{[]ApproverRef{{ApproverTeam, "platform"}}, 2}},
		Limits:       Limits{RemovalPercent: 10, StartBy: 72 * 3600e9, PeopleGrowthPercent: 20},
		Protected:    []ProtectedGrant{{"breakglass", "AdministratorAccess", Position{"aws-access.yaml", 21, 5}}},
		Drift:        DriftReport,
		Merge:        MergeAuto,
		Unassign:     UnassignReport,
		PhasePos:     Position{"aws-access.yaml", 2, 8},
		ControlPos:   Position{"aws-access.yaml", 18, 16},
	}
	if diff := cmp.Diff(wantAccess, r.Access); diff != "" {
		t.Errorf("aws-access.yaml (-want +got):\n%s", diff)
	}
}

func TestACacheReadsOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	var cache Cache
	first, err := cache.Load(overlay(t))
	if err != nil {
		t.Fatal(err)
	}
	second, err := cache.Load(overlay(t, account("pay-dev", "111122224444", "ou: /Workloads/Test")))
	if err != nil {
		t.Fatal(err)
	}
	if first.Accounts["pay-prod"] != second.Accounts["pay-prod"] {
		t.Error("an unchanged file was decoded again")
	}
	if got := second.Accounts["pay-dev"].OU; got != "/Workloads/Test" {
		t.Errorf("the changed file has OU %s, want /Workloads/Test", got)
	}
	if _, err := cache.Load(overlay(t, with("accounts/pay-dev.yaml", "id: 1\n"))); err == nil {
		t.Error("a faulty file passed through the cache")
	}
}
