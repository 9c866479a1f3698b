package access_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"

	"aws-access-bot/config/example"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/store"
)

// people is an identity over the example repo and a tenant.
type people struct {
	*access.Identity
	t        *testing.T
	commits  *commits
	dir      *directory
	bindings *store.Bindings
}

func newPeople(t *testing.T, users ...access.Entrant) *people {
	t.Helper()
	p := &people{
		t: t, commits: &commits{force: access.InForce{Repo: exampleRepo(t, nil)}},
		dir: &directory{users: users}, bindings: store.NewBindings(store.NewMemory()),
	}
	p.Identity = &access.Identity{Commits: p.commits, Directory: p.dir, Bindings: p.bindings}
	return p
}

func profile(user, email string) access.ChatProfile {
	return access.ChatProfile{User: access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: user}, Email: email}
}

// is wants a profile to be a person.
func (p *people) is(c access.ChatProfile, entra string) {
	p.t.Helper()
	got, err := p.Resolve(p.t.Context(), c)
	if err != nil || got.Entra != entra {
		p.t.Errorf("%s is %s, %v; want %s", c.User.User, got.Entra, err, entra)
	}
}

// nobody wants a profile to be refused with words.
func (p *people) nobody(c access.ChatProfile, says string) {
	p.t.Helper()
	got, err := p.Resolve(p.t.Context(), c)
	var no *access.Refusal
	if !errors.As(err, &no) || got != (access.Person{}) || !strings.Contains(no.Error(), says) || no.Mend == "" {
		p.t.Errorf("%s: %+v, %v; want a refusal that says %q and what to do", c.User.User, got, err, says)
	}
}

// TestT18PeopleFileComesFirst: a link in people.yaml decides, whatever the
// address in chat says.
func TestT18PeopleFileComesFirst(t *testing.T) {
	t.Parallel()
	p := newPeople(t, entrant(hana, "hana@example.com"), entrant(yuki, "yuki@example.com"))
	p.is(profile("U0HANA", "hana@example.com"), hana)
	p.is(profile("U0HANA", "yuki@example.com"), hana)
	p.is(profile("U0HANA", ""), hana)
	elsewhere := profile("U0HANA", "x@example.com")
	elsewhere.User.Team = "T0EVIL"
	p.nobody(elsewhere, "0 enabled Entra members")
	teams := profile("U0HANA", "x@example.com")
	teams.User.Platform = access.Teams
	p.nobody(teams, "0 enabled Entra members")
}

func TestT18FirstUseBindsByEMail(t *testing.T) {
	t.Parallel()
	p := newPeople(t, entrant(newcomer, "nao@example.com"))
	p.is(profile("U0NAO", "nao@example.com"), newcomer)
	b, err := p.bindings.Binding(t.Context(), profile("U0NAO", "").User)
	if err != nil || b != (access.Binding{Entra: newcomer, Email: "nao@example.com"}) {
		t.Errorf("stored: %+v, %v", b, err)
	}
	// From then on the object id counts, also where the address leads elsewhere.
	p.dir.users[0].Email = "nao.new@example.com"
	p.is(profile("U0NAO", "NAO@example.com"), newcomer)
}

// TestT18AChangedAddressSuspendsTheLink: nobody becomes somebody else by
// changing his profile.
func TestT18AChangedAddressSuspendsTheLink(t *testing.T) {
	t.Parallel()
	const vip = "3c1d9a70-0000-4000-8000-0000000000f1"
	p := newPeople(t, entrant(newcomer, "nao@example.com"), entrant(vip, "vip@example.com"))
	p.is(profile("U0NAO", "nao@example.com"), newcomer)
	for _, email := range []string{"vip@example.com", "", "nao+x@example.com", "nao@example.com "} {
		p.nobody(profile("U0NAO", email), "suspended")
	}
	p.is(profile("U0NAO", "nao@example.com"), newcomer)
}

func TestT18AnAddressFreedByOneUserIsNotTakenOverByAnother(t *testing.T) {
	t.Parallel()
	p := newPeople(t, entrant(newcomer, "nao@example.com"))
	p.is(profile("U0NAO", "nao@example.com"), newcomer)
	p.nobody(profile("U0EVE", "nao@example.com"), "linked")
	// Another workspace has users of its own.
	there := profile("U0NAO2", "nao@example.com")
	there.User.Team = "T0SUB"
	p.is(there, newcomer)
}

