package config

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"
	"testing"

	"aws-access-bot/config/example"
)

// TestSetPhaseTouchesNothingElse: the example has comments beside and above the
// phase, and all of them stay.
func TestSetPhaseTouchesNothingElse(t *testing.T) {
	t.Parallel()
	content, err := fs.ReadFile(example.FS(), AccessPath)
	if err != nil {
		t.Fatal(err)
	}
	got, err := SetPhase(content, Grow)
	if err != nil {
		t.Fatal(err)
	}
	if want := bytes.Replace(content, []byte("\nphase: 1\n"), []byte("\nphase: 2\n"), 1); !bytes.Equal(got, want) {
		t.Errorf("more than the phase differs:\n%s", got)
	}
	if p, err := PhaseIn(got); err != nil || p != Grow {
		t.Errorf("reads as %v, %v", p, err)
	}
	if _, err := SetPhase(got, Grow); !errors.Is(err, ErrSamePhase) {
		t.Errorf("set again: %v, want ErrSamePhase", err)
	}
}

func TestSetPhaseInOtherForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, was, want string }{
		{"a comment behind", "phase: 1 # pilot: phase: 1", "phase: 2 # pilot: phase: 1"},
		{"wide", "phase:    1", "phase:    2"},
		{"quoted key", `"phase": 1`, `"phase": 2`},
		{"CRLF", "phase: 1\r", "phase: 2\r"},
	} {
		content := bytes.Replace(overlay(t)[AccessPath].Data, []byte("phase: 1"), []byte(c.was), 1)
		got, err := SetPhase(content, Grow)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if want := bytes.Replace(content, []byte(c.was), []byte(c.want), 1); !bytes.Equal(got, want) {
			t.Errorf("%s:\n%s", c.name, got)
		}
	}
}

func TestSetPhaseRefusesWhatIsNoAccessFile(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "phase: 1\n", "version: 1\nphase: [1]\n", "&a"} {
		var problems Problems
		if _, err := SetPhase([]byte(content), Grow); !errors.As(err, &problems) {
			t.Errorf("%q: %v, want problems", content, err)
		}
	}
	if _, err := SetPhase(overlay(t)[AccessPath].Data, 4); err == nil {
		t.Error("phase 4 was written")
	}
}

// FuzzSetPhase: whatever is edited differs in the phase alone, and going back
// gives the same bytes.
func FuzzSetPhase(f *testing.F) {
	f.Add(overlay(f)[AccessPath].Data)
	f.Add([]byte(minimalAccess))
	f.Fuzz(func(t *testing.T, content []byte) {
		was, err := PhaseIn(content)
		if err != nil {
			return
		}
		for _, to := range slices.DeleteFunc(Phases(), func(p Phase) bool { return p == was }) {
			out, err := SetPhase(content, to)
			if err != nil {
				t.Fatalf("%q can be read and not edited: %v", content, err)
			}
			back, err := SetPhase(out, was)
			if err != nil || len(back) != len(content) && bytes.Count(content, []byte("phase")) == 1 {
				t.Fatalf("%q to %d and back: %q, %v", content, to, back, err)
			}
		}
	})
}
