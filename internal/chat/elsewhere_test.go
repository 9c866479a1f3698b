package chat_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/store"
)

// forgetful is a chat service without a history.
type forgetful struct{ *service }

func (forgetful) Find(context.Context, chat.Address, string, time.Time) (string, bool, error) {
	return "", false, chat.ErrNoHistory
}

// TestP8WithoutAHistoryWhatMayBeLostIsSaidAgain: on a service that cannot be
// searched, a message whose answer was lost comes again and says that it may stand
// there twice; what is known to be out does not.
func TestP8WithoutAHistoryWhatMayBeLostIsSaidAgain(t *testing.T) {
	t.Parallel()
	d := newMail(t)
	restart := func() {
		d.start()
		d.courier.Platforms = map[access.Platform]chat.Platform{access.Slack: forgetful{d.service}}
	}
	restart()
	d.create(t, asked("REQ-000001"))
	d.service.loseReply = errLost
	if err := d.courier.Deliver(t.Context()); !errors.Is(err, errLost) {
		t.Fatalf("got %v, want the fault", err)
	}
	restart()
	d.deliver(t)
	d.save(t, asked("REQ-000001"), access.NoticeMerged)
	d.service.loseReply = errLost
	if err := d.courier.Deliver(t.Context()); !errors.Is(err, errLost) {
		t.Fatalf("got %v, want the fault", err)
	}
	restart()
	d.deliver(t)
	d.deliver(t)
	var got []string
	for _, p := range d.service.list {
		twice := ""
		if strings.Contains(text(p.m), "may stand here twice") {
			twice = " again"
		}
		got = append(got, p.key+twice)
	}
	if want := []string{"REQ-000001", "REQ-000001 again", "REQ-000001/merged", "REQ-000001/merged again"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if root, err := store.NewOutbox(d.db).Root(t.Context(), "REQ-000001"); err != nil || root.TS != "2" {
		t.Errorf("the root that goes on is %+v, %v", root, err)
	}
}

// twoServices is a company on both.
type twoServices struct {
	*mail
	teams *service
	repo  *config.Repo
}

func (b *twoServices) InForce(context.Context) (access.InForce, error) {
	return access.InForce{Repo: b.repo}, nil
}

// newTwo is a courier to both: Yuki is on Slack by people.yaml, others are in
// Teams.
func newTwo(t *testing.T) *twoServices {
	t.Helper()
	repo, err := plainExample()
	if err != nil {
		t.Fatal(err)
	}
	b := &twoServices{mail: newMail(t), teams: &service{}, repo: repo}
	b.start()
	return b
}

func (b *twoServices) start() {
	b.mail.start()
	b.courier = chat.NewCourier(chat.Courier{
		Outbox: store.NewOutbox(b.db), Requests: b.requests, Commits: b,
		Platforms: map[access.Platform]chat.Platform{access.Slack: b.service, access.Teams: b.teams},
		Ops:       chat.Address{Team: "T0ACME", Channel: "C0OPS"}, OpsPlatform: access.Slack,
		Home: func(p config.Person) (access.ChatUser, bool) {
			if p.Slack != nil && p.Email == "yuki@example.com" {
				return access.ChatUser{Platform: access.Slack, Team: p.Slack.Team, User: p.Slack.User}, true
			}
			return access.ChatUser{Platform: access.Teams, Team: "tenant", User: p.Entra}, true
		},
		Log: slog.New(slog.DiscardHandler),
	})
}

// fromTeams is a request that Hana made in Teams for an account that Yuki owns.
func fromTeams(s access.State) access.Request {
	r := way(access.KindGrant, s)
	r.Key, r.Version, r.Channel = string(r.ID), 1, "19:aws"
	r.Asker.Chat = access.ChatUser{Platform: access.Teams, Team: "tenant", User: "hana"}
	r.Want.Principal = config.Principal{Kind: config.GroupPrincipal, ID: "0b7e3f4c-0000-4000-8000-000000000011"}
	return r
}

// TestAnOwnerOnTheOtherServiceIsToldThereThatSomethingWaits: once, in private, also
// over a restart; on the service of the message he sees it in the channel.
func TestAnOwnerOnTheOtherServiceIsToldThereThatSomethingWaits(t *testing.T) {
	t.Parallel()
	b := newTwo(t)
	r := fromTeams(access.StateAsked)
	r.Pull = access.PullRef{}
	b.create(t, r)
	b.deliver(t)
	if len(b.teams.list) != 1 || len(b.service.list)+len(b.service.whispers) != 0 {
		t.Fatalf("asked: %+v, %+v", b.teams.list, b.service.whispers)
	}
	p := fromTeams(access.StateProposed)
	b.save(t, p)
	b.deliver(t)
	b.start()
	p.Version++
	b.save(t, p)
	b.deliver(t)
	if len(b.service.whispers) != 1 {
		t.Fatalf("%d whispers", len(b.service.whispers))
	}
	w := b.service.whispers[0]
	if w.user != "U0YUKI" || !strings.Contains(write(w.m), "waits for review") || !strings.Contains(write(w.m), "pull/12") || !strings.Contains(write(w.m), "19:aws/1") {
		t.Errorf("%s is told %s", w.user, write(w.m))
	}
	if len(b.teams.whispers) != 0 {
		t.Errorf("told in Teams: %+v", b.teams.whispers)
	}
	// The same from Slack: Yuki sees it there.
	s := newTwo(t)
	r = fromTeams(access.StateProposed)
	r.Asker.Chat, r.Channel = access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U0HANA"}, "C0AWS"
	s.create(t, r)
	s.deliver(t)
	if len(s.service.whispers)+len(s.teams.whispers) != 0 || len(s.service.list) != 1 {
		t.Errorf("from Slack: %+v %+v", s.service.whispers, s.teams.whispers)
	}
}

// TestOwnersWhoShouldLookAreNamedHereAndToldThere.
func TestOwnersWhoShouldLookAreNamedHereAndToldThere(t *testing.T) {
	t.Parallel()
	b := newTwo(t)
	r := fromTeams(access.StateLive)
	b.create(t, r)
	b.deliver(t)
	b.save(t, r, access.NoticeGrown)
	b.deliver(t)
	if len(b.teams.list) != 2 || len(b.service.whispers) != 1 || b.service.whispers[0].user != "U0YUKI" {
		t.Fatalf("%+v, %+v", b.teams.list, b.service.whispers)
	}
	reply := spans(b.teams.list[1].m)
	if !slices.ContainsFunc(reply, func(s chat.Span) bool {
		return s.User.Platform == access.Slack && s.User.User == "U0YUKI" && s.Text == "yuki@example.com"
	}) {
		t.Errorf("the reply names nobody: %+v", reply)
	}
}

// TestWhoAskedOnTheOtherServiceGetsHisLinkThere: the root message fell back to the
// operations channel, on Slack.
func TestWhoAskedOnTheOtherServiceGetsHisLinkThere(t *testing.T) {
	t.Parallel()
	b := newTwo(t)
	b.teams.dead = map[string]bool{"19:aws": true}
	r := fromTeams(access.StateAsked)
	r.Origin = "19:general"
	b.create(t, r)
	b.deliver(t)
	if len(b.service.list) != 1 || len(b.service.whispers) != 0 || len(b.teams.whispers) != 1 || b.teams.whispers[0].user != "hana" {
		t.Errorf("Slack has %+v %+v, Teams %+v", b.service.list, b.service.whispers, b.teams.whispers)
	}
}

// TestWhoMayApproveIsToldOnTheOtherService: those whom the rule names by address, also
// through the control plane; not who asked, though he owns the account, and nobody
// twice.
func TestWhoMayApproveIsToldOnTheOtherService(t *testing.T) {
	t.Parallel()
	address := func(a string) config.ApproverRef { return config.ApproverRef{Kind: config.ApproverEmail, Name: a} }
	plane := config.Steps{{Approvers: []config.ApproverRef{address("mio@example.com"), {Kind: config.ApproverTeam, Name: "platform"}}, Count: 1}}
	rule := config.Rule{Name: "all", Steps: config.Steps{
		{Approvers: []config.ApproverRef{{Kind: config.ApproverAccountOwners}, address("yuki@example.com"), address("taro@example.com")}, Count: 1},
		{Approvers: []config.ApproverRef{{Kind: config.ApproverControlPlane}}, Count: 1},
	}}
	for kind, want := range map[access.Kind][]string{
		access.KindGrant: {"22", "24", "25"}, access.KindOnboard: {"24"}, access.KindPhase: {"24"}, access.KindLink: {"24"}, access.KindRevoke: nil,
	} {
		b := newTwo(t)
		repo := *b.repo
		repo.Access.Approvals, repo.Access.ControlPlane = []config.Rule{rule}, plane
		repo.Access.Onboarding.Approvers = []config.ApproverRef{{Kind: config.ApproverControlPlane}}
		b.repo = &repo
		b.courier.Home = func(p config.Person) (access.ChatUser, bool) {
			return access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: p.Entra[len(p.Entra)-2:]}, true
		}
		r := fromTeams(access.StateProposed)
		r.Kind = kind
		if kind != access.KindGrant {
			r.Want.AccountID, r.Want.Principal = "", config.Principal{} // none of the repo, so no owners
		}
		b.create(t, r)
		b.deliver(t)
		var got []string
		for _, w := range b.service.whispers {
			got = append(got, w.user)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: told %v, want %v", kind, got, want)
		}
	}
	b := newTwo(t)
	r := fromTeams(access.StateProposed)
	r.Asker.Email = "Yuki@example.com"
	b.create(t, r)
	b.deliver(t)
	if len(b.service.whispers) != 0 {
		t.Errorf("who asked is told %+v", b.service.whispers)
	}
}

