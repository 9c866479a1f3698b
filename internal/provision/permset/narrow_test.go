package permset_test

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/permset"
)

const (
	denyAll = "arn:aws:iam::aws:policy/AWSDenyAll"
	denies  = `{"Statement":[{"Action":"*","Effect":"Deny","Resource":"*"}],"Version":"2012-10-17"}`
)

func TestWhatNarrowsASet(t *testing.T) {
	t.Parallel()
	own := config.PolicyRef{Name: "Own", Path: "/"}
	edge := &config.Boundary{ManagedPolicy: audit}
	full := func(edit func(d *permset.Definition)) permset.Definition {
		d := permset.Definition{Name: "Set", Session: time.Hour, Managed: []string{admin}}
		if edit != nil {
			edit(&d)
		}
		return d
	}
	managed := func(list ...string) permset.Definition {
		return full(func(d *permset.Definition) { d.Managed = list })
	}
	inlined := func(policy string) permset.Definition {
		return full(func(d *permset.Definition) { d.Inline = policy })
	}
	tests := []struct {
		name       string
		live, want permset.Definition
		// pending and drift are the kinds of step that narrow, with a newer file
		// and with one that was reached before.
		pending, drift string
	}{
		{"nothing", full(nil), full(nil), "", ""},
		{"a longer session, a description, a relay state and a tag", full(nil), full(func(d *permset.Definition) {
			d.Session, d.Description, d.RelayState, d.Tags = 8*time.Hour, "x", "https://example.com", map[string]string{"a": "b"}
		}), "", ""},
		{"one policy more", full(nil), managed(admin, audit), "", ""},
		{"one that denies", full(nil), managed(admin, denyAll), "attach", ""},
		{"the one that denies goes", managed(admin, denyAll), full(nil), "", ""},
		{"its policy goes", full(nil), managed(), "detach", "detach"},
		{"its policy is another", full(nil), managed(view), "detach", "detach"},
		{"a policy of the accounts goes", full(func(d *permset.Definition) { d.Customer = []config.PolicyRef{own} }), full(nil), "detach-customer", "detach-customer"},
		{"one of the accounts more, which may deny", full(nil), full(func(d *permset.Definition) { d.Customer = []config.PolicyRef{own} }), "attach-customer", ""},
		{"a boundary", full(nil), full(func(d *permset.Definition) { d.Boundary = edge }), "put-boundary", ""},
		{"the boundary goes", full(func(d *permset.Definition) { d.Boundary = edge }), full(nil), "", ""},
		{"an inline policy that only allows", full(nil), inlined(inline), "", ""},
		{"an inline policy that denies", full(nil), inlined(denies), "put-inline", ""},
		{"an inline policy that cannot be read", full(nil), inlined("{"), "put-inline", ""},
		{"another inline policy", inlined(inline), inlined(other), "put-inline", ""},
		{"the inline policy goes", inlined(inline), full(nil), "delete-inline", "delete-inline"},
		{"the inline policy that only denied goes", inlined(denies), full(nil), "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			live := &permset.Live{ARN: "arn", Definition: tt.live, Accounts: []string{"111122223333"}}
			for pending, want := range map[bool]string{true: tt.pending, false: tt.drift} {
				diff := permset.Diff(permset.Input{Want: tt.want, Live: live, Pending: pending, Revert: true})
				if got := kinds(permset.Narrows(diff.Steps, live, pending)); got != want {
					t.Errorf("pending %t: %q of %q, want %q", pending, got, kinds(diff.Steps), want)
				}
				if got := kinds(permset.Narrows(diff.Steps, nil, pending)); len(got) < len(want) {
					t.Errorf("pending %t: %q with an unknown set, want no less than %q", pending, got, want)
				}
			}
		})
	}
}

func TestASetThatIsBeingMadeIsNotNarrowed(t *testing.T) {
	t.Parallel()
	want := permset.Definition{Name: "Set", Session: time.Hour, Inline: denies, Boundary: &config.Boundary{ManagedPolicy: audit}}
	if got := permset.Narrows(permset.Diff(permset.Input{Want: want, Pending: true}).Steps, nil, true); len(got) != 0 {
		t.Errorf("narrowed by %q", kinds(got))
	}
}

func TestWhatIsTheWholeOfAdministratorAccess(t *testing.T) {
	t.Parallel()
	for want, list := range map[bool][]permset.Definition{
		true: {{Managed: []string{admin}}, {Managed: []string{"arn:aws-cn:iam::aws:policy/AdministratorAccess", view}}},
		false: {{}, {Managed: []string{view}}, {Managed: []string{admin, denyAll}}, {Managed: []string{admin}, Inline: inline},
			{Managed: []string{admin}, Boundary: &config.Boundary{ManagedPolicy: admin}}, {Managed: []string{admin}, Customer: []config.PolicyRef{{Name: "X"}}},
			{Managed: []string{"arn:aws:iam::111122223333:policy/AdministratorAccess"}}},
	} {
		for _, d := range list {
			if d.Administers() != want {
				t.Errorf("%+v: %t", d, !want)
			}
		}
	}
}
