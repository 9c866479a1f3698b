package access_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"

	"github.com/google/go-cmp/cmp"
)

// TestT18WhoIsNotBoundIsToldHowToBeLinked, in words that vouch for nobody.
func TestT18WhoIsNotBoundIsToldHowToBeLinked(t *testing.T) {
	t.Parallel()
	p := newPeople(t, entrant(hana, "hana@example.com"), entrant(newcomer, "nao@example.com"))
	p.is(profile("U0NAO", "nao@example.com"), newcomer)
	twin := entrant("e-twin", "twin@example.com")
	p.dir.users = append(p.dir.users, twin, twin)
	for name, c := range map[string]access.ChatProfile{
		"nobody has the address":         profile("U0EVE", "vip@example.com"),
		"two have the address":           profile("U0EVE", "twin@example.com"),
		"no address":                     profile("U0EVE", ""),
		"an address that folds":          profile("U0EVE", "\u212aen@example.com"),
		"the person has another user":    profile("U0EVE", "hana@example.com"),
		"another user was bound before":  profile("U0EVE", "nao@example.com"),
		"the address changed, suspended": profile("U0NAO", "nao.new@example.com"),
	} {
		_, err := p.Resolve(t.Context(), c)
		var no *access.Refusal
		if !errors.As(err, &no) || !strings.Contains(no.Mend, "`/aws-access link you@company.com`") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(no.Error(), "@example.com") || strings.Contains(no.Error(), hana) {
			t.Errorf("%s: the answer names somebody: %v", name, no)
		}
	}
	teams := profile("U0EVE", "vip@example.com")
	teams.User.Platform = access.Teams
	var no *access.Refusal
	if _, err := p.Resolve(t.Context(), teams); !errors.As(err, &no) || strings.Contains(no.Mend, "link") {
		t.Errorf("Teams: %v", err)
	}
}

// accounts is GitHub's people in memory.
type accounts map[string]int64

func (a accounts) Account(_ context.Context, login string) (config.GitHubUser, error) {
	if a[login] < 0 {
		return config.GitHubUser{}, errDown
	}
	if a[login] == 0 {
		return config.GitHubUser{}, access.ErrNotFound
	}
	return config.GitHubUser{Login: login, ID: a[login]}, nil
}

// newLinks is a service for a tenant with a newcomer, a guest, somebody
// disabled, and two with one address.
func newLinks(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	guest, off := entrant("e-guest", "guest@example.com"), entrant("e-off", "off@example.com")
	guest.Guest, off.Enabled = true, false
	nao := entrant(newcomer, "nao@example.com")
	nao.UPN = "nao@corp.example.com"
	w.dir.users = []access.Entrant{nao, entrant(hana, "hana@example.com"), guest, off, entrant("e-1", "twin@example.com"), entrant("e-2", "twin@example.com")}
	w.service.Links, w.service.Accounts = w.requests, accounts{"nao-codes": 77, "hana-two": 1900, "hana-dev": 1002, "ken-platform": 1003, "down": -1}
	return w
}

// claims is an ask of somebody who is not recognised.
func claims(key, user, email string) access.LinkAsk {
	p := profile(user, "who@else.example")
	p.Name, p.Zone = "Vip (CEO)", "Asia/Tokyo"
	return access.LinkAsk{Key: key, Profile: p, Email: email, Channel: "C0AWS", Origin: "C0GEN"}
}

// link wants an ask to be accepted.
func (w *world) link(a access.LinkAsk) access.Request {
	w.t.Helper()
	got, err := w.service.Link(w.t.Context(), a)
	if err != nil {
		w.t.Fatal(err)
	}
	return got.Request
}

