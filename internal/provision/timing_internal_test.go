package provision

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// series returns the first waits of a schedule, in seconds.
func series(n int, f func(int) time.Duration) []float64 {
	var out []float64
	for i := range n {
		out = append(out, f(i).Seconds())
	}
	return out
}

func TestWaits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		got  []float64
		want []float64
	}{
		{"polls after 1 s, 2 s, then every 3 s", series(5, pollAfter), []float64{1, 2, 5, 8, 11}},
		{"on-demand retries", series(8, func(n int) time.Duration { return demandAfter(n + 1) }), []float64{5, 10, 20, 30, 60, 120, 120, 120}},
		{"failures double up to half an hour", series(8, func(n int) time.Duration { return backoff(retryFirst, retryMost, n+1) }),
			[]float64{30, 60, 120, 240, 480, 960, 1800, 1800}},
		{"looks grow by half up to a minute", series(10, func(n int) time.Duration { return growing(2*time.Second, time.Minute, n) }),
			[]float64{2, 3, 4.5, 6.75, 10.125, 15.1875, 22.78125, 34.171875, 51.257812500, 60}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, tt.got); diff != "" {
				t.Errorf("seconds (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPaceDividesWaits(t *testing.T) {
	t.Parallel()
	for pace, want := range map[float64]time.Duration{0: time.Minute, 1: time.Minute, 60: time.Second, -1: time.Minute} {
		if got := (&Engine{opts: Options{Pace: pace}}).pace(time.Minute); got != want {
			t.Errorf("pace %v: %s, want %s", pace, got, want)
		}
	}
}
