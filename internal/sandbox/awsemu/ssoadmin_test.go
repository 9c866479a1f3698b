package awsemu

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/google/go-cmp/cmp"
)

func TestInstanceIsListedAndDescribed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	list, err := f.sso(testDelegate).ListInstances(background(), &ssoadmin.ListInstancesInput{RegionScope: types.RegionScopeAllRegions})
	must(t, err)
	i := list.Instances[0]
	got := []string{*i.InstanceArn, *i.IdentityStoreId, *i.OwnerAccountId, string(i.Status), *i.PrimaryRegion, *i.Regions[0].RegionName}
	want := []string{f.opts.InstanceARN, "d-9567000000", testMgmt, "ACTIVE", "ap-northeast-1", "ap-northeast-1"}
	if diff := cmp.Diff(want, got); diff != "" || len(list.Instances) != 1 || list.NextToken != nil {
		t.Errorf("%+v\n%s", list, diff)
	}
	one, err := f.sso(testDelegate).DescribeInstance(background(), &ssoadmin.DescribeInstanceInput{InstanceArn: i.InstanceArn})
	must(t, err)
	if one.Status != types.InstanceStatusActive || *one.IdentityStoreId != "d-9567000000" || !*one.PermissionSetsEnabled {
		t.Errorf("%+v", one)
	}
}

func TestPermissionSetIsDescribedWithItsTags(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, f.EditPermissionSet("AdministratorAccess", "all of it", "https://console.aws.amazon.com/", map[string]string{"b": "2", "a": "1"}))
	out, err := f.sso(testDelegate).DescribePermissionSet(background(), &ssoadmin.DescribePermissionSetInput{
		InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &f.admin,
	})
	must(t, err)
	p := out.PermissionSet
	got := []string{*p.Name, *p.PermissionSetArn, *p.Description, *p.SessionDuration, *p.RelayState}
	want := []string{"AdministratorAccess", f.admin, "all of it", "PT8H", "https://console.aws.amazon.com/"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if d := f.clock.Now().Sub(*p.CreatedDate); d < 0 || d > time.Second {
		t.Errorf("created %v", p.CreatedDate)
	}
	tags, err := f.sso(testDelegate).ListTagsForResource(background(), &ssoadmin.ListTagsForResourceInput{InstanceArn: &f.opts.InstanceARN, ResourceArn: &f.admin})
	must(t, err)
	var pairs []string
	for _, tag := range tags.Tags {
		pairs = append(pairs, *tag.Key+"="+*tag.Value)
	}
	if diff := cmp.Diff([]string{"a=1", "b=2"}, pairs); diff != "" {
		t.Error(diff)
	}
}

func TestPermissionSetARNDependsOnlyOnTheName(t *testing.T) {
	t.Parallel()
	a, b := newFixture(t), newFixture(t)
	if a.admin != b.admin || !shapeSet.re.MatchString(a.admin) {
		t.Errorf("%s and %s", a.admin, b.admin)
	}
}

func TestListsComeInPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 120 {
		_, err := f.AddPermissionSet(fmt.Sprintf("Set%03d", i), "")
		must(t, err)
	}
	client := f.sso(testDelegate)
	var got []string
	sizes := []int{}
	in := &ssoadmin.ListPermissionSetsInput{InstanceArn: &f.opts.InstanceARN, MaxResults: aws.Int32(50)}
	for p := ssoadmin.NewListPermissionSetsPaginator(client, in); p.HasMorePages(); {
		out, err := p.NextPage(background())
		must(t, err)
		got = append(got, out.PermissionSets...)
		sizes = append(sizes, len(out.PermissionSets))
	}
	if diff := cmp.Diff([]int{50, 50, 22}, sizes); diff != "" {
		t.Error(diff)
	}
	slices.Sort(got)
	if n := len(slices.Compact(got)); n != 122 {
		t.Errorf("%d different sets, want 122", n)
	}
	out, err := client.ListPermissionSets(background(), &ssoadmin.ListPermissionSetsInput{InstanceArn: &f.opts.InstanceARN})
	must(t, err)
	if len(out.PermissionSets) != 100 {
		t.Errorf("a page that is not asked to be smaller has %d", len(out.PermissionSets))
	}
}

