package awsemu

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"aws-access-bot/internal/sandbox/emukit"
)

const (
	testMgmt      = "999999999999"
	testDelegate  = "222222222222"
	testProd      = "111122223333"
	testDev       = "111122224444"
	testSuspended = "111122225555"
	testOther     = "333333333333"
)

// testClock is a clock that stands still until it is moved. It starts at the
// real time, since the SDK signs with the real one.
type testClock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is an emulator behind HTTP, mounted below /aws/, with a small company.
type fixture struct {
	*Server
	kit   *emukit.Kit
	clock *testClock
	url   string

	readOnly, admin string // ARNs of permission sets
	group, user     string // ids
}

func newFixture(t *testing.T, edit ...func(*Options)) *fixture {
	t.Helper()
	opts := Options{DelegatedAdmin: testDelegate, MaxAccounts: 50, Unthrottled: true}
	for _, f := range edit {
		f(&opts)
	}
	f := &fixture{kit: emukit.New(1), clock: &testClock{now: time.Now()}}
	f.kit.Now = f.clock.Now
	f.Server = New(f.kit, opts)
	srv := httptest.NewServer(http.StripPrefix("/aws", f.Handler()))
	t.Cleanup(srv.Close)
	f.url = srv.URL + "/aws/"

	for _, a := range []Account{
		{ID: testDelegate, Name: "identity", Email: "identity@example.com", OU: "/Platform"},
		{ID: testProd, Name: "payments-prod", Email: "prod@example.com", OU: "/Workloads/Prod", Tags: map[string]string{"env": "prod", "team": "payments"}},
		{ID: testDev, Name: "payments-dev", Email: "dev@example.com", OU: "/Workloads/Dev"},
		{ID: testSuspended, Name: "old", Email: "old@example.com", OU: "/", State: StateSuspended},
	} {
		must(t, f.AddAccount(a))
	}
	for _, id := range []string{testMgmt, testDelegate, testProd, testOther} {
		f.AddCredentials("AKIA"+id, "secret-of-"+id, id, "arn:aws:iam::"+id+":user/bot")
	}
	var err error
	f.readOnly, err = f.AddPermissionSet("ReadOnlyAccess", "")
	must(t, err)
	f.admin, err = f.AddPermissionSet("AdministratorAccess", "PT8H")
	must(t, err)
	must(t, f.AddSCIMToken("scim-token", time.Time{}))
	scim := f.SCIM("scim-token")
	f.user, err = scim.UpsertUser("entra-hana", "hana@example.com", "Hana", "Hana", "Sato", true)
	must(t, err)
	f.group, err = scim.UpsertGroup("entra-group", "aws-payments-dev")
	must(t, err)
	must(t, scim.AddMembers("entra-group", []string{"entra-hana"}))
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// config is the configuration of a client of that account, without retries.
func (f *fixture) config(account string) aws.Config {
	return aws.Config{
		Region: "ap-northeast-1", BaseEndpoint: aws.String(f.url),
		Credentials: credentials.NewStaticCredentialsProvider("AKIA"+account, "secret-of-"+account, ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func (f *fixture) sso(account string) *ssoadmin.Client {
	return ssoadmin.NewFromConfig(f.config(account))
}

func (f *fixture) ids(account string) *identitystore.Client {
	return identitystore.NewFromConfig(f.config(account))
}

func (f *fixture) orgs(account string) *organizations.Client {
	return organizations.NewFromConfig(f.config(account))
}

func (f *fixture) sts(account string) *sts.Client { return sts.NewFromConfig(f.config(account)) }

// code returns the error code of an API error, and "" for none.
func code(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("not an API error: %v", err)
	}
	return api.ErrorCode()
}

// message returns the message of an API error.
func message(t *testing.T, err error) string {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("not an API error: %v", err)
	}
	return api.ErrorMessage()
}

func background() context.Context { return context.Background() }

// prodGroup is the group's read-only access to the production account.
func (f *fixture) prodGroup() Assignment {
	return Assignment{testProd, f.readOnly, "GROUP", f.group}
}

// create is the request that makes an assignment.
func (f *fixture) create(a Assignment) *ssoadmin.CreateAccountAssignmentInput {
	return &ssoadmin.CreateAccountAssignmentInput{
		InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &a.PermissionSetARN, PrincipalId: &a.PrincipalID,
		PrincipalType: ssotypes.PrincipalType(a.PrincipalType), TargetId: &a.AccountID, TargetType: ssotypes.TargetTypeAwsAccount,
	}
}

// remove is the request that deletes an assignment.
func (f *fixture) remove(a Assignment) *ssoadmin.DeleteAccountAssignmentInput {
	return &ssoadmin.DeleteAccountAssignmentInput{
		InstanceArn: &f.opts.InstanceARN, PermissionSetArn: &a.PermissionSetARN, PrincipalId: &a.PrincipalID,
		PrincipalType: ssotypes.PrincipalType(a.PrincipalType), TargetId: &a.AccountID, TargetType: ssotypes.TargetTypeAwsAccount,
	}
}

// begin starts a creation and returns its request id.
func (f *fixture) begin(t *testing.T, a Assignment) string {
	t.Helper()
	out, err := f.sso(testMgmt).CreateAccountAssignment(background(), f.create(a))
	must(t, err)
	return *out.AccountAssignmentCreationStatus.RequestId
}

// beginRemoval starts a deletion and returns its request id.
func (f *fixture) beginRemoval(t *testing.T, a Assignment) string {
	t.Helper()
	out, err := f.sso(testMgmt).DeleteAccountAssignment(background(), f.remove(a))
	must(t, err)
	return *out.AccountAssignmentDeletionStatus.RequestId
}

// creation returns the status and the reason of a creation.
func (f *fixture) creation(t *testing.T, id string) (status, reason string) {
	t.Helper()
	out, err := f.sso(testMgmt).DescribeAccountAssignmentCreationStatus(background(), &ssoadmin.DescribeAccountAssignmentCreationStatusInput{
		InstanceArn: &f.opts.InstanceARN, AccountAssignmentCreationRequestId: &id,
	})
	must(t, err)
	st := out.AccountAssignmentCreationStatus
	return string(st.Status), aws.ToString(st.FailureReason)
}

// deletion returns the status and the reason of a deletion.
func (f *fixture) deletion(t *testing.T, id string) (status, reason string) {
	t.Helper()
	out, err := f.sso(testMgmt).DescribeAccountAssignmentDeletionStatus(background(), &ssoadmin.DescribeAccountAssignmentDeletionStatusInput{
		InstanceArn: &f.opts.InstanceARN, AccountAssignmentDeletionRequestId: &id,
	})
	must(t, err)
	st := out.AccountAssignmentDeletionStatus
	return string(st.Status), aws.ToString(st.FailureReason)
}

// listed reports whether ListAccountAssignments shows an assignment.
func (f *fixture) listed(t *testing.T, a Assignment) bool {
	t.Helper()
	out, err := f.sso(testMgmt).ListAccountAssignments(background(), &ssoadmin.ListAccountAssignmentsInput{
		InstanceArn: &f.opts.InstanceARN, AccountId: &a.AccountID, PermissionSetArn: &a.PermissionSetARN,
	})
	must(t, err)
	for _, x := range out.AccountAssignments {
		if (Assignment{*x.AccountId, *x.PermissionSetArn, string(x.PrincipalType), *x.PrincipalId}) == a {
			return true
		}
	}
	return false
}
