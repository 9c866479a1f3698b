package review

import (
	"fmt"
	"slices"
	"time"

	"aws-access-bot/config"
)

// conditions applies what a rule wants beside approvals to a gain: who may
// ask, what the reason looks like, and what passes without an approval.
func (e *evaluation) conditions(n *Need, by sides) {
	rule := by.rule
	e.refuseRequesters(n, rule)
	for _, reason := range e.reasons(n.Change.Assignment) {
		if err := rule.CheckReason(reason); err != nil {
			e.refusef(RefusedReason, "%s is not allowed: %v.", capital(e.describe(*n)), err)
		}
	}
	if rule.Auto == nil {
		return
	}
	r := e.in.Request
	carried := len(e.in.Carried)+len(e.in.CarriedEntra) > 0
	used := e.in.AutoUsed + e.autoUsed(n.Change.Assignment)
	objector := e.objected(n, by)
	switch {
	case r == nil || r.Kind != Grant || r.Requester == "" || len(e.in.Pushers) > 0 || carried:
		n.Note = "it passes without an approval only when it is asked for in chat"
	case objector != "":
		n.Note = objector + " requested changes, so it passes without an approval no more"
	case used >= rule.Auto.PerDay:
		n.Note = fmt.Sprintf("%d a day pass without an approval, and they are used up", rule.Auto.PerDay)
	default:
		n.Auto = true
		n.Exempt = fmt.Sprintf("the rule lets %d a day pass, this is number %d", rule.Auto.PerDay, used+1)
	}
}

// autoUsed counts the other assignments of this change that pass without an
// approval.
func (e *evaluation) autoUsed(a config.Assignment) int {
	seen := map[config.Assignment]bool{}
	for _, n := range e.v.Needs {
		if n.Auto && n.Change.Assignment != a {
			seen[n.Change.Assignment] = true
		}
	}
	return len(seen)
}

// refuseRequesters refuses a gain that somebody is behind who may not ask under
// its rule.
func (e *evaluation) refuseRequesters(n *Need, rule *config.Rule) {
	if len(rule.Requesters) == 0 {
		return
	}
	ro := config.Rosters{Teams: e.in.Teams, Groups: e.in.Members}
	for _, who := range e.behind() {
		allowed, known := e.in.Base.MayAsk(rule, who, ro)
		switch {
		case allowed:
		case !known:
			e.undecided("It could not be read who may ask under the rule %q.", rule.Name)
		default:
			e.refusef(RefusedRequester, "%s is not allowed: %v.", capital(e.describe(*n)), rule.MayNotAsk())
		}
	}
}

// behind returns the Entra ids of everybody whose wish the change is; "" is
// somebody who is not linked.
func (e *evaluation) behind() []string {
	var ids []string
	add := func(id string) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	users := e.in.Carried
	if r := e.in.Request; r != nil {
		add(r.Requester)
	} else {
		users = slices.Concat([]User{e.in.Author}, e.in.Pushers, users)
	}
	for _, u := range users {
		add(e.byID[u.ID].Entra)
	}
	for _, id := range e.in.CarriedEntra {
		add(id)
	}
	return ids
}

// reasons returns the reasons of the grants of the head that make an
// assignment and are not in the base.
func (e *evaluation) reasons(a config.Assignment) []string {
	f, ok := e.in.Head.PrincipalFile(a.Principal)
	if !ok {
		return nil
	}
	var out []string
	for _, g := range f.Access {
		if g.PermissionSet != a.PermissionSet || e.had(f.Key(g)) {
			continue
		}
		if slices.ContainsFunc(e.in.Head.Resolve(g), func(acc *config.Account) bool { return acc.ID == a.Account }) {
			out = append(out, g.Reason)
		}
	}
	return out
}

// Groups returns the Entra ids of the groups that gain by a change, or whose
// members may narrow an entry, so that their members can be read. It needs no
// facts itself.
func Groups(in Input) []string {
	e := newEvaluation(in)
	e.collectNeeds()
	var out []string
	for i := range e.v.Needs {
		n := &e.v.Needs[i]
		if (gains(n) || n.Subject == SubjectNarrow) && n.Change.Assignment.Principal.Kind == config.GroupPrincipal && !slices.Contains(out, n.Change.Assignment.Principal.ID) {
			out = append(out, n.Change.Assignment.Principal.ID)
		}
	}
	return out
}

