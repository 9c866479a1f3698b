package githubemu

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

// withQueue gives the repository a merge queue.
func (w *world) withQueue(change func(*QueueParams)) {
	w.t.Helper()
	params := DefaultQueue()
	if change != nil {
		change(&params)
	}
	w.must(w.repo.SetMergeQueue(&params))
}

// queued opens a pull request of one file, passes its check, and queues it.
func (w *world) queued(name, content string) (int, string) {
	w.t.Helper()
	n, head := w.pullRequest("topic-"+name, map[string]*File{name: text(content)})
	w.pass(head)
	w.must(w.repo.Enqueue("yuki", n, false))
	return n, head
}

// fail reports the required check as failed for a commit.
func (w *world) fail(sha string) {
	w.t.Helper()
	w.must(err3(w.bot(nil).Checks.CreateCheckRun(w.t.Context(), org, repoName, github.CreateCheckRunOptions{
		Name: "aws-access", HeadSHA: sha, Conclusion: github.String("failure"),
	})))
}

// line is the queue as "#1 AWAITING_CHECKS", front first.
func (w *world) line() []string {
	out := []string{}
	for _, e := range w.repo.stateForTest().Queue {
		out = append(out, fmt.Sprintf("#%d %s", e.Pull, e.State))
	}
	return out
}

func (w *world) wantLine(when string, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), w.line()); diff != "" {
		w.t.Errorf("%s: %s", when, diff)
	}
}

func TestABranchWithAQueueTakesNoOtherChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.withQueue(nil)
	n, head := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	w.pass(head)
	_, _, err := w.client("ghp_yuki").PullRequests.Merge(t.Context(), org, repoName, n, "", nil)
	w.wantStatus("merge", err, http.StatusMethodNotAllowed)
	if err == nil || !strings.Contains(err.Error(), "Changes must be made through the merge queue") {
		t.Errorf("merge: %v", err)
	}
	for _, rs := range w.repo.stateForTest().Rulesets {
		if rs.Name != queueRuleset {
			w.repo.RemoveRuleset(rs.ID)
		}
	}
	_, err = w.repo.Push("hana", Push{Branch: "main", Changes: map[string]*File{"z": text("z")}})
	w.wantStatus("push", err, http.StatusUnprocessableEntity)
	_, err = w.repo.Push("hana", Push{Branch: "gh-readonly-queue/main/pr-9-x", Changes: map[string]*File{"z": text("z")}})
	w.wantStatus("push to a branch of the queue", err, http.StatusUnprocessableEntity)
	w.must(w.repo.SetMergeQueue(nil))
	w.must(ignore(w.repo.Merge("yuki", n, MergeSpec{})))
}

func TestWhatAQueueRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		arrange func(w *world, n int, head string)
		jump    bool
		want    string
	}{
		{"no check on the head", func(*world, int, string) {}, false, `Pull request Required status check "aws-access" is expected.`},
		{"a failed check", func(w *world, _ int, head string) { w.fail(head) }, false, `Pull request Required status check "aws-access" is failing.`},
		{"a check of another App", func(w *world, _ int, head string) { w.passAsOther(head) }, false, `Pull request Required status check "aws-access" is expected.`},
		{"a conflict", func(w *world, _ int, head string) {
			w.pass(head)
			w.must(ignore(w.repo.DirectPush("hana", map[string]*File{"README.md": text("theirs\n")}, "z")))
		}, false, "Pull request is not mergeable"},
		{"closed", func(w *world, n int, head string) { w.pass(head); w.must(w.repo.ClosePull("ken", n)) }, false, "Pull request is closed"},
		{"queued twice", func(w *world, n int, head string) { w.pass(head); w.must(w.repo.Enqueue("yuki", n, false)) }, false, "Pull request is already in the queue"},
		{"jumping without being an administrator", func(w *world, _ int, head string) { w.pass(head) }, true, "yuki does not have permission to jump the queue"},
		{"no queue", func(w *world, _ int, head string) { w.pass(head); w.must(w.repo.SetMergeQueue(nil)) }, false, "Pull request base branch does not have a merge queue"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.withQueue(nil)
			n, head := w.pullRequest("topic", map[string]*File{"README.md": text("ours\n")})
			tc.arrange(w, n, head)
			if err := w.repo.Enqueue("yuki", n, tc.jump); err == nil || !strings.HasSuffix(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestDraftsAndReadersAreNotQueued(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.withQueue(nil)
	head, err := w.repo.Push("ken", Push{Branch: "topic", Changes: map[string]*File{"a": text("1")}})
	w.must(err)
	n, err := w.repo.CreatePull("ken", PullSpec{Head: "topic", Title: "t", Draft: true})
	w.must(err)
	w.pass(head)
	w.wantStatus("a draft", w.repo.Enqueue("yuki", n, false), 422)
	w.wantStatus("a reader", w.repo.Enqueue("guest", n, false), 403)
	w.wantStatus("an outsider", w.repo.Enqueue("nora", n, false), 404)
	w.wantStatus("taking out what is not in", w.repo.Dequeue("yuki", n), 422)
}

// TestQueueBuildsGroupsOnEachOther queues a pull request that is behind and
// one on top of it, and checks the temporary branches.
func TestQueueBuildsGroupsOnEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.withQueue(nil)
	one, _ := w.queued("a", "1\n")
	two, _ := w.queued("b", "2\n")
	behind, head := w.pullRequest("topic-c", map[string]*File{"c": text("3\n")})
	w.pass(head)
	w.must(ignore(w.repo.DirectPush("hana", map[string]*File{"z": text("z")}, "z"))) // past the rules
	w.must(w.repo.Enqueue("yuki", behind, false))
	st := w.repo.stateForTest()
	base, names := st.Branches["main"], []string{}
	for i, e := range st.Queue {
		if e.Base != base || e.Pull != []int{one, two, behind}[i] || e.Position != i+1 || e.State != "AWAITING_CHECKS" || e.Enqueuer != "yuki" {
			t.Errorf("entry %d: %+v, want it on %s", i, e, base)
		}
		if want := fmt.Sprintf("refs/heads/gh-readonly-queue/main/pr-%d-%s", e.Pull, base); e.Ref != want {
			t.Errorf("ref %s, want %s", e.Ref, want)
		}
		names, base = append(names, e.Ref), e.Head
	}
	files, err := w.repo.Files(base)
	w.must(err)
	if files["a"].Content+files["b"].Content+files["c"].Content+files["z"].Content != "1\n2\n3\nz" {
		t.Errorf("files of the last group: %v", files)
	}
	refs, _, err := w.bot(nil).Git.ListMatchingRefs(t.Context(), org, repoName, &github.ReferenceListOptions{Ref: "heads/gh-readonly-queue/main"})
	w.must(err)
	var listed []string
	for _, r := range refs {
		listed = append(listed, r.GetRef())
	}
	slices.Sort(names)
	if diff := cmp.Diff(names, listed); diff != "" {
		t.Error(diff)
	}
	if by := st.Activity[len(st.Activity)-1]; by.Actor != "github-merge-queue[bot]" || by.Kind != "branch_creation" {
		t.Errorf("activity: %+v", by)
	}
}

func TestQueueLandsWhatPasses(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]struct{ parents, commits int }{"MERGE": {2, 2}, "SQUASH": {1, 2}, "REBASE": {1, 3}} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.withQueue(func(q *QueueParams) { q.Method = method })
			one, _ := w.queued("a", "1\n")
			two, _ := w.pullRequest("topic-b", map[string]*File{"b": text("2\n")})
			head, err := w.repo.Push("ken", Push{Branch: "topic-b", Changes: map[string]*File{"c": text("3\n")}, Message: "more"})
			w.must(err)
			w.pass(head)
			w.must(w.repo.Enqueue("hana", two, false))
			before := w.repo.stateForTest()
			groups := before.Queue
			w.pass(groups[1].Head) // the one behind waits for the one ahead
			w.wantLine("second passed", "#1 AWAITING_CHECKS", "#2 MERGEABLE")
			w.passAsOther(groups[0].Head)
			w.wantLine("passed by another App", "#1 AWAITING_CHECKS", "#2 MERGEABLE")
			w.pass(groups[0].Head)
			w.wantLine("both passed")

			st := w.repo.stateForTest()
			if st.Branches["main"] != groups[1].Head || len(st.Commits)-len(before.Commits) != want.commits || len(st.Commits[0].Parents) != want.parents {
				t.Errorf("main %s, newest %+v", st.Branches["main"], st.Commits[0])
			}
			var moves []ActivityState
			for _, a := range st.Activity {
				if a.Ref == "refs/heads/main" {
					moves = append(moves, a)
				}
			}
			if len(moves) != 1 || moves[0].Kind != "merge_queue_merge" || moves[0].Actor != "github-merge-queue[bot]" || moves[0].After != groups[1].Head {
				t.Errorf("moves of main: %+v", moves)
			}
			for i, n := range []int{one, two} {
				w.wantMergedBy(n, groups[i].Head, st.Commits)
			}
			for name := range st.Branches {
				if strings.HasPrefix(name, "gh-readonly-queue/") {
					t.Errorf("left over: %s", name)
				}
			}
		})
	}
}

