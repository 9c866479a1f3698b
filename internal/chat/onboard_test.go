package chat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"

	"github.com/google/go-cmp/cmp"
)

const ledger = "444455556666"

// organization is AWS with one member account.
type organization struct {
	down  error
	again []string
}

func (o *organization) Account(_ context.Context, id string) (access.EstateAccount, error) {
	if o.down != nil || id != ledger {
		return access.EstateAccount{ID: id}, o.down
	}
	return access.EstateAccount{ID: id, Name: "Ledger", Member: true, State: "ACTIVE", OU: "/"}, nil
}

func (o *organization) View(context.Context) (access.EstateView, error) {
	return access.EstateView{}, access.ErrNotFound
}

func (o *organization) Preflight(context.Context, *config.Repo, *config.Repo, *config.Account) (access.Preflight, error) {
	return access.Preflight{}, nil
}

func (o *organization) OnboardAgain(_ context.Context, account, _ string) error {
	o.again = append(o.again, account)
	return nil
}

func TestOnboardLines(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]chat.OnboardLine{
		"":                          {},
		ledger:                      {Account: ledger},
		"4444 5555 6666":            {Account: ledger},
		ledger + " again":           {Account: ledger, Again: true},
		"payments-dev AGAIN":        {Account: "payments-dev", Again: true},
		ledger + " again and again": {Account: ledger, Name: "again and again"},
		ledger + " /Workloads/Prod a@b.cd,team:x Big ledger": {Account: ledger, OU: "/Workloads/Prod", Owners: []string{"a@b.cd", "team:x"}, Name: "Big ledger"},
		ledger + " <mailto:a@b.cd|a@b.cd> team:x":            {Account: ledger, Owners: []string{"a@b.cd", "team:x"}},
	} {
		c, err := chat.Parse(chat.OnboardText(line), time.UTC, t0)
		if err != nil || c.Verb != "onboard" {
			t.Errorf("%q: %+v, %v", line, c, err)
		}
		if d := cmp.Diff(want, c.Onboard); d != "" {
			t.Errorf("%q (-want +got):\n%s", line, d)
		}
	}
	if _, err := chat.Parse("onboard 1 /a /b", time.UTC, t0); err == nil {
		t.Error("two OUs are taken")
	}
}

// TestWhichOnboardLinesAreAnsweredWithAForm: all but those that say who owns the
// account. The name of an account is shown to members only.
func TestWhichOnboardLinesAreAnsweredWithAForm(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	aws := &organization{}
	o.desk.Service.Estate = aws
	user := access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U0HANA"}
	stranger := access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U0EVE"}
	initial := func(f chat.Form) string {
		var out []string
		for _, in := range f.Inputs {
			out = append(out, in.Initial)
		}
		return strings.Join(out, "|")
	}
	for line, want := range map[string]string{
		"onboard":           "|||",
		"onboard " + ledger: ledger + "|Ledger||",
		"onboard " + ledger + " /Workloads Other": ledger + "|Other|/Workloads|",
		"onboard 555566667777":                    "555566667777|||",
	} {
		f, ok := o.desk.WantsForm(t.Context(), user, "C0GEN", line)
		if !ok || f.ID != chat.OnboardForm || initial(f) != want {
			t.Errorf("%q: %v %q, want %q", line, ok, initial(f), want)
		}
	}
	if f, ok := o.desk.WantsForm(t.Context(), stranger, "C0GEN", "onboard "+ledger); !ok || initial(f) != ledger+"|||" {
		t.Errorf("somebody who is not known is told %q", initial(f))
	}
	aws.down = errors.New("throttled")
	if f, ok := o.desk.WantsForm(t.Context(), user, "C0GEN", "onboard "+ledger); !ok || initial(f) != ledger+"|||" {
		t.Errorf("without AWS: %v %q", ok, initial(f))
	}
	for _, line := range []string{"onboard " + ledger + " team:platform", "onboard " + ledger + " again"} {
		if _, ok := o.desk.WantsForm(t.Context(), user, "C0GEN", line); ok {
			t.Errorf("%q is answered with a form", line)
		}
	}
}

func TestAnAccountIsOnboardedInOneLine(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	aws := &organization{}
	o.desk.Service.Estate, o.desk.Service.Onboarder = aws, aws
	o.take("k1", "U0HANA", "onboard "+ledger+" /Workloads/Dev yuki@example.com team:payments-leads")
	o.take("k2", "U0KEN", "onboard "+ledger+" team:platform")
	o.work()
	all := o.all()
	if len(all) != 1 || all[0].Kind != access.KindOnboard || all[0].Want.AccountName != "Ledger" || len(all[0].Joined) != 1 {
		t.Fatalf("requests %+v", all)
	}
	if got := text(o.town.said[0].m) + text(o.town.said[1].m); !strings.Contains(got, "brings Ledger (444455556666) in is being made") || !strings.Contains(got, "You have joined that request") {
		t.Errorf("said %s", got)
	}
	o.take("k3", "U0YUKI", "onboard payments-dev again")
	o.take("k4", "U0HANA", "onboard payments-dev again")
	o.work()
	if d := cmp.Diff([]string{"111122224444"}, aws.again); d != "" {
		t.Errorf("taken up (-want +got):\n%s", d)
	}
}

