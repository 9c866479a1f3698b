package gitops

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// listing is a host that knows which pull requests a commit is in.
type listing struct {
	Host
	pulls map[string][]Pull
}

func (l *listing) PullsWithCommit(_ context.Context, sha string) ([]Pull, error) {
	return l.pulls[sha], nil
}

// TestUnits: which pull request explains which commits (T16).
func TestUnits(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	good := Pull{Number: 7, MergedAt: noon, BaseRef: "main", BaseRepo: 1, HeadRepo: 1, MergeCommit: "c2"}
	with := func(change func(*Pull)) Pull {
		p := good
		change(&p)
		return p
	}
	type got struct {
		Commits int
		Pull    int
		Bad     HaltCode
	}
	tests := []struct {
		name  string
		chain []string
		pulls map[string][]Pull
		want  []got
	}{
		{"one commit", []string{"c2"}, map[string][]Pull{"c2": {good}}, []got{{1, 7, ""}}},
		{"a rebase merge", []string{"c1", "c2"}, map[string][]Pull{"c1": {good}, "c2": {good}}, []got{{2, 7, ""}}},
		{"half of a rebase merge", []string{"c1"}, map[string][]Pull{"c1": {good}}, []got{{1, 0, HaltDirectPush}}},
		{"a rebase merge with a push between", []string{"c1", "x", "c2"}, map[string][]Pull{"c1": {good}, "c2": {good}}, []got{{1, 0, HaltDirectPush}, {1, 0, HaltDirectPush}, {1, 7, ""}}},
		{"no pull request", []string{"c2"}, nil, []got{{1, 0, HaltDirectPush}}},
		{"one that is not merged", []string{"c2"}, map[string][]Pull{"c2": {with(func(p *Pull) { p.MergedAt = time.Time{} })}}, []got{{1, 0, HaltDirectPush}}},
		{"one into another branch", []string{"c2"}, map[string][]Pull{"c2": {with(func(p *Pull) { p.BaseRef = "other" })}}, []got{{1, 0, HaltDirectPush}}},
		{"one into another repository", []string{"c2"}, map[string][]Pull{"c2": {with(func(p *Pull) { p.BaseRepo = 2 })}}, []got{{1, 0, HaltDirectPush}}},
		{"one merged by another commit", []string{"c2"}, map[string][]Pull{"c2": {with(func(p *Pull) { p.MergeCommit = "elsewhere" })}}, []got{{1, 0, HaltDirectPush}}},
		{"one from a fork", []string{"c2"}, map[string][]Pull{"c2": {with(func(p *Pull) { p.HeadRepo = 2 })}}, []got{{1, 0, HaltFork}}},
		{"one from a fork that is gone", []string{"c2"}, map[string][]Pull{"c2": {with(func(p *Pull) { p.HeadRepo = 0 })}}, []got{{1, 0, HaltFork}}},
		{"two of them", []string{"c2"}, map[string][]Pull{"c2": {good, with(func(p *Pull) { p.Number = 8 })}}, []got{{1, 0, HaltDirectPush}}},
		{"its own beside one it is only part of", []string{"c2", "c9"}, map[string][]Pull{"c2": {good, with(func(p *Pull) { p.Number, p.MergeCommit = 9, "c9" })}, "c9": {with(func(p *Pull) { p.Number, p.MergeCommit = 9, "c9" })}}, []got{{1, 7, ""}, {1, 9, ""}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := &Gitops{host: &listing{pulls: tt.pulls}, firstSeen: map[string]time.Time{}, opt: Options{RepoID: 1, Branch: "main", Now: func() time.Time { return noon }}}
			var chain []Commit
			for _, sha := range tt.chain {
				chain = append(chain, Commit{SHA: sha})
			}
			units, err := g.units(t.Context(), chain)
			var list []got
			for _, u := range units {
				x := got{Commits: len(u.commits)}
				if u.pull != nil {
					x.Pull = u.pull.Number
				}
				if u.bad != nil {
					x.Bad = u.bad.code
				}
				list = append(list, x)
			}
			if diff := cmp.Diff(tt.want, list); err != nil || diff != "" {
				t.Errorf("units: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// TestACommitThatIsShownLateIsWaitedFor wherever in a rebase merge it is, until
// Lag is over; a commit that cannot be late is not.
func TestACommitThatIsShownLateIsWaitedFor(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	good := Pull{Number: 7, MergedAt: now, BaseRef: "main", BaseRepo: 1, HeadRepo: 1, MergeCommit: "c3"}
	fork := Pull{Number: 8, MergedAt: now, BaseRef: "main", BaseRepo: 1, HeadRepo: 2, MergeCommit: "c2"}
	for name, tt := range map[string]struct {
		pulls map[string][]Pull
		want  []bool // young, of each unit
	}{
		"the first":     {map[string][]Pull{"c2": {good}, "c3": {good}}, []bool{true, false}},
		"one between":   {map[string][]Pull{"c1": {good}, "c3": {good}}, []bool{true, true, false}},
		"the last":      {map[string][]Pull{"c1": {good}, "c2": {good}}, []bool{true, true}},
		"not of a fork": {map[string][]Pull{"c1": {good}, "c2": {fork}, "c3": {good}}, []bool{false, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := now
			g := &Gitops{host: &listing{pulls: tt.pulls}, firstSeen: map[string]time.Time{}, opt: Options{RepoID: 1, Branch: "main", Lag: time.Minute, Now: func() time.Time { return at }}}
			for _, over := range []bool{false, true} {
				units, err := g.units(t.Context(), []Commit{{SHA: "c1"}, {SHA: "c2"}, {SHA: "c3"}})
				var got []bool
				for _, u := range units {
					got = append(got, u.young)
				}
				want := tt.want
				if over {
					want = make([]bool, len(tt.want))
				}
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("over %v: young, %v (-want +got):\n%s", over, err, diff)
				}
				at = at.Add(time.Minute)
			}
		})
	}
}
