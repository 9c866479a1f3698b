package provision_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
)

// noticed are the notices so far.
func (s *system) noticed() []access.Notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notices)
}

// cards are the notices about drift that have buttons.
func (s *system) cards() []access.Notice {
	var out []access.Notice
	for _, n := range s.noticed() {
		if n.Kind == access.NoticeDrift {
			out = append(out, n)
		}
	}
	return out
}

// drifted is a system with one grant that somebody took away by hand, and that
// was found missing.
func drifted(t *testing.T) (*system, config.Assignment) {
	t.Helper()
	s := started(t, newWorld().populate(1, 1, 2))
	a := grant(1, 1, readOnly)
	s.commitOf(t, newRepository("c1").with(0, "REQ-AAAAAA", a))
	after(time.Minute)
	s.do(func() { delete(s.live, a.Pair()) })
	after(3 * time.Hour)
	return s, a
}

func (s *system) known(t *testing.T) []access.Drift {
	t.Helper()
	list, err := s.engine.KnownDrift(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestDriftHasACardOnceWithWhatCanBeDone, and since when.
func TestDriftHasACardOnceWithWhatCanBeDone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, a := drifted(t)
		cards := s.cards()
		if len(cards) != 1 || len(s.noticed()) != 1 {
			t.Fatalf("notices %+v", s.noticed())
		}
		if c := cards[0]; !strings.Contains(c.Text, "is gone from AWS") || !strings.Contains(c.Text, "Seen first at") || len(c.Acts) != 3 || c.Drift == "" {
			t.Errorf("card %+v", c)
		}
		list := s.known(t)
		if len(list) != 1 || !list[0].Missing || list[0].Assignment != a || list[0].Since.IsZero() || list[0].ID != cards[0].Drift {
			t.Errorf("known: %+v", list)
		}
		if _, err := s.engine.StillDrift(t.Context(), list[0].ID); err != nil {
			t.Errorf("still: %v", err)
		}
	})
}

// TestRevertPutsBackWhatIsMissing, once somebody asks for it, and the finding is
// over then.
func TestRevertPutsBackWhatIsMissing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, a := drifted(t)
		id := s.known(t)[0].ID
		if err := s.engine.PutBackDrift(t.Context(), id, "ken"); err != nil {
			t.Fatal(err)
		}
		after(10 * time.Minute)
		if !s.isLive(a) || len(s.known(t)) != 0 {
			t.Errorf("live %v, known %+v", s.isLive(a), s.known(t))
		}
		if last := s.audits[len(s.audits)-1]; last.Cause != "drift from commit c1" {
			t.Errorf("audit: %+v", last)
		}
		if _, err := s.engine.StillDrift(t.Context(), id); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("still: %v", err)
		}
		// The same taken away again is told again, and not put back by the word
		// of last time.
		s.do(func() { delete(s.live, a.Pair()) })
		after(3 * time.Hour)
		if s.isLive(a) || len(s.cards()) != 2 {
			t.Errorf("taken away again: live %v, %d cards", s.isLive(a), len(s.cards()))
		}
	})
}

// TestAButtonIsHeldAgainstWhatIsLiveNow: AWS was mended by hand since the card.
func TestAButtonIsHeldAgainstWhatIsLiveNow(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, a := drifted(t)
		id := s.known(t)[0].ID
		s.put(a)
		if _, err := s.engine.StillDrift(t.Context(), id); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("still: %v, want that it is over", err)
		}
		if _, err := s.engine.StillDrift(t.Context(), "DRIFT-00000000"); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("an unknown one: %v", err)
		}
	})
}

// TestSnoozedDriftIsToldAgainAfterADay, and not before.
func TestSnoozedDriftIsToldAgainAfterADay(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s, _ := drifted(t)
		if err := s.engine.SnoozeDrift(t.Context(), s.known(t)[0].ID, time.Now().Add(24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		after(23 * time.Hour)
		if n := len(s.cards()); n != 1 {
			t.Errorf("%d cards within the day", n)
		}
		after(3 * time.Hour)
		if n := len(s.cards()); n != 2 {
			t.Errorf("%d cards after the day", n)
		}
		after(48 * time.Hour)
		if n := len(s.cards()); n != 2 {
			t.Errorf("%d cards two days later", n)
		}
	})
}

