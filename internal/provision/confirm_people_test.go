package provision_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
)

// join adds n people to group 1 in Entra.
func (m *moved) join(n int) {
	m.do(func() {
		for i := range n {
			id := fmt.Sprintf("joiner-%d", i)
			m.members[groupID(1)] = append(m.members[groupID(1)], provision.User{ID: id, Name: id + "@example.com", Enabled: true})
		}
	})
}

// pinned has nobody join a group for whose access is approved.
func pinned(r *repository) *repository {
	r.repo.Access.Approvals = []config.Rule{{Name: "all", PinnedPeople: true}}
	return r
}

// TestARollBackGivesNoMorePeopleAccess than had it, as a grant does: what grew
// more than it may since it was taken away is held, and the thread says who came
// and whom to ask. The rest is put back all the same.
func TestARollBackGivesNoMorePeopleAccess(t *testing.T) {
	asked := func(t *testing.T, m *moved) {
		m.commitOf(t, ownedBy(asking("b")))
		after(2 * time.Minute)
	}
	for name, c := range map[string]struct {
		play func(t *testing.T, m *moved)
		back bool
		says string
	}{
		"three joined, as many as may": {func(t *testing.T, m *moved) { asked(t, m); m.join(3) }, true, ""},
		"four joined": {func(t *testing.T, m *moved) { asked(t, m); m.join(4) }, false,
			"not put back, since 4 people have joined the group meanwhile (joiner-0@example.com, joiner-1@example.com, joiner-2@example.com and 1 more); 1 was in it when the access was taken away"},
		"four joined before it was asked": {func(t *testing.T, m *moved) {
			m.commitOf(t, ownedBy(asking("b")))
			for m.count("DeleteAccountAssignment") == 0 {
				after(100 * time.Millisecond)
			}
			m.join(4)
			after(2 * time.Minute)
		}, false, "4 people have joined"},
		"one joined, and none may": {func(t *testing.T, m *moved) {
			m.commitOf(t, ownedBy(pinned(asking("b"))))
			after(2 * time.Minute)
			m.join(1)
		}, false, "1 person has joined the group meanwhile (joiner-0@example.com)"},
		"four joined while the bot was down": {func(t *testing.T, m *moved) {
			asked(t, m)
			m.stop()
			m.join(4)
			m.start(t)
		}, false, "4 people have joined"},
		"four left and three came": {func(t *testing.T, m *moved) {
			m.join(4)
			asked(t, m)
			m.do(func() { m.members[groupID(1)] = nil })
			m.join(3)
		}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := onMove(t)
				c.play(t, m)
				m.question(t, access.CutoverAsked)
				after(within + 10*time.Minute)
				m.question(t, access.CutoverRolledBack)
				if m.isLive(old()) != c.back || !m.isLive(old2()) {
					t.Errorf("live: what grew %v, the other %v", m.isLive(old()), m.isLive(old2()))
				}
				told := m.heard(access.NoticeRolledBack)
				if len(told) != 1 || !strings.Contains(told[0].Text, c.says) {
					t.Fatalf("told %+v", told)
				}
				ask := strings.Contains(told[0].Text, "Ask yuki@example.com, kai@example.com who of them should:")
				if ask == c.back {
					t.Errorf("says whom to ask: %v: %s", ask, told[0].Text)
				}
			})
		})
	}
}

// ownedBy has an account and a group with owners.
func ownedBy(r *repository) *repository {
	r.repo.Accounts["account-1"].Owners = []config.ApproverRef{{Kind: config.ApproverEmail, Name: "yuki@example.com"}}
	r.repo.Groups["aws-group-1"].Owners = []config.ApproverRef{{Kind: config.ApproverEmail, Name: "kai@example.com"}}
	return r
}

// TestWhoWasInAGroupThatCannotBeReadIsNotGuessed: the removal does not wait for
// Entra, the question a while, and what is not known is not put back.
func TestWhoWasInAGroupThatCannotBeReadIsNotGuessed(t *testing.T) {
	for name, mended := range map[string]time.Duration{"mended before it is asked": 5 * time.Minute, "mended after": 15 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := onMove(t)
				m.do(func() {
					m.down = map[string]error{"DirectUsers": fault.New(fault.ErrThrottled, "members", "busy", nil)}
				})
				m.commitOf(t, asking("b"))
				after(time.Minute)
				if m.isLive(old()) || m.isLive(old2()) {
					t.Fatal("the removal waited for Entra")
				}
				after(mended - time.Minute)
				if n := m.count("DirectUsers"); n > 40 {
					t.Errorf("Entra was asked %d times", n)
				}
				m.do(func() { m.down = nil })
				after(2 * time.Minute)
				m.question(t, access.CutoverAsked)
				after(within + 10*time.Minute)
				m.question(t, access.CutoverRolledBack)
				known := mended < 10*time.Minute
				if m.isLive(old()) != known || m.isLive(old2()) != known {
					t.Errorf("live %v and %v, want %v", m.isLive(old()), m.isLive(old2()), known)
				}
				if told := m.heard(access.NoticeNotPutBack); !known && (len(told) != 1 || !strings.Contains(told[0].Text, "who was in the group when it was taken away could not be read from Entra")) {
					t.Errorf("told %+v", told)
				}
			})
		})
	}
}
