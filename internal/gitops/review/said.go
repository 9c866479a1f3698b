package review

import (
	"aws-access-bot/config"
)

// changedReasons adds the needs of entries that stand and have another reason
// now: one approval by anybody the rule names, and what the rule wants of a
// reason holds for the new one too. Who approved an entry approved why.
func (e *evaluation) changedReasons() {
	was := map[string]config.Grant{}
	for _, ref := range e.in.Base.Grants() {
		was[standing(e.in.Base, ref)] = ref.Grant
	}
	for _, ref := range e.in.Head.Grants() {
		old, kept := was[standing(e.in.Head, ref)]
		if !kept || old.Reason == ref.Grant.Reason {
			continue
		}
		accounts := e.in.Head.Resolve(ref.Grant)
		if len(accounts) == 0 {
			accounts = []*config.Account{{}} // no rule decides: the control plane does
		}
		for _, acc := range accounts {
			e.changedReason(ref, config.Assignment{Principal: ref.File.Principal, Account: acc.ID, PermissionSet: ref.Grant.PermissionSet})
		}
	}
}

func (e *evaluation) changedReason(ref config.GrantRef, a config.Assignment) {
	term := ref.Grant.Term()
	c := &config.AssignmentChange{Assignment: a, Old: &term, New: &term}
	e.loss(SubjectReason, c, "")
	rule, ok := e.in.Base.RuleFor(a, term, e.in.Start)
	if !ok {
		return
	}
	if err := rule.CheckReason(ref.Grant.Reason); err != nil {
		e.refusef(RefusedReason, "%s is not allowed: %v.", capital(e.describe(Need{Subject: SubjectReason, Change: c})), err)
	}
}

// standing names an entry by all that it says but its reason, whatever the files
// are called.
func standing(repo *config.Repo, ref config.GrantRef) string {
	return origin(repo, ref) + "\x00" + ref.Grant.Term().String()
}

// refuseTakenIDs keeps the request of an entry with it while it stands: who
// asked may take it away alone, and the bot says in its thread what becomes of
// it. An entry that has ended may make room for another.
func (e *evaluation) refuseTakenIDs() {
	if e.in.Request != nil {
		return
	}
	stays, had := map[string]bool{}, map[string]bool{}
	for _, ref := range e.in.Base.Grants() {
		had[origin(e.in.Base, ref)] = true
	}
	came := map[string]config.Grant{} // by what they grant to whom
	for _, ref := range e.in.Head.Grants() {
		name := origin(e.in.Head, ref)
		if stays[name] = true; !had[name] && ref.Grant.Request == "" {
			came[name] = ref.Grant
		}
	}
	for _, ref := range e.in.Base.Grants() {
		if ref.Grant.Request == "" || stays[origin(e.in.Base, ref)] || e.ended(ref) {
			continue
		}
		bare := ref
		bare.Grant.Request = ""
		if now, ok := came[origin(e.in.Base, bare)]; ok {
			e.refusef(RefusedRequestID, "The entry in %s line %d had `request: %s`, which only the bot writes, and has it no more. Put that key back; to take the entry away, take out all of it.", now.Pos.File, now.Pos.Line, ref.Grant.Request)
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
