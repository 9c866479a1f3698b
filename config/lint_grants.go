package config

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// grants looks at what stands.
func (l *linter) grants() {
	for _, ref := range l.repo.Grants() {
		l.grant(ref)
	}
	for _, p := range l.repo.Access.Protected {
		if !l.makes(p) {
			l.add(CodeProtectedIdle, p.Pos, "add the grant to groups/"+p.Group+".yaml, or take the entry out",
				"no grant of %s makes %s anywhere: nothing is protected by this", p.Group, p.PermissionSet)
		}
	}
}

// makes reports whether a group has a set somewhere.
func (l *linter) makes(p ProtectedGrant) bool {
	g, ok := l.repo.Groups[p.Group]
	return ok && slices.ContainsFunc(g.Access, func(grant Grant) bool {
		return grant.PermissionSet == p.PermissionSet && len(l.resolver.accounts(grant)) > 0
	})
}

func (l *linter) grant(ref GrantRef) {
	g := ref.Grant
	if !g.Expires.IsZero() && !g.Expires.After(l.now) {
		l.add(CodeGrantEnded, g.Pos, "remove the entry", "this grant ended at %s and grants nothing", formatTime(g.Expires))
		return
	}
	accounts := l.resolver.accounts(g)
	if len(accounts) == 0 && g.Accounts != nil {
		l.selectorEmpty(ref)
		return
	}
	if l.exempt(ref) {
		return
	}
	l.judge(ref, accounts)
}

// selectorEmpty says why a selector selects nothing.
func (l *linter) selectorEmpty(ref GrantRef) {
	var closed []string
	for _, slug := range slices.Sorted(maps.Keys(l.repo.Accounts)) {
		if ref.Grant.Accounts.selects(l.repo.Accounts[slug]) {
			closed = append(closed, slug)
		}
	}
	if len(closed) > 0 {
		l.add(CodeSelectorEmpty, ref.Grant.Pos, "wait until they are sso, or remove the entry",
			"this selects only accounts where nothing is granted (%s)", some(closed))
		return
	}
	l.add(CodeSelectorEmpty, ref.Grant.Pos, "correct its ou or tags, or remove the entry", "this selects no account")
}

// exempt reports a grant that stands by the control plane's word and not by a
// rule's: protected, or given to every new account.
func (l *linter) exempt(ref GrantRef) bool {
	listed := slices.Concat(l.repo.Access.Protected, l.repo.Access.Onboarding.Baseline)
	return slices.ContainsFunc(listed, func(p ProtectedGrant) bool {
		g, ok := l.repo.Groups[p.Group]
		return ok && g == ref.File && p.PermissionSet == ref.Grant.PermissionSet
	})
}

// judge asks the rules about a grant as if it were made now.
func (l *linter) judge(ref GrantRef, accounts []*Account) {
	g := ref.Grant
	ask := Case{PermissionSet: g.PermissionSet, Term: g.Term(), Start: l.now}
	if ref.File.Principal.Kind == GroupPrincipal {
		ask.Group = ref.File.Slug
	}
	var bare []string
	refused := map[string][]string{} // why -> accounts
	for _, a := range accounts {
		ask.Account = a
		rule, ok := l.repo.MatchRule(ask)
		if !ok {
			bare = append(bare, a.Slug)
			continue
		}
		if err := rule.Allows(g.Term(), l.now); err != nil {
			refused[err.Error()] = append(refused[err.Error()], a.Slug)
		}
	}
	if len(bare) > 0 {
		l.add(CodeGrantNoRule, g.Pos, "add a rule for it, or remove the grant",
			"no rule would allow this grant of %s today (%s); it stands, since rules judge changes", g.PermissionSet, some(bare))
	}
	for why, slugs := range refused {
		l.add(CodeGrantTerm, g.Pos, "give it an end, or remove it, or change the rule",
			"%s would not be granted so today (%s): %s; it stands, since rules judge changes", g.PermissionSet, some(slugs), why)
	}
}

