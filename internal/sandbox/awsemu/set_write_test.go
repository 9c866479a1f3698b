package awsemu

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/google/go-cmp/cmp"
)

const (
	policyView  = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
	policyAudit = "arn:aws:iam::aws:policy/SecurityAudit"
	inlineText  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
)

// setState returns the state of a set by name.
func (f *fixture) setState(t *testing.T, name string) PermissionSetState {
	t.Helper()
	for _, s := range f.State().PermissionSets {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no set %s", name)
	return PermissionSetState{}
}

func (f *fixture) attach(account, set, policy string) error {
	_, err := f.sso(account).AttachManagedPolicyToPermissionSet(background(), &ssoadmin.AttachManagedPolicyToPermissionSetInput{
		InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &set, ManagedPolicyArn: &policy,
	})
	return err
}

func (f *fixture) update(account, set string, edit func(*ssoadmin.UpdatePermissionSetInput)) error {
	in := &ssoadmin.UpdatePermissionSetInput{InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &set}
	edit(in)
	_, err := f.sso(account).UpdatePermissionSet(background(), in)
	return err
}

func TestASetIsCreatedOnceWithWhatWasAsked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	in := &ssoadmin.CreatePermissionSetInput{
		InstanceArn: &f.opts.InstanceARN, Name: aws.String("Deploy"), Description: aws.String("for CI"), SessionDuration: aws.String("PT90M"),
		RelayState: aws.String("https://console.aws.amazon.com/s3"), Tags: []ssotypes.Tag{{Key: aws.String("team"), Value: aws.String("payments")}},
	}
	out, err := f.sso(testDelegate).CreatePermissionSet(background(), in)
	must(t, err)
	want := PermissionSetState{ARN: *out.PermissionSet.PermissionSetArn, Name: "Deploy", Description: "for CI", SessionDuration: "PT90M",
		RelayState: "https://console.aws.amazon.com/s3", Tags: map[string]string{"team": "payments"}, ProvisionedIn: []string{}}
	if diff := cmp.Diff(want, f.setState(t, "Deploy")); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if _, err := f.sso(testDelegate).CreatePermissionSet(background(), in); code(t, err) != "ConflictException" {
		t.Errorf("the name again: %v", err)
	}
	_, err = f.sso(testDelegate).CreatePermissionSet(background(), &ssoadmin.CreatePermissionSetInput{InstanceArn: &f.opts.InstanceARN, Name: aws.String("Plain")})
	must(t, err)
	if got := f.setState(t, "Plain").SessionDuration; got != "PT1H" {
		t.Errorf("session when none is named: %s, want PT1H", got)
	}
}

func TestWhatASetCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.SetsPerInstance = 2 })
	tests := []struct {
		name string
		edit func(*ssoadmin.CreatePermissionSetInput)
		want string
	}{
		{"a long name", func(in *ssoadmin.CreatePermissionSetInput) { in.Name = aws.String(strings.Repeat("x", 33)) }, "ValidationException"},
		{"an empty description", func(in *ssoadmin.CreatePermissionSetInput) { in.Description = aws.String("") }, "ValidationException"},
		{"a Japanese description", func(in *ssoadmin.CreatePermissionSetInput) { in.Description = aws.String("管理") }, "ValidationException"},
		{"a session of 13 hours", func(in *ssoadmin.CreatePermissionSetInput) { in.SessionDuration = aws.String("PT13H") }, "ValidationException"},
		{"a session of 59 minutes", func(in *ssoadmin.CreatePermissionSetInput) { in.SessionDuration = aws.String("PT59M") }, "ValidationException"},
		{"a tag of AWS", func(in *ssoadmin.CreatePermissionSetInput) {
			in.Tags = []ssotypes.Tag{{Key: aws.String("aws:x"), Value: aws.String("")}}
		}, "ValidationException"},
		{"one too many", func(*ssoadmin.CreatePermissionSetInput) {}, "ServiceQuotaExceededException"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			in := &ssoadmin.CreatePermissionSetInput{InstanceArn: &f.opts.InstanceARN, Name: aws.String("New")}
			tc.edit(in)
			if _, err := f.sso(testMgmt).CreatePermissionSet(background(), in); code(t, err) != tc.want {
				t.Errorf("error %v, want %s", err, tc.want)
			}
		})
	}
}

