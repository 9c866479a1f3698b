package main

import (
	"context"
	"io"
	"log/slog"
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
			"For DIR grants that are in force keep their start and all others begin now; what the bot owns is asked of the running\n" +
			"bot or read from its state file. Where neither is to be had, what is live and not in DIR is shown as what may be removed.\n" +
			"Exit code 0: nothing to change; 1: changes, or removals that depend on what the bot owns; 2: wrong use.",
		Args: takes(argument{name: "DIR", what: "the folder with a config repo", optional: true}),
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
	p, shown := p.tells(func(io.Writer) telling { return silence{} })
	defer shown.end()
	var v viewed
	if len(args) == 1 {
		v, err = planDir(ctx, p, set, args[0], shown.told)
	} else {
		err = withOperations(ctx, set, p, mustExist, func(o operations) error {
			if v.Report, err = o.Plan(ctx, shown.told); err != nil {
				return err
			}
			f, err := o.Footing(ctx)
			v.repo = f.Repo
			return err
		})
	}
	if err != nil {
		return err
	}
	shown.end()
	return show(p, v, asJSON)
}

// due counts what a report says is not as it should be.
func due(rep provision.Report) int {
	return len(rep.Plan.Changes) + len(rep.Plan.Waiting) + len(rep.Plan.Drift) + len(rep.Refused) + len(rep.FailedReads) + dueSets(rep.Sets)
}

// Plan implements operations: a pass of an engine of its own, with what the
// bot owns, on a store that goes with it.
func (b *bot) Plan(ctx context.Context, told func(provision.Progress)) (provision.Report, error) {
	kept := store.NewProvision(b.db)
	owned, err := kept.Owned(ctx)
	if err != nil {
		return provision.Report{}, err
	}
	sets, err := kept.Sets(ctx)
	if err != nil {
		return provision.Report{}, err
	}
	memory, err := owning(ctx, owned, sets)
	if err != nil {
		return provision.Report{}, err
	}
	rep, err := dryRun(ctx, b.out, b.git, places{b}, memory, b.log, told)
	return rep, untrusted(err, "plan")
}

// dryRun plans with writing switched off, and asks Entra whom the grants reach.
// That writing is off is no finding.
func dryRun(ctx context.Context, out *outside, commits access.Commits, accounts provision.Places, db store.DB, log *slog.Logger, told func(provision.Progress)) (provision.Report, error) {
	engine, err := provision.New(provision.Ports{
		Center: out.center, Entra: out.entra, Accounts: out.orgs, Places: accounts, Store: store.NewProvision(db),
		Commits: commits, Clocks: out.clock, Now: time.Now, Sets: out.sets(db), Identity: out.center,
	}, provision.Options{Log: log, Sweep: -1, Sketch: true})
	if err != nil {
		return provision.Report{}, err
	}
	var rep provision.Report
	err = engine.Watched(ctx, told, func(ctx context.Context) error {
		if rep, err = settled(ctx, engine); err == nil {
			rep.Warnings, err = engine.Survey(ctx)
		}
		return err
	})
	for i := range rep.Sets {
		if s := &rep.Sets[i]; s.Code == provision.CodeDisabled {
			s.Code, s.Sentence = "", ""
		}
	}
	rep.Refused = slices.DeleteFunc(rep.Refused, func(r provision.Refused) bool { return r.Code == provision.CodeDisabled })
	return rep, err
}

// planDir plans for a config repo on disk, with what the bot owns if that can
// be known.
func planDir(ctx context.Context, p program, set *settings.Settings, dir string, told func(provision.Progress)) (viewed, error) {
	repo, err := validDir("plan", dir)
	if err != nil {
		return viewed{}, err
	}
	out, err := connect(ctx, set, func() (string, error) { return repo.Access.EntraApp, nil }, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return viewed{}, err
	}
	v := viewed{dir: dir, repo: repo}
	var known footing
	err = withOperations(ctx, set, p, mustExist, func(o operations) error {
		known, err = o.Footing(ctx)
		return err
	})
	if err != nil {
		v.blind = err.Error()
		p.logger(false).Warn("what the bot owns is not known: what is live and not in the folder may be removed", "error", err)
	}
	now := time.Now()
	v.before = known.Repo
	force := access.InForce{Commit: dir, Repo: repo, Starts: config.NextStarts(known.Repo, repo, known.Starts, config.Start{MergedAt: now, AskedAt: now})}
	memory, err := owning(ctx, known.Owned, known.Sets)
	if err != nil {
		return viewed{}, err
	}
	v.Report, err = dryRun(ctx, out, onDisk{force}, nil, memory, p.logger(false), told)
	return v, err
}

// Bounds of a plan: what cannot be read for so long that nothing more comes to
// light is shown as waiting.
const (
	planPatience = 60 * time.Second
	planEvery    = time.Second
)

// settled makes passes until everything that the plan needs was read, or nothing
// more comes to light.
func settled(ctx context.Context, engine *provision.Engine) (provision.Report, error) {
	tick := time.NewTicker(planEvery)
	defer tick.Stop()
	began := time.Now()
	least, heard := -1, began
	for {
		rep, err := engine.SyncSince(ctx, began) // what was read is not read again
		left := len(rep.Plan.Waiting)
		if err != nil || left == 0 {
			return rep, err
		}
		if least < 0 || left < least {
			least, heard = left, time.Now()
		}
		if rep.Unlooked != nil || time.Since(heard) >= planPatience {
			return rep, nil
		}
		select {
		case <-ctx.Done():
			return rep, ctx.Err()
		case <-tick.C:
		}
	}
}

// onDisk is a config repo that is in force for one plan.
type onDisk struct{ force access.InForce }

// InForce implements access.Commits.
func (d onDisk) InForce(context.Context) (access.InForce, error) { return d.force, nil }
