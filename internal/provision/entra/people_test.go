package entra_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/graphemu"

	"github.com/google/go-cmp/cmp"
)

func entrantHana() access.Entrant {
	return access.Entrant{Person: access.Person{Entra: hana, Name: "Hana Sato", Email: "hana@example.com"}, UPN: "hana@example.com", Enabled: true}
}

func entrantYuki() access.Entrant {
	return access.Entrant{Person: access.Person{Entra: yuki, Name: "Yuki O'Brien", Email: "yuki.o'brien+aws@example.com"}, UPN: "yuki@example.com"}
}

func entrantRen() access.Entrant {
	return access.Entrant{Person: access.Person{Entra: ren, Name: "Ren Ito", Email: "ren@example.com"}, UPN: "ren@example.com", Enabled: true, Guest: true}
}

func TestUserByObjectID(t *testing.T) {
	t.Parallel()
	c := newWorld(t).client()
	for _, want := range []access.Entrant{entrantHana(), entrantYuki(), entrantRen()} {
		got, err := c.User(t.Context(), strings.ToUpper(want.Entra))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", want.Name, err, diff)
		}
	}
	if _, err := c.User(t.Context(), nobody); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("missing: %v", err)
	}
	for _, id := range []string{"", "hana@example.com", hana + "/manager", "{" + hana + "}"} {
		if _, err := c.User(t.Context(), id); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%q is no object id: %v", id, err)
		}
	}
}

func TestManagerOfAUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	if _, err := c.Manager(t.Context(), hana); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("without a manager: %v", err)
	}
	for _, want := range []access.Entrant{entrantYuki(), entrantRen()} {
		if err := w.SetManager(hana, want.Entra); err != nil {
			t.Fatal(err)
		}
		got, err := c.Manager(t.Context(), hana)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", want.Name, err, diff)
		}
	}
	if _, err := c.Manager(t.Context(), nobody); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
	if _, err := c.Manager(t.Context(), hana+"/manager"); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("of no object id: %v", err)
	}
}

func TestUsersByEmail(t *testing.T) {
	t.Parallel()
	c := newWorld(t).client()
	tests := []struct {
		name, email string
		want        []access.Entrant
	}{
		{"mail", "hana@example.com", []access.Entrant{entrantHana()}},
		{"another address", "h.sato@example.com", []access.Entrant{entrantHana()}},
		{"user principal name", "yuki@example.com", []access.Entrant{entrantYuki()}},
		{"with a quote and a plus", "yuki.o'brien+aws@example.com", []access.Entrant{entrantYuki()}},
		{"of a guest", "ren@example.com", []access.Entrant{entrantRen()}},
		{"of nobody", "x@example.com", nil},
		{"a filter of its own", "x' or accountEnabled eq true or mail eq 'x", nil},
	}
	for _, tc := range tests {
		got, err := c.UsersByEmail(t.Context(), tc.email)
		if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", tc.name, err, diff)
		}
	}
	if _, err := c.UsersByEmail(t.Context(), ""); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("no address: %v", err)
	}
}

func TestAnAddressIsNotInTheError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kit.Faults.Add(emukit.Fault{Op: opUsers, Times: -1, Drop: true})
	if _, err := w.client().UsersByEmail(t.Context(), "hana@example.com"); err == nil || strings.Contains(err.Error(), "hana") {
		t.Errorf("got %v", err)
	}
}

// crowd makes a group of n people and returns it with their ids.
func (w *world) crowd(n int) (group string, ids []string) {
	w.t.Helper()
	for i := range n {
		u, err := w.AddUser(graphemu.User{DisplayName: "U", UserPrincipalName: fmt.Sprintf("u%04d@example.com", i)})
		w.must(err)
		ids = append(ids, u.ID)
	}
	g, err := w.AddGroup(graphemu.Group{DisplayName: "crowd", Members: ids})
	w.must(err)
	slices.Sort(ids)
	return g.ID, ids
}

func directMembersAreReadToTheLastPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	group, want := w.crowd(1100)
	members, err := w.client().DirectMembers(t.Context(), group)
	var got []string
	for _, m := range members {
		got = append(got, m.Entra)
		if !m.Enabled || m.Guest || m.Email == "" {
			t.Fatalf("a later page has less of a person: %+v", m)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if n := w.calls(opMembers); n != 2 {
		t.Errorf("%d pages, want 2", n)
	}
}

func TestDirectMembersAreUsersOnly(t *testing.T) {
	t.Parallel()
	c := newWorld(t).client()
	got, err := c.DirectMembers(t.Context(), staff) // ren, and a group
	if diff := cmp.Diff([]access.Entrant{entrantRen()}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	users, err := c.DirectUsers(t.Context(), devs)
	want := []provision.User{{ID: hana, Name: "hana@example.com", Enabled: true}, {ID: yuki, Name: "yuki@example.com"}}
	if diff := cmp.Diff(want, users); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func aListThatCannotBeReadToItsEndIsAnError(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		set  func(*world)
	}{
		{"next link to another host", func(w *world) {
			w.answer(opMembers, 200, `{"value":[],"@odata.nextLink":"https://evil.example/v1.0/users"}`)
		}},
		{"next link to another port", func(w *world) {
			w.answer(opMembers, 200, `{"value":[],"@odata.nextLink":"https://127.0.0.1:1/v1.0/users"}`)
		}},
		{"next link in clear text", func(w *world) {
			w.answer(opMembers, 200, `{"value":[],"@odata.nextLink":"`+strings.Replace(w.url, "https", "http", 1)+`/graph/v1.0/users"}`)
		}},
		{"next link without end", func(w *world) {
			next := w.url + "/graph/v1.0/groups/" + devs + "/members/microsoft.graph.user?$skiptoken=x"
			for range 3 {
				w.answer(opMembers, 200, `{"value":[],"@odata.nextLink":"`+next+`"}`)
			}
		}},
		{"no list", func(w *world) { w.answer(opMembers, 200, `{}`) }},
		{"no body", func(w *world) { w.answer(opMembers, 200, ``) }},
		{"no content", func(w *world) { w.answer(opMembers, 204, ``) }},
		{"a later page fails", func(w *world) {
			next := w.url + "/graph/v1.0/groups/" + nobody + "/members/microsoft.graph.user"
			w.answer(opMembers, 200, `{"value":[{"id":"`+hana+`"}],"@odata.nextLink":"`+next+`"}`)
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tc.set(w)
			if got, err := w.client().DirectMembers(t.Context(), devs); err == nil || got != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestAnEmptyListIsEmpty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g, err := w.AddGroup(graphemu.Group{DisplayName: "empty"})
	w.must(err)
	if got, err := w.client().DirectMembers(t.Context(), g.ID); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAnAnswerWithoutEndIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer(opMembers, 200, `{"value":[`+strings.Repeat(" ", 17<<20)+`]}`)
	if _, err := w.client().DirectMembers(t.Context(), devs); err == nil || !strings.Contains(err.Error(), "answer larger") {
		t.Errorf("got %v", err)
	}
}

func TestGroup(t *testing.T) {
	t.Parallel()
	c := newWorld(t).client()
	got, err := c.Group(t.Context(), devs)
	if want := (provision.Group{ID: devs, Name: "aws-payments-dev", SecurityEnabled: true}); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err = c.Group(t.Context(), staff); err != nil || got.SecurityEnabled {
		t.Errorf("a Microsoft 365 group: %+v, %v", got, err)
	}
	for name, call := range map[string]func(id string) error{
		"group":   func(id string) error { _, err := c.Group(t.Context(), id); return err },
		"members": func(id string) error { _, err := c.DirectUsers(t.Context(), id); return err },
	} {
		if err := call(nobody); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s that is missing: %v", name, err)
		}
		if err := call("no-id"); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%s without an object id: %v", name, err)
		}
	}
}

func errorsOfReadsHaveAKindAndTheRequestID(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		want   error // nil: no kind
	}{
		{400, fault.ErrInvalid}, {401, fault.ErrDenied}, {403, fault.ErrDenied}, {404, fault.ErrNotFound}, {408, nil},
		{409, fault.ErrConflict}, {412, fault.ErrConflict}, {423, fault.ErrConflict}, {501, nil},
	}
	w := newWorld(t)
	c := w.client()
	for _, tc := range tests {
		w.answer(opGroup, tc.status, `{"error":{"code":"Some_Code","message":"their words"}}`)
		_, err := c.Group(t.Context(), devs)
		if err == nil || fault.Known(err) != (tc.want != nil) || tc.want != nil && !errors.Is(err, tc.want) {
			t.Errorf("%d: got %v", tc.status, err)
			continue
		}
		for _, part := range []string{"graph group " + devs, "Some_Code", "their words", "req-1"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%d: %q is not in %v", tc.status, part, err)
			}
		}
	}
}

func TestAGatewaysPageIsAnErrorWithItsStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kit.Faults.Add(emukit.Fault{Op: opGroup, Status: 403, Body: "<html>", Header: map[string][]string{"Content-Type": {"text/html"}}})
	w.kit.Faults.Add(emukit.Fault{Op: opGroup, Status: 403})
	c := w.client()
	for range 2 {
		if _, err := c.Group(t.Context(), devs); !errors.Is(err, fault.ErrDenied) {
			t.Errorf("got %v", err)
		}
	}
}

func readsThatMeetTroubleAreRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer(opGroup, 503, `{"error":{"code":"serviceNotAvailable"}}`)
	w.kit.Faults.Add(emukit.Fault{Op: opGroup, Drop: true})
	if _, err := w.client().Group(t.Context(), devs); err != nil || w.calls(opGroup) != 3 {
		t.Errorf("after %d requests: %v", w.calls(opGroup), err)
	}
}

func callsEndWithTheContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	if _, err := c.Group(t.Context(), devs); err != nil {
		t.Fatal(err)
	}
	w.kit.Faults.Add(emukit.Fault{Op: opGroup, Delay: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Group(ctx, devs); !errors.Is(err, context.DeadlineExceeded) || fault.Known(err) {
		t.Errorf("got %v", err)
	}
}
