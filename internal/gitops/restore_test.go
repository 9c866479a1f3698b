package gitops_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// badPush pushes a grant in the dev group and a comment in the sandbox group
// past the rules, which halts, and returns the commit and what was there before.
func badPush(w *world) (sha string, was map[string]*githubemu.File) {
	w.t.Helper()
	was = map[string]*githubemu.File{devFile: w.file(devFile, "id:", "id:"), sandboxFile: w.file(sandboxFile, "id:", "id:")}
	sha = push(w, map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant), sandboxFile: {Content: "# " + was[sandboxFile].Content}})
	w.look()
	return sha, was
}

// underRules merges as GitHub lets anybody and returns whether it did.
func (w *world) underRules(login string, number int) (string, error) {
	w.t.Helper()
	sha, err := w.repo.Merge(login, number, githubemu.MergeSpec{Method: "squash"})
	w.clock.move(time.Second)
	return sha, err
}

// concludes checks the newest check run of a branch.
func (w *world) concludes(branch, conclusion, title string, summary ...string) {
	w.t.Helper()
	c := w.check(w.head(branch))
	if c.Conclusion != conclusion || !strings.Contains(c.Title, title) {
		w.t.Fatalf("the check is %s, %q, want %s, %q: %s", c.Conclusion, c.Title, conclusion, title, c.Summary)
	}
	for _, s := range summary {
		if !strings.Contains(c.Summary, s) {
			w.t.Errorf("the check does not say %q: %s", s, c.Summary)
		}
	}
}

// TestTheWayOutOfAHaltPassesItsOwnCheck: nothing in force changes, so nobody
// has to approve, as the walk finds too.
func TestTheWayOutOfAHaltPassesItsOwnCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.status().InForce
	bad, was := badPush(w)
	w.holds(first, gitops.HaltDirectPush)
	n := w.byHand("ken-platform", "restore", was)
	w.look()
	w.concludes("restore", "success", "puts back what commit "+bad[:10]+" touched; nothing in force changes", "No assignment changes.")
	own, err := w.client().OwnComments(t.Context(), n)
	w.must(err)
	if len(own) != 1 || strings.Contains(own[0].Body, "removed") || !strings.Contains(own[0].Body, "nobody gains or loses") {
		t.Errorf("the comments say %+v", own)
	}
	sha, err := w.underRules("ken-platform", n)
	w.must(err)
	w.look()
	w.holds(sha, "")
	if w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Error("what was pushed directly came into force")
	}
}

func TestAPartialRestoreFailsAndSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.status().InForce
	bad, was := badPush(w)
	delete(was, sandboxFile)
	n := w.byHand("ken-platform", "restore", was)
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.concludes("restore", "failure", "does not put back all that commit "+bad[:10], sandboxFile, "restore-incomplete")
	if _, err := w.underRules("ken-platform", n); err == nil {
		t.Error("it was merged under the rules")
	}
	w.merge(n, "squash")
	w.look()
	w.holds(first, gitops.HaltDirectPush)
}

// TestARestoreWithMoreNeedsWhatMoreNeeds: an approval for a grant, however much
// the bad commit would have given.
func TestARestoreWithMoreNeedsWhatMoreNeeds(t *testing.T) {
	t.Parallel()
	const other = "groups/aws-data-analysts.yaml"
	grant := strings.Replace(dataGrant, "ReadOnly", "PowerUser", 1)
	for _, approved := range []bool{true, false} {
		w := newWorld(t)
		first := w.status().InForce
		_, was := badPush(w)
		was[other] = w.grantLine(other, grant)
		n := w.byHand("ken-platform", "restore", was)
		w.look()
		w.concludes("restore", "action_required", "needs 1 approval of", "PowerUserAccess", "merged, it ends the halt")
		if c := w.check(w.head("restore")); strings.Contains(c.Summary, "removed") {
			t.Errorf("the check speaks of what is not in force: %s", c.Summary)
		}
		if approved {
			w.review("taro-data", n, "APPROVE")
			w.look()
			w.concludes("restore", "success", "approved")
			sha, err := w.underRules("ken-platform", n)
			w.must(err)
			w.look()
			w.holds(sha, "")
			continue
		}
		w.merge(n, "squash")
		w.look()
		w.holds(first, gitops.HaltApproval)
	}
}

// TestARestoreIsApprovedWhenTheHaltEndsOtherwise: who was in the teams is kept of
// every check that a head got, also of one that asks for no approval, or that names
// what is not put back. A late approval may bring in force what was to be put back.
func TestARestoreIsApprovedWhenTheHaltEndsOtherwise(t *testing.T) {
	t.Parallel()
	grant := strings.Replace(devGrant, "PowerUserAccess", "AdministratorAccess", 1)
	for title, rest := range map[string]string{"puts back what commit": "", "does not put back all": "# more\n"} {
		w := newWorld(t)
		was := w.file(devFile, "id:", "id:").Content
		one := w.byHand("hana-dev", "grant", map[string]*githubemu.File{devFile: w.grantLine(devFile, grant), sandboxFile: w.file(sandboxFile, "id:", "# more\nid:")})
		bad := w.merge(one, "squash")
		w.look()
		w.look()
		if h := w.status().Halt; h == nil || h.Commit != bad {
			t.Fatalf("the halt is %+v", h)
		}
		back := map[string]*githubemu.File{devFile: {Content: was}}
		if rest == "" {
			back[sandboxFile] = w.file(sandboxFile, "# more\n", "")
		}
		two := w.byHand("taro-data", "restore", back)
		w.look()
		if c := w.check(w.head("restore")); !strings.Contains(c.Title+c.Summary, title) {
			t.Fatalf("the check says %q: %s", c.Title, c.Summary)
		}
		w.review("ken-platform", one, "APPROVE")
		w.review("lena-platform", two, "APPROVE")
		sha := w.merge(two, "squash")
		w.look()
		w.holds(sha, "")
		if w.desires("111122224444", "AdministratorAccess", devGroup) {
			t.Error("what was taken away is desired")
		}
	}
}

