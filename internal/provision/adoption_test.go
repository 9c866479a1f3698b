package provision_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// adopts has a commit adopt assignments, as the code that trusts one does.
func (s *system) adopts(t *testing.T, sha string, list ...config.Assignment) {
	t.Helper()
	err := s.db.Update(t.Context(), "gitops.inforce", func(tx store.Tx) error { return store.MarkAdopted(tx, sha, list) })
	if err != nil {
		t.Fatal(err)
	}
	s.engine.Wake()
}

// withoutFiles is a repository in which neither group 9 nor user 3 has a file.
func withoutFiles(sha string, more ...config.Assignment) *repository {
	r := newRepository(sha).with(0, "", more...)
	delete(r.repo.Groups, "aws-group-9")
	delete(r.repo.Users, "user-3")
	return r
}

// olderAccess is of a group with a grant, of one with a file and no grant, and of a
// group and a user without a file.
func olderAccess() []config.Assignment {
	return []config.Assignment{grant(1, 15, readOnly), grant(8, 15, readOnly), grant(9, 15, readOnly), userGrant(3, 16, readOnly)}
}

// olderWorld has the older access live, and a group that is granted something.
func olderWorld() *world {
	w := newWorld().populate(1, 1, 2, 3, 8, 9)
	w.scim[userID(3)] = scimGroup{id: storeID(userID(3))}
	for _, a := range olderAccess() {
		w.put(a)
	}
	return w
}

// TestWhatIsAdoptedWithTheCommitInForceGoes, whoever has it, whether it was known as
// drift or not, and whether the bot ran when it was adopted, or was killed right after.
func TestWhatIsAdoptedWithTheCommitInForceGoes(t *testing.T) {
	for name, tt := range map[string]struct {
		known               time.Duration
		killed, byPrincipal bool
	}{
		"at once": {}, "known as drift": {known: 30 * time.Hour}, "killed": {known: time.Hour, killed: true}, "killed, known as drift": {known: 30 * time.Hour, killed: true},
		"at once, read by principal": {byPrincipal: true}, "known as drift, read by principal": {known: 9 * 24 * time.Hour, byPrincipal: true},
		"killed, read by principal": {known: time.Hour, killed: true, byPrincipal: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := olderWorld()
				w.byPrincipal = tt.byPrincipal
				s := started(t, w)
				rest := spread(6)
				s.commitOf(t, withoutFiles(sha("a"), rest...))
				after(tt.known)
				if n := s.count("DeleteAccountAssignment"); n != 0 {
					t.Fatalf("%d removals before anything was adopted", n)
				}
				if tt.killed {
					s.stop()
				}
				s.adopts(t, sha("a"), olderAccess()...)
				if tt.killed {
					s = newSystem(t, s.world, s.db, changing)
					s.run(t)
				}
				after(20 * time.Minute)
				if n := s.alive(olderAccess()); n != 0 || s.alive(rest) != len(rest) {
					t.Errorf("%d of the older are left, %d of %d of the others", n, s.alive(rest), len(rest))
				}
				s.do(func() {
					for _, a := range s.audits {
						if a.Action == "assignment.delete" && a.Cause != "commit "+sha("a")[:10] {
							t.Errorf("%s was removed for %q", a.Target, a.Cause)
						}
					}
				})
			})
		})
	}
}

