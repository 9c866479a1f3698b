package access_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// drifting is a provisioner that knows some drift.
type drifting struct {
	list    map[string]access.Drift
	over    map[string]bool
	back    []string
	snoozed map[string]time.Time
	err     error
}

func (d *drifting) SyncNow(context.Context) (access.Synced, error) {
	return access.Synced{Commit: "c0", Live: 3}, d.err
}

func (d *drifting) KnownDrift(context.Context) ([]access.Drift, error) {
	var out []access.Drift
	for _, x := range d.list {
		out = append(out, x)
	}
	return out, d.err
}

func (d *drifting) StillDrift(_ context.Context, id string) (access.Drift, error) {
	x, ok := d.list[id]
	if !ok || d.over[id] {
		return x, access.ErrNotFound
	}
	return x, d.err
}

func (d *drifting) PutBackDrift(_ context.Context, id, by string) error {
	d.back = append(d.back, id+" "+by)
	return nil
}

func (d *drifting) SnoozeDrift(_ context.Context, id string, until time.Time) error {
	d.snoozed[id] = until
	return nil
}

const missingDrift, extraDrift, strangeDrift = "DRIFT-00000001", "DRIFT-00000002", "DRIFT-00000003"

// withDrift is a world in which Ken is of the control plane and three things
// differ: a line of aws-payments-dev is gone from AWS, and two assignments were
// never declared, one of them of nobody the repo knows.
func withDrift(t *testing.T) (*world, *drifting) {
	t.Helper()
	w := newWorld(t)
	w.commits.force.Repo = controlledBy(t, "ken@example.com")
	group := config.Principal{Kind: config.GroupPrincipal, ID: payDev}
	d := &drifting{over: map[string]bool{}, snoozed: map[string]time.Time{}, list: map[string]access.Drift{
		missingDrift: {ID: missingDrift, Missing: true, Known: true, Assignment: config.Assignment{Principal: group, Account: "111122223333", PermissionSet: "ReadOnlyAccess"}},
		extraDrift:   {ID: extraDrift, Known: true, Assignment: config.Assignment{Principal: group, Account: "111122224444", PermissionSet: "PowerUserAccess"}},
		strangeDrift: {ID: strangeDrift},
	}}
	w.service.Drifts = d
	return w, d
}

func (w *world) adopt(key, entra, id string) (access.Asked, error) {
	return w.service.AdoptDrift(w.t.Context(), access.Adoption{Key: key, Asker: asker(entra), Drift: id, Channel: "C0AWS"})
}

// TestOnlyTheControlPlaneSeesAndUndoesDrift, and only with a GitHub account that
// is linked.
func TestOnlyTheControlPlaneSeesAndUndoesDrift(t *testing.T) {
	t.Parallel()
	w, d := withDrift(t)
	if _, list, err := w.service.Sync(t.Context(), person(ken)); err != nil || len(list) != 3 {
		t.Errorf("Ken sees %d, %v", len(list), err)
	}
	acts := map[string]func(access.Person) error{
		"sync":   func(p access.Person) error { _, _, err := w.service.Sync(t.Context(), p); return err },
		"revert": func(p access.Person) error { _, err := w.service.RevertDrift(t.Context(), p, missingDrift); return err },
		"snooze": func(p access.Person) error { _, err := w.service.SnoozeDrift(t.Context(), p, missingDrift); return err },
	}
	for name, act := range acts {
		for _, who := range []string{hana, yuki, newcomer} {
			if no := refused(t, act(person(who)), ""); !strings.Contains(no.Message, "Only the people of the control plane") {
				t.Errorf("%s by %s: %q", name, who, no.Message)
			}
		}
	}
	for i := range w.commits.force.Repo.People.People {
		if p := &w.commits.force.Repo.People.People[i]; p.Entra == ken {
			p.GitHub = nil
		}
	}
	for name, act := range acts {
		if no := refused(t, act(person(ken)), ""); !strings.Contains(no.Mend, "link github") {
			t.Errorf("%s by Ken without a GitHub account: %q", name, no.Error())
		}
	}
	if len(d.back)+len(d.snoozed) != 0 {
		t.Errorf("put back %v, snoozed %v", d.back, d.snoozed)
	}
}

// TestRevertDriftPutsBackWhatIsOwned and nothing else.
func TestRevertDriftPutsBackWhatIsOwned(t *testing.T) {
	t.Parallel()
	w, d := withDrift(t)
	if _, err := w.service.RevertDrift(t.Context(), person(ken), missingDrift); err != nil || len(d.back) != 1 || d.back[0] != missingDrift+" "+ken {
		t.Errorf("put back %v, %v", d.back, err)
	}
	_, err := w.service.RevertDrift(t.Context(), person(ken), extraDrift)
	if no := refused(t, err, ""); !strings.Contains(no.Message, "does not own") || len(d.back) != 1 {
		t.Errorf("what no commit declared: %q, put back %v", no.Message, d.back)
	}
	got, err := w.service.SnoozeDrift(t.Context(), person(ken), extraDrift)
	if want := morning.Add(24 * time.Hour); err != nil || !got.Snoozed.Equal(want) || !d.snoozed[extraDrift].Equal(want) {
		t.Errorf("snoozed until %s, %v", got.Snoozed, err)
	}
}

