package identitycenter_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/identitycenter"
	"aws-access-bot/internal/provision/permset"
)

var (
	_ provision.SetPort    = (*identitycenter.Client)(nil)
	_ provision.CallerPort = (*identitycenter.Client)(nil)
)

const (
	viewOnly = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
	audit    = "arn:aws:iam::aws:policy/SecurityAudit"
	bucket   = `{"Statement":[{"Action":"s3:GetObject","Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}`
)

// wholeSet has every part of a set.
func wholeSet() permset.Definition {
	return permset.Definition{Name: "Deploy", Description: "for CI", Session: 90 * time.Minute, RelayState: "https://console.aws.amazon.com/s3",
		Managed: []string{audit, viewOnly}, Customer: []config.PolicyRef{{Name: "Shared", Path: "/"}, {Name: "Deploy", Path: "/ci/"}},
		Inline: bucket, Boundary: &config.Boundary{Customer: &config.PolicyRef{Name: "Edge", Path: "/"}}, Tags: map[string]string{"team": "payments"}}
}

// bring makes the steps from what is there to a definition.
func bring(t *testing.T, c *identitycenter.Client, want permset.Definition, live *permset.Live) {
	t.Helper()
	arn := ""
	if live != nil {
		arn = live.ARN
	}
	for _, s := range permset.Diff(permset.Input{Want: want, Live: live, Pending: true, Revert: true}).Steps {
		if s.Kind == permset.Provision {
			continue
		}
		made, err := c.WriteSet(t.Context(), arn, s)
		if err != nil {
			t.Fatalf("%s: %v", s.Sentence, err)
		}
		if made != "" {
			arn = made
		}
	}
}

// TestASetIsWrittenAndReadBack holds every kind of write against every read.
func TestASetIsWrittenAndReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	if _, err := c.ReadSet(t.Context(), "Deploy"); !errors.Is(err, fault.ErrNotFound) {
		t.Fatalf("before: %v", err)
	}
	want := wholeSet()
	bring(t, c, want, nil)
	first, err := c.ReadSet(t.Context(), "Deploy")
	w.must(err)
	if diff := cmp.Diff(want, first.Definition); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	less := permset.Definition{Name: "Deploy", Description: "for CI", Session: 2 * time.Hour, Managed: []string{viewOnly},
		Boundary: &config.Boundary{ManagedPolicy: audit}, Tags: map[string]string{"team": "platform"}}
	bring(t, c, less, &first)
	second, err := c.ReadSet(t.Context(), "Deploy")
	w.must(err)
	if diff := cmp.Diff(less, second.Definition); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	bare := less
	bare.Boundary = nil
	bring(t, c, bare, &second)
	third, err := c.ReadSet(t.Context(), "Deploy")
	w.must(err)
	if third.Boundary != nil {
		t.Errorf("the boundary stays: %v", third.Boundary)
	}
	if _, err := c.WriteSet(t.Context(), third.ARN, permset.Step{Kind: permset.Untag, Set: "Deploy", TagKeys: []string{"team"}}); err != nil {
		t.Error(err)
	}
	if got, err := c.ReadSet(t.Context(), "Deploy"); err != nil || len(got.Tags) != 0 {
		t.Errorf("tags: %v, %v", got.Tags, err)
	}
}

func TestAProvisioningIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	w.assign(prod, "Admin", "GROUP", w.group)
	w.assign(dev, "Admin", "GROUP", w.group)
	_, err := c.WriteSet(t.Context(), w.arn["Admin"], permset.Step{Kind: permset.Attach, Set: "Admin", Policy: viewOnly})
	w.must(err)
	live, err := c.ReadSet(t.Context(), "Admin")
	w.must(err)
	if both := []string{prod, dev}; !slices.Equal(live.Accounts, both) || !slices.Equal(live.Outdated, both) {
		t.Errorf("accounts %v, outdated %v, want both", live.Accounts, live.Outdated)
	}
	w.FailProvisioning(dev, "no such policy")
	id, err := c.ProvisionSet(t.Context(), w.arn["Admin"], "")
	w.must(err)
	if out, err := c.Provisioning(t.Context(), id); err != nil || out.Status != provision.InProgress {
		t.Errorf("at once: %+v, %v", out, err)
	}
	if _, err := c.ProvisionSet(t.Context(), w.arn["Admin"], prod); !errors.Is(err, fault.ErrConflict) {
		t.Errorf("while it runs: %v", err)
	}
	w.pass(3 * time.Second)
	if out, err := c.Provisioning(t.Context(), id); err != nil || out.Status != provision.Failed || !strings.Contains(out.Reason, "no such policy") {
		t.Errorf("in the end: %+v, %v", out, err)
	}
	id, err = c.ProvisionSet(t.Context(), w.arn["Admin"], dev)
	w.must(err)
	w.pass(3 * time.Second)
	if out, err := c.Provisioning(t.Context(), id); err != nil || out.Status != provision.Succeeded {
		t.Errorf("one account: %+v, %v", out, err)
	}
	if live, err := c.ReadSet(t.Context(), "Admin"); err != nil || len(live.Outdated) != 0 {
		t.Errorf("outdated in the end: %v, %v", live.Outdated, err)
	}
	if _, err := c.Provisioning(t.Context(), "00000000-0000-4000-8000-000000000000"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("an unknown request: %v", err)
	}
}

