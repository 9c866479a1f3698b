package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// CheckTransition returns what makes head invalid as the successor of base:
// steps that no single commit shows. Both must be valid by themselves. A nil
// base is an empty repo, which may be followed by any.
func CheckTransition(base, head *Repo) Problems {
	if base == nil {
		return nil
	}
	t := transition{base: base, head: head}
	t.phases()
	t.accounts()
	t.permissionSets()
	t.protected()
	return t.problems.sorted()
}

type transition struct {
	base, head *Repo
	problems   Problems
}

func (t *transition) problem(pos Position, mend, format string, args ...any) {
	t.problems = append(t.problems, Problem{pos, fmt.Sprintf(format, args...), mend})
}

// phases allows one step at a time, and back only when that is declared by the
// very commit: one that an earlier step back left in the file declares no other.
func (t *transition) phases() {
	if t.base.Access.PhaseBack && t.head.Access.PhaseBack && t.head.Access.Phase < t.base.Access.Phase {
		t.problem(t.head.Access.PhasePos, "take phase_back out in a pull request of its own first, then add it again together with this step",
			"phase %d is a step back from phase %d, and phase_back: true was there before it", t.head.Access.Phase, t.base.Access.Phase)
		return
	}
	err := t.base.Access.Phase.Step(t.head.Access.Phase, t.head.Access.PhaseBack)
	var no *Refusal
	if errors.As(err, &no) {
		t.problem(t.head.Access.PhasePos, no.Mend, "%s", no.Reason)
	}
}

// accounts checks new, changed and deleted account files.
func (t *transition) accounts() {
	old := make(map[string]*Account, len(t.base.Accounts))
	for _, a := range t.base.Accounts {
		old[a.ID] = a
	}
	for _, a := range t.head.Accounts {
		was := old[a.ID]
		switch {
		case a.Stage != StageLegacy:
		case was == nil && !t.head.Access.Phase.AllowsNewLegacy():
			t.problem(a.StagePos, "write stage: sso", "a new account must be sso in phase %d", t.head.Access.Phase)
		case was != nil && was.Stage == StageSSO:
			t.backToLegacy(a)
		}
	}
	for slug := range t.base.Accounts {
		if _, kept := t.head.Accounts[slug]; !kept {
			t.deletedAccount(slug)
		}
	}
}

// backToLegacy refuses to take an account out while grants reach it, named or
// selected: their access would go without a line being removed.
func (t *transition) backToLegacy(a *Account) {
	for _, ref := range t.head.Grants() {
		named := ref.Grant.Accounts == nil && ref.Grant.Account == a.Slug
		selected := ref.Grant.Accounts != nil && ref.Grant.Accounts.selects(a)
		if named || selected {
			t.problem(a.StagePos, "remove the grant first, or narrow its selector, or keep stage: sso",
				"%s goes from sso to legacy while %s grants access to it (line %d)", a.Slug, ref.File.Path(), ref.Grant.Pos.Line)
			return
		}
	}
}

func (t *transition) deletedAccount(slug string) {
	for _, ref := range t.head.Grants() {
		if ref.Grant.Accounts == nil && ref.Grant.Account == slug {
			t.problem(ref.Grant.Pos, "remove the grant first", "%s is deleted and still granted here", accountPath(slug))
		}
	}
}

// permissionSets refuses a rename: AWS cannot rename a permission set, so it
// would be a second one, and the first would lose its definition while it is
// assigned. Nor may sets be renamed into each other: whoever has one by its name
// would get what the other permits.
func (t *transition) permissionSets() {
	t.swappedSets()
	for _, name := range slices.Sorted(maps.Keys(t.base.PermissionSets)) {
		if _, kept := t.head.PermissionSets[name]; kept {
			continue
		}
		was := t.base.PermissionSets[name]
		for _, now := range t.head.PermissionSets {
			_, old := t.base.PermissionSets[now.Name]
			if !old && sameDefinition(was, now) {
				t.problem(now.Pos, fmt.Sprintf("keep %s, add %s beside it, move the grants, then remove %s", name, now.Name, name),
					"the permission set %s is renamed to %s, which AWS cannot do", name, now.Name)
			}
		}
	}
}

// swappedSets finds the sets that take each other's definitions, in rings of any
// length. One that takes the definition which another has given up for a new one
// is a change like any.
func (t *transition) swappedSets() {
	took := map[string][]string{} // by name, whose definition a set has now
	names := slices.Sorted(maps.Keys(t.base.PermissionSets))
	for _, name := range names {
		was, now := t.base.PermissionSets[name], t.head.PermissionSets[name]
		if now == nil || sameDefinition(was, now) {
			continue
		}
		for _, other := range names {
			if sameDefinition(t.base.PermissionSets[other], now) {
				took[name] = append(took[name], other)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(took)) {
		for _, from := range took[name] {
			if leadsTo(took, from, name, map[string]bool{}) {
				t.problem(t.head.PermissionSets[name].Pos, "put the files back as they were and move the grants, or change one set at a time",
					"permission sets are renamed into each other, which AWS cannot do: whoever has %s would get what %s permitted", name, from)
				break
			}
		}
	}
}

// leadsTo reports whether the arrows of a graph lead from one name to another.
func leadsTo(arrows map[string][]string, from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	return slices.ContainsFunc(arrows[from], func(next string) bool { return leadsTo(arrows, next, to, seen) })
}

// protected refuses to remove the grant of a protected assignment while it is
// protected. The account's own removal is its owner's business.
func (t *transition) protected() {
	kept := map[Assignment]bool{}
	for _, a := range t.head.Protected() {
		kept[a] = true
	}
	for _, a := range t.base.Protected() {
		account, exists := t.head.AccountByID(a.Account)
		if kept[a] || !exists || t.head.refusal(account) != nil || !t.head.IsProtected(a) {
			continue
		}
		file, ok := t.head.PrincipalFile(a.Principal)
		if !ok {
			continue
		}
		t.problem(file.Pos, "take it off protected in aws-access.yaml first, or keep the grant",
			"%s on %s is protected and no longer granted", a.PermissionSet, account.Slug)
	}
}
