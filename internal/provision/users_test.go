package provision_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
)

func TestUserIsAssignedProvisionedGrantedAndAfterTheEndTakenOutAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1)
		w.replication = 20 * time.Second
		s := started(t, w)
		a := userGrant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(time.Hour, "REQ-AAAAAA", a))
		after(3 * time.Minute)
		f := s.facts(t, a)
		if f.ReadBack.IsZero() || f.AppAssigned.IsZero() || f.Seen.IsZero() || f.MembersSeen != 1 || f.MembersTotal != 1 {
			t.Fatalf("facts: %+v", f)
		}
		s.do(func() {
			for _, c := range s.calls {
				if c.op == "ProvisionOnDemand" && c.key != userID(1)+" []" {
					t.Errorf("provisioned %q", c.key)
				}
			}
		})
		after(56 * time.Minute)
		if !s.isLive(a) || s.count("Unassign") != 0 {
			t.Errorf("before the end: live %v, unassigned %d times", s.isLive(a), s.count("Unassign"))
		}
		after(5 * time.Minute)
		var assigned time.Time
		s.do(func() { assigned = s.assigned[userID(1)] })
		if s.isLive(a) || s.count("Unassign") != 1 || !assigned.IsZero() || len(s.owned(t)) != 0 {
			t.Errorf("after the end: live %v, unassigned %d times, owned %v", s.isLive(a), s.count("Unassign"), s.owned(t))
		}
		after(3 * time.Hour)
		if s.count("Unassign") != 1 || s.count("DeleteAccountAssignment") != 1 {
			t.Errorf("%d removals from the application, %d deletions", s.count("Unassign"), s.count("DeleteAccountAssignment"))
		}
	})
}

func TestUserIsTakenOutOfTheApplicationOnlyAfterHisAssignmentsAreGone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1))
		a, b := userGrant(1, 1, readOnly), userGrant(1, 2, readOnly)
		s.commitOf(t, newRepository("c1").with(time.Hour, "", a).with(3*time.Hour, "", b))
		after(2 * time.Hour)
		if s.isLive(a) || !s.isLive(b) || s.count("Unassign") != 0 {
			t.Errorf("live %v and %v, unassigned %d times", s.isLive(a), s.isLive(b), s.count("Unassign"))
		}
		after(90 * time.Minute)
		if s.isLive(b) || s.count("Unassign") != 1 {
			t.Errorf("live %v, unassigned %d times", s.isLive(b), s.count("Unassign"))
		}
	})
}

func TestUserWhoIsGrantedAgainIsSwitchedOnAgainFirst(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1)
		s := started(t, w)
		a := userGrant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(time.Hour, "", a))
		after(2 * time.Hour)
		if !s.scim[userID(1)].off {
			t.Fatal("the user was not switched off")
		}
		s.do(func() { s.replication = time.Minute })
		s.commitOf(t, newRepository("c2").with(time.Hour, "REQ-BBBBBB", a))
		after(30 * time.Second)
		if s.isLive(a) || s.count("CreateAccountAssignment") != 1 {
			t.Error("granted to a user who cannot sign in")
		}
		after(3 * time.Minute)
		if f := s.facts(t, a); f.ReadBack.IsZero() || f.MembersSeen != 1 || s.scim[userID(1)].off {
			t.Errorf("facts: %+v", f)
		}
	})
}

func userKeepsWhatTheBotMayNotTakeAway(t *testing.T) {
	a := userGrant(1, 1, readOnly)
	tests := []struct {
		name    string
		prepare func(s *system)
		code    provision.Code
	}{
		{"somebody else assigned him", func(s *system) { s.assigned[userID(1)] = s.now() }, ""},
		{"an unmanaged account assignment", func(s *system) { s.put(userGrant(1, 7, admin)) }, provision.CodeStillHeld},
		{"an application", func(s *system) { s.held[storeID(userID(1))] = provision.Holding{Applications: 1} }, provision.CodeStillHeld},
		{"the read is refused", func(s *system) {
			for range 100 {
				s.faults = append(s.faults, &scripted{op: "Held", err: fault.New(fault.ErrDenied, "held", "no", nil)})
			}
		}, provision.CodeStore},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1))
				s.do(func() { tt.prepare(s) })
				s.commitOf(t, newRepository("c1").with(time.Hour, "", a))
				after(4 * time.Hour)
				if s.isLive(a) || s.count("Unassign") != 0 || s.assigned[userID(1)].IsZero() {
					t.Errorf("live %v, unassigned %d times", s.isLive(a), s.count("Unassign"))
				}
				o, err := s.engine.Status(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				var code provision.Code
				for _, trouble := range o.Troubles {
					code = trouble.Code
				}
				if code != tt.code {
					t.Errorf("trouble %q, want %q: %+v", code, tt.code, o.Troubles)
				}
			})
		})
	}
}

