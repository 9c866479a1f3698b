package config

import (
	"slices"
	"time"
)

// Narrowed returns the grants that head does not have any more and has nothing as
// wide and as long for, sorted by key: accounts that join later would not get what
// they select, also where nothing changes today. What has ended at a time narrows
// nothing; a grant that starts does not know is taken to start then.
func Narrowed(base, head *Repo, starts Starts, at time.Time) []GrantRef {
	ends := func(f *PrincipalFile, g Grant) ending {
		start, known := starts[f.Key(g)]
		if !known {
			start = Start{MergedAt: at}
		}
		return endingOf(g, start)
	}
	kept := map[GrantKey]bool{}
	for _, ref := range head.Grants() {
		kept[ref.Key] = true
	}
	var out []GrantRef
	for _, ref := range base.Grants() {
		if kept[ref.Key] && sameTarget(base, head, ref.Grant) {
			continue // most are, so that the rest may take its time
		}
		if ends(ref.File, ref.Grant).after(ending{end: at}) && !covered(base, head, ref, ends) {
			out = append(out, ref)
		}
	}
	return out
}

// sameTarget reports whether what a grant names means the same in both repos.
func sameTarget(base, head *Repo, g Grant) bool {
	if g.Accounts != nil {
		return true
	}
	was, now := base.Accounts[g.Account], head.Accounts[g.Account]
	return was != nil && now != nil && was.ID == now.ID
}

// covered reports whether a repo has a grant of the same principal and set that
// reaches all that a grant of base does, now and later, for as long.
func covered(base, head *Repo, ref GrantRef, ends func(*PrincipalFile, Grant) ending) bool {
	var account *Account
	if ref.Grant.Accounts == nil {
		was, ok := base.Accounts[ref.Grant.Account]
		if !ok {
			return true
		}
		if account, ok = head.AccountByID(was.ID); !ok {
			return true // the account is gone, and nothing can name it
		}
	}
	f, ok := head.PrincipalFile(ref.File.Principal)
	return ok && slices.ContainsFunc(f.Access, func(g Grant) bool {
		return g.PermissionSet == ref.Grant.PermissionSet && !ends(ref.File, ref.Grant).after(ends(f, g)) && g.asWide(ref.Grant, account)
	})
}

// asWide reports whether a grant reaches every account that another does; for
// one that names an account that is account.
func (g Grant) asWide(as Grant, account *Account) bool {
	switch {
	case as.Accounts == nil && g.Accounts == nil:
		return g.Account == account.Slug
	case as.Accounts == nil:
		return g.Accounts.selects(account)
	case g.Accounts == nil:
		return false
	default:
		return g.Accounts.contains(as.Accounts)
	}
}

// contains reports whether a selector fits whatever account another one fits.
func (s *Selector) contains(of *Selector) bool {
	if s.OU != "" && !OUContains(s.OU, of.OU) {
		return false
	}
	for key, value := range s.Tags {
		if got, ok := of.Tags[key]; !ok || got != value {
			return false
		}
	}
	return s.OU != "" || len(s.Tags) > 0
}
