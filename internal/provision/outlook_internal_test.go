package provision

import (
	"maps"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// TestAnOutlookServesUntilSomethingItRestsOnChanges, and not a moment longer.
func TestAnOutlookServesUntilSomethingItRestsOnChanges(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	file := &config.PrincipalFile{Slug: "devs", Principal: config.Principal{Kind: config.GroupPrincipal, ID: "g"}, Access: []config.Grant{
		{Account: "dev", PermissionSet: "ReadOnlyAccess", Request: "REQ-AAAAAA"}, {Account: "dev", PermissionSet: "PowerUserAccess", Duration: time.Hour}}}
	repo := &config.Repo{Accounts: map[string]*config.Account{"dev": {Slug: "dev", ID: "111122223333", Stage: config.StageSSO}}, Groups: map[string]*config.PrincipalFile{"devs": file}}
	force := access.InForce{Commit: "c1", Repo: repo, Starts: config.Starts{}}
	for _, g := range file.Access {
		force.Starts[file.Key(g)] = config.Start{MergedAt: now}
	}
	o := lookAhead(force, now)
	if len(o.desired) != 2 || len(o.wants) != 2 || len(o.refs) != 2 || !o.until.Equal(now.Add(time.Hour)) || len(o.desired[1].Requests) != 1 {
		t.Fatalf("got %+v", o)
	}
	with := func(f func(*access.InForce)) access.InForce {
		changed := force
		changed.Starts = maps.Clone(force.Starts)
		f(&changed)
		return changed
	}
	tests := []struct {
		name  string
		force access.InForce
		now   time.Time
		want  bool
	}{
		{"at once", force, now, true},
		{"a moment before the end", force, now.Add(time.Hour - 1), true},
		{"at the end", force, now.Add(time.Hour), false},
		{"when the clock went back", force, now.Add(-1), false},
		{"equal starts", with(func(*access.InForce) {}), now, true},
		{"another commit", with(func(f *access.InForce) { f.Commit = "c2" }), now, false},
		{"another repo", with(func(f *access.InForce) { other := *repo; f.Repo = &other }), now, false},
		{"another start", with(func(f *access.InForce) { f.Starts[file.Key(file.Access[1])] = config.Start{MergedAt: now.Add(1)} }), now, false},
		{"one start less", with(func(f *access.InForce) { delete(f.Starts, file.Key(file.Access[0])) }), now, false},
	}
	for _, tc := range tests {
		if got := o.serves(tc.force, tc.now); got != tc.want {
			t.Errorf("%s: serves %v", tc.name, got)
		}
	}
	force.Starts[file.Key(file.Access[0])] = config.Start{MergedAt: now.Add(-1)}
	if o.serves(force, now) {
		t.Error("starts that were changed in place are not seen")
	}
	if (*outlook)(nil).serves(force, now) {
		t.Error("nothing serves")
	}
}
