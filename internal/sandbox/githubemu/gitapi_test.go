package githubemu

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

func TestBranchCommitAndPullRequestByTheGitDataAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.bot(nil)
	ref, _, err := c.Git.GetRef(ctx, org, repoName, "heads/main")
	w.must(err)
	base, _, err := c.Git.GetCommit(ctx, org, repoName, ref.Object.GetSHA())
	w.must(err)
	tree, _, err := c.Git.CreateTree(ctx, org, repoName, base.Tree.GetSHA(), []*github.TreeEntry{
		{Path: github.String("groups/new.yaml"), Mode: github.String("100644"), Type: github.String("blob"), Content: github.String("id: 2\n")},
		{Path: github.String("README.md"), Mode: github.String("100644"), Type: github.String("blob")}, // no sha: goes
	})
	w.must(err)
	commit, _, err := c.Git.CreateCommit(ctx, org, repoName, &github.Commit{
		Message: github.String("add new"), Tree: tree, Parents: []*github.Commit{base},
	}, nil)
	w.must(err)
	if commit.Author.GetName() != "access-bot[bot]" && commit.Author.GetName() != "access-bot" {
		t.Errorf("author: %v", commit.Author)
	}
	newRef := &github.Reference{Ref: github.String("refs/heads/access/REQ-000001"), Object: &github.GitObject{SHA: commit.SHA}}
	w.must(err3(c.Git.CreateRef(ctx, org, repoName, newRef)))
	w.wantStatus("the branch again", err3(c.Git.CreateRef(ctx, org, repoName, newRef)), 422)
	in := &github.NewPullRequest{Title: github.String("Access"), Head: github.String("access/REQ-000001"), Base: github.String("main")}
	pr, _, err := c.PullRequests.Create(ctx, org, repoName, in)
	w.must(err)
	_, _, err = c.PullRequests.Create(ctx, org, repoName, in)
	w.wantStatus("the pull request again", err, 422)
	if !strings.Contains(err.Error(), "A pull request already exists for acme:access/REQ-000001.") {
		t.Errorf("message: %v", err)
	}
	found, _, err := c.PullRequests.List(ctx, org, repoName, &github.PullRequestListOptions{Head: "acme:access/REQ-000001", State: "open"})
	w.must(err)
	if len(found) != 1 || found[0].GetNumber() != pr.GetNumber() || pr.User.GetType() != "Bot" || pr.Head.GetSHA() != commit.GetSHA() {
		t.Errorf("found %d, opened %v", len(found), pr)
	}
	files, _, err := c.PullRequests.ListFiles(ctx, org, repoName, pr.GetNumber(), nil)
	w.must(err)
	got := map[string]string{}
	for _, f := range files {
		got[f.GetFilename()] = f.GetStatus()
	}
	if diff := cmp.Diff(map[string]string{"groups/new.yaml": "added", "README.md": "removed"}, got); diff != "" {
		t.Error(diff)
	}
	_, err = c.Git.DeleteRef(ctx, org, repoName, "heads/access/REQ-000001")
	w.must(err)
	pr, _, err = c.PullRequests.Get(ctx, org, repoName, pr.GetNumber())
	w.must(err)
	if pr.GetState() != "closed" || pr.GetMerged() {
		t.Errorf("after its branch went: %s", pr.GetState())
	}
}

func TestTreesBlobsAndModes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.TreeLimit = 8 })
	ctx, c := t.Context(), w.bot(nil)
	odd := strings.Repeat("ab", 20)
	sha, err := w.repo.DirectPush("hana", map[string]*File{
		"run.sh": {"#!/bin/sh\n", "100755"}, "link": {"README.md", "120000"}, "mod": {odd, "160000"}, ".gitattributes": text("* text\n"),
	}, "odd")
	w.must(err)
	tree, _, err := c.Git.GetTree(ctx, org, repoName, sha, false)
	w.must(err)
	modes := map[string]string{}
	for _, e := range tree.Entries {
		modes[e.GetPath()] = e.GetMode() + " " + e.GetType()
	}
	want := map[string]string{
		".gitattributes": "100644 blob", "README.md": "100644 blob", "aws-access.yaml": "100644 blob", "groups": "040000 tree",
		"link": "120000 blob", "mod": "160000 commit", "run.sh": "100755 blob",
	}
	if diff := cmp.Diff(want, modes); diff != "" {
		t.Error(diff)
	}
	tree, _, err = c.Git.GetTree(ctx, org, repoName, "main", true)
	w.must(err)
	if len(tree.Entries) != 8 || tree.GetTruncated() {
		t.Errorf("recursive: %d entries, truncated %v", len(tree.Entries), tree.GetTruncated())
	}
	w.must(ignore(w.repo.DirectPush("hana", map[string]*File{"one/more": text("x")}, "more")))
	tree, _, err = c.Git.GetTree(ctx, org, repoName, "main", true)
	w.must(err)
	if len(tree.Entries) != 8 || !tree.GetTruncated() {
		t.Errorf("over the limit: %d entries, truncated %v", len(tree.Entries), tree.GetTruncated())
	}
	blob, _, err := c.Git.CreateBlob(ctx, org, repoName, &github.Blob{Content: github.String("aGVsbG8K"), Encoding: github.String("base64")})
	w.must(err)
	raw, _, err := c.Git.GetBlobRaw(ctx, org, repoName, blob.GetSHA())
	w.must(err)
	if string(raw) != "hello\n" || blob.GetSHA() != "ce013625030ba8dba906f756967f9e9ca394464a" { // git hash-object of "hello\n"
		t.Errorf("blob %s: %q", blob.GetSHA(), raw)
	}
	bad := []*github.TreeEntry{{Path: github.String("a"), Mode: github.String("100644"), Type: github.String("blob"), SHA: github.String(odd)}}
	w.wantStatus("a blob that is not there", err3(c.Git.CreateTree(ctx, org, repoName, tree.GetSHA(), bad)), 422)
}

func TestContentsReadWriteAndConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.client("ghp_ken")
	w.must(ignore(w.repo.Push("ken", Push{Branch: "topic", Message: "start"})))
	file, _, _, err := c.Repositories.GetContents(ctx, org, repoName, "README.md", nil)
	w.must(err)
	if got, err := file.GetContent(); err != nil || got != "hello\n" {
		t.Errorf("content %q, %v", got, err)
	}
	_, dir, _, err := c.Repositories.GetContents(ctx, org, repoName, "", &github.RepositoryContentGetOptions{Ref: "topic"})
	w.must(err)
	if len(dir) != 3 {
		t.Errorf("root has %d entries", len(dir))
	}
	write := func(path, branch string, sha *string) error {
		return err3(c.Repositories.CreateFile(ctx, org, repoName, path, &github.RepositoryContentFileOptions{
			Message: github.String("write"), Content: []byte("new\n"), Branch: github.String(branch), SHA: sha,
		}))
	}
	w.wantStatus("new file", write("dir/new.txt", "topic", nil), 0)
	w.wantStatus("no sha of the old file", write("README.md", "topic", nil), 422)
	w.wantStatus("wrong sha", write("README.md", "topic", github.String(strings.Repeat("0", 40))), 409)
	w.wantStatus("right sha", write("README.md", "topic", file.SHA), 0)
	w.wantStatus("no such branch", write("x", "nowhere", nil), 404)
	w.wantStatus("protected branch", write("x", "main", nil), 409)
	_, _, err = c.Repositories.DeleteFile(ctx, org, repoName, "aws-access.yaml", &github.RepositoryContentFileOptions{
		Message: github.String("rm"), Branch: github.String("topic"), SHA: github.String(strings.Repeat("0", 40)),
	})
	w.wantStatus("delete with a wrong sha", err, 409)
}

func TestCommitsCompareAndActivity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.bot(nil)
	root := w.repo.stateForTest().Branches["main"]
	one, err := w.repo.Push("ken", Push{Branch: "topic", Changes: map[string]*File{"a": text("1\n")}, Message: "one", Author: "hana"})
	w.must(err)
	two, err := w.repo.Push("yuki", Push{Branch: "topic", Changes: map[string]*File{"b": text("2\n")}, Message: "two"})
	w.must(err)
	w.must(ignore(w.repo.DirectPush("hana", map[string]*File{"c": text("3\n")}, "direct")))
	cmpd, _, err := c.Repositories.CompareCommits(ctx, org, repoName, "main", "topic", nil)
	w.must(err)
	if cmpd.GetStatus() != "diverged" || cmpd.GetAheadBy() != 2 || cmpd.GetBehindBy() != 1 || cmpd.MergeBaseCommit.GetSHA() != root ||
		cmpd.Commits[0].GetSHA() != one || len(cmpd.Files) != 2 {
		t.Errorf("compare: %v", cmpd)
	}
	list, _, err := c.Repositories.ListCommits(ctx, org, repoName, &github.CommitsListOptions{SHA: "topic", Path: "a"})
	w.must(err)
	if len(list) != 1 || list[0].GetSHA() != one || list[0].Author.GetLogin() != "hana" {
		t.Errorf("commits of a path: %v", list)
	}
	first, res, err := c.Repositories.ListCommits(ctx, org, repoName, &github.CommitsListOptions{SHA: "topic", ListOptions: github.ListOptions{PerPage: 2}})
	w.must(err)
	if len(first) != 2 || first[0].GetSHA() != two || res.NextPage != 2 || res.LastPage != 2 {
		t.Errorf("first page: %d, next %d, last %d", len(first), res.NextPage, res.LastPage)
	}
	w.must(w.repo.ForcePush("ken", "topic", one, false))
	w.must(w.repo.ForcePush("ken", "topic", "", false))

	type entry struct {
		Before, After, Ref string
		ActivityType       string `json:"activity_type"`
		Actor              struct {
			Login string
			ID    int64
		}
	}
	var kinds []string
	next := "repos/acme/aws-access-config/activity?ref=refs/heads/topic&per_page=3"
	for next != "" {
		req, err := c.NewRequest(http.MethodGet, next, nil)
		w.must(err)
		var page []entry
		res, err := c.Do(ctx, req, &page)
		w.must(err)
		for _, e := range page {
			kinds = append(kinds, e.ActivityType+" "+e.Actor.Login)
		}
		next = ""
		if res.After != "" {
			next = "repos/acme/aws-access-config/activity?ref=refs/heads/topic&per_page=3&after=" + res.After
		}
	}
	want := []string{"branch_deletion ken", "force_push ken", "push yuki", "branch_creation ken"}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
}

