package config

import (
	"testing"
	"time"
)

// TestAGrantStartsAnewWhereItsNameMeansAnotherAccount: an account is its id, so
// a file that gets another one is another account under the old name, and a
// grant of it is a new grant.
func TestAGrantStartsAnewWhereItsNameMeansAnotherAccount(t *testing.T) {
	t.Parallel()
	const entry = "account: pay-prod, permission_set: X, duration: 4h"
	base := repo(t, pay(entry))
	then, now := Start{MergedAt: noon.Add(-time.Hour), AskedAt: noon.Add(-2 * time.Hour)}, Start{MergedAt: noon, AskedAt: noon.Add(-time.Minute)}
	known := Starts{}
	for _, ref := range base.Grants() {
		known[ref.Key] = then
	}
	tests := []struct {
		name string
		head *Repo
		want Start
	}{
		{"the same account", repo(t, pay(entry)), then},
		{"its tags are others", repo(t, account("pay-prod", base.Accounts["pay-prod"].ID, "ou: /Workloads/Prod", "tags: {env: other}"), pay(entry)), then},
		{"its id is another", repo(t, account("pay-prod", "111122229999", "ou: /Workloads/Prod"), pay(entry)), now},
		{"its group is another", repo(t, with("groups/pay.yaml", "id: 0b7e3f4c-0000-4000-8000-000000000099\nname: pay\naccess:\n  - {"+entry+"}\n")), now},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := tt.head.Groups["pay"]
			if got := NextStarts(base, tt.head, known, now)[f.Key(f.Access[0])]; got != tt.want {
				t.Errorf("it starts %v, want %v", got, tt.want)
			}
		})
	}
}
