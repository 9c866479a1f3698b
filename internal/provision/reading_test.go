package provision_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/store"
)

// listings counts the readings of both kinds.
func (w *world) listings() (pairs, principals int) {
	return w.count("ListAccountAssignments"), w.count("ListAccountAssignmentsForPrincipal")
}

// forget drops the request log.
func (w *world) forget() { w.do(func() { w.calls = nil }) }

// settled makes a system in which 27 grants of three groups are live.
func settled(t *testing.T, w *world) *system {
	t.Helper()
	s := started(t, w.populate(1, 1, 2, 3))
	s.commitOf(t, newRepository("c1").with(0, "", spread(27)...))
	after(3 * time.Minute)
	s.forget()
	return s
}

func TestFullCheckReadsThreePrincipalsInsteadOf27Pairs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld()
		w.byPrincipal = true
		s := settled(t, w)
		r := s.sync(t)
		pairs, principals := s.listings()
		if pairs != 0 || principals != 3 || len(r.Plan.Live) != 27 || !r.Plan.Empty() {
			t.Errorf("%d pairs and %d principals read, plan %+v", pairs, principals, r.Plan)
		}
		want := &provision.Choice{Way: provision.ByPrincipal, Principals: 3, Estimated: 3, Made: 3, PairsAlone: 9, PrincipalsAlone: 3}
		if diff := cmp.Diff(want, r.Check); diff != "" {
			t.Errorf("choice (-want +got):\n%s", diff)
		}
	})
}

func TestAccountThatMayNotReadByPrincipalIsAskedOnceAndPairsAreRead(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newSystem(t, newWorld().populate(1, 1, 2, 3), store.NewMemory(), provision.Options{EnableChanges: true, Sweep: -1})
		s.run(t)
		s.commitOf(t, newRepository("c1").with(0, "", spread(27)...))
		after(3 * time.Minute)
		_, asked := s.listings()
		if r := s.sync(t); len(r.Plan.Live) != 27 || r.Check.Way != provision.ByPair || r.Check.Made != 9 || r.Check.PrincipalsAlone != 0 {
			t.Errorf("check %+v, plan %+v", r.Check, r.Plan)
		}
		after(5 * time.Hour)
		if _, n := s.listings(); asked == 0 || asked > 3 || n != asked {
			t.Errorf("asked by principal %d times at first, %d times in 5 hours", asked, n)
		}
		s.do(func() { s.byPrincipal = true })
		after(2*time.Hour + time.Minute)
		if r := s.sync(t); r.Check.Way != provision.ByPrincipal {
			t.Errorf("not found out when it may after all: %+v", r.Check)
		}
	})
}

func deniedHalfWayThroughACheckIsMadeUpForByPair(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld()
		w.byPrincipal = true
		s := settled(t, w)
		s.do(func() { s.byPrincipal = false })
		r := s.sync(t)
		if len(r.Plan.Live) != 27 || len(r.FailedReads)+len(r.FailedPrincipals) != 0 || r.Check.Way != provision.ByPair || r.Check.Made != 3+9 {
			t.Errorf("check %+v, plan %+v, failed %v %v", r.Check, r.Plan, r.FailedReads, r.FailedPrincipals)
		}
	})
}

func TestP4PrincipalThatCannotBeReadMeansNoRemovalInItsCycle(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld()
		w.byPrincipal = true
		s := settled(t, w)
		all := spread(27)
		s.do(func() {
			for range 9 {
				s.faults = append(s.faults, &scripted{op: "ListAccountAssignmentsForPrincipal", err: errLost})
			}
		})
		s.commitOf(t, newRepository("c2").with(0, "", all[2:]...))
		if r := s.sync(t); len(r.FailedPrincipals) == 0 || s.count("DeleteAccountAssignment") != 0 {
			t.Errorf("failed %v, %d deletions", r.FailedPrincipals, s.count("DeleteAccountAssignment"))
		}
		after(10 * time.Minute)
		for i, a := range all {
			if s.isLive(a) != (i >= 2) {
				t.Errorf("in the end %s live: %v", a, s.isLive(a))
			}
		}
	})
}

func TestPrincipalThatAWSDoesNotKnowIsReadByItsPairs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld()
		w.byPrincipal = true
		s := settled(t, w)
		s.do(func() {
			s.faults = []*scripted{{op: "ListAccountAssignmentsForPrincipal", err: fault.New(fault.ErrNotFound, "list", "", nil)}}
		})
		r := s.sync(t)
		if pairs, principals := s.listings(); pairs != 9 || principals != 3 || len(r.Plan.Live) != 27 || len(r.FailedPrincipals) != 0 {
			t.Errorf("%d pairs, %d principals, %d live, failed %v", pairs, principals, len(r.Plan.Live), r.FailedPrincipals)
		}
	})
}