// TestNobodyIsAskedForAReviewThatIsNotWanted: before its check was made, and where it
// passes without anybody; once it wants something they are told.
func TestNobodyIsAskedForAReviewThatIsNotWanted(t *testing.T) {
	t.Parallel()
	b := newTwo(t)
	r := fromTeams(access.StateProposed)
	wanted := r.Missing
	r.Missing = nil
	b.create(t, r)
	b.deliver(t)
	r.Approved, r.Missing = true, []string{"the bot does not merge it"}
	b.save(t, r)
	b.deliver(t)
	if len(b.service.whispers) != 0 {
		t.Fatalf("told %s", write(b.service.whispers[0].m))
	}
	r.Version, r.Approved, r.Missing = 2, false, wanted
	b.save(t, r)
	b.deliver(t)
	if len(wanted) == 0 || len(b.service.whispers) != 1 {
		t.Errorf("%d whispers once %v is wanted", len(b.service.whispers), wanted)
	}
}

// TestWhoJoinedOnTheOtherServiceIsToldThere what the thread mentions him for, which he
// does not see; each once, and only those who are elsewhere.
func TestWhoJoinedOnTheOtherServiceIsToldThere(t *testing.T) {
	t.Parallel()
	b := newTwo(t)
	r := fromTeams(access.StateLive)
	joiner := func(entra, user string, p access.Platform) access.Joiner {
		return access.Joiner{Asker: access.Asker{Person: access.Person{Entra: entra, Name: user}, Chat: access.ChatUser{Platform: p, Team: "T0ACME", User: user}}}
	}
	r.Joined = []access.Joiner{joiner("e1", "U0TARO", access.Slack), joiner("e2", "mio", access.Teams), joiner("e3", "U0NAO", access.Slack)}
	b.create(t, r)
	b.deliver(t)
	r.Version++
	if err := b.requests.Save(t.Context(), r, []access.Notice{{Key: string(r.ID) + "/joined/e1", Request: r.ID, Kind: access.NoticeJoined, At: t0, Text: "Taro"}}); err != nil {
		t.Fatal(err)
	}
	b.deliver(t)
	if got := b.service.whispers; len(got) != 1 || got[0].user != "U0TARO" || !strings.Contains(write(got[0].m), "You have joined REQ-7F3K2Q") || !strings.Contains(write(got[0].m), "19:aws/1") {
		t.Fatalf("who joined is told %+v", got)
	}
	b.service.whispers = nil
	b.save(t, r, access.NoticeLive)
	b.deliver(t)
	b.deliver(t)
	var told []string
	for _, w := range b.service.whispers {
		if !strings.Contains(write(w.m), "is live") || !strings.Contains(write(w.m), "19:aws/1") {
			t.Errorf("%s is told %s", w.user, write(w.m))
		}
		told = append(told, w.user)
	}
	slices.Sort(told)
	if !slices.Equal(told, []string{"U0NAO", "U0TARO"}) || len(b.teams.whispers) != 0 {
		t.Errorf("told %v, and in Teams %+v", told, b.teams.whispers)
	}
	b.service.whispers = nil
	r.Version++
	b.save(t, r, access.NoticeMerged) // nobody is mentioned
	b.deliver(t)
	if len(b.service.whispers) != 0 {
		t.Errorf("told %+v", b.service.whispers)
	}
}

// TestWhoJoinedIsNotSentToAChannelThatIsNotThere: a channel of Teams is none of Slack.
func TestWhoJoinedIsNotSentToAChannelThatIsNotThere(t *testing.T) {
	t.Parallel()
	m := chat.Accepted(access.Asked{Request: fromTeams(access.StateProposed), Joined: true})
	if !slices.ContainsFunc(spans(m), func(s chat.Span) bool { return s.Channel == "19:aws" && s.Text == "its channel in Teams" }) {
		t.Errorf("%+v", spans(m))
	}
}
