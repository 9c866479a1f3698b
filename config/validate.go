package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// builder puts decoded files together and checks what no single file shows.
type builder struct {
	repo     *Repo
	refs     []reference
	problems Problems
	// present has the slugs of files that exist, valid or not, so that one
	// faulty file is not reported again by everything that refers to it.
	present map[refKind]map[string]bool
	// seen has the known files whose content was decoded.
	seen    map[fileKind]bool
	nearest map[string]string
}

func newBuilder() *builder {
	return &builder{
		repo: &Repo{
			Accounts: map[string]*Account{}, Groups: map[string]*PrincipalFile{}, Users: map[string]*PrincipalFile{},
			PermissionSets: map[string]*PermissionSet{}, Files: map[string]string{},
		},
		present: map[refKind]map[string]bool{refAccount: {}, refGroup: {}},
		seen:    map[fileKind]bool{},
		nearest: map[string]string{},
	}
}

func (b *builder) problem(pos Position, mend, format string, args ...any) {
	b.problems = append(b.problems, Problem{pos, fmt.Sprintf(format, args...), mend})
}

// add takes one file in.
func (b *builder) add(f loaded) {
	b.repo.Files[f.path] = f.hash
	b.seen[f.kind] = true
	stem := strings.TrimSuffix(f.path[strings.LastIndexByte(f.path, '/')+1:], ".yaml")
	switch f.kind {
	case accountKind:
		b.present[refAccount][stem] = true
	case groupKind:
		b.present[refGroup][stem] = true
	}
	if f.problem != nil {
		b.problems = append(b.problems, *f.problem)
		return
	}
	p := f.parsed
	if p == nil {
		return
	}
	b.problems = append(b.problems, p.problems...)
	b.refs = append(b.refs, p.refs...)
	switch {
	case p.access != nil:
		b.repo.Access = *p.access
	case p.people != nil:
		b.repo.People = *p.people
	case p.account != nil:
		b.repo.Accounts[stem] = p.account
	case p.permissionSet != nil:
		b.repo.PermissionSets[stem] = p.permissionSet
	case p.principal != nil && f.kind == userKind:
		b.repo.Users[stem] = p.principal
	case p.principal != nil:
		b.repo.Groups[stem] = p.principal
	}
}

// finish checks the whole and returns all problems of files and whole.
func (b *builder) finish() Problems {
	for kind, path := range map[fileKind]string{accessKind: accessPath, peopleKind: peoplePath} {
		if !b.seen[kind] {
			b.problem(Position{File: path}, "add it; see docs/config.md", "the file is missing")
		}
	}
	b.distinctIDs()
	b.phaseRules()
	people := b.peopleByEmail()
	for _, ref := range b.refs {
		b.resolve(ref, people)
	}
	return b.problems
}

// distinctIDs reports two files with one id. Groups and users share one kind
// of id.
func (b *builder) distinctIDs() {
	accounts := map[string]Position{}
	for _, slug := range slices.Sorted(maps.Keys(b.repo.Accounts)) {
		a := b.repo.Accounts[slug]
		b.distinctID(accounts, a.ID, a.Pos)
	}
	principals := map[string]Position{}
	for _, files := range []map[string]*PrincipalFile{b.repo.Groups, b.repo.Users} {
		for _, slug := range slices.Sorted(maps.Keys(files)) {
			b.distinctID(principals, files[slug].Principal.ID, files[slug].Pos)
		}
	}
}

func (b *builder) distinctID(seen map[string]Position, id string, pos Position) {
	if id == "" {
		return
	}
	if other, doubled := seen[id]; doubled {
		b.problem(pos, "keep one file for each id", "%s has the same id", other.File)
		return
	}
	seen[id] = pos
}

// phaseRules reports what the phase does not allow in a single commit.
func (b *builder) phaseRules() {
	phase := b.repo.Access.Phase
	if phase.AllowsLegacy() {
		return
	}
	for _, a := range b.repo.Accounts {
		if a.Stage == StageLegacy {
			b.problem(a.StagePos, fmt.Sprintf("move the account to sso, or stay in phase %d", phase-1), "a legacy account in phase %d", phase)
		}
	}
}

func (b *builder) peopleByEmail() map[string]*Person {
	people := make(map[string]*Person, len(b.repo.People.People))
	for i := range b.repo.People.People {
		p := &b.repo.People.People[i]
		people[p.Email] = p
	}
	return people
}

// resolve checks one reference. References into files that are missing or
// faulty themselves are not reported.
func (b *builder) resolve(ref reference, people map[string]*Person) {
	switch ref.kind {
	case refAccount:
		if !b.present[refAccount][ref.name] {
			b.problem(ref.pos, b.suggest(refAccount, ref.name), "there is no accounts/%s.yaml", ref.name)
		}
	case refGrant:
		b.resolveGrant(ref)
	case refGroup:
		if !b.present[refGroup][ref.name] {
			b.problem(ref.pos, b.suggest(refGroup, ref.name), "there is no groups/%s.yaml", ref.name)
		}
	case refTeam:
		if _, ok := b.repo.People.Teams[ref.name]; !ok && b.peopleKnown() {
			b.problem(ref.pos, "add it to teams in people.yaml"+didYouMean(ref.name, slices.Sorted(maps.Keys(b.repo.People.Teams))), "the team %q is not in people.yaml", ref.name)
		}
	case refPerson, refApprover:
		p, ok := people[ref.name]
		switch {
		case !b.peopleKnown():
		case !ok:
			b.problem(ref.pos, "add the person to people.yaml"+didYouMean(ref.name, slices.Sorted(maps.Keys(people))), "%s is not in people.yaml", ref.name)
		case ref.kind == refApprover && p.GitHub == nil:
			b.problem(ref.pos, "add github: {login: …, id: …} to the person in people.yaml", "%s has no GitHub account in people.yaml and can approve nothing", ref.name)
		}
	}
}

func (b *builder) peopleKnown() bool { return len(b.repo.People.People) > 0 }

// resolveGrant checks the account that a grant names.
func (b *builder) resolveGrant(ref reference) {
	a, ok := b.repo.Accounts[ref.name]
	if !ok {
		if !b.present[refAccount][ref.name] {
			b.problem(ref.pos, b.suggest(refAccount, ref.name), "there is no accounts/%s.yaml", ref.name)
		}
		return
	}
	if refusal := b.repo.refusal(a); refusal != nil {
		b.problem(ref.pos, refusal.Mend, "%s", refusal.Reason)
	}
}

// maxSuggestions bounds the work that a repo full of wrong names can cause.
const maxSuggestions = 100

func (b *builder) suggest(kind refKind, name string) string {
	key := fmt.Sprint(kind, " ", name)
	if mend, ok := b.nearest[key]; ok {
		return mend
	}
	mend := "add the file, or correct the name"
	if len(b.nearest) < maxSuggestions {
		mend += didYouMean(name, slices.Sorted(maps.Keys(b.present[kind])))
		b.nearest[key] = mend
	}
	return mend
}

func didYouMean(name string, among []string) string {
	near := Nearest(name, among)
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(near, ", ") + "?"
}
