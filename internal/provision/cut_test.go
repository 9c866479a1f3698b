package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// seven of these get a near end: of groups 1 to 3, in accounts that have others.
func cutOf(all []config.Assignment) []config.Assignment { return all[:7] }

// TestAnEndThatACommitSetsCountsAsARemovalByIt, however far away it is: the budget
// holds, also over a restart, and what it prints fits.
func TestAnEndThatACommitSetsCountsAsARemovalByIt(t *testing.T) {
	for name, tt := range map[string]struct{ before, end time.Duration }{
		"they were standing": {0, time.Minute}, "they were long": {1000 * time.Hour, time.Minute},
		"more than a day": {0, 25 * time.Hour}, "two days, of forty": {960 * time.Hour, 48 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			before, end := tt.before, tt.end
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2, 3))
				all := spread(27)
				mine := cutOf(all)
				s.commitOf(t, newRepository(sha("a")).with(before, "", mine...).with(0, "", all[7:]...))
				after(time.Hour)
				short := newRepository(sha("b")).with(end, "", mine...).with(0, "", all[7:]...)
				s.commitOf(t, short)
				after(30 * time.Second)
				s.stop()
				s = newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
				s.run(t)
				after(end + 4*time.Hour)
				if n := s.alive(mine); n != 7 {
					t.Fatalf("%d of 7 are left: a commit took them away round the budget", n)
				}
				if f := s.facts(t, mine[0]); f.TroubleCode != string(provision.CodeBudget) {
					t.Errorf("it is held by %q: %q", f.TroubleCode, f.Trouble)
				}
				allow := merged(t, s.noticed(), "limit is 5")
				if allow.Commit != sha("b") || allow.Removals != 7 {
					t.Fatalf("printed %+v", allow)
				}
				r := newRepository(sha("c")).with(end, "", mine...).with(0, "", all[7:]...).since(short)
				r.repo.Access.Limits.Allow = allow
				s.commitOf(t, r)
				after(time.Hour)
				if n := s.alive(mine); n != 0 {
					t.Errorf("%d are left after the allowance was merged as printed", n)
				}
			})
		})
	}
}

// TestEndsThatNoCommitBroughtNearGoAsBefore, outside the budget.
func TestEndsThatNoCommitBroughtNearGoAsBefore(t *testing.T) {
	all := spread(27)
	mine := cutOf(all)
	tests := map[string]struct {
		first, then func(r *repository) *repository
		wait        time.Duration
	}{
		"fresh grants of five minutes": {func(r *repository) *repository { return r },
			func(r *repository) *repository { return r.with(5*time.Minute, "", mine...) }, 10 * time.Minute},
		"time-boxed from the start": {func(r *repository) *repository { return r.with(3*time.Hour, "", mine...) },
			func(r *repository) *repository { return r.with(3*time.Hour, "", mine...) }, 4 * time.Hour},
		"made longer": {func(r *repository) *repository { return r.with(3*time.Hour, "", mine...) },
			func(r *repository) *repository { return r.with(5*time.Hour, "", mine...) }, 6 * time.Hour},
		"brought near for five, which may go in a day": {func(r *repository) *repository { return r.with(0, "", mine[:5]...).with(50*time.Hour, "", mine[5:]...) },
			func(r *repository) *repository {
				return r.with(25*time.Hour, "", mine[:5]...).with(50*time.Hour, "", mine[5:]...)
			}, 51 * time.Hour},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2, 3))
				first := tt.first(newRepository("c1").with(0, "", all[7:]...))
				s.commitOf(t, first)
				after(10 * time.Minute)
				s.commitOf(t, tt.then(newRepository("c2").with(0, "", all[7:]...)).since(first))
				after(2 * time.Minute)
				if n := s.alive(mine); n != 7 {
					t.Fatalf("%d of 7 are live to begin with", n)
				}
				after(tt.wait)
				if n := s.alive(mine); n != 0 {
					t.Errorf("%d of 7 are left: %+v", n, s.facts(t, mine[0]))
				}
			})
		})
	}
}

