package provision

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"aws-access-bot/config"
)

func testPair(n int) config.Pair { return config.Pair{Account: fmt.Sprint(n), PermissionSet: "Set"} }

func testWho(n int) LiveAssignment {
	return LiveAssignment{PrincipalID: fmt.Sprintf("who-%d", n), Kind: config.GroupPrincipal}
}

// seen builds needs: each of whos principals in each of pairs pairs.
func crossed(whos, pairs int) []need {
	var out []need
	for w := range whos {
		for p := range pairs {
			out = append(out, need{pair: testPair(p), ids: []LiveAssignment{testWho(w)}})
		}
	}
	return out
}

func TestTheReadingWithTheFewestCallsIsChosen(t *testing.T) {
	t.Parallel()
	yes, no := func(LiveAssignment) bool { return true }, func(LiveAssignment) bool { return false }
	once := func(LiveAssignment) int { return 1 }
	lone := need{pair: testPair(100), ids: []LiveAssignment{testWho(100)}}
	tests := []struct {
		name   string
		needs  []need
		terms  terms
		want   Choice
		unread bool // a principal without an id is left out
	}{
		{"nothing is due", nil, terms{yes, once}, Choice{Way: ByPair}, false},
		{"one assignment is read by its pair", crossed(1, 1), terms{yes, once}, Choice{Way: ByPair, Pairs: 1, Estimated: 1, PairsAlone: 1, PrincipalsAlone: 1}, false},
		{"many of one principal by it", crossed(1, 5), terms{yes, once}, Choice{Way: ByPrincipal, Principals: 1, Estimated: 1, PairsAlone: 5, PrincipalsAlone: 1}, false},
		{"many of one pair by that", crossed(5, 1), terms{yes, once}, Choice{Way: ByPair, Pairs: 1, Estimated: 1, PairsAlone: 1, PrincipalsAlone: 5}, false},
		{"by pair where AWS allows nothing else", crossed(1, 5), terms{no, once}, Choice{Way: ByPair, Pairs: 5, Estimated: 5, PairsAlone: 5}, false},
		{"pages count", crossed(1, 5), terms{yes, func(LiveAssignment) int { return 6 }},
			Choice{Way: ByPair, Pairs: 5, Estimated: 5, PairsAlone: 5, PrincipalsAlone: 6}, false},
		{"one of two that cannot be read as a whole is read by pair",
			append(crossed(1, 5), lone), terms{func(who LiveAssignment) bool { return who != testWho(100) }, once},
			Choice{Way: ByBoth, Pairs: 1, Principals: 1, Estimated: 2, PairsAlone: 6, PrincipalsAlone: 2}, false},
		{"a principal without an id is not read where principals are", append(crossed(1, 5), need{pair: testPair(9), optional: true}), terms{yes, once},
			Choice{Way: ByPrincipal, Principals: 1, Estimated: 1, PairsAlone: 6, PrincipalsAlone: 1}, false},
		{"unless only its pair can tell", append(crossed(1, 5), need{pair: testPair(9)}), terms{yes, once},
			Choice{Way: ByBoth, Principals: 1, Pairs: 1, Estimated: 2, PairsAlone: 6, PrincipalsAlone: 2}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pairs, whos, got := cover(tt.needs, tt.terms)
			if got != tt.want || len(pairs) != got.Pairs || len(whos) != got.Principals {
				t.Errorf("got %+v with %d pairs and %d principals, want %+v", got, len(pairs), len(whos), tt.want)
			}
		})
	}
}

