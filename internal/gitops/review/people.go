package review

import (
	"fmt"
	"slices"

	"aws-access-bot/config"
)

// readReviews finds the latest opinion of each account and sorts out those
// that can count for nothing.
func (e *evaluation) readReviews() {
	for _, r := range e.opinions() {
		person, linked := e.byID[r.User.ID]
		switch {
		case r.State == Dismissed || r.State == ChangesRequested:
			if linked && !r.User.Bot && !e.inactive(person.Entra) && !slices.Contains(e.in.Outside, r.User.ID) {
				e.readObjection(r, person)
			}
		case r.User.Bot:
			e.ignore(r, NotBot, "is a bot")
		case !linked:
			e.ignore(r, NotLinked, "is not linked to a person in people.yaml")
		case r.Commit != e.in.HeadSHA || r.Commit == "":
			e.ignore(r, NotHead, "approved another commit than the head")
		case e.in.Unshown || !e.in.ShownAt.IsZero() && !r.At.After(e.in.ShownAt):
			e.ignore(r, NotYet, "approved before the check showed this head; approve again")
		case e.inactive(person.Entra):
			e.ignore(r, NotActive, inactiveClause)
		case slices.Contains(e.in.Outside, r.User.ID):
			e.ignore(r, NotOutside, outsideClause)
		default:
			person.User.Login = r.User.Login
			e.approvals = append(e.approvals, person)
			e.approvedAt[r.User.ID] = r.At
		}
	}
	e.block()
}

// inactiveClause says that somebody is no enabled member of the tenant.
const inactiveClause = "is disabled, a guest or gone in Entra"

// pushedClause says that somebody pushed to the branch.
const pushedClause = "pushed to the branch"

// Pushed reports whether it was for a push to the branch, which bringing it up to
// date is too.
func (x Excluded) Pushed() bool { return x.Code == NotPusher && x.Why == pushedClause }

func (e *evaluation) inactive(entra string) bool { return slices.Contains(e.in.Inactive, entra) }

// outsideClause says that somebody is an outside collaborator or left.
const outsideClause = "is not a member of the organization on GitHub"

func (e *evaluation) ignore(r Review, code Code, why string) {
	e.v.Ignored = append(e.v.Ignored, Excluded{r.User, code, why})
}

// opinions returns the latest review of each account that says something, in
// the order they were given. Reviews after the merge are left out unless they
// may mend a halt.
func (e *evaluation) opinions() []Review {
	sorted := e.in.AtMerge()
	slices.SortStableFunc(sorted, func(a, b Review) int { return a.At.Compare(b.At) })
	latest := map[int64]int{}
	var out []Review
	for _, r := range sorted {
		if r.State != Approved && r.State != ChangesRequested && r.State != Dismissed {
			continue
		}
		if d, known := e.in.dismissal(r.ID); r.State == Dismissed && known && d.Was == Commented {
			continue // it never was an opinion
		}
		if !e.inTime(r.At) {
			if r.State == Approved {
				e.ignore(r, NotInTime, "approved after the merge")
			}
			continue
		}
		if i, ok := latest[r.User.ID]; ok {
			out[i].State = "" // replaced by a later one
		}
		latest[r.User.ID] = len(out)
		out = append(out, r)
	}
	return slices.DeleteFunc(out, func(r Review) bool { return r.State == "" })
}

// excluded reports why a person may not approve a need.
func (e *evaluation) excluded(p Person, n *Need) (Code, string, bool) {
	if code, why, out := e.excludedHere(p); out {
		return code, why, true
	}
	if !gains(n) {
		return "", "", false
	}
	who := n.Change.Assignment.Principal
	if who.Kind == config.UserPrincipal && who.ID == p.Entra {
		return NotGains, "gains this access", true
	}
	if who.Kind == config.GroupPrincipal && slices.Contains(e.in.Members[who.ID], p.Entra) {
		return NotMember, "is a member of the group that gains", true
	}
	if who.Kind == config.GroupPrincipal && slices.Contains(e.in.Shown[who.ID].Members, p.Entra) {
		return NotMember, "was a member of the group that gains when the change was shown", true
	}
	return "", "", false
}

