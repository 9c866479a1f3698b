package awsemu

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/google/go-cmp/cmp"
)

const testStore = "d-9567000000"

func byAttribute(path string, value any) idtypes.AlternateIdentifier {
	return &idtypes.AlternateIdentifierMemberUniqueAttribute{Value: idtypes.UniqueAttribute{AttributePath: &path, AttributeValue: document.NewLazyDocument(value)}}
}

func byExternal(issuer, id string) idtypes.AlternateIdentifier {
	return &idtypes.AlternateIdentifierMemberExternalId{Value: idtypes.ExternalId{Issuer: &issuer, Id: &id}}
}

func TestGroupsAndUsersAreFoundByOtherIDs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.ids(testDelegate)
	group := func(alt idtypes.AlternateIdentifier) (string, error) {
		out, err := c.GetGroupId(background(), &identitystore.GetGroupIdInput{IdentityStoreId: aws.String(testStore), AlternateIdentifier: alt})
		if err != nil {
			return "", err
		}
		return *out.GroupId, nil
	}
	user := func(alt idtypes.AlternateIdentifier) (string, error) {
		out, err := c.GetUserId(background(), &identitystore.GetUserIdInput{IdentityStoreId: aws.String(testStore), AlternateIdentifier: alt})
		if err != nil {
			return "", err
		}
		return *out.UserId, nil
	}
	tests := []struct {
		name string
		get  func(idtypes.AlternateIdentifier) (string, error)
		alt  idtypes.AlternateIdentifier
		want string
		code string
	}{
		{"group by display name", group, byAttribute("displayName", "aws-payments-dev"), f.group, ""},
		{"group without regard to case", group, byAttribute("DisplayName", "AWS-Payments-Dev"), f.group, ""},
		{"group by external id", group, byExternal(f.opts.Issuer, "entra-group"), f.group, ""},
		{"group with another issuer", group, byExternal("https://scim.aws.com/other", "entra-group"), "", "ResourceNotFoundException"},
		{"group not there", group, byAttribute("displayName", "none"), "", "ResourceNotFoundException"},
		{"group by a number", group, byAttribute("displayName", 7), "", "ResourceNotFoundException"},
		{"group by a user's attribute", group, byAttribute("userName", "x"), "", "ValidationException"},
		{"user by name", user, byAttribute("userName", "hana@example.com"), f.user, ""},
		{"user by e-mail", user, byAttribute("emails.value", "hana@example.com"), f.user, ""},
		{"user by external id", user, byExternal(f.opts.Issuer, "entra-hana"), f.user, ""},
		{"user not there", user, byExternal(f.opts.Issuer, "entra-group"), "", "ResourceNotFoundException"},
		{"user by another attribute", user, byAttribute("title", "x"), "", "ValidationException"},
	}
	for _, tc := range tests {
		f.clock.advance(time.Second) // keeps below the rate
		got, err := tc.get(tc.alt)
		if code(t, err) != tc.code || got != tc.want {
			t.Errorf("%s: got %q, %v", tc.name, got, err)
		}
	}
}

