package emukit

import (
	"net/http"
	"path"
	"sync"
	"time"
)

// Fault changes the answer to matching requests.
type Fault struct {
	// Name is what the journal calls it.
	Name string `json:"name"`
	// Service and Op select requests; each is a [path.Match] pattern and an
	// empty one matches everything.
	Service string `json:"service,omitempty"`
	Op      string `json:"op,omitempty"`
	// Skip lets that many matching requests pass first.
	Skip int `json:"skip,omitempty"`
	// Times is how many requests it hits; zero means one, negative means
	// every one until it is removed.
	Times int `json:"times,omitempty"`
	// Delay is waited (unscaled) before anything else.
	Delay time.Duration `json:"delay,omitempty"`
	// Status, Header and Body are the answer; Status zero means that the real
	// answer is given (after Delay, or lost with Drop).
	Status int         `json:"status,omitempty"`
	Header http.Header `json:"header,omitempty"`
	Body   string      `json:"body,omitempty"`
	// AfterEffect lets the operation take effect before the faulty answer.
	AfterEffect bool `json:"after_effect,omitempty"`
	// Drop closes the connection instead of answering.
	Drop bool `json:"drop,omitempty"`
}

// Faults is a list of faults to inject, safe for concurrent use. The first
// match that is not used up wins.
type Faults struct {
	mu   sync.Mutex // guards list
	list []*Fault
}

// NewFaults returns an empty list.
func NewFaults() *Faults { return &Faults{} }

// Add appends a fault.
func (f *Faults) Add(x Fault) {
	if x.Times == 0 {
		x.Times = 1
	}
	if x.Name == "" {
		x.Name = "fault"
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, &x)
}

// Clear removes all faults.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
}

// take returns the fault for a request, or nil, and counts it as used.
func (f *Faults) take(service, op string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.list {
		if !matches(x.Service, service) || !matches(x.Op, op) || x.Times == 0 {
			continue
		}
		if x.Skip > 0 {
			x.Skip--
			continue
		}
		if x.Times > 0 {
			x.Times--
		}
		hit := *x
		return &hit
	}
	return nil
}

// matches reports whether s fits the pattern; a malformed pattern is compared
// as plain text.
func matches(pattern, s string) bool {
	if pattern == "" || pattern == s {
		return true
	}
	ok, err := path.Match(pattern, s)
	return err == nil && ok
}
