package config

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

const deploySet = `# what the deployment needs
name: Deploy
description: Deploy from CI
session_duration: 90m
relay_state: https://console.aws.amazon.com/cloudformation
managed_policies: [arn:aws:iam::aws:policy/ReadOnlyAccess, arn:aws-cn:iam::aws:policy/job-function/ViewOnlyAccess]
customer_managed_policies:
  - {name: Deploy, path: /teams/payments/}
  - {name: Shared}
inline_policy: {
  "Version": "2012-10-17",
  "Statement": [{"Sid": "Put", "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "*",
    "Condition": {"StringEquals": {"aws:RequestedRegion": "ap-northeast-1"}}}]
  }
permissions_boundary: {customer_managed_policy: {name: Edge}}
tags: {team: payments}
`

func setIn(t *testing.T, text string) (*PermissionSet, error) {
	t.Helper()
	repo, err := Load(overlay(t, with("permission-sets/Deploy.yaml", text)))
	if err != nil {
		return nil, err
	}
	return repo.PermissionSets["Deploy"], nil
}

func TestAPermissionSetFileIsReadWhole(t *testing.T) {
	t.Parallel()
	got, err := setIn(t, deploySet)
	if err != nil {
		t.Fatal(err)
	}
	want := &PermissionSet{
		Name: "Deploy", Description: "Deploy from CI", SessionDuration: 90 * time.Minute,
		RelayState:              "https://console.aws.amazon.com/cloudformation",
		ManagedPolicies:         []string{"arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws-cn:iam::aws:policy/job-function/ViewOnlyAccess"},
		CustomerManagedPolicies: []PolicyRef{{"Deploy", "/teams/payments/"}, {"Shared", "/"}},
		InlinePolicy: `{"Statement":[{"Action":["s3:PutObject","s3:GetObject"],"Condition":{"StringEquals":{"aws:RequestedRegion":"ap-northeast-1"}},` +
			`"Effect":"Allow","Resource":"*","Sid":"Put"}],"Version":"2012-10-17"}`,
		Boundary: &Boundary{Customer: &PolicyRef{"Edge", "/"}}, Tags: map[string]string{"team": "payments"},
		Pos: Position{"permission-sets/Deploy.yaml", 2, 7},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("set (-want +got):\n%s", diff)
	}
}

