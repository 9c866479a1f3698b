package review

import (
	"slices"

	"aws-access-bot/config"
)

// changedReasons adds the needs of entries that say why anew for access that
// stands: one approval by anybody the rule names, and what the rule wants of a
// reason holds for the new one too. Who approved an entry approved why, also where
// another entry for the same takes its place. The reason of a gain is approved
// with the gain, and that of what gets shorter with that.
func (e *evaluation) changedReasons() {
	was, stays := map[string]config.Grant{}, map[string]bool{}
	for _, ref := range e.in.Base.Grants() {
		was[standing(e.in.Base, ref)] = ref.Grant
	}
	for _, ref := range e.in.Head.Grants() {
		stays[standing(e.in.Head, ref)+"\x00"+ref.Grant.Reason] = true
	}
	gone := e.goneFrom(stays)
	lines := e.in.Change.Lines()
	for _, ref := range e.in.Head.Grants() {
		old, kept := was[standing(e.in.Head, ref)]
		if kept && old.Reason == ref.Grant.Reason || !lines.Brings(ref) {
			continue
		}
		accounts := e.in.Head.Resolve(ref.Grant)
		if len(accounts) == 0 && kept {
			accounts = []*config.Account{{}} // no rule decides: the control plane does
		}
		for _, acc := range accounts {
			a := config.Assignment{Principal: ref.File.Principal, Account: acc.ID, PermissionSet: ref.Grant.PermissionSet}
			if kept {
				e.changedReason(ref, a, old.Term())
			} else {
				e.broughtReason(ref, a, gone[a])
			}
		}
	}
}

// goneFrom returns the entries of the base that have not ended and are not among
// those that stay, by what they grant.
func (e *evaluation) goneFrom(stays map[string]bool) map[config.Assignment][]config.Grant {
	out := map[config.Assignment][]config.Grant{}
	for _, ref := range e.in.Base.Grants() {
		if stays[standing(e.in.Base, ref)+"\x00"+ref.Grant.Reason] || e.ended(ref) {
			continue
		}
		for _, acc := range e.in.Base.Resolve(ref.Grant) {
			a := config.Assignment{Principal: ref.File.Principal, Account: acc.ID, PermissionSet: ref.Grant.PermissionSet}
			out[a] = append(out[a], ref.Grant)
		}
	}
	return out
}

// broughtReason looks at the reason of an entry that came in, for one assignment
// and the entries for it that went.
func (e *evaluation) broughtReason(ref config.GrantRef, a config.Assignment, gone []config.Grant) {
	c := e.in.Change
	in := func(lists ...[]config.AssignmentChange) bool {
		return slices.ContainsFunc(slices.Concat(lists...), func(c config.AssignmentChange) bool { return c.Assignment == a })
	}
	old := ref.Grant.Term()
	if len(gone) > 0 {
		old = gone[0].Term()
	}
	switch {
	case slices.ContainsFunc(gone, func(g config.Grant) bool { return g.Reason == ref.Grant.Reason }):
	case in(c.Added, c.Lengthened, c.Idle): // the gain has its conditions
	case in(c.Shortened, c.Removed):
		e.checkReason(ref, reasonChange(ref, a, old))
	default:
		e.changedReason(ref, a, old)
	}
}

func reasonChange(ref config.GrantRef, a config.Assignment, old config.Term) *config.AssignmentChange {
	now := ref.Grant.Term()
	return &config.AssignmentChange{Assignment: a, Old: &old, New: &now}
}

func (e *evaluation) changedReason(ref config.GrantRef, a config.Assignment, old config.Term) {
	c := reasonChange(ref, a, old)
	e.loss(SubjectReason, c, "")
	e.checkReason(ref, c)
}

// checkReason refuses a reason that the rule of an assignment does not want, by
// the length that it had and by the one that it has now: another way to write the
// same end may be under another rule.
func (e *evaluation) checkReason(ref config.GrantRef, c *config.AssignmentChange) {
	for _, term := range []config.Term{*c.Old, *c.New} {
		rule, ok := e.in.Base.RuleFor(c.Assignment, term, e.in.Start)
		if !ok {
			continue
		}
		if err := rule.CheckReason(ref.Grant.Reason); err != nil {
			e.refusef(RefusedReason, "%s is not allowed: %v.", capital(e.describe(Need{Subject: SubjectReason, Change: c})), err)
		}
	}
}

// standing names an entry by all that it says but its reason, whatever the files
// are called.
func standing(repo *config.Repo, ref config.GrantRef) string {
	return origin(repo, ref) + "\x00" + ref.Grant.Term().String()
}

// refuseTakenIDs keeps the request of an entry with it while it stands: who
// asked may take it away alone, and the bot says in its thread what becomes of
// it. An entry for the same may not take its place either, whatever it selects;
// one that has ended may make room for another.
func (e *evaluation) refuseTakenIDs() {
	if e.in.Request != nil {
		return
	}
	stays, had := map[string]bool{}, map[string]bool{}
	for _, ref := range e.in.Base.Grants() {
		had[origin(e.in.Base, ref)] = true
	}
	lines := e.in.Change.Lines()
	came := map[config.Assignment]config.Grant{} // by what they grant to whom
	for _, ref := range e.in.Head.Grants() {
		name := origin(e.in.Head, ref)
		if stays[name] = true; had[name] || ref.Grant.Request != "" || !lines.Brings(ref) {
			continue
		}
		for _, acc := range e.in.Head.Resolve(ref.Grant) {
			came[config.Assignment{Principal: ref.File.Principal, Account: acc.ID, PermissionSet: ref.Grant.PermissionSet}] = ref.Grant
		}
	}
	for _, ref := range e.in.Base.Grants() {
		if ref.Grant.Request == "" || stays[origin(e.in.Base, ref)] || e.ended(ref) || !lines.Takes(ref) {
			continue
		}
		for _, acc := range e.in.Base.Resolve(ref.Grant) {
			now, ok := came[config.Assignment{Principal: ref.File.Principal, Account: acc.ID, PermissionSet: ref.Grant.PermissionSet}]
			switch {
			case ok && now.Accounts == nil:
				e.refusef(RefusedRequestID, "The entry in %s line %d had `request: %s`, which only the bot writes, and has it no more. Put that key back; to take the entry away, take out all of it.", now.Pos.File, now.Pos.Line, ref.Grant.Request)
			case ok:
				e.refusef(RefusedRequestID, "The entry in %s line %d takes the place of the one with `request: %s`, whose thread would not know it. Leave that one beside it until it ends; to take it away, make that a pull request of its own.", now.Pos.File, now.Pos.Line, ref.Grant.Request)
			}
		}
	}
}

// ended reports whether a grant of the base is over.
func (e *evaluation) ended(ref config.GrantRef) bool {
	start, known := e.in.Starts[ref.Key]
	if !known && ref.Grant.Expires.IsZero() {
		return false
	}
	end, standing := ref.Grant.End(start)
	return !standing && !end.After(e.in.Start)
}
