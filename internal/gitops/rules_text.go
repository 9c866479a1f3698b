package gitops

import (
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/impact"
	"aws-access-bot/internal/gitops/review"
)

const (
	// maxRules is how many changed decisions one table has.
	maxRules = 25
	// maxCell is how many runes of a decision a cell has.
	maxCell = 400
	// maxFew is how many accounts, sets or groups one cell names.
	maxFew = 8
)

// noEffect is what a plan says that changes no assignment: it may change what
// must be approved all the same.
func (x *examined) noEffect() string {
	switch r := x.plan.Rules; {
	case r.Weaker():
		return "No assignment changes with this merge. **What later access needs becomes weaker**, as shown here.\n\n"
	case len(r.Changes)+len(r.Book) > 0 || r.Uncompared:
		return "No assignment changes with this merge. What later access needs changes, as shown here.\n\n"
	}
	if f := x.plan.Foretold; f != nil && f.Undeclared != nil {
		return "No assignment of the config repo changes. **What no commit declares goes**, as shown here.\n\n"
	}
	text := "No assignment changes, so nobody gains or loses access"
	if slices.ContainsFunc(x.change.Entries, func(f config.FieldChange) bool { return f.Old == "" }) {
		text += " with this merge. **Lines are added that may give access later**, as shown here"
	}
	return text + ".\n\n"
}

// writeRules says what must be approved later and is another thing than
// before.
func (x *examined) writeRules(b *strings.Builder, level string) {
	if x.plan == nil {
		return
	}
	r := x.plan.Rules
	if len(r.Changes)+len(r.Book) == 0 && !r.Uncompared {
		return
	}
	b.WriteString(level + " What later changes need\n\n")
	if r.Weaker() {
		b.WriteString("**Weaker** marks what needs less after this merge: fewer people, others in their place, or a longer time with the same.\n\n")
	}
	x.writeDecisions(b, r.Changes)
	writeBook(b, r.Book)
	if r.Uncompared {
		b.WriteString("There is more to compare than fits in one look, so not everything is listed: ask with `bot rules simulate`.\n\n")
	}
}

func (x *examined) writeDecisions(b *strings.Builder, list []impact.RuleChange) {
	if len(list) == 0 {
		return
	}
	b.WriteString("| | Account | Permission set | For | Before | After |\n|---|---|---|---|---|---|\n")
	for i, c := range list {
		if i == maxRules {
			break
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", markOf(c), few(c.Accounts), few(c.Sets), forWhom(c), cell(c.Before.Text()), cell(c.After.Text()))
	}
	if more := len(list) - maxRules; more > 0 {
		weak := 0
		for _, c := range list[maxRules:] {
			if c.Weaker {
				weak++
			}
		}
		fmt.Fprintf(b, "\nAnd %d more, %d of them weaker.\n", more, weak)
	}
	b.WriteString("\n")
}

// forWhom says which groups and lengths a changed decision is about.
func forWhom(c impact.RuleChange) string {
	var parts []string
	var groups []string
	for _, g := range c.Groups {
		if g == "" {
			g = "people and other groups"
		}
		groups = append(groups, g)
	}
	if len(groups) > 0 {
		parts = append(parts, few(groups))
	}
	if len(c.Lengths) > 0 {
		parts = append(parts, few(c.Lengths))
	}
	if len(parts) == 0 {
		return "all"
	}
	return strings.Join(parts, ", ")
}

func writeBook(b *strings.Builder, list []impact.BookChange) {
	for i, c := range list {
		if i == maxRules {
			fmt.Fprintf(b, "- And %d more.\n", len(list)-maxRules)
			break
		}
		fmt.Fprintf(b, "- %s: %s, was %s", code(c.Field), cell(c.After), cell(c.Before))
		if c.Means != "" {
			b.WriteString(" (" + prose(c.Means) + ")")
		}
		if c.Weaker {
			b.WriteString(". **Weaker**")
		}
		b.WriteString(".\n")
	}
	if len(list) > 0 {
		b.WriteString("\n")
	}
}

func markOf(c impact.RuleChange) string {
	switch {
	case c.Weaker:
		return "**weaker**"
	case c.Others:
		return "**other people**"
	}
	return "other"
}

// few names some of a list and counts the rest.
func few(names []string) string {
	if len(names) <= maxFew {
		return code(strings.Join(names, ", "))
	}
	return fmt.Sprintf("%s and %d more", code(strings.Join(names[:maxFew], ", ")), len(names)-maxFew)
}

// cell is text of a cell, marked where it was cut.
func cell(s string) string {
	if short := clip(s, maxCell); short != s {
		return code(short + "…")
	}
	return code(s)
}

// writeStuck says whom to turn to for a step that too few are left for.
func (x *examined) writeStuck(b *strings.Builder) {
	stuck := review.StuckSentences(x.verdict, x.base, x.head)
	if len(stuck) == 0 {
		return
	}
	b.WriteString("\n### Whom to turn to\n\n")
	for _, s := range stuck {
		fmt.Fprintf(b, "- %s\n", x.spoken.prose(s))
	}
	b.WriteString("\n")
}
