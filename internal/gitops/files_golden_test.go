package gitops

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops/review"
)

// TestWhatIsApprovedIsShown: what changes no assignment and decides later ones
// is in the comment and in the check all the same.
func TestWhatIsApprovedIsShown(t *testing.T) {
	t.Parallel()
	const (
		devFile  = "groups/aws-payments-dev.yaml"
		newGroup = "id: 0b7e3f4c-0000-4000-8000-0000000000aa\nname: aws-new\nowners: [taro@example.com, team:payments-leads]\naccess:\n  - {account: payments-prod, permission_set: ReadOnlyAccess, duration: 1h, reason: x}\n"
		newAcc   = "id: \"333344445555\"\nname: payments-new\nstage: sso\nou: /Workloads/Prod\nowners: [hana@example.com]\ntags: {env: prod, team: payments}\n"
		newUser  = "id: 3c1d9a70-0000-4000-8000-000000000024\nname: mio@example.com\naccess:\n  - {account: payments-prod, permission_set: ReadOnlyAccess, duration: 4h, reason: x}\n"
		owned    = "  - {name: by the group, match: {permission_sets: [PowerUserAccess]}, approvers: [group-owners], max_duration: 8h}\n"
		anchor   = "  - name: admin in production\n"
	)
	tests := []struct{ name, path, old, now string }{
		{"new_group", "groups/aws-new.yaml", "", newGroup},
		{"new_account", "accounts/payments-new.yaml", "", newAcc},
		{"new_user", "users/mio.yaml", "", newUser},
		{"tag", "accounts/payments-prod.yaml", "env: prod", "env: dev"},
		{"owners", "accounts/payments-prod.yaml", "[yuki@example.com", "[taro@example.com, yuki@example.com"},
		{"group_rule", "aws-access.yaml", anchor, owned + anchor},
		{"limits_raised", "aws-access.yaml", "people_growth: 20%", "people_growth: 90%"},
		{"unprotected", "aws-access.yaml", "  - {group: aws-breakglass, permission_set: AdministratorAccess}", "  - {group: aws-platform-admins, permission_set: AdministratorAccess}"},
		{"plane", "aws-access.yaml", "control_plane: {approvers: [team:platform], count: 2}", "control_plane: {approvers: [team:platform], count: 1}"},
		{"reason", devFile, "reconciliation project", "whatever"},
		{"selector", devFile, "", "  - {accounts: {ou: /Workloads/Prod, tags: {team: payments, scope: nonesuch}}, permission_set: AdministratorAccess, reason: again}\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := planned(t, tt.path, tt.old, tt.now, nil)
			x.teams = map[string][]int64{"payments-leads": {1001, 4711}}
			golden(t, "shown_"+tt.name+".md", x.commentText())
			for _, heading := range []string{"What later changes need", "Lines of files"} {
				if strings.Contains(x.commentText(), heading) != strings.Contains(x.summary(""), heading) {
					t.Errorf("%q is in the comment or in the check only:\n%s", heading, x.summary(""))
				}
			}
		})
	}
}

// TestLinesThatDoNotFitAreCounted: nobody takes a part for the whole.
func TestLinesThatDoNotFitAreCounted(t *testing.T) {
	t.Parallel()
	line := "  - {account: payments-prod, permission_set: ReadOnlyAccess, duration: 1h, reason: " + strings.Repeat("x", 300) + "}\n"
	x := planned(t, "groups/aws-payments-dev.yaml", "", line, nil)
	for range 150 {
		x.change.Content = append(x.change.Content, x.change.Content[0])
	}
	var b strings.Builder
	x.writeFiles(&b, "###")
	if got := b.String(); len(got) > maxFileLines+300 || !strings.Contains(got, " more lines do not fit here. Read them in the files") {
		t.Errorf("%d bytes end %q", len(got), got[max(0, len(got)-200):])
	}
}

// TestTheCheckSaysWhomToTurnTo: the only owner of the sandbox asked.
func TestTheCheckSaysWhomToTurnTo(t *testing.T) {
	t.Parallel()
	x := planned(t, "groups/aws-sandbox-users.yaml", "", "  - account: sandbox-play\n    permission_set: ReadOnlyAccess\n    duration: 8h\n    reason: looking\n    request: REQ-7F3K2Q\n", nil)
	x.verdict = review.Evaluate(review.Input{
		Base: x.base, Head: x.head, Change: x.change, Start: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), HeadSHA: "head",
		Request: &review.Request{ID: "REQ-7F3K2Q", Kind: review.Grant, Requester: people + "23"}, PushersKnown: true,
		Teams: map[string][]int64{"platform": {1003, 1006}}, Members: map[string][]string{goldenPlay: {}},
	})
	run := x.run()
	golden(t, "check_stuck.md", run.Conclusion+": "+run.Title+"\n\n"+run.Summary+"\n---\n"+strings.Join(x.missing(), "\n")+"\n")
}
