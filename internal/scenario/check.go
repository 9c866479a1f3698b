package scenario

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
)

// Evidence is what a scenario left behind.
type Evidence struct {
	Verdicts Verdicts
	// Marks are the moments that the table's verdicts may name.
	Marks map[string]time.Time
	// State is the sandbox's, whole, and Journal all of its request log with
	// bodies.
	State   sandbox.State
	Journal []emukit.Entry
	// Repo reads the config repo at a commit.
	Repo func(sha string) (*config.Repo, error)
	// Settled is the number of the journal's entry after which nothing may be
	// written; zero means that this is not asked.
	Settled int64
	// Secrets may be seen nowhere. Log is what the bot printed.
	Secrets []string
	Log     string
}

// Rule names what a finding breaks.
type Rule string

// The rules.
const (
	RuleVerdict    Rule = "verdict-missing"
	RuleCreate     Rule = "create-unexplained"
	RuleAssign     Rule = "assign-unexplained"
	RuleUnassign   Rule = "unassign-unexplained"
	RuleDemand     Rule = "demand-unexplained"
	RuleOtherWrite Rule = "write-unknown"
	RuleDelete     Rule = "delete-not-owned"
	RuleDesired    Rule = "delete-desired"
	RuleProtected  Rule = "delete-protected"
	RuleManagement Rule = "management-account"
	RuleLive       Rule = "live-too-early"
	RuleEnded      Rule = "ended-too-early"
	RulePull       Rule = "pull-doubled"
	RuleComment    Rule = "comment-doubled"
	RuleMessage    Rule = "message-doubled"
	RuleRoot       Rule = "root-missing"
	RuleSecret     Rule = "secret-seen"
	RuleRestless   Rule = "second-sync-writes"
	RuleSet        Rule = "set-unexplained"
	RuleAccount    Rule = "account-unexplained"
	RuleWords      Rule = "words-of-another-platform"
	RuleCard       Rule = "card-not-shown"
)

// Finding is a rule that was broken.
type Finding struct {
	Rule Rule
	Text string
}

// Check judges the evidence. It returns an error if it cannot: a good commit
// that cannot be read, or a body that makes no sense.
func Check(ev Evidence) ([]Finding, error) {
	c := &checker{ev: ev, sets: map[string]string{}, principals: map[string]config.Principal{}, earlier: map[string]bool{}, apps: map[string]string{}}
	c.names()
	if err := c.line(); err != nil {
		return nil, err
	}
	c.covered()
	if err := c.writes(); err != nil {
		return nil, err
	}
	if err := c.told(); err != nil {
		return nil, err
	}
	c.once()
	c.teams()
	c.hubWords()
	c.secrets()
	return c.found, nil
}

// checker holds what one Check has found so far.
type checker struct {
	ev Evidence
	// sets has the names of permission sets by ARN, principals those of the
	// identity store by id, and earlier the ids among them that it has no more.
	sets       map[string]string
	principals map[string]config.Principal
	earlier    map[string]bool
	// apps has the users and groups that the bot assigned to the enterprise
	// application, by the id of that assignment.
	apps   map[string]string
	epochs []epoch
	found  []Finding
}

func (c *checker) add(rule Rule, format string, args ...any) {
	c.found = append(c.found, Finding{rule, fmt.Sprintf(format, args...)})
}

// names learns the ids of AWS.
func (c *checker) names() {
	st := c.ev.State.AWS
	for _, s := range st.PermissionSets {
		c.sets[s.ARN] = s.Name
	}
	for _, g := range st.Groups {
		c.principals[g.ID] = config.Principal{Kind: config.GroupPrincipal, ID: g.ExternalID}
	}
	for _, u := range st.Users {
		c.principals[u.ID] = config.Principal{Kind: config.UserPrincipal, ID: u.ExternalID}
	}
	for _, e := range c.ev.Journal {
		c.formerGroup(e)
	}
}

// formerGroup learns the id of a group that was deleted since the bot read it.
func (c *checker) formerGroup(e emukit.Entry) {
	var g struct {
		ID       string `json:"GroupId"`
		External []struct {
			ID string `json:"Id"`
		} `json:"ExternalIds"`
	}
	if e.Service != "aws" || e.Op != "DescribeGroup" || json.Unmarshal([]byte(e.Response), &g) != nil || len(g.External) == 0 {
		return
	}
	if _, present := c.principals[g.ID]; !present {
		c.principals[g.ID] = config.Principal{Kind: config.GroupPrincipal, ID: g.External[0].ID}
		c.earlier[g.ID] = true
	}
}

