package gitops_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

const (
	devFile  = "groups/aws-payments-dev.yaml"
	devGrant = "  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: by hand\n"
)

// approvedPull has a bot pull request with Yuki's approval.
func approvedPull(w *world) int {
	w.t.Helper()
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	return n
}

// handPull has a pull request by Hana with Yuki's approval.
func handPull(w *world) int {
	w.t.Helper()
	n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.look()
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	return n
}

// rule is a case of the verification table.
type rule struct {
	name string
	// play brings the commit on the branch.
	play func(w *world)
	want gitops.HaltCode // "" for the case that nothing is broken
}

// goodCases break nothing.
func goodCases() []rule {
	return []rule{
		{"nothing is broken: the bot's", func(w *world) { w.merge(approvedPull(w), "squash") }, ""},
		{"nothing is broken: by hand", func(w *world) { w.merge(handPull(w), "merge") }, ""},
	}
}

// approvalRules lack an approval that counts.
func approvalRules() []rule {
	return []rule{
		{"nobody approved", func(w *world) { w.merge(w.proposed(w.request(req)), "squash") }, gitops.HaltApproval},
		{"somebody else approved", func(w *world) {
			n := w.proposed(w.request(req))
			w.review("mio-sec", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"the owner of another account approved", func(w *world) {
			n := w.proposed(w.request(req))
			w.review("taro-data", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"somebody without a link approved", func(w *world) {
			n := w.proposed(w.request(req))
			w.review("stranger", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"the requester approved", func(w *world) {
			r := w.request(req)
			r.Asker.Entra = yukiEntra
			n := w.proposed(r)
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"a member of the group approved", func(w *world) {
			n := w.proposed(w.request(req))
			w.review("yuki-lead", n, "APPROVE")
			w.dir.members[devGroup] = []string{yukiEntra}
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"a pusher approved", func(w *world) {
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
			_, err := w.repo.Push("yuki-lead", githubemu.Push{Branch: "topic", Message: "empty"})
			w.must(err)
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"the approval was for an older head", func(w *world) {
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
			w.review("yuki-lead", n, "APPROVE")
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "topic", Message: "more", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, strings.Replace(devGrant, "4h", "9h", 1))}})
			w.must(err)
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"the approval was dismissed", func(w *world) {
			n := w.proposed(w.request(req))
			id, err := w.repo.Review("yuki-lead", n, "APPROVE", "", "")
			w.must(err)
			w.must(w.repo.DismissReview("hana-dev", n, id, "no"))
			w.merge(n, "squash")
		}, gitops.HaltApproval},
	}
}

// teamRules are about teams and objections.
func teamRules() []rule {
	return []rule{
		{"the approver left the team after the check was shown", func(w *world) {
			w.must(w.emu.SetTeamMember("payments-leads", "taro-data", "member"))
			n := w.proposed(w.request(req))
			w.review("taro-data", n, "APPROVE")
			w.look()
			w.must(w.emu.SetTeamMember("payments-leads", "taro-data", ""))
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"the approver came into the team after the check was shown", func(w *world) {
			n := w.proposed(w.request(req))
			w.review("taro-data", n, "APPROVE")
			w.look()
			w.must(w.emu.SetTeamMember("payments-leads", "taro-data", "member"))
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"the approver is in a child team only", func(w *world) {
			w.must(w.emu.PutTeam(githubemu.Team{ID: 99, Slug: "juniors", Parent: "payments-leads", Members: map[string]string{"taro-data": ""}}))
			n := w.proposed(w.request(req))
			w.review("taro-data", n, "APPROVE")
			w.look()
			w.merge(n, "squash")
		}, gitops.HaltApproval},
		{"an approver requested changes", func(w *world) {
			w.must(w.emu.SetTeamMember("payments-leads", "taro-data", "member"))
			n := approvedPull(w)
			w.review("taro-data", n, "REQUEST_CHANGES")
			w.merge(n, "squash")
		}, gitops.HaltBlocked},
	}
}

// peopleRules are about who made the change, and what.
func peopleRules() []rule {
	return []rule{
		{"the author is not linked", func(w *world) {
			n := w.byHand("stranger", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltRefused},
		{"a pusher is not linked", func(w *world) {
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
			_, err := w.repo.Push("stranger", githubemu.Push{Branch: "topic", Message: "empty", Author: "hana-dev"})
			w.must(err)
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltRefused},
		{"control plane and grants are mixed", func(w *world) {
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{
				devFile: w.grantLine(devFile, devGrant), "aws-access.yaml": w.file("aws-access.yaml", "max_duration: 24h", "max_duration: 23h"),
			})
			for _, login := range []string{"yuki-lead", "ken-platform", "lena-platform"} {
				w.review(login, n, "APPROVE")
			}
			w.merge(n, "squash")
		}, gitops.HaltRefused},
	}
}

// branchRules are about the pull request's branch.
func branchRules() []rule {
	return []rule{
		{"somebody pushed to the bot's branch", func(w *world) {
			n := w.proposed(w.request(req))
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "access/" + string(req), Message: "more", Changes: map[string]*githubemu.File{"groups/aws-sandbox-users.yaml": w.grantLine("groups/aws-sandbox-users.yaml", devGrant)}, IgnoreRules: true})
			w.must(err)
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltHeadMoved},
		{"a branch that looks like the bot's", func(w *world) {
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "access/REQ-000000", Message: "x", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}, IgnoreRules: true})
			w.must(err)
			n, err := w.repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "access/REQ-000000", Title: "x"})
			w.must(err)
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltNoRecord},
		{"a pull request from a fork", func(w *world) {
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "topic", Fork: true, Message: "x", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}})
			w.must(err)
			n, err := w.repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "hana-dev:topic", Title: "x"})
			w.must(err)
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltFork},
		{"a pull request into another branch", func(w *world) {
			w.must(w.repo.ForcePush("hana-dev", "other", w.head("main"), false))
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "topic", Message: "x", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}})
			w.must(err)
			n, err := w.repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "topic", Base: "other", Title: "x"})
			w.must(err)
			w.review("yuki-lead", n, "APPROVE")
			w.must(w.repo.ForcePush("hana-dev", "main", w.merge(n, "squash"), true))
		}, gitops.HaltDirectPush},
	}
}

