// Package retryafter reads how long a service asks to be left alone. What a
// header says comes from outside, from the service or from a proxy before it,
// and is bounded: no answer silences the bot for longer than [Most]. What cannot
// be meant, like a negative number, says nothing.
package retryafter

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Most is the longest wait that is believed. The limits of the services that
// the bot calls are by the second, the minute or the hour.
const Most = time.Hour

// Bounded returns a wait that is not negative and at most [Most].
func Bounded(d time.Duration) time.Duration { return min(max(d, 0), Most) }

// Seconds reads a Retry-After that is a number of seconds (RFC 9110, 10.2.3:
// digits and nothing else). It reports whether the header is one.
func Seconds(header string) (time.Duration, bool) {
	if header == "" || strings.Trim(header, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(header, 10, 64)
	if err != nil || n > int64(Most/time.Second) {
		return Most, true // digits that are too many are a very long time
	}
	return time.Duration(n) * time.Second, true
}

// Read reads a Retry-After that is a number of seconds or a date, which is
// measured from now. A date that has passed is no wait.
func Read(header string, now time.Time) (time.Duration, bool) {
	if d, ok := Seconds(header); ok {
		return d, true
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	return Bounded(at.Sub(now)), true
}

// Reset reads the time at which a limit ends, in seconds since 1970 as GitHub
// writes X-RateLimit-Reset. It is at most [Most] after now, and may have passed.
func Reset(header string, now time.Time) (time.Time, bool) {
	n, err := strconv.ParseInt(header, 10, 64)
	if err != nil || n < 0 {
		return time.Time{}, false
	}
	last := now.Add(Most)
	if n > last.Unix() { // before a time is made of it: a large one wraps around
		return last, true
	}
	return time.Unix(n, 0), true
}
