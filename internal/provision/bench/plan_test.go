package bench_test

import (
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// planRow: the planner alone. The machine is shared, so beside the time that
// passed the processor time is told, and of several runs the one in the middle.
func planRow(t *testing.T) line {
	l := line{"plan of 100,000 assignments from parsed state", "300 ms, 300 MiB", "failed"}
	t.Run(l.what, func(t *testing.T) {
		in := largeInput()
		const runs = 9
		var passed, busy []time.Duration
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range runs {
			begun, worked := time.Now(), processor(t)
			r := provision.Plan(in)
			passed, busy = append(passed, time.Since(begun)), append(busy, processor(t)-worked)
			if len(r.Live) != large.assignments || !r.Empty() {
				t.Fatalf("%d live, %d changes", len(r.Live), len(r.Changes))
			}
		}
		runtime.ReadMemStats(&after)
		slices.Sort(passed)
		slices.Sort(busy)
		l.measured = fmt.Sprintf("%d ms of processor time (%d ms passed, %d at best), %d MiB allocated", busy[runs/2].Milliseconds(), passed[runs/2].Milliseconds(),
			passed[0].Milliseconds(), (after.TotalAlloc-before.TotalAlloc)/runs>>20)
		t.Log(l.measured)
	})
	return l
}

// processor is how long this process had a processor.
func processor(t *testing.T) time.Duration {
	var u syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkPlanOfAHundredThousand(b *testing.B) {
	in := largeInput()
	b.ReportAllocs()
	for b.Loop() {
		provision.Plan(in)
	}
}

// largeInput has 100,000 assignments that are live and read by principal, in
// the order in which the engine has them: sorted.
func largeInput() provision.Input {
	all := (&world{shape: large}).draw()
	slices.SortFunc(all, config.Assignment.Compare)
	in := provision.Input{Commit: "c1", Owned: all, Wholes: map[provision.LiveAssignment]provision.Whole{}, Principals: map[config.Principal]provision.PrincipalState{},
		Accounts: map[string]provision.AccountState{}, Records: map[config.Assignment]provision.RecordState{}}
	pairs := map[string][]config.Pair{}
	for _, a := range all {
		id := "store-" + a.Principal.ID
		in.Desired = append(in.Desired, provision.Desire{Desired: config.Desired{Assignment: a}})
		in.Principals[a.Principal] = provision.PrincipalState{Looked: true, ID: id}
		in.Records[a] = provision.RecordState{ReadBack: true, PrincipalID: id}
		pairs[id] = append(pairs[id], a.Pair())
	}
	for id, list := range pairs {
		in.Wholes[provision.LiveAssignment{PrincipalID: id, Kind: config.GroupPrincipal}] = provision.NewWhole(provision.Reading{}, list)
	}
	return in
}
