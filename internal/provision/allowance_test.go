package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// TestAnAllowanceIsForANumberInAll and not for one a day: what is snoozed while it
// is used comes to it a day later, and finds nothing left, also after a restart.
func TestAnAllowanceIsForANumberInAll(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := strayed(t, 14)
		var snoozed []config.Assignment
		for _, f := range s.known(t)[:7] {
			if err := s.engine.SnoozeDrift(t.Context(), f.ID, time.Now().Add(24*time.Hour)); err != nil {
				t.Fatal(err)
			}
			snoozed = append(snoozed, f.Assignment)
		}
		r := cleared(sha("c"))
		r.repo.Access.Limits.Allow = &config.RemovalAllowance{Commit: sha("a"), Removals: 7}
		s.commitOf(t, r)
		after(3 * time.Hour)
		if n := s.alive(strays(14)); n != 7 || s.alive(snoozed) != 7 {
			t.Fatalf("%d of 14 are left, %d of them snoozed", n, s.alive(snoozed))
		}
		s.stop()
		s = newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
		s.run(t)
		after(30 * time.Hour)
		if n := s.alive(snoozed); n != 7 {
			t.Errorf("%d of 7 are left, though the allowance of seven was used up", n)
		}
		if allow := merged(t, s.noticed(), "7 assignments that no commit declares"); allow.Commit != sha("a") || allow.Removals != 14 {
			t.Errorf("printed %+v, want the seven that went and the seven that are held", allow)
		}
	})
}

// TestEndsThatWereAllowedUseTheAllowanceUp: eight ends were let have it, so nothing
// of it is there for what no commit declares and was first seen under the same one.
func TestEndsThatWereAllowedUseTheAllowanceUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7, 8, 9))
		var ended []config.Assignment
		for n := 2; n <= 9; n++ {
			ended = append(ended, grant(n, 2, powerUser))
		}
		s.commitOf(t, cleared(sha("a"), ended...))
		after(time.Hour)
		cut := cleared(sha("b")).with(50*time.Hour, "", ended...)
		s.commitOf(t, cut)
		after(time.Hour)
		allow := merged(t, s.noticed(), "brought the ends of 8 assignments nearer")
		whole := strays(7) // all in one account
		for _, a := range whole {
			s.do(func() { s.put(a) })
		}
		after(3 * time.Hour)
		r := cleared(sha("c")).with(50*time.Hour, "", ended...).since(cut)
		r.repo.Access.Limits.Allow = allow
		s.commitOf(t, r)
		after(60 * time.Hour)
		if n := s.alive(ended); n != 0 {
			t.Errorf("%d of the 8 that were allowed are left after their end", n)
		}
		if n := s.alive(whole); n != 7 {
			t.Errorf("%d of 7 are left that nobody allowed to go", n)
		}
	})
}
