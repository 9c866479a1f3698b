package provision_test

import (
	"slices"
	"testing"
	"time"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/store"
)

// watching makes a system that looks at the enterprise application, whose role
// User is disabled.
func watching(t *testing.T) *system {
	t.Helper()
	w := newWorld().populate(1, 1)
	w.app = provision.Application{Found: true, Role: provision.RoleDisabled, Certificate: w.now().AddDate(2, 0, 0),
		Job: provision.JobState{Found: true, Active: true, LastSuccess: w.now()}}
	s := newSystem(t, w, store.NewMemory(), provision.Options{EnableChanges: true, Watch: true})
	s.run(t)
	return s
}

// repoWithToken names the end of the SCIM token, so that nothing else is found.
func repoWithToken(sha string) *repository {
	r := newRepository(sha)
	r.repo.Access.SCIMTokenExpires = time.Now().AddDate(2, 0, 0)
	return r
}

func (s *system) appReport(t *testing.T) provision.AppReport {
	t.Helper()
	o, err := s.engine.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return o.Application
}

func TestFindingOfTheApplicationIsToldOnceAsLongAsItLastsAndAgainWhenItComesBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := watching(t)
		s.commitOf(t, repoWithToken("c1"))
		look := func(role provision.AppRole, told int) {
			t.Helper()
			s.do(func() { s.app.Role, s.app.Job.LastSuccess = role, s.now().Add(25*time.Hour) })
			after(25 * time.Hour)
			if n := len(s.noticed()); n != told {
				t.Errorf("role %s: told %d times, want %d", role, n, told)
			}
		}
		look(provision.RoleDisabled, 1)
		look(provision.RoleDisabled, 1)
		look(provision.RoleEnabled, 1)
		if got := s.appReport(t); len(got.Findings) != 0 {
			t.Errorf("after the mend: %+v", got)
		}
		look(provision.RoleDisabled, 2)
		if got := s.appReport(t); len(got.Findings) != 1 || got.Findings[0].Code != "role-disabled" || got.Findings[0].Since.IsZero() {
			t.Errorf("report: %+v", got)
		}
	})
}

func lookAtTheApplicationThatFailsKeepsWhatWasFound(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := watching(t)
		s.commitOf(t, repoWithToken("c1"))
		after(2 * time.Hour)
		s.do(func() {
			for range 100 {
				s.faults = append(s.faults, &scripted{op: "Application", err: fault.New(fault.ErrThrottled, "look", "", nil)})
			}
		})
		after(23 * time.Hour)
		got := s.appReport(t)
		if len(got.Findings) != 1 || got.Failing.IsZero() || got.At.IsZero() || len(s.noticed()) != 1 {
			t.Errorf("report %+v, notices %+v", got, s.noticed())
		}
		if lines := got.Lines(time.Now()); !slices.ContainsFunc(lines, func(l string) bool { return l == "not readable since "+got.Failing.Format(time.RFC3339) }) {
			t.Errorf("lines: %q", lines)
		}
		s.do(func() { s.faults = nil })
		after(time.Hour)
		if got := s.appReport(t); !got.Failing.IsZero() {
			t.Errorf("after it could be read: %+v", got)
		}
	})
}

func TestNothingIsSaidOfTheApplicationBeforeACommitIsTrusted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := watching(t)
		after(3 * time.Hour)
		if s.count("Application") != 0 || s.appReport(t).Lines(time.Now())[0] != "not looked at yet" {
			t.Errorf("%d looks", s.count("Application"))
		}
		s.do(func() { s.app.Job.LastSuccess = s.now() })
		s.commitOf(t, repoWithToken("c1"))
		after(2 * time.Minute)
		if len(s.noticed()) != 1 {
			t.Errorf("notices: %+v", s.noticed())
		}
	})
}
