package sandbox

import (
	"strings"
	"testing"
	"time"
)

const grantedFile = `id: 0b7e3f4c-0000-4000-8000-000000000019
name: aws-payments-support
owners: [yuki@example.com]
access:
  - account: payments-dev
    permission_set: PowerUserAccess
    duration: 4h
    reason: refunds
`

// row finds an assignment of the map.
func row(t *testing.T, s *Sandbox, account, principal, set string) (AssignmentAccess, bool) {
	t.Helper()
	for _, a := range s.State("access").Access.Accounts {
		for _, x := range a.Assignments {
			if a.Name == account && x.Principal == principal && x.PermissionSet == set {
				return x, true
			}
		}
	}
	return AssignmentAccess{}, false
}

// The map follows the default branch: a grant is pending until AWS has it, ends
// by its duration from the commit, and an invalid commit changes nothing.
func TestMapFollowsTheRepo(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	push := func(path, text string) {
		t.Helper()
		if _, err := s.push("ken-platform", pushIn{Branch: "main", Files: map[string]string{path: text}, Message: "x", IgnoreRules: true}); err != nil {
			t.Fatal(err)
		}
	}
	const file = "groups/aws-payments-support.yaml"
	if x, ok := row(t, s, "payments-dev", "aws-payments-support", "PowerUserAccess"); ok {
		t.Errorf("before the commit: %+v", x)
	}
	push(file, grantedFile)
	x, ok := row(t, s, "payments-dev", "aws-payments-support", "PowerUserAccess")
	if !ok || x.State != statePending || x.End == nil || !x.New {
		t.Fatalf("after the commit: %v %+v", ok, x)
	}
	if left := x.End.Sub(s.kit.Now()); left > 4*time.Hour || left < 3*time.Hour+59*time.Minute {
		t.Errorf("ends in %v", left)
	}
	if _, err := s.world.graph.SeedAssignment(entraGroup(supportGroup)); err != nil {
		t.Fatal(err)
	}
	if err := s.world.graph.RunCycle(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, err := s.assignment(assignmentIn{Account: "payments-dev", PermissionSet: "PowerUserAccess", groupIn: groupIn{Group: "aws-payments-support"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.world.aws.AddAssignment(a); err != nil {
		t.Fatal(err)
	}
	if x, _ := row(t, s, "payments-dev", "aws-payments-support", "PowerUserAccess"); x.State != stateLive || !x.New || x.Members != 7 || x.End == nil {
		t.Errorf("once AWS has it: %+v", x)
	}
	push(file, "id: [")
	m := s.State("access").Access
	if m.Problems == "" || !strings.Contains(m.Problems, file) || m.Valid == m.Commit {
		t.Errorf("an invalid commit: %q, valid %s, head %s", m.Problems, m.Valid, m.Commit)
	}
	if x, _ := row(t, s, "payments-dev", "aws-payments-support", "PowerUserAccess"); x.State != stateLive {
		t.Errorf("after an invalid commit: %+v", x)
	}
	if err := s.world.config.ForcePush("ken-platform", "main", s.SeedCommit(), true); err != nil {
		t.Fatal(err)
	}
	if x, _ := row(t, s, "payments-dev", "aws-payments-support", "PowerUserAccess"); x.State != stateUndeclared || x.End != nil {
		t.Errorf("after the history was rewritten: %+v", x)
	}
}
