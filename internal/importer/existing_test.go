package importer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"aws-access-bot/config"
	"aws-access-bot/internal/importer"

	"github.com/google/go-cmp/cmp"
)

const (
	accessFile = `# ours
version: 1
phase: 1   # pilot
organization: {id: o-a1b2c3d4e5, management_account: "999999999999"}
identity_center: {region: ap-northeast-1, start_url: https://acme.awsapps.com/start}
entra: {app: 5b0c0f5e-0000-4000-8000-000000000001}
approvals: [{name: all, match: {}, approvers: [control-plane], standing: true}]
control_plane: {approvers: [ken@example.com]}
`
	peopleFile = "people: # who\n  - {entra: 3c1d9a70-0000-4000-8000-000000000022, email: ken@example.com, github: {login: ken, id: 9}}\n"
	prodFile   = "# production\nid: \"111122223333\"\nname: Payments Prod\nstage: sso\nou: /Workloads/Prod\nowners: [ken@example.com] # Ken\n"
	devsFile   = "# developers\nid: \"0b7e3f4c-0000-4000-8000-000000000011\"   # from Entra\nname: aws-payments-dev\naccess:\n  # to look\n  - account: production\n    permission_set: ReadOnly\n    duration: 4h\n# end\n"
)

// partly is a repo that has the account prod and the group dev, under names of
// its own, with comments.
func partly() fstest.MapFS {
	return mapFS(with("aws-access.yaml", accessFile), with("people.yaml", peopleFile), with("README.md", "Hello.\n"),
		with("accounts/production.yaml", prodFile), with("groups/developers.yaml", devsFile))
}

// TestARepoIsCompleted: files are found by id under whatever name, keep every
// byte, and get only what is missing. A grant with an end gets no second life.
func TestARepoIsCompleted(t *testing.T) {
	t.Parallel()
	before := partly()
	r := build(t, live(), before, importer.Options{Now: noon})
	after, repo := applied(t, live(), before, importer.Options{Now: noon}, r)
	want := []string{"accounts/payments-dev.yaml", "accounts/warehouse.yaml", "groups/aws-payments-ops.yaml", "groups/developers.yaml"}
	got := paths(r)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	grown := strings.Replace(devsFile, "# end\n", "  - account: payments-dev\n    permission_set: Admin\n# end\n", 1)
	if diff := cmp.Diff(grown, string(after["groups/developers.yaml"].Data)); diff != "" {
		t.Error(diff)
	}
	if owners := repo.Accounts["payments-dev"].Owners; len(owners) != 1 || owners[0].Name != "ken@example.com" {
		t.Errorf("owners of a new account: %v", owners)
	}
	emptyPlan(t, planned(repo, live(), noon))
}

func TestAGrantThatEndedIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	before := partly()
	before["groups/developers.yaml"].Data = []byte(strings.Replace(devsFile, "duration: 4h", "expires: 2026-11-30T00:00:00Z", 1))
	r := build(t, live(), before, importer.Options{Now: noon})
	after, _ := applied(t, live(), before, importer.Options{Now: noon}, r)
	if n := strings.Count(string(after["groups/developers.yaml"].Data), "account: production"); n != 1 {
		t.Errorf("%d grants for production", n)
	}
	if !slices.Contains(codes(r), "! ended-and-live "+entra(11)+" "+prod+" ReadOnly") {
		t.Errorf("findings: %v", codes(r))
	}
}

// TestSelectorsOpenNoNewAccount: a group that may enter every account of an OU
// is not let into one more because an import wrote its file.
func TestSelectorsOpenNoNewAccount(t *testing.T) {
	t.Parallel()
	everywhere := "id: " + entra(12) + "\nname: \"AWS: payments ops (東京)\"\naccess:\n  - accounts: {ou: /Workloads}\n    permission_set: PowerUser\n"
	for _, tc := range []struct {
		name, phase, stage string
		mark               string
	}{
		{"in phase 1 it is left out where somebody known is in it", "1", "", "! account-opened " + dev},
		{"and so in phase 2", "2", "", "! account-opened " + dev},
	} {
		before := partly()
		before["aws-access.yaml"].Data = []byte(strings.Replace(accessFile, "phase: 1", "phase: "+tc.phase, 1))
		before["groups/ops.yaml"] = &fstest.MapFile{Data: []byte(everywhere), Mode: 0o644}
		s := live()
		s.Assignments = append(s.Assignments, assigned(prod, "PowerUser", "g-ops"))
		r := build(t, s, before, importer.Options{Now: noon})
		_, repo := applied(t, s, before, importer.Options{Now: noon}, r)
		if repo.Accounts["payments-dev"] != nil || !slices.Contains(codes(r), tc.mark) {
			t.Errorf("%s: %+v, findings %v", tc.name, repo.Accounts["payments-dev"], codes(r))
		}
		emptyPlan(t, planned(repo, s, noon))
	}

	before := partly()
	before["groups/ops.yaml"] = &fstest.MapFile{Data: []byte(everywhere), Mode: 0o644}
	s := live()
	s.Assignments = []importer.Assignment{assigned(prod, "ReadOnly", "g-dev"), assigned(dev, "ReadOnly", "g-hand"), assigned(prod, "PowerUser", "g-ops")}
	r := build(t, s, before, importer.Options{Now: noon})
	_, repo := applied(t, s, before, importer.Options{Now: noon}, r)
	if a := repo.Accounts["payments-dev"]; a == nil || a.Stage != config.StageLegacy || !slices.Contains(codes(r), "account-opened "+dev) {
		t.Errorf("entered by nobody who can be named: %+v, findings %v", a, codes(r))
	}

	s.Assignments = append(s.Assignments, assigned(dev, "PowerUser", "g-ops"))
	_, repo = applied(t, s, before, importer.Options{Now: noon}, build(t, s, before, importer.Options{Now: noon}))
	if a := repo.Accounts["payments-dev"]; a == nil || a.Stage != config.StageSSO {
		t.Errorf("what the selector gives is live: %+v", a)
	}
	emptyPlan(t, planned(repo, s, noon))
}

