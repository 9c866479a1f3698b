package identitycenter_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/emukit"

	gocmp "github.com/google/go-cmp/cmp"
)

func assignmentsAreReadToTheLastPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []provision.LiveAssignment
	for i := range 230 {
		id, err := w.AddGroup(fmt.Sprintf("group-%03d", i))
		w.must(err)
		w.assign(prod, "ReadOnly", "GROUP", id)
		want = append(want, provision.LiveAssignment{PrincipalID: id, Kind: config.GroupPrincipal})
	}
	user, err := w.AddUser("hana@example.com", "Hana", "Hana", "Sato")
	w.must(err)
	w.assign(prod, "ReadOnly", "USER", user)
	w.assign(dev, "ReadOnly", "GROUP", w.group)
	w.assign(prod, "Admin", "GROUP", w.group)
	want = append(want, provision.LiveAssignment{PrincipalID: user, Kind: config.UserPrincipal})
	got, err := w.client().Assignments(t.Context(), pair(prod, "ReadOnly"))
	byID := func(a, b provision.LiveAssignment) int { return cmp.Compare(a.PrincipalID, b.PrincipalID) }
	slices.SortFunc(got, byID)
	slices.SortFunc(want, byID)
	if diff := gocmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if n := w.calls("ListAccountAssignments"); n != 3 {
		t.Errorf("%d pages, want 3", n)
	}
}

func aPageThatFailsFailsTheRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 150 {
		id, err := w.AddGroup(fmt.Sprintf("group-%03d", i))
		w.must(err)
		w.assign(prod, "ReadOnly", "GROUP", id)
	}
	for _, code := range []string{"ResourceNotFoundException", "AccessDeniedException"} {
		w.kit.Faults.Add(emukit.Fault{Op: "ListAccountAssignments", Skip: 1, Status: 400, Body: `{"__type":"` + code + `"}`})
		got, err := w.client().Assignments(t.Context(), pair(prod, "ReadOnly"))
		if err == nil || got != nil || errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s: got %d, %v", code, len(got), err)
		}
	}
}

func aListWithoutEndIsAnError(t *testing.T) {
	t.Parallel()
	const more = `{"AccountAssignments":[],"PermissionSets":[],"Instances":[],"GroupMemberships":[],"NextToken":"again"}`
	tests := []struct {
		op   string
		call func(*world) error
	}{
		{"ListAccountAssignments", func(w *world) error {
			_, err := w.client().Assignments(t.Context(), pair(prod, "ReadOnly"))
			return err
		}},
		{"ListPermissionSets", func(w *world) error { _, err := w.client().PermissionSets(t.Context()); return err }},
		{"ListInstances", func(w *world) error { _, _, err := w.client().Instance(t.Context()); return err }},
		{"ListAccountAssignmentCreationStatus", func(w *world) error {
			_, err := w.client().Outcomes(t.Context(), provision.Create)
			return err
		}},
		{"ListGroupMemberships", func(w *world) error { _, err := w.client().Members(t.Context(), w.group); return err }},
	}
	for _, tc := range tests {
		t.Run(tc.op, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.kit.Faults.Add(emukit.Fault{Op: tc.op, Times: 5, Status: 200, Body: more})
			if err := tc.call(w); err == nil || fault.Known(err) || w.calls(tc.op) != 2 {
				t.Errorf("after %d pages: %v", w.calls(tc.op), err)
			}
		})
	}
}

func anEmptyPageIsNotTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.assign(prod, "ReadOnly", "GROUP", w.group)
	c := w.client()
	if _, err := c.PermissionSets(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.answer("ListAccountAssignments", 200, `{"AccountAssignments":[],"NextToken":"more"}`)
	w.answer("ListAccountAssignments", 200, `{"AccountAssignments":[{"PrincipalId":"x","PrincipalType":"GROUP"}]}`)
	got, err := c.Assignments(t.Context(), pair(prod, "ReadOnly"))
	if diff := gocmp.Diff([]provision.LiveAssignment{{PrincipalID: "x", Kind: config.GroupPrincipal}}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestAPrincipalThatIsNotUnderstoodFailsTheRead(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{`{"PrincipalId":"x","PrincipalType":"ROBOT"}`, `{"PrincipalType":"GROUP"}`, `{}`} {
		w := newWorld(t)
		w.answer("ListAccountAssignments", 200, `{"AccountAssignments":[`+entry+`]}`)
		if got, err := w.client().Assignments(t.Context(), pair(prod, "ReadOnly")); err == nil || fault.Known(err) {
			t.Errorf("%s: got %v, %v", entry, got, err)
		}
	}
}

func TestASetNeverProvisionedInTheAccountIsEmpty(t *testing.T) {
	t.Parallel()
	for _, notFound := range []bool{false, true} {
		w := newWorld(t, func(o *awsemu.Options) { o.UnprovisionedNotFound = notFound })
		got, err := w.client().Assignments(t.Context(), pair(prod, "ReadOnly"))
		if err != nil || len(got) != 0 {
			t.Errorf("AWS says not found %v: got %v, %v", notFound, got, err)
		}
	}
}

func TestAnUnknownSetIsNotFoundByACompleteList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 210 {
		w.addSet(fmt.Sprintf("Set%03d", i))
	}
	c := w.client()
	if _, err := c.Assignments(t.Context(), pair(prod, "Missing")); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if n := w.calls("ListPermissionSets"); n != 3 {
		t.Errorf("%d pages of names, want 3", n)
	}
	if sets, err := c.PermissionSets(t.Context()); err != nil || len(sets) != 212 || sets["Set209"] != w.arn["Set209"] {
		t.Errorf("%d sets, %v", len(sets), err)
	}
	for name, call := range map[string]func() (string, error){
		"create": func() (string, error) { return c.Create(t.Context(), w.target(prod, "Missing")) },
		"delete": func() (string, error) { return c.Delete(t.Context(), w.target(prod, "Missing")) },
	} {
		if _, err := call(); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestANameThatCouldNotBeLookedUpIsNotMissing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		set  func(*world)
	}{
		{"the list is refused", func(w *world) { w.refuse("ListPermissionSets", "AccessDeniedException") }},
		{"the instance is gone from the list", func(w *world) { w.refuse("ListPermissionSets", "ResourceNotFoundException") }},
		{"no instance", func(w *world) { w.answer("ListInstances", 200, `{"Instances":[]}`) }},
		{"no active instance", func(w *world) {
			w.answer("ListInstances", 200, `{"Instances":[{"InstanceArn":"a","IdentityStoreId":"d","Status":"CREATE_IN_PROGRESS"}]}`)
		}},
		{"two instances", func(w *world) {
			w.answer("ListInstances", 200, `{"Instances":[{"InstanceArn":"a","IdentityStoreId":"d"},{"InstanceArn":"b","IdentityStoreId":"e"}]}`)
		}},
		{"an instance without a store", func(w *world) { w.answer("ListInstances", 200, `{"Instances":[{"InstanceArn":"a"}]}`) }},
		{"a set without a name", func(w *world) { w.answer("DescribePermissionSet", 200, `{"PermissionSet":{}}`) }},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tc.set(w)
			if _, err := w.client().Assignments(t.Context(), pair(prod, "ReadOnly")); err == nil || errors.Is(err, fault.ErrNotFound) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnInstanceThatIsNotActiveDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer("ListInstances", 200, `{"Instances":[{"InstanceArn":"a","IdentityStoreId":"d","Status":"DELETE_IN_PROGRESS"},{"InstanceArn":"b","IdentityStoreId":"e","Status":"ACTIVE"}]}`)
	arn, store, err := w.client().Instance(t.Context())
	if err != nil || arn != "b" || store != "e" {
		t.Errorf("got %s %s, %v", arn, store, err)
	}
}

func TestNamesAreReadOnceADayAndUnknownOnesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	read := func(set string, lists, describes int) {
		t.Helper()
		if _, err := c.Assignments(t.Context(), pair(prod, set)); err != nil {
			t.Fatal(err)
		}
		if l, d := w.calls("ListPermissionSets"), w.calls("DescribePermissionSet"); l != lists || d != describes {
			t.Errorf("after %s: %d lists and %d descriptions, want %d and %d", set, l, d, lists, describes)
		}
	}
	read("ReadOnly", 1, 2)
	read("Admin", 1, 2)
	w.addSet("New")
	read("ReadOnly", 1, 2)
	read("New", 2, 3)
	read("New", 2, 3)
	if n := w.calls("ListInstances"); n != 1 {
		t.Errorf("%d lists of instances", n)
	}
}

func TestNamesThatAreADayOldAreReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Only the client's clock moves: the emulator checks signatures by its own.
	start := time.Now()
	w.kit.Now = func() time.Time { return start }
	c := w.client()
	for i, want := range []int{1, 1, 2} {
		if _, err := c.Assignments(t.Context(), pair(prod, "ReadOnly")); err != nil {
			t.Fatal(err)
		}
		if n := w.calls("ListPermissionSets"); n != want {
			t.Errorf("read %d: %d lists, want %d", i, n, want)
		}
		w.pass(13 * time.Hour)
	}
}

func TestManyAtOnceReadTheNamesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	if _, _, err := c.Instance(t.Context()); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := c.Assignments(t.Context(), pair(prod, "ReadOnly")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if l, d := w.calls("ListPermissionSets"), w.calls("DescribePermissionSet"); l != 1 || d != 2 {
		t.Errorf("%d lists and %d descriptions", l, d)
	}
}

func TestASetDeletedSinceItsNameWasReadIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	if _, err := c.Assignments(t.Context(), pair(prod, "ReadOnly")); err != nil {
		t.Fatal(err)
	}
	w.must(w.RemovePermissionSet("ReadOnly"))
	if got, err := c.Assignments(t.Context(), pair(prod, "ReadOnly")); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestASetMadeAnewUnderItsNameIsNotEmpty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.assign(prod, "ReadOnly", "GROUP", w.group)
	c := w.client()
	// The names are first read when the set had another ARN.
	old := w.arn["ReadOnly"][:len(w.arn["ReadOnly"])-16] + "0123456789abcdef"
	w.answer("ListPermissionSets", 200, `{"PermissionSets":["`+old+`"]}`)
	w.answer("DescribePermissionSet", 200, `{"PermissionSet":{"Name":"ReadOnly"}}`)
	got, err := c.Assignments(t.Context(), pair(prod, "ReadOnly"))
	if err == nil || fault.Known(err) {
		t.Errorf("the read that noticed: %v, %v", got, err)
	}
	if got, err = c.Assignments(t.Context(), pair(prod, "ReadOnly")); err != nil || len(got) != 1 {
		t.Errorf("the next read: %v, %v", got, err)
	}
}

func TestASetDeletedWhileNamesAreReadDoesNotHideOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.assign(prod, "ReadOnly", "GROUP", w.group)
	w.assign(prod, "Admin", "GROUP", w.group)
	w.refuse("DescribePermissionSet", "ResourceNotFoundException")
	c := w.client()
	sets, err := c.PermissionSets(t.Context())
	if err != nil || len(sets) != 1 {
		t.Fatalf("got %v, %v", sets, err)
	}
	for name := range sets {
		if got, err := c.Assignments(t.Context(), pair(prod, name)); err != nil || len(got) != 1 {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func throttledReadsAreRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.assign(prod, "ReadOnly", "GROUP", w.group)
	w.refuse("ListAccountAssignments", "ThrottlingException")
	w.answer("ListAccountAssignments", 500, `{"__type":"InternalServerException"}`)
	w.kit.Faults.Add(emukit.Fault{Op: "ListAccountAssignments", Drop: true})
	got, err := w.client().Assignments(t.Context(), pair(prod, "ReadOnly"))
	if err != nil || len(got) != 1 || w.calls("ListAccountAssignments") != 4 {
		t.Errorf("got %v after %d requests, %v", got, w.calls("ListAccountAssignments"), err)
	}
}

func readsEndWithTheContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kit.Faults.Add(emukit.Fault{Op: "ListPermissionSets", Delay: time.Minute})
	c := w.client()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Assignments(ctx, pair(prod, "ReadOnly")); !errors.Is(err, context.DeadlineExceeded) || fault.Known(err) {
		t.Errorf("got %v", err)
	}
}
