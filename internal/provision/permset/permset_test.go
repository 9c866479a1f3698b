package permset_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/permset"
)

const (
	admin  = "arn:aws:iam::aws:policy/AdministratorAccess"
	view   = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
	audit  = "arn:aws:iam::aws:policy/SecurityAudit"
	inline = `{"Statement":[{"Action":"s3:GetObject","Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}`
	other  = `{"Statement":[{"Action":"iam:PassRole","Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}`
)

// random makes a definition out of few parts, so that two of them share some.
func random(r *rand.Rand) permset.Definition {
	pick := func(n int) bool { return r.IntN(n) == 0 }
	d := permset.Definition{Name: "Set", Session: time.Duration(1+r.IntN(3)) * time.Hour, Tags: map[string]string{}}
	for _, arn := range []string{admin, audit, view} {
		if pick(2) {
			d.Managed = append(d.Managed, arn)
		}
	}
	slices.Sort(d.Managed)
	for _, name := range []string{"A", "B"} {
		if pick(2) {
			d.Customer = append(d.Customer, config.PolicyRef{Name: name, Path: "/"})
		}
	}
	if !pick(3) {
		d.Inline = []string{inline, other}[r.IntN(2)]
	}
	switch r.IntN(3) {
	case 0:
		d.Boundary = &config.Boundary{ManagedPolicy: audit}
	case 1:
		d.Boundary = &config.Boundary{Customer: &config.PolicyRef{Name: "Edge", Path: "/"}}
	}
	if pick(2) {
		d.Description = "d"
	}
	if pick(2) {
		d.RelayState = "https://example.com"
	}
	for _, key := range []string{"a", "b"} {
		if pick(2) {
			d.Tags[key] = fmt.Sprint(r.IntN(2))
		}
	}
	return d
}

// apply makes a step on a set as AWS does.
func apply(t *testing.T, live *permset.Live, s permset.Step) *permset.Live {
	t.Helper()
	if s.Kind == permset.Create {
		return &permset.Live{ARN: "arn", Definition: permset.Definition{Name: s.Set, Description: s.Settings.Description,
			Session: s.Settings.Session, RelayState: s.Settings.RelayState, Tags: maps.Clone(s.Tags)}}
	}
	l := *live
	l.Managed, l.Customer, l.Tags = slices.Clone(l.Managed), slices.Clone(l.Customer), maps.Clone(l.Tags)
	if l.Tags == nil {
		l.Tags = map[string]string{}
	}
	switch s.Kind {
	case permset.Update:
		l.Session, l.RelayState = s.Settings.Session, s.Settings.RelayState
		if s.Settings.Description != "" {
			l.Description = s.Settings.Description
		}
	case permset.Attach:
		l.Managed = append(l.Managed, s.Policy)
	case permset.Detach:
		l.Managed = slices.DeleteFunc(l.Managed, func(p string) bool { return p == s.Policy })
	case permset.AttachOwn:
		l.Customer = append(l.Customer, *s.Customer)
	case permset.DetachOwn:
		l.Customer = slices.DeleteFunc(l.Customer, func(p config.PolicyRef) bool { return p == *s.Customer })
	case permset.PutInline:
		l.Inline = s.Inline
	case permset.DeleteInline:
		l.Inline = ""
	case permset.PutBoundary:
		l.Boundary = s.Boundary
	case permset.DeleteBoundary:
		l.Boundary = nil
	case permset.Tag:
		maps.Copy(l.Tags, s.Tags)
	case permset.Untag:
		for _, key := range s.TagKeys {
			delete(l.Tags, key)
		}
	case permset.Provision:
		l.Outdated = nil
		return &l
	default:
		t.Fatalf("unknown kind %s", s.Kind)
	}
	slices.Sort(l.Managed)
	slices.SortFunc(l.Customer, func(a, b config.PolicyRef) int { return strings.Compare(a.Name, b.Name) })
	if s.Changes() {
		l.Outdated = l.Accounts
	}
	return &l
}

