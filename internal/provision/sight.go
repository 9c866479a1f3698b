package provision

import (
	"maps"
	"slices"
	"time"

	"aws-access-bot/config"
)

// Reading is when a complete listing was made: Began is before its first call,
// Ended after its last.
type Reading struct{ Began, Ended time.Time }

// PairState is what one reading of a pair showed. A complete one knows of
// everybody in the pair.
type PairState struct {
	Reading
	// Complete is false when the reading failed or was cut short; then
	// nothing is concluded from it.
	Complete bool
	// NoSet: no permission set of the name exists. Nothing can be live.
	NoSet bool
	Live  []LiveAssignment
}

// Whole is a complete reading of one principal: it knows of that principal in
// every pair, and of nobody else.
type Whole struct {
	Reading
	Pairs []config.Pair // sorted, see NewWhole
}

// NewWhole sorts the pairs of a reading.
func NewWhole(r Reading, pairs []config.Pair) Whole {
	pairs = slices.Clone(pairs)
	slices.SortFunc(pairs, comparePairs)
	return Whole{r, pairs}
}

// has reports whether a pair is among those of the principal.
func (w Whole) has(p config.Pair) bool {
	_, found := w.find(p)
	return found
}

// find returns the place of a pair among those of the principal.
func (w Whole) find(p config.Pair) (int, bool) {
	return slices.BinarySearchFunc(w.Pairs, p, comparePairs)
}

// has reports whether a principal is listed in the pair.
func (s PairState) has(who LiveAssignment) bool { return slices.Contains(s.Live, who) }

// Answer is what is known of one principal in one pair.
type Answer int

// The answers. The zero one concludes nothing.
const (
	NotKnown Answer = iota
	Listed
	NotListed
)

// Sight is what is known of live assignments, from complete readings only. It
// is the one place that answers whether somebody is listed, so that what was
// not read completely is never taken for absent.
type Sight struct {
	Pairs  map[config.Pair]PairState
	Wholes map[LiveAssignment]Whole
	// NoSets has the names of permission sets that are known not to exist.
	NoSets map[string]bool
}

// Ask says whether a principal is listed in a pair, by the newest reading that
// can know, and when that was made. An empty id is never known.
func (s Sight) Ask(pair config.Pair, who LiveAssignment) (Answer, Reading) {
	if who.PrincipalID == "" {
		return NotKnown, Reading{}
	}
	one, byPair := s.Pairs[pair]
	byPair = byPair && one.Complete
	whole, byWhole := s.Wholes[who]
	switch {
	case byPair && (!byWhole || !whole.Began.After(one.Began)):
		return answer(one.has(who)), one.Reading
	case byWhole:
		return answer(whole.has(pair)), whole.Reading
	}
	return NotKnown, Reading{}
}

func answer(listed bool) Answer {
	if listed {
		return Listed
	}
	return NotListed
}

// NoSet reports that the permission set of a pair is known not to exist.
func (s Sight) NoSet(pair config.Pair) bool {
	one := s.Pairs[pair]
	return one.Complete && one.NoSet || !one.Complete && s.NoSets[pair.PermissionSet]
}

// Each calls f with everything that is listed, once each, in no order.
func (s Sight) Each(f func(config.Pair, LiveAssignment)) { s.each(nil, f) }

// each is Each without some places of the readings by principal.
func (s Sight) each(without map[LiveAssignment][]bool, f func(config.Pair, LiveAssignment)) {
	for pair, one := range s.Pairs {
		if !one.Complete {
			continue
		}
		for _, who := range one.Live {
			if a, _ := s.Ask(pair, who); a == Listed {
				f(pair, who)
			}
		}
	}
	for who, whole := range s.Wholes {
		if who.PrincipalID == "" {
			continue
		}
		skip := without[who]
		for i, pair := range whole.Pairs {
			if skip != nil && skip[i] {
				continue
			}
			// A pair that shows it too had it above; one that does not is older.
			one := s.Pairs[pair]
			if !one.Complete || whole.Began.After(one.Began) && !one.has(who) {
				f(pair, who)
			}
		}
	}
}

// forget drops the readings that began before a time.
func (s Sight) forget(t time.Time) {
	maps.DeleteFunc(s.Pairs, func(_ config.Pair, one PairState) bool { return one.Began.Before(t) })
	maps.DeleteFunc(s.Wholes, func(_ LiveAssignment, whole Whole) bool { return whole.Began.Before(t) })
}

// began returns what was read at a time or later.
func (s Sight) began(t time.Time) (map[config.Pair]bool, map[LiveAssignment]bool) {
	pairs, whos := map[config.Pair]bool{}, map[LiveAssignment]bool{}
	for pair, one := range s.Pairs {
		if one.Complete && !one.Began.Before(t) {
			pairs[pair] = true
		}
	}
	for who, whole := range s.Wholes {
		if !whole.Began.Before(t) {
			whos[who] = true
		}
	}
	return pairs, whos
}
