package importer_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/provision"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

const (
	management = "999999999999"
	prod       = "111122223333"
	dev        = "111122224444"
	idle       = "111122225555"
	closed     = "111122226666"
)

// noon is the time of the tests.
var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// entra makes the object id of a group or user.
func entra(n int) string { return fmt.Sprintf("0b7e3f4c-0000-4000-8000-%012d", n) }

// live is a small organization: two groups and a user of Entra, and one of
// everything that an import leaves out.
func live() importer.Snapshot {
	return importer.Snapshot{
		Organization: importer.Organization{ID: "o-a1b2c3d4e5", Management: management},
		Place:        importer.Place{Region: "ap-northeast-1", StoreID: "d-9567000000"},
		Accounts: []importer.Account{
			{ID: management, Name: "acme", State: "ACTIVE"},
			{ID: prod, Name: "Payments Prod", State: "ACTIVE", OU: []string{"Workloads", "Prod"}, Tags: map[string]string{"env": "prod", "Owner": "", "aws:x": "y"}},
			{ID: dev, Name: "payments-dev", State: "ACTIVE", OU: []string{"Workloads", "Dev"}},
			{ID: idle, Name: "warehouse", State: "ACTIVE"},
			{ID: closed, Name: "old", State: "SUSPENDED"},
		},
		Sets: []importer.Set{{Name: "Admin"}, {Name: "ReadOnly"}},
		Groups: []importer.Group{
			{ID: "g-dev", ExternalIDs: []string{entra(11)}, Name: "aws-payments-dev"},
			{ID: "g-ops", ExternalIDs: []string{strings.ToUpper(entra(12))}, Name: "AWS: payments ops (東京)"},
			{ID: "g-hand", Name: "console-made"},
			{ID: "g-idle", ExternalIDs: []string{entra(13)}, Name: "aws-idle"},
		},
		Users: []importer.User{{ID: "u-hana", ExternalIDs: []string{entra(21)}, Name: "Hana@example.com"}},
		Assignments: []importer.Assignment{
			assigned(prod, "ReadOnly", "g-dev"), assigned(dev, "Admin", "g-dev"), assigned(prod, "Admin", "g-ops"), assigned(dev, "ReadOnly", "g-ops"),
			assigned(prod, "ReadOnly", "g-hand"), assigned(prod, "ReadOnly", "u-hana"), assigned(management, "Admin", "g-ops"),
			assigned(closed, "Admin", "g-dev"), assigned(dev, "ReadOnly", "g-deleted"),
		},
		Directory: &importer.Directory{
			Groups: map[string]importer.DirectoryGroup{
				entra(11): {Name: "aws-payments-dev", Security: true}, entra(12): {Name: "AWS: payments ops (東京)", Security: true},
			},
			Users: map[string]importer.DirectoryUser{entra(21): {UPN: "hana@example.com"}},
		},
	}
}

// assigned is an assignment of a group, or of a user whose id begins with u.
func assigned(account, set, id string) importer.Assignment {
	kind := config.GroupPrincipal
	if strings.HasPrefix(id, "u-") {
		kind = config.UserPrincipal
	}
	return importer.Assignment{Pair: config.Pair{Account: account, PermissionSet: set}, Kind: kind, PrincipalID: id}
}

// options are those of a first import.
func options() importer.Options {
	return importer.Options{
		ControlPlane: []config.ApproverRef{{Kind: config.ApproverTeam, Name: "platform"}},
		People:       []config.Person{{Entra: entra(22), Email: "ken@example.com", GitHub: &config.GitHubUser{Login: "ken-platform", ID: 1003}}},
		Teams:        map[string]config.Team{"platform": {ID: 1234568}},
		EntraApp:     "5b0c0f5e-0000-4000-8000-000000000001", Now: noon,
	}
}

