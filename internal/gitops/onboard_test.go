package gitops_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

const (
	ledger     = "444455556666"
	adminGroup = "0b7e3f4c-0000-4000-8000-000000000012"
	crm        = "333344441111"
	crmFile    = "accounts/crm-legacy.yaml"
)

// brings is Hana's wish to bring an account in.
func (w *world) brings(id access.ID, account, name string) access.Request {
	r := w.request(id)
	r.Kind = access.KindOnboard
	r.Want = access.Want{
		AccountID: account, AccountName: name, AccountSlug: name, OU: "/Workloads/Dev",
		Onboard: &access.Onboarding{
			Slug: name, Name: name, OU: "/Workloads/Dev", Owners: []string{"yuki@example.com", "team:payments-leads"},
			Tags: map[string]string{"env": "dev"}, Member: true, From: "/",
		},
	}
	return r
}

// awsSays is what AWS says of every account.
func (w *world) awsSays(lines ...access.PreflightLine) {
	w.aws = func(_ context.Context, _, head *config.Repo, a *config.Account) (access.Preflight, error) {
		if got, ok := head.AccountByID(a.ID); !ok || got != a {
			return access.Preflight{}, errors.New("asked about an account that is not in the head")
		}
		return access.Preflight{At: w.clock.Now(), Lines: lines}, nil
	}
	w.restart()
}

var (
	activeLine = access.PreflightLine{Code: "state", Result: access.PreflightGood, Sentence: "The account is ACTIVE."}
	noOULine   = access.PreflightLine{Code: "ou", Result: access.PreflightBlock, Sentence: "AWS has no OU `/Workloads/Dev`.", Mend: "Make it, or write another."}
)

// TestAnAccountIsBroughtIn goes the whole way under the rules of the
// repository.
func TestAnAccountIsBroughtIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.awsSays(activeLine)
	n := w.proposed(w.brings(req, ledger, "ledger"))
	p := w.emu.State().Repos[0].Pulls[0]
	if diff := cmp.Diff([]string{"accounts/ledger.yaml", "groups/aws-platform-admins.yaml"}, p.Changed); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"aws-access", "onboarding", "account: ledger"}, p.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	b, err := gitops.ParseBlock(p.Body, w.opt.SigningKey)
	if err != nil || b.Kind != "onboard" || b.Account != ledger || b.Requester != hanaEntra {
		t.Errorf("block %+v, %v", b, err)
	}
	if !strings.Contains(p.Body, "✅ The account is ACTIVE.") {
		t.Errorf("the body has no pre-flight:\n%s", p.Body)
	}
	head := w.facts(req).Ref.Head
	if c := w.check(head); c.Conclusion != "action_required" || !strings.Contains(c.Summary, "### Pre-flight of `accounts/ledger.yaml`\n\n- ✅ The account is ACTIVE.") {
		t.Errorf("the check is %s:\n%s", c.Conclusion, c.Summary)
	}
	w.review("ken-platform", n, "APPROVE")
	w.look()
	sha, err := w.repo.Merge("ken-platform", n, githubemu.MergeSpec{Method: "squash"})
	w.must(err)
	w.look()
	w.holds(sha, "")
	if !w.desires(ledger, "AdministratorAccess", adminGroup) {
		t.Error("the baseline is not desired")
	}
	if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || !v.InForce || v.Void != "" {
		t.Errorf("verdict %+v, %v", v, err)
	}
}