func TestT18WhoIsNotRecognised(t *testing.T) {
	t.Parallel()
	disabled, guest := entrant("e-disabled", "off@example.com"), entrant("e-guest", "guest@example.com")
	disabled.Enabled, guest.Guest = false, true
	twinA, twinB := entrant("e-twin-a", "twin@example.com"), entrant("e-twin-b", "twin@example.com")
	kelvin := entrant(newcomer, "\u212aen@example.com")
	tests := []struct {
		name    string
		profile access.ChatProfile
		says    string
	}{
		{"two users with one address", profile("U1", "twin@example.com"), "2 enabled Entra members"},
		{"a disabled user", profile("U1", "off@example.com"), "0 enabled Entra members"},
		{"a guest of the tenant", profile("U1", "guest@example.com"), "0 enabled Entra members"},
		{"no address", profile("U1", ""), "no e-mail address"},
		{"an address that folds to another", profile("U1", "\u212aen@example.com"), "other than ASCII"},
		{"a person whom people.yaml gives to another Slack user", profile("U1", "hana@example.com"), "linked to another chat user"},
		{"whom the service marks as an outsider", access.ChatProfile{User: access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: "U0HANA"}, Outsider: "bots may not ask"}, "bots may not ask"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newPeople(t, entrant(hana, "hana@example.com"), disabled, guest, twinA, twinB, kelvin)
			p.nobody(tc.profile, tc.says)
			if _, err := p.bindings.Binding(t.Context(), tc.profile.User); !errors.Is(err, access.ErrNotFound) {
				t.Errorf("a binding was stored: %v", err)
			}
		})
	}
}

// TestAnOutsiderIsSentToHisOwnChat: each is told of the service that he writes in.
func TestAnOutsiderIsSentToHisOwnChat(t *testing.T) {
	t.Parallel()
	for service, name := range map[access.Platform]string{access.Slack: "Slack", access.Teams: "Teams"} {
		p := newPeople(t, entrant(hana, "hana@example.com"))
		_, err := p.Resolve(t.Context(), access.ChatProfile{User: access.ChatUser{Platform: service, Team: "T", User: "U"}, Outsider: "guests may not ask"})
		var no *access.Refusal
		if !errors.As(err, &no) || no.Mend != "Ask from your own account in your company's "+name+"." {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOneOfTwoUsersWithAnAddressIsEnough(t *testing.T) {
	t.Parallel()
	old := entrant("e-old", "nao@example.com")
	old.Enabled = false
	newPeople(t, old, entrant(newcomer, "nao@example.com")).is(profile("U0NAO", "nao@example.com"), newcomer)
}

// TestT18WhoLeftIsRefused: the directory is asked each time, for links of both
// kinds.
func TestT18WhoLeftIsRefused(t *testing.T) {
	t.Parallel()
	p := newPeople(t, entrant(hana, "hana@example.com"), entrant(newcomer, "nao@example.com"))
	linked, bound := profile("U0HANA", "hana@example.com"), profile("U0NAO", "nao@example.com")
	p.is(bound, newcomer)
	for i := range p.dir.users {
		p.dir.users[i].Enabled = false
	}
	p.nobody(linked, "disabled")
	p.nobody(bound, "disabled")
	p.dir.users = nil
	p.nobody(linked, "people.yaml names an Entra user that does not exist")
	p.nobody(bound, "does not exist any more")
}

// TestT18ALaterEntryInPeopleEndsABinding: people.yaml is the truth as soon as
// it says who somebody is.
func TestT18ALaterEntryInPeopleEndsABinding(t *testing.T) {
	t.Parallel()
	p := newPeople(t, entrant(newcomer, "nao@example.com"))
	p.is(profile("U0NAO", "nao@example.com"), newcomer)
	text, err := fs.ReadFile(example.FS(), "people.yaml")
	if err != nil {
		t.Fatal(err)
	}
	entry := "\npeople:\n  - {entra: " + newcomer + ", email: nao@example.com, slack: {team: T0ACME, user: U0REAL}}\n"
	p.commits.force.Repo = exampleRepo(t, map[string]string{"people.yaml": strings.Replace(string(text), "\npeople:\n", entry, 1)})
	p.nobody(profile("U0NAO", "nao@example.com"), "linked to another chat user")
	p.is(profile("U0REAL", "whatever@example.com"), newcomer)
}

func TestIdentityFaultsAreNoRefusals(t *testing.T) {
	t.Parallel()
	db := store.NewMemory()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		user  access.ChatProfile
		fault func(*people)
	}{
		{"no config to be had", profile("U0HANA", ""), func(p *people) { p.commits.err = errDown }},
		{"directory, linked", profile("U0HANA", ""), func(p *people) { p.dir.err = errDown }},
		{"directory, first use", profile("U0NAO", "nao@example.com"), func(p *people) { p.dir.err = errDown }},
		{"store", profile("U0NAO", "nao@example.com"), func(p *people) { p.Bindings = store.NewBindings(db) }},
		{"store, at the binding", profile("U0NAO", "nao@example.com"), func(p *people) { p.Bindings = brokenBind{p.bindings} }},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newPeople(t, entrant(hana, "hana@example.com"), entrant(newcomer, "nao@example.com"))
			tc.fault(p)
			_, err := p.Resolve(t.Context(), tc.user)
			var no *access.Refusal
			if err == nil || errors.As(err, &no) {
				t.Errorf("got %v, want a fault that is worth another try", err)
			}
		})
	}
	p := newPeople(t)
	p.commits.err = access.ErrNotFound
	p.nobody(profile("U0HANA", ""), "no config in force")
}

