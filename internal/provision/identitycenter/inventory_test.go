package identitycenter_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/identitycenter"
	"aws-access-bot/internal/provision/permset"
	"aws-access-bot/internal/secret"

	gocmp "github.com/google/go-cmp/cmp"
)

// members stands for Organizations, which is another client's business.
type members struct{}

func (members) Organization(context.Context) (importer.Organization, error) {
	return importer.Organization{ID: "o-a1b2c3d4e5", Management: "999999999999"}, nil
}

func (members) Members(context.Context) ([]importer.Account, error) { return nil, nil }

// read reads a snapshot with a client.
func read(t *testing.T, c *identitycenter.Client) (importer.Snapshot, error) {
	t.Helper()
	return importer.Read(t.Context(), importer.Ports{Members: members{}, Catalog: c, People: c, Assigned: c}, false)
}

// manager makes a client of the management account.
func (w *world) manager() *identitycenter.Client {
	w.management()
	return w.clientOf("AKIAMGMT", fast)
}

// TestBothAuthoritiesReadTheSame: all assignments of groups and users, of users
// through groups once, and of principals that were deleted; by principal where
// that is allowed and takes fewer calls, by pair otherwise.
func TestBothAuthoritiesReadTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 120 { // several pages
		_, err := w.scim.UpsertGroup(strings.Replace(entraID, "0011", "1"+strings.Repeat("0", 3-len(digits(i)))+digits(i), 1), "aws-many-"+digits(i))
		w.must(err)
	}
	user, err := w.AddUser("hana@example.com", "Hana Sato", "Hana", "Sato")
	w.must(err)
	w.must(w.AddMember(w.group, user))
	gone, err := w.AddGroup("soon-gone")
	w.must(err)
	for i := range 130 {
		w.addSet("Set" + digits(i))
		w.assign(prod, "Set"+digits(i), "GROUP", w.group)
	}
	w.assign(dev, "ReadOnly", "USER", user)
	w.assign(dev, "Admin", "GROUP", gone)
	w.DeleteGroup(gone)

	want, err := read(t, w.client())
	if err != nil {
		t.Fatal(err)
	}
	if n := w.calls("ListAccountAssignments"); n != 132 || len(want.Assignments) != 132 {
		t.Errorf("as a delegated administrator: %d pairs listed, %d assignments", n, len(want.Assignments))
	}
	if len(want.Groups) != 121 || len(want.Users) != 1 || want.Users[0].Name != "hana@example.com" {
		t.Errorf("groups %d, users %v", len(want.Groups), want.Users)
	}
	if want.Place != (importer.Place{Region: "ap-northeast-1", StoreID: "d-9567000000"}) {
		t.Errorf("place %+v", want.Place)
	}
	got, err := read(t, w.manager())
	if err != nil {
		t.Fatal(err)
	}
	if n := w.calls("ListAccountAssignments") - 132; n != 1 {
		t.Errorf("as the management account: %d pairs listed, want only that of the deleted group", n)
	}
	// The refused one, the one tried, one for each principal, and second pages of
	// the group, the user in it, and perhaps of the one tried.
	if n := w.calls("ListAccountAssignmentsForPrincipal"); n < 1+1+122+2 || n > 1+2+122+2 {
		t.Errorf("%d lists of principals", n)
	}
	sortAll(&want)
	sortAll(&got)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func digits(i int) string {
	text, _ := json.Marshal(i) // a number always marshals
	return string(text)
}

func sortAll(s *importer.Snapshot) {
	slices.SortFunc(s.Groups, func(a, b importer.Group) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Users, func(a, b importer.User) int { return cmp.Compare(a.ID, b.ID) })
}

