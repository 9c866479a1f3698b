package gitops_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// loses starts again on an empty store, with the commit trusted that was in
// force.
func (w *world) loses() {
	w.t.Helper()
	first := w.status().InForce
	w.db = store.NewMemory()
	w.restart()
	w.must(w.Trust(w.t.Context(), first, "the test"))
	w.ops.list = nil
}

// TestAPullRequestOfALostRecordIsRenewed: the signed block has all that it takes
// to put the same change on the new base, and who asked or joined does not
// approve it there either.
func TestAPullRequestOfALostRecordIsRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	w.must(w.Join(t.Context(), req, access.Person{Entra: person + "25", Name: "Taro"}))
	w.look()
	w.loses()
	w.look()
	old := w.facts(req).Ref.Head
	good(w, "other")
	w.look()
	f := w.facts(req)
	if f.Ref.Head == old || f.Ref.Head != w.head("access/"+string(req)) {
		t.Fatalf("the head is %s, recorded %s, was %s", w.head("access/"+string(req)), f.Ref.Head, old)
	}
	body := w.emu.State().Repos[0].Pulls[0].Body
	b, err := gitops.ParseBlock(body, w.opt.SigningKey)
	if err != nil || b.Head != f.Ref.Head || b.Requester != hanaEntra || !slices.Equal(b.Joined, []string{person + "25"}) {
		t.Errorf("block %+v, %v", b, err)
	}
	w.review("hana-dev", n, "APPROVE")
	w.review("taro-data", n, "APPROVE")
	w.look()
	if c := w.check(f.Ref.Head); c.Conclusion != "action_required" || !strings.Contains(c.Summary, "hana-dev` was not counted: asked for this change") || !strings.Contains(c.Summary, "taro-data` was not counted") {
		t.Errorf("the check is %s:\n%s", c.Conclusion, c.Summary)
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	sha, err := w.repo.Merge("yuki-lead", n, githubemu.MergeSpec{})
	w.must(err)
	w.look()
	w.holds(sha, "")
}

// TestOnlyTheBotsOwnExactPullRequestIsTakenBack: what a person opened from the
// branch, moved, or signed for nobody stays without a record, and says to ask
// again.
func TestOnlyTheBotsOwnExactPullRequestIsTakenBack(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		play func(w *world, n int)
	}{
		{"a person pushed", func(w *world, _ int) {
			_, err := w.repo.Push("hana-dev", githubemu.Push{Branch: "access/" + string(req), Message: "more", IgnoreRules: true})
			w.must(err)
		}},
		{"no block", func(w *world, n int) {
			body := "nothing"
			w.must(w.repo.EditPull("hana-dev", n, nil, &body, nil, nil))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := w.proposed(w.request(req))
			tt.play(w, n)
			w.loses()
			w.look()
			if f, err := w.PullFacts(t.Context(), req); err != nil || f != nil {
				t.Errorf("recorded: %+v, %v", f, err)
			}
			if c := w.check(w.head("access/" + string(req))); c.Conclusion != "failure" || !strings.Contains(c.Summary, "Close it and ask again.") {
				t.Errorf("the check is %s:\n%s", c.Conclusion, c.Summary)
			}
		})
	}
}

// TestAPersonsPullRequestFromTheBotsBranchIsNotTakenBack: it has the block of
// the first one, and none of the objections to it.
func TestAPersonsPullRequestFromTheBotsBranchIsNotTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	body := w.emu.State().Repos[0].Pulls[0].Body
	w.must(w.repo.ClosePull("hana-dev", n))
	_, err := w.repo.CreatePull("hana-dev", githubemu.PullSpec{Head: "access/" + string(req), Title: "x", Body: body})
	w.must(err)
	w.loses()
	w.look()
	if f, err := w.PullFacts(t.Context(), req); err != nil || f != nil {
		t.Errorf("recorded: %+v, %v", f, err)
	}
}

// TestAnotherBotsPullRequestOfTheSameCommitIsNotTakenBack: the block is signed
// for the branch that the bot made.
func TestAnotherBotsPullRequestOfTheSameCommitIsNotTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	head, body := w.head("access/"+string(req)), w.emu.State().Repos[0].Pulls[0].Body
	w.must(w.repo.ClosePull("hana-dev", n))
	_, err := w.emu.AddUser(githubemu.User{ID: 5001, Login: "helper[bot]", Type: "Bot"})
	w.must(err)
	w.must(w.repo.SetRole("helper[bot]", "write"))
	_, err = w.repo.Push("helper[bot]", githubemu.Push{Branch: "twin", Parent: head, Message: "nothing"})
	w.must(err)
	w.must(w.repo.ForcePush("helper[bot]", "twin", head, false))
	_, err = w.repo.CreatePull("helper[bot]", githubemu.PullSpec{Head: "twin", Title: "x", Body: body})
	w.must(err)
	w.loses()
	w.look()
	if f, err := w.PullFacts(t.Context(), req); err != nil || f != nil {
		t.Errorf("recorded: %+v, %v", f, err)
	}
	if c := w.check(head); c.Conclusion != "failure" || !strings.Contains(c.Summary, "belongs to another one. Close it and ask again.") {
		t.Errorf("the check is %s:\n%s", c.Conclusion, c.Summary)
	}
}

