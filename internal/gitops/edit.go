package gitops

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// prepare applies a request to a base. Its errors are refusals: the same base
// gives the same answer.
func (g *Gitops) prepare(r access.Request, base *snapshot, starts config.Starts) (*proposal, error) {
	p := &proposal{request: r, base: base}
	var err error
	switch r.Kind {
	case access.KindRevoke:
		err = p.takeOut()
	case access.KindLink:
		err = p.link()
	case access.KindOnboard:
		err = p.onboard()
	case access.KindPhase:
		err = p.phase()
	default:
		err = p.putIn()
	}
	if err != nil {
		return nil, err
	}
	now := g.opt.Now()
	changed := base.fsys
	for path, content := range p.files {
		changed = changed.with(path, content)
	}
	if p.head, err = g.reader.cache.Load(changed); err != nil {
		var problems config.Problems
		switch isProblems := errors.As(err, &problems); {
		case isProblems && r.Kind == access.KindPhase:
			// The base is valid: these stand before the phase, and the pull
			// request shows them until they are mended.
			p.invalid = problems
			return p, nil
		case isProblems:
			return nil, &access.Refusal{Message: "With this change the config repo would not be valid: " + problems[0].Message + ".", Mend: problems[0].Mend}
		}
		return nil, err
	}
	p.change = config.Compare(base.repo, p.head, starts, now)
	if r.Kind == access.KindLink || r.Kind == access.KindOnboard || r.Kind == access.KindPhase {
		return p, nil
	}
	if rule, ok := base.repo.RuleFor(r.Want.Assignment(), r.Want.Term, now); ok {
		p.rule = rule
	}
	if r.Kind == access.KindRevoke {
		return p, nil
	}
	if len(p.change.Added)+len(p.change.Lengthened) == 0 {
		return nil, &access.Refusal{Message: "The config repo grants this already, for as long or longer.", Mend: "Ask for longer than that, if you need it longer."}
	}
	return p, p.allowed(now)
}

// allowed refuses what no approval could make good.
func (p *proposal) allowed(now time.Time) error {
	w := p.request.Want
	acc, ok := p.base.repo.AccountByID(w.AccountID)
	if !ok {
		return &access.Refusal{Field: "account", Message: fmt.Sprintf("The account %s has no file in the config repo.", w.AccountID)}
	}
	if err := p.base.repo.Requestable(acc); err != nil {
		return &access.Refusal{Field: "account", Message: err.Error()}
	}
	if p.rule == nil {
		return &access.Refusal{Field: "permission_set", Message: "No approval rule covers this access.", Mend: "Ask the people of the control plane to add one."}
	}
	if err := p.rule.Allows(w.Term, now); err != nil {
		return &access.Refusal{Field: "duration", Message: capital(err.Error()) + "."}
	}
	if err := p.rule.CheckReason(w.Reason); err != nil {
		return &access.Refusal{Field: "reason", Message: capital(err.Error()) + "."}
	}
	return nil
}

// put has a file changed.
func (p *proposal) put(path string, content []byte) {
	p.files = map[string][]byte{path: content}
}

// putIn adds the grant to the principal's file, which is made when absent.
func (p *proposal) putIn() error {
	w := p.request.Want
	acc, ok := p.base.repo.AccountByID(w.AccountID)
	if !ok {
		return &access.Refusal{Field: "account", Message: fmt.Sprintf("The account %s has no file in the config repo.", w.AccountID)}
	}
	grant := config.Grant{
		Account: acc.Slug, PermissionSet: w.PermissionSet, Reason: w.Reason, Request: string(p.request.ID),
		Duration: w.Term.For, Expires: w.Term.End,
	}
	if w.Term.Standing {
		grant.Duration, grant.Expires = 0, time.Time{}
	}
	header := config.Header{ID: w.Principal.ID, Name: w.PrincipalName}
	path := p.newPath()
	if f, ok := p.base.repo.PrincipalFile(w.Principal); ok {
		path, header.Name = f.Path(), f.Name
	}
	content, err := config.AddGrant(p.base.fsys[path], w.Principal.Kind, header, grant)
	if err != nil {
		return &access.Refusal{Message: fmt.Sprintf("The grant cannot be written to %s: %v.", path, err)}
	}
	p.put(path, content)
	return nil
}

