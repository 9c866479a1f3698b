package github

import "testing"

// TestFaults has the cells of the fault matrix (docs/faults.md) that are about
// how this client and GitHub talk, by row and column.
func TestFaults(t *testing.T) {
	for cell, tests := range map[string]map[string]func(*testing.T){
		"C10/throttled": {
			"limits are waited out":                                 limitsAreWaitedOut,
			"limits that do not say how long are waited out longer": limitsThatDoNotSayHowLongAreWaitedOutLonger,
			"content is made no faster than git hub lets":           contentIsMadeNoFasterThanGitHubLets,
		},
		"C10/5xx": {
			"reads are repeated and writes are not": readsAreRepeatedAndWritesAreNot,
		},
		"C10/duplicate": {
			"errors have kinds": errorsHaveKinds,
		},
	} {
		for name, test := range tests {
			t.Run(cell+"/"+name, test)
		}
	}
}
