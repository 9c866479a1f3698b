package entra_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/graphemu"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// opSynchronization reads the scope of provisioning.
const opSynchronization = "GET /servicePrincipals/{id}/synchronization"

func TestHowTheApplicationIsSetUp(t *testing.T) {
	t.Parallel()
	ends := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	good := provision.Application{Found: true, Role: provision.RoleEnabled, Certificate: ends, Job: provision.JobState{Found: true, Active: true},
		NoDefault: []string{"name.givenName", "name.familyName"}}
	tests := []struct {
		name   string
		set    func(*graphemu.AppSetup)
		change func(*provision.Application)
	}{
		{"as the template makes it", func(*graphemu.AppSetup) {}, func(*provision.Application) {}},
		{"role missing", func(s *graphemu.AppSetup) { s.RoleMissing = true }, func(a *provision.Application) { a.Role = provision.RoleMissing }},
		{"role disabled", func(s *graphemu.AppSetup) { s.RoleDisabled = true }, func(a *provision.Application) { a.Role = provision.RoleDisabled }},
		{"everybody signs in", func(s *graphemu.AppSetup) { s.AnyoneSignsIn = true }, func(a *provision.Application) { a.AnyoneSignsIn = true }},
		{"everybody in scope", func(s *graphemu.AppSetup) { s.SyncAll = true }, func(a *provision.Application) { a.SyncAll = true }},
		{"names with defaults", func(s *graphemu.AppSetup) { s.NameDefault = "-" }, func(a *provision.Application) { a.NoDefault = nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.SetUp(func(s *graphemu.AppSetup) { s.CertificateEnds = ends; tt.set(s) })
			want := good
			tt.change(&want)
			got, err := w.client().Application(t.Context())
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(0)); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestWhatMayNotBeReadOfTheApplicationIsNamedAndNotTakenForGood(t *testing.T) {
	t.Parallel()
	json := http.Header{"Content-Type": {"application/json"}}
	for part, op := range map[string]string{
		provision.PartApplication: opApp, provision.PartSecrets: opSynchronization, provision.PartMapping: opSchema,
	} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.kit.Faults.Add(emukit.Fault{Op: op, Status: 403, Header: json, Body: `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}`})
			a, err := w.client().Application(t.Context())
			if err != nil || !slices.Contains(a.Unseen, provision.Unseen{Part: part, Why: "Insufficient privileges to complete the operation."}) {
				t.Errorf("%v: %+v", err, a)
			}
		})
	}
}

func TestAnAnswerWithoutTheScopeOfProvisioningIsUnseen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	json := http.Header{"Content-Type": {"application/json"}}
	w.kit.Faults.Add(emukit.Fault{Op: opSynchronization, Status: 200, Header: json, Body: `{"id":"x","secrets":[]}`})
	a, err := w.client().Application(t.Context())
	if err != nil || len(a.Unseen) != 1 || a.Unseen[0] != (provision.Unseen{Part: provision.PartSecrets, Why: "the answer does not show it"}) {
		t.Errorf("%v: %+v", err, a)
	}
}

func aLookAtTheApplicationThatFailsIsAnErrorAndNoFinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kit.Faults.Add(emukit.Fault{Op: opJobs, Status: 400})
	if a, err := w.client().Application(t.Context()); err == nil {
		t.Errorf("got %+v", a)
	}
}
