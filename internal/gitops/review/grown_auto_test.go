package review

import (
	"strings"
	"testing"
)

// TestT43WhatPassesByItselfIsHeldToThePeopleShown: people: pinned and
// people_growth hold a gain that nobody approves, too.
func TestT43WhatPassesByItselfIsHeldToThePeopleShown(t *testing.T) {
	t.Parallel()
	base := exampleTree(t).with(t, "aws-access.yaml", "  - name: admin in production\n",
		"  - {name: quick, match: {permission_sets: [PowerUserAccess]}, approvers: [account-owners], max_duration: 8h, people: pinned, auto: {per_day: 3}}\n  - name: admin in production\n")
	in := input(t, base, base.grant(devFile, devAsked))
	in.Shown = map[string]Shown{devGroup: {Members: in.Members[devGroup]}}
	if v := Evaluate(in); !v.Pass {
		t.Fatalf("as shown it does not pass: %+v", v.Needs)
	}
	in.Members[devGroup] = append([]string{taroEntra}, in.Members[devGroup]...)
	v := Evaluate(in)
	if v.Pass || !strings.Contains(v.Needs[0].Note, "joined since it was shown") {
		t.Errorf("with one more in the group: pass %v, %+v", v.Pass, v.Needs)
	}
	// Shown by now, he is still approved by nobody.
	in.Shown = map[string]Shown{devGroup: {Members: in.Members[devGroup], Since: in.Start}}
	if v := Evaluate(in); v.Pass || !strings.Contains(v.Needs[0].Note, "more people joined since it was shown") {
		t.Errorf("once he was shown: pass %v, %+v", v.Pass, v.Needs)
	}
}

// TestAStuckControlPlaneIsNotToldToMendItself: too few who may approve cannot
// approve the pull request that would name others either.
func TestAStuckControlPlaneIsNotToldToMendItself(t *testing.T) {
	t.Parallel()
	base := exampleTree(t).with(t, "aws-access.yaml", "control_plane: {approvers: [team:platform], count: 2}", "control_plane: {approvers: [ken@example.com, lena@example.com], count: 2}")
	in := byHand(input(t, base, base.with(t, "aws-access.yaml", "removals: 10%", "removals: 20%")), taro)
	in.Inactive = []string{kenEntra}
	said := strings.Join(Sentences(Evaluate(in), in.Base, in.Head), "\n")
	if !strings.Contains(said, "bot trust SHA") || strings.Contains(said, "can approve a pull request that names other approvers") {
		t.Errorf("it says %q", said)
	}
}
