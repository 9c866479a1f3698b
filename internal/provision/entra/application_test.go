package entra_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/provision/entra"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/graphemu"
)

func appAssignmentIsFoundOnALaterPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := map[string]string{} // group to assignment
	for i := range 1050 {
		g, err := w.AddGroup(graphemu.Group{DisplayName: fmt.Sprintf("g%04d", i)})
		w.must(err)
		a, err := w.SeedAssignment(g.ID)
		w.must(err)
		want[g.ID] = a.ID
	}
	c := w.client()
	if _, found, err := c.AppAssignment(t.Context(), devs); err != nil || found {
		t.Errorf("not assigned: %v, %v", found, err)
	}
	if n := w.calls(opAssigned); n != 2 {
		t.Errorf("%d pages, want 2", n)
	}
	checked := 0
	for _, a := range w.State().Assignments[990:1010] {
		id, found, err := c.AppAssignment(t.Context(), strings.ToUpper(a.PrincipalID))
		if err != nil || !found || id != want[a.PrincipalID] {
			t.Errorf("%s: got %q %v, %v", a.PrincipalID, id, found, err)
		}
		checked++
	}
	if checked != 20 {
		t.Errorf("%d checked", checked)
	}
}

func TestAnAssignmentInAnotherRoleDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer(opAssigned, 200, `{"value":[
		{"id":"default","principalId":"`+devs+`","appRoleId":"00000000-0000-0000-0000-000000000000"},
		{"id":"other","principalId":"`+staff+`","appRoleId":"8774f594-1d59-4279-b9d9-59ef09a23530"},
		{"id":"nothing"}]}`)
	if id, found, err := w.client().AppAssignment(t.Context(), devs); err != nil || found {
		t.Errorf("got %q %v, %v", id, found, err)
	}
}

func assignIsIdempotent(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]graphemu.Duplicates{"permission exists": graphemu.PermissionExists, "entitlement exists": graphemu.EntitlementExists} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *graphemu.Options) { o.Duplicates = text })
			c := w.client()
			id, already, err := c.Assign(t.Context(), devs)
			if err != nil || already || id == "" {
				t.Fatalf("new: %q %v, %v", id, already, err)
			}
			again, already, err := c.Assign(t.Context(), devs)
			if err != nil || !already || again != id {
				t.Errorf("again: %q %v, %v", again, already, err)
			}
			found, ok, err := c.AppAssignment(t.Context(), devs)
			if err != nil || !ok || found != id {
				t.Errorf("found: %q %v, %v", found, ok, err)
			}
			if n := len(w.State().Assignments); n != 1 {
				t.Errorf("%d assignments", n)
			}
		})
	}
}

func anAssignmentThatListsDoNotShowYetIsStillAssigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *graphemu.Options) { o.ReadDelay = time.Minute })
	c := w.client()
	if _, _, err := c.Assign(t.Context(), devs); err != nil {
		t.Fatal(err)
	}
	if id, already, err := c.Assign(t.Context(), devs); err != nil || !already || id != "" {
		t.Errorf("got %q %v, %v", id, already, err)
	}
	w.answer(opAssigned, 403, `{"error":{"code":"Authorization_RequestDenied"}}`)
	if id, already, err := c.Assign(t.Context(), devs); err != nil || !already || id != "" {
		t.Errorf("list refused: got %q %v, %v", id, already, err)
	}
}

func TestAssignThatIsRefused(t *testing.T) {
	t.Parallel()
	role := func(w *world, id string) {
		w.answer(opApp, 200, `{"id":"`+app+`","appRoles":[{"id":"`+id+`","displayName":"User","isEnabled":true}]}`)
	}
	tests := []struct {
		name  string
		set   func(*world)
		group string
		app   string
		want  error
		posts int
	}{
		{"wrong role", func(w *world) { role(w, nobody) }, devs, app, fault.ErrInvalid, 1},
		{"missing group", nil, nobody, app, fault.ErrNotFound, 1},
		{"group of the wrong kind", nil, staff, app, fault.ErrInvalid, 1},
		{"missing application", nil, devs, nobody, fault.ErrNotFound, 0},
		{"group without an object id", nil, "devs", app, fault.ErrInvalid, 0},
		{"application without an object id", nil, devs, "aws", fault.ErrInvalid, 0},
		{"throttled", func(w *world) { w.answer(opAssign, 429, `{"error":{"code":"TooManyRequests"}}`) }, devs, app, fault.ErrThrottled, 1},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tc.set != nil {
				tc.set(w)
			}
			c := w.client(func(o *entra.Options) { o.App = func() (string, error) { return tc.app, nil } })
			id, already, err := c.Assign(t.Context(), tc.group)
			if !errors.Is(err, tc.want) || already || id != "" {
				t.Errorf("got %q %v, %v", id, already, err)
			}
			if n := w.calls(opAssign); n != tc.posts {
				t.Errorf("%d writes sent, want %d", n, tc.posts)
			}
		})
	}
}

func TestTheRoleOfTheTemplateIsTakenWhereNoneIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer(opApp, 200, `{"id":"`+app+`","appRoles":[{"id":"`+nobody+`","displayName":"User","isEnabled":false},{"id":"`+nobody+`","displayName":"Other","isEnabled":true}]}`)
	if _, _, err := w.client().Assign(t.Context(), devs); err != nil {
		t.Fatal(err)
	}
	if a := w.State().Assignments; len(a) != 1 || a[0].RoleID != "8774f594-1d59-4279-b9d9-59ef09a23530" {
		t.Errorf("got %+v", a)
	}
}

func writesWhoseAnswerIsLostAreSentOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]emukit.Fault{
		"connection cut":      {Op: opAssign, Drop: true, AfterEffect: true},
		"gateway timeout":     {Op: opAssign, Status: 504, AfterEffect: true},
		"service unavailable": {Op: opAssign, Status: 503, AfterEffect: true},
		"request timeout":     {Op: opAssign, Status: 408, AfterEffect: true},
		"answer without body": {Op: opAssign, Status: 201, AfterEffect: true},
		"answer of no sense":  {Op: opAssign, Status: 201, AfterEffect: true, Body: "<html>", Header: http.Header{"Content-Type": {"application/json"}}},
	}
	for name, f := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.kit.Faults.Add(f)
			c := w.client()
			if id, already, err := c.Assign(t.Context(), devs); err == nil || fault.Known(err) || already || id != "" {
				t.Errorf("got %q %v, %v", id, already, err)
			}
			if n := w.calls(opAssign); n != 1 {
				t.Errorf("%d writes sent", n)
			}
			if _, already, err := c.Assign(t.Context(), devs); err != nil || !already {
				t.Errorf("the next try: %v, %v", already, err)
			}
		})
	}
}

func TestWithoutAnApplicationNothingIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	unset := errors.New("no config in force")
	c := w.client(func(o *entra.Options) { o.App = func() (string, error) { return "", unset } })
	calls := map[string]func() error{
		"find":      func() error { _, _, err := c.AppAssignment(t.Context(), devs); return err },
		"assign":    func() error { _, _, err := c.Assign(t.Context(), devs); return err },
		"job":       func() error { _, err := c.Job(t.Context()); return err },
		"provision": func() error { _, err := c.ProvisionOnDemand(t.Context(), group(devs), nil); return err },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, unset) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if entries, _ := w.kit.Journal.Since(0); len(entries) != 0 {
		t.Errorf("%d requests", len(entries))
	}
}
