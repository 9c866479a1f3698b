package modeltest_test

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	flagRuns   = flag.Int("model.runs", 60, "how many histories are played")
	flagSeed   = flag.Uint64("model.seed", 1, "the seed of the first history")
	flagLength = flag.Int("model.length", 36, "how many steps a history has")
	flagShrink = flag.Bool("model.shrink", true, "shorten a history that fails")
	flagKeep   = flag.String("model.keep", "", "the steps of the one history to play, by number: 0,4,7")
)

// run plays a history and returns how the bot and the model disagree, "" if
// they do not.
func run(t *testing.T, seed uint64, ops []op, sum *tally) (wrong string, trace []string) {
	w, done := newWorld(t, mode{rules: seed%2 == 0, bolt: seed%10 == 0}, sum)
	defer done()
	defer func() {
		if r := recover(); r != nil {
			b, is := r.(broken)
			if !is {
				panic(r)
			}
			wrong, trace = b.text, w.trace
		}
	}()
	for _, o := range ops {
		w.logf("%s …", o)
		w.play(o)
	}
	w.settle()
	return "", w.trace
}

// settle looks until all is judged, then mends every halt: first by late
// approvals, then by putting everything back.
func (w *world) settle() {
	w.logf("the end: look twice")
	w.look()
	w.look()
	if w.model.code == rewritten {
		return
	}
	if w.model.halt != "" {
		for _, p := range w.pulls {
			if p.mergeCommit == w.model.halt {
				w.logf("late: %s", w.approveAll(p))
			}
		}
		w.sync()
		w.look()
	}
	for n := 2 * len(w.tips); w.model.halt != "" && n > 0; n-- {
		bad := w.commits[w.model.halt]
		if len(differing(w.commits[bad.parents[0]].state, bad.state)) == 0 {
			break // nothing can be put back: an operator must trust
		}
		if !w.commit("boss", "main", w.main(), w.restored(bad), false) {
			w.failf("main cannot be restored")
		}
		w.logf("what %.7s touched is put back", bad.sha)
		w.sync()
		w.look()
		if w.model.halt == bad.sha {
			w.failf("all that %.7s touched was put back, and it still halts", bad.sha)
		}
	}
	if w.model.halt != "" && w.commits[w.main()].state.valid() {
		w.logf("%s", w.trust(w.main()))
		w.look()
	}
}

// shrink drops steps while the history still fails in the same way.
func shrink(t *testing.T, seed uint64, ops []op, first string) (kept []int) {
	for i := range ops {
		kept = append(kept, i)
	}
	if !*flagShrink {
		return kept
	}
	for size := len(kept) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(kept); {
			less := slices.Concat(kept[:at], kept[at+size:])
			if wrong, _ := run(t, seed, choose(ops, less), newTally()); wrong != "" && wrong[:12] == first[:12] {
				kept = less
			} else {
				at += size
			}
		}
	}
	return kept
}

func choose(ops []op, keep []int) []op {
	var out []op
	for _, i := range keep {
		out = append(out, ops[i])
	}
	return out
}

// TestModel plays random histories and wants the bot to be where the model
// says after each look, and at the end.
func TestModel(t *testing.T) {
	t.Parallel()
	if *flagKeep != "" {
		replay(t)
		return
	}
	sum := newTally()
	t.Cleanup(func() { sum.check(t) })
	for i := range *flagRuns {
		seed := *flagSeed + uint64(i)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			ops := history(seed, *flagLength)
			wrong, _ := run(t, seed, ops, sum)
			if wrong == "" {
				return
			}
			keep := shrink(t, seed, ops, wrong)
			least, trace := run(t, seed, choose(ops, keep), newTally())
			t.Errorf("%s\n\nafter the least history\n  %s\nplay it again with -run TestModel -model.seed=%d -model.length=%d -model.keep=%s\n\nthe whole history said: %s",
				least, strings.Join(trace, "\n  "), seed, *flagLength, strings.Trim(strings.Join(strings.Fields(fmt.Sprint(keep)), ","), "[]"), wrong)
		})
	}
}

func newTally() *tally { return &tally{n: map[string]int{}} }

// check wants that the histories came to everything there is.
func (s *tally) check(t *testing.T) {
	t.Logf("%v", s.n)
	for _, what := range []string{
		"verified", "invalid", "undone", "trusted", refused, blocked, unmet, direct, unlike, moved, rewritten, forked,
	} {
		if s.n[what] == 0 && *flagRuns >= 60 {
			t.Errorf("no history came to %q; play more of them, or mend the weights", what)
		}
	}
}

// replay plays one shortened history.
func replay(t *testing.T) {
	var keep []int
	for _, s := range strings.Split(*flagKeep, ",") {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("-model.keep: %v", err)
		}
		keep = append(keep, n)
	}
	wrong, trace := run(t, *flagSeed, choose(history(*flagSeed, *flagLength), keep), newTally())
	t.Logf("%s", strings.Join(trace, "\n"))
	if wrong != "" {
		t.Error(wrong)
	}
}
