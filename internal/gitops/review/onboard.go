package review

import (
	"slices"

	"aws-access-bot/config"
)

// onboardsOne reports whether the change does nothing but bring the account of
// the request in: a new file with standing lines of the baseline, legacy to sso
// in a file that exists, or lines of the baseline that one lacks. What lines by OU
// or tags give to the account because of that comes with it.
func (e *evaluation) onboardsOne() bool {
	account, ok := e.in.Head.AccountByID(e.in.Request.Account)
	c := e.in.Change
	if !ok || account.Stage != config.StageSSO || len(c.Shortened)+len(c.Removed)+len(c.NewPrincipals) > 0 {
		return false
	}
	lines, only := e.baselineLines(account)
	if !only || !e.gainsOnlyIn(account.ID) {
		return false
	}
	path := config.AccountPath(account.Slug)
	switch {
	case len(c.Control) > 0: // the stage, alone
		toSSO := config.FieldChange{Path: path, Field: "stage", Old: string(config.StageLegacy), New: string(config.StageSSO)}
		return slices.Equal(c.Control, []config.FieldChange{toSSO}) && len(c.NewAccounts)+lines == 0
	case len(c.NewAccounts) > 0:
		return slices.Equal(c.NewAccounts, []string{path})
	default:
		return lines > 0
	}
}

// baselineLines counts the lines that come in; false when one is no line of the
// baseline for the account, or one goes or is worded otherwise.
func (e *evaluation) baselineLines(account *config.Account) (n int, only bool) {
	had := map[config.GrantKey]string{}
	for _, ref := range e.in.Base.Grants() {
		had[ref.Key] = ref.Grant.Reason
	}
	for _, ref := range e.in.Head.Grants() {
		if reason, old := had[ref.Key]; old {
			if delete(had, ref.Key); reason != ref.Grant.Reason {
				return 0, false
			}
			continue
		}
		g := ref.Grant
		made := config.Assignment{Principal: ref.File.Principal, Account: account.ID, PermissionSet: g.PermissionSet}
		if g.Account != account.Slug || !g.Term().Standing || g.Request != "" || !e.isBaseline(made) {
			return 0, false
		}
		n++
	}
	return n, len(had) == 0
}

// gainsOnlyIn reports whether nothing is gained outside of an account.
func (e *evaluation) gainsOnlyIn(account string) bool {
	c := e.in.Change
	for _, list := range [][]config.AssignmentChange{c.Added, c.Lengthened, c.Idle} {
		if slices.ContainsFunc(list, func(a config.AssignmentChange) bool { return a.Assignment.Account != account }) {
			return false
		}
	}
	return true
}

// onboards reports whether a gain is a line that the bot writes for the account
// of an onboarding: those of the baseline are for its approvers, also when the
// file of the account came before, as that of a legacy account did.
func (e *evaluation) onboards(c *config.AssignmentChange) bool {
	r := e.in.Request
	return r != nil && r.Kind == Onboard && r.Account == c.Assignment.Account && !c.FromControl
}

// wasLegacy reports whether an account is managed from this change on, though its
// file stands at the base.
func (e *evaluation) wasLegacy(account string) bool {
	was, had := e.in.Base.AccountByID(account)
	is, has := e.in.Head.AccountByID(account)
	return had && has && was.Stage == config.StageLegacy && is.Stage == config.StageSSO
}
