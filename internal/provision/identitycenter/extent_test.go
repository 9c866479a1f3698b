package identitycenter_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/sandbox/emukit"
)

// management gives the world credentials of the management account.
func (w *world) management() {
	w.AddCredentials("AKIAMGMT", "secret-canary", "999999999999", "arn:aws:iam::999999999999:user/bot")
}

func (w *world) group1() provision.LiveAssignment {
	return provision.LiveAssignment{PrincipalID: w.group, Kind: config.GroupPrincipal}
}

func TestAPrincipalIsReadToTheLastPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.management()
	var want []config.Pair
	for n := range 130 {
		set := fmt.Sprintf("Set%03d", n)
		w.addSet(set)
		w.assign(prod, set, "GROUP", w.group)
		want = append(want, pair(prod, set))
	}
	got, err := w.clientOf("AKIAMGMT", fast).AssignmentsOf(t.Context(), w.group1())
	slices.SortFunc(got, func(a, b config.Pair) int { return strings.Compare(a.PermissionSet, b.PermissionSet) })
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d of %d pairs, %v", len(got), len(want), err)
	}
	if n := w.calls("ListAccountAssignmentsForPrincipal"); n != 2 {
		t.Errorf("%d pages, want 2", n)
	}
}

func TestAUserIsReadWithoutWhatHisGroupsHave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.management()
	user, err := w.AddUser("hana@example.com", "Hana", "Hana", "Sato")
	w.must(err)
	w.must(w.AddMember(w.group, user))
	w.assign(prod, "ReadOnly", "GROUP", w.group)
	w.assign(dev, "Admin", "USER", user)
	got, err := w.clientOf("AKIAMGMT", fast).AssignmentsOf(t.Context(), provision.LiveAssignment{PrincipalID: user, Kind: config.UserPrincipal})
	if err != nil || !slices.Equal(got, []config.Pair{pair(dev, "Admin")}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func aDelegatedAdministratorIsDeniedAndAPrincipalThatIsGoneIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.management()
	if _, err := w.client().AssignmentsOf(t.Context(), w.group1()); !errors.Is(err, fault.ErrDenied) {
		t.Errorf("as a delegated administrator: %v", err)
	}
	gone := provision.LiveAssignment{PrincipalID: "90677d4b0d-f987ac4d-0000-4000-8000-000000000001", Kind: config.GroupPrincipal}
	if _, err := w.clientOf("AKIAMGMT", fast).AssignmentsOf(t.Context(), gone); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
}

func aThrottleInTheMiddleOfAPrincipalIsRetriedAndThenFailsTheReading(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.management()
	for n := range 130 {
		set := fmt.Sprintf("Set%03d", n)
		w.addSet(set)
		w.assign(prod, set, "GROUP", w.group)
	}
	c := w.clientOf("AKIAMGMT", fast)
	throttle := emukit.Fault{Op: "ListAccountAssignmentsForPrincipal", Skip: 1, Status: 400, Body: `{"__type":"ThrottlingException"}`}
	w.kit.Faults.Add(throttle)
	if got, err := c.AssignmentsOf(t.Context(), w.group1()); err != nil || len(got) != 130 {
		t.Errorf("throttled once: %d, %v", len(got), err)
	}
	denied := throttle
	denied.Body = `{"__type":"ValidationException"}`
	w.kit.Faults.Add(denied)
	if got, err := c.AssignmentsOf(t.Context(), w.group1()); err == nil || got != nil {
		t.Errorf("second page refused: %d, %v", len(got), err)
	}
}

func aRepeatedTokenOrAnUnknownSetFailsTheReadingOfAPrincipal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.management()
	c := w.clientOf("AKIAMGMT", fast)
	w.kit.Faults.Add(emukit.Fault{Op: "ListAccountAssignmentsForPrincipal", Times: 2, Status: 200, Body: `{"AccountAssignments":[],"NextToken":"again"}`})
	if _, err := c.AssignmentsOf(t.Context(), w.group1()); err == nil || fault.Known(err) {
		t.Errorf("a token that came twice: %v", err)
	}
	w.answer("ListAccountAssignmentsForPrincipal", 200, `{"AccountAssignments":[{"AccountId":"`+prod+`","PrincipalType":"GROUP","PrincipalId":"`+w.group+`","PermissionSetArn":"arn:aws:sso:::permissionSet/ssoins-1/ps-none"}]}`)
	if got, err := c.AssignmentsOf(t.Context(), w.group1()); err == nil || fault.Known(err) || got != nil {
		t.Errorf("a set without a name: %v, %v", got, err)
	}
}

func aPageWithFewerItemsIsNotTheEndOfAPrincipal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.management()
	c := w.clientOf("AKIAMGMT", fast)
	if _, err := c.PermissionSets(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.answer("ListAccountAssignmentsForPrincipal", 200, `{"AccountAssignments":[],"NextToken":"more"}`)
	w.answer("ListAccountAssignmentsForPrincipal", 200, `{"AccountAssignments":[{"AccountId":"`+prod+`","PrincipalType":"GROUP","PrincipalId":"`+w.group+`","PermissionSetArn":"`+w.arn["Admin"]+`"}]}`)
	got, err := c.AssignmentsOf(t.Context(), w.group1())
	if err != nil || !slices.Equal(got, []config.Pair{pair(prod, "Admin")}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestASetMadeSinceTheNamesWereReadIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.management()
	c := w.clientOf("AKIAMGMT", fast)
	if _, err := c.PermissionSets(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.addSet("New")
	w.assign(prod, "New", "GROUP", w.group)
	got, err := c.AssignmentsOf(t.Context(), w.group1())
	if err != nil || !slices.Equal(got, []config.Pair{pair(prod, "New")}) {
		t.Errorf("got %v, %v", got, err)
	}
	if has, err := c.HasSet(t.Context(), "New"); err != nil || !has {
		t.Errorf("it does not exist: %v", err)
	}
	if has, err := c.HasSet(t.Context(), "None"); err != nil || has {
		t.Errorf("what does not exist does: %v", err)
	}
}

func TestWhereASetIsInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.assign(prod, "ReadOnly", "GROUP", w.group)
	w.assign(dev, "ReadOnly", "GROUP", w.group)
	c := w.client()
	for set, want := range map[string][]string{"ReadOnly": {prod, dev}, "Admin": nil, "None": nil} {
		if got, err := c.AccountsWith(t.Context(), set); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v", set, got, err)
		}
	}
	if names, err := c.SetNames(t.Context()); err != nil || !slices.Equal(names, []string{"Admin", "ReadOnly"}) {
		t.Errorf("names: %v, %v", names, err)
	}
}

func TestEveryAttemptAtSSOAdminIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	ctx, tally := provision.WithTally(t.Context())
	w.refuse("ListAccountAssignments", "ThrottlingException")
	if _, err := c.Assignments(ctx, pair(prod, "ReadOnly")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Members(ctx, w.group); err != nil {
		t.Fatal(err)
	}
	// The instance, the names, each of two sets, and the list twice.
	if n := tally.Count(); n != 6 {
		t.Errorf("%d requests counted, want 6", n)
	}
}
