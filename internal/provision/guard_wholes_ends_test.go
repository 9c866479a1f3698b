package provision_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// TestWhatHasAnEndDoesNotStandForWhatStood: an hour that somebody asked for the day
// before makes nobody's whole account or group a part. Where all had ends, some are
// a part as before, and with fewer than five that stood there is no whole.
func TestWhatHasAnEndDoesNotStandForWhatStood(t *testing.T) {
	t.Parallel()
	timed := func(g *guarded, list ...config.Assignment) {
		for _, a := range list {
			g.s.HadEnd[a] = true
		}
	}
	stays := func(g *guarded, a config.Assignment, end time.Time) {
		g.door(a)
		g.s.Desired[a] = end
	}
	soon := planTime.Add(time.Hour)
	for name, tt := range map[string]struct {
		set  func(g *guarded)
		want counts
	}{
		"an hour stays": {func(g *guarded) { stays(g, grant(8, 6, readOnly), soon) }, counts{provision.CodeWholeGroup: 5}},
		"one without an end stays too": {func(g *guarded) {
			stays(g, grant(8, 6, readOnly), soon)
			stays(g, grant(8, 7, readOnly), time.Time{})
		}, counts{"": 5}},
		"one without an end came with the commit": {func(g *guarded) {
			stays(g, grant(8, 6, readOnly), soon)
			stays(g, grant(8, 7, readOnly), time.Time{})
			g.s.Made = map[config.Assignment]provision.Making{grant(8, 7, readOnly): {At: planTime, Commit: "c2"}}
		}, counts{provision.CodeWholeGroup: 5}},
		"the commit took the end of an hour away": {func(g *guarded) {
			stays(g, grant(8, 6, readOnly), time.Time{})
			g.s.Lasts = map[config.Assignment]provision.Making{grant(8, 6, readOnly): {At: planTime, Commit: "c2"}}
		}, counts{provision.CodeWholeGroup: 5}},
		"all that goes had ends, and the commit took the end of one away": {func(g *guarded) {
			timed(g, wholeGroup()...)
			stays(g, grant(8, 6, readOnly), time.Time{})
			g.s.Lasts = map[config.Assignment]provision.Making{grant(8, 6, readOnly): {At: planTime, Commit: "c2"}}
		}, counts{"": 5}},
		"all that goes had ends": {func(g *guarded) {
			timed(g, wholeGroup()...)
			stays(g, grant(8, 6, readOnly), soon)
		}, counts{"": 5}},
		"four stood": {func(g *guarded) {
			timed(g, wholeGroup()[0])
			stays(g, grant(8, 6, readOnly), soon)
		}, counts{"": 5}},
		"what had an end goes beside the others": {func(g *guarded) {
			g.remove(byCommit("c2"), grant(8, 7, readOnly))
			timed(g, grant(8, 7, readOnly))
			stays(g, grant(8, 6, readOnly), soon)
			g.s.RemovalPercent = 100
		}, counts{"": 1, provision.CodeWholeGroup: 5}},
		"the commit is allowed": {func(g *guarded) {
			stays(g, grant(8, 6, readOnly), soon)
			g.s.Allow = &config.RemovalAllowance{Commit: "c2", Removals: 5}
		}, counts{"": 5}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := harmless()
			g.plan = provision.Result{}
			g.remove(byCommit("c2"), wholeGroup()...)
			tt.set(g)
			if got := codes(provision.Check(g.plan, g.s)); !maps.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestAnHourTheDayBeforeHidesNoWholeAccount, in the world: the account is asked for
// an hour long, and a day later all the rest goes in one commit.
func TestAnHourTheDayBeforeHidesNoWholeAccount(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7))
		rest, whole, hour := spread(20), accountOf(15, 5, readOnly), grant(6, 15, powerUser)
		first := newRepository(sha("a")).with(0, "", rest...).with(0, "", whole...).with(30*time.Hour, "REQ-000001", hour)
		s.commitOf(t, first)
		after(25 * time.Hour)
		s.commitOf(t, newRepository(sha("b")).with(0, "", rest...).with(30*time.Hour, "REQ-000001", hour).since(first))
		after(time.Hour)
		f := s.facts(t, whole[0])
		if s.alive(whole) != 5 || f.TroubleCode != string(provision.CodeWholeAccount) || !strings.Contains(f.Trouble, "All 5 owned assignments without an end that") {
			t.Fatalf("%d of 5 are left, held by %q: %q", s.alive(whole), f.TroubleCode, f.Trouble)
		}
		if !s.isLive(hour) {
			t.Fatal("the hour is not live")
		}
		allow := merged(t, s.noticed(), "All 5 owned assignments")
		r := newRepository(sha("c")).with(0, "", rest...)
		r.repo.Access.Limits.Allow = allow
		s.commitOf(t, r)
		after(time.Hour)
		if n := s.alive(whole); n != 0 {
			t.Errorf("%d of 5 are left after the allowance was merged", n)
		}
	})
}

// TestAnHourMadeEndlessHidesNoWholeAccount: the commit that takes all the rest away,
// or one after it, takes the end of the hour away. What was there before it as
// standing leaves a part, also where the commit before gave it an end by mistake.
func TestAnHourMadeEndlessHidesNoWholeAccount(t *testing.T) {
	rest, whole, hour := spread(20), accountOf(15, 5, readOnly), grant(6, 15, powerUser)
	timed := func(r *repository) *repository { return r.with(30*time.Hour, "REQ-000001", hour) }
	endless := func(r *repository) *repository { return r.with(0, "", hour) }
	for name, tt := range map[string]struct {
		commits []func(*repository) *repository // the first grants the whole account too
		alive   int
	}{
		"the same commit":   {[]func(*repository) *repository{timed, endless}, 5},
		"a later commit":    {[]func(*repository) *repository{timed, timed, endless}, 5},
		"an earlier commit": {[]func(*repository) *repository{timed, nil, endless}, 0},
		"it stood before":   {[]func(*repository) *repository{endless, timed, endless}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := started(t, newWorld().populate(1, 1, 2, 3, 4, 5, 6, 7))
				var last *repository
				for n, set := range tt.commits {
					r := newRepository(sha(string(rune('a'+n)))).with(0, "", rest...)
					switch {
					case set == nil: // makes the hour endless, and takes nothing away
						r = endless(r.with(0, "", whole...))
					case n == 0:
						r = set(r.with(0, "", whole...))
					default:
						r = set(r)
					}
					if last != nil {
						r.since(last)
					}
					last = r
					s.commitOf(t, r)
					after(time.Hour)
				}
				s.stop()
				s = newSystem(t, s.world, s.db, provision.Options{EnableChanges: true})
				s.run(t)
				after(3 * time.Hour)
				if n := s.alive(whole); n != tt.alive || !s.isLive(hour) {
					t.Errorf("%d of 5 are left, want %d; the hour is live %v: %+v", n, tt.alive, s.isLive(hour), s.facts(t, whole[0]))
				}
			})
		})
	}
}
