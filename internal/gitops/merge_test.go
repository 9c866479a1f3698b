package gitops_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/review"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

const (
	botLogin = "access-bot[bot]"
	mergeOp  = "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge"
)

// autoWorld is the example with merge: auto and rules before its own.
func autoWorld(t *testing.T, rules string) *world {
	t.Helper()
	files := exampleFiles(t)
	access := files["aws-access.yaml"]
	access = strings.Replace(access, "  - name: admin in production\n", rules+"  - name: admin in production\n", 1)
	files["aws-access.yaml"] = strings.TrimRight(access, "\n") + "\nmerge: auto\n"
	return newWorldOf(t, files)
}

// merges counts how often GitHub was asked to merge.
func (w *world) merges() int {
	entries, _ := w.kit.Journal.Since(0)
	n := 0
	for _, e := range entries {
		if e.Op == mergeOp {
			n++
		}
	}
	return n
}

// hooked lets something happen just before a call of the host.
type hooked struct {
	gitops.Host
	reviews, merge func()
	compare        func(base string) // with the branch or commit that is compared with
	draft          bool
	refs           func([]gitops.QueueRef) []gitops.QueueRef
	branch         string // answered for main once refs were listed
	listed         bool
}

func (h *hooked) QueueRefs(ctx context.Context, branch string) ([]gitops.QueueRef, error) {
	list, err := h.Host.QueueRefs(ctx, branch)
	if h.refs != nil {
		list, h.listed = h.refs(list), true
	}
	return list, err
}

func (h *hooked) Branch(ctx context.Context, name string) (string, error) {
	if h.listed && h.branch != "" && name == "main" {
		return h.branch, nil
	}
	return h.Host.Branch(ctx, name)
}

func (h *hooked) Compare(ctx context.Context, base, head string) (gitops.Comparison, error) {
	if h.compare != nil {
		h.compare(base)
	}
	return h.Host.Compare(ctx, base, head)
}

func (h *hooked) Reviews(ctx context.Context, n int) ([]review.Review, error) {
	if h.reviews != nil {
		h.reviews()
	}
	return h.Host.Reviews(ctx, n)
}

func (h *hooked) Merge(ctx context.Context, n int, sha string, m gitops.MergeMethod) (string, error) {
	if h.merge != nil {
		h.merge()
	}
	return h.Host.Merge(ctx, n, sha, m)
}

func (h *hooked) OpenPulls(ctx context.Context, base string) ([]gitops.Pull, error) {
	list, err := h.Host.OpenPulls(ctx, base)
	for i := range list {
		list[i].Draft = h.draft
	}
	return list, err
}

// hook makes the Gitops anew on a host with hooks.
func (w *world) hook(h *hooked) {
	w.t.Helper()
	h.Host = w.client()
	g, err := gitops.New(w.opt, h, store.NewGitops(w.db), w.dir)
	w.must(err)
	w.Gitops = g
}

// TestTheBotMergesWhatPasses with the first method that is allowed, and puts it
// in force in the same look.
func TestTheBotMergesWhatPasses(t *testing.T) {
	t.Parallel()
	linear := githubemu.Ruleset{Name: "linear", Include: []string{"~DEFAULT_BRANCH"}, Rules: []githubemu.Rule{{Type: "required_linear_history"}}}
	tests := []struct {
		name    string
		set     githubemu.RepoSettings
		rules   *githubemu.Ruleset
		parents int
		message string
	}{
		{"squash before others", githubemu.RepoSettings{}, nil, 1, "(#1)"},
		{"a merge commit without squash", githubemu.RepoSettings{NoSquash: true}, nil, 2, "Merge pull request #1"},
		{"rebase last", githubemu.RepoSettings{NoSquash: true, NoMerge: true}, nil, 1, "Request: REQ-7F3K2Q"},
		{"no merge commit in a linear history", githubemu.RepoSettings{NoSquash: true}, &linear, 1, "Request: REQ-7F3K2Q"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := autoWorld(t, "")
			w.repo.SetSettings(tt.set)
			if tt.rules != nil {
				w.repo.PutRuleset(*tt.rules)
			}
			n := w.proposed(w.request(req))
			if w.merges() != 0 {
				t.Fatal("merged before it was approved")
			}
			w.review("yuki-lead", n, "APPROVE")
			w.must(w.Look(t.Context()))
			f := w.facts(req)
			if f.State != access.PullMerged || f.MergedBy != botLogin || !slices.Equal(f.ApprovedBy, []string{"yuki-lead"}) || w.merges() != 1 {
				t.Fatalf("facts %+v after %d merges", f, w.merges())
			}
			w.holds(f.Commit, "")
			if w.head("main") != f.Commit || !w.desires("111122224444", "PowerUserAccess", devGroup) {
				t.Error("it is not in force")
			}
			commits := w.emu.State().Repos[0].Commits
			i := slices.IndexFunc(commits, func(c githubemu.CommitState) bool { return c.SHA == f.Commit })
			if c := commits[i]; len(c.Parents) != tt.parents || !strings.Contains(c.Message, tt.message) {
				t.Errorf("commit %+v", c)
			}
		})
	}
}