// TestWhatBlocksFailsTheCheckOnly: also in a pull request written by hand; once
// it is merged nothing halts for it, and once it is mended the check goes on.
func TestWhatBlocksFailsTheCheckOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.awsSays(activeLine, noOULine)
	n := w.proposed(w.brings(req, ledger, "ledger"))
	byHand := w.byHand("yuki-lead", "by-hand", map[string]*githubemu.File{
		"accounts/other.yaml": {Content: "id: \"555566667777\"\nname: other\nstage: sso\nou: /Sandbox\nowners: [yuki@example.com]\n"},
	})
	w.look()
	w.review("ken-platform", n, "APPROVE")
	w.review("ken-platform", byHand, "APPROVE")
	w.look()
	for _, p := range w.emu.State().Repos[0].Pulls {
		c := w.check(p.HeadSHA)
		if c.Conclusion != "failure" || c.Title != "pre-flight: AWS has no OU `/Workloads/Dev`. Make it, or write another." || !strings.Contains(c.Summary, "⛔ AWS has no OU") {
			t.Errorf("#%d is %s, %q:\n%s", p.Number, c.Conclusion, c.Title, c.Summary)
		}
	}
	if f := w.facts(req); f.Passes || len(f.Missing) != 1 || !strings.HasPrefix(f.Missing[0], "AWS has no OU") {
		t.Errorf("missing %q", f.Missing)
	}
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")

	w.awsSays(activeLine)
	w.look()
	for _, p := range w.emu.State().Repos[0].Pulls {
		if c := w.check(p.HeadSHA); p.Number == byHand && c.Conclusion != "success" && !strings.Contains(c.Summary, "lies behind") {
			t.Errorf("#%d is %s after it was mended:\n%s", p.Number, c.Conclusion, c.Summary)
		}
	}
}

// TestThatAWSDoesNotAnswerIsShown: it is not known then, and blocks nothing.
func TestThatAWSDoesNotAnswerIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws = func(context.Context, *config.Repo, *config.Repo, *config.Account) (access.Preflight, error) {
		return access.Preflight{}, errors.New("throttled")
	}
	w.restart()
	n := w.proposed(w.brings(req, ledger, "ledger"))
	w.review("ken-platform", n, "APPROVE")
	w.look()
	if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "success" || !strings.Contains(c.Summary, "not known: AWS could not be asked") || strings.Contains(c.Summary, "throttled") {
		t.Errorf("the check is %s:\n%s", c.Conclusion, c.Summary)
	}
}

// TestALegacyAccountTakesTwoPullRequests: the control plane approves its stage,
// and then those of onboarding the
// lines of its baseline.
func TestALegacyAccountTakesTwoPullRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.awsSays(activeLine)
	n := w.proposed(w.brings(req, crm, "crm"))
	p := w.emu.State().Repos[0].Pulls[0]
	if !slices.Equal(p.Changed, []string{crmFile}) || !strings.Contains(p.Body, "`/aws-onboard "+crm+"`") {
		t.Errorf("files %q, body:\n%s", p.Changed, p.Body)
	}
	for _, login := range []string{"ken-platform", "lena-platform", "mio-sec"} {
		w.review(login, n, "APPROVE")
	}
	w.look()
	if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "success" || !strings.Contains(c.Summary, "### Pre-flight of `"+crmFile+"`") {
		t.Errorf("the check is %s:\n%s", c.Conclusion, c.Summary)
	}
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
	n = w.proposed(w.brings("REQ-000001", crm, "crm"))
	if p := w.emu.State().Repos[0].Pulls[1]; !slices.Equal(p.Changed, []string{"groups/aws-platform-admins.yaml"}) {
		t.Errorf("files %q", p.Changed)
	}
	w.review("yuki-lead", n, "APPROVE") // an owner elsewhere
	w.look()
	if c := w.check(w.facts("REQ-000001").Ref.Head); c.Conclusion != "action_required" {
		t.Errorf("the check is %s:\n%s", c.Conclusion, c.Summary)
	}
	w.review("ken-platform", n, "APPROVE")
	w.look()
	sha = w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
	if !w.desires(crm, "AdministratorAccess", adminGroup) {
		t.Error("the baseline is not desired")
	}
}

