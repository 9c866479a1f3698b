package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/settings"
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
		rep, err = planDir(ctx, p, set, args[0])
	} else {
		err = withOperations(ctx, set, p, mustExist, func(o operations) error {
			rep, err = o.Plan(ctx)
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
	if err == nil && due(rep) > 0 {
		return findings{fmt.Errorf("%d changes", len(rep.Plan.Changes))}
	}
	return err
}

// due counts what a report says is not as it should be.
func due(rep provision.Report) int {
	return len(rep.Plan.Changes) + len(rep.Plan.Waiting) + len(rep.Plan.Drift) + len(rep.Refused) + len(rep.FailedReads)
}

// Plan implements operations: a pass of an engine of its own, with what the
// bot owns, on a store that goes with it.
func (b *bot) Plan(ctx context.Context) (provision.Report, error) {
	owned, err := store.NewProvision(b.db).Owned(ctx)
	if err != nil {
		return provision.Report{}, err
	}
	memory := store.NewMemory()
	err = memory.Update(ctx, "plan", func(tx store.Tx) error { return store.MarkOwned(tx, "", owned) })
	if err != nil {
		return provision.Report{}, err
	}
	return dryRun(ctx, b.out, b.git, memory, b.log)
}

// dryRun plans with writing switched off. That writing is off is no finding.
func dryRun(ctx context.Context, out *outside, commits access.Commits, db store.DB, log *slog.Logger) (provision.Report, error) {
	engine, err := provision.New(provision.Ports{
		Center: out.center, Entra: out.entra, Accounts: out.orgs, Store: store.NewProvision(db),
		Commits: commits, Clocks: out.clock, Now: time.Now,
	}, provision.Options{Log: log})
	if err != nil {
		return provision.Report{}, err
	}
	rep, err := settled(ctx, engine)
	rep.Refused = slices.DeleteFunc(rep.Refused, func(r provision.Refused) bool { return r.Code == provision.CodeDisabled })
	return rep, err
}

// planDir plans for a config repo on disk.
func planDir(ctx context.Context, p program, set *settings.Settings, dir string) (provision.Report, error) {
	repo, err := config.Load(os.DirFS(dir))
	var problems config.Problems
	if errors.As(err, &problems) {
		return provision.Report{}, fmt.Errorf("%w\n%d problem(s); see 'bot check %s'", err, len(problems), dir)
	}
	if err != nil {
		return provision.Report{}, usageError{err}
	}
	out, err := connect(ctx, set, func() (string, error) { return repo.Access.EntraApp, nil })
	if err != nil {
		return provision.Report{}, err
	}
	force := access.InForce{Commit: dir, Repo: repo, Starts: startAll(repo, time.Now())}
	return dryRun(ctx, out, onDisk{force}, store.NewMemory(), p.logger(false))
}

// Bounds of a plan: what cannot be looked up in that time is shown as waiting.
const (
	planTimeout = 60 * time.Second
	planEvery   = 200 * time.Millisecond
)

// settled makes passes until everything that the plan needs was looked up.
func settled(ctx context.Context, engine *provision.Engine) (provision.Report, error) {
	run, stop := context.WithTimeout(ctx, planTimeout)
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(run) }()
	defer func() { stop(); <-ended }()
	tick := time.NewTicker(planEvery)
	defer tick.Stop()
	for {
		rep, err := engine.Sync(ctx)
		if err != nil || len(rep.Plan.Waiting) == 0 {
			return rep, err
		}
		select {
		case <-run.Done():
			return rep, ctx.Err()
		case <-tick.C:
		}
	}
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
	for _, x := range rep.Plan.Waiting {
		line("wait   %s %s (%s)", x.Kind, x.Assignment, x.Code)
	}
	for _, d := range rep.Plan.Drift {
		line("drift  %s", d.Sentence)
	}
	for _, x := range rep.Plan.Extra {
		line("extra  %s in account %s has an assignment that no verified commit declares (%s %s); it is left alone", x.Pair.PermissionSet, x.Pair.Account, x.Live.Kind, x.Live.PrincipalID)
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
