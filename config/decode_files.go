package config

import (
	"fmt"
	"math"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The keys of the files beside aws-access.yaml.
var (
	accountKeys = shape{
		what:     "an account file",
		required: []string{"id", "name", "stage", "ou", "owners"},
		optional: []string{"tags", "notify"},
	}
	groupKeys = shape{
		what:     "a group file",
		required: []string{"id", "name", "access"},
		optional: []string{"owners"},
	}
	userKeys = shape{
		what:     "a user file",
		required: []string{"id", "name", "access"},
	}
	grantKeys = shape{
		what:     "an access entry",
		required: []string{"permission_set"},
		optional: []string{"account", "accounts", "expires", "duration", "reason", "request"},
	}
	selectorKeys = shape{what: "accounts", optional: []string{"ou", "tags"}}
	peopleKeys   = shape{what: "people.yaml", required: []string{"people"}, optional: []string{"teams"}}
	personKeys   = shape{what: "a person", required: []string{"entra", "email"}, optional: []string{"github", "slack"}}
	githubKeys   = shape{what: "github", required: []string{"login", "id"}}
	slackKeys    = shape{what: "slack", required: []string{"team", "user"}}
	teamKeys     = shape{what: "a team", required: []string{"id"}}
)

// Longest names, in characters (AWS Organizations: CreateAccount; Microsoft
// Graph: group).
const (
	maxAccountName = 50
	maxGroupName   = 256
)

// accountFile decodes accounts/<slug>.yaml.
func (f *file) accountFile(n *yaml.Node, slug string) *Account {
	a := &Account{Slug: slug, Pos: f.position(n)}
	o, ok := f.object(n, accountKeys)
	if !ok {
		return a
	}
	a.ID = f.accountID(o.get("id"), "id")
	a.Name = f.name(o.get("name"), "name", maxAccountName)
	a.Owners = f.approvers(o.get("owners"), "owners", ownersOfFile)
	a.Tags = f.stringMap(o.get("tags"), "tags")
	a.Notify = f.notify(o.get("notify"))
	a.OU = f.checked(o.get("ou"), "ou", checkOU)
	if id := o.get("id"); id != nil {
		a.Pos = f.position(id)
	}
	if stage := o.get("stage"); stage != nil {
		a.StagePos = f.position(stage)
		s, ok := f.word(stage, "stage")
		a.Stage = Stage(s)
		if ok && a.Stage != StageLegacy && a.Stage != StageSSO {
			f.problem(stage, "write legacy or sso", "stage is %q", cut(s, 80))
		}
	}
	return a
}

// principalFile decodes groups/<slug>.yaml and users/<slug>.yaml.
func (f *file) principalFile(n *yaml.Node, kind PrincipalKind, slug string) *PrincipalFile {
	p := &PrincipalFile{Slug: slug, Principal: Principal{Kind: kind}, Pos: f.position(n)}
	keys := groupKeys
	if kind == UserPrincipal {
		keys = userKeys
	}
	o, ok := f.object(n, keys)
	if !ok {
		return p
	}
	p.Principal.ID = f.uuid(o.get("id"), "id")
	if id := o.get("id"); id != nil {
		p.Pos = f.position(id)
	}
	if kind == UserPrincipal {
		p.Name = f.matching(o.get("name"), "name", emailShape, "write the user principal name, like hana@example.com")
	} else {
		p.Name = f.name(o.get("name"), "name", maxGroupName)
	}
	p.Owners = f.approvers(o.get("owners"), "owners", ownersOfFile)
	f.access(o.get("access"), p)
	return p
}

// access decodes the grants. An empty list is allowed here, and only written
// as []: that is what is left when the last grant is taken away.
func (f *file) access(n *yaml.Node, p *PrincipalFile) {
	if n == nil || n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		return
	}
	seen := make(map[GrantKey]int)
	for _, item := range f.list(n, "access") {
		if f.full() {
			break
		}
		before := len(f.problems)
		g := f.grant(item, p.Principal.Kind)
		p.Access = append(p.Access, g)
		if len(f.problems) > before {
			continue
		}
		key := p.Key(g)
		if line, doubled := seen[key]; doubled {
			f.problem(item, "keep one of them", "this entry grants the same as the one on line %d", line)
			continue
		}
		seen[key] = g.Pos.Line
	}
}

func (f *file) grant(n *yaml.Node, kind PrincipalKind) Grant {
	g := Grant{Pos: f.position(n)}
	o, ok := f.object(n, grantKeys)
	if !ok {
		return g
	}
	if set := o.get("permission_set"); set != nil {
		g.PermissionSet = f.permissionSetName(set)
	}
	f.grantTarget(o, &g)
	g.Expires = f.time(o.get("expires"), "expires")
	g.Duration = f.duration(o.get("duration"), "duration")
	g.Reason = f.checked(o.get("reason"), "reason", func(s string) error { return CheckText(s, MaxReason) })
	g.Request = f.matching(o.get("request"), "request", requestShape, "write it like REQ-7F3K2Q")
	switch expires, duration := o.get("expires"), o.get("duration"); {
	case expires != nil && duration != nil:
		f.problem(duration, "keep one of them", "an access entry with both expires and duration")
	case expires == nil && duration == nil && kind == UserPrincipal:
		f.problem(n, "add duration: 8h or expires, or grant it to a group", "a user's access needs an end")
	}
	return g
}

