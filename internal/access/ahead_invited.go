package access

import (
	"fmt"

	"aws-access-bot/config"
)

// invited names the accounts that the step makes the bot invite: they have their
// file, are outside of the organization, and wait for a phase that invites. Who
// approves the step approves these invitations with it.
func (l *ahead) invited(live Live) {
	if !l.to.BeginsInviting() || live.Onboarding == nil {
		return
	}
	members, none := live.View.members(), true
	for _, a := range l.accounts() {
		_, in := members[a.ID]
		if in || a.Stage != config.StageSSO || a.ID == l.repo.Access.ManagementAccount || !live.Onboarding[a.ID].waitsOutside() {
			continue
		}
		none = false
		l.add(AheadInvited, PreflightNote, fmt.Sprintf("Merging this invites %s (…%s) into the Organization: it has its account file and is outside. Its owners are %s.", a.Name, LastFour(a.ID), ownerList(a.Owners)),
			"Take its file out first if it is not to be invited.")
	}
	if none {
		l.add(AheadInvited, PreflightGood, "No account file waits for this phase: the step by itself invites nobody.", "")
	}
}

// waitsOutside reports whether an account that is no member is invited as soon
// as the phase allows it: nothing has stopped it, and it is not one that was
// there before the bot. One without a record is new.
func (f *OnboardFacts) waitsOutside() bool {
	if f == nil {
		return true
	}
	begun := !f.Invited.IsZero() || !f.Joined.IsZero() || !f.Placed.IsZero() || !f.Baseline.IsZero()
	return !f.idle() && f.Stopped == "" && !begun
}

// LastFour is how an account is told apart from others of a like name: its last
// four digits.
func LastFour(id string) string {
	return id[max(0, len(id)-4):]
}
