package review

import (
	"slices"

	"aws-access-bot/config"
)

// removalExempt says why nobody else needs to approve the removals of this
// change, or "".
func (e *evaluation) removalExempt() string {
	c := e.in.Change
	if !c.RemovalOnly() {
		return ""
	}
	if r := e.in.Request; r != nil && r.Kind == Cleanup {
		return "the bot takes out grants that have ended"
	}
	movers, ok := e.movers()
	if !ok {
		return ""
	}
	for _, list := range [][]config.AssignmentChange{c.Removed, c.Shortened} {
		for _, a := range list {
			for _, who := range movers {
				if !e.entitled(who, a.Assignment) {
					return ""
				}
			}
		}
	}
	return "removed by somebody entitled to it"
}

// movers returns the Entra ids of everybody behind the change; false when one
// of them is not known, or is not there any more.
func (e *evaluation) movers() ([]string, bool) {
	if len(e.in.Carried) > 0 || len(e.in.CarriedEntra) > 0 {
		return nil, false
	}
	if r := e.in.Request; r != nil {
		return []string{r.Requester}, r.Requester != "" && !e.inactive(r.Requester)
	}
	if !e.in.PushersKnown {
		return nil, false
	}
	var ids []string
	for _, u := range append([]User{e.in.Author}, e.in.Pushers...) {
		p, ok := e.byID[u.ID]
		if !ok || u.Bot || e.inactive(p.Entra) || slices.Contains(e.in.Outside, u.ID) {
			return nil, false
		}
		ids = append(ids, p.Entra)
	}
	return ids, true
}

// entitled reports whether a person may take an assignment away alone: who has
// it, who owns the account or the group, and who asked for every grant that
// goes.
func (e *evaluation) entitled(entra string, a config.Assignment) bool {
	switch {
	case a.Principal.Kind == config.UserPrincipal && a.Principal.ID == entra:
		return true
	case a.Principal.Kind == config.GroupPrincipal && slices.Contains(e.in.Members[a.Principal.ID], entra):
		return true
	}
	if p, ok := e.in.Base.PersonByEntra(entra); ok {
		who := Person{Entra: p.Entra, Email: p.Email}
		if p.GitHub != nil {
			who.User.ID = p.GitHub.ID
		}
		if acc, ok := e.in.Base.AccountByID(a.Account); ok && e.namedDirectly(acc.Owners, who) {
			return true
		}
		if f, ok := e.in.Base.PrincipalFile(a.Principal); ok && e.namedDirectly(f.Owners, who) {
			return true
		}
	}
	return e.askedAll(entra, a)
}

// askedAll reports whether a person asked for every grant of an assignment
// that this change takes out, and it takes out one at least.
func (e *evaluation) askedAll(entra string, a config.Assignment) bool {
	gone := e.gone(a)
	for _, ref := range gone {
		if ref.Grant.Request == "" || !slices.Contains(e.in.Askers[ref.Grant.Request], entra) {
			return false
		}
	}
	return len(gone) > 0
}

// gone returns the grants that make an assignment at the base and are not in
// the head.
func (e *evaluation) gone(a config.Assignment) []config.GrantRef {
	var out []config.GrantRef
	for _, ref := range e.removedGrants() {
		if ref.File.Principal != a.Principal || ref.Grant.PermissionSet != a.PermissionSet {
			continue
		}
		if slices.ContainsFunc(e.in.Base.Resolve(ref.Grant), func(acc *config.Account) bool { return acc.ID == a.Account }) {
			out = append(out, ref)
		}
	}
	return out
}

// removedGrants returns the grants of the base that the head has not.
func (e *evaluation) removedGrants() []config.GrantRef {
	kept := map[config.GrantKey]bool{}
	for _, ref := range e.in.Head.Grants() {
		kept[ref.Key] = true
	}
	return slices.DeleteFunc(e.in.Base.Grants(), func(ref config.GrantRef) bool { return kept[ref.Key] })
}

// allEnded reports whether the change only takes out grants that have ended.
func (e *evaluation) allEnded() bool {
	c := e.in.Change
	if len(c.Added)+len(c.Lengthened)+len(c.Control)+len(c.NewAccounts)+len(c.NewPrincipals) > 0 {
		return false
	}
	for _, ref := range e.removedGrants() {
		start, ok := e.in.Starts[ref.Key]
		if !ok {
			return false
		}
		if end, standing := ref.Grant.End(start); standing || end.After(e.in.Start) {
			return false
		}
	}
	return true
}
