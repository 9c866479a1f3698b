package entra_test

import (
	"errors"
	"slices"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/sandbox/graphemu"
)

// TestGroupsOfAUserAreTheDirectOnes: not those that a group of his is in.
func TestGroupsOfAUserAreTheDirectOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	direct, err := w.AddGroup(graphemu.Group{DisplayName: "direct", Members: []string{hana}})
	w.must(err)
	outer, err := w.AddGroup(graphemu.Group{DisplayName: "outer", Members: []string{direct.ID}})
	w.must(err)
	got, err := w.client().GroupsOf(t.Context(), hana)
	if err != nil || !slices.Contains(got, direct.ID) || slices.Contains(got, outer.ID) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := w.client().GroupsOf(t.Context(), nobody); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("a user that does not exist: %v", err)
	}
	if _, err := w.client().GroupsOf(t.Context(), "../groups"); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("what is no object id: %v", err)
	}
}
