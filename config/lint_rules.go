package config

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// rules looks at the rules among each other and against the accounts.
func (l *linter) rules() {
	approvals := l.repo.Access.Approvals
	for i := range approvals {
		rule := &approvals[i]
		if takers := l.repo.takers(i); takers != nil {
			l.add(CodeRuleShadowed, rule.Pos, "move it before them, or remove it",
				"the rule %q never decides: whatever fits it is decided by the rule %s before it", rule.Name, quoted(takers))
		}
		if !slices.ContainsFunc(l.open(), func(a *Account) bool { return rule.Match.fitsAccount(a) }) {
			l.add(CodeRuleIdle, rule.Pos, "correct its accounts, ous or tags, or remove it",
				"the rule %q fits no account that can be granted today", rule.Name)
		}
		l.autoRisk(rule)
		l.requesters(rule)
	}
	l.uncovered()
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = `"` + n + `"`
	}
	return some(out)
}

// fitsAccount reports whether an account meets what a match asks of accounts.
func (m Match) fitsAccount(a *Account) bool {
	m.PermissionSets, m.Groups = nil, nil
	return m.fitsFacts(Case{Account: a})
}

// maxCases bounds the cases that one rule is tried with.
const maxCases = 20000

// takers returns the names of the earlier rules that leave a rule nothing to
// decide, or nil. It tries the rule with every case that its conditions can
// tell apart: where it does not ask for something, with a value that no rule
// can name.
func (r *Repo) takers(i int) []string {
	approvals := r.Access.Approvals
	takes := map[int]bool{}
	for _, c := range r.casesOf(i) {
		if !approvals[i].Match.fits(c) {
			continue
		}
		j := slices.IndexFunc(approvals[:i], func(rl Rule) bool { return rl.Match.fits(c) })
		if j < 0 {
			return nil
		}
		takes[j] = true
	}
	var names []string
	for _, j := range slices.Sorted(maps.Keys(takes)) {
		names = append(names, approvals[j].Name)
	}
	return names
}

// casesOf returns cases for a rule, none if there are too many.
func (r *Repo) casesOf(i int) []Case {
	m := r.Access.Approvals[i].Match
	accounts := r.accountsOf(m)
	sets, groups := orNone(m.PermissionSets), orNone(m.Groups)
	terms := r.termsUpTo(i)
	if len(accounts)*len(sets)*len(groups)*len(terms) > maxCases {
		return nil
	}
	var out []Case
	for _, a := range accounts {
		for _, set := range sets {
			for _, g := range groups {
				for _, t := range terms {
					out = append(out, Case{Account: a, Group: g, PermissionSet: set, Term: t})
				}
			}
		}
	}
	return out
}

// orNone returns names, or one that no rule can name.
func orNone(names []string) []string {
	if len(names) == 0 {
		return []string{""}
	}
	return names
}

// accountsOf returns the accounts that a match names, else accounts that have
// just what it asks for.
func (r *Repo) accountsOf(m Match) []*Account {
	var out []*Account
	for _, slug := range m.Accounts {
		if a, ok := r.Accounts[slug]; ok {
			out = append(out, a)
		}
	}
	if len(m.Accounts) > 0 {
		return out
	}
	for _, ou := range orNone(m.OUs) {
		out = append(out, &Account{OU: ou, Tags: m.Tags})
	}
	return out
}

// termsUpTo returns terms on both sides of every length that the rules up to
// one ask for, with the standing one.
func (r *Repo) termsUpTo(i int) []Term {
	out := []Term{{Standing: true}, {For: 1}}
	for _, rule := range r.Access.Approvals[:i+1] {
		for _, d := range []time.Duration{rule.Match.LongerThan, rule.Match.AtMost} {
			if d > 0 {
				out = append(out, Term{For: d}, Term{For: d + 1})
			}
		}
	}
	return out
}

// mighty are AWS managed policies that let their holder do, or give himself,
// anything. The source is the AWS managed policy reference.
var mighty = []string{
	"AdministratorAccess", "IAMFullAccess", "PowerUserAccess", "AWSOrganizationsFullAccess",
	"AWSSSOMasterAccountAdministrator", "AWSSSOMemberAccountAdministrator",
}

// highRisk says why a permission set is one that somebody should look at, or
// "".
func (r *Repo) highRisk(set string) string {
	if ps, ok := r.PermissionSets[set]; ok {
		for _, arn := range ps.ManagedPolicies {
			if name := arn[strings.LastIndexByte(arn, '/')+1:]; slices.Contains(mighty, name) {
				return "has the policy " + name
			}
		}
		if allowsAnything(ps.InlinePolicy) {
			return "allows every action, or all but a few, by its inline policy"
		}
	}
	if slices.Contains(mighty, set) || strings.Contains(strings.ToLower(set), "admin") {
		return "is an administrator's by its name"
	}
	return ""
}

func (l *linter) autoRisk(rule *Rule) {
	if rule.Auto == nil {
		return
	}
	for _, set := range rule.Match.PermissionSets {
		if why := l.repo.highRisk(set); why != "" {
			l.add(CodeAutoRisk, rule.Pos, "take it out of the rule, or remove auto",
				"the rule %q lets %s pass without an approval, which %s", rule.Name, set, why)
		}
	}
}

// requesters reports a rule under which nobody can ask on Slack: those named
// have a GitHub account and no Slack user, so it recognises them neither by
// people.yaml nor by their e-mail address. Where people.yaml has no Slack user at
// all, people are in Teams, which knows them by their Entra id.
func (l *linter) requesters(rule *Rule) {
	onSlack := slices.ContainsFunc(l.repo.People.People, func(p Person) bool { return p.Slack != nil })
	if len(rule.Requesters) == 0 || !onSlack {
		return
	}
	for _, ref := range rule.Requesters {
		if ref.Kind != ApproverEmail {
			return
		}
		if p, ok := l.repo.PersonByEmail(ref.Name); ok && (p.Slack != nil || p.GitHub == nil) {
			return
		}
	}
	l.add(CodeRequesters, rule.Pos, "add slack: {team: …, user: …} to one of them in people.yaml, or name others",
		"nobody can ask on Slack under the rule %q: %s have no Slack user in people.yaml", rule.Name, ownersText(rule.Requesters))
}

// uncovered reports permission sets that are in use and that nobody may grant
// in some account. Where the answer depends on the group or the length, any
// that fits will do.
func (l *linter) uncovered() {
	if len(l.repo.Access.Approvals) == 0 {
		return
	}
	for _, set := range l.repo.sets() {
		var bare []string
		for _, a := range l.open() {
			if !l.repo.covered(a, set.name) {
				bare = append(bare, a.Slug)
			}
		}
		if len(bare) > 0 {
			last := l.repo.Access.Approvals[len(l.repo.Access.Approvals)-1]
			l.add(CodeUncovered, last.Pos, "add a last rule with match: {}, if it should be possible to ask for it",
				"no rule fits %s in %s: every request for it is refused", set.name, some(bare))
		}
	}
}

func (r *Repo) covered(a *Account, set string) bool {
	return slices.ContainsFunc(r.Access.Approvals, func(rule Rule) bool {
		m := rule.Match
		return m.fitsAccount(a) && (len(m.PermissionSets) == 0 || slices.Contains(m.PermissionSets, set))
	})
}