// maxSpelling is how many names are compared with all others.
const maxSpelling = 500

// names looks for files and names that nothing uses, and for names that are
// spelled almost like others.
func (l *linter) names() {
	used := l.repo.namedGroups()
	for _, slug := range slices.Sorted(maps.Keys(l.repo.Groups)) {
		if g := l.repo.Groups[slug]; len(g.Access) == 0 && !used[slug] {
			l.add(CodeGroupIdle, g.Pos, "grant it something, or delete the file", "%s has no grant and is named nowhere", slug)
		}
	}
	for _, slug := range slices.Sorted(maps.Keys(l.repo.Users)) {
		if u := l.repo.Users[slug]; len(u.Access) == 0 {
			l.add(CodeUserIdle, u.Pos, "delete the file", "%s has no grant", slug)
		}
	}
	sets := l.repo.sets()
	for _, s := range sets[:min(len(sets), maxSpelling)] {
		l.spelling(s, sets)
	}
	for _, name := range slices.Sorted(maps.Keys(l.repo.PermissionSets)) {
		if !slices.ContainsFunc(sets, func(s setUse) bool { return s.name == name }) {
			l.add(CodeSetIdle, l.repo.PermissionSets[name].Pos, "grant it, or delete the file", "%s is granted nowhere and in no rule", name)
		}
	}
}

// namedGroups has the groups that aws-access.yaml names.
func (r *Repo) namedGroups() map[string]bool {
	out := map[string]bool{}
	for _, p := range slices.Concat(r.Access.Protected, r.Access.Onboarding.Baseline) {
		out[p.Group] = true
	}
	for _, rule := range r.Access.Approvals {
		for _, slug := range rule.Match.Groups {
			out[slug] = true
		}
		for _, ref := range rule.Requesters {
			if ref.Kind == RequesterGroup {
				out[ref.Name] = true
			}
		}
	}
	return out
}

// setUse is a permission set by name with where it is named.
type setUse struct {
	name string
	at   []Position
}

// sets returns the permission sets that are named outside permission-sets/,
// sorted by name.
func (r *Repo) sets() []setUse {
	at := map[string][]Position{}
	note := func(name string, pos Position) { at[name] = append(at[name], pos) }
	for _, ref := range r.Grants() {
		note(ref.Grant.PermissionSet, ref.Grant.Pos)
	}
	for _, rule := range r.Access.Approvals {
		for _, name := range rule.Match.PermissionSets {
			note(name, rule.Pos)
		}
	}
	for _, p := range slices.Concat(r.Access.Protected, r.Access.Onboarding.Baseline) {
		note(p.PermissionSet, p.Pos)
	}
	var out []setUse
	for _, name := range slices.Sorted(maps.Keys(at)) {
		slices.SortFunc(at[name], func(a, b Position) int {
			return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		out = append(out, setUse{name, at[name]})
	}
	return out
}

// spelling reports a set without a file that is spelled almost like one that
// has a file, or that is named more often.
func (l *linter) spelling(s setUse, all []setUse) {
	if _, owned := l.repo.PermissionSets[s.name]; owned {
		return
	}
	better := ""
	for _, name := range slices.Sorted(maps.Keys(l.repo.PermissionSets)) {
		if better == "" && misspelt(s.name, name) {
			better = name
		}
	}
	for _, other := range all {
		if better == "" && len(other.at) > len(s.at) && misspelt(s.name, other.name) {
			better = other.name
		}
	}
	if better == "" {
		return
	}
	l.add(CodeSetUnknown, s.at[0], "write "+better+" if that is meant",
		"the permission set %s is spelled almost like %s, which is known better", s.name, better)
}

// misspelt reports names that differ in case, or in up to two letters of many.
func misspelt(a, b string) bool {
	if a == b {
		return false
	}
	d := editDistance(strings.ToLower(a), strings.ToLower(b))
	return d <= 1 && max(len(a), len(b)) >= 5 || d <= 2 && max(len(a), len(b)) >= 10
}
