package config

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config/example"
)

// refusedBy wants a repo to be refused for what stands in a file.
func refusedBy(t *testing.T, fsys fs.FS, file, want string) {
	t.Helper()
	_, err := Load(fsys)
	var problems Problems
	if !errors.As(err, &problems) {
		t.Errorf("Load: %v, want problems", err)
		return
	}
	for _, p := range problems {
		if p.File == file && p.Line > 0 && p.Mend != "" && strings.Contains(p.Message, want) {
			return
		}
	}
	t.Errorf("no problem of %s has %q:\n%v", file, want, err)
}

// TestT08IdentitiesAreOneToOne: an identity in two places is no map at all,
// however it is written.
func TestT08IdentitiesAreOneToOne(t *testing.T) {
	t.Parallel()
	const hana = "entra: 3c1d9a70-0000-4000-8000-000000000021, email: hana@example.com"
	tests := []struct{ name, line, want string }{
		{"one Entra person behind two GitHub ids", "{entra: 3c1d9a70-0000-4000-8000-000000000021, email: h2@example.com, github: {login: alt, id: 9}}", "stands on line 2 already"},
		{"one Entra person in capitals", "{entra: 3C1D9A70-0000-4000-8000-000000000021, email: h2@example.com, github: {login: alt, id: 9}}", "entra"},
		{"one GitHub id behind two persons", "{entra: 3c1d9a70-0000-4000-8000-000000000029, email: h2@example.com, github: {login: alt, id: 1002}}", "stands on line 2 already"},
		{"one login behind two persons", "{entra: 3c1d9a70-0000-4000-8000-000000000029, email: h2@example.com, github: {login: hana-dev, id: 9}}", "stands on line 2 already"},
		{"one login in capitals", "{entra: 3c1d9a70-0000-4000-8000-000000000029, email: h2@example.com, github: {login: HANA-DEV, id: 9}}", "stands on line 2 already"},
		{"one address in capitals", "{entra: 3c1d9a70-0000-4000-8000-000000000029, email: Hana@Example.com}", "stands on line 2 already"},
		{"one address with look-alikes", "{entra: 3c1d9a70-0000-4000-8000-000000000029, email: h\u0430na@example.com}", "not well-formed"},
		{"one Slack user behind two persons", "{entra: 3c1d9a70-0000-4000-8000-000000000029, email: h2@example.com, slack: {team: T0ACME, user: U0HANA}}", "stands on line 2 already"},
		{"two GitHub accounts of one person", "{entra: 3c1d9a70-0000-4000-8000-000000000029, email: h2@example.com, github: [{login: a, id: 8}, {login: b, id: 9}]}", "github"},
		{"a GitHub id that is no number", "{entra: 3c1d9a70-0000-4000-8000-000000000029, email: h2@example.com, github: {login: alt, id: 1_002}}", "id"},
		{"a GitHub id of zero", "{entra: 3c1d9a70-0000-4000-8000-000000000029, email: h2@example.com, github: {login: alt, id: 0}}", "id"},
		{"a login without its number", "{entra: 3c1d9a70-0000-4000-8000-000000000029, email: h2@example.com, github: {login: alt}}", `has no "id"`},
	}
	if !strings.Contains(string(overlay(t)["people.yaml"].Data), hana) {
		t.Fatal("the base repo has another first person")
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refusedBy(t, overlay(t, replaced(t, "people.yaml", "teams:\n", "  - "+tt.line+"\nteams:\n")), "people.yaml", tt.want)
		})
	}
}

