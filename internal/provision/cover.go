package provision

import (
	"cmp"
	"maps"
	"slices"

	"aws-access-bot/config"
)

// Way is how a set of assignments is read.
type Way string

// The ways of reading.
const (
	// ByPair lists every pair (ListAccountAssignments).
	ByPair Way = "pairs"
	// ByPrincipal lists every principal (ListAccountAssignmentsForPrincipal),
	// which AWS allows from the management account only.
	ByPrincipal Way = "principals"
	// ByBoth lists principals where that saves calls, and pairs for the rest.
	ByBoth Way = "both"
)

// Choice is how a set of assignments was read and what that cost. Calls are
// requests to sso-admin, pages and retries included.
type Choice struct {
	Way Way `json:"way"`
	// Pairs and Principals are how many of each were to be read.
	Pairs      int `json:"pairs"`
	Principals int `json:"principals"`
	// Estimated is what the choice was expected to cost, Made what it cost.
	Estimated int   `json:"estimated_calls"`
	Made      int64 `json:"made_calls"`
	// PairsAlone and PrincipalsAlone are what each way alone would cost;
	// PrincipalsAlone is zero when AWS does not allow that way.
	PairsAlone      int `json:"pairs_alone"`
	PrincipalsAlone int `json:"principals_alone,omitempty"`
}

// and adds up what two choices come to.
func (c Choice) and(d Choice) Choice {
	switch {
	case c.Way == "":
		return d
	case c.Way != d.Way:
		c.Way = ByBoth
	}
	c.Pairs, c.Principals, c.Estimated, c.Made = c.Pairs+d.Pairs, c.Principals+d.Principals, c.Estimated+d.Estimated, c.Made+d.Made
	c.PairsAlone, c.PrincipalsAlone = c.PairsAlone+d.PairsAlone, c.PrincipalsAlone+d.PrincipalsAlone
	return c
}

// need is one assignment that must be seen: in its pair, or by every one of
// the ids that its principal may be listed under. Without ids only the pair
// can tell; optional says that then it need not be read where principals are.
type need struct {
	pair     config.Pair
	ids      []LiveAssignment
	optional bool
	// urgent: a removal or the end of an operation waits for it.
	urgent bool
}

// terms are what reading costs.
type terms struct {
	// allowed reports whether a principal can be read as a whole.
	allowed func(LiveAssignment) bool
	// pages is how many calls that is expected to take.
	pages func(LiveAssignment) int
}

// cover chooses the readings that show every need with the fewest calls. Of
// equal ones pairs are taken: they show everybody, and a missing set. It is
// pure, and what it returns is sorted.
func cover(needs []need, t terms) ([]config.Pair, []LiveAssignment, Choice) {
	plans := []coverage{covering(needs, t, func(need) bool { return false })}
	byWhom := map[LiveAssignment]int{}
	able := false
	for _, n := range needs {
		if t.able(n) {
			byWhom[n.ids[0]]++
			able = true
		}
	}
	var whole coverage
	if able {
		worth := func(n need) bool { return byWhom[n.ids[0]] > t.cost(n) }
		whole = covering(needs, t, func(need) bool { return true })
		plans = append(plans, covering(needs, t, worth), whole)
	}
	best := slices.MinFunc(plans, func(a, b coverage) int { return cmp.Compare(a.cost, b.cost) })
	c := Choice{Way: best.way(), Pairs: len(best.pairs), Principals: len(best.whos), Estimated: best.cost, PairsAlone: plans[0].cost}
	if able {
		c.PrincipalsAlone = whole.cost
	}
	return slices.SortedFunc(maps.Keys(best.pairs), comparePairs), slices.SortedFunc(maps.Keys(best.whos), compareLive), c
}

// able reports whether a need can be seen by reading its principal.
func (t terms) able(n need) bool {
	return len(n.ids) > 0 && !slices.ContainsFunc(n.ids, func(who LiveAssignment) bool { return !t.allowed(who) })
}

// cost is what reading the principal of a need costs.
func (t terms) cost(n need) int {
	sum := 0
	for _, who := range n.ids {
		sum += t.pages(who)
	}
	return sum
}

// coverage is one way to see every need.
type coverage struct {
	pairs map[config.Pair]bool
	whos  map[LiveAssignment]bool
	cost  int
}

func (c coverage) way() Way {
	switch {
	case len(c.whos) == 0:
		return ByPair
	case len(c.pairs) == 0:
		return ByPrincipal
	}
	return ByBoth
}

// covering sees the needs that whole picks by their principals, if that can
// be, and the others by their pairs.
func covering(needs []need, t terms, whole func(need) bool) coverage {
	c := coverage{pairs: map[config.Pair]bool{}, whos: map[LiveAssignment]bool{}}
	var bare []config.Pair
	for _, n := range needs {
		switch {
		case t.able(n) && whole(n):
			for _, who := range n.ids {
				if !c.whos[who] {
					c.whos[who] = true
					c.cost += t.pages(who)
				}
			}
		case len(n.ids) == 0 && n.optional:
			bare = append(bare, n.pair)
		default:
			c.pairs[n.pair] = true
		}
	}
	if len(c.whos) == 0 {
		for _, p := range bare {
			c.pairs[p] = true
		}
	}
	c.cost += len(c.pairs)
	return c
}

func compareLive(a, b LiveAssignment) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.PrincipalID, b.PrincipalID))
}
