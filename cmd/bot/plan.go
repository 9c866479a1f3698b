package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"

	"github.com/spf13/cobra"
)

func planCommand(p program) *cobra.Command {
	var path string
	var asJSON bool
	c := &cobra.Command{
		Use: "plan [DIR]", Short: "Show what would be changed, and change nothing",
		Long: "Plan compares the commit in force, or the config repo in DIR, with the live systems.\n" +
			"For DIR every grant is taken to begin now, and nothing is owned: additions are shown, removals are not.\n" +
			"Exit code 0: nothing to change; 1: changes; 2: wrong use.",
		Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			return plan(c.Context(), p, path, args, asJSON)
		},
	}
	settingsFlag(c, &path)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func plan(ctx context.Context, p program, path string, args []string, asJSON bool) error {
	set, err := loadSettings(path, p)
	if err != nil {
		return err
	}
	set.EnableChanges = false
	var rep provision.Report
	if len(args) == 1 {
		rep, err = planDir(ctx, p, args[0], func(ctx context.Context) (*outside, error) { return connect(ctx, set, &bot{}) })
	} else {
		err = withOperations(ctx, set, p, func(o operations) error {
			rep, err = planNow(ctx, o)
			return err
		})
	}
	if err != nil {
		return err
	}
	if asJSON {
		err = p.printJSON(rep)
	} else {
		err = printReport(p, rep)
	}
	if err == nil && len(rep.Plan.Changes)+len(rep.Refused) > 0 {
		return findings{fmt.Errorf("%d changes", len(rep.Plan.Changes))}
	}
	return err
}

// planNow is a pass that writes nothing. A running bot applies what it plans,
// so that its last plan is shown instead of having it make one.
func planNow(ctx context.Context, o operations) (provision.Report, error) {
	if b, ok := o.(*bot); ok {
		return b.Sync(ctx)
	}
	st, err := o.Status(ctx)
	return st.Provision.Last, err
}

// planDir plans for a config repo on disk.
func planDir(ctx context.Context, p program, dir string, dial func(context.Context) (*outside, error)) (provision.Report, error) {
	repo, err := config.Load(os.DirFS(dir))
	var problems config.Problems
	if errors.As(err, &problems) {
		return provision.Report{}, fmt.Errorf("%w\n%d problem(s); see 'bot check %s'", err, len(problems), dir)
	}
	if err != nil {
		return provision.Report{}, usageError{err}
	}
	out, err := dial(ctx)
	if err != nil {
		return provision.Report{}, err
	}
	now := time.Now()
	engine, err := provision.New(provision.Ports{
		Center: out.center, Entra: out.entra, Accounts: out.orgs, Store: store.NewProvision(store.NewMemory()),
		Commits: onDisk{access.InForce{Commit: "(" + dir + ")", Repo: repo, Starts: startAll(repo, now)}},
		Clocks:  out.clock, Now: time.Now,
	}, provision.Options{Log: p.logger(false)})
	if err != nil {
		return provision.Report{}, err
	}
	return engine.Sync(ctx)
}

// onDisk is a config repo that is in force for one plan.
type onDisk struct{ force access.InForce }

// InForce implements access.Commits.
func (d onDisk) InForce(context.Context) (access.InForce, error) { return d.force, nil }

// printReport prints a pass for people.
func printReport(p program, rep provision.Report) error {
	var err error
	line := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(p.stdout, format+"\n", args...)
		}
	}
	line("commit %s", rep.Commit)
	for _, c := range rep.Plan.Changes {
		line("%-6s %s", c.Kind, c.Sentence)
	}
	for _, r := range rep.Refused {
		line("held   %s (%s): %s", r.Change.Sentence, r.Code, r.Sentence)
	}
	for _, b := range rep.Plan.Blocked {
		line("not    %s (%s): %s", b.Entry, b.Code, b.Sentence)
	}
	for _, f := range rep.FailedReads {
		line("unread %s in account %s: nothing of it is judged", f.PermissionSet, f.Account)
	}
	line("%d change(s), %d held back, %d pairs read", len(rep.Plan.Changes), len(rep.Refused), rep.Read)
	return err
}
