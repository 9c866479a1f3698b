package awsemu

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/google/go-cmp/cmp"
)

// provisioned returns the sets that the lists show in an account, and the
// accounts that they show for a set.
func (f *fixture) provisionedLists(t *testing.T, account, set string, status ssotypes.ProvisioningStatus) (sets, accounts []string) {
	t.Helper()
	a, err := f.sso(testMgmt).ListPermissionSetsProvisionedToAccount(background(), &ssoadmin.ListPermissionSetsProvisionedToAccountInput{
		InstanceArn: &f.opts.InstanceARN, AccountId: &account, ProvisioningStatus: status,
	})
	must(t, err)
	b, err := f.sso(testMgmt).ListAccountsForProvisionedPermissionSet(background(), &ssoadmin.ListAccountsForProvisionedPermissionSetInput{
		InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &set, ProvisioningStatus: status,
	})
	must(t, err)
	return a.PermissionSets, b.AccountIds
}

func TestSetIsProvisionedFromTheFirstToTheLastAssignment(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.prodGroup()
	b := Assignment{testProd, f.readOnly, "USER", f.user}
	check := func(step string, want bool) {
		t.Helper()
		sets, accounts := f.provisionedLists(t, testProd, f.readOnly, "")
		if slices.Contains(sets, f.readOnly) != want || slices.Contains(accounts, testProd) != want {
			t.Errorf("%s: sets %v, accounts %v; want provisioned %t", step, sets, accounts, want)
		}
		f.clock.advance(time.Second)
	}
	check("before", false)
	f.begin(t, a)
	f.clock.advance(3 * time.Second)
	check("after the first", true)
	must(t, f.AddAssignment(b))
	f.beginRemoval(t, a)
	f.clock.advance(3 * time.Second)
	check("while one is left", true)
	f.beginRemoval(t, b)
	f.clock.advance(3 * time.Second)
	check("after the last", false)
	if n := len(f.center.byAccount) + len(f.center.byPrincipal) + len(f.center.byPair) + len(f.center.bySet); n != 0 {
		t.Errorf("%d index entries are left", n)
	}
}

func TestWhatIsProvisionedIsTheLatest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, f.AddAssignment(f.prodGroup()))
	for status, want := range map[ssotypes.ProvisioningStatus]int{
		ssotypes.ProvisioningStatusLatestPermissionSetProvisioned: 1, ssotypes.ProvisioningStatusLatestPermissionSetNotProvisioned: 0,
	} {
		if sets, accounts := f.provisionedLists(t, testProd, f.readOnly, status); len(sets) != want || len(accounts) != want {
			t.Errorf("%s: %v %v", status, sets, accounts)
		}
	}
}

func TestListingAPairThatIsNotProvisioned(t *testing.T) {
	t.Parallel()
	for notFound, want := range map[bool]string{false: "", true: "ResourceNotFoundException"} {
		f := newFixture(t, func(o *Options) { o.UnprovisionedNotFound = notFound })
		_, err := f.sso(testMgmt).ListAccountAssignments(background(), &ssoadmin.ListAccountAssignmentsInput{
			InstanceArn: &f.opts.InstanceARN, AccountId: aws.String(testProd), PermissionSetArn: &f.readOnly,
		})
		if got := code(t, err); got != want {
			t.Errorf("option %t: got %q, want %q", notFound, got, want)
		}
	}
}

func (f *fixture) forPrincipal(t *testing.T, kind, id, account string) []string {
	t.Helper()
	in := &ssoadmin.ListAccountAssignmentsForPrincipalInput{
		InstanceArn: &f.opts.InstanceARN, PrincipalId: &id, PrincipalType: ssotypes.PrincipalType(kind), MaxResults: aws.Int32(2),
	}
	if account != "" {
		in.Filter = &ssotypes.ListAccountAssignmentsFilter{AccountId: &account}
	}
	got := []string{}
	for p := ssoadmin.NewListAccountAssignmentsForPrincipalPaginator(f.sso(testMgmt), in); p.HasMorePages(); {
		out, err := p.NextPage(background())
		must(t, err)
		for _, a := range out.AccountAssignments {
			got = append(got, fmt.Sprint(*a.AccountId, " ", a.PrincipalType, " ", *a.PrincipalId == id))
		}
	}
	return got
}

func TestAssignmentsForAPrincipal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, account := range []string{testDev, testProd, testDelegate} {
		must(t, f.AddAssignment(Assignment{account, f.readOnly, "GROUP", f.group}))
	}
	must(t, f.AddAssignment(Assignment{testProd, f.admin, "USER", f.user}))
	tests := []struct {
		name, kind, id, account string
		want                    []string
	}{
		{"a group's own", "GROUP", f.group, "", []string{testProd + " GROUP true", testDev + " GROUP true", testDelegate + " GROUP true"}},
		{"in one account", "GROUP", f.group, testDev, []string{testDev + " GROUP true"}},
		{"a user's own and those of the groups", "USER", f.user, "", []string{
			testProd + " GROUP false", testProd + " USER true", testDev + " GROUP false", testDelegate + " GROUP false",
		}},
	}
	for _, tc := range tests {
		got := f.forPrincipal(t, tc.kind, tc.id, tc.account)
		slices.Sort(got)
		slices.Sort(tc.want)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", tc.name, diff)
		}
	}
}

func TestDeletedGroupLeavesItsAssignmentsDangling(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.prodGroup()
	must(t, f.AddAssignment(a))
	must(t, f.SCIM("scim-token").DeleteGroup("entra-group"))
	if !f.listed(t, a) {
		t.Error("the assignment is gone")
	}
	if diff := cmp.Diff([]Assignment{a}, f.State().Dangling); diff != "" {
		t.Error(diff)
	}
	if got := f.forPrincipal(t, "GROUP", f.group, ""); len(got) != 1 {
		t.Errorf("for the principal: %v", got)
	}
	id := f.beginRemoval(t, a)
	f.clock.advance(3 * time.Second)
	if status, reason := f.deletion(t, id); status != "SUCCEEDED" || f.listed(t, a) {
		t.Errorf("removal: %s %s", status, reason)
	}
}

func TestGroupDeletedWhileItsCreationRuns(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.begin(t, f.prodGroup())
	f.clock.advance(time.Second)
	f.DeleteGroup(f.group)
	f.clock.advance(time.Second)
	if status, _ := f.creation(t, id); status != "FAILED" {
		t.Errorf("status %s", status)
	}
}

func TestGroupDeletedAfterItsCreationEndedChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.begin(t, f.prodGroup())
	f.clock.advance(2 * time.Second)
	f.DeleteGroup(f.group) // the first to look at the state after the end
	if status, _ := f.creation(t, id); status != "SUCCEEDED" {
		t.Errorf("status %s", status)
	}
}
