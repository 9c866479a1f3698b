package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/guard"

	"github.com/spf13/cobra"
)

// settingsFlag adds --settings to a command.
func settingsFlag(c *cobra.Command, path *string) {
	c.Flags().StringVar(path, "settings", "bot.yaml", "settings file")
}

func statusCommand(p program) *cobra.Command {
	var path string
	var asJSON bool
	c := &cobra.Command{
		Use: "status", Short: "Show the commit in force, halts, requests, the last sync and the migration",
		Long: "Status asks the running bot, or reads the state file when none runs.\nExit code 0: ready; 1: not ready.",
		Args: takes(),
		RunE: func(c *cobra.Command, _ []string) error {
			set, err := loadSettings(path, p)
			if err != nil {
				return err
			}
			return withOperations(c.Context(), set, p, mustExist, func(o operations) error { return status(c.Context(), p, o, spelling(set).For(""), asJSON) })
		},
	}
	settingsFlag(c, &path)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func status(ctx context.Context, p program, o operations, as access.Spoken, asJSON bool) error {
	st, err := o.Status(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		err = p.printJSON(st)
	} else {
		_, err = fmt.Fprint(p.stdout, as.Text(statusText(st)))
	}
	if err == nil && st.NotReady != "" {
		return findings{fmt.Errorf("not ready: %s", st.NotReady)}
	}
	return err
}

// statusText is the status for people.
func statusText(st statusReport) string {
	var b strings.Builder
	line := func(k, v string) { fmt.Fprintf(&b, "%-14s %s\n", k, v) }
	line("process", st.Processes)
	line("version", st.Version)
	line("changes", map[bool]string{true: "enabled", false: "off: plans and reports only (enable_changes)"}[st.Changes])
	if st.Commits.InForce == "" {
		line("in force", "nothing: name the first commit with 'bot trust SHA'")
	} else {
		line("in force", fmt.Sprintf("%s of %s, since %s", st.Commits.InForce, st.Commits.Branch, st.Commits.Since.Format(time.RFC3339)))
	}
	if x := st.Commits.Blind; x != nil {
		line("blind", x.Sentence())
	}
	if h := st.Commits.Halt; h != nil {
		line("halt", h.Sentence())
	}
	if x := st.Commits.Stall; x != nil {
		line("stalled", x.Sentence())
	}
	for _, l := range st.Provision.Application.Lines(time.Now()) {
		line("application", l)
	}
	line("to AWS", "a new group or user takes "+st.Provision.Arrival)
	if !st.Provision.Last.At.IsZero() {
		line("last sync", fmt.Sprintf("%s: %d changes, %d held back, %d outstanding", st.Provision.Last.At.Format(time.RFC3339), len(st.Provision.Last.Plan.Changes), len(st.Provision.Last.Refused), st.Provision.Last.Outstanding))
	}
	if q := st.Provision.Last.Queue; q != nil {
		line("queue", q.Text())
	}
	for _, s := range []string{"asked", "proposed", "merged", "halted", "verified", "live", "ending", "ended", "linked", "stopped", "done", "closed", "refused", "void", "undone"} {
		if n := st.Requests[s]; n > 0 {
			line("requests", fmt.Sprintf("%d %s", n, s))
		}
	}
	for _, sha := range st.Commits.Passed {
		line("passed over", fmt.Sprintf("%s: its config is invalid; 'bot check' lists why", sha))
	}
	for _, t := range st.Provision.Troubles {
		line("trouble", fmt.Sprintf("%s (%s): %s", t.Subject, t.Code, t.Text))
	}
	for _, l := range setStatusLines(st.Provision.Sets) {
		line(l[0], l[1])
	}
	for _, r := range st.Provision.Last.Refused {
		line("held back", fmt.Sprintf("%s (%s): %s", r.Change.Sentence, r.Code, r.Sentence))
	}
	for _, d := range st.Provision.Last.Plan.Drift {
		line("drift", d.Sentence)
	}
	for _, sentence := range st.Provision.Differing {
		line("drift", sentence)
	}
	for _, f := range st.People {
		line("drift", f.Sentence)
	}
	for _, t := range st.Troubles {
		line("trouble", t)
	}
	for _, g := range guardText(st.Guards) {
		line("guard", strings.TrimPrefix(g, "guard: "))
	}
	for _, l := range st.Webhooks.Lines(time.Now()) {
		line("webhooks", l)
	}
	if st.NotReady != "" {
		line("not ready", st.NotReady)
	}
	b.WriteString(boardText(st.Migration))
	return b.String()
}

// guardText is a report of the branch's guards for people, a line each.
func guardText(rep guard.Report) []string {
	out := weaknesses(rep)
	if len(out) == 0 {
		out = []string{"as it should be at " + rep.At.Format(time.RFC3339)}
	}
	for i := range out {
		out[i] = "guard: " + out[i]
	}
	return out
}

// weaknesses is what a report of the branch's guards says against them; nothing
// when all is as it should be.
func weaknesses(rep guard.Report) []string {
	if rep.At.IsZero() && rep.Failing.IsZero() {
		return []string{"not looked at yet"}
	}
	var out []string
	for _, f := range rep.Findings {
		out = append(out, f.Text())
	}
	if !rep.Failing.IsZero() {
		out = append(out, "not readable since "+rep.Failing.Format(time.RFC3339))
	}
	return out
}

func syncCommand(p program) *cobra.Command {
	var path string
	var asJSON bool
	c := &cobra.Command{
		Use: "sync", Short: "Read everything declared and owned, plan, and do what may be done",
		Long: "Sync makes one full pass now, and follows the operations in AWS to their end. With a running bot they go on there, also when\n" +
			"sync is interrupted; without one it does them itself. How far it is goes to stderr: on a terminal one line that is rewritten in\n" +
			"place, elsewhere a line for each stage, with --json an object a line.\n" +
			"Exit code 0: nothing is left to do and nothing is held back; 1: otherwise.",
		Args: takes(),
		RunE: func(c *cobra.Command, _ []string) error {
			set, err := loadSettings(path, p)
			if err != nil {
				return err
			}
			otherwise := newPlainLines
			if asJSON {
				otherwise = newJSONLines
			}
			p, shown := p.tells(otherwise)
			defer shown.end()
			return withOperations(c.Context(), set, p, mustExist, func(o operations) error { return syncNow(c.Context(), p, o, shown, asJSON) })
		},
	}
	settingsFlag(c, &path)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func syncNow(ctx context.Context, p program, o operations, shown telling, asJSON bool) error {
	s, err := o.Sync(ctx, shown.told)
	if err != nil {
		return err
	}
	f, err := o.Footing(ctx)
	if err != nil {
		return err
	}
	shown.end()
	return show(p, viewed{Report: s.Report, repo: f.Repo, work: s.Work, after: s.After}, asJSON)
}
