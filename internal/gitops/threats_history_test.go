package gitops_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// rest calls GitHub's REST API below the repository with a person's own token.
func (w *world) rest(login, method, path, body string, want int) []byte {
	w.t.Helper()
	token := "ghp_of_" + login
	w.must(w.emu.AddToken(login, token))
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.http.URL+"/github/api/v3/repos/"+org+"/"+repoName+path, strings.NewReader(body))
	w.must(err)
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	w.must(err)
	text, err := io.ReadAll(res.Body)
	w.must(err)
	w.must(res.Body.Close())
	if res.StatusCode != want {
		w.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, text)
	}
	return text
}

// onMain makes a commit and puts the default branch on it, past every rule.
func onMain(w *world, c githubemu.Commit) string {
	w.t.Helper()
	sha, err := w.repo.CommitObject(c)
	w.must(err)
	w.must(w.repo.ForcePush("hana-dev", "main", sha, true))
	w.clock.move(time.Second)
	return sha
}

// TestT11PushBetweenCheckAndMerge: in every order of a push, an approval, a
// look and a restart before the merge, what is put in force is what was approved on the
// very head that was merged.
func TestT11PushBetweenCheckAndMerge(t *testing.T) {
	t.Parallel()
	steps := map[rune]func(w *world, n int){
		'p': func(w *world, _ int) { more(w, false) },
		'a': func(w *world, n int) { w.review("yuki-lead", n, "APPROVE") },
		'l': func(w *world, _ int) { w.look() },
		'k': func(w *world, _ int) { w.restart(); w.look() },
	}
	orders := permutations("palk")
	if len(orders) != 24 {
		t.Fatalf("%d orders", len(orders))
	}
	for i, order := range orders {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if i%2 == 0 {
				keepStale(w)
			}
			first := w.status().InForce
			n := topic(w)
			for _, s := range order {
				steps[s](w, n)
			}
			sha := w.merge(n, []string{"merge", "squash", "rebase"}[i%3])
			w.look()
			// Approved after the push, and shown before that or never.
			pushed, rest, _ := strings.Cut(order, "p")
			unseen, seen, after := strings.Cut(rest, "a")
			if after && !strings.Contains(pushed, "a") && (unseen != "" || seen == "") {
				w.holds(sha, "")
				return
			}
			w.holds(first, gitops.HaltApproval)
		})
	}
}

func permutations(s string) []string {
	if len(s) < 2 {
		return []string{s}
	}
	var out []string
	for i := range s {
		for _, rest := range permutations(s[:i] + s[i+1:]) {
			out = append(out, string(s[i])+rest)
		}
	}
	return out
}

// TestT11WithShaGitHubRefusesAMovedHead: who merges with the head he saw gets
// 409 when it moved, so that the race ends without a merge.
func TestT11WithShaGitHubRefusesAMovedHead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := topic(w)
	seen := w.head("topic")
	w.review("yuki-lead", n, "APPROVE")
	more(w, false)
	if _, err := w.repo.Merge("hana-dev", n, githubemu.MergeSpec{Method: "squash", SHA: seen, IgnoreRules: true}); err == nil {
		t.Fatal("a head that was not seen was merged")
	}
	before := w.head("main")
	w.look()
	w.holds(before, "")
}

// evil makes the merge commit of the branch topic by hand: from a tree, with
// changes.
func evil(w *world, from string, changes map[string]*githubemu.File, parents ...string) {
	w.t.Helper()
	onMain(w, githubemu.Commit{Parents: append([]string{"main"}, parents...), From: from, Message: "Merge pull request #1 from acme/topic", Changes: changes})
}