func TestUndeclaredAssignmentOfAKnownPrincipalIsSeenWhereverItIs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld()
		w.byPrincipal = true
		s := settled(t, w)
		undeclared := grant(2, 17, admin)
		s.do(func() { s.put(undeclared) })
		want := []provision.Extra{{Pair: undeclared.Pair(), Principal: &undeclared.Principal,
			Live: provision.LiveAssignment{PrincipalID: storeID(groupID(2)), Kind: config.GroupPrincipal}}}
		if diff := cmp.Diff(want, s.sync(t).Plan.Extra); diff != "" {
			t.Errorf("extra (-want +got):\n%s", diff)
		}
		after(3 * time.Hour)
		if !s.isLive(undeclared) {
			t.Error("it was removed")
		}
	})
}

func TestDriftIsSeenByPrincipal(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld()
		w.byPrincipal = true
		s := settled(t, w)
		a := spread(27)[4]
		s.do(func() { delete(s.live, a.Pair()) })
		after(2 * time.Hour)
		if f := s.facts(t, a); f.TroubleCode != string(provision.CodeMissing) {
			t.Errorf("facts: %+v", f)
		}
	})
}

func TestMissingSetIsToldThoughOnlyThePrincipalWasRead(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld()
		w.byPrincipal = true
		s := settled(t, w)
		s.do(func() { s.setless[admin] = true })
		all := append(spread(27), grant(1, 11, admin), grant(1, 12, admin))
		s.commitOf(t, newRepository("c2").with(0, "", all...))
		after(time.Minute)
		for _, a := range all[27:] {
			if f := s.facts(t, a); f.TroubleCode != string(provision.CodeSetMissing) {
				t.Errorf("%s: %+v", a, f)
			}
		}
		if pairs, _ := s.listings(); pairs != 0 || s.count("CreateAccountAssignment") != 0 {
			t.Errorf("%d pairs read, %d creations", pairs, s.count("CreateAccountAssignment"))
		}
		s.do(func() { s.setless[admin] = false })
		after(20 * time.Minute)
		if !s.isLive(all[27]) || !s.isLive(all[28]) {
			t.Error("not granted once the set is there")
		}
	})
}

func TestEverythingThatIsLiveIsReadOnceADay(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		stranger := provision.LiveAssignment{PrincipalID: "somebody", Kind: config.UserPrincipal}
		far := config.Pair{Account: accountID(19), PermissionSet: "Forgotten"}
		w.live[far] = map[provision.LiveAssignment]time.Time{stranger: {}}
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly)))
		after(30 * time.Minute)
		if r := s.sync(t); r.Complete != nil || len(r.Plan.Extra) != 0 {
			t.Errorf("at first: %+v", r)
		}
		after(2 * time.Hour)
		r := s.sync(t)
		if r.Complete == nil || !slices.Equal(r.Complete.Extra, []provision.Extra{{Pair: far, Live: stranger}}) || r.Complete.Calls == 0 {
			t.Fatalf("complete: %+v", r.Complete)
		}
		first := s.count("ListPermissionSets")
		after(20 * time.Hour)
		if n := s.count("ListPermissionSets"); n != first {
			t.Errorf("%d complete readings in a day", n)
		}
		after(6 * time.Hour)
		if n := s.count("ListPermissionSets"); n != first+1 {
			t.Errorf("%d complete readings after more than a day", n)
		}
	})
}

func TestWhatIsUrgentDoesNotWaitForALongCheck(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2, 3)
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", spread(135)...))
		after(10 * time.Minute)
		s.do(func() { s.slow = time.Second })
		go func() { _, _ = s.engine.Sync(t.Context()) }()
		after(2 * time.Second)
		s.forget()
		begun := time.Now()
		revoked := spread(135)[0]
		s.commitOf(t, newRepository("c2").with(0, "", spread(135)[1:]...))
		for s.count("DeleteAccountAssignment") == 0 && time.Since(begun) < time.Minute {
			after(100 * time.Millisecond)
		}
		if d := time.Since(begun); d > 6*time.Second {
			t.Errorf("the removal began %s after its commit", d)
		}
		after(time.Minute)
		if s.isLive(revoked) {
			t.Error("not removed")
		}
	})
}