// TestAFaultyPermissionSetIsNamedWithItsMend holds each limit of AWS.
func TestAFaultyPermissionSetIsNamedWithItsMend(t *testing.T) {
	t.Parallel()
	const policies = "managed_policies: [arn:aws:iam::aws:policy/ReadOnlyAccess]\n"
	statement := func(s string) string {
		return "inline_policy: {Version: \"2012-10-17\", Statement: [" + s + "]}\n"
	}
	many := func(n int, item string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(item, "N", strings.Repeat("x", i+1)))
		}
		return b.String()
	}
	tests := []struct {
		name, text, want string
	}{
		{"no policy at all", "session_duration: 2h\n", "a permission set that permits nothing; add managed_policies"},
		{"a session of 30 minutes", policies + "session_duration: 30m\n", "session_duration is outside what Identity Center takes; write 1h to 12h"},
		{"a session of 13 hours", policies + "session_duration: 13h\n", "write 1h to 12h"},
		{"a Japanese description", policies + "description: 管理者\n", `AWS takes no '管' (U+7BA1) in a description; use letters`},
		{"a long relay state", policies + "relay_state: https://" + strings.Repeat("x", 240) + "\n", "is not well-formed; write an address of at most 240 characters"},
		{"a customer's policy as AWS's", "managed_policies: [\"arn:aws:iam::111122223333:policy/Own\"]\n", "write an AWS managed policy"},
		{"a path without its end", policies + "customer_managed_policies: [{name: A, path: /x}]\n", "begin and end it with /"},
		{"one policy twice", policies + "customer_managed_policies: [{name: A}, {name: A, path: /}]\n", `customer_managed_policies names "/A" twice`},
		{"26 policies", policies + "customer_managed_policies:\n" + many(25, "  - {name: PN}\n"), "26 policies, and AWS takes 25"},
		{"two boundaries", policies + "permissions_boundary: {managed_policy: arn:aws:iam::aws:policy/ReadOnlyAccess, customer_managed_policy: {name: A}}\n", "keep one of them"},
		{"a boundary of nothing", policies + "permissions_boundary: {}\n", "permissions_boundary names no policy"},
		{"51 tags", policies + "tags:\n" + many(51, "  kN: v\n"), "51 tags, and AWS keeps 50"},
		{"a tag of AWS", policies + "tags: {aws:x: v}\n", "belong to AWS"},
		{"a policy in text", "inline_policy: '{}'\n", "inline_policy must be a mapping"},
		{"a date for a version", "inline_policy: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: s3:Get, Resource: \"*\"}]}\n", `put it in quotes: "2012-10-17"`},
		{"an unknown version", "inline_policy: {Version: \"2013\", Statement: [{Effect: Allow, Action: s3:Get, Resource: \"*\"}]}\n", `write "2012-10-17"`},
		{"no statement", "inline_policy: {Version: \"2012-10-17\", Statement: []}\n", "Statement is an empty list"},
		{"a principal", statement(`{Effect: Allow, Principal: "*", Action: "s3:Get", Resource: "*"}`), `unknown key "Principal" in a statement`},
		{"neither action", statement(`{Effect: Allow, Resource: "*"}`), "a statement needs Action or NotAction"},
		{"both resources", statement(`{Effect: Allow, Action: "s3:Get", Resource: "*", NotResource: "x"}`), "a statement needs Resource or NotResource"},
		{"another effect", statement(`{Effect: allow, Action: "s3:Get", Resource: "*"}`), "Effect is neither; write Allow or Deny"},
		{"a condition of text", statement(`{Effect: Allow, Action: "s3:Get", Resource: "*", Condition: x}`), "Condition must be a mapping"},
		{"a condition without keys", statement(`{Effect: Allow, Action: "s3:Get", Resource: "*", Condition: {StringEquals: x}}`), "StringEquals must be a mapping"},
		{"a number", statement(`{Effect: Allow, Action: "s3:Get", Resource: "*", Condition: {NumericEquals: {s3:max-keys: 10}}}`), `put it in quotes: "10"`},
		{"a doubled key", statement(`{Effect: Allow, Effect: Deny, Action: "s3:Get", Resource: "*"}`), `the key "Effect" stands twice`},
		{"a character beyond Latin-1", statement(`{Effect: Allow, Action: "s3:Get", Resource: "管"}`), "AWS takes no '管' (U+7BA1) in a policy"},
		{"10,241 characters", statement(`{Effect: Allow, Action: "s3:Get", Resource: "` + strings.Repeat("x", 10241-len(`{"Statement":[{"Action":"s3:Get","Effect":"Allow","Resource":""}],"Version":"2012-10-17"}`)) + `"}`),
			"the policy has 10241 characters that are no white space"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := setIn(t, "name: Deploy\n"+tc.text)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error %v, want problems", err)
			}
			for _, p := range problems {
				if p.File != "permission-sets/Deploy.yaml" || p.Line == 0 || p.Mend == "" {
					t.Errorf("a problem without place or mend: %+v", p)
				}
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("problems:\n%v\nwant %q", err, tc.want)
			}
		})
	}
}

func TestAPolicyHasOneCanonicalForm(t *testing.T) {
	t.Parallel()
	a, err := CanonicalPolicy("{ \"Version\": \"2012-10-17\",\n \"Statement\": [ {\"Effect\":\"Allow\", \"Action\":\"a:<b>\", \"Resource\":\"*\"} ] }")
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"Statement":[{"Action":"a:<b>","Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}`; a != want {
		t.Errorf("canonical form %s, want %s", a, want)
	}
	if b, err := CanonicalPolicy(a); err != nil || b != a {
		t.Errorf("of the canonical form: %s, %v", b, err)
	}
	for _, bad := range []string{"", "[]", "1", `{"a":1}x`, `{"a":1,"a":2}`, `{"a":{"b":1,"b":1}}`, strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20)} {
		if got, err := CanonicalPolicy(bad); err == nil {
			t.Errorf("CanonicalPolicy(%q) = %s, want an error", bad, got)
		}
	}
}

