package awsemu

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/google/go-cmp/cmp"
)

const (
	testAlone   = "444455556666" // standalone
	testAlone2  = "444455557777"
	testAbroad  = "444455558888" // in another organization
	testShut    = "444455559999" // closed
	testUnknown = "123456789012"
)

// outsiders is a fixture with accounts outside, whose owners have keys.
func outsiders(t *testing.T, edit ...func(*Options)) *fixture {
	t.Helper()
	f := newFixture(t, edit...)
	for _, a := range []Account{
		{ID: testAlone, Name: "initech", Email: "root@initech.example"},
		{ID: testAlone2, Name: "globex", Email: "root@globex.example"},
		{ID: testAbroad, Name: "hooli", Email: "root@hooli.example", Organization: "o-hooli00000"},
		{ID: testShut, Name: "pied-piper", Email: "root@piedpiper.example", State: StateClosed},
	} {
		must(t, f.AddOutside(a))
		f.AddCredentials("AKIA"+a.ID, "secret-of-"+a.ID, a.ID, "arn:aws:iam::"+a.ID+":root")
	}
	return f
}

func (f *fixture) invite(id string, kind orgtypes.HandshakePartyType) (*orgtypes.Handshake, error) {
	out, err := f.orgs(testMgmt).InviteAccountToOrganization(background(), &organizations.InviteAccountToOrganizationInput{
		Target: &orgtypes.HandshakeParty{Id: &id, Type: kind}, Notes: aws.String("welcome"),
		Tags: []orgtypes.Tag{{Key: aws.String("team"), Value: aws.String("payments")}},
	})
	if err != nil {
		return nil, err
	}
	return out.Handshake, nil
}

// invited invites an account by id and returns the id of the handshake.
func (f *fixture) invited(t *testing.T, account string) string {
	t.Helper()
	h, err := f.invite(account, orgtypes.HandshakePartyTypeAccount)
	must(t, err)
	return *h.Id
}

func (f *fixture) acceptAs(account, id string) error {
	_, err := f.orgs(account).AcceptHandshake(background(), &organizations.AcceptHandshakeInput{HandshakeId: &id})
	return err
}

func (f *fixture) declineAs(account, id string) error {
	_, err := f.orgs(account).DeclineHandshake(background(), &organizations.DeclineHandshakeInput{HandshakeId: &id})
	return err
}

func (f *fixture) cancelAs(account, id string) error {
	_, err := f.orgs(account).CancelHandshake(background(), &organizations.CancelHandshakeInput{HandshakeId: &id})
	return err
}

// shakeState is the state of a handshake as the management account sees it.
func (f *fixture) shakeState(t *testing.T, id string) orgtypes.HandshakeState {
	t.Helper()
	out, err := f.orgs(testMgmt).DescribeHandshake(background(), &organizations.DescribeHandshakeInput{HandshakeId: &id})
	must(t, err)
	return out.Handshake.State
}

// reason returns the reason of a refused handshake or input, and "" for none.
func reason(err error) string {
	var shake *orgtypes.HandshakeConstraintViolationException
	var input *orgtypes.InvalidInputException
	var limit *orgtypes.ConstraintViolationException
	switch {
	case errors.As(err, &shake):
		return string(shake.Reason)
	case errors.As(err, &input):
		return string(input.Reason)
	case errors.As(err, &limit):
		return string(limit.Reason)
	}
	return ""
}