// wantMergedBy checks a pull request that the queue merged as a commit.
func (w *world) wantMergedBy(n int, sha string, commits []CommitState) {
	w.t.Helper()
	pr, _, err := w.bot(nil).PullRequests.Get(w.t.Context(), org, repoName, n)
	w.must(err)
	if !pr.GetMerged() || pr.GetMergeCommitSHA() != sha || pr.MergedBy.GetLogin() != "github-merge-queue[bot]" || pr.MergedAt == nil || pr.GetChangedFiles() == 0 {
		w.t.Errorf("pull request %d: %v", n, pr)
	}
	if !slices.ContainsFunc(commits, func(c CommitState) bool { return c.SHA == sha }) {
		w.t.Errorf("%s is no first parent of main", sha)
	}
	from, _, err := w.bot(nil).PullRequests.ListPullRequestsWithCommit(w.t.Context(), org, repoName, sha, nil)
	w.must(err)
	if len(from) != 1 || from[0].GetNumber() != n {
		w.t.Errorf("pull requests of %s: %v", sha, from)
	}
}

func TestAFailedEntryLeavesAndThoseBehindAreBuiltAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.withQueue(nil)
	w.queued("a", "1\n")
	w.queued("b", "2\n")
	w.queued("c", "3\n")
	groups := w.repo.stateForTest().Queue
	w.fail(groups[1].Head)
	w.wantLine("failed behind one that is open", "#1 AWAITING_CHECKS", "#2 UNMERGEABLE", "#3 AWAITING_CHECKS")
	w.pass(groups[0].Head)
	w.wantLine("then the one ahead passed", "#3 AWAITING_CHECKS")
	st := w.repo.stateForTest()
	if st.Branches["main"] != groups[0].Head || st.Queue[0].Base != groups[0].Head || st.Queue[0].Head == groups[2].Head {
		t.Errorf("main %s, queue %+v", st.Branches["main"], st.Queue)
	}
	if st.Pulls[1].State != "open" || st.Pulls[1].Queued != nil || st.Pulls[2].Queued == nil {
		t.Errorf("pull requests: %+v", st.Pulls)
	}
}

func TestHeadgreenMergesAFailedEntryWithAPassingOneBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.withQueue(func(q *QueueParams) { q.Grouping = "HEADGREEN" })
	w.queued("a", "1\n")
	w.queued("b", "2\n")
	w.queued("c", "3\n")
	groups := w.repo.stateForTest().Queue
	w.fail(groups[0].Head)
	w.wantLine("the first failed", "#1 UNMERGEABLE", "#2 AWAITING_CHECKS", "#3 AWAITING_CHECKS")
	w.pass(groups[1].Head)
	w.wantLine("the second passed", "#3 AWAITING_CHECKS")
	if got := w.repo.stateForTest().Branches["main"]; got != groups[1].Head {
		t.Errorf("main %s, want %s", got, groups[1].Head)
	}
	w.fail(groups[2].Head)
	w.wantLine("the last failed")
}

