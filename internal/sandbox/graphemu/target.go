package graphemu

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// targetBatch is how many membership changes one call of a [Target] may hold
// (PatchGroup of the AWS SCIM endpoint).
const targetBatch = 100

// Target is what the provisioning job writes to: the SCIM endpoint of the
// application, with external ids that are Entra object ids. An error of a type
// with a method Unauthorized() bool that returns true means that the token is
// bad; any other concerns the one object.
type Target interface {
	// UpsertUser makes or changes a user and returns the target's own id.
	UpsertUser(externalID, userName, displayName, givenName, familyName string, active bool) (id string, err error)
	// UpsertGroup makes or renames a group and returns the target's own id.
	UpsertGroup(externalID, displayName string) (id string, err error)
	// AddMembers adds users, at most 100, to a group.
	AddMembers(groupExternalID string, userExternalIDs []string) error
	// RemoveMembers removes users, at most 100, from a group.
	RemoveMembers(groupExternalID string, userExternalIDs []string) error
	// GroupMembers returns the external ids of the users in a group.
	GroupMembers(groupExternalID string) ([]string, error)
	// DeleteGroup deletes a group with its memberships.
	DeleteGroup(externalID string) error
}

// badToken reports whether a target has refused the token.
func badToken(err error) bool {
	var u interface{ Unauthorized() bool }
	return errors.As(err, &u) && u.Unauthorized()
}

// checkToken tries the token of a target by asking for the members of a group
// that does not exist; only a refusal of the token is an error.
func checkToken(t Target) error {
	if _, err := t.GroupMembers(newGUID()); badToken(err) {
		return err
	}
	return nil
}

// inBatches calls f with at most targetBatch ids at a time.
func inBatches(ids []string, f func([]string) error) error {
	for chunk := range slices.Chunk(ids, targetBatch) {
		if err := f(chunk); err != nil {
			return err
		}
	}
	return nil
}

// sink is the target of a tenant that has none: it takes everything.
type sink struct {
	mu     sync.Mutex // guards groups
	groups map[string]map[string]bool
}

func newSink() *sink { return &sink{groups: map[string]map[string]bool{}} }

func (t *sink) UpsertUser(externalID, _, _, _, _ string, _ bool) (string, error) {
	return externalID, nil
}

func (t *sink) UpsertGroup(externalID, _ string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.groups[externalID] == nil {
		t.groups[externalID] = map[string]bool{}
	}
	return externalID, nil
}

func (t *sink) AddMembers(group string, users []string) error {
	return t.change(group, func(members map[string]bool) {
		for _, u := range users {
			members[u] = true
		}
	})
}

func (t *sink) RemoveMembers(group string, users []string) error {
	return t.change(group, func(members map[string]bool) {
		for _, u := range users {
			delete(members, u)
		}
	})
}

func (t *sink) GroupMembers(group string) (ids []string, err error) {
	err = t.change(group, func(members map[string]bool) { ids = slices.Sorted(maps.Keys(members)) })
	return ids, err
}

func (t *sink) DeleteGroup(group string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.groups, group)
	return nil
}

func (t *sink) change(group string, f func(map[string]bool)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	members, ok := t.groups[group]
	if !ok {
		return fmt.Errorf("no group %s", group)
	}
	f(members)
	return nil
}