// TestT12EvilMerges: a merge commit that is not what was reviewed halts,
// whatever it slips in.
func TestT12EvilMerges(t *testing.T) {
	t.Parallel()
	longer := strings.Replace(devGrant, "4h", "9h", 1)
	approve := func(w *world) {
		w.review("yuki-lead", topic(w), "APPROVE")
		w.look()
	}
	withstand(t, []attack{
		{"an extra file", nil, func(w *world) {
			approve(w)
			evil(w, "topic", map[string]*githubemu.File{"users/taro.yaml": w.grantLine("users/taro.yaml", strings.ReplaceAll(dataGrant, "4h", "8h"))}, "topic")
		}, gitops.HaltContent},
		{"an extra file outside the layout", nil, func(w *world) {
			approve(w)
			evil(w, "topic", map[string]*githubemu.File{".github/workflows/x.yml": {Content: "on: push\n"}}, "topic")
		}, gitops.HaltContent},
		{"an edited blob", nil, func(w *world) {
			approve(w)
			evil(w, "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, longer)}, "topic")
		}, gitops.HaltContent},
		{"a reason that was edited", nil, func(w *world) {
			approve(w)
			evil(w, "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, strings.Replace(devGrant, "by hand", "whatever", 1))}, "topic")
		}, gitops.HaltContent},
		{"a file that goes", nil, func(w *world) {
			approve(w)
			evil(w, "topic", map[string]*githubemu.File{"groups/aws-orders-dev.yaml": nil}, "topic")
		}, gitops.HaltContent},
		{"nothing of what was reviewed", nil, func(w *world) {
			approve(w)
			evil(w, "main", nil, "topic")
		}, gitops.HaltContent},
		{"an entry that comes back", nil, func(w *world) {
			approve(w) // its branch still has the entry that goes next
			const line = "  - account: payments-prod\n    permission_set: ReadOnlyAccess                # standing: no end\n"
			gone := w.byHand("hana-dev", "gone", map[string]*githubemu.File{devFile: w.file(devFile, line, "")})
			w.review("yuki-lead", gone, "APPROVE")
			sha := w.merge(gone, "squash")
			w.look()
			w.holds(sha, "")
			// Yuki could have approved that too, and never saw it.
			evil(w, "topic", nil, "topic")
		}, gitops.HaltContent},
		{"two pull requests in one octopus", nil, func(w *world) {
			approve(w)
			w.byHand("hana-dev", "other", map[string]*githubemu.File{sandboxFile: w.grantLine(sandboxFile, devGrant)})
			evil(w, "topic", map[string]*githubemu.File{sandboxFile: w.grantLine(sandboxFile, devGrant)}, "topic", "other")
		}, gitops.HaltDirectPush},
		{"parents that change places", nil, func(w *world) {
			approve(w)
			good(w, "between")
			w.look()
			onMain(w, githubemu.Commit{Parents: []string{"topic", "main"}, From: "topic", Message: "Merge"})
		}, gitops.HaltRewritten},
		{"two pull requests of one file, the conflict resolved by hand", nil, func(w *world) {
			approve(w)
			n := w.byHand("hana-dev", "other", map[string]*githubemu.File{devFile: w.grantLine(devFile, "  - account: payments-dev\n    permission_set: ReadOnlyAccess\n    duration: 1h\n    reason: other\n")})
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
			w.look()
			evil(w, "main", map[string]*githubemu.File{devFile: w.grantLine(devFile, longer)}, "topic")
		}, gitops.HaltContent},
		{"a squash by hand with a message as GitHub writes it", nil, func(w *world) {
			approve(w)
			evil(w, "topic", nil)
		}, gitops.HaltDirectPush},
	})
}

// TestT12RevertOfRevert: an approval is used up by its merge; bringing the
// grant back needs one of its own.
func TestT12RevertOfRevert(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.file(devFile, "id:", "id:")
	n := topic(w)
	with := w.grantLine(devFile, devGrant)
	w.review("yuki-lead", n, "APPROVE")
	w.merge(n, "merge")
	w.look()
	if !w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Fatal("what was approved is not in force")
	}
	revert := w.byHand("hana-dev", "revert", map[string]*githubemu.File{devFile: was})
	w.review("yuki-lead", revert, "APPROVE")
	gone := w.merge(revert, "merge")
	w.look()
	w.holds(gone, "")
	w.merge(w.byHand("hana-dev", "again", map[string]*githubemu.File{devFile: with}), "merge")
	w.look()
	w.holds(gone, gitops.HaltApproval)
	if w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Error("the old approval counted again")
	}
}

