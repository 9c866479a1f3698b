package importer_test

import (
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/importer"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestAFirstImport: the whole of what is written and said.
func TestAFirstImport(t *testing.T) {
	t.Parallel()
	r := build(t, live(), fstest.MapFS{}, options())
	_, repo := applied(t, live(), fstest.MapFS{}, options(), r)
	emptyPlan(t, planned(repo, live(), noon))
	if found := config.Lint(repo, noon); len(found) > 0 {
		t.Errorf("it looks wrong: %v", found)
	}
	got := &txtar.Archive{}
	for _, f := range r.Findings {
		mark := "  "
		if f.Person {
			mark = "! "
		}
		got.Comment = append(got.Comment, mark+f.String()+"\n"...)
	}
	for _, f := range r.Files {
		got.Files = append(got.Files, txtar.File{Name: f.Path, Data: f.New})
	}
	golden(t, "testdata/first.txtar", txtar.Format(got))
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

// TestTheResultDoesNotDependOnTheOrder in which AWS lists things.
func TestTheResultDoesNotDependOnTheOrder(t *testing.T) {
	t.Parallel()
	want := build(t, live(), fstest.MapFS{}, options())
	s := live()
	slices.Reverse(s.Accounts)
	slices.Reverse(s.Groups)
	slices.Reverse(s.Sets)
	slices.Reverse(s.Assignments)
	if diff := cmp.Diff(want, build(t, s, fstest.MapFS{}, options())); diff != "" {
		t.Error(diff)
	}
}

func TestUsersGetAnEndOrNothing(t *testing.T) {
	t.Parallel()
	o := options()
	o.UsersUntil = time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	r := build(t, live(), fstest.MapFS{}, o)
	files, repo := applied(t, live(), fstest.MapFS{}, o, r)
	want := "id: " + entra(21) + "\nname: hana@example.com\naccess:\n  - account: payments-prod\n    permission_set: ReadOnly\n    expires: 2027-01-31T00:00:00Z\n"
	if diff := cmp.Diff(want, string(files["users/hana.yaml"].Data)); diff != "" {
		t.Error(diff)
	}
	emptyPlan(t, planned(repo, live(), noon))
	if slices.Contains(codes(r), "! user-access "+entra(21)) {
		t.Error("it is said to be left out")
	}
}

func TestWhatAWSDoesNotSayIsAskedFor(t *testing.T) {
	t.Parallel()
	for flag, forget := range map[string]func(*importer.Options, *importer.Snapshot){
		"--control-plane": func(o *importer.Options, _ *importer.Snapshot) { o.ControlPlane = nil },
		"--person":        func(o *importer.Options, _ *importer.Snapshot) { o.People = nil },
		"--entra-app":     func(o *importer.Options, _ *importer.Snapshot) { o.EntraApp = "" },
		"team:platform=N": func(o *importer.Options, _ *importer.Snapshot) { o.Teams = nil },
		"ren@example.com=": func(o *importer.Options, _ *importer.Snapshot) {
			o.ControlPlane = []config.ApproverRef{{Kind: config.ApproverEmail, Name: "ren@example.com"}}
		},
		"--start-url": func(_ *importer.Options, s *importer.Snapshot) { s.Place.Region = "us-gov-west-1" },
	} {
		o, s := options(), live()
		forget(&o, &s)
		_, err := importer.Build(s, fstest.MapFS{}, o)
		var missing *importer.MissingError
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s: %v", flag, err)
		}
		// All but the address is known to be missing before AWS is asked.
		if err := importer.Ready(fstest.MapFS{}, o); errors.As(err, &missing) != (flag != "--start-url") {
			t.Errorf("%s, before AWS is asked: %v", flag, err)
		}
	}
}

func TestIdentifiersThatAWSDoesNotGiveAreRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*importer.Snapshot){
		"account":                  func(s *importer.Snapshot) { s.Accounts[4].ID = "1111\x1b[31m" },
		"permission set":           func(s *importer.Snapshot) { s.Assignments[0].PermissionSet = "a\nb" },
		"account of an assignment": func(s *importer.Snapshot) { s.Assignments[0].Account = "" },
	} {
		s := live()
		change(&s)
		if r, err := importer.Build(s, fstest.MapFS{}, options()); err == nil || len(r.Files) > 0 || strings.ContainsAny(err.Error(), "\x1b\n") {
			t.Errorf("%s: %v, %v", name, paths(r), err)
		}
	}
}

func TestThePortalIsThatOfThePartition(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"eu-central-1": "https://d-9567000000.awsapps.com/start",
		"cn-north-1":   "https://start.home.awsapps.cn/directory/d-9567000000",
	} {
		s := live()
		s.Place.Region = region
		_, repo := applied(t, s, fstest.MapFS{}, options(), build(t, s, fstest.MapFS{}, options()))
		if got := repo.Access.IdentityCenter; got != (config.IdentityCenter{Region: region, StartURL: want}) {
			t.Errorf("%+v", got)
		}
	}
	o := options()
	o.StartURL = "https://acme.awsapps.com/start"
	_, repo := applied(t, live(), fstest.MapFS{}, o, build(t, live(), fstest.MapFS{}, o))
	if repo.Access.IdentityCenter.StartURL != o.StartURL {
		t.Error(repo.Access.IdentityCenter)
	}
}

// TestPartsOfAnImportAreCompleted: wherever writing was cut, another import
// comes to the same.
func TestPartsOfAnImportAreCompleted(t *testing.T) {
	t.Parallel()
	whole := build(t, live(), fstest.MapFS{}, options())
	want, _ := applied(t, live(), fstest.MapFS{}, options(), whole)
	for n := range whole.Files {
		part := fstest.MapFS{}
		for _, f := range whole.Files[:n] {
			part[f.Path] = &fstest.MapFile{Data: f.New, Mode: 0o644}
		}
		got, _ := applied(t, live(), part, options(), build(t, live(), part, options()))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("cut after %d files: %s", n, diff)
		}
	}
}