// lag is how long after a newer good commit the bot may still act on the one
// before: it may not have looked yet. The scenarios poll every 10 s.
const lag = 15 * time.Second

// epoch is the time from which a good commit may be in force.
type epoch struct {
	since  time.Time
	sha    string
	repo   *config.Repo
	starts config.Starts
}

// line puts the good commits in the order in which they may come into force.
func (c *checker) line() error {
	v := c.ev.Verdicts
	hub := c.ev.State.GitHub.Repos[0]
	commits := map[string]githubemu.CommitState{}
	for _, x := range hub.Commits {
		commits[x.SHA] = x
	}
	add := func(v Verdict, sha string, at time.Time) error {
		if !v.Good {
			return nil
		}
		since := at
		if v.From != "" {
			var ok bool
			if since, ok = c.ev.Marks[v.From]; !ok {
				return fmt.Errorf("verdict of commit %s: there is no mark %q", sha, v.From)
			}
		}
		return c.enter(epoch{since: since, sha: sha}, at)
	}
	// A rewritten branch does not have the seed any more; its time is no matter.
	if err := add(v.Seed, c.ev.State.SeedCommit, commits[c.ev.State.SeedCommit].At); err != nil {
		return err
	}
	var moments []moment
	for _, p := range hub.Pulls {
		if p.Merged != nil {
			moments = append(moments, moment{v.Pulls[p.Number], p.MergeSHA, *p.Merged})
		}
	}
	for _, x := range hub.Commits {
		if one, ok := v.Commits[headline(x)]; ok {
			moments = append(moments, moment{one, x.SHA, x.At})
		}
	}
	slices.SortStableFunc(moments, func(a, b moment) int { return a.at.Compare(b.at) })
	for _, m := range moments {
		if err := add(m.verdict, m.sha, m.at); err != nil {
			return err
		}
	}
	return nil
}

// moment is when something came onto the default branch.
type moment struct {
	verdict Verdict
	sha     string
	at      time.Time
}

func headline(c githubemu.CommitState) string {
	line, _, _ := strings.Cut(c.Message, "\n")
	return line
}

// enter appends an epoch; merged is when its new grants start.
func (c *checker) enter(e epoch, merged time.Time) error {
	var err error
	if e.repo, err = c.ev.Repo(e.sha); err != nil {
		return fmt.Errorf("good commit %s: %w", e.sha, err)
	}
	var before *config.Repo
	var known config.Starts
	if n := len(c.epochs); n > 0 {
		before, known = c.epochs[n-1].repo, c.epochs[n-1].starts
		if e.since.Before(c.epochs[n-1].since) {
			e.since = c.epochs[n-1].since
		}
	}
	e.starts = config.NextStarts(before, e.repo, known, config.Start{MergedAt: merged})
	c.epochs = append(c.epochs, e)
	return nil
}

// forces returns the epochs that the bot may act on at a time, the newest last.
func (c *checker) forces(at time.Time) []epoch {
	var out []epoch
	for i, e := range c.epochs {
		over := i+1 < len(c.epochs) && c.epochs[i+1].since.Add(lag).Before(at)
		if !e.since.After(at) && !over {
			out = append(out, e)
		}
	}
	return out
}

// covered wants a verdict on everything that came onto the branch.
func (c *checker) covered() {
	hub := c.ev.State.GitHub.Repos[0]
	known := map[string]bool{c.ev.State.SeedCommit: true}
	for _, p := range hub.Pulls {
		if p.Merged == nil {
			continue
		}
		known[p.MergeSHA] = true
		if _, ok := c.ev.Verdicts.Pulls[p.Number]; !ok {
			c.add(RuleVerdict, "pull request %d was merged and has no line", p.Number)
		}
	}
	for _, x := range hub.Commits {
		if _, ok := c.ev.Verdicts.Commits[headline(x)]; !ok && !known[x.SHA] {
			c.add(RuleVerdict, "commit %s (%s) is on the branch and has no line", x.SHA, headline(x))
		}
	}
	for n := range c.ev.Verdicts.Pulls {
		if !slices.ContainsFunc(hub.Pulls, func(p githubemu.PullState) bool { return p.Number == n && p.Merged != nil }) {
			c.add(RuleVerdict, "pull request %d has a line and was not merged", n)
		}
	}
	slices.SortStableFunc(c.found, func(a, b Finding) int { return cmp.Compare(a.Text, b.Text) })
}
