package awsemu

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// Facts of a permission set (botocore model of sso-admin).
var setName = regexp.MustCompile(`^[\w+=,.@-]{1,32}$`)

// AddPermissionSet makes a permission set with a session duration such as PT8H
// (empty means the default, PT1H) and returns its ARN, which depends on the
// instance and the name only. The name must be free.
func (s *Server) AddPermissionSet(name, sessionDuration string) (arn string, err error) {
	now := s.lock()
	defer s.mu.Unlock()
	if sessionDuration == "" {
		sessionDuration = "PT1H"
	}
	if _, bad := session(sessionDuration); bad != nil || !setName.MatchString(name) {
		return "", fmt.Errorf("permission set %q with session %q: want a name of 1 to 32 of [\\w+=,.@-] and PT1H to PT12H", name, sessionDuration)
	}
	arn = s.setARN(name)
	if _, ok := s.center.sets[arn]; ok {
		return "", fmt.Errorf("permission set %s: the name is taken", name)
	}
	s.center.sets[arn] = newSet(arn, name, sessionDuration, now)
	return arn, nil
}

// setARN is the ARN of the permission set of that name.
func (s *Server) setARN(name string) string {
	instance := strings.TrimPrefix(s.opts.InstanceARN, "arn:aws:sso:::instance/")
	return "arn:aws:sso:::permissionSet/" + instance + "/ps-" + hashHex(instance+"/"+name, 16)
}

// EditPermissionSet changes the description, relay state and tags of the
// permission set of that name.
func (s *Server) EditPermissionSet(name, description, relayState string, tags map[string]string) error {
	s.lock()
	defer s.mu.Unlock()
	set, ok := s.center.sets[s.setARN(name)]
	if !ok {
		return fmt.Errorf("permission set %s: does not exist", name)
	}
	set.description, set.relay, set.tags = description, relayState, maps.Clone(tags)
	return nil
}

// RemovePermissionSet deletes the permission set of that name. As in AWS it must
// not be assigned anywhere.
func (s *Server) RemovePermissionSet(name string) error {
	s.lock()
	defer s.mu.Unlock()
	arn := s.setARN(name)
	for account := range s.center.bySet[arn] {
		if s.center.provisioned(pair{account, arn}) {
			return fmt.Errorf("permission set %s: still assigned in account %s", name, account)
		}
	}
	if _, ok := s.center.sets[arn]; !ok {
		return fmt.Errorf("permission set %s: does not exist", name)
	}
	delete(s.center.sets, arn)
	return nil
}

// checkAssignment refuses an assignment that AWS could not hold.
func (s *Server) checkAssignment(a Assignment) error {
	_, set := s.center.sets[a.PermissionSetARN]
	_, account := s.org.accounts[a.AccountID]
	switch {
	case !set:
		return fmt.Errorf("assignment %+v: the permission set does not exist", a)
	case !account:
		return fmt.Errorf("assignment %+v: the account does not exist", a)
	case !s.store.has(principal{a.PrincipalType, a.PrincipalID}):
		return fmt.Errorf("assignment %+v: the principal does not exist", a)
	}
	return nil
}

// AddAssignment makes an assignment at once, listed at once, as somebody does in
// the console. One that exists is left as it is.
func (s *Server) AddAssignment(a Assignment) error {
	now := s.lock()
	defer s.mu.Unlock()
	if err := s.checkAssignment(a); err != nil {
		return err
	}
	s.center.add(a, now, 0)
	s.recordConsole(opCreate, a, now)
	return nil
}

// RemoveAssignment takes an assignment away at once, as somebody does in the
// console, and reports whether it was there.
func (s *Server) RemoveAssignment(a Assignment) bool {
	now := s.lock()
	defer s.mu.Unlock()
	found := s.center.remove(a, now, 0)
	if found {
		s.recordConsole(opDelete, a, now)
	}
	s.center.prune(now)
	return found
}

// Hide keeps an assignment out of ListAccountAssignments and
// ListAccountAssignmentsForPrincipal until [Server.Show], whether it exists now
// or comes to exist later.
func (s *Server) Hide(a Assignment) {
	s.lock()
	defer s.mu.Unlock()
	s.center.hidden[a] = true
}

// Show ends [Server.Hide].
func (s *Server) Show(a Assignment) {
	s.lock()
	defer s.mu.Unlock()
	delete(s.center.hidden, a)
}

// AddUser makes a user by hand, without an external id, and returns its id.
func (s *Server) AddUser(userName, displayName, givenName, familyName string) (id string, err error) {
	now := s.lock()
	defer s.mu.Unlock()
	if err := checkUser("by hand", userName, displayName, givenName, familyName); err != nil {
		return "", fmt.Errorf("user %s: %w", userName, err)
	}
	if s.store.userByName(userName) != nil {
		return "", fmt.Errorf("user %s: the name is taken", userName)
	}
	u := &user{id: s.newStoreID(), userName: userName, display: displayName, given: givenName, family: familyName, created: now, updated: now}
	s.store.users[u.id] = u
	return u.id, nil
}

// AddGroup makes a group by hand, without an external id, and returns its id.
func (s *Server) AddGroup(displayName string) (id string, err error) {
	now := s.lock()
	defer s.mu.Unlock()
	if displayName == "" || s.store.groupByName(displayName) != nil {
		return "", fmt.Errorf("group %q: the name is empty or taken", displayName)
	}
	g := &group{id: s.newStoreID(), display: displayName, created: now, updated: now}
	s.store.groups[g.id] = g
	return g.id, nil
}

// AddMember puts a user into a group by hand, both by their ids here.
func (s *Server) AddMember(groupID, userID string) error {
	now := s.lock()
	defer s.mu.Unlock()
	if s.store.groups[groupID] == nil || s.store.users[userID] == nil {
		return fmt.Errorf("member %s of group %s: one of them does not exist", userID, groupID)
	}
	s.store.join(groupID, userID, s.newStoreID(), now)
	return nil
}

// RemoveMember takes a user out of a group by hand, both by their ids here.
func (s *Server) RemoveMember(groupID, userID string) {
	s.lock()
	defer s.mu.Unlock()
	s.store.leave(groupID, userID)
}

// DeleteGroup deletes a group by hand, by its id here, and reports whether it
// was there. Its account assignments stay.
func (s *Server) DeleteGroup(id string) bool {
	s.lock()
	defer s.mu.Unlock()
	found := s.store.groups[id] != nil
	s.store.dropGroup(id)
	return found
}

// DeleteUser deletes a user by hand, by its id here, and reports whether it was
// there. The user's account assignments stay.
func (s *Server) DeleteUser(id string) bool {
	s.lock()
	defer s.mu.Unlock()
	found := s.store.users[id] != nil
	s.store.dropUser(id)
	return found
}