func TestNotFoundNamesTheKind(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.ids(testDelegate)
	id := aws.String("9567000000-" + newUUID())
	_, group := c.DescribeGroup(background(), &identitystore.DescribeGroupInput{IdentityStoreId: aws.String(testStore), GroupId: id})
	_, user := c.DescribeUser(background(), &identitystore.DescribeUserInput{IdentityStoreId: aws.String(testStore), UserId: id})
	_, store := c.ListGroups(background(), &identitystore.ListGroupsInput{IdentityStoreId: aws.String("d-0000000000")})
	for want, err := range map[idtypes.ResourceType]error{"GROUP": group, "USER": user, "IDENTITY_STORE": store} {
		var nf *idtypes.ResourceNotFoundException
		if !errors.As(err, &nf) || nf.ResourceType != want || aws.ToString(nf.ResourceId) == "" {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestDescriptionsHaveExternalIDsOnlyFromSCIM(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	hand, err := f.AddGroup("made-by-hand")
	must(t, err)
	c := f.ids(testDelegate)
	for id, want := range map[string]int{f.group: 1, hand: 0} {
		out, err := c.DescribeGroup(background(), &identitystore.DescribeGroupInput{IdentityStoreId: aws.String(testStore), GroupId: &id})
		must(t, err)
		if len(out.ExternalIds) != want {
			t.Errorf("%s: %+v", *out.DisplayName, out.ExternalIds)
		}
		if want == 1 && (*out.ExternalIds[0].Issuer != f.opts.Issuer || *out.ExternalIds[0].Id != "entra-group") {
			t.Errorf("%+v", out.ExternalIds[0])
		}
	}
	_, err = f.SCIM("scim-token").UpsertUser("entra-hana", "hana@example.com", "Hana S", "Hana", "Sato", false)
	must(t, err)
	u, err := c.DescribeUser(background(), &identitystore.DescribeUserInput{IdentityStoreId: aws.String(testStore), UserId: &f.user})
	must(t, err)
	got := []string{*u.UserName, *u.DisplayName, *u.Name.GivenName, *u.Name.FamilyName, *u.Emails[0].Value, *u.ExternalIds[0].Id, string(u.UserStatus)}
	if diff := cmp.Diff([]string{"hana@example.com", "Hana S", "Hana", "Sato", "hana@example.com", "entra-hana", "DISABLED"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestListsOfGroupsAndUsersTakeOneFilter(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 104 {
		_, err := f.AddGroup(fmt.Sprintf("group-%03d", i))
		must(t, err)
	}
	c := f.ids(testDelegate)
	var sizes []int
	for p := identitystore.NewListGroupsPaginator(c, &identitystore.ListGroupsInput{IdentityStoreId: aws.String(testStore)}); p.HasMorePages(); {
		out, err := p.NextPage(background())
		must(t, err)
		sizes = append(sizes, len(out.Groups))
	}
	if diff := cmp.Diff([]int{100, 5}, sizes); diff != "" {
		t.Error(diff)
	}
	filter := func(path, value string) idtypes.Filter {
		return idtypes.Filter{AttributePath: &path, AttributeValue: &value}
	}
	groups := func(filters ...idtypes.Filter) (int, error) {
		//lint:ignore SA1019 deprecated in favour of GetGroupId, but served
		out, err := c.ListGroups(background(), &identitystore.ListGroupsInput{IdentityStoreId: aws.String(testStore), Filters: filters})
		if err != nil {
			return 0, err
		}
		return len(out.Groups), nil
	}
	users := func(filters ...idtypes.Filter) (int, error) {
		//lint:ignore SA1019 deprecated in favour of GetUserId, but served
		out, err := c.ListUsers(background(), &identitystore.ListUsersInput{IdentityStoreId: aws.String(testStore), Filters: filters})
		if err != nil {
			return 0, err
		}
		return len(out.Users), nil
	}
	tests := []struct {
		name    string
		list    func(...idtypes.Filter) (int, error)
		filters []idtypes.Filter
		want    int
		code    string
	}{
		{"group", groups, []idtypes.Filter{filter("DisplayName", "group-007")}, 1, ""},
		{"no group", groups, []idtypes.Filter{filter("DisplayName", "group")}, 0, ""},
		{"two filters", groups, []idtypes.Filter{filter("DisplayName", "a"), filter("DisplayName", "b")}, 0, "ValidationException"},
		{"attribute of users", groups, []idtypes.Filter{filter("UserName", "a")}, 0, "ValidationException"},
		{"user", users, []idtypes.Filter{filter("UserName", "hana@example.com")}, 1, ""},
		{"all users", users, nil, 1, ""},
		{"attribute of groups", users, []idtypes.Filter{filter("DisplayName", "a")}, 0, "ValidationException"},
	}
	for _, tc := range tests {
		if got, err := tc.list(tc.filters...); got != tc.want || code(t, err) != tc.code {
			t.Errorf("%s: got %d, %v", tc.name, got, err)
		}
	}
}

func TestMembershipsFromBothSides(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other, err := f.AddGroup("another")
	must(t, err)
	c, store := f.ids(testDelegate), aws.String(testStore)
	members, err := c.ListGroupMemberships(background(), &identitystore.ListGroupMembershipsInput{IdentityStoreId: store, GroupId: &f.group})
	must(t, err)
	m := members.GroupMemberships[0]
	member, ok := m.MemberId.(*idtypes.MemberIdMemberUserId)
	if len(members.GroupMemberships) != 1 || !ok || member.Value != f.user || *m.GroupId != f.group || !shapePrincipal.re.MatchString(*m.MembershipId) {
		t.Errorf("%+v", m)
	}
	groups, err := c.ListGroupMembershipsForMember(background(), &identitystore.ListGroupMembershipsForMemberInput{
		IdentityStoreId: store, MemberId: &idtypes.MemberIdMemberUserId{Value: f.user},
	})
	must(t, err)
	if len(groups.GroupMemberships) != 1 || *groups.GroupMemberships[0].MembershipId != *m.MembershipId {
		t.Errorf("%+v", groups.GroupMemberships)
	}
	is, err := c.IsMemberInGroups(background(), &identitystore.IsMemberInGroupsInput{
		IdentityStoreId: store, MemberId: &idtypes.MemberIdMemberUserId{Value: f.user}, GroupIds: []string{other, f.group},
	})
	must(t, err)
	got := []bool{is.Results[0].MembershipExists, is.Results[1].MembershipExists}
	if diff := cmp.Diff([]bool{false, true}, got); diff != "" || *is.Results[0].GroupId != other {
		t.Error(diff)
	}
}

func TestMembershipErrors(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c, store := f.ids(testDelegate), aws.String(testStore)
	nobody := "9567000000-" + newUUID()
	is := func(user string, groups []string) error {
		_, err := c.IsMemberInGroups(background(), &identitystore.IsMemberInGroupsInput{
			IdentityStoreId: store, MemberId: &idtypes.MemberIdMemberUserId{Value: user}, GroupIds: groups,
		})
		return err
	}
	_, ofGroup := c.ListGroupMemberships(background(), &identitystore.ListGroupMembershipsInput{IdentityStoreId: store, GroupId: &nobody})
	_, ofUser := c.ListGroupMembershipsForMember(background(), &identitystore.ListGroupMembershipsForMemberInput{
		IdentityStoreId: store, MemberId: &idtypes.MemberIdMemberUserId{Value: nobody},
	})
	many := make([]string, 101)
	for i := range many {
		many[i] = f.group
	}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"members of no group", ofGroup, "ResourceNotFoundException"},
		{"groups of nobody", ofUser, "ResourceNotFoundException"},
		{"nobody in groups", is(nobody, []string{f.group}), "ResourceNotFoundException"},
		{"in no such group", is(f.user, []string{nobody}), "ResourceNotFoundException"},
		{"in no groups", is(f.user, []string{}), "ValidationException"},
		{"in too many groups", is(f.user, many), "ValidationException"},
		{"in a hundred groups", is(f.user, many[:100]), ""},
		{"in a group by name", is(f.user, []string{"aws-payments-dev"}), "ValidationException"},
	}
	for _, tc := range tests {
		if got := code(t, tc.err); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestTwentyRequestsASecondForEachStoreOperation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.ids(testDelegate)
	groups := func() error {
		_, err := c.ListGroups(background(), &identitystore.ListGroupsInput{IdentityStoreId: aws.String(testStore)})
		return err
	}
	for range 20 {
		must(t, groups())
	}
	var throttled *idtypes.ThrottlingException
	if err := groups(); !errors.As(err, &throttled) || throttled.RetryAfterSeconds != 1 {
		t.Errorf("over the rate: %v", err)
	}
	_, err := c.ListUsers(background(), &identitystore.ListUsersInput{IdentityStoreId: aws.String(testStore)})
	must(t, err)
	f.clock.advance(time.Second)
	must(t, groups())
}