// TestWhatACrashLeftIsNotTakenBack: the pull request whose number was not stored
// yet is found by its branch, judged like any other, and merged by the bot once
// its number is known.
func TestWhatACrashLeftIsNotTakenBack(t *testing.T) {
	t.Parallel()
	w := autoWorld(t, "")
	r := w.request(req)
	w.kit.Faults.Add(emukit.Fault{Name: "lost", Op: "POST /repos/{owner}/{repo}/pulls", Status: 502, AfterEffect: true})
	if err := w.Propose(t.Context(), r); err == nil || len(w.emu.State().Repos[0].Pulls) != 1 {
		t.Fatalf("proposed: %v, with %d pull requests", err, len(w.emu.State().Repos[0].Pulls))
	}
	w.look()
	if c := w.check(w.head("access/" + string(req))); c.Conclusion != "action_required" {
		t.Errorf("the check is %s:\n%s", c.Conclusion, c.Summary)
	}
	w.must(w.Propose(t.Context(), r))
	w.review("yuki-lead", w.facts(req).Ref.Number, "APPROVE")
	w.look()
	if w.merges() != 1 {
		t.Errorf("the bot did not merge its own pull request: %q", w.facts(req).Missing)
	}
}

// TestWhoIsTakenBackAsJoinedHasHisName, where the directory knows one: who left
// is known by his id, and a directory that fails is asked again.
func TestWhoIsTakenBackAsJoinedHasHisName(t *testing.T) {
	t.Parallel()
	const taro = person + "25"
	failed := errors.New("no answer")
	tests := []struct {
		name string
		dir  namedDirectory
		want string // "" for no record
	}{
		{"known", namedDirectory{users: map[string]access.Entrant{taro: {Person: access.Person{Entra: taro, Name: "Taro"}, Enabled: true}}}, "Taro"},
		{"without a name", namedDirectory{users: map[string]access.Entrant{taro: {Person: access.Person{Entra: taro}, Enabled: true}}}, taro},
		{"gone", namedDirectory{errs: map[string]error{taro: access.ErrNotFound}}, taro},
		{"not to be read", namedDirectory{errs: map[string]error{taro: failed}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.proposed(w.request(req))
			w.must(w.Join(t.Context(), req, access.Person{Entra: taro, Name: "T."}))
			w.look()
			w.loses()
			tt.dir.directory = w.dir
			w.asks(&tt.dir)
			if err := w.Look(t.Context()); errors.Is(err, failed) != (tt.want == "") {
				t.Errorf("look: %v", err)
			}
			rec, known, err := store.NewGitops(w.db).Pull(t.Context(), req)
			if err != nil || known != (tt.want != "") {
				t.Fatalf("recorded: %v, %v", known, err)
			}
			if known && (len(rec.Joined) != 1 || rec.Joined[0].Name != tt.want) {
				t.Errorf("joined: %+v, want %q", rec.Joined, tt.want)
			}
		})
	}
}

// TestWhatLiesBehindForGoodSaysSo on the check and on the card, approved or not,
// and does not tell people to update the branch of the bot.
func TestWhatLiesBehindForGoodSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.request(req)
	r.Want.Principal.ID = "0b7e3f4c-0000-4000-8000-0000000000aa"
	r.Want.PrincipalName, r.Want.PrincipalSlug = "AWS Newcomers", ""
	w.proposed(r)
	hand := w.byHand("taro-data", "taken", map[string]*githubemu.File{"groups/aws-newcomers.yaml": {
		Content: "id: 0b7e3f4c-0000-4000-8000-0000000000ab\nname: AWS Newcomers\naccess:\n" + devGrant,
	}})
	w.review("yuki-lead", hand, "APPROVE")
	w.merge(hand, "squash")
	w.look()
	w.look()
	const want = "It lies behind main and the bot cannot put the same change on the new base. Close it and ask again."
	c := w.check(w.head("access/" + string(req)))
	if !strings.Contains(c.Summary, want) || strings.Contains(c.Summary, "must be brought up to date") {
		t.Errorf("the check is %s:\n%s", c.Conclusion, c.Summary)
	}
	if missing := w.facts(req).Missing; !slices.Contains(missing, want) {
		t.Errorf("the request lacks %q", missing)
	}
}

// TestAHaltOverWhatWasTakenBackIsToldOnThePullRequest: nobody in chat knows the
// request any more.
func TestAHaltOverWhatWasTakenBackIsToldOnThePullRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	w.loses()
	w.look()
	first := w.status().InForce
	w.merge(n, "squash")
	w.look()
	w.holds(first, gitops.HaltApproval)
	w.comment(n, "The merge of this halted the bot")
}