func TestPagesNeitherRepeatNorSkipWhenTheListChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var all []string
	for i := range 6 {
		arn, err := f.AddPermissionSet(fmt.Sprintf("Set%d", i), "")
		must(t, err)
		all = append(all, arn)
	}
	in := &ssoadmin.ListPermissionSetsInput{InstanceArn: &f.opts.InstanceARN, MaxResults: aws.Int32(4)}
	first, err := f.sso(testDelegate).ListPermissionSets(background(), in)
	must(t, err)
	last := first.PermissionSets[3]
	for i, arn := range all {
		if arn == first.PermissionSets[0] || arn == last {
			must(t, f.RemovePermissionSet(fmt.Sprintf("Set%d", i)))
		}
	}
	in.NextToken = first.NextToken
	second, err := f.sso(testDelegate).ListPermissionSets(background(), in)
	must(t, err)
	got := slices.Concat(first.PermissionSets, second.PermissionSets)
	slices.Sort(got)
	if len(got) != 8 || len(slices.Compact(got)) != 8 {
		t.Errorf("pages %v and %v", first.PermissionSets, second.PermissionSets)
	}
}

func TestTokensAreForTheirOwnList(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.sso(testDelegate)
	one := aws.Int32(1)
	out, err := c.ListPermissionSets(background(), &ssoadmin.ListPermissionSetsInput{InstanceArn: &f.opts.InstanceARN, MaxResults: one})
	must(t, err)
	_, err = c.ListAccountsForProvisionedPermissionSet(background(), &ssoadmin.ListAccountsForProvisionedPermissionSetInput{
		InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &f.admin, NextToken: out.NextToken,
	})
	if got := code(t, err); got != "ValidationException" {
		t.Errorf("token of another list: %q", got)
	}
	for _, token := range []string{"x", "made-up-token-made-up-token", *out.NextToken + "AA"} {
		_, err = c.ListPermissionSets(background(), &ssoadmin.ListPermissionSetsInput{InstanceArn: &f.opts.InstanceARN, NextToken: &token})
		if got := code(t, err); got != "ValidationException" {
			t.Errorf("token %q: %q", token, got)
		}
	}
}

