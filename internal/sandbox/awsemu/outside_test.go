package awsemu

import (
	"slices"
	"testing"
)

// TestWhoLeavesLosesItsAssignments, and gets none back by joining again; those of
// other accounts stay.
func TestWhoLeavesLosesItsAssignments(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	gone, stays := f.prodGroup(), f.prodGroup()
	stays.AccountID = testDev
	must(t, f.AddAssignment(gone))
	must(t, f.AddAssignment(stays))
	must(t, f.RemoveAccount(testProd))
	if got := f.State().Assignments; !slices.Equal(got, []Assignment{stays}) {
		t.Errorf("after it left: %+v", got)
	}
	must(t, f.AddAccount(Account{ID: testProd, Name: "prod", Email: "prod@example.com", OU: "/"}))
	if st := f.State(); !slices.Equal(st.Assignments, []Assignment{stays}) || !slices.Equal(st.Listed, []Assignment{stays}) {
		t.Errorf("after it joined again: %+v, listed %+v", st.Assignments, st.Listed)
	}
}
