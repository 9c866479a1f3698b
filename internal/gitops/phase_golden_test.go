package gitops

import (
	"errors"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// phaseEstate is an organization with what stands before phase 3: one account
// without a file, and one that is only invited.
func phaseEstate(repo *config.Repo) access.Live {
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	v := &access.EstateView{
		At: at, Features: access.AllFeatures,
		Members: []access.EstateAccount{
			{ID: "777788889999", Name: "made | by `somebody` @org/all", Member: true, State: "ACTIVE", OU: "/"},
		},
		Handshakes: []access.Handshake{{ID: "h-examplehandshakeid111", Account: "111122224444", Action: "INVITE", State: "OPEN", Expires: at.Add(15 * 24 * time.Hour)}},
	}
	for _, a := range repo.Accounts {
		if a.Slug != "payments-dev" && a.Slug != "crm-legacy" {
			v.Members = append(v.Members, access.EstateAccount{ID: a.ID, Name: a.Name, Member: true, State: "ACTIVE", OU: a.OU})
		}
	}
	return access.Live{View: v, Undeclared: 3, Counted: true}
}

// TestSummariesOfPhases shows what approvers read of a step: the body, and the
// check while accounts stand before it.
func TestSummariesOfPhases(t *testing.T) {
	t.Parallel()
	files := exampleBase(t, nil).fsys
	grown, err := config.SetPhase(files[config.AccessPath], config.Grow)
	if err != nil {
		t.Fatal(err)
	}
	base := exampleBase(t, map[string]string{config.AccessPath: string(grown)})
	r := access.Request{
		ID: "REQ-7F3K2Q", Kind: access.KindPhase, Want: access.Want{Phase: config.Consolidated},
		Asker: access.Asker{Person: access.Person{Entra: people + "21", Name: "Ken | @org/all", Email: "ken@example.com"}},
	}
	live := phaseEstate(base.repo)
	pre := access.Preflight{At: live.View.At, Lines: access.Ahead(base.repo, r.Want.Phase, live)}
	p := &proposal{request: r, base: base, preflight: &pre}
	golden(t, "body_phase.md", title(r)+"\n\n"+signedBody("", p.body(), "<!-- signed -->\n"))

	if err := p.phase(); err != nil {
		t.Fatal(err)
	}
	_, err = config.Load(base.fsys.with(config.AccessPath, p.files[config.AccessPath]))
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("the head reads as %v", err)
	}
	x := &examined{
		pull: &Pull{Number: 7, HeadSHA: "head", URL: "https://github.example/pull/7"}, base: base.repo, problems: problemLines(problems),
		preflights: []preflighted{{r.Want.Phase.String(), notYet, pre}},
	}
	run := x.run()
	golden(t, "summary_phase.md", run.Conclusion+": "+run.Title+"\n\n"+run.Summary+"\nmissing:\n- "+strings.Join(x.missing(), "\n- ")+"\n")
}

// TestTheBodyOfAPhaseFits: however many accounts stand before it.
func TestTheBodyOfAPhaseFits(t *testing.T) {
	t.Parallel()
	pre := access.Preflight{}
	for range 1000 {
		pre.Lines = append(pre.Lines, access.PreflightLine{Code: access.AheadUnfiled, Result: access.PreflightBlock, Sentence: strings.Repeat("long ", 60), Mend: strings.Repeat("mend ", 20)})
	}
	p := &proposal{request: access.Request{Kind: access.KindPhase, Want: access.Want{Phase: 3}}, base: exampleBase(t, nil), preflight: &pre}
	if body := p.body(); len(body) > 60_000 || !strings.Contains(body, "and 900 more") {
		t.Errorf("%d bytes: …%s", len(body), body[len(body)-200:])
	}
}