// TestAnUpdateWithoutARelayStateTakesItAway holds terraform-provider-aws issue
// 17411; the others stay.
func TestAnUpdateWithoutARelayStateTakesItAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, f.EditPermissionSet("AdministratorAccess", "all of it", "https://console.aws.amazon.com/", nil))
	must(t, f.update(testDelegate, f.admin, func(in *ssoadmin.UpdatePermissionSetInput) { in.SessionDuration = aws.String("PT2H") }))
	got := f.setState(t, "AdministratorAccess")
	if got.SessionDuration != "PT2H" || got.RelayState != "" || got.Description != "all of it" {
		t.Errorf("after the update: %+v", got)
	}
}

func TestPoliciesAreAttachedOnceAndDetachedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.PoliciesPerSet = 3 })
	client := f.sso(testDelegate)
	ref := &ssotypes.CustomerManagedPolicyReference{Name: aws.String("Deploy"), Path: aws.String("/ci/")}
	attachOwn := func(ref *ssotypes.CustomerManagedPolicyReference) error {
		_, err := client.AttachCustomerManagedPolicyReferenceToPermissionSet(background(), &ssoadmin.AttachCustomerManagedPolicyReferenceToPermissionSetInput{
			InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &f.readOnly, CustomerManagedPolicyReference: ref})
		return err
	}
	must(t, f.attach(testDelegate, f.readOnly, policyView))
	must(t, attachOwn(ref))
	must(t, attachOwn(&ssotypes.CustomerManagedPolicyReference{Name: aws.String("Plain")}))
	if err := f.attach(testDelegate, f.readOnly, policyView); code(t, err) != "ConflictException" {
		t.Errorf("attached twice: %v", err)
	}
	if err := attachOwn(ref); code(t, err) != "ConflictException" {
		t.Errorf("the customer's twice: %v", err)
	}
	if err := f.attach(testDelegate, f.readOnly, policyAudit); code(t, err) != "ServiceQuotaExceededException" {
		t.Errorf("one too many: %v", err)
	}
	if err := f.attach(testDelegate, f.readOnly, "arn:aws:iam::111122223333:policy/Own"); code(t, err) != "ValidationException" {
		t.Errorf("a policy that is not AWS's: %v", err)
	}
	managed, err := client.ListManagedPoliciesInPermissionSet(background(), &ssoadmin.ListManagedPoliciesInPermissionSetInput{InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &f.readOnly})
	must(t, err)
	if len(managed.AttachedManagedPolicies) != 1 || *managed.AttachedManagedPolicies[0].Arn != policyView || *managed.AttachedManagedPolicies[0].Name != "ViewOnlyAccess" {
		t.Errorf("managed policies: %+v", managed.AttachedManagedPolicies)
	}
	own, err := client.ListCustomerManagedPolicyReferencesInPermissionSet(background(), &ssoadmin.ListCustomerManagedPolicyReferencesInPermissionSetInput{
		InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &f.readOnly, MaxResults: aws.Int32(1)})
	must(t, err)
	if len(own.CustomerManagedPolicyReferences) != 1 || own.NextToken == nil {
		t.Errorf("a page of one: %+v", own)
	}
	detach := func() error {
		_, err := client.DetachManagedPolicyFromPermissionSet(background(), &ssoadmin.DetachManagedPolicyFromPermissionSetInput{
			InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &f.readOnly, ManagedPolicyArn: aws.String(policyView)})
		return err
	}
	must(t, detach())
	if err := detach(); code(t, err) != "ResourceNotFoundException" {
		t.Errorf("detached twice: %v", err)
	}
	_, err = client.DetachCustomerManagedPolicyReferenceFromPermissionSet(background(), &ssoadmin.DetachCustomerManagedPolicyReferenceFromPermissionSetInput{
		InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &f.readOnly, CustomerManagedPolicyReference: ref})
	must(t, err)
	if got := f.setState(t, "ReadOnlyAccess").CustomerPolicies; !slices.Equal(got, []string{"/Plain"}) {
		t.Errorf("left: %v", got)
	}
}

