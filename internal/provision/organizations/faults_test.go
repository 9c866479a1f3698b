package organizations_test

import "testing"

// TestFaults has the cells of the fault matrix (docs/faults.md) that are about
// how this client and AWS talk, by row and column.
func TestFaults(t *testing.T) {
	for cell, tests := range map[string]map[string]func(*testing.T){
		"C18/throttled": {
			"a throttled read is repeated": aThrottledReadIsRepeated,
		},
		"C18/partial": {
			"members have their place and tags":   membersHaveTheirPlaceAndTags,
			"members are read whole or not":       membersAreReadWholeOrNot,
			"an answer about nothing is an error": anAnswerAboutNothingIsAnError,
		},
		"C18/lag": {
			"state of an account": stateOfAnAccount,
		},
		"C18/revoked": {
			"state is denied to a member":          stateIsDeniedToAMember,
			"management account is asked for once": managementAccountIsAskedForOnce,
		},
	} {
		for name, test := range tests {
			t.Run(cell+"/"+name, test)
		}
	}
}
