package retryafter_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"aws-access-bot/internal/retryafter"
)

var now = time.Date(2026, 12, 1, 12, 0, 0, 5e8, time.UTC)

func TestWaitsAreReadAndBounded(t *testing.T) {
	t.Parallel()
	in := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	tests := []struct {
		name, header string
		want         time.Duration
		ok           bool
	}{
		{"seconds", "90", 90 * time.Second, true},
		{"none", "0", 0, true},
		{"the longest", "3600", time.Hour, true},
		{"longer", "3601", time.Hour, true},
		{"years", "99999999999", time.Hour, true},
		{"what overflows a duration", "9223372037", time.Hour, true},
		{"what overflows a number", "99999999999999999999999", time.Hour, true},
		{"nothing", "", 0, false},
		{"negative", "-1", 0, false},
		{"very negative", "-9223372036854775808", 0, false},
		{"a sign", "+5", 0, false},
		{"a fraction", "1.5", 0, false},
		{"no number", "NaN", 0, false},
		{"without end", "Inf", 0, false},
		{"an exponent", "1e3", 0, false},
		{"a space", " 5", 0, false},
		{"a date", in(2 * time.Minute), 2*time.Minute - 5e8, true},
		{"a date that has passed", in(-time.Minute), 0, true},
		{"a date far away", "Fri, 31 Dec 9999 23:59:59 GMT", time.Hour, true},
		{"a date long ago", "Mon, 01 Jan 0001 00:00:00 GMT", 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := retryafter.Read(tt.header, now); got != tt.want || ok != tt.ok {
				t.Errorf("%q is %v, %v; want %v, %v", tt.header, got, ok, tt.want, tt.ok)
			}
		})
	}
	if got, ok := retryafter.Seconds(in(time.Minute)); ok || got != 0 {
		t.Errorf("a date is %v seconds", got)
	}
}

func TestAResetIsBounded(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Time{
		strconv.FormatInt(now.Unix()+600, 10):  time.Unix(now.Unix()+600, 0),
		strconv.FormatInt(now.Unix()-600, 10):  time.Unix(now.Unix()-600, 0),
		strconv.FormatInt(now.Unix()+7200, 10): now.Add(time.Hour),
		"9223372036854775807":                  now.Add(time.Hour),
		"0":                                    time.Unix(0, 0),
		"-1":                                   {},
		"99999999999999999999":                 {},
		"soon":                                 {},
		"":                                     {},
	} {
		if got, ok := retryafter.Reset(header, now); !got.Equal(want) || ok == want.IsZero() {
			t.Errorf("%q is %v, %v; want %v", header, got, ok, want)
		}
	}
}

// FuzzRead: whatever a header says, the wait is between none and the longest
// one, a number is what it says up to that, and a reset is no later.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "0", "7", "3601", "-1", "NaN", "1e9", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "Tue, 01 Dec 2026 12:01:00 GMT", "9223372036854775807"} {
		f.Add(s, now.Unix())
	}
	f.Fuzz(func(t *testing.T, header string, at int64) {
		now := time.Unix(at%(1<<40), 0)
		d, ok := retryafter.Read(header, now)
		if d < 0 || d > retryafter.Most || !ok && d != 0 {
			t.Fatalf("%q at %v is %v, %v", header, now, d, ok)
		}
		if n, err := strconv.ParseUint(header, 10, 64); err == nil && (!ok || d != min(time.Duration(min(n, 1<<20))*time.Second, retryafter.Most)) {
			t.Fatalf("%q is %v, %v", header, d, ok)
		}
		reset, ok := retryafter.Reset(header, now)
		if reset.Sub(now) > retryafter.Most || ok && reset.Unix() < 0 && now.Add(retryafter.Most).Unix() >= 0 {
			t.Fatalf("%q at %v resets at %v", header, now, reset)
		}
	})
}
