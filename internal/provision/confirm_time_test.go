package provision_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
)

// TestAQuestionOutlivesAStop: it is put once, and decided after the start, though
// not at once, so that a click from before is worked off first.
func TestAQuestionOutlivesAStop(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		m.commitOf(t, asking("b"))
		after(2 * time.Minute)
		until := m.question(t, access.CutoverAsked).Until
		m.restart(t, 10*time.Minute)
		after(time.Until(until) - time.Second)
		if m.isLive(old()) {
			t.Fatal("put back before the time was over")
		}
		m.restart(t, 2*time.Hour)
		after(30 * time.Second)
		if m.isLive(old()) {
			t.Error("put back right after the start")
		}
		after(5 * time.Minute)
		if !m.isLive(old()) || !m.isLive(old2()) || len(m.heard(access.NoticeStillIn)) != 1 {
			t.Errorf("live %v and %v, asked %d times", m.isLive(old()), m.isLive(old2()), len(m.heard(access.NoticeStillIn)))
		}
	})
}

// TestAQuestionThatWasOverLongBeforeTheStartIsAskedAnew: its answer may have been given
// to a state file that a backup replaced, and who was down heard none. Once: whoever
// does not answer then is locked out, it seems.
func TestAQuestionThatWasOverLongBeforeTheStartIsAskedAnew(t *testing.T) {
	for name, confirms := range map[string]bool{"nobody answers": false, "somebody confirms": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := onMove(t)
				m.commitOf(t, asking("b"))
				after(2 * time.Minute)
				m.question(t, access.CutoverAsked)
				m.restart(t, 20*time.Hour)
				begun := time.Now()
				after(within - 2*time.Minute)
				q := m.question(t, access.CutoverAsked)
				if m.isLive(old()) || q.Until.Before(begun.Add(within-time.Minute)) {
					t.Fatalf("live %v, asked until %s", m.isLive(old()), q.Until)
				}
				asked := m.heard(access.NoticeStillIn)
				if len(asked) != 2 || !asked[1].Until.Equal(q.Until) || !strings.Contains(asked[1].Text, "from a backup") || strings.Contains(asked[0].Text, "backup") {
					t.Errorf("asked %+v", asked)
				}
				if confirms {
					if err := m.engine.ConfirmCutover(t.Context(), q.ID, access.Person{Entra: "e-ken"}); err != nil {
						t.Fatal(err)
					}
				}
				after(10 * time.Minute)
				if m.isLive(old()) == confirms || m.isLive(old2()) == confirms || len(m.heard(access.NoticeStillIn)) != 2 {
					t.Errorf("live %v and %v, asked %d times", m.isLive(old()), m.isLive(old2()), len(m.heard(access.NoticeStillIn)))
				}
			})
		})
	}
}

// TestWhoIsAskedLateHasAllTheTime, also where the clock was in doubt after the start:
// the process counted meanwhile, and nobody was asked.
func TestWhoIsAskedLateHasAllTheTime(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		m.commitOf(t, asking("b"))
		after(2 * time.Minute)
		m.question(t, access.CutoverAsked)
		m.do(func() { m.skew = time.Hour })
		m.restart(t, 20*time.Hour)
		after(within - 2*time.Minute)
		m.do(func() { m.skew = 0 })
		m.engine.Wake()
		after(time.Minute)
		asked := m.heard(access.NoticeStillIn)
		if len(asked) != 2 || asked[1].Until.Sub(asked[1].At) < within {
			t.Fatalf("asked %+v", asked)
		}
		after(within - 3*time.Minute)
		if m.isLive(old()) {
			t.Error("put back before the time that people were told")
		}
		m.question(t, access.CutoverAsked)
		after(10 * time.Minute)
		if !m.isLive(old()) {
			t.Error("not put back though nobody confirmed")
		}
	})
}

// TestNobodyIsAskedLateWhereNobodyIsAskedAnyMore: the question is withdrawn then.
func TestNobodyIsAskedLateWhereNobodyIsAskedAnyMore(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		m.commitOf(t, asking("b"))
		after(2 * time.Minute)
		m.question(t, access.CutoverAsked)
		m.stop()
		time.Sleep(20 * time.Hour)
		r := asking("c")
		r.repo.Access.Onboarding.ConfirmWithin = 0
		m.commitOf(t, r)
		m.start(t)
		after(time.Minute)
		m.question(t, access.CutoverWithdrawn)
		if n := len(m.heard(access.NoticeStillIn)); n != 1 {
			t.Errorf("asked %d times: %+v", n, m.noticed())
		}
	})
}

// TestAClockThatIsSetAheadPutsNothingBackEarly: the process counts the time itself
// then, and puts back what nobody confirmed when that is over.
func TestAClockThatIsSetAheadPutsNothingBackEarly(t *testing.T) {
	for name, wrong := range map[string]func(m *moved){
		"and services disagree": func(m *moved) { m.do(func() { m.skew = 25 * time.Hour }) },
		"and nobody was heard":  func(m *moved) { m.do(func() { m.skewOff = true }) },
		"and services agree":    func(*moved) {},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := onMove(t)
				m.commitOf(t, asking("b"))
				after(2 * time.Minute)
				m.question(t, access.CutoverAsked)
				wrong(m)
				m.clock.ahead.Store(int64(25 * time.Hour))
				early, over := 20*time.Minute, within
				if name == "and services agree" {
					// It slept: they are believed a quarter of an hour later, and people are
					// asked anew, with all the time.
					early, over = within, 20*time.Minute
				}
				after(early)
				m.question(t, access.CutoverAsked)
				if m.isLive(old()) {
					t.Fatal("put back early")
				}
				after(over)
				if !m.isLive(old()) {
					t.Error("not put back though the time is over by any clock")
				}
			})
		})
	}
}