// historyRules are about the default branch's history.
func historyRules() []rule {
	return []rule{
		{"a direct push", func(w *world) {
			_, err := w.repo.DirectPush("hana-dev", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}, "x")
			w.must(err)
		}, gitops.HaltDirectPush},
		{"a direct push of nothing", func(w *world) {
			_, err := w.repo.DirectPush("hana-dev", nil, "x")
			w.must(err)
		}, gitops.HaltDirectPush},
		{"half of a rebase merge", func(w *world) {
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "topic", Message: "two", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, strings.Replace(devGrant, "4h", "5h", 1))}})
			w.must(err)
			w.review("yuki-lead", n, "APPROVE")
			sha := w.merge(n, "rebase")
			c, err := w.client().Commit(w.t.Context(), sha)
			w.must(err)
			w.must(w.repo.ForcePush("hana-dev", "main", c.Parents[0], true))
		}, gitops.HaltDirectPush},
		{"the history was rewritten", func(w *world) {
			sha, err := w.repo.CommitObject(githubemu.Commit{From: "main", Message: "root"})
			w.must(err)
			w.must(w.repo.ForcePush("hana-dev", "main", sha, true))
		}, gitops.HaltRewritten},
		{"the branch was deleted", func(w *world) {
			w.must(w.repo.ForcePush("hana-dev", "main", "", true))
		}, gitops.HaltNoBranch},
		{"the merge is not what was reviewed", func(w *world) {
			n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
			w.review("yuki-lead", n, "APPROVE")
			evil, err := w.repo.CommitObject(githubemu.Commit{Parents: []string{"main", "topic"}, From: "topic", Message: "evil", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, strings.Replace(devGrant, "4h", "5h", 1))}})
			w.must(err)
			w.must(w.repo.ForcePush("hana-dev", "main", evil, true))
		}, gitops.HaltContent},
	}
}

