package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// everything reports an empty match, which fits every assignment.
func (m Match) everything() bool {
	return len(m.PermissionSets) == 0 && len(m.Accounts) == 0 && len(m.OUs) == 0 && len(m.Tags) == 0 &&
		len(m.Groups) == 0 && !m.asksLength()
}

// asksLength reports a match that depends on how long the grant lasts.
func (m Match) asksLength() bool { return m.LongerThan != 0 || m.AtMost != 0 || m.Standing != nil }

// fits reports whether the match fits a case.
func (m Match) fits(c Case) bool { return m.fitsFacts(c) && m.fitsLength(c.Term, c.Start) }

// fitsFacts is fits but for the length of the grant.
func (m Match) fitsFacts(c Case) bool {
	a := c.Account
	if len(m.PermissionSets) > 0 && !slices.Contains(m.PermissionSets, c.PermissionSet) {
		return false
	}
	if len(m.Groups) > 0 && (c.Group == "" || !slices.Contains(m.Groups, c.Group)) {
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

// fitsLength reports whether the match fits a term that begins at start. An
// unknown term, the zero one, fits no match that asks for a length.
func (m Match) fitsLength(t Term, start time.Time) bool {
	if !m.asksLength() {
		return true
	}
	if t == (Term{}) || m.Standing != nil && *m.Standing != t.Standing {
		return false
	}
	if t.Standing {
		return m.AtMost == 0
	}
	length := t.length(start)
	return length > m.LongerThan && (m.AtMost == 0 || length <= m.AtMost)
}

// length is how long a term with an end lasts if it begins at start.
func (t Term) length(start time.Time) time.Duration {
	if t.For != 0 {
		return t.For
	}
	return t.End.Sub(start)
}

func hasTags(a *Account, tags map[string]string) bool {
	for key, value := range tags {
		if got, ok := a.Tags[key]; !ok || got != value {
			return false
		}
	}
	return true
}

// Case is what rules are asked about: one assignment with the facts they match
// on. The facts may come from another commit than the rules, as a change is
// judged by the rules of its base.
type Case struct {
	Account       *Account
	Group         string // slug of the group's file; "" for a user or without a file
	PermissionSet string
	// Term begins at Start. The zero Term is an unknown length, which fits no
	// rule that asks for one.
	Term  Term
	Start time.Time
}

// caseOf puts a case together by the files of this repo; false if the account
// has none.
func (r *Repo) caseOf(a Assignment, t Term, start time.Time) (Case, bool) {
	account, ok := r.AccountByID(a.Account)
	c := Case{Account: account, PermissionSet: a.PermissionSet, Term: t, Start: start}
	if f, known := r.PrincipalFile(a.Principal); known && a.Principal.Kind == GroupPrincipal {
		c.Group = f.Slug
	}
	return c, ok
}

// RuleFor returns the first approval rule that fits an assignment for a term
// that begins at start, by the rules and files of this repo. It returns false
// if no rule fits or the account has no file; then nobody may approve it.
func (r *Repo) RuleFor(a Assignment, t Term, start time.Time) (*Rule, bool) {
	c, ok := r.caseOf(a, t, start)
	if !ok {
		return nil, false
	}
	return r.MatchRule(c)
}

// MatchRule returns the first approval rule that fits a case.
func (r *Repo) MatchRule(c Case) (*Rule, bool) {
	for i := range r.Access.Approvals {
		if rule := &r.Access.Approvals[i]; rule.Match.fits(c) {
			return rule, true
		}
	}
	return nil, false
}

// DefaultRule returns the rule whose default_duration a request takes that
// names no length: the first that fits the assignment and whose default falls
// under itself. A rule that fits whatever the length ends the search, also
// without a default. It returns false if no rule fits at all.
func (r *Repo) DefaultRule(a Assignment, start time.Time) (*Rule, bool) {
	c, ok := r.caseOf(a, Term{}, start)
	if !ok {
		return nil, false
	}
	return r.DefaultFor(c)
}

// DefaultFor is [Repo.DefaultRule] for a case, whose term it does not look at.
func (r *Repo) DefaultFor(c Case) (*Rule, bool) {
	var first *Rule
	for i := range r.Access.Approvals {
		rule := &r.Access.Approvals[i]
		if !rule.Match.fitsFacts(c) {
			continue
		}
		if first == nil {
			first = rule
		}
		c.Term = Term{For: rule.DefaultDuration}
		if rule.DefaultDuration > 0 && rule.Match.fits(c) || !rule.Match.asksLength() {
			return rule, true
		}
	}
	return first, first != nil
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
	if rl.MaxDuration > 0 && t.length(start) > rl.MaxDuration {
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

func ownersText(owners []ApproverRef) string { return strings.Join(refTexts(owners), ", ") }

// OwnerNames returns the owners as the file writes them.
func (a *Account) OwnerNames() []string { return refTexts(a.Owners) }

// OwnersOf returns the owners of the account and of the group or user of an
// assignment, those of the account first, each once and as the files write them.
func (r *Repo) OwnersOf(a Assignment) []string {
	var refs []ApproverRef
	if account, ok := r.AccountByID(a.Account); ok {
		refs = append(refs, account.Owners...)
	}
	if f, ok := r.PrincipalFile(a.Principal); ok {
		refs = append(refs, f.Owners...)
	}
	var names []string
	for _, name := range refTexts(refs) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func refTexts(refs []ApproverRef) []string {
	texts := make([]string, len(refs))
	for i, r := range refs {
		texts[i] = r.String()
	}
	return texts
}

// AllowsTerm says whether an assignment may be granted for a term, whatever the rules
// of approval say, or as a [Refusal] why not: what is protected is never removed, so
// that who approves it for hours would give it for good.
func (r *Repo) AllowsTerm(a Assignment, t Term) error {
	if t.Standing || !r.IsProtected(a) {
		return nil
	}
	return &Refusal{"it is protected and is never removed, so that its end would be none", "give it without an end, or for a while to another group"}
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