// TestT18AClaimIsStoredAsAClaim: who sent it has no Entra id in it.
func TestT18AClaimIsStoredAsAClaim(t *testing.T) {
	t.Parallel()
	w := newLinks(t)
	a := claims("k1", "U0EVE", "nao@example.com")
	got := w.get(w.link(a).ID)
	want := access.Request{
		ID: got.ID, Key: "k1", Kind: access.KindLink, State: access.StateAsked, Version: 1,
		Asker: access.Asker{Person: access.Person{Name: "Vip (CEO)", Email: "who@else.example"}, Chat: a.Profile.User, Zone: "Asia/Tokyo"},
		Want: access.Want{
			Principal: config.Principal{Kind: config.UserPrincipal, ID: newcomer}, PrincipalName: "Name of nao@example.com",
			Link: access.Link{
				Account: config.PersonLink{Slack: config.SlackUser{Team: "T0ACME", User: "U0EVE"}},
				Email:   "nao@example.com", UPN: "nao@corp.example.com", ChatName: "Vip (CEO)", ChatEmail: "who@else.example",
			},
		},
		Channel: "C0AWS", Origin: "C0GEN", Times: map[access.Stage]time.Time{access.StageAsked: morning},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if w.stored != 1 {
		t.Errorf("the workers were woken %d times", w.stored)
	}
	again, err := w.service.Link(t.Context(), a)
	if err != nil || !again.Repeated || again.Request.ID != got.ID {
		t.Errorf("the same delivery: %+v, %v", again, err)
	}
}

// TestT18AClaimGivesNothing: the asker gains no right of the person he claims to
// be, and that person none over the asker's request but to see it.
func TestT18AClaimGivesNothing(t *testing.T) {
	t.Parallel()
	w := newLinks(t)
	of := w.ask(good("k0")).Request // Hana's own
	claim := w.moved(w.link(claims("k1", "U0EVE", "hana@example.com")), access.StateProposed)
	eve := claim.Asker.Person
	if eve.Entra != "" {
		t.Fatalf("the asker is %q", eve.Entra)
	}
	_, err := w.service.Cancel(t.Context(), eve, of.ID)
	refused(t, err, "")
	_, err = w.service.Show(t.Context(), eve, of.ID)
	refused(t, err, "")
	_, err = w.service.Revoke(t.Context(), access.Removal{Key: "k2", Asker: claim.Asker, Request: of.ID})
	refused(t, err, "")
	for _, id := range []access.ID{of.ID, claim.ID} {
		// An empty id is nobody's, not everybody's without one.
		_, err = w.service.Cancel(t.Context(), access.Person{}, id)
		refused(t, err, "")
		_, err = w.service.Show(t.Context(), access.Person{}, id)
		refused(t, err, "")
	}
	if mine, err := w.service.Mine(t.Context(), eve, 10); err != nil || len(mine) > 0 {
		t.Errorf("the asker's requests: %v, %v", mine, err)
	}
	if mine, err := w.service.Mine(t.Context(), person(hana), 10); err != nil || len(mine) != 1 {
		t.Errorf("Hana's requests: %v, %v; want her own only", mine, err)
	}
	if _, err := w.service.Show(t.Context(), person(hana), claim.ID); err != nil {
		t.Errorf("Hana may see who claims to be her: %v", err)
	}
	_, err = w.service.Cancel(t.Context(), person(hana), claim.ID)
	refused(t, err, "")
	_, err = w.service.Show(t.Context(), person(yuki), claim.ID)
	refused(t, err, "")
}

func TestWhoSentAClaimMayCancelIt(t *testing.T) {
	t.Parallel()
	w := newLinks(t)
	claim := w.link(claims("k1", "U0EVE", "nao@example.com"))
	for _, u := range []access.ChatUser{
		{}, {Platform: access.Slack, Team: "T0ACME", User: "U0ADA"}, {Platform: access.Slack, Team: "T0SUB", User: "U0EVE"}, {Platform: access.Teams, Team: "T0ACME", User: "U0EVE"},
	} {
		if _, ok, err := w.service.Sent(t.Context(), u, claim.ID); ok || err != nil {
			t.Errorf("%+v sent it: %v, %v", u, ok, err)
		}
	}
	if _, ok, err := w.service.Sent(t.Context(), claim.Asker.Chat, "REQ-000000"); ok || err != nil {
		t.Errorf("an unknown request: %v, %v", ok, err)
	}
	grant := w.ask(good("k2")).Request
	if _, ok, err := w.service.Sent(t.Context(), grant.Asker.Chat, grant.ID); ok || err != nil {
		t.Errorf("a request for access is known by its person only: %v, %v", ok, err)
	}
	sent, ok, err := w.service.Sent(t.Context(), claim.Asker.Chat, claim.ID)
	if !ok || err != nil {
		t.Fatalf("not found: %v, %v", ok, err)
	}
	if _, err := w.service.CancelSent(t.Context(), sent); err == nil {
		t.Error("cancelled before there was a pull request")
	}
	sent = w.moved(sent, access.StateProposed)
	if _, err := w.service.CancelSent(t.Context(), sent); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]access.ID{claim.ID}, w.pulls.withdrawn); diff != "" {
		t.Errorf("withdrawn (-want +got):\n%s", diff)
	}
}

