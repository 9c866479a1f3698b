package access_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// cutovers is a provisioner that has asked something.
type cutovers struct {
	list      []access.Cutover
	confirmed []string
	removed   []string
	err       error
}

func (c *cutovers) KnownCutovers(context.Context) ([]access.Cutover, error) { return c.list, nil }

func (c *cutovers) ConfirmCutover(_ context.Context, id string, by access.Person) error {
	if c.err != nil {
		return fmt.Errorf("confirm %s: %w", id, c.err)
	}
	c.confirmed = append(c.confirmed, id+" "+by.Entra)
	return nil
}

func (c *cutovers) RemoveDrift(_ context.Context, id, by string) error {
	c.removed = append(c.removed, id+" "+by)
	return nil
}

// withQuestions is a world in which Hana asked for payments-prod, which is Yuki's,
// and two questions are open in its thread, beside some that are not.
func withQuestions(t *testing.T) (*world, *cutovers) {
	t.Helper()
	w := newWorld(t)
	w.commits.force.Repo = controlledBy(t, "ken@example.com")
	asked := access.Request{ID: "REQ-ACCNT1", Key: "k", Kind: access.KindOnboard, State: access.StateDone, Version: 1, Asker: asker(hana), Want: access.Want{AccountID: "111122223333"}}
	if err := w.requests.Create(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	one := access.Cutover{Account: "111122223333", AccountName: "payments-prod (…3333)", Request: asked.ID, State: access.CutoverAsked, Until: w.now.Add(time.Hour)}
	c := &cutovers{}
	for id, state := range map[string]access.CutoverState{"CUT-00000001": access.CutoverAsked, "CUT-00000002": access.CutoverAsked, "CUT-00000003": access.CutoverRemoving, "CUT-00000004": access.CutoverRolledBack} {
		x := one
		x.ID, x.State = id, state
		c.list = append(c.list, x)
	}
	w.service.Cutovers = c
	return w, c
}

// TestWhoMayConfirm: an owner of the account, who asked for it, and the control
// plane; nobody else, whatever he asked for himself.
func TestWhoMayConfirm(t *testing.T) {
	t.Parallel()
	for who, may := range map[string]bool{hana: true, yuki: true, ken: true, newcomer: false, "e-nobody": false} {
		w, c := withQuestions(t)
		done, err := w.service.Confirm(t.Context(), person(who), "CUT-00000001", "")
		if !may {
			if no := refused(t, err, ""); !strings.Contains(no.Message, "Only the owners of payments-prod") || !strings.Contains(no.Mend, "yuki@example.com") || len(c.confirmed) != 0 {
				t.Errorf("%s: %q, confirmed %v", who, no.Error(), c.confirmed)
			}
			continue
		}
		if err != nil || len(done) != 1 || len(c.confirmed) != 1 || c.confirmed[0] != "CUT-00000001 "+who {
			t.Errorf("%s: %+v, %v, confirmed %v", who, done, err, c.confirmed)
		}
	}
}

// TestARequestConfirmsAllThatIsOpenInItsThread, and nothing that is not.
func TestARequestConfirmsAllThatIsOpenInItsThread(t *testing.T) {
	t.Parallel()
	w, c := withQuestions(t)
	if done, err := w.service.Confirm(t.Context(), person(yuki), "", "REQ-ACCNT1"); err != nil || len(done) != 2 || len(c.confirmed) != 2 {
		t.Errorf("%+v, %v, confirmed %v", done, err, c.confirmed)
	}
	for question, request := range map[string]access.ID{"CUT-99999999": "", "CUT-00000003": "", "": "REQ-0THERS"} {
		if _, err := w.service.Confirm(t.Context(), person(yuki), question, request); !strings.Contains(refused(t, err, "").Message, "Nothing is asked there") {
			t.Errorf("%s%s: %v", question, request, err)
		}
	}
	if len(c.confirmed) != 2 {
		t.Errorf("confirmed %v", c.confirmed)
	}
}

// TestAConfirmationThatComesTooLateSaysSo, and what to do then.
func TestAConfirmationThatComesTooLateSaysSo(t *testing.T) {
	t.Parallel()
	w, c := withQuestions(t)
	c.err = access.ErrConflict
	_, err := w.service.Confirm(t.Context(), person(yuki), "CUT-00000004", "")
	if no := refused(t, err, ""); !strings.Contains(no.Message, "too late") || !strings.Contains(no.Mend, "/aws-access drift") {
		t.Errorf("%q", no.Error())
	}
	c.err = errors.New("disk full")
	if _, err := w.service.Confirm(t.Context(), person(yuki), "CUT-00000001", ""); err == nil || strings.Contains(err.Error(), "too late") {
		t.Errorf("a fault: %v", err)
	}
	w.service.Cutovers = nil
	if _, err := w.service.Confirm(t.Context(), person(yuki), "CUT-00000001", ""); !strings.Contains(refused(t, err, "").Message, "does not ask") {
		t.Errorf("without cutovers: %v", err)
	}
}

// TestOnlyTheControlPlaneRemovesWhatWasPutBack, and only that.
func TestOnlyTheControlPlaneRemovesWhatWasPutBack(t *testing.T) {
	t.Parallel()
	w, d := withDrift(t)
	c := &cutovers{}
	w.service.Cutovers = c
	back := d.list[extraDrift]
	back.RolledBack = true
	d.list[extraDrift] = back
	for _, who := range []string{hana, yuki, newcomer} {
		if _, err := w.service.RemoveDrift(t.Context(), person(who), extraDrift); !strings.Contains(refused(t, err, "").Message, "Only the people of the control plane") {
			t.Errorf("%s: %v", who, err)
		}
	}
	if _, err := w.service.RemoveDrift(t.Context(), person(ken), missingDrift); !strings.Contains(refused(t, err, "").Message, "put back itself") || len(c.removed) != 0 {
		t.Errorf("what is missing: %v, removed %v", err, c.removed)
	}
	w.commits.force.Repo.Access.Phase, w.commits.force.Repo.Access.Drift = config.Consolidated, config.DriftRevert
	if _, err := w.service.RevertDrift(t.Context(), person(ken), extraDrift); !strings.Contains(refused(t, err, "").Mend, "drift remove "+extraDrift) || len(d.back) != 0 {
		t.Errorf("reverted though it is held: %v, %v", err, d.back)
	}
	if _, err := w.service.RemoveDrift(t.Context(), person(ken), extraDrift); err != nil || len(c.removed) != 1 || c.removed[0] != extraDrift+" "+ken {
		t.Errorf("%v, removed %v", err, c.removed)
	}
}

// TestTheBoardSaysWhichAccountsWaitForAConfirmation, and until when.
func TestTheBoardSaysWhichAccountsWaitForAConfirmation(t *testing.T) {
	t.Parallel()
	w, c := withQuestions(t)
	c.list[0].Until = w.now.Add(2 * time.Hour)
	boards := &access.Boards{Commits: w.commits, Cutovers: c, Now: func() time.Time { return w.now }}
	board, err := boards.Board(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range board.Accounts {
		waits := a.ID == "111122223333"
		if waits != strings.Contains(a.Cutover, "Waiting for confirmation until "+w.now.Add(time.Hour).UTC().Format("2006-01-02 15:04")) || waits == a.ConfirmBy.IsZero() {
			t.Errorf("%s: by %s, %q", a.Name, a.ConfirmBy, a.Cutover)
		}
	}
	c.list = []access.Cutover{{ID: "CUT-00000005", Account: "111122223333", State: access.CutoverRolledBack, Undecided: 2}, {Account: "000000000000", State: access.CutoverAsked}}
	if board, err = boards.Board(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, a := range board.Accounts {
		if (a.ID == "111122223333") != strings.Contains(a.Cutover, "2 of what was taken away was put back") || !a.ConfirmBy.IsZero() {
			t.Errorf("%s: by %s, %q", a.Name, a.ConfirmBy, a.Cutover)
		}
	}
}

// TestParseCutover reads an id however it is written, and nothing else.
func TestParseCutover(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"CUT-0a1b2c3d": "CUT-0a1b2c3d", "cut-0A1B2C3D": "CUT-0a1b2c3d", "0a1b2c3d": "", "CUT-0a1b2c3": "", "CUT-0a1b2c3dx": "", "REQ-7F3K2Q": "", "": ""} {
		if id, ok := access.ParseCutover(in); ok != (want != "") || ok && id != want {
			t.Errorf("%q: %q, %v", in, id, ok)
		}
	}
}
