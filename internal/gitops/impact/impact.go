// Package impact says what a change to the config repo means for people: who
// gains and who loses, who has the same access another way, whose membership
// leads nowhere, and which role disappears from an account. What the guards of
// provisioning will hold is told by these themselves ([Merging]).
//
// It is pure: [Of] is a function of the two repos and of what was read of the
// groups. What could not be read is carried through as such ([Gain.Unread]);
// nothing is guessed in its place. It decides nothing: approvals are the
// business of package review, removals that of the guards of provisioning.
package impact

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// Roster is what was read of one group.
type Roster struct {
	// Members are its direct members that are users.
	Members []access.Entrant
	// Nested are the names of the groups that are members of it.
	Nested []string
	// Gone: the group does not exist.
	Gone bool
	// Unread: the members could not be read; NestedUnread: the groups could
	// not.
	Unread, NestedUnread bool
}

// Input is all that a plan is made of.
type Input struct {
	// Base is the repo that Change is against, Head the repo with it.
	Base, Head *config.Repo
	Change     config.Change
	// Force is the repo in force where that is not Base because the branch
	// moved on: who has what after the merge comes of it and Change. It is nil
	// where Head is what the merge leaves.
	Force *config.Repo
	// Starts are those of the grants in force; Now is when grants that are
	// new would begin.
	Starts config.Starts
	Now    time.Time
	// Rosters has the groups of [Groups], by Entra id. A group that is absent
	// counts as unread.
	Rosters map[string]Roster
	// Users has the users of [Users], by Entra id. One that is absent counts
	// as unread.
	Users map[string]User
	// Foretold is what was foretold of [Merging], nil when nothing was.
	Foretold *access.Foretold
}

// User is what was read of a user who gains by himself.
type User struct {
	access.Entrant
	// Gone: the user does not exist. Unread: he could not be read.
	Gone, Unread bool
}

// Plan is what a change means.
type Plan struct {
	// Accounts are sorted by the account's slug.
	Accounts []Account
	// Foretold is what the guards of provisioning will hold, nil when that is not
	// known.
	Foretold *access.Foretold
	// Rules is what must be approved later, where it is another thing.
	Rules Rules
}

// Account is the part of a plan for one account.
type Account struct {
	ID    string
	Gains []Effect // added and lengthened
	Loses []Effect // removed and shortened
	// Last are permission sets of which no assignment is left.
	Last []string
}

// Kind says how an assignment changes.
type Kind string

// The kinds of effect.
const (
	Added      Kind = "added"
	Lengthened Kind = "lengthened"
	Shortened  Kind = "shortened"
	Removed    Kind = "removed"
)

// Effect is one changed assignment and the people behind it.
type Effect struct {
	Kind   Kind
	Change config.AssignmentChange
	// People are those the assignment is for, sorted by name.
	People []Person
	// Unread: who they are could not be read. Gone: the group, or the user, is
	// not there.
	Unread, Gone bool
	// Nested are groups in the group whose members get nothing.
	Nested       []string
	NestedUnread bool
}

// Gains reports whether people get something by it.
func (e *Effect) Gains() bool { return e.Kind == Added || e.Kind == Lengthened }

// Person is somebody an assignment is for.
type Person struct {
	access.Entrant
	// Else are other principals by which the person has the same permission
	// set in the account, after the change. Their names are sorted.
	Else []config.Principal
	// Maybe are such groups whose members could not be read.
	Maybe []config.Principal
	// Unread: whether the person is a guest or disabled could not be read. It
	// is set for users who gain by themselves only.
	Unread bool
	// Renamed is the name of the file of a user whom Entra calls otherwise, "".
	Renamed string
}

