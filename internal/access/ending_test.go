package access

import (
	"testing"
	"time"
)

// TestHowLongBeforeTheEndIsTold is what the documents say.
func TestHowLongBeforeTheEndIsTold(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for length, want := range map[time.Duration]time.Duration{
		10 * time.Minute:          time.Minute,
		time.Hour:                 6 * time.Minute,
		4*time.Hour - time.Minute: 23*time.Minute + 54*time.Second,
		4 * time.Hour:             30 * time.Minute,
		7 * day:                   30 * time.Minute,
		7*day + time.Minute:       day,
		365 * day:                 day,
		0:                         0,
		-time.Hour:                0,
	} {
		if got := WarnBefore(length); got != want {
			t.Errorf("%s: %s before, want %s", length, got, want)
		}
	}
}

// TestAComingEndIsToldOnce: in however many looks, and by a process that was
// started anew, since it is stored with the request.
func TestAComingEndIsToldOnce(t *testing.T) {
	t.Parallel()
	r := in(StateLive)
	r.Times[StageMerged], r.Times[StageReadBack] = at(1), at(6)
	told := 0
	for min := range 241 {
		next, notices := Advance(r, Facts{Grant: readBack()}, at(min))
		for _, n := range notices {
			if n.Kind == NoticeEnding {
				told++
				if min != 211 {
					t.Errorf("told in minute %d, want 211", min)
				}
			}
		}
		r = next
	}
	if told != 1 || !r.Warned {
		t.Errorf("told %d times, noted: %v", told, r.Warned)
	}
}

// TestWhatIsExtendedIsNotSaidToEnd, unless the extension goes away again.
func TestWhatIsExtendedIsNotSaidToEnd(t *testing.T) {
	t.Parallel()
	r := in(StateLive)
	r.Times[StageMerged] = at(1)
	longer := readBack()
	longer.StillWanted, longer.Outlived, longer.GoesOn = true, true, "REQ-000002"
	r, notices := Advance(r, Facts{Grant: longer}, at(230))
	if len(notices) != 1 || notices[0].Kind != NoticeExtended || notices[0].Text != "REQ-000002" || r.GoesOn != "REQ-000002" || r.Warned {
		t.Fatalf("goes on by %q, told %+v", r.GoesOn, notices)
	}
	if again, notices := Advance(r, Facts{Grant: longer}, at(235)); len(notices) != 0 || again.Version != r.Version {
		t.Errorf("a second look told %+v", notices)
	}
	byHand := readBack()
	byHand.StillWanted, byHand.Outlived = true, true
	if _, notices := Advance(in(StateLive), Facts{Grant: byHand}, at(235)); len(notices) != 0 {
		t.Errorf("outlasted by a line that nobody asked for: told %+v", notices)
	}
	r, notices = Advance(r, Facts{Grant: readBack()}, at(235))
	if len(notices) != 1 || notices[0].Kind != NoticeEnding || r.GoesOn != "" {
		t.Errorf("after the extension went away: told %+v, goes on by %q", notices, r.GoesOn)
	}
}

// TestARevokedGrantIsNotSaidToEndSoon: it is ending now.
func TestARevokedGrantIsNotSaidToEndSoon(t *testing.T) {
	t.Parallel()
	r := in(StateLive)
	r.Times[StageMerged] = at(1)
	got, notices := Advance(r, Facts{Grant: &GrantFacts{Desired: false, End: at(241)}}, at(235))
	if len(notices) != 0 || got.State != StateEnding {
		t.Errorf("%s, told %+v", got.State, notices)
	}
}

// TestTheEndNamesWhatGoesOn in place of what ended.
func TestTheEndNamesWhatGoesOn(t *testing.T) {
	t.Parallel()
	for by, want := range map[ID]string{
		"REQ-000002": "REQ-000002 still gives this access, so nothing was removed in AWS.",
		"":           "Another grant in the config repo still gives this access, so nothing was removed in AWS.",
	} {
		got, _ := Advance(in(StateEnding), Facts{Grant: &GrantFacts{StillWanted: true, GoesOn: by}}, at(243))
		if got.State != StateEnded || got.Outcome != want {
			t.Errorf("by %q: %s, %q", by, got.State, got.Outcome)
		}
	}
}

// TestTheTrackerLooksWhenAnEndIsDue, not only on its slow look.
func TestTheTrackerLooksWhenAnEndIsDue(t *testing.T) {
	t.Parallel()
	r := in(StateLive)
	r.Times[StageMerged], r.End = at(1), at(241)
	for now, want := range map[time.Time]time.Duration{
		at(100):                       lookEvery,
		at(211).Add(-4 * time.Second): 4 * time.Second,
		at(211):                       lookEvery,
		at(241).Add(-time.Second):     time.Second,
		at(241):                       lookEvery,
	} {
		if got := dueIn(r, now); got != want {
			t.Errorf("at %s: in %s, want %s", now, got, want)
		}
	}
	for name, other := range map[string]Request{"standing": in(StateLive), "not live": in(StateVerified)} {
		if got := dueIn(other, t0); got != lookEvery {
			t.Errorf("%s: in %s, want %s", name, got, lookEvery)
		}
	}
}
