package provision_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
)

// visitors makes n groups from number 21 on that Entra and the identity store
// have and no file names, each with an assignment in a pair that is declared of
// others.
func visitors(w *world, n int) []config.Assignment {
	var out []config.Assignment
	for i := range n {
		id := groupID(21 + i)
		w.groups[id] = provision.Group{ID: id, Name: fmt.Sprintf("visitors-%d", 21+i), SecurityEnabled: true}
		w.scim[id] = scimGroup{id: storeID(id)}
		a := grant(21+i, 1+i%9, readOnly)
		w.put(a)
		out = append(out, a)
	}
	return out
}

// visited is a system of phase 3 with drift: revert, in a world that has groups 1
// to 9 and what is set.
func visited(t *testing.T, set func(w *world)) *system {
	t.Helper()
	w := newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	w.byHand = map[string]provision.Identity{}
	set(w)
	s := started(t, w)
	s.commitOf(t, cleared(sha("a")))
	return s
}

// TestPhaseThreeRemovesWhatAGroupWithoutAFileHas in a pair that nobody declares,
// whether the bot reads by pair or by principal: the complete reading alone shows
// it, which is not made again for a day, or a week.
func TestPhaseThreeRemovesWhatAGroupWithoutAFileHas(t *testing.T) {
	for name, byPrincipal := range map[string]bool{"by pair": false, "by principal": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var mine []config.Assignment
				s := visited(t, func(w *world) {
					w.byPrincipal = byPrincipal
					for _, a := range visitors(w, 2) {
						delete(w.live[a.Pair()], provision.LiveAssignment{PrincipalID: storeID(a.Principal.ID), Kind: config.GroupPrincipal})
						a.PermissionSet = powerUser
						w.put(a)
						mine = append(mine, a)
					}
				})
				after(65 * time.Minute)
				if n := s.alive(mine); n != 2 || len(s.known(t)) != 2 {
					t.Fatalf("%d of 2 are left after one reading, known: %+v", n, s.known(t))
				}
				after(5 * time.Hour)
				if n := s.alive(mine); n != 0 {
					t.Errorf("%d of 2 are left: %+v", n, s.known(t))
				}
				if !slices.ContainsFunc(s.noticed(), func(n access.Notice) bool {
					return strings.Contains(n.Text, "visitors-21 with PowerUserAccess") && strings.Contains(n.Text, "removes it")
				}) {
					t.Errorf("notices %+v", s.noticed())
				}
				for n := 1; n <= 9; n++ {
					if !s.isLive(grant(n, n, readOnly)) {
						t.Errorf("group %d lost what is declared", n)
					}
				}
			})
		})
	}
}

// TestAStrangerHasANameAndWhatCanBeDone: a group of Entra can be adopted, one that
// was made by hand or is gone cannot, and each says what it is.
func TestAStrangerHasANameAndWhatCanBeDone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var mine []config.Assignment
		hand, gone, user := grant(31, 2, readOnly), grant(32, 3, readOnly), userGrant(9, 4, readOnly)
		late := grant(33, 5, readOnly)
		s := visited(t, func(w *world) {
			mine = visitors(w, 1)
			for _, a := range []config.Assignment{hand, gone, user, late} {
				w.put(a)
			}
			w.byHand[storeID(hand.Principal.ID)] = provision.Identity{Name: "made-by-hand"}
			w.users[userID(9)] = provision.User{ID: userID(9), Name: userName(9), Enabled: true}
			w.scim[userID(9)] = scimGroup{id: storeID(userID(9))}
			w.byHand[storeID(late.Principal.ID)] = provision.Identity{Name: "deleted-in-entra", ExternalID: late.Principal.ID}
		})
		r := cleared(sha("b"))
		r.repo.Access.Drift = config.DriftReport
		s.commitOf(t, r)
		after(2 * time.Hour)
		want := map[string]struct {
			says  string
			adopt bool
		}{
			mine[0].Account: {"visitors-21 has ReadOnlyAccess", true},
			hand.Account:    {"The group made-by-hand (store-0b7e3f4c-0000-4000-8000-000000000031 in Identity Center, and not from Entra) has", false},
			gone.Account:    {"What is left of a group that is gone from Identity Center (store-", false},
			user.Account:    {userName(9) + " has ReadOnlyAccess", false},
			late.Account:    {"The group deleted-in-entra (store-0b7e3f4c-0000-4000-8000-000000000033 in Identity Center, and gone from Entra) has", false},
		}
		list := s.known(t)
		if len(list) != len(want) {
			t.Fatalf("known: %+v", list)
		}
		for _, d := range list {
			w := want[d.Assignment.Account]
			if !d.Known || !strings.Contains(d.Sentence, w.says) || slices.Contains(d.Acts, access.DriftAdopt) != w.adopt || (d.Group != "") != w.adopt || slices.Contains(d.Acts, access.DriftRevert) {
				t.Errorf("%+v, want %+v", d, w)
			}
		}
		if list[0].Group != "visitors-21" || list[0].Assignment != mine[0] {
			t.Errorf("to adopt: %+v", list[0])
		}
		// The same in phase 3 with drift: revert goes, whoever has it, in two days
		// with what the budget lets.
		s.commitOf(t, cleared(sha("c")))
		after(4 * time.Hour)
		if n := s.alive([]config.Assignment{mine[0], hand, gone, user, late}); n != 0 {
			t.Errorf("%d of 5 are left: %+v", n, s.known(t))
		}
	})
}