// TestT12CleanMergesOfOneFilePass: two pull requests of one file that do not
// touch each other are both what was reviewed.
func TestT12CleanMergesOfOneFilePass(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"merge", "squash", "rebase"} {
		w := newWorld(t)
		one := topic(w)
		two := w.byHand("hana-dev", "other", map[string]*githubemu.File{devFile: w.file(devFile, "  - account: payments-prod\n", "  # looked at\n  - account: payments-prod\n    permission_set: PowerUserAccess\n    duration: 1h\n    reason: other\n  - account: payments-prod\n")})
		w.review("yuki-lead", one, "APPROVE")
		w.review("yuki-lead", two, "APPROVE")
		w.merge(one, method)
		sha := w.merge(two, method)
		w.look()
		w.holds(sha, "")
	}
}

// TestT13RewrittenMain: whatever happens to the branch, what is in force stays
// so until the branch follows it again or a person trusts what it has.
func TestT13RewrittenMain(t *testing.T) {
	t.Parallel()
	root := func(w *world) string {
		sha, err := w.repo.CommitObject(githubemu.Commit{From: "main", Message: "Initial commit"})
		w.must(err)
		return sha
	}
	tests := []struct {
		name string
		play func(w *world, first string)
		want gitops.HaltCode
	}{
		{"rewound", func(w *world, first string) { w.must(w.repo.ForcePush("hana-dev", "main", first, true)) }, gitops.HaltRewritten},
		{"rewound, and other commits put on", func(w *world, first string) {
			w.must(w.repo.ForcePush("hana-dev", "main", first, true))
			push(w, map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
		}, gitops.HaltRewritten},
		{"rewound, and another approved pull request merged", func(w *world, first string) {
			w.must(w.repo.ForcePush("hana-dev", "main", first, true))
			n := topic(w)
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltRewritten},
		{"the same tree with no history", func(w *world, _ string) { w.must(w.repo.ForcePush("hana-dev", "main", root(w), true)) }, gitops.HaltRewritten},
		{"deleted", func(w *world, _ string) { w.must(w.repo.ForcePush("hana-dev", "main", "", true)) }, gitops.HaltNoBranch},
		{"deleted and made again with the same tree", func(w *world, _ string) {
			sha := root(w)
			w.must(w.repo.ForcePush("hana-dev", "main", "", true))
			w.look()
			w.must(w.repo.ForcePush("hana-dev", "main", sha, true))
		}, gitops.HaltRewritten},
		{"the last commit amended", func(w *world, first string) {
			sha, err := w.repo.CommitObject(githubemu.Commit{Parents: []string{first}, From: "main", Message: "amended"})
			w.must(err)
			w.must(w.repo.ForcePush("hana-dev", "main", sha, true))
		}, gitops.HaltRewritten},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first := w.status().InForce
			live := w.merge(approvedPull(w), "squash")
			w.look()
			w.holds(live, "")
			tt.play(w, first)
			for range 2 {
				w.look()
				w.holds(live, tt.want)
				w.restart()
			}
			if !w.desires("111122224444", "PowerUserAccess", devGroup) {
				t.Error("what was in force is gone")
			}
			if h := w.status().Halt; !strings.Contains(strings.Join(h.Ways, ";"), "bot trust") || len(w.ops.list) == 0 {
				t.Errorf("nobody is told the way out: %+v, %+v", h, w.ops.list)
			}
			w.must(w.repo.ForcePush("hana-dev", "main", live, true))
			w.look()
			w.holds(live, "")
		})
	}
}

// TestT14DirectPush: a commit that came by no pull request is nothing,
// whoever may push it and whatever it touches.
func TestT14DirectPush(t *testing.T) {
	t.Parallel()
	grant := func(w *world) map[string]*githubemu.File {
		return map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}
	}
	withstand(t, []attack{
		{"by an administrator", nil, func(w *world) { push(w, grant(w)) }, gitops.HaltDirectPush},
		{"before an approved pull request", nil, func(w *world) {
			n := approvedPull(w)
			push(w, map[string]*githubemu.File{sandboxFile: w.grantLine(sandboxFile, devGrant)})
			w.merge(n, "merge")
		}, gitops.HaltDirectPush},
		{"on the head of a pull request, merged by nobody", nil, func(w *world) {
			w.review("yuki-lead", topic(w), "APPROVE")
			push(w, grant(w)) // the same tree
		}, gitops.HaltDirectPush},
		{"as the author of a merge", nil, func(w *world) {
			onMain(w, githubemu.Commit{Parents: []string{"main"}, From: "main", Changes: grant(w), Author: "yuki-lead", Message: "Merge pull request #1 from acme/topic"})
		}, gitops.HaltDirectPush},
		{"with the rulesets taken away", nil, func(w *world) {
			keepStale(w)
			_, err := w.repo.Push("stranger", githubemu.Push{Branch: "main", Message: "x", Changes: grant(w)})
			w.must(err)
		}, gitops.HaltDirectPush},
		{"of a fork's merged pull request into the fork", nil, func(w *world) {
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "topic", Fork: true, Message: "x", Changes: grant(w)})
			w.must(err)
			n, err := w.repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "hana-dev:topic", Title: "x"})
			w.must(err)
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "rebase")
		}, gitops.HaltFork},
	})
}