// TestTheLastWayStaysHoweverItsEndIsBroughtNear, and so does a whole account.
func TestTheLastWayStaysHoweverItsEndIsBroughtNear(t *testing.T) {
	door := grant(1, 1, admin)
	tests := map[string][]func(sha string) *repository{
		"a near end": {
			func(sha string) *repository { return newRepository(sha).with(0, "", door) },
			func(sha string) *repository { return newRepository(sha).with(time.Minute, "", door) },
		},
		"an end, and then the line goes": {
			func(sha string) *repository { return newRepository(sha).with(0, "", door) },
			func(sha string) *repository { return newRepository(sha).with(20*time.Hour, "", door) },
			newRepository,
		},
		"an end far away": {
			func(sha string) *repository { return newRepository(sha).with(0, "", door) },
			func(sha string) *repository { return newRepository(sha).with(25*time.Hour, "", door) },
		},
		"an end, and then a later one": {
			func(sha string) *repository { return newRepository(sha).with(0, "", door) },
			func(sha string) *repository { return newRepository(sha).with(20*time.Minute, "", door) },
			func(sha string) *repository { return newRepository(sha).with(30*time.Minute, "", door) },
		},
		"a line with an end beside it, and then the standing one goes": {
			func(sha string) *repository { return newRepository(sha).with(0, "", door) },
			func(sha string) *repository {
				return newRepository(sha).with(0, "", door).with(12*time.Minute, "", door)
			},
			func(sha string) *repository { return newRepository(sha).with(12*time.Minute, "", door) },
		},
		"it goes, is held, and comes back with a near end": {
			func(sha string) *repository { return newRepository(sha).with(0, "", door) },
			newRepository,
			func(sha string) *repository { return newRepository(sha).with(time.Minute, "", door) },
		},
	}
	for name, commits := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2))
				last := newRepository("c")
				for i, commit := range commits {
					r := commit("c"+string(rune('1'+i))).with(0, "", grant(2, 2, readOnly)).since(last)
					s.commitOf(t, r)
					last = r
					after(10 * time.Minute)
				}
				after(30 * time.Hour)
				if f := s.facts(t, door); !s.isLive(door) || f.TroubleCode != string(provision.CodeLastWay) {
					t.Errorf("the last way is live %v; %q", s.isLive(door), f.TroubleCode)
				}
			})
		})
	}
}

// TestAWholeAccountIsNotEndedByACommit that sets a near end for all of it.
func TestAWholeAccountIsNotEndedByACommit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6))
		var whole []config.Assignment
		for n := 1; n <= 5; n++ {
			whole = append(whole, grant(n, 1, readOnly))
		}
		rest := grant(6, 6, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", whole...).with(0, "", rest))
		after(10 * time.Minute)
		s.commitOf(t, newRepository("c2").with(time.Minute, "", whole...).with(0, "", rest))
		after(3 * time.Hour)
		if f := s.facts(t, whole[0]); s.alive(whole) != 5 || f.TroubleCode != string(provision.CodeWholeAccount) {
			t.Errorf("%d of 5 are left, held by %q", s.alive(whole), f.TroubleCode)
		}
	})
}

// TestAnEndThatACommitSetWaitsForTheClockToo: it hangs on the time as any other.
func TestAnEndThatACommitSetWaitsForTheClockToo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2))
		a, b := grant(1, 1, readOnly), grant(2, 2, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", a, b))
		after(10 * time.Minute)
		s.commitOf(t, newRepository("c2").with(time.Hour, "", a).with(0, "", b))
		after(time.Minute)
		s.do(func() { s.skew = 2 * time.Hour })
		after(2 * time.Hour)
		if f := s.facts(t, a); !s.isLive(a) || f.TroubleCode != string(provision.CodeClock) {
			t.Errorf("live %v; %+v", s.isLive(a), f)
		}
		s.do(func() { s.skew = 0 })
		after(30 * time.Minute)
		if s.isLive(a) {
			t.Error("not removed once the clock is right")
		}
	})
}