func TestInvitedAccountJoinsInTheRoot(t *testing.T) {
	t.Parallel()
	f := outsiders(t)
	h, err := f.invite(testAlone, orgtypes.HandshakePartyTypeAccount)
	must(t, err)
	if h.Action != orgtypes.ActionTypeInviteAccountToOrganization || h.State != orgtypes.HandshakeStateRequested ||
		*h.Arn != "arn:aws:organizations::"+testMgmt+":handshake/o-a1b2c3d4e5/invite/"+*h.Id || !shapeHandshake.re.MatchString(*h.Id) {
		t.Errorf("%+v", h)
	}
	if d := h.ExpirationTimestamp.Sub(*h.RequestedTimestamp); d != 15*24*time.Hour {
		t.Errorf("lasts %v", d)
	}
	var resources []string
	for _, r := range h.Resources {
		resources = append(resources, string(r.Type)+"="+*r.Value)
	}
	if diff := cmp.Diff([]string{"ORGANIZATION=o-a1b2c3d4e5", "ACCOUNT=" + testAlone, "NOTES=welcome"}, resources); diff != "" {
		t.Error(diff)
	}
	_, err = f.orgs(testMgmt).DescribeAccount(background(), &organizations.DescribeAccountInput{AccountId: aws.String(testAlone)})
	if got := code(t, err); got != "AccountNotFoundException" {
		t.Errorf("before it has accepted: %q", got)
	}
	mine, err := f.orgs(testAlone).ListHandshakesForAccount(background(), &organizations.ListHandshakesForAccountInput{})
	must(t, err)
	if len(mine.Handshakes) != 1 || *mine.Handshakes[0].Id != *h.Id {
		t.Fatalf("the owner sees %+v", mine.Handshakes)
	}
	f.clock.advance(time.Minute)
	must(t, f.acceptAs(testAlone, *h.Id))
	out, err := f.orgs(testMgmt).DescribeAccount(background(), &organizations.DescribeAccountInput{AccountId: aws.String(testAlone)})
	must(t, err)
	if a := out.Account; a.JoinedMethod != orgtypes.AccountJoinedMethodInvited || a.State != orgtypes.AccountStateActive || a.JoinedTimestamp.Before(*h.RequestedTimestamp) {
		t.Errorf("%+v", a)
	}
	parents, err := f.orgs(testMgmt).ListParents(background(), &organizations.ListParentsInput{ChildId: aws.String(testAlone)})
	must(t, err)
	tags, err := f.orgs(testMgmt).ListTagsForResource(background(), &organizations.ListTagsForResourceInput{ResourceId: aws.String(testAlone)})
	must(t, err)
	if parents.Parents[0].Type != orgtypes.ParentTypeRoot || len(tags.Tags) != 1 || *tags.Tags[0].Value != "payments" {
		t.Errorf("parent %+v, tags %+v", parents.Parents, tags.Tags)
	}
	if got := f.shakeState(t, *h.Id); got != orgtypes.HandshakeStateAccepted {
		t.Errorf("state %s", got)
	}
	// It may describe its organization from now on.
	_, err = f.orgs(testAlone).DescribeOrganization(background(), &organizations.DescribeOrganizationInput{})
	must(t, err)
}

func TestInvitationByEmailIsAcceptedByTheAccountThatHasIt(t *testing.T) {
	t.Parallel()
	f := outsiders(t)
	h, err := f.invite("Root@Initech.example", orgtypes.HandshakePartyTypeEmail)
	must(t, err)
	if got := code(t, f.acceptAs(testAlone2, *h.Id)); got != "AccessDeniedException" {
		t.Errorf("another account accepts: %q", got)
	}
	must(t, f.acceptAs(testAlone, *h.Id))
	// An address that no account has may be invited: nobody can answer.
	_, err = f.invite("somebody@nowhere.example", orgtypes.HandshakePartyTypeEmail)
	must(t, err)
}

