package main

import (
	"cmp"
	"fmt"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/whatif"
)

// printLines prints what was asked for, a line each.
func printLines(p program, lines []string) error {
	for _, l := range lines {
		if _, err := fmt.Fprintln(p.stdout, l); err != nil {
			return err
		}
	}
	return nil
}

// checkedLines are the outcome of a check for people.
func checkedLines(c checked, f checkFlags) []string {
	var out []string
	for _, x := range c.Problems {
		out = append(out, x.String())
	}
	for _, x := range c.Warnings {
		out = append(out, warningLine(x))
	}
	if c.Against != nil {
		out = append(out, outlookLines(*c.Against, f.against)...)
	} else if c.AgainstUnjudged != "" {
		out = append(out, c.AgainstUnjudged)
	}
	return append(out, summaryLine(c))
}

// warningLine is a finding marked as one that makes nothing invalid.
func warningLine(x config.Finding) string {
	x.Message = "warning: " + x.Message
	return x.String()
}

func summaryLine(c checked) string {
	warnings := ""
	if n := len(c.Warnings); n > 0 {
		warnings = fmt.Sprintf(", %d warning(s)", n)
	}
	if n := c.faults(); n > 0 || !c.Good {
		return fmt.Sprintf("%d problem(s)%s", n, warnings)
	}
	return fmt.Sprintf("good: %d accounts, %d groups, %d users, %d assignments%s", c.Accounts, c.Groups, c.Users, c.Assignments, warnings)
}

// outlookLines say what a change means and who would have to approve it.
func outlookLines(o whatif.Outlook, against string) []string {
	out := []string{"the change against " + against + ":"}
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, e := range o.Effects {
		add("  %s", e.Text())
	}
	for _, path := range o.NewFiles {
		add("  new      %s", path)
	}
	for _, x := range o.Control {
		add("  control  %s", fieldLine(x))
	}
	for _, x := range o.Entries {
		add("  entry    %s", fieldLine(x))
	}
	if len(out) == 1 {
		return []string{"the change against " + against + ": nothing but form"}
	}
	for _, n := range o.Needs {
		add("needs: %s (%s)", n.About, n.Rule)
		for _, s := range n.Steps {
			add("  %s", s.Text())
		}
		if n.Note != "" {
			add("  %s", n.Note)
		}
	}
	for _, r := range o.Refused {
		add("refused: %s [%s]", r.Message, r.Code)
	}
	for _, h := range o.Held {
		add("held after the merge: %s", h)
	}
	if o.Allow != "" {
		add("to let it pass, once it is merged, in a change of its own to aws-access.yaml:")
		for line := range strings.Lines(o.Allow) {
			add("  %s", strings.TrimSuffix(line, "\n"))
		}
	}
	for _, l := range o.Last {
		add("note: %s", l)
	}
	for _, l := range o.Later {
		add("later: %s", l)
	}
	for _, u := range o.Unknown {
		add("not known here: %s", u)
	}
	return out
}

func fieldLine(x config.FieldChange) string {
	name := x.Path
	if x.Field != "" {
		name += " " + x.Field
	}
	before, after := x.Shown()
	return fmt.Sprintf("%s: %s -> %s", name, fieldText(before), fieldText(after))
}

func fieldText(s string) string { return cmp.Or(strings.ReplaceAll(s, "\n", " "), "none") }
