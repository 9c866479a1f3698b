package chat_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"

	"github.com/google/go-cmp/cmp"
)

// update is read only; the flag package wants a variable.
var update = flag.Bool("update", false, "rewrite golden files")

// seven are accounts that wait, one with a long name.
func seven() []access.NoticeAccount {
	out := []access.NoticeAccount{{ID: "777788889999", Name: "made  *elsewhere*\nby somebody who likes very long names of accounts"}}
	for i := range 6 {
		out = append(out, access.NoticeAccount{ID: fmt.Sprint("77778888000", i), Name: fmt.Sprint("lab-", i)})
	}
	return out
}

// states are all states, in the order of a request's life.
func states() []access.State {
	return []access.State{
		access.StateAsked, access.StateProposed, access.StateMerged, access.StateHalted, access.StateVerified, access.StateLive, access.StateEnding,
		access.StateEnded, access.StateClosed, access.StateRefused, access.StateVoid, access.StateUndone,
	}
}

// way is a request as it is on its way in a state.
func way(kind access.Kind, s access.State) access.Request {
	r := access.Request{
		ID: "REQ-7F3K2Q", Kind: kind, State: s, Version: 2,
		Asker: access.Asker{Person: access.Person{Name: "Hana"}, Chat: access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U0HANA"}},
		Want: access.Want{
			PrincipalName: "aws-payments-dev", AccountSlug: "payments-dev", AccountID: "111122224444", AccountName: "payments-dev", OU: "/Workloads/Dev",
			PermissionSet: "PowerUserAccess", Term: config.Term{For: 4 * time.Hour}, Reason: "looking into the refund bug",
		},
		Channel: "C0AWS", Pull: access.PullRef{Number: 12, URL: "https://github.example/acme/config/pull/12"}, MergedBy: "yuki-lead",
		Times: map[access.Stage]time.Time{access.StageAsked: t0, access.StageProposed: t0.Add(time.Second)},
	}
	if kind == access.KindGrant {
		r.ApprovedBy = []string{"yuki-lead", "mio-sec"}
	}
	if kind == access.KindRevoke {
		r.Want.Revokes, r.Want.Reason = "REQ-0000AB", "revokes REQ-0000AB"
	}
	past := map[access.State][]access.Stage{
		access.StateMerged: {access.StageMerged}, access.StateHalted: {access.StageMerged}, access.StateUndone: {access.StageMerged},
		access.StateVoid:     {access.StageMerged, access.StageVerified},
		access.StateVerified: {access.StageMerged, access.StageVerified, access.StageAssigned},
		access.StateLive:     {access.StageMerged, access.StageVerified, access.StageAssigned, access.StageSynced, access.StageCreated, access.StageReadBack},
		access.StateEnding:   {access.StageMerged, access.StageVerified, access.StageRemoving},
		access.StateEnded:    {access.StageMerged, access.StageVerified, access.StageRemoving, access.StageRemoved},
	}
	for i, stage := range past[s] {
		r.Times[stage] = t0.Add(time.Duration(i+1) * time.Minute)
	}
	switch s {
	case access.StateProposed:
		r.Missing, r.ApprovedBy = []string{"1 approval by an owner of payments-dev"}, nil
	case access.StateVerified:
		r.Trouble = "Entra has not synced the group yet."
	case access.StateLive, access.StateEnding, access.StateEnded:
		r.MembersSeen, r.MembersTotal, r.End = 2, 3, t0.Add(4*time.Hour)
		r.Absent = "Not there yet: prince@example.com (without surname in Entra, which AWS wants)."
		r.Warning = "The group has groups as members (aws-contractors)."
	case access.StateHalted, access.StateVoid, access.StateRefused:
		r.Outcome = "Why it is so."
	}
	return r
}

func office8h() chat.Place {
	return chat.Place{StartURL: "https://d-9567000000.awsapps.com/start", Region: "ap-northeast-1", Session: "8h", Owners: []chat.Owner{
		{User: access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U0YUKI"}, Name: "yuki@example.com"}, {User: access.ChatUser{Platform: access.Slack, Team: "T0OTHER", User: "U0STRANGER"}, Name: "stranger@example.com"},
	}}
}

// TestOwnersThatCanBeMentioned: those named by address and linked in
// people.yaml, of the account and of the group.
func TestOwnersThatCanBeMentioned(t *testing.T) {
	t.Parallel()
	repo, err := config.Load(example.FS())
	if err != nil {
		t.Fatal(err)
	}
	group := func(n string) config.Principal {
		return config.Principal{Kind: config.GroupPrincipal, ID: "0b7e3f4c-0000-4000-8000-0000000000" + n}
	}
	user := func(id, email string) chat.Owner {
		return chat.Owner{User: access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: id}, Name: email}
	}
	home := func(p config.Person) (access.ChatUser, bool) {
		if p.Slack == nil {
			return access.ChatUser{}, false
		}
		return access.ChatUser{Platform: access.Slack, Team: p.Slack.Team, User: p.Slack.User}, true
	}
	for name, x := range map[string]struct {
		want access.Want
		all  []chat.Owner
	}{
		"one owns both":        {access.Want{AccountID: "111122224444", Principal: group("11")}, []chat.Owner{user("U0YUKI", "yuki@example.com")}},
		"the account's first":  {access.Want{AccountID: "222233335555", Principal: group("17")}, []chat.Owner{user("U0TARO", "taro@example.com"), user("U0LENA", "lena@example.com")}},
		"a team is not told":   {access.Want{AccountID: "222233331111", Principal: group("13")}, nil},
		"nothing that is here": {access.Want{AccountID: "1", Principal: group("99")}, nil},
	} {
		if diff := cmp.Diff(x.all, chat.PlaceOf(repo, x.want, home).Owners); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// write writes a message as plain text, each kind of block with a mark.
func write(m chat.Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "(%s)\n", m.Summary)
	for _, block := range m.Blocks {
		switch x := block.(type) {
		case chat.Heading:
			fmt.Fprintf(&b, "# %s\n", x)
		case chat.Text:
			fmt.Fprintf(&b, "%s\n", inline(x))
		case chat.Note:
			fmt.Fprintf(&b, "note: %s\n", inline(x))
		case chat.Quote:
			fmt.Fprintf(&b, "> %s\n", x)
		case chat.Code:
			fmt.Fprintf(&b, "code: %s\n", strings.ReplaceAll(string(x), "\n", "\n      "))
		case chat.Fields:
			for _, f := range x {
				fmt.Fprintf(&b, "  %s: %s\n", f.Label, inline(f.Value))
			}
		case chat.Steps:
			for _, s := range x {
				at := ""
				if !s.At.IsZero() {
					at = " " + s.At.Format(time.TimeOnly)
				}
				fmt.Fprintf(&b, "  [%c] %s%s\n", " >x!"[s.State], s.Label, at)
			}
		case chat.Buttons:
			for _, x := range x {
				fmt.Fprintf(&b, "  (%s) %s %s %s\n", x.Label, x.Action, x.Value, x.URL)
			}
		}
	}
	return b.String()
}

// inline writes spans in a line, links and mentions by what they lead to.
func inline(spans []chat.Span) string {
	var b strings.Builder
	for _, s := range spans {
		switch {
		case s.User.User != "":
			b.WriteString("@" + s.User.User)
		case s.Channel != "":
			b.WriteString("#" + s.Channel)
		case !s.At.IsZero():
			b.WriteString(s.At.Format(time.RFC3339))
		case s.URL != "":
			b.WriteString("[" + s.Text + "](" + s.URL + ")")
		default:
			b.WriteString(s.Text)
		}
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

func TestGoldenCards(t *testing.T) {
	t.Parallel()
	for _, kind := range []access.Kind{access.KindGrant, access.KindRevoke} {
		var b strings.Builder
		for _, s := range states() {
			if kind == access.KindRevoke && s == access.StateLive {
				continue // a removal is never live
			}
			fmt.Fprintf(&b, "== %s\n%s\n", s, write(chat.Card(way(kind, s), office8h())))
		}
		golden(t, "cards-"+string(kind), b.String())
	}
}

func TestGoldenReplies(t *testing.T) {
	t.Parallel()
	kinds := map[access.NoticeKind]access.State{
		access.NoticeMerged: access.StateMerged, access.NoticeLive: access.StateLive, access.NoticeRefused: access.StateRefused,
		access.NoticeClosed: access.StateClosed, access.NoticeVoid: access.StateVoid, access.NoticeHalted: access.StateHalted,
		access.NoticeUndone: access.StateUndone, access.NoticeTrouble: access.StateVerified, access.NoticeEnding: access.StateLive, access.NoticeEnded: access.StateEnded,
		access.NoticeGrown: access.StateLive, access.NoticeExtended: access.StateLive,
	}
	order := []access.NoticeKind{
		access.NoticeMerged, access.NoticeLive, access.NoticeRefused, access.NoticeClosed, access.NoticeVoid, access.NoticeHalted,
		access.NoticeUndone, access.NoticeTrouble, access.NoticeEnding, access.NoticeEnded, access.NoticeGrown, access.NoticeExtended,
	}
	for _, kind := range []access.Kind{access.KindGrant, access.KindRevoke} {
		var b strings.Builder
		for _, n := range order {
			r := way(kind, kinds[n])
			text := r.Outcome + r.Trouble
			if n == access.NoticeExtended {
				text = "REQ-0000AC"
			}
			fmt.Fprintf(&b, "== %s\n%s\n", n, write(chat.Reply(access.Notice{Kind: n, Text: text}, r, office8h())))
		}
		golden(t, "replies-"+string(kind), b.String())
	}
}

// TestWhoApprovedWhatTheBotMerged: nobody, by a rule that is named, or those who
// are named.
func TestWhoApprovedWhatTheBotMerged(t *testing.T) {
	t.Parallel()
	p := office8h()
	p.Auto = `Nobody had to approve it: the rule "sandbox" lets 3 a day pass.`
	for name, x := range map[string]struct {
		kind     access.Kind
		by       string
		approved []string
		place    chat.Place
		nobody   bool
	}{
		"nobody":                   {access.KindGrant, "acme-access[bot]", nil, p, true},
		"somebody":                 {access.KindGrant, "acme-access[bot]", []string{"yuki-lead"}, p, false},
		"merged by a person":       {access.KindGrant, "yuki-lead", nil, p, false},
		"a rule that has no auto":  {access.KindGrant, "acme-access[bot]", nil, office8h(), false},
		"a removal needs nobody's": {access.KindRevoke, "acme-access[bot]", nil, p, false},
	} {
		r := way(x.kind, access.StateMerged)
		r.MergedBy, r.ApprovedBy = x.by, x.approved
		got := write(chat.Reply(access.Notice{Kind: access.NoticeMerged}, r, x.place))
		if strings.Contains(got, p.Auto) != x.nobody || len(x.approved) > 0 != strings.Contains(got, "approved by yuki-lead") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestACardSaysThatTheSameWasObjectedTo as long as that can be decided.
func TestACardSaysThatTheSameWasObjectedTo(t *testing.T) {
	t.Parallel()
	for _, s := range states() {
		r := way(access.KindGrant, s)
		r.Objections = []access.Objection{
			{Request: "REQ-0000AB", Number: 9, URL: "https://github.example/acme/config/pull/9", By: []string{"yuki-lead", "mio-sec"}, Closed: t0},
			{Request: "REQ-0000AA", Number: 7, URL: "https://github.example/acme/config/pull/7", By: []string{"mio-sec"}, Closed: t0.Add(-48 * time.Hour)},
		}
		got := write(chat.Card(r, office8h()))
		if strings.Contains(got, "Objected to before") != (s == access.StateProposed) {
			t.Errorf("%s:\n%s", s, got)
		}
		if s == access.StateProposed {
			golden(t, "objected", got)
		}
	}
}

// joined is a request that people joined, the second one from elsewhere.
func joined(r access.Request, n int) access.Request {
	r.Joined = nil
	for i := range n {
		who := access.Asker{Person: access.Person{Name: fmt.Sprint("Taro ", i)}, Chat: access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: fmt.Sprint("U0TARO", i)}}
		if i == 1 {
			who.Chat.Team = "T0OTHER"
		}
		r.Joined = append(r.Joined, access.Joiner{Asker: who})
	}
	return r
}

func TestGoldenAnswers(t *testing.T) {
	t.Parallel()
	r := way(access.KindGrant, access.StateAsked)
	until, longer := r, way(access.KindGrant, access.StateProposed)
	longer.Want.Extends = "REQ-0000AA"
	until.Want.Term = config.Term{End: t0.Add(48 * time.Hour)}
	var b strings.Builder
	for _, m := range []chat.Message{
		chat.Accepted(access.Asked{Request: r}),
		chat.Accepted(access.Asked{Request: until, Warning: "You are not a direct member of aws-payments-dev in Entra."}),
		chat.Accepted(access.Asked{Request: longer}),
		chat.Card(longer, office8h()),
		chat.Accepted(access.Asked{Request: joined(r, 1), Joined: true}),
		chat.Accepted(access.Asked{Request: joined(until, 1), Joined: true, Warning: "You are not a direct member of aws-payments-dev in Entra."}),
		chat.Card(joined(r, 7), office8h()),
		chat.Reply(access.Notice{Kind: access.NoticeJoined, Text: "Taro"}, joined(r, 1), office8h()),
		chat.Reply(access.Notice{Kind: access.NoticeClosed}, joined(r, 2), office8h()),
		chat.Problem("There is no account \"x\".", "Pick one from the form."),
		chat.OpsMessage(access.Notice{Kind: access.NoticeOps, Text: "The walk halted at abc1234."}),
		chat.OpsMessage(access.Notice{Kind: access.NoticeOps, Text: "Seven accounts wait for onboarding.", Waiting: seven()}),
		chat.Help(access.Slack, access.Slack),
	} {
		b.WriteString(write(m) + "\n")
	}
	golden(t, "answers", b.String())
}

// TestACardWithoutAPortalHasNoDeadLinks: the news goes out also while no
// config is to be had.
func TestACardWithoutAPortalHasNoDeadLinks(t *testing.T) {
	t.Parallel()
	for _, s := range states() {
		r := way(access.KindGrant, s)
		r.Pull = access.PullRef{}
		got := write(chat.Card(r, chat.Place{})) + write(chat.Reply(access.Notice{Kind: access.NoticeLive}, r, chat.Place{}))
		if strings.Contains(got, "#/console") || strings.Contains(got, "[](") || strings.Contains(got, "sso_start_url") {
			t.Errorf("%s:\n%s", s, got)
		}
	}
}

// TestT47TheEndSaysThatSessionsGoOn, for as long as the permission set says.
func TestT47TheEndSaysThatSessionsGoOn(t *testing.T) {
	t.Parallel()
	for session, want := range map[string]string{"8h": "until they run out (8h at most)", "": "until they run out (12h at most"} {
		got := write(chat.Reply(access.Notice{Kind: access.NoticeEnded}, way(access.KindGrant, access.StateEnded), chat.Place{Session: session}))
		if !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
}
