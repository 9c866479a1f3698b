package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"aws-access-bot/config"

	"github.com/spf13/cobra"
)

func checkCommand(p program) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check DIR",
		Short: "Check a config repo offline",
		Long:  "Check reads a config repo as the bot does and lists every problem with file, line, column and the mend.\nExit code 0: no problem; 1: problems; 2: wrong use.",
		Args:  exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return check(p, args[0], asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the problems as JSON")
	return c
}

// checked is the JSON answer of check.
type checked struct {
	Good        bool             `json:"good"`
	Problems    []config.Problem `json:"problems"`
	Accounts    int              `json:"accounts"`
	Groups      int              `json:"groups"`
	Users       int              `json:"users"`
	Assignments int              `json:"assignments"`
}

func check(p program, dir string, asJSON bool) error {
	info, err := os.Stat(dir)
	if err != nil {
		return usageError{fmt.Errorf("check %s: %w", dir, err)}
	}
	if !info.IsDir() {
		return usageError{fmt.Errorf("check %s: not a folder", dir)}
	}
	repo, err := config.Load(os.DirFS(dir))
	var problems config.Problems
	if err != nil && !errors.As(err, &problems) {
		return fmt.Errorf("check %s: %w", dir, err)
	}
	out := checked{Good: err == nil, Problems: []config.Problem(problems)}
	if repo != nil {
		out.Accounts, out.Groups, out.Users = len(repo.Accounts), len(repo.Groups), len(repo.Users)
		out.Assignments = len(repo.Desired(startAll(repo, time.Now()), time.Now()))
	}
	if asJSON {
		err = p.printJSON(out)
	} else {
		err = printChecked(p, out)
	}
	if err == nil && !out.Good {
		return findings{fmt.Errorf("%d problems", len(problems))}
	}
	return err
}

// startAll has every grant begin now: what the repo would grant if it were
// merged at this moment.
func startAll(repo *config.Repo, now time.Time) config.Starts {
	starts := config.Starts{}
	for _, g := range repo.Grants() {
		starts[g.Key] = config.Start{MergedAt: now, AskedAt: now}
	}
	return starts
}

func printChecked(p program, c checked) error {
	for _, x := range c.Problems {
		if _, err := fmt.Fprintln(p.stdout, x); err != nil {
			return err
		}
	}
	if !c.Good {
		_, err := fmt.Fprintf(p.stdout, "%d problem(s)\n", len(c.Problems))
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "good: %d accounts, %d groups, %d users, %d assignments\n", c.Accounts, c.Groups, c.Users, c.Assignments)
	return err
}
