package provision

import "testing"

// TestWhatAGuardSaidOfARecordIsTakenBack once the guard does not say it any more:
// only what AWS answered stays until it is overcome.
func TestWhatAGuardSaidOfARecordIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, code := range []Code{CodeDisabled, CodeManagement, CodeLegacy, CodeNotDesired, CodeNotOwned, CodeTaken, CodeProtected, CodeOwnAccess, CodeIncomplete, CodeClock,
		CodeWholeAccount, CodeWholeGroup, CodeWholeEstate, CodeLastWay, CodeBudget, CodeExpiryBound} {
		if !held(code) {
			t.Errorf("%s stays on a record that no guard holds", code)
		}
	}
	if held(CodeMissing) {
		t.Errorf("%s is what a reading said", CodeMissing)
	}
}