// TestWhatIsAdoptedGoesUnderTheGuards: each that counts holds it, names the commit it
// was adopted with, and lets it go by an allowance for that commit.
func TestWhatIsAdoptedGoesUnderTheGuards(t *testing.T) {
	apart := []config.Assignment{grant(1, 11, readOnly), grant(2, 12, readOnly), grant(1, 13, readOnly), grant(2, 14, readOnly), grant(1, 16, readOnly), grant(2, 17, readOnly)}
	for code, list := range map[provision.Code][]config.Assignment{
		provision.CodeBudget:       apart,
		provision.CodeWholeAccount: accountOf(15, 6, readOnly),
		provision.CodeWholeGroup:   wholeGroup(),
		provision.CodeLastWay:      {grant(1, 15, admin)},
		provision.CodeProtected:    {grant(1, 15, readOnly)},
		provision.CodeManagement:   {{Principal: grant(1, 1, readOnly).Principal, Account: managementAccount, PermissionSet: readOnly}},
	} {
		t.Run(string(code), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld().populate(1, 1, 2, 3, 4, 5, 6, 8)
				for _, a := range append(spread(20), list...) {
					w.put(a)
				}
				s := started(t, w)
				of := func(id string) *repository {
					r := newRepository(id).with(0, "", spread(20)...)
					if code == provision.CodeProtected {
						r.repo.Access.Protected = []config.ProtectedGrant{{Group: "aws-group-1", PermissionSet: readOnly}}
					}
					return r
				}
				first := of(sha("a"))
				s.commitOf(t, first)
				after(time.Hour)
				s.adopts(t, sha("a"), list...)
				after(time.Hour)
				if f := s.facts(t, list[0]); s.alive(list) != len(list) || f.TroubleCode != string(code) {
					t.Fatalf("%d of %d are left, held by %q: %q", s.alive(list), len(list), f.TroubleCode, f.Trouble)
				}
				allowed := of(sha("b")).since(first)
				allowed.repo.Access.Limits.Allow = &config.RemovalAllowance{Commit: sha("a"), Removals: len(list)}
				s.commitOf(t, allowed)
				after(time.Hour)
				stays := 0
				if code == provision.CodeProtected || code == provision.CodeManagement { // whatever is allowed
					stays = len(list)
				}
				if n := s.alive(list); n != stays {
					t.Errorf("%d are left once it is allowed, want %d: %+v", n, stays, s.facts(t, list[0]))
				}
			})
		})
	}
}

// TestWhatIsAdoptedHasNoEndOfAnEarlierGrant: what it once was, and ended, says nothing
// of what is live now, so that the last way in is held, whether the line is still there
// or not.
func TestWhatIsAdoptedHasNoEndOfAnEarlierGrant(t *testing.T) {
	for name, kept := range map[string]bool{"its line is there": true, "its line is gone": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2, 3))
				rest, way := spread(6), grant(1, 15, admin)
				first := newRepository(sha("a")).with(0, "", rest...).with(time.Hour, "", way)
				s.commitOf(t, first)
				after(3 * time.Hour)
				if s.isLive(way) {
					t.Fatal("live after its end")
				}
				s.do(func() { s.put(way) })
				last := newRepository(sha("b")).with(0, "", rest...)
				if kept {
					last = last.with(time.Hour, "", way)
				}
				s.commitOf(t, last.since(first))
				s.adopts(t, sha("b"), way)
				after(3 * time.Hour)
				if f := s.facts(t, way); !s.isLive(way) || f.TroubleCode != string(provision.CodeLastWay) {
					t.Errorf("live %t, held by %q: %q", s.isLive(way), f.TroubleCode, f.Trouble)
				}
			})
		})
	}
}

// TestWhatIsAdoptedIsNoDriftAnyMore: it was held as drift, and is so as the removal of
// the commit it was adopted with, which the allowance names.
func TestWhatIsAdoptedIsNoDriftAnyMore(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := strayed(t, 0, spread(6)...)
		one := accountOf(15, 1, admin)[0]
		s.do(func() { s.put(one) })
		after(30 * time.Hour)
		if f := s.facts(t, one); !s.isLive(one) {
			t.Fatalf("it went as drift: %+v", f)
		}
		s.adopts(t, sha("a"), one)
		after(time.Hour)
		if f := s.facts(t, one); f.TroubleCode != string(provision.CodeLastWay) || !strings.Contains(f.Trouble, sha("a")) {
			t.Errorf("live %t, held by %q: %q", s.isLive(one), f.TroubleCode, f.Trouble)
		}
		allowed := cleared(sha("b"), spread(6)...)
		allowed.repo.Access.Limits.Allow = &config.RemovalAllowance{Commit: sha("a"), Removals: 1}
		s.commitOf(t, allowed)
		after(time.Hour)
		if s.isLive(one) {
			t.Errorf("live once it is allowed: %+v", s.facts(t, one))
		}
	})
}

// TestWhatIsAdoptedAndGrantedAgainStays, also where the bot did not run in between.
func TestWhatIsAdoptedAndGrantedAgainStays(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, olderWorld())
		first := withoutFiles(sha("a"), spread(6)...)
		s.commitOf(t, first)
		after(time.Hour)
		s.stop()
		s.adopts(t, sha("a"), grant(1, 15, readOnly), grant(8, 15, readOnly))
		s = newSystem(t, s.world, s.db, changing)
		s.commitOf(t, withoutFiles(sha("b"), append(spread(6), grant(1, 15, readOnly))...).since(first))
		s.run(t)
		after(time.Hour)
		if !s.isLive(grant(1, 15, readOnly)) || s.isLive(grant(8, 15, readOnly)) {
			t.Errorf("what is granted again is live %t, the rest %t", s.isLive(grant(1, 15, readOnly)), s.isLive(grant(8, 15, readOnly)))
		}
	})
}

