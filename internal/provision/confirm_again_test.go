package provision_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
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
