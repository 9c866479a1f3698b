package graphemu

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// maxCheckedGroups is how many groups checkMemberGroups takes (its API page).
const maxCheckedGroups = 20

func userRoutes() []route {
	return []route{
		{op: "GET /users", units: 2, perms: readUsers(), do: (*call).listUsers},
		{op: "GET /users/$count", perms: readUsers(), do: (*call).countUsers},
		{op: "GET /users/{id}", perms: readUsers(), do: (*call).getUser},
		{op: "GET /users/{id}/manager", perms: readUsers()[1:], do: (*call).getManager},
		{op: "GET /users/{id}/memberOf", units: 2, perms: readGroups(), do: (*call).listMemberOf},
		{op: "GET /users/{id}/memberOf/{cast}", units: 2, perms: readGroups(), do: (*call).listMemberOf},
		{op: "GET /users/{id}/transitiveMemberOf", units: 3, perms: readGroups(), do: (*call).listTransitiveMemberOf},
		{op: "GET /users/{id}/transitiveMemberOf/{cast}", units: 3, perms: readGroups(), do: (*call).listTransitiveMemberOf},
		{op: "GET /users/{id}/appRoleAssignments", units: 2, perms: readRoles(), do: (*call).listUserAssignments},
		{op: "POST /users/{id}/checkMemberGroups", units: 4, reads: true, perms: readGroups(), do: (*call).checkMemberGroups},
	}
}

func userEntity() entity {
	return entity{
		name: "microsoft.graph.user",
		props: []string{
			"id", "displayName", "givenName", "surname", "mail", "userPrincipalName", "accountEnabled", "userType", "proxyAddresses",
			"createdDateTime", "deletedDateTime", "businessPhones", "jobTitle", "mobilePhone", "officeLocation", "preferredLanguage",
			"mailNickname", "onPremisesSyncEnabled",
		},
		// The default properties of the user resource: without $select there
		// is no accountEnabled, userType or proxyAddresses.
		defaults: []string{
			"businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
			"preferredLanguage", "surname", "userPrincipalName",
		},
	}
}

// text returns nil, JSON's null, for an empty text.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func userObject(u *User) object {
	kind := "Member"
	if u.Guest {
		kind = "Guest"
	}
	nickname, _, _ := strings.Cut(u.UserPrincipalName, "@")
	return object{
		"id": u.ID, "displayName": u.DisplayName, "givenName": text(u.GivenName), "surname": text(u.Surname), "mail": text(u.Mail),
		"userPrincipalName": u.UserPrincipalName, "accountEnabled": !u.Disabled, "userType": kind,
		"proxyAddresses": append([]string{}, u.ProxyAddresses...), "createdDateTime": stamp(u.Created), "deletedDateTime": nil,
		"businessPhones": []string{}, "jobTitle": nil, "mobilePhone": nil, "officeLocation": nil, "preferredLanguage": nil,
		"mailNickname": nickname, "onPremisesSyncEnabled": nil,
	}
}

// users returns all users by id.
func (d *directory) userObjects() []object {
	out := make([]object, 0, len(d.users))
	for _, id := range slices.Sorted(maps.Keys(d.users)) {
		out = append(out, userObject(d.users[id]))
	}
	return out
}

func (c *call) listUsers() (reply, error) {
	return c.list(userEntity(), "users", c.s.dir.userObjects())
}
func (c *call) countUsers() (reply, error) { return c.number(userEntity(), c.s.dir.userObjects()) }

func (c *call) getUser() (reply, error) {
	u, err := c.s.dir.user(c.path("id"))
	if err != nil {
		return reply{}, err
	}
	return c.one(userEntity(), "users", userObject(u))
}

func (c *call) getManager() (reply, error) {
	u, err := c.s.dir.user(c.path("id"))
	if err != nil {
		return reply{}, err
	}
	m, ok := c.s.dir.users[u.Manager]
	if !ok {
		return reply{}, notFound("manager")
	}
	o := userObject(m)
	o["@odata.type"] = "#microsoft.graph.user"
	return c.one(userEntity(), "directoryObjects", o)
}

func (c *call) listMemberOf() (reply, error) { return c.memberships((*directory).groupsOf) }
func (c *call) listTransitiveMemberOf() (reply, error) {
	return c.memberships((*directory).transitiveGroupsOf)
}

// memberships lists the groups of a user, with or without a cast or $count.
func (c *call) memberships(of func(*directory, string) []string) (reply, error) {
	u, err := c.s.dir.user(c.path("id"))
	if err != nil {
		return reply{}, err
	}
	return c.related(of(c.s.dir, u.ID))
}

// related lists directory objects by id, as the {cast} of the path wants.
func (c *call) related(ids []string) (reply, error) {
	cast := cmp.Or(c.path("cast"), "directoryObject")
	if cast == "$count" {
		return c.number(directoryEntity(), c.s.dir.objects(ids, ""))
	}
	switch kind := strings.TrimPrefix(strings.TrimPrefix(cast, "microsoft."), "graph."); kind {
	case "directoryObject":
		return c.list(directoryEntity(), "directoryObjects", c.s.dir.objects(ids, ""))
	case "user":
		return c.list(userEntity(), "users", c.s.dir.objects(ids, kind))
	case "group":
		return c.list(groupEntity(), "groups", c.s.dir.objects(ids, kind))
	case "servicePrincipal":
		return c.list(principalEntity(), "servicePrincipals", nil)
	}
	return reply{}, badQuery("Resource not found for the segment '%s'.", cast)
}

// directoryEntity is any directory object: what is selected may be a property
// of any of the types.
func directoryEntity() entity {
	props := append(slices.Clone(userEntity().props), groupEntity().props...)
	slices.Sort(props)
	return entity{name: "microsoft.graph.directoryObject", props: slices.Compact(props)}
}

// objects returns users and groups with their type; kind narrows it to one type
// with its default properties.
func (d *directory) objects(ids []string, kind string) []object {
	out := make([]object, 0, len(ids))
	for _, id := range ids {
		var o object
		switch u, g := d.users[id], d.groups[id]; {
		case u != nil && kind != "group":
			o = userObject(u)
			if kind == "" {
				o["@odata.type"] = "#microsoft.graph.user"
			}
		case g != nil && kind != "user":
			o = groupObject(g)
			if kind == "" {
				o["@odata.type"] = "#microsoft.graph.group"
			}
		default:
			continue
		}
		out = append(out, o)
	}
	return out
}

func (c *call) listUserAssignments() (reply, error) {
	u, err := c.s.dir.user(c.path("id"))
	if err != nil {
		return reply{}, err
	}
	return c.list(assignmentEntity(), "appRoleAssignments", c.assignmentObjects(u.ID))
}

func (c *call) checkMemberGroups() (reply, error) {
	u, err := c.s.dir.user(c.path("id"))
	if err != nil {
		return reply{}, err
	}
	var body struct {
		GroupIDs []string `json:"groupIds"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	if n := len(body.GroupIDs); n == 0 || n > maxCheckedGroups {
		return reply{}, badRequest("The number of values in 'groupIds' is %d; it must be between 1 and %d.", n, maxCheckedGroups)
	}
	in := c.s.dir.transitiveGroupsOf(u.ID)
	found := []string{}
	for _, id := range body.GroupIDs {
		if _, ok := slices.BinarySearch(in, strings.ToLower(id)); ok {
			found = append(found, id)
		}
	}
	return reply{body: object{"@odata.context": fmt.Sprintf("%s/$metadata#Collection(Edm.String)", c.base()), "value": found}}, nil
}
