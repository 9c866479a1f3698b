package config

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestT32OddPaths: names that lead elsewhere, look like others or are no plain
// files are refused, wherever they stand.
func TestT32OddPaths(t *testing.T) {
	t.Parallel()
	text := string(group("twin", "31").Data)
	for path, mode := range map[string]fs.FileMode{
		"groups/..%2fpeople.yaml":       0o644,
		"groups/%2e%2e.yaml":            0o644,
		"groups/...yaml":                0o644,
		"groups/.yaml":                  0o644,
		"groups/.hidden.yaml":           0o644,
		"groups/-x.yaml":                0o644,
		"groups/a/b.yaml":               0o644,
		"groups/a b.yaml":               0o644,
		"groups/a.yml":                  0o644,
		"groups/a.yaml.bak":             0o644,
		"groups/a.YAML":                 0o644,
		"groups/Pay.yaml":               0o644, // groups/pay.yaml but for case
		"groups/p\u0430y.yaml":          0o644,
		"groups/pay\u200b.yaml":         0o644,
		"groups/pay\u202e.yaml":         0o644,
		`groups/a\b.yaml`:               0o644,
		`groups\a.yaml`:                 0o644,
		"Groups/a.yaml":                 0o644,
		"GROUPS/a.yaml":                 0o644,
		"groups.yaml":                   0o644,
		"aws-access.yml":                0o644,
		"AWS-access.yaml":               0o644,
		"People.yaml":                   0o644,
		"groups/.gitattributes":         0o644,
		".gitattributes":                0o644,
		".GITATTRIBUTES":                0o644,
		"docs/.gitmodules":              0o644,
		"groups/link.yaml":              fs.ModeSymlink | 0o777,
		"docs/link":                     fs.ModeSymlink | 0o777,
		"docs/module":                   fs.ModeIrregular,
		"docs/pipe":                     fs.ModeNamedPipe | 0o644,
		"groups/run.yaml":               0o755,
		"docs/run.sh":                   0o755,
		"permission-sets/A/B.yaml":      0o644,
		"permission-sets/A B.yaml":      0o644,
		"permission-sets/../x.yaml":     0o644,
		"users/" + long(64) + ".yaml":   0o644,
		"accounts/111122223333.json":    0o644,
		"accounts/pay-prod/owners.yaml": 0o644,
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			if !fs.ValidPath(path) {
				return // git and fs.FS know no such path
			}
			fsys := overlay(t)
			fsys[path] = &fstest.MapFile{Data: []byte(text), Mode: mode}
			_, err := Load(fsys)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Errorf("Load: %v, want problems", err)
			}
		})
	}
}

func long(n int) string { return strings.Repeat("a", n) }

// TestT32PathsOfNewFilesComeFromNothingElse: whatever a name holds, the slug
// made of it is one, and never one that is taken.
func TestT32PathsOfNewFilesComeFromNothingElse(t *testing.T) {
	t.Parallel()
	slug := regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	taken := map[string]bool{"people": true}
	for _, name := range []string{
		"../../people", "..", ".", "/etc/passwd", `..\..\x`, "%2e%2e/x", "people", "PEOPLE", "a/../../b", "\u202egpj", "\x00", "", " ", "支払チーム", "\u0430\u0440\u0440", "-rf", "--", ".git", ".gitattributes", "con", "a\nb", long(500), "é", "...yaml", "x.yaml/",
	} {
		got := SlugFor(name, "0b7e3f4c-0000-4000-8000-000000000031", func(s string) bool { return taken[s] })
		if !slug.MatchString(got) || taken[got] {
			t.Errorf("%q becomes %q", name, got)
		}
		if _, err := Load(overlay(t, with("groups/"+got+".yaml", string(group("x", "31").Data)))); err != nil && got != "pay" {
			t.Errorf("%q: no file can be named so: %v", got, err)
		}
	}
}

