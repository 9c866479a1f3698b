package gitops_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// yuki is who owns payments-dev and wants access too.
func yuki() access.Person {
	return access.Person{Entra: yukiEntra, Name: "Yuki `@all` <b>"}
}

// body is what the first pull request says now.
func (w *world) body() string {
	w.t.Helper()
	return w.emu.State().Repos[0].Pulls[0].Body
}

func TestWhoJoinsNoLongerApproves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	head := w.facts(req).Ref.Head
	if c := w.check(head); c.Conclusion != "success" {
		t.Fatalf("before: %q", c.Conclusion)
	}
	w.must(w.Join(t.Context(), req, yuki()))
	w.look()
	if c := w.check(head); c.Conclusion != "action_required" || !strings.Contains(c.Summary, "joined") {
		t.Errorf("after: %q\n%s", c.Conclusion, c.Summary)
	}
	b, err := gitops.ParseBlock(w.body(), w.opt.SigningKey)
	if err != nil || !slices.Equal(b.Joined, []string{yukiEntra}) {
		t.Errorf("signed block %+v, %v", b, err)
	}
	if want := "Also asked for by ``Yuki `@\u200ball` <b>`` (Entra user `" + yukiEntra + "`)"; !strings.Contains(w.body(), want) {
		t.Errorf("the body has no %s:\n%s", want, w.body())
	}
	w.merge(n, "squash")
	w.look()
	w.holds(w.status().InForce, gitops.HaltApproval)
}

// TestJoiningAfterTheMergeKeepsALateApprovalOut: the verdict is not given yet.
func TestJoiningAfterTheMergeKeepsALateApprovalOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	before := w.status().InForce
	w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltApproval)
	w.must(w.Join(t.Context(), req, yuki()))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.holds(before, gitops.HaltApproval)
}

// TestWhoJoinedBeforeThereWasAPullRequest is in the block from the start.
func TestWhoJoinedBeforeThereWasAPullRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.Join(t.Context(), req, yuki()))
	w.must(w.Join(t.Context(), req, yuki()))
	n := w.proposed(w.request(req))
	b, err := gitops.ParseBlock(w.body(), w.opt.SigningKey)
	if err != nil || !slices.Equal(b.Joined, []string{yukiEntra}) {
		t.Errorf("signed block %+v, %v", b, err)
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "action_required" {
		t.Errorf("check %q", c.Conclusion)
	}
}

// TestWhoJoinedIsKnownWhenTheRecordIsLost: from the signed block.
func TestWhoJoinedIsKnownWhenTheRecordIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	w.must(w.Join(t.Context(), req, yuki()))
	w.look()
	first := w.status().InForce
	w.db = store.NewMemory()
	w.restart()
	w.must(w.Trust(t.Context(), first, "the test"))
	w.review("yuki-lead", n, "APPROVE")
	w.merge(n, "squash")
	w.look()
	w.holds(first, gitops.HaltApproval)
}

// TestABodyThatAPersonEditedIsSignedAgain: whatever became of the block, and
// what people wrote beside it stays.
func TestABodyThatAPersonEditedIsSignedAgain(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(string) string{
		"taken out": func(b string) string { return strings.Split(b, "<!-- aws-access-bot:v1")[0] + "A note by Ken.\n" },
		"cut short": func(b string) string { return "A note by Ken.\n" + strings.TrimSuffix(strings.TrimSpace(b), "-->") },
		"twice":     func(b string) string { return "A note by Ken.\n" + b + b },
		"of another": func(b string) string {
			return "A note by Ken.\n" + strings.Replace(b, "<!-- aws-access-bot:v1 ", "<!-- aws-access-bot:v1 AAAA", 1)
		},
		"by GitHub's editor": func(b string) string { return "A note by Ken.\r\n" + strings.ReplaceAll(b, "\n", "\r\n") },
		"another who": func(b string) string {
			return "A note by Ken.\n" + strings.Replace(b, "Also asked for by", "Never asked for by", 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := w.proposed(w.request(req))
			w.must(w.Join(t.Context(), req, yuki()))
			w.look()
			w.must(w.client().EditBody(t.Context(), n, edit(w.body())))
			w.look()
			b, err := gitops.ParseBlock(w.body(), w.opt.SigningKey)
			if err != nil || b.Request != req || !slices.Equal(b.Joined, []string{yukiEntra}) {
				t.Errorf("signed block %+v, %v", b, err)
			}
			if strings.Count(w.body(), "Also asked for by") != 1 || strings.Contains(w.body(), "Never") {
				t.Errorf("who joined:\n%s", w.body())
			}
			if !strings.Contains(w.body(), "A note by Ken.") {
				t.Errorf("what a person wrote is gone:\n%s", w.body())
			}
			now := w.body()
			w.look()
			if w.body() != now {
				t.Errorf("edited once more:\n%s", w.body())
			}
		})
	}
}

