package gitops

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

func onboardRequest() access.Request {
	return access.Request{
		ID: "REQ-7F3K2Q", Kind: access.KindOnboard,
		Asker: access.Asker{Person: access.Person{Entra: people + "21", Name: "Hana", Email: "hana@example.com"}},
		Want: access.Want{
			AccountID: "444455556666", AccountSlug: "ledger", AccountName: "ledger", OU: "/Workloads/Dev",
			Onboard: &access.Onboarding{
				Slug: "ledger", Name: "ledger", OU: "/Workloads/Dev", Owners: []string{"yuki@example.com", "team:payments-leads"},
				Tags: map[string]string{"team": "payments", "env": "dev"}, Member: true, From: "/",
			},
		},
	}
}

// aheadOf is what AWS says in golden files: each result once.
func aheadOf() *access.Preflight {
	return &access.Preflight{At: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), Lines: []access.PreflightLine{
		{Code: "member", Result: access.PreflightGood, Sentence: "It is a member of the organization.", Mend: "not shown"},
		{Code: "ou", Result: access.PreflightBlock, Sentence: "AWS has no OU /Workloads/Dev.", Mend: "Make it, or write another."},
		{Code: "owner", Result: access.PreflightNote, Sentence: "yuki@example.com | has no **GitHub** account.", Mend: "Link it."},
		{Code: "policies", Result: access.PreflightUnknown, Sentence: "Whether the policies exist in the account."},
	}}
}

// exampleBase is the example repo with files over it.
func exampleBase(t *testing.T, over map[string]string) *snapshot {
	t.Helper()
	files := memFS{}
	err := fs.WalkDir(example.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[p], err = fs.ReadFile(example.FS(), p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range over {
		files[path] = []byte(text)
	}
	repo, err := config.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return &snapshot{fsys: files, repo: repo}
}

// brought applies a request to the example repo with files over it.
func brought(t *testing.T, r access.Request, over map[string]string) *proposal {
	t.Helper()
	p := &proposal{request: r, base: exampleBase(t, over)}
	if err := p.onboard(); err != nil {
		t.Fatal(err)
	}
	changed := p.base.fsys
	for path, content := range p.files {
		changed = changed.with(path, content)
	}
	var err error
	if p.head, err = config.Load(changed); err != nil {
		t.Fatal(err)
	}
	p.change = config.Compare(p.base.repo, p.head, nil, time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	return p
}

// TestSummariesOfOnboardings shows what approvers read: the body, and the check
// with the pre-flight list. What people and AWS wrote is inert.
func TestSummariesOfOnboardings(t *testing.T) {
	t.Parallel()
	show := func(p *proposal) string {
		return title(p.request) + "\n\n" + signedBody("", p.body(), "<!-- signed -->\n")
	}
	member := brought(t, onboardRequest(), nil)
	member.preflight = aheadOf()
	golden(t, "body_onboard_member.md", show(member))

	outside := onboardRequest()
	outside.Want.Onboard.Member, outside.Want.Onboard.From = false, ""
	golden(t, "body_onboard_outside.md", show(brought(t, outside, nil)))

	legacy := onboardRequest()
	legacy.Want.AccountID, legacy.Want.AccountName, legacy.Want.Onboard.From = "333344441111", "crm-legacy", "/"
	golden(t, "body_onboard_legacy.md", show(brought(t, legacy, nil)))

	nasty := onboardRequest()
	nasty.Asker.Name = "Hana | @org/all `x`"
	nasty.Want.AccountName, nasty.Want.Onboard.Name = "Closes #1 `` <!-- x -->", "Closes #1 `` <!-- x -->"
	golden(t, "body_onboard_nasty.md", show(brought(t, nasty, nil))+"\n"+commitMessage(nasty))

	alike := onboardRequest()
	alike.Want.Onboard.Slug, alike.Want.Onboard.Name = "", "payments prod"
	p := brought(t, alike, nil)
	x := &examined{
		pull: &Pull{Number: 7, HeadSHA: "head", URL: "https://github.example/pull/7"}, base: p.base.repo, from: p.base.repo, head: p.head, change: p.change,
		preflights: []preflighted{{"accounts/payments-prod-44445555.yaml", notLikeThis, *aheadOf()}},
	}
	x.verdict = review.Evaluate(review.Input{
		Base: x.base, Head: x.head, Change: x.change, Start: aheadOf().At, HeadSHA: "head", PushersKnown: true,
		Request: &review.Request{ID: "REQ-7F3K2Q", Kind: review.Onboard, Requester: people + "21", Account: "444455556666"},
		Teams:   map[string][]int64{"security": {1004}, "platform": {1003, 1006}},
		Members: map[string][]string{"0b7e3f4c-0000-4000-8000-000000000012": {}, "0b7e3f4c-0000-4000-8000-000000000013": {}, "0b7e3f4c-0000-4000-8000-000000000011": {}, "0b7e3f4c-0000-4000-8000-000000000016": {}},
	})
	run := x.run()
	golden(t, "summary_onboard.md", run.Conclusion+": "+run.Title+"\n\n"+run.Summary+"\nmissing:\n- "+strings.Join(x.missing(), "\n- ")+"\n")
}

// TestAFileThatExistsIsNotAllThatMergingChanges: who approves reads what becomes of
// the account in AWS, too.
func TestAFileThatExistsIsNotAllThatMergingChanges(t *testing.T) {
	t.Parallel()
	text, err := fs.ReadFile(example.FS(), config.AccessPath)
	if err != nil {
		t.Fatal(err)
	}
	inPhase := func(phase string) map[string]string {
		return map[string]string{config.AccessPath: strings.Replace(string(text), "phase: 1", "phase: "+phase, 1)}
	}
	const invites, moves = "Merging this also invites it into the organization", "Merging this also moves it from `/Old` to `/`"
	for name, tc := range map[string]struct {
		phase  string
		member bool
		from   string
		says   string
	}{
		"outside":                   {"2", false, "", invites},
		"outside in phase 1":        {"1", false, "", ""},
		"a member in another OU":    {"1", true, "/Old", moves},
		"a member that is in place": {"2", true, "/", ""},
	} {
		r := onboardRequest()
		r.Want.AccountID, r.Want.AccountName = "333344441111", "crm-legacy"
		r.Want.Onboard.Member, r.Want.Onboard.From = tc.member, tc.from
		body := brought(t, r, inPhase(tc.phase)).body()
		for _, words := range []string{invites, moves} {
			if got := strings.Contains(body, words); got != (words == tc.says) {
				t.Errorf("%s: %q %v in\n%s", name, words, got, body)
			}
		}
	}
}
