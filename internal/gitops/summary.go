package gitops

import (
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/review"
)

// maxSummary is how many bytes of a check's summary are written. GitHub
// refuses more than 65,535, which it documents as characters and measures as
// bytes.
const maxSummary = 60_000

// run returns the check run that shows what was found.
func (x *examined) run() CheckRun {
	return CheckRun{
		Head: x.pull.HeadSHA, Conclusion: x.conclusion(), Title: clip(x.spoken.line(x.title()), maxTitle),
		Summary: x.whole(), ExternalID: fmt.Sprintf("pull/%d", x.pull.Number), URL: x.pull.URL,
	}
}

func (x *examined) conclusion() string {
	switch {
	case len(x.problems)+len(x.faults)+len(x.verdict.Refused)+len(x.blockers()) > 0:
		return "failure"
	case x.verdict.Pass:
		return "success"
	default:
		return "action_required"
	}
}

func (x *examined) title() string {
	switch {
	case len(x.problems) > 0:
		return "the config is not valid"
	case len(x.faults) > 0:
		return oneLine(x.faults[0].text)
	case len(x.verdict.Refused) > 0:
		return "refused: " + oneLine(x.verdict.Refused[0].Sentence)
	case x.base == nil:
		return "no commit is trusted yet"
	case len(x.blockers()) > 0:
		return "pre-flight: " + oneLine(x.blockers()[0])
	case x.verdict.Pass && x.restored() != "":
		return x.restored()
	case x.verdict.Pass && x.formTitle() != "":
		return x.formTitle()
	case x.verdict.Pass && !slices.ContainsFunc(x.verdict.Needs, func(n review.Need) bool { return n.Exempt == "" }):
		return "nothing needs approval"
	case x.verdict.Pass:
		return "approved"
	case len(x.verdict.Undecided) > 0:
		return "cannot be decided yet"
	case len(x.verdict.Blocks) > 0:
		return "changes were requested by " + oneLine(review.Logins(x.verdict.Blocks))
	}
	return x.openTitle()
}

// openTitle names the first approval that is missing.
func (x *examined) openTitle() string {
	first, more := "", 0
	for _, n := range x.verdict.Needs {
		if n.Exempt != "" {
			continue
		}
		for _, s := range n.Steps {
			switch {
			case s.Missing == 0:
			case first == "":
				first = "needs " + approvals(s.Missing) + " of " + oneLine(review.Approvers(s.Approvers))
			default:
				more++
			}
		}
	}
	if more > 0 {
		first += fmt.Sprintf(" and %d more", more)
	}
	return first
}

func approvals(n int) string {
	if n == 1 {
		return "1 approval"
	}
	return fmt.Sprintf("%d approvals", n)
}

// notValid begins a problem of the config among what a pull request lacks.
const notValid = "The config is not valid: "

// missing is what the pull request still lacks, a sentence each.
func (x *examined) missing() []string {
	var out []string
	for _, f := range x.faults {
		out = append(out, f.text)
	}
	for _, p := range x.problems {
		out = append(out, notValid+p)
	}
	if x.base == nil {
		return append(out, x.notes...)
	}
	out = append(out, x.blockers()...)
	out = append(out, review.Sentences(x.verdict, x.base, x.head)...)
	if x.held != "" {
		out = append(out, x.held)
	}
	return out
}

// summary is what the check says, the most dangerous first, with the plan at
// its place.
func (x *examined) summary(plan string) string {
	var b strings.Builder
	for _, n := range x.notes {
		fmt.Fprintf(&b, "> %s\n\n", x.spoken.prose(n))
	}
	x.writeFaults(&b)
	if !x.shows() {
		x.writePreflights(&b)
		return x.spoken.whole(b.String())
	}
	x.writeAlike(&b)
	x.writePreflights(&b)
	writeObjections(&b, x.objections, "###")
	x.writeForm(&b)
	x.writeHandles(&b)
	x.writeNeeds(&b)
	x.writeControl(&b)
	x.writeSets(&b, "###")
	x.writeRules(&b, "###")
	b.WriteString(plan)
	x.writeForetold(&b, "###")
	x.writeChange(&b)
	x.writeFiles(&b, "###")
	x.writePeople(&b)
	x.writeStuck(&b)
	return x.spoken.whole(b.String())
}

func (x *examined) writeFaults(b *strings.Builder) {
	for _, f := range x.faults {
		fmt.Fprintf(b, "**%s** (`%s`)\n\n", x.spoken.prose(f.text), f.code)
	}
	if len(x.problems) > 0 {
		b.WriteString("### The config is not valid\n\nNothing of this commit would come into force.\n\n")
		for _, p := range x.problems {
			fmt.Fprintf(b, "- %s\n", code(x.spoken.Sentence(p)))
		}
		b.WriteString("\n")
	}
	if len(x.verdict.Refused) > 0 {
		b.WriteString("### Refused, whoever approves\n\n")
		for _, f := range x.verdict.Refused {
			fmt.Fprintf(b, "- %s (`%s`)\n", x.spoken.prose(f.Sentence), f.Code)
		}
		b.WriteString("\n")
	}
	for _, u := range x.verdict.Undecided {
		fmt.Fprintf(b, "**Not decided yet.** %s\n\n", x.spoken.prose(u))
	}
}

