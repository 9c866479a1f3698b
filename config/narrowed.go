package config

import (
	"slices"
	"time"
)

// Narrowed returns the grants of protected groups and permission sets that head
// does not have any more and has nothing as wide and as long for, sorted by key:
// accounts that join later would not get what is protected, also where nothing
// changes today. What has ended at a time narrows nothing. What is protected is
// read in base.
func Narrowed(base, head *Repo, starts Starts, at time.Time) []GrantRef {
	if len(base.Access.Protected) == 0 {
		return nil
	}
	var out []GrantRef
	for _, ref := range base.Grants() {
		if !base.IsProtected(Assignment{ref.File.Principal, "", ref.Grant.PermissionSet}) {
			continue
		}
		if start, known := starts[ref.Key]; known || !ref.Grant.Expires.IsZero() {
			if end, standing := ref.Grant.End(start); !standing && !end.After(at) {
				continue
			}
		}
		if !covered(base, head, ref) {
			out = append(out, ref)
		}
	}
	return out
}

// covered reports whether a repo has a grant of the same principal and set that
// reaches all that a grant of base does, now and later, for as long.
func covered(base, head *Repo, ref GrantRef) bool {
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
		return g.PermissionSet == ref.Grant.PermissionSet && g.asLong(ref.Grant) && g.asWide(ref.Grant, account)
	})
}

// asLong reports whether a grant lasts as long as another.
func (g Grant) asLong(as Grant) bool {
	switch t, of := g.Term(), as.Term(); {
	case t.Standing:
		return true
	case of.Standing:
		return false
	case !t.End.IsZero() && !of.End.IsZero():
		return !t.End.Before(of.End)
	default:
		return t.For > 0 && of.For > 0 && t.For >= of.For
	}
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