// TestNobodyIsRemovedWhoCannotBeNamed: the identity store, or Entra, does not
// answer. Once it does, they go.
func TestNobodyIsRemovedWhoCannotBeNamed(t *testing.T) {
	for _, op := range []string{"Describe", "Group"} {
		t.Run(op, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var mine []config.Assignment
				s := visited(t, func(w *world) {
					mine = visitors(w, 3)
					w.down = map[string]error{op: fault.New(fault.ErrThrottled, op, "Rate exceeded.", nil)}
				})
				after(5 * time.Hour)
				if n := s.alive(mine); n != 3 {
					t.Fatalf("%d of 3 are left, and nobody knows who they are", n)
				}
				if n := s.count("Describe"); n > 600 {
					t.Errorf("%d look-ups in five hours", n)
				}
				s.do(func() { s.down = nil })
				after(3 * time.Hour)
				if n := s.alive(mine); n != 0 {
					t.Errorf("%d of 3 are left: %+v", n, s.known(t))
				}
			})
		})
	}
}

// TestStrangersAreOnePlan: over the budget none goes, though only some were named
// yet; the allowance that is printed fits, and a restart changes nothing.
func TestStrangersAreOnePlan(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var mine []config.Assignment
		s := visited(t, func(w *world) {
			mine = visitors(w, 7)
			w.down = map[string]error{}
			for _, a := range mine[:3] { // three cannot be named
				w.down["Describe "+storeID(a.Principal.ID)] = errLost
			}
		})
		after(5 * time.Hour)
		if n := s.alive(mine); n != 7 {
			t.Fatalf("%d of 7 are left, and four can be named", n)
		}
		s.do(func() { s.down = nil })
		s.stop()
		s = newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
		s.run(t)
		after(5 * time.Hour)
		if n := s.alive(mine); n != 7 {
			t.Fatalf("%d of 7 are left, and the budget is five", n)
		}
		allow := merged(t, s.noticed(), "7 assignments that no commit declares")
		if allow.Removals != 7 {
			t.Errorf("printed %+v", allow)
		}
		r := cleared(sha("b"))
		r.repo.Access.Limits.Allow = allow
		s.commitOf(t, r)
		after(3 * time.Hour)
		if n := s.alive(mine); n != 0 {
			t.Errorf("%d of 7 are left: %+v", n, s.known(t))
		}
	})
}

// TestGuardsHoldStrangersToo: all that a group has, the last way into an account,
// and what is snoozed until somebody has it reverted.
func TestGuardsHoldStrangersToo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var whole []config.Assignment
		door := grant(22, 9, admin)
		s := visited(t, func(w *world) {
			visitors(w, 2)
			for n := 1; n <= 5; n++ {
				whole = append(whole, grant(21, n, readOnly))
				w.put(grant(21, n, readOnly))
			}
			delete(w.live[grant(22, 2, readOnly).Pair()], provision.LiveAssignment{PrincipalID: storeID(groupID(22)), Kind: config.GroupPrincipal})
			w.put(door)
		})
		after(5 * time.Hour)
		if n := s.alive(whole); n != 5 || !s.isLive(door) {
			t.Errorf("%d of 5 are left, the door %v", n, s.isLive(door))
		}
		for _, want := range []string{"of visitors-21 would go", "last way to administer"} {
			if !slices.ContainsFunc(s.noticed(), func(n access.Notice) bool { return strings.Contains(n.Text, want) }) {
				t.Errorf("nobody is told %q: %+v", want, s.noticed())
			}
		}
	})
}

