package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
)

// TestWhatTheControlPlaneHasRemovedIsNotAskedAbout: who presses "Remove it" in chat
// wants it gone, maybe because it is abused. Nobody is asked about it, and it is not
// put back when nobody answers.
func TestWhatTheControlPlaneHasRemovedIsNotAskedAbout(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		wanted, stray := grant(4, 1, readOnly), grant(4, 1, powerUser)
		m.do(func() { m.put(stray); m.put(wanted) })
		after(2 * time.Hour)
		for _, d := range m.known(t) {
			if err := m.engine.SnoozeDrift(t.Context(), d.ID, time.Now().Add(24*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		m.commitOf(t, clearing("b"))
		after(time.Hour)
		if !m.isLive(stray) || !m.isLive(wanted) {
			t.Fatal("removed though it is snoozed")
		}
		for _, d := range m.known(t) {
			if d.Assignment == stray {
				if err := m.engine.PutBackDrift(t.Context(), d.ID, "e-ken"); err != nil {
					t.Fatal(err)
				}
			}
		}
		after(10 * time.Minute)
		if m.isLive(stray) {
			t.Fatal("not removed")
		}
		if asked := m.heard(access.NoticeStillIn); len(asked) != 0 {
			t.Errorf("asked %+v", asked)
		}
		after(within + 5*time.Minute)
		if m.isLive(stray) {
			t.Error("put back, though the control plane had it removed")
		}
		after(24 * time.Hour) // the other one goes by the drift check
		after(time.Hour)
		if asked := m.heard(access.NoticeStillIn); m.count("DeleteAccountAssignment") == 0 || len(asked) != 1 {
			t.Errorf("of what the drift check takes away: asked %+v", asked)
		}
	})
}

// TestAWordThatComesWhileItGoesCounts: the drift check was about to take it away
// already, when somebody said that it is to go.
func TestAWordThatComesWhileItGoesCounts(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		stray := grant(4, 1, powerUser)
		m.do(func() {
			m.put(stray)
			m.down = map[string]error{"DeleteAccountAssignment": fault.New(fault.ErrConflict, "delete", "busy", nil)}
		})
		m.commitOf(t, clearing("b"))
		for n := 0; n < 60 && len(m.questions(t)) == 0; n++ {
			after(5 * time.Minute)
		}
		m.question(t, access.CutoverRemoving)
		if err := m.engine.PutBackDrift(t.Context(), m.known(t)[0].ID, "e-ken"); err != nil {
			t.Fatal(err)
		}
		m.do(func() { m.down = nil })
		after(within + time.Hour)
		if m.isLive(stray) || len(m.heard(access.NoticeStillIn)) != 0 || len(m.questions(t)) != 0 {
			t.Errorf("live %v, asked %+v, questions %+v", m.isLive(stray), m.heard(access.NoticeStillIn), m.questions(t))
		}
	})
}