func TestInlinePolicyAndBoundaryAreReplacedAndTakenAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	client := f.sso(testDelegate)
	get := func() string {
		out, err := client.GetInlinePolicyForPermissionSet(background(), &ssoadmin.GetInlinePolicyForPermissionSetInput{InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &f.readOnly})
		must(t, err)
		return aws.ToString(out.InlinePolicy)
	}
	putText := func(text string) error {
		_, err := client.PutInlinePolicyToPermissionSet(background(), &ssoadmin.PutInlinePolicyToPermissionSetInput{InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &f.readOnly, InlinePolicy: &text})
		return err
	}
	if got := get(); got != "" {
		t.Errorf("before: %q", got)
	}
	must(t, putText(inlineText))
	if got := get(); got != inlineText {
		t.Errorf("the text is kept as it was sent: %q", got)
	}
	for name, text := range map[string]string{"no JSON": "{", "a list": "[]"} {
		if err := putText(text); code(t, err) != "ValidationException" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := putText(`{"a":"` + strings.Repeat("x", maxInline) + `"}`); code(t, err) != "ServiceQuotaExceededException" {
		t.Errorf("too long: %v", err)
	}
	must(t, putText(`{"a":"`+strings.Repeat(" ", maxInline)+`"}`)) // white space does not count

	boundary := func() error {
		_, err := client.GetPermissionsBoundaryForPermissionSet(background(), &ssoadmin.GetPermissionsBoundaryForPermissionSetInput{InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &f.readOnly})
		return err
	}
	if err := boundary(); code(t, err) != "ResourceNotFoundException" {
		t.Errorf("no boundary: %v", err)
	}
	put := func(b *ssotypes.PermissionsBoundary) error {
		_, err := client.PutPermissionsBoundaryToPermissionSet(background(), &ssoadmin.PutPermissionsBoundaryToPermissionSetInput{InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &f.readOnly, PermissionsBoundary: b})
		return err
	}
	if err := put(&ssotypes.PermissionsBoundary{}); code(t, err) != "ValidationException" {
		t.Errorf("a boundary of nothing: %v", err)
	}
	must(t, put(&ssotypes.PermissionsBoundary{CustomerManagedPolicyReference: &ssotypes.CustomerManagedPolicyReference{Name: aws.String("Edge")}}))
	if got := f.setState(t, "ReadOnlyAccess").Boundary; got != "/Edge" {
		t.Errorf("boundary: %s", got)
	}
	must(t, boundary())
	_, err := client.DeletePermissionsBoundaryFromPermissionSet(background(), &ssoadmin.DeletePermissionsBoundaryFromPermissionSetInput{InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &f.readOnly})
	must(t, err)
	_, err = client.DeleteInlinePolicyFromPermissionSet(background(), &ssoadmin.DeleteInlinePolicyFromPermissionSetInput{InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &f.readOnly})
	must(t, err)
	if got := f.setState(t, "ReadOnlyAccess"); got.Boundary != "" || got.InlinePolicy != "" {
		t.Errorf("after both went: %+v", got)
	}
}

func TestTagsAreAddedAndTakenAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	client := f.sso(testDelegate)
	tag := func(n int) error {
		var tags []ssotypes.Tag
		for i := range n {
			tags = append(tags, ssotypes.Tag{Key: aws.String(fmt.Sprintf("k%02d", i)), Value: aws.String("v")})
		}
		_, err := client.TagResource(background(), &ssoadmin.TagResourceInput{InstanceArn: &f.opts.InstanceARN, ResourceArn: &f.admin, Tags: tags})
		return err
	}
	must(t, tag(50))
	if err := tag(51); code(t, err) != "ServiceQuotaExceededException" {
		t.Errorf("51 tags: %v", err)
	}
	_, err := client.UntagResource(background(), &ssoadmin.UntagResourceInput{InstanceArn: &f.opts.InstanceARN, ResourceArn: &f.admin, TagKeys: []string{"k00", "never"}})
	must(t, err)
	if got := f.setState(t, "AdministratorAccess").Tags; len(got) != 49 || got["k00"] != "" {
		t.Errorf("tags left: %v", got)
	}
}