// TestT16WrongPlace: only this repository by number and this branch count.
func TestT16WrongPlace(t *testing.T) {
	t.Parallel()
	withstand(t, []attack{
		{"a tag that is called like the branch", nil, func(w *world) {
			sha, err := w.repo.CommitObject(githubemu.Commit{Parents: []string{"main"}, From: "main", Message: "x", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}})
			w.must(err)
			w.rest("hana-dev", "POST", "/git/refs", `{"ref":"refs/tags/main","sha":"`+sha+`"}`, 201)
		}, ""},
		{"a branch that is called like the branch's ref", nil, func(w *world) {
			sha, err := w.repo.CommitObject(githubemu.Commit{Parents: []string{"main"}, From: "main", Message: "x", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}})
			w.must(err)
			w.must(w.repo.ForcePush("hana-dev", "heads/main", sha, true))
			w.must(w.repo.ForcePush("hana-dev", "main2", sha, true))
		}, ""},
		{"a fork's branch that is called like a request's", nil, func(w *world) {
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "access/" + string(req), Fork: true, Message: "x", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}})
			w.must(err)
			n, err := w.repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "hana-dev:access/" + string(req), Title: "x"})
			w.must(err)
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "squash")
		}, gitops.HaltFork},
		{"approved for another branch", nil, func(w *world) {
			w.must(w.repo.ForcePush("hana-dev", "release", w.head("main"), true))
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "topic", Message: "x", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}})
			w.must(err)
			n, err := w.repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "topic", Base: "release", Title: "x"})
			w.must(err)
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "merge")
			w.must(w.repo.ForcePush("hana-dev", "main", w.head("release"), true))
		}, gitops.HaltDirectPush},
	})
}

// TestT16AnotherRepositoryUnderTheName: a renamed repository is not looked for,
// and another under its name is never read; what is in force stays.
func TestT16AnotherRepositoryUnderTheName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.status().InForce
	w.must(w.repo.Rename("old-config"))
	w.restart()
	if err := w.Look(t.Context()); err == nil {
		t.Error("a repository that was renamed is no error")
	}
	w.holds(first, "")
	files := exampleFiles(t)
	files[devFile] = strings.TrimRight(files[devFile], "\n") + "\n" + devGrant
	_, err := w.emu.AddRepo(githubemu.RepoSpec{Name: repoName, ID: 9999, Files: files, Author: "hana-dev"})
	w.must(err)
	w.restart()
	if err := w.Look(t.Context()); err == nil {
		t.Error("another repository was read")
	}
	w.holds(first, "")
	if err := w.Trust(t.Context(), first, "ken"); err == nil {
		t.Error("another repository's commit was trusted")
	}
	if w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Error("another repository's grant came into force")
	}
}

