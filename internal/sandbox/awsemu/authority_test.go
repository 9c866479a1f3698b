package awsemu

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
)

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	inMgmt := Assignment{testMgmt, f.admin, "GROUP", f.group}
	must(t, f.AddAssignment(inMgmt)) // so the delegate may not touch the admin set
	readInMgmt := Assignment{testMgmt, f.readOnly, "GROUP", f.group}
	adminInDev := Assignment{testDev, f.admin, "GROUP", f.group}
	readInDev := Assignment{testDev, f.readOnly, "GROUP", f.group}

	accountARN := "arn:aws:sso:::account/" + testMgmt
	tests := []struct {
		name    string
		account string
		call    func(account string) error
		denied  string // part of the message; "" means allowed
	}{
		{"delegate assigns in the management account", testDelegate, f.tryCreate(readInMgmt), "sso:CreateAccountAssignment on resource: " + accountARN},
		{"delegate removes in the management account", testDelegate, f.tryRemove(inMgmt), "sso:DeleteAccountAssignment on resource: " + accountARN},
		{"delegate assigns a set that is provisioned there", testDelegate, f.tryCreate(adminInDev), "on resource: " + f.admin},
		{"delegate removes a set that is provisioned there", testDelegate, f.tryRemove(adminInDev), "on resource: " + f.admin},
		{"delegate assigns another set", testDelegate, f.tryCreate(readInDev), ""},
		{"management assigns in its own account", testMgmt, f.tryCreate(readInMgmt), ""},
		{"member assigns", testProd, f.tryCreate(readInDev), "User: arn:aws:iam::" + testProd + ":user/bot is not authorized to perform: sso:CreateAccountAssignment"},
		{"member lists instances", testProd, f.tryInstances, "sso:ListInstances"},
		{"delegate lists for a principal", testDelegate, f.tryForPrincipal, "sso:ListAccountAssignmentsForPrincipal"},
		{"member reads the identity store", testProd, f.tryGroups, "identitystore:ListGroups"},
		{"delegate reads the identity store", testDelegate, f.tryGroups, ""},
		{"member lists accounts", testProd, f.tryAccounts, "You don't have permissions to access this resource."},
		{"member describes the organization", testProd, f.tryOrganization, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.call(tc.account)
			want := ""
			if tc.denied != "" {
				want = "AccessDeniedException"
			}
			if got := code(t, err); got != want || want != "" && !strings.Contains(message(t, err), tc.denied) {
				t.Errorf("got %v, want %q with %q", err, want, tc.denied)
			}
		})
	}
}

func TestAccountOutsideHasNoOrganization(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.orgs(testOther).DescribeOrganization(background(), &organizations.DescribeOrganizationInput{})
	if got := code(t, err); got != "AWSOrganizationsNotInUseException" {
		t.Errorf("got %q", got)
	}
}

func TestWithoutADelegateOnlyManagementAdministers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.DelegatedAdmin = "" })
	_, err := f.sso(testDelegate).ListInstances(background(), &ssoadmin.ListInstancesInput{})
	if got := code(t, err); got != "AccessDeniedException" {
		t.Errorf("got %q", got)
	}
	_, err = f.sso(testMgmt).ListInstances(background(), &ssoadmin.ListInstancesInput{})
	must(t, err)
}

// The calls below are made as an account and return the error.

func (f *fixture) tryCreate(a Assignment) func(string) error {
	return func(account string) error {
		_, err := f.sso(account).CreateAccountAssignment(background(), f.create(a))
		return err
	}
}

func (f *fixture) tryRemove(a Assignment) func(string) error {
	return func(account string) error {
		_, err := f.sso(account).DeleteAccountAssignment(background(), f.remove(a))
		return err
	}
}

func (f *fixture) tryInstances(account string) error {
	_, err := f.sso(account).ListInstances(background(), &ssoadmin.ListInstancesInput{})
	return err
}

func (f *fixture) tryForPrincipal(account string) error {
	_, err := f.sso(account).ListAccountAssignmentsForPrincipal(background(), &ssoadmin.ListAccountAssignmentsForPrincipalInput{
		InstanceArn: &f.opts.InstanceARN, PrincipalId: &f.group, PrincipalType: "GROUP",
	})
	return err
}

func (f *fixture) tryGroups(account string) error {
	_, err := f.ids(account).ListGroups(background(), &identitystore.ListGroupsInput{IdentityStoreId: aws.String(testStore)})
	return err
}

func (f *fixture) tryAccounts(account string) error {
	_, err := f.orgs(account).ListAccounts(background(), &organizations.ListAccountsInput{})
	return err
}

func (f *fixture) tryOrganization(account string) error {
	_, err := f.orgs(account).DescribeOrganization(background(), &organizations.DescribeOrganizationInput{})
	return err
}