func TestWhatTakesAnEntryOut(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		act    func(w *world, n int)
		reason string
	}{
		{"a check that never comes", func(w *world, _ int) { w.clock.move(time.Hour) }, "CI_TIMEOUT"},
		{"a failed check", func(w *world, _ int) { w.fail(w.repo.stateForTest().Queue[0].Head) }, "CI_FAILURE"},
		{"a push to its branch", func(w *world, _ int) {
			w.must(ignore(w.repo.Push("ken", Push{Branch: "topic-README.md", Changes: map[string]*File{"q": text("q")}})))
		}, "UNKNOWN_REMOVAL_REASON"},
		{"closing it", func(w *world, n int) { w.must(w.repo.ClosePull("ken", n)) }, "MANUAL"},
		{"taking it out", func(w *world, n int) { w.must(w.repo.Dequeue("ken", n)) }, "MANUAL"},
		{"a conflict with a direct push", func(w *world, _ int) {
			w.must(ignore(w.repo.DirectPush("hana", map[string]*File{"README.md": text("theirs\n")}, "z")))
		}, "MERGE_CONFLICT"},
		{"the queue is switched off", func(w *world, _ int) { w.must(w.repo.SetMergeQueue(nil)) }, "QUEUE_CLEARED"},
		{"a required approval is missing when it could land", func(w *world, _ int) {
			group := w.repo.stateForTest().Queue[0].Head
			w.repo.Protect("main", &Protection{Approvals: 1})
			w.pass(group)
		}, "BRANCH_PROTECTIONS"},
		{"its commits reach the base another way", func(w *world, n int) {
			w.must(w.repo.ForcePush("hana", "main", w.repo.stateForTest().Pulls[n-1].HeadSHA, true))
		}, "ALREADY_MERGED"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w, got := hooked(t, http.StatusOK)
			w.withQueue(nil)
			n, _ := w.queued("README.md", "ours\n")
			w.queued("b", "2\n")
			first := w.repo.stateForTest().Queue[1]
			tc.act(w, n)
			st := w.repo.stateForTest()
			if len(st.Queue) > 0 && (st.Queue[0].Pull == n || st.Queue[0].Base != st.Branches["main"] || st.Queue[0].Head == first.Head) {
				t.Errorf("queue: %+v", st.Queue)
			}
			h := w.awaitHook(got, func(h hook) bool {
				e, is := h.payload.(*github.PullRequestEvent)
				return is && e.GetAction() == "dequeued" && e.GetNumber() == n
			})
			if reason := member(t, h.body, "reason"); reason != tc.reason {
				t.Errorf("reason %q, want %q", reason, tc.reason)
			}
		})
	}
}

// awaitHook waits for the webhook that fits and drops others.
func (w *world) awaitHook(got chan hook, fits func(hook) bool) hook {
	w.t.Helper()
	w.flush()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for deadline := time.After(10 * time.Second); ; {
		select {
		case h := <-got:
			if fits(h) {
				return h
			}
		case <-again.C: // for what was put on its way after the flush
			w.clock.move(time.Millisecond)
			w.poke()
		case <-deadline:
			w.t.Fatal("the webhook did not come")
		}
	}
}

// member reads a string of a JSON object.
func member(t *testing.T, body []byte, path ...string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	s, _ := v.(string)
	return s
}