// TestT17ForgedCommits: authors, messages, trailers and branch names decide
// nothing, in either direction.
func TestT17ForgedCommits(t *testing.T) {
	t.Parallel()
	const trailers = "Grant PowerUserAccess (#1)\n\n[skip ci] bot trust\nApproved-by: yuki-lead <yuki@example.com>\nReviewed-by: Yuki <yuki@example.com>\nCo-authored-by: access-bot[bot] <77+access-bot[bot]@users.noreply.github.com>\nRequest: REQ-7F3K2Q\n"
	grant := func(w *world) map[string]*githubemu.File {
		return map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}
	}
	withstand(t, []attack{
		{"a direct push in the words of the bot", nil, func(w *world) {
			w.proposed(w.request(req))
			onMain(w, githubemu.Commit{Parents: []string{"main"}, From: "main", Changes: grant(w), Message: trailers})
		}, gitops.HaltDirectPush},
		{"approved by trailers only", nil, func(w *world) {
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "approved/yuki-lead", Author: "yuki-lead", Message: trailers, Changes: grant(w)})
			w.must(err)
			n, err := w.repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "approved/yuki-lead", Title: "approved", Body: trailers})
			w.must(err)
			_, err = w.repo.Merge("hana-dev", n, githubemu.MergeSpec{Method: "squash", Title: "approved", Message: trailers, IgnoreRules: true})
			w.must(err)
		}, gitops.HaltApproval},
		{"a pusher whose commits say that others made them", nil, func(w *world) {
			_, err := w.repo.Push("yuki-lead", githubemu.Push{Branch: "topic", Author: "mio-sec", Message: "Author: mio-sec", Changes: grant(w)})
			w.must(err)
			n, err := w.repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "topic", Title: "x"})
			w.must(err)
			w.review("yuki-lead", n, "APPROVE")
			w.merge(n, "rebase")
		}, gitops.HaltApproval},
		{"an approval written as a comment", nil, func(w *world) {
			n := topic(w)
			w.must(w.repo.Comment("yuki-lead", n, "/approve\nLGTM, APPROVED"))
			w.review("yuki-lead", n, "COMMENT")
			w.merge(n, "squash")
		}, gitops.HaltApproval},
	})
}

// TestT17ForgedWordsTakeNothingAwayEither: what is approved comes into force
// though its commits blame the approver.
func TestT17ForgedWordsTakeNothingAwayEither(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "topic", Author: "yuki-lead", Message: "Requester: yuki-lead\n\nCo-authored-by: yuki-lead <yuki@example.com>", Changes: map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)}})
	w.must(err)
	n, err := w.repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "topic", Title: "by yuki-lead"})
	w.must(err)
	w.review("yuki-lead", n, "APPROVE")
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
}

// TestT42OldCommits: in whatever order GitHub tells of merges, the newest is in
// force and no older one comes back.
func TestT42OldCommits(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{3, 2, 1}, {2, 3, 1}, {1, 3, 2}, {3, 3, 1}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var shas []string
			for i := range 3 {
				n := w.byHand("hana-dev", fmt.Sprintf("topic-%d", i), map[string]*githubemu.File{devFile: w.grantLine(devFile, strings.Replace(devGrant, "4h", fmt.Sprintf("%dh", i+2), 1))})
				w.review("yuki-lead", n, "APPROVE")
				shas = append(shas, w.merge(n, "squash"))
			}
			for _, n := range order {
				w.Hint(n)
				w.look()
				w.holds(shas[2], "")
				w.restart()
			}
			if w.inForce > 4 { // the first by trust, three by the walk
				t.Errorf("%d commits came into force", w.inForce)
			}
			count := w.inForce
			for _, old := range shas[:2] {
				w.must(w.repo.ForcePush("hana-dev", "main", old, true))
				w.look()
				w.holds(shas[2], gitops.HaltRewritten)
			}
			w.must(w.repo.ForcePush("hana-dev", "main", shas[2], true))
			w.look()
			w.holds(shas[2], "")
			for _, old := range shas[:2] {
				if err := w.Trust(t.Context(), old, "ken"); err == nil {
					t.Error("an older commit of the branch was trusted over a newer one")
				}
			}
			w.holds(shas[2], "")
			if w.inForce != count {
				t.Errorf("%d commits came into force", w.inForce)
			}
		})
	}
}

// TestT43FloodOfProposals: the same wish is one pull request however often it
// comes, and a request that is refused makes none.
func TestT43FloodOfProposals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 25 {
		w.must(w.Propose(t.Context(), w.request(req)))
	}
	for i := range 25 {
		r := w.request(access.ID(fmt.Sprintf("REQ-%06d", i)))
		r.Want.AccountID = "121212121212"
		var no *access.Refusal
		if err := w.Propose(t.Context(), r); !errors.As(err, &no) {
			t.Fatalf("error %v", err)
		}
	}
	if repo := w.emu.State().Repos[0]; len(repo.Pulls) != 1 || len(repo.Branches) != 2 {
		t.Errorf("%d pull requests, branches %v", len(repo.Pulls), repo.Branches)
	}
}
