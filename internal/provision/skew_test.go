package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/internal/provision"
)

func TestSkewIsTheWorstThatAServiceReportedLately(t *testing.T) {
	t.Parallel()
	now := planTime
	m := provision.NewSkewMeter(func() time.Time { return now })
	if _, known := m.Skew(); known {
		t.Error("known before any service was heard")
	}
	steps := []struct {
		name           string
		service        string
		date           time.Duration // against now
		sent, received time.Duration
		want           time.Duration
	}{
		{"a date between sending and receiving", "aws", 0, -time.Second, time.Second, 0},
		{"a date of the same second", "aws", -900 * time.Millisecond, 0, 0, 0},
		{"we are ahead", "graph", -90 * time.Second, 0, 0, 89 * time.Second},
		{"another service agrees with us, the worst counts", "aws", 0, 0, 0, 89 * time.Second},
		{"we are behind", "graph", 2 * time.Minute, 0, 0, -2 * time.Minute},
		{"the service's newest word counts", "graph", 0, 0, 0, 0},
	}
	for _, s := range steps {
		m.Observe(s.service, now.Add(s.date), now.Add(s.sent), now.Add(s.received))
		if got, known := m.Skew(); got != s.want || !known {
			t.Errorf("%s: %s (%v), want %s", s.name, got, known, s.want)
		}
	}
	now = now.Add(16 * time.Minute)
	if _, known := m.Skew(); known {
		t.Error("known long after the last word")
	}
}
