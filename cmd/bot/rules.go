package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/gitops/whatif"

	"github.com/spf13/cobra"
)

func rulesCommand(p program) *cobra.Command {
	c := &cobra.Command{
		Use: "rules", Short: "Ask the approval rules of a config repo",
		Long: "Rules asks the approval rules of a config repo on disk what they would decide.\nIt changes nothing.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError{fmt.Errorf("unknown command %q for rules; there are simulate and replay", args[0])}
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(simulateCommand(p), replayCommand(p))
	return c
}

// simulateFlags are what a request is.
type simulateFlags struct {
	request, as string
	asJSON      bool
}

func simulateCommand(p program) *cobra.Command {
	var f simulateFlags
	c := &cobra.Command{
		Use: "simulate DIR --request LINE", Short: "Say which rule would decide a request, and who could approve it",
		Long: "Simulate reads a request as chat does, like \"payments-dev PowerUserAccess for aws-payments-dev 4h\",\n" +
			"and says which rule of the config repo in DIR decides it, why those before it do not, and who could approve it.\n" +
			"Times are in UTC. Who is in a team or group is not known offline, and said to be so.\n" +
			"Exit code 0: somebody could approve it; 1: nobody could; 2: wrong use.",
		Args: takes(repoFolder()),
		RunE: func(c *cobra.Command, args []string) error {
			if f.request == "" {
				return misused(c, errors.New(`which request? Write --request "<account> <permission-set> for <group> [4h]"`))
			}
			if err := notEmpty(c, "as"); err != nil {
				return err
			}
			return simulate(p, args[0], f)
		},
	}
	c.Flags().StringVar(&f.request, "request", "", `"<account> <permission-set> for <group>|me [4h|7d|until 2026-12-24|standing] [<reason>]"`)
	c.Flags().StringVar(&f.as, "as", "", "e-mail address of who asks, with an entry in people.yaml or without one")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print JSON")
	return c
}

func simulate(p program, dir string, f simulateFlags) error {
	repo, err := validDir("rules simulate", dir)
	if err != nil {
		return err
	}
	ask, err := askOf(repo, f, time.Now())
	if err != nil {
		return usageError{err}
	}
	s := whatif.Simulate(repo, ask)
	if f.asJSON {
		err = p.printJSON(s)
	} else {
		err = printLines(p, simulationLines(s))
	}
	if err == nil && !s.Possible {
		return findings{errors.New("nobody could approve it")}
	}
	return err
}

// validDir reads a config repo for a subcommand, verb, which wants no problems.
func validDir(verb, dir string) (*config.Repo, error) {
	repo, problems, err := loadDir(verb, dir)
	if err != nil {
		return nil, err
	}
	if repo == nil {
		return nil, fmt.Errorf("%w\n%d problem(s); see 'bot check %s'", problems, len(problems), dir)
	}
	return repo, nil
}

// askOf reads a request line as chat does, and finds what it names.
func askOf(repo *config.Repo, f simulateFlags, now time.Time) (whatif.Ask, error) {
	words := strings.Fields(f.request)
	if len(words) > 0 && strings.EqualFold(words[0], "request") {
		words = words[1:]
	}
	cmd, err := chat.Parse("request "+strings.Join(words, " "), time.UTC, now)
	if err != nil {
		return whatif.Ask{}, err
	}
	line := cmd.Request
	a := whatif.Ask{Term: line.Term, Reason: line.Reason, At: now}
	if a.Account, err = access.AccountNamed(repo, line.Account); err != nil {
		return a, offline(err, "account", slices.Collect(maps.Keys(repo.Accounts)))
	}
	if a.PermissionSet, err = access.SetNamed(repo, line.PermissionSet); err != nil {
		return a, offline(err, "permission set", access.PermissionSets(repo))
	}
	if !strings.EqualFold(line.Group, "me") {
		if a.Group, err = access.GroupNamed(repo, line.Group); err != nil {
			return a, offline(err, "group", slices.Collect(maps.Keys(repo.Groups)))
		}
	}
	if f.as == "" {
		return a, nil
	}
	by, ok := repo.PersonByEmail(f.as)
	if address, err := mail.ParseAddress(f.as); !ok && (err != nil || address.Address != f.as) {
		return a, fmt.Errorf("--as %s: that is no e-mail address%s", f.as, nearest(f.as, emails(repo)))
	}
	if !ok {
		by = &config.Person{Email: f.as} // who asks needs no entry
	}
	a.By = by
	return a, nil
}

// offline is a refusal as it is said on the command line, where there is no
// form to pick from.
func offline(err error, what string, known []string) error {
	var r *access.Refusal
	if !errors.As(err, &r) {
		return err
	}
	if strings.HasPrefix(r.Mend, "Did you mean") || strings.HasPrefix(r.Mend, "Write one of") {
		return r
	}
	return fmt.Errorf("%s There is: %s", r.Message, strings.Join(slices.Sorted(slices.Values(known)), ", "))
}

func nearest(name string, among []string) string {
	near := config.Nearest(name, among)
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(near, ", ") + "?"
}

func emails(repo *config.Repo) []string {
	var out []string
	for _, p := range repo.People.People {
		out = append(out, p.Email)
	}
	return out
}

// simulationLines are a simulation for people.
func simulationLines(s whatif.Simulation) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	add("%s", requestLine(s))
	for _, e := range s.Earlier {
		add("  not %q: %s", e.Rule, e.Why)
	}
	if s.Rule == "" {
		add("no rule decides")
	} else {
		add("%q decides (%s:%d)", s.Rule, s.RuleAt.File, s.RuleAt.Line)
		add("  may ask: %s", mayAskText(s))
	}
	if s.Reason != "" {
		add("  reason: %s", s.Reason)
	}
	if s.Auto != "" {
		add("  without an approval: %s", s.Auto)
	}
	for _, st := range s.Steps {
		add("  needs %s", st.Text())
	}
	for _, x := range s.Excluded {
		add("  not %s (%s), who asks", x.Login, x.Email)
	}
	for _, r := range s.Refused {
		add("refused: %s", r)
	}
	for _, u := range s.Unknown {
		add("not known here: %s", u)
	}
	if s.Possible {
		add("it can be approved")
	} else {
		add("nobody could approve it")
	}
	for _, m := range s.Mends {
		add("  %s", m)
	}
	return out
}

