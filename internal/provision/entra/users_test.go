package entra_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/entra"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/graphemu"
)

func TestAUserForProvisioningByObjectID(t *testing.T) {
	t.Parallel()
	c := newWorld(t).client()
	for _, want := range []provision.User{
		{ID: hana, Name: "hana@example.com", Enabled: true},
		{ID: yuki, Name: "yuki@example.com"},
		{ID: ren, Name: "ren@example.com", Enabled: true, Guest: true},
	} {
		if got, err := c.UserByID(t.Context(), want.ID); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
	if _, err := c.UserByID(t.Context(), nobody); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("missing: %v", err)
	}
}

func TestWhatAWSWantsOfAUserAndEntraDoesNotHave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, tt := range []struct{ display, given, surname, want string }{
		{"Prince", "Prince", "", "surname"}, {"X", "", " ", "given name and surname"}, {"Full Name", "Full", "Name", ""},
	} {
		id := fmt.Sprintf("3c1d9a70-0000-4000-8000-0000000000%d", 70+i)
		_, err := w.AddUser(graphemu.User{ID: id, DisplayName: tt.display, GivenName: tt.given, Surname: tt.surname, UserPrincipalName: fmt.Sprintf("n%d@example.com", i)})
		w.must(err)
		if got, err := w.client().User(t.Context(), id); err != nil || got.Lacks != tt.want {
			t.Errorf("%+v: lacks %q, %v", tt, got.Lacks, err)
		}
	}
}

// TestANameWithADefaultInTheMappingIsNotLacked: AWS gets the default. The
// display name has none, and the mapping is read again after an hour.
func TestANameWithADefaultInTheMappingIsNotLacked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	looked := w.clock()
	c := w.client(func(o *entra.Options) { o.Now = func() time.Time { return looked } })
	const id = "3c1d9a70-0000-4000-8000-000000000080"
	_, err := w.AddUser(graphemu.User{ID: id, DisplayName: "Prince", UserPrincipalName: "p@example.com"})
	w.must(err)
	lacks := func(want string) {
		t.Helper()
		if got, err := c.User(t.Context(), id); err != nil || got.Lacks != want {
			t.Errorf("lacks %q, %v; want %q", got.Lacks, err, want)
		}
	}
	lacks("given name and surname")
	w.SetUp(func(a *graphemu.AppSetup) { a.NameDefault = "-" })
	lacks("given name and surname")
	looked = looked.Add(time.Hour)
	lacks("")
	w.must(w.ChangeUser(id, func(u *graphemu.User) { u.DisplayName = "" }))
	lacks("display name")
}

func TestAUserIsAssignedProvisionedAndTakenOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	id, already, err := c.Assign(t.Context(), hana)
	if err != nil || already || id == "" {
		t.Fatalf("assign: %q %v, %v", id, already, err)
	}
	w.pass(5 * time.Minute)
	if got, found, err := c.AppAssignment(t.Context(), hana); err != nil || !found || got != id {
		t.Errorf("look: %q %v, %v", got, found, err)
	}
	who := config.Principal{Kind: config.UserPrincipal, ID: hana}
	if got, err := c.ProvisionOnDemand(t.Context(), who, nil); err != nil || !got.OK {
		t.Errorf("on demand: %+v, %v", got, err)
	}
	for range 2 { // what is gone already is no error
		if err := c.Unassign(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if _, found, err := c.AppAssignment(t.Context(), hana); err != nil || found {
		t.Errorf("after it was taken away: %v, %v", found, err)
	}
}

func takingOutOfTheApplicationIsSentOnce(t *testing.T) {
	t.Parallel()
	const op = "DELETE /servicePrincipals/{id}/appRoleAssignedTo/{assignment}"
	w := newWorld(t)
	c := w.client()
	id, _, err := c.Assign(t.Context(), hana)
	w.must(err)
	w.kit.Faults.Add(emukit.Fault{Op: op, Drop: true, AfterEffect: true})
	if err := c.Unassign(t.Context(), id); err == nil || fault.Known(err) || w.calls(op) != 1 {
		t.Errorf("got %v after %d requests", err, w.calls(op))
	}
	w.kit.Faults.Add(emukit.Fault{Op: op, Status: 403})
	if err := c.Unassign(t.Context(), id); !errors.Is(err, fault.ErrDenied) {
		t.Errorf("refused: %v", err)
	}
}