// TestTheBotMergesARevocation that needs nobody.
func TestTheBotMergesARevocation(t *testing.T) {
	t.Parallel()
	w := autoWorld(t, "")
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	r := w.request("REQ-000001")
	r.Kind, r.Want.Revokes = access.KindRevoke, req
	w.proposed(r)
	if f := w.facts("REQ-000001"); f.State != access.PullMerged || len(f.ApprovedBy) != 0 || w.desires("111122224444", "PowerUserAccess", devGroup) {
		t.Errorf("facts %+v", f)
	}
	w.holds(w.head("main"), "")
}

// TestWhatTheBotLeavesToPeople, though its check passes or did.
func TestWhatTheBotLeavesToPeople(t *testing.T) {
	t.Parallel()
	approved := func(w *world) int {
		n := w.proposed(w.request(req))
		w.review("yuki-lead", n, "APPROVE")
		return n
	}
	tests := []struct {
		name string
		play func(w *world)
		says string // what the request lacks, "" for nothing
	}{
		{"a draft", func(w *world) { w.hook(&hooked{draft: true}); approved(w) }, "It is a draft"},
		{"what was closed and opened again", func(w *world) {
			n := approved(w)
			w.must(w.repo.ClosePull("hana-dev", n))
			w.look()
			w.must(w.repo.ReopenPull("hana-dev", n))
			w.look()
			w.review("yuki-lead", n, "APPROVE")
		}, "closed and opened again"},
		{"requested changes", func(w *world) {
			w.review("yuki-lead", approved(w), "REQUEST_CHANGES")
		}, "yuki-lead"},
		{"a dismissed approval", func(w *world) {
			n := w.proposed(w.request(req))
			id, err := w.repo.Review("yuki-lead", n, "APPROVE", "", "")
			w.must(err)
			w.must(w.repo.DismissReview("hana-dev", n, id, "no"))
		}, "needs 1 approval"},
		{"a commit that somebody pushed", func(w *world) {
			approved(w)
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "access/" + string(req), Message: "more", IgnoreRules: true})
			w.must(err)
		}, "is not the commit the bot made"},
		{"anything while it stands still", func(w *world) {
			n := w.proposed(w.request(req))
			_, err := w.repo.DirectPush("hana-dev", map[string]*githubemu.File{"x": {Content: "x"}}, "x")
			w.must(err)
			w.look()
			w.review("yuki-lead", n, "APPROVE")
		}, "Approved; it waits because the bot stands still at commit"},
		{"what is given already", func(w *world) {
			n := w.proposed(w.request(req))
			hand := w.byHand("yuki-lead", "standing", map[string]*githubemu.File{devFile: w.grantLine(devFile, "  - {account: payments-dev, permission_set: PowerUserAccess, reason: always}\n")})
			w.review("ken-platform", hand, "APPROVE")
			sha := w.merge(hand, "squash")
			w.look()
			w.must(w.Trust(w.t.Context(), sha, "the test"))
			w.look()
			w.review("yuki-lead", n, "APPROVE")
			w.look()
			if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "success" {
				w.t.Errorf("check of %d: %q %q", n, c.Conclusion, c.Title)
			}
		}, "the config gives all of it already"},
		{"anything while the branch's config is invalid", func(w *world) {
			n := w.proposed(w.request(req))
			broken := w.byHand("hana-dev", "broken", map[string]*githubemu.File{"groups/broken.yaml": {Content: "id: [\n"}})
			w.merge(broken, "squash")
			w.look()
			w.review("yuki-lead", n, "APPROVE")
		}, "the config at the head of main is not valid"},
		{"what cannot be put on the new base", func(w *world) {
			r := w.request(req)
			r.Want.Principal.ID = "0b7e3f4c-0000-4000-8000-0000000000aa"
			r.Want.PrincipalName, r.Want.PrincipalSlug = "AWS Newcomers", ""
			n := w.proposed(r)
			hand := w.byHand("taro-data", "taken", map[string]*githubemu.File{"groups/aws-newcomers.yaml": {
				Content: "id: 0b7e3f4c-0000-4000-8000-0000000000ab\nname: AWS Newcomers\naccess:\n" + devGrant,
			}})
			w.review("yuki-lead", hand, "APPROVE")
			w.merge(hand, "squash")
			w.look()
			w.review("yuki-lead", n, "APPROVE")
		}, "cannot put the same change on the new base"},
		{"what it has no record of", func(w *world) {
			n := w.proposed(w.request(req))
			seed := w.head("main")
			w.db = store.NewMemory()
			w.restart()
			w.must(w.Trust(w.t.Context(), seed, "the test"))
			w.look()
			w.review("yuki-lead", n, "APPROVE")
			w.look()
			head := w.head("access/" + string(req))
			if c := w.check(head); c.Conclusion != "success" || !strings.Contains(c.Summary, "no record that it opened") {
				w.t.Errorf("check %q: %s", c.Conclusion, c.Summary)
			}
		}, "-"},
		{"a pull request of a person", func(w *world) {
			n := w.byHand("taro-data", "by-hand", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
			w.look()
			w.review("yuki-lead", n, "APPROVE")
			w.look()
			if c := w.check(w.head("by-hand")); c.Conclusion != "success" || strings.Contains(c.Summary, "no record") {
				w.t.Errorf("check %q %q: %s", c.Conclusion, c.Title, c.Summary)
			}
		}, "-"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := autoWorld(t, "")
			tt.play(w)
			w.look()
			w.look()
			if w.merges() != 0 {
				t.Error("it was merged")
			}
			if tt.says == "-" {
				return
			}
			f := w.facts(req)
			if says := strings.Join(f.Missing, " "); f.State != access.PullOpen || tt.says == "" && says != "" || !strings.Contains(says, tt.says) {
				t.Errorf("%s, lacks %q, want %q", f.State, says, tt.says)
			}
		})
	}
}

