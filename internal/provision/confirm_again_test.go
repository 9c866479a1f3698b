package provision_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
)

// TestWhatWasGrantedAndTakenAwayMeanwhileIsNotPutBack: the question is about a
// removal that is not the last word any more. Whoever revoked it since had it
// revoked, however long his request is over.
func TestWhatWasGrantedAndTakenAwayMeanwhileIsNotPutBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		m.commitOf(t, asking("b"))
		after(2 * time.Minute)
		m.question(t, access.CutoverAsked)
		m.commitOf(t, asking("c", old()))
		after(5 * time.Minute)
		if !m.isLive(old()) {
			t.Fatal("not granted again")
		}
		m.revoke(old())
		m.commitOf(t, asking("d"))
		after(5 * time.Minute)
		m.done(old()) // the request is over once it is read back as gone
		after(within + 5*time.Minute)
		if m.isLive(old()) || !m.isLive(old2()) {
			t.Errorf("live: what was revoked %v, the other %v", m.isLive(old()), m.isLive(old2()))
		}
		if back := m.heard(access.NoticeRolledBack); len(back) != 1 || !strings.Contains(back[0].Text, "not put back, since it was granted again") {
			t.Errorf("told %+v", back)
		}
	})
}

// done has what somebody asked for be over.
func (m *moved) done(a config.Assignment) {
	m.origins.mu.Lock()
	defer m.origins.mu.Unlock()
	delete(m.revoked, a)
}

// TestNobodyIsAskedTwiceAboutTheSame, though somebody makes by hand what was asked
// about: while the question is open, or while it is put back. What the drift check
// or a commit takes away of that is no old access.
func TestNobodyIsAskedTwiceAboutTheSame(t *testing.T) {
	byHand := func(m *moved) { m.do(func() { m.put(old()) }) }
	held := func(t *testing.T, m *moved) { // the roll-back is held up
		m.do(func() {
			m.down = map[string]error{"Group": fault.New(fault.ErrThrottled, "group", "busy", nil)}
		})
		after(within + time.Minute)
		m.question(t, access.CutoverRollingBack)
	}
	mended := func(m *moved) { m.do(func() { m.down = nil }) }
	for name, play := range map[string]func(t *testing.T, m *moved){
		"while it is asked, and the config takes it over": func(t *testing.T, m *moved) {
			byHand(m)
			after(within + 5*time.Minute)
			m.commitOf(t, asking("c", old()))
			after(10 * time.Minute)
			m.commitOf(t, asking("d"))
		},
		"while it is asked, and the config takes it over at once": func(t *testing.T, m *moved) {
			byHand(m)
			m.commitOf(t, asking("c", old()))
			after(10 * time.Minute)
			m.commitOf(t, asking("d"))
		},
		"while it is put back, and the config takes it over at once": func(t *testing.T, m *moved) {
			held(t, m)
			byHand(m)
			m.commitOf(t, asking("c", old()))
			after(5 * time.Minute)
			mended(m)
			after(10 * time.Minute)
			m.commitOf(t, asking("d"))
		},
		"while it is put back, and the config takes it over": func(t *testing.T, m *moved) {
			held(t, m)
			byHand(m)
			after(time.Minute)
			mended(m)
			after(10 * time.Minute)
			m.commitOf(t, asking("c", old()))
			after(10 * time.Minute)
			m.commitOf(t, asking("d"))
		},
		"while it is asked, and the drift check takes it away": func(t *testing.T, m *moved) {
			byHand(m)
			r := asking("c")
			r.repo.Access.Phase, r.repo.Access.Drift = 3, config.DriftRevert
			r.with(0, "", grant(1, 3, powerUser))
			m.commitOf(t, r)
		},
		"when it was confirmed, and the drift check takes it away": func(t *testing.T, m *moved) {
			if err := m.engine.ConfirmCutover(t.Context(), m.question(t, access.CutoverAsked).ID, access.Person{Entra: "e-ken"}); err != nil {
				t.Fatal(err)
			}
			byHand(m)
			r := asking("c")
			r.repo.Access.Phase, r.repo.Access.Drift = 3, config.DriftRevert
			r.with(0, "", grant(1, 3, powerUser))
			m.commitOf(t, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := onMove(t)
				m.commitOf(t, asking("b"))
				after(2 * time.Minute)
				m.question(t, access.CutoverAsked)
				play(t, m)
				after(5 * time.Hour)
				if asked := m.heard(access.NoticeStillIn); len(asked) != 1 {
					t.Errorf("asked %d times: %+v", len(asked), asked)
				}
				if n := len(m.heard(access.NoticeRolledBack)) + len(m.heard(access.NoticeConfirmed)); n != 1 || len(m.questions(t)) != 1 {
					t.Errorf("told %d ends of %+v", n, m.questions(t))
				}
			})
		})
	}
}
