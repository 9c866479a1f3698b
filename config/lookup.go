package config

import (
	"maps"
	"slices"
	"strings"
)

// AccountBySlug returns the account of accounts/<slug>.yaml.
func (r *Repo) AccountBySlug(slug string) (*Account, bool) {
	a, ok := r.Accounts[slug]
	return a, ok
}

// AccountByID returns the account with a 12-digit id.
func (r *Repo) AccountByID(id string) (*Account, bool) {
	for _, a := range r.Accounts {
		if a.ID == id {
			return a, true
		}
	}
	return nil, false
}

// SetsIn returns the names of the permission sets that the lines of the repo give
// somebody in an account, whenever they end, sorted.
func (r *Repo) SetsIn(account string) []string {
	names, rs := map[string]bool{}, newResolver(r)
	for _, f := range r.principals() {
		for _, g := range f.Access {
			if !names[g.PermissionSet] && slices.ContainsFunc(rs.accounts(g), func(a *Account) bool { return a.ID == account }) {
				names[g.PermissionSet] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// PrincipalFile returns the file of a group or user.
func (r *Repo) PrincipalFile(p Principal) (*PrincipalFile, bool) {
	files := r.Groups
	if p.Kind == UserPrincipal {
		files = r.Users
	}
	for _, f := range files {
		if f.Principal == p {
			return f, true
		}
	}
	return nil, false
}

// principals returns all group and user files, sorted by principal.
func (r *Repo) principals() []*PrincipalFile {
	files := slices.Concat(slices.Collect(maps.Values(r.Groups)), slices.Collect(maps.Values(r.Users)))
	slices.SortFunc(files, func(a, b *PrincipalFile) int {
		return strings.Compare(a.Principal.String(), b.Principal.String())
	})
	return files
}

// person returns the first person that fits. An empty identity fits nobody.
func (r *Repo) person(fits func(*Person) bool) (*Person, bool) {
	for i := range r.People.People {
		if p := &r.People.People[i]; fits(p) {
			return p, true
		}
	}
	return nil, false
}

// PersonByEntra returns the person with an Entra object id, in any case.
func (r *Repo) PersonByEntra(id string) (*Person, bool) {
	return r.person(func(p *Person) bool { return id != "" && strings.EqualFold(p.Entra, id) })
}

// PersonByEmail returns the person with an e-mail address, in any case.
func (r *Repo) PersonByEmail(email string) (*Person, bool) {
	email = strings.ToLower(email)
	return r.person(func(p *Person) bool { return email != "" && p.Email == email })
}

// PersonByGitHub returns the person with a numeric GitHub user id.
func (r *Repo) PersonByGitHub(id int64) (*Person, bool) {
	return r.person(func(p *Person) bool { return id != 0 && p.GitHub != nil && p.GitHub.ID == id })
}

// PersonBySlack returns the person with a Slack user id in a workspace. The
// ids are of the form T… or E…, and U… or W….
func (r *Repo) PersonBySlack(team, user string) (*Person, bool) {
	return r.person(func(p *Person) bool {
		return team != "" && user != "" && p.Slack != nil && *p.Slack == SlackUser{team, user}
	})
}
