package provision_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
)

// clearings are merges by which what no commit declares may go.
type clearings struct {
	name        string
	first, then func(r *repository) *repository
	found       []config.Assignment
	snoozed     int // of found
	// goes is how many are told, later how many as left alone; -1 that nothing is.
	goes, later int
	want        []provision.Code
}

func clearingsOf() []clearings {
	reports := func(more ...config.Assignment) func(r *repository) *repository {
		return func(r *repository) *repository {
			r = cleared(r.sha, more...)
			r.repo.Access.Drift = config.DriftReport
			return r
		}
	}
	reverts := func(more ...config.Assignment) func(r *repository) *repository {
		return func(r *repository) *repository { return cleared(r.sha, more...) }
	}
	phase := func(n config.Phase) func(r *repository) *repository {
		return func(r *repository) *repository {
			r = cleared(r.sha)
			r.repo.Access.Phase = n
			return r
		}
	}
	protects := func(does func(r *repository) *repository) func(r *repository) *repository {
		return func(r *repository) *repository {
			r = does(r)
			r.repo.Access.Protected = []config.ProtectedGrant{{Group: "aws-group-2", PermissionSet: powerUser}}
			return r
		}
	}
	mine := []config.Assignment{grant(1, 2, powerUser), grant(1, 3, powerUser), grant(1, 4, powerUser)}
	group, codes := []config.Assignment{}, func(list ...provision.Code) []provision.Code { return list }
	for n := 11; n <= 16; n++ {
		group = append(group, grant(9, n, powerUser))
	}
	return []clearings{
		{name: "a few", first: reports(), then: reverts(), found: strays(4), goes: 4},
		{name: "a few, by the phase", first: phase(2), then: phase(3), found: strays(4), goes: 4},
		{name: "nothing is known", first: reports(), then: reverts()},
		{name: "drift is still reported", first: reports(), then: reports(mine...), found: strays(4), goes: -1},
		{name: "it was so before", first: reverts(), then: reverts(mine...), found: strays(7), goes: -1, want: codes(provision.CodeBudget)},
		{name: "more than the budget", first: reports(), then: reverts(), found: strays(7), goes: 7, want: codes(provision.CodeBudget)},
		{name: "more than the budget, and allowed by the same merge", first: reports(), then: func(r *repository) *repository {
			r = cleared(r.sha)
			r.repo.Access.Limits.Allow = &config.RemovalAllowance{Commit: sha("a"), Removals: 7}
			return r
		}, found: strays(7), goes: 7},
		{name: "as many as owned ones leave", first: reports(mine...), then: reverts(mine[2:]...), found: strays(3), goes: 3},
		{name: "more than owned ones leave", first: reports(mine...), then: reverts(), found: strays(3), goes: 3, want: codes(provision.CodeBudget)},
		{name: "all that a group has there", first: reports(), then: func(r *repository) *repository {
			r = cleared(r.sha)
			r.repo.Groups["aws-group-9"].Access = nil
			return r
		}, found: group, goes: 6, want: codes(provision.CodeWholeGroup)},
		{name: "the last way into an account", first: reports(), then: reverts(), found: []config.Assignment{grant(2, 15, admin)}, goes: 1, want: codes(provision.CodeLastWay)},
		{name: "some are snoozed", first: reports(), then: reverts(), found: strays(7), snoozed: 3, goes: 4, later: 3},
		{name: "some are declared", first: reports(), then: reverts(strays(7)[:3]...), found: strays(7), goes: 4},
		{name: "one is protected", first: reports(), then: protects(reverts()), found: append(strays(3), grant(2, 5, powerUser)), goes: 3},
		{name: "one is protected no more", first: protects(reverts()), then: reverts(), found: []config.Assignment{grant(2, 5, powerUser)}, goes: 1},
	}
}

