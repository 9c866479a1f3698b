package awsemu

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// SCIM is the side of the identity store that an identity provider writes, with
// one bearer token. Its methods are safe for concurrent use; every error wraps a
// *[SCIMError] and names the operation.
//
// What Entra does by HTTP are method calls here, with the rules of the "SCIM
// implementation" developer guide: names that must be there, characters that
// are refused, at most 100 membership changes a call. Request rates are not
// applied.
type SCIM struct {
	server *Server
	token  string
}

// SCIMError is a refusal of the SCIM endpoint.
type SCIMError struct {
	// Status is the HTTP status: 400, 401, 404 or 409.
	Status int
	// Type is the exception: ValidationException, UnauthorizedException,
	// ResourceNotFoundException, ConflictException.
	Type string
	// Detail is for people.
	Detail string
}

func (e *SCIMError) Error() string { return fmt.Sprintf("scim: %d %s: %s", e.Status, e.Type, e.Detail) }

// Unauthorized reports whether the token is wrong or has expired, which nothing
// but a new token mends.
func (e *SCIMError) Unauthorized() bool { return e.Status == http.StatusUnauthorized }

func scimInvalid(format string, args ...any) error {
	return &SCIMError{http.StatusBadRequest, "ValidationException", fmt.Sprintf(format, args...)}
}

func scimMissing(kind, id string) error {
	return &SCIMError{http.StatusNotFound, "ResourceNotFoundException", fmt.Sprintf("%s with external id %s does not exist", kind, id)}
}

func scimConflict(format string, args ...any) error {
	return &SCIMError{http.StatusConflict, "ConflictException", fmt.Sprintf(format, args...)}
}

const (
	// scimMembers is how many membership changes a call may hold.
	scimMembers = 100
	// scimTokens is how many tokens an instance may have.
	scimTokens = 2
	// scimRefused are the characters that names may not have.
	scimRefused = "\t\n\r<>;:%"
)

// AddSCIMToken makes a bearer token valid until it ends; the zero time means a
// year from now. An instance has at most two; the same token again gets the new
// end. The token is kept out of the journal.
func (s *Server) AddSCIMToken(token string, ends time.Time) error {
	s.kit.Journal.Redact(token)
	now := s.lock()
	defer s.mu.Unlock()
	if _, known := s.store.tokens[token]; !known && len(s.store.tokens) >= scimTokens {
		return fmt.Errorf("scim token: there are %d already, delete one first", scimTokens)
	}
	if ends.IsZero() {
		ends = now.AddDate(1, 0, 0)
	}
	s.store.tokens[token] = ends
	return nil
}

// DeleteSCIMToken makes a token invalid.
func (s *Server) DeleteSCIMToken(token string) {
	s.lock()
	defer s.mu.Unlock()
	delete(s.store.tokens, token)
}

// SCIM returns the SCIM side as seen with that token, which is checked at each
// call.
func (s *Server) SCIM(token string) *SCIM { return &SCIM{server: s, token: token} }

// open locks the state and checks the token. The caller unlocks s.mu unless
// there is an error.
func (c *SCIM) open() (*directory, time.Time, error) {
	now := c.server.lock()
	ends, known := c.server.store.tokens[c.token]
	if known && now.Before(ends) {
		return c.server.store, now, nil
	}
	c.server.mu.Unlock()
	detail := "the bearer token is not valid"
	if known {
		detail = "the bearer token has expired"
	}
	return nil, now, &SCIMError{http.StatusUnauthorized, "UnauthorizedException", detail}
}

// UpsertUser makes or updates the user with that external id and returns the id
// in the identity store. A user of that name without an external id is taken
// over. The four names are required; active false disables the user.
func (c *SCIM) UpsertUser(externalID, userName, displayName, givenName, familyName string, active bool) (id string, err error) {
	d, now, err := c.open()
	if err != nil {
		return "", fmt.Errorf("user %s: %w", userName, err)
	}
	defer c.server.mu.Unlock()
	if err := checkUser(externalID, userName, displayName, givenName, familyName); err != nil {
		return "", fmt.Errorf("user %s: %w", userName, err)
	}
	u, named := d.userByExternal(externalID), d.userByName(userName)
	switch {
	case named != nil && named != u && (u != nil || named.externalID != ""):
		return "", fmt.Errorf("user %s: %w", userName, scimConflict("another user has this name"))
	case u == nil && named != nil:
		u = named
	case u == nil:
		u = &user{id: c.server.newStoreID(), created: now, updated: now}
		d.users[u.id] = u
	}
	before := *u
	u.externalID, u.userName, u.display = externalID, userName, displayName
	u.given, u.family, u.disabled = givenName, familyName, !active
	if *u != before {
		u.updated = now
	}
	return u.id, nil
}

