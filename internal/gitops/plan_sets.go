package gitops

import (
	"fmt"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/review"
)

// writeSets says what the change means for permission sets that have a file: in
// words, and which accounts it reaches. The accounts are those in which the set
// is granted here; AWS may have it in others, which the bot tells when it
// applies the change.
func (x *examined) writeSets(b *strings.Builder, heading string) {
	changes := config.SetChanges(x.base, x.head)
	if len(changes) == 0 {
		return
	}
	fmt.Fprintf(b, "%s Permission sets\n\n", heading)
	for _, c := range changes {
		kind := "changed"
		switch {
		case c.Added:
			kind = "added"
		case c.Removed:
			kind = "file removed"
		}
		fmt.Fprintf(b, "- **%s** %s, %s\n", kind, code(c.Name), x.setReach(c))
		for _, w := range c.Words {
			fmt.Fprintf(b, "  - %s\n", code(w))
		}
	}
	b.WriteString("\n")
}

// setReach names the accounts that a change of a set reaches.
func (x *examined) setReach(c config.SetChange) string {
	if len(c.Accounts) == 0 {
		return "granted in no account"
	}
	var names []string
	for _, id := range c.Accounts {
		names = append(names, code(review.AccountName(id, x.base, x.head)))
	}
	return "granted in " + counted(len(names), "account") + ": " + listed(names)
}
