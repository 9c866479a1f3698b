package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Quorum is whether steps can be met by people who are known offline.
type Quorum struct {
	// Places is how many approvals must come from people who are known, Found
	// how many different people can give one. Steps that a team or a manager
	// may meet are in neither.
	Places, Found int
}

// Met reports whether enough people are known.
func (q Quorum) Met() bool { return q.Found >= q.Places }

// Known are the people that a step's approvers are, as far as the repo says.
type Known struct {
	// People have a GitHub account, in the order of people.yaml.
	People []*Person
	// Live are the references that only live systems can resolve.
	Live []ApproverRef
}

// Around says whom owner references of a step stand for. A nil list leaves
// them to live systems.
type Around struct {
	AccountOwners, GroupOwners []ApproverRef
	// Without may not approve, by Entra id.
	Without []string
}

// Approvers resolves a step.
func (r *Repo) Approvers(s Step, in Around) Known {
	var k Known
	for _, ref := range r.spread(s.Approvers, in) {
		p, ok := r.PersonByEmail(ref.Name)
		switch {
		case ref.Kind != ApproverEmail:
			if !slices.Contains(k.Live, ref) {
				k.Live = append(k.Live, ref)
			}
		case ok && p.GitHub != nil && !slices.Contains(k.People, p) && !slices.Contains(in.Without, p.Entra):
			k.People = append(k.People, p)
		}
	}
	return k
}

// spread replaces references to owners and the control plane by what they
// stand for.
func (r *Repo) spread(refs []ApproverRef, in Around) []ApproverRef {
	var out []ApproverRef
	for _, ref := range refs {
		switch {
		case ref.Kind == ApproverAccountOwners && in.AccountOwners != nil:
			out = append(out, r.spread(in.AccountOwners, Around{})...)
		case ref.Kind == ApproverGroupOwners && in.GroupOwners != nil:
			out = append(out, r.spread(in.GroupOwners, Around{})...)
		case ref.Kind == ApproverControlPlane:
			for _, s := range r.Access.ControlPlane {
				out = append(out, s.Approvers...)
			}
		default:
			out = append(out, ref)
		}
	}
	return out
}

// Quorum says whether steps can be met by different people.
func (r *Repo) Quorum(steps Steps, in Around) Quorum {
	var places [][]*Person
	var people []*Person
	for _, s := range steps {
		k := r.Approvers(s, in)
		if len(k.Live) > 0 {
			continue
		}
		for range max(1, s.Count) {
			places = append(places, k.People)
		}
		people = append(people, k.People...)
	}
	slices.SortFunc(people, func(a, b *Person) int { return strings.Compare(a.Entra, b.Entra) })
	people = slices.Compact(people)
	found := Seated(len(places), len(people), func(place, person int) bool { return slices.Contains(places[place], people[person]) })
	return Quorum{Places: len(places), Found: found}
}

// Seated returns how many of some places can be taken by different people, by
// who fits where: a maximum matching by augmenting paths.
func Seated(places, people int, fits func(place, person int) bool) int {
	holder := map[int]int{} // person -> place
	var seat func(place int, tried map[int]bool) bool
	seat = func(place int, tried map[int]bool) bool {
		for person := range people {
			if tried[person] || !fits(place, person) {
				continue
			}
			tried[person] = true
			other, held := holder[person]
			if !held || seat(other, tried) {
				holder[person] = place
				return true
			}
		}
		return false
	}
	n := 0
	for place := range places {
		if seat(place, map[int]bool{}) {
			n++
		}
	}
	return n
}

// quorums looks for steps that nobody can meet.
func (l *linter) quorums() {
	a := l.repo.Access
	if q := l.repo.Quorum(a.ControlPlane, Around{}); !q.Met() {
		l.add(CodeControlUnmeetable, a.ControlPos, "name more approvers with a GitHub account, or a team",
			"the control plane wants %s of different people and has %d: nothing of it can be changed", approvals(q.Places), q.Found)
	}
	if len(a.Onboarding.Approvers) > 0 {
		step := Steps{{a.Onboarding.Approvers, a.Onboarding.Count}}
		if q := l.repo.Quorum(step, Around{}); !q.Met() {
			l.add(CodeOnboardingUnmeetable, a.Onboarding.Pos, "name more approvers with a GitHub account, or a team",
				"onboarding wants %s of different people and has %d: no account can be added", approvals(q.Places), q.Found)
		}
	}
	ownerless := l.ownerless()
	for i := range a.Approvals {
		rule := &a.Approvals[i]
		if q := l.repo.Quorum(rule.Steps, Around{}); !q.Met() {
			l.add(CodeRuleUnmeetable, rule.Pos, "name more approvers with a GitHub account, or a team, or ask for fewer",
				"the rule %q wants %s of different people and has %d: nothing can be approved under it", rule.Name, approvals(q.Places), q.Found)
			continue
		}
		l.accountQuorums(i, ownerless)
		l.groupQuorums(rule)
	}
}

func approvals(n int) string {
	if n == 1 {
		return "1 approval"
	}
	return fmt.Sprintf("%d approvals", n)
}