// TestAReadThatIsCutShortGivesNothing, whichever call fails and however far it
// came.
func TestAReadThatIsCutShortGivesNothing(t *testing.T) {
	t.Parallel()
	for _, op := range []string{
		"ListInstances", "ListPermissionSets", "DescribePermissionSet", "ListAccountsForProvisionedPermissionSet", "ListAccountAssignments", "ListGroups", "DescribeUser",
	} {
		w := newWorld(t)
		user, err := w.AddUser("hana@example.com", "Hana Sato", "Hana", "Sato")
		w.must(err)
		w.assign(prod, "ReadOnly", "GROUP", w.group)
		w.assign(dev, "Admin", "USER", user)
		w.refuse(op, "AccessDeniedException")
		s, err := read(t, w.client())
		if !errors.Is(err, fault.ErrDenied) || len(s.Assignments)+len(s.Groups)+len(s.Sets) > 0 {
			t.Errorf("%s refused: %v, %+v", op, err, s)
		}
	}
	w := newWorld(t)
	w.assign(prod, "ReadOnly", "GROUP", w.group)
	w.answer("ListAccountAssignments", http.StatusOK, `{"AccountAssignments":[{"AccountId":"`+prod+`","PermissionSetArn":"x","PrincipalType":"ROBOT","PrincipalId":"r"}]}`)
	if s, err := read(t, w.client()); err == nil {
		t.Errorf("a principal that is not understood: %+v", s)
	}
	w.answer("ListAccountsForProvisionedPermissionSet", http.StatusBadRequest, `{"__type":"ResourceNotFoundException","message":"gone"}`)
	if s, err := read(t, w.client()); err == nil || errors.Is(err, fault.ErrNotFound) {
		t.Errorf("a permission set that vanished: %v, %+v", err, s)
	}
}

func TestAnAssignmentOfAnUnknownSetIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, body := range []string{
		`{"AccountAssignments":[{"AccountId":"` + prod + `","PermissionSetArn":"arn:aws:sso:::permissionSet/x/y","PrincipalType":"GROUP","PrincipalId":"g"}]}`,
		`{"AccountAssignments":[{"PermissionSetArn":"` + w.arn["Admin"] + `","PrincipalType":"GROUP","PrincipalId":"g"}]}`,
		`{"AccountAssignments":[{"AccountId":"` + prod + `","PermissionSetArn":"` + w.arn["Admin"] + `","PrincipalType":"GROUP"}]}`,
	} {
		w.answer("ListAccountAssignmentsForPrincipal", http.StatusOK, body)
		if list, err := w.manager().HeldBy(t.Context(), config.GroupPrincipal, w.group); err == nil {
			t.Errorf("%s: %v", body, list)
		}
	}
}

// contents is an sso-admin that has one permission set and answers as its API
// reference says.
type contents map[string]string // answer by operation

func (c contents) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	answer, ok := c[op]
	if strings.Contains(string(body), `"NextToken"`) {
		answer = c[op+" second"]
	}
	if !ok || strings.Contains(answer, "__type") {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = io.WriteString(w, answer)
}

