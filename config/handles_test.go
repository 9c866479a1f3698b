package config

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestHandles: a file that takes the name which another one had is the control
// plane's, whatever stays the same; a name that meant nothing is free.
func TestHandles(t *testing.T) {
	t.Parallel()
	const dev, prod = "111122224444", "111122223333"
	group := func(slug, id, name string) txtar.File {
		return with("groups/"+slug+".yaml", "id: 0b7e3f4c-0000-4000-8000-0000000000"+id+"\nname: "+name+"\naccess: []\n")
	}
	user := func(slug, id, name string) txtar.File {
		return with("users/"+slug+".yaml", "id: 0b7e3f4c-0000-4000-8000-0000000000"+id+"\nname: "+name+"\naccess: []\n")
	}
	gone := func(path string) txtar.File { return with(path, "") }
	a := func(slug, id, name string) txtar.File {
		return with("accounts/"+slug+".yaml", "id: \""+id+"\"\nname: "+name+"\nstage: sso\nou: /Workloads\nowners: [yuki@example.com]\n")
	}
	accounts := []txtar.File{a("pay-dev", dev, "pay-dev"), a("pay-prod", prod, "pay-prod"), pay()}
	tests := []struct {
		name       string
		base, head []txtar.File
		want       []string // paths whose name means another id
	}{
		{"accounts exchanged", accounts, []txtar.File{a("pay-dev", prod, "pay-prod"), a("pay-prod", dev, "pay-dev"), pay()}, []string{"accounts/pay-dev.yaml", "accounts/pay-prod.yaml"}},
		{"an account moved on, another in its place", accounts, []txtar.File{a("pay-old", dev, "pay-dev"), a("pay-dev", prod, "pay-prod"), gone("accounts/pay-prod.yaml"), pay()}, []string{"accounts/pay-dev.yaml"}},
		{"an account moved on, a new one in its place", accounts, []txtar.File{a("pay-old", dev, "pay-dev"), a("pay-dev", "111122229999", "fresh"), pay()}, []string{"accounts/pay-dev.yaml"}},
		{"an account under a free name", accounts, []txtar.File{a("pay-old", dev, "pay-dev"), a("pay-prod", prod, "pay-prod"), gone("accounts/pay-dev.yaml"), pay()}, nil},
		{
			"an account under what another is called",
			[]txtar.File{a("old", dev, "pay-dev"), gone("accounts/pay-dev.yaml"), a("pay-prod", prod, "pay-prod"), pay()},
			[]txtar.File{a("old", dev, "pay-dev"), a("pay-dev", prod, "pay-prod"), gone("accounts/pay-prod.yaml"), pay()}, []string{"accounts/pay-dev.yaml"},
		},
		{
			"an account under its own name again",
			[]txtar.File{a("old", dev, "pay-dev"), gone("accounts/pay-dev.yaml"), a("pay-prod", prod, "pay-prod"), pay()}, accounts, nil,
		},
		{"groups exchanged", []txtar.File{group("a", "a1", "a"), group("b", "b1", "b")}, []txtar.File{group("a", "b1", "b"), group("b", "a1", "a")}, []string{"groups/a.yaml", "groups/b.yaml"}},
		{"a group in the place of one that goes", []txtar.File{group("a", "a1", "a"), group("b", "b1", "b")}, []txtar.File{group("a", "b1", "b")}, []string{"groups/a.yaml"}},
		{"a group under a free name", []txtar.File{group("a", "a1", "a")}, []txtar.File{group("c", "a1", "a")}, nil},
		{"users exchanged", []txtar.File{user("a", "a1", "a@example.com"), user("b", "b1", "b@example.com")}, []txtar.File{user("a", "b1", "b@example.com"), user("b", "a1", "a@example.com")}, []string{"users/a.yaml", "users/b.yaml"}},
		{"another id in its place", []txtar.File{group("a", "a1", "a")}, []txtar.File{group("a", "b1", "a")}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			nobody := []txtar.File{gone("users/hana.yaml")} // who names an account
			c := Compare(repo(t, append(nobody, tt.base...)...), repo(t, append(nobody, tt.head...)...), nil, noon)
			var got []string
			for _, f := range c.Control {
				if f.Field == HandleField {
					got = append(got, f.Path)
				}
			}
			if strings.Join(got, " ") != strings.Join(tt.want, " ") {
				t.Errorf("handles %v, want %v in %+v", got, tt.want, c)
			}
			if tt.want == nil && strings.Contains(tt.name, "free") && !c.Empty() {
				t.Errorf("a free name is a change: %+v", c)
			}
		})
	}
}

// TestAFileInThePlaceOfOneThatGoesIsNotMixed: no other order of two pull requests
// would do it.
func TestAFileInThePlaceOfOneThatGoesIsNotMixed(t *testing.T) {
	t.Parallel()
	const a, b = "id: 0b7e3f4c-0000-4000-8000-0000000000a1\nname: a\naccess: []\n", "id: 0b7e3f4c-0000-4000-8000-0000000000b1\nname: b\naccess: []\n"
	c := Compare(repo(t, with("groups/a.yaml", a), with("groups/b.yaml", b)), repo(t, with("groups/a.yaml", b)), nil, noon)
	if c.Mixed() || len(c.Control) != 2 {
		t.Errorf("mixed %v: %+v", c.Mixed(), c.Control)
	}
}
