package awsemu

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/google/go-cmp/cmp"
)

// move moves the development account between two parents, as an account.
func (f *fixture) move(account, from, to string) error {
	_, err := f.orgs(account).MoveAccount(background(), &organizations.MoveAccountInput{
		AccountId: aws.String(testDev), SourceParentId: &from, DestinationParentId: &to,
	})
	return err
}

func TestMoveAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	dev, err := f.AddOU("/Workloads/Dev")
	must(t, err)
	prod, err := f.AddOU("/Workloads/Prod")
	must(t, err)
	root := f.Server.org.rootID
	none := "ou-abcd-12345678"
	for _, tc := range []struct{ name, as, from, to, want string }{
		{"the delegated administrator", testDelegate, dev, prod, "AccessDeniedException"},
		{"a member", testProd, dev, prod, "AccessDeniedException"},
		{"from nowhere", testMgmt, none, prod, "SourceParentNotFoundException"},
		{"from where it is not", testMgmt, root, prod, "SourceParentNotFoundException"},
		{"to nowhere", testMgmt, dev, none, "DestinationParentNotFoundException"},
		{"to where it is", testMgmt, dev, dev, "DuplicateAccountException"},
		{"away", testMgmt, dev, prod, ""},
		{"away again", testMgmt, dev, prod, "DuplicateAccountException"},
		{"to the root", testMgmt, prod, root, ""},
	} {
		if got := code(t, f.move(tc.as, tc.from, tc.to)); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	f.ConflictNext("MoveAccount", 1)
	if got := code(t, f.move(testMgmt, root, dev)); got != "ConcurrentModificationException" {
		t.Errorf("in a conflict: %q", got)
	}
	must(t, f.move(testMgmt, root, dev))
	_, err = f.orgs(testMgmt).MoveAccount(background(), &organizations.MoveAccountInput{
		AccountId: aws.String(testUnknown), SourceParentId: &root, DestinationParentId: &dev,
	})
	if got := code(t, err); got != "AccountNotFoundException" {
		t.Errorf("an account outside: %q", got)
	}
}

func TestTagsAreWritten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ou, err := f.AddOU("/Workloads")
	must(t, err)
	c := f.orgs(testMgmt)
	tag := func(resource string, pairs ...string) error {
		in := &organizations.TagResourceInput{ResourceId: &resource, Tags: []orgtypes.Tag{}}
		for _, p := range pairs {
			k, v, _ := strings.Cut(p, "=")
			in.Tags = append(in.Tags, orgtypes.Tag{Key: &k, Value: &v})
		}
		_, err := c.TagResource(background(), in)
		return err
	}
	tags := func(resource string) (got []string) {
		out, err := c.ListTagsForResource(background(), &organizations.ListTagsForResourceInput{ResourceId: &resource})
		must(t, err)
		for _, x := range out.Tags {
			got = append(got, *x.Key+"="+*x.Value)
		}
		return got
	}
	for _, resource := range []string{testDev, ou, f.Server.org.rootID} {
		must(t, tag(resource, "env=dev", "team=payments"))
		must(t, tag(resource, "env=test"))
		_, err = c.UntagResource(background(), &organizations.UntagResourceInput{ResourceId: &resource, TagKeys: []string{"team", "none"}})
		must(t, err)
		if diff := cmp.Diff([]string{"env=test"}, tags(resource)); diff != "" {
			t.Errorf("%s: %s", resource, diff)
		}
	}
	many := make([]string, 51)
	for i := range many {
		many[i] = strings.Repeat("k", i+1) + "=v"
	}
	for _, tc := range []struct {
		name   string
		err    error
		reason string
	}{
		{"system tag", tag(testDev, "aws:x=y"), "INVALID_SYSTEM_TAGS_PARAMETER"},
		{"one key twice", tag(testDev, "a=b", "a=c"), "DUPLICATE_TAG_KEY"},
		{"too many", tag(testDev, many...), "MAX_TAG_LIMIT_EXCEEDED"},
	} {
		if got := reason(tc.err); got != tc.reason {
			t.Errorf("%s: %v", tc.name, tc.err)
		}
	}
	if got := code(t, tag(testUnknown, "a=b")); got != "TargetNotFoundException" {
		t.Errorf("an account outside: %q", got)
	}
	if diff := cmp.Diff([]string{"env=test"}, tags(testDev)); diff != "" {
		t.Errorf("after refusals: %s", diff)
	}
}

