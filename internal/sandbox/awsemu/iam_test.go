package awsemu

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
)

const (
	readRole   = "arn:aws:iam::" + testDev + ":role/aws-access-read"
	oldKey     = "AKIA0000000000000001"
	unusedKey  = "AKIA0000000000000002"
	kenKey     = "AKIA0000000000000003"
	externalID = "acme-aws-access"
)

// reading is a fixture whose development account has a role that reads iam and
// three users: one of both kinds, one who never signed in, one with keys only.
func reading(t *testing.T, edit ...func(*Options)) *fixture {
	t.Helper()
	f := newFixture(t, edit...)
	must(t, f.AddRole(readRole, externalID, testDelegate))
	must(t, f.PermitRole(readRole, "iam:GenerateCredentialReport", "iam:Get*", "iam:List*"))
	at := f.clock.Now().UTC().Truncate(time.Second).Add(-90 * 24 * time.Hour)
	for _, u := range []IAMUser{
		{Name: "Hana", Created: at, Password: &IAMPassword{Created: at, LastUsed: at.Add(time.Hour)}, MFA: true, Keys: []IAMKey{
			{ID: unusedKey, Created: at, Inactive: true},
			{ID: oldKey, Created: at, LastUsed: at.Add(2 * time.Hour), Service: "s3"},
		}},
		{Name: "deploy", Path: "/robots/", Created: at, Keys: []IAMKey{{ID: kenKey, Created: at}}},
		{Name: "never", Created: at, Password: &IAMPassword{Created: at}},
	} {
		must(t, f.PutIAMUser(testDev, u))
	}
	return f
}

// session assumes the read role and returns a client of iam.
func (f *fixture) session(t *testing.T) (*iam.Client, *sts.AssumeRoleOutput) {
	t.Helper()
	out, err := assume(t, f, &sts.AssumeRoleInput{RoleArn: aws.String(readRole), RoleSessionName: aws.String("bot"), ExternalId: aws.String(externalID)})
	must(t, err)
	cfg, c := f.config(testDelegate), out.Credentials
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	return iam.NewFromConfig(cfg), out
}

func TestUsersAreListed(t *testing.T) {
	t.Parallel()
	f := reading(t)
	c, _ := f.session(t)
	out, err := c.ListUsers(background(), &iam.ListUsersInput{})
	must(t, err)
	var got []string
	for _, u := range out.Users {
		got = append(got, fmt.Sprint(*u.UserName, " ", *u.Arn, " ", u.PasswordLastUsed != nil, " ", (*u.UserId)[:4], " ", u.CreateDate.IsZero()))
	}
	arn := "arn:aws:iam::" + testDev + ":user/"
	want := []string{"deploy " + arn + "robots/deploy false AIDA false", "Hana " + arn + "Hana true AIDA false", "never " + arn + "never false AIDA false"}
	if diff := cmp.Diff(want, got); diff != "" || out.IsTruncated || out.Marker != nil {
		t.Errorf("truncated %t: %s", out.IsTruncated, diff)
	}
	robots, err := c.ListUsers(background(), &iam.ListUsersInput{PathPrefix: aws.String("/robots/")})
	must(t, err)
	if len(robots.Users) != 1 {
		t.Errorf("robots: %d", len(robots.Users))
	}
}

func TestUsersComeInPages(t *testing.T) {
	t.Parallel()
	f := reading(t)
	for i := range 102 {
		must(t, f.PutIAMUser(testDev, IAMUser{Name: fmt.Sprintf("user-%03d", i)}))
	}
	c, _ := f.session(t)
	for most, want := range map[int32][]int{0: {100, 5}, 40: {40, 40, 25}, 1000: {105}} {
		in := &iam.ListUsersInput{}
		if most > 0 {
			in.MaxItems = aws.Int32(most)
		}
		var sizes []int
		seen := map[string]bool{}
		for p := iam.NewListUsersPaginator(c, in); p.HasMorePages(); {
			out, err := p.NextPage(background())
			must(t, err)
			sizes = append(sizes, len(out.Users))
			for _, u := range out.Users {
				seen[*u.UserName] = true
			}
		}
		if diff := cmp.Diff(want, sizes); diff != "" || len(seen) != 105 {
			t.Errorf("pages of %d: %d users, %s", most, len(seen), diff)
		}
	}
	_, err := c.ListUsers(background(), &iam.ListUsersInput{MaxItems: aws.Int32(1001)})
	if got := code(t, err); got != "ValidationError" {
		t.Errorf("1001 items: %q", got)
	}
	_, err = c.ListUsers(background(), &iam.ListUsersInput{Marker: aws.String("made-up")})
	if got := code(t, err); got != "ValidationError" {
		t.Errorf("made-up marker: %q", got)
	}
}

