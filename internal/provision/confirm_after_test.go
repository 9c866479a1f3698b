package provision_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
)

// TestWhatIsPutBackCanBeRemovedForGood: removed by the word of the control plane it goes as
// anything does, and nobody is asked about it again.
func TestWhatIsPutBackCanBeRemovedForGood(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		m.commitOf(t, asking("b"))
		after(within + 10*time.Minute)
		list := m.known(t)
		if len(list) != 2 {
			t.Fatalf("drift %+v", list)
		}
		for _, d := range list {
			if err := m.engine.RemoveDrift(t.Context(), d.ID, "ken"); err != nil {
				t.Fatal(err)
			}
		}
		after(2 * time.Hour)
		if m.isLive(old()) || m.isLive(old2()) || len(m.known(t)) != 0 {
			t.Errorf("live %v and %v, drift %+v", m.isLive(old()), m.isLive(old2()), m.known(t))
		}
		if n := len(m.heard(access.NoticeStillIn)); n != 1 {
			t.Errorf("asked %d times", n)
		}
		if q := m.question(t, access.CutoverRolledBack); q.Undecided != 0 {
			t.Errorf("%d undecided", q.Undecided)
		}
	})
}

// TestADriftThatTheBotDidNotPutBackIsNotRemoved by a word in chat.
func TestADriftThatTheBotDidNotPutBackIsNotRemoved(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		a := grant(4, 1, powerUser)
		m.do(func() { m.put(a) })
		after(2 * time.Hour)
		list := m.known(t)
		if len(list) != 1 || list[0].RolledBack {
			t.Fatalf("drift %+v", list)
		}
		if err := m.engine.RemoveDrift(t.Context(), list[0].ID, "ken"); err == nil {
			t.Error("not refused")
		}
		after(2 * time.Hour)
		if !m.isLive(a) {
			t.Error("removed")
		}
	})
}

// TestInPhase3WhatIsPutBackIsHeldFromTheDriftCheck until somebody decides, though
// the check is what had taken it away.
func TestInPhase3WhatIsPutBackIsHeldFromTheDriftCheck(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		stray := grant(4, 1, powerUser)
		m := putBackInPhase3(t, stray)
		for range 10 {
			if after(5 * time.Hour); !m.isLive(stray) {
				t.Fatal("the drift check removed what was put back")
			}
		}
		list := m.known(t)
		if len(list) != 1 || !list[0].RolledBack {
			t.Fatalf("drift %+v", list)
		}
		m.commitOf(t, clearing("c", stray)) // adopted
		after(2 * time.Hour)
		if q := m.question(t, access.CutoverRolledBack); q.Undecided != 0 || len(m.known(t)) != 0 || !m.isLive(stray) {
			t.Errorf("adopted: %+v, drift %+v", q, m.known(t))
		}
		m.commitOf(t, clearing("d"))
		after(2 * time.Hour)
		if m.isLive(stray) || len(m.heard(access.NoticeStillIn)) != 1 {
			t.Errorf("live %v, asked %d times", m.isLive(stray), len(m.heard(access.NoticeStillIn)))
		}
	})
}

// TestTheGroupKeepsItsPlaceWhileAQuestionIsOpen: with "unassign: remove" SCIM would
// delete it, and nothing could be put back.
func TestTheGroupKeepsItsPlaceWhileAQuestionIsOpen(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m := onMove(t)
		made := grant(1, 2, readOnly)
		remove := func(r *repository) *repository {
			r.repo.Access.Unassign = config.UnassignRemove
			return r
		}
		m.do(func() { delete(m.assigned, groupID(1)) }) // so that the bot assigns it
		m.commitOf(t, remove(asking("b", old(), old2(), made)))
		after(20 * time.Minute)
		m.commitOf(t, remove(asking("c", old2())))
		after(20 * time.Minute)
		m.question(t, access.CutoverAsked)
		if n := m.count("Unassign"); n != 0 {
			t.Errorf("unassigned %d times while the question is open", n)
		}
		if err := m.engine.ConfirmCutover(t.Context(), m.questions(t)[0].ID, access.Person{Entra: "e"}); err != nil {
			t.Fatal(err)
		}
		after(3 * time.Hour)
		if n := m.count("Unassign"); n != 1 {
			t.Errorf("unassigned %d times after it was confirmed", n)
		}
	})
}

// clearing is a repository of phase 3 in which the drift check removes what no
// commit declared.
func clearing(id string, more ...config.Assignment) *repository {
	r := asking(id, append(more, old(), old2(), grant(4, 2, readOnly))...)
	r.repo.Access.Phase, r.repo.Access.Drift = 3, config.DriftRevert
	return r
}

// removed has the drift check remove what is live and no commit declares.
func (m *moved) removed(t *testing.T, strays ...config.Assignment) {
	t.Helper()
	m.do(func() {
		for _, a := range strays {
			m.put(a)
		}
	})
	m.commitOf(t, clearing("b"))
	for range 20 { // until it has seen them twice
		if after(10 * time.Minute); !slices.ContainsFunc(strays, m.isLive) {
			after(2 * time.Minute)
			return
		}
	}
	t.Fatalf("the drift check does not remove it: %+v, %+v, %+v", m.questions(t), m.noticed(), m.known(t))
}

