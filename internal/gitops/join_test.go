package gitops_test

import (
	"slices"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
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
