package provision_test

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
)

// sha makes a commit id of one digit.
func sha(digit string) string { return strings.Repeat(digit, 40) }

// cleared is a repository of phase 3 with drift: revert, of commit id, in which
// groups 1 to 9 have an account each and what more is given.
func cleared(id string, more ...config.Assignment) *repository {
	r := newRepository(id)
	for n := 1; n <= 9; n++ {
		r = r.with(0, "", grant(n, n, readOnly))
	}
	r.repo.Access.Phase, r.repo.Access.Drift = 3, config.DriftRevert
	return r.with(0, "", more...)
}

// strays are n assignments, at most 15, that nobody declares, of groups that are
// declared elsewhere, in pairs that are declared of others.
func strays(n int) []config.Assignment {
	var out []config.Assignment
	for i := range n {
		out = append(out, grant(i%8+2, 1+i/8*8, readOnly))
	}
	return out
}

// strayed is a started system in which n assignments are live that no commit
// declares, and which has looked at them twice.
func strayed(t *testing.T, n int, more ...config.Assignment) *system {
	t.Helper()
	w := newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	for _, a := range strays(n) {
		w.put(a)
	}
	s := started(t, w)
	s.commitOf(t, cleared(sha("a"), more...))
	after(3 * time.Hour)
	return s
}

func (s *system) alive(list []config.Assignment) int {
	n := 0
	for _, a := range list {
		if s.isLive(a) {
			n++
		}
	}
	return n
}

// merged is a repo of the example whose limits have the allowance that a notice
// prints, and nothing else that it had not.
func merged(t *testing.T, notices []access.Notice, says string) *config.RemovalAllowance {
	t.Helper()
	printed := regexp.MustCompile(`limits: \{(allow: \{[^}]*\})\}`)
	var found string
	for _, n := range notices {
		if m := printed.FindStringSubmatch(n.Text); m != nil && strings.Contains(n.Text, says) {
			found = m[1]
		}
	}
	if found == "" {
		t.Fatalf("no notice prints an allowance and says %q: %+v", says, notices)
	}
	files := fstest.MapFS{}
	err := fs.WalkDir(example.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(example.FS(), path)
		files[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text := string(files["aws-access.yaml"].Data)
	files["aws-access.yaml"].Data = []byte(strings.Replace(text, "limits:\n", "limits:\n  "+found+"\n", 1))
	repo, err := config.Load(files)
	if err != nil {
		t.Fatalf("what is printed is no config: %s: %v", found, err)
	}
	return repo.Access.Limits.Allow
}

// TestOwnedRemovalsGoOnThoughUndeclaredOnesAreOverTheBudget: each is refused on
// its own.
func TestOwnedRemovalsGoOnThoughUndeclaredOnesAreOverTheBudget(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		mine := []config.Assignment{grant(1, 2, powerUser), grant(1, 3, powerUser)}
		s := strayed(t, 7, mine...)
		if n := s.alive(strays(7)); n != 7 {
			t.Fatalf("%d of 7 are left, and the budget is five", n)
		}
		s.commitOf(t, cleared(sha("b")))
		after(3 * time.Hour)
		if n := s.alive(mine); n != 0 {
			t.Errorf("%d owned ones were not removed: %+v", n, s.facts(t, mine[0]))
		}
		if n := s.alive(strays(7)); n != 7 {
			t.Errorf("%d of 7 undeclared ones are left, over the budget", n)
		}
	})
}

// TestUndeclaredOnesHaveWhatOwnedRemovalsLeave of the budget of five.
func TestUndeclaredOnesHaveWhatOwnedRemovalsLeave(t *testing.T) {
	for going, left := range map[int]int{2: 0, 3: 3} {
		t.Run(fmt.Sprintf("%d owned go", going), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7, 8, 9)
				s := started(t, w)
				mine := []config.Assignment{grant(1, 2, powerUser), grant(1, 3, powerUser), grant(1, 4, powerUser)}
				s.commitOf(t, cleared(sha("a"), mine...))
				after(10 * time.Minute)
				for _, a := range strays(3) {
					s.do(func() { w.put(a) })
				}
				after(61 * time.Minute) // found, and not looked at again
				s.commitOf(t, cleared(sha("b"), mine[going:]...))
				after(3 * time.Hour)
				if n := s.alive(mine[:going]); n != 0 {
					t.Errorf("%d owned ones are left", n)
				}
				if n := s.alive(strays(3)); n != left {
					t.Errorf("%d undeclared ones are left, want %d", n, left)
				}
				if left == 0 {
					return
				}
				after(24 * time.Hour)
				if n := s.alive(strays(3)); n != 0 {
					t.Errorf("%d undeclared ones are left a day later", n)
				}
			})
		})
	}
}

