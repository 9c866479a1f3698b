package provision

import (
	"fmt"
	"slices"

	"aws-access-bot/config"
)

// SCIM matches groups by display name and users by user name. So when one is
// deleted in Entra and made anew under its name, what is in the identity store
// stays and only its external id changes: the id that the old principal had is
// that of the new one. What goes under that id for the old one would take from
// the new one what it is granted.

// CodeTaken: the removal would take away what another principal is granted,
// which has the id in the identity store by now.
const CodeTaken Code = "id-taken-over"

// takers are the desired principals by their present id, and those of which it
// is not known yet.
type takers struct {
	present map[LiveAssignment][]config.Principal
	unknown []config.Principal
}

// takers finds the desired principals, once, and only when something goes.
func (p *planner) takers() *takers {
	if p.taking != nil {
		return p.taking
	}
	t := &takers{present: map[LiveAssignment][]config.Principal{}}
	for i := range p.desired {
		who := p.desired[i].Assignment.Principal
		if i > 0 && p.desired[i-1].Assignment.Principal == who {
			continue
		}
		switch s := p.in.Principals[who]; {
		case s.ID != "":
			id := LiveAssignment{PrincipalID: s.ID, Kind: who.Kind}
			t.present[id] = append(t.present[id], who)
		case !s.Looked:
			t.unknown = append(t.unknown, who)
		}
	}
	p.taking = t
	return t
}

// grants reports whether a principal is to have what another one loses.
func (p *planner) grants(who config.Principal, a config.Assignment) bool {
	if who == a.Principal {
		return false
	}
	a.Principal = who
	_, found := slices.BinarySearchFunc(p.desired, a, func(d Desire, a config.Assignment) int { return d.Assignment.Compare(a) })
	return found || p.in.Protected[a]
}

// taken reports whether an id is that of another principal by now, which is to
// have the same.
func (p *planner) taken(a config.Assignment, id string) bool {
	return slices.ContainsFunc(p.takers().present[LiveAssignment{PrincipalID: id, Kind: a.Principal.Kind}], func(who config.Principal) bool { return p.grants(who, a) })
}

// mayBeTaken reports whether one that is to have the same was not looked for yet.
func (p *planner) mayBeTaken(a config.Assignment) bool {
	return slices.ContainsFunc(p.takers().unknown, func(who config.Principal) bool { return who.Kind == a.Principal.Kind && p.grants(who, a) })
}

// taken is the guard behind the plan: no removal under an id under which the
// same is granted to another.
func (s Surroundings) taken(c Change) objection {
	if c.Kind != Remove {
		return objection{}
	}
	for _, who := range s.Holders[LiveAssignment{PrincipalID: c.PrincipalID, Kind: c.Assignment.Principal.Kind}] {
		other := c.Assignment
		other.Principal = who
		if _, desired := s.Desired[other]; desired && who != c.Assignment.Principal {
			return objection{CodeTaken, fmt.Sprintf("%s has its id in Identity Center now, and is granted the same.", who)}
		}
	}
	return objection{}
}
