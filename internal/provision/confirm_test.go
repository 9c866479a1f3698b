package provision_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
)

// TestOldAccessThatACommitTakesAwayIsAskedAbout once, when it is read back as
// gone, in the thread of the account, with what went and until when.
func TestOldAccessThatACommitTakesAwayIsAskedAbout(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		m.commitOf(t, asking("b"))
		after(2 * time.Minute)
		if m.isLive(old()) || m.isLive(old2()) {
			t.Fatal("not taken away")
		}
		q := m.question(t, access.CutoverAsked)
		asked := m.heard(access.NoticeStillIn)
		if len(asked) != 1 || asked[0].Request != "REQ-ACCNT1" || asked[0].Cutover != q.ID || !asked[0].Until.Equal(q.Until) {
			t.Fatalf("asked %+v", asked)
		}
		if left := time.Until(q.Until); left > within || left < within-2*time.Minute {
			t.Errorf("%s are left of %s", left, within)
		}
		if want := "• aws-group-1 with PowerUserAccess in account-1 (…0001)\n• aws-group-2 with PowerUserAccess in account-1 (…0001)"; asked[0].Text != want {
			t.Errorf("says %q, want %q", asked[0].Text, want)
		}
		after(20 * time.Minute)
		if n := len(m.heard(access.NoticeStillIn)); n != 1 || m.isLive(old()) {
			t.Errorf("asked %d times before the time is over, live %v", n, m.isLive(old()))
		}
	})
}

// TestWhatIsConfirmedStaysAway, however long, and the thread says who confirmed.
func TestWhatIsConfirmedStaysAway(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		m.commitOf(t, asking("b"))
		after(2 * time.Minute)
		id := m.question(t, access.CutoverAsked).ID
		ken := access.Person{Entra: "e-ken", Name: "Ken"}
		for range 2 { // the button is pressed twice
			if err := m.engine.ConfirmCutover(t.Context(), id, ken); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.engine.ConfirmCutover(t.Context(), "CUT-00000000", ken); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("an unknown question: %v", err)
		}
		after(3 * time.Hour)
		if m.isLive(old()) || m.isLive(old2()) {
			t.Error("put back though it was confirmed")
		}
		said := m.heard(access.NoticeConfirmed)
		if len(said) != 1 || said[0].Text != "Ken" || said[0].Request != "REQ-ACCNT1" || len(m.heard(access.NoticeRollingBack)) != 0 {
			t.Errorf("told %+v", m.noticed())
		}
		m.question(t, access.CutoverConfirmed)
		if testing.Short() {
			return // a month passes, which is a minute under the race detector
		}
		after(31 * 24 * time.Hour)
		if n := len(m.questions(t)); n != 0 {
			t.Errorf("%d questions are kept for ever", n)
		}
	})
}

// TestWhatNobodyConfirmsIsPutBack: all that the commit took away, and nothing
// else; it is told, audited, listed as drift with what can be done, and stays.
func TestWhatNobodyConfirmsIsPutBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		writes := m.count("Assign") + m.count("ProvisionOnDemand")
		m.commitOf(t, asking("b"))
		after(2 * time.Minute)
		until := m.question(t, access.CutoverAsked).Until
		creations := m.count("CreateAccountAssignment")
		after(time.Until(until) - time.Second)
		if m.count("CreateAccountAssignment") != creations {
			t.Fatal("put back before the time was over")
		}
		after(5 * time.Minute)
		if !m.isLive(old()) || !m.isLive(old2()) || m.count("CreateAccountAssignment") != creations+2 {
			t.Fatalf("live %v and %v after %d creations", m.isLive(old()), m.isLive(old2()), m.count("CreateAccountAssignment")-creations)
		}
		if n := m.count("Assign") + m.count("ProvisionOnDemand"); n != writes {
			t.Errorf("%d writes to Entra for what was there before", n-writes)
		}
		m.question(t, access.CutoverRolledBack)
		back := m.heard(access.NoticeRolledBack)
		if len(back) != 1 || !strings.Contains(back[0].Text, "aws-group-2 with PowerUserAccess") || len(m.heard(access.NoticeRollingBack)) != 1 {
			t.Errorf("told %+v", m.noticed())
		}
		var causes []string
		m.do(func() {
			for _, a := range m.audits {
				if a.Action == "assignment.create" && a.Target == old().String() || a.Action == "cutover.rolling-back" {
					causes = append(causes, a.Cause)
				}
			}
		})
		if want := "roll-back of the removal by commit bbbbbbbbbb, which nobody confirmed"; !slices.Contains(causes, want) || !slices.Contains(causes, "removal by commit bbbbbbbbbb") {
			t.Errorf("audit %q", causes)
		}
		drift := m.known(t)
		if len(drift) != 2 || !drift[0].RolledBack || !slices.Equal(drift[0].Acts, []access.DriftAct{access.DriftAdopt, access.DriftRemove, access.DriftSnooze}) ||
			!strings.Contains(drift[0].Sentence, "the bot put it back") {
			t.Errorf("drift %+v", drift)
		}
		if n := len(m.cards()); n != 2 {
			t.Errorf("%d cards, want one each", n)
		}
		after(48 * time.Hour)
		if !m.isLive(old()) || len(m.heard(access.NoticeStillIn)) != 1 || m.count("CreateAccountAssignment") != creations+2 {
			t.Errorf("two days later: live %v, asked %d times", m.isLive(old()), len(m.heard(access.NoticeStillIn)))
		}
		if err := m.engine.ConfirmCutover(t.Context(), m.questions(t)[0].ID, access.Person{}); !errors.Is(err, access.ErrConflict) {
			t.Errorf("confirmed too late: %v", err)
		}
		if owned := m.owned(t); slices.Contains(owned, old()) {
			t.Error("what was put back is owned, though no commit desires it")
		}
	})
}

