package access_test

import (
	"strings"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

func phaseAsk(key, entra string, to config.Phase) access.PhaseAsk {
	return access.PhaseAsk{Key: key, Asker: asker(entra), To: to, Channel: "C0AWS", Origin: "C0GEN"}
}

// TestPhaseIsAskedForOnceByTheControlPlane: who may, what may be asked for, and
// that a second one is told of the first.
func TestPhaseIsAskedForOnceByTheControlPlane(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commits.force.Repo = controlledBy(t, "yuki@example.com")
	_, err := w.service.Phase(t.Context(), phaseAsk("k0", hana, 2))
	if no := refused(t, err, ""); !strings.Contains(no.Message, "control plane") {
		t.Errorf("somebody else was told %q", no)
	}
	for to, want := range map[config.Phase]string{1: "in phase 1 (pilot) already", 3: "Phase 3 does not follow phase 1", 7: "Phase 7 does not follow"} {
		_, err := w.service.Phase(t.Context(), phaseAsk("k1", yuki, to))
		if no := refused(t, err, ""); !strings.Contains(no.Error(), want) {
			t.Errorf("phase %d: %q, want %q", to, no, want)
		}
	}
	got, err := w.service.Phase(t.Context(), phaseAsk("k2", yuki, 2))
	if err != nil {
		t.Fatal(err)
	}
	kept := w.get(got.Request.ID)
	if kept.Kind != access.KindPhase || kept.State != access.StateAsked || kept.Want.Phase != config.Grow || w.stored != 1 {
		t.Errorf("stored %+v, %d times", kept, w.stored)
	}
	again, err := w.service.Phase(t.Context(), phaseAsk("k2", yuki, 2))
	if err != nil || !again.Repeated || again.Request.ID != kept.ID {
		t.Errorf("the same delivery: %+v, %v", again, err)
	}
	_, err = w.service.Phase(t.Context(), phaseAsk("k3", yuki, 2))
	if no := refused(t, err, ""); !strings.Contains(no.Message, string(kept.ID)) {
		t.Errorf("a second one is told %q, want %s named", no, kept.ID)
	}
	kept.Pull.URL = "https://github.example/pull/7"
	kept = w.moved(kept, access.StateProposed)
	_, err = w.service.Phase(t.Context(), phaseAsk("k4", yuki, 2))
	if no := refused(t, err, ""); !strings.Contains(no.Mend, kept.Pull.URL) {
		t.Errorf("a second one is told %q, want the pull request", no)
	}
	w.moved(kept, access.StateClosed)
	if _, err := w.service.Phase(t.Context(), phaseAsk("k5", yuki, 2)); err != nil {
		t.Errorf("after the first was closed: %v", err)
	}
}

// TestPhaseBackIsWrittenByHand: chat says so, and why.
func TestACancelledPhaseIsInNobodysWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commits.force.Repo = controlledBy(t, "yuki@example.com")
	got, err := w.service.Phase(t.Context(), phaseAsk("k1", yuki, 2))
	if err != nil {
		t.Fatal(err)
	}
	w.moved(got.Request, access.StateProposed)
	_, err = w.service.Phase(t.Context(), phaseAsk("k2", yuki, 2))
	refused(t, err, "")
	if _, err := w.service.Cancel(t.Context(), person(yuki), got.Request.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.Phase(t.Context(), phaseAsk("k3", yuki, 2)); err != nil {
		t.Errorf("after it was cancelled: %v", err)
	}
}

func TestPhaseBackIsWrittenByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commits.force.Repo = inPhase(t, controlledBy(t, "yuki@example.com"), config.Grow)
	_, err := w.service.Phase(t.Context(), phaseAsk("k1", yuki, 1))
	no := refused(t, err, "")
	for _, want := range []string{"phase_back: true", "phase: 1", "legacy accounts"} {
		if !strings.Contains(no.Error(), want) {
			t.Errorf("%q does not say %q", no, want)
		}
	}
	if open, _ := w.requests.Open(t.Context()); len(open) != 0 {
		t.Errorf("%d requests were made", len(open))
	}
}

// inPhase is a copy of a repo in another phase.
func inPhase(t *testing.T, repo *config.Repo, p config.Phase) *config.Repo {
	t.Helper()
	other := *repo
	other.Access.Phase = p
	return &other
}

// TestNobodyElseSeesAPhaseRequest: it has no principal whose members could.
func TestNobodyElseSeesAPhaseRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commits.force.Repo = controlledBy(t, "yuki@example.com")
	got, err := w.service.Phase(t.Context(), phaseAsk("k1", yuki, 2))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.Show(t.Context(), person(yuki), got.Request.ID); err != nil {
		t.Errorf("the asker: %v", err)
	}
	_, err = w.service.Show(t.Context(), person(hana), got.Request.ID)
	refused(t, err, "")
	w.commits.force.Repo = controlledBy(t, "ken@example.com")
	if _, err := w.service.Show(t.Context(), person(ken), got.Request.ID); err != nil {
		t.Errorf("the control plane: %v", err)
	}
}
