package graphemu

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// This file plays the people who administer the tenant in its portal. Errors
// name the object; changes are not subject to permissions or throttling.

// AddUser adds a person, with a new object id if it has none, and returns it.
// The user principal name must be unique.
func (s *Server) AddUser(u User) (User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := s.newID(u.ID)
	if err != nil {
		return User{}, fmt.Errorf("add user %s: %w", u.UserPrincipalName, err)
	}
	if u.UserPrincipalName == "" || u.DisplayName == "" {
		return User{}, fmt.Errorf("add user %q: displayName and userPrincipalName are required", u.UserPrincipalName)
	}
	if _, err := s.dir.user(u.UserPrincipalName); err == nil {
		return User{}, fmt.Errorf("add user %s: the user principal name is taken", u.UserPrincipalName)
	}
	u.ID, u.Created = id, s.kit.Now().UTC()
	u.Manager = strings.ToLower(u.Manager)
	u.ProxyAddresses = slices.Clone(u.ProxyAddresses)
	s.dir.users[id] = &u
	return copyUser(&u), nil
}

// AddGroup adds a group, with a new object id if it has none, and returns it.
// Its members and owners must exist.
func (s *Server) AddGroup(g Group) (Group, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := s.newID(g.ID)
	if err != nil {
		return Group{}, fmt.Errorf("add group %s: %w", g.DisplayName, err)
	}
	if g.DisplayName == "" {
		return Group{}, fmt.Errorf("add group %s: displayName is required", id)
	}
	n := g
	n.ID, n.Created, n.Members, n.Owners = id, s.kit.Now().UTC(), []string{}, nil
	for _, m := range g.Members {
		if _, _, ok := s.dir.principal(strings.ToLower(m)); !ok {
			return Group{}, fmt.Errorf("add group %s: no member %s", g.DisplayName, m)
		}
		insert(&n.Members, strings.ToLower(m))
	}
	for _, o := range g.Owners {
		if _, ok := s.dir.users[strings.ToLower(o)]; !ok {
			return Group{}, fmt.Errorf("add group %s: no owner %s", g.DisplayName, o)
		}
		insert(&n.Owners, strings.ToLower(o))
	}
	s.dir.groups[id] = &n
	return copyGroup(&n), nil
}

// newID checks that id is free, or makes one.
func (s *Server) newID(id string) (string, error) {
	if id == "" {
		return newGUID(), nil
	}
	id = strings.ToLower(id)
	if !isGUID(id) {
		return "", fmt.Errorf("object id %q is not a GUID", id)
	}
	if _, _, taken := s.dir.principal(id); taken || id == strings.ToLower(s.opts.App) {
		return "", fmt.Errorf("object id %s is taken", id)
	}
	return id, nil
}

// AddMember puts a user or a group into a group. A member twice is no error.
func (s *Server) AddMember(groupID, memberID string) error {
	return s.changeGroup("add member "+memberID, groupID, func(g *Group) error {
		id := strings.ToLower(memberID)
		if _, _, ok := s.dir.principal(id); !ok || id == g.ID {
			return notFound(memberID)
		}
		insert(&g.Members, id)
		return nil
	})
}

// RemoveMember takes a member out of a group. An absent one is no error.
func (s *Server) RemoveMember(groupID, memberID string) error {
	return s.changeGroup("remove member "+memberID, groupID, func(g *Group) error {
		remove(&g.Members, strings.ToLower(memberID))
		return nil
	})
}

// AddOwner makes a user an owner of a group.
func (s *Server) AddOwner(groupID, userID string) error {
	return s.changeGroup("add owner "+userID, groupID, func(g *Group) error {
		u, err := s.dir.user(userID)
		if err != nil {
			return err
		}
		insert(&g.Owners, u.ID)
		return nil
	})
}

// RenameGroup changes the display name of a group.
func (s *Server) RenameGroup(groupID, name string) error {
	return s.changeGroup("rename", groupID, func(g *Group) error {
		if name == "" {
			return badRequest("Invalid value specified for property 'displayName' of resource 'Group'.")
		}
		g.DisplayName = name
		return nil
	})
}

