package entra_test

import (
	"errors"
	"fmt"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/sandbox/graphemu"

	"github.com/google/go-cmp/cmp"
)

func TestNestedGroupsAreTheDirectOnesByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	outer, err := w.AddGroup(graphemu.Group{DisplayName: "outer", Members: []string{staff, devs, hana}})
	w.must(err)
	for group, want := range map[string][]string{devs: {}, outer.ID: {"Staff", "aws-payments-dev"}} {
		got, err := w.client().NestedGroups(t.Context(), group)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", group, err, diff)
		}
	}
}

func nestedGroupsAreReadToTheLastPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	for i := range 1005 {
		g, err := w.AddGroup(graphemu.Group{DisplayName: fmt.Sprintf("inner %04d", i)})
		w.must(err)
		ids = append(ids, g.ID)
	}
	outer, err := w.AddGroup(graphemu.Group{DisplayName: "outer", Members: ids})
	w.must(err)
	got, err := w.client().NestedGroups(t.Context(), outer.ID)
	if err != nil || len(got) != 1005 || got[1004] != "inner 1004" {
		t.Errorf("%d groups, %v", len(got), err)
	}
}

func nestedGroupsThatCannotBeReadAreAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.client().NestedGroups(t.Context(), nobody); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("a group that does not exist: %v", err)
	}
	if _, err := w.client().NestedGroups(t.Context(), "../users"); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("what is no object id: %v", err)
	}
	w.answer(opMembers, 200, `{}`)
	if got, err := w.client().NestedGroups(t.Context(), devs); err == nil || got != nil {
		t.Errorf("an answer without a list: %v, %v", got, err)
	}
}
