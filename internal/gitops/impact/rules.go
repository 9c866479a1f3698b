package impact

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
)

// maxCases is how many questions one plan puts to the rules. A change of one
// account stays far below it; a new rule book of a very large organization may
// not, and then [Rules.Uncompared] says so.
const maxCases = 100_000

// Rules is what a change does to what must be approved later.
type Rules struct {
	// Changes are what the rules decide otherwise, the weaker ones first.
	Changes []RuleChange
	// Book is what else of aws-access.yaml binds later changes, the weaker
	// ones first.
	Book []BookChange
	// Uncompared: there is more to compare than was compared.
	Uncompared bool
}

// Weaker reports whether something becomes easier than it was.
func (r Rules) Weaker() bool {
	return slices.ContainsFunc(r.Changes, func(c RuleChange) bool { return c.Weaker }) ||
		slices.ContainsFunc(r.Book, func(c BookChange) bool { return c.Weaker })
}

// RuleChange is a set of assignments that are decided otherwise after the
// change: every combination of its members.
type RuleChange struct {
	// Accounts are slugs, at the head where it has them. Groups are slugs, and
	// "" for people and all groups of which no rule and no changed file
	// speaks; nil means whoever it is for.
	Accounts, Groups []string
	Sets             []string
	// Lengths are how long a grant lasts, in words; nil means whatever length.
	Lengths       []string
	Before, After Decision
	// Weaker: it needs fewer people, others in place of as many, or less of
	// anything else. Others: it needs more people, who are not those it needed.
	// A team and a person in it count as different.
	Weaker, Others bool
	// key is both decisions as text: rows are joined by it.
	key string
}

// Decision is what the rules want of an assignment.
type Decision struct {
	// Rule is the name of the rule that decides, "" when none does: then nobody
	// can approve.
	Rule string
	// Steps have owners in their place where they are others than at the other
	// side.
	Steps           config.Steps
	Max             time.Duration // zero for no maximum
	Standing        bool
	Auto            int // a day
	Requesters      []config.ApproverRef
	Pattern, Ticket string // of the reason
	Pinned          bool
	// full are the steps with everything in place, for comparing.
	full config.Steps
}

// Text says a decision in words.
func (d Decision) Text() string {
	if d.Rule == "" {
		return "no rule: nobody can approve it"
	}
	parts := []string{d.Rule + ": " + StepsText(d.Steps)}
	if d.Max > 0 {
		parts = append(parts, config.FormatDuration(d.Max)+" at most")
	}
	switch {
	case d.Standing:
		parts = append(parts, "standing allowed")
	case d.Max == 0:
		parts = append(parts, "any length with an end")
	}
	if d.Auto > 0 {
		parts = append(parts, fmt.Sprintf("%d a day pass with no approval", d.Auto))
	}
	if len(d.Requesters) > 0 {
		parts = append(parts, "only "+refsText(d.Requesters)+" may ask")
	}
	if d.Pattern != "" {
		parts = append(parts, "reason like "+d.Pattern)
	}
	if d.Ticket != "" {
		parts = append(parts, "reason with a ticket like "+d.Ticket)
	}
	if d.Pinned {
		parts = append(parts, "people pinned")
	}
	return strings.Join(parts, "; ")
}

// StepsText says steps in words: "1 of a@example.com and 2 of team:b".
func StepsText(steps config.Steps) string {
	if len(steps) == 0 {
		return "nobody"
	}
	texts := make([]string, len(steps))
	for i, s := range steps {
		texts[i] = fmt.Sprintf("%d of %s", max(1, s.Count), refsText(s.Approvers))
	}
	return strings.Join(texts, " and ")
}

func refsText(refs []config.ApproverRef) string {
	if len(refs) == 0 {
		return "nobody"
	}
	names := make([]string, len(refs))
	for i, r := range refs {
		names[i] = r.String()
	}
	return strings.Join(names, " or ")
}

// side is one version of the repo with the files that a case is about; group is
// nil for people and for groups of which no rule speaks.
type side struct {
	repo    *config.Repo
	account *config.Account
	group   *config.PrincipalFile
}

// comparison asks both rule books about everything that may be decided
// otherwise.
type comparison struct {
	in       Input
	sets     []string
	spans    []span
	accounts []accountPair
	groups   []groupPair
	cases    int
	// known are the decisions of two rules where the owners are the same on
	// both sides.
	known map[[2]*config.Rule]RuleChange
	out   Rules
}

type accountPair struct {
	old, now *config.Account
	changed  bool
}

type groupPair struct {
	old, now *config.PrincipalFile
	changed  bool
}

func (g groupPair) slug() string {
	switch {
	case g.now != nil:
		return g.now.Slug
	case g.old != nil:
		return g.old.Slug
	}
	return ""
}