func TestInPhase2NewAccountsAreOpen(t *testing.T) {
	t.Parallel()
	before := partly()
	before["aws-access.yaml"].Data = []byte(strings.Replace(accessFile, "phase: 1", "phase: 2", 1))
	_, repo := applied(t, live(), before, importer.Options{Now: noon}, build(t, live(), before, importer.Options{Now: noon}))
	if a := repo.Accounts["warehouse"]; a == nil || a.Stage != config.StageSSO {
		t.Errorf("%+v", a)
	}
}

func TestALegacyAccountStaysSo(t *testing.T) {
	t.Parallel()
	before := partly()
	before["accounts/production.yaml"].Data = []byte(strings.Replace(prodFile, "stage: sso", "stage: legacy", 1))
	before["groups/developers.yaml"].Data = []byte("id: " + entra(11) + "\nname: aws-payments-dev\naccess: []\n")
	r := build(t, live(), before, importer.Options{Now: noon})
	_, repo := applied(t, live(), before, importer.Options{Now: noon}, r)
	if repo.Accounts["production"].Stage != config.StageLegacy {
		t.Error("it was changed")
	}
	for _, want := range []string{"! legacy-with-access " + entra(11) + " " + prod + " ReadOnly", "! legacy-with-access " + entra(12) + " " + prod + " Admin"} {
		if !slices.Contains(codes(r), want) {
			t.Errorf("no %q in %v", want, codes(r))
		}
	}
	emptyPlan(t, planned(repo, live(), noon))
}

func TestWhatDiffersIsSaidAndKept(t *testing.T) {
	t.Parallel()
	before := partly()
	before["accounts/production.yaml"].Data = []byte(strings.Replace(prodFile, "ou: /Workloads/Prod", "ou: /Elsewhere\ntags: {env: dev}", 1))
	before["accounts/left.yaml"] = &fstest.MapFile{Data: []byte("id: \"444444444444\"\nname: left\nstage: sso\nou: /\nowners: [ken@example.com]\n"), Mode: 0o644}
	before["groups/developers.yaml"].Data = []byte(strings.Replace(devsFile, "name: aws-payments-dev", "name: aws-pay-dev", 1))
	before["groups/new.yaml"] = &fstest.MapFile{Data: []byte("id: " + entra(13) + "\nname: aws-idle\naccess: [{account: production, permission_set: Admin}]\n"), Mode: 0o644}
	s := live()
	s.Place.Region = "eu-west-1"
	r := build(t, s, before, importer.Options{Now: noon})
	applied(t, s, before, importer.Options{Now: noon}, r)
	for _, want := range []string{
		"account-differs accounts/production.yaml", "account-gone accounts/left.yaml", "! renamed groups/developers.yaml",
		"! instance-differs aws-access.yaml", "not-live",
	} {
		if !slices.Contains(codes(r), want) {
			t.Errorf("no %q in %v", want, codes(r))
		}
	}
}

func TestARepoThatIsNotValidIsNotTouched(t *testing.T) {
	t.Parallel()
	before := partly()
	before["groups/developers.yaml"].Data = []byte("id: 7\n")
	r, err := importer.Build(live(), before, importer.Options{Now: noon})
	var problems config.Problems
	if !errors.As(err, &problems) || problems[0].File != "groups/developers.yaml" || len(r.Files) > 0 {
		t.Errorf("%v, %v", r.Files, err)
	}
	link := partly()
	link["groups"] = &fstest.MapFile{Data: []byte("/etc"), Mode: 0o777 | 1<<27}
	delete(link, "groups/developers.yaml")
	if r, err := importer.Build(live(), link, importer.Options{Now: noon}); !errors.As(err, &problems) {
		t.Errorf("a link in place of a folder: %v, %v", paths(r), err)
	}
}

func TestARepoOfAnotherOrganizationIsNotTouched(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*importer.Snapshot){
		"organization":       func(s *importer.Snapshot) { s.Organization.ID = "o-b1b2c3d4e5" },
		"management account": func(s *importer.Snapshot) { s.Organization.Management = prod },
	} {
		s := live()
		change(&s)
		r, err := importer.Build(s, partly(), importer.Options{Now: noon})
		var foreign *importer.ForeignError
		if !errors.As(err, &foreign) || len(r.Files) > 0 {
			t.Errorf("%s: %v, %v", name, paths(r), err)
		}
	}
}