// TestInvitationIsRefused holds the answers to invitations that cannot be.
func TestInvitationIsRefused(t *testing.T) {
	t.Parallel()
	account, email := orgtypes.HandshakePartyTypeAccount, orgtypes.HandshakePartyTypeEmail
	tests := []struct {
		name, target string
		kind         orgtypes.HandshakePartyType
		prepare      func(t *testing.T, f *fixture)
		code, reason string
	}{
		{"invited already", testAlone, account, func(t *testing.T, f *fixture) { f.invited(t, testAlone) }, "DuplicateHandshakeException", ""},
		{"invited already by its address", testAlone, account, func(t *testing.T, f *fixture) {
			t.Helper()
			_, err := f.invite("root@initech.example", email)
			must(t, err)
		}, "DuplicateHandshakeException", ""},
		{"member", testProd, account, nil, "HandshakeConstraintViolationException", "ALREADY_IN_AN_ORGANIZATION"},
		{"address of a member", "prod@example.com", email, nil, "HandshakeConstraintViolationException", "ALREADY_IN_AN_ORGANIZATION"},
		{"in another organization", testAbroad, account, nil, "HandshakeConstraintViolationException", "ALREADY_IN_AN_ORGANIZATION"},
		{"closed", testShut, account, nil, "InvalidInputException", "TARGET_NOT_SUPPORTED"},
		{"no such account", testUnknown, account, nil, "InvalidInputException", "TARGET_NOT_SUPPORTED"},
		{"not an id", "initech", account, nil, "InvalidInputException", "INVALID_PATTERN"},
		{"not an address", "initech", email, nil, "InvalidInputException", "INVALID_EMAIL_ADDRESS_TARGET"},
		{"an organization", "o-hooli00000", orgtypes.HandshakePartyTypeOrganization, nil, "InvalidInputException", "INVALID_PARTY_TYPE_TARGET"},
		{"while all features are being enabled", testAlone, account, func(t *testing.T, f *fixture) {
			t.Helper()
			must(t, f.SetFeatureSet(featuresBilling))
			_, err := f.orgs(testMgmt).EnableAllFeatures(background(), &organizations.EnableAllFeaturesInput{})
			must(t, err)
		}, "HandshakeConstraintViolationException", "INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES"},
		{"no room", testAlone, account, func(_ *testing.T, f *fixture) { f.SetQuota(5) }, "HandshakeConstraintViolationException", "ACCOUNT_NUMBER_LIMIT_EXCEEDED"},
		{"no room besides another invitation", testAlone, account, func(t *testing.T, f *fixture) {
			t.Helper()
			f.SetQuota(6)
			f.invited(t, testAlone2)
		}, "HandshakeConstraintViolationException", "ACCOUNT_NUMBER_LIMIT_EXCEEDED"},
		{"somebody else changes it", testAlone, account, func(_ *testing.T, f *fixture) { f.ConflictNext("InviteAccountToOrganization", 1) }, "ConcurrentModificationException", ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := outsiders(t)
			if tc.prepare != nil {
				tc.prepare(t, f)
			}
			_, err := f.invite(tc.target, tc.kind)
			if code(t, err) != tc.code || reason(err) != tc.reason {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTwentyInvitationsADayAndOneMoreForEachAccepted(t *testing.T) {
	t.Parallel()
	f := outsiders(t, func(o *Options) { o.MaxAccounts = 15 })
	accepted := f.invited(t, testAlone2)
	must(t, f.acceptAs(testAlone2, accepted))
	for range 20 {
		must(t, f.cancelAs(testMgmt, f.invited(t, testAlone)))
	}
	_, err := f.invite(testAlone, orgtypes.HandshakePartyTypeAccount)
	if got := reason(err); got != "HANDSHAKE_RATE_LIMIT_EXCEEDED" {
		t.Errorf("the 21st: %v", err)
	}
}

func TestHandshakeIsAnsweredByWhomItIsFor(t *testing.T) {
	t.Parallel()
	f := outsiders(t)
	id := f.invited(t, testAlone)
	for name, call := range map[string]func() error{
		"management accepts":   func() error { return f.acceptAs(testMgmt, id) },
		"management declines":  func() error { return f.declineAs(testMgmt, id) },
		"another one accepts":  func() error { return f.acceptAs(testAlone2, id) },
		"another one declines": func() error { return f.declineAs(testAlone2, id) },
		"another one describes": func() error {
			_, err := f.orgs(testAlone2).DescribeHandshake(background(), &organizations.DescribeHandshakeInput{HandshakeId: &id})
			return err
		},
		"a member describes": func() error {
			_, err := f.orgs(testProd).DescribeHandshake(background(), &organizations.DescribeHandshakeInput{HandshakeId: &id})
			return err
		},
		"a delegate cancels": func() error { return f.cancelAs(testDelegate, id) },
		"a delegate invites": func() error {
			_, err := f.orgs(testDelegate).InviteAccountToOrganization(background(), &organizations.InviteAccountToOrganizationInput{
				Target: &orgtypes.HandshakeParty{Id: aws.String(testAlone2), Type: orgtypes.HandshakePartyTypeAccount},
			})
			return err
		},
	} {
		if got := code(t, call()); got != "AccessDeniedException" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := code(t, f.cancelAs(testAlone, id)); got != "AWSOrganizationsNotInUseException" {
		t.Errorf("the invited one cancels: %q", got)
	}
	_, err := f.orgs(testDelegate).DescribeHandshake(background(), &organizations.DescribeHandshakeInput{HandshakeId: &id})
	must(t, err)
	if got := f.shakeState(t, id); got != orgtypes.HandshakeStateRequested {
		t.Errorf("state %s", got)
	}
	_, err = f.orgs(testMgmt).DescribeHandshake(background(), &organizations.DescribeHandshakeInput{HandshakeId: aws.String("h-00000000")})
	if got := code(t, err); got != "HandshakeNotFoundException" {
		t.Errorf("unknown: %q", got)
	}
}

func TestHandshakeEndsOnce(t *testing.T) {
	t.Parallel()
	f := outsiders(t)
	again, over := "HandshakeAlreadyInStateException", "InvalidHandshakeTransitionException"
	for _, tc := range []struct {
		name string
		end  func(id string) error
		want []string // of accept, decline and cancel afterwards
		in   orgtypes.HandshakeState
	}{
		{"declined", func(id string) error { return f.declineAs(testAlone, id) }, []string{over, again, over}, orgtypes.HandshakeStateDeclined},
		{"canceled", func(id string) error { return f.cancelAs(testMgmt, id) }, []string{over, over, again}, orgtypes.HandshakeStateCanceled},
		{"expired", f.ExpireHandshake, []string{over, over, over}, orgtypes.HandshakeStateExpired},
		{"accepted", func(id string) error { return f.acceptAs(testAlone, id) }, []string{again, over, over}, orgtypes.HandshakeStateAccepted},
	} {
		id := f.invited(t, testAlone)
		must(t, tc.end(id))
		got := []string{code(t, f.acceptAs(testAlone, id)), code(t, f.declineAs(testAlone, id)), code(t, f.cancelAs(testMgmt, id))}
		if diff := cmp.Diff(tc.want, got); diff != "" || f.shakeState(t, id) != tc.in {
			t.Errorf("%s: %s, %s", tc.name, f.shakeState(t, id), diff)
		}
		if err := f.ExpireHandshake(id); err == nil {
			t.Errorf("%s: it expires after its end", tc.name)
		}
	}
}

// TestHandshakeRunsOutAndIsForgotten looks at the state from inside: the SDK
// signs with the real clock, so requests would be refused two weeks later.
func TestHandshakeRunsOutAndIsForgotten(t *testing.T) {
	t.Parallel()
	f := outsiders(t)
	id := f.invited(t, testAlone)
	state := func() string {
		st := f.State()
		i := slices.IndexFunc(st.Handshakes, func(h HandshakeState) bool { return h.ID == id })
		if i < 0 {
			return "gone"
		}
		return st.Handshakes[i].State
	}
	f.clock.advance(15*24*time.Hour - time.Second)
	before := state()
	f.clock.advance(time.Second)
	at := state()
	f.clock.advance(30*24*time.Hour - time.Second)
	kept := state()
	f.clock.advance(time.Second)
	if diff := cmp.Diff([]string{"REQUESTED", "EXPIRED", "EXPIRED", "gone"}, []string{before, at, kept, state()}); diff != "" {
		t.Error(diff)
	}
}

func TestAcceptingElsewhereFirstIsTooLate(t *testing.T) {
	t.Parallel()
	f := outsiders(t)
	id := f.invited(t, testAlone)
	must(t, f.AddOutside(Account{ID: testAlone, Name: "initech", Email: "root@initech.example", Organization: "o-hooli00000"}))
	err := f.acceptAs(testAlone, id)
	if got := reason(err); got != "ALREADY_IN_AN_ORGANIZATION" {
		t.Errorf("got %v", err)
	}
}

func TestDirectTransferFromAnotherOrganization(t *testing.T) {
	t.Parallel()
	f := outsiders(t, func(o *Options) { o.DirectTransfer = true })
	must(t, f.acceptAs(testAbroad, f.invited(t, testAbroad)))
	out, err := f.orgs(testMgmt).DescribeAccount(background(), &organizations.DescribeAccountInput{AccountId: aws.String(testAbroad)})
	must(t, err)
	if out.Account.JoinedMethod != orgtypes.AccountJoinedMethodInvited {
		t.Errorf("%+v", out.Account)
	}
}

func TestSuspendedAccountDoesNothing(t *testing.T) {
	t.Parallel()
	f := outsiders(t)
	id := f.invited(t, testAlone)
	must(t, f.SetAccountState(testAlone, StateSuspended))
	if got := code(t, f.acceptAs(testAlone, id)); got != "AccessDeniedException" {
		t.Errorf("got %q", got)
	}
}

func TestHandshakesAreListedInPagesAndByKind(t *testing.T) {
	t.Parallel()
	f := outsiders(t)
	var last string
	for range 25 {
		last = f.invited(t, testAlone)
		must(t, f.declineAs(testAlone, last))
	}
	var sizes []int
	var first string
	for p := organizations.NewListHandshakesForOrganizationPaginator(f.orgs(testDelegate), &organizations.ListHandshakesForOrganizationInput{}); p.HasMorePages(); {
		out, err := p.NextPage(background())
		must(t, err)
		if first == "" {
			first = *out.Handshakes[0].Id
		}
		sizes = append(sizes, len(out.Handshakes))
	}
	if diff := cmp.Diff([]int{20, 5}, sizes); diff != "" || first != last {
		t.Errorf("first %s, want %s; pages: %s", first, last, diff)
	}
	out, err := f.orgs(testMgmt).ListHandshakesForOrganization(background(), &organizations.ListHandshakesForOrganizationInput{
		Filter: &orgtypes.HandshakeFilter{ActionType: orgtypes.ActionTypeApproveAllFeatures},
	})
	must(t, err)
	if len(out.Handshakes) != 0 {
		t.Errorf("approvals: %d", len(out.Handshakes))
	}
	_, err = f.orgs(testMgmt).ListHandshakesForOrganization(background(), &organizations.ListHandshakesForOrganizationInput{
		Filter: &orgtypes.HandshakeFilter{ActionType: orgtypes.ActionTypeInviteAccountToOrganization, ParentHandshakeId: aws.String("h-00000000")},
	})
	if got := reason(err); got != "MAX_FILTER_LIMIT_EXCEEDED" {
		t.Errorf("two filters: %v", err)
	}
	theirs, err := f.orgs(testAlone2).ListHandshakesForAccount(background(), &organizations.ListHandshakesForAccountInput{})
	must(t, err)
	if len(theirs.Handshakes) != 0 {
		t.Errorf("another account sees %d", len(theirs.Handshakes))
	}
}