func TestWebhooksOfAQueue(t *testing.T) {
	t.Parallel()
	w, got := hooked(t, http.StatusOK)
	w.withQueue(nil)
	n, _ := w.queued("a", "1\n")
	w.wantLine("built", "#1 AWAITING_CHECKS")
	w.flush()
	// opened, two of its check, push; then enqueued, the group and its push.
	seen := await(t, got, 7)
	group := w.repo.stateForTest().Queue[0]
	asked := seen["merge_group.checks_requested"]
	mg := asked.payload.(*github.MergeGroupEvent).GetMergeGroup()
	if mg.GetHeadSHA() != group.Head || mg.GetHeadRef() != group.Ref || mg.GetBaseSHA() != group.Base || mg.GetBaseRef() != "refs/heads/main" ||
		member(t, asked.body, "merge_group", "head_commit", "id") != group.Head || member(t, asked.body, "sender", "login") != "github-merge-queue[bot]" {
		t.Errorf("checks requested: %s", asked.body)
	}
	if e, is := seen["pull_request.enqueued"].payload.(*github.PullRequestEvent); !is || e.GetNumber() != n || e.Sender.GetLogin() != "yuki" {
		t.Errorf("enqueued: %+v", e)
	}
	w.pass(group.Head)
	w.wantLine("landed")
	w.flush()
	// two of the check, the pushes of main and of the deleted branch.
	seen = await(t, got, 7)
	want := []string{"check_run.completed", "check_run.created", "merge_group.destroyed", "pull_request.closed", "pull_request.dequeued", "push"}
	if diff := cmp.Diff(want, sortedKeys(seen)); diff != "" {
		t.Fatal(diff)
	}
	if gone := seen["merge_group.destroyed"]; member(t, gone.body, "reason") != "merged" || member(t, gone.body, "merge_group", "head_sha") != group.Head {
		t.Errorf("destroyed: %s", gone.body)
	}
	closed := seen["pull_request.closed"].payload.(*github.PullRequestEvent).PullRequest
	if !closed.GetMerged() || closed.GetMergeCommitSHA() != group.Head || closed.MergedBy.GetLogin() != "github-merge-queue[bot]" {
		t.Errorf("closed: %v", closed)
	}
	if reason := member(t, seen["pull_request.dequeued"].body, "reason"); reason != "MERGE" {
		t.Errorf("reason %q", reason)
	}
}

// TestRunDrivesTheQueue looks at nothing between the acts: the loop that
// sends webhooks must build, time out and say so by itself.
func TestRunDrivesTheQueue(t *testing.T) {
	t.Parallel()
	url, got := receiver(t, http.StatusOK)
	w := newWorld(t, func(o *Options) {
		o.WebhookURL, o.WebhookDelay, o.QueueDelay = url, time.Nanosecond, time.Second
	})
	w.withQueue(func(q *QueueParams) { q.Timeout = 30 })
	n, _ := w.queued("a", "1\n")
	w.wantLine("not built yet", fmt.Sprintf("#%d QUEUED", n))
	w.run()
	w.awaitHook(got, func(h hook) bool {
		return h.event == "merge_group" && member(t, h.body, "action") == "checks_requested"
	})
	w.clock.move(30 * time.Minute)
	h := w.awaitHook(got, func(h hook) bool { return member(t, h.body, "action") == "dequeued" })
	if reason := member(t, h.body, "reason"); reason != "CI_TIMEOUT" {
		t.Errorf("reason %q", reason)
	}
}

func TestJumpingMovesTheOthersBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.withQueue(nil)
	w.queued("a", "1\n")
	old := w.repo.stateForTest().Queue[0]
	n, head := w.pullRequest("urgent", map[string]*File{"u": text("u")})
	w.pass(head)
	w.must(w.repo.Enqueue("hana", n, true))
	st := w.repo.stateForTest()
	if len(st.Queue) != 2 || st.Queue[0].Pull != n || !st.Queue[0].Jump || st.Queue[1].Base != st.Queue[0].Head || st.Queue[1].Head == old.Head {
		t.Errorf("queue: %+v", st.Queue)
	}
}

