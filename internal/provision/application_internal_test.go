package provision

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var appTime = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

// goodApplication is one with nothing wrong.
func goodApplication() Application {
	return Application{Found: true, Role: RoleEnabled, Certificate: appTime.AddDate(1, 0, 0),
		Job: JobState{Found: true, Active: true, LastSuccess: appTime.Add(-40 * time.Minute)}}
}

func TestEachFaultOfTheApplicationIsFoundAlone(t *testing.T) {
	t.Parallel()
	in := func(d time.Duration) time.Time { return appTime.Add(d) }
	const day = 24 * time.Hour
	token := appTime.AddDate(1, 0, 0)
	tests := []struct {
		name  string
		wreck func(a *Application, token *time.Time)
		want  []Code
	}{
		{"nothing", func(*Application, *time.Time) {}, nil},
		{"no application", func(a *Application, _ *time.Time) { *a = Application{} }, []Code{"app-missing"}},
		{"no role", func(a *Application, _ *time.Time) { a.Role = RoleMissing }, []Code{"role-missing"}},
		{"role disabled", func(a *Application, _ *time.Time) { a.Role = RoleDisabled }, []Code{"role-disabled"}},
		{"anyone signs in", func(a *Application, _ *time.Time) { a.AnyoneSignsIn = true }, []Code{"assignment-not-required"}},
		{"no job", func(a *Application, _ *time.Time) { a.Job = JobState{} }, []Code{"job-missing"}},
		{"job off", func(a *Application, _ *time.Time) { a.Job.Active = false }, []Code{"job-off"}},
		{"quarantine", func(a *Application, _ *time.Time) { a.Job.Active, a.Job.Quarantine = false, "TooManyDeletes" }, []Code{"job-quarantine"}},
		{"stale", func(a *Application, _ *time.Time) { a.Job.LastSuccess = in(-3 * time.Hour) }, []Code{"job-stale"}},
		{"everybody in scope", func(a *Application, _ *time.Time) { a.SyncAll = true }, []Code{"sync-all"}},
		{"no defaults", func(a *Application, _ *time.Time) { a.NoDefault = []string{"name.familyName"} }, []Code{"names-without-default"}},
		{"no certificate", func(a *Application, _ *time.Time) { a.Certificate = time.Time{} }, []Code{"saml-certificate-missing"}},
		{"certificate 60 days", func(a *Application, _ *time.Time) { a.Certificate = in(60 * day) }, nil},
		{"certificate under 60 days", func(a *Application, _ *time.Time) { a.Certificate = in(60*day - 1) }, []Code{"saml-certificate-60-days"}},
		{"certificate under 30 days", func(a *Application, _ *time.Time) { a.Certificate = in(30*day - 1) }, []Code{"saml-certificate-30-days"}},
		{"certificate under 7 days", func(a *Application, _ *time.Time) { a.Certificate = in(7*day - 1) }, []Code{"saml-certificate-7-days"}},
		{"certificate expired", func(a *Application, _ *time.Time) { a.Certificate = in(0) }, []Code{"saml-certificate-expired"}},
		{"token under 30 days", func(_ *Application, t *time.Time) { *t = in(29 * day) }, []Code{"scim-token-30-days"}},
		{"token expired", func(_ *Application, t *time.Time) { *t = in(-day) }, []Code{"scim-token-expired"}},
		{"token's end unknown", func(_ *Application, t *time.Time) { *t = time.Time{} }, []Code{"scim-token-unknown"}},
		{"job unseen is not missing", func(a *Application, _ *time.Time) {
			a.Job, a.Unseen = JobState{}, []Unseen{{PartJob, "Insufficient privileges."}}
		}, []Code{"unseen-provisioning-job"}},
		{"properties unseen are not good and not bad", func(a *Application, _ *time.Time) {
			*a = Application{Found: true, Job: a.Job, Unseen: []Unseen{{PartApplication, "no"}}}
		}, []Code{"unseen-application"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, end := goodApplication(), token
			tt.wreck(&a, &end)
			var got []Code
			for _, f := range judgeApplication(a, end, appTime) {
				got = append(got, f.Code)
				if f.Sentence == "" || f.Mend == "" || !strings.HasSuffix(f.Mend, ".") {
					t.Errorf("finding without a sentence or a mend: %+v", f)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("codes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestQuarantineForBadCredentialsNamesTheToken(t *testing.T) {
	t.Parallel()
	a := goodApplication()
	a.Job.Quarantine = "EncounteredQuarantineException"
	if f := judgeApplication(a, appTime.AddDate(1, 0, 0), appTime); len(f) != 1 || !strings.Contains(f[0].Sentence, "AWS refuses the SCIM token") {
		t.Errorf("found %+v", f)
	}
}