func TestAChoiceShowsEveryNeedAndDependsOnNoOrder(t *testing.T) {
	t.Parallel()
	needs := append(crossed(3, 4), need{pair: testPair(7), ids: []LiveAssignment{testWho(8), testWho(9)}}, need{pair: testPair(2)})
	terms := terms{func(who LiveAssignment) bool { return who != testWho(2) }, func(LiveAssignment) int { return 1 }}
	pairs, whos, c := cover(needs, terms)
	slices.Reverse(needs)
	again, others, d := cover(needs, terms)
	if !slices.Equal(pairs, again) || !slices.Equal(whos, others) || c != d {
		t.Errorf("the order of the needs decides: %v %v, %v %v", pairs, whos, again, others)
	}
	for _, n := range needs {
		all := len(n.ids) > 0
		for _, who := range n.ids {
			all = all && slices.Contains(whos, who)
		}
		if !all && !slices.Contains(pairs, n.pair) {
			t.Errorf("%+v is not shown by %v %v", n, pairs, whos)
		}
	}
}

func TestWhetherSomebodyIsListedIsKnownFromCompleteReadingsOnly(t *testing.T) {
	t.Parallel()
	early, late := Reading{Began: time.Unix(100, 0)}, Reading{Began: time.Unix(200, 0)}
	a, b := testWho(1), testWho(2)
	in := func(r Reading, complete bool, whos ...LiveAssignment) map[config.Pair]PairState {
		return map[config.Pair]PairState{testPair(1): {Reading: r, Complete: complete, Live: whos}}
	}
	whole := func(r Reading, who LiveAssignment, pairs ...config.Pair) map[LiveAssignment]Whole {
		return map[LiveAssignment]Whole{who: NewWhole(r, pairs)}
	}
	tests := []struct {
		name  string
		sight Sight
		who   LiveAssignment
		pair  config.Pair
		want  Answer
	}{
		{"nothing was read", Sight{}, a, testPair(1), NotKnown},
		{"a pair shows who is in it", Sight{Pairs: in(early, true, a)}, a, testPair(1), Listed},
		{"and who is not", Sight{Pairs: in(early, true, a)}, b, testPair(1), NotListed},
		{"but nothing of other pairs", Sight{Pairs: in(early, true, a)}, a, testPair(2), NotKnown},
		{"what was cut short shows nothing", Sight{Pairs: in(early, false, a)}, b, testPair(1), NotKnown},
		{"a principal shows where he is", Sight{Wholes: whole(early, a, testPair(2), testPair(1))}, a, testPair(1), Listed},
		{"and where not", Sight{Wholes: whole(early, a, testPair(2))}, a, testPair(1), NotListed},
		{"but nothing of others", Sight{Wholes: whole(early, a, testPair(1))}, b, testPair(1), NotKnown},
		{"a user with the id of a group is another", Sight{Wholes: whole(early, a, testPair(1))}, LiveAssignment{a.PrincipalID, config.UserPrincipal}, testPair(1), NotKnown},
		{"the newer reading counts, of the pair", Sight{Pairs: in(late, true), Wholes: whole(early, a, testPair(1))}, a, testPair(1), NotListed},
		{"or of the principal", Sight{Pairs: in(early, true), Wholes: whole(late, a, testPair(1))}, a, testPair(1), Listed},
		{"without an id nothing is known", Sight{Pairs: in(early, true)}, LiveAssignment{Kind: config.GroupPrincipal}, testPair(1), NotKnown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, _ := tt.sight.Ask(tt.pair, tt.who); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestWhatTwoReadingsShowIsToldOnce(t *testing.T) {
	t.Parallel()
	early, late := Reading{Began: time.Unix(100, 0)}, Reading{Began: time.Unix(200, 0)}
	s := Sight{
		Pairs: map[config.Pair]PairState{
			testPair(1): {Reading: late, Complete: true, Live: []LiveAssignment{testWho(1), testWho(2)}},
			testPair(3): {Reading: late, Complete: true},
			testPair(4): {Live: []LiveAssignment{testWho(9)}},
		},
		Wholes: map[LiveAssignment]Whole{testWho(1): NewWhole(early, []config.Pair{testPair(1), testPair(2), testPair(3)})},
	}
	var got []string
	s.Each(func(p config.Pair, who LiveAssignment) { got = append(got, p.Account+" "+who.PrincipalID) })
	slices.Sort(got)
	if want := []string{"1 who-1", "1 who-2", "2 who-1"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