// TestT28Confusables: what cannot be told apart by eye is refused where people
// compare names, and identifiers of our own are plain ASCII.
func TestT28Confusables(t *testing.T) {
	t.Parallel()
	names := map[string]string{
		"a Greek capital alpha":         "\u0391dmin",
		"a Cyrillic a":                  "\u0430dmin",
		"a Cyrillic word with one l":    "\u0440\u0430yments",
		"a zero-width space":            "adm\u200bin",
		"a zero-width joiner":           "adm\u200din",
		"a word joiner":                 "adm\u2060in",
		"a soft hyphen":                 "ad\u00admin",
		"a right-to-left override":      "admin\u202etxt",
		"an isolate":                    "admin\u2066x\u2069",
		"a right-to-left mark":          "admin\u200f",
		"a byte order mark inside":      "ad\ufeffmin",
		"a combining accent":            "cafe\u0301",
		"a Kelvin sign":                 "\u212aen",
		"an Angstrom sign":              "\u212bngstrom",
		"a no-break space":              "pay ments\u00a0x",
		"a Hangul filler":               "admin\u3164",
		"a braille blank":               "admin\u2800",
		"a variation selector":          "admin\ufe00",
		"a tag character":               "admin\U000e0061",
		"a private character":           "admin\ue000",
		"a lone surrogate, not UTF-8":   "admin\xed\xa0\x80",
		"an overlong slash, not UTF-8":  "admin\xc0\xaf",
		"a deleted character":           "admin\x7f",
		"a line separator":              "admin\u2028x",
		"Cherokee letters between":      "\u13aadmin",
		"Armenian letters between":      "adm\u0578n",
		"Coptic letters between":        "\u2c81dmin",
		"a space at the end, in quotes": "'admin '",
	}
	fields := map[string]string{"groups/pay.yaml": "name: pay\n", "accounts/pay-dev.yaml": "name: pay-dev\n"}
	for what, name := range names {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for file, line := range fields {
				refusedBy(t, overlay(t, replaced(t, file, line, "name: "+name+"\n")), file, "")
			}
			// Identifiers: references, permission sets, rules' approvers.
			refusedBy(t, overlay(t, replaced(t, "groups/pay.yaml", "account: pay-prod", "account: "+name)), "groups/pay.yaml", "")
			refusedBy(t, overlay(t, replaced(t, "groups/pay.yaml", "permission_set: ReadOnlyAccess", "permission_set: "+name)), "groups/pay.yaml", "")
			refusedBy(t, overlay(t, replaced(t, "groups/pay.yaml", "[yuki@example.com]", "["+name+"@example.com]")), "groups/pay.yaml", "")
		})
	}
}

// TestT28WhatIsOfOneScriptIsKnownByItsNumber: a name wholly in another script
// may look like one in Latin; it is another principal, and says so.
func TestT28WhatIsOfOneScriptIsKnownByItsNumber(t *testing.T) {
	t.Parallel()
	r := repo(t, with("groups/twin.yaml", "id: 0b7e3f4c-0000-4000-8000-000000000099\nname: \u0440\u0430\u0443\naccess: [{account: pay-prod, permission_set: ReadOnlyAccess}]\n"))
	ids := map[string]bool{}
	for _, d := range r.Desired(started(r, noon), noon) {
		if d.Assignment.PermissionSet == "ReadOnlyAccess" && d.Assignment.Account == "111122223333" {
			ids[d.Assignment.Principal.ID] = true
		}
	}
	if len(ids) != 2 {
		t.Errorf("principals %v, want two", ids)
	}
}

// TestT29GroupsAreKnownByTheirNumber: names may be doubled and change nothing;
// ids may not be, and are never left out.
func TestT29GroupsAreKnownByTheirNumber(t *testing.T) {
	t.Parallel()
	twin := func(id, name string) string { return "id: " + id + "\nname: " + name + "\naccess: []\n" }
	repo(t, with("groups/twin.yaml", twin("0b7e3f4c-0000-4000-8000-000000000099", "pay"))) // two of one name
	for what, text := range map[string]string{
		"the id of another file":            twin("0b7e3f4c-0000-4000-8000-000000000011", "other"),
		"the id of another file in capital": twin("0B7E3F4C-0000-4000-8000-000000000011", "other"),
		"no id":                             "name: pay\naccess: []\n",
		"a name for an id":                  twin("pay", "pay"),
		"an empty id":                       twin(`""`, "pay"),
		"a null id":                         twin("null", "pay"),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			_, err := Load(overlay(t, with("groups/twin.yaml", text)))
			var problems Problems
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), "id") {
				t.Errorf("Load: %v", err)
			}
		})
	}
	// Who is meant does not follow the name; the change of it is the control
	// plane's.
	renamed := repo(t, replaced(t, "groups/pay.yaml", "name: pay\n", "name: breakglass2\n"))
	c := Compare(repo(t), renamed, nil, noon)
	if len(c.Added)+len(c.Removed) != 0 || len(c.Control) != 1 || c.Control[0].Field != "name" {
		t.Errorf("change %+v", c)
	}
}

