package awsemu

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// user is a user of the identity store.
type user struct {
	id, externalID                   string // externalID is empty for one made by hand
	userName, display, given, family string
	disabled                         bool
	created, updated                 time.Time
}

// group is a group of the identity store.
type group struct {
	id, externalID, display string
	created, updated        time.Time
}

// membership is one user in one group.
type membership struct {
	id      string
	created time.Time
}

// directory is the identity store.
type directory struct {
	users    map[string]*user
	groups   map[string]*group
	members  map[string]map[string]membership // group to users
	groupsOf map[string]map[string]bool       // user to groups
	tokens   map[string]time.Time             // SCIM tokens and their ends
}

func newDirectory() *directory {
	return &directory{
		users: map[string]*user{}, groups: map[string]*group{},
		members: map[string]map[string]membership{}, groupsOf: map[string]map[string]bool{}, tokens: map[string]time.Time{},
	}
}

// has reports whether a principal exists.
func (d *directory) has(p principal) bool {
	if p.kind == "USER" {
		return d.users[p.id] != nil
	}
	return d.groups[p.id] != nil
}

// findUser returns the first user that fits, or nil.
func (d *directory) findUser(fits func(*user) bool) *user {
	for _, u := range d.users {
		if fits(u) {
			return u
		}
	}
	return nil
}

// findGroup returns the first group that fits, or nil.
func (d *directory) findGroup(fits func(*group) bool) *group {
	for _, g := range d.groups {
		if fits(g) {
			return g
		}
	}
	return nil
}

func (d *directory) userByExternal(id string) *user {
	return d.findUser(func(u *user) bool { return id != "" && u.externalID == id })
}

func (d *directory) groupByExternal(id string) *group {
	return d.findGroup(func(g *group) bool { return id != "" && g.externalID == id })
}

// userByName finds a user name; names are unique without regard to case.
func (d *directory) userByName(name string) *user {
	return d.findUser(func(u *user) bool { return strings.EqualFold(u.userName, name) })
}

// groupByName finds a display name; names are unique without regard to case.
func (d *directory) groupByName(name string) *group {
	return d.findGroup(func(g *group) bool { return strings.EqualFold(g.display, name) })
}

// join puts a user into a group; one who is in it stays.
func (d *directory) join(groupID, userID, membershipID string, now time.Time) {
	if _, in := d.members[groupID][userID]; in {
		return
	}
	put(d.members, groupID, userID, membership{membershipID, now})
	put(d.groupsOf, userID, groupID, true)
}

// leave takes a user out of a group.
func (d *directory) leave(groupID, userID string) {
	drop(d.members, groupID, userID)
	drop(d.groupsOf, userID, groupID)
}

// dropGroup deletes a group and its memberships.
func (d *directory) dropGroup(id string) {
	for userID := range d.members[id] {
		drop(d.groupsOf, userID, id)
	}
	delete(d.members, id)
	delete(d.groups, id)
}

// dropUser deletes a user and the user's memberships.
func (d *directory) dropUser(id string) {
	for groupID := range d.groupsOf[id] {
		drop(d.members, groupID, id)
	}
	delete(d.groupsOf, id)
	delete(d.users, id)
}

// membersOf returns the ids of the users in a group, sorted.
func (d *directory) membersOf(groupID string) []string {
	return slices.Sorted(maps.Keys(d.members[groupID]))
}

// newStoreID returns an id as the identity store makes them: ten digits of the
// store's own id, then a UUID.
func (s *Server) newStoreID() string {
	prefix := strings.TrimPrefix(s.opts.IdentityStoreID, "d-")
	if len(prefix) != 10 { // a store migrated from AWS SSO: plain UUIDs
		return s.opts.NewID()
	}
	return prefix + "-" + s.opts.NewID()
}
