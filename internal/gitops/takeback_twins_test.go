package gitops_test

import (
	"errors"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

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