// TestT30YAMLThatMeansMore: in every kind of file. What the library takes
// silently is refused before it is taken.
func TestT30YAMLThatMeansMore(t *testing.T) {
	t.Parallel()
	tricks := map[string]func(text string) string{
		"an anchor":               func(s string) string { return strings.Replace(s, ": ", ": &a ", 1) },
		"an alias":                func(s string) string { return s + "other: *a\n" },
		"a merge key":             func(s string) string { return s + "<<: {x: y}\n" },
		"a quoted merge key":      func(s string) string { return s + "\"<<\": {x: y}\n" },
		"a tag":                   func(s string) string { return strings.Replace(s, ": ", ": !!str ", 1) },
		"a binary tag":            func(s string) string { return s + "note: !!binary aGk=\n" },
		"a local tag":             func(s string) string { return s + "note: !x y\n" },
		"a second document":       func(s string) string { return s + "---\n" + s },
		"an empty document after": func(s string) string { return s + "---\n" },
		"a directive":             func(s string) string { return "%YAML 1.2\n---\n" + s },
		"a doubled key":           func(s string) string { return s + firstKey(s) + ": x\n" },
		"a key in capitals":       func(s string) string { return s + strings.ToUpper(firstKey(s)) + ": x\n" },
		"an unknown key":          func(s string) string { return s + "nonsense: x\n" },
		"a key that is a list":    func(s string) string { return s + "? [a]\n: x\n" },
		"17 levels":               func(s string) string { return s + "deep: " + strings.Repeat("[", 17) + strings.Repeat("]", 17) + "\n" },
		"over 1 MiB":              func(s string) string { return s + "# " + strings.Repeat("x", maxFileSize) + "\n" },
		"a byte order mark":       func(s string) string { return "\ufeff" + s },
		"a NUL":                   func(s string) string { return s + "# \x00\n" },
		"a zero-width key":        func(s string) string { return s + "na\u200bme: x\n" },
		"an escaped key":          func(s string) string { return s + "\"n\\u0061me\": x\n" },
		"a tab":                   func(s string) string { return s + "x:\ty\n" },
		"text on two lines":       func(s string) string { return s + "note: |\n  x\n" },
		"a list instead":          func(string) string { return "- x\n" },
		"a word instead":          func(string) string { return "x\n" },
		"nothing instead":         func(string) string { return "\n" },
		"a comment instead":       func(string) string { return "# nothing\n" },
		"null instead":            func(string) string { return "null\n" },
		"an empty mapping":        func(string) string { return "{}\n" },
	}
	files := []string{"aws-access.yaml", "people.yaml", "accounts/pay-dev.yaml", "groups/pay.yaml", "users/hana.yaml", "permission-sets/AdministratorAccess.yaml"}
	for what, trick := range tricks {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for _, file := range files {
				if file == "people.yaml" && what == "an empty mapping" {
					continue // nobody is linked, and so nobody can approve
				}
				_, err := Load(overlay(t, with(file, trick(string(overlay(t)[file].Data)))))
				var problems Problems
				if !errors.As(err, &problems) || !slices.ContainsFunc(problems, func(p Problem) bool { return p.File == file }) {
					t.Errorf("%s: Load: %v", file, err)
				}
			}
		})
	}
}

func firstKey(s string) string {
	key, _, _ := strings.Cut(s, ":")
	return key
}

// TestT30AccountIDsAreQuotedDigits: no number of YAML becomes an account.
func TestT30AccountIDsAreQuotedDigits(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"111122224444", "1111_2222_4444", "0o111122224444", "011122224444", "0x19DF5A3B5C", "1.11122224444e11", "+111122224444", "'1111 2222 4444'",
		`"11112222444"`, `"1111222244445"`, `"\u0661\u0661\u0661\u0661\u0662\u0662\u0662\u0662\u0664\u0664\u0664\u0664"`, "\"\u0661\u0661\u0661\u0661\u0662\u0662\u0662\u0662\u0664\u0664\u0664\u0664\"", "[\"111122224444\"]", "null", "~",
	} {
		refusedBy(t, overlay(t, replaced(t, "accounts/pay-dev.yaml", `"111122224444"`, id)), "accounts/pay-dev.yaml", "")
	}
}

// TestT30ABombCostsLittle: below 64 MiB and, on a machine that is not busy,
// some milliseconds. It runs alone, since it counts what is allocated.
func TestT30ABombCostsLittle(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.Join(slices.Repeat([]string{fmt.Sprintf("*a%d", i-1)}, 10), ", "))
	}
	for name, text := range map[string]string{"aliases": b.String(), "brackets": "id: " + strings.Repeat("[", 200_000)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		_, err := Load(overlay(t, with("groups/bomb.yaml", text)))
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no problem", name)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
			t.Errorf("%s: %d MiB", name, got>>20)
		}
		if took > 2*time.Second {
			t.Errorf("%s: %v", name, took)
		}
		t.Logf("%s: %v, %d KiB", name, took, (after.TotalAlloc-before.TotalAlloc)>>10)
	}
}

// exampleFS is the example repo with a file laid over it; nil takes it away.
func exampleFS(t testing.TB, path string, data []byte) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	err := fs.WalkDir(example.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(example.FS(), p)
		fsys[p] = &fstest.MapFile{Data: content, Mode: 0o644}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if path != "" {
		fsys[path] = &fstest.MapFile{Data: data, Mode: 0o644}
		if data == nil {
			delete(fsys, path)
		}
	}
	return fsys
}