// rules compares what is decided before and after a change.
func rules(in Input) Rules {
	c := &comparison{in: in, sets: knownSets(in), spans: spans(in), known: map[[2]*config.Rule]RuleChange{}}
	c.pairAccounts()
	c.pairGroups()
	booked := bookChanged(in.Change)
	var rows []RuleChange
	for _, a := range c.accounts {
		for _, g := range c.groups {
			if booked || a.changed || g.changed {
				rows = append(rows, c.rows(a, g)...)
			}
		}
	}
	c.out.Changes = c.merge(rows)
	c.out.Book = book(in)
	return c.out
}

// bookChanged reports whether the rules themselves differ, or who the control
// plane is.
func bookChanged(c config.Change) bool {
	return slices.ContainsFunc(c.Control, func(f config.FieldChange) bool {
		return f.Path == "aws-access.yaml" && (strings.HasPrefix(f.Field, "approvals") || strings.HasPrefix(f.Field, "control_plane"))
	})
}

// pairAccounts puts the versions of each account side by side: by its id, else
// by its slug. Accounts that only one side has are no change of what was.
func (c *comparison) pairAccounts() {
	byID := make(map[string]*config.Account, len(c.in.Base.Accounts))
	for _, a := range c.in.Base.Accounts {
		byID[a.ID] = a
	}
	for _, slug := range slices.Sorted(maps.Keys(c.in.Head.Accounts)) {
		now := c.in.Head.Accounts[slug]
		old, ok := byID[now.ID]
		if !ok {
			old, ok = c.in.Base.AccountBySlug(slug)
		}
		if !ok || now.Stage == config.StageLegacy && old.Stage == config.StageLegacy {
			continue
		}
		same := old.ID == now.ID && old.Slug == now.Slug && old.OU == now.OU && maps.Equal(old.Tags, now.Tags) && slices.Equal(old.Owners, now.Owners)
		c.accounts = append(c.accounts, accountPair{old, now, !same})
	}
}

// pairGroups does so for the groups that are asked about by name: those that
// rules speak of, and those whose files changed. The first stands for all
// others, and for people.
func (c *comparison) pairGroups() {
	named := map[string]bool{}
	for _, repo := range []*config.Repo{c.in.Base, c.in.Head} {
		for _, r := range repo.Access.Approvals {
			for _, slug := range r.Match.Groups {
				named[slug] = true
			}
		}
	}
	c.groups = []groupPair{{}}
	byID := make(map[string]*config.PrincipalFile, len(c.in.Base.Groups))
	for _, f := range c.in.Base.Groups {
		byID[f.Principal.ID] = f
	}
	for _, slug := range slices.Sorted(maps.Keys(c.in.Head.Groups)) {
		now := c.in.Head.Groups[slug]
		old, ok := byID[now.Principal.ID]
		if !ok {
			old, ok = c.in.Base.Groups[slug]
		}
		if !ok {
			continue
		}
		same := old.Principal == now.Principal && old.Slug == now.Slug && slices.Equal(old.Owners, now.Owners)
		if !same || named[slug] || named[old.Slug] {
			c.groups = append(c.groups, groupPair{old, now, !same})
		}
	}
}

