package provision_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
)

// ssoCalls counts the requests to sso-admin.
func (w *world) ssoCalls() int {
	n := 0
	for _, op := range []string{"ListAccountAssignments", "ListAccountAssignmentsForPrincipal", "CreateAccountAssignment",
		"DeleteAccountAssignment", "ListStatus", "DescribeStatus"} {
		n += w.count(op)
	}
	return n
}

// inAccounts returns grants of a group in accounts 1 to n.
func inAccounts(g, n int) []config.Assignment {
	var out []config.Assignment
	for i := 1; i <= n; i++ {
		out = append(out, grant(g, i, readOnly))
	}
	return out
}

func TestTenGrantsOfAGroupAreReadBackInOneCall(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		w.byPrincipal, w.latency, w.visibility = true, 5*time.Second, 0
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", inAccounts(1, 10)...))
		after(15 * time.Second)
		for _, a := range inAccounts(1, 10) {
			if f := s.facts(t, a); f.ReadBack.IsZero() || f.Created.IsZero() || f.Created.After(f.ReadBack) {
				t.Errorf("%s: %+v", a, f)
			}
		}
		pairs, principals := s.listings()
		if pairs != 0 || principals != 2 || s.count("DescribeStatus") != 0 {
			t.Errorf("%d pairs and %d principals read, %d operations described", pairs, principals, s.count("DescribeStatus"))
		}
		if n := s.ssoCalls(); n > 18 {
			t.Errorf("%d calls for ten grants, want at most 18: %+v", n, s.calls)
		}
	})
}

func TestOnlyTheKindThatIsOutIsListed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		s.commitOf(t, newRepository("c1").with(0, "", inAccounts(1, 4)...))
		after(time.Minute)
		s.commitOf(t, newRepository("c2").with(0, "", grant(1, 1, readOnly)))
		for _, c := range s.calls {
			if c.op == "ListStatus" && c.key != string(provision.Create) {
				t.Errorf("listed %s while only creations were out", c.key)
			}
		}
		s.forget()
		after(time.Minute)
		for _, c := range s.calls {
			if c.op == "ListStatus" && c.key != string(provision.Delete) {
				t.Errorf("listed %s while only deletions were out", c.key)
			}
		}
		if s.count("ListStatus") == 0 || s.isLive(grant(1, 4, readOnly)) {
			t.Error("the deletions were not followed")
		}
	})
}

func absenceFromTheListIsNoSuccess(t *testing.T) {
	for _, fails := range []struct{ name, reason string }{{"failed", "Internal error."}, {"never listed", ""}} {
		t.Run(fails.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld().populate(1, 1)
				w.visibility = 0
				w.faults = []*scripted{{op: "CreateAccountAssignment", fail: fails.reason, unheard: fails.reason == ""}}
				s := started(t, w)
				s.commitOf(t, newRepository("c1").with(0, "", inAccounts(1, 4)...))
				after(15 * time.Second)
				good, told := 0, 0
				for _, a := range inAccounts(1, 4) {
					f := s.facts(t, a)
					if !f.ReadBack.IsZero() {
						good++
						if !s.isLive(a) {
							t.Errorf("%s is called live and is not", a)
						}
					}
					if fails.reason != "" && f.TroubleCode == string(provision.CodeFailed) && strings.Contains(f.Trouble, "Internal error") {
						told++
					}
				}
				if good != 3 || fails.reason != "" && told != 1 {
					t.Errorf("%d live, %d told with the reason", good, told)
				}
				if n := s.count("DescribeStatus"); n != 1 {
					t.Errorf("%d operations described, want the one that the reading contradicts", n)
				}
				after(10 * time.Minute)
				for _, a := range inAccounts(1, 4) {
					if f := s.facts(t, a); f.ReadBack.IsZero() || f.Trouble != "" {
						t.Errorf("in the end %s: %+v", a, f)
					}
				}
			})
		})
	}
}

func deletionThatFailedIsNotCalledRemoved(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2, 3)
		s := started(t, w)
		all := spread(27)
		s.commitOf(t, newRepository("c1").with(0, "", all...))
		after(3 * time.Minute)
		s.do(func() { s.faults = []*scripted{{op: "DeleteAccountAssignment", fail: "Internal error."}} })
		s.commitOf(t, newRepository("c2").with(0, "", all[3:]...))
		after(15 * time.Second)
		for _, a := range all[:3] {
			if f := s.facts(t, a); !f.Removed.IsZero() == s.isLive(a) {
				t.Errorf("%s live %v: %+v", a, s.isLive(a), f)
			}
		}
		after(5 * time.Minute)
		for _, a := range all[:3] {
			if s.isLive(a) {
				t.Errorf("%s stays", a)
			}
		}
	})
}

func operationThatTheListDoesNotKnowYetGoesOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		w.latency, w.listLag = 12*time.Second, 6*time.Second
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", inAccounts(1, 3)...))
		after(11 * time.Second)
		for _, a := range inAccounts(1, 3) {
			if f := s.facts(t, a); !f.ReadBack.IsZero() || !f.Created.IsZero() || f.Trouble != "" {
				t.Errorf("while it runs: %+v", f)
			}
		}
		after(time.Minute)
		for _, a := range inAccounts(1, 3) {
			if f := s.facts(t, a); f.ReadBack.IsZero() {
				t.Errorf("in the end: %+v", f)
			}
		}
		if n := s.count("CreateAccountAssignment"); n != 3 || s.conflicts != 0 {
			t.Errorf("%d creations, %d conflicts", n, s.conflicts)
		}
	})
}

func throttledListIsAskedAgainLater(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		for range 3 {
			w.faults = append(w.faults, &scripted{op: "ListStatus", err: &fault.Error{Kind: fault.ErrThrottled, Op: "list", RetryAfter: 4 * time.Second}})
		}
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", inAccounts(1, 3)...))
		after(12 * time.Second)
		if n := s.count("ListStatus"); n > 3 {
			t.Errorf("%d lists in 12 s while asked to wait 4 s each time", n)
		}
		after(time.Minute)
		for _, a := range inAccounts(1, 3) {
			if f := s.facts(t, a); f.ReadBack.IsZero() {
				t.Errorf("in the end: %+v", f)
			}
		}
	})
}