func TestKeysAndPasswords(t *testing.T) {
	t.Parallel()
	f := reading(t)
	c, _ := f.session(t)
	keys, err := c.ListAccessKeys(background(), &iam.ListAccessKeysInput{UserName: aws.String("hana")})
	must(t, err)
	var got []string
	for _, k := range keys.AccessKeyMetadata {
		got = append(got, *k.AccessKeyId+" "+string(k.Status)+" "+*k.UserName)
	}
	if diff := cmp.Diff([]string{oldKey + " Active Hana", unusedKey + " Inactive Hana"}, got); diff != "" {
		t.Error(diff)
	}
	for key, want := range map[string]string{oldKey: "Hana s3 N/A true", unusedKey: "Hana N/A N/A false"} {
		out, err := c.GetAccessKeyLastUsed(background(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: &key})
		must(t, err)
		u := out.AccessKeyLastUsed
		if got := fmt.Sprint(*out.UserName, " ", *u.ServiceName, " ", *u.Region, " ", u.LastUsedDate != nil); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	login, err := c.GetLoginProfile(background(), &iam.GetLoginProfileInput{UserName: aws.String("Hana")})
	must(t, err)
	if *login.LoginProfile.UserName != "Hana" || login.LoginProfile.CreateDate.IsZero() {
		t.Errorf("%+v", login.LoginProfile)
	}
}

func TestIAMRefuses(t *testing.T) {
	t.Parallel()
	f := reading(t)
	c, _ := f.session(t)
	login := func(name string) error {
		_, err := c.GetLoginProfile(background(), &iam.GetLoginProfileInput{UserName: aws.String(name)})
		return err
	}
	key := func(id string) error {
		_, err := c.GetAccessKeyLastUsed(background(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: &id})
		return err
	}
	keys := func(in *iam.ListAccessKeysInput) error {
		_, err := c.ListAccessKeys(background(), in)
		return err
	}
	for _, tc := range []struct {
		name   string
		err    error
		want   string
		status int
	}{
		{"no password", login("deploy"), "NoSuchEntity", 404},
		{"no user", login("nobody"), "NoSuchEntity", 404},
		{"keys of no user", keys(&iam.ListAccessKeysInput{UserName: aws.String("nobody")}), "NoSuchEntity", 404},
		{"keys of nobody in particular", keys(&iam.ListAccessKeysInput{}), "ValidationError", 400},
		{"a name that cannot be", login("a b"), "ValidationError", 400},
		{"no key", key("AKIA9999999999999999"), "NoSuchEntity", 404},
		{"a key that cannot be", key("short"), "ValidationError", 400},
		{"an action that is not there", func() error {
			_, err := c.CreateUser(background(), &iam.CreateUserInput{UserName: aws.String("x")})
			return err
		}(), "InvalidAction", 400},
	} {
		var res *smithyhttp.ResponseError
		if got := code(t, tc.err); got != tc.want || !errors.As(tc.err, &res) || res.HTTPStatusCode() != tc.status {
			t.Errorf("%s: %v", tc.name, tc.err)
		}
	}
}

// TestIAMAsksTheRole holds that a session may do what its role permits, in its
// own account, while it lasts and while the account is active.
func TestIAMAsksTheRole(t *testing.T) {
	t.Parallel()
	f := reading(t)
	c, session := f.session(t)
	list := func() string {
		_, err := c.ListUsers(background(), &iam.ListUsersInput{})
		return code(t, err)
	}
	must(t, f.PermitRole(readRole, "iam:Generate*"))
	_, err := c.ListUsers(background(), &iam.ListUsersInput{})
	if want := "User: arn:aws:sts::" + testDev + ":assumed-role/aws-access-read/bot is not authorized to perform: iam:ListUsers"; code(t, err) != "AccessDenied" || !strings.Contains(message(t, err), want) {
		t.Errorf("not permitted: %v", err)
	}
	must(t, f.PermitRole(readRole, "iam:listusers"))
	if got := list(); got != "" {
		t.Errorf("permitted: %q", got)
	}
	must(t, f.SetAccountState(testDev, StateSuspended))
	if got := list(); got != "AccessDenied" {
		t.Errorf("suspended: %q", got)
	}
	_, err = assume(t, f, &sts.AssumeRoleInput{RoleArn: aws.String(readRole), RoleSessionName: aws.String("bot"), ExternalId: aws.String(externalID)})
	if got := code(t, err); got != "AccessDenied" {
		t.Errorf("role of a suspended account: %q", got)
	}
	must(t, f.SetAccountState(testDev, StateActive))
	if got := list(); got != "" {
		t.Errorf("active again: %q", got)
	}
	f.Server.keys.expire(f.Server, *session.Credentials.AccessKeyId, f.clock.Now())
	if got := list(); got != "ExpiredToken" {
		t.Errorf("after the session: %q", got)
	}
	f.RemoveRole(readRole)
	if got := list(); got != "InvalidClientTokenId" {
		t.Errorf("without the role: %q", got)
	}
	// The users of another account are other users.
	out, err := iam.NewFromConfig(f.config(testProd)).ListUsers(background(), &iam.ListUsersInput{})
	must(t, err)
	if len(out.Users) != 0 {
		t.Errorf("production has %d users", len(out.Users))
	}
}

func TestIAMIsSignedForItself(t *testing.T) {
	t.Parallel()
	f := reading(t)
	for region, want := range map[string]string{"ap-northeast-1": "", "us-east-1": "", "eu-west-1": "SignatureDoesNotMatch"} {
		cfg := f.config(testProd)
		cfg.Region = region
		_, err := iam.NewFromConfig(cfg).ListUsers(background(), &iam.ListUsersInput{})
		if got := code(t, err); got != want {
			t.Errorf("%s: %q", region, got)
		}
	}
}

// TestCreatedAccountHasItsRole holds that the management account gets into an
// account that it has made.
func TestCreatedAccountHasItsRole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	st, err := f.createAccount("aws+new@example.com", "new")
	must(t, err)
	f.clock.advance(time.Minute)
	out, err := f.orgs(testMgmt).DescribeCreateAccountStatus(background(), &organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: st.Id})
	must(t, err)
	arn := "arn:aws:iam::" + *out.CreateAccountStatus.AccountId + ":role/OrganizationAccountAccessRole"
	session, err := f.sts(testMgmt).AssumeRole(background(), &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("admin")})
	must(t, err)
	cfg, c := f.config(testMgmt), session.Credentials
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	_, err = iam.NewFromConfig(cfg).ListUsers(background(), &iam.ListUsersInput{})
	must(t, err)
}

