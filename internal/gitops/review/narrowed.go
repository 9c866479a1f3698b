package review

import (
	"slices"

	"aws-access-bot/config"
)

// laterNote says why a need is there though nobody loses anything today.
const laterNote = "accounts that join later would not get it"

// narrowedLines adds the needs of entries that go, or reach fewer accounts or end
// sooner: accounts that join later would not get them, also where nobody loses
// anything today. The control plane decides what is protected, and what does lose
// that today is refused; of other entries a removed or shortened assignment has
// its own need, so that what is left are selectors.
func (e *evaluation) narrowedLines() {
	said := map[config.Assignment]bool{}
	lines := e.in.Change.Lines()
	for _, ref := range config.Narrowed(e.in.Base, e.in.Head, e.in.Starts, e.in.Start) {
		pair := config.Assignment{Principal: ref.File.Principal, PermissionSet: ref.Grant.PermissionSet}
		switch {
		case !lines.Takes(ref): // somebody else did
		case !e.in.Base.IsProtected(pair):
			if ref.Grant.Accounts != nil {
				e.narrowedSelector(ref, pair)
			}
		case !said[pair]:
			said[pair] = true
			term := ref.Grant.Term()
			e.need(Need{
				Subject: SubjectProtected, Change: &config.AssignmentChange{Assignment: pair, Old: &term},
				Rule: "control plane", Steps: e.steps(e.in.Base.Access.ControlPlane), Note: laterNote,
			}, sides{})
		}
	}
}

// narrowedSelector asks for what a selector does not give any more later: as the
// removal of what it gives today, where that has no other need. One that selects
// nothing is the control plane's, since no rule decides.
func (e *evaluation) narrowedSelector(ref config.GrantRef, pair config.Assignment) {
	accounts := e.in.Base.Resolve(ref.Grant)
	if len(accounts) == 0 {
		accounts = []*config.Account{{}}
	}
	reach := make([]config.Assignment, len(accounts))
	for i, acc := range accounts {
		reach[i] = pair
		reach[i].Account = acc.ID
	}
	exempt := e.narrowExempt(reach)
	term := ref.Grant.Term()
	for _, a := range reach {
		if e.asked(a) {
			continue
		}
		e.loss(SubjectNarrow, &config.AssignmentChange{Assignment: a, Old: &term}, exempt)
		if exempt == "" {
			e.v.Needs[len(e.v.Needs)-1].Note = laterNote
		}
	}
}

// asked reports whether an assignment has a need already.
func (e *evaluation) asked(a config.Assignment) bool {
	return slices.ContainsFunc(e.v.Needs, func(n Need) bool { return n.Change != nil && n.Change.Assignment == a })
}

// narrowExempt says why nobody needs to approve that a selector gives less, or "":
// who may take away what it gives may have it give less, while nothing comes in.
func (e *evaluation) narrowExempt(reach []config.Assignment) string {
	c := e.in.Change
	movers, known := e.movers()
	if !known || len(c.Added)+len(c.Lengthened)+len(c.Idle)+len(c.Control)+len(c.NewAccounts)+len(c.NewPrincipals) > 0 {
		return ""
	}
	for _, a := range reach {
		for _, who := range movers {
			if !e.entitled(who, a) {
				return ""
			}
		}
	}
	return "narrowed by somebody entitled to remove it"
}
