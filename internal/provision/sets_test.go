package provision_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/permset"
	"aws-access-bot/internal/store"
)

var changing = provision.Options{EnableChanges: true}

// startedSets runs an engine on a service of sets.
func startedSets(t *testing.T, svc *setService) *setSystem {
	t.Helper()
	s := newSetSystem(t, svc, store.NewMemory(), changing)
	s.run(t)
	return s
}

func view(name string, session time.Duration, policies ...string) permset.Definition {
	return permset.Definition{Name: name, Session: session, Managed: policies}
}

// setWrites counts everything that was written about sets.
func (w *world) setWrites() int { return w.count("WriteSet") + w.count("ProvisionSet") }

func TestADeclaredSetIsMadeAndThenAssigned(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(2, 1)
		w.setless["View"] = true
		s := startedSets(t, newSetService(w))
		// The creation is throttled first, so that the assignment is judged before.
		s.faults = append(s.faults, &scripted{op: "WriteSet", err: fault.New(fault.ErrThrottled, "create", "", nil)})
		a := grant(1, 1, "View")
		s.commitOf(t, newRepository("c1").declaring(declared("View", 2*time.Hour, policyView, policyAudit)).with(0, "", a))
		after(time.Second)
		if f := s.facts(t, a); f.TroubleCode != string(provision.CodeSetPending) || s.count("CreateAccountAssignment") != 0 {
			t.Errorf("before the set is there: %+v", f)
		}
		after(20 * time.Second)
		if f := s.facts(t, a); f.ReadBack.IsZero() || f.Trouble != "" {
			t.Errorf("after it is there: %+v", f)
		}
		if got := s.service.see("View"); got.Session != 2*time.Hour || !slices.Equal(got.Managed, []string{policyAudit, policyView}) {
			t.Errorf("made: %+v", got)
		}
		if r := s.record(t, "View"); r.State != provision.SetApplied || r.ARN == "" || r.Created.IsZero() || r.Code != "" {
			t.Errorf("record: %+v", r)
		}
		if !strings.Contains(s.service.told(), "Permission set View is live as permission-sets/View.yaml says (commit c1): Create permission set View with a session of 2h.") {
			t.Errorf("told: %s", s.service.told())
		}
	})
}

// TestASetThatIsHalfMadeIsNotAssigned: the policies are still missing.
func TestASetThatIsHalfMadeIsNotAssigned(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(2, 1)
		w.setless["View"] = true
		s := startedSets(t, newSetService(w))
		refused := &scripted{op: "WriteSet", err: fault.New(fault.ErrDenied, "attach", "not allowed", nil)}
		s.faults = append(s.faults, &scripted{op: "WriteSet", err: nil}, refused)
		a := grant(1, 1, "View")
		s.commitOf(t, newRepository("c1").declaring(declared("View", time.Hour, policyView)).with(0, "", a))
		after(20 * time.Second)
		if s.count("CreateAccountAssignment") != 0 || s.facts(t, a).TroubleCode != string(provision.CodeSetPending) {
			t.Errorf("while policies are missing: %+v", s.facts(t, a))
		}
		if r := s.record(t, "View"); r.Code != provision.CodeSetRefused || !strings.Contains(r.Trouble, "not allowed") || !strings.Contains(s.service.told(), "not allowed") {
			t.Errorf("record: %+v", r)
		}
		after(time.Minute)
		if s.facts(t, a).ReadBack.IsZero() {
			t.Errorf("after the policy came: %+v, %+v", s.facts(t, a), s.record(t, "View"))
		}
	})
}

func TestAChangedSessionReachesEveryAccountAndASecondPassDoesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld())
		svc.have(view("View", time.Hour, policyView), accountID(1), accountID(2))
		s := startedSets(t, svc)
		s.commitOf(t, newRepository("c1").declaring(declared("View", time.Hour, policyView)))
		after(time.Minute)
		if s.setWrites() != 0 || s.record(t, "View").State != provision.SetApplied {
			t.Fatalf("what is as declared was written %d times: %+v", s.setWrites(), s.record(t, "View"))
		}
		s.commitOf(t, newRepository("c2").declaring(declared("View", 8*time.Hour, policyView)))
		after(time.Minute)
		got := svc.see("View")
		if got.Session != 8*time.Hour || len(got.Outdated) != 0 || s.count("ProvisionSet") != 1 {
			t.Errorf("after the change: %+v, %d provisionings", got, s.count("ProvisionSet"))
		}
		if !strings.Contains(svc.told(), "session 1h -> 8h. Provisioned to all accounts.") {
			t.Errorf("told: %s", svc.told())
		}
		writes := s.setWrites()
		if _, err := s.engine.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		after(24 * time.Hour)
		if s.setWrites() != writes {
			t.Errorf("%d writes more", s.setWrites()-writes)
		}
	})
}

