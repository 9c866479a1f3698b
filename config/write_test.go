package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestGrantsThatAreAddedTogetherReadAsIfAddedOneByOne(t *testing.T) {
	t.Parallel()
	id := "0b7e3f4c-0000-4000-8000-000000000011"
	files := map[string]string{
		"new":         "",
		"none yet":    "id: " + id + "\nname: a\naccess: []  # nothing so far\n# end\n",
		"block":       "id: " + id + "\nname: a\naccess:\n    -   account: one   # the first\n        permission_set: Admin\n# end\n",
		"flow":        "id: " + id + "\nname: a\naccess: [{account: one, permission_set: Admin}] # all\n",
		"empty flow":  "{id: " + id + ", name: a, access: []}\n",
		"no line end": "id: " + id + "\nname: a\naccess:\n- account: one\n  permission_set: Admin",
		"carriage":    "id: " + id + "\r\nname: a\r\naccess:\r\n- account: one\r\n  permission_set: Admin\r\n",
	}
	grants := []Grant{
		{Account: "two", PermissionSet: "Admin"}, {Account: "three", PermissionSet: "yes", Reason: `it's "so"`},
		{Accounts: &Selector{OU: "/A b", Tags: map[string]string{"env": "prod"}}, PermissionSet: "Read", Duration: 4 * time.Hour},
	}
	for name, text := range files {
		var content []byte
		if text != "" {
			content = []byte(text)
		}
		h := Header{ID: id, Name: "a"}
		want := content
		for _, g := range grants {
			var err error
			if want, err = AddGrant(want, GroupPrincipal, h, g); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		got, err := AddGrants(content, GroupPrincipal, h, grants)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestGrantsAreAddedAllOrNone(t *testing.T) {
	t.Parallel()
	content := []byte("id: 0b7e3f4c-0000-4000-8000-000000000011\nname: a\naccess:\n  - account: one\n    permission_set: Admin\n")
	one, two := Grant{Account: "one", PermissionSet: "Admin"}, Grant{Account: "two", PermissionSet: "Admin"}
	for name, grants := range map[string][]Grant{"there already": {two, one}, "twice": {two, two}} {
		if out, err := AddGrants(content, GroupPrincipal, Header{}, grants); !errors.Is(err, ErrGrantExists) || out != nil {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
	if out, err := AddGrants(content, GroupPrincipal, Header{ID: "0b7e3f4c-0000-4000-8000-000000000012"}, []Grant{two}); err == nil {
		t.Errorf("into the file of another group: %q", out)
	}
	var refusal *Refusal
	if out, err := AddGrants(content, GroupPrincipal, Header{}, []Grant{two, {Account: "three", PermissionSet: "Admin", Reason: "a\u202eb"}}); !errors.As(err, &refusal) {
		t.Errorf("with an invisible character: %q, %v", out, err)
	}
}

func TestManyGrantsAreAddedInOneReading(t *testing.T) {
	t.Parallel()
	var grants []Grant
	for i := range 10000 {
		grants = append(grants, Grant{Account: fmt.Sprintf("account-%d", i), PermissionSet: "Admin"})
	}
	begun := time.Now()
	out, err := AddGrants(nil, GroupPrincipal, Header{"0b7e3f4c-0000-4000-8000-000000000011", "a"}, grants)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(out), "permission_set"); n != len(grants) {
		t.Errorf("%d grants", n)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}

// oddNames are texts that YAML, people or file systems may take for something
// else.
func oddNames() []string {
	return []string{
		"payments-prod", "yes", "null", "1.5", "2026-01-01", "0x1f", "a: b", "# no comment", "- dash", "it's", `say "hi"`, `back\slash`,
		"開発 環境", "Žluťoučký", "{x}", "[x]", "*a", "&a", "!a", "%a", "@a", "`a", "|", ">", "a, b", "Größe/Ö", "~",
	}
}

func TestWhatIsWrittenReadsBack(t *testing.T) {
	t.Parallel()
	for _, name := range oddNames() {
		a := Account{
			Slug: "a", ID: "012345678901", Name: name, Stage: StageSSO, OU: "/" + strings.ReplaceAll(name, "/", " ") + "/Prod",
			Owners: []ApproverRef{{ApproverTeam, "platform"}, {ApproverEmail, "#o'x{y}@example.com"}},
			Tags:   map[string]string{"env": "prod", "yes": "no", "a:b": "= +-@/."}, Notify: "#aws",
		}
		out, err := WriteAccount(a)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if got := decodeFile("accounts/a.yaml", accountKind, out).account; got.Name != name {
			t.Errorf("%q reads back as %q:\n%s", name, got.Name, out)
		}
		h := Header{ID: "0b7e3f4c-0000-4000-8000-000000000011", Name: name}
		group, err := AddGrants(nil, GroupPrincipal, h, nil)
		if err != nil {
			t.Errorf("group %q: %v", name, err)
		}
		if got := decodeFile("groups/a.yaml", groupKind, group).principal; got == nil || got.Name != name {
			t.Errorf("group %q reads back otherwise:\n%s", name, group)
		}
	}
}

func TestWhatCannotStandInAFileIsNotWritten(t *testing.T) {
	t.Parallel()
	good := Account{Slug: "a", ID: "012345678901", Name: "a", Stage: StageSSO, OU: "/", Owners: []ApproverRef{{ApproverTeam, "platform"}}}
	for name, spoil := range map[string]func(*Account){
		"a line break in the name":     func(a *Account) { a.Name = "a\nstage: legacy" },
		"a control character":          func(a *Account) { a.Name = "a\x1b[31m" },
		"a direction change in the OU": func(a *Account) { a.OU = "/a\u202eb" },
		"an id of eleven digits":       func(a *Account) { a.ID = "12345678901" },
		"an id that ends its quotes":   func(a *Account) { a.ID = `1", x: "` },
		"no owners":                    func(a *Account) { a.Owners = nil },
		"a tag without a value":        func(a *Account) { a.Tags = map[string]string{"env": ""} },
		"tags that differ in case":     func(a *Account) { a.Tags = map[string]string{"env": "a", "Env": "b"} },
		"a stage of its own":           func(a *Account) { a.Stage = "sso\nnotify: x" },
	} {
		a := good
		spoil(&a)
		var problems Problems
		if out, err := WriteAccount(a); err == nil {
			t.Errorf("%s was written:\n%s", name, out)
		} else if !errors.As(err, &problems) && !errors.Is(err, errReadBack) {
			t.Errorf("%s: %v", name, err)
		}
	}
	set := PermissionSet{Name: "A", SessionDuration: 90 * time.Second, ManagedPolicies: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}}
	if out, err := WritePermissionSet(set); err == nil {
		t.Errorf("a session of 90 seconds was written:\n%s", out)
	}
	people := PeopleFile{People: []Person{{Entra: "0b7e3f4c-0000-4000-8000-000000000011", Email: "a@example.com"}}, Teams: map[string]Team{"a": {ID: 1}, "b": {ID: 1}}}
	if out, err := WritePeople(people); err == nil {
		t.Errorf("one team under two names was written:\n%s", out)
	}
}

func TestPeopleAndSetsAreWrittenWhole(t *testing.T) {
	t.Parallel()
	people, err := WritePeople(PeopleFile{
		People: []Person{
			{Entra: "0b7e3f4c-0000-4000-8000-000000000011", Email: "yuki@example.com", GitHub: &GitHubUser{"yuki-lead", 1001}, Slack: &SlackUser{"T0ACME", "U0YUKI"}},
			{Entra: "0b7e3f4c-0000-4000-8000-000000000012", Email: "123@example.com"},
		},
		Teams: map[string]Team{"platform": {ID: 7}, "2024": {ID: 8}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `people:
  - {entra: 0b7e3f4c-0000-4000-8000-000000000011, email: yuki@example.com, github: {login: yuki-lead, id: 1001}, slack: {team: T0ACME, user: U0YUKI}}
  - {entra: 0b7e3f4c-0000-4000-8000-000000000012, email: 123@example.com}
teams:
  "2024": {id: 8}
  platform: {id: 7}
`
	if diff := cmp.Diff(want, string(people)); diff != "" {
		t.Error(diff)
	}
	set, err := WritePermissionSet(PermissionSet{
		Name: "A", Description: "all: of it", SessionDuration: 90 * time.Minute,
		ManagedPolicies: []string{"arn:aws-cn:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/job-function/Billing"},
	})
	want = `name: A
description: "all: of it"
session_duration: 90m
managed_policies:
  - arn:aws-cn:iam::aws:policy/ReadOnlyAccess
  - arn:aws:iam::aws:policy/job-function/Billing
`
	if diff := cmp.Diff(want, string(set)); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// TestASetIsWrittenAsPeopleWriteIt: every key stands in it,
// and the policy as a mapping with its elements in the usual order.
func TestASetIsWrittenAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	inline, err := CanonicalPolicy(`{"Statement": [
		{"Resource": "*", "Action": ["s3:Get*", "s3:List*"], "Effect": "Allow", "Sid": "Look", "Condition": {"StringEquals": {"aws:RequestedRegion": ["eu-west-1"], "aws:x": "12"}}},
		{"NotResource": ["say \"it's\" \u0061\/\\"], "NotAction": "iam:*", "Effect": "Deny", "Condition": {}}], "Version": "2012-10-17", "Id": ""}`)
	if err != nil {
		t.Fatal(err)
	}
	set := PermissionSet{
		Name: "Deploy", Description: "Accès", SessionDuration: time.Hour, RelayState: "https://console.aws.amazon.com/s3#x",
		CustomerManagedPolicies: []PolicyRef{{"Own", "/"}, {"1e3", "/ci/"}}, InlinePolicy: inline,
		Boundary: &Boundary{Customer: &PolicyRef{"Edge", "/b/"}}, Tags: map[string]string{"team": "payments", "鍵": "yes"},
	}
	out, err := WritePermissionSet(set)
	want := `name: Deploy
description: "Accès"
session_duration: 1h
relay_state: "https://console.aws.amazon.com/s3#x"
customer_managed_policies:
  - {name: Own}
  - {name: "1e3", path: /ci/}
inline_policy:
  Version: "2012-10-17"
  Id: ""
  Statement:
    - Sid: Look
      Effect: Allow
      Action:
        - "s3:Get*"
        - "s3:List*"
      Resource: "*"
      Condition:
        StringEquals:
          aws:RequestedRegion:
            - eu-west-1
          aws:x: "12"
    - Effect: Deny
      NotAction: "iam:*"
      NotResource:
        - 'say "it''s" a/\'
      Condition: {}
permissions_boundary:
  customer_managed_policy: {name: Edge, path: /b/}
tags:
  team: payments
  "鍵": yes
`
	if diff := cmp.Diff(want, string(out)); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for key, spoil := range map[string]func(*PermissionSet){
		"relay_state":                 func(s *PermissionSet) { s.RelayState = "é" },
		"a number in the policy":      func(s *PermissionSet) { s.InlinePolicy = `{"Statement":[],"Version":2012}` },
		"a policy that is not JSON":   func(s *PermissionSet) { s.InlinePolicy = "x" },
		"a policy that is not normal": func(s *PermissionSet) { s.InlinePolicy = strings.Replace(inline, ":", ": ", 1) },
		"an empty boundary":           func(s *PermissionSet) { s.Boundary = &Boundary{} },
		"a tag of AWS":                func(s *PermissionSet) { s.Tags = map[string]string{"aws:x": "y"} },
		"51 tags": func(s *PermissionSet) {
			s.Tags = map[string]string{}
			for i := range 51 {
				s.Tags[fmt.Sprint("k", i)] = "v"
			}
		},
	} {
		bad := set
		spoil(&bad)
		if out, err := WritePermissionSet(bad); err == nil {
			t.Errorf("%s was written:\n%s", key, out)
		}
	}
}