// TestNobodyIsAskedWhereThatIsNotDue, and nothing is put back.
func TestNobodyIsAskedWhereThatIsNotDue(t *testing.T) {
	ends := grant(4, 1, readOnly)
	for name, c := range map[string]struct {
		play func(t *testing.T, m *moved)
		gone []config.Assignment
	}{
		"off by default": {func(t *testing.T, m *moved) {
			r := asking("b")
			r.repo.Access.Onboarding.ConfirmWithin = 0
			m.commitOf(t, r)
		}, []config.Assignment{old(), old2()}},
		"the bot made it": {func(t *testing.T, m *moved) {
			made := grant(1, 1, readOnly)
			m.commitOf(t, asking("b", old(), old2(), made))
			after(10 * time.Minute)
			// A second line for the same does not make it old.
			m.commitOf(t, asking("c", old(), old2(), made).with(0, "REQ-AAAAAA", made))
			after(10 * time.Minute)
			m.commitOf(t, asking("d", old(), old2()))
		}, []config.Assignment{grant(1, 1, readOnly)}},
		"it ended": {func(t *testing.T, m *moved) {
			m.do(func() { m.put(ends) })
			m.commitOf(t, asking("b", old(), old2()).with(time.Hour, "", ends))
			after(70 * time.Minute)
		}, []config.Assignment{ends}},
		"somebody revoked it": {func(t *testing.T, m *moved) {
			m.revoke(old())
			m.revoke(old2())
			m.commitOf(t, asking("b"))
		}, []config.Assignment{old(), old2()}},
		"the account had its file before": {func(t *testing.T, m *moved) {
			m.origins.mu.Lock()
			delete(m.since, accountID(1))
			m.origins.mu.Unlock()
			m.commitOf(t, asking("b"))
		}, []config.Assignment{old(), old2()}},
		"the account came in long ago": {func(t *testing.T, m *moved) {
			after(31 * 24 * time.Hour)
			m.commitOf(t, asking("b"))
		}, []config.Assignment{old(), old2()}},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name == "the account came in long ago" {
				t.Skip("a month passes, which is a minute under the race detector")
			}
			inBubble(t, func(t *testing.T) {
				m := onMove(t)
				c.play(t, m)
				after(3 * time.Hour)
				for _, a := range c.gone {
					if m.isLive(a) {
						t.Errorf("%s is live", a)
					}
				}
				if n := m.questions(t); len(n) != 0 || len(m.heard(access.NoticeStillIn)) != 0 {
					t.Errorf("asked: %+v", n)
				}
			})
		})
	}
}