func TestAnExtraPolicyIsReportedAndStaysUntilDriftIsReverted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld())
		svc.have(view("View", time.Hour, policyAudit, policyView), accountID(1))
		s := startedSets(t, svc)
		s.commitOf(t, newRepository("c1").declaring(declared("View", time.Hour, policyView)))
		after(time.Minute)
		if s.setWrites() != 0 || !strings.Contains(svc.told(), "Drift: permission set View: managed policy "+policyAudit+" is in AWS and in no file of the config repo.") {
			t.Errorf("%d writes; told: %s", s.setWrites(), svc.told())
		}
		status, err := s.engine.Status(t.Context())
		if err != nil || len(status.Sets) != 1 || len(status.Sets[0].Drift) != 1 {
			t.Errorf("status: %+v, %v", status.Sets, err)
		}
		revert := newRepository("c2").declaring(declared("View", time.Hour, policyView))
		revert.repo.Access.Drift = config.DriftRevert
		s.commitOf(t, revert)
		after(time.Minute)
		if got := svc.see("View"); !slices.Equal(got.Managed, []string{policyView}) || len(got.Outdated) != 0 {
			t.Errorf("after drift: revert: %+v", got)
		}
	})
}

// TestAPolicyThatTheFileDropsGoes, though an extra would stay.
func TestAPolicyThatTheFileDropsGoes(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld())
		svc.have(view("View", time.Hour, policyAudit, policyView), accountID(1))
		s := startedSets(t, svc)
		s.commitOf(t, newRepository("c1").declaring(declared("View", time.Hour, policyView, policyAudit)))
		after(time.Minute)
		s.commitOf(t, newRepository("c2").declaring(declared("View", time.Hour, policyView)))
		after(time.Minute)
		if got := svc.see("View"); !slices.Equal(got.Managed, []string{policyView}) || len(got.Outdated) != 0 {
			t.Errorf("after the commit: %+v", got)
		}
	})
}

// TestWhatComesBackAfterTheFileDroppedItIsAnExtra: it was the file's once, and
// is somebody else's now.
func TestWhatComesBackAfterTheFileDroppedItIsAnExtra(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld())
		live := svc.have(view("View", time.Hour, policyAudit, policyView), accountID(1))
		s := startedSets(t, svc)
		s.commitOf(t, newRepository("c1").declaring(declared("View", time.Hour, policyView, policyAudit)))
		after(time.Minute)
		s.commitOf(t, newRepository("c2").declaring(declared("View", time.Hour, policyView)))
		after(time.Minute)
		s.do(func() { live.Managed = []string{policyAudit, policyView} })
		if _, err := s.engine.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.commitOf(t, newRepository("c3").declaring(declared("View", 8*time.Hour, policyView)))
		after(time.Minute)
		if got := svc.see("View"); got.Session != 8*time.Hour || len(got.Managed) != 2 {
			t.Errorf("after another commit: %+v", got)
		}
	})
}

// TestAHeldSetIsReadAgainWithinTheHour, so that what people mend in AWS is
// noticed without being told.
func TestAHeldSetIsReadAgainWithinTheHour(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld())
		live := svc.have(view("View", time.Hour, policyView), accountID(1), managementAccount)
		s := startedSets(t, svc)
		s.commitOf(t, newRepository("c1").declaring(declared("View", 8*time.Hour, policyView)))
		after(time.Minute)
		if r := s.record(t, "View"); r.Code != provision.CodeSetManagement || !strings.Contains(svc.told(), "assigned in the management account") || s.setWrites() != 0 {
			t.Fatalf("record %+v, told %s", r, svc.told())
		}
		s.do(func() { live.Accounts = []string{accountID(1)} })
		after(61 * time.Minute)
		if got, r := svc.see("View"), s.record(t, "View"); got.Session != 8*time.Hour || r.State != provision.SetApplied || r.Code != "" {
			t.Errorf("after it was mended: %+v, %+v", got, r)
		}
	})
}

// TestASetThatIsAsDeclaredIsReadFourTimesADay: a reading costs eight calls.
func TestASetThatIsAsDeclaredIsReadFourTimesADay(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld())
		svc.have(view("View", time.Hour, policyView), accountID(1))
		s := startedSets(t, svc)
		s.commitOf(t, newRepository("c1").declaring(declared("View", time.Hour, policyView)))
		after(time.Minute)
		first := s.count("ReadSet")
		after(24 * time.Hour)
		if n := s.count("ReadSet") - first; n != 4 {
			t.Errorf("read %d times in a day, want 4", n)
		}
	})
}

