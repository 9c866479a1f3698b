package gitops

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/access"
)

// budgetCode is that of the guard that counts the removals of a day.
const budgetCode = "removal-budget"

// maxHolds is how many things that the guards will hold are listed.
const maxHolds = 20

// writeForetold says what the guards of provisioning will hold after the merge, and
// what lets it pass: whoever approves should know that it does nothing yet.
func (x *examined) writeForetold(b *strings.Builder, level string) {
	if x.plan == nil {
		return
	}
	f := x.plan.Foretold
	if f == nil {
		b.WriteString("What the guards will hold after the merge is not known at the moment.\n\n")
		return
	}
	writeBudget(b, f)
	writeNotes(b, f.Notes)
	x.writeUndeclared(b, level, f.Undeclared)
	for _, u := range f.Unknown {
		b.WriteString(prose(u) + "\n\n")
	}
	if len(f.Holds) == 0 {
		return
	}
	b.WriteString(level + " Held by hard limits after the merge\n\n")
	for i, h := range f.Holds {
		if i == maxHolds {
			fmt.Fprintf(b, "- and %d more\n", len(f.Holds)-i)
			break
		}
		fmt.Fprintf(b, "- %s%s (`%s`)", whenHeld(h.At), prose(h.Sentence), h.Code)
		if h.Mend != "" {
			b.WriteString(" " + mendText(h.Mend))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n" + x.heldMeans() + "\n\n")
	if lines := f.AllowLines(); lines != "" {
		what := "it"
		if slices.ContainsFunc(f.Holds, func(h access.Hold) bool { return h.Mend != "" }) {
			what = "what this itself takes away" // an entry is for one commit
		}
		fmt.Fprintf(b, "To let %s pass, have this approved by the control plane in a pull request of its own once this is merged, in `aws-access.yaml`:\n\n```yaml\n%s```\n\n", what, lines)
	}
}

// writeNotes lists what else is known of the merge.
func writeNotes(b *strings.Builder, notes []string) {
	for i, note := range notes {
		if i == maxHolds {
			fmt.Fprintf(b, "- and %d more\n", len(notes)-i)
			break
		}
		fmt.Fprintf(b, "- %s\n", prose(note))
	}
	if len(notes) > 0 {
		b.WriteString("\n")
	}
}

// mendText is prose for what lets something pass, with the entry of aws-access.yaml in
// a code span, to be copied.
func mendText(s string) string {
	begin, end := strings.Index(s, "limits: {"), strings.LastIndex(s, "}}")
	if begin < 0 || end < begin {
		return prose(s)
	}
	end += len("}}")
	rest, dot := strings.CutPrefix(s[end:], ".")
	text := prose(strings.TrimSpace(s[:begin])) + " " + code(s[begin:end])
	if dot {
		text += "."
	}
	if rest = strings.TrimSpace(rest); rest != "" {
		text += " " + prose(rest)
	}
	return text
}

// heldMeans says what becomes of what is held.
func (x *examined) heldMeans() string {
	f, allowed := x.plan.Foretold, 0
	for _, h := range f.Holds {
		if h.Allowed || h.Mend != "" {
			allowed++
		}
	}
	stays := "What is held stays in AWS as it is, though it is merged."
	// What an allowance lets pass is held as taken away by a commit, and no end from
	// before is; everything else, such as what is protected, may be held at any time.
	always := func(h access.Hold) bool { return !h.Allowed && h.Mend == "" }
	if f.Removals > 0 && !slices.ContainsFunc(f.Holds, always) {
		stays = "What is held stays in AWS as it is, though it is merged; what had an end before goes at that end all the same."
	}
	fits := f.Spent > 0 && f.Removals <= f.Limit && !slices.ContainsFunc(f.Holds, func(h access.Hold) bool { return h.Code != budgetCode || h.Mend != "" })
	switch {
	case fits:
		return stays + " It goes by itself once enough of what went in the last 24 hours is longer ago."
	case allowed == len(f.Holds):
		return stays
	case allowed == 0:
		return stays + " No allowance lets it pass."
	}
	return stays + fmt.Sprintf(" An allowance lets %d of these %d pass.", allowed, len(f.Holds))
}

// whenHeld begins what is held later than at the merge.
func whenHeld(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return "From " + at.UTC().Format(clockText) + " on, when an end passes that this sets: "
}

// writeBudget says what the removals take of the budget, also where they are
// within it.
func writeBudget(b *strings.Builder, f *access.Foretold) {
	if f.Removals == 0 {
		return
	}
	rest := "This counts this change only: removals already begun in the last 24 hours count against the same budget, and can hold this one up"
	if f.Recorded {
		rest = fmt.Sprintf("In the last 24 hours %d went already", f.Spent)
	}
	sooner := ""
	if f.Sooner > 0 {
		sooner = fmt.Sprintf(", %d of them when an end comes that this change brings nearer", f.Sooner)
	}
	fmt.Fprintf(b, "Removals: %d of %d assignments%s; %d may go in 24 hours. %s (`%s`).\n\n", f.Removals, f.Of, sooner, f.Limit, rest, budgetCode)
}
