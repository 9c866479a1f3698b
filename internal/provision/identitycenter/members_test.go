package identitycenter_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"

	gocmp "github.com/google/go-cmp/cmp"
)

// person is the Entra id of the i-th user.
func person(i int) string { return fmt.Sprintf("3c1d9a70-0000-4000-8000-%012d", i) }

// people makes n users by SCIM and returns their Entra ids.
func (w *world) people(n int) []string {
	w.t.Helper()
	var ids []string
	for i := range n {
		_, err := w.scim.UpsertUser(person(i), fmt.Sprintf("u%03d@example.com", i), "U", "U", "U", true)
		w.must(err)
		ids = append(ids, person(i))
	}
	return ids
}

// join makes users members of aws-payments, a hundred a call as SCIM takes them.
func (w *world) join(ids []string) {
	w.t.Helper()
	for part := range slices.Chunk(ids, 100) {
		w.must(w.scim.AddMembers(entraID, part))
	}
}

func membersAreNamedByTheirEntraIdsToTheLastPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	if _, _, err := c.FindGroup(t.Context(), entraID, "", "aws-payments"); err != nil {
		t.Fatal(err)
	}
	members := func(want []string) {
		t.Helper()
		got, err := c.Members(t.Context(), w.group)
		slices.Sort(got)
		if diff := gocmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
	}
	members(nil)
	all := w.people(230)
	w.join(all[:205])
	// Somebody whom no SCIM wrote has no Entra id.
	byHand, err := w.AddUser("byhand@example.com", "U", "U", "U")
	w.must(err)
	w.must(w.AddMember(w.group, byHand))
	members(all[:205])
	if n := w.calls("ListUsers"); n > 3 {
		t.Errorf("%d lists of users for 205 members of 231", n)
	}
	lists, one := w.calls("ListUsers"), w.calls("DescribeUser")
	w.join(all[205:207])
	members(all[:207])
	if l, d := w.calls("ListUsers")-lists, w.calls("DescribeUser")-one; l != 0 || d != 1 {
		t.Errorf("%d lists and %d single look-ups for two who were in the list and one without an id", l, d)
	}
	if _, err := c.Members(t.Context(), w.group[:len(w.group)-12]+"000000000000"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("missing group: %v", err)
	}
}

// TestMembersAreNamedWithoutTheRightToListUsers: a policy from before it was
// needed goes on working, at more calls.
func TestMembersAreNamedWithoutTheRightToListUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(w.people(30))
	w.refuse("ListUsers", "AccessDeniedException")
	if got, err := w.client().Members(t.Context(), w.group); err != nil || len(got) != 30 || w.calls("DescribeUser") != 30 {
		t.Errorf("%d members, %d look-ups, %v", len(got), w.calls("DescribeUser"), err)
	}
}

func TestManyAreFoundByListsInFewCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	w.people(120)
	var wanted []provision.Wanted
	want := map[config.Principal]provision.Found{}
	for i := range 250 {
		who := config.Principal{Kind: config.GroupPrincipal, ID: fmt.Sprintf("0b7e3f4c-0000-4000-8000-%012d", 100+i)}
		wanted = append(wanted, provision.Wanted{Principal: who, Name: fmt.Sprintf("aws-group-%d", i)})
		if i%10 == 9 {
			continue // has not reached Identity Center
		}
		id, err := w.scim.UpsertGroup(who.ID, fmt.Sprintf("aws-group-%d", i))
		w.must(err)
		want[who] = provision.Found{ID: id}
	}
	off, err := w.scim.UpsertUser(person(900), "off@example.com", "U", "U", "U", true)
	w.must(err)
	_, err = w.scim.UpsertUser(person(900), "off@example.com", "U", "U", "U", false)
	w.must(err)
	who := config.Principal{Kind: config.UserPrincipal, ID: person(900)}
	wanted, want[who] = append(wanted, provision.Wanted{Principal: who, Name: "off@example.com"}), provision.Found{ID: off, Asleep: true}
	got, whole, err := c.FindMany(t.Context(), wanted)
	if diff := gocmp.Diff(want, got); err != nil || diff != "" || !whole {
		t.Fatalf("%v %s", err, diff)
	}
	if g, u := w.calls("ListGroups"), w.calls("ListUsers"); g != 3 || u > 2 {
		t.Errorf("%d lists of groups and %d of users", g, u)
	}
}

// TestAListDoesNotTakeANameForAPerson: a group that has the name and another
// Entra id is somebody else's.
func TestAListDoesNotTakeANameForAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := config.Principal{Kind: config.GroupPrincipal, ID: "0b7e3f4c-0000-4000-8000-000000000099"}
	got, whole, err := w.client().FindMany(t.Context(), []provision.Wanted{{Principal: other, Name: "aws-payments"}})
	if err != nil || len(got) != 0 || !whole {
		t.Errorf("%v, whole %v, %v", got, whole, err)
	}
	// A list that is too long for one group is not read to its end.
	for i := range 250 {
		_, err := w.scim.UpsertGroup(fmt.Sprintf("0b7e3f4c-0000-4000-8000-%012d", 500+i), fmt.Sprintf("aws-group-%d", i))
		w.must(err)
	}
	_, whole, err = w.client().FindMany(t.Context(), []provision.Wanted{{Principal: other, Name: "aws-payments"}})
	if n := w.calls("ListGroups"); err != nil || whole || n != 3 {
		t.Errorf("whole %v after %d lists, %v", whole, n-1, err)
	}
}
