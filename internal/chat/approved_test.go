package chat_test

import (
	"fmt"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

// TestGoldenApproved: an open request that is approved says who is to do what.
func TestGoldenApproved(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, c := range []struct {
		name    string
		by      []string
		bot     bool
		missing []string
	}{
		{"people merge", []string{"yuki-lead", "mio-sec"}, false, nil},
		{"the bot merges", []string{"yuki-lead"}, true, nil},
		{"the bot is held up", []string{"yuki-lead"}, false, []string{"It is approved. It is a draft: mark it as ready for review, and the bot merges it."}},
		{"nobody needed to approve", nil, false, nil},
	} {
		r := way(access.KindGrant, access.StateProposed)
		r.Approved, r.ApprovedBy, r.BotMerges, r.Missing = true, c.by, c.bot, c.missing
		fmt.Fprintf(&b, "== %s\n%s\n", c.name, write(chat.Card(r, office8h())))
		if len(c.by) > 0 {
			n := access.Notice{Kind: access.NoticeApproved, Text: strings.Join(c.by, ", ")}
			fmt.Fprintf(&b, "-- reply\n%s\n", write(chat.Reply(n, r, office8h())))
			r.State, r.Approved = access.StateMerged, false
			fmt.Fprintf(&b, "-- reply that comes after the merge\n%s\n", write(chat.Reply(n, r, office8h())))
		}
	}
	golden(t, "approved", b.String())
}