func TestTheContentOfAPermissionSet(t *testing.T) {
	t.Parallel()
	bare := contents{
		"ListInstances":                                      `{"Instances":[{"InstanceArn":"arn:aws:sso:::instance/ssoins-7223d5e8a1b2c3d4","IdentityStoreId":"d-9567000000","Status":"ACTIVE"}]}`,
		"ListPermissionSets":                                 `{"PermissionSets":["arn:aws:sso:::permissionSet/ssoins-7223d5e8a1b2c3d4/ps-1"]}`,
		"DescribePermissionSet":                              `{"PermissionSet":{"Name":"Admin","SessionDuration":"PT8H","Description":"all"}}`,
		"ListManagedPoliciesInPermissionSet":                 `{"AttachedManagedPolicies":[{"Arn":"arn:aws:iam::aws:policy/A","Name":"A"}],"NextToken":"2"}`,
		"ListManagedPoliciesInPermissionSet second":          `{"AttachedManagedPolicies":[{"Arn":"arn:aws:iam::aws:policy/B","Name":"B"}]}`,
		"ListCustomerManagedPolicyReferencesInPermissionSet": `{"CustomerManagedPolicyReferences":[]}`,
		"ListTagsForResource":                                `{"Tags":[]}`,
		"GetInlinePolicyForPermissionSet":                    `{"InlinePolicy":""}`,
		"GetPermissionsBoundaryForPermissionSet":             `{"__type":"ResourceNotFoundException","message":"no boundary"}`,
		"ListAccountsForProvisionedPermissionSet":            `{"AccountIds":[]}`,
	}
	want := permset.Live{ARN: "arn:aws:sso:::permissionSet/ssoins-7223d5e8a1b2c3d4/ps-1", Definition: permset.Definition{
		Name: "Admin", Description: "all", Session: 8 * time.Hour, Managed: []string{"arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B"}, Tags: map[string]string{}}}
	tests := []struct {
		name, op, answer string
		want             func(*permset.Live)
	}{
		{"bare", "", "", func(*permset.Live) {}},
		{"customer-managed", "ListCustomerManagedPolicyReferencesInPermissionSet", `{"CustomerManagedPolicyReferences":[{"Name":"X","Path":"/"}]}`, func(c *permset.Live) { c.Customer = []config.PolicyRef{{Name: "X", Path: "/"}} }},
		{"tagged", "ListTagsForResource", `{"Tags":[{"Key":"a","Value":"b"}]}`, func(c *permset.Live) { c.Tags = map[string]string{"a": "b"} }},
		{"inline", "GetInlinePolicyForPermissionSet", `{"InlinePolicy":" { \"b\" : \"\\u0061\\/\" ,\n\"a\":[ ] }\n"}`, func(c *permset.Live) { c.Inline = `{"a":[],"b":"a/"}` }},
		{"inline with a key twice", "GetInlinePolicyForPermissionSet", `{"InlinePolicy":"{\"a\":1,\"a\":2}"}`, func(c *permset.Live) { c.Inline = `{"a":1,"a":2}` }},
		{"boundary", "GetPermissionsBoundaryForPermissionSet", `{"PermissionsBoundary":{"ManagedPolicyArn":"arn:aws:iam::aws:policy/A"}}`, func(c *permset.Live) { c.Boundary = &config.Boundary{ManagedPolicy: "arn:aws:iam::aws:policy/A"} }},
		{"boundary of the accounts' own", "GetPermissionsBoundaryForPermissionSet", `{"PermissionsBoundary":{"CustomerManagedPolicyReference":{"Name":"B"}}}`, func(c *permset.Live) {
			c.Boundary = &config.Boundary{Customer: &config.PolicyRef{Name: "B", Path: "/"}}
		}},
		{"no boundary in the answer", "GetPermissionsBoundaryForPermissionSet", `{}`, func(*permset.Live) {}},
	}
	for _, tc := range tests {
		got, err := content(t, bare, tc.op, tc.answer)
		w := want
		tc.want(&w)
		if diff := gocmp.Diff(w, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", tc.name, err, diff)
		}
	}
	for op := range bare {
		if strings.HasSuffix(op, " second") {
			continue
		}
		if got, err := content(t, bare, op, `{"__type":"AccessDeniedException","message":"no"}`); !errors.Is(err, fault.ErrDenied) {
			t.Errorf("%s refused: %+v, %v", op, got, err)
		}
	}
}

// content reads the content of Admin where one operation answers otherwise.
func content(t *testing.T, bare contents, op, answer string) (permset.Live, error) {
	t.Helper()
	c := contents{}
	for k, v := range bare {
		c[k] = v
	}
	if op != "" {
		c[op] = answer
	}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	cfg, err := awsclient.Config(t.Context(), awsclient.Options{Region: "eu-west-1", EndpointURL: srv.URL, AccessKeyID: "AKIA", SecretAccessKey: secret.New("secret")})
	if err != nil {
		t.Fatal(err)
	}
	return identitycenter.New(cfg, fast, time.Now).ReadSet(t.Context(), "Admin")
}