// Groups returns the Entra ids of all groups that [Of] wants to know, sorted:
// those that gain or lose, and those that have the same permission set in the
// same account after the change.
func Groups(in Input) []string {
	pairs := map[config.Pair]bool{}
	seen := map[string]bool{}
	for _, c := range changes(in.Change) {
		pairs[c.Assignment.Pair()] = true
		if c.Assignment.Principal.Kind == config.GroupPrincipal {
			seen[c.Assignment.Principal.ID] = true
		}
	}
	for _, d := range after(in) {
		if a := d.Assignment; pairs[a.Pair()] && a.Principal.Kind == config.GroupPrincipal {
			seen[a.Principal.ID] = true
		}
	}
	out := make([]string, 0, len(seen))
	for id := range seen {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// Users returns the Entra ids of the users that [Of] wants to know, sorted:
// those who gain by themselves.
func Users(in Input) []string {
	var out []string
	for _, c := range slices.Concat(in.Change.Added, in.Change.Lengthened) {
		if who := c.Assignment.Principal; who.Kind == config.UserPrincipal && !slices.Contains(out, who.ID) {
			out = append(out, who.ID)
		}
	}
	slices.Sort(out)
	return out
}

func changes(c config.Change) []config.AssignmentChange {
	return slices.Concat(c.Added, c.Lengthened, c.Shortened, c.Removed)
}

// Of makes the plan.
func Of(in Input) Plan {
	p := &planner{in: in, holders: map[config.Pair][]config.Principal{}, accounts: map[string]*Account{}}
	for _, d := range after(in) {
		pair := d.Assignment.Pair()
		p.holders[pair] = append(p.holders[pair], d.Assignment.Principal)
	}
	for _, part := range []struct {
		kind Kind
		list []config.AssignmentChange
	}{{Added, in.Change.Added}, {Lengthened, in.Change.Lengthened}, {Shortened, in.Change.Shortened}, {Removed, in.Change.Removed}} {
		for _, c := range part.list {
			p.effect(part.kind, c)
		}
	}
	return Plan{Accounts: p.sorted(), Foretold: in.Foretold, Rules: rules(in)}
}

// planner holds what one call of Of has found so far.
type planner struct {
	in Input
	// holders has who has a permission set in an account after the change.
	holders  map[config.Pair][]config.Principal
	accounts map[string]*Account
}

func (p *planner) effect(kind Kind, c config.AssignmentChange) {
	a := p.accounts[c.Assignment.Account]
	if a == nil {
		a = &Account{ID: c.Assignment.Account}
		p.accounts[a.ID] = a
	}
	e := Effect{Kind: kind, Change: c}
	p.people(&e)
	if e.Gains() {
		a.Gains = append(a.Gains, e)
		return
	}
	a.Loses = append(a.Loses, e)
	set := c.Assignment.PermissionSet
	if kind == Removed && len(p.holders[c.Assignment.Pair()]) == 0 && !slices.Contains(a.Last, set) {
		a.Last = append(a.Last, set)
	}
}

// people finds who an effect is about, and how else they have the same.
func (p *planner) people(e *Effect) {
	who := e.Change.Assignment.Principal
	if who.Kind == config.UserPrincipal {
		p.user(e)
		return
	}
	r, known := p.in.Rosters[who.ID]
	if !known {
		r = Roster{Unread: true, NestedUnread: true}
	}
	e.Unread, e.Gone = r.Unread, r.Gone
	if e.Gains() {
		e.Nested, e.NestedUnread = r.Nested, r.NestedUnread
	}
	for _, m := range r.Members {
		person := Person{Entrant: m}
		if !e.Gains() {
			person.Lacks = "" // no matter any more
		}
		person.Else, person.Maybe = p.others(m.Entra, e.Change.Assignment)
		e.People = append(e.People, person)
	}
	slices.SortFunc(e.People, func(a, b Person) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Entra, b.Entra))
	})
}

// user finds the one person of an assignment for a user. Who loses is not read:
// of him the repo knows the name of his file.
func (p *planner) user(e *Effect) {
	who := e.Change.Assignment.Principal
	var person Person
	person.Entra, person.Name, person.Enabled = who.ID, p.fileName(who), true
	if e.Gains() {
		u, known := p.in.Users[who.ID]
		e.Gone, person.Unread = u.Gone, !known || u.Unread
		if known && !u.Gone && !u.Unread {
			person.read(u.Entrant)
		}
	}
	person.Else, person.Maybe = p.others(who.ID, e.Change.Assignment)
	e.People = []Person{person}
}

// read takes in what Entra says of a user whose file gave him a name.
func (p *Person) read(u access.Entrant) {
	file := p.Name
	p.Entrant = u
	if p.Name == "" {
		p.Name = file
	}
	if u.UPN != "" && !strings.EqualFold(u.UPN, file) {
		p.Renamed = file
	}
}

func (p *planner) fileName(who config.Principal) string {
	for _, repo := range []*config.Repo{p.in.Head, p.in.Base} {
		if f, ok := repo.PrincipalFile(who); ok {
			return f.Name
		}
	}
	return ""
}

// others finds the other principals by which somebody has the same after the
// change, and those of which that is not known.
func (p *planner) others(entra string, a config.Assignment) (with, maybe []config.Principal) {
	for _, h := range p.holders[a.Pair()] {
		if h == a.Principal {
			continue
		}
		if h.Kind == config.UserPrincipal {
			if h.ID == entra {
				with = append(with, h)
			}
			continue
		}
		r, known := p.in.Rosters[h.ID]
		switch {
		case !known || r.Unread:
			maybe = append(maybe, h)
		case slices.ContainsFunc(r.Members, func(m access.Entrant) bool { return m.Entra == entra }):
			with = append(with, h)
		}
	}
	return with, maybe
}

func (p *planner) sorted() []Account {
	out := make([]Account, 0, len(p.accounts))
	for _, a := range p.accounts {
		slices.Sort(a.Last)
		out = append(out, *a)
	}
	slices.SortFunc(out, func(a, b Account) int {
		return cmp.Or(cmp.Compare(p.slug(a.ID), p.slug(b.ID)), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (p *planner) slug(id string) string {
	for _, repo := range []*config.Repo{p.in.Head, p.in.Base} {
		if a, ok := repo.AccountByID(id); ok {
			return a.Slug
		}
	}
	return id
}