// TestT44AddressesOfNobodyAreAnsweredAlike, whatever is wrong with them.
func TestT44AddressesOfNobodyAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	w := newLinks(t)
	w.dir.users = append(w.dir.users, entrant("e-odd", "nao@example"))
	answers := map[string]bool{}
	for i, email := range []string{"nobody@example.com", "guest@example.com", "off@example.com", "twin@example.com", "\u212aen@example.com", "", "@", "nao@", "nao@example", "nao@@example.com", "nao@example.com\x00", strings.Repeat("n", 250) + "@example.com"} {
		_, err := w.service.Link(t.Context(), claims("k-"+email, fmt.Sprint("U0EVE", i), email))
		answers[refused(t, err, "").Error()] = true
	}
	other := claims("k-other", "U0NAO", "hana@example.com")
	other.Known = person(newcomer) // recognised, and claims to be somebody else
	_, err := w.service.Link(t.Context(), other)
	answers[refused(t, err, "").Error()] = true
	if len(answers) != 1 {
		t.Errorf("the answers differ: %v", answers)
	}
	if open, err := w.requests.Open(t.Context()); err != nil || len(open) > 0 {
		t.Errorf("stored: %v, %v", open, err)
	}
}

func TestT18WhoMayNotAskToBeLinked(t *testing.T) {
	t.Parallel()
	guest := claims("k", "U0GUS", "nao@example.com")
	guest.Profile.Outsider = "guests of this Slack workspace may not ask for access"
	teams := claims("k", "U0EVE", "nao@example.com")
	teams.Profile.User.Platform = access.Teams
	vouched := teams
	vouched.Profile.Entra = newcomer
	stranger := claims("k", "U0EVE", "")
	stranger.GitHub = "nao-codes"
	known := func(entra, login string) access.LinkAsk {
		a := claims("k", "U0HANA", "")
		a.Known, a.GitHub = person(entra), login
		return a
	}
	own := claims("k", "U0HANA", "hana@example.com")
	own.Known = person(hana)
	moved := claims("k", "U0HANA", "nao@example.com")
	tests := []struct {
		name string
		ask  access.LinkAsk
		says string
	}{
		{"a guest", guest, "guests of this Slack workspace"},
		{"a user of Teams", teams, "Only Slack users"},
		{"somebody for whom the chat vouches", vouched, "nothing to link"},
		{"a GitHub account of somebody unknown", stranger, "does not know yet who you are"},
		{"a login that nobody has", known(hana, "no-such"), "no account of a person"},
		{"the account of another person", known(hana, "ken-platform"), "another person"},
		{"a link that stands", own, "already"},
		{"an account that stands", known(hana, "hana-dev"), "already"},
		{"a Slack user that people.yaml gives to another", moved, "another person"},
		{"a GitHub account of who left", known("e-off", "nao-codes"), "one enabled member"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newLinks(t)
			_, err := w.service.Link(t.Context(), tc.ask)
			if no := refused(t, err, ""); !strings.Contains(no.Error(), tc.says) || no.Mend == "" {
				t.Errorf("%q does not say %q and what to do", no.Error(), tc.says)
			}
		})
	}
	w := newLinks(t)
	r := w.link(known(hana, "hana-two"))
	if r.Asker.Entra != hana || r.Want.Principal.ID != hana || r.Want.Link.Account.GitHub != (config.GitHubUser{Login: "hana-two", ID: 1900}) {
		t.Errorf("another GitHub account: %+v", r)
	}
}

