package config

import (
	"time"

	"go.yaml.in/yaml/v3"
)

// The bounds of onboarding.confirm.within: a question that stands shorter nobody
// sees, and who is locked out does not wait longer than a day.
const (
	minConfirm = 5 * time.Minute
	maxConfirm = 24 * time.Hour
)

// confirm reads how long people have to say that they are still in.
func (f *file) confirm(n *yaml.Node) time.Duration {
	if n == nil {
		return 0
	}
	o, ok := f.object(n, confirmKeys)
	if !ok {
		return 0
	}
	within := o.get("within")
	d := f.duration(within, "within")
	if d != 0 && (d < minConfirm || d > maxConfirm) {
		f.problem(within, "write a duration from 5m to 24h", "confirm.within is %s", FormatDuration(d))
		return 0
	}
	return d
}

// confirmText is onboarding.confirm as one field, "" where nobody is asked.
func confirmText(within time.Duration) string {
	if within == 0 {
		return ""
	}
	return "{within: " + durationText(within) + "}"
}