func lostAnswerOfTakingAUserOutIsLookedAfter(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1))
		a := userGrant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(time.Hour, "", a))
		s.do(func() { s.faults = []*scripted{{op: "Unassign", err: errLost, after: true}} })
		after(4 * time.Hour)
		if s.count("Unassign") != 1 || !s.assigned[userID(1)].IsZero() {
			t.Errorf("unassigned %d times", s.count("Unassign"))
		}
	})
}

func TestUserIsNotTakenOutWhileChangesAreOff(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1)
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(time.Hour, "", userGrant(1, 1, readOnly)))
		after(50 * time.Minute)
		s.stop()
		quiet := newSystem(t, w, s.db, provision.Options{})
		quiet.run(t)
		after(4 * time.Hour)
		if n := w.count("Unassign"); n != 0 {
			t.Errorf("unassigned %d times", n)
		}
	})
}

func TestUserWhoCannotHaveAccessBlocksTheEntryAndNothingElse(t *testing.T) {
	a, other := userGrant(1, 1, readOnly), userGrant(2, 1, readOnly)
	tests := []struct {
		name  string
		as    func(u *provision.User)
		gone  bool
		code  provision.Code
		words string
	}{
		{"unknown", nil, true, provision.CodeUserUnknown, "no user with the id"},
		{"renamed", func(u *provision.User) { u.Name = "married@example.com" }, false, provision.CodeUserRenamed, `named "married@example.com" in Entra`},
		{"disabled", func(u *provision.User) { u.Enabled = false }, false, provision.CodeUserDisabled, "disabled in Entra"},
		{"guest", func(u *provision.User) { u.Guest = true }, false, provision.CodeUserGuest, "guest of the tenant"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld().populate(1)
				good := w.users[userID(1)]
				bad := good
				if tt.gone {
					delete(w.users, userID(1))
				} else {
					tt.as(&bad)
					w.users[userID(1)] = bad
				}
				s := started(t, w)
				s.commitOf(t, newRepository("c1").with(24*time.Hour, "", a, other))
				after(30 * time.Minute)
				if f := s.facts(t, a); f.TroubleCode != string(tt.code) || !strings.Contains(f.Trouble, tt.words) || s.isLive(a) {
					t.Errorf("trouble %q: %q", f.TroubleCode, f.Trouble)
				}
				if !s.assigned[userID(1)].IsZero() || s.facts(t, other).ReadBack.IsZero() {
					t.Errorf("the blocked one is assigned, or the other is not live: %+v", s.facts(t, other))
				}
				s.do(func() { s.users[userID(1)] = good })
				after(30 * time.Minute)
				if f := s.facts(t, a); f.ReadBack.IsZero() || f.Trouble != "" {
					t.Errorf("after the mend: %+v", f)
				}
			})
		})
	}
}

func TestDisabledUserKeepsWhatIsLive(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1))
		a := userGrant(1, 1, readOnly)
		s.commitOf(t, newRepository("c1").with(24*time.Hour, "", a))
		after(5 * time.Minute)
		s.do(func() { s.users[userID(1)] = provision.User{ID: userID(1), Name: userName(1)} })
		after(5 * time.Hour)
		if !s.isLive(a) || s.count("DeleteAccountAssignment") != 0 {
			t.Error("removed for what only Entra says")
		}
	})
}

func TestUserAndGroupOfOneIDAreNotTakenForEachOther(t *testing.T) {
	t.Parallel()
	a := userGrant(1, 1, readOnly)
	in := provision.Input{
		Commit: "c1", Desired: []provision.Desire{{Desired: config.Desired{Assignment: a}}}, Owned: []config.Assignment{a},
		Live: map[config.Pair]provision.PairState{a.Pair(): {Complete: true,
			Live: []provision.LiveAssignment{{PrincipalID: "same", Kind: config.GroupPrincipal}}}},
		Principals: map[config.Principal]provision.PrincipalState{a.Principal: {Looked: true, ID: "same"}},
		Accounts:   map[string]provision.AccountState{a.Account: {Found: true, Active: true}},
	}
	if p := provision.Plan(in); len(p.Live) != 0 || len(p.Changes) != 1 || p.Changes[0].Kind != provision.Add {
		t.Errorf("plan: %+v", p)
	}
}