func TestDelegatesAndTrustedServices(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for principal, want := range map[string]int{"": 1, "sso.amazonaws.com": 1, "config.amazonaws.com": 0} {
		in := &organizations.ListDelegatedAdministratorsInput{}
		if principal != "" {
			in.ServicePrincipal = &principal
		}
		out, err := f.orgs(testDelegate).ListDelegatedAdministrators(background(), in)
		must(t, err)
		if len(out.DelegatedAdministrators) != want || want == 1 && *out.DelegatedAdministrators[0].Id != testDelegate {
			t.Errorf("%q: %+v", principal, out.DelegatedAdministrators)
		}
	}
	for set, want := range map[string]int{featuresAll: 1, featuresBilling: 0} {
		must(t, f.SetFeatureSet(set))
		out, err := f.orgs(testMgmt).ListAWSServiceAccessForOrganization(background(), &organizations.ListAWSServiceAccessForOrganizationInput{})
		must(t, err)
		if len(out.EnabledServicePrincipals) != want {
			t.Errorf("%s: %+v", set, out.EnabledServicePrincipals)
		}
	}
}

func (f *fixture) createAccount(email, name string) (*orgtypes.CreateAccountStatus, error) {
	out, err := f.orgs(testMgmt).CreateAccount(background(), &organizations.CreateAccountInput{Email: &email, AccountName: &name})
	if err != nil {
		return nil, err
	}
	return out.CreateAccountStatus, nil
}

func TestCreateAccountTakesItsTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	st, err := f.createAccount("aws+new@example.com", "new")
	must(t, err)
	if st.State != orgtypes.CreateAccountStateInProgress || st.AccountId != nil || !shapeCreation.re.MatchString(*st.Id) {
		t.Errorf("%+v", st)
	}
	before := len(f.State().Accounts)
	f.clock.advance(30 * time.Second)
	out, err := f.orgs(testDelegate).DescribeCreateAccountStatus(background(), &organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: st.Id})
	must(t, err)
	done := out.CreateAccountStatus
	if done.State != orgtypes.CreateAccountStateSucceeded || done.CompletedTimestamp == nil || len(f.State().Accounts) != before+1 {
		t.Fatalf("%+v", done)
	}
	a, err := f.orgs(testMgmt).DescribeAccount(background(), &organizations.DescribeAccountInput{AccountId: done.AccountId})
	must(t, err)
	if a.Account.JoinedMethod != orgtypes.AccountJoinedMethodCreated || *a.Account.Name != "new" {
		t.Errorf("%+v", a.Account)
	}
	_, err = f.orgs(testMgmt).DescribeCreateAccountStatus(background(), &organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: aws.String("car-00000000")})
	if got := code(t, err); got != "CreateAccountStatusNotFoundException" {
		t.Errorf("unknown: %q", got)
	}
}

func TestCreateAccountFailsWithItsReason(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, email, want string
		room              int
	}{
		{"address taken", "prod@example.com", "EMAIL_ALREADY_EXISTS", 50},
		{"address not valid", "a,b@example.com", "INVALID_EMAIL", 50},
		{"domain not valid", "ab@-example.com", "INVALID_EMAIL", 50},
		{"no room", "aws+new@example.com", "ACCOUNT_LIMIT_EXCEEDED", 5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, func(o *Options) { o.MaxAccounts = tc.room })
			_, err := f.createAccount(tc.email, "new")
			must(t, err)
			f.clock.advance(time.Minute)
			out, err := f.orgs(testMgmt).ListCreateAccountStatus(background(), &organizations.ListCreateAccountStatusInput{
				States: []orgtypes.CreateAccountState{orgtypes.CreateAccountStateFailed},
			})
			must(t, err)
			if len(out.CreateAccountStatuses) != 1 || string(out.CreateAccountStatuses[0].FailureReason) != tc.want {
				t.Errorf("%+v", out.CreateAccountStatuses)
			}
			if n := len(f.State().Accounts); n != 5 {
				t.Errorf("%d accounts", n)
			}
		})
	}
}

func TestFiveAccountsInCreationAtATime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 5 {
		_, err := f.createAccount(strings.Repeat("x", i+1)+"@example.com", "new")
		must(t, err)
	}
	_, err := f.createAccount("six@example.com", "new")
	if got := code(t, err); got != "TooManyRequestsException" {
		t.Errorf("the sixth: %q", got)
	}
}

// TestOrganizationsIsThrottled holds the documented rates: MoveAccount has a
// burst of three and two tokens a second.
func TestOrganizationsIsThrottled(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.Unthrottled = false })
	dev, err := f.AddOU("/Workloads/Dev")
	must(t, err)
	var got []string
	for range 5 {
		got = append(got, code(t, f.move(testMgmt, dev, dev)))
	}
	f.clock.advance(500 * time.Millisecond)
	got = append(got, code(t, f.move(testMgmt, dev, dev)))
	there, busy := "DuplicateAccountException", "TooManyRequestsException"
	if diff := cmp.Diff([]string{there, there, there, busy, busy, there}, got); diff != "" {
		t.Error(diff)
	}
	// Two accounts share what the organization has for both.
	n := 0
	for i := range 24 {
		account := testMgmt
		if i%2 == 0 {
			account = testDelegate
		}
		if _, err := f.orgs(account).ListAccounts(background(), &organizations.ListAccountsInput{}); err == nil {
			n++
		}
	}
	if n != 15 {
		t.Errorf("%d requests of two accounts passed, want 15", n)
	}
}
