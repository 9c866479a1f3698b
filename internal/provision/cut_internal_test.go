package provision

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

func TestACutIsAnEndThatACommitBroughtNearer(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 24, 9, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return now.Add(d) }
	cutAt := func(when time.Duration, from time.Time) *Cut { return &Cut{Commit: "c1", At: at(when), From: from} }
	fresh := func(from time.Time) *Cut { return &Cut{Commit: "c2", At: now, From: from} }
	var never time.Time
	const timed = config.GrantKey("group/g account=a permission_set=S duration=4h")
	tests := []struct {
		name string
		old  Record
		end  time.Time
		keys []config.GrantKey
		want *Cut
	}{
		{"nothing was recorded", Record{}, at(time.Minute), nil, nil},
		{"it was gone", Record{State: Gone}, at(time.Minute), nil, nil},
		{"standing, and an end", Record{State: Live}, at(time.Hour), nil, fresh(never)},
		{"standing still", Record{State: Live}, never, nil, nil},
		{"an end, and a nearer one", Record{State: Live, End: at(9 * time.Hour)}, at(time.Hour), nil, fresh(at(9 * time.Hour))},
		{"an end, and a later one", Record{State: Live, End: at(time.Hour)}, at(9 * time.Hour), nil, nil},
		{"an end, and standing", Record{State: Live, End: at(time.Hour)}, never, nil, nil},
		{"brought near, and nearer", Record{State: Live, End: at(9 * time.Hour), Cut: cutAt(-time.Hour, never)}, at(time.Hour), nil, fresh(never)},
		{"brought near, and less near", Record{State: Live, End: at(time.Hour), Cut: cutAt(-time.Hour, never)}, at(9 * time.Hour), nil, cutAt(-time.Hour, never)},
		{"brought near, and as it was", Record{State: Live, End: at(time.Hour), Cut: cutAt(-time.Hour, at(9*time.Hour))}, at(9 * time.Hour), nil, nil},
		{"brought near a day ago, and less near", Record{State: Live, End: at(time.Hour), Cut: cutAt(-24*time.Hour, never)}, at(9 * time.Hour), nil, nil},
		{"its removal was held, and it comes back with an end", Record{State: Removing}, at(time.Hour), nil, fresh(never)},
		{"an end that was not kept yet, of the same line", Record{State: Live, Grants: []config.GrantKey{timed}}, at(time.Hour), []config.GrantKey{timed}, nil},
		{"an end that was not kept yet, of another line", Record{State: Live, Grants: []config.GrantKey{timed}}, at(time.Hour), nil, fresh(never)},
	}
	if got := (&view{now: now, force: access.InForce{Starts: config.Starts{timed: {MergedAt: at(25 * time.Hour)}}}}).cut(Record{State: Live},
		Desire{Desired: config.Desired{End: at(26 * time.Hour), Grants: []config.GrantKey{timed}}}); !got.counts(at(26 * time.Hour)) {
		t.Errorf("with a clock that is a day behind GitHub's: %+v", got)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := &view{now: now, force: access.InForce{Commit: "c2"}}
			got := v.cut(tt.old, Desire{Desired: config.Desired{End: tt.end, Grants: tt.keys}})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("cut (-want +got):\n%s", diff)
			}
		})
	}
}