// TestAStaleDriftButtonSaysSo, whatever it would do.
func TestAStaleDriftButtonSaysSo(t *testing.T) {
	t.Parallel()
	w, d := withDrift(t)
	d.over[missingDrift] = true
	acts := map[string]func(string) error{
		"adopt":  func(id string) error { _, err := w.adopt("k", ken, id); return err },
		"revert": func(id string) error { _, err := w.service.RevertDrift(t.Context(), person(ken), id); return err },
		"snooze": func(id string) error { _, err := w.service.SnoozeDrift(t.Context(), person(ken), id); return err },
	}
	for name, act := range acts {
		for _, id := range []string{missingDrift, "DRIFT-ffffffff"} {
			if no := refused(t, act(id), ""); !strings.Contains(no.Message, "no drift any more") {
				t.Errorf("%s %s: %q", name, id, no.Message)
			}
		}
	}
}

// TestAdoptMakesARequest: a line for what no commit declared, for as long as a
// rule allows; and a removal of the line of what is gone.
func TestAdoptMakesARequest(t *testing.T) {
	t.Parallel()
	w, d := withDrift(t)
	got, err := w.adopt("k1", ken, extraDrift)
	if err != nil {
		t.Fatal(err)
	}
	if r := got.Request; r.Kind != access.KindGrant || r.Want.Assignment() != d.list[extraDrift].Assignment || !r.Want.Term.Standing || !strings.Contains(r.Want.Reason, extraDrift) || r.Asker.Entra != ken {
		t.Errorf("adopts %+v", r)
	}
	if again, err := w.adopt("k1", ken, extraDrift); err != nil || !again.Repeated {
		t.Errorf("the same delivery again: %+v, %v", again, err)
	}
	got, err = w.adopt("k2", ken, missingDrift)
	if err != nil {
		t.Fatal(err)
	}
	if r := got.Request; r.Kind != access.KindRevoke || r.Want.Revokes != "" || r.Want.Assignment() != d.list[missingDrift].Assignment {
		t.Errorf("adopts what is gone by %+v", r)
	}
	if no := refused(t, second(w.adopt("k3", hana, missingDrift)), ""); !strings.Contains(no.Message, string(got.Request.ID)) {
		t.Errorf("a second one: %q", no.Message)
	}
	if no := refused(t, second(w.adopt("k4", ken, strangeDrift)), ""); !strings.Contains(no.Message, "no file in the config repo, or who has this is no group") {
		t.Errorf("of nobody the repo knows: %q", no.Message)
	}
}

// TestAdoptMakesAFileForAGroupOfEntraThatHasNone: the line is for the group by its
// Entra id and name; an account without a file is refused.
func TestAdoptMakesAFileForAGroupOfEntraThatHasNone(t *testing.T) {
	t.Parallel()
	w, d := withDrift(t)
	visitors := config.Principal{Kind: config.GroupPrincipal, ID: "0b7e3f4c-0000-4000-8000-0000000000ff"}
	x := access.Drift{ID: strangeDrift, Known: true, Group: "visitors", Assignment: config.Assignment{Principal: visitors, Account: "111122224444", PermissionSet: "PowerUserAccess"}}
	d.list[strangeDrift] = x
	got, err := w.adopt("k1", ken, strangeDrift)
	if err != nil {
		t.Fatal(err)
	}
	if want := got.Request.Want; want.Assignment() != x.Assignment || want.PrincipalName != "visitors" || want.PrincipalSlug != "" || got.Request.Kind != access.KindGrant {
		t.Errorf("adopts by %+v", want)
	}
	x.Assignment.Account = "999900001111"
	d.list[strangeDrift] = x
	if no := refused(t, second(w.adopt("k2", ken, strangeDrift)), ""); !strings.Contains(no.Message, "account has no file") {
		t.Errorf("without a file of the account: %q", no.Message)
	}
	x.Assignment.Account, x.Group = "111122224444", ""
	d.list[strangeDrift] = x
	if no := refused(t, second(w.adopt("k3", ken, strangeDrift)), ""); !strings.Contains(no.Message, "no group of Entra") {
		t.Errorf("of a group that Entra does not have: %q", no.Message)
	}
}

// TestRevertOfWhatNoCommitDeclared only where the phase has such removed.
func TestRevertOfWhatNoCommitDeclared(t *testing.T) {
	t.Parallel()
	w, d := withDrift(t)
	w.commits.force.Repo.Access.Phase, w.commits.force.Repo.Access.Drift = 3, config.DriftRevert
	if _, err := w.service.RevertDrift(t.Context(), person(ken), extraDrift); err != nil || len(d.back) != 1 || d.back[0] != extraDrift+" "+ken {
		t.Errorf("%v, %v", d.back, err)
	}
	_, err := w.service.RevertDrift(t.Context(), person(ken), strangeDrift)
	if no := refused(t, err, ""); !strings.Contains(no.Message, "does not own") {
		t.Errorf("of nobody who is known: %q", no.Message)
	}
}

// TestAnAdoptedLineLastsAsLongAsTheRuleAllows where it may not stand for good.
func TestAnAdoptedLineLastsAsLongAsTheRuleAllows(t *testing.T) {
	t.Parallel()
	w, d := withDrift(t)
	x := d.list[extraDrift]
	x.Assignment.Account, x.Assignment.PermissionSet = "111122223333", "AdministratorAccess"
	d.list[extraDrift] = x
	got, err := w.adopt("k1", ken, extraDrift)
	if err != nil || got.Request.Want.Term != (config.Term{For: 8 * time.Hour}) {
		t.Errorf("%+v, %v", got.Request.Want.Term, err)
	}
}
