// Package testgc is for the binaries of long tests: they make a great deal of
// short-lived garbage beside a small heap, so that collecting it took a third of
// their time.
package testgc

import "runtime/debug"

const (
	// percent is how much a heap grows before it is collected, in per cent of what
	// was alive (runtime/debug.SetGCPercent; 100 is the default).
	percent = 400
	// most is the size in bytes from which on it is collected all the same
	// (runtime/debug.SetMemoryLimit).
	most = 2 << 30
)

// Seldom has this process collect its garbage less often.
func Seldom() {
	debug.SetGCPercent(percent)
	debug.SetMemoryLimit(most)
}