// TestOnePolicyHasOneForm, however it is written; and where that is not sure to
// mean the same it stays as it is.
func TestOnePolicyHasOneForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"Statement":{"Effect":"Allow"}}`:                               `{"Statement":[{"Effect":"Allow"}]}`,
		`{"Statement":[{"Condition":{"Bool":{"a":true,"b":[false]}}}]}`:  `{"Statement":[{"Condition":{"Bool":{"a":"true","b":["false"]}}}]}`,
		`{"Statement":{"Condition":{"N":{"a":5,"b":[0,-1.5,"x"]}}}}`:     `{"Statement":[{"Condition":{"N":{"a":"5","b":["0","-1.5","x"]}}}]}`,
		`{"Statement":[{"Condition":{"N":{"a":1e3,"b":1.0,"c":null}}}]}`: `{"Statement":[{"Condition":{"N":{"a":1e3,"b":1.0,"c":null}}}]}`,
		`{"Statement":[{"Action":true,"Sid":5}],"Version":1}`:            `{"Statement":[{"Action":true,"Sid":5}],"Version":1}`,
		`{"Statement":[[{"Condition":{"Bool":{"a":true}}}]]}`:            `{"Statement":[[{"Condition":{"Bool":{"a":true}}}]]}`,
		`{"Statement":[{"Condition":{"Bool":[true]}},5,null]}`:           `{"Statement":[{"Condition":{"Bool":[true]}},5,null]}`,
	} {
		if got, err := CanonicalPolicy(in); err != nil || got != want {
			t.Errorf("%s becomes %s, want %s (%v)", in, got, want, err)
		}
	}
}

func TestAChangeOfASetIsToldInWords(t *testing.T) {
	t.Parallel()
	repo := func(text string, more ...txtar.File) *Repo {
		r, err := Load(overlay(t, append(more, with("permission-sets/Deploy.yaml", text))...))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	changed := strings.NewReplacer("90m", "8h", "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/AdministratorAccess",
		"  - {name: Shared}\n", "", "permissions_boundary: {customer_managed_policy: {name: Edge}}\n", "", "team: payments", "team: platform").Replace(deploySet)
	granted := with("groups/pay.yaml", "id: 0b7e3f4c-0000-4000-8000-000000000011\nname: pay\naccess:\n  - account: pay-dev\n    permission_set: Deploy\n")
	base, head := repo(deploySet, granted), repo(changed, granted)
	got := SetChanges(base, head)
	if len(got) != 1 || got[0].Name != "Deploy" || got[0].Added || got[0].Removed {
		t.Fatalf("changes: %+v", got)
	}
	want := []string{
		"managed policy arn:aws:iam::aws:policy/AdministratorAccess added", "managed policy arn:aws:iam::aws:policy/ReadOnlyAccess removed",
		"customer managed policy /Shared removed", "permissions boundary removed, was /Edge", "session 90m -> 8h", `tags {"team": "payments"} -> {"team": "platform"}`,
	}
	if diff := cmp.Diff(want, got[0].Words); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
	if account := head.Accounts["pay-dev"].ID; !slices.Equal(got[0].Accounts, []string{account}) {
		t.Errorf("reaches %v, want %s", got[0].Accounts, account)
	}
	if again := SetChanges(head, head); len(again) != 0 {
		t.Errorf("no change: %+v", again)
	}
	if added := SetChanges(nil, head); !slices.ContainsFunc(added, func(c SetChange) bool { return c.Name == "Deploy" && c.Added && len(c.Words) > 3 }) {
		t.Errorf("a new set: %+v", added)
	}
}

// TestAnInlinePolicyMayBeAnAdministrators, whatever the name of the set is.
func TestAnInlinePolicyMayBeAnAdministrators(t *testing.T) {
	t.Parallel()
	for statement, risky := range map[string]bool{
		`{Effect: Allow, Action: "*", Resource: "*"}`:               true,
		`{Effect: Allow, Action: [s3:Get, "IAM:*"], Resource: "*"}`: true,
		`{Effect: Allow, NotAction: "s3:*", Resource: "*"}`:         true,
		`{Effect: Deny, Action: "*", Resource: "*"}`:                false,
		`{Effect: Allow, Action: ["s3:*", "ec2:*"], Resource: "*"}`: false,
		`{Effect: Allow, Action: "iam:GetRole", Resource: "*"}`:     false,
	} {
		file := repo(t, with("permission-sets/Quiet.yaml", "name: Quiet\ninline_policy: {Version: \"2012-10-17\", Statement: ["+statement+"]}\n"))
		if why := file.highRisk("Quiet"); (why != "") != risky {
			t.Errorf("%s: %q, want risky %t", statement, why, risky)
		}
	}
}
