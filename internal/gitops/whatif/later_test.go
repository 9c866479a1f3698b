package whatif

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/impact"
	"aws-access-bot/internal/provision"
)

// TestAgainstSaysWhatLaterChangesNeed as the check of the pull request does.
func TestAgainstSaysWhatLaterChangesNeed(t *testing.T) {
	t.Parallel()
	rule := edit{"aws-access.yaml", "  - name: admin in production\n", "  - {name: dev, match: {permission_sets: [PowerUserAccess], accounts: [payments-dev], groups: [aws-payments-dev], at_most: 1h}, approvers: [account-owners], max_duration: 1h}\n  - name: admin in production\n"}
	tests := []struct {
		name  string
		edits []edit
		want  []string
	}{
		{"nothing of that kind", []edit{{"groups/aws-payments-dev.yaml", "reconciliation project", "whatever"}}, nil},
		{"a tag", []edit{{"accounts/payments-prod.yaml", "env: prod", "env: dev"}},
			[]string{"weaker: AdministratorAccess in payments-prod: everything else: 1 of control-plane; 24h at most, was admin in production: 1 of account-owners and 1 of team:security; 8h at most; people pinned"}},
		{"the tag back", []edit{{"accounts/payments-dev.yaml", "env: dev", "env: prod"}},
			[]string{"other people: AdministratorAccess in payments-dev: admin in production: 1 of account-owners and 1 of team:security; 8h at most; people pinned, was everything else: 1 of control-plane; 24h at most"}},
		{"a rule for a group and a length", []edit{rule},
			[]string{"PowerUserAccess in payments-dev for aws-payments-dev (up to 1h): dev: 1 of account-owners; 1h at most, was read and develop: 1 of account-owners; standing allowed"}},
		{"a protected grant", []edit{{"aws-access.yaml", "protected:", "protected:\n  - {group: aws-platform-admins, permission_set: AdministratorAccess}"}},
			[]string{"protected: AdministratorAccess for aws-platform-admins, was none (AdministratorAccess for aws-platform-admins is never removed or shortened from then on)"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, Against(repo(t), repo(t, tt.edits...), noon, provision.Foretell).Later); diff != "" {
				t.Errorf("later (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLaterIsBounded(t *testing.T) {
	t.Parallel()
	var r impact.Rules
	for i := range maxLater + 5 {
		r.Book = append(r.Book, impact.BookChange{Field: fmt.Sprint(i)})
	}
	r.Uncompared = true
	var o Outlook
	o.later(r)
	if n := len(o.Later); n != maxLater+2 || o.Later[maxLater] != "5 more" || !strings.Contains(o.Later[maxLater+1], "more to compare") {
		t.Errorf("%d lines end %q", n, o.Later[maxLater-1:])
	}
}

// TestSimulateSaysWhoCouldMakeItPossible when nobody who is named is left.
func TestSimulateSaysWhoCouldMakeItPossible(t *testing.T) {
	t.Parallel()
	const plane = "approved by the control plane (2 of team:platform, whose members are read from GitHub), makes it possible"
	tests := []struct {
		name    string
		edits   []edit
		account string
		group   string
		by      string
		want    []string
	}{
		{"the only owner asks", nil, "sandbox-play", "aws-sandbox-users", ken, []string{"a pull request that names another owner in accounts/sandbox-play.yaml, " + plane}},
		{"somebody else asks", nil, "sandbox-play", "aws-sandbox-users", hana, nil},
		{"the only owner of the group asks", []edit{firstRule("name: own, match: {permission_sets: [ReadOnlyAccess]}, approvers: [group-owners], max_duration: 9h")},
			"sandbox-play", "aws-payments-dev", yuki, []string{"a pull request that names another owner in groups/aws-payments-dev.yaml, " + plane}},
		{"a group is asked about for a person", []edit{firstRule("name: own, match: {permission_sets: [ReadOnlyAccess]}, approvers: [group-owners], max_duration: 9h")},
			"sandbox-play", "", hana, []string{"a pull request that names other approvers in aws-access.yaml, " + plane}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := repo(t, tt.edits...)
			by, _ := r.PersonByEntra(tt.by)
			ask := Ask{Account: r.Accounts[tt.account], PermissionSet: "ReadOnlyAccess", Group: r.Groups[tt.group], Term: &config.Term{For: 8 * time.Hour}, By: by, At: noon}
			s := Simulate(r, ask)
			if diff := cmp.Diff(tt.want, s.Mends); diff != "" {
				t.Errorf("mends (-want +got):\n%s", diff)
			}
			if s.Possible == (len(s.Mends) > 0) {
				t.Errorf("possible %t with mends %q, refused %q", s.Possible, s.Mends, s.Refused)
			}
		})
	}
}
