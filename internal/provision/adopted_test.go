package provision_test

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// TestAnEndForWhatWasThereByHandCountsAsItsRemoval: it stood before the commit that
// gives it an end, so all of an account and its last way in stay, until that is
// allowed; and a single one goes at its minute, as any that a commit ends.
func TestAnEndForWhatWasThereByHandCountsAsItsRemoval(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7))
		var rest []config.Assignment // by which the groups are known
		for n := 1; n <= 7; n++ {
			rest = append(rest, grant(n, 7, readOnly))
		}
		one := grant(7, 6, readOnly)
		s.commitOf(t, newRepository(sha("a")).with(0, "", rest...))
		whole := []config.Assignment{grant(6, 1, admin)}
		for n := 1; n <= 5; n++ {
			whole = append(whole, grant(n, 1, readOnly))
		}
		for _, a := range append([]config.Assignment{one}, whole...) {
			s.do(func() { s.put(a) })
		}
		after(30 * time.Hour) // everything was read, whoever has it
		if n := len(s.known(t)); n != 7 {
			t.Fatalf("%d of 7 are known as drift", n)
		}
		ended := newRepository(sha("b")).with(0, "", rest...).with(4*time.Hour, "", whole...).with(4*time.Hour, "", one)
		s.commitOf(t, ended)
		after(10 * time.Minute)
		allow := merged(t, s.noticed(), "brought the ends of 7 assignments nearer")
		after(6 * time.Hour)
		if f := s.facts(t, whole[0]); s.alive(whole) != 6 || f.TroubleCode != string(provision.CodeWholeAccount) {
			t.Fatalf("%d of 6 are left after the end, held by %q", s.alive(whole), f.TroubleCode)
		}
		r := newRepository(sha("c")).with(0, "", rest...).with(4*time.Hour, "", whole...).with(4*time.Hour, "", one).since(ended)
		r.repo.Access.Limits.Allow = allow
		s.commitOf(t, r)
		after(time.Hour)
		if n := s.alive(whole); n != 0 || s.isLive(one) {
			t.Errorf("%d of 6 are left after it was allowed, the single one is live %t", n, s.isLive(one))
		}
	})
}

// TestAnEndForOneThatWasThereByHandComes at its minute, within the budget.
func TestAnEndForOneThatWasThereByHandComes(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2))
		stays, one := grant(1, 1, readOnly), grant(2, 1, readOnly)
		s.commitOf(t, newRepository(sha("a")).with(0, "", stays, grant(2, 2, readOnly)))
		s.do(func() { s.put(one) })
		after(3 * time.Hour)
		s.commitOf(t, newRepository(sha("b")).with(0, "", stays, grant(2, 2, readOnly)).with(time.Hour, "", one))
		after(50 * time.Minute)
		if !s.isLive(one) {
			t.Fatal("gone before its end")
		}
		after(15 * time.Minute)
		if s.isLive(one) {
			t.Errorf("live after its end: %+v", s.facts(t, one))
		}
	})
}

// TestAnEndForWhatAGroupWithAFileAndNoGrantHadByHandCountsAsItsRemoval: nothing but
// the commit made the bot look for the group.
func TestAnEndForWhatAGroupWithAFileAndNoGrantHadByHandCountsAsItsRemoval(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 6))
		rest, way := grant(1, 7, readOnly), grant(6, 1, admin)
		s.commitOf(t, newRepository(sha("a")).with(0, "", rest))
		s.foundByHand(t, way)
		s.commitOf(t, newRepository(sha("b")).with(0, "", rest).with(4*time.Hour, "", way))
		after(6 * time.Hour)
		if f := s.facts(t, way); !s.isLive(way) || f.TroubleCode != string(provision.CodeLastWay) {
			t.Errorf("live %t after its end, held by %q", s.isLive(way), f.TroubleCode)
		}
	})
}

// TestAnEndForWhatNobodyKnewOfCountsToo: no reading had shown it before the commit.
func TestAnEndForWhatNobodyKnewOfCountsToo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2))
		rest, door, mine := grant(2, 2, readOnly), grant(1, 1, admin), grant(1, 2, admin)
		s.commitOf(t, newRepository(sha("a")).with(0, "", rest))
		after(10 * time.Minute)
		s.do(func() { s.put(door) })
		s.commitOf(t, newRepository(sha("b")).with(0, "", rest).with(4*time.Hour, "", door, mine))
		after(6 * time.Hour)
		if f := s.facts(t, door); !s.isLive(door) || f.TroubleCode != string(provision.CodeLastWay) {
			t.Errorf("the last way, which was there by hand, is live %v, held by %q", s.isLive(door), f.TroubleCode)
		}
		if s.isLive(mine) {
			t.Error("what the bot made is live after its end")
		}
	})
}