// excludedHere reports why a person may approve nothing in this change.
func (e *evaluation) excludedHere(p Person) (Code, string, bool) {
	if r := e.in.Request; r != nil {
		if r.Requester != "" && r.Requester == p.Entra {
			if r.Kind == Link {
				return NotRequester, "is who would be linked", true
			}
			return NotRequester, "asked for this change", true
		}
		if slices.Contains(r.Joined, p.Entra) {
			return NotJoined, "asked for the same change", true
		}
		if at, ok := r.JoinedLater[p.Entra]; ok {
			if approved, did := e.approvedAt[p.User.ID]; !did || !approved.Before(at) {
				return NotJoined, "asked for the same change", true
			}
		}
	} else if p.User.ID == e.in.Author.ID {
		return NotRequester, "wrote this pull request", true
	}
	if slices.Contains(e.in.Outside, p.User.ID) {
		return NotOutside, outsideClause, true
	}
	if e.inactive(p.Entra) {
		return NotActive, inactiveClause, true
	}
	same := func(u User) bool { return u.ID == p.User.ID }
	if slices.ContainsFunc(e.in.Pushers, same) {
		return NotPusher, pushedClause, true
	}
	if slices.ContainsFunc(e.in.Carried, same) || slices.Contains(e.in.CarriedEntra, p.Entra) {
		return NotPusher, "wrote an earlier commit that this change takes in", true
	}
	return "", "", false
}

// gainKnown notes when it cannot be said who is a member of a gaining group.
func (e *evaluation) gainKnown(n *Need) {
	if !gains(n) {
		return
	}
	who := n.Change.Assignment.Principal
	if who.Kind != config.GroupPrincipal {
		return
	}
	if _, ok := e.in.Members[who.ID]; ok {
		return
	}
	e.undecided("The members of %s could not be read from Entra, so nobody can be counted yet.", e.principalName(who))
}

func (e *evaluation) undecided(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(e.v.Undecided, text) {
		e.v.Undecided = append(e.v.Undecided, text)
	}
}

func (e *evaluation) namedInAny(steps []StepState, p Person, by sides) bool {
	return slices.ContainsFunc(steps, func(s StepState) bool { return e.named(s.Approvers, p, by) })
}

// named reports whether a list of approvers includes a person.
func (e *evaluation) named(refs []config.ApproverRef, p Person, by sides) bool {
	return slices.ContainsFunc(refs, func(r config.ApproverRef) bool {
		switch r.Kind {
		case config.ApproverAccountOwners:
			return e.namedDirectly(by.account, p)
		case config.ApproverGroupOwners:
			return e.namedDirectly(by.group, p)
		case config.ApproverManager:
			return e.in.Manager != "" && e.in.Manager == p.Entra
		case config.ApproverControlPlane:
			return e.namedDirectly(e.controlPlane(), p)
		default:
			return e.namedDirectly([]config.ApproverRef{r}, p)
		}
	})
}

// controlPlane returns everybody the control plane's steps name.
func (e *evaluation) controlPlane() []config.ApproverRef {
	var refs []config.ApproverRef
	for _, s := range e.in.Base.Access.ControlPlane {
		refs = append(refs, s.Approvers...)
	}
	return refs
}

// namedDirectly looks at teams, e-mail addresses and, for stand-ins of owners,
// the control plane.
func (e *evaluation) namedDirectly(refs []config.ApproverRef, p Person) bool {
	for _, r := range refs {
		switch r.Kind {
		case config.ApproverTeam:
			if slices.Contains(e.in.Teams[r.Name], p.User.ID) {
				return true
			}
		case config.ApproverEmail:
			if r.Name != "" && r.Name == p.Email {
				return true
			}
		case config.ApproverControlPlane:
			for _, c := range e.controlPlane() {
				if c.Kind != config.ApproverControlPlane && e.namedDirectly([]config.ApproverRef{c}, p) {
					return true
				}
			}
		}
	}
	return false
}