// TestT31TruncatedAtEveryByte: a file that ends too early is a problem, or it
// is as it was, or it lacks entries at its end, which Compare says; it is never
// silently empty. (Without its last line a grant may be a standing one, which
// is a gain and reviewed as such.) What such an end may remove is the guard's to
// refuse: see TestT31 of package provision.
func TestT31TruncatedAtEveryByte(t *testing.T) {
	t.Parallel()
	whole := exampleFS(t, "", nil)
	base := load(t, whole)
	starts := started(base, noon)
	entries := func(r *Repo, path string) int {
		n := 0
		for _, ref := range r.Grants() {
			if ref.File.Path() == path {
				n++
			}
		}
		return n
	}
	for path, file := range whole {
		if !strings.HasSuffix(path, ".yaml") {
			continue
		}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			var cache Cache
			valid := 0
			for n := range file.Data {
				if len(decodeFile(path, kindOf(path), file.Data[:n]).problems) > 0 {
					continue
				}
				cut := fstest.MapFS{}
				for p, f := range whole {
					cut[p] = f
				}
				cut[path] = &fstest.MapFile{Data: file.Data[:n], Mode: 0o644}
				r, err := cache.Load(cut)
				if err != nil {
					continue
				}
				valid++
				had, has := entries(base, path), entries(r, path)
				change := Compare(base, r, starts, noon)
				switch {
				case had > 0 && has == 0:
					t.Fatalf("cut to %d bytes the file is valid and has no entry", n)
				case has < had && len(change.Content) == 0:
					t.Fatalf("cut to %d bytes %d entries went unsaid", n, had-has)
				case path == accessPath && (len(r.Access.Protected) < len(base.Access.Protected) || len(r.Access.Approvals) < len(base.Access.Approvals)) && len(change.Control) == 0:
					t.Fatalf("cut to %d bytes rules went unsaid", n)
				}
			}
			if valid == len(file.Data) {
				t.Error("no cut is a problem")
			}
		})
	}
}

// TestT31ListsThatAreEmptyOrMissing: what YAML reads as an empty list is a
// problem where a list is meant.
func TestT31ListsThatAreEmptyOrMissing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, old, now string }{
		{"groups/pay.yaml", "access:\n  - account: pay-prod\n    permission_set: ReadOnlyAccess\n", ""},
		{"groups/pay.yaml", "access:\n  - account: pay-prod\n    permission_set: ReadOnlyAccess\n", "access:\n"},
		{"groups/pay.yaml", "access:\n  - account: pay-prod\n    permission_set: ReadOnlyAccess\n", "access: null\n"},
		{"groups/pay.yaml", "access:\n  - account: pay-prod\n    permission_set: ReadOnlyAccess\n", "access: ~\n"},
		{"groups/pay.yaml", "access:\n  - account: pay-prod\n    permission_set: ReadOnlyAccess\n", "access: \"\"\n"},
		{"groups/pay.yaml", "access:\n  - account: pay-prod\n    permission_set: ReadOnlyAccess\n", "access: {}\n"},
		{"groups/pay.yaml", "  - account: pay-prod\n    permission_set: ReadOnlyAccess\n", "  -\n"},
		{"groups/pay.yaml", "  - account: pay-prod\n    permission_set: ReadOnlyAccess\n", "  - null\n"},
		{"aws-access.yaml", "protected:\n  - {group: breakglass, permission_set: AdministratorAccess}\n", "protected:\n"},
		{"aws-access.yaml", "    approvers: [control-plane]\n", "    approvers: []\n"},
		{"aws-access.yaml", "    match: {}\n", "    match:\n"},
		{"people.yaml", "teams:\n  security: {id: 1234567}\n  platform: {id: 1234568}\n", "teams:\n"},
		{"accounts/pay-dev.yaml", "owners: [yuki@example.com]\n", "owners:\n"},
		{"accounts/pay-dev.yaml", "owners: [yuki@example.com]\n", "owners: []\n"},
	} {
		_, err := Load(overlay(t, replaced(t, c.file, c.old, c.now)))
		var problems Problems
		if !errors.As(err, &problems) {
			t.Errorf("%s with %q: Load: %v", c.file, c.now, err)
		}
	}
	for _, path := range []string{"aws-access.yaml", "people.yaml", "accounts/pay-prod.yaml", "accounts/pay-dev.yaml"} {
		if _, err := Load(overlay(t, with(path, ""))); err == nil {
			t.Errorf("a repo without %s is valid", path)
		}
	}
}
