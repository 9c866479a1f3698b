package graphemu

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// User is a person of the tenant.
type User struct {
	// ID is the object id; AddUser makes one if it is empty.
	ID                string `json:"id"`
	DisplayName       string `json:"display_name"`
	GivenName         string `json:"given_name,omitempty"`
	Surname           string `json:"surname,omitempty"`
	Mail              string `json:"mail,omitempty"`
	UserPrincipalName string `json:"user_principal_name"`
	// Disabled is accountEnabled turned round, so that the zero value may sign in.
	Disabled bool `json:"disabled,omitempty"`
	// Guest makes userType Guest.
	Guest bool `json:"guest,omitempty"`
	// ProxyAddresses look like "SMTP:a@example.com" or "smtp:b@example.com".
	ProxyAddresses []string `json:"proxy_addresses,omitempty"`
	// Manager is the object id of the manager; empty means none.
	Manager string `json:"manager,omitempty"`
	// Created is when AddUser was called.
	Created time.Time `json:"created"`
}

// GroupKind says what a group is for.
type GroupKind string

// The kinds of groups.
const (
	SecurityGroup     GroupKind = ""             // securityEnabled, not mailEnabled
	Microsoft365Group GroupKind = "microsoft365" // Unified and mailEnabled, not securityEnabled
	DistributionGroup GroupKind = "distribution" // mailEnabled only
)

// Group is a group of the tenant.
type Group struct {
	// ID is the object id; AddGroup makes one if it is empty.
	ID          string    `json:"id"`
	DisplayName string    `json:"display_name"`
	Description string    `json:"description,omitempty"`
	Kind        GroupKind `json:"kind,omitempty"`
	// Dynamic and OnPremises groups refuse member writes over the wire.
	Dynamic    bool `json:"dynamic,omitempty"`
	OnPremises bool `json:"on_premises,omitempty"`
	// RoleAssignable groups need one more permission to change members.
	RoleAssignable bool `json:"role_assignable,omitempty"`
	// Members are object ids of direct members: users and groups, sorted.
	Members []string `json:"members"`
	// Owners are object ids of users, sorted.
	Owners []string `json:"owners,omitempty"`
	// Created is when AddGroup was called.
	Created time.Time `json:"created"`
}

// Assignment is an app role assignment of the enterprise application.
type Assignment struct {
	ID            string    `json:"id"`
	PrincipalID   string    `json:"principal_id"`
	PrincipalType string    `json:"principal_type"` // User or Group
	RoleID        string    `json:"role_id"`
	Created       time.Time `json:"created"`
	// Visible is when lists show it, Honoured when provisioning counts it.
	Visible  time.Time `json:"visible"`
	Honoured time.Time `json:"honoured"`
}

// directory is the tenant's data. It is guarded by Server.mu.
type directory struct {
	users       map[string]*User
	groups      map[string]*Group
	assignments map[string]*Assignment
}

func newDirectory() *directory {
	return &directory{users: map[string]*User{}, groups: map[string]*Group{}, assignments: map[string]*Assignment{}}
}

// user finds a user by object id or user principal name.
func (d *directory) user(key string) (*User, error) {
	if u, ok := d.users[strings.ToLower(key)]; ok {
		return u, nil
	}
	for _, u := range d.users {
		if strings.EqualFold(u.UserPrincipalName, key) {
			return u, nil
		}
	}
	return nil, notFound(key)
}

// group finds a group by object id.
func (d *directory) group(id string) (*Group, error) {
	if !isGUID(id) {
		return nil, badRequest("Invalid object identifier '%s'.", id)
	}
	if g, ok := d.groups[strings.ToLower(id)]; ok {
		return g, nil
	}
	return nil, notFound(id)
}

// principal returns the type and display name of a user or group.
func (d *directory) principal(id string) (kind, name string, ok bool) {
	if u, found := d.users[id]; found {
		return "User", u.DisplayName, true
	}
	if g, found := d.groups[id]; found {
		return "Group", g.DisplayName, true
	}
	return "", "", false
}

// groupsOf returns the ids of the groups that have that direct member, sorted.
func (d *directory) groupsOf(id string) []string {
	var ids []string
	for _, g := range d.groups {
		if _, in := slices.BinarySearch(g.Members, id); in {
			ids = append(ids, g.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// transitiveGroupsOf returns the ids of all groups that id is in by any way.
func (d *directory) transitiveGroupsOf(id string) []string {
	return reach(id, d.groupsOf)
}

// transitiveMembers returns the ids of all direct and nested members.
func (d *directory) transitiveMembers(id string) []string {
	return reach(id, func(x string) []string {
		if g, ok := d.groups[x]; ok {
			return g.Members
		}
		return nil
	})
}

// reach returns everything that next leads to from start, sorted, without start.
func reach(start string, next func(string) []string) []string {
	seen := map[string]bool{start: true}
	queue := []string{start}
	for len(queue) > 0 {
		for _, x := range next(queue[0]) {
			if !seen[x] {
				seen[x] = true
				queue = append(queue, x)
			}
		}
		queue = queue[1:]
	}
	delete(seen, start)
	return slices.Sorted(maps.Keys(seen))
}

// insert adds id to a sorted list and reports whether it was missing.
func insert(list *[]string, id string) bool {
	at, found := slices.BinarySearch(*list, id)
	if !found {
		*list = slices.Insert(*list, at, id)
	}
	return !found
}

// remove takes id out of a sorted list and reports whether it was there.
func remove(list *[]string, id string) bool {
	at, found := slices.BinarySearch(*list, id)
	if found {
		*list = slices.Delete(*list, at, at+1)
	}
	return found
}

// forget removes every reference to a deleted object.
func (d *directory) forget(id string) {
	delete(d.users, id)
	delete(d.groups, id)
	for _, g := range d.groups {
		remove(&g.Members, id)
		remove(&g.Owners, id)
	}
	for _, u := range d.users {
		if u.Manager == id {
			u.Manager = ""
		}
	}
	maps.DeleteFunc(d.assignments, func(_ string, a *Assignment) bool { return a.PrincipalID == id })
}
