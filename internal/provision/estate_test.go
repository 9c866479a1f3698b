package provision_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/store"
)

// spread returns n assignments of groups 1 to 3 in accounts 1 to 9.
func spread(n int) []config.Assignment {
	var out []config.Assignment
	for i := range n {
		out = append(out, grant(i%3+1, i/3%9+1, fmt.Sprintf("Set%d", i/27)))
	}
	return out
}

// sync makes a full pass.
func (s *system) sync(t *testing.T) provision.Report {
	t.Helper()
	r, err := s.engine.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestManyGrantsKeepAWSLimitsAndASecondSyncWritesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3))
		all := spread(60)
		s.commitOf(t, newRepository("c1").with(0, "", all...))
		after(5 * time.Minute)
		for _, a := range all {
			if f := s.facts(t, a); f.ReadBack.IsZero() {
				t.Errorf("%s is not live: %+v", a, f)
			}
		}
		if s.conflicts != 0 || s.count("CreateAccountAssignment") != len(all) {
			t.Errorf("%d conflicts, %d creations", s.conflicts, s.count("CreateAccountAssignment"))
		}
		if n := s.count("DescribeStatus") + s.count("ListStatus"); n > 2*len(all) {
			t.Errorf("%d polls for %d operations", n, len(all))
		}
		writes := s.writes()
		r := s.sync(t)
		after(time.Minute)
		if s.writes() != writes || len(r.Plan.Changes) != 0 || len(r.Plan.Live) != len(all) || !r.Plan.Empty() {
			t.Errorf("second sync: %d writes more, plan %+v", s.writes()-writes, r.Plan.Changes)
		}
	})
}

func TestSyncBeforeACommitIsTrustedSaysSo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		if _, err := s.engine.Sync(t.Context()); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("sync: %v", err)
		}
		if f, err := s.engine.GrantFacts(t.Context(), grant(1, 1, readOnly)); f != nil || err != nil {
			t.Errorf("facts of nothing: %+v, %v", f, err)
		}
	})
}

func TestT36UndeclaredAssignmentsAreReportedAndSurvive(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2)
		undeclared := grant(2, 1, readOnly)
		w.put(undeclared)
		stranger := provision.LiveAssignment{PrincipalID: "somebody", Kind: config.UserPrincipal}
		w.live[undeclared.Pair()][stranger] = time.Time{}
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(time.Hour, "", grant(1, 1, readOnly)).with(0, "", grant(2, 2, readOnly)))
		after(10 * time.Minute)
		want := []provision.Extra{
			{Pair: undeclared.Pair(), Live: provision.LiveAssignment{PrincipalID: storeID(groupID(2)), Kind: config.GroupPrincipal}, Principal: &undeclared.Principal},
			{Pair: undeclared.Pair(), Live: stranger},
		}
		if diff := cmp.Diff(want, s.sync(t).Plan.Extra); diff != "" {
			t.Errorf("extra (-want +got):\n%s", diff)
		}
		after(3 * time.Hour)
		if !s.isLive(undeclared) || s.isLive(grant(1, 1, readOnly)) {
			t.Errorf("the undeclared is live: %v, the ended one: %v", s.isLive(undeclared), s.isLive(grant(1, 1, readOnly)))
		}
	})
}

func afterALostDatabaseLiveOnesAreReadBackWithoutAWrite(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(2, 1, 2, 3)
		all := spread(12)
		for _, a := range all {
			w.put(a)
		}
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", all...))
		after(2 * time.Minute)
		for _, a := range all {
			if f := s.facts(t, a); f.ReadBack.IsZero() || !f.Created.IsZero() {
				t.Errorf("%s: %+v", a, f)
			}
		}
		if n := s.writes(); n != 0 {
			t.Errorf("%d writes", n)
		}
	})
}

func TestDriftIsReportedOnceOrPutBack(t *testing.T) {
	for _, mode := range []string{"report", "revert", "protected"} {
		t.Run(mode, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1))
				a := grant(1, 1, readOnly)
				r := newRepository("c1").with(0, "REQ-AAAAAA", a)
				switch mode {
				case "revert":
					r.repo.Access.Drift = config.DriftRevert
				case "protected":
					r.repo.Access.Protected = []config.ProtectedGrant{{Group: "aws-group-1", PermissionSet: readOnly}}
				}
				s.commitOf(t, r)
				after(time.Minute)
				s.do(func() { delete(s.live, a.Pair()) })
				after(3 * time.Hour)
				if len(s.notices) != 1 || !strings.HasPrefix(s.notices[0].Key, "provision/drift/") {
					t.Errorf("notices: %+v", s.notices)
				}
				back := mode != "report"
				f := s.facts(t, a)
				if s.isLive(a) != back || f.ReadBack.IsZero() == back || (f.TroubleCode == string(provision.CodeMissing)) == back {
					t.Errorf("live %v, facts %+v", s.isLive(a), f)
				}
				if back && s.audits[len(s.audits)-1].Cause != "drift from commit c1" {
					t.Errorf("audit: %+v", s.audits[len(s.audits)-1])
				}
			})
		})
	}
}

