package onboard

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// TestALostAnswerAndAListThatForgets: AWS keeps what has ended for 30 days. The
// invitation that was the newest one at the intent may be gone from the list when
// it is looked at again, and is not made up for by an older one.
func TestALostAnswerAndAListThatForgets(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	ended := func(id string, asked time.Time) access.Handshake {
		return access.Handshake{ID: id, Account: newcomer, Action: actionInvite, State: stateDeclined, Asked: asked}
	}
	for name, tc := range map[string]struct {
		list []access.Handshake
		want action
		id   string
	}{
		"nothing is left":          {nil, invite, ""},
		"an older one is left":     {[]access.Handshake{ended("h-older", now.Add(-40*day))}, invite, ""},
		"it is there":              {[]access.Handshake{ended("h-last", now.Add(-30*day))}, invite, ""},
		"ours is there":            {[]access.Handshake{ended("h-ours", now.Add(-time.Hour)), ended("h-last", now.Add(-30*day))}, nothing, "h-ours"},
		"ours is there, it is not": {[]access.Handshake{ended("h-ours", now.Add(-time.Hour))}, nothing, "h-ours"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := Record{Account: newcomer, State: Inviting, Outside: true, Began: now.Add(-2 * time.Hour), Invitation: &Invitation{Intent: now.Add(-time.Hour), Last: "h-last"}}
			after, act := step(r, Sight{Now: now, Phase: config.Grow, EnableChanges: true, HasRole: true, Features: access.AllFeatures, Invitations: tc.list})
			if act != tc.want || after.Invitation == nil || after.Invitation.ID != tc.id {
				t.Errorf("%v, %+v", act, after.Invitation)
			}
		})
	}
}