// TestWhoJoinsWhileItIsJudgedIsHeeded: who joined is read again before the bot
// merges.
func TestWhoJoinsWhileItIsJudgedIsHeeded(t *testing.T) {
	t.Parallel()
	w := autoWorld(t, "")
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	reads := 0
	w.hook(&hooked{reviews: func() {
		if reads++; reads == 2 { // the reviews were judged, and are read once more
			w.must(w.Join(t.Context(), req, yuki()))
		}
	}})
	before := w.head("main")
	w.look()
	w.look()
	if reads < 3 || w.merges() != 0 || w.head("main") != before {
		t.Errorf("%d reads, %d merges, main moved: %v", reads, w.merges(), w.head("main") != before)
	}
	if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "action_required" {
		t.Errorf("check %q", c.Conclusion)
	}
}

// TestWhatTheBotWroteIsPutBack: who edits the table or the title of a pull
// request of the bot fools no approver; a note beside it stays.
func TestWhatTheBotWroteIsPutBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	made := w.pullOn(n)
	for name, edit := range map[string]func(string) string{
		"the table":   func(b string) string { return strings.Replace(b, "`PowerUserAccess`", "`ReadOnlyAccess`", 1) },
		"the account": func(b string) string { return strings.Replace(b, "111122224444", "111122220000", 1) },
		"all of it":   func(string) string { return "Grants ReadOnlyAccess in 111122220000." },
		"the marks": func(b string) string {
			return strings.NewReplacer("text -->", "", "text-end -->", "", "`PowerUserAccess`", "`ReadOnlyAccess`").Replace(b)
		},
		"one mark":             func(b string) string { return strings.Replace(b, "<!-- aws-access-bot:text-end -->", "", 1) },
		"with GitHub's editor": func(b string) string { return strings.ReplaceAll(strings.Replace(b, "4444", "0000", 1), "\n", "\r\n") },
	} {
		title := "Grant ReadOnlyAccess in sandbox"
		body := edit(made.Body) + "\nA note by Ken.\n"
		w.must(w.repo.EditPull("hana-dev", n, &title, &body, nil, nil))
		w.clock.move(time.Second)
		w.look()
		now := w.pullOn(n)
		if now.Title != made.Title {
			t.Errorf("%s: the title is %q", name, now.Title)
		}
		bots, _, _ := strings.Cut(made.Body, "<!-- aws-access-bot:text-end -->")
		if !strings.HasPrefix(now.Body, strings.TrimRight(bots, "\n")) {
			t.Errorf("%s: the body begins not as the bot wrote it:\n%s", name, now.Body)
		}
		if _, rest, _ := strings.Cut(now.Body, "<!-- aws-access-bot:text-end -->"); strings.Contains(rest, "ReadOnlyAccess") && !strings.Contains(now.Body, "What follows was written by people, not by the bot.") {
			t.Errorf("%s: what a person wrote looks like the bot's:\n%s", name, now.Body)
		}
		if name != "one mark" && !strings.Contains(now.Body, "A note by Ken.") {
			t.Errorf("%s: the note of a person is gone:\n%s", name, now.Body)
		}
		w.clock.move(time.Second)
		w.look()
		if again := w.pullOn(n); again.Body != now.Body || again.Title != now.Title {
			t.Errorf("%s: edited once more:\n%s", name, again.Body)
		}
	}
}

// TestWhoJoinsWhatWasPassedOverDoesNotApproveIt: the change that takes it in is
// judged without the approval of who joined since.
func TestWhoJoinsWhatWasPassedOverDoesNotApproveIt(t *testing.T) {
	t.Parallel()
	for _, joins := range []bool{false, true} {
		w := newWorld(t)
		before := w.status().InForce
		n := w.proposed(w.request(req))
		bad := w.byHand("hana-dev", "broken", map[string]*githubemu.File{sandboxFile: w.file(sandboxFile, "account: sandbox-play", "account: nowhere")})
		w.merge(bad, "merge")
		w.merge(n, "merge")
		w.look()
		if p := w.status().Passed; len(p) != 2 {
			t.Fatalf("passed over %q", p)
		}
		if joins {
			w.must(w.Join(t.Context(), req, yuki()))
		}
		mend := w.byHand("mio-sec", "mend", map[string]*githubemu.File{sandboxFile: w.file(sandboxFile, "account: nowhere", "account: sandbox-play")})
		w.look()
		w.review("yuki-lead", mend, "APPROVE")
		w.look()
		want := "success"
		if joins {
			want = "action_required"
		}
		if c := w.check(w.head("mend")); c.Conclusion != want {
			t.Errorf("joined: %v, check %q\n%s", joins, c.Conclusion, c.Summary)
		}
		sha := w.merge(mend, "merge")
		w.look()
		if joins {
			w.holds(before, gitops.HaltApproval)
		} else {
			w.holds(sha, "")
		}
	}
}
