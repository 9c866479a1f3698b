package gitops_test

import (
	"strings"
	"testing"
)

// TestTheEndOfAHaltIsToldOnce and how it came about.
func TestTheEndOfAHaltIsToldOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		halt func(*world) string // returns the halted commit
		end  func(*world, string)
		want []string
	}{
		"a late approval": {
			func(w *world) string { return w.merge(w.proposed(w.request(req)), "squash") },
			func(w *world, _ string) { w.review("yuki-lead", w.facts(req).Ref.Number, "APPROVE") },
			[]string{"(rule approval-missing) is over", "approved by yuki-lead"},
		},
		"a pull request that restores": {
			func(w *world) string { sha, _ := badPush(w); return sha },
			func(w *world, _ string) {
				was := exampleFiles(w.t)
				n := w.byHand("ken-platform", "restore", files(map[string]string{devFile: was[devFile], sandboxFile: was[sandboxFile]}))
				w.merge(n, "squash")
			},
			[]string{"(rule direct-push) is over", "(pull request #1) put back what it touched"},
		},
		"a push that restores": {
			func(w *world) string { sha, _ := badPush(w); return sha },
			func(w *world, _ string) {
				was := exampleFiles(w.t)
				push(w, files(map[string]string{devFile: was[devFile], sandboxFile: was[sandboxFile]}))
			},
			[]string{"(rule direct-push) is over", "put back what it touched"},
		},
		"somebody's word": {
			func(w *world) string { sha, _ := badPush(w); return sha },
			func(w *world, sha string) { w.must(w.Trust(w.t.Context(), sha, "ops")) },
			[]string{"ken-platform", "by his word", "halted at", "direct-push"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			sha := tt.halt(w)
			w.look()
			if h := w.status().Halt; h == nil || h.Commit != sha {
				t.Fatalf("halt %+v, want one at %s", h, sha)
			}
			w.ops.list = nil
			tt.end(w, sha)
			w.look()
			w.look()
			w.restart()
			w.look()
			if h := w.status().Halt; h != nil {
				t.Fatalf("halted still: %+v", h)
			}
			if len(w.ops.list) != 1 {
				t.Fatalf("told %+v", w.ops.list)
			}
			for _, s := range append(tt.want, sha[:10]) {
				if !strings.Contains(w.ops.list[0].Text, s) {
					t.Errorf("it does not say %q: %s", s, w.ops.list[0].Text)
				}
			}
		})
	}
}