// checkUser checks what a user must have.
func checkUser(externalID, userName, displayName, givenName, familyName string) error {
	for _, f := range []struct {
		member, value string
		longest       int
	}{
		{"externalId", externalID, 256}, {"userName", userName, 128}, {"displayName", displayName, 1024},
		{"name.givenName", givenName, 1024}, {"name.familyName", familyName, 1024},
	} {
		if err := checkName(f.member, f.value, f.longest); err != nil {
			return err
		}
	}
	return nil
}

func checkName(member, value string, longest int) error {
	switch {
	case strings.TrimSpace(value) == "":
		return scimInvalid("%s is required", member)
	case len([]rune(value)) > longest:
		return scimInvalid("%s is longer than %d characters", member, longest)
	case strings.ContainsAny(value, scimRefused):
		return scimInvalid("%s %q has a character that is refused: tab, line break or one of < > ; : %%", member, value)
	}
	return nil
}

// UpsertGroup makes or renames the group with that external id and returns the
// id in the identity store. A group of that name without an external id is taken
// over; one with another external id is a conflict.
func (c *SCIM) UpsertGroup(externalID, displayName string) (id string, err error) {
	d, now, err := c.open()
	if err != nil {
		return "", fmt.Errorf("group %s: %w", displayName, err)
	}
	defer c.server.mu.Unlock()
	for member, value := range map[string]string{"externalId": externalID, "displayName": displayName} {
		if err := checkName(member, value, 1024); err != nil {
			return "", fmt.Errorf("group %s: %w", displayName, err)
		}
	}
	g, named := d.groupByExternal(externalID), d.groupByName(displayName)
	switch {
	case named != nil && named != g && (g != nil || named.externalID != ""):
		return "", fmt.Errorf("group %s: %w", displayName, scimConflict("another group has this name"))
	case g == nil && named != nil:
		g = named
	case g == nil:
		g = &group{id: c.server.newStoreID(), created: now, updated: now}
		d.groups[g.id] = g
	}
	before := *g
	g.externalID, g.display = externalID, displayName
	if *g != before {
		g.updated = now
	}
	return g.id, nil
}

// AddMembers puts users into a group, at most 100 a call and all or none. Users
// who are in it stay.
func (c *SCIM) AddMembers(groupExternalID string, userExternalIDs []string) error {
	return c.patch(groupExternalID, userExternalIDs, func(d *directory, groupID, userID string, now time.Time) {
		d.join(groupID, userID, c.server.newStoreID(), now)
	})
}

// RemoveMembers takes users out of a group, at most 100 a call and all or none.
// Users who are not in it are passed over.
func (c *SCIM) RemoveMembers(groupExternalID string, userExternalIDs []string) error {
	return c.patch(groupExternalID, userExternalIDs, func(d *directory, groupID, userID string, _ time.Time) {
		d.leave(groupID, userID)
	})
}

// patch applies a membership change to each of the users.
func (c *SCIM) patch(groupExternalID string, userExternalIDs []string, change func(d *directory, groupID, userID string, now time.Time)) error {
	d, now, err := c.open()
	if err != nil {
		return fmt.Errorf("members of group %s: %w", groupExternalID, err)
	}
	defer c.server.mu.Unlock()
	if n := len(userExternalIDs); n > scimMembers {
		return fmt.Errorf("members of group %s: %w", groupExternalID, scimInvalid("%d membership changes, at most %d in a call", n, scimMembers))
	}
	g := d.groupByExternal(groupExternalID)
	if g == nil {
		return fmt.Errorf("members of group %s: %w", groupExternalID, scimMissing("group", groupExternalID))
	}
	ids := make([]string, len(userExternalIDs))
	for i, x := range userExternalIDs {
		u := d.userByExternal(x)
		if u == nil {
			return fmt.Errorf("members of group %s: %w", groupExternalID, scimMissing("user", x))
		}
		ids[i] = u.id
	}
	for _, id := range ids {
		change(d, g.id, id, now)
	}
	return nil
}

// GroupMembers returns the external ids of the users in a group, sorted.
// Members made by hand, without an external id, are left out.
func (c *SCIM) GroupMembers(groupExternalID string) ([]string, error) {
	d, _, err := c.open()
	if err != nil {
		return nil, fmt.Errorf("members of group %s: %w", groupExternalID, err)
	}
	defer c.server.mu.Unlock()
	g := d.groupByExternal(groupExternalID)
	if g == nil {
		return nil, fmt.Errorf("members of group %s: %w", groupExternalID, scimMissing("group", groupExternalID))
	}
	ids := []string{}
	for userID := range d.members[g.id] {
		if x := d.users[userID].externalID; x != "" {
			ids = append(ids, x)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// DeleteGroup deletes a group with its memberships. Its account assignments
// stay, naming a principal that is gone.
func (c *SCIM) DeleteGroup(externalID string) error {
	d, _, err := c.open()
	if err != nil {
		return fmt.Errorf("delete group %s: %w", externalID, err)
	}
	defer c.server.mu.Unlock()
	g := d.groupByExternal(externalID)
	if g == nil {
		return fmt.Errorf("delete group %s: %w", externalID, scimMissing("group", externalID))
	}
	d.dropGroup(g.id)
	return nil
}
