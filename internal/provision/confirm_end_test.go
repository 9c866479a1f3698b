package provision_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// TestWhatIsPutBackKeepsItsEnd: a roll-back gives nothing beyond the end of the
// grant that was taken away.
func TestWhatIsPutBackKeepsItsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		end  time.Duration
		back bool
		says string
	}{
		"it has passed":    {40 * time.Minute, false, "not put back, since its grant was to end at"},
		"it is to come":    {2 * time.Hour, true, "until its grant was to end at"},
		"our clock is set": {2 * time.Hour, true, "until its grant was to end at"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				user := userGrant(1, 1, readOnly)
				m := onMove(t)
				m.do(func() {
					m.scim[userID(1)] = scimGroup{id: storeID(userID(1))}
					m.assigned[userID(1)] = time.Now()
					m.put(user)
				})
				m.commitOf(t, asking("a", old(), old2()).with(c.end, "", user))
				end := time.Now().Add(c.end)
				after(20 * time.Minute)
				m.commitOf(t, asking("b", old(), old2()))
				after(within + 10*time.Minute)
				m.question(t, access.CutoverRolledBack)
				if m.isLive(user) != c.back {
					t.Fatalf("live %v, want %v", m.isLive(user), c.back)
				}
				if told := append(m.heard(access.NoticeRolledBack), m.heard(access.NoticeNotPutBack)...); len(told) != 1 || !strings.Contains(told[0].Text, c.says) {
					t.Errorf("told %+v", told)
				}
				if name == "our clock is set" { // an end is no end while the time is in doubt
					m.clock.ahead.Store(int64(3 * time.Hour))
					m.do(func() { m.skew = 3 * time.Hour })
					after(10 * time.Minute)
					if !m.isLive(user) {
						t.Error("ended by a clock that is wrong")
					}
					m.clock.ahead.Store(0)
					m.do(func() { m.skew = 0 })
				}
				after(time.Until(end) - time.Minute)
				if m.isLive(user) != c.back {
					t.Errorf("live %v before its end, want %v", m.isLive(user), c.back)
				}
				after(10 * time.Minute)
				if m.isLive(user) || len(m.heard(access.NoticeStillIn)) != 1 {
					t.Errorf("live %v after its end, asked %d times", m.isLive(user), len(m.heard(access.NoticeStillIn)))
				}
				if q := m.question(t, access.CutoverRolledBack); q.Undecided != 0 || len(m.known(t)) != 0 {
					t.Errorf("left over: %+v, drift %+v", q, m.known(t))
				}
				m.stays(t, old())
			})
		})
	}
}

// stays checks that something is live.
func (m *moved) stays(t *testing.T, a config.Assignment) {
	t.Helper()
	if !m.isLive(a) {
		t.Errorf("%s is not live", a)
	}
}
