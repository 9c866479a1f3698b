package bench_test

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestWarmFullCheckOfSixtyGroupsTakesSixtyCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, small, management, time.Second)
		w.live(w.all)
		if _, err := w.engine.Sync(t.Context()); err != nil { // the names
			t.Fatal(err)
		}
		w.wire.reset()
		r, err := w.engine.Sync(t.Context())
		if err != nil || len(r.Plan.Live) != small.assignments || !r.Plan.Empty() {
			t.Fatalf("%d live of %d, %v", len(r.Plan.Live), small.assignments, err)
		}
		if n := w.wire.total(); n != small.groups || int(r.Check.Made) != n || r.Check.Estimated != n {
			t.Errorf("%d calls (%s), told %+v", n, w.wire, r.Check)
		}
	})
}

func TestOneMergedGrantTakesFourCallsAtASecondAndSixAtFive(t *testing.T) {
	t.Parallel()
	for latency, want := range map[time.Duration]int{900 * time.Millisecond: 4, 4900 * time.Millisecond: 6} {
		t.Run(latency.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, small, management, latency)
				w.live(w.all[:100])
				defer w.run()()
				time.Sleep(2 * time.Minute)
				w.wire.reset()
				w.merge(w.all[:101])
				w.until(101)
				if n := w.wire.total(); n != want {
					t.Errorf("%d calls, want %d: %s", n, want, w.wire)
				}
			})
		})
	}
}

func TestSixtyOperationsOfSixGroupsTakeFewCallsAndNoThrottle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, shape{20, 5, 6, 60}, management, 5*time.Second)
		w.know()
		defer w.run()()
		time.Sleep(time.Minute)
		w.wire.reset()
		w.merge(w.all)
		w.until(60)
		if n := w.wire.total(); n > 60*2 || w.wire.throttled != 0 || w.wire.refused != 0 {
			t.Errorf("%d calls for 60 operations, %d throttled, %d refused: %s", n, w.wire.throttled, w.wire.refused, w.wire)
		} else {
			t.Logf("%d calls: %s", n, w.wire)
		}
	})
}
