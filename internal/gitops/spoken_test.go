package gitops_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/store"
)

// TestCommandsOnGitHubAreThoseOfTheChat: the check and its title write a command as
// in the chat of the request; what is kept for that chat has it as ever.
func TestCommandsOnGitHubAreThoseOfTheChat(t *testing.T) {
	t.Parallel()
	w := autoWorld(t, "")
	var asked []access.ID
	w.opt.Spoken = func(_ context.Context, id access.ID) access.Spoken {
		asked = append(asked, id)
		return access.Spoken{Words: access.Words{Access: "@aws-access", Onboard: "@aws-access onboard"}}
	}
	g, err := gitops.New(w.opt, w.client(), store.NewGitops(w.db), w.dir)
	w.must(err)
	w.Gitops = g
	n := w.proposed(w.request(req))
	w.clock.move(72*time.Hour + time.Minute)
	w.look()
	// An "@" mentions somebody on GitHub, also in what is copied to commit messages.
	const said = "@\u200baws-access request payments-dev PowerUserAccess for aws-payments-dev 4h"
	c := w.check(w.facts(req).Ref.Head)
	if !strings.Contains(c.Summary, "`"+said+"`") || strings.Contains(c.Title+c.Summary, "/aws-access") || !strings.Contains(c.Title, "@\u200baws-access req") {
		t.Errorf("the check is %s:\n%s", c.Title, c.Summary)
	}
	if got := w.comment(n, "merging it now would grant nothing").Body; !strings.Contains(got, "`"+said+"`") {
		t.Errorf("the comment:\n%s", got)
	}
	if got := strings.Join(w.facts(req).Missing, " "); !strings.Contains(got, "`/aws-access request") {
		t.Errorf("what the chat is told has other words: %s", got)
	}
	for _, id := range asked {
		if id != req {
			t.Errorf("asked how to write to %q", id)
		}
	}
}