// putBackInPhase3 is a system whose drift check took something away, and put it
// back since nobody confirmed.
func putBackInPhase3(t *testing.T, stray config.Assignment) *moved {
	t.Helper()
	m := onMove(t)
	m.removed(t, stray)
	m.question(t, access.CutoverAsked)
	after(within + 5*time.Minute)
	m.question(t, access.CutoverRolledBack)
	return m
}

// hide has listings of a pair not show an assignment until one was made.
func (m *moved) hide(a config.Assignment) {
	who := provision.LiveAssignment{PrincipalID: storeID(a.Principal.ID), Kind: a.Principal.Kind}
	m.do(func() { m.live[a.Pair()][who] = time.Now().Add(1000 * time.Hour) })
	lists := func() (n int) {
		m.do(func() {
			for _, c := range m.calls {
				if c.op == "ListAccountAssignments" && c.key == pairKey(a.Pair()) {
					n++
				}
			}
		})
		return n
	}
	for had := lists(); lists() == had; {
		after(time.Second)
	}
	m.do(func() { m.live[a.Pair()][who] = time.Time{} })
}

// TestOneListingDoesNotDecideAboutWhatIsPutBack: one that lags would have the drift
// check take it away again. Two that agree do, a minute apart.
func TestOneListingDoesNotDecideAboutWhatIsPutBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		stray := grant(4, 1, powerUser)
		m := putBackInPhase3(t, stray)
		m.hide(stray)
		for range 10 {
			if after(5 * time.Hour); !m.isLive(stray) {
				t.Fatal("the drift check removed what was put back, after one listing without it")
			}
		}
		if q := m.question(t, access.CutoverRolledBack); q.Undecided != 1 {
			t.Errorf("%d undecided after one listing without it", q.Undecided)
		}
		m.do(func() { clear(m.live[stray.Pair()]) }) // somebody removed it by hand
		after(75 * time.Minute)
		if q := m.question(t, access.CutoverRolledBack); q.Undecided != 0 {
			t.Errorf("%d undecided though two listings are without it", q.Undecided)
		}
	})
}

// TestWhatIsNotFromEntraIsNotSaidToBePutBack: nobody can tell who is in a group
// that was made by hand in Identity Center, so that the question says so, and none
// is asked about such groups alone.
func TestWhatIsNotFromEntraIsNotSaidToBePutBack(t *testing.T) {
	hand, stray := grant(31, 1, powerUser), grant(4, 1, powerUser)
	for name, more := range map[string][]config.Assignment{"alone": nil, "with one from Entra": {stray}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				m := onMove(t)
				m.do(func() {
					m.byHand = map[string]provision.Identity{storeID(hand.Principal.ID): {Name: "made-by-hand"}}
				})
				m.removed(t, append(more, hand)...)
				asked := m.heard(access.NoticeStillIn)
				if more == nil {
					after(time.Hour)
					if len(m.questions(t)) != 0 || len(asked) != 0 {
						t.Errorf("asked %+v", asked)
					}
					return
				}
				m.question(t, access.CutoverAsked)
				if want := "in account-1 (…0001): cannot be put back, since it is not from Entra"; len(asked) != 1 || strings.Count(asked[0].Text, want) != 1 || !strings.Contains(asked[0].Text, "made-by-hand") {
					t.Fatalf("asked %+v", asked)
				}
				after(within + time.Minute)
				m.question(t, access.CutoverRolledBack)
				if m.isLive(hand) || !m.isLive(stray) {
					t.Errorf("live: by hand %v, from Entra %v", m.isLive(hand), m.isLive(stray))
				}
				if back := m.heard(access.NoticeRolledBack); len(back) != 1 || strings.Count(back[0].Text, "not put back, since it is not from Entra, so nobody can tell who would get it") != 1 {
					t.Errorf("told %+v", back)
				}
				m.do(func() {
					for _, c := range m.calls {
						if c.op == "Group" && strings.Contains(c.key, "store") {
							t.Errorf("Entra is asked for %s", c.key)
						}
					}
				})
			})
		})
	}
}

// TestInPhase3WhatWasPutBackBeforeABackupIsHeld: the state file is from before the
// roll-back, and people are asked anew. Until they answer the drift check leaves what
// is live, or nobody could put it back any more.
func TestInPhase3WhatWasPutBackBeforeABackupIsHeld(t *testing.T) {
	for name, confirms := range map[string]bool{"nobody answers": false, "somebody confirms": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				const long = 4 * time.Hour
				m := onMove(t)
				r := asking("b")
				r.repo.Access.Phase, r.repo.Access.Drift, r.repo.Access.Onboarding.ConfirmWithin = 3, config.DriftRevert, long
				m.commitOf(t, r)
				after(2 * time.Minute)
				id := m.question(t, access.CutoverAsked).ID
				m.stop()
				m.do(func() { m.put(old()); m.put(old2()) })
				time.Sleep(20 * time.Hour)
				m.start(t)
				after(long - 5*time.Minute)
				m.question(t, access.CutoverAsked)
				if !m.isLive(old()) || !m.isLive(old2()) {
					t.Fatalf("while people are asked: live %v and %v", m.isLive(old()), m.isLive(old2()))
				}
				if confirms {
					if err := m.engine.ConfirmCutover(t.Context(), id, access.Person{Entra: "e-ken"}); err != nil {
						t.Fatal(err)
					}
				}
				after(8 * time.Hour)
				if m.isLive(old()) == confirms || m.isLive(old2()) == confirms {
					t.Errorf("live %v and %v: %+v", m.isLive(old()), m.isLive(old2()), m.noticed())
				}
			})
		})
	}
}