// TestUndeclaredDriftCanBeAdoptedButNotReverted, and one of a principal that the
// repo does not know can only be left alone.
func TestUndeclaredDriftCanBeAdoptedButNotReverted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2)
		undeclared := grant(2, 1, readOnly)
		w.put(undeclared)
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly)).with(0, "", grant(2, 2, readOnly)))
		after(2 * time.Hour)
		list := s.known(t)
		if len(list) != 1 || list[0].Missing || list[0].Assignment != undeclared {
			t.Fatalf("known: %+v", list)
		}
		if err := s.engine.PutBackDrift(t.Context(), list[0].ID, "ken"); err == nil {
			t.Error("it was reverted")
		}
		s.commitOf(t, newRepository("c2").with(0, "", grant(1, 1, readOnly), undeclared).with(0, "", grant(2, 2, readOnly)))
		after(5 * time.Minute)
		if n := len(s.known(t)); n != 0 {
			t.Errorf("%d known after its line was merged", n)
		}
	})
}

// TestManyDriftsAreToldInOneMessage: the first look at an organization finds all
// that was there before.
func TestManyDriftsAreToldInOneMessage(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7, 8)
		for n := 2; n <= 8; n++ {
			w.put(grant(n, 1, readOnly))
		}
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly)))
		s.do(func() { s.notices = nil })
		after(5 * time.Hour)
		if len(s.cards()) != 0 || len(s.noticed()) != 1 || !strings.Contains(s.noticed()[0].Text, "/aws-access drift") {
			t.Errorf("notices: %+v", s.noticed())
		}
		if n := len(s.known(t)); n != 7 {
			t.Errorf("%d known, want 7", n)
		}
	})
}

// TestPhase3WithRevertRemovesWhatNoCommitDeclared, after a second look, and no
// more than the removal budget; in no other phase or mode.
func TestPhase3WithRevertRemovesWhatNoCommitDeclared(t *testing.T) {
	for name, x := range map[string]struct {
		phase config.Phase
		drift config.DriftMode
		extra int
		goes  bool
	}{
		"phase 3 with revert":        {3, config.DriftRevert, 2, true},
		"phase 3 with report":        {3, config.DriftReport, 2, false},
		"phase 2 with revert":        {2, config.DriftRevert, 2, false},
		"more than the budget holds": {3, config.DriftRevert, 6, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7)
				var undeclared []config.Assignment
				for n := range x.extra {
					a := grant(n+2, 1, readOnly)
					undeclared = append(undeclared, a)
					w.put(a)
				}
				s := started(t, w)
				r := newRepository("c1").with(0, "", grant(1, 1, readOnly))
				for n := 2; n <= 7; n++ {
					r = r.with(0, "", grant(n, n, readOnly)) // so that the groups are known
				}
				r.repo.Access.Phase, r.repo.Access.Drift = x.phase, x.drift
				s.commitOf(t, r)
				after(2 * time.Minute)
				for _, a := range undeclared {
					if !s.isLive(a) {
						t.Errorf("%s went before a second look", a)
					}
				}
				after(5 * time.Hour)
				for _, a := range undeclared {
					if s.isLive(a) == x.goes {
						t.Errorf("%s: live %v", a, s.isLive(a))
					}
				}
				if !s.isLive(grant(1, 1, readOnly)) {
					t.Error("what is declared went too")
				}
				if x.goes && len(s.known(t)) != 0 {
					t.Errorf("known afterwards: %+v", s.known(t))
				}
				writes := s.writes()
				after(3 * time.Hour)
				if s.writes() != writes {
					t.Errorf("%d writes more in three hours", s.writes()-writes)
				}
			})
		})
	}
}

// TestDriftWhileTheBotWasDownIsFound: what the process before knew of accounts
// is not needed for it. Only what is to be put back waits for its account.
func TestDriftWhileTheBotWasDownIsFound(t *testing.T) {
	for name, mode := range map[string]config.DriftMode{"reported": config.DriftReport, "put back": config.DriftRevert} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1))
				a := grant(1, 1, readOnly)
				repo := newRepository("c1").with(0, "", a)
				repo.repo.Access.Drift = mode
				s.commitOf(t, repo)
				after(time.Minute)
				s.stop()
				s.do(func() { delete(s.live, a.Pair()) })
				next := newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
				next.run(t)
				after(2 * time.Hour)
				if back := next.isLive(a); back != (mode == config.DriftRevert) || mode == config.DriftReport && len(next.cards()) != 1 {
					t.Errorf("live %v, notices %+v", back, next.noticed())
				}
			})
		})
	}
}
