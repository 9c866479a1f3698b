package githubemu

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// team is a team of the organization.
type team struct {
	id      int64
	slug    string
	parent  *team
	members map[int64]string // user number to "member" or "maintainer"
}

// Team describes a team. Members are logins with their role, "member" (also
// when empty) or "maintainer".
type Team struct {
	ID      int64
	Slug    string
	Parent  string // the slug of the team above, or empty
	Members map[string]string
}

// PutTeam adds a team, or replaces the one with the same slug.
func (s *Server) PutTeam(spec Team) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &team{id: spec.ID, slug: spec.Slug, members: map[int64]string{}}
	if spec.Parent != "" {
		if t.parent = s.team(spec.Parent); t.parent == nil || spec.Parent == spec.Slug {
			return fmt.Errorf("put team %q: no parent team %q", spec.Slug, spec.Parent)
		}
	}
	for login, role := range spec.Members {
		u := s.user(login)
		if u == nil {
			return fmt.Errorf("put team %q: no user %q", spec.Slug, login)
		}
		if role == "" {
			role = "member"
		}
		t.members[u.ID] = role
	}
	if old := s.team(spec.Slug); old != nil {
		old.parent, old.members = t.parent, t.members
		return nil
	}
	if t.id == 0 {
		t.id = s.id()
	}
	s.teams = append(s.teams, t)
	return nil
}

// SetTeamMember puts a person into a team with a role, or takes them out
// with an empty one.
func (s *Server) SetTeamMember(slug, login, role string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, u := s.team(slug), s.user(login)
	if t == nil || u == nil {
		return fmt.Errorf("set member %q of team %q: no such team or user", login, slug)
	}
	if role == "" {
		delete(t.members, u.ID)
		return nil
	}
	t.members[u.ID] = role
	return nil
}

func (s *Server) team(slug string) *team {
	i := slices.IndexFunc(s.teams, func(t *team) bool { return strings.EqualFold(t.slug, slug) })
	if i < 0 {
		return nil
	}
	return s.teams[i]
}

// below reports whether t is the team or, at any depth, one of its children.
func (t *team) below(top *team) bool {
	for ; t != nil; t = t.parent {
		if t == top {
			return true
		}
	}
	return false
}

// membership is a user's role in a team; members of child teams are members
// too (List team members), and via names the child they are in.
func (s *Server) membership(top *team, u *User) (role, via string) {
	if role := top.members[u.ID]; role != "" {
		return role, ""
	}
	for _, t := range s.teams {
		if t.below(top) && t.members[u.ID] != "" {
			return "member", t.slug
		}
	}
	return "", ""
}

func (s *Server) inTeam(id int64, u *User) bool {
	i := slices.IndexFunc(s.teams, func(t *team) bool { return t.id == id })
	if i < 0 {
		return false
	}
	role, _ := s.membership(s.teams[i], u)
	return role != ""
}

// teamJSON is GitHub's "team".
func (s *Server) teamJSON(t *team) obj {
	out := obj{
		"id": t.id, "node_id": nodeID("T", t.id), "slug": t.slug, "name": t.slug, "privacy": "closed", "permission": "pull",
		"description": nil, "url": s.api("/organizations/%d/team/%d", s.opt.OrgID, t.id), "html_url": s.web("/orgs/%s/teams/%s", s.opt.Org, t.slug),
		"members_url": s.api("/organizations/%d/team/%d/members{/member}", s.opt.OrgID, t.id), "parent": nil, "notification_setting": "notifications_enabled",
	}
	if t.parent != nil {
		out["parent"] = s.teamJSON(t.parent)
	}
	return out
}

// theOrg checks that the path names the organization.
func (c *call) theOrg() error {
	org, byName := c.path["org"]
	id, byID := c.path["org_id"]
	if (byName && !strings.EqualFold(org, c.s.opt.Org)) || (byID && id != itoa(c.s.opt.OrgID)) {
		return notFound()
	}
	return nil
}

// team finds the team of the path by slug or by number.
func (c *call) team() (*team, error) {
	if err := c.theOrg(); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(c.s.teams, func(t *team) bool {
		return strings.EqualFold(t.slug, c.path["team_slug"]) || itoa(t.id) == c.path["team_id"]
	})
	if i < 0 {
		return nil, notFound()
	}
	return c.s.teams[i], nil
}

func (c *call) listTeams() (reply, error) {
	if err := c.theOrg(); err != nil {
		return reply{}, err
	}
	out := []obj{}
	for _, t := range c.s.teams {
		out = append(out, c.s.teamJSON(t))
	}
	return page(c, out)
}

func (c *call) getTeam() (reply, error) {
	t, err := c.team()
	if err != nil {
		return reply{}, err
	}
	out := c.s.teamJSON(t)
	out["organization"], out["members_count"] = c.s.orgJSON(), len(t.members)
	return ok(out)
}

func (c *call) childTeams() (reply, error) {
	top, err := c.team()
	if err != nil {
		return reply{}, err
	}
	out := []obj{}
	for _, t := range c.s.teams {
		if t.parent == top {
			out = append(out, c.s.teamJSON(t))
		}
	}
	return page(c, out)
}

func (c *call) teamMembers() (reply, error) {
	t, err := c.team()
	if err != nil {
		return reply{}, err
	}
	want := c.query("role")
	out := []obj{}
	for _, u := range c.s.users {
		role, _ := c.s.membership(t, u)
		if role != "" && (want == "" || want == "all" || want == role) {
			out = append(out, c.s.userJSON(u).(obj))
		}
	}
	return page(c, out)
}

