package main

import (
	"fmt"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/review"
	"aws-access-bot/internal/provision"
)

// viewed is a pass with what people know its ids by.
type viewed struct {
	provision.Report
	// repo is the config that was planned for, before the one in force; either
	// is nil when it is not known.
	repo, before *config.Repo
	// dir is the config repo on disk that was planned for, or "".
	dir string
	// blind is why it is not known what the bot owns, or "".
	blind string
	// work is how the operations of a sync went, and after the pass at their
	// end; both are nil when there were none.
	work  *provision.Work
	after *provision.Report
}

// show prints a pass. What is not as it should be is a finding.
func show(p program, v viewed, asJSON bool) error {
	var err error
	if asJSON {
		err = p.printJSON(v.report())
	} else {
		err = printLines(p, v.lines())
	}
	if err != nil {
		return err
	}
	left := v.Report
	if v.after != nil {
		left = *v.after
		left.Sets = v.Sets
	}
	if n := due(left) + len(v.maybe()); n > 0 {
		return findings{fmt.Errorf("%d changes", len(left.Plan.Changes))}
	}
	return nil
}

// planReport is a pass for machines.
type planReport struct {
	provision.Report
	// OwnershipUnknown says why it is not known what the bot owns; it is absent
	// when that is known. Then RemovedIfOwned is what would be removed if the bot
	// owned it, and the plan has none of it.
	OwnershipUnknown string            `json:"ownership_unknown,omitempty"`
	RemovedIfOwned   []provision.Extra `json:"removed_if_owned,omitempty"`
	// Operations is how those of a sync went; absent when there were none.
	Operations *provision.Work `json:"operations,omitempty"`
}

func (v viewed) report() planReport {
	return planReport{Report: v.Report, OwnershipUnknown: v.blind, RemovedIfOwned: v.maybe(), Operations: v.work}
}

// lines are a pass for people.
func (v viewed) lines() []string {
	var out []string
	line := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	line("commit %s", v.Commit)
	if v.blind != "" {
		line("note   what the bot owns is not known (%s); what %s no longer has in an account at all is not read", v.blind, v.dir)
	}
	for _, c := range v.Plan.Changes {
		line("%-6s %s", c.Kind, c.Sentence)
	}
	for _, r := range v.Refused {
		line("held   %s (%s): %s", r.Change.Sentence, r.Code, r.Sentence)
	}
	for _, x := range v.Plan.Waiting {
		line("wait   %s %s (%s)", x.Kind, v.assignment(x.Assignment), x.Code)
	}
	for _, d := range v.Plan.Drift {
		line("drift  %s", d.Sentence)
	}
	for _, x := range v.Plan.Extra {
		line("extra  %s", v.extra(x))
	}
	for _, b := range v.Plan.Blocked {
		entry := b.Entry
		if b.Assignment != nil {
			entry = v.assignment(*b.Assignment)
		}
		line("not    %s (%s): %s", entry, b.Code, b.Sentence)
	}
	for _, w := range v.Warnings {
		line("warn   %s (%s)", w.Sentence, w.Code)
	}
	if u := v.Unlooked; u != nil {
		line("wait   %d group(s) and user(s) could not be looked for in Identity Center: %s. Run the command again", len(u.Principals), u.Why)
	}
	out = append(out, v.setLines()...)
	for _, f := range v.FailedReads {
		line("unread %s in %s: nothing of it is judged", f.PermissionSet, v.account(f.Account))
	}
	for _, f := range v.FailedPrincipals {
		line("unread all of the %s %s: nothing of it is judged", f.Kind, f.PrincipalID)
	}
	if c := v.Check; c != nil {
		line("read   %s", readingText(*c))
	}
	last := fmt.Sprintf("%d change(s), %d held back, %s read", len(v.Plan.Changes), len(v.Refused), readText(v.Report))
	if n := dueSets(v.Sets); n > 0 {
		last += fmt.Sprintf("; %d step(s) and finding(s) of permission sets", n)
	}
	if n := len(v.maybe()); n > 0 {
		last += fmt.Sprintf("; %d more would be removed if the bot owns them", n)
	}
	if out = append(out, last); v.work != nil {
		out = append(out, "AWS: "+workText(*v.work))
	}
	return out
}

// readText counts what was read.
func readText(r provision.Report) string {
	if r.Check != nil && r.Check.Principals > 0 {
		return fmt.Sprintf("%d principals and pairs", r.Read)
	}
	return fmt.Sprintf("%d pairs", r.Read)
}

// readingText says how a check was read, what that cost, and what it cannot
// show.
func readingText(c provision.Choice) string {
	cost := fmt.Sprintf("%d call(s) to Identity Center, %d estimated", c.Made, c.Estimated)
	if c.Way == provision.ByPair {
		if c.PrincipalsAlone > 0 {
			return fmt.Sprintf("by pair: %s; by principal it would be %d", cost, c.PrincipalsAlone)
		}
		return "by pair: " + cost
	}
	return fmt.Sprintf("by principal, %d principal(s) and %d pair(s): %s; by pair it would be %d. What others have in the same accounts is not in it",
		c.Principals, c.Pairs, cost, c.PairsAlone)
}

// maybe are what would be removed if the bot owned it, which is not known.
func (v viewed) maybe() []provision.Extra {
	if v.blind == "" {
		return nil
	}
	return v.Plan.Extra
}

// extra says what is live, is not to be and is not known to be the bot's.
func (v viewed) extra(x provision.Extra) string {
	what := fmt.Sprintf("%s in %s for %s", x.Pair.PermissionSet, v.account(x.Pair.Account), v.who(x))
	switch {
	case v.dir == "":
		return what + ": no verified commit declares it, and the bot does not own it; it is left alone"
	case v.blind != "":
		return what + ": not in " + v.dir + "; would be removed if the bot owns it"
	default:
		return what + ": not in " + v.dir + ", and the bot does not own it; it is left alone"
	}
}

// who names whose a live assignment is.
func (v viewed) who(x provision.Extra) string {
	switch {
	case x.Principal != nil:
		return v.principal(*x.Principal)
	case x.Live.Kind == config.UserPrincipal:
		return "a single user (" + x.Live.PrincipalID + " in the identity store)"
	default:
		return "a group that the config repo does not have (" + x.Live.PrincipalID + " in the identity store)"
	}
}

func (v viewed) account(id string) string {
	if name := review.AccountName(id, v.before, v.repo); name != id {
		return name
	}
	return "account " + id
}

func (v viewed) principal(p config.Principal) string {
	return review.PrincipalName(p, v.before, v.repo)
}

func (v viewed) assignment(a config.Assignment) string {
	return fmt.Sprintf("%s in %s for %s", a.PermissionSet, v.account(a.Account), v.principal(a.Principal))
}