// TestTheAllowanceThatIsPrintedForUndeclaredOnesFits, though writing it is a
// merge and the process was started anew: nothing more goes than it says.
func TestTheAllowanceThatIsPrintedForUndeclaredOnesFits(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := strayed(t, 7)
		s.commitOf(t, cleared(sha("b"))) // somebody else's merge
		after(2 * time.Hour)
		s.stop()
		s = newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
		s.run(t)
		allow := merged(t, s.noticed(), "no commit declares")
		if allow.Commit != sha("a") || allow.Removals != 7 {
			t.Fatalf("printed %+v, want the commit in force when they were first seen", allow)
		}
		r := cleared(sha("c"))
		r.repo.Access.Limits.Allow = allow
		s.commitOf(t, r)
		after(3 * time.Hour)
		if n := s.alive(strays(7)); n != 0 {
			t.Errorf("%d of 7 are left after the allowance was merged as printed: %+v", n, s.known(t))
		}
		for n := 1; n <= 9; n++ {
			if !s.isLive(grant(n, n, readOnly)) {
				t.Errorf("group %d lost what is declared", n)
			}
		}
	})
}

// TestTheAllowanceCountsWhatWentBefore by the same commit, and what the commit
// takes away itself.
func TestTheAllowanceCountsWhatWentBefore(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := strayed(t, 4) // all of which went, within the budget
		if n := s.alive(strays(4)); n != 0 {
			t.Fatalf("%d of 4 are left", n)
		}
		for _, a := range strays(10)[4:] {
			s.do(func() { s.put(a) })
		}
		after(3 * time.Hour)
		allow := merged(t, s.noticed(), "no commit declares")
		if allow.Removals != 10 {
			t.Errorf("printed %+v, want the 4 that went and the 6 that are held", allow)
		}
		r := cleared(sha("b"))
		r.repo.Access.Limits.Allow = allow
		s.commitOf(t, r)
		after(3 * time.Hour)
		if n := s.alive(strays(10)); n != 0 {
			t.Errorf("%d of 10 are left", n)
		}
	})
}

// TestUndeclaredOnesAreCountedThoughNotInSight: the readings that show them come
// one after the other, and they are one plan all the same.
func TestUndeclaredOnesAreCountedThoughNotInSight(t *testing.T) {
	t.Parallel()
	g := harmless()
	g.s.Clears, g.s.Undeclared = true, map[config.Assignment]string{}
	for n := range 6 {
		g.s.Undeclared[grant(7, 11+n, readOnly)] = "c1"
	}
	seen := grant(7, 11, readOnly)
	g.remove(byDrift(), seen)
	delete(g.s.Owned, seen)
	v := provision.Check(g.plan, g.s)
	i := slices.IndexFunc(v.Refused, func(r provision.Refused) bool { return r.Change.Assignment == seen })
	if i < 0 || len(v.Refused) != 1 || v.Refused[0].Code != provision.CodeWholeGroup {
		t.Errorf("refused %+v, want the one that is in sight, as part of six", v.Refused)
	}
}

// TestASnoozedFindingIsLeftAlone for its day, and goes after it.
func TestASnoozedFindingIsLeftAlone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7, 8, 9)
		stray := strays(1)[0]
		w.put(stray)
		s := started(t, w)
		r := cleared(sha("a"))
		r.repo.Access.Drift = config.DriftReport
		s.commitOf(t, r)
		after(2 * time.Hour)
		list := s.known(t)
		if len(list) != 1 {
			t.Fatalf("known: %+v", list)
		}
		if err := s.engine.SnoozeDrift(t.Context(), list[0].ID, time.Now().Add(24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		s.commitOf(t, cleared(sha("b")))
		after(20 * time.Hour)
		if !s.isLive(stray) {
			t.Error("removed while it is snoozed")
		}
		after(12 * time.Hour)
		if s.isLive(stray) {
			t.Error("not removed after the day")
		}
	})
}

// TestAnEarlierEndHidesNoLastWayThatNoCommitDeclares: what was granted for an hour,
// ended, and was made by hand since is the last way in.
func TestAnEarlierEndHidesNoLastWayThatNoCommitDeclares(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := strayed(t, 0, spread(6)...)
		way := grant(1, 15, admin)
		s.commitOf(t, cleared(sha("b"), spread(6)...).with(time.Hour, "", way))
		after(3 * time.Hour)
		if s.isLive(way) {
			t.Fatal("live after its end")
		}
		s.do(func() { s.put(way) })
		after(30 * time.Hour)
		if !s.isLive(way) {
			t.Errorf("the last way in was removed: %+v", s.facts(t, way))
		}
		held := 0
		for _, n := range s.noticed() {
			if strings.Contains(n.Key, string(provision.CodeLastWay)) {
				held++
			}
			if strings.Contains(n.Text, "The bot removes it") {
				t.Errorf("told that it goes: %q", n.Text)
			}
		}
		if held != 1 {
			t.Errorf("told %d times that it is held, want once", held)
		}
	})
}