// provision begins a run, and returns its id.
func (f *fixture) provision(account, set, target string) (string, error) {
	in := &ssoadmin.ProvisionPermissionSetInput{InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &set, TargetType: ssotypes.ProvisionTargetTypeAllProvisionedAccounts}
	if target != "" {
		in.TargetType, in.TargetId = ssotypes.ProvisionTargetTypeAwsAccount, &target
	}
	out, err := f.sso(account).ProvisionPermissionSet(background(), in)
	if err != nil {
		return "", err
	}
	return *out.PermissionSetProvisioningStatus.RequestId, nil
}

func (f *fixture) provisioningStatus(t *testing.T, id string) (string, string) {
	t.Helper()
	out, err := f.sso(testDelegate).DescribePermissionSetProvisioningStatus(background(), &ssoadmin.DescribePermissionSetProvisioningStatusInput{
		InstanceArn: &f.opts.InstanceARN, ProvisionPermissionSetRequestId: &id})
	must(t, err)
	return string(out.PermissionSetProvisioningStatus.Status), aws.ToString(out.PermissionSetProvisioningStatus.FailureReason)
}

func TestAChangeReachesAccountsOnlyWhenItIsProvisioned(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, f.AddAssignment(f.prodGroup()))
	must(t, f.AddAssignment(Assignment{testDev, f.readOnly, "GROUP", f.group}))
	outdated := func() []string {
		_, accounts := f.provisionedLists(t, testProd, f.readOnly, ssotypes.ProvisioningStatusLatestPermissionSetNotProvisioned)
		return accounts
	}
	if got := outdated(); len(got) != 0 {
		t.Errorf("before the change: %v", got)
	}
	must(t, f.attach(testDelegate, f.readOnly, policyView))
	if got := outdated(); len(got) != 2 {
		t.Errorf("after the change: %v, want both", got)
	}
	id, err := f.provision(testDelegate, f.readOnly, "")
	must(t, err)
	if status, _ := f.provisioningStatus(t, id); status != "IN_PROGRESS" {
		t.Errorf("at once: %s", status)
	}
	if _, err := f.provision(testDelegate, f.readOnly, testProd); code(t, err) != "ConflictException" {
		t.Errorf("while it runs: %v", err)
	}
	if _, err := f.sso(testDelegate).CreateAccountAssignment(background(), f.create(Assignment{testDev, f.readOnly, "USER", f.user})); code(t, err) != "ConflictException" {
		t.Errorf("an assignment while it runs: %v", err)
	}
	f.clock.advance(3 * time.Second)
	if status, reason := f.provisioningStatus(t, id); status != "SUCCEEDED" || reason != "" {
		t.Errorf("in the end: %s %s", status, reason)
	}
	if got := outdated(); len(got) != 0 {
		t.Errorf("after provisioning: %v", got)
	}
	out, err := f.sso(testDelegate).ListPermissionSetProvisioningStatus(background(), &ssoadmin.ListPermissionSetProvisioningStatusInput{
		InstanceArn: &f.opts.InstanceARN, Filter: &ssotypes.OperationStatusFilter{Status: ssotypes.StatusValuesSucceeded}})
	must(t, err)
	if len(out.PermissionSetsProvisioningStatus) != 1 || *out.PermissionSetsProvisioningStatus[0].RequestId != id {
		t.Errorf("list: %+v", out.PermissionSetsProvisioningStatus)
	}
}