func requestLine(s whatif.Simulation) string {
	text := fmt.Sprintf("%s in %s for %s", s.PermissionSet, s.Account, s.Principal)
	switch {
	case s.Defaulted:
		text += ", " + s.Term + " (the rule's default)"
	case s.Term != "":
		text += ", " + s.Term
	}
	if s.By != "" {
		text += ", asked by " + s.By
	}
	return text
}

func mayAskText(s whatif.Simulation) string {
	if len(s.AskersOf) == 0 {
		return "anybody"
	}
	return fmt.Sprintf("only %s; here: %s", strings.Join(s.AskersOf, ", "), s.MayAsk)
}

// replayFlags are what is replayed, and how it is shown.
type replayFlags struct {
	since, settings string
	all, asJSON     bool
}

func replayCommand(p program) *cobra.Command {
	var f replayFlags
	c := &cobra.Command{
		Use: "replay DIR", Short: "Say which past requests a changed rule book would decide differently",
		Long: "Replay takes the requests of the running bot, or of its state file, and compares how the config in force\n" +
			"decides them with how the config repo in DIR would: the rule, whether it would be refused, and whether those\n" +
			"who approved would be enough. Of teams it knows what was read when the request was decided.\n" +
			"Exit code 0: all alike; 1: some would be decided differently; 2: wrong use.",
		Args: takes(repoFolder()),
		RunE: func(c *cobra.Command, args []string) error { return replay(c.Context(), p, args[0], f) },
	}
	settingsFlag(c, &f.settings)
	c.Flags().StringVar(&f.since, "since", "90d", "how far back, like 12h or 90d")
	c.Flags().BoolVar(&f.all, "all", false, "show the requests that are decided alike too")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print JSON")
	return c
}

func replay(ctx context.Context, p program, dir string, f replayFlags) error {
	back, err := config.ParseDuration(f.since)
	if err != nil {
		return usageError{fmt.Errorf("--since %s: %w", f.since, err)}
	}
	changed, err := validDir("rules replay", dir)
	if err != nil {
		return err
	}
	set, err := loadSettings(f.settings, p)
	if err != nil {
		return err
	}
	var h history
	err = withOperations(ctx, set, p, mustExist, func(o operations) error {
		h, err = o.History(ctx, time.Now().Add(-back))
		return err
	})
	if err != nil {
		return err
	}
	out := whatif.Replay(h.Repo, changed, h.Requests)
	total := len(out.Requests)
	if !f.all {
		out.Requests = slices.DeleteFunc(out.Requests, func(c whatif.Compared) bool { return len(c.Differences) == 0 })
	}
	if f.asJSON {
		err = p.printJSON(replayed{out, total, h.Commit})
	} else {
		err = printLines(p, replayLines(replayed{out, total, h.Commit}))
	}
	if err == nil && out.Different > 0 {
		return findings{fmt.Errorf("%d decided differently", out.Different)}
	}
	return err
}

// replayed is the JSON answer of replay.
type replayed struct {
	whatif.Replayed
	Total int `json:"total"`
	// InForce is the commit that DIR is compared with.
	InForce string `json:"in_force"`
}

// pastText says what became of a request.
func pastText(p whatif.Past) string {
	if len(p.Rules) == 0 {
		return p.State
	}
	return fmt.Sprintf("%s; decided by %s", p.State, strings.Join(p.Rules, ", "))
}

// replayLines are a replay for people.
func replayLines(r replayed) []string {
	var out []string
	for _, c := range r.Requests {
		line := fmt.Sprintf("%s  %s  %s in %s for %s, %s (%s)", c.Past.ID, c.Past.AskedAt.UTC().Format(time.DateOnly),
			c.Past.Assignment.PermissionSet, c.Past.Account, c.Past.Principal, c.Past.Term, pastText(c.Past))
		if len(c.Differences) == 0 {
			line += ": decided alike"
		}
		out = append(out, line)
		for _, d := range c.Differences {
			out = append(out, "  "+d)
		}
	}
	return append(out, fmt.Sprintf("%d of %d request(s) decided differently: %d would be refused, %d would want other approvals, %d cannot be told", r.Different, r.Total, r.Refused, r.Unapproved, r.Unknown))
}
