package chat

import (
	"fmt"
	"strings"

	"aws-access-bot/internal/access"
)

// proposed is the headline of a request whose pull request is open: who is to
// do something now.
func proposed(r access.Request) string {
	if !r.Approved {
		return "Waiting for review on GitHub"
	}
	lead := "Nobody needs to approve it"
	if len(r.ApprovedBy) > 0 {
		lead = "Approved by " + strings.Join(r.ApprovedBy, ", ")
	}
	switch {
	case len(r.Missing) > 0:
		return lead + "; not merged yet"
	case r.BotMerges:
		return lead + "; the bot merges it"
	default:
		return lead + "; merge it on GitHub"
	}
}

// pullLabel is what is to be done on GitHub.
func pullLabel(r access.Request) string {
	switch {
	case !r.Approved:
		return "Review on GitHub"
	case r.BotMerges || len(r.Missing) > 0:
		return "See it on GitHub"
	default:
		return "Merge on GitHub"
	}
}

// approvedLine tells that a request is approved, and who merges it as long as
// nobody has.
func approvedLine(n access.Notice, r access.Request) string {
	line := fmt.Sprintf("Approved by %s.", n.Text)
	switch {
	case r.State != access.StateProposed || !r.Approved:
		return line
	case len(r.Missing) > 0:
		return line + " The message above says why it is not merged yet."
	case r.BotMerges:
		return line + " The bot merges it."
	default:
		return fmt.Sprintf("%s The bot merges nothing here: somebody has to merge pull request #%d on GitHub.", line, r.Pull.Number)
	}
}
