package review

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
)

// TestT10WhatHasEndedIsNotBegunAnewUnseen: under another key a line begins
// anew. Where a longer one hides that today, it shows when the longer one goes:
// a line that has ended is approved as if it were new.
func TestT10WhatHasEndedIsNotBegunAnewUnseen(t *testing.T) {
	t.Parallel()
	standing := "  - account: payments-dev\n    permission_set: PowerUserAccess\n    reason: base\n"
	asked := strings.Replace(devAsked, "4h", "30d", 1)
	bare := strings.Replace(asked, "    request: REQ-7F3K2Q\n", "", 1)
	for name, x := range map[string]struct {
		ago time.Duration
		// needs is whether somebody is asked.
		needs bool
	}{
		"ended long ago":                {200 * 24 * time.Hour, true},
		"would end later":               {24 * time.Hour, true},
		"merged at this very moment":    {0, false},
		"ended at this very moment":     {30 * 24 * time.Hour, true},
		"about to end, and begun again": {30*24*time.Hour - time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t, exampleTree(t).grant(devFile, standing+asked), exampleTree(t).grant(devFile, standing+bare))
			in.Starts = config.Starts{}
			for _, ref := range in.Base.Grants() {
				in.Starts[ref.Key] = config.Start{MergedAt: noon.Add(-x.ago)}
			}
			in.Change = config.Compare(in.Base, in.Head, in.Starts, noon)
			v := Evaluate(in)
			if v.Pass == x.needs || x.needs && (len(v.Needs) != 1 || v.Needs[0].Subject != SubjectAgain) {
				t.Errorf("pass %v, needs %+v", v.Pass, v.Needs)
			}
		})
	}
}

// TestT10AnotherSelectorIsApprovedAsNew: it may select other accounts tomorrow,
// also where it selects the same ones today. Whoever names these accounts instead
// asks for nothing more, but takes the others away.
func TestT10AnotherSelectorIsApprovedAsNew(t *testing.T) {
	t.Parallel()
	const file, old = "groups/aws-orders-dev.yaml", "accounts: {ou: /Workloads/Dev, tags: {team: orders}}"
	for name, x := range map[string]struct {
		line string
		want Subject
	}{
		"other tags":          {"accounts: {tags: {team: orders, env: dev}}", SubjectAgain},
		"the same, reordered": {"accounts: {tags: {team: orders}, ou: /Workloads/Dev}", ""},
		"its one account":     {"account: orders-dev", SubjectNarrow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := exampleTree(t)
			in := input(t, base, base.with(t, file, old, x.line))
			if len(in.Change.Added)+len(in.Change.Removed) > 0 {
				t.Fatalf("it changes what there is today: %+v", in.Change)
			}
			v := Evaluate(byHand(in, taro))
			if v.Pass != (x.want == "") || len(v.Needs) > 1 || x.want != "" && (len(v.Needs) != 1 || v.Needs[0].Subject != x.want) {
				t.Errorf("pass %v, needs %+v", v.Pass, v.Needs)
			}
		})
	}
}

// TestAnEntryThatHasEndedIsHeldAsAGain: it grants nothing, which its need says;
// who is in the group may approve it as little as a gain.
func TestAnEntryThatHasEndedIsHeldAsAGain(t *testing.T) {
	t.Parallel()
	line := "  - account: payments-dev\n    permission_set: PowerUserAccess\n    expires: 2026-11-20T12:00:00Z\n    reason: looking\n"
	in := byHand(input(t, exampleTree(t), exampleTree(t).grant(devFile, line), approved(yuki)), taro)
	in.Members[devGroup] = []string{yukiEntra}
	v := Evaluate(in)
	if v.Pass || len(v.Needs) != 1 || v.Needs[0].Subject != SubjectEnded {
		t.Fatalf("pass %v, needs %+v", v.Pass, v.Needs)
	}
	if no := v.Needs[0].NotCounted; len(no) != 1 || no[0].Code != NotMember {
		t.Errorf("not counted: %+v", no)
	}
}
