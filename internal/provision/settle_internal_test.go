package provision

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

func TestEndedOnlyIfEveryGrantThatMadeItWasInForceAndHasEnded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 24, 9, 0, 0, 0, time.UTC)
	merged := now.Add(-4 * time.Hour)
	v := &view{now: now, refs: map[config.GrantKey]config.GrantRef{}, force: access.InForce{Starts: config.Starts{}}}
	for key, g := range map[config.GrantKey]config.Grant{
		"ended":        {Duration: 3 * time.Hour},
		"ended later":  {Duration: 4 * time.Hour},
		"runs":         {Duration: 5 * time.Hour},
		"standing":     {},
		"never was":    {Expires: merged.Add(-time.Minute)},
		"ended at all": {Expires: merged},
	} {
		v.refs[key] = config.GrantRef{Key: key, Grant: g}
		v.force.Starts[key] = config.Start{MergedAt: merged}
	}
	v.refs["no start"] = config.GrantRef{Grant: config.Grant{Expires: now.Add(-time.Minute)}}
	tests := []struct {
		name   string
		grants []config.GrantKey
		want   time.Time
	}{
		{"one that ended", []config.GrantKey{"ended"}, now.Add(-time.Hour)},
		{"the latest end counts", []config.GrantKey{"ended", "ended later"}, now},
		{"one still runs", []config.GrantKey{"ended", "runs"}, time.Time{}},
		{"one is standing", []config.GrantKey{"standing"}, time.Time{}},
		{"one was taken out of the repo", []config.GrantKey{"ended", "removed"}, time.Time{}},
		{"one has no start", []config.GrantKey{"ended", "no start"}, time.Time{}},
		{"one ended before it was merged", []config.GrantKey{"ended", "never was"}, time.Time{}},
		{"one ended as it was merged", []config.GrantKey{"ended at all"}, time.Time{}},
		{"no grant is known", nil, time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			end, ok := v.ended(Record{Grants: tt.grants})
			if !end.Equal(tt.want) && ok || ok == tt.want.IsZero() {
				t.Errorf("ended %s (%v), want %s", end, ok, tt.want)
			}
		})
	}
}

// TestWhatWaitsAsDriftGoesByTheCommitThatItIsAdoptedWith, unless its deletion was sent.
func TestWhatWaitsAsDriftGoesByTheCommitThatItIsAdoptedWith(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 24, 9, 0, 0, 0, time.UTC)
	v := &view{now: now, force: access.InForce{Commit: "c2", Starts: config.Starts{}}}
	for name, tt := range map[string]struct {
		rec  Record
		want CauseKind
	}{
		"it waits for its turn": {Record{}, CauseCommit},
		"it was sent":           {Record{RemoveAsked: now.Add(-time.Minute)}, CauseDrift},
		"it is under way":       {Record{Op: &Operation{Action: Delete, Intent: now}}, CauseDrift},
	} {
		tt.rec.State, tt.rec.Cause, tt.rec.Origin = Removing, Cause{Kind: CauseDrift, Commit: "c1"}, OriginFound
		next, differs := settleUnwanted(v, config.Assignment{}, &tt.rec)
		if next.Cause.Kind != tt.want || differs != (tt.want == CauseCommit) || next.Origin != OriginFound {
			t.Errorf("%s: %+v, differs %t", name, next, differs)
		}
		if again, differs := settleUnwanted(v, config.Assignment{}, &next); differs {
			t.Errorf("%s: not settled: %+v", name, again)
		}
	}
}
