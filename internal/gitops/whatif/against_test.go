package whatif

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/gitops/review"
	"aws-access-bot/internal/provision"
)

func TestAgainst(t *testing.T) {
	t.Parallel()
	const owners = "1 of account-owners: yuki-lead (yuki@example.com); team:payments-leads, whose members are read from GitHub"
	grant := func(line string) edit {
		return edit{"groups/aws-payments-dev.yaml", "access:\n", "access:\n  - " + line + "\n"}
	}
	tests := []struct {
		name    string
		base    []edit
		edits   []edit // on top of base
		effects []string
		needs   []string // about | rule | steps | note
		refused []review.Code
		held    []string // a part of each, with Last behind it
		unknown []string // a part of each
		large   bool     // too much of effects and needs to be listed here
	}{
		{name: "nothing"},
		{
			name:    "a grant",
			edits:   []edit{grant("{account: payments-dev, permission_set: PowerUserAccess, duration: 4h, reason: x}")},
			effects: []string{"add      PowerUserAccess in payments-dev (…4444) for aws-payments-dev (…00000011), 4h"},
			needs:   []string{"add PowerUserAccess in payments-dev (…4444) for aws-payments-dev (…00000011), 4h | read and develop | " + owners + " | "},
			unknown: []string{"Members of aws-payments-dev (…00000011) do not count"},
		},
		{
			name:    "a grant of the bot",
			edits:   []edit{grant("{account: payments-dev, permission_set: PowerUserAccess, duration: 4h, reason: x, request: REQ-7F3K2Q}")},
			effects: []string{"add      PowerUserAccess in payments-dev (…4444) for aws-payments-dev (…00000011), 4h"},
			needs:   []string{"add PowerUserAccess in payments-dev (…4444) for aws-payments-dev (…00000011), 4h | read and develop | " + owners + " | "},
			unknown: []string{"On a pull request of the bot it is as it should be", "Members of aws-payments-dev (…00000011)"},
		},
		{
			name:    "two steps and too long",
			edits:   []edit{grant("{account: payments-prod, permission_set: AdministratorAccess, duration: 9h, reason: x}")},
			effects: []string{"add      AdministratorAccess in payments-prod (…3333) for aws-payments-dev (…00000011), 9h"},
			needs: []string{"add AdministratorAccess in payments-prod (…3333) for aws-payments-dev (…00000011), 9h | admin in production | " + owners +
				" + 1 of team:security, whose members are read from GitHub | "},
			refused: []review.Code{review.RefusedTerm},
			unknown: []string{"Members of aws-payments-dev (…00000011)"},
		},
		{
			name:    "a removal",
			edits:   []edit{{"groups/aws-payments-dev.yaml", "  - account: payments-prod\n    permission_set: ReadOnlyAccess                # standing: no end\n", ""}},
			effects: []string{"remove   ReadOnlyAccess in payments-prod (…3333) for aws-payments-dev (…00000011), standing"},
			needs: []string{"remove ReadOnlyAccess in payments-prod (…3333) for aws-payments-dev (…00000011) | read and develop | " + owners +
				" | nobody else needs to, if whoever makes the change has this access, asked for it, or owns the account or group"},
		},
		{
			name:  "the control plane",
			edits: []edit{{"aws-access.yaml", "start_by: 72h", "start_by: 48h"}},
			needs: []string{"the change of the control plane | control plane | 2 of team:platform, whose members are read from GitHub | "},
		},
		{
			name:    "what no commit declares goes",
			base:    []edit{{"aws-access.yaml", "phase: 1", "phase: 3"}, {"accounts/warehouse-legacy.yaml", "", ""}, {"accounts/crm-legacy.yaml", "", ""}},
			edits:   []edit{{"aws-access.yaml", "drift: report", "drift: revert"}},
			needs:   []string{"the change of the control plane | control plane | 2 of team:platform, whose members are read from GitHub | "},
			unknown: []string{"From this change on the bot removes what is live in AWS and no commit declares"},
		},
		{
			name: "mixed",
			edits: []edit{
				{"aws-access.yaml", "start_by: 72h", "start_by: 48h"},
				grant("{account: payments-dev, permission_set: PowerUserAccess, duration: 4h, reason: x}"),
			},
			effects: []string{"add      PowerUserAccess in payments-dev (…4444) for aws-payments-dev (…00000011), 4h"},
			needs: []string{
				"the change of the control plane | control plane | 2 of team:platform, whose members are read from GitHub | ",
				"add PowerUserAccess in payments-dev (…4444) for aws-payments-dev (…00000011), 4h | read and develop | " + owners + " | ",
			},
			refused: []review.Code{review.RefusedMixed},
			unknown: []string{"Members of aws-payments-dev (…00000011)"},
		},
		{
			name:    "a rule with auto",
			edits:   []edit{{"groups/aws-sandbox-users.yaml", "access:\n", "access:\n  - {account: sandbox-play, permission_set: ReadOnlyAccess, duration: 1h, reason: x}\n"}},
			effects: []string{"add      ReadOnlyAccess in sandbox-play (…6666) for aws-sandbox-users (…00000018), 1h"},
			needs: []string{"add ReadOnlyAccess in sandbox-play (…6666) for aws-sandbox-users (…00000018), 1h | a look at the sandbox | " +
				"1 of account-owners or requester-manager: ken-platform (ken@example.com); requester-manager, who is read from Entra | " +
				"it passes without an approval only when it is asked for in chat"},
			unknown: []string{"Members of aws-sandbox-users (…00000018)"},
		},
		{
			name:    "a rule with requesters",
			base:    []edit{firstRule("name: narrow, match: {permission_sets: [PowerUserAccess]}, approvers: [ken@example.com], requesters: [yuki@example.com]")},
			edits:   []edit{grant("{account: payments-dev, permission_set: PowerUserAccess, duration: 4h, reason: x}")},
			effects: []string{"add      PowerUserAccess in payments-dev (…4444) for aws-payments-dev (…00000011), 4h"},
			needs:   []string{"add PowerUserAccess in payments-dev (…4444) for aws-payments-dev (…00000011), 4h | narrow | 1 of ken@example.com: ken-platform (ken@example.com) | "},
			unknown: []string{`The rule "narrow" lets only yuki@example.com ask`, "Members of aws-payments-dev (…00000011)"},
		},
		{
			name:  "a group without its file",
			edits: []edit{{"groups/aws-security-audit.yaml", "", ""}},
			held: []string{
				"All 13 owned assignments of aws-security-audit would go. [whole-group]",
				"The last assignment of PowerUserAccess in log-archive", "ReadOnlyAccess in log-archive", "ReadOnlyAccess in network-hub",
				"ReadOnlyAccess in orders-dev", "ReadOnlyAccess in platform-tools", "ReadOnlyAccess in sandbox-play",
				"PowerUserAccess in security-tooling (…4444) goes: the role disappears there",
			},
			large: true,
		},
		{
			name:  "a protected grant",
			edits: []edit{{"groups/aws-breakglass.yaml", "{ou: /}", "{ou: /Workloads}"}},
			// Another selector is a new line, and a new one has no standing term there.
			refused: []review.Code{review.RefusedProtected, review.RefusedTerm},
			large:   true,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := Against(repo(t, test.base...), repo(t, slices.Concat(test.base, test.edits)...), noon, provision.Foretell)
			var effects, needs []string
			for _, e := range got.Effects {
				effects = append(effects, e.Text())
			}
			for _, n := range got.Needs {
				var texts []string
				for _, s := range n.Steps {
					texts = append(texts, s.Text())
				}
				needs = append(needs, n.About+" | "+n.Rule+" | "+strings.Join(texts, " + ")+" | "+n.Note)
			}
			var refused []review.Code
			for _, r := range got.Refused {
				if !slices.Contains(refused, r.Code) {
					refused = append(refused, r.Code)
				}
				if r.File == "" {
					t.Errorf("%q has no file", r.Message)
				}
			}
			if diff := cmp.Diff(test.refused, refused); diff != "" {
				t.Errorf("refused (-want +got):\n%s\n%v", diff, got.Refused)
			}
			if test.held != nil || !test.large {
				parts(t, "held", test.held, slices.Concat(got.Held, got.Last))
			}
			if test.large {
				return
			}
			if diff := cmp.Diff(test.effects, effects); diff != "" {
				t.Errorf("effects (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.needs, needs); diff != "" {
				t.Errorf("needs (-want +got):\n%s", diff)
			}
			parts(t, "unknown", test.unknown, got.Unknown)
		})
	}
}