// brokenBind is a store that cannot bind.
type brokenBind struct{ access.Bindings }

func (brokenBind) Bind(context.Context, access.ChatUser, access.Binding) error { return errDown }

// TestT18FirstUsesAtOnceBindOnce: of several first uses at the same time one
// binds; the others get the answer of whoever comes later. All of them have
// seen that nobody is bound before the first one binds.
func TestT18FirstUsesAtOnceBindOnce(t *testing.T) {
	t.Parallel()
	const two = "3c1d9a70-0000-4000-8000-0000000000f2"
	tests := []struct {
		name     string
		profiles []access.ChatProfile
		says     string
	}{
		{"two Slack users with one address", []access.ChatProfile{profile("U0NAO", "nao@example.com"), profile("U0EVE", "nao@example.com")}, "Another chat user was linked"},
		{"one Slack user with two addresses", []access.ChatProfile{profile("U0NAO", "nao@example.com"), profile("U0NAO", "eve@example.com")}, "suspended"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newPeople(t, entrant(newcomer, "nao@example.com"), entrant(two, "eve@example.com"))
			meet := &meeting{Bindings: p.bindings}
			meet.arrived.Add(len(tc.profiles))
			p.Bindings = meet
			errs := make([]error, len(tc.profiles))
			var wg sync.WaitGroup
			for i, c := range tc.profiles {
				wg.Go(func() { _, errs[i] = p.Resolve(t.Context(), c) })
			}
			wg.Wait()
			winner := slices.Index(errs, nil)
			if winner < 0 || errs[1-winner] == nil {
				t.Fatalf("answers: %v; want one person and one refusal", errs)
			}
			p.Bindings = p.bindings
			loser := tc.profiles[1-winner]
			var no *access.Refusal
			if err := errs[1-winner]; !errors.As(err, &no) || !strings.Contains(no.Message, tc.says) || no.Mend == "" {
				t.Errorf("the loser got %v, want a refusal that says %q", err, tc.says)
			}
			p.nobody(loser, tc.says)
			if _, err := p.Resolve(t.Context(), tc.profiles[winner]); err != nil {
				t.Errorf("the winner later: %v", err)
			}
		})
	}
}

// meeting lets nobody bind before everybody came to it.
type meeting struct {
	access.Bindings
	arrived sync.WaitGroup
}

func (m *meeting) Bind(ctx context.Context, u access.ChatUser, b access.Binding) error {
	m.arrived.Done()
	m.arrived.Wait()
	return m.Bindings.Bind(ctx, u, b)
}

// TestT18AVouchedObjectIDIsThePerson: an address says nothing then, nor does a
// people.yaml that names the address for somebody else, and nothing is bound.
func TestT18AVouchedObjectIDIsThePerson(t *testing.T) {
	t.Parallel()
	p := newPeople(t,
		access.Entrant{Person: access.Person{Entra: "e-nao", Email: "nao@example.com"}, Enabled: true},
		access.Entrant{Person: access.Person{Entra: "e-gus", Email: "gus@example.com"}, Enabled: true, Guest: true},
		access.Entrant{Person: access.Person{Entra: "e-old", Email: "old@example.com"}},
	)
	vouched := func(entra, email string) access.ChatProfile {
		return access.ChatProfile{User: access.ChatUser{Platform: access.Teams, Team: "tenant", User: entra}, Entra: entra, Email: email}
	}
	p.is(vouched("e-nao", "hana@example.com"), "e-nao")
	p.is(vouched("e-nao", "ｈana@example.com"), "e-nao")
	p.nobody(vouched("e-gus", "nao@example.com"), "guest")
	p.nobody(vouched("e-old", "nao@example.com"), "disabled")
	p.nobody(vouched("e-gone", "nao@example.com"), "not among the users of Entra")
	out := vouched("e-nao", "")
	out.Outsider = "guests may not"
	p.nobody(out, "guests may not")
	if _, err := p.bindings.Binding(t.Context(), vouched("e-nao", "").User); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("bound: %v", err)
	}
}