// TestAnExtraThatIsEverywhereHoldsNothing: every account is the latest, so that
// provisioning brings it nowhere new.
func TestAnExtraThatIsEverywhereHoldsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld())
		svc.have(view("View", time.Hour, policyAudit, policyView), accountID(1))
		s := startedSets(t, svc)
		s.commitOf(t, newRepository("c1").declaring(declared("View", 8*time.Hour, policyView)))
		after(time.Minute)
		if got := svc.see("View"); got.Session != 8*time.Hour || len(got.Managed) != 2 || len(got.Outdated) != 0 {
			t.Errorf("after the commit: %+v, %+v", got, s.record(t, "View"))
		}
	})
}

// TestASetThatSomebodyDeletedIsDrift: it is made again only with drift: revert.
func TestASetThatSomebodyDeletedIsDrift(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(2, 1)
		svc := newSetService(w)
		svc.have(view("View", time.Hour, policyView))
		s := startedSets(t, svc)
		s.commitOf(t, newRepository("c1").declaring(declared("View", time.Hour, policyView)))
		after(time.Minute)
		s.do(func() {
			delete(svc.sets, "View")
			w.setless["View"] = true
		})
		if _, err := s.engine.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		a := grant(1, 1, "View")
		s.commitOf(t, newRepository("c2").declaring(declared("View", time.Hour, policyView)).with(0, "", a))
		after(time.Minute)
		if s.setWrites() != 0 || !strings.Contains(svc.told(), "View: the permission set is gone from AWS") || s.facts(t, a).TroubleCode != string(provision.CodeSetMissing) {
			t.Errorf("%d writes, told %s, assignment %+v", s.setWrites(), svc.told(), s.facts(t, a))
		}
		revert := newRepository("c3").declaring(declared("View", time.Hour, policyView)).with(0, "", a)
		revert.repo.Access.Drift = config.DriftRevert
		s.commitOf(t, revert)
		after(15 * time.Minute)
		if got := svc.see("View"); !slices.Equal(got.Managed, []string{policyView}) || s.facts(t, a).ReadBack.IsZero() {
			t.Errorf("after drift: revert: %+v, assignment %+v, record %+v", got, s.facts(t, a), s.record(t, "View"))
		}
	})
}

// TestAnExtraIsNotSpread: somebody attached a policy and did not provision it;
// the change of the session would bring it to the accounts.
func TestAnExtraIsNotSpread(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld())
		live := svc.have(view("View", time.Hour, policyView), accountID(1))
		s := startedSets(t, svc)
		s.commitOf(t, newRepository("c1").declaring(declared("View", time.Hour, policyView)))
		after(time.Minute)
		s.do(func() { live.Managed, live.Outdated = []string{policyAdmin, policyView}, live.Accounts })
		s.commitOf(t, newRepository("c2").declaring(declared("View", 8*time.Hour, policyView)))
		after(10 * time.Minute)
		if s.setWrites() != 0 || s.record(t, "View").Code != provision.CodeSetSpread {
			t.Errorf("%d writes, %+v", s.setWrites(), s.record(t, "View"))
		}
		s.do(func() { live.Managed = []string{policyView} })
		if _, err := s.engine.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		after(time.Minute)
		if got := svc.see("View"); got.Session != 8*time.Hour || len(got.Outdated) != 0 {
			t.Errorf("after the extra went: %+v", got)
		}
	})
}

func TestASetWithoutAFileStays(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld())
		s := startedSets(t, svc)
		s.commitOf(t, newRepository("c1").declaring(declared("View", time.Hour, policyView)))
		after(time.Minute)
		writes := s.setWrites()
		s.commitOf(t, newRepository("c2"))
		after(time.Minute)
		if got := svc.see("View"); got.ARN == "" || s.setWrites() != writes {
			t.Errorf("after its file went: %+v, %d writes more", got, s.setWrites()-writes)
		}
		if r := s.record(t, "View"); r.State != provision.SetLeft || !strings.Contains(svc.told(), "leaves it in AWS as it is") {
			t.Errorf("record %+v, told %s", r, svc.told())
		}
	})
}

func TestAccountsThatFailAreToldOneByOneAndTriedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld())
		svc.have(view("View", time.Hour, policyView), accountID(1), accountID(2), accountID(3))
		svc.lacking[accountID(2)] = "Policy /ci/Deploy does not exist."
		s := startedSets(t, svc)
		s.commitOf(t, newRepository("c1").declaring(declared("View", 8*time.Hour, policyView)))
		after(time.Minute)
		r := s.record(t, "View")
		if r.Code != provision.CodeSetFailed || r.Failures[accountID(2)] != "Policy /ci/Deploy does not exist" || len(r.Failures) != 1 {
			t.Errorf("record: %+v", r)
		}
		if !strings.Contains(svc.told(), "could not provision it to 1 account(s): account-2 (…0002): Policy /ci/Deploy does not exist.") {
			t.Errorf("told: %s", svc.told())
		}
		s.do(func() { clear(svc.lacking) })
		after(5 * time.Minute)
		if got, r := svc.see("View"), s.record(t, "View"); len(got.Outdated) != 0 || r.State != provision.SetApplied || len(r.Failures) != 0 {
			t.Errorf("after it was put right: %+v, %+v", got, r)
		}
	})
}