// refused returns the codes by which guards hold back what no commit declares, sorted.
func (s *system) refused(t *testing.T) []provision.Code {
	t.Helper()
	report, err := s.engine.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	codes := []provision.Code{}
	for _, r := range report.Refused {
		if r.Change.Cause.Kind == provision.CauseDrift {
			codes = append(codes, r.Code)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// TestWhatIsForetoldOfTheUndeclaredIsWhatIsHeld: before the merge that has it removed,
// how much is known and which guard holds it; and the allowance that is foretold lets
// it pass.
func TestWhatIsForetoldOfTheUndeclaredIsWhatIsHeld(t *testing.T) {
	for _, tt := range clearingsOf() {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7, 8, 9))
				first := tt.first(newRepository(sha("a")))
				s.commitOf(t, first)
				after(30 * time.Minute)
				s.foundByHand(t, tt.found...)
				for _, f := range s.known(t)[:tt.snoozed] {
					if err := s.engine.SnoozeDrift(t.Context(), f.ID, time.Now().Add(24*time.Hour)); err != nil {
						t.Fatal(err)
					}
				}
				next := tt.then(newRepository(sha("b"))).since(first)
				s.do(func() { s.calls = nil })
				m := mergeOf(first, next)
				f, err := s.engine.Foretell(t.Context(), m)
				if err != nil {
					t.Fatal(err)
				}
				if offline := provision.Foretell(m).Undeclared; (offline != nil) != (f.Undeclared != nil) && tt.name != "one is protected no more" || offline != nil && (offline.Known || len(offline.Goes) > 0) {
					t.Errorf("foretold by the config: %+v", offline)
				}
				if s.do(func() {
					if len(s.calls) > 0 {
						t.Errorf("foretelling asked AWS: %v", s.calls)
					}
				}); tt.goes < 0 {
					if f.Undeclared != nil {
						t.Errorf("foretold though nothing changes: %+v", f.Undeclared)
					}
					return
				}
				if u := f.Undeclared; u == nil || len(u.Goes) != tt.goes || u.Later != tt.later || !u.Known || u.Read.IsZero() && len(tt.found) > 0 {
					t.Fatalf("foretold %+v", u)
				}
				want := append([]provision.Code{}, tt.want...)
				if diff := cmp.Diff(want, codesOf(f)); diff != "" {
					t.Errorf("foretold (-want +got):\n%s\n%+v", diff, f)
				}
				s.commitOf(t, next)
				after(3 * time.Hour)
				stay := len(tt.found) - tt.goes
				if len(want) > 0 {
					stay = len(tt.found)
				}
				if n := s.alive(tt.found); n != stay {
					t.Errorf("%d of %d are left, want %d", n, len(tt.found), stay)
				}
				if diff := cmp.Diff(want, s.refused(t)); diff != "" {
					t.Fatalf("held (-foretold +got):\n%s", diff)
				}
				if len(want) > 0 {
					s.allows(t, tt.then(newRepository(sha("c"))).since(next), f)
					if n := s.alive(tt.found); n != 0 {
						t.Errorf("%d are left with the allowance that was foretold: %+v", n, f.Holds)
					}
				}
			})
		})
	}
}

// allows merges the allowance that is foretold for what no commit declares.
func (s *system) allows(t *testing.T, r *repository, f access.Foretold) {
	t.Helper()
	var said []access.Notice
	for _, h := range f.Holds {
		if h.Allowed || h.Mend == "" {
			t.Errorf("%+v", h)
		}
		said = append(said, access.Notice{Text: h.Mend})
	}
	if f.AllowLines() != "" {
		t.Errorf("an allowance for the merge commit, for nothing: %s", f.AllowLines())
	}
	r.repo.Access.Limits.Allow = merged(t, said, "")
	s.commitOf(t, r)
	after(3 * time.Hour)
}

// TestWhoIsNotKnownByNameIsForetoldAndCounts: nobody can be removed of whom it is not
// known who he is, and he takes room from the others.
func TestWhoIsNotKnownByNameIsForetoldAndCounts(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7, 8, 9)
		list := visitors(w, 6)
		w.down = map[string]error{"Describe " + storeID(list[5].Principal.ID): errLost}
		s := started(t, w)
		first := cleared(sha("a"))
		first.repo.Access.Drift = config.DriftReport
		s.commitOf(t, first)
		after(30 * time.Hour)
		next := cleared(sha("b")).since(first)
		f, err := s.engine.Foretell(t.Context(), mergeOf(first, next))
		if err != nil || f.Undeclared == nil || cmp.Diff([]provision.Code{provision.CodeBudget}, codesOf(f)) != "" {
			t.Fatalf("%v: foretold %+v", err, f)
		}
		all := strings.Join(f.Undeclared.Goes, "\n")
		for _, part := range []string{"visitors-21 with ReadOnlyAccess in account-1", "the group " + storeID(list[5].Principal.ID) + " of Identity Center, of which the name is not known yet, with ReadOnlyAccess"} {
			if len(f.Undeclared.Goes) != 6 || !strings.Contains(all, part) {
				t.Errorf("%q is not in\n%s", part, all)
			}
		}
		s.commitOf(t, next)
		after(3 * time.Hour)
		if got := s.refused(t); s.alive(list) != 6 || cmp.Diff([]provision.Code{provision.CodeBudget}, got) != "" {
			t.Errorf("%d of 6 are left, held by %v", s.alive(list), got)
		}
	})
}