func TestAccountsThatCannotBeProposed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*world, *access.Request)
		want   string
	}{
		{"a name that no file may have", func(_ *world, r *access.Request) { r.Want.Onboard.Name = "a\u202eb" }, "cannot be written"},
		{"an owner that is none", func(_ *world, r *access.Request) { r.Want.Onboard.Owners = []string{"yuki"} }, "The owner"},
		{"a team that is not known", func(_ *world, r *access.Request) { r.Want.Onboard.Owners = []string{"team:nobody"} }, "would not be valid"},
		{"without what is to stand there", func(_ *world, r *access.Request) { r.Want.Onboard = nil }, "does not say"},
		{"the management account", func(_ *world, r *access.Request) { r.Want.AccountID = "999999999999" }, "management account"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.brings(req, ledger, "ledger")
			tt.change(w, &r)
			err := w.Propose(t.Context(), r)
			f := w.facts(req)
			if err == nil || !strings.Contains(f.Refused, tt.want) {
				t.Errorf("error %v, recorded %+v, want %q", err, f, tt.want)
			}
		})
	}
}

// TestAnOnboardingIsRenewed on a base where the group has other lines by now,
// and is not where the account has a file.
func TestAnOnboardingIsRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.proposed(w.brings(req, ledger, "ledger")), w.proposed(w.brings("REQ-000001", "555566667777", "other"))
	w.proposed(w.brings("REQ-000002", ledger, "ledger-too"))
	stays := w.facts("REQ-000002").Ref.Head
	w.review("ken-platform", one, "APPROVE")
	w.look()
	_, err := w.repo.Merge("ken-platform", one, githubemu.MergeSpec{})
	w.must(err)
	w.look()
	if got := w.facts("REQ-000002").Ref.Head; got != stays {
		t.Errorf("what brings in an account that is in was made anew: %s", got)
	}
	w.review("ken-platform", two, "APPROVE")
	w.look()
	sha, err := w.repo.Merge("ken-platform", two, githubemu.MergeSpec{Method: "rebase"})
	w.must(err)
	w.look()
	w.holds(sha, "")
	for _, id := range []string{ledger, "555566667777"} {
		if !w.desires(id, "AdministratorAccess", adminGroup) {
			t.Errorf("the baseline of %s is not desired", id)
		}
	}
}

// TestAnOnboardingOutlivesItsRecord: the signed block says which account may
// be brought in and who may not approve it, and its text is written anew.
func TestAnOnboardingOutlivesItsRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.brings(req, ledger, "ledger")
	r.Asker.Entra = person + "23" // Ken
	n := w.proposed(r)
	w.loses()
	w.must(w.repo.EditPull("lena-platform", n, nil, nil, nil, nil))
	w.look()
	p := w.emu.State().Repos[0].Pulls[0]
	if !strings.Contains(p.Body, "| Account | `ledger`, `444455556666` |") || !strings.Contains(p.Title, "Onboard the account ledger") {
		t.Errorf("%s\n\n%s", p.Title, p.Body)
	}
	w.review("ken-platform", n, "APPROVE")
	w.look()
	if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "action_required" || !strings.Contains(c.Summary, "ken-platform` was not counted: asked for this change") {
		t.Errorf("the check is %s:\n%s", c.Conclusion, c.Summary)
	}
	w.review("lena-platform", n, "APPROVE")
	w.look()
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
}

// TestAnOnboardingStoppedAnywhere ends the proposal after each durable step, and
// wants one pull request.
func TestAnOnboardingStoppedAnywhere(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 4; n++ {
		w := newWorld(t)
		r := w.brings(req, ledger, "ledger")
		ctx, cancel := context.WithCancel(t.Context())
		g, err := gitops.New(w.opt, w.client(), store.NewGitops(&stopping{w.db, cancel, n}), w.dir)
		w.must(err)
		first := g.Propose(ctx, r)
		cancel()
		w.restart()
		w.proposed(r)
		if repo := w.emu.State().Repos[0]; len(repo.Pulls) != 1 || len(repo.Branches) != 2 {
			t.Errorf("stopped after step %d (%v): %d pull requests, branches %v", n, first, len(repo.Pulls), repo.Branches)
		}
	}
}

