package gitops_test

import (
	"errors"
	"strings"
	"testing"

	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// comments returns those of a pull request, the bot's and people's.
func (w *world) comments(number int) (bots, others []githubemu.CommentState) {
	w.t.Helper()
	for _, p := range w.emu.State().Repos[0].Pulls {
		if p.Number != number {
			continue
		}
		for _, c := range p.Comments {
			if c.By == "access-bot[bot]" {
				bots = append(bots, c)
			} else {
				others = append(others, c)
			}
		}
	}
	return bots, others
}

// comment returns the one comment of the bot, which must have all the texts.
func (w *world) comment(number int, has ...string) githubemu.CommentState {
	w.t.Helper()
	bots, _ := w.comments(number)
	if len(bots) != 1 {
		w.t.Fatalf("%d comments of the bot on pull request %d: %+v", len(bots), number, bots)
	}
	for _, text := range has {
		if !strings.Contains(bots[0].Body, text) {
			w.t.Fatalf("the comment has no %q:\n%s", text, bots[0].Body)
		}
	}
	return bots[0]
}

// commentWrites counts requests that write comments.
func (w *world) commentWrites() int {
	n := 0
	entries, _ := w.kit.Journal.Since(0)
	for _, e := range entries {
		if e.Op == "POST /repos/{owner}/{repo}/issues/{issue_number}/comments" || e.Op == "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}" {
			n++
		}
	}
	return n
}

func (w *world) join(group, person string) {
	w.dir.mu.Lock()
	defer w.dir.mu.Unlock()
	w.dir.members[group] = append(w.dir.members[group], person)
}

func TestOneCommentIsEditedInPlaceAndOnlyWhenThePlanChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	first := w.comment(n, "**added** `PowerUserAccess` for `aws-payments-dev (…00000011)`, `4h`", "1 person will gain it")
	if got := w.check(w.facts(req).Ref.Head).Summary; !strings.Contains(got, "1 person will gain it") {
		t.Errorf("the check does not say the same:\n%s", got)
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.look()
	if got := w.commentWrites(); got != 1 {
		t.Errorf("%d writes of comments, want 1", got)
	}
	w.join(devGroup, yukiEntra)
	w.look()
	if got := w.comment(n, "2 people will gain it"); got.ID != first.ID || w.commentWrites() != 2 {
		t.Errorf("comment %d after %d writes, was %d", got.ID, w.commentWrites(), first.ID)
	}
}

func TestAPullRequestByHandGetsTheSameComment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.dir.nested = map[string][]string{devGroup: {"interns"}}
	const path = "groups/aws-payments-dev.yaml"
	n := w.byHand("hana-dev", "by-hand", map[string]*githubemu.File{path: w.grantLine(path, "  - account: payments-prod\n    permission_set: AdministratorAccess\n    duration: 4h\n    reason: incident\n")})
	w.look()
	w.comment(n, "`payments-prod (…3333)`", "**added** `AdministratorAccess`", "**Get nothing:** members of `interns`")
}

// TestTheCommentIsFoundByMarkerAndAuthorAfterTheStoreIsLost: text of people
// that looks like the bot's is never taken for it.
func TestTheCommentIsFoundByMarkerAndAuthorAfterTheStoreIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	first := w.comment(n)
	w.must(w.repo.Comment("stranger", n, first.Body))
	w.db = store.NewMemory()
	w.restart()
	w.must(w.Trust(t.Context(), w.head("main"), "the test"))
	w.join(devGroup, yukiEntra)
	w.look()
	if got := w.comment(n, "2 people will gain it"); got.ID != first.ID {
		t.Errorf("comment %d, was %d", got.ID, first.ID)
	}
	if _, others := w.comments(n); len(others) != 1 || others[0].Body != first.Body {
		t.Errorf("a comment of somebody else was touched: %+v", others)
	}
}

func aLostAnswerMakesNoSecondComment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kit.Faults.Add(emukit.Fault{Name: "lost", Op: "POST /repos/{owner}/{repo}/issues/{issue_number}/comments", Status: 502, AfterEffect: true})
	w.must(w.Propose(t.Context(), w.request(req)))
	if err := w.Look(t.Context()); err == nil {
		t.Error("a comment that may not be there is no error")
	}
	if got := w.check(w.facts(req).Ref.Head).Conclusion; got != "action_required" {
		t.Errorf("without a comment the check is %q", got)
	}
	w.look()
	w.comment(w.facts(req).Ref.Number, "1 person will gain it")
}

// TestUnreadablePeopleAreSaidToBeAndTheCheckDoesNotPass: nothing is guessed.
func TestUnreadablePeopleAreSaidToBeAndTheCheckDoesNotPass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	w.dir.fail = errors.New("graph: 503")
	w.review("yuki-lead", n, "APPROVE")
	if err := w.Look(t.Context()); err == nil {
		t.Error("people that cannot be read are no error")
	}
	w.comment(n, "Who is in it could not be read from Entra.", "Whether groups are members of it could not be read")
	if got := w.check(w.facts(req).Ref.Head).Conclusion; got == "success" {
		t.Error("the check passes")
	}
	w.dir.fail = nil
	w.look()
	w.comment(n, "1 person will gain it")
	if got := w.check(w.facts(req).Ref.Head).Conclusion; got != "success" {
		t.Errorf("the check is %q after people could be read", got)
	}
}

func TestAHeadWithoutAPlanGetsNoCommentAndWithdrawsTheOldOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "groups/aws-payments-dev.yaml"
	good := w.grantLine(path, "  - account: payments-prod\n    permission_set: AdministratorAccess\n    duration: 4h\n    reason: incident\n")
	bad := &githubemu.File{Content: "id: x\n"}
	n := w.byHand("hana-dev", "by-hand", map[string]*githubemu.File{path: bad})
	w.look()
	if bots, _ := w.comments(n); len(bots) != 0 {
		t.Errorf("comments %+v", bots)
	}
	for _, step := range []struct {
		file *githubemu.File
		has  string
	}{{good, "**added**"}, {bad, "Nothing can be said of the head"}} {
		_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "by-hand", Changes: map[string]*githubemu.File{path: step.file}, Message: "change"})
		w.must(err)
		w.look()
		w.comment(n, step.has)
	}
}

// TestEachGroupIsReadOncePerLook: many pull requests are about the same ones.
func TestEachGroupIsReadOncePerLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "groups/aws-payments-dev.yaml"
	for _, branch := range []string{"one", "two", "three"} {
		w.byHand("hana-dev", branch, map[string]*githubemu.File{path: w.grantLine(path, "  - account: payments-prod\n    permission_set: AdministratorAccess\n    duration: 4h\n    reason: "+branch+"\n")})
	}
	w.look()
	w.dir.reads = 0
	w.look()
	// The group that gains: its members and its nested groups. Who else has
	// the set in the account: one group, break-glass.
	if w.dir.reads > 4 {
		t.Errorf("%d reads of the directory in a look at three pull requests", w.dir.reads)
	}
}
