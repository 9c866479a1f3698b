package access_test

import (
	"errors"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"

	"github.com/google/go-cmp/cmp"
)

// forHimself is an ask of somebody for himself.
func forHimself(key, entra string) access.Ask {
	a := good(key)
	a.Asker, a.Group = asker(entra), "Me"
	return a
}

func (w *world) knows(entra, upn string) {
	w.dir.users = append(w.dir.users, access.Entrant{Person: person(entra), UPN: upn, Enabled: true})
}

func TestAskingForMeIsAskingForTheAskersOwnFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.knows(hana, "hana@example.com")
	got := w.ask(forHimself("k1", hana)).Request.Want
	if got.Principal != (config.Principal{Kind: config.UserPrincipal, ID: hana}) || got.PrincipalSlug != "hana" || got.PrincipalName != "hana@example.com" {
		t.Errorf("got %+v", got)
	}
}

func TestAskingForMeNamesANewFileByTheUserPrincipalName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.knows(newcomer, "new.comer@corp.example.com")
	got := w.ask(forHimself("k1", newcomer))
	if w := got.Request.Want; w.Principal.ID != newcomer || w.PrincipalSlug != "" || w.PrincipalName != "new.comer@corp.example.com" {
		t.Errorf("got %+v", w)
	}
	if got.Warning != "" {
		t.Errorf("warned that he is in no group: %q", got.Warning)
	}
}

func TestAskingForMeAlwaysHasAnEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.knows(hana, "hana@example.com")
	a := forHimself("k1", hana)
	a.PermissionSet, a.Term = "ReadOnlyAccess", &config.Term{Standing: true}
	_, err := w.service.Ask(t.Context(), a)
	if no := refused(t, err, "duration"); no.Message != "Access for one person always has an end." {
		t.Errorf("refused with %q", no.Message)
	}
	a.Term = nil
	if got := w.ask(a).Request.Want.Term; got.For != 8*time.Hour {
		t.Errorf("without a length: %+v, want the rule's default", got)
	}
}

func TestAskingForMeWaitsForEntra(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.service.Ask(t.Context(), forHimself("k1", newcomer))
	refused(t, err, "group")
	w.dir.err = errDown
	if _, err := w.service.Ask(t.Context(), forHimself("k2", newcomer)); !errors.Is(err, errDown) {
		t.Errorf("while Entra is down: %v", err)
	}
	w.dir.err = nil
	w.knows(newcomer, "new@example.com")
	first := w.ask(forHimself("k2", newcomer))
	w.dir.err = errDown
	again := w.ask(forHimself("k2", newcomer)) // the same delivery needs Entra no more
	if diff := cmp.Diff(first.Request, again.Request); diff != "" || !again.Repeated {
		t.Errorf("repeated %v %s", again.Repeated, diff)
	}
}

func TestAccessForOnePersonIsSeenByHimAndTheOwnersOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.knows(hana, "hana@example.com")
	id := w.ask(forHimself("k1", hana)).Request.ID
	for entra, may := range map[string]bool{hana: true, yuki: true, newcomer: false} {
		_, err := w.service.Show(t.Context(), person(entra), id)
		if may && err != nil {
			t.Errorf("%s: %v", entra, err)
		}
		if !may {
			refused(t, err, "")
		}
	}
}
