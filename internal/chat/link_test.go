package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
)

const nina = "3c1d9a70-0000-4000-8000-000000000033"

// linkWay is a request to be linked on its way.
func linkWay(s access.State) access.Request {
	r := way(access.KindLink, s)
	r.Asker = access.Asker{Person: access.Person{Name: "N."}, Chat: access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U0NINA"}}
	r.Want = access.Want{
		Principal: config.Principal{Kind: config.UserPrincipal, ID: nina}, PrincipalName: "Nina Petrova",
		Link: access.Link{Account: config.PersonLink{Slack: config.SlackUser{Team: "T0ACME", User: "U0NINA"}}, Email: "nina@example.com", ChatName: "N.", ChatEmail: "n@home.example"},
	}
	r.Trouble = ""
	switch s {
	case access.StateProposed:
		r.Missing = []string{"2 approvals of the control plane"}
	case access.StateLinked:
		r.Times[access.StageMerged], r.Times[access.StageVerified] = t0.Add(time.Minute), t0.Add(2*time.Minute)
	}
	return r
}

func TestGoldenLinks(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, s := range []access.State{access.StateAsked, access.StateProposed, access.StateMerged, access.StateHalted, access.StateLinked, access.StateClosed, access.StateRefused, access.StateUndone} {
		fmt.Fprintf(&b, "== %s\n%s\n", s, write(chat.Card(linkWay(s), office8h())))
	}
	github := linkWay(access.StateLinked)
	github.Want.Link.Account = config.PersonLink{GitHub: config.GitHubUser{Login: "nina-codes", ID: 1009}}
	fmt.Fprintf(&b, "== a GitHub account\n%s\n", write(chat.Card(github, office8h())))
	done := access.Notice{Kind: access.NoticeLinked}
	fmt.Fprintf(&b, "== reply: linked\n%s\n", write(chat.Reply(done, linkWay(access.StateLinked), office8h())))
	fmt.Fprintf(&b, "== reply: linked, GitHub\n%s\n", write(chat.Reply(done, github, office8h())))
	fmt.Fprintf(&b, "== reply: closed\n%s\n", write(chat.Reply(access.Notice{Kind: access.NoticeClosed}, linkWay(access.StateClosed), office8h())))
	golden(t, "links", b.String())
}

// newDoor is an office with a tenant in which people are found by address.
func newDoor(t *testing.T) *office {
	t.Helper()
	o := newOffice(t)
	o.town.users = []access.Entrant{{Person: access.Person{Entra: nina, Name: "Nina Petrova", Email: "nina@example.com"}, Enabled: true}}
	return o
}

// told is what a person was told last.
func (o *office) told(user string) string {
	o.t.Helper()
	o.town.mu.Lock()
	defer o.town.mu.Unlock()
	for _, w := range slices.Backward(o.town.said) {
		if w.user == user {
			return write(w.m)
		}
	}
	o.t.Fatalf("%s was told nothing", user)
	return ""
}

// TestT18WhoIsNotRecognisedMayAskToBeLinked, see that request and cancel it, and
// nothing else.
func TestT18WhoIsNotRecognisedMayAskToBeLinked(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	o.take("k1", "U0NINA", "link <mailto:nina@example.com|nina@example.com>")
	o.take("k2", "U0HANA", "request payments-dev PowerUserAccess for aws-payments-dev 4h why")
	o.work()
	all := o.all()
	i := slices.IndexFunc(all, func(r access.Request) bool { return r.Kind == access.KindLink })
	if i < 0 || all[i].Asker.Entra != "" || all[i].Want.Principal.ID != nina || all[i].Origin != "C0GEN" || all[i].Channel != "C0AWS" {
		t.Fatalf("stored %+v", all)
	}
	link := o.moved(all[i], access.StateProposed)
	hanas := all[1-i]
	if got := o.told("U0NINA"); !strings.Contains(got, string(link.ID)) || !strings.Contains(got, "Nina Petrova") {
		t.Errorf("told: %s", got)
	}
	for _, line := range []string{"status", "whoami", "revoke " + string(link.ID), "cancel " + string(hanas.ID), "status " + string(hanas.ID), "request a B for c 4h d"} {
		o.take("refused "+line, "U0NINA", line)
		o.work()
		if got := o.told("U0NINA"); !strings.Contains(got, "You cannot use this here") {
			t.Errorf("%q: %s", line, got)
		}
	}
	o.take("k3", "U0HANA", "cancel "+string(link.ID))
	o.work()
	if got := o.told("U0HANA"); !strings.Contains(got, "You have no request") {
		t.Errorf("another cancelled it: %s", got)
	}
	o.take("k4", "U0NINA", "status "+string(link.ID))
	o.work()
	if got := o.told("U0NINA"); !strings.Contains(got, "Claims to be: Nina Petrova") {
		t.Errorf("status: %s", got)
	}
	o.take("k5", "U0NINA", "cancel "+string(link.ID))
	o.work()
	if got := o.told("U0NINA"); !strings.Contains(got, "is cancelled") || !slices.Equal(o.town.closed, []access.ID{link.ID}) {
		t.Errorf("cancel: %s, closed %v", got, o.town.closed)
	}
}

func TestT18OutsidersAreNotLinked(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	o.take("k1", "U0NINA", "link nina@example.com")
	o.work()
	link := o.moved(o.all()[0], access.StateProposed)
	o.town.outsider = "your Slack user is deactivated"
	for i, line := range []string{"link nina@example.com", "link github nina-codes"} {
		o.take(fmt.Sprint("l", i), "U0GUS", line)
		o.work()
		if got := o.told("U0GUS"); !strings.Contains(got, "deactivated") {
			t.Errorf("%q: %s", line, got)
		}
	}
	o.take("k2", "U0NINA", "cancel "+string(link.ID))
	o.work()
	if len(o.town.closed) > 0 || len(o.all()) != 1 {
		t.Errorf("closed %v, stored %d", o.town.closed, len(o.all()))
	}
}

func TestWhoIsNotRecognisedIsToldHowALinkIsWritten(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	o.take("k1", "U0NINA", "link Nina Petrova")
	o.work()
	if got := o.told("U0NINA"); !strings.Contains(got, "`link you@company.com`") || len(o.all()) > 0 {
		t.Errorf("told: %s", got)
	}
}

func TestALinkThatCannotBeLookedUpIsTriedAgain(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	o.take("k1", "U0NINA", "link nina@example.com")
	o.town.down = errLost
	if err := o.desk.WorkOff(t.Context()); !errors.Is(err, errLost) {
		t.Fatalf("WorkOff: %v", err)
	}
	o.town.down = nil
	o.work()
	if len(o.all()) != 1 {
		t.Errorf("stored %d", len(o.all()))
	}
	o.moved(o.all()[0], access.StateProposed)
	o.take("k2", "U0NINA", "cancel "+string(o.all()[0].ID))
	o.town.withdraw = errLost
	if err := o.desk.WorkOff(t.Context()); !errors.Is(err, errLost) {
		t.Fatalf("WorkOff: %v", err)
	}
}

// TestWhoIsLinkedIsToldInPrivateOnce, after the thread is told.
func TestWhoIsLinkedIsToldInPrivateOnce(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]error{"told": nil, "a whisper that fails holds up nothing": errLost} {
		d := newMail(t)
		d.service.failWhisper = fail
		r := linkWay(access.StateVerified)
		r.Channel, r.Origin, r.Version, r.Key = "C0AWS", "C0GEN", 1, "k1"
		if err := d.requests.Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if err := d.courier.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.service.whispers = nil // the link to the root message
		next, notices := access.Advance(r, access.Facts{Link: &access.LinkFacts{Stands: true}}, t0)
		if err := d.requests.Save(t.Context(), next, notices); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := d.courier.Deliver(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if len(d.service.list) != 2 || d.service.list[1].at.Thread == "" {
			t.Errorf("%s: posted %+v", name, d.service.list)
		}
		w := d.service.whispers
		if len(w) != 1 || w[0].user != "U0NINA" || w[0].to.Channel != "C0GEN" || !strings.Contains(w[0].m.Summary, "You are linked now") {
			t.Errorf("%s: whispered %+v", name, w)
		}
	}
}
