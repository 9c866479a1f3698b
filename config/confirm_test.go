package config

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTimeToConfirm: from five minutes to a day, both among them; without the
// key nobody is asked.
func TestTimeToConfirm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		within  time.Duration
		problem string
	}{
		"":                              {},
		", confirm: {within: 5m}":       {within: 5 * time.Minute},
		", confirm: {within: 24h}":      {within: 24 * time.Hour},
		", confirm: {within: 1d}":       {within: 24 * time.Hour},
		", confirm: {within: 4m}":       {problem: "confirm.within is 4m; write a duration from 5m to 24h"},
		", confirm: {within: 25h}":      {problem: "confirm.within is 25h; write a duration from 5m to 24h"},
		", confirm: {within: 0m}":       {problem: "within"},
		", confirm: {}":                 {problem: "within"},
		", confirm: 30m":                {problem: "confirm"},
		", confirm: {within: 5m, a: 1}": {problem: "a"},
	} {
		files := overlay(t)
		files["aws-access.yaml"].Data = slices.Concat(files["aws-access.yaml"].Data, []byte("onboarding: {ou: /Workloads, approvers: [control-plane]"+text+"}\n"))
		r, err := Load(files)
		switch {
		case want.problem != "" && (err == nil || !strings.Contains(err.Error(), want.problem)):
			t.Errorf("%q: %v, want it refused with %q", text, err, want.problem)
		case want.problem == "" && (err != nil || r.Access.Onboarding.ConfirmWithin != want.within):
			t.Errorf("%q: %v, want %s", text, err, want.within)
		}
	}
}