// TestASecondComparisonIsEmpty holds over random pairs: whatever was live, after
// all steps there is nothing to do; what is left of drift is what nobody may
// take away; and every step that can be taken back is.
func TestASecondComparisonIsEmpty(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		in := permset.Input{Want: random(r), Pending: true, Revert: r.IntN(2) == 0}
		if r.IntN(5) > 0 {
			in.Live = &permset.Live{ARN: "arn", Definition: random(r), Accounts: []string{"111122223333", "444455556666"}}
		}
		had := random(r)
		in.Owned = append(had.Items(), in.Want.Items()...)
		first := permset.Diff(in)
		live := in.Live
		for _, s := range first.Steps {
			if s.Sentence == "" || s.Set != "Set" {
				t.Fatalf("seed %d: a step without a sentence or set: %+v", seed, s)
			}
			before := live
			live = apply(t, live, s)
			if s.Undo != nil {
				back := apply(t, live, *s.Undo)
				ignore := []cmp.Option{cmpopts.IgnoreFields(permset.Live{}, "Outdated"), cmpopts.EquateEmpty()}
				if before.Description == "" {
					ignore = append(ignore, cmpopts.IgnoreFields(permset.Definition{}, "Description")) // AWS cannot clear one
				}
				if diff := cmp.Diff(before, back, ignore...); diff != "" {
					t.Fatalf("seed %d: %s and back (-before +after):\n%s", seed, s.Kind, diff)
				}
			}
		}
		second := in
		second.Live = live
		for _, pending := range []bool{true, false} {
			second.Pending = pending
			got := permset.Diff(second)
			if len(got.Steps) != 0 {
				t.Fatalf("seed %d: a second comparison (pending %t) has steps: %+v", seed, pending, got.Steps)
			}
			for _, f := range got.Drift {
				if !f.Extra || in.Revert {
					t.Fatalf("seed %d: left: %+v", seed, f)
				}
			}
		}
	}
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	in := permset.Input{Want: random(r), Live: &permset.Live{Definition: random(r), Accounts: []string{"1"}}, Pending: true}
	want, err := json.Marshal(permset.Diff(in))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if got, err := json.Marshal(permset.Diff(in)); err != nil || string(got) != string(want) {
			t.Fatalf("%s\n%v\nwant %s", got, err, want)
		}
	}
}

// plain is a set that allows to look.
func plain() permset.Definition {
	return permset.Definition{Name: "View", Session: time.Hour, Managed: []string{view}}
}

func live(edit func(*permset.Live)) *permset.Live {
	l := &permset.Live{ARN: "arn", Definition: plain(), Accounts: []string{"111122223333"}}
	edit(l)
	return l
}

func kinds(steps []permset.Step) string {
	var out []string
	for _, s := range steps {
		out = append(out, string(s.Kind))
	}
	return strings.Join(out, " ")
}

