package config

import (
	"strings"
	"testing"
	"time"
)

// TestMisfitNamesTheFirstFactThatDiffers, and is silent exactly where the match
// fits.
func TestMisfitNamesTheFirstFactThatDiffers(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	hours := func(n int) Term { return Term{For: time.Duration(n) * time.Hour} }
	prod := &Account{Slug: "pay-prod", OU: "/Workloads/Prod", Tags: map[string]string{"env": "prod"}}
	tests := []struct {
		name  string
		match Match
		group string
		term  Term
		want  string
	}{
		{"everything", Match{}, "pay", hours(4), ""},
		{"another set", Match{PermissionSets: []string{"Admin", "Power"}, Tags: map[string]string{"env": "dev"}}, "pay", hours(4), "permission sets Admin, Power, not Read"},
		{"another group", Match{Groups: []string{"ops"}}, "pay", hours(4), "groups ops, not pay"},
		{"a user", Match{Groups: []string{"ops"}}, "", hours(4), "a user is in none"},
		{"another account", Match{Accounts: []string{"crm"}}, "pay", hours(4), "accounts crm, not pay-prod"},
		{"another OU", Match{OUs: []string{"/Workloads/Dev"}}, "pay", hours(4), "pay-prod is in /Workloads/Prod"},
		{"another tag", Match{Tags: map[string]string{"env": "dev"}}, "pay", hours(4), "it is for env: dev, and pay-prod has env: prod"},
		{"no tag", Match{Tags: map[string]string{"team": "x"}}, "pay", hours(4), "has no tag team"},
		{"longer", Match{AtMost: 4 * time.Hour}, "pay", hours(5), "of 4h at most, and this one is 5h"},
		{"as long", Match{AtMost: 4 * time.Hour}, "pay", hours(4), ""},
		{"shorter", Match{LongerThan: 4 * time.Hour}, "pay", hours(4), "longer than 4h, and this one is 4h"},
		{"standing", Match{Standing: &no}, "pay", Term{Standing: true}, "with an end, and this one has no end"},
		{"not standing", Match{Standing: &yes}, "pay", hours(1), "without an end, and this one is 1h"},
		{"unknown", Match{AtMost: time.Hour}, "pay", Term{}, "the length is not known"},
		{"all of it", Match{PermissionSets: []string{"Read"}, Groups: []string{"pay"}, Accounts: []string{"pay-prod"}, OUs: []string{"/Workloads"}, Tags: map[string]string{"env": "prod"}, AtMost: 4 * time.Hour}, "pay", hours(4), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := Case{Account: prod, Group: test.group, PermissionSet: "Read", Term: test.term, Start: noon}
			got := test.match.Misfit(c)
			if (got == "") != test.match.fits(c) || (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("Misfit is %q, want %q; the match fits: %v", got, test.want, test.match.fits(c))
			}
		})
	}
}