// writeChange shows the assignments, those that differ in their account only in
// one row.
func (x *examined) writeChange(b *strings.Builder) {
	c := x.change
	b.WriteString("### Access\n\n")
	if len(c.Added)+len(c.Lengthened)+len(c.Shortened)+len(c.Removed) == 0 {
		b.WriteString("No assignment changes.\n\n")
		return
	}
	b.WriteString("| | Account | Permission set | Who | Before | After |\n|---|---|---|---|---|---|\n")
	row := func(what string, list []config.AssignmentChange) {
		var g grouped
		for _, a := range list {
			g.add(fmt.Sprintf("%s | %s | %s | %s |", code(a.Assignment.PermissionSet),
				code(x.principal(a.Assignment.Principal)), termCell(a.Old), termCell(a.New)),
				review.AccountName(a.Assignment.Account, x.base, x.head))
		}
		for _, rest := range g.keys {
			fmt.Fprintf(b, "| %s | %s | %s\n", what, code(strings.Join(g.of[rest], ", ")), rest)
		}
	}
	row("added", c.Added)
	row("lengthened", c.Lengthened)
	row("shortened", c.Shortened)
	row("removed", c.Removed)
	b.WriteString("\n")
}

func termCell(t *config.Term) string {
	if t == nil {
		return "-"
	}
	return code(review.TermText(*t))
}

func (x *examined) writeControl(b *strings.Builder) {
	if len(x.change.Control) == 0 {
		return
	}
	b.WriteString("### Control plane\n\n| File | Field | Before | After |\n|---|---|---|---|\n")
	for _, f := range x.change.Control {
		before, after := f.Shown()
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", code(f.Path), code(f.Field), code(before), code(after))
	}
	b.WriteString("\n")
}

func (x *examined) writeNeeds(b *strings.Builder) {
	if len(x.verdict.Needs) == 0 {
		return
	}
	b.WriteString("### Approvals\n\n| What | Rule | Approvers | Approved by | Missing | Who could give it |\n|---|---|---|---|---|---|\n")
	rows := map[string][]review.Need{}
	var order []string
	for _, n := range x.verdict.Needs {
		rest := needRows(n)
		if rows[rest] == nil {
			order = append(order, rest)
		}
		rows[rest] = append(rows[rest], n)
	}
	for _, rest := range order {
		what := x.what(rows[rest])
		for line := range strings.Lines(rest) {
			fmt.Fprintf(b, "| %s | %s", what, line)
		}
	}
	b.WriteString("\n")
}

// needRows are the rows of a need without what it is about.
func needRows(n review.Need) string {
	if n.Exempt != "" {
		return fmt.Sprintf("%s | nobody: %s | | | |\n", code(n.Rule), prose(n.Exempt))
	}
	rule := code(n.Rule)
	if n.Note != "" {
		rule += ": " + prose(n.Note)
	}
	var b strings.Builder
	for _, s := range n.Steps {
		fmt.Fprintf(&b, "%s | %d of %s | %s | %s | %s |\n", rule, s.Count,
			code(review.Approvers(s.Approvers)), logins(s.Approved), missingCell(s.Missing), logins(s.Could))
	}
	return b.String()
}

func missingCell(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func logins(people []review.Person) string {
	if len(people) == 0 {
		return "-"
	}
	names := make([]string, len(people))
	for i, p := range people {
		names[i] = p.User.Login
	}
	return code(strings.Join(names, ", "))
}

// writePeople says who did not count, who may not approve, and who blocks.
func (x *examined) writePeople(b *strings.Builder) {
	for _, p := range x.verdict.Blocks {
		fmt.Fprintf(b, "- %s requested changes.\n", code(p.User.Login))
	}
	for _, o := range x.verdict.Overruled {
		fmt.Fprintf(b, "- %s dismissed the review of %s but %s (`%s`): what it says stands until %s approves.\n",
			code(o.By.Login), code(o.Person.User.Login), prose(o.Why), o.Code, code(o.Person.User.Login))
	}
	said := map[string]bool{}
	pushed := false
	line := func(prefix string, e review.Excluded) {
		pushed = pushed || e.Pushed() && !x.own
		text := fmt.Sprintf("- %s %s: %s (`%s`).\n", code(e.User.Login), prefix, prose(e.Why), e.Code)
		if !said[text] {
			b.WriteString(text)
		}
		said[text] = true
	}
	for _, e := range x.verdict.Ignored {
		line("was not counted", e)
	}
	for _, n := range x.verdict.Needs {
		for _, e := range n.NotCounted {
			line("was not counted", e)
		}
		for _, e := range n.Cannot {
			line("may not approve this", e)
		}
	}
	if pushed {
		fmt.Fprintf(b, "\nBringing a branch up to date is a push to it. Where somebody who could approve only did that, %s opens the same change anew from a new branch, and that person approves there.\n", code(x.pull.Author.Login))
	}
}
