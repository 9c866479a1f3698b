package onboard_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/store"
)

// TestNothingIsWrittenWithARoleOfAnotherAccount: it would invite into, and move
// in, whatever organization that account has.
func TestNothingIsWrittenWithARoleOfAnotherAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		out, in := w.outsideAccount(1), w.memberAccount(2, root)
		for _, id := range []string{out, in} {
			w.asks[id] = onboard.Ask{Request: "REQ-7F3K2Q", From: root, InForce: true}
		}
		w.commit(2, 1, 2)
		wrong := changes
		wrong.RoleAccount = "888888888888"
		s := w.start(t, store.NewMemory(), wrong)
		after(time.Hour)
		for _, id := range []string{out, in} {
			f := s.facts(t, id)
			if f.StoppedCode != string(onboard.CodeWhose) || !strings.Contains(f.Stopped, "aws.management_role is a role of account 888888888888") {
				t.Errorf("%s: %+v", id, f)
			}
		}
		if n := w.tries("Invite", out) + w.tries("Move", in); n != 0 {
			t.Fatalf("%d writes with the role of another account", n)
		}
		s.stop()
		right := changes
		right.RoleAccount = management
		w.start(t, s.db, right)
		after(5 * time.Minute)
		if i, m := w.effects("Invite", out), w.effects("Move", in); i != 1 || m != 1 {
			t.Errorf("once corrected: %d invitations, %d moves", i, m)
		}
	})
}

// TestNothingIsWrittenToAnotherOrganization: the one that the bot is in must be
// the one that aws-access.yaml names, by id and by management account.
func TestNothingIsWrittenToAnotherOrganization(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		other func(a *config.AccessFile)
		says  string
	}{
		"id":                 {func(a *config.AccessFile) { a.OrganizationID = "o-z9y8x7w6v5" }, "o-z9y8x7w6v5"},
		"management account": {func(a *config.AccessFile) { a.ManagementAccount = "888888888888" }, "888888888888"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				out, in := w.outsideAccount(1), w.memberAccount(2, root)
				for _, id := range []string{out, in} {
					w.asks[id] = onboard.Ask{Request: "REQ-7F3K2Q", From: root, InForce: true}
				}
				w.commit(2, 1, 2)
				c.other(&w.force.Repo.Access)
				s := w.start(t, store.NewMemory(), changes)
				after(time.Hour)
				for _, id := range []string{out, in} {
					f := s.facts(t, id)
					if f.StoppedCode != string(onboard.CodeWhose) || !strings.Contains(f.Stopped, c.says) || !strings.Contains(f.Stopped, organization) || !strings.Contains(f.Stopped, "aws-access.yaml") {
						t.Errorf("%s: %+v", id, f)
					}
				}
				if n := w.tries("Invite", out) + w.tries("Move", in); n != 0 {
					t.Fatalf("%d writes to another organization", n)
				}
				w.commit(2, 1, 2) // corrected
				s.engine.Wake()
				after(5 * time.Minute)
				if i, m := w.effects("Invite", out), w.effects("Move", in); i != 1 || m != 1 {
					t.Errorf("once corrected: %d invitations, %d moves", i, m)
				}
			})
		})
	}
}
