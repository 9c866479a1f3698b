package githubemu

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// TestQueueOverRandomActs plays random acts and holds after each what a queue
// promises: main only moves forward, only to commits whose own required check
// succeeded, each merged pull request's commit is on it, and every
// group is built on the one ahead.
func TestQueueOverRandomActs(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			rnd := rand.New(rand.NewPCG(seed, 1))
			method := []string{"MERGE", "SQUASH", "REBASE"}[rnd.IntN(3)]
			grouping := []string{"ALLGREEN", "HEADGREEN"}[rnd.IntN(2)]
			w.withQueue(func(q *QueueParams) {
				q.Method, q.Grouping, q.MaxMerge, q.MaxBuild = method, grouping, 1+rnd.IntN(3), 1+rnd.IntN(4)
			})
			main, merged := w.repo.stateForTest().Branches["main"], 0
			for range 80 {
				w.randomAct(rnd)
				main = w.holdQueue(main)
			}
			for _, p := range w.repo.stateForTest().Pulls {
				if p.State == "merged" {
					merged++
				}
			}
			if merged < 3 {
				t.Errorf("only %d were merged: the acts prove little", merged)
			}
		})
	}
}

func (w *world) randomAct(rnd *rand.Rand) {
	st := w.repo.stateForTest()
	n := 1 + rnd.IntN(len(st.Pulls)+1)
	switch rnd.IntN(12) {
	case 0, 1:
		name := fmt.Sprintf("f%d", rnd.IntN(8)) // few names, so that some conflict
		n, head := w.pullRequest(fmt.Sprintf("b%d", len(st.Pulls)+1), map[string]*File{name: text(fmt.Sprint(len(st.Pulls)))})
		w.pass(head)
		_ = w.repo.Enqueue("hana", n, rnd.IntN(4) == 0) // may be in conflict
	case 2, 3:
		_ = w.repo.Enqueue("hana", n, rnd.IntN(4) == 0) // may be refused
	case 4:
		_ = w.repo.Dequeue("ken", n)
	case 5:
		if len(st.Queue) > 0 && st.Queue[0].Head != "" {
			w.fail(st.Queue[0].Head)
		}
	case 6:
		if rnd.IntN(3) == 0 {
			w.must(ignore(w.repo.DirectPush("hana", map[string]*File{fmt.Sprintf("d%d", rnd.IntN(3)): text(fmt.Sprint(rnd.Int()))}, "d")))
			w.pass(w.repo.stateForTest().Branches["main"])
		}
	case 7:
		w.clock.move(time.Duration(rnd.IntN(20)) * time.Minute)
	default:
		for _, e := range st.Queue {
			if e.Head != "" && rnd.IntN(2) == 0 {
				w.pass(e.Head)
			}
		}
	}
}

// holdQueue checks the promises and returns where main is.
func (w *world) holdQueue(before string) string {
	w.t.Helper()
	st := w.repo.stateForTest()
	main, git := st.Branches["main"], w.repo.git
	if !git.IsAncestor(gitobj.ID(before), gitobj.ID(main)) {
		w.t.Fatalf("main went from %s to %s", before, main)
	}
	if main != before && w.repo.checkState(gitobj.ID(main), RequiredCheck{Context: "aws-access", AppID: 77}) != "success" {
		w.t.Fatalf("main moved to %s, which did not pass", main)
	}
	base := main
	for _, e := range st.Queue {
		if e.Head == "" {
			break
		}
		if e.Base != base || st.Branches[strings.TrimPrefix(e.Ref, "refs/heads/")] != e.Head {
			w.t.Fatalf("group %+v is not on %s", e, base)
		}
		base = e.Head
	}
	for _, p := range st.Pulls {
		if p.State == "merged" && (p.Queued != nil || !git.IsAncestor(gitobj.ID(p.MergeSHA), gitobj.ID(main))) {
			w.t.Fatalf("merged, but not on main: %+v", p)
		}
	}
	return main
}
