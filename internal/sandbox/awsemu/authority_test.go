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

	create := func(a Assignment) func(string) error {
		return func(account string) error {
			_, err := f.sso(account).CreateAccountAssignment(background(), f.create(a))
			return err
		}
	}
	remove := func(a Assignment) func(string) error {
		return func(account string) error {
			_, err := f.sso(account).DeleteAccountAssignment(background(), f.remove(a))
			return err
		}
	}
	accountARN := "arn:aws:sso:::account/" + testMgmt
	tests := []struct {
		name    string
		account string
		call    func(account string) error
		denied  string // part of the message; "" means allowed
	}{
		{"delegate assigns in the management account", testDelegate, create(readInMgmt), "sso:CreateAccountAssignment on resource: " + accountARN},
		{"delegate removes in the management account", testDelegate, remove(inMgmt), "sso:DeleteAccountAssignment on resource: " + accountARN},
		{"delegate assigns a set that is provisioned there", testDelegate, create(adminInDev), "on resource: " + f.admin},
		{"delegate removes a set that is provisioned there", testDelegate, remove(adminInDev), "on resource: " + f.admin},
		{"delegate assigns another set", testDelegate, create(readInDev), ""},
		{"management assigns in its own account", testMgmt, create(readInMgmt), ""},
		{"member assigns", testProd, create(readInDev), "User: arn:aws:iam::" + testProd + ":user/bot is not authorized to perform: sso:CreateAccountAssignment"},
		{"member lists instances", testProd, func(account string) error {
			_, err := f.sso(account).ListInstances(background(), &ssoadmin.ListInstancesInput{})
			return err
		}, "sso:ListInstances"},
		{"delegate lists for a principal", testDelegate, func(account string) error {
			_, err := f.sso(account).ListAccountAssignmentsForPrincipal(background(), &ssoadmin.ListAccountAssignmentsForPrincipalInput{
				InstanceArn: &f.opts.InstanceARN, PrincipalId: &f.group, PrincipalType: "GROUP",
			})
			return err
		}, "sso:ListAccountAssignmentsForPrincipal"},
		{"member reads the identity store", testProd, func(account string) error {
			_, err := f.ids(account).ListGroups(background(), &identitystore.ListGroupsInput{IdentityStoreId: aws.String("d-9567000000")})
			return err
		}, "identitystore:ListGroups"},
		{"delegate reads the identity store", testDelegate, func(account string) error {
			_, err := f.ids(account).ListGroups(background(), &identitystore.ListGroupsInput{IdentityStoreId: aws.String("d-9567000000")})
			return err
		}, ""},
		{"member lists accounts", testProd, func(account string) error {
			_, err := f.orgs(account).ListAccounts(background(), &organizations.ListAccountsInput{})
			return err
		}, "You don't have permissions to access this resource."},
		{"member describes the organization", testProd, func(account string) error {
			_, err := f.orgs(account).DescribeOrganization(background(), &organizations.DescribeOrganizationInput{})
			return err
		}, ""},
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