// TestT33PermissionSetsAreControlPlane: what a set means is never part of a
// grant, however it is renamed, moved or worded.
func TestT33PermissionSetsAreControlPlane(t *testing.T) {
	t.Parallel()
	const file = "permission-sets/AdministratorAccess.yaml"
	set := func(name, policies string) string {
		return "name: " + name + "\nsession_duration: 8h\nmanaged_policies: [" + policies + "]\n"
	}
	const admin, view = "arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
	tests := []struct {
		name       string
		base, head []txtar.File
	}{
		{"another policy under the same name", nil, []txtar.File{with(file, set("AdministratorAccess", view))}},
		{"one more policy", nil, []txtar.File{with(file, set("AdministratorAccess", admin+", "+view))}},
		{"longer sessions", nil, []txtar.File{replaced(t, file, "8h", "12h")}},
		{"no file any more", nil, []txtar.File{with(file, "")}},
		{"a new set", nil, []txtar.File{with("permission-sets/ReadOnlyAccess.yaml", set("ReadOnlyAccess", admin))}},
		{"a harmless name for the administrator's policy", []txtar.File{with("permission-sets/ReadOnlyAccess.yaml", set("ReadOnlyAccess", view))},
			[]txtar.File{with("permission-sets/ReadOnlyAccess.yaml", set("ReadOnlyAccess", admin))}},
		{"two sets that change places", []txtar.File{with("permission-sets/ReadOnlyAccess.yaml", set("ReadOnlyAccess", view))},
			[]txtar.File{with("permission-sets/ReadOnlyAccess.yaml", set("ReadOnlyAccess", admin)), with(file, set("AdministratorAccess", view))}},
		{"a set that is renamed", []txtar.File{with("permission-sets/Look.yaml", set("Look", view))},
			[]txtar.File{with("permission-sets/Look.yaml", ""), with("permission-sets/Watch.yaml", set("Watch", view))}},
	}
	grant := replaced(t, "groups/pay.yaml", "  - account: pay-prod\n", "  - {account: pay-dev, permission_set: ReadOnlyAccess}\n  - account: pay-prod\n")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base := repo(t, tt.base...)
			change := Compare(base, repo(t, append(tt.base, tt.head...)...), nil, noon)
			if len(change.Control) == 0 || !strings.HasPrefix(change.Control[0].Path, "permission-sets/") {
				t.Errorf("control plane %+v", change.Control)
			}
			if change.Mixed() {
				t.Error("the change of the set alone counts as mixed")
			}
			with := append(append([]txtar.File{}, tt.base...), append(tt.head, grant)...)
			if mixed := Compare(base, repo(t, with...), nil, noon); !mixed.Mixed() {
				t.Errorf("together with a grant it is not refused: %+v", mixed)
			}
		})
	}
	for what, text := range map[string]string{
		"another name in the file":      set("PowerUserAccess", admin),
		"the name in another case":      set("administratoraccess", admin),
		"a policy that is no ARN":       set("AdministratorAccess", "AdministratorAccess"),
		"a policy of another account":   set("AdministratorAccess", "arn:aws:iam::123456789012:policy/x"),
		"the same policy twice":         set("AdministratorAccess", admin+", "+admin),
		"a session longer than AWS's":   strings.Replace(set("AdministratorAccess", admin), "8h", "13h", 1),
		"a name with a look-alike":      set("\u0410dministratorAccess", admin),
		"an inline policy, no such key": set("AdministratorAccess", admin) + "inline_policy: x\n",
	} {
		refusedBy(t, overlay(t, with(file, text)), file, "")
		_ = what
	}
}

// TestT34TheManagementAccountIsNeverGranted: not by name, not by its number,
// not by a selector.
func TestT34TheManagementAccountIsNeverGranted(t *testing.T) {
	t.Parallel()
	master := account("master", "999999999999", "ou: /Workloads/Prod", "tags: {env: prod, team: payments}")
	for what, entry := range map[string]string{
		"by its file":   "account: master, permission_set: ReadOnlyAccess",
		"by its number": `account: "999999999999", permission_set: ReadOnlyAccess`,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			refusedBy(t, overlay(t, master, group("pay", "11", entry)), "groups/pay.yaml", "")
		})
	}
	r := repo(t, master, group("pay", "11", "accounts: {ou: /}, permission_set: ReadOnlyAccess", "accounts: {tags: {team: payments}}, permission_set: AdministratorAccess"))
	desired := r.Desired(started(r, noon), noon)
	if len(desired) == 0 {
		t.Fatal("the selectors select nothing")
	}
	for _, d := range desired {
		if d.Assignment.Account == "999999999999" {
			t.Errorf("desired: %+v", d)
		}
	}
	// Which account it is, is the control plane's.
	other := repo(t, replaced(t, "aws-access.yaml", `management_account: "999999999999"`, `management_account: "999999999998"`))
	if c := Compare(repo(t), other, nil, noon); len(c.Control) != 1 || c.Control[0].Field != "organization" {
		t.Errorf("control plane %+v", c.Control)
	}
}

// TestT41ProtectedGrantsOutliveTheirLines: taking a protected grant's entry out
// of its file is invalid, or leaves the protection standing.
func TestT41ProtectedGrantsOutliveTheirLines(t *testing.T) {
	t.Parallel()
	base := repo(t)
	if _, err := Load(overlay(t, with("groups/breakglass.yaml", ""))); err == nil {
		t.Error("the file of a protected group may go")
	}
	head := repo(t, group("breakglass", "13"))
	if len(head.Access.Protected) != len(base.Access.Protected) {
		t.Error("the protection went with the entry")
	}
	if c := Compare(base, repo(t, replaced(t, "aws-access.yaml", "protected:\n  - {group: breakglass, permission_set: AdministratorAccess}\n", "")), nil, noon); len(c.Control) != 1 || c.Control[0].Field != "protected[breakglass AdministratorAccess]" {
		t.Errorf("the list of protected grants is not control plane: %+v", c.Control)
	}
}