// TestT43TheBotMergesNoMoreThanTheCapAllows: two pass at once, one is merged,
// and the other is judged anew.
func TestT43TheBotMergesNoMoreThanTheCapAllows(t *testing.T) {
	t.Parallel()
	w := autoWorld(t, strings.Replace(autoRule, "per_day: 2", "per_day: 1", 1))
	one, other := w.request("REQ-000001"), w.request("REQ-000002")
	one.Want.Term.For = 2 * time.Hour
	w.must(w.Propose(t.Context(), one))
	w.must(w.Propose(t.Context(), other))
	w.must(w.Look(t.Context()))
	first, second := w.facts("REQ-000001"), w.facts("REQ-000002")
	if first.State != access.PullMerged || second.State != access.PullOpen || w.merges() != 1 {
		t.Fatalf("the first is %s, the second %s, after %d merges", first.State, second.State, w.merges())
	}
	w.holds(first.Commit, "")
	if says := strings.Join(second.Missing, " "); !strings.Contains(says, "1 a day pass without an approval, and they are used up") {
		t.Errorf("the second lacks %q", says)
	}
	w.look()
	w.review("yuki-lead", second.Ref.Number, "APPROVE")
	w.must(w.Look(t.Context()))
	if f := w.facts("REQ-000002"); f.State != access.PullMerged {
		t.Errorf("the second is %s, lacks %q", f.State, f.Missing)
	}
	w.holds(w.head("main"), "")
}

// TestTwoApprovedAtOnce: after the first was merged the other is put on the new
// base and must be approved there.
func TestTwoApprovedAtOnce(t *testing.T) {
	t.Parallel()
	w := autoWorld(t, "")
	one, two := w.proposed(w.request(req)), w.proposed(another(w))
	w.review("yuki-lead", one, "APPROVE")
	w.review("ken-platform", two, "APPROVE")
	w.must(w.Look(t.Context()))
	first, second := w.facts(req), w.facts("REQ-000001")
	if first.State != access.PullMerged || second.State != access.PullOpen || len(second.Missing) != 1 {
		t.Fatalf("the first is %s, the second %+v", first.State, second)
	}
	w.look()
	w.review("ken-platform", two, "APPROVE")
	w.must(w.Look(t.Context()))
	w.holds(w.head("main"), "")
	if !w.desires("111122224444", "PowerUserAccess", devGroup) || !w.desires("111122224444", "AdministratorAccess", devGroup) {
		t.Error("one of two grants is not desired")
	}
}

