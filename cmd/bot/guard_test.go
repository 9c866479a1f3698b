package main

import (
	"testing"
	"time"

	"aws-access-bot/internal/gitops/guard"

	"github.com/google/go-cmp/cmp"
)

func TestGuardLinesNameEachFindingAndEachSilence(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	found := []guard.Finding{{Code: guard.ForcePush, Sentence: "The history can be rewritten.", Mend: "Block force pushes.", Since: noon}}
	for _, tt := range []struct {
		name string
		rep  guard.Report
		want []string
	}{
		{"before the first look", guard.Report{}, []string{"guard: not looked at yet"}},
		{"nothing found", guard.Report{At: noon}, []string{"guard: as it should be at 2026-11-20T12:00:00Z"}},
		{"a weakness", guard.Report{At: noon, Findings: found}, []string{"guard: The history can be rewritten. (force-push-allowed) Block force pushes."}},
		{"a weakness, and looks that fail", guard.Report{At: noon, Failing: noon.Add(time.Hour), Findings: found},
			[]string{"guard: The history can be rewritten. (force-push-allowed) Block force pushes.", "guard: not readable since 2026-11-20T13:00:00Z"}},
		{"the first look failed", guard.Report{Failing: noon}, []string{"guard: not readable since 2026-11-20T12:00:00Z"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, guardText(tt.rep)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}