// TestAnOnboardFormThatCannotBeJudgedNowIsWorkedOffLater, as what it is.
func TestAnOnboardFormThatCannotBeJudgedNowIsWorkedOffLater(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	aws := &organization{down: errors.New("throttled")}
	o.desk.Service.Estate = aws
	s := o.submission("k1", map[string]string{"account": ledger, "name": "", "ou": "/Workloads", "owners": "yuki@example.com,team:platform"})
	s.Form = chat.OnboardForm
	if _, err := o.desk.Submit(t.Context(), s); err == nil {
		t.Fatal("judged without AWS")
	}
	if err := o.desk.Later(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	aws.down = nil
	o.work()
	all := o.all()
	if len(all) != 1 || all[0].Kind != access.KindOnboard || !cmp.Equal(all[0].Want.Onboard.Owners, []string{"yuki@example.com", "team:platform"}) {
		t.Errorf("requests %+v", all)
	}
}

// onboards is an onboarding on its way.
func onboards(s access.State, member bool, stages ...access.Stage) access.Request {
	r := way(access.KindOnboard, s)
	r.Want = access.Want{AccountID: ledger, AccountSlug: "ledger", AccountName: "Ledger", OU: "/Workloads/Dev", Onboard: &access.Onboarding{
		Slug: "ledger", Name: "Ledger", OU: "/Workloads/Dev", Owners: []string{"yuki@example.com", "team:payments-leads"}, Member: member,
	}}
	if member {
		r.Want.Onboard.From = "/"
	}
	for i, stage := range stages {
		r.Times[stage] = t0.Add(time.Duration(i+3) * time.Minute)
	}
	if s == access.StateStopped {
		r.Outcome, r.Retry = "The owner of the account declined the invitation.", true
	}
	return r
}

func TestGoldenOnboarding(t *testing.T) {
	t.Parallel()
	const merged, verified = access.StageMerged, access.StageVerified
	verifiedAt := onboards(access.StateVerified, false, merged, verified, access.StageInvited)
	verifiedAt.Trouble, verifiedAt.Expect = "", "Sign in to account 444455556666 as root and accept."
	var b strings.Builder
	show := func(name string, m chat.Message) { fmt.Fprintf(&b, "== %s\n%s\n", name, write(m)) }
	show("proposed, a member", chat.Card(onboards(access.StateProposed, true), office8h()))
	show("invited", chat.Card(verifiedAt, office8h()))
	joined := onboards(access.StateVerified, false, merged, verified, access.StageInvited, access.StageJoined)
	joined.Trouble = ""
	show("joined", chat.Card(joined, office8h()))
	show("stopped", chat.Card(onboards(access.StateStopped, false, merged, verified, access.StageInvited), office8h()))
	done := onboards(access.StateDone, true, merged, verified, access.StagePlaced, access.StageBaseline)
	show("done", chat.Card(done, office8h()))
	stays := onboards(access.StateDone, true, merged, verified, access.StageBaseline)
	stays.StaysIn = "/Sandbox"
	show("done, and elsewhere", chat.Card(stays, office8h()))
	suspended := onboards(access.StateStopped, true, merged, verified)
	suspended.Outcome, suspended.Retry = "AWS has suspended the account.", false
	show("stopped, and inviting is of no use", chat.Card(suspended, office8h()))
	older := onboards(access.StateVerified, false, merged, verified)
	older.Times[access.StageInvited] = t0.Add(-time.Hour)
	show("undone", chat.Card(onboards(access.StateUndone, true, merged, verified), office8h()))
	show("undone after it joined", chat.Card(onboards(access.StateUndone, false, merged, verified, access.StageInvited, access.StageJoined), office8h()))
	show("undone after it was moved", chat.Card(onboards(access.StateUndone, true, merged, verified, access.StagePlaced), office8h()))
	lacks := onboards(access.StateDone, true, merged, verified, access.StagePlaced, access.StageBaseline)
	lacks.Lacks = true
	show("done, with a part of the baseline", chat.Card(lacks, office8h()))
	for _, n := range []struct {
		kind access.NoticeKind
		text string
		r    access.Request
	}{
		{access.NoticeInvited, "Sign in to account 444455556666 as root and accept.", verifiedAt},
		{access.NoticeInvited, "Sign in to account 444455556666 as root and accept.", older},
		{access.NoticeStopped, suspended.Outcome, suspended},
		{access.NoticeReminder, "Sign in to account 444455556666 as root and accept.", verifiedAt},
		{access.NoticeMember, "", joined},
		{access.NoticePlaced, "", joined},
		{access.NoticeStopped, "The owner of the account declined the invitation.", onboards(access.StateStopped, false)},
		{access.NoticeDone, "6 IAM users are left, 2 used this week.", done},
		{access.NoticeUndone, "", onboards(access.StateUndone, true)},
	} {
		show("reply "+string(n.kind), chat.Reply(access.Notice{Kind: n.kind, Text: n.text}, n.r, office8h()))
	}
	baseline := office8h()
	baseline.Sets = []string{"AdministratorAccess", "ReadOnlyAccess"}
	show("reply done, with a baseline", chat.Reply(access.Notice{Kind: access.NoticeDone, Text: "6 IAM users are left, 2 used this week."}, done, baseline))
	show("accepted, outside", chat.Accepted(access.Asked{Request: onboards(access.StateAsked, false), Warning: "nina@example.com is not in people.yaml, so cannot approve yet."}))
	show("somebody asked before", chat.Accepted(access.Asked{Request: onboards(access.StateProposed, true), Joined: true}))
	golden(t, "onboarding", b.String())
}

// TestButtonsOfOnboardingsAreCommands.
func TestButtonsOfOnboardingsAreCommands(t *testing.T) {
	t.Parallel()
	if got := chat.ClickText(chat.ActionAgain, ledger); got != "onboard "+ledger+" again" {
		t.Errorf("again: %q", got)
	}
	if got := chat.ClickText(chat.OnboardButton(ledger).Action, ledger); got != "onboard "+ledger {
		t.Errorf("onboard: %q", got)
	}
}
