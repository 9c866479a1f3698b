package provision_test

import (
	"maps"
	"math/rand/v2"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// strangePair is somebody in a pair.
type strangePair struct {
	pair config.Pair
	who  provision.LiveAssignment
}

// liveSet returns everything that an input shows.
func liveSet(in provision.Input) map[strangePair]bool {
	out := map[strangePair]bool{}
	provision.Sight{Pairs: in.Live, Wholes: in.Wholes}.Each(func(p config.Pair, who provision.LiveAssignment) { out[strangePair{p, who}] = true })
	return out
}

// play makes changes to a set of live assignments, forward or in reverse.
func play(live map[strangePair]bool, changes []provision.Change, reverse bool) {
	for _, c := range changes {
		kind := c.Kind
		if reverse {
			kind = c.Undo
		}
		at := strangePair{c.Assignment.Pair(), provision.LiveAssignment{PrincipalID: c.PrincipalID, Kind: c.Assignment.Principal.Kind}}
		if kind == provision.Add {
			live[at] = true
		} else {
			delete(live, at)
		}
	}
}

func TestReversingAPlanGivesTheFormerLiveSetAndEveryChangeSaysWhy(t *testing.T) {
	t.Parallel()
	changes := 0
	for seed := range uint64(2000) {
		in := randomInput(rand.New(rand.NewPCG(seed, 4)), true)
		r := provision.Plan(in)
		changes += len(r.Changes)
		former := liveSet(in)
		live := maps.Clone(former)
		play(live, r.Changes, false)
		if len(r.Changes) > 0 && maps.Equal(live, former) && len(in.Records) == 0 {
			t.Fatalf("seed %d: the plan changes nothing", seed)
		}
		for i := range r.Changes {
			c := r.Changes[i]
			if c.Sentence == "" || c.Cause.Kind == "" || c.Cause.Commit == "" || c.Undo == "" {
				t.Fatalf("seed %d: %+v does not say what, why or how back", seed, c)
			}
			at := strangePair{c.Assignment.Pair(), provision.LiveAssignment{PrincipalID: c.PrincipalID, Kind: c.Assignment.Principal.Kind}}
			if c.Kind == provision.Remove && !former[at] {
				delete(live, at) // it may exist unlisted; its reverse would make it listed
				r.Changes[i].Undo = provision.Remove
			}
		}
		play(live, r.Changes, true)
		if !maps.Equal(live, former) {
			t.Fatalf("seed %d: the reverse of the plan gives %v, want %v", seed, live, former)
		}
	}
	if changes == 0 {
		t.Fatal("the draws had no changes")
	}
}

func TestPlanByPrincipalAddsAndRemovesWhatAPlanByPairDoes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		byPair := randomInput(rand.New(rand.NewPCG(seed, 5)), true)
		for p, s := range byPair.Live { // a reading by principal tells nothing of missing sets
			s.NoSet = false
			byPair.Live[p] = s
		}
		byWhom := byPair
		byWhom.Live, byWhom.Wholes = nil, map[provision.LiveAssignment]provision.Whole{}
		pairs := map[provision.LiveAssignment][]config.Pair{}
		for at := range liveSet(byPair) {
			pairs[at.who] = append(pairs[at.who], at.pair)
		}
		for _, s := range byPair.Principals {
			for _, id := range append([]string{s.ID}, s.Earlier...) {
				who := provision.LiveAssignment{PrincipalID: id, Kind: config.GroupPrincipal}
				byWhom.Wholes[who] = provision.NewWhole(provision.Reading{}, pairs[who])
			}
		}
		if digest(t, byPair) != digest(t, byWhom) {
			t.Fatalf("seed %d: by pair %v, by principal %v", seed, lines(provision.Plan(byPair)), lines(provision.Plan(byWhom)))
		}
	}
}