func TestWhatIsDoneAndWhatIsOnlySaid(t *testing.T) {
	t.Parallel()
	with := func(d permset.Definition, edit func(*permset.Definition)) permset.Definition {
		edit(&d)
		return d
	}
	longer := with(plain(), func(d *permset.Definition) { d.Session = 8 * time.Hour })
	extra := live(func(l *permset.Live) { l.Managed = []string{admin, view} })
	tests := []struct {
		name    string
		in      permset.Input
		steps   string
		drift   string
		spreads string
	}{
		{"nothing", permset.Input{Want: plain(), Live: live(func(*permset.Live) {})}, "", "", ""},
		{"a set that is not there", permset.Input{Want: plain(), Pending: true}, "create attach", "", ""},
		{"a set that was there", permset.Input{Want: plain()}, "", "View: the permission set is gone from AWS.", ""},
		{"a set that was there, to be put back", permset.Input{Want: plain(), Revert: true}, "create attach", "", ""},
		{"a commit with a longer session", permset.Input{Want: longer, Live: live(func(*permset.Live) {}), Pending: true}, "update provision", "", ""},
		{"a session changed in AWS", permset.Input{Want: longer, Live: live(func(*permset.Live) {})}, "", "View: session is 1h in AWS and 8h in its file.", ""},
		{"a session changed in AWS, to be reverted", permset.Input{Want: longer, Live: live(func(*permset.Live) {}), Revert: true}, "update provision", "", ""},
		{"a policy that somebody added", permset.Input{Want: plain(), Live: extra, Pending: true}, "", "View: managed policy " + admin + " is in AWS and in no file of the config repo.", ""},
		{"one that somebody added, to be reverted", permset.Input{Want: plain(), Live: extra, Revert: true}, "detach provision", "", ""},
		{"one that the file had", permset.Input{Want: plain(), Live: extra, Pending: true, Owned: []string{"managed policy " + admin}}, "detach provision", "", ""},
		{"one that the file had, and somebody added later", permset.Input{Want: plain(), Live: extra, Owned: []string{"managed policy " + admin}}, "",
			"View: managed policy " + admin + " is in AWS and in no file of the config repo.", ""},
		{"an extra that a change would spread", permset.Input{Want: longer, Live: extra, Pending: true}, "update provision",
			"View: managed policy " + admin + " is in AWS and in no file of the config repo.", "managed policy " + admin},
		{"an extra that is everywhere already", permset.Input{Want: longer, Live: extra, Pending: true, Spread: []string{"managed policy " + admin}}, "update provision",
			"View: managed policy " + admin + " is in AWS and in no file of the config repo.", ""},
		{"an account that is not the latest", permset.Input{Want: plain(), Live: live(func(l *permset.Live) { l.Outdated = l.Accounts })}, "provision", "", ""},
		{"a change that no role follows from", permset.Input{Want: with(plain(), func(d *permset.Definition) { d.Tags = map[string]string{"a": "1"} }), Live: live(func(*permset.Live) {}), Pending: true}, "tag", "", ""},
		{"a description that the file does not have", permset.Input{Want: plain(), Live: live(func(l *permset.Live) { l.Description = "x" }), Pending: true}, "", "", ""},
		{"tags of others", permset.Input{Want: plain(), Live: live(func(l *permset.Live) { l.Tags = map[string]string{"x": "y"} }), Revert: true}, "", "", ""},
		{"a boundary that the file does not have", permset.Input{Want: plain(), Live: live(func(l *permset.Live) { l.Boundary = &config.Boundary{ManagedPolicy: audit} }), Pending: true}, "",
			"View: permissions boundary is in AWS and in no file of the config repo.", ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := permset.Diff(tc.in)
			var drift []string
			for _, f := range got.Drift {
				drift = append(drift, f.Sentence)
			}
			if kinds(got.Steps) != tc.steps || strings.Join(drift, " ") != tc.drift || strings.Join(got.Spreads, " ") != tc.spreads {
				t.Errorf("steps %q, drift %q, spreads %q\nwant  %q, %q, %q", kinds(got.Steps), drift, got.Spreads, tc.steps, tc.drift, tc.spreads)
			}
		})
	}
}

func TestAnUpdateIsToldInWords(t *testing.T) {
	t.Parallel()
	want := plain()
	want.Session, want.RelayState = 8*time.Hour, "https://example.com"
	got := permset.Diff(permset.Input{Want: want, Live: live(func(*permset.Live) {}), Pending: true}).Steps
	if len(got) != 2 || got[0].Sentence != "Update View: session 1h -> 8h, relay state none -> https://example.com." || got[1].Sentence != "Provision View to 1 account." {
		t.Errorf("steps: %+v", got)
	}
}

