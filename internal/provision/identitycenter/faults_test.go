package identitycenter_test

import "testing"

// TestFaults has the cells of the fault matrix (docs/faults.md) that are about
// how this client and AWS talk, by row and column.
func TestFaults(t *testing.T) {
	for cell, tests := range map[string]map[string]func(*testing.T){
		"C14/partial": {
			"members are named to the last page": membersAreNamedByTheirEntraIdsToTheLastPage,
		},
		"C14/lag": {
			"a group that is not there":                       aGroupThatIsNotThere,
			"a group deleted since it was found is not there": aGroupDeletedSinceItWasFoundIsNotThere,
		},
		"C15/timeout": {
			"reads end with the context": readsEndWithTheContext,
		},
		"C15/throttled": {
			"throttled reads are repeated": throttledReadsAreRepeated,
			"a throttle in the middle of a principal is retried and then fails the reading": aThrottleInTheMiddleOfAPrincipalIsRetriedAndThenFailsTheReading,
		},
		"C15/partial": {
			"assignments are read to the last page":                               assignmentsAreReadToTheLastPage,
			"a page that fails fails the read":                                    aPageThatFailsFailsTheRead,
			"a list without end is an error":                                      aListWithoutEndIsAnError,
			"an empty page is not the end":                                        anEmptyPageIsNotTheEnd,
			"a repeated token or an unknown set fails the reading of a principal": aRepeatedTokenOrAnUnknownSetFailsTheReadingOfAPrincipal,
			"a page with fewer items is not the end of a principal":               aPageWithFewerItemsIsNotTheEndOfAPrincipal,
		},
		"C15/revoked": {
			"bad credentials are denied everywhere":                                         badCredentialsAreDeniedEverywhere,
			"a delegated administrator is denied and a principal that is gone is not found": aDelegatedAdministratorIsDeniedAndAPrincipalThatIsGoneIsNotFound,
		},
		"C16/timeout": {
			"a lost answer leaves the effect open":                  aLostAnswerLeavesTheEffectOpen,
			"an answer without a request ID leaves the effect open": anAnswerWithoutARequestIDLeavesTheEffectOpen,
		},
		"C16/throttled": {
			"throttling passes with time": throttlingPassesWithTime,
		},
		"C16/5xx": {
			"refused writes have a kind and are tried once": refusedWritesHaveAKindAndAreTriedOnce,
		},
		"C16/lag": {
			"failures come with their reason": failuresComeWithTheirReason,
		},
		"C16/duplicate": {
			"creation and deletion come to their end": creationAndDeletionComeToTheirEnd,
		},
		"C17/partial": {
			"outcomes are read to the last page": outcomesAreReadToTheLastPage,
		},
		"C17/lag": {
			"a request that AWS does not know is not found": aRequestThatAWSDoesNotKnowIsNotFound,
		},
	} {
		for name, test := range tests {
			t.Run(cell+"/"+name, test)
		}
	}
}