func TestAtMostThreeProvisioningsAreBegun(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld())
		svc.latency = 30 * time.Second
		repo := newRepository("c1")
		for _, name := range []string{"A", "B", "C", "D", "E"} {
			svc.have(view(name, time.Hour, policyView), accountID(1))
			repo.declaring(declared(name, 8*time.Hour, policyView))
		}
		s := startedSets(t, svc)
		s.commitOf(t, repo)
		after(5 * time.Minute)
		for _, name := range []string{"A", "B", "C", "D", "E"} {
			if got := svc.see(name); len(got.Outdated) != 0 {
				t.Errorf("%s: %+v", name, got)
			}
		}
		if svc.conflicts != 0 {
			t.Errorf("%d provisionings too many were asked for", svc.conflicts)
		}
	})
}

// TestEveryFaultOfASetIsOvercome: each call in turn is throttled, conflicts, or
// loses its answer before or after its effect.
func TestEveryFaultOfASetIsOvercome(t *testing.T) {
	faults := map[string]scripted{
		"throttled":       {err: fault.New(fault.ErrThrottled, "x", "", nil)},
		"in conflict":     {err: fault.New(fault.ErrConflict, "x", "", nil)},
		"lost before":     {err: errLost},
		"lost after":      {err: errLost, after: true},
		"denied for once": {err: fault.New(fault.ErrDenied, "x", "", nil)},
	}
	for name, f := range faults {
		for _, op := range []string{"ReadSet", "WriteSet", "ProvisionSet", "Provisioning", "GetCallerIdentity", "DescribeOrganization"} {
			for nth := range 3 {
				t.Run(name+" "+op+" "+string(rune('1'+nth)), func(t *testing.T) {
					inBubble(t, func(t *testing.T) {
						svc := newSetService(newWorld())
						svc.have(view("Old", time.Hour, policyView), accountID(1), accountID(2))
						for range nth {
							svc.faults = append(svc.faults, &scripted{op: op})
						}
						last := f
						last.op = op
						svc.faults = append(svc.faults, &last)
						s := startedSets(t, svc)
						s.commitOf(t, newRepository("c1").declaring(declared("Old", 8*time.Hour, policyAudit, policyView), declared("New", time.Hour, policyView)))
						after(15 * time.Minute)
						old, fresh := svc.see("Old"), svc.see("New")
						if old.Session != 8*time.Hour || len(old.Managed) != 2 || len(old.Outdated) != 0 || !slices.Equal(fresh.Managed, []string{policyView}) {
							t.Errorf("old %+v, new %+v", old, fresh)
						}
						for _, name := range []string{"Old", "New"} {
							if r := s.record(t, name); r.State != provision.SetApplied || r.Code != "" || r.Run != nil || !r.Intent.IsZero() {
								t.Errorf("record: %+v", r)
							}
						}
					})
				})
			}
		}
	}
}

func TestNothingIsWrittenOfASetThatIsNotReadWhole(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld())
		svc.have(view("View", time.Hour, policyView), accountID(1))
		for range 40 {
			svc.faults = append(svc.faults, &scripted{op: "ReadSet", err: errLost})
		}
		s := startedSets(t, svc)
		s.commitOf(t, newRepository("c1").declaring(declared("View", 8*time.Hour, policyView)))
		after(10 * time.Minute)
		if s.setWrites() != 0 {
			t.Errorf("%d writes", s.setWrites())
		}
		report, err := s.engine.Sync(t.Context())
		if err != nil || len(report.Sets) != 1 || !report.Sets[0].Unread || report.Sets[0].Code != provision.CodeSetUnread {
			t.Errorf("report: %+v, %v", report.Sets, err)
		}
	})
}

func TestAPlanOfSetsWritesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		svc := newSetService(newWorld())
		svc.have(view("View", time.Hour, policyView), accountID(1))
		s := newSetSystem(t, svc, store.NewMemory(), provision.Options{})
		s.run(t)
		s.commitOf(t, newRepository("c1").declaring(declared("View", 8*time.Hour, policyView)))
		after(time.Minute)
		report, err := s.engine.Sync(t.Context())
		if err != nil || len(report.Sets) != 1 {
			t.Fatalf("%+v, %v", report, err)
		}
		if r := report.Sets[0]; r.Code != provision.CodeDisabled || len(r.Steps) != 2 || r.Steps[0].Sentence != "Update View: session 1h -> 8h." {
			t.Errorf("report: %+v", r)
		}
		if s.setWrites() != 0 || svc.told() != "" {
			t.Errorf("%d writes, told %s", s.setWrites(), svc.told())
		}
	})
}
