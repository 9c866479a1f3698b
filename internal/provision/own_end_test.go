package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// TestWhatACommitTakesEarlierStillGoesAtTheEndItHad: guards that count hold what a
// commit takes away, not what was given with its end and has come to it. Else who
// has access for hours could keep it for good, by taking all of it out of his file
// or by bringing its end a minute nearer.
func TestWhatACommitTakesEarlierStillGoesAtTheEndItHad(t *testing.T) {
	var mine, rest []config.Assignment
	for n := 1; n <= 6; n++ {
		mine, rest = append(mine, grant(1, n, readOnly)), append(rest, grant(2, n, readOnly))
	}
	const long = 8 * time.Hour
	for name, second := range map[string]func(r *repository) *repository{
		"the lines go":        func(r *repository) *repository { return r },
		"the ends are nearer": func(r *repository) *repository { return r.with(time.Hour, "", mine...) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2))
				s.commitOf(t, newRepository(sha("a")).with(long, "", mine...).with(0, "", rest...))
				begun := time.Now()
				after(10 * time.Minute)
				s.commitOf(t, second(newRepository(sha("b")).with(0, "", rest...)))
				after(time.Until(begun.Add(long - time.Minute)))
				if f := s.facts(t, mine[0]); s.alive(mine) != 6 || f.TroubleCode != string(provision.CodeWholeGroup) {
					t.Fatalf("%d of 6 are left before the end that they had, held by %q", s.alive(mine), f.TroubleCode)
				}
				after(5 * time.Minute)
				if n := s.alive(mine); n != 0 || s.alive(rest) != 6 {
					t.Errorf("%d of 6 are left after the end that they had: %+v", n, s.facts(t, mine[0]))
				}
			})
		})
	}
}

// TestAnEndThatPassedUnseenIsNoneWhereItMayHaveBeenMovedAway: while the bot is down
// one commit gives for good what had an end, and the next takes it away.
func TestAnEndThatPassedUnseenIsNoneWhereItMayHaveBeenMovedAway(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2))
		var mine, rest []config.Assignment
		for n := 1; n <= 6; n++ {
			mine, rest = append(mine, grant(1, n, readOnly)), append(rest, grant(2, n, readOnly))
		}
		s.commitOf(t, newRepository(sha("a")).with(time.Hour, "", mine...).with(0, "", rest...))
		after(10 * time.Minute)
		s.stop()
		s = newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
		s.commitOf(t, newRepository(sha("b")).with(0, "", mine...).with(0, "", rest...))
		s.commitOf(t, newRepository(sha("c")).with(0, "", rest...))
		time.Sleep(2 * time.Hour)
		s.run(t)
		after(3 * time.Hour)
		if f := s.facts(t, mine[0]); s.alive(mine) != 6 || f.TroubleCode != string(provision.CodeWholeGroup) {
			t.Errorf("%d of 6 are left, held by %q", s.alive(mine), f.TroubleCode)
		}
	})
}