func TestUsersArePlayed(t *testing.T) {
	t.Parallel()
	f := reading(t)
	use := func(name string, u IAMUse) error { return f.UseIAMUser(testDev, name, u) }
	hana := func() IAMUser { return f.State().IAM[0].Users[1] }
	must(t, use("hana", IAMUse{}))
	signedIn := hana().Password.LastUsed
	f.clock.advance(4 * time.Minute)
	must(t, use("hana", IAMUse{}))
	if !hana().Password.LastUsed.Equal(signedIn) {
		t.Error("a second sign-in within five minutes is recorded")
	}
	f.clock.advance(time.Minute)
	must(t, use("hana", IAMUse{}))
	if hana().Password.LastUsed.Equal(signedIn) {
		t.Error("a sign-in after five minutes is not recorded")
	}
	must(t, use("hana", IAMUse{Service: "ec2", Region: "eu-west-1"}))
	must(t, use("hana", IAMUse{Service: "s3"}))
	if k := hana().Keys[0]; k.Service != "ec2" || k.Region != "eu-west-1" {
		t.Errorf("two uses within fifteen minutes: %+v", k)
	}
	for name, err := range map[string]error{
		"nobody": use("nobody", IAMUse{}), "no password": use("deploy", IAMUse{}),
		"inactive key": use("hana", IAMUse{Service: "s3", Key: 1}), "no key": use("never", IAMUse{Service: "s3"}),
		"three keys": f.PutIAMUser(testDev, IAMUser{Name: "x", Keys: make([]IAMKey, 3)}),
		"bad name":   f.PutIAMUser(testDev, IAMUser{Name: "a b"}), "bad account": f.PutIAMUser("1", IAMUser{Name: "x"}),
	} {
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if !f.DeleteIAMUser(testDev, "HANA") || f.DeleteIAMUser(testDev, "hana") {
		t.Error("a user is deleted once")
	}
}

// TestSignedRequestsCountAsUse holds that a key of an IAM user that signs a
// request is seen to have been used.
func TestSignedRequestsCountAsUse(t *testing.T) {
	t.Parallel()
	f := reading(t)
	f.AddCredentials(kenKey, "secret-of-deploy", testDev, "arn:aws:iam::"+testDev+":user/robots/deploy")
	cfg := f.config(testDev)
	cfg.Credentials = credentials.NewStaticCredentialsProvider(kenKey, "secret-of-deploy", "")
	_, err := sts.NewFromConfig(cfg).GetCallerIdentity(background(), &sts.GetCallerIdentityInput{})
	must(t, err)
	c, _ := f.session(t)
	out, err := c.GetAccessKeyLastUsed(background(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String(kenKey)})
	must(t, err)
	if u := out.AccessKeyLastUsed; *u.ServiceName != "sts" || *u.Region != "ap-northeast-1" || u.LastUsedDate == nil {
		t.Errorf("%s in %s at %v", *u.ServiceName, *u.Region, u.LastUsedDate)
	}
	// It may leave its own name out.
	keys, err := iam.NewFromConfig(cfg).ListAccessKeys(background(), &iam.ListAccessKeysInput{})
	must(t, err)
	if len(keys.AccessKeyMetadata) != 1 || *keys.AccessKeyMetadata[0].UserName != "deploy" {
		t.Errorf("%+v", keys.AccessKeyMetadata)
	}
}