// TestWhatCannotBeReadIsNoReading: an error of any part is one of the whole, and
// a part that is not found is no missing set.
func TestWhatCannotBeReadIsNoReading(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"DescribePermissionSet", "ListManagedPoliciesInPermissionSet", "ListCustomerManagedPolicyReferencesInPermissionSet",
		"GetInlinePolicyForPermissionSet", "GetPermissionsBoundaryForPermissionSet", "ListTagsForResource", "ListAccountsForProvisionedPermissionSet"} {
		for _, code := range []string{"AccessDeniedException", "ResourceNotFoundException"} {
			t.Run(op+" "+code, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				c := w.client()
				_, err := c.ReadSet(t.Context(), "Admin")
				w.must(err)
				w.refuse(op, code)
				live, err := c.ReadSet(t.Context(), "Admin")
				if op == "GetPermissionsBoundaryForPermissionSet" && code == "ResourceNotFoundException" {
					if err != nil || live.Boundary != nil {
						t.Errorf("no boundary: %+v, %v", live, err)
					}
					return
				}
				if err == nil || errors.Is(err, fault.ErrNotFound) {
					t.Errorf("error %v, want one that is not that the set is missing", err)
				}
			})
		}
	}
}

// TestADeletedSetIsNotFound, though its name is remembered.
func TestADeletedSetIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	_, err := c.ReadSet(t.Context(), "Admin")
	w.must(err)
	w.must(w.RemovePermissionSet("Admin"))
	if _, err := c.ReadSet(t.Context(), "Admin"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

func TestTakingAwayWhatIsNotThereIsDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	for _, s := range []permset.Step{{Kind: permset.Detach, Policy: viewOnly}, {Kind: permset.DetachOwn, Customer: &config.PolicyRef{Name: "X", Path: "/"}},
		{Kind: permset.DeleteInline}, {Kind: permset.DeleteBoundary}} {
		if _, err := c.WriteSet(t.Context(), w.arn["Admin"], s); err != nil {
			t.Errorf("%s: %v", s.Kind, err)
		}
	}
	w.must(func() error {
		_, err := c.WriteSet(t.Context(), w.arn["Admin"], permset.Step{Kind: permset.Attach, Policy: viewOnly})
		return err
	}())
	if _, err := c.WriteSet(t.Context(), w.arn["Admin"], permset.Step{Kind: permset.Attach, Policy: viewOnly}); !errors.Is(err, fault.ErrConflict) {
		t.Errorf("attached twice: %v", err)
	}
}

func TestTheCallerIsWhoSigns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who, err := w.client().Caller(t.Context())
	if want := (provision.Caller{Account: admin, ARN: "arn:aws:iam::" + admin + ":user/bot"}); err != nil || who != want {
		t.Errorf("caller %+v, %v, want %+v", who, err, want)
	}
}

// TestAnImportedSetIsAsAWSHasIt: what AWS has, with every part that a set can
// have, is imported to a file that asks for no step.
func TestAnImportedSetIsAsAWSHasIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	bring(t, c, wholeSet(), nil)
	live, err := c.ReadSet(t.Context(), "Deploy")
	w.must(err)
	r, err := importer.Build(importer.Snapshot{
		Organization: importer.Organization{ID: "o-a1b2c3d4e5", Management: "999999999999"}, Place: importer.Place{Region: "ap-northeast-1", StoreID: "d-9567000000"},
		Accounts: []importer.Account{{ID: prod, Name: "prod", State: importer.Active}}, Sets: []importer.Set{{Name: "Deploy", Live: &live}},
	}, fstest.MapFS{}, importer.Options{
		ControlPlane: []config.ApproverRef{{Kind: config.ApproverEmail, Name: "ken@example.com"}},
		People:       []config.Person{{Entra: entraID, Email: "ken@example.com", GitHub: &config.GitHubUser{Login: "ken", ID: 1003}}},
		EntraApp:     "5b0c0f5e-0000-4000-8000-000000000001", PermissionSets: true, Now: time.Now(),
	})
	w.must(err)
	files := fstest.MapFS{}
	for _, f := range r.Files {
		files[f.Path] = &fstest.MapFile{Data: f.New, Mode: 0o644}
	}
	repo, err := config.Load(files)
	w.must(err)
	file := repo.PermissionSets["Deploy"]
	if file == nil {
		t.Fatalf("no file: %v", r.Findings)
	}
	if diff := permset.Diff(permset.Input{Want: permset.Of(file), Live: &live, Pending: true}); !diff.Empty() {
		t.Errorf("%+v\n%s", diff, files["permission-sets/Deploy.yaml"].Data)
	}
	if diff := cmp.Diff(wholeSet(), permset.Of(file)); diff != "" {
		t.Errorf("the file is silent on something (-live +file):\n%s", diff)
	}
}