// TestOnlyWhatIsStillTheSameIsPutBack: each reason is told, and nobody else gets
// anything.
func TestOnlyWhatIsStillTheSameIsPutBack(t *testing.T) {
	user := userGrant(1, 1, readOnly)
	for name, c := range map[string]struct {
		play func(t *testing.T, m *moved)
		a    config.Assignment
		says string
	}{
		"the group was made again": {func(_ *testing.T, m *moved) { m.recreate(groupID(1), "store-new") }, old(), "under another id"},
		"the group is gone from Entra": {func(_ *testing.T, m *moved) {
			m.do(func() { delete(m.groups, groupID(1)) })
		}, old(), "Entra has no such group"},
		"the group was renamed": {func(_ *testing.T, m *moved) {
			m.do(func() {
				g := m.groups[groupID(1)]
				g.Name = "all-staff"
				m.groups[groupID(1)] = g
			})
		}, old(), "is named \"all-staff\" in Entra"},
		"the group is gone from Identity Center": {func(_ *testing.T, m *moved) {
			m.do(func() { delete(m.scim, groupID(1)) })
		}, old(), "Identity Center does not have it"},
		"somebody revoked it": {func(_ *testing.T, m *moved) { m.revoke(old()) }, old(), "somebody asked in chat"},
		"a line says when it ended": {func(t *testing.T, m *moved) {
			m.commitOf(t, asking("c").with(time.Minute, "", old()))
			after(5 * time.Minute)
		}, old(), "a line of the config repo is about it"},
		"the account is legacy": {func(t *testing.T, m *moved) {
			r := newRepository(sha("c"))
			r.repo.Access.Onboarding.ConfirmWithin = within
			r.repo.Accounts["account-1"].Stage = config.StageLegacy
			m.commitOf(t, r.with(0, "", stays2()))
		}, old(), "does not have the account as sso"},
		"the user is disabled": {func(_ *testing.T, m *moved) {
			m.do(func() { m.users[userID(1)] = provision.User{ID: userID(1), Name: userName(1)} })
		}, user, "switched off"},
		"the user is a guest": {func(_ *testing.T, m *moved) {
			m.do(func() {
				m.users[userID(1)] = provision.User{ID: userID(1), Name: userName(1), Enabled: true, Guest: true}
			})
		}, user, "guest"},
		"the user is gone": {func(_ *testing.T, m *moved) {
			m.do(func() { delete(m.users, userID(1)) })
		}, user, "Entra has no such user"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := onMove(t)
				m.do(func() {
					m.scim[userID(1)] = scimGroup{id: storeID(userID(1))}
					m.assigned[userID(1)] = time.Now()
					m.put(user)
				})
				m.commitOf(t, asking("a", old(), old2()).with(100*time.Hour, "", user))
				after(20 * time.Minute)
				if m.facts(t, user).ReadBack.IsZero() {
					t.Fatal("the user's is not live to begin with")
				}
				m.commitOf(t, asking("b"))
				after(4 * time.Minute)
				m.question(t, access.CutoverAsked)
				c.play(t, m)
				after(within + 10*time.Minute)
				m.question(t, access.CutoverRolledBack)
				if m.isLive(c.a) || m.existsAs(c.a, "store-new") {
					t.Errorf("%s is live", c.a)
				}
				legacy := name == "the account is legacy" // then nothing is back, and nobody says so
				back := m.heard(map[bool]access.NoticeKind{true: access.NoticeNotPutBack, false: access.NoticeRolledBack}[legacy])
				if len(back) != 1 || !strings.Contains(back[0].Text, "not put back, since") || !strings.Contains(back[0].Text, c.says) {
					t.Errorf("told %+v", back)
				}
				if m.isLive(old2()) == legacy {
					t.Errorf("the other one is live: %v", !legacy)
				}
			})
		})
	}
}

// TestWhatTheConfigGrantsMeanwhileIsNoRollBack: it comes by the commit, is owned,
// and is no drift.
func TestWhatTheConfigGrantsMeanwhileIsNoRollBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		m.commitOf(t, asking("b"))
		after(2 * time.Minute)
		m.commitOf(t, asking("c", old()))
		after(time.Hour)
		if !m.isLive(old()) || !slices.Contains(m.owned(t), old()) || !m.isLive(old2()) {
			t.Errorf("live %v and %v, owned %v", m.isLive(old()), m.isLive(old2()), m.owned(t))
		}
		if list := m.known(t); len(list) != 1 || list[0].Assignment != old2() {
			t.Errorf("drift %+v", list)
		}
	})
}

// TestAQuestionIsWithdrawnWhenTheConfigAsksNoMore, and nothing is put back.
func TestAQuestionIsWithdrawnWhenTheConfigAsksNoMore(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		m.commitOf(t, asking("b"))
		after(2 * time.Minute)
		r := asking("c")
		r.repo.Access.Onboarding.ConfirmWithin = 0
		m.commitOf(t, r)
		after(time.Hour)
		m.question(t, access.CutoverWithdrawn)
		if m.isLive(old()) || len(m.heard(access.NoticeWithdrawn)) != 1 {
			t.Errorf("live %v, told %+v", m.isLive(old()), m.noticed())
		}
	})
}

// TestWhatAWSDoesNotRemoveHoldsUpNoQuestion about what is gone; it is asked about
// once it is gone too.
func TestWhatAWSDoesNotRemoveHoldsUpNoQuestion(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		m.commitOf(t, asking("b"))
		for m.count("DeleteAccountAssignment") == 0 {
			after(100 * time.Millisecond)
		}
		m.do(func() {
			m.down = map[string]error{"DeleteAccountAssignment": fault.New(fault.ErrConflict, "delete", "busy", nil)}
		})
		after(9 * time.Minute)
		if n := len(m.heard(access.NoticeStillIn)); n != 0 || m.isLive(old()) || !m.isLive(old2()) {
			t.Fatalf("asked %d times while the rest may go in a moment, live %v and %v", n, m.isLive(old()), m.isLive(old2()))
		}
		after(3 * time.Minute)
		asked := m.heard(access.NoticeStillIn)
		if len(asked) != 1 || strings.Contains(asked[0].Text, "aws-group-2") {
			t.Fatalf("asked %+v, want about what is gone", asked)
		}
		m.do(func() { m.down = nil })
		after(25 * time.Minute)
		asked = m.heard(access.NoticeStillIn)
		if len(asked) != 2 || strings.Contains(asked[1].Text, "aws-group-1") || m.isLive(old2()) {
			t.Errorf("asked %+v, want about the other", asked)
		}
	})
}
