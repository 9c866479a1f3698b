package main

import "testing"

// TestAccountOfARole: the role that writes is held against the organization.
func TestAccountOfARole(t *testing.T) {
	t.Parallel()
	for role, want := range map[string]string{
		"arn:aws:iam::999999999999:role/aws-access-bot":       "999999999999",
		"arn:aws-cn:iam::999999999999:role/a/path/aws-access": "999999999999",
		"aws-access-bot": "",
		"":               "",
	} {
		if got := accountOf(role); got != want {
			t.Errorf("%q: %q, want %q", role, got, want)
		}
	}
}