// TestVerificationRules breaks one rule of verification at a time in a change
// that would pass otherwise; each is a halt, and nothing comes into force.
func TestVerificationRules(t *testing.T) {
	t.Parallel()
	tests := slices.Concat(goodCases(), approvalRules(), teamRules(), peopleRules(), branchRules(), historyRules())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first := w.status().InForce
			count := w.inForce
			tt.play(w)
			w.look()
			if tt.want == "" {
				w.holds(w.head("main"), "")
				return
			}
			w.holds(first, tt.want)
			if w.inForce != count || w.desires("111122224444", "PowerUserAccess", devGroup) {
				t.Error("something came into force")
			}
			h := w.status().Halt
			command := "`bot trust " + h.Commit + "`"
			if h.Code == gitops.HaltNoBranch {
				command = "restore the branch at commit " + h.Commit
			}
			if h.Text == "" || !strings.Contains(strings.Join(h.Ways, ";"), command) || len(h.Commit) != 40 {
				t.Errorf("the halt does not say what, and how with %s: %+v", command, h)
			}
			if len(w.ops.list) != 1 || !strings.Contains(w.ops.list[0].Text, string(tt.want)) || !strings.Contains(w.ops.list[0].Text, command) {
				t.Errorf("the operations channel was told %+v", w.ops.list)
			}
			w.look()
			if len(w.ops.list) != 1 {
				t.Errorf("the same halt was told twice: %+v", w.ops.list)
			}
			w.holds(first, tt.want) // nothing that was there before mends it
		})
	}
}

// TestReadsThatFailAreNoVerdict: whichever it is, nothing comes into force,
// nothing halts, and the next look makes up for it.
func TestReadsThatFailAreNoVerdict(t *testing.T) {
	t.Parallel()
	const repo = "GET /repos/{owner}/{repo}"
	for _, op := range []string{
		repo + "/git/ref/{ref}", repo + "/compare/{basehead}", repo + "/git/commits/{commit_sha}", repo + "/git/trees/{tree_sha}",
		repo + "/git/blobs/{file_sha}", repo + "/commits/{ref}/pulls", repo + "/activity", repo + "/pulls/{pull_number}/reviews",
		"GET /organizations/{org_id}/team/{team_id}/members",
	} {
		w := newWorld(t)
		n := handPull(w)
		first := w.status().InForce
		sha := w.merge(n, "squash")
		w.restart()
		w.kit.Faults.Add(emukit.Fault{Name: "bad", Op: op, Status: 400, Body: `{"message":"Bad Request"}`, Times: -1})
		for range 2 {
			if err := w.Look(t.Context()); err == nil {
				t.Errorf("%s: a read that failed is no error", op)
			}
			w.clock.move(time.Second)
		}
		w.holds(first, "")
		w.kit.Faults.Clear()
		w.look()
		w.holds(sha, "")
	}
}

// TestTransientErrorsAreNoVerdict: what cannot be read is read again.
func TestTransientErrorsAreNoVerdict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := approvedPull(w)
	first := w.status().InForce
	sha := w.merge(n, "squash")
	w.dir.fail = errors.New("no connection")
	if err := w.Look(t.Context()); err == nil {
		t.Fatal("a read that failed is no error")
	}
	w.holds(first, "")
	w.dir.fail = nil
	w.look()
	w.holds(sha, "")
}

// TestLateApprovalMendsAHalt and is what brings the commit into force.
func TestLateApprovalMendsAHalt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.status().InForce
	n := w.proposed(w.request(req))
	sha := w.merge(n, "squash")
	w.look()
	w.holds(first, gitops.HaltApproval)
	if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || v.InForce || !strings.Contains(v.Halt, "approval") {
		t.Errorf("verdict %+v, %v", v, err)
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.holds(sha, "")
	if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || !v.InForce || v.Halt != "" {
		t.Errorf("verdict %+v, %v", v, err)
	}
}