// TestGitHubRefusesToMerge: what GitHub says is shown when it goes on saying
// it, and the merge is made when it stops.
func TestGitHubRefusesToMerge(t *testing.T) {
	t.Parallel()
	w := autoWorld(t, "")
	more := w.repo.PutRuleset(githubemu.Ruleset{Name: "more", Include: []string{"~DEFAULT_BRANCH"}, Rules: []githubemu.Rule{
		{Type: "required_status_checks", Parameters: &githubemu.RuleParams{Checks: []githubemu.RequiredCheck{{Context: "lint @all"}}}},
	}})
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	if f := w.facts(req); len(f.Missing) != 0 {
		t.Errorf("told at once: %q", f.Missing)
	}
	for range 3 {
		w.look()
	}
	f := w.facts(req)
	want := []string{"It is approved, but GitHub does not let the bot merge it: Repository rule violations found Required status check \"lint @\u200ball\" is expected. Merge it yourself, or ask who looks after the config repo."}
	if diff := cmp.Diff(want, f.Missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	c := w.check(f.Ref.Head)
	if c.Conclusion != "success" || !strings.Contains(c.Summary, "GitHub does not let the bot merge it") || strings.Contains(c.Summary, "@all") {
		t.Errorf("check %q: %s", c.Conclusion, c.Summary)
	}
	w.restart()
	w.repo.RemoveRuleset(more)
	w.look()
	if f := w.facts(req); f.State != access.PullMerged || len(f.Missing) != 0 {
		t.Errorf("facts %+v", f)
	}
	w.holds(w.head("main"), "")
}

// TestT11APushBeforeTheMergeWins: the head is named in the merge, so that
// GitHub refuses what came in between.
func TestT11APushBeforeTheMergeWins(t *testing.T) {
	t.Parallel()
	w := autoWorld(t, "")
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	pushed := ""
	w.hook(&hooked{merge: func() {
		var err error
		pushed, err = w.repo.Push("hana-dev", githubemu.Push{Branch: "access/" + string(req), Message: "more", IgnoreRules: true})
		w.must(err)
	}})
	before := w.head("main")
	w.look()
	if pushed == "" || w.merges() != 1 || w.head("main") != before {
		t.Fatalf("pushed %q, %d merges, main moved: %v", pushed, w.merges(), w.head("main") != before)
	}
	w.look()
	if c := w.check(pushed); w.merges() != 1 || c.Conclusion != "failure" {
		t.Errorf("%d merges, check %q", w.merges(), c.Conclusion)
	}
}

// TestT11ReviewsAreReadAgainBeforeTheMerge: an opinion given while the check
// was written is heeded; one in the very last moment makes a halt, and nothing
// comes into force.
func TestT11ReviewsAreReadAgainBeforeTheMerge(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		w := autoWorld(t, "")
		n := w.proposed(w.request(req))
		w.review("yuki-lead", n, "APPROVE")
		no := func() { w.review("yuki-lead", n, "REQUEST_CHANGES") }
		h, reads := &hooked{}, 0
		if late {
			h.merge = no
		} else {
			h.reviews = func() {
				if reads++; reads == 2 {
					no()
				}
			}
		}
		w.hook(h)
		seed := w.head("main")
		w.look()
		w.look()
		halt := gitops.HaltCode("")
		if late {
			halt = gitops.HaltBlocked
		}
		w.holds(seed, halt)
		if merged := w.facts(req).State == access.PullMerged; merged != late || !late && w.merges() != 0 {
			t.Errorf("late %v: merged %v, asked %d times", late, merged, w.merges())
		}
	}
}

// TestAMergeStoppedAnywhere ends the look after each durable step, and with the
// answer lost: it is merged once and comes into force.
func TestAMergeStoppedAnywhere(t *testing.T) {
	t.Parallel()
	for n := 0; n <= 8; n++ {
		w := autoWorld(t, "")
		number := w.proposed(w.request(req))
		w.review("yuki-lead", number, "APPROVE")
		if n == 0 {
			w.kit.Faults.Add(emukit.Fault{Name: "lost", Op: mergeOp, Status: 502, AfterEffect: true})
			if err := w.Look(t.Context()); err == nil {
				t.Error("the answer was not lost")
			}
		} else {
			ctx, cancel := context.WithCancel(t.Context())
			g, err := gitops.New(w.opt, w.client(), store.NewGitops(&stopping{w.db, cancel, n}), w.dir)
			w.must(err)
			_ = g.Look(ctx) // it may be stopped
			cancel()
		}
		w.restart()
		w.look()
		f := w.facts(req)
		if f.State != access.PullMerged || w.merges() != 1 || !w.desires("111122224444", "PowerUserAccess", devGroup) {
			t.Errorf("stopped after step %d: %d merges, facts %+v", n, w.merges(), f)
		}
		w.holds(w.head("main"), "")
	}
}

// TestAMergeIsLogged with the request, the head, the method and who approved.
func TestAMergeIsLogged(t *testing.T) {
	t.Parallel()
	w := autoWorld(t, "")
	var log strings.Builder
	w.opt.Log = slog.New(slog.NewTextHandler(&log, nil))
	w.hook(&hooked{})
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	head := w.facts(req).Ref.Head
	w.look()
	want := fmt.Sprintf(`msg=merged request=REQ-7F3K2Q pull=%d head=%s method=squash commit=%s approvers=yuki-lead`, n, head, w.head("main"))
	if !strings.Contains(log.String(), want) {
		t.Errorf("the log has no %q:\n%s", want, log.String())
	}
}
