package provision

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
)

// randomRecord draws a record over few principals, accounts, sets and ids.
func randomRecord(r *rand.Rand) Record {
	states := []State{Adding, Live, Removing, Gone}
	kinds := []config.PrincipalKind{config.GroupPrincipal, config.UserPrincipal}
	rec := Record{State: states[r.IntN(len(states))], Assignment: config.Assignment{Account: fmt.Sprintf("%012d", r.IntN(5)), PermissionSet: fmt.Sprintf("Set%d", r.IntN(3)),
		Principal: config.Principal{Kind: kinds[r.IntN(2)], ID: fmt.Sprint(r.IntN(4))}}}
	if r.IntN(3) > 0 {
		rec.PrincipalID = fmt.Sprintf("store-%d", r.IntN(6))
	}
	if r.IntN(4) == 0 {
		rec.Op = &Operation{Action: Create}
	}
	if r.IntN(4) == 0 {
		rec.Missing = time.Unix(1, 0)
	}
	if r.IntN(4) == 0 {
		rec.Code = CodeFailed
	}
	return rec
}

// values are the records themselves, to be compared.
func values(list []*Record) []Record {
	out := make([]Record, len(list))
	for i, r := range list {
		out[i] = *r
	}
	return out
}

// TestTheIndexAnswersAsALookAtEverythingDoes: after any edits each of its
// answers is the one that all records, gone through one by one, give.
func TestTheIndexAnswersAsALookAtEverythingDoes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 11))
		x, truth, ever := newIndex(), map[config.Assignment]Record{}, map[LiveAssignment]map[config.Assignment]bool{}
		for range 1 + r.IntN(80) {
			rec := randomRecord(r)
			x.keep(&rec)
			truth[rec.Assignment] = rec
			who := LiveAssignment{PrincipalID: rec.PrincipalID, Kind: rec.Assignment.Principal.Kind}
			if ever[who] == nil {
				ever[who] = map[config.Assignment]bool{}
			}
			ever[who][rec.Assignment] = true
			if r.IntN(10) == 0 { // answers between edits change nothing
				x.all()
			}
		}
		among := func(which func(Record) bool) []Record {
			out := []Record{}
			for _, a := range slices.SortedFunc(maps.Keys(truth), config.Assignment.Compare) {
				if which(truth[a]) {
					out = append(out, truth[a])
				}
			}
			return out
		}
		same := func(what string, got []Record, want func(Record) bool) {
			t.Helper()
			if diff := cmp.Diff(among(want), got); diff != "" {
				t.Fatalf("seed %d: %s (-want +got):\n%s", seed, what, diff)
			}
		}
		rebuilt := newIndex()
		for a := range truth {
			rec := truth[a]
			rebuilt.keep(&rec)
		}
		if diff := cmp.Diff(values(rebuilt.all()), values(x.all())); diff != "" {
			t.Fatalf("seed %d: a full rebuild differs (-rebuilt +kept):\n%s", seed, diff)
		}
		same("all", values(x.all()), func(Record) bool { return true })
		same("restless", x.restless.sorted(nil), func(r Record) bool {
			return r.Op != nil || r.State == Adding || r.State == Removing || r.State == Live && !r.Missing.IsZero()
		})
		same("with an operation", x.restless.sorted(func(r *Record) bool { return r.Op != nil }), func(r Record) bool { return r.Op != nil })
		same("troubled", x.troubled.sorted(nil), func(r Record) bool { return r.Code != "" })
		one := randomRecord(r)
		p := one.Assignment.Principal
		same("of a principal", values(x.of(p)), func(r Record) bool { return r.Assignment.Principal == p })
		pairs := map[config.Pair]bool{one.Assignment.Pair(): true}
		who := LiveAssignment{PrincipalID: "store-1", Kind: p.Kind}
		same("shown by readings", values(x.shownBy(pairs, map[LiveAssignment]bool{who: true}, []config.Principal{p})), func(r Record) bool {
			return r.Assignment.Principal == p || pairs[r.Assignment.Pair()] || ever[who][r.Assignment]
		})
		for a := range truth {
			if found := x.find(a); found == nil || !cmp.Equal(*found, truth[a]) {
				t.Fatalf("seed %d: %s is not found", seed, a)
			}
		}
	}
}

// TestWhatTheIndexHandedOutStaysAsItWas: a pass goes by what it was given,
// whatever is stored meanwhile.
func TestWhatTheIndexHandedOutStaysAsItWas(t *testing.T) {
	t.Parallel()
	x := newIndex()
	a := config.Assignment{Account: "1", PermissionSet: "S", Principal: config.Principal{Kind: config.GroupPrincipal, ID: "g"}}
	x.keep(&Record{Assignment: a, State: Adding})
	all, found := x.all(), x.find(a)
	x.keep(&Record{Assignment: a, State: Live})
	before := config.Assignment{Account: "0"}
	x.keep(&Record{Assignment: before})
	x.all()
	if all[0].State != Adding || found.State != Adding || len(all) != 1 || x.find(a).State != Live || x.all()[0].Assignment != before {
		t.Errorf("got %+v and %+v", all[0], found)
	}
}

// TestEveryRecordThatAReadingTellsOfIsHeldAgainstIt: what is compared after a
// reading is found by index; none that the reading tells of is left out.
func TestEveryRecordThatAReadingTellsOfIsHeldAgainstIt(t *testing.T) {
	t.Parallel()
	since, told := time.Unix(1000, 0), 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 12))
		b := &book{index: newIndex(), people: map[config.Principal]PrincipalRecord{}, changed: func() {}}
		e := &Engine{book: b, desk: desk{sight: Sight{Pairs: map[config.Pair]PairState{}, Wholes: map[LiveAssignment]Whole{}}}}
		for range 1 + r.IntN(60) {
			rec := randomRecord(r)
			b.put(rec)
			g := PrincipalRecord{Principal: rec.Assignment.Principal}
			if r.IntN(2) == 0 {
				g.StoreID, g.EarlierIDs = fmt.Sprintf("store-%d", r.IntN(6)), []string{fmt.Sprintf("store-%d", r.IntN(6))}
			}
			b.people[g.Principal] = g
			reading := Reading{Began: since.Add(time.Duration(r.IntN(3)-1) * time.Second)}
			if r.IntN(3) == 0 {
				e.desk.sight.Pairs[rec.Assignment.Pair()] = PairState{Reading: reading, Complete: r.IntN(3) > 0}
			}
			who := LiveAssignment{PrincipalID: fmt.Sprintf("store-%d", r.IntN(6)), Kind: rec.Assignment.Principal.Kind}
			if r.IntN(2) == 0 {
				e.desk.sight.Wholes[who] = Whole{Reading: reading}
			}
		}
		compared := map[config.Assignment]bool{}
		for _, rec := range b.shownBy(e.desk.sight.began(since)) {
			compared[rec.Assignment] = true
		}
		for _, rec := range b.all() {
			if _, ok := e.glance(*rec, since); ok {
				told++
				if !compared[rec.Assignment] {
					t.Fatalf("seed %d: %s is left out", seed, rec.Assignment)
				}
			}
		}
	}
	if told == 0 {
		t.Fatal("the draws had no reading that tells of a record")
	}
}
