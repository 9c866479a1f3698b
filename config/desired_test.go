package config

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"
)

// nested is a repo with accounts at several levels, on the base repo.
func nested(t *testing.T, files ...txtar.File) *Repo {
	t.Helper()
	return repo(t, append([]txtar.File{
		with("aws-access.yaml", accessWithoutProtection(t)),
		with("groups/breakglass.yaml", ""),
		with("users/hana.yaml", ""),
		with("groups/pay.yaml", ""),
		account("ledger", "111122225555", "ou: /Workloads/Prod/Payments", "tags: {team: payments, env: prod}"),
		account("prodigy", "111122226666", "ou: /Workloads/Production", "tags: {team: payments}"),
		account("master", "999999999999", "ou: /"),
	}, files...)...)
}

func accessWithoutProtection(t *testing.T) string {
	t.Helper()
	f := replaced(t, "aws-access.yaml", "protected:\n  - {group: breakglass, permission_set: AdministratorAccess}\n", "")
	return string(f.Data)
}

func TestSelectorsResolveAgainstAccountFiles(t *testing.T) {
	t.Parallel()
	r := nested(t)
	tests := []struct {
		name     string
		selector Selector
		want     []string
	}{
		{"an OU takes in those below it", Selector{OU: "/Workloads/Prod"}, []string{"pay-prod", "ledger"}},
		{"an OU whose name only begins alike is another", Selector{OU: "/Workloads/Production"}, []string{"prodigy"}},
		{"the root is everything but legacy and management account", Selector{OU: "/"}, []string{"pay-prod", "pay-dev", "ledger", "prodigy"}},
		{"tags alone", Selector{Tags: map[string]string{"team": "payments"}}, []string{"pay-prod", "pay-dev", "ledger", "prodigy"}},
		{"every tag must fit", Selector{Tags: map[string]string{"team": "payments", "env": "prod"}}, []string{"pay-prod", "ledger"}},
		{"OU and tags must both fit", Selector{OU: "/Workloads/Prod/Payments", Tags: map[string]string{"env": "prod"}}, []string{"ledger"}},
		{"a tag with another value does not fit", Selector{Tags: map[string]string{"env": "test"}}, nil},
		{"an unknown OU fits nothing", Selector{OU: "/workloads"}, nil},
		{"an empty selector fits nothing", Selector{}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, a := range r.Resolve(Grant{Accounts: &test.selector}) {
				got = append(got, a.Slug)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("accounts by id (-want +got):\n%s", diff)
			}
		})
	}
	for _, slug := range []string{"crm", "master", "nobody"} {
		if got := r.Resolve(Grant{Account: slug}); got != nil {
			t.Errorf("Resolve(%s) = %v, want nothing", slug, got)
		}
	}
}