func TestInputsAreValidated(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := func() *ssoadmin.CreateAccountAssignmentInput { return f.create(f.prodGroup()) }
	tests := []struct {
		name string
		edit func(*ssoadmin.CreateAccountAssignmentInput)
		want string
		text string
	}{
		{"instance pattern", func(in *ssoadmin.CreateAccountAssignmentInput) {
			in.InstanceArn = aws.String("arn:aws:sso:::instance/x")
		}, "ValidationException", "'instanceArn'"},
		{"set pattern", func(in *ssoadmin.CreateAccountAssignmentInput) {
			in.PermissionSetArn = aws.String("AdministratorAccess")
		}, "ValidationException", "'permissionSetArn'"},
		{"principal pattern", func(in *ssoadmin.CreateAccountAssignmentInput) { in.PrincipalId = aws.String("aws-payments-dev") }, "ValidationException", "'principalId'"},
		{"principal type", func(in *ssoadmin.CreateAccountAssignmentInput) { in.PrincipalType = "ROBOT" }, "ValidationException", "enum value set: [USER, GROUP]"},
		{"target pattern", func(in *ssoadmin.CreateAccountAssignmentInput) { in.TargetId = aws.String("12345") }, "ValidationException", "'targetId'"},
		{"target type", func(in *ssoadmin.CreateAccountAssignmentInput) { in.TargetType = "OU" }, "ValidationException", "'targetType'"},
		{"missing member", func(in *ssoadmin.CreateAccountAssignmentInput) { in.TargetId = aws.String("") }, "ValidationException", "Value null at 'targetId'"},
		{"two at once", func(in *ssoadmin.CreateAccountAssignmentInput) {
			in.TargetId, in.PrincipalId = aws.String("1"), aws.String("2")
		}, "ValidationException", "2 validation errors detected: "},
		{"another instance", func(in *ssoadmin.CreateAccountAssignmentInput) {
			in.InstanceArn = aws.String("arn:aws:sso:::instance/ssoins-0000000000000000")
		}, "ResourceNotFoundException", "ssoins-0000000000000000"},
		{"unknown set", func(in *ssoadmin.CreateAccountAssignmentInput) { in.PermissionSetArn = aws.String(f.setARN("None")) }, "ResourceNotFoundException", f.setARN("None")},
		{"unknown account", func(in *ssoadmin.CreateAccountAssignmentInput) { in.TargetId = aws.String("123456789012") }, "ResourceNotFoundException", "123456789012"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			in := good()
			tc.edit(in)
			_, err := f.sso(testDelegate).CreateAccountAssignment(background(), in)
			if got := code(t, err); got != tc.want || !strings.Contains(message(t, err), tc.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPageSizesAreValidated(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for n, want := range map[int32]string{-1: "ValidationException", 0: "ValidationException", 1: "", 100: "", 101: "ValidationException"} {
		_, err := f.sso(testDelegate).ListPermissionSets(background(), &ssoadmin.ListPermissionSetsInput{InstanceArn: &f.opts.InstanceARN, MaxResults: aws.Int32(n)})
		if got := code(t, err); got != want {
			t.Errorf("MaxResults %d: got %q, want %q", n, got, want)
		}
	}
}

func TestReadsOfUnknownThingsAreNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c, inst, none, nobody := f.sso(testMgmt), &f.opts.InstanceARN, aws.String(f.setARN("None")), aws.String("123456789012")
	id := aws.String(newUUID())
	tests := map[string]func() error{
		"set": func() error {
			_, err := c.DescribePermissionSet(background(), &ssoadmin.DescribePermissionSetInput{InstanceArn: inst, PermissionSetArn: none})
			return err
		},
		"tags of a set": func() error {
			_, err := c.ListTagsForResource(background(), &ssoadmin.ListTagsForResourceInput{InstanceArn: inst, ResourceArn: none})
			return err
		},
		"assignments of an account": func() error {
			_, err := c.ListAccountAssignments(background(), &ssoadmin.ListAccountAssignmentsInput{InstanceArn: inst, PermissionSetArn: &f.admin, AccountId: nobody})
			return err
		},
		"assignments of a set": func() error {
			_, err := c.ListAccountAssignments(background(), &ssoadmin.ListAccountAssignmentsInput{InstanceArn: inst, PermissionSetArn: none, AccountId: aws.String(testProd)})
			return err
		},
		"assignments of a principal": func() error {
			_, err := c.ListAccountAssignmentsForPrincipal(background(), &ssoadmin.ListAccountAssignmentsForPrincipalInput{InstanceArn: inst, PrincipalId: id, PrincipalType: "GROUP"})
			return err
		},
		"sets in an account": func() error {
			_, err := c.ListPermissionSetsProvisionedToAccount(background(), &ssoadmin.ListPermissionSetsProvisionedToAccountInput{InstanceArn: inst, AccountId: nobody})
			return err
		},
		"accounts of a set": func() error {
			_, err := c.ListAccountsForProvisionedPermissionSet(background(), &ssoadmin.ListAccountsForProvisionedPermissionSetInput{InstanceArn: inst, PermissionSetArn: none})
			return err
		},
		"creation": func() error {
			_, err := c.DescribeAccountAssignmentCreationStatus(background(), &ssoadmin.DescribeAccountAssignmentCreationStatusInput{InstanceArn: inst, AccountAssignmentCreationRequestId: id})
			return err
		},
		"deletion": func() error {
			_, err := c.DescribeAccountAssignmentDeletionStatus(background(), &ssoadmin.DescribeAccountAssignmentDeletionStatusInput{InstanceArn: inst, AccountAssignmentDeletionRequestId: id})
			return err
		},
	}
	for name, call := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := code(t, call()); got != "ResourceNotFoundException" {
				t.Errorf("got %q", got)
			}
		})
	}
}
