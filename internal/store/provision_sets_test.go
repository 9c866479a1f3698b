package store_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// TestSetRecordsSurviveARoundTripWithEveryField holds it for every kind of
// store: a field that is not stored would be forgotten by a restart.
func TestSetRecordsSurviveARoundTripWithEveryField(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	bolt, err := store.OpenBolt(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := store.Seal(t.Context(), store.NewMemory(), []byte("a secret of the tests"))
	if err != nil {
		t.Fatal(err)
	}
	for name, db := range map[string]store.DB{"memory": store.NewMemory(), "bolt": bolt, "sealed": sealed} {
		p, ctx := store.NewProvision(db), t.Context()
		var whole provision.SetRecord
		fillProvision(reflect.ValueOf(&whole).Elem())
		whole.Name = "B"
		first := provision.SetRecord{Name: "A", State: provision.SetLeft}
		if err := errors.Join(p.SaveSet(ctx, provision.StepNoted, whole), p.SaveSet(ctx, provision.StepNoted, first)); err != nil {
			t.Fatal(err)
		}
		got, err := p.Sets(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]provision.SetRecord{first, whole}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if records, err := p.Records(ctx); err != nil || len(records) != 0 {
			t.Errorf("%s: records of assignments: %v, %v", name, records, err)
		}
	}
	if err := bolt.Close(); err != nil {
		t.Fatal(err)
	}
}
