package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/store"
)

// TestWhatIsAdoptedIsOwnedAsTakenByItsCommit, in the step that puts the commit in
// force; what was owned before keeps which commit took it.
func TestWhatIsAdoptedIsOwnedAsTakenByItsCommit(t *testing.T) {
	t.Parallel()
	db := store.NewMemory()
	g, p, ctx := store.NewGitops(db), store.NewProvision(db), t.Context()
	a, b, kept := provisionAssignment("1"), provisionAssignment("2"), provisionAssignment("3")
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	step := func(from, to string, owns, taken, adopted []config.Assignment) error {
		return g.Advance(ctx, gitops.Advance{From: from, To: to, InForce: &gitops.InForce{Commit: to, At: at}, Desired: owns, Taken: taken, Adopted: adopted})
	}
	for _, err := range []error{
		step("", "c1", []config.Assignment{a, kept}, nil, nil),
		step("c1", "c2", []config.Assignment{kept}, []config.Assignment{a}, nil),
		step("c2", "c3", []config.Assignment{kept}, nil, []config.Assignment{a, b}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := step("c1", "c4", nil, nil, []config.Assignment{provisionAssignment("4")}); !errors.Is(err, access.ErrConflict) {
		t.Errorf("a step from elsewhere: %v", err)
	}
	owned, err := p.Owned(ctx)
	if err != nil || len(owned) != 3 {
		t.Errorf("owned %v, %v", owned, err)
	}
	got, err := p.TakenBy(ctx, owned)
	if diff := cmp.Diff(map[config.Assignment]string{a: "c2", b: "c3"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
