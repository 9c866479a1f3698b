package provision_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// temporary returns n assignments of groups 1 to 9 in accounts 1 to 20.
func temporary(n int) []config.Assignment {
	var out []config.Assignment
	for i := range n {
		out = append(out, grant(i%9+1, i/9%20+1, fmt.Sprintf("Set%d", i/180)))
	}
	return out
}

// TestT40TwoHundredEndsAtOneMinute: no more than 50 go in any ten minutes, and
// all are gone in the end.
func TestT40TwoHundredEndsAtOneMinute(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7, 8, 9))
		all := temporary(200)
		for _, a := range all {
			s.put(a)
		}
		s.commitOf(t, newRepository("c1").with(time.Hour, "", all...))
		after(59 * time.Minute)
		var gone []int
		for range 50 {
			n := 0
			for _, a := range all {
				if !s.isLive(a) {
					n++
				}
			}
			gone = append(gone, n)
			after(time.Minute)
		}
		if gone[0] != 0 || gone[len(gone)-1] != len(all) {
			t.Errorf("gone before the end: %d, at last: %d of %d", gone[0], gone[len(gone)-1], len(all))
		}
		for i := 9; i < len(gone); i++ {
			if n := gone[i] - gone[i-9]; n > 50 {
				t.Errorf("%d went within the ten minutes up to minute %d: %v", n, i, gone)
			}
		}
	})
}

// TestT40AClockThatJumpsADayEndsNothing, forward and back again, however many
// grants seem to have ended.
func TestT40AClockThatJumpsADayEndsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7, 8, 9))
		all := temporary(60)
		for _, a := range all {
			s.put(a)
		}
		s.commitOf(t, newRepository("c1").with(20*time.Minute, "", all...))
		after(10 * time.Minute)
		// Our clock is a day ahead: to us all have ended, to the others none.
		s.do(func() { s.skew = 24 * time.Hour })
		after(15 * time.Minute)
		if n := s.count("DeleteAccountAssignment"); n != 0 {
			t.Errorf("%d removals while our clock was a day ahead", n)
		}
		s.do(func() { s.skew = -24 * time.Hour })
		after(5 * time.Minute)
		if n := s.count("DeleteAccountAssignment"); n != 0 {
			t.Errorf("%d removals while our clock was a day behind", n)
		}
		// Once it is right they go as all that ended do: bounded.
		s.do(func() { s.skew = 0 })
		after(9 * time.Minute)
		if n := s.count("DeleteAccountAssignment"); n == 0 || n > 50 {
			t.Errorf("%d removals in the first nine minutes", n)
		}
	})
}

// TestTheLastGrantOfAGroupExpires: what ended is outside the guards for whole
// groups and accounts, and for the last way in.
func TestTheLastGrantOfAGroupExpires(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a := grant(1, 1, admin)
		s.commitOf(t, newRepository("c1").with(time.Hour, "", a))
		after(30 * time.Minute)
		if !s.isLive(a) {
			t.Fatal("it was not granted")
		}
		after(time.Hour)
		if s.isLive(a) || len(s.owned(t)) != 0 {
			t.Errorf("live %v, owned %v", s.isLive(a), s.owned(t))
		}
	})
}

// TestTheLastWayIntoAnAccountStays until another is live there, and one that had
// an end can be taken back at any time.
func TestTheLastWayIntoAnAccountStays(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2))
		door, next, temp := grant(1, 1, admin), grant(2, 1, admin), grant(2, 2, admin)
		s.commitOf(t, newRepository("c1").with(0, "", door).with(9*time.Hour, "", temp))
		after(5 * time.Minute)
		s.commitOf(t, newRepository("c2"))
		after(2 * time.Hour)
		if !s.isLive(door) || s.isLive(temp) {
			t.Errorf("the last way is live: %v, what had an end: %v", s.isLive(door), s.isLive(temp))
		}
		if f := s.facts(t, door); f.TroubleCode != string(provision.CodeLastWay) || len(s.noticed()) == 0 {
			t.Errorf("nobody is told: %+v", f)
		}
		s.commitOf(t, newRepository("c3").with(0, "", next))
		after(2 * time.Hour)
		if s.isLive(door) || !s.isLive(next) {
			t.Errorf("after another way came: the old one is live %v, the new one %v", s.isLive(door), s.isLive(next))
		}
	})
}

// TestAnEmptyGroupIsNoWayIntoAnAccount: the new group has groups as members only, whom
// Entra does not provision, so that nobody could get in any more. Once somebody is in,
// the old one goes.
func TestAnEmptyGroupIsNoWayIntoAnAccount(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2))
		s.do(func() {
			s.members[groupID(2)] = nil
			s.scim[groupID(2)] = scimGroup{id: storeID(groupID(2))}
		})
		door, next := grant(1, 1, admin), grant(2, 1, admin)
		s.commitOf(t, newRepository("c1").with(0, "", door))
		after(5 * time.Minute)
		s.commitOf(t, newRepository("c2").with(0, "", next))
		after(3 * time.Hour)
		if f := s.facts(t, door); !s.isLive(door) || !s.isLive(next) || f.TroubleCode != string(provision.CodeLastWay) || !strings.Contains(f.Trouble, "aws-group-2") {
			t.Fatalf("the last way with anybody in it is live %v: %+v", s.isLive(door), f)
		}
		s.do(func() {
			s.members[groupID(2)] = s.members[groupID(1)]
			s.scim[groupID(2)] = scimGroup{id: storeID(groupID(2)), members: idsOf(s.members[groupID(2)])}
		})
		after(2 * time.Hour)
		if s.isLive(door) {
			t.Errorf("it stays though somebody is in the other group: %+v", s.facts(t, door))
		}
	})
}

// caller is AWS's answer to who the bot is.
type caller struct {
	arn string
	err error
}

func (c *caller) Caller(context.Context) (provision.Caller, error) {
	return provision.Caller{ARN: c.arn}, c.err
}

// TestRemovalsWaitUntilItIsKnownWhoTheBotIs; grants do not.
func TestRemovalsWaitUntilItIsKnownWhoTheBotIs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w, db, who := newWorld().populate(1, 1, 2), store.NewMemory(), &caller{err: errors.New("timeout")}
		e, err := provision.New(provision.Ports{Center: w, Entra: w, Accounts: w, Commits: w, Store: store.NewProvision(db), Identity: who,
			Clocks: w, Audit: w, Ops: w, Now: time.Now}, provision.Options{EnableChanges: true})
		if err != nil {
			t.Fatal(err)
		}
		s := &system{world: w, db: db, engine: e}
		s.run(t)
		goes, comes := grant(1, 1, readOnly), grant(2, 2, readOnly)
		s.commitOf(t, newRepository("c1").with(0, "", goes))
		after(5 * time.Minute)
		s.commitOf(t, newRepository("c2").with(0, "", comes))
		after(time.Hour)
		if !s.isLive(goes) || !s.isLive(comes) {
			t.Errorf("the removed is live: %v, the granted: %v", s.isLive(goes), s.isLive(comes))
		}
		s.do(func() { who.arn, who.err = "arn:aws:sts::111122223333:assumed-role/aws-access-bot/b", nil })
		after(15 * time.Minute)
		if s.isLive(goes) {
			t.Error("it is not removed though AWS answers by now")
		}
	})
}
