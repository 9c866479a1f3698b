package gitops_test

import (
	"errors"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestWhoApprovesSeesWhatTheGuardsWillHold, in the check and in the comment: which
// guard, why, and what lets it pass; and once it is another thing, that.
func TestWhoApprovesSeesWhatTheGuardsWillHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const file = "groups/aws-security-audit.yaml"
	n := w.byHand("hana-dev", "away", map[string]*githubemu.File{file: w.file(file, "  - accounts: {ou: /}\n    permission_set: ReadOnlyAccess\n", "")})
	said := func(want string, others ...string) {
		t.Helper()
		w.look()
		comment := w.comment(n)
		for where, got := range map[string]string{"comment": comment.Body, "check": w.check(w.head("away")).Summary} {
			for _, part := range append(others, want) {
				if !strings.Contains(got, part) {
					t.Errorf("the %s does not say %q:\n%s", where, part, got)
				}
			}
		}
	}
	said("refused whole. (`removal-budget`)", "Held by hard limits after the merge", "limits:\n  allow: {commit: \"<full id of the merge commit>\", removals: 11}\n")
	w.guards = func(access.Merge) (access.Foretold, error) {
		return access.Foretold{Holds: []access.Hold{{Code: "own-access", Sentence: "The bot works by this very role."}}, Removals: 11, Of: 44, Limit: 6, Spent: 3, Recorded: true}, nil
	}
	said("The bot works by this very role. (`own-access`)", "What is held stays in AWS as it is, though it is merged. No allowance lets it pass.", "Removals: 11 of 44 assignments; 6 may go in 24 hours. In the last 24 hours 3 went already")
	w.guards = func(access.Merge) (access.Foretold, error) {
		return access.Foretold{Notes: []string{"Whether the file of pay and AWS agree is *not* known."}}, nil
	}
	said("- Whether the file of pay and AWS agree is")
	w.guards = func(access.Merge) (access.Foretold, error) {
		return access.Foretold{Recorded: true, Unknown: []string{"What AWS has of the permission set Root could not be read."}, Undeclared: &access.Undeclared{Known: true, Goes: []string{"aws-old with ReadOnlyAccess in orders-dev (…7777)"}}}, nil
	}
	said("Removed though no commit declares it", "What AWS has of the permission set Root could not be read.", "It knows of 1, and has not read all of AWS since it started", "- aws-old with ReadOnlyAccess in orders-dev (…7777)")
	w.guards = func(access.Merge) (access.Foretold, error) {
		return access.Foretold{}, errors.New("the state file is shut")
	}
	said("What the guards will hold after the merge is not known at the moment.")
}
