package gitops_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
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

// TestT06AWithdrawnRequestStaysWithdrawnWithoutItsRecord: after a loss of the
// state GitHub still shows that the pull request was closed, and who opened
// another one of its branch with the signed block copied, to be rid of what was
// objected to.
func TestT06AWithdrawnRequestStaysWithdrawnWithoutItsRecord(t *testing.T) {
	t.Parallel()
	again := func(w *world, who string) int {
		w.t.Helper()
		m, err := w.repo.CreatePull(who, githubemu.PullSpec{Head: "access/" + string(req), Title: "x", Body: w.emu.State().Repos[0].Pulls[0].Body})
		w.must(err)
		return m
	}
	tests := []struct {
		name string
		// play has the pull request closed, the state lost, and one open again.
		play func(w *world, n int) int
		text string
		code gitops.HaltCode
	}{
		{"opened again after the loss", func(w *world, n int) int {
			w.must(w.repo.ClosePull("hana-dev", n))
			w.look()
			w.loses()
			w.look()
			w.must(w.repo.ReopenPull("taro-data", n))
			return n
		}, "closed and opened again", gitops.HaltWithdrawn},
		{"opened again before the loss", func(w *world, n int) int {
			w.must(w.repo.ClosePull("hana-dev", n))
			w.must(w.repo.ReopenPull("taro-data", n))
			w.loses()
			return n
		}, "closed and opened again", gitops.HaltWithdrawn},
		{"another one by a person", func(w *world, n int) int {
			w.review("ken-platform", n, "REQUEST_CHANGES")
			w.look()
			w.must(w.repo.ClosePull("hana-dev", n))
			w.loses()
			return again(w, "hana-dev")
		}, "did not open it", gitops.HaltNoRecord},
		{"another one by a bot", func(w *world, n int) int {
			_, err := w.emu.AddUser(githubemu.User{Login: "robot", Type: "Bot"})
			w.must(err)
			w.must(w.repo.SetRole("robot", "write"))
			w.review("ken-platform", n, "REQUEST_CHANGES")
			w.look()
			w.must(w.repo.ClosePull("hana-dev", n))
			w.loses()
			return again(w, "robot")
		}, "are both of its branch: what was said on one is not on the other", gitops.HaltWithdrawn},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := tt.play(w, w.proposed(w.request(req)))
			before := w.status().InForce
			w.clock.move(time.Second)
			w.look()
			w.review("yuki-lead", n, "APPROVE")
			w.look()
			c := w.check(w.head("access/" + string(req)))
			if c.Conclusion != "failure" || !strings.Contains(c.Summary, tt.text) || !strings.Contains(c.Summary, "Close it and ask again.") {
				t.Errorf("the check is %s:\n%s", c.Conclusion, c.Summary)
			}
			if f, err := w.PullFacts(t.Context(), req); err != nil || f != nil {
				t.Errorf("recorded: %+v, %v", f, err)
			}
			w.merge(n, "squash") // past the rules
			w.look()
			w.holds(before, tt.code)
			if w.devPower() {
				t.Error("it is granted")
			}
		})
	}
}

// TestTitleAndTableAreTrueWithoutTheRecord: an approver reads them, so what
// people make of them after the state was lost, or before, is put back from the
// signed block and the commit.
func TestTitleAndTableAreTrueWithoutTheRecord(t *testing.T) {
	t.Parallel()
	asks := map[string]func(*access.Request){
		"a group":             func(*access.Request) {},
		"a reason with marks": func(r *access.Request) { r.Want.Reason = "it is `mine` | ours" },
		"one person": func(r *access.Request) {
			r.Want.Principal = config.Principal{Kind: config.UserPrincipal, ID: person + "25"}
			r.Want.PrincipalSlug, r.Want.PrincipalName = "", "taro@example.com"
		},
	}
	for name, ask := range asks {
		for _, before := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, edited before the loss: %v", name, before), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				r := w.request(req)
				r.Want.PermissionSet = "AdministratorAccess"
				ask(&r)
				n := w.proposed(r)
				was := w.emu.State().Repos[0].Pulls[0]
				edit := func() {
					title := strings.Replace(was.Title, "AdministratorAccess", "ReadOnlyAccess", 1)
					body := strings.NewReplacer("`AdministratorAccess`", "`ReadOnlyAccess`", "`4h`", "`1h`", "payments-dev", "payments-test").Replace(was.Body)
					w.must(w.repo.EditPull("taro-data", n, &title, &body, nil, nil))
				}
				if before {
					edit()
				}
				w.loses()
				w.look()
				if !before {
					edit()
					w.look()
				}
				is := w.emu.State().Repos[0].Pulls[0]
				// The directory of the test knows no names.
				want := strings.Replace(was.Body, "`Hana` `hana", "`"+hanaEntra+"` `hana", 1)
				if is.Title != was.Title || is.Body != want {
					t.Errorf("it is %q:\n%s\nwant %q:\n%s", is.Title, is.Body, was.Title, want)
				}
			})
		}
	}
}

// TestATakeAwayIsToldAnewWithoutTheRecord, but for its reason, which is nowhere
// else.
func TestATakeAwayIsToldAnewWithoutTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.merge(n, "squash")
	w.look()
	r := w.request("REQ-9KD0M4")
	r.Kind, r.Want.Revokes, r.Want.Reason = access.KindRevoke, req, ""
	m := w.proposed(r)
	was := w.emu.State().Repos[0].Pulls[m-1]
	title, body := "Revoke nothing", strings.ReplaceAll(was.Body, "PowerUserAccess", "ReadOnlyAccess")
	w.must(w.repo.EditPull("taro-data", m, &title, &body, nil, nil))
	w.loses()
	w.look()
	is := w.emu.State().Repos[0].Pulls[m-1]
	want := strings.Replace(was.Body, "`Hana` `hana", "`"+hanaEntra+"` `hana", 1)
	if is.Title != was.Title || is.Body != want {
		t.Errorf("it is %q:\n%s\nwant %q:\n%s", is.Title, is.Body, was.Title, want)
	}
}

// TestWhatWasOpenedAfterTheMergeTakesNothingFromIt: anybody can open another
// pull request from the branch.
func TestWhatWasOpenedAfterTheMergeTakesNothingFromIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	sha := w.merge(n, "squash")
	_, err := w.repo.CreatePull("stranger", githubemu.PullSpec{Head: "access/" + string(req), Title: "again"})
	w.must(err)
	w.db = store.NewMemory()
	w.restart()
	w.must(w.Trust(t.Context(), before, "the test"))
	w.look()
	w.holds(sha, "")
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
