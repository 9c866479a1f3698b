package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// everything reports an empty match, which fits every assignment.
func (m Match) everything() bool {
	return len(m.PermissionSets) == 0 && len(m.Accounts) == 0 && len(m.OUs) == 0 && len(m.Tags) == 0
}

// fits reports whether the match fits a permission set in an account.
func (m Match) fits(a *Account, permissionSet string) bool {
	if len(m.PermissionSets) > 0 && !slices.Contains(m.PermissionSets, permissionSet) {
		return false
	}
	if len(m.Accounts) > 0 && !slices.Contains(m.Accounts, a.Slug) {
		return false
	}
	if len(m.OUs) > 0 && !slices.ContainsFunc(m.OUs, func(ou string) bool { return OUContains(ou, a.OU) }) {
		return false
	}
	return hasTags(a, m.Tags)
}

func hasTags(a *Account, tags map[string]string) bool {
	for key, value := range tags {
		if got, ok := a.Tags[key]; !ok || got != value {
			return false
		}
	}
	return true
}

// RuleFor returns the first approval rule that fits an assignment, by the
// rules and the account file of this repo. It returns false if no rule fits or
// the account has no file; then nobody may approve it.
func (r *Repo) RuleFor(a Assignment) (*Rule, bool) {
	account, ok := r.AccountByID(a.Account)
	if !ok {
		return nil, false
	}
	return r.MatchRule(account, a.PermissionSet)
}

// MatchRule returns the first approval rule that fits a permission set in an
// account whose facts come from another commit: the rules of the base with the
// account as the change leaves it.
func (r *Repo) MatchRule(a *Account, permissionSet string) (*Rule, bool) {
	for i := range r.Access.Approvals {
		if rule := &r.Access.Approvals[i]; rule.Match.fits(a, permissionSet) {
			return rule, true
		}
	}
	return nil, false
}

// Allows says whether the rule permits a term that begins at start, or as a
// [Refusal] why not.
func (rl *Rule) Allows(t Term, start time.Time) error {
	if t.Standing {
		if rl.Standing {
			return nil
		}
		return &Refusal{fmt.Sprintf("the rule %q wants an end", rl.Name), rl.lengthMend()}
	}
	length := t.For
	if length == 0 {
		length = t.End.Sub(start)
	}
	if rl.MaxDuration > 0 && length > rl.MaxDuration {
		return &Refusal{
			fmt.Sprintf("the rule %q allows %s at most", rl.Name, FormatDuration(rl.MaxDuration)), rl.lengthMend(),
		}
	}
	return nil
}

func (rl *Rule) lengthMend() string {
	if rl.MaxDuration > 0 {
		return "ask for " + FormatDuration(rl.MaxDuration) + " or less"
	}
	return "give a duration, like 8h"
}

// Requestable returns nil if access to the account can be granted, otherwise a
// [Refusal] that names the owners: the account is legacy, or it is the
// management account.
func (r *Repo) Requestable(a *Account) error {
	if refusal := r.refusal(a); refusal != nil {
		return refusal
	}
	return nil
}

func (r *Repo) refusal(a *Account) *Refusal {
	ask := "ask its owners: " + ownersText(a.Owners)
	switch {
	case a.ID != "" && a.ID == r.Access.ManagementAccount:
		return &Refusal{fmt.Sprintf("%s is the management account, where this bot never grants access", a.Slug), ask}
	case a.Stage == StageLegacy:
		return &Refusal{fmt.Sprintf("%s is a legacy account: its access is not managed here yet", a.Slug), ask}
	}
	return nil
}

func ownersText(owners []ApproverRef) string {
	texts := make([]string, len(owners))
	for i, o := range owners {
		texts[i] = o.String()
	}
	return strings.Join(texts, ", ")
}

// IsProtected reports whether the assignment is one that is never removed: its
// group and permission set stand under protected.
func (r *Repo) IsProtected(a Assignment) bool {
	if a.Principal.Kind != GroupPrincipal {
		return false
	}
	for _, p := range r.Access.Protected {
		group, ok := r.Groups[p.Group]
		if ok && group.Principal == a.Principal && p.PermissionSet == a.PermissionSet {
			return true
		}
	}
	return false
}

// Protected returns the protected assignments, sorted: for each protected
// group and permission set, every account where a grant of the group declares
// that set.
func (r *Repo) Protected() []Assignment {
	seen := map[Assignment]bool{}
	resolver := newResolver(r)
	for _, p := range r.Access.Protected {
		group, ok := r.Groups[p.Group]
		if !ok {
			continue
		}
		for _, g := range group.Access {
			if g.PermissionSet != p.PermissionSet {
				continue
			}
			for _, a := range resolver.accounts(g) {
				seen[Assignment{group.Principal, a.ID, g.PermissionSet}] = true
			}
		}
	}
	return sortedAssignments(seen)
}
