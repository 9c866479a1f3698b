package gitops_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// another is a request of Hana's for the same file.
func another(w *world) access.Request {
	r := w.request("REQ-000001")
	r.Want.PermissionSet = "AdministratorAccess"
	r.Want.Reason = "another thing"
	return r
}

// twoRequestsAtOnce are merged one after the other under the strict check:
// the second is brought up to date, and its approval must be given again.
func twoRequestsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.proposed(w.request(req)), w.proposed(another(w))
	w.review("yuki-lead", one, "APPROVE")
	w.review("ken-platform", two, "APPROVE")
	w.look()
	old := w.facts("REQ-000001").Ref.Head
	if _, err := w.repo.Merge("yuki-lead", one, githubemu.MergeSpec{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.repo.Merge("yuki-lead", two, githubemu.MergeSpec{}); err == nil {
		t.Fatal("what lies behind was merged")
	}
	w.look()
	f := w.facts("REQ-000001")
	if f.Ref.Head == old || len(f.Missing) != 1 || w.check(f.Ref.Head).Conclusion != "action_required" {
		t.Errorf("facts %+v", f)
	}
	files, err := w.repo.Files("access/REQ-000001")
	w.must(err)
	for _, want := range []string{"REQ-7F3K2Q", "REQ-000001", "another thing"} {
		if !strings.Contains(files[devFile].Content, want) {
			t.Errorf("the file has no %s:\n%s", want, files[devFile].Content)
		}
	}
	w.review("ken-platform", two, "APPROVE")
	w.look()
	sha, err := w.repo.Merge("yuki-lead", two, githubemu.MergeSpec{})
	w.must(err)
	w.look()
	w.holds(sha, "")
	if !w.desires("111122224444", "PowerUserAccess", devGroup) || !w.desires("111122224444", "AdministratorAccess", devGroup) {
		t.Error("one of two grants is not desired")
	}
}

// TestARenewedPullRequestIsSigned: its block is that of the new commit.
func TestARenewedPullRequestIsSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	good(w, "other")
	w.look()
	b, err := gitops.ParseBlock(w.emu.State().Repos[0].Pulls[0].Body, w.opt.SigningKey)
	if err != nil || b.Head != w.facts(req).Ref.Head || b.Base != w.head("main") {
		t.Errorf("block %+v, %v", b, err)
	}
	first := w.status().InForce
	w.db = store.NewMemory()
	w.restart()
	w.must(w.Trust(t.Context(), first, "the test"))
	w.review("yuki-lead", n, "APPROVE")
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
}

// TestARenewedCommitSaysWhatTheBotRecorded: the title of a pull request may be
// edited by whoever may triage; the history of the branch says what was asked.
func TestARenewedCommitSaysWhatTheBotRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	message := func() string {
		w.t.Helper()
		var c struct{ Message string }
		w.must(json.Unmarshal(w.rest("hana-dev", "GET", "/git/commits/"+w.head("access/"+string(req)), "", http.StatusOK), &c))
		return c.Message
	}
	was, head := message(), w.head("access/"+string(req))
	title := "Grant ReadOnlyAccess in sandbox"
	w.must(w.repo.EditPull("hana-dev", n, &title, nil, nil, nil))
	good(w, "other")
	w.look()
	if w.head("access/"+string(req)) == head {
		t.Fatal("the branch was not brought up to date")
	}
	if got := message(); got != was {
		t.Errorf("the renewed commit says %q, want %q", got, was)
	}
}

// TestWhatAPersonPushedIsNotReplaced: a head that is not the bot's stays, and
// the check says what is wrong.
func TestWhatAPersonPushedIsNotReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.proposed(w.request(req))
	pushed, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "access/" + string(req), Message: "more", IgnoreRules: true})
	w.must(err)
	good(w, "other")
	w.look()
	if head := w.head("access/" + string(req)); head != pushed {
		t.Errorf("the head is %s", head)
	}
	if c := w.check(pushed); c.Conclusion != "failure" || !strings.Contains(c.Summary, string(gitops.HaltHeadMoved)) {
		t.Errorf("check is %q: %s", c.Conclusion, c.Summary)
	}
}

