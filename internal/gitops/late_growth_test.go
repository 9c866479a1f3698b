package gitops_test

import (
	"strings"
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// TestT11PeopleWhoJoinDuringAHaltAreShown before a late approval counts for
// them, and are told apart from those whom the check had shown.
func TestT11PeopleWhoJoinDuringAHaltAreShown(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, rule string
		join       int
		shown      bool
	}{
		{"as many as may", "", 3, false},
		{"more than may", "", 30, true},
		{"one where people are pinned", pinnedRule, 1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := ruledWorld(t, tt.rule)
			before := w.head("main")
			n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
			w.look()
			sha := w.merge(n, "squash")
			w.look()
			w.holds(before, gitops.HaltApproval)
			w.joins(devGroup, tt.join)
			w.review("yuki-lead", n, "APPROVE")
			w.look()
			if !tt.shown {
				w.holds(sha, "")
				return
			}
			w.holds(before, gitops.HaltApproval)
			first := person + "-1"
			if text := w.status().Halt.Text; !strings.Contains(text, "joined aws-payments-dev (…00000011): "+first) || len(text) > 2000 {
				t.Errorf("the halt says %q", text)
			}
			w.restart()
			w.look()
			w.holds(before, gitops.HaltApproval) // he approved before it was said
			w.review("yuki-lead", n, "APPROVE")
			w.look()
			w.holds(sha, "")
			if k := w.kept(); len(k) != 1 || len(k[0].Members) != 1+tt.join {
				t.Errorf("kept %+v", k)
			}
		})
	}
}

// TestT11TheHaltNamesNobodyItDidNotShow: each growth during a halt is said and
// told once, and what was approved is kept as it was shown last.
func TestT11TheHaltNamesNobodyItDidNotShow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.look()
	sha := w.merge(n, "squash")
	w.look()
	w.joins(devGroup, 30)
	w.look()
	at := w.status().Halt.At
	if text := w.status().Halt.Text; !strings.Contains(text, "30 joined aws-payments-dev") || !strings.Contains(text, "and 25 more") {
		t.Errorf("the halt says %q", text)
	}
	w.look()
	if now := w.status().Halt.At; !now.Equal(at) {
		t.Errorf("the halt was written again at %s", now)
	}
	if len(w.ops.list) != 2 || w.ops.list[0].Key == w.ops.list[1].Key {
		t.Errorf("told %+v", w.ops.list)
	}
	w.joins(devGroup, 2) // fewer than may join 31
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.holds(sha, "")
	k, err := store.NewGitops(w.db).Kept(t.Context())
	w.must(err)
	if len(k) != 1 || len(k[0].Members) != 31 {
		t.Errorf("kept %+v", k)
	}
}