// TestARestoreWhileTwoBadCommitsStand puts both back, or neither is.
func TestARestoreWhileTwoBadCommitsStand(t *testing.T) {
	t.Parallel()
	const other = "groups/aws-data-analysts.yaml"
	w := newWorld(t)
	first := w.status().InForce
	one, was := badPush(w)
	before := w.file(other, "id:", "id:")
	two := push(w, map[string]*githubemu.File{other: w.grantLine(other, dataGrant)})
	w.look()
	n := w.byHand("ken-platform", "restore", was)
	w.look()
	w.concludes("restore", "failure", "commits "+one[:10]+", "+two[:10], other)
	_, err := w.repo.Push("ken-platform", githubemu.Push{Branch: "restore", Message: "the other too", Changes: map[string]*githubemu.File{other: before}})
	w.must(err)
	w.look()
	w.concludes("restore", "success", "puts back what commits "+one[:10]+", "+two[:10]+" touched")
	w.holds(first, gitops.HaltDirectPush)
	sha, err := w.underRules("ken-platform", n)
	w.must(err)
	w.look()
	w.holds(sha, "")
}

// TestARestoreBringsNothingElseInForce: what looks like one is judged by what
// it does to what is in force.
func TestARestoreBringsNothingElseInForce(t *testing.T) {
	t.Parallel()
	t.Run("an older file", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		old := w.file(devFile, "id:", "id:")
		n := w.byHand("hana-dev", "grant", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
		w.review("yuki-lead", n, "APPROVE")
		given := w.merge(n, "squash")
		w.look()
		w.holds(given, "")
		_, was := badPush2(w)
		was[devFile] = old // as it was before the grant, which is in force
		w.byHand("ken-platform", "restore", was)
		w.look()
		w.concludes("restore", "failure", "does not put back all", devFile)
	})
	t.Run("an older file that the bad commit did not touch", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		now := w.file(devFile, "id:", "id:")
		withGrant := w.grantLine(devFile, devGrant)
		n := w.byHand("hana-dev", "grant", map[string]*githubemu.File{devFile: withGrant})
		w.review("yuki-lead", n, "APPROVE")
		w.merge(n, "squash")
		w.look()
		n = w.byHand("hana-dev", "away", map[string]*githubemu.File{devFile: now})
		w.review("yuki-lead", n, "APPROVE")
		force := w.merge(n, "squash")
		w.look()
		w.holds(force, "")
		was := map[string]*githubemu.File{sandboxFile: w.file(sandboxFile, "id:", "id:"), devFile: withGrant}
		push(w, map[string]*githubemu.File{sandboxFile: {Content: "# " + was[sandboxFile].Content}})
		w.look()
		n = w.byHand("ken-platform", "restore", was)
		w.look()
		w.concludes("restore", "action_required", "needs 1 approval of", "PowerUserAccess")
		w.merge(n, "squash")
		w.look()
		w.holds(force, gitops.HaltApproval)
	})
	t.Run("the control plane", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		force := w.status().InForce
		_, was := badPush(w)
		was["aws-access.yaml"] = w.file("aws-access.yaml", "merge: people", "merge: auto")
		n := w.byHand("ken-platform", "restore", was)
		w.look()
		w.concludes("restore", "action_required", "needs", "aws-access.yaml", "Control plane")
		w.merge(n, "squash")
		w.look()
		w.holds(force, gitops.HaltApproval)
	})
}

// badPush2 is a bad push of the dev group with a line of what is in force gone.
func badPush2(w *world) (string, map[string]*githubemu.File) {
	w.t.Helper()
	was := map[string]*githubemu.File{devFile: w.file(devFile, "id:", "id:"), sandboxFile: w.file(sandboxFile, "id:", "id:")}
	sha := push(w, map[string]*githubemu.File{devFile: {Content: "# " + was[devFile].Content}, sandboxFile: {Content: "# " + was[sandboxFile].Content}})
	w.look()
	return sha, was
}

// files makes content into files.
func files(content map[string]string) map[string]*githubemu.File {
	out := map[string]*githubemu.File{}
	for p, c := range content {
		out[p] = &githubemu.File{Content: c}
	}
	return out
}

// TestACheckIsWrittenAnewWhereTheStateIsOlder: what the record has it say is not
// what it says.
func TestACheckIsWrittenAnewWhereTheStateIsOlder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.look()
	backup, _, err := store.NewGitops(w.db).Check(t.Context(), n)
	w.must(err)
	id, err := w.repo.Review("yuki-lead", n, "APPROVE", "", "")
	w.must(err)
	w.clock.move(time.Second)
	w.look()
	w.wantPassed(n)
	w.must(w.repo.DismissReview("yuki-lead", n, id, "no"))
	w.clock.move(time.Second)
	w.must(store.NewGitops(w.db).SaveCheck(t.Context(), backup))
	w.restart()
	before := w.writes()
	for range 3 {
		w.look()
	}
	if c := w.check(w.headOf(n)); c.Conclusion != "action_required" || w.writes() != before+1 {
		t.Errorf("check %q %q, written %d times", c.Conclusion, c.Title, w.writes()-before)
	}
	w.restart()
	w.look()
	if got := w.writes() - before; got != 1 {
		t.Errorf("written %d times after a restart that changed nothing", got)
	}
}