func TestAnAccountWithoutTheCustomersPolicyFailsAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, f.AddAssignment(f.prodGroup()))
	must(t, f.AddAssignment(Assignment{testDev, f.readOnly, "GROUP", f.group}))
	f.AddCustomerPolicy(testProd, "/ci/Deploy")
	must(t, f.DefinePermissionSet("ReadOnlyAccess", Definition{CustomerPolicies: []string{"/ci/Deploy"}}))
	id, err := f.provision(testDelegate, f.readOnly, "")
	must(t, err)
	f.clock.advance(3 * time.Second)
	status, reason := f.provisioningStatus(t, id)
	if status != "FAILED" || !strings.Contains(reason, testDev) || strings.Contains(reason, testProd) {
		t.Errorf("%s: %s", status, reason)
	}
	if got := f.setState(t, "ReadOnlyAccess").OutdatedIn; !slices.Equal(got, []string{testDev}) {
		t.Errorf("outdated: %v, want %s alone", got, testDev)
	}
}

func TestAtMostThreeProvisioningsRun(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 4 {
		arn, err := f.AddPermissionSet(fmt.Sprintf("Set%d", i), "")
		must(t, err)
		must(t, f.AddAssignment(Assignment{testProd, arn, "GROUP", f.group}))
		if _, err := f.provision(testDelegate, arn, ""); (code(t, err) == "ConflictException") != (i == 3) {
			t.Errorf("provisioning %d: %v", i+1, err)
		}
	}
}

func TestADelegateMayNotChangeWhatTheManagementAccountHas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, f.AddAssignment(Assignment{testMgmt, f.admin, "GROUP", f.group}))
	must(t, f.AddAssignment(Assignment{testProd, f.admin, "GROUP", f.group}))
	if err := f.attach(testDelegate, f.admin, policyView); code(t, err) != "AccessDeniedException" {
		t.Errorf("attach by the delegate: %v", err)
	}
	if _, err := f.provision(testDelegate, f.admin, testProd); code(t, err) != "AccessDeniedException" {
		t.Errorf("provision by the delegate: %v", err)
	}
	must(t, f.attach(testMgmt, f.admin, policyView))
}

// TestTheCommandLineManagesASet goes through the vendor's own client.
func TestTheCommandLineManagesASet(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: no aws in PATH")
	}
	f := newFixture(t)
	run := func(args ...string) string {
		out, err := runCLI(t, f, testDelegate, append([]string{"sso-admin"}, append(args, "--instance-arn", f.opts.InstanceARN)...)...)
		if err != nil {
			t.Fatalf("aws %v: %v\n%s", args, err, out)
		}
		return out
	}
	var made struct {
		PermissionSet struct{ PermissionSetArn string }
	}
	must(t, json.Unmarshal([]byte(run("create-permission-set", "--name", "Cli", "--session-duration", "PT4H")), &made))
	arn := made.PermissionSet.PermissionSetArn
	run("attach-managed-policy-to-permission-set", "--permission-set-arn", arn, "--managed-policy-arn", policyView)
	run("put-inline-policy-to-permission-set", "--permission-set-arn", arn, "--inline-policy", inlineText)
	run("put-permissions-boundary-to-permission-set", "--permission-set-arn", arn, "--permissions-boundary", "ManagedPolicyArn="+policyAudit)
	for cmd, want := range map[string]string{
		"describe-permission-set": `"SessionDuration": "PT4H"`, "list-managed-policies-in-permission-set": policyView,
		"get-inline-policy-for-permission-set": "s3:GetObject", "get-permissions-boundary-for-permission-set": policyAudit,
	} {
		if out := run(cmd, "--permission-set-arn", arn); !strings.Contains(out, want) {
			t.Errorf("%s: %s, want %s", cmd, out, want)
		}
	}
	must(t, f.AddAssignment(Assignment{testProd, arn, "GROUP", f.group}))
	if out := run("provision-permission-set", "--permission-set-arn", arn, "--target-type", "ALL_PROVISIONED_ACCOUNTS"); !strings.Contains(out, "IN_PROGRESS") {
		t.Errorf("provision: %s", out)
	}
}
