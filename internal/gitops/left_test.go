package gitops_test

import (
	"strings"
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestWhatAPassedOverCommitHoldsIsShown: a commit that is invalid only as a step
// loads, and what it carries comes in with the mend. The mend's check shows it.
func TestWhatAPassedOverCommitHoldsIsShown(t *testing.T) {
	t.Parallel()
	const glass, support = "groups/aws-breakglass.yaml", "groups/aws-payments-support.yaml"
	w := ruledWorld(t, "  - name: break glass\n    match: {groups: [aws-breakglass]}\n    approvers: [control-plane]\n    standing: true\n")
	first := w.status().InForce
	files, err := w.repo.Files("")
	w.must(err)
	was := files[glass]
	step := w.byHand("hana-dev", "step", map[string]*githubemu.File{
		glass:   w.file(glass, "accounts: {ou: /} ", "accounts: {ou: /Data}"),
		support: {Content: "id: 0b7e3f4c-0000-4000-8000-000000000019\nname: aws-payments-support\naccess:\n  - account: payments-prod\n    permission_set: NetworkAdministrator\n    duration: 24h\n    reason: x\n"},
	})
	w.merge(step, "squash")
	w.look()
	w.holds(first, "")
	if len(w.status().Passed) != 1 {
		t.Fatalf("passed over: %q", w.status().Passed)
	}
	mend := w.byHand("ken-platform", "mend", map[string]*githubemu.File{glass: {Content: was.Content}})
	w.review("lena-platform", mend, "APPROVE")
	w.look()
	if c := w.check(w.head("mend")); !strings.Contains(c.Summary, "NetworkAdministrator") {
		t.Errorf("the check does not show what comes in:\n%s", c.Summary)
	}
}

// TestHoldsWithoutATeam: a config repo that names no team holds the people whom
// the check showed all the same.
func TestHoldsWithoutATeam(t *testing.T) {
	t.Parallel()
	files := exampleFiles(t)
	for path, text := range files {
		for old, now := range map[string]string{
			"team:platform": "hana@example.com", "team:security": "hana@example.com", "team:payments-leads": "hana@example.com", "count: 2": "count: 1",
		} {
			text = strings.ReplaceAll(text, old, now)
		}
		files[path] = text
	}
	w := newWorldOf(t, files)
	n := approvedPull(w)
	w.dir.mu.Lock()
	for range 40 {
		w.dir.members[devGroup] = append(w.dir.members[devGroup], person+"9"+string(rune('0'+len(w.dir.members[devGroup])%10)))
	}
	w.dir.mu.Unlock()
	before := w.status().InForce
	w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltApproval)
}

// TestEveryLineIsApproved: also one that gives nothing now.
func TestEveryLineIsApproved(t *testing.T) {
	t.Parallel()
	const planted = "  - accounts: {ou: /Workloads/Prod, tags: {scope: new}}\n    permission_set: AdministratorAccess\n    reason: later\n"
	for name, tc := range map[string]struct {
		lines   string
		needs   string
		approve []string
	}{
		"what selects no account yet":  {planted, "selects no account yet", []string{"ken-platform", "lena-platform"}},
		"what another line grants too": {"  - account: payments-dev\n    permission_set: ReadOnlyAccess\n    duration: 4h\n    reason: again\n", "grant once more ReadOnlyAccess", []string{"yuki-lead"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first := w.status().InForce
			n := w.byHand("taro-data", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, tc.lines)})
			w.look()
			if c := w.check(w.head("topic")); c.Conclusion != "action_required" || !strings.Contains(c.Summary, tc.needs) {
				t.Errorf("check %q:\n%s", c.Conclusion, c.Summary)
			}
			sha := w.merge(n, "squash")
			w.look()
			w.holds(first, gitops.HaltApproval)
			for _, who := range tc.approve {
				w.review(who, n, "APPROVE")
			}
			w.look()
			w.holds(sha, "")
		})
	}
}

// TestNobodyWhoLeft asks, moves, objects or removes alone.
func TestNobodyWhoLeft(t *testing.T) {
	t.Parallel()
	gone := func(w *world, id string) {
		w.dir.mu.Lock()
		defer w.dir.mu.Unlock()
		w.dir.gone = map[string]bool{id: true}
	}
	t.Run("asks", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		approvedPull(w)
		gone(w, hanaEntra)
		w.look()
		if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "failure" || !strings.Contains(c.Summary, "requester-inactive") {
			t.Errorf("check %q:\n%s", c.Conclusion, c.Summary)
		}
	})
	t.Run("objects", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{"groups/aws-orders-dev.yaml": w.grantLine("groups/aws-orders-dev.yaml", "  - {account: orders-dev, permission_set: PowerUserAccess, duration: 4h, reason: x}\n")})
		w.look()
		w.review("lena-platform", n, "REQUEST_CHANGES")
		w.review("ken-platform", n, "APPROVE")
		gone(w, person+"26")
		w.look()
		if c := w.check(w.head("topic")); c.Conclusion != "success" {
			t.Errorf("check %q %q", c.Conclusion, c.Title)
		}
	})
	t.Run("removes alone", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		selector := "  - accounts: {ou: /Workloads/Dev, tags: {team: payments}}\n    permission_set: ReadOnlyAccess\n"
		w.byHand("yuki-lead", "out", map[string]*githubemu.File{devFile: w.file(devFile, selector, "")})
		w.look()
		if c := w.check(w.head("out")); c.Conclusion != "success" {
			t.Fatalf("while she is there: %q %q", c.Conclusion, c.Title)
		}
		gone(w, yukiEntra)
		w.look()
		if c := w.check(w.head("out")); c.Conclusion == "success" {
			t.Errorf("check %q %q", c.Conclusion, c.Title)
		}
	})
	t.Run("is named as who could approve", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.proposed(w.request(req))
		gone(w, yukiEntra)
		w.look()
		if m := strings.Join(w.facts(req).Missing, " "); strings.Contains(m, "yuki-lead could") {
			t.Errorf("missing %q", m)
		}
	})
	t.Run("approves by leaving the group", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		set := func(ids ...string) {
			w.dir.mu.Lock()
			defer w.dir.mu.Unlock()
			w.dir.members[devGroup] = ids
		}
		set(hanaEntra, yukiEntra)
		approvedPull(w)
		set(hanaEntra)
		w.look()
		if c := w.check(w.facts(req).Ref.Head); c.Conclusion == "success" {
			t.Errorf("check %q %q", c.Conclusion, c.Title)
		}
	})
}