// TestRevertEndsTheQuietOfAStranger, where such are removed; elsewhere there is
// nothing to revert.
func TestRevertEndsTheQuietOfAStranger(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var mine []config.Assignment
		s := visited(t, func(w *world) { mine = visitors(w, 1) })
		after(30 * time.Second)
		id := s.known(t)[0].ID
		if err := s.engine.SnoozeDrift(t.Context(), id, time.Now().Add(24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		after(5 * time.Hour)
		if !s.isLive(mine[0]) {
			t.Fatal("removed while it is quiet")
		}
		r := cleared(sha("b"))
		r.repo.Access.Drift = config.DriftReport
		s.commitOf(t, r)
		after(time.Minute)
		if err := s.engine.PutBackDrift(t.Context(), id, "ken"); err == nil {
			t.Error("reverted with drift: report")
		}
		s.commitOf(t, cleared(sha("c")))
		after(time.Minute)
		if d := s.known(t)[0]; !slices.Contains(d.Acts, access.DriftRevert) {
			t.Errorf("acts %v", d.Acts)
		}
		if err := s.engine.PutBackDrift(t.Context(), id, "ken"); err != nil {
			t.Fatal(err)
		}
		after(3 * time.Hour)
		if s.isLive(mine[0]) {
			t.Errorf("not removed: %+v", s.known(t))
		}
	})
}

// TestAGroupThatSCIMMadeAnewIsNoStranger: it has a file, and its new id is found by
// its Entra id; what it has under it is not undeclared.
func TestAGroupThatSCIMMadeAnewIsNoStranger(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := visited(t, func(*world) {})
		after(2 * time.Hour)
		s.do(func() {
			s.scim[groupID(1)] = scimGroup{id: "store-anew"}
			for p := range s.live {
				if _, ok := s.live[p][provision.LiveAssignment{PrincipalID: storeID(groupID(1)), Kind: config.GroupPrincipal}]; ok {
					s.live[p][provision.LiveAssignment{PrincipalID: "store-anew", Kind: config.GroupPrincipal}] = time.Time{}
				}
			}
		})
		after(6 * time.Hour)
		var there bool
		s.do(func() {
			_, there = s.live[grant(1, 1, readOnly).Pair()][provision.LiveAssignment{PrincipalID: "store-anew", Kind: config.GroupPrincipal}]
		})
		if !there {
			t.Error("what the group has under its new id is gone")
		}
	})
}

// TestWhoMayNotBeLookedUpIsToldOnceADay, however many they are; a refusal of Entra
// is not said to be AWS's.
func TestWhoMayNotBeLookedUpIsToldOnceADay(t *testing.T) {
	for op, want := range map[string]int{"Describe": 1, "Group": 0} {
		t.Run(op, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := visited(t, func(w *world) {
					visitors(w, 4)
					w.down = map[string]error{op: fault.New(fault.ErrDenied, op, "Not allowed.", nil)}
				})
				after(2 * time.Hour)
				n := 0
				for _, x := range s.noticed() {
					if strings.Contains(x.Text, "AWS refuses to tell the bot who has access and no file") {
						n++
					}
				}
				if n != want {
					t.Errorf("told %d times, want %d: %+v", n, want, s.noticed())
				}
			})
		})
	}
}

// TestWhoHasAFileWithoutGrantsIsNoStranger: nobody had to look for him before, and all
// the same it is told whose it is, with what can be done; in phase 3 it goes; and an end
// that a commit gives it counts as its removal.
func TestWhoHasAFileWithoutGrantsIsNoStranger(t *testing.T) {
	for _, phase := range []config.Phase{1, 3} {
		t.Run(fmt.Sprintf("phase %d", phase), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2, 3))
				r := newRepository(sha("a")).with(0, "", grant(2, 2, readOnly), grant(1, 2, admin))
				r.repo.Access.Phase = phase
				if phase == 3 {
					r.repo.Access.Drift = config.DriftRevert
				}
				s.commitOf(t, r)
				door := grant(3, 1, admin)
				s.do(func() { s.put(door) })
				after(30 * time.Hour)
				list := s.known(t)
				if phase == 1 {
					if len(list) != 1 || !list[0].Known || list[0].Assignment != door || !strings.Contains(list[0].Sentence, "aws-group-3 has") || !slices.Contains(list[0].Acts, access.DriftAdopt) {
						t.Fatalf("drift %+v", list)
					}
					s.commitOf(t, newRepository(sha("b")).with(0, "", grant(2, 2, readOnly), grant(1, 2, admin)).with(4*time.Hour, "", door))
					after(6 * time.Hour)
					if f := s.facts(t, door); !s.isLive(door) || f.TroubleCode != string(provision.CodeLastWay) {
						t.Errorf("the last way is live %v, held by %q", s.isLive(door), f.TroubleCode)
					}
					return
				}
				if len(list) != 1 || !list[0].Known || list[0].Assignment != door {
					t.Fatalf("drift %+v", list)
				}
				if want := string(provision.CodeLastWay); !slices.ContainsFunc(s.noticed(), func(n access.Notice) bool { return strings.Contains(n.Key, want) }) {
					t.Errorf("its removal is not even tried: %+v", s.noticed())
				}
			})
		})
	}
}