// newPath names the file of a principal that has none.
func (p *proposal) newPath() string {
	w := p.request.Want
	files, name := p.base.repo.Groups, w.PrincipalName
	if w.Principal.Kind == config.UserPrincipal {
		files = p.base.repo.Users
		name, _, _ = strings.Cut(name, "@")
	}
	slug := config.SlugFor(name, w.Principal.ID, func(s string) bool { return files[s] != nil })
	return (&config.PrincipalFile{Slug: slug, Principal: w.Principal}).Path()
}

// takeOut removes the lines of the request that is revoked.
func (p *proposal) takeOut() error {
	w := p.request.Want
	gone := &access.Refusal{
		Message: fmt.Sprintf("The grant of %s is not in the config repo any more.", w.Revokes),
		Mend:    "There is nothing to take away.",
	}
	f, ok := p.base.repo.PrincipalFile(w.Principal)
	switch {
	case ok && w.Revokes == "":
		return p.takeOutLines(f)
	case !ok:
		return gone
	}
	path := f.Path()
	content, found := p.base.fsys[path], false
	for _, grant := range f.Access {
		if grant.Request != string(w.Revokes) {
			continue
		}
		var err error
		if content, err = config.RemoveGrant(content, w.Principal.Kind, f.Key(grant)); err != nil {
			return &access.Refusal{Message: fmt.Sprintf("The grant of %s cannot be taken out of %s: %v.", w.Revokes, path, err)}
		}
		found = true
	}
	if !found {
		return gone
	}
	p.put(path, content)
	return nil
}

// keptNamed is how many accounts that keep access a refusal names.
const keptNamed = 5

// chosen refuses to take out a line that chooses accounts, for one of them, and
// says what a person can write instead.
func (p *proposal) chosen(f *config.PrincipalFile, grant config.Grant, accounts []*config.Account) error {
	var keep []string
	gone := p.request.Want.AccountSlug
	for _, a := range accounts {
		if a.ID == p.request.Want.AccountID {
			gone = a.Slug
			continue
		}
		keep = append(keep, a.Slug)
	}
	slices.Sort(keep)
	instead := "take the line out, which chooses no other account now"
	if n := len(keep); n > 0 {
		names := strings.Join(keep[:min(n, keptNamed)], ", ")
		if n > keptNamed {
			names += fmt.Sprintf(" and %d more", n-keptNamed)
		}
		instead = fmt.Sprintf("write a line with `account:` for each account that keeps it (%s) in its place", names)
	}
	return &access.Refusal{
		Message: fmt.Sprintf("%s grants it by a line that chooses accounts by OU or tags, in line %d; the bot does not change such a line for one account.", f.Path(), grant.Pos.Line),
		Mend: fmt.Sprintf("If it is to stay, press \"Put it back\" (`/aws-access drift revert`). If it is to go, open a pull request of your own: %s, or change `ou` or `tags` in accounts/%s.yaml so that the line does not choose it any more (that is for the control plane).",
			instead, gone),
	}
}

// takeOutLines removes the lines of an assignment, whoever asked for them. A
// line that chooses accounts by OU or tags gives more than this one.
func (p *proposal) takeOutLines(f *config.PrincipalFile) error {
	want := p.request.Want.Assignment()
	path := f.Path()
	content, found := p.base.fsys[path], false
	for _, grant := range f.Access {
		accounts := p.base.repo.Resolve(grant)
		if grant.PermissionSet != want.PermissionSet || !slices.ContainsFunc(accounts, func(a *config.Account) bool { return a.ID == want.Account }) {
			continue
		}
		if grant.Accounts != nil {
			return p.chosen(f, grant, accounts)
		}
		var err error
		if content, err = config.RemoveGrant(content, f.Principal.Kind, f.Key(grant)); err != nil {
			return &access.Refusal{Message: fmt.Sprintf("The line cannot be taken out of %s: %v.", path, err)}
		}
		found = true
	}
	if !found {
		return &access.Refusal{Message: "The config repo does not grant it any more.", Mend: "There is nothing to take away."}
	}
	p.put(path, content)
	return nil
}