// had reports whether the base has a grant.
func (e *evaluation) had(key config.GrantKey) bool {
	if e.baseKeys == nil {
		e.baseKeys = map[config.GrantKey]bool{}
		for _, ref := range e.in.Base.Grants() {
			e.baseKeys[ref.Key] = true
		}
	}
	return e.baseKeys[key]
}

// Rules returns the rules that the gains of a change fall under, so that the
// facts they ask for can be read. It needs no facts itself.
func Rules(in Input) []*config.Rule {
	e := newEvaluation(in)
	e.collectNeeds()
	var out []*config.Rule
	for _, s := range e.sides {
		if s.rule != nil && !slices.Contains(out, s.rule) {
			out = append(out, s.rule)
		}
	}
	return out
}

// growth notes who joined the group of a gain since it was shown, if they are
// more than may.
func (e *evaluation) growth(n *Need, rule *config.Rule) {
	if !gains(n) || n.Change.Assignment.Principal.Kind != config.GroupPrincipal {
		return
	}
	n.joined = e.came(n, rule, e.in.Shown, &e.v.Grown)
	n.joinedLate = e.came(n, rule, e.in.ShownLate, &e.v.GrownLate)
	if came := e.grewSince(n); n.Auto && came != "" {
		n.Auto, n.Exempt = false, ""
		n.Note = came + " joined since it was shown, so it passes without an approval no more"
	}
}

// grewSince says how many joined the group of a gain after it was first shown, ""
// when they were no more than may: that they are shown by now is no approval.
func (e *evaluation) grewSince(n *Need) string {
	switch {
	case n.joined > 0:
		return morePeople(n.joined)
	case !e.in.Shown[n.Change.Assignment.Principal.ID].Since.IsZero():
		return "more people"
	}
	return ""
}

// came returns how many joined the group of a gain since it was shown, and
// notes them, if they are more than may; else 0.
func (e *evaluation) came(n *Need, rule *config.Rule, list map[string]Shown, grown *map[string][]string) int {
	group := n.Change.Assignment.Principal.ID
	shown, held := list[group]
	now, read := e.in.Members[group]
	if !held || !read {
		return 0
	}
	came, tooMany := e.in.Base.Access.Limits.Grown(shown.Members, now, rule != nil && rule.PinnedPeople)
	if !tooMany {
		return 0
	}
	if *grown == nil {
		*grown = map[string][]string{}
	}
	(*grown)[group] = came
	return len(came)
}

// unseen returns why an approval of a gain does not count because of people
// who joined the group after it, or "". One given after the merge is held to
// what the halt showed.
func (e *evaluation) unseen(n *Need, p Person) string {
	if !gains(n) {
		return ""
	}
	who := n.Change.Assignment.Principal
	at := e.approvedAt[p.User.ID]
	shown, joined := e.in.Shown[who.ID], n.joined
	if s, ok := e.in.ShownLate[who.ID]; ok && e.late(at) {
		shown, joined = s, n.joinedLate
	}
	if joined > 0 {
		return fmt.Sprintf("approved before %s joined %s", morePeople(joined), e.principalName(who))
	}
	if !shown.Since.IsZero() && !at.After(shown.Since) {
		return "approved before more people joined " + e.principalName(who)
	}
	return ""
}

// late reports whether something was after the merge.
func (e *evaluation) late(at time.Time) bool {
	return !e.in.MergedAt.IsZero() && at.After(e.in.MergedAt)
}

// allLate reports whether a need has approvals and all of them were given after
// the merge.
func (e *evaluation) allLate(n *Need) bool {
	some := false
	for _, s := range n.Steps {
		for _, p := range s.Approved {
			if !e.late(e.approvedAt[p.User.ID]) {
				return false
			}
			some = true
		}
	}
	return some
}

// gains reports a need for an added or lengthened assignment, or for a line that
// may become one.
func gains(n *Need) bool {
	return n.Change != nil && slices.Contains([]Subject{SubjectAdd, SubjectLengthen, SubjectAgain, SubjectEnded, SubjectLine}, n.Subject)
}

func morePeople(n int) string {
	if n == 1 {
		return "one more person"
	}
	return fmt.Sprintf("%d more people", n)
}