func TestDesired(t *testing.T) {
	t.Parallel()
	const read = "permission_set: ReadOnlyAccess"
	tests := []struct {
		name    string
		entries []string
		starts  map[int]Start // by the place of the entry; others start an hour before noon
		unknown []int         // entries without a start
		at      time.Duration // from noon
		want    []string
	}{
		{
			name:    "a standing grant stays",
			entries: []string{"account: pay-prod, " + read},
			at:      10000 * time.Hour,
			want:    []string{"pay-prod ReadOnlyAccess ops standing"},
		},
		{
			name:    "a grant that nobody has started is not in force",
			entries: []string{"account: pay-prod, " + read},
			unknown: []int{0},
		},
		{
			name:    "a duration counts from the merge",
			entries: []string{"account: pay-prod, " + read + ", duration: 4h"},
			want:    []string{"pay-prod ReadOnlyAccess ops 3h0m0s"},
		},
		{
			name:    "a second before its end it is there",
			entries: []string{"account: pay-prod, " + read + ", duration: 4h"},
			at:      3*time.Hour - time.Second,
			want:    []string{"pay-prod ReadOnlyAccess ops 3h0m0s"},
		},
		{
			name:    "at its end it is gone",
			entries: []string{"account: pay-prod, " + read + ", duration: 4h"},
			at:      3 * time.Hour,
		},
		{
			name:    "expires is absolute",
			entries: []string{"account: pay-prod, " + read + ", expires: 2026-12-01T13:30:00Z"},
			want:    []string{"pay-prod ReadOnlyAccess ops 1h30m0s"},
		},
		{
			name:    "what has expired before its merge grants nothing",
			entries: []string{"account: pay-prod, " + read + ", expires: 2026-11-30T00:00:00Z"},
		},
		{
			name:    "merged later than start_by after it was asked it grants nothing",
			entries: []string{"account: pay-prod, " + read, "account: pay-dev, " + read},
			starts: map[int]Start{
				0: {MergedAt: noon, AskedAt: noon.Add(-72*time.Hour - time.Second)},
				1: {MergedAt: noon, AskedAt: noon.Add(-72 * time.Hour)},
			},
			want: []string{"pay-dev ReadOnlyAccess ops standing"},
		},
		{
			name:    "without a time of asking start_by does not apply",
			entries: []string{"account: pay-prod, " + read},
			starts:  map[int]Start{0: {MergedAt: noon.Add(-9000 * time.Hour)}},
			want:    []string{"pay-prod ReadOnlyAccess ops standing"},
		},
		{
			name: "of two grants the later end wins",
			entries: []string{
				"account: pay-prod, " + read + ", duration: 4h",
				"account: pay-prod, " + read + ", expires: 2026-12-01T14:00:00Z",
			},
			want: []string{"pay-prod ReadOnlyAccess ops 3h0m0s"},
		},
		{
			name: "a start of its own for each request",
			entries: []string{
				"account: pay-prod, " + read + ", duration: 4h, request: REQ-000001",
				"account: pay-prod, " + read + ", duration: 4h, request: REQ-000002",
			},
			starts: map[int]Start{1: {MergedAt: noon.Add(-time.Minute)}},
			want:   []string{"pay-prod ReadOnlyAccess ops 3h59m0s"},
		},
		{
			name: "standing beats any end",
			entries: []string{
				"account: pay-prod, " + read + ", expires: 2099-12-01T14:00:00Z",
				"accounts: {tags: {env: prod}}, " + read,
			},
			want: []string{
				"pay-prod ReadOnlyAccess ops standing",
				"ledger ReadOnlyAccess ops standing",
			},
		},
		{
			name:    "permission sets do not mix",
			entries: []string{"account: pay-prod, " + read, "account: pay-prod, permission_set: Other, duration: 2h"},
			want:    []string{"pay-prod Other ops 1h0m0s", "pay-prod ReadOnlyAccess ops standing"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := nested(t, group("ops", "31", test.entries...))
			starts := started(r, noon.Add(-time.Hour))
			f := r.Groups["ops"]
			for i, s := range test.starts {
				starts[f.Key(f.Access[i])] = s
			}
			for _, i := range test.unknown {
				delete(starts, f.Key(f.Access[i]))
			}
			got := r.Desired(starts, noon.Add(test.at))
			if diff := cmp.Diff(test.want, lines(r, got)); diff != "" {
				t.Errorf("desired (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDesiredNamesEveryGrantThatMakesIt(t *testing.T) {
	t.Parallel()
	r := nested(t, group("ops", "31",
		"account: pay-prod, permission_set: X, duration: 4h",
		"accounts: {ou: /Workloads/Prod}, permission_set: X, expires: 2026-12-01T13:00:00Z"))
	f := r.Groups["ops"]
	want := []GrantKey{f.Key(f.Access[0]), f.Key(f.Access[1])}
	slices.Sort(want)
	for _, d := range r.Desired(started(r, noon), noon) {
		if d.Assignment.Account == "111122223333" && !slices.Equal(d.Grants, want) {
			t.Errorf("grants %q, want %q", d.Grants, want)
		}
		if of := d.Assignment; of.Principal == f.Principal && d.Named != (of.Account == "111122223333") {
			t.Errorf("%s: named %t, and one line names pay-prod alone", of, d.Named)
		}
	}
}

func TestEndsIsTheNextEndStrictlyAfter(t *testing.T) {
	t.Parallel()
	r := nested(t, group("ops", "31",
		"account: pay-prod, permission_set: A, duration: 4h",
		"account: pay-prod, permission_set: B, expires: 2026-12-01T13:00:00Z",
		"account: pay-prod, permission_set: C",
		"account: pay-prod, permission_set: D, duration: 1m, request: REQ-000001"))
	starts := started(r, noon)
	f := r.Groups["ops"]
	starts[f.Key(f.Access[3])] = Start{MergedAt: noon, AskedAt: noon.Add(-73 * time.Hour)} // late: never in force
	at := noon.Add(-time.Hour)
	for _, want := range []time.Duration{time.Hour, 4 * time.Hour} {
		end, ok := r.Ends(starts, at)
		if !ok || !end.Equal(noon.Add(want)) {
			t.Fatalf("Ends after %v: %v, %v; want noon + %v", at, end, ok, want)
		}
		at = end
	}
	if end, ok := r.Ends(starts, at); ok {
		t.Errorf("Ends after the last: %v, want none", end)
	}
	if _, ok := r.Ends(nil, noon); ok {
		t.Error("grants that have not started have an end")
	}
}

func TestKeysDoNotDependOnHowAGrantIsWritten(t *testing.T) {
	t.Parallel()
	f := &PrincipalFile{Principal: Principal{GroupPrincipal, "g"}}
	utc := time.Date(2026, 12, 24, 9, 0, 0, 0, time.UTC)
	same := [][2]Grant{
		{{Account: "a", PermissionSet: "P", Duration: 24 * time.Hour}, {Account: "a", PermissionSet: "P", Duration: 1440 * time.Minute, Reason: "r", Pos: Position{Line: 9}}},
		{{Account: "a", PermissionSet: "P", Expires: utc}, {Account: "a", PermissionSet: "P", Expires: utc.In(time.FixedZone("JST", 9*3600))}},
		{{Accounts: &Selector{Tags: map[string]string{"a": "b", "c": "d"}}}, {Accounts: &Selector{Tags: map[string]string{"c": "d", "a": "b"}}}},
	}
	for _, pair := range same {
		if f.Key(pair[0]) != f.Key(pair[1]) {
			t.Errorf("keys differ: %s and %s", f.Key(pair[0]), f.Key(pair[1]))
		}
	}
	base := Grant{Account: "a", PermissionSet: "P"}
	other := []Grant{
		{Account: "b", PermissionSet: "P"}, {Account: "a", PermissionSet: "Q"},
		{Account: "a", PermissionSet: "P", Duration: time.Hour}, {Account: "a", PermissionSet: "P", Expires: utc},
		{Account: "a", PermissionSet: "P", Request: "REQ-000001"},
		{Accounts: &Selector{OU: "/a"}, PermissionSet: "P"}, {Accounts: &Selector{Tags: map[string]string{"/a": ""}}, PermissionSet: "P"},
	}
	seen := map[GrantKey]bool{f.Key(base): true}
	for _, g := range other {
		if seen[f.Key(g)] {
			t.Errorf("%+v has the key of another grant, %s", g, f.Key(g))
		}
		seen[f.Key(g)] = true
	}
	if got, want := f.Key(other[4]), GrantKey("group/g account=a permission_set=P request=REQ-000001"); got != want {
		t.Errorf("Key = %q, want %q: keys are stored and must not change", got, want)
	}
}

func TestGrantsAreSortedByKey(t *testing.T) {
	t.Parallel()
	refs := repo(t).Grants()
	if len(refs) != 3 {
		t.Fatalf("%d grants, want 3", len(refs))
	}
	if !slices.IsSortedFunc(refs, func(a, b GrantRef) int { return strings.Compare(string(a.Key), string(b.Key)) }) {
		t.Error("grants are not sorted")
	}
}

func TestDesiredOfIsDesiredOfOnePrincipal(t *testing.T) {
	t.Parallel()
	r := nested(t,
		group("one", "41", "accounts: {ou: /}, permission_set: ReadOnlyAccess", "account: pay-dev, permission_set: PowerUserAccess, duration: 4h"),
		group("two", "42", "account: pay-dev, permission_set: PowerUserAccess, duration: 2h"),
	)
	starts := started(r, noon)
	for _, at := range []time.Time{noon, noon.Add(3 * time.Hour), noon.Add(5 * time.Hour)} {
		all := r.Desired(starts, at)
		for _, f := range r.principals() {
			var want []Desired
			for _, d := range all {
				if d.Assignment.Principal == f.Principal {
					want = append(want, d)
				}
			}
			if diff := cmp.Diff(want, r.DesiredOf(f.Principal, starts, at), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s at %s (-want +got):\n%s", f.Slug, at, diff)
			}
		}
	}
	if got := r.DesiredOf(Principal{GroupPrincipal, "nobody"}, starts, noon); got != nil {
		t.Errorf("a principal without a file has %v", got)
	}
}
