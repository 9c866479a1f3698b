package awsemu

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/google/go-cmp/cmp"
)

func TestOrganizationAndAccountAreDescribed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	org, err := f.orgs(testDelegate).DescribeOrganization(background(), &organizations.DescribeOrganizationInput{})
	must(t, err)
	o := org.Organization
	if *o.Id != "o-a1b2c3d4e5" || *o.MasterAccountId != testMgmt || o.FeatureSet != orgtypes.OrganizationFeatureSetAll ||
		*o.MasterAccountArn != "arn:aws:organizations::"+testMgmt+":account/o-a1b2c3d4e5/"+testMgmt {
		t.Errorf("%+v", o)
	}
	out, err := f.orgs(testDelegate).DescribeAccount(background(), &organizations.DescribeAccountInput{AccountId: aws.String(testProd)})
	must(t, err)
	a := out.Account
	got := []string{*a.Id, *a.Name, *a.Email, string(a.State), string(a.Status), *a.Arn}
	want := []string{testProd, "payments-prod", "prod@example.com", "ACTIVE", "ACTIVE", "arn:aws:organizations::" + testMgmt + ":account/o-a1b2c3d4e5/" + testProd}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	parts := strings.Split(a.Paths[0], "/")
	if len(a.Paths) != 1 || len(parts) != 6 || parts[0] != "o-a1b2c3d4e5" || !strings.HasPrefix(parts[1], "r-") || parts[4] != testProd || parts[5] != "" {
		t.Errorf("paths %v", a.Paths)
	}
}

func TestAccountStates(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for state, status := range map[string]string{
		StateActive: "ACTIVE", StateSuspended: "SUSPENDED", StatePendingClosure: "PENDING_CLOSURE", StateClosed: "SUSPENDED", StatePendingActivation: "",
	} {
		must(t, f.SetAccountState(testDev, state))
		out, err := f.orgs(testMgmt).DescribeAccount(background(), &organizations.DescribeAccountInput{AccountId: aws.String(testDev)})
		must(t, err)
		if string(out.Account.State) != state || string(out.Account.Status) != status {
			t.Errorf("%s: state %s, status %s", state, out.Account.State, out.Account.Status)
		}
	}
}

func TestAccountsComeInPagesOfTwenty(t *testing.T) {
	t.Parallel()
	for gap, want := range map[bool][]int{false: {20, 20, 5}, true: {0, 20, 20, 5}} {
		f := newFixture(t, func(o *Options) { o.EmptyFirstPage = gap })
		for i := range 40 {
			id := fmt.Sprintf("5000000000%02d", i)
			must(t, f.AddAccount(Account{ID: id, Name: id, Email: id + "@example.com", OU: "/Workloads"}))
		}
		var sizes []int
		seen := map[string]bool{}
		for p := organizations.NewListAccountsPaginator(f.orgs(testDelegate), &organizations.ListAccountsInput{}); p.HasMorePages(); {
			out, err := p.NextPage(background())
			must(t, err)
			sizes = append(sizes, len(out.Accounts))
			for _, a := range out.Accounts {
				seen[*a.Id] = true
			}
		}
		if diff := cmp.Diff(want, sizes); diff != "" || len(seen) != 45 {
			t.Errorf("empty first page %t: %d accounts, %s", gap, len(seen), diff)
		}
	}
}

// walk returns the accounts below a parent with the names of their units.
func walk(t *testing.T, c *organizations.Client, id, path string) []string {
	t.Helper()
	var got []string
	accounts, err := c.ListAccountsForParent(background(), &organizations.ListAccountsForParentInput{ParentId: &id})
	must(t, err)
	for _, a := range accounts.Accounts {
		got = append(got, path+" "+*a.Name)
	}
	units, err := c.ListOrganizationalUnitsForParent(background(), &organizations.ListOrganizationalUnitsForParentInput{ParentId: &id})
	must(t, err)
	for _, u := range units.OrganizationalUnits {
		one, err := c.DescribeOrganizationalUnit(background(), &organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: u.Id})
		must(t, err)
		if *one.OrganizationalUnit.Name != *u.Name {
			t.Errorf("%s is described as %s", *u.Name, *one.OrganizationalUnit.Name)
		}
		got = append(got, walk(t, c, *u.Id, path+"/"+*u.Name)...)
	}
	return got
}

func TestTreeCanBeWalked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, f.MoveAccount(testDev, "/Workloads/Dev/Sandbox"))
	c := f.orgs(testDelegate)
	roots, err := c.ListRoots(background(), &organizations.ListRootsInput{})
	must(t, err)
	got := walk(t, c, *roots.Roots[0].Id, "")
	slices.Sort(got)
	want := []string{" management", " old", "/Platform identity", "/Workloads/Dev/Sandbox payments-dev", "/Workloads/Prod payments-prod"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// And upwards.
	var up []string
	for id := testDev; !strings.HasPrefix(id, "r-"); {
		out, err := c.ListParents(background(), &organizations.ListParentsInput{ChildId: &id})
		must(t, err)
		id = *out.Parents[0].Id
		up = append(up, string(out.Parents[0].Type))
	}
	if diff := cmp.Diff([]string{"ORGANIZATIONAL_UNIT", "ORGANIZATIONAL_UNIT", "ORGANIZATIONAL_UNIT", "ROOT"}, up); diff != "" {
		t.Error(diff)
	}
	kids, err := c.ListChildren(background(), &organizations.ListChildrenInput{ParentId: roots.Roots[0].Id, ChildType: "ORGANIZATIONAL_UNIT"})
	must(t, err)
	accounts, err := c.ListChildren(background(), &organizations.ListChildrenInput{ParentId: roots.Roots[0].Id, ChildType: "ACCOUNT"})
	must(t, err)
	if len(kids.Children) != 2 || len(accounts.Children) != 2 {
		t.Errorf("children of the root: %d units, %d accounts", len(kids.Children), len(accounts.Children))
	}
}

func TestTagsOfAccounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, f.TagAccount(testProd, "owner", "yuki"))
	must(t, f.TagAccount(testProd, "team", ""))
	must(t, f.TagAccount(testDev, "env", "dev"))
	for id, want := range map[string][]string{testProd: {"env=prod", "owner=yuki"}, testDev: {"env=dev"}, testMgmt: nil} {
		out, err := f.orgs(testDelegate).ListTagsForResource(background(), &organizations.ListTagsForResourceInput{ResourceId: &id})
		must(t, err)
		var got []string
		for _, tag := range out.Tags {
			got = append(got, *tag.Key+"="+*tag.Value)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
}

// refusedCall is a call that organizations refuses.
type refusedCall struct {
	name string
	call func() error
	want string
	text string
}

func refusedCalls(c *organizations.Client) []refusedCall {
	unit, account := aws.String("ou-abcd-12345678"), aws.String("123456789012")
	return []refusedCall{
		{"account", func() error {
			_, err := c.DescribeAccount(background(), &organizations.DescribeAccountInput{AccountId: account})
			return err
		}, "AccountNotFoundException", ""},
		{"account pattern", func() error {
			_, err := c.DescribeAccount(background(), &organizations.DescribeAccountInput{AccountId: aws.String("prod")})
			return err
		}, "InvalidInputException", "pattern"},
		{"unit", func() error {
			_, err := c.DescribeOrganizationalUnit(background(), &organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: unit})
			return err
		}, "OrganizationalUnitNotFoundException", ""},
		{"parent of accounts", func() error {
			_, err := c.ListAccountsForParent(background(), &organizations.ListAccountsForParentInput{ParentId: unit})
			return err
		}, "ParentNotFoundException", ""},
		{"parent of units", func() error {
			_, err := c.ListOrganizationalUnitsForParent(background(), &organizations.ListOrganizationalUnitsForParentInput{ParentId: unit})
			return err
		}, "ParentNotFoundException", ""},
		{"child", func() error {
			_, err := c.ListParents(background(), &organizations.ListParentsInput{ChildId: account})
			return err
		}, "ChildNotFoundException", ""},
		{"children", func() error {
			_, err := c.ListChildren(background(), &organizations.ListChildrenInput{ParentId: unit, ChildType: "ACCOUNT"})
			return err
		}, "ParentNotFoundException", ""},
		{"child type", func() error {
			_, err := c.ListChildren(background(), &organizations.ListChildrenInput{ParentId: unit, ChildType: "ROBOT"})
			return err
		}, "InvalidInputException", "ORGANIZATIONAL_UNIT"},
		{"tags", func() error {
			_, err := c.ListTagsForResource(background(), &organizations.ListTagsForResourceInput{ResourceId: account})
			return err
		}, "TargetNotFoundException", ""},
		{"page too large", func() error {
			_, err := c.ListAccounts(background(), &organizations.ListAccountsInput{MaxResults: aws.Int32(21)})
			return err
		}, "InvalidInputException", "20"},
		{"token", func() error {
			_, err := c.ListAccounts(background(), &organizations.ListAccountsInput{NextToken: aws.String("made up")})
			return err
		}, "InvalidInputException", "NextToken"},
	}
}

func TestOrganizationsErrors(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, tc := range refusedCalls(f.orgs(testDelegate)) {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := tc.call()
			if got := code(t, err); got != tc.want || !strings.Contains(message(t, err), tc.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSeedingChecksAccountsAndUnits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, a := range []Account{{ID: "12", OU: "/"}, {ID: testOther, OU: "Workloads"}, {ID: testOther, OU: "/a//b"}, {ID: testOther, OU: "/a/"}} {
		if err := f.AddAccount(a); err == nil {
			t.Errorf("%+v is accepted", a)
		}
	}
	tags := map[string]string{"env": "dev"}
	must(t, f.AddAccount(Account{ID: testDev, OU: "/", Tags: tags}))
	tags["env"] = "changed by its owner"
	for _, a := range f.State().Accounts {
		if a.ID == testDev && a.Tags["env"] != "dev" {
			t.Errorf("tags %v", a.Tags)
		}
	}
	if err := f.SetAccountState(testOther, StateClosed); err == nil {
		t.Error("an account outside is changed")
	}
	one, err := f.AddOU("/Workloads/Prod")
	must(t, err)
	two, err := f.AddOU("/Workloads/Prod")
	must(t, err)
	if one != two || !shapeOU.re.MatchString(one) {
		t.Errorf("ids %s and %s", one, two)
	}
}