func listingThatLagsOnceIsNoDrift(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		after(time.Minute)
		s.do(func() {
			for l := range s.live[a.Pair()] {
				s.live[a.Pair()][l] = time.Now().Add(10 * time.Second)
			}
		})
		if r := s.sync(t); len(r.Plan.Drift) != 1 {
			t.Errorf("plan: %+v", r.Plan)
		}
		after(5 * time.Minute)
		if f := s.facts(t, a); len(s.notices) != 0 || f.ReadBack.IsZero() || f.Trouble != "" {
			t.Errorf("notices %v, facts %+v", s.notices, f)
		}
	})
}

func TestPlanOverTheBudgetIsRefusedWholeHoweverOftenTried(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3))
		all := spread(27)
		s.commitOf(t, newRepository("c1").with(0, "", all...))
		after(2 * time.Minute)
		few := newRepository("c2").with(0, "", all[6:]...)
		s.commitOf(t, few)
		for range 20 {
			after(time.Minute)
			if r := s.sync(t); len(r.Refused) != 6 || r.Refused[0].Code != provision.CodeBudget {
				t.Fatalf("refused: %+v", r.Refused)
			}
		}
		after(30 * time.Hour)
		if n := s.count("DeleteAccountAssignment"); n != 0 || len(s.notices) != 1 {
			t.Fatalf("%d deletions, notices %+v", n, s.notices)
		}
		allowed := newRepository("c3").with(0, "", all[6:]...)
		allowed.repo.Access.Limits.Allow = &config.RemovalAllowance{Commit: "c2", Removals: 6}
		s.commitOf(t, allowed)
		after(2 * time.Minute)
		for i, a := range all {
			if s.isLive(a) != (i >= 6) {
				t.Errorf("%d %s live: %v", i, a, s.isLive(a))
			}
		}
	})
}

func TestRemovalsWithinTheBudgetGoOnAfterMoreIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2, 3)
		s := started(t, w)
		all := spread(27)
		s.commitOf(t, newRepository("c1").with(0, "", all...))
		after(2 * time.Minute)
		s.do(func() { s.faults = []*scripted{{op: "DeleteAccountAssignment", fail: "Internal error."}} })
		s.commitOf(t, newRepository("c2").with(0, "", all[4:]...))
		after(5 * time.Second)
		s.commitOf(t, newRepository("c3").with(0, "", all[7:]...))
		after(10 * time.Minute)
		for i, a := range all {
			if s.isLive(a) != (i >= 4) {
				t.Errorf("%d %s live: %v", i, a, s.isLive(a))
			}
		}
	})
}

func failedReadMeansNoRemovalInItsCycle(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a, b := grant(1, 1, readOnly), grant(1, 2, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a, b))
		after(time.Minute)
		s.do(func() {
			s.faults = []*scripted{{op: "ListAccountAssignments", err: errLost}, {op: "ListAccountAssignments", err: errLost}, {op: "ListAccountAssignments", err: errLost}}
		})
		s.commitOf(t, newRepository("c2").with(0, "", b))
		r := s.sync(t)
		if len(r.FailedReads) == 0 || r.Started != 0 || s.count("DeleteAccountAssignment") != 0 {
			t.Errorf("report: %+v", r)
		}
		after(2 * time.Minute)
		if s.isLive(a) || !s.isLive(b) {
			t.Errorf("in the end a %v, b %v", s.isLive(a), s.isLive(b))
		}
	})
}

func TestExpiryWaitsWhileTheClockIsInDoubt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(time.Hour, "", a))
		after(time.Minute)
		s.do(func() { s.skew = 2 * time.Minute })
		after(2 * time.Hour)
		if f := s.facts(t, a); !s.isLive(a) || f.TroubleCode != string(provision.CodeClock) || len(s.notices) != 1 {
			t.Errorf("facts %+v, notices %v", f, s.notices)
		}
		s.do(func() { s.skew, s.skewOff = 0, true })
		after(time.Minute)
		if !s.isLive(a) {
			t.Error("removed while no trusted clock is known")
		}
		s.do(func() { s.skewOff = false })
		after(time.Minute)
		if s.isLive(a) {
			t.Error("not removed once the clock is right")
		}
	})
}

