package main

import (
	"slices"
	"testing"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/permset"
)

func TestWhatHoldsASetUpIsShownAndCounted(t *testing.T) {
	t.Parallel()
	sets := []provision.SetStatus{
		{Name: "Done", State: provision.SetApplied, Drift: []permset.Finding{{Sentence: "Done: something is extra."}}},
		{Name: "Held", State: provision.SetPending, Code: provision.CodeSetPower, Trouble: "It would get power."},
		{Name: "Off", State: provision.SetPending, Code: provision.CodeDisabled, Trouble: "enable_changes is off."},
		{Name: "Left", State: provision.SetLeft, Code: provision.CodeSetLeft, Trouble: "Its file is gone."},
	}
	want := [][2]string{
		{"sets", "1 of 4 as their files say"}, {"drift", "permission set Done: something is extra."},
		{"set", "Held pending (permission-set-power): It would get power."}, {"set", "Off pending (changes-disabled): enable_changes is off."},
		{"set", "Left left (permission-set-left): Its file is gone."},
	}
	if got := setStatusLines(sets); !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
	if n := troubledSets(sets); n != 1 {
		t.Errorf("%d in trouble, want 1", n)
	}
}

func TestAPassOfSetsIsShownWithItsReason(t *testing.T) {
	t.Parallel()
	v := viewed{Report: provision.Report{Sets: []provision.SetReport{
		{Name: "A", Steps: []permset.Step{{Sentence: "Update A: session 1h -> 8h."}}, Code: provision.CodeSetSpread, Sentence: "It would spread."},
		{Name: "B", Unread: true, Code: provision.CodeSetUnread, Sentence: "Nothing of it is judged."},
		{Name: "C", Provisioning: true, Failures: map[string]string{"111122223333": "no such policy"}},
	}}}
	want := []string{
		"set    Update A: session 1h -> 8h.", "held   permission set A (permission-set-drift-would-spread): It would spread.",
		"unread permission set B: Nothing of it is judged.", "wait   permission set C is being provisioned to its accounts",
		"failed permission set C in account 111122223333: no such policy",
	}
	if got := v.setLines(); !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
	if n := due(v.Report); n != 3 {
		t.Errorf("%d due, want 3", n)
	}
}
