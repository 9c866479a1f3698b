package access_test

import (
	"errors"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
)

// TestT18WhoIsNotBoundIsToldHowToBeLinked: with the chat user as people.yaml
// writes it, and with nothing that the user could have made up himself.
func TestT18WhoIsNotBoundIsToldHowToBeLinked(t *testing.T) {
	t.Parallel()
	p := newPeople(t, entrant(hana, "hana@example.com"))
	tests := []struct {
		name    string
		profile access.ChatProfile
		says    string
	}{
		{"nobody has the address", profile("U0EVE", "vip@example.com"), "`- {entra: YOUR-ENTRA-OBJECT-ID, email: YOUR-ADDRESS, slack: {team: T0ACME, user: U0EVE}}`"},
		{"no address", profile("U0EVE", ""), "slack: {team: T0ACME, user: U0EVE}"},
		{"the person has another chat user", profile("U0EVE", "hana@example.com"), "`slack: {team: T0ACME, user: U0EVE}` to that entry"},
	}
	for _, tc := range tests {
		_, err := p.Resolve(t.Context(), tc.profile)
		var no *access.Refusal
		if !errors.As(err, &no) || !strings.Contains(no.Mend, tc.says) {
			t.Errorf("%s: %v, want the mend %q", tc.name, err, tc.says)
			continue
		}
		if strings.Contains(no.Mend, "@example.com") || strings.Contains(no.Mend, hana) {
			t.Errorf("%s: the mend vouches for somebody: %q", tc.name, no.Mend)
		}
	}
	teams := profile("U0EVE", "vip@example.com")
	teams.User.Platform = access.Teams
	var no *access.Refusal
	if _, err := p.Resolve(t.Context(), teams); !errors.As(err, &no) || strings.Contains(no.Mend, "slack") {
		t.Errorf("Teams: %v", err)
	}
}
