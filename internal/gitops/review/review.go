// Package review says whether a change to the config repo is approved. It is
// pure: [Evaluate] is a function of its [Input] and knows no clock, network or
// store.
//
// # What must be approved
//
// Each added or lengthened assignment needs the steps of the rule it falls
// under at the base. If the change alters a fact a rule matches on, the
// assignment falls under the rule of the old facts and under that of the new
// ones. Changed fields of the control plane need its steps; a new account file
// needs the onboarding approvers, and so does its baseline. An account that is
// new has no owners yet, since owners are read at the base: where a rule asks
// for account owners, the onboarding approvers stand in.
//
// A protected entry that goes, or reaches less than before, needs the control
// plane also where no assignment changes. Another reason of an entry that stands
// needs one approval by anybody its rule names.
//
// A rule may want more of a gain than approvals: that its requester may ask,
// that the reason has a form. A rule with auto lets some assignments a day
// pass without an approval, if they were asked for in chat; by whom and how
// many the input says.
//
// A removed or shortened assignment needs one approval by anybody its rule
// names, unless the change removes only and is made by somebody entitled to
// it: who asked for the grants that go, who has them, or who owns the account
// or the group. A clean-up by the bot may take out grants that have ended.
//
// # Who counts
//
// The latest opinion of each account: COMMENTED and PENDING change nothing, and
// a dismissed approval is none. A dismissed objection stands unless who raised
// it dismissed it, or somebody who could approve the same. It must be an approval of the exact head, given
// after the check first showed it and before the merge, by a person linked in people.yaml who is named by the step and not
// excluded: the requester and whoever joined, the author, a pusher of the
// branch, and for an assignment who gains it and the direct members of the
// group that does. Who is disabled in Entra, or no member of the organization on
// GitHub, does not count. An approval is of
// the people that were shown: when more joined the gaining group since than the
// limits or the rule let, approvals given before count no more. One person counts for one place of one step of a need;
// needs are apart, so one person may meet several.
//
// # What is refused
//
// Whoever approves: changes mixed of control plane and grants, a pull request
// written by hand whose author or pushers are not linked or not known, the
// management account, a link of the bot that does more than link one account to
// one person, an onboarding that does more than bring one account in,
// a step that does more than go to the next phase, protected grants, terms beyond the rule, requesters and
// reasons that the rule does not take, and assignments that no rule covers. A term is not judged again where a new
// account joins an entry that stands already: the break-glass group must reach
// every account, and who may approve is asked all the same.
package review

import (
	"cmp"
	"slices"
	"time"

	"aws-access-bot/config"
)

// Evaluate judges a change. in.Base, in.Head must not be nil.
func Evaluate(in Input) Verdict {
	e := newEvaluation(in)
	e.refuse()
	e.collectNeeds()
	e.readReviews()
	e.v.Approvals = e.approvals
	for i := range e.v.Needs {
		e.decide(&e.v.Needs[i], e.sides[i])
	}
	e.v.Pass = len(e.v.Refused) == 0 && len(e.v.Undecided) == 0 && len(e.v.Blocks) == 0
	for i := range e.v.Needs {
		e.v.Pass = e.v.Pass && e.v.Needs[i].Met()
	}
	return e.v
}

// evaluation holds what one call of Evaluate has found so far.
type evaluation struct {
	in     Input
	people []Person // linked, with a GitHub account, sorted by login
	byID   map[int64]Person
	// sides has, per need, the owners that it may name and its rule.
	sides []sides
	// approvals are the latest opinions that approve this head in time, with
	// when each was given by GitHub id.
	approvals  []Person
	approvedAt map[int64]time.Time
	// objections are the latest opinions that request changes, unread those
	// dismissed of which it is not known what they said.
	objections []objection
	unread     []Person
	// baseKeys are the grants of the base; nil until needed.
	baseKeys map[config.GrantKey]bool
	v        Verdict
}

func newEvaluation(in Input) *evaluation {
	e := &evaluation{in: in, byID: map[int64]Person{}, approvedAt: map[int64]time.Time{}}
	for _, p := range in.Base.People.People {
		if p.GitHub == nil {
			continue
		}
		person := Person{Entra: p.Entra, Email: p.Email, User: User{ID: p.GitHub.ID, Login: p.GitHub.Login}}
		e.people = append(e.people, person)
		e.byID[p.GitHub.ID] = person
	}
	slices.SortFunc(e.people, func(a, b Person) int { return cmp.Compare(a.User.Login, b.User.Login) })
	return e
}

// decide fills a need with who approved, what is missing and who could.
func (e *evaluation) decide(n *Need, by sides) {
	e.gainKnown(n)
	e.growth(n, by.rule)
	var candidates []Person
	for _, p := range e.approvals {
		code, why, out := e.excluded(p, n)
		switch {
		case out:
			n.NotCounted = append(n.NotCounted, Excluded{p.User, code, why})
		case !e.namedInAny(n.Steps, p, by):
			n.NotCounted = append(n.NotCounted, Excluded{p.User, NotAllowed, "is not among the approvers"})
		default:
			if why := e.unseen(n, p); why != "" {
				n.NotCounted = append(n.NotCounted, Excluded{p.User, NotShown, why})
				continue
			}
			candidates = append(candidates, p)
		}
	}
	chosen := assign(n.Steps, candidates, func(s StepState, p Person) bool { return e.named(s.Approvers, p, by) })
	for i := range n.Steps {
		n.Steps[i].Approved = chosen[i]
		n.Steps[i].Missing = n.Steps[i].Count - len(chosen[i])
	}
	if n.Late = e.allLate(n); n.Met() {
		return
	}
	e.whoCould(n, candidates, by)
}

// whoCould names for each open step who may still meet it, and who is named
// but may not.
func (e *evaluation) whoCould(n *Need, counted []Person, by sides) {
	said := map[int64]bool{}
	for i := range n.Steps {
		s := &n.Steps[i]
		if s.Missing == 0 {
			continue
		}
		for _, p := range e.people {
			if slices.Contains(counted, p) || !e.named(s.Approvers, p, by) {
				continue
			}
			if code, why, out := e.excluded(p, n); out {
				if !said[p.User.ID] {
					n.Cannot = append(n.Cannot, Excluded{p.User, code, why})
				}
				said[p.User.ID] = true
				continue
			}
			s.Could = append(s.Could, p)
		}
	}
	e.stuckSteps(n, by)
}
