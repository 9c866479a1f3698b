package config

import (
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// protecting is the book with one protected grant, of the group pay.
func protecting(t *testing.T, set string) txtar.File {
	t.Helper()
	return replaced(t, "aws-access.yaml", "  - {group: breakglass, permission_set: AdministratorAccess}\n", "  - {group: pay, permission_set: "+set+"}\n")
}

// TestNarrowed: what head has instead must reach all that the protected entry
// did, also accounts that are not there yet, and as long.
func TestNarrowed(t *testing.T) {
	t.Parallel()
	const (
		set  = "permission_set: AdministratorAccess"
		all  = "accounts: {ou: /}, " + set
		prod = "accounts: {ou: /Workloads/Prod}, " + set
		tags = "accounts: {ou: /Workloads, tags: {team: payments}}, " + set
	)
	book := protecting(t, "AdministratorAccess")
	tests := []struct {
		name       string
		base, head []string
		want       bool
	}{
		{"the same", []string{all}, []string{all}, false},
		{"a reason", []string{all}, []string{all + ", reason: because"}, false},
		{"its present accounts", []string{all}, []string{"account: pay-prod, " + set, "account: pay-dev, " + set}, true},
		{"gone", []string{all}, nil, true},
		{"gone beside a wider one", []string{all, prod}, []string{all}, false},
		{"a narrower folder", []string{all}, []string{prod}, true},
		{"one tag more", []string{tags}, []string{"accounts: {ou: /Workloads, tags: {team: payments, env: prod}}, " + set}, true},
		{"another tag", []string{tags}, []string{"accounts: {ou: /Workloads, tags: {team: orders}}, " + set}, true},
		{"a wider folder", []string{tags}, []string{"accounts: {ou: /, tags: {team: payments}}, " + set}, false},
		{"tags only", []string{tags}, []string{"accounts: {tags: {team: payments}}, " + set}, false},
		{"a folder for tags", []string{"accounts: {tags: {team: payments}}, " + set}, []string{all}, false},
		{"a smaller folder for tags", []string{"accounts: {tags: {team: payments}}, " + set}, []string{prod}, true},
		{"an end", []string{all}, []string{all + ", expires: 2030-01-01T00:00:00Z"}, true},
		{"an earlier end", []string{all + ", expires: 2030-01-02T00:00:00Z"}, []string{all + ", expires: 2030-01-01T00:00:00Z"}, true},
		{"a later end", []string{all + ", expires: 2030-01-01T00:00:00Z"}, []string{all + ", expires: 2030-01-02T00:00:00Z"}, false},
		{"ended and gone", []string{all + ", expires: 2020-01-01T00:00:00Z"}, nil, false},
		{"an account for its folder", []string{"account: pay-prod, " + set}, []string{prod}, false},
		{"an account for another folder", []string{"account: pay-prod, " + set}, []string{"accounts: {ou: /Workloads/Dev}, " + set}, true},
		{"another account", []string{"account: pay-prod, " + set}, []string{"account: pay-dev, " + set}, true},
		{"what is not protected", []string{"account: pay-prod, permission_set: ReadOnlyAccess"}, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base, head := repo(t, book, pay(tt.base...)), repo(t, book, pay(tt.head...))
			if got := Narrowed(base, head, nil, noon); len(got) > 0 != tt.want {
				t.Errorf("narrowed: %+v, want %v", got, tt.want)
			}
		})
	}
}

// TestNarrowedKnowsAccountsByTheirIDs: a new name narrows nothing, and neither
// does what begins with a merge and has ended.
func TestNarrowedKnowsAccountsByTheirIDs(t *testing.T) {
	t.Parallel()
	book := protecting(t, "X")
	base := repo(t, book, pay("account: pay-prod, permission_set: X", "account: pay-dev, permission_set: X, duration: 4h"))
	renamed := []txtar.File{
		book, with("accounts/pay-prod.yaml", ""), account("payments", "111122223333", "ou: /Workloads/Prod"),
		pay("account: payments, permission_set: X"),
	}
	starts := Starts{}
	for _, ref := range base.Grants() {
		starts[ref.Key] = Start{MergedAt: noon.Add(-4 * time.Hour)}
	}
	if got := Narrowed(base, repo(t, renamed...), starts, noon); len(got) > 0 {
		t.Errorf("narrowed: %+v", got)
	}
	if got := Narrowed(base, repo(t, renamed...), starts, noon.Add(-time.Second)); len(got) != 1 || got[0].Grant.Account != "pay-dev" {
		t.Errorf("what has not ended: %+v", got)
	}
}
