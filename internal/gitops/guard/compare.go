package guard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Compare says where what was seen is weaker than what is wanted, or hidden,
// sorted by code.
func Compare(s Seen, w Want) []Finding {
	c := &comparison{want: w, about: map[string]bool{}}
	c.branch(s)
	c.requests(s)
	slices.SortFunc(c.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.About, b.About))
	})
	return c.found
}

// comparison gathers findings.
type comparison struct {
	want  Want
	found []Finding
	about map[string]bool // keys of what was found
}

// add notes a finding, once.
func (c *comparison) add(code Code, about, sentence, mend string) {
	f := Finding{Code: code, About: about, Sentence: sentence, Mend: mend}
	if c.about[f.key()] {
		return
	}
	c.about[f.key()] = true
	c.found = append(c.found, f)
}

// branch compares the rules of the branch itself.
func (c *comparison) branch(s Seen) {
	b := c.want.Branch
	if s.Default != b {
		c.add(NotDefault, "", fmt.Sprintf("The config repo's branch %s is not the default branch, which is %s.", b, named(s.Default)),
			"Make it the default branch: pull requests go there, and rules for the default branch are about it.")
	}
	if s.ClassicHidden {
		c.add(ClassicHidden, "", "Classic protection of "+b+" is not visible to the App; rules there can only add to what is seen.",
			"Grant the App the repository permission Administration: read.")
	}
	if s.MainHidden {
		c.add(RulesHidden, b, "The rules of "+b+" are not visible to the App, so nothing is known about them.",
			"Give the App access to the repository; rules need the permission Metadata: read.")
		return
	}
	c.unclear(s.Main)
	for _, d := range append(c.demands(), c.pinned(s.Main)) {
		c.demand(s.Main, d)
	}
	for _, r := range s.Main {
		if r.Type == TypePullRequest && (r.Approvals > 0 || r.CodeOwners || r.LastPush) {
			c.add(OwnApprovals, r.Source.Name, fmt.Sprintf("The %s asks for approvals of GitHub's own kind, besides those that the check counts.", r.Source.Name),
				"Set required approvals to 0, and code owner review and approval of the last push to off: who approves is the check's business, and clean-ups by the bot need nobody.")
		}
	}
}

// demand is one thing that a rule of the branch must make sure of.
type demand struct {
	code     Code
	sentence string
	mend     string
	met      func(Rule) bool
	// given, when not nil, must hold for some rule, else the demand is moot:
	// another one says what is missing.
	given func(Rule) bool
}

func (c *comparison) demands() []demand {
	b, name := c.want.Branch, c.want.Check
	of := func(kind string) func(Rule) bool { return func(r Rule) bool { return r.Type == kind } }
	pull := of(TypePullRequest)
	return []demand{
		{PullNotRequired, b + " can be pushed to without a pull request.", "Require a pull request before merging.", pull, nil},
		{StaleKept, "Approvals outlive a push to the pull request's branch.", "Dismiss stale approvals when new commits are pushed.",
			func(r Rule) bool { return pull(r) && r.DismissStale }, pull},
		{CheckNotRequired, "The check " + name + " is not required on " + b + ".", "Require the status check " + name + ".", c.requires, nil},
		// A merge queue checks what it puts on the branch, which is better.
		{CheckNotStrict, "A branch that lies behind " + b + " can be merged.", "Require branches to be up to date before merging, together with the check, or a merge queue.",
			func(r Rule) bool { return c.requires(r) && r.Strict || r.Type == TypeQueue }, c.requires},
		{ForcePush, "The history of " + b + " can be rewritten by a force push.", "Block force pushes.", of(TypeForcePush), nil},
		{Deletion, b + " can be deleted.", "Restrict deletions.", of(TypeDeletion), nil},
	}
}

// pinned demands that the check comes from the App and nowhere else.
func (c *comparison) pinned(rules []Rule) demand {
	from := func(app int64) func(Rule) bool {
		return func(r Rule) bool { return r.Type == TypeChecks && slices.Contains(r.Checks, Check{c.want.Check, app}) }
	}
	d := demand{
		CheckOtherSource, "The check " + c.want.Check + " is taken from another App.",
		fmt.Sprintf("Choose this App (%d) as the source of the required check.", c.want.App), from(c.want.App), c.requires,
	}
	if slices.ContainsFunc(rules, from(0)) {
		d.code, d.sentence = CheckAnySource, "The check "+c.want.Check+" is taken from any source, so others can make it succeed."
	}
	return d
}

// requires reports whether a rule requires the check, from whatever source.
func (c *comparison) requires(r Rule) bool {
	return r.Type == TypeChecks && slices.ContainsFunc(r.Checks, func(k Check) bool { return k.Name == c.want.Check })
}