// changeGroup runs change on a group under the lock.
func (s *Server) changeGroup(what, groupID string, change func(*Group) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.dir.group(groupID)
	if err == nil {
		err = change(g)
	}
	if err != nil {
		return fmt.Errorf("group %s: %s: %w", groupID, what, err)
	}
	return nil
}

// RecreateGroup deletes a group and makes one with the same name, owners and
// members, as happens by mistake: the new one has another id and no assignment.
func (s *Server) RecreateGroup(groupID string) (newID string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.dir.group(groupID)
	if err != nil {
		return "", fmt.Errorf("recreate group %s: %w", groupID, err)
	}
	n := copyGroup(old)
	s.dir.forget(old.ID)
	n.ID, n.Created = newGUID(), s.kit.Now().UTC()
	s.dir.groups[n.ID] = &n
	return n.ID, nil
}

// DeleteGroup deletes a group with its assignments.
func (s *Server) DeleteGroup(groupID string) error {
	return s.changeGroup("delete", groupID, func(g *Group) error {
		s.dir.forget(g.ID)
		return nil
	})
}

// SetEnabled switches whether a person (object id or user principal name) may
// sign in.
func (s *Server) SetEnabled(userID string, enabled bool) error {
	return s.ChangeUser(userID, func(u *User) { u.Disabled = !enabled })
}

// ChangeUser runs change on a person: names, mail, guest, proxy addresses. The
// id and the user principal name cannot be changed. change must not call s.
func (s *Server) ChangeUser(userID string, change func(*User)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.dir.user(userID)
	if err != nil {
		return fmt.Errorf("change user %s: %w", userID, err)
	}
	n := copyUser(u)
	change(&n)
	n.ID, n.UserPrincipalName, n.Created = u.ID, u.UserPrincipalName, u.Created
	*u = copyUser(&n)
	return nil
}

// SetManager sets the manager of a person; an empty manager means none.
func (s *Server) SetManager(userID, managerID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.dir.user(userID)
	if err != nil {
		return fmt.Errorf("set manager of %s: %w", userID, err)
	}
	if managerID == "" {
		u.Manager = ""
		return nil
	}
	m, err := s.dir.user(managerID)
	if err != nil {
		return fmt.Errorf("set manager of %s: %w", userID, err)
	}
	u.Manager = m.ID
	return nil
}

// DeleteUser deletes a person with every membership and assignment.
func (s *Server) DeleteUser(userID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.dir.user(userID)
	if err != nil {
		return fmt.Errorf("delete user %s: %w", userID, err)
	}
	s.dir.forget(u.ID)
	return nil
}

// Assign assigns a user or group to the User role of the enterprise application
// now, with the delays of a new assignment.
func (s *Server) Assign(principalID string) (Assignment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.assign(strings.ToLower(principalID), roleUser, s.kit.Now())
	if err != nil {
		return Assignment{}, fmt.Errorf("assign %s: %w", principalID, err)
	}
	return *a, nil
}

// SeedAssignment is Assign for an assignment that was made long ago: it is
// honoured at once.
func (s *Server) SeedAssignment(principalID string) (Assignment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.assign(strings.ToLower(principalID), roleUser, s.kit.Now().Add(-30*24*time.Hour))
	if err != nil {
		return Assignment{}, fmt.Errorf("seed assignment of %s: %w", principalID, err)
	}
	a.Visible, a.Honoured = a.Created, a.Created
	return *a, nil
}

// Unassign removes the assignment of a user or group.
func (s *Server) Unassign(principalID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, a := range s.dir.assignments {
		if strings.EqualFold(a.PrincipalID, principalID) {
			delete(s.dir.assignments, id)
			return nil
		}
	}
	return fmt.Errorf("unassign %s: not assigned", principalID)
}

func copyUser(u *User) User {
	c := *u
	c.ProxyAddresses = slices.Clone(u.ProxyAddresses)
	return c
}

func copyGroup(g *Group) Group {
	c := *g
	c.Members, c.Owners = slices.Clone(g.Members), slices.Clone(g.Owners)
	return c
}
