package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/whatif"
	"aws-access-bot/internal/provision"

	"github.com/spf13/cobra"
)

// checkFlags are how a check is made and shown.
type checkFlags struct {
	against string
	strict  bool
	asJSON  bool
	github  bool
	now     string
}

func checkCommand(p program) *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check DIR",
		Short: "Check a config repo offline",
		Long: "Check reads a config repo as the bot does and lists every problem with file, line, column and the mend,\n" +
			"and as warnings what is probably not meant. With --against it also says what DIR changes against OLD,\n" +
			"whether one may follow the other, and who would have to approve.\n" +
			"Exit code 0: no problem; 1: problems, or with --strict warnings; 2: wrong use.",
		Args: takes(repoFolder()),
		RunE: func(c *cobra.Command, args []string) error {
			if err := notEmpty(c, "against", "now"); err != nil {
				return err
			}
			return check(p, args[0], f)
		},
	}
	c.Flags().BoolVar(&f.asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&f.strict, "strict", false, "let warnings count as problems")
	c.Flags().StringVar(&f.against, "against", "", "folder with the config repo that DIR is a change of")
	c.Flags().BoolVar(&f.github, "github", p.getenv("GITHUB_ACTIONS") == "true", "print annotations for GitHub Actions; on by itself there")
	c.Flags().StringVar(&f.now, "now", "", "the time to check for, like 2026-12-24T09:00:00Z (default: now)")
	return c
}

// checked is the JSON answer of check.
type checked struct {
	// Good is what the exit code says.
	Good     bool             `json:"good"`
	Problems []config.Problem `json:"problems"`
	Warnings []config.Finding `json:"warnings"`
	// Against is the change; AgainstUnjudged says why there is none though it
	// was asked for.
	Against         *whatif.Outlook `json:"against,omitempty"`
	AgainstUnjudged string          `json:"against_unjudged,omitempty"`
	Accounts        int             `json:"accounts"`
	Groups          int             `json:"groups"`
	Users           int             `json:"users"`
	Assignments     int             `json:"assignments"`
}

func check(p program, dir string, f checkFlags) error {
	now := time.Now()
	if f.now != "" {
		var err error
		if now, err = time.Parse(time.RFC3339, f.now); err != nil {
			return usageError{fmt.Errorf("--now %s: write it like 2026-12-24T09:00:00Z", f.now)}
		}
	}
	out, err := checkDir(dir, f.against, now)
	if err != nil {
		return err
	}
	out.Good = out.faults() == 0 && (!f.strict || len(out.Warnings) == 0)
	switch {
	case f.asJSON:
		err = p.printJSON(out)
	case f.github:
		err = printAnnotated(p, out, f)
	default:
		err = printLines(p, checkedLines(out, f))
	}
	if err == nil && !out.Good {
		return findings{fmt.Errorf("%d problems, %d warnings", out.faults(), len(out.Warnings))}
	}
	return err
}

// faults counts what no flag lets pass.
func (c *checked) faults() int {
	n := len(c.Problems)
	if c.Against != nil {
		n += len(c.Against.Refused)
	}
	return n
}

// checkDir finds all there is to find in a folder, and in what it changes
// against another unless that is "".
func checkDir(dir, against string, now time.Time) (checked, error) {
	out := checked{Problems: []config.Problem{}, Warnings: []config.Finding{}}
	head, problems, err := loadDir("check", dir)
	if err != nil {
		return out, err
	}
	out.Problems = append(out.Problems, problems...)
	if head != nil {
		out.Accounts, out.Groups, out.Users = len(head.Accounts), len(head.Groups), len(head.Users)
		out.Assignments = len(head.Desired(startAll(head, now), now))
		out.Warnings = append(out.Warnings, config.Lint(head, now)...)
	}
	if against == "" {
		return out, nil
	}
	base, problems, err := loadDir("check", against)
	switch {
	case err != nil:
		return out, err
	case base == nil:
		out.AgainstUnjudged = fmt.Sprintf("%s has %d problem(s) itself, so the change is not judged; see 'bot check %s'", against, len(problems), against)
	case head == nil:
		out.AgainstUnjudged = "the change is not judged until the problems are mended"
	default:
		out.Problems = append(out.Problems, config.CheckTransition(base, head)...)
		o := whatif.Against(base, head, now, provision.Foretell)
		out.Against = &o
	}
	return out, nil
}

// loadDir reads a config repo for a subcommand, verb. The
// repo is nil when it has problems.
func loadDir(verb, dir string) (*config.Repo, config.Problems, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("%s %s: %w", verb, dir, err)}
	}
	if !info.IsDir() {
		return nil, nil, usageError{fmt.Errorf("%s %s: not a folder", verb, dir)}
	}
	repo, err := config.Load(os.DirFS(dir))
	var problems config.Problems
	switch {
	case errors.As(err, &problems):
		return nil, problems, nil
	case err != nil:
		return nil, nil, fmt.Errorf("%s %s: %w", verb, dir, err)
	}
	return repo, nil, nil
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