// TestT43LinksAreLimited: one open per chat user and per person, three a day per
// chat user, thirty of all, counted from the store.
// TestWhoIsVouchedForLinksAGitHubAccount from any chat.
func TestWhoIsVouchedForLinksAGitHubAccount(t *testing.T) {
	t.Parallel()
	w := newLinks(t)
	a := claims("k", newcomer, "")
	a.Profile.User = access.ChatUser{Platform: access.Teams, Team: "tenant", User: newcomer}
	a.Profile.Entra, a.Known, a.GitHub = newcomer, person(newcomer), "nao-codes"
	got, err := w.service.Link(t.Context(), a)
	if err != nil || got.Request.Want.Principal.ID != newcomer || got.Request.Want.Link.Account.GitHub.ID != 77 || got.Request.Asker.Entra != newcomer {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestT43LinksAreLimited(t *testing.T) {
	t.Parallel()
	w := newLinks(t)
	no := func(a access.LinkAsk, says string) {
		t.Helper()
		_, err := w.service.Link(t.Context(), a)
		if got := refused(t, err, "").Error(); !strings.Contains(got, says) {
			t.Errorf("%q does not say %q", got, says)
		}
	}
	first := w.link(claims("k1", "U0EVE", "nao@example.com"))
	no(claims("k2", "U0EVE", "hana@example.com"), string(first.ID))
	no(claims("k3", "U0ADA", "nao@example.com"), string(first.ID))
	w.moved(first, access.StateClosed)
	for i := range 2 {
		w.moved(w.link(claims(fmt.Sprint("again", i), "U0EVE", "nao@example.com")), access.StateClosed)
	}
	no(claims("k4", "U0EVE", "nao@example.com"), "Too many")
	no(claims("k5", "U0EVE", "nobody@example.com"), "Too many") // before anything is looked up
	w.start()
	w.service.Links = w.requests
	no(claims("k6", "U0EVE", "nao@example.com"), "Too many")
	for i := range 27 {
		w.moved(w.link(claims(fmt.Sprint("all", i), fmt.Sprint("U0X", i), "nao@example.com")), access.StateClosed)
	}
	no(claims("k7", "U0ADA", "nao@example.com"), "Too many")
	w.now = morning.Add(24*time.Hour + time.Second)
	w.link(claims("k8", "U0EVE", "nao@example.com"))
}

// TestT44TriesToBeLinkedAreLimited: what an answer says of logins and addresses
// is asked ten times a day at most, whether or not a request came of it. One
// too many looks nothing up.
func TestT44TriesToBeLinkedAreLimited(t *testing.T) {
	t.Parallel()
	w := newLinks(t)
	looked := &lookups{accounts: accounts{"hana-two": 1900}}
	w.service.Accounts = looked
	try := func(key, login string) *access.Refusal {
		t.Helper()
		a := claims(key, "U0HANA", "")
		a.Known, a.GitHub = person(hana), login
		_, err := w.service.Link(t.Context(), a)
		return refused(t, err, "")
	}
	for i := range 10 {
		if no := try(fmt.Sprint("k", i), fmt.Sprint("guess-", i)); !strings.Contains(no.Message, "no account") {
			t.Fatalf("try %d: %v", i+1, no)
		}
	}
	if no := try("k3", "guess-3"); !strings.Contains(no.Message, "no account") {
		t.Errorf("the same delivery again: %v", no)
	}
	before := looked.n
	w.start() // nor does a restart help
	w.service.Links, w.service.Accounts = w.requests, looked
	no := try("k10", "hana-two")
	if !strings.Contains(no.Message, "10 times in 24 hours") || !strings.Contains(no.Mend, "tomorrow") || looked.n != before {
		t.Errorf("one try too many: %v after %d look-ups", no, looked.n-before)
	}
	_, err := w.service.Link(t.Context(), claims("k11", "U0HANA", "vip@example.com"))
	if no := refused(t, err, ""); !strings.Contains(no.Message, "10 times") {
		t.Errorf("addresses are counted apart: %v", no)
	}
	w.link(claims("other", "U0EVE", "nao@example.com"))
	w.now = morning.Add(24 * time.Hour)
	a := claims("k12", "U0HANA", "")
	a.Known, a.GitHub = person(hana), "hana-two"
	w.link(a)
}

// lookups counts what GitHub is asked.
type lookups struct {
	accounts
	n int
}

func (l *lookups) Account(ctx context.Context, login string) (config.GitHubUser, error) {
	l.n++
	return l.accounts.Account(ctx, login)
}

func TestLinkFaultsAreNoRefusals(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*world, *access.LinkAsk){
		"no config":    func(w *world, _ *access.LinkAsk) { w.commits.err = errDown },
		"no directory": func(w *world, _ *access.LinkAsk) { w.dir.err = errDown },
		"no GitHub":    func(_ *world, a *access.LinkAsk) { a.Known, a.Email, a.GitHub = person(hana), "", "down" },
		"no GitHub set": func(w *world, a *access.LinkAsk) {
			w.service.Accounts, a.Known, a.Email, a.GitHub = nil, person(hana), "", "x"
		},
	}
	for name, fault := range tests {
		w, a := newLinks(t), claims("k", "U0EVE", "nao@example.com")
		fault(w, &a)
		_, err := w.service.Link(t.Context(), a)
		var no *access.Refusal
		if err == nil || errors.As(err, &no) {
			t.Errorf("%s: %v, want a fault that is worth another try", name, err)
		}
	}
}

// TestT18ALinkSupersedesTheBinding: from the commit on that has it, the chat
// user is that person, and the facts say so.
func TestT18ALinkSupersedesTheBinding(t *testing.T) {
	t.Parallel()
	w := newLinks(t)
	r := w.link(claims("k1", "U0EVE", "nao@example.com"))
	o := &access.Observer{Pulls: linkedPull{}, Commits: w.commits, Now: func() time.Time { return w.now }}
	f, err := o.Facts(t.Context(), r)
	if err != nil || f.Link == nil || f.Link.Stands || f.Grant != nil {
		t.Fatalf("before: %+v, %v", f, err)
	}
	people, err := fs.ReadFile(example.FS(), "people.yaml")
	if err != nil {
		t.Fatal(err)
	}
	people, err = r.Want.Link.Account.Apply(people, newcomer, "nao@example.com")
	if err != nil {
		t.Fatal(err)
	}
	w.commits.force.Repo = exampleRepo(t, map[string]string{"people.yaml": string(people)})
	if f, err = o.Facts(t.Context(), r); err != nil || f.Link == nil || !f.Link.Stands {
		t.Fatalf("after: %+v, %v", f, err)
	}
	p := newPeople(t, w.dir.users...)
	p.commits.force = w.commits.force
	p.is(profile("U0EVE", "who@else.example"), newcomer)
	w.commits.err = access.ErrNotFound
	if f, err = o.Facts(t.Context(), r); err != nil || f.Link != nil {
		t.Errorf("without a config: %+v, %v", f, err)
	}
	w.commits.err = errDown
	if _, err = o.Facts(t.Context(), r); !errors.Is(err, errDown) {
		t.Errorf("a fault: %v", err)
	}
}

// linkedPull is a pull request that is merged and in force.
type linkedPull struct{}

func (linkedPull) PullFacts(context.Context, access.ID) (*access.PullFacts, error) {
	return &access.PullFacts{State: access.PullMerged, Commit: "c1"}, nil
}

func (linkedPull) Verdict(context.Context, access.ID) (*access.Verdict, error) {
	return &access.Verdict{Commit: "c1", InForce: true}, nil
}
