package skew

import (
	"net/http"
	"testing"
	"time"
)

type answer struct{ date string }

func (a answer) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{Header: http.Header{"Date": {a.date}}, Body: http.NoBody}, nil
}

func TestSkew(t *testing.T) {
	t.Parallel()
	base := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	tests := []struct {
		name  string
		date  string
		later time.Duration
		want  time.Duration
		known bool
	}{
		{"clocks agree", base.Format(http.TimeFormat), 0, -coarse / 2, true},
		{"ours is an hour ahead", base.Add(-time.Hour).Format(http.TimeFormat), 0, time.Hour - coarse/2, true},
		{"ours is behind", base.Add(90 * time.Second).Format(http.TimeFormat), 0, -90*time.Second - coarse/2, true},
		{"no date is no comparison", "", 0, 0, false},
		{"nonsense is no comparison", "yesterday", 0, 0, false},
		{"an old comparison is none", base.Format(http.TimeFormat), time.Hour, 0, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			now := base
			w := NewWatcher(func() time.Time { return now })
			r, err := http.NewRequest(http.MethodGet, "http://service.example", nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Watch(answer{tc.date}).RoundTrip(r); err != nil {
				t.Fatal(err)
			}
			now = now.Add(tc.later)
			got, known := w.Skew()
			if got != tc.want || known != tc.known {
				t.Errorf("got %v %v, want %v %v", got, known, tc.want, tc.known)
			}
		})
	}
}
