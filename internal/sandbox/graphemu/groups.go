package graphemu

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// maxBound is how many members one PATCH of a group may bind (update group).
const maxBound = 20

func groupRoutes() []route {
	return []route{
		{op: "GET /groups", perms: readGroups(), do: (*call).listGroups},
		{op: "GET /groups/$count", perms: readGroups(), do: (*call).countGroups},
		{op: "GET /groups/{id}", perms: readGroups(), do: (*call).getGroup},
		{op: "PATCH /groups/{id}", perms: writeMembers(), do: (*call).patchGroup},
		{op: "GET /groups/{id}/members", units: 3, perms: readGroups(), do: (*call).listMembers},
		{op: "GET /groups/{id}/members/{cast}", units: 3, perms: readGroups(), do: (*call).listMembers},
		{op: "GET /groups/{id}/members/{cast}/$count", units: 3, perms: readGroups(), do: (*call).countMembers},
		{op: "GET /groups/{id}/transitiveMembers", units: 5, perms: readGroups(), do: (*call).listTransitiveMembers},
		{op: "GET /groups/{id}/transitiveMembers/{cast}", units: 5, perms: readGroups(), do: (*call).listTransitiveMembers},
		{op: "GET /groups/{id}/memberOf", units: 2, perms: readGroups(), do: (*call).listGroupMemberOf},
		{op: "GET /groups/{id}/owners", perms: readGroups()[1:], do: (*call).listOwners},
		{op: "GET /groups/{id}/owners/{cast}", perms: readGroups()[1:], do: (*call).listOwners},
		{op: "POST /groups/{id}/members/$ref", perms: writeMembers(), do: (*call).addMember},
		{op: "DELETE /groups/{id}/members/{member}/$ref", perms: writeMembers(), do: (*call).removeMember},
		// Without /$ref the path names the member itself, not its place in
		// the group, and DELETE deletes it from the directory.
		{op: "DELETE /groups/{id}/members/{member}", perms: []string{"User.ReadWrite.All", "Directory.ReadWrite.All"}, do: (*call).deleteMemberObject},
		{op: "GET /groups/{id}/appRoleAssignments", units: 2, perms: readRoles(), do: (*call).listGroupAssignments},
	}
}

func groupEntity() entity {
	return entity{
		name: "microsoft.graph.group",
		props: []string{
			"id", "displayName", "description", "securityEnabled", "groupTypes", "mailEnabled", "mail", "mailNickname", "isAssignableToRole",
			"onPremisesSyncEnabled", "createdDateTime", "deletedDateTime", "membershipRule", "proxyAddresses", "visibility",
		},
	}
}

func groupObject(g *Group) object {
	types := []string{}
	if g.Kind == Microsoft365Group {
		types = append(types, "Unified")
	}
	if g.Dynamic {
		types = append(types, "DynamicMembership")
	}
	nickname := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t@()\\[]\";:<>,", r) {
			return -1
		}
		return r
	}, g.DisplayName)
	o := object{
		"id": g.ID, "displayName": g.DisplayName, "description": text(g.Description), "securityEnabled": g.Kind == SecurityGroup,
		"groupTypes": types, "mailEnabled": g.Kind != SecurityGroup, "mail": nil, "mailNickname": nickname,
		"isAssignableToRole": nil, "onPremisesSyncEnabled": nil, "createdDateTime": stamp(g.Created), "deletedDateTime": nil,
		"membershipRule": nil, "proxyAddresses": []string{}, "visibility": nil,
	}
	if g.RoleAssignable {
		o["isAssignableToRole"] = true
	}
	if g.OnPremises {
		o["onPremisesSyncEnabled"] = true
	}
	if g.Dynamic {
		o["membershipRule"] = `user.department -eq "Cloud"`
	}
	return o
}

func (d *directory) groupObjects() []object {
	return d.objects(slices.Sorted(maps.Keys(d.groups)), "group")
}

func (c *call) listGroups() (reply, error) {
	return c.list(groupEntity(), "groups", c.s.dir.groupObjects())
}

func (c *call) countGroups() (reply, error) { return c.number(groupEntity(), c.s.dir.groupObjects()) }

func (c *call) getGroup() (reply, error) {
	g, err := c.s.dir.group(c.path("id"))
	if err != nil {
		return reply{}, err
	}
	return c.one(groupEntity(), "groups", groupObject(g))
}

func (c *call) listMembers() (reply, error) {
	return c.ofGroup(func(g *Group) []string { return g.Members })
}

func (c *call) listTransitiveMembers() (reply, error) {
	return c.ofGroup(func(g *Group) []string { return c.s.dir.transitiveMembers(g.ID) })
}

