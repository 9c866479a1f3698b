package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Misfit says in a clause why a match does not fit a case, by the first fact
// that differs, or returns "" if it fits.
func (m Match) Misfit(c Case) string {
	if m.fits(c) {
		return ""
	}
	if why := m.misfitFacts(c); why != "" {
		return why
	}
	return m.misfitLength(c.Term)
}

func (m Match) misfitFacts(c Case) string {
	a := c.Account
	switch {
	case len(m.PermissionSets) > 0 && !slices.Contains(m.PermissionSets, c.PermissionSet):
		return fmt.Sprintf("it is for the permission sets %s, not %s", some(m.PermissionSets), c.PermissionSet)
	case len(m.Groups) > 0 && c.Group == "":
		return fmt.Sprintf("it is for the groups %s, and a user is in none", some(m.Groups))
	case len(m.Groups) > 0 && !slices.Contains(m.Groups, c.Group):
		return fmt.Sprintf("it is for the groups %s, not %s", some(m.Groups), c.Group)
	case len(m.Accounts) > 0 && !slices.Contains(m.Accounts, a.Slug):
		return fmt.Sprintf("it is for the accounts %s, not %s", some(m.Accounts), a.Slug)
	case len(m.OUs) > 0 && !slices.ContainsFunc(m.OUs, func(ou string) bool { return OUContains(ou, a.OU) }):
		return fmt.Sprintf("it is for %s, and %s is in %s", some(m.OUs), a.Slug, a.OU)
	}
	for _, key := range slices.Sorted(maps.Keys(m.Tags)) {
		got, ok := a.Tags[key]
		switch {
		case !ok:
			return fmt.Sprintf("it is for %s: %s, and %s has no tag %s", key, m.Tags[key], a.Slug, key)
		case got != m.Tags[key]:
			return fmt.Sprintf("it is for %s: %s, and %s has %s: %s", key, m.Tags[key], a.Slug, key, got)
		}
	}
	return ""
}

// misfitLength says what a match asks of the length, when that is what does
// not fit.
func (m Match) misfitLength(t Term) string {
	var asks []string
	if m.Standing != nil && *m.Standing {
		asks = append(asks, "without an end")
	} else if m.Standing != nil {
		asks = append(asks, "with an end")
	}
	if m.LongerThan > 0 {
		asks = append(asks, "longer than "+FormatDuration(m.LongerThan))
	}
	if m.AtMost > 0 {
		asks = append(asks, "of "+FormatDuration(m.AtMost)+" at most")
	}
	is := "this one is " + t.String()
	switch {
	case t == Term{}:
		is = "the length is not known"
	case t.Standing:
		is = "this one has no end"
	}
	return "it is for grants " + strings.Join(asks, " and ") + ", and " + is
}
