package gitops_test

import (
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestT12WhatIsPutBackGivesNothingThatNobodySaw: an entry is taken out by a bad
// commit, an account is made to fit it while it is out, and then the entry is
// put back. Nobody who approved the account's change saw that the group gains.
func TestT12WhatIsPutBackGivesNothingThatNobodySaw(t *testing.T) {
	t.Parallel()
	const (
		orders   = "accounts/orders-dev.yaml"
		selector = "  - accounts: {ou: /Workloads/Dev, tags: {team: payments}}\n    permission_set: ReadOnlyAccess\n"
	)
	for name, field := range map[string]struct{ was, is string }{
		"the account fits the entry now":        {"team: orders", "team: payments"},
		"the account has nothing to do with it": {"name: orders-dev", "name: orders-development"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first := w.status().InForce
			before := w.file(devFile, "", "")
			out := w.byHand("taro-data", "out", map[string]*githubemu.File{devFile: w.file(devFile, selector, "")})
			w.merge(out, "squash")
			w.look()
			w.holds(first, gitops.HaltApproval)

			n := w.byHand("mio-sec", "account", map[string]*githubemu.File{orders: w.file(orders, field.was, field.is)})
			for _, who := range []string{"ken-platform", "lena-platform", "yuki-lead"} {
				w.review(who, n, "APPROVE")
			}
			changed := w.merge(n, "squash")
			w.look()
			w.holds(first, gitops.HaltApproval)
			sha := push(w, map[string]*githubemu.File{devFile: before})
			w.look()
			gains := w.desires("111122227777", "ReadOnlyAccess", devGroup)
			if field.is != "team: payments" {
				w.holds(sha, "")
				return
			}
			if gains {
				t.Error("the group gains what nobody was shown")
			}
			w.holds(first, gitops.HaltContent)
			if h := w.status().Halt; h.Commit != changed {
				t.Errorf("it stands still at %.7s, want %.7s", h.Commit, changed)
			}
		})
	}
}
