package gitops_test

import (
	"slices"
	"strings"
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestARequestBehindAHaltSaysThatItWaits: open and approved, open and not, and
// merged; and says so no more when the halt is over.
func TestARequestBehindAHaltSaysThatItWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.file("README.md", "#", "#")
	n := w.proposed(w.request(req))
	push(w, map[string]*githubemu.File{"README.md": {Content: "x"}})
	w.look()
	waits := "the bot stands still at commit " + w.head("main")[:10] + " (rule direct-push): the platform team has been told."
	says := func(want string) {
		t.Helper()
		if !slices.ContainsFunc(w.facts(req).Missing, func(s string) bool { return s == want }) {
			t.Errorf("missing %q, want %q", w.facts(req).Missing, want)
		}
	}
	says("Besides, nothing that is merged comes into force now, because " + waits)
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	says("Approved; it waits because " + waits)
	sha := w.merge(n, "squash")
	w.look()
	if got := w.facts(req).Waits; got != "It waits because "+waits {
		t.Errorf("merged, it waits: %q", got)
	}
	push(w, map[string]*githubemu.File{"README.md": was})
	w.look()
	w.holds(w.head("main"), "")
	if f := w.facts(req); f.Waits != "" || len(f.Missing) != 0 || f.Commit != sha {
		t.Errorf("after the halt %+v", f)
	}
}

// TestAnApprovedRequestThatTheBotWouldMergeSaysWhyItIsNot.
func TestAnApprovedRequestThatTheBotWouldMergeSaysWhyItIsNot(t *testing.T) {
	t.Parallel()
	w := autoWorld(t, "")
	n := w.proposed(w.request(req))
	push(w, map[string]*githubemu.File{"README.md": {Content: "x"}})
	w.look()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	if f := w.facts(req); len(f.Missing) != 1 || !strings.HasPrefix(f.Missing[0], "Approved; it waits because the bot stands still at commit ") {
		t.Errorf("%s, missing %q", f.State, f.Missing)
	}
}

// TestTheRequestAtTheHaltKeepsItsText.
func TestTheRequestAtTheHaltKeepsItsText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	w.merge(n, "squash")
	w.look()
	w.holds(w.status().InForce, gitops.HaltApproval)
	v, err := w.Verdict(t.Context(), req)
	w.must(err)
	if f := w.facts(req); f.Waits != "" || v == nil || !strings.Contains(v.Halt, "approval-missing") {
		t.Errorf("waits %q, verdict %+v", f.Waits, v)
	}
}
