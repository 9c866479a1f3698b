package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The bounds of a written duration. The upper one keeps every sum with a date
// far from overflow.
const (
	minDuration = time.Minute
	maxDuration = 3650 * day
	day         = 24 * time.Hour
)

// ParseDuration reads a duration as it stands in the files: a whole number of
// minutes, hours or days, like "30m", "4h" or "7d"; at least a minute and at
// most 3650 days. The error is a [Refusal].
func ParseDuration(s string) (time.Duration, error) {
	units := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': day}
	if len(s) < 2 || units[s[len(s)-1]] == 0 {
		return 0, &Refusal{fmt.Sprintf("%q is not a duration", s), "write it like 30m, 4h or 7d"}
	}
	digits, unit := s[:len(s)-1], units[s[len(s)-1]]
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || digits != strconv.FormatUint(n, 10) {
		return 0, &Refusal{fmt.Sprintf("%q is not a duration", s), "write a whole number with one unit, like 30m, 4h or 7d"}
	}
	if n == 0 {
		return 0, &Refusal{"a duration of nothing", "write at least 1m"}
	}
	if n > uint64(maxDuration/unit) {
		return 0, &Refusal{fmt.Sprintf("%q is longer than 3650 days", s), "write a shorter one"}
	}
	return time.Duration(n) * unit, nil
}

// FormatDuration is the inverse of [ParseDuration] for whole minutes: days
// from two on, else hours, else minutes. Other durations have the form of
// [time.Duration.String] and cannot stand in a file.
func FormatDuration(d time.Duration) string {
	switch {
	case d <= 0 || d%time.Minute != 0:
		return d.String()
	case d%day == 0 && d > day:
		return strconv.FormatInt(int64(d/day), 10) + "d"
	case d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	default:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
	}
}

// timeLayout is RFC 3339 in UTC to the second, the only form of a time in the
// files.
const timeLayout = "2006-01-02T15:04:05Z"

// parseTime reads a time of the files. The error is a [Refusal].
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(timeLayout, s)
	if err == nil && t.Format(timeLayout) == s {
		return t, nil
	}
	if !strings.HasSuffix(s, "Z") {
		return time.Time{}, &Refusal{fmt.Sprintf("%q is not a time in UTC", s), "write it like 2026-12-24T09:00:00Z"}
	}
	return time.Time{}, &Refusal{fmt.Sprintf("%q is not a time", s), "write it like 2026-12-24T09:00:00Z"}
}

// formatTime writes a time as it stands in the files.
func formatTime(t time.Time) string { return t.UTC().Format(timeLayout) }
