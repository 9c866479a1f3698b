package gitops

import (
	"strings"
	"testing"

	"aws-access-bot/internal/access"
)

// TestCommandsInBodies: the body of a pull request has them as its readers write
// them, the other words once where it is not known which those are, and never where
// a person wrote one.
func TestCommandsInBodies(t *testing.T) {
	t.Parallel()
	teams := access.Words{Access: "@aws-access", Onboard: "@aws-access onboard"}
	both := access.Spelling{access.Slack: access.Slashes(), access.Teams: teams}
	for name, x := range map[string]struct {
		as        access.Spoken
		want      string
		elsewhere int
	}{
		"Slack":    {both.For(access.Slack), "`/aws-onboard 333344441111`", 0},
		"Teams":    {both.For(access.Teams), "`@" + zwsp + "aws-access onboard 333344441111`", 0},
		"anywhere": {both.For(""), "`/aws-onboard 333344441111`", 1},
		"not said": {access.Spoken{}, "`/aws-onboard 333344441111`", 0},
	} {
		legacy := onboardRequest()
		legacy.Want.AccountID, legacy.Want.AccountName, legacy.Want.Onboard.From = "333344441111", "crm-legacy", "/"
		legacy.Asker.Name = "/aws-access status"
		p := brought(t, legacy, nil)
		p.spoken = spoken{x.as}
		body := p.body()
		if !strings.Contains(body, x.want) || strings.Count(body, "In Teams, write") != x.elsewhere {
			t.Errorf("%s:\n%s", name, body)
		}
		if !strings.Contains(body, "| Asked by | `/aws-access status`") {
			t.Errorf("%s: what a person is called was said in other words:\n%s", name, body)
		}
		if unsafe := strings.ReplaceAll(body, "@"+zwsp, ""); strings.Contains(unsafe, "@") {
			t.Errorf("%s: the body mentions somebody:\n%s", name, body)
		}
	}
}

// TestCommandsOfWhoIsStuck and of what stands before a phase are said so too.
func TestCommandsOfMends(t *testing.T) {
	t.Parallel()
	as := spoken{access.Spoken{Words: access.Words{Access: "@aws-access", Onboard: "@aws-access onboard"}}}
	var b strings.Builder
	writePreflight(&b, access.Preflight{Lines: []access.PreflightLine{{Code: "x", Result: access.PreflightBlock, Sentence: "It waits for *you*.", Mend: "Onboard it with `/aws-onboard 1`, or see `/aws-access drift`."}}}, as)
	if got, want := b.String(), "- ⛔ It waits for \\*you\\*. Onboard it with `@"+zwsp+"aws-access onboard 1`, or see `@"+zwsp+"aws-access drift`. (`x`)\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}