func TestWhatGivesPowerOverAccessItself(t *testing.T) {
	t.Parallel()
	policy := func(statement string) string { return `{"Statement":[` + statement + `],"Version":"2012-10-17"}` }
	tests := []struct {
		name string
		d    permset.Definition
		want bool
	}{
		{"looking", permset.Definition{Managed: []string{view, audit, "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}}, false},
		{"everything", permset.Definition{Managed: []string{admin}}, true},
		{"all but IAM, so Identity Center too", permset.Definition{Managed: []string{"arn:aws:iam::aws:policy/PowerUserAccess"}}, true},
		{"an account's own policy", permset.Definition{Customer: []config.PolicyRef{{Name: "X", Path: "/"}}}, true},
		{"reading a bucket", permset.Definition{Inline: inline}, false},
		{"passing a role", permset.Definition{Inline: other}, true},
		{"reading roles", permset.Definition{Inline: policy(`{"Effect":"Allow","Action":["iam:GetRole","sso:ListInstances"],"Resource":"*"}`)}, false},
		{"any action", permset.Definition{Inline: policy(`{"Effect":"Allow","Action":"*","Resource":"*"}`)}, true},
		{"any service by its letters", permset.Definition{Inline: policy(`{"Effect":"Allow","Action":"s?o:Create*","Resource":"*"}`)}, true},
		{"in another case", permset.Definition{Inline: policy(`{"Effect":"Allow","Action":"IdentityStore:CreateGroup","Resource":"*"}`)}, true},
		{"all but one", permset.Definition{Inline: policy(`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`)}, true},
		{"a denial", permset.Definition{Inline: policy(`{"Effect":"Deny","Action":"*","Resource":"*"}`)}, false},
		{"one statement without a list", permset.Definition{Inline: `{"Statement":{"Effect":"Allow","Action":"organizations:*","Resource":"*"}}`}, true},
		{"what is not understood", permset.Definition{Inline: `{"Statement":7}`}, true},
		{"no text at all", permset.Definition{Inline: `x`}, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := permset.Powers(tc.d); (len(got) > 0) != tc.want {
				t.Errorf("powers %q, want some: %t", got, tc.want)
			}
		})
	}
}

func TestOnlyMorePowerWidens(t *testing.T) {
	t.Parallel()
	bound := func(l *permset.Live) {
		l.Managed = []string{admin}
		l.Boundary = &config.Boundary{ManagedPolicy: audit}
	}
	powerful := plain()
	powerful.Managed = []string{admin}
	longer := powerful
	longer.Session = 8 * time.Hour
	otherBoundary := powerful
	otherBoundary.Boundary = &config.Boundary{ManagedPolicy: view}
	const deny, allow = `{"Action":"iam:*","Effect":"Deny","Resource":"*"}`, `{"Action":"s3:Get*","Effect":"Allow","Resource":"*"}`
	policy := func(statements ...string) string {
		return `{"Statement":[` + strings.Join(statements, ",") + `],"Version":"2012-10-17"}`
	}
	with := func(d permset.Definition, edit func(*permset.Definition)) permset.Definition {
		edit(&d)
		return d
	}
	own := []config.PolicyRef{{Name: "Guardrails", Path: "/"}}
	hadOf := func(edit func(*permset.Definition)) *permset.Live {
		return live(func(l *permset.Live) { l.Definition = with(powerful, edit) })
	}
	tests := []struct {
		name string
		want permset.Definition
		live *permset.Live
		wide string
	}{
		{"a denial less", powerful, hadOf(func(d *permset.Definition) { d.Inline = policy(deny) }), "delete-inline"},
		{"a policy that cannot be read less", powerful, hadOf(func(d *permset.Definition) { d.Inline = "?" }), "delete-inline"},
		{"another inline policy without the denial", with(powerful, func(d *permset.Definition) { d.Inline = policy(allow) }),
			hadOf(func(d *permset.Definition) { d.Inline = policy(deny, allow) }), "put-inline"},
		{"the denial stays in another inline policy", with(powerful, func(d *permset.Definition) { d.Inline = policy(deny) }),
			hadOf(func(d *permset.Definition) { d.Inline = policy(deny, allow) }), ""},
		{"a permission less", powerful, hadOf(func(d *permset.Definition) { d.Inline = policy(allow) }), ""},
		{"a policy of AWS that denies less", powerful, hadOf(func(d *permset.Definition) { d.Managed = []string{denyAll, admin} }), "detach"},
		{"a policy of the accounts' own less", powerful, hadOf(func(d *permset.Definition) { d.Customer = own }), "detach-customer"},
		{"all of it less", plain(), hadOf(func(d *permset.Definition) {
			d.Inline, d.Customer, d.Managed = policy(deny), own, []string{denyAll, admin}
		}), ""},
		{"a longer session of a powerful set", longer, live(func(l *permset.Live) { l.Managed = []string{admin} }), ""},
		{"a powerful policy more", powerful, live(func(*permset.Live) {}), "attach"},
		{"a powerful set from nothing", powerful, nil, "attach"},
		{"a harmless set from nothing", plain(), nil, ""},
		{"a boundary less", powerful, live(bound), "delete-boundary"},
		{"another boundary", otherBoundary, live(bound), "put-boundary"},
		{"a first boundary", otherBoundary, live(func(l *permset.Live) { l.Managed = []string{admin} }), ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := permset.Diff(permset.Input{Want: tc.want, Live: tc.live, Pending: true, Revert: true})
			if wide := kinds(permset.Widens(got.Steps, tc.want, tc.live)); wide != tc.wide {
				t.Errorf("widens %q, want %q", wide, tc.wide)
			}
		})
	}
}

func TestAReservedRoleNamesItsSet(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]string{
		"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_Access_0123456789abcdef/hana":                                    "Admin_Access",
		"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/ap-northeast-1/AWSReservedSSO_ReadOnlyAccess_0123456789abcdef": "ReadOnlyAccess",
		"arn:aws:sts::111122223333:assumed-role/aws-access-bot/x":                                                                     "",
		"": "",
	} {
		if got := permset.Reserved(arn); got != want {
			t.Errorf("Reserved(%s) = %q, want %q", arn, got, want)
		}
	}
}