// knownSets are the permission sets that a repo speaks of.
func knownSets(in Input) []string {
	seen := map[string]bool{}
	for _, repo := range []*config.Repo{in.Base, in.Head} {
		for name := range repo.PermissionSets {
			seen[name] = true
		}
		for _, r := range repo.Access.Approvals {
			for _, name := range r.Match.PermissionSets {
				seen[name] = true
			}
		}
		for _, g := range repo.Grants() {
			seen[g.Grant.PermissionSet] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// span is a range of lengths that no rule tells apart, with one of them.
type span struct {
	text string
	term config.Term
}

// spans are the ranges that the rules of both sides tell apart.
func spans(in Input) []span {
	seen := map[time.Duration]bool{}
	asks := false
	for _, repo := range []*config.Repo{in.Base, in.Head} {
		for _, r := range repo.Access.Approvals {
			for _, d := range []time.Duration{r.Match.LongerThan, r.Match.AtMost} {
				if d > 0 {
					seen[d] = true
				}
			}
			asks = asks || r.Match.Standing != nil || r.Match.LongerThan+r.Match.AtMost > 0
		}
	}
	if !asks {
		return []span{{"", config.Term{For: time.Hour}}}
	}
	bounds := slices.Sorted(maps.Keys(seen))
	var out []span
	last := ""
	for _, b := range bounds {
		text := "up to " + config.FormatDuration(b)
		if last != "" {
			text = "over " + last + " " + text
		}
		out = append(out, span{text, config.Term{For: b}})
		last = config.FormatDuration(b)
	}
	if last == "" {
		out = append(out, span{"with an end", config.Term{For: time.Hour}})
	} else {
		out = append(out, span{"over " + last, config.Term{For: bounds[len(bounds)-1] + time.Minute}})
	}
	return append(out, span{"standing", config.Term{Standing: true}})
}

// rows compares one account and one group: a row for each set of permission
// sets and lengths with the same two decisions.
func (c *comparison) rows(a accountPair, g groupPair) []RuleChange {
	if c.cases += len(c.sets) * len(c.spans); c.cases > maxCases {
		c.out.Uncompared = true
		return nil
	}
	old, now := side{c.in.Base, a.old, g.old}, side{c.in.Head, a.now, g.now}
	var all []RuleChange
	for _, sp := range c.spans {
		var here []RuleChange
		for _, set := range c.sets {
			row := c.decided(old, now, set, sp.term)
			if row.key == "" {
				continue
			}
			row.Accounts, row.Groups, row.Sets, row.Lengths = []string{a.now.Slug}, []string{g.slug()}, []string{set}, []string{sp.text}
			here = append(here, row)
		}
		all = append(all, joinAll(here, setsOf)...)
	}
	return joinAll(all, lengthsOf)
}

// decided compares one case. The key is empty where both sides say the same.
func (c *comparison) decided(old, now side, set string, term config.Term) RuleChange {
	was, is := old.rule(set, term, c.in.Now), now.rule(set, term, c.in.Now)
	same := sameOwners(old, now)
	if row, known := c.known[[2]*config.Rule{was, is}]; known && same {
		return row
	}
	before, after := decision(was), decision(is)
	show(&before, &after, old, now)
	var row RuleChange
	if !reflect.DeepEqual(before, after) {
		row = RuleChange{Before: before, After: after, key: before.Text() + "\x00" + after.Text()}
		row.Weaker, row.Others = weaker(before, after)
	}
	if same {
		c.known[[2]*config.Rule{was, is}] = row
	}
	return row
}

// The members of a row that rows are joined by.
func setsOf(r *RuleChange) *[]string     { return &r.Sets }
func lengthsOf(r *RuleChange) *[]string  { return &r.Lengths }
func accountsOf(r *RuleChange) *[]string { return &r.Accounts }
func groupsOf(r *RuleChange) *[]string   { return &r.Groups }

// rowKey is everything of a row but one member.
func rowKey(r RuleChange, but func(*RuleChange) *[]string) string {
	*but(&r) = nil
	lists := make([]string, 0, 4)
	for _, l := range [][]string{r.Accounts, r.Groups, r.Sets, r.Lengths} {
		lists = append(lists, strings.Join(l, "\x00"))
	}
	return fmt.Sprintf("%s\x00\x00%s %t %t", strings.Join(lists, "\x00\x00"), r.key, r.Weaker, r.Others)
}

// merge joins the rows of accounts, then those of groups, leaves out what makes
// no difference, and puts the weaker ones first.
func (c *comparison) merge(rows []RuleChange) []RuleChange {
	rows = joinAll(joinAll(rows, accountsOf), groupsOf)
	for i := range rows {
		if len(rows[i].Groups) == len(c.groups) {
			rows[i].Groups = nil
		}
		if len(rows[i].Lengths) == len(c.spans) {
			rows[i].Lengths = nil
		}
	}
	slices.SortStableFunc(rows, func(a, b RuleChange) int {
		return cmp.Or(weakFirst(a.Weaker, b.Weaker), weakFirst(a.Others, b.Others), slices.Compare(a.Accounts, b.Accounts), slices.Compare(a.Groups, b.Groups), slices.Compare(a.Sets, b.Sets))
	})
	return rows
}

// joinAll joins all rows that differ in one member only.
func joinAll(rows []RuleChange, by func(*RuleChange) *[]string) []RuleChange {
	at := map[string]int{}
	var out []RuleChange
	for _, row := range rows {
		key := rowKey(row, by)
		i, known := at[key]
		if !known {
			at[key] = len(out)
			*by(&row) = slices.Clone(*by(&row)) // appended to from here on
			out = append(out, row)
			continue
		}
		*by(&out[i]) = append(*by(&out[i]), *by(&row)...)
	}
	return out
}

func weakFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// rule is the rule of one side that decides, nil when none does.
func (s side) rule(set string, term config.Term, now time.Time) *config.Rule {
	ask := config.Case{Account: s.account, PermissionSet: set, Term: term, Start: now}
	if s.group != nil {
		ask.Group = s.group.Slug
	}
	r, ok := s.repo.MatchRule(ask)
	if !ok {
		return nil
	}
	return r
}

// decision is what a rule wants, nil for no rule.
func decision(r *config.Rule) Decision {
	if r == nil {
		return Decision{}
	}
	d := Decision{Rule: r.Name, Steps: r.Steps, Max: r.MaxDuration, Standing: r.Standing, Requesters: r.Requesters, Pinned: r.PinnedPeople}
	if r.Auto != nil {
		d.Auto = r.Auto.PerDay
	}
	if r.Reason != nil {
		d.Pattern, d.Ticket = r.Reason.Pattern, r.Reason.Ticket
	}
	return d
}
