package graphemu

import (
	"testing"
	"time"
)

func TestReplicationDelayCountsForLaterAssignments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, Options{ReplicationDelay: time.Minute})
	for _, tc := range []struct {
		set   time.Duration
		group string
		want  time.Duration
	}{{3 * time.Minute, devs, 90 * time.Second}, {-1, ops, 0}} {
		w.SetReplicationDelay(tc.set)
		a, err := w.Assign(tc.group)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Honoured.Sub(a.Created); got != tc.want {
			t.Errorf("delay %v at speed 2: honoured after %v, want %v", tc.set, got, tc.want)
		}
	}
}