// TestAnOnboardingThatWasTrustedPast comes to its end.
func TestAnOnboardingThatWasTrustedPast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.merge(w.proposed(w.brings(req, ledger, "ledger")), "squash")
	sha := w.byOperator()
	if v, err := w.Verdict(t.Context(), req); err != nil || v == nil || !v.InForce {
		t.Errorf("trusted at %.7s: verdict %+v, %v", sha, v, err)
	}
}

// TestOnlyRequestersBringAccountsIn, by the base at the time of the proposal.
func TestOnlyRequestersBringAccountsIn(t *testing.T) {
	t.Parallel()
	files := exampleFiles(t)
	files["aws-access.yaml"] = strings.Replace(files["aws-access.yaml"], "  ou: /Workloads\n", "  ou: /Workloads\n  requesters: [team:platform]\n", 1)
	w := newWorldOf(t, files)
	if err := w.Propose(t.Context(), w.brings(req, ledger, "ledger")); err == nil || !strings.Contains(w.facts(req).Refused, "lets only team:platform ask") {
		t.Errorf("hana: %v, %+v", err, w.facts(req))
	}
	r := w.brings("REQ-000001", ledger, "ledger")
	r.Asker.Entra = person + "23"
	w.proposed(r)
}

// TestManyAccountsAreAskedAboutOverSeveralLooks: AWS is asked about some of them
// at a time, since no merge comes into force meanwhile. What was not asked about
// keeps the pull request from being merged.
func TestManyAccountsAreAskedAboutOverSeveralLooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := map[string]int{}
	blocked := map[string]bool{}
	w.aws = func(_ context.Context, _, _ *config.Repo, a *config.Account) (access.Preflight, error) {
		asked[a.ID]++
		line := activeLine
		if blocked[a.ID] {
			line = noOULine
		}
		return access.Preflight{At: w.clock.Now(), Lines: []access.PreflightLine{line}}, nil
	}
	w.restart()
	const many = 25
	id := func(i int) string { return fmt.Sprintf("5555666677%02d", i) }
	blocked[id(24)] = true
	files := map[string]*githubemu.File{}
	for i := range many {
		files[fmt.Sprintf("accounts/other-%02d.yaml", i)] = &githubemu.File{Content: fmt.Sprintf("id: %q\nname: other-%02d\nstage: sso\nou: /Sandbox\nowners: [yuki@example.com]\n", id(i), i)}
	}
	n := w.byHand("yuki-lead", "by-hand", files)
	head := w.emu.State().Repos[0].Pulls[0].HeadSHA
	look := func() (now int) {
		t.Helper()
		before := 0
		for _, times := range asked {
			before += times
		}
		w.look()
		for _, times := range asked {
			now += times
		}
		return now - before
	}
	for i := range 2 {
		if got := look(); got != 10 {
			t.Fatalf("look %d asks about %d", i+1, got)
		}
		if c := w.check(head); c.Conclusion != "failure" || !strings.Contains(c.Summary, "AWS was not asked yet about") || !strings.Contains(c.Summary, "accounts/other-24.yaml") {
			t.Fatalf("look %d: %s\n%s", i+1, c.Conclusion, c.Summary)
		}
	}
	if got := look(); got != 10 || len(asked) != many {
		t.Errorf("the third look asks about %d, and %d are known", got, len(asked))
	}
	if c := w.check(head); c.Conclusion != "failure" || strings.Contains(c.Summary, "not asked yet") || !strings.Contains(c.Summary, "AWS has no OU") {
		t.Errorf("%s\n%s", c.Conclusion, c.Summary)
	}
	blocked[id(24)] = false
	w.review("ken-platform", n, "APPROVE")
	for range 3 { // those are asked again first whose answer is the oldest
		if got := look(); got != 10 {
			t.Errorf("asks about %d", got)
		}
	}
	if c := w.check(head); c.Conclusion != "success" {
		t.Errorf("mended: %s\n%s", c.Conclusion, c.Summary)
	}
}