// demand finds the strongest source that meets a demand: one that binds
// everybody, else one that does not show whom it does not bind, else one that
// somebody may pass by.
func (c *comparison) demand(rules []Rule, d demand) {
	if d.given != nil && !slices.ContainsFunc(rules, func(r Rule) bool { return !r.Unclear && d.given(r) }) {
		return
	}
	var open, hidden []Source
	for _, r := range rules {
		switch {
		case r.Unclear || !d.met(r):
		case r.Source.Hidden:
			hidden = append(hidden, r.Source)
		case len(r.Source.Actors) > 0:
			open = append(open, r.Source)
		default:
			return
		}
	}
	switch {
	case len(hidden) > 0:
		c.hidden(hidden[0])
	case len(open) > 0:
		c.open(open[0])
	default:
		c.add(d.code, "", d.sentence, d.mend)
	}
}

func (c *comparison) hidden(s Source) {
	c.add(BypassHidden, s.Name, fmt.Sprintf("Who may bypass the %s is not visible to the App.", s.Name),
		"Look at its bypass list in the settings of the repository: it should be empty. GitHub shows it only to who may change it, which the App should not.")
}

func (c *comparison) open(s Source) {
	c.add(Bypass, s.Name, fmt.Sprintf("The %s does not bind %s.", s.Name, c.actors(s.Actors)),
		"Empty its bypass list; for classic protection, do not allow administrators to bypass it.")
}

// actors names actors for people.
func (c *comparison) actors(list []Actor) string {
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = c.actor(a)
	}
	return strings.Join(names, ", ")
}

func (c *comparison) actor(a Actor) string {
	name := a.Kind
	switch {
	case a.Kind == "Integration" && a.ID == c.want.App:
		name = "the bot's own App"
	case a.Kind == "RepositoryRole" && a.ID == 5:
		name = "administrators of the repository"
	case a.Kind == "OrganizationAdmin":
		name = "administrators of the organization"
	case a.ID != 0:
		name = fmt.Sprintf("%s %d", a.Kind, a.ID)
	}
	if a.Mode == "pull_request" {
		name += " (for pull requests)"
	}
	return name
}

func (c *comparison) unclear(rules []Rule) {
	for _, r := range rules {
		if r.Unclear {
			c.add(RuleUnknown, r.Type+" of "+r.Source.Name, fmt.Sprintf("A rule %s of the %s was not understood and is not counted.", r.Type, r.Source.Name),
				"Look at it in the settings of the repository.")
		}
	}
}

// requests compares the rules of the branches of requests: creating and
// updating them is restricted, and the App alone is exempt.
func (c *comparison) requests(s Seen) {
	p := c.want.Prefix + "**"
	if s.RequestsHidden {
		c.add(RulesHidden, p, "The rules of "+p+" are not visible to the App, so nothing is known about them.",
			"Give the App access to the repository; rules need the permission Metadata: read.")
		return
	}
	c.unclear(s.Requests)
	mend := fmt.Sprintf("Make a ruleset for %s that restricts creations and updates, with the App (%d) alone on its bypass list, always.", p, c.want.App)
	for _, kind := range []string{TypeCreation, TypeUpdate} {
		c.restricted(s.Requests, kind, mend)
	}
}

// restricted looks whether one kind of write is the App's alone.
func (c *comparison) restricted(rules []Rule, kind, mend string) {
	p := c.want.Prefix + "**"
	others, hidden, exclusive := "", "", false
	for _, r := range rules {
		if r.Unclear || r.Type != kind {
			continue
		}
		if r.Source.Hidden {
			hidden = r.Source.Name
			continue
		}
		app, rest := c.split(r.Source.Actors)
		if !app {
			c.add(RequestsClosed, r.Source.Name, fmt.Sprintf("The %s keeps the App itself from writing %s, so it cannot make pull requests.", r.Source.Name, p), mend)
		}
		if len(rest) == 0 {
			exclusive = true
		} else {
			others = fmt.Sprintf("Besides the App, %s may write %s.", c.actors(rest), p)
		}
	}
	switch {
	case exclusive:
	case hidden != "":
		c.add(RequestsHidden, hidden, fmt.Sprintf("Who may write %s besides the App is not visible: the %s does not show whom it does not bind.", p, hidden),
			"Look at its bypass list in the settings of the repository: it should have the App alone.")
	case others != "":
		c.add(RequestsOpen, "", others, mend)
	default:
		c.add(RequestsOpen, "", fmt.Sprintf("Everybody with write access may write %s.", p), mend)
	}
}

// split tells the App, if it may always pass, from the others.
func (c *comparison) split(actors []Actor) (app bool, others []Actor) {
	for _, a := range actors {
		if a.Kind == "Integration" && a.ID == c.want.App {
			app = app || a.Mode != "pull_request"
			continue
		}
		others = append(others, a)
	}
	return app, others
}

func named(branch string) string {
	if branch == "" {
		return "not known"
	}
	return branch
}
