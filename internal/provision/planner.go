package provision

import (
	"slices"

	"aws-access-bot/config"
)

// planner collects a plan. Estates have a hundred thousand assignments, nearly
// all of them live and desired, so those are recognised with one look each: the
// lists are sorted once, a principal is looked up once, and what is found to be
// desired where it is listed is not looked at again as a possible stranger.
type planner struct {
	in    Input
	sight Sight
	out   Result
	// desired and owned are sorted.
	desired []Desire
	owned   []config.Assignment
	byID    map[string]config.Principal
	taking  *takers // nil until something goes
	holders map[config.Principal]*holder
	// desiredAt has the places in readings by principal that are desired.
	desiredAt map[LiveAssignment][]bool
}

// holder is a principal as the plan meets it.
type holder struct {
	state PrincipalState
	who   LiveAssignment // under its present id
	whole Whole
	read  bool // by principal
	// next is where in whole the next pair is likely to be: pairs come in order.
	next int
	// desiredAt is nil when the id is taken for that of another principal.
	desiredAt []bool
}

func newPlanner(in Input) *planner {
	p := &planner{in: in, sight: Sight{in.Live, in.Wholes, in.NoSets}, out: newResult(in.Commit), byID: byID(in),
		holders: make(map[config.Principal]*holder, len(in.Principals)), desiredAt: make(map[LiveAssignment][]bool, len(in.Wholes)),
		desired: inSequence(in.Desired, compareDesires), owned: inSequence(in.Owned, config.Assignment.Compare)}
	p.out.Live = make([]config.Assignment, 0, len(in.Desired))
	return p
}

// inSequence returns a list sorted, and itself when it is.
func inSequence[T any](list []T, compare func(a, b T) int) []T {
	if slices.IsSortedFunc(list, compare) {
		return list
	}
	list = slices.Clone(list)
	slices.SortFunc(list, compare)
	return list
}

func compareDesires(a, b Desire) int { return a.Assignment.Compare(b.Assignment) }

// eachUnwanted calls f with what is owned and not desired, once each, in order.
func (p *planner) eachUnwanted(f func(config.Assignment)) {
	at := 0
	for i, a := range p.owned {
		if i > 0 && a == p.owned[i-1] {
			continue
		}
		for at < len(p.desired) && p.desired[at].Assignment.Compare(a) < 0 {
			at++
		}
		if at == len(p.desired) || p.desired[at].Assignment != a {
			f(a)
		}
	}
}

// claimed reports whether an assignment is desired or owned.
func (p *planner) claimed(a config.Assignment) bool {
	_, found := slices.BinarySearchFunc(p.desired, a, func(d Desire, a config.Assignment) int { return d.Assignment.Compare(a) })
	if !found {
		_, found = slices.BinarySearchFunc(p.owned, a, config.Assignment.Compare)
	}
	return found
}

// holder returns what is known of a principal.
func (p *planner) holder(who config.Principal) *holder {
	if h, ok := p.holders[who]; ok {
		return h
	}
	state := p.in.Principals[who]
	h := &holder{state: state, who: LiveAssignment{PrincipalID: state.ID, Kind: who.Kind}}
	if h.who.PrincipalID != "" {
		h.whole, h.read = p.sight.Wholes[h.who]
		if h.read && p.byID[state.ID] == who {
			h.desiredAt = make([]bool, len(h.whole.Pairs))
			p.desiredAt[h.who] = h.desiredAt
		}
	}
	p.holders[who] = h
	return h
}

// listedOf says whether the desired assignment of a principal to a pair is
// listed under its present id. It is [Sight.Ask], and notes where it found it.
func (p *planner) listedOf(h *holder, pair config.Pair) Answer {
	if one := p.sight.Pairs[pair]; one.Complete || !h.read {
		seen, _ := p.sight.Ask(pair, h.who)
		return seen
	}
	at, listed := h.next, h.next < len(h.whole.Pairs) && h.whole.Pairs[h.next] == pair
	if !listed {
		at, listed = h.whole.find(pair)
	}
	if !listed {
		return NotListed
	}
	h.next = at + 1
	if h.desiredAt != nil {
		h.desiredAt[at] = true
	}
	return Listed
}

// extras reports what is seen live and is neither desired nor owned.
func (p *planner) extras() {
	p.sight.each(p.desiredAt, func(pair config.Pair, l LiveAssignment) {
		who, ok := p.byID[l.PrincipalID]
		if !ok || who.Kind != l.Kind {
			p.out.Extra = append(p.out.Extra, Extra{Pair: pair, Live: l})
			return
		}
		a := config.Assignment{Principal: who, Account: pair.Account, PermissionSet: pair.PermissionSet}
		if p.claimed(a) {
			return
		}
		p.out.Extra = append(p.out.Extra, Extra{Pair: pair, Live: l, Principal: &who})
		p.undeclared(a, l.PrincipalID)
	})
}

// byID maps identity store ids to principals. Should two claim one id, who has it
// now comes before who had it, and who is granted something before who is not;
// then the first in order has it, so that the plan does not depend on map order.
func byID(in Input) map[string]config.Principal {
	desired := make(map[config.Principal]bool, len(in.Principals))
	for i := range in.Desired {
		desired[in.Desired[i].Assignment.Principal] = true
	}
	out, ranks := make(map[string]config.Principal, len(in.Principals)), make(map[string]int, len(in.Principals))
	claim := func(id string, who config.Principal, rank int) {
		if !desired[who] {
			rank++
		}
		had, taken := out[id]
		if id != "" && (!taken || rank < ranks[id] || rank == ranks[id] && had != who && who.String() < had.String()) {
			out[id], ranks[id] = who, rank
		}
	}
	for who, s := range in.Principals {
		claim(s.ID, who, 0)
		for _, id := range s.Earlier {
			claim(id, who, 2)
		}
	}
	for a, rec := range in.Records {
		claim(rec.PrincipalID, a.Principal, 2)
	}
	return out
}
