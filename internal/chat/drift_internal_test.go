package chat

import (
	"testing"

	"aws-access-bot/internal/access"
)

// TestRevertOfADriftSaysWhatItDoes: what is gone is put back, and what no commit
// declares is removed.
func TestRevertOfADriftSaysWhatItDoes(t *testing.T) {
	t.Parallel()
	for missing, want := range map[bool]string{true: "Put it back", false: "Remove it"} {
		m := Drifted([]access.Drift{{ID: "DRIFT-0a1b2c3d", Missing: missing, Acts: []access.DriftAct{access.DriftRevert}}})
		b, ok := m.Blocks[len(m.Blocks)-1].(Buttons)
		if !ok || len(b) != 1 || b[0].Label != want {
			t.Errorf("missing %v: %+v", missing, m.Blocks)
		}
	}
}

// TestAnAccountThatDiffersIsListedWithoutButtons: there is nothing to press, and
// no time when it was first seen.
func TestAnAccountThatDiffersIsListedWithoutButtons(t *testing.T) {
	t.Parallel()
	m := Drifted([]access.Drift{{Account: "111122223333", Sentence: "The file of pay and AWS Organizations do not agree."}})
	if len(m.Blocks) != 2 {
		t.Fatalf("%d blocks: %+v", len(m.Blocks), m.Blocks)
	}
	if text, ok := m.Blocks[1].(Text); !ok || len(text) != 1 || text[0].Text != "The file of pay and AWS Organizations do not agree." {
		t.Errorf("%+v", m.Blocks[1])
	}
}
