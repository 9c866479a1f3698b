package awsemu

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/google/go-cmp/cmp"
)

// status returns the status of a SCIM error, and 0 for none.
func status(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var e *SCIMError
	if !errors.As(err, &e) {
		t.Fatalf("not a SCIM error: %v", err)
	}
	return e.Status
}

func TestSCIMRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.SCIM("scim-token")
	many := make([]string, 101)
	for i := range many {
		many[i] = "entra-hana"
	}
	user := func(external, name, display, given, family string) error {
		_, err := s.UpsertUser(external, name, display, given, family, true)
		return err
	}
	group := func(external, name string) error {
		_, err := s.UpsertGroup(external, name)
		return err
	}
	_, noMembers := s.GroupMembers("none")
	tests := []struct {
		name string
		err  error
		want int
	}{
		{"a user without an external id", user("", "a@example.com", "A", "A", "B"), 400},
		{"a user without a user name", user("x", "", "A", "A", "B"), 400},
		{"a user without a display name", user("x", "a@example.com", " ", "A", "B"), 400},
		{"a user without a given name", user("x", "a@example.com", "A", "", "B"), 400},
		{"a user without a family name", user("x", "a@example.com", "A", "A", ""), 400},
		{"a user name that is too long", user("x", strings.Repeat("a", 129), "A", "A", "B"), 400},
		{"a user name that is taken", user("x", "Hana@example.com", "A", "A", "B"), 409},
		{"a group without a name", group("x", ""), 400},
		{"a group with a semicolon", group("x", "a;b"), 400},
		{"a group with a colon", group("x", "a:b"), 400},
		{"a group with a percent sign", group("x", "50%"), 400},
		{"a group with angle brackets", group("x", "<a>"), 400},
		{"a group with a tab", group("x", "a\tb"), 400},
		{"a group name that is taken", group("x", "AWS-payments-dev"), 409},
		{"members of no group", s.AddMembers("none", []string{"entra-hana"}), 404},
		{"removing from no group", s.RemoveMembers("none", nil), 404},
		{"reading no group", noMembers, 404},
		{"deleting no group", s.DeleteGroup("none"), 404},
		{"unknown members", s.AddMembers("entra-group", []string{"nobody"}), 404},
		{"more than a hundred members", s.AddMembers("entra-group", many), 400},
		{"a hundred members are accepted", s.AddMembers("entra-group", many[:100]), 0},
	}
	for _, tc := range tests {
		if got := status(t, tc.err); got != tc.want {
			t.Errorf("%s: got %d, want %d: %v", tc.name, got, tc.want, tc.err)
		}
	}
}

func TestSCIMTokensAreChecked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, f.AddSCIMToken("short", f.clock.Now().Add(time.Hour)))
	if err := f.AddSCIMToken("third", time.Time{}); err == nil {
		t.Error("a third token is accepted")
	}
	s := f.SCIM("short")
	_, err := s.UpsertGroup("x", "x")
	must(t, err)
	f.clock.advance(time.Hour)
	_, expired := s.UpsertGroup("x", "y")
	f.DeleteSCIMToken("scim-token")
	_, deleted := f.SCIM("scim-token").GroupMembers("entra-group")
	for want, err := range map[string]error{"expired": expired, "not valid": deleted} {
		var e *SCIMError
		if !errors.As(err, &e) || e.Status != 401 || !e.Unauthorized() || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	must(t, f.AddSCIMToken("short", time.Time{})) // a new end for a known token
	must(t, s.DeleteGroup("x"))
}

func TestSCIMUpsertsKeepTheID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.SCIM("scim-token")
	again, err := s.UpsertGroup("entra-group", "renamed")
	must(t, err)
	user, err := s.UpsertUser("entra-hana", "hana.sato@example.com", "Hana", "Hana", "Sato", true)
	must(t, err)
	if again != f.group || user != f.user {
		t.Errorf("ids %s and %s", again, user)
	}
	st := f.State()
	if st.Groups[0].DisplayName != "renamed" || st.Users[0].UserName != "hana.sato@example.com" {
		t.Errorf("%+v %+v", st.Groups, st.Users)
	}
}

func TestSCIMTakesOverWhatWasMadeByHand(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.SCIM("scim-token")
	group, err := f.AddGroup("by-hand")
	must(t, err)
	user, err := f.AddUser("kenji@example.com", "Kenji", "Kenji", "Abe")
	must(t, err)
	gotGroup, err := s.UpsertGroup("entra-2", "by-hand")
	must(t, err)
	gotUser, err := s.UpsertUser("entra-kenji", "kenji@example.com", "Kenji", "Kenji", "Abe", true)
	must(t, err)
	if gotGroup != group || gotUser != user {
		t.Errorf("ids %s and %s", gotGroup, gotUser)
	}
}

func TestSCIMMembersAreAllOrNone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.SCIM("scim-token")
	for i := range 3 {
		_, err := s.UpsertUser(fmt.Sprintf("u%d", i), fmt.Sprintf("u%d@example.com", i), "U", "U", "U", true)
		must(t, err)
	}
	members := func() []string {
		got, err := s.GroupMembers("entra-group")
		must(t, err)
		return got
	}
	if err := s.AddMembers("entra-group", []string{"u0", "nobody"}); err == nil {
		t.Error("an unknown member is accepted")
	}
	if diff := cmp.Diff([]string{"entra-hana"}, members()); diff != "" {
		t.Error(diff)
	}
	must(t, s.AddMembers("entra-group", []string{"u0", "u1", "entra-hana"}))
	must(t, s.RemoveMembers("entra-group", []string{"entra-hana", "u2"}))
	if diff := cmp.Diff([]string{"u0", "u1"}, members()); diff != "" {
		t.Error(diff)
	}
}

func TestHandMadeMembersAreNotSeenBySCIM(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id, err := f.AddUser("kenji@example.com", "Kenji", "Kenji", "Abe")
	must(t, err)
	must(t, f.AddMember(f.group, id))
	got, err := f.SCIM("scim-token").GroupMembers("entra-group")
	must(t, err)
	if diff := cmp.Diff([]string{"entra-hana"}, got); diff != "" {
		t.Error(diff)
	}
	if n := len(f.State().Groups[0].Members); n != 2 {
		t.Errorf("%d members in truth", n)
	}
	f.RemoveMember(f.group, id)
	if n := len(f.State().Groups[0].Members); n != 1 {
		t.Errorf("%d members after the removal", n)
	}
	if err := f.AddMember("none", id); err == nil {
		t.Error("a member of no group is accepted")
	}
}

func TestDeletingEndsMemberships(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other, err := f.AddGroup("another")
	must(t, err)
	must(t, f.AddMember(other, f.user))
	groups := func() []string {
		out, err := f.ids(testMgmt).ListGroupMembershipsForMember(background(), &identitystore.ListGroupMembershipsForMemberInput{
			IdentityStoreId: aws.String(testStore), MemberId: &idtypes.MemberIdMemberUserId{Value: f.user},
		})
		must(t, err)
		var ids []string
		for _, m := range out.GroupMemberships {
			ids = append(ids, *m.GroupId)
		}
		return ids
	}
	must(t, f.SCIM("scim-token").DeleteGroup("entra-group"))
	if diff := cmp.Diff([]string{other}, groups()); diff != "" {
		t.Error(diff)
	}
	f.DeleteUser(f.user)
	if got := f.State().Groups; len(got) != 1 || len(got[0].Members) != 0 {
		t.Errorf("groups %+v", got)
	}
}