// TestAClockThatIsSetBackKeepsNobodyOut: it is put back in time by what the
// process counted.
func TestAClockThatIsSetBackKeepsNobodyOut(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		m.commitOf(t, asking("b"))
		after(2 * time.Minute)
		m.question(t, access.CutoverAsked)
		m.clock.ahead.Store(-int64(25 * time.Hour))
		m.do(func() { m.skew = -25 * time.Hour })
		after(within - 5*time.Minute)
		if m.isLive(old()) {
			t.Fatal("put back early")
		}
		after(10 * time.Minute)
		if !m.isLive(old()) {
			t.Error("not put back")
		}
	})
}

// TestWhoWasDownAllTheTimeStillPutsBack what was decided before: nobody tried for
// an hour. What cannot be put back is given up all the same.
func TestWhoWasDownAllTheTimeStillPutsBack(t *testing.T) {
	for name, mended := range map[string]bool{"mended meanwhile": true, "still not to be read": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := onMove(t)
				m.commitOf(t, asking("b"))
				after(2 * time.Minute)
				until := m.question(t, access.CutoverAsked).Until
				m.do(func() {
					m.down = map[string]error{"Group": fault.New(fault.ErrThrottled, "group", "busy", nil)}
				})
				after(time.Until(until) + time.Minute)
				m.question(t, access.CutoverRollingBack)
				m.do(func() {
					if mended {
						m.down = nil
					}
				})
				m.restart(t, 2*time.Hour)
				after(20 * time.Minute)
				m.question(t, access.CutoverRolledBack)
				if m.isLive(old()) != mended || m.isLive(old2()) != mended {
					t.Errorf("live %v and %v, want %v", m.isLive(old()), m.isLive(old2()), mended)
				}
			})
		})
	}
}

// TestAQuestionOfAClockThatWasBehindGivesAllTheTime: until when people may confirm
// was told by a wrong clock, so once it is mended they are asked anew, and nothing
// is put back before they had all the time that the config gives them; also where
// the bot was started anew meanwhile.
func TestAQuestionOfAClockThatWasBehindGivesAllTheTime(t *testing.T) {
	const long = 10 * time.Hour
	for name, restart := range map[string]bool{"mended while it runs": false, "mended and started anew": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := onMove(t)
				m.clock.ahead.Store(-int64(20 * time.Hour))
				m.do(func() { m.skew = -20 * time.Hour })
				r := asking("b")
				r.repo.Access.Onboarding.ConfirmWithin = long
				m.commitOf(t, r)
				after(2 * time.Minute)
				wrong := m.question(t, access.CutoverAsked).Until
				if restart {
					m.stop()
				}
				m.clock.ahead.Store(0)
				m.do(func() { m.skew = 0 })
				if restart {
					m.start(t)
				}
				begun := time.Now()
				after(20 * time.Minute)
				q := m.question(t, access.CutoverAsked)
				if left := q.Until.Sub(begun); left < long-20*time.Minute || left > long+20*time.Minute {
					t.Errorf("asked until %s, before until %s; that is %s after the clock was mended", q.Until, wrong, left)
				}
				asked := m.heard(access.NoticeStillIn)
				if len(asked) != 2 || !asked[1].Until.Equal(q.Until) || !strings.Contains(asked[1].Text, "The clock of the bot was wrong") || strings.Contains(asked[0].Text, "clock") {
					t.Errorf("asked %+v", asked)
				}
				after(long - 50*time.Minute)
				if m.isLive(old()) {
					t.Fatal("put back early")
				}
				after(time.Hour)
				if !m.isLive(old()) || !m.isLive(old2()) || len(m.heard(access.NoticeStillIn)) != 2 {
					t.Errorf("live %v and %v, asked %d times", m.isLive(old()), m.isLive(old2()), len(m.heard(access.NoticeStillIn)))
				}
			})
		})
	}
}

// TestARollBackOfAClockThatWasBehindIsTriedForAnHour, as any other: when it was
// decided was told by the wrong clock.
func TestARollBackOfAClockThatWasBehindIsTriedForAnHour(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		m.clock.ahead.Store(-int64(20 * time.Hour))
		m.do(func() {
			m.skew = -20 * time.Hour
			m.down = map[string]error{"Group": fault.New(fault.ErrThrottled, "group", "busy", nil)}
		})
		m.commitOf(t, asking("b"))
		after(within + 5*time.Minute)
		m.question(t, access.CutoverRollingBack)
		m.clock.ahead.Store(0)
		m.do(func() { m.skew = 0 })
		after(40 * time.Minute)
		m.question(t, access.CutoverRollingBack) // nobody tried for an hour yet
		m.do(func() { m.down = nil })
		after(5 * time.Minute)
		m.question(t, access.CutoverRolledBack)
		if !m.isLive(old()) {
			t.Error("given up early")
		}
	})
}
