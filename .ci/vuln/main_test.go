package main

import (
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	const scanned = `{"config":{"protocol_version":"v1.0.0"}} {"SBOM":{"go_version":"go1.26.8"}} {"osv":{"id":"GO-1"}} `
	tests := []struct {
		name, in         string
		modules, library int
		fails            bool
	}{
		{"nothing at all", "", 0, 0, true},
		{"nothing scanned", `{"config":{}}`, 0, 0, true},
		{"cut short", scanned + `{"finding":`, 0, 0, true},
		{"nothing found", scanned, 0, 0, false},
		{"a hole in what is not linked", scanned + `{"finding":{"osv":"GO-1","trace":[{"module":"m","version":"v1","package":"m/p"}]}}`, 0, 0, false},
		{"a hole in a module, met twice", scanned + strings.Repeat(`{"finding":{"osv":"GO-1","fixed_version":"v2","trace":[{"module":"m","version":"v1","package":"m/p","function":"F"}]}}`, 2), 1, 0, false},
		{"a hole in the standard library", scanned + `{"finding":{"osv":"GO-1","trace":[{"module":"stdlib","version":"v1.26.8","package":"net/http","function":"F"}]}}`, 0, 1, false},
	}
	for _, tc := range tests {
		modules, library, err := judge(strings.NewReader(tc.in))
		if len(modules) != tc.modules || len(library) != tc.library || (err != nil) != tc.fails {
			t.Errorf("%s: %v, %v, %v", tc.name, modules, library, err)
		}
	}
}
