package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/store"
)

func TestWhichCommitTookIsKeptWithWhatIsOwned(t *testing.T) {
	t.Parallel()
	db := store.NewMemory()
	p, ctx := store.NewProvision(db), t.Context()
	a, b, other := provisionAssignment("1"), provisionAssignment("2"), provisionAssignment("3")
	for _, step := range []func(tx store.Tx) error{
		func(tx store.Tx) error { return store.MarkOwned(tx, "c1", []config.Assignment{a, b}) },
		func(tx store.Tx) error { return store.MarkTaken(tx, "c2", []config.Assignment{a, b, other}) },
		func(tx store.Tx) error { return store.MarkTaken(tx, "c3", []config.Assignment{b}) },
		func(tx store.Tx) error { return store.MarkOwned(tx, "c4", []config.Assignment{a, b}) },
		func(tx store.Tx) error { return store.MarkSets(tx, "c2", []string{"Root"}) },
	} {
		if err := db.Update(ctx, "gitops.inforce", step); err != nil {
			t.Fatal(err)
		}
	}
	got, err := p.TakenBy(ctx, []config.Assignment{a, b, other})
	if diff := cmp.Diff(map[config.Assignment]string{a: "c2", b: "c3"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for name, want := range map[string]string{"Root": "c2", "Other": ""} {
		if by, err := p.SetChangedBy(ctx, name); by != want || err != nil {
			t.Errorf("%s was changed by %q, want %q: %v", name, by, want, err)
		}
	}
}