// TestOldAccessThatIsAdoptedIsAskedAbout, as what any commit takes away: the bot did
// not make it.
func TestOldAccessThatIsAdoptedIsAskedAbout(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		more := grant(4, 1, powerUser)
		m.do(func() { m.put(more) })
		m.adopts(t, sha("a"), more)
		after(5 * time.Minute)
		if m.isLive(more) {
			t.Fatalf("not taken away: %+v", m.facts(t, more))
		}
		if q := m.question(t, access.CutoverAsked); q.Account != accountID(1) {
			t.Errorf("asked about %+v", q)
		}
		after(within + 5*time.Minute)
		if !m.isLive(more) {
			t.Error("nobody confirmed, and it was not put back")
		}
	})
}

// TestWhatIsAdoptedTwiceIsPutBackAllTheSame: the second time, by the same commit or by
// another one, takes nothing away, so it says nothing of the question about the first,
// whether that is open, is about to be asked, or just ran out; nor does a restart then.
func TestWhatIsAdoptedTwiceIsPutBackAllTheSame(t *testing.T) {
	for name, tt := range map[string]struct {
		commit         string
		early, restart bool
		wait           time.Duration
	}{
		"the same commit, while it is asked": {commit: "a", wait: time.Minute},
		"the same commit, at its end":        {commit: "a", wait: within - 31*time.Second},
		"another commit, while it is asked":  {commit: "b", wait: time.Minute},
		"another commit, and a restart":      {commit: "b", wait: time.Minute, restart: true},
		"the same commit, before it":         {commit: "a", early: true},
		"another commit, before it":          {commit: "b", early: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := onMove(t)
				list := []config.Assignment{grant(4, 1, powerUser), grant(4, 1, readOnly)}
				m.do(func() { m.put(list[0]); m.put(list[1]) })
				m.adopts(t, sha("a"), list...)
				left := 0
				if tt.early {
					left = 1
				}
				for n := 0; n < 300 && m.alive(list) > left; n++ {
					after(time.Second)
				}
				if n := m.alive(list); n != left {
					t.Fatalf("%d are left, want %d", n, left)
				}
				if !tt.early {
					after(30 * time.Second)
					m.question(t, access.CutoverAsked)
				}
				after(tt.wait)
				if tt.commit == "b" {
					m.commitOf(t, asking("b", old(), old2()))
				}
				if tt.restart {
					m.stop()
				}
				m.adopts(t, sha(tt.commit), list...)
				if tt.restart {
					m.start(t)
				}
				after(within + 15*time.Minute)
				m.question(t, access.CutoverRolledBack)
				if n := m.alive(list); n != 2 {
					t.Errorf("nobody confirmed, and %d of 2 were put back: %+v", n, m.noticed())
				}
			})
		})
	}
}

// TestWhatIsAdoptedTwiceWhileEntraIsDown: the question that waits for who has it, and
// the roll-back that waits for whether the group is the same, go on.
func TestWhatIsAdoptedTwiceWhileEntraIsDown(t *testing.T) {
	for op, then := range map[string]time.Duration{"DirectUsers": time.Minute, "Group": within + 2*time.Minute} {
		t.Run(op, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := onMove(t)
				more := grant(4, 1, powerUser)
				m.do(func() { m.put(more); m.down = map[string]error{op: errLost} })
				m.adopts(t, sha("a"), more)
				after(then)
				if m.isLive(more) || len(m.questions(t)) != 1 {
					t.Fatalf("not taken away, or no question: %+v", m.questions(t))
				}
				m.commitOf(t, asking("b", old(), old2()))
				m.adopts(t, sha("b"), more)
				after(10 * time.Second)
				m.do(func() { delete(m.down, op) })
				after(within + 15*time.Minute)
				m.question(t, access.CutoverRolledBack)
				if !m.isLive(more) {
					t.Errorf("nobody confirmed, and it was not put back: %+v", m.noticed())
				}
			})
		})
	}
}