// mapFS serves files.
func mapFS(files ...txtar.File) fstest.MapFS {
	out := fstest.MapFS{}
	for _, f := range files {
		out[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	return out
}

func with(name, text string) txtar.File { return txtar.File{Name: name, Data: []byte(text)} }

// build makes a result that must come about.
func build(t testing.TB, s importer.Snapshot, fsys fs.FS, o importer.Options) importer.Result {
	t.Helper()
	r, err := importer.Build(s, fsys, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// applied returns the repo with what a result writes, after holding what holds
// of every result: it writes over nothing it did not see, the repo is valid and
// adds no problem, nothing is desired that is not live unless it was before, and
// a second import writes nothing.
func applied(t testing.TB, s importer.Snapshot, before fstest.MapFS, o importer.Options, r importer.Result) (fstest.MapFS, *config.Repo) {
	t.Helper()
	after := fstest.MapFS{}
	for p, f := range before {
		after[p] = f
	}
	for _, f := range r.Files {
		had, there := before[f.Path]
		if there != (f.Old != nil) || there && !bytes.Equal(had.Data, f.Old) {
			t.Errorf("%s is written over what was not seen", f.Path)
		}
		if there && !keeps(string(f.Old), string(f.New)) {
			t.Errorf("%s lost something:\n%s", f.Path, cmp.Diff(string(f.Old), string(f.New)))
		}
		after[f.Path] = &fstest.MapFile{Data: f.New, Mode: 0o644}
	}
	repo, err := config.Load(after)
	if err != nil {
		t.Fatalf("not valid:\n%v", err)
	}
	if again := build(t, s, after, o); len(again.Files) > 0 {
		t.Errorf("a second import writes %s", paths(again))
	}
	return after, repo
}

// keeps reports whether all lines of a are in b, in order. An empty list may
// have become one with entries.
func keeps(a, b string) bool {
	lines := strings.SplitAfter(b, "\n")
	for _, want := range strings.SplitAfter(a, "\n") {
		i := slices.IndexFunc(lines, func(l string) bool {
			return strings.TrimRight(l, "\r\n") == strings.TrimRight(strings.Replace(want, "access: []", "access:", 1), "\r\n") || l == want
		})
		if i < 0 {
			return false
		}
		lines = lines[i+1:]
	}
	return true
}

func paths(r importer.Result) []string {
	var out []string
	for _, f := range r.Files {
		out = append(out, f.Path)
	}
	return out
}

// codes lists the findings as "code subject", those for a person with a !.
func codes(r importer.Result) []string {
	var out []string
	for _, f := range r.Findings {
		s := string(f.Code) + " " + f.Subject
		if f.Person {
			s = "! " + s
		}
		out = append(out, strings.TrimSpace(s))
	}
	return out
}

// planned plans for a repo with the snapshot as what is live.
func planned(repo *config.Repo, s importer.Snapshot, now time.Time) provision.Result {
	in := provision.Input{
		Commit: "imported", Live: map[config.Pair]provision.PairState{}, Principals: map[config.Principal]provision.PrincipalState{},
		Accounts: map[string]provision.AccountState{}, Drift: config.DriftReport, Names: provision.Names{},
	}
	starts := config.Starts{}
	for _, g := range repo.Grants() {
		starts[g.Key] = config.Start{MergedAt: now}
	}
	for _, d := range repo.Desired(starts, now) {
		in.Desired = append(in.Desired, provision.Desire{Desired: d})
		in.Live[d.Assignment.Pair()] = provision.PairState{Complete: true}
		in.Principals[d.Assignment.Principal] = provision.PrincipalState{Looked: true}
	}
	for _, a := range s.Assignments {
		p := in.Live[a.Pair]
		p.Complete = true
		p.Live = append(p.Live, provision.LiveAssignment{PrincipalID: a.PrincipalID, Kind: a.Kind})
		in.Live[a.Pair] = p
	}
	for _, g := range s.Groups {
		for _, x := range g.ExternalIDs {
			in.Principals[config.Principal{Kind: config.GroupPrincipal, ID: strings.ToLower(x)}] = provision.PrincipalState{Looked: true, ID: g.ID}
		}
	}
	for _, u := range s.Users {
		for _, x := range u.ExternalIDs {
			in.Principals[config.Principal{Kind: config.UserPrincipal, ID: strings.ToLower(x)}] = provision.PrincipalState{Looked: true, ID: u.ID}
		}
	}
	for _, a := range s.Accounts {
		in.Accounts[a.ID] = provision.AccountState{Found: true, Active: a.State == "ACTIVE", State: a.State, Name: a.Name}
	}
	return provision.Plan(in)
}

// emptyPlan wants a plan that has nothing to do.
func emptyPlan(t testing.TB, p provision.Result) {
	t.Helper()
	if len(p.Changes)+len(p.Waiting)+len(p.Drift)+len(p.Gone) > 0 {
		t.Errorf("the plan is not empty: %+v %+v %+v %+v", p.Changes, p.Waiting, p.Drift, p.Gone)
	}
	for _, b := range p.Blocked {
		t.Errorf("blocked: %+v", b)
	}
}