func whatCannotBeDoneIsToldAndDoneOnceItCan(t *testing.T) {
	a := grant(1, 1, readOnly)
	tests := []struct {
		name        string
		break_, fix func(w *world)
		code        provision.Code
	}{
		{"permission set missing", func(w *world) { w.setless[readOnly] = true }, func(w *world) { w.setless[readOnly] = false }, provision.CodeSetMissing},
		{"account suspended", func(w *world) {
			w.accounts[a.Account] = provision.AccountState{Found: true, State: "SUSPENDED"}
		}, func(w *world) { delete(w.accounts, a.Account) }, provision.CodeAccountInactive},
		{"account not in the organization", func(w *world) { w.accounts[a.Account] = provision.AccountState{} },
			func(w *world) { delete(w.accounts, a.Account) }, provision.CodeAccountUnknown},
		{"group renamed", func(w *world) {
			w.groups[groupID(1)] = provision.Group{ID: groupID(1), Name: "aws-other", SecurityEnabled: true}
		}, func(w *world) { w.populate(0) }, provision.CodeGroupRenamed},
		{"group unknown", func(w *world) { delete(w.groups, groupID(1)) }, func(w *world) { w.populate(0) }, provision.CodeGroupUnknown},
		{"group is no security group", func(w *world) { w.groups[groupID(1)] = provision.Group{ID: groupID(1), Name: "aws-group-1"} },
			func(w *world) { w.populate(0) }, provision.CodeGroupNotSecurity},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld().populate(1)
				tt.break_(w)
				s := started(t, w)
				s.commitOf(t, newRepository("c1").with(0, "", a))
				after(30 * time.Minute)
				if f := s.facts(t, a); f.TroubleCode != string(tt.code) || f.Trouble == "" {
					t.Errorf("trouble %q: %q", f.TroubleCode, f.Trouble)
				}
				if s.count("CreateAccountAssignment") != 0 || strings.HasPrefix(string(tt.code), "group") && s.writes() != 0 {
					t.Errorf("writes: %+v", s.calls)
				}
				s.do(func() { tt.fix(w) })
				after(30 * time.Minute)
				if n := s.count("Group") + s.count("DescribeAccount"); n > 40 {
					t.Errorf("%d look-ups in an hour", n)
				}
				if f := s.facts(t, a); f.ReadBack.IsZero() || f.Trouble != "" {
					t.Errorf("after the mend: %+v", f)
				}
			})
		})
	}
}

func TestManagementAccountIsNeverTouched(t *testing.T) {
	for _, named := range []string{"config", "organizations"} {
		t.Run("named by "+named, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld().populate(1, 1)
				r := newRepository("c1").with(0, "", grant(1, 1, readOnly), grant(1, 2, readOnly))
				if named == "config" {
					r.repo.Access.ManagementAccount = accountID(1)
				} else {
					w.management = accountID(1)
				}
				s := started(t, w)
				s.commitOf(t, r)
				after(time.Hour)
				if s.isLive(grant(1, 1, readOnly)) || !s.isLive(grant(1, 2, readOnly)) || len(s.notices) != 1 {
					t.Errorf("live: %v, notices %v", s.live, s.notices)
				}
			})
		})
	}
}

func TestManagementAccountUnknownMeansNoChange(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		for range 3 {
			w.faults = append(w.faults, &scripted{op: "DescribeOrganization", err: fault.New(fault.ErrDenied, "describe", "", nil)})
		}
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly)))
		after(11 * time.Second)
		if s.writes() != 0 {
			t.Errorf("writes: %+v", s.calls)
		}
		after(time.Minute)
		if !s.isLive(grant(1, 1, readOnly)) {
			t.Errorf("not granted once it is known: %+v", s.facts(t, grant(1, 1, readOnly)))
		}
	})
}

func TestP10RemovalsGoBeforeAdditionsUnderPressure(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3))
		old := grant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", old))
		after(time.Minute)
		s.do(func() { s.calls = nil })
		s.commitOf(t, newRepository("c2").with(0, "", grant(1, 1, powerUser), grant(2, 1, powerUser), grant(3, 1, powerUser)))
		after(time.Minute)
		for _, c := range s.calls {
			if c.op == "CreateAccountAssignment" || c.op == "DeleteAccountAssignment" {
				if c.op != "DeleteAccountAssignment" {
					t.Errorf("first write: %+v", c)
				}
				break
			}
		}
	})
}

func TestStatusTellsStatesAndTroubles(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		w.setless[admin] = true
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly), grant(1, 1, admin)))
		after(time.Minute)
		o, err := s.engine.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := map[provision.State]int{provision.Live: 1, provision.Adding: 1}
		if diff := cmp.Diff(want, o.States); diff != "" || len(o.Troubles) != 1 || o.Troubles[0].Code != provision.CodeSetMissing {
			t.Errorf("states %s, troubles %+v", diff, o.Troubles)
		}
		if o.Last.Commit != "c1" || !o.EnableChanges || !o.SkewKnown || o.Outstanding != 0 {
			t.Errorf("overview: %+v", o)
		}
	})
}

func TestNewRefusesAMissingPort(t *testing.T) {
	t.Parallel()
	w := newWorld()
	all := provision.Ports{Center: w, Entra: w, Accounts: w, Commits: w, Store: store.NewProvision(store.NewMemory()), Clocks: w, Now: time.Now}
	if _, err := provision.New(all, provision.Options{}); err != nil {
		t.Errorf("without audit and ops: %v", err)
	}
	all.Entra = nil
	if _, err := provision.New(all, provision.Options{}); err == nil {
		t.Error("no error without Entra")
	}
}
