package gitops

import (
	"fmt"
	"strings"

	"aws-access-bot/internal/access"
)

// writeUndeclared says what a merge has removed though no commit declares it: no line
// of the change shows that.
func (x *examined) writeUndeclared(b *strings.Builder, level string, u *access.Undeclared) {
	if u == nil {
		return
	}
	b.WriteString(level + " Removed though no commit declares it\n\n")
	const means = "From this merge on the bot removes what is live in AWS and no commit declares (phase 3 with `drift: revert`), within the limits. "
	switch {
	case !u.Known:
		b.WriteString(means + "What that is now is not known here.\n\n")
		return
	case len(u.Goes) == 0:
		b.WriteString(means + "It knows of no such assignment" + asRead(u) + ".\n\n")
	default:
		fmt.Fprintf(b, "%sIt knows of %d%s:\n\n", means, len(u.Goes), asRead(u))
		for i, name := range u.Goes {
			if i == maxHolds {
				fmt.Fprintf(b, "- and %d more\n", len(u.Goes)-i)
				break
			}
			b.WriteString("- " + prose(name) + "\n")
		}
		b.WriteString("\n" + x.spoken.prose("What is to stay, have adopted first: `/aws-access drift` lists it.") + "\n\n")
	}
	if u.Later > 0 {
		fmt.Fprintf(b, "Left alone for now, and not counted here: %d that somebody snoozed, or that were put back and nobody decided about yet.\n\n", u.Later)
	}
}

// asRead says how far what is known of AWS can be relied on.
func asRead(u *access.Undeclared) string {
	if u.Read.IsZero() {
		return ", and has not read all of AWS since it started, so that there may be more"
	}
	return ", with all of AWS read last from " + u.Read.UTC().Format(clockText) + " on"
}