// ownerless reports accounts whose owners can approve nothing, and returns
// their slugs.
func (l *linter) ownerless() map[string]bool {
	out := map[string]bool{}
	for _, a := range l.open() {
		owners := Step{a.Owners, 1}
		if k := l.repo.Approvers(owners, Around{}); len(k.People)+len(k.Live) > 0 {
			continue
		}
		out[a.Slug] = true
		l.add(CodeOwnersUnlinked, a.Pos, "add github: {login: …, id: …} to an owner in people.yaml, or name a team",
			"no owner of %s has a GitHub account in people.yaml, so its owners can approve nothing", a.Slug)
	}
	return out
}

// accountQuorums reports accounts that a rule decides for and whose owners are
// too few for it.
func (l *linter) accountQuorums(i int, ownerless map[string]bool) {
	rule := &l.repo.Access.Approvals[i]
	if !rule.asks(ApproverAccountOwners) || l.repo.takers(i) != nil {
		return // it asks no owners, or never decides
	}
	for _, a := range l.open() {
		if ownerless[a.Slug] || !l.repo.decidesFor(i, a) {
			continue
		}
		if q := l.repo.Quorum(rule.Steps, Around{AccountOwners: a.Owners}); !q.Met() {
			l.add(CodeOwnersTooFew, a.Pos, "name another owner with a GitHub account, or a team, or change the rule",
				"the rule %q wants %s of different people for %s and there are %d", rule.Name, approvals(q.Places), a.Slug, q.Found)
		}
	}
}

// groupQuorums reports groups whose owners are too few for a rule.
func (l *linter) groupQuorums(rule *Rule) {
	if !rule.asks(ApproverGroupOwners) {
		return
	}
	for _, slug := range slices.Sorted(maps.Keys(l.repo.Groups)) {
		g := l.repo.Groups[slug]
		if len(rule.Match.Groups) > 0 && !slices.Contains(rule.Match.Groups, slug) {
			continue
		}
		owners := append([]ApproverRef{}, g.Owners...)
		if q := l.repo.Quorum(rule.Steps, Around{GroupOwners: owners}); !q.Met() {
			l.add(CodeGroupOwnersTooFew, g.Pos, "name owners of the group who have a GitHub account, or a team, or change the rule",
				"the rule %q wants %s of different people for %s and there are %d", rule.Name, approvals(q.Places), slug, q.Found)
		}
	}
}

// asks reports whether a step names a kind of approver.
func (rl *Rule) asks(kind ApproverKind) bool {
	return slices.ContainsFunc(rl.Steps, func(s Step) bool {
		return slices.ContainsFunc(s.Approvers, func(ref ApproverRef) bool { return ref.Kind == kind })
	})
}

// decidesFor reports whether a rule decides about anything in an account. Where
// there are too many cases to try it is taken to.
func (r *Repo) decidesFor(i int, a *Account) bool {
	m := r.Access.Approvals[i].Match
	sets, groups, terms := orNone(m.PermissionSets), orNone(m.Groups), r.termsUpTo(i)
	if !m.fitsAccount(a) {
		return false
	}
	if len(sets)*len(groups)*len(terms) > maxCases {
		return true
	}
	for _, set := range sets {
		for _, g := range groups {
			for _, t := range terms {
				c := Case{Account: a, Group: g, PermissionSet: set, Term: t}
				if rule, ok := r.MatchRule(c); ok && rule == &r.Access.Approvals[i] {
					return true
				}
			}
		}
	}
	return false
}

// people looks at people.yaml.
func (l *linter) people() {
	for i := range l.repo.People.People {
		p := &l.repo.People.People[i]
		if p.Slack == nil && p.GitHub == nil {
			l.add(CodePersonUnreachable, p.Pos, "add slack: or github:, or remove the entry",
				"%s has neither a Slack nor a GitHub identity: the entry links nothing", p.Email)
		}
	}
	named := l.repo.namedTeams()
	for _, slug := range slices.Sorted(maps.Keys(l.repo.People.Teams)) {
		if !named[slug] {
			l.add(CodeTeamIdle, l.repo.People.Teams[slug].Pos, "name it as team:"+slug+" where it should approve, or remove it",
				"the team %s is named nowhere", slug)
		}
	}
}

// namedTeams has the teams that any list of people names.
func (r *Repo) namedTeams() map[string]bool {
	lists := [][]ApproverRef{r.Access.Onboarding.Approvers, r.Access.Onboarding.Requesters}
	steps := slices.Clone(r.Access.ControlPlane)
	for _, rule := range r.Access.Approvals {
		lists = append(lists, rule.Requesters)
		steps = append(steps, rule.Steps...)
	}
	for _, s := range steps {
		lists = append(lists, s.Approvers)
	}
	for _, a := range r.Accounts {
		lists = append(lists, a.Owners)
	}
	for _, f := range r.principals() {
		lists = append(lists, f.Owners)
	}
	out := map[string]bool{}
	for _, list := range lists {
		for _, ref := range list {
			if ref.Kind == ApproverTeam {
				out[ref.Name] = true
			}
		}
	}
	return out
}

// Text writes a step for people: "2 of account-owners or team:security".
func (s Step) Text() string {
	names := make([]string, len(s.Approvers))
	for i, ref := range s.Approvers {
		names[i] = ref.String()
	}
	return fmt.Sprintf("%d of %s", max(1, s.Count), strings.Join(names, " or "))
}