func (f *file) grantTarget(o object, g *Grant) {
	one, many := o.get("account"), o.get("accounts")
	switch {
	case one != nil && many != nil:
		f.problem(many, "keep one of them", "an access entry with both account and accounts")
	case one != nil:
		g.Account = f.slug(one, "account")
		f.refer(refGrant, g.Account, one)
	case many != nil:
		g.Accounts = f.selector(many)
	default:
		f.problem(o.node, "add account: <slug>, or accounts: {ou: /…}", "an access entry without an account")
	}
}

func (f *file) selector(n *yaml.Node) *Selector {
	s := &Selector{}
	o, ok := f.object(n, selectorKeys)
	if !ok {
		return s
	}
	if len(n.Content) == 0 {
		f.problem(n, "name an ou, tags or both; ou: / means every account", "accounts selects nothing")
	}
	s.OU = f.checked(o.get("ou"), "ou", checkOU)
	s.Tags = f.stringMap(o.get("tags"), "tags")
	return s
}

// peopleFile decodes people.yaml. Everything that identifies a person belongs
// to one person only: two identities of one human being could approve each
// other.
func (f *file) peopleFile(n *yaml.Node) *PeopleFile {
	p := &PeopleFile{}
	o, ok := f.object(n, peopleKeys)
	if !ok {
		return p
	}
	seen := map[string]int{}
	for _, item := range f.list(o.get("people"), "people") {
		p.People = append(p.People, f.person(item, seen))
	}
	if teams := o.get("teams"); teams != nil {
		p.Teams = f.teams(teams)
	}
	return p
}

// unique reports an identity that another person has.
func (f *file) unique(n *yaml.Node, what, value string, seen map[string]int) {
	if n == nil || value == "" {
		return
	}
	key := what + " " + value
	if line, doubled := seen[key]; doubled {
		f.problem(n, "people are one to one: give each identity to one person", "%s %s stands on line %d already", what, value, line)
		return
	}
	seen[key] = n.Line
}

func (f *file) person(n *yaml.Node, seen map[string]int) Person {
	p := Person{Pos: f.position(n)}
	o, ok := f.object(n, personKeys)
	if !ok {
		return p
	}
	p.Entra = f.uuid(o.get("entra"), "entra")
	p.Email = strings.ToLower(f.matching(o.get("email"), "email", emailShape, "write it like hana@example.com"))
	f.unique(o.get("entra"), "the Entra id", p.Entra, seen)
	f.unique(o.get("email"), "the e-mail address", p.Email, seen)
	if gh := o.get("github"); gh != nil {
		p.GitHub = f.githubUser(gh, seen)
	}
	if sl := o.get("slack"); sl != nil {
		p.Slack = f.slackUser(sl, seen)
	}
	return p
}

func (f *file) githubUser(n *yaml.Node, seen map[string]int) *GitHubUser {
	o, ok := f.object(n, githubKeys)
	if !ok {
		return nil
	}
	u := &GitHubUser{
		Login: f.matching(o.get("login"), "login", loginShape, "write the GitHub login name"),
		ID:    f.integer(o.get("id"), "id", 1, math.MaxInt64/10),
	}
	f.unique(o.get("login"), "the GitHub login", strings.ToLower(u.Login), seen)
	if u.ID != 0 {
		f.unique(o.get("id"), "the GitHub id", fmt.Sprint(u.ID), seen)
	}
	return u
}

func (f *file) slackUser(n *yaml.Node, seen map[string]int) *SlackUser {
	o, ok := f.object(n, slackKeys)
	if !ok {
		return nil
	}
	u := &SlackUser{
		Team: f.matching(o.get("team"), "team", slackTeamShape, "write the workspace id, like T0ACME"),
		User: f.matching(o.get("user"), "user", slackUserShape, "write the member id, like U0HANA"),
	}
	if u.Team != "" && u.User != "" {
		f.unique(o.get("user"), "the Slack user", u.Team+"/"+u.User, seen)
	}
	return u
}

func (f *file) teams(n *yaml.Node) map[string]Team {
	out := map[string]Team{}
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		f.problem(n, "write it like {platform: {id: 1234568}}, or remove the key", "teams must be a mapping with at least one team")
		return out
	}
	seen := map[int64]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		slug := f.matching(n.Content[i], "team", teamShape, "write the slug of the GitHub team in lower case")
		o, ok := f.object(n.Content[i+1], teamKeys)
		if !ok {
			continue
		}
		id := f.integer(o.get("id"), "id", 1, math.MaxInt64/10)
		if id != 0 {
			f.distinctTeam(o.get("id"), id, seen)
		}
		out[slug] = Team{ID: id, Pos: f.position(n.Content[i])}
	}
	return out
}

func (f *file) distinctTeam(n *yaml.Node, id int64, seen map[int64]int) {
	if line, doubled := seen[id]; doubled {
		f.problem(n, "name each team once", "the GitHub team %d stands on line %d already", id, line)
		return
	}
	seen[id] = n.Line
}