// TestRenewalStoppedAnywhere ends it after each durable step.
func TestRenewalStoppedAnywhere(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 6; n++ {
		w := newWorld(t)
		number := w.proposed(w.request(req))
		good(w, "other")
		ctx, cancel := context.WithCancel(t.Context())
		g, err := gitops.New(w.opt, w.client(), store.NewGitops(&stopping{w.db, cancel, n}), w.dir)
		w.must(err)
		// The walk may need a second look: the first only meets the commit.
		for range 2 {
			if g.Look(ctx) == nil {
				break
			}
		}
		cancel()
		w.restart()
		w.look()
		f := w.facts(req)
		b, err := gitops.ParseBlock(w.emu.State().Repos[0].Pulls[0].Body, w.opt.SigningKey)
		if head := w.head("access/" + string(req)); err != nil || f.Ref.Head != head || b.Head != head {
			t.Errorf("stopped after step %d: the head is %s, recorded %s, signed %s, %v", n, head, f.Ref.Head, b.Head, err)
		}
		w.review("yuki-lead", number, "APPROVE")
		w.look()
		sha, err := w.repo.Merge("yuki-lead", number, githubemu.MergeSpec{Method: "squash"})
		w.must(err)
		w.look()
		w.holds(sha, "")
	}
}

// TestARevocationIsRenewedWhenSomeOfItIsGone: what went meanwhile is what was
// asked for, and the rest still goes.
func TestARevocationIsRenewedWhenSomeOfItIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	given := w.merge(n, "squash")
	w.look()
	w.holds(given, "")
	was := w.file(devFile, "id:", "id:")
	more := strings.ReplaceAll(devGrant, "reason: by hand", "reason: by hand\n    request: "+string(req))
	push(w, map[string]*githubemu.File{devFile: w.grantLine(devFile, strings.ReplaceAll(more, "payments-dev", "payments-prod"))})
	r := w.request("REQ-000001")
	r.Kind, r.Want.Revokes = access.KindRevoke, req
	n = w.proposed(r)
	w.look()
	push(w, map[string]*githubemu.File{devFile: was})
	w.look()
	if at := w.facts("REQ-000001").Ref.Head; w.check(at).Conclusion != "success" {
		t.Fatalf("the check of the revocation is %+v", w.check(at))
	}
	sha, err := w.repo.Merge("hana-dev", n, githubemu.MergeSpec{Method: "squash"})
	w.must(err)
	w.look()
	w.holds(sha, "")
	if w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Error("the grant is desired after it was revoked")
	}
}

// TestARevocationIsNotRenewedPastALineThatOnlyHasAnotherEnd: without that line it
// would leave what it is to take away.
func TestARevocationIsNotRenewedPastALineThatOnlyHasAnotherEnd(t *testing.T) {
	t.Parallel()
	files := exampleFiles(t)
	files[devFile] += "  - {account: payments-dev, permission_set: PowerUserAccess, expires: 2026-11-30T00:00:00Z, reason: a}\n" +
		"  - {account: payments-dev, permission_set: PowerUserAccess, expires: 2026-12-01T00:00:00Z, reason: b}\n"
	w := newWorldOf(t, files)
	r := w.request(req)
	r.Kind = access.KindRevoke
	w.proposed(r)
	head := w.facts(req).Ref.Head
	n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.file(devFile, "2026-11-30T00", "2026-12-02T00")})
	w.look()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	sha := w.merge(n, "squash")
	for range 2 {
		w.look()
	}
	w.holds(sha, "")
	if f := w.facts(req); f.Ref.Head != head || !strings.Contains(strings.Join(f.Missing, " "), "cannot put the same change on the new base") {
		t.Errorf("its head is %.7s, was %.7s; missing %q", f.Ref.Head, head, f.Missing)
	}
}

// TestARevocationIsRenewedToo, and needs no second person then either.
func TestARevocationIsRenewedToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.merge(n, "squash")
	w.look()
	r := w.request("REQ-000001")
	r.Kind, r.Want.Revokes = access.KindRevoke, req
	n = w.proposed(r)
	good(w, "other")
	w.look()
	sha, err := w.repo.Merge("hana-dev", n, githubemu.MergeSpec{Method: "squash"})
	w.must(err)
	w.look()
	w.holds(sha, "")
	if w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Error("the grant is desired after it was revoked")
	}
}