// TestLostRecords: without the store's record the signed block tells who
// asked; without a block there is a halt.
func TestLostRecords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		body func(string) string
		by   string
		want gitops.HaltCode
	}{
		{"the block stands in", func(s string) string { return s }, "yuki-lead", ""},
		{"the block names the requester", func(s string) string { return s }, "hana-dev", gitops.HaltApproval},
		{"no block", func(string) string { return "nothing" }, "yuki-lead", gitops.HaltNoRecord},
		{"a block that was changed", func(s string) string { return strings.Replace(s, "v1 ", "v1 e", 1) }, "yuki-lead", gitops.HaltNoRecord},
		{"two blocks", func(s string) string { return s + s }, "yuki-lead", gitops.HaltNoRecord},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first := w.status().InForce
			n := w.proposed(w.request(req))
			body := tt.body(w.emu.State().Repos[0].Pulls[0].Body)
			w.must(w.repo.EditPull("hana-dev", n, nil, &body, nil, nil))
			w.db = store.NewMemory()
			w.restart()
			w.must(w.Trust(t.Context(), first, "the test"))
			w.look()
			w.review(tt.by, n, "APPROVE")
			w.look()
			sha := w.merge(n, "squash")
			w.look()
			if tt.want == "" {
				w.holds(sha, "")
			} else {
				w.holds(first, tt.want)
			}
		})
	}
}

// TestABlockOfAnotherPullRequestDoesNotCount: copied to a branch that a person
// made, it names another commit.
func TestABlockOfAnotherPullRequestDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.status().InForce
	w.proposed(w.request(req))
	body := w.emu.State().Repos[0].Pulls[0].Body
	for branch, want := range map[string]gitops.HaltCode{"access/REQ-000000": gitops.HaltNoRecord} {
		_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: branch, Message: "x", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}, IgnoreRules: true})
		w.must(err)
		n, err := w.repo.CreatePull("hana-dev", githubemu.PullSpec{Head: branch, Title: "x", Body: body})
		w.must(err)
		w.review("yuki-lead", n, "APPROVE")
		w.merge(n, "squash")
		w.look()
		w.holds(first, want)
	}
}

func TestLagIsNoHalt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opt.Lag = time.Minute
	g, err := gitops.New(w.opt, w.client(), store.NewGitops(w.db), w.dir)
	w.must(err)
	w.Gitops = g
	first := w.status().InForce
	_, err = w.repo.DirectPush("hana-dev", nil, "x")
	w.must(err)
	if err := w.Look(t.Context()); err == nil {
		t.Error("a commit without a pull request is no error while it may be late")
	}
	w.holds(first, "")
	w.clock.move(time.Minute)
	w.must(w.Look(t.Context()))
	w.holds(first, gitops.HaltDirectPush)
}

// TestWhoWasInATeamWhenTheCheckWasShown: the check is on GitHub and its answer
// was lost, as in a crash. Whoever joins a team after that does not count.
func TestWhoWasInATeamWhenTheCheckWasShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.request(req)
	w.must(w.Propose(t.Context(), r))
	number := w.facts(r.ID).Ref.Number
	w.kit.Faults.Add(emukit.Fault{Name: "lost", Op: "POST /repos/{owner}/{repo}/check-runs", Status: 502, AfterEffect: true})
	if err := w.Look(t.Context()); err == nil {
		t.Fatal("the lost answer was not noticed")
	}
	w.must(w.emu.SetTeamMember("payments-leads", "taro-data", "member"))
	w.review("taro-data", number, "APPROVE")
	before := w.status().InForce
	w.merge(number, "squash")
	w.look()
	w.holds(before, gitops.HaltApproval)
}