func TestQueueWaitsForTheSmallestGroupAndMergesTheLargest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.withQueue(func(q *QueueParams) { q.MinMerge, q.MinWait, q.MaxMerge, q.MaxBuild = 2, 5, 2, 2 })
	w.queued("a", "1\n")
	first := w.repo.stateForTest().Queue[0].Head
	w.pass(first)
	w.wantLine("alone", "#1 MERGEABLE")
	w.clock.move(5 * time.Minute)
	w.wantLine("waited long enough")
	w.queued("b", "2\n")
	w.queued("c", "3\n")
	w.queued("d", "4\n")
	w.wantLine("only two are built", "#2 AWAITING_CHECKS", "#3 AWAITING_CHECKS", "#4 QUEUED")
	groups := w.repo.stateForTest().Queue
	w.pass(groups[1].Head)
	w.pass(groups[0].Head)
	w.wantLine("two at once", "#4 AWAITING_CHECKS")
	if got := w.repo.stateForTest().Branches["main"]; got != groups[1].Head {
		t.Errorf("main %s, want %s", got, groups[1].Head)
	}
}

func TestRulesOfAQueueHaveBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for name, change := range map[string]func(*QueueParams){
		"no timeout": func(q *QueueParams) { q.Timeout = 0 }, "a timeout too long": func(q *QueueParams) { q.Timeout = 361 },
		"an unknown grouping": func(q *QueueParams) { q.Grouping = "SOME" }, "an unknown method": func(q *QueueParams) { q.Method = "merge" },
		"too many to merge": func(q *QueueParams) { q.MaxMerge = 101 },
	} {
		params := DefaultQueue()
		change(&params)
		w.wantStatus(name, w.repo.SetMergeQueue(&params), http.StatusUnprocessableEntity)
	}
	w.withQueue(nil)
	rules, _, err := w.rest("GET", "ghp_ken", "/repos/acme/aws-access-config/rules/branches/main", "")
	w.must(err)
	if !strings.Contains(rules, `"type":"merge_queue"`) || !strings.Contains(rules, `"check_response_timeout_minutes":60`) || !strings.Contains(rules, `"grouping_strategy":"ALLGREEN"`) {
		t.Errorf("rules: %s", rules)
	}
	body := `{"name":"q","target":"branch","enforcement":"active","conditions":{"ref_name":{"include":["~DEFAULT_BRANCH"],"exclude":[]}},
		"rules":[{"type":"merge_queue","parameters":{"check_response_timeout_minutes":5,"grouping_strategy":"HEADGREEN","max_entries_to_build":1,
		"max_entries_to_merge":1,"merge_method":"SQUASH","min_entries_to_merge":0,"min_entries_to_merge_wait_minutes":0}}]}`
	made, code, err := w.rest("POST", "ghp_hana", "/repos/acme/aws-access-config/rulesets", body)
	w.must(err)
	if code != http.StatusCreated || !strings.Contains(made, `"min_entries_to_merge_wait_minutes":0`) {
		t.Errorf("%d %s", code, made)
	}
}

// TestMergeGroupsAreToldToAppsThatMayReadQueues: without the permission there
// are the pushes of the temporary branches, but no event of the group.
func TestMergeGroupsAreToldToAppsThatMayReadQueues(t *testing.T) {
	t.Parallel()
	url, got := receiver(t, http.StatusOK)
	w := newWorld(t, func(o *Options) {
		o.WebhookURL, o.WebhookDelay = url, time.Nanosecond
		o.App.Permissions = DefaultPermissions()
		delete(o.App.Permissions, "merge_queues")
	})
	w.run()
	w.withQueue(nil)
	n, _ := w.queued("a", "1\n")
	w.wantLine("built", "#1 AWAITING_CHECKS")
	w.must(w.repo.Dequeue("yuki", n))
	seen := []string{}
	w.awaitHook(got, func(h hook) bool {
		if h.event != "check_run" {
			seen = append(seen, h.event)
		}
		return len(seen) == 6 // opened, enqueued, dequeued; a push of the topic, two of the group
	})
	if slices.Contains(seen, "merge_group") {
		t.Errorf("events: %v", seen)
	}
}