func TestRulesetsGuardTheBranches(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx := t.Context()
	person, bot := w.client("ghp_ken"), w.bot(nil)
	sha, err := w.repo.Push("ken", Push{Branch: "topic", Changes: map[string]*File{"a": text("1")}, Message: "x"})
	w.must(err)
	update := func(c *github.Client, ref string, force bool) error {
		return err3(c.Git.UpdateRef(ctx, org, repoName, &github.Reference{Ref: github.String(ref), Object: &github.GitObject{SHA: github.String(sha)}}, force))
	}
	w.wantStatus("a person pushes to main", update(person, "refs/heads/main", false), 422)
	w.wantStatus("the bot pushes to main", update(bot, "refs/heads/main", false), 422)
	create := func(c *github.Client) error {
		return err3(c.Git.CreateRef(ctx, org, repoName, &github.Reference{Ref: github.String("refs/heads/access/REQ-1"), Object: &github.GitObject{SHA: github.String(sha)}}))
	}
	w.wantStatus("a person makes an access branch", create(person), 422)
	w.wantStatus("the bot makes an access branch", create(bot), 0)
	_, err = w.repo.Push("ken", Push{Branch: "access/REQ-1", Changes: map[string]*File{"b": text("2")}, Message: "sneak"})
	w.wantStatus("a person pushes to an access branch", err, 422)
	_, err = w.repo.DirectPush("hana", map[string]*File{"b": text("2")}, "rules off")
	w.wantStatus("an administrator with the rules off", err, 0)
	_, err = w.repo.Push("guest", Push{Branch: "x", Message: "x"})
	w.wantStatus("a reader pushes", err, 403)
	_, err = w.repo.Push("nora", Push{Branch: "x", Message: "x"})
	w.wantStatus("an outsider pushes", err, 404)

	rules, _, err := bot.Repositories.GetRulesForBranch(ctx, org, repoName, "main")
	w.must(err)
	var types []string
	for _, r := range rules {
		types = append(types, r.Type)
	}
	if diff := cmp.Diff([]string{"deletion", "non_fast_forward", "pull_request", "required_status_checks"}, types); diff != "" {
		t.Error(diff)
	}
	all, _, err := bot.Repositories.GetAllRulesets(ctx, org, repoName, false)
	w.must(err)
	one, _, err := bot.Repositories.GetRuleset(ctx, org, repoName, all[1].GetID(), false)
	w.must(err)
	seen, _, err := w.client("ghp_hana").Repositories.GetRuleset(ctx, org, repoName, all[1].GetID(), false)
	w.must(err)
	if len(one.BypassActors) != 0 || len(seen.BypassActors) != 1 || seen.BypassActors[0].GetActorID() != 77 {
		t.Errorf("bypass actors: %v for the bot, %v for an administrator", one.BypassActors, seen.BypassActors)
	}
	w.wantStatus("classic protection", err3(bot.Repositories.GetBranchProtection(ctx, org, repoName, "main")), 404)
	w.repo.Protect("main", &Protection{Approvals: 1, Checks: []RequiredCheck{{"aws-access", 77}}, Strict: true, EnforceAdmins: true})
	p, _, err := bot.Repositories.GetBranchProtection(ctx, org, repoName, "main")
	w.must(err)
	if p.RequiredStatusChecks == nil || !p.RequiredStatusChecks.Strict || p.GetRequiredPullRequestReviews().RequiredApprovingReviewCount != 1 {
		t.Errorf("protection: %v", p)
	}
}