func (c *call) listGroupMemberOf() (reply, error) {
	return c.ofGroup(func(g *Group) []string { return c.s.dir.groupsOf(g.ID) })
}

func (c *call) listOwners() (reply, error) {
	return c.ofGroup(func(g *Group) []string { return g.Owners })
}

// ofGroup lists the objects that a group leads to.
func (c *call) ofGroup(ids func(*Group) []string) (reply, error) {
	g, err := c.s.dir.group(c.path("id"))
	if err != nil {
		return reply{}, err
	}
	return c.related(ids(g))
}

// countMembers is /members/microsoft.graph.user/$count.
func (c *call) countMembers() (reply, error) {
	g, err := c.s.dir.group(c.path("id"))
	if err != nil {
		return reply{}, err
	}
	switch strings.TrimPrefix(strings.TrimPrefix(c.path("cast"), "microsoft."), "graph.") {
	case "user":
		return c.number(userEntity(), c.s.dir.objects(g.Members, "user"))
	case "group":
		return c.number(groupEntity(), c.s.dir.objects(g.Members, "group"))
	}
	return reply{}, badQuery("Resource not found for the segment '%s'.", c.path("cast"))
}

// writable returns the group of the path if its members may be written.
func (c *call) writable() (*Group, error) {
	g, err := c.s.dir.group(c.path("id"))
	if err != nil {
		return nil, err
	}
	switch {
	case g.OnPremises:
		return nil, badRequest("Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.")
	case g.Dynamic:
		return nil, badRequest("Insufficient privileges to complete the operation: the members of a dynamic group are set by its rule.")
	case g.Kind == DistributionGroup:
		return nil, badRequest("Cannot Update a mail-enabled security groups and or distribution list.")
	case g.RoleAssignable && !c.client.may([]string{"RoleManagement.ReadWrite.Directory"}):
		return nil, denied()
	}
	return g, nil
}

// reference returns the object id that an @odata.id or a bound URL names.
func (c *call) reference(ref string) (string, error) {
	u, err := url.Parse(ref)
	if err != nil {
		return "", badQuery("Invalid URL format specified in payload.")
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if n := len(parts); n >= 2 && slices.Contains([]string{"directoryObjects", "users", "groups"}, parts[n-2]) && isGUID(parts[n-1]) {
		id := strings.ToLower(parts[n-1])
		if _, _, ok := c.s.dir.principal(id); !ok {
			return "", notFound(id)
		}
		return id, nil
	}
	return "", badQuery("Invalid URL format specified in payload.")
}

func (c *call) addMember() (reply, error) {
	g, err := c.writable()
	if err != nil {
		return reply{}, err
	}
	var body struct {
		ID string `json:"@odata.id"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	return c.bind(g, []string{body.ID})
}

func (c *call) patchGroup() (reply, error) {
	g, err := c.writable()
	if err != nil {
		return reply{}, err
	}
	var body map[string]any
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	list, ok := body["members@odata.bind"].([]any)
	if !ok || len(body) != 1 {
		return reply{}, badRequest("Only 'members@odata.bind' can be updated here.")
	}
	if len(list) > maxBound {
		return reply{}, badRequest("The number of references in 'members@odata.bind' is %d; the maximum is %d.", len(list), maxBound)
	}
	refs := make([]string, 0, len(list))
	for _, v := range list {
		s, _ := v.(string)
		refs = append(refs, s)
	}
	return c.bind(g, refs)
}

// bind adds all references to the members, or none.
func (c *call) bind(g *Group, refs []string) (reply, error) {
	members := slices.Clone(g.Members)
	for _, ref := range refs {
		id, err := c.reference(ref)
		if err != nil {
			return reply{}, err
		}
		if !insert(&members, id) {
			return reply{}, badRequest("One or more added object references already exist for the following modified properties: 'members'.")
		}
	}
	g.Members = members
	return noContent, nil
}

func (c *call) removeMember() (reply, error) {
	g, err := c.writable()
	if err != nil {
		return reply{}, err
	}
	if !remove(&g.Members, strings.ToLower(c.path("member"))) {
		return reply{}, notFound(c.path("member"))
	}
	return noContent, nil
}

func (c *call) deleteMemberObject() (reply, error) {
	g, err := c.s.dir.group(c.path("id"))
	if err != nil {
		return reply{}, err
	}
	id := strings.ToLower(c.path("member"))
	if _, in := slices.BinarySearch(g.Members, id); !in {
		return reply{}, notFound(c.path("member"))
	}
	c.s.dir.forget(id)
	return noContent, nil
}

func (c *call) listGroupAssignments() (reply, error) {
	g, err := c.s.dir.group(c.path("id"))
	if err != nil {
		return reply{}, err
	}
	return c.list(assignmentEntity(), "appRoleAssignments", c.assignmentObjects(g.ID))
}