func (c *call) teamMembership() (reply, error) {
	t, err := c.team()
	if err != nil {
		return reply{}, err
	}
	u := c.s.user(c.path["username"])
	if u == nil {
		return reply{}, notFound()
	}
	role, _ := c.s.membership(t, u)
	if role == "" {
		return reply{}, notFound()
	}
	if c.s.orgRoles[u.ID] == "admin" {
		role = "maintainer" // "the role for organization owners is set to maintainer"
	}
	return ok(obj{"state": "active", "role": role, "url": c.s.api("/organizations/%d/team/%d/memberships/%s", c.s.opt.OrgID, t.id, u.Login)})
}

func (c *call) getOrg() (reply, error) {
	if err := c.theOrg(); err != nil {
		return reply{}, err
	}
	out := c.s.orgJSON()
	out["type"], out["html_url"] = "Organization", c.s.web("/%s", c.s.opt.Org)
	return ok(out)
}

func (c *call) orgMembers() (reply, error) {
	if err := c.theOrg(); err != nil {
		return reply{}, err
	}
	want := c.query("role")
	out := []obj{}
	for _, u := range c.s.users {
		role := c.s.orgRoles[u.ID]
		if role != "" && (want == "" || want == "all" || want == role) {
			out = append(out, c.s.userJSON(u).(obj))
		}
	}
	return page(c, out)
}

// outsideCollaborators are people who are no members but have a role in a
// repository of the organization.
func (c *call) outsideCollaborators() (reply, error) {
	if err := c.theOrg(); err != nil {
		return reply{}, err
	}
	out := []obj{}
	for _, u := range c.s.users {
		if c.s.outside(u) {
			out = append(out, c.s.userJSON(u).(obj))
		}
	}
	return page(c, out)
}

func (s *Server) outside(u *User) bool {
	return !u.isBot() && s.orgRoles[u.ID] == "" && slices.ContainsFunc(s.repos, func(r *Repo) bool {
		return r.owner == s.opt.Org && atLeast(r.userRoles[u.ID], "read")
	})
}

// AddOutsideCollaborator gives a person who is no member of the organization
// a role in the repository, as an accepted invitation does.
func (r *Repo) AddOutsideCollaborator(login, role string) error {
	r.s.enter()
	defer r.s.leave()
	u := r.s.user(login)
	switch {
	case u == nil || u.isBot():
		return fmt.Errorf("add outside collaborator %q to %q: no such person", login, r.name)
	case r.s.orgRoles[u.ID] != "":
		return fmt.Errorf("add outside collaborator %q to %q: is a member of the organization", login, r.name)
	case !slices.Contains(roles(), role) || role == "none":
		return fmt.Errorf("add outside collaborator %q to %q: no role %q", login, r.name, role)
	}
	r.userRoles[u.ID] = role
	return nil
}

// orgMember finds the member of the path.
func (c *call) orgMember() (*User, error) {
	if err := c.theOrg(); err != nil {
		return nil, err
	}
	u := c.s.user(c.path["username"])
	if u == nil || c.s.orgRoles[u.ID] == "" {
		return nil, notFound()
	}
	return u, nil
}

func (c *call) isOrgMember() (reply, error) {
	if _, err := c.orgMember(); err != nil {
		return reply{}, err
	}
	return noContent()
}

func (c *call) orgMembership() (reply, error) {
	u, err := c.orgMember()
	if err != nil {
		return reply{}, err
	}
	return ok(obj{
		"state": "active", "role": c.s.orgRoles[u.ID], "user": c.s.userJSON(u), "organization": c.s.orgJSON(),
		"url": c.s.api("/orgs/%s/memberships/%s", c.s.opt.Org, u.Login), "organization_url": c.s.api("/orgs/%s", c.s.opt.Org),
	})
}

// classicRole is the old name of a role: maintain counts as write, triage as
// read (Get repository permissions for a user).
func classicRole(role string) string {
	switch role {
	case "maintain":
		return "write"
	case "triage":
		return "read"
	}
	return role
}

func (c *call) permissionLevel() (reply, error) {
	u := c.s.user(c.path["username"])
	if u == nil {
		return reply{}, refuse(http.StatusNotFound, "%s is not a user", c.path["username"])
	}
	role := c.repo.role(u)
	return ok(obj{"permission": classicRole(role), "role_name": role, "user": c.s.userJSON(u)})
}

func (c *call) collaborators() (reply, error) {
	out := []obj{}
	for _, u := range c.s.users {
		role := c.repo.role(u)
		outside := c.s.orgRoles[u.ID] == ""
		if u.isBot() || !c.repo.collaborates(u) || (c.query("affiliation") == "outside" && !outside) {
			continue
		}
		o := c.s.userJSON(u).(obj)
		o["role_name"] = role
		o["permissions"] = obj{
			"pull": true, "triage": atLeast(role, "triage"), "push": atLeast(role, "write"),
			"maintain": atLeast(role, "maintain"), "admin": role == "admin",
		}
		out = append(out, o)
	}
	return page(c, out)
}

func (c *call) isCollaborator() (reply, error) {
	u := c.s.user(c.path["username"])
	if u == nil || !c.repo.collaborates(u) {
		return reply{}, notFound()
	}
	return noContent()
}

func (c *call) currentUser() (reply, error) { return ok(c.s.fullUserJSON(c.who.user)) }

func (c *call) getUser() (reply, error) {
	u := c.s.user(c.path["username"])
	if u == nil {
		return reply{}, notFound()
	}
	return ok(c.s.fullUserJSON(u))
}

func (c *call) getUserByID() (reply, error) {
	id, err := c.number("account_id")
	if err != nil {
		return reply{}, err
	}
	for _, u := range c.s.users {
		if u.ID == id {
			return ok(c.s.fullUserJSON(u))
		}
	}
	return reply{}, notFound()
}
