package impact

import (
	"cmp"
	"slices"

	"aws-access-bot/config"
)

// The bounds on removals, as the guards of provisioning have them (DESIGN,
// "Provisioning"): at least five a day are always allowed, and everything of
// an account or a group goes without more only below five.
const (
	leastBudget = 5
	wholeFrom   = 5
)

// LimitCode names a hard limit, as the guards of provisioning do.
type LimitCode string

// The hard limits that can be told from the config repo alone. The management
// account and protected grants are refused by review.
const (
	OverBudget   LimitCode = "removal-budget"
	WholeAccount LimitCode = "whole-account"
	WholeGroup   LimitCode = "whole-group"
)

// Limit is a hard limit that will hold the removals of a change up.
type Limit struct {
	Code LimitCode
	// Account or Principal is what would lose everything.
	Account   string
	Principal config.Principal
	// Removals are how many assignments go, Sooner how many of these by an end that
	// is brought nearer, Of how many there are, and Allowed how many may go in 24
	// hours (OverBudget only).
	Removals, Sooner, Of, Allowed int
}

// limits finds what holds the removals up, and what they take of the budget. An
// end that is brought nearer is a removal by the change, once it passes. It
// takes what is in force for what is owned and knows nothing of other removals
// of the day, so it is an estimate; the guards decide.
func limits(in Input) (held []Limit, budget Limit) {
	if len(in.Change.Removed)+len(in.Change.Shortened) == 0 {
		return nil, Limit{}
	}
	going, sooner := map[config.Assignment]bool{}, map[config.Assignment]bool{}
	for _, c := range in.Change.Removed {
		going[c.Assignment] = true
	}
	for _, c := range in.Change.Shortened {
		going[c.Assignment], sooner[c.Assignment] = true, true
	}
	accounts, principals := map[string]*Limit{}, map[config.Principal]*Limit{}
	repo := in.Base
	if in.Force != nil {
		repo = in.Force
	}
	all := repo.Desired(in.Starts, in.Now)
	for _, d := range all {
		a := d.Assignment
		if accounts[a.Account] == nil {
			accounts[a.Account] = &Limit{Code: WholeAccount, Account: a.Account}
		}
		if principals[a.Principal] == nil {
			principals[a.Principal] = &Limit{Code: WholeGroup, Principal: a.Principal}
		}
		for _, l := range []*Limit{accounts[a.Account], principals[a.Principal]} {
			l.Of++
			if going[a] {
				l.Removals++
			}
			if sooner[a] {
				l.Sooner++
			}
		}
	}
	allowed := max(leastBudget, int(repo.Access.Limits.RemovalPercent*float64(len(all))/100))
	budget = Limit{Code: OverBudget, Removals: len(going), Sooner: len(sooner), Of: len(all), Allowed: allowed}
	if len(going) > allowed {
		held = append(held, budget)
	}
	for _, l := range accounts {
		held = appendWhole(held, l)
	}
	for _, l := range principals {
		held = appendWhole(held, l)
	}
	slices.SortFunc(held, func(a, b Limit) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Principal.String(), b.Principal.String()))
	})
	return held, budget
}

func appendWhole(out []Limit, l *Limit) []Limit {
	if l.Of >= wholeFrom && l.Removals == l.Of {
		return append(out, *l)
	}
	return out
}
