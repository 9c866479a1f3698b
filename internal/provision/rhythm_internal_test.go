package provision

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestOperationsAreListedOnceEnoughOfThemShouldHaveEnded(t *testing.T) {
	t.Parallel()
	zero := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return zero.Add(time.Duration(ms) * time.Millisecond) }
	times := func(ms ...int) []time.Time {
		out := make([]time.Time, len(ms))
		for i, m := range ms {
			out[i] = at(m)
		}
		return out
	}
	tests := []struct {
		name        string
		ends        []time.Time
		last, again time.Time
		want        time.Time
	}{
		{"one place may stand idle for a second", times(5000), at(0), at(1000), at(6000)},
		{"five that end together for a fifth of it", times(5000, 5000, 5000, 5000, 5000), at(0), at(1000), at(5200)},
		{"those that end later count from then", times(5000, 5500, 9000), at(0), at(1000), at(5750)},
		{"whatever their order", times(9000, 5500, 5000), at(0), at(1000), at(5750)},
		{"one that is late is asked about again", times(1000), at(2000), at(3000), at(3000)},
		{"unless others end before", times(1000, 2100, 2100, 2100, 2100), at(2000), at(3000), at(2350)},
		{"lists keep a distance", times(2001, 2001, 2001, 2001, 2001, 2001, 2001, 2001, 2001, 2001), at(2000), at(3000), at(2250)},
		{"nothing was listed yet", times(1000, 1000), time.Time{}, time.Time{}, at(1500)},
		{"after a failure not before it is to be asked again", times(1000, 1000), time.Time{}, at(9000), at(9000)},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := nextList(tc.ends, tc.last, tc.again, idleWorth, listSoon); !got.Equal(tc.want) {
				t.Errorf("got %s, want %s", got.Sub(zero), tc.want.Sub(zero))
			}
		})
	}
}

// TestNoPlaceStandsIdleLongerThanIsWorth: a list is due before the places that
// should be free have been idle for longer than that together, and never long
// after an operation that is late.
func TestNoPlaceStandsIdleLongerThanIsWorth(t *testing.T) {
	t.Parallel()
	zero := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 9))
		ends := make([]time.Time, 1+r.IntN(15))
		for i := range ends {
			ends[i] = zero.Add(time.Duration(r.IntN(6000)) * time.Millisecond)
		}
		last := zero.Add(time.Duration(r.IntN(3000)) * time.Millisecond)
		again := last.Add(listEvery)
		next := nextList(ends, last, again, idleWorth, listSoon)
		var idle time.Duration
		late, fresh := false, 0
		for _, end := range ends {
			switch {
			case !end.After(last):
				late = true
			case next.After(end):
				idle += next.Sub(end)
				fresh++
			}
		}
		if next.Before(last.Add(listSoon)) || idle > idleWorth+time.Microsecond && next.After(last.Add(listSoon)) || late && next.After(again) {
			t.Fatalf("seed %d: after %s idle %s of %d, late %v", seed, next.Sub(last), idle, fresh, late)
		}
		if !late && next.After(last.Add(listSoon)) && idle < idleWorth-time.Microsecond {
			t.Fatalf("seed %d: listed after %s when only %s were idle", seed, next.Sub(last), idle)
		}
	}
}
