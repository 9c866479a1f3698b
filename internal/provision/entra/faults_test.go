package entra_test

import "testing"

// TestFaults has the cells of the fault matrix (docs/faults.md) that are about
// how this client and Microsoft talk, by row and column.
func TestFaults(t *testing.T) {
	for cell, tests := range map[string]map[string]func(*testing.T){
		"C11/5xx": {
			"a login out of service is no refusal": aLoginOutOfServiceIsNoRefusal,
		},
		"C11/revoked": {
			"a refused login says why and shows no secret": aRefusedLoginSaysWhyAndShowsNoSecret,
		},
		"C12/timeout": {
			"calls end with the context": callsEndWithTheContext,
		},
		"C12/5xx": {
			"reads that meet trouble are repeated":                            readsThatMeetTroubleAreRepeated,
			"a look at the application that fails is an error and no finding": aLookAtTheApplicationThatFailsIsAnErrorAndNoFinding,
		},
		"C12/partial": {
			"direct members are read to the last page":          directMembersAreReadToTheLastPage,
			"a list that cannot be read to its end is an error": aListThatCannotBeReadToItsEndIsAnError,
			"nested groups are read to the last page":           nestedGroupsAreReadToTheLastPage,
			"nested groups that cannot be read are an error":    nestedGroupsThatCannotBeReadAreAnError,
			"app assignment is found on a later page":           appAssignmentIsFoundOnALaterPage,
		},
		"C12/revoked": {
			"errors of reads have a kind and the request ID": errorsOfReadsHaveAKindAndTheRequestID,
		},
		"C13/timeout": {
			"writes whose answer is lost are sent once":      writesWhoseAnswerIsLostAreSentOnce,
			"provisioning whose answer is lost is sent once": provisioningWhoseAnswerIsLostIsSentOnce,
		},
		"C13/throttled": {
			"provisioning too often is throttled with a wait": provisioningTooOftenIsThrottledWithAWait,
		},
		"C13/lag": {
			"an assignment that lists do not show yet is still assigned": anAssignmentThatListsDoNotShowYetIsStillAssigned,
			"not a valid reference update is replication":                notAValidReferenceUpdateIsReplication,
		},
		"C13/duplicate": {
			"assign is idempotent":                       assignIsIdempotent,
			"taking out of the application is sent once": takingOutOfTheApplicationIsSentOnce,
		},
		"C13/revoked": {
			"expired token is said in words":          expiredTokenIsSaidInWords,
			"permissions that are missing are denied": permissionsThatAreMissingAreDenied,
		},
	} {
		for name, test := range tests {
			t.Run(cell+"/"+name, test)
		}
	}
}
