package store_test

import (
	"path/filepath"
	"testing"

	"aws-access-bot/internal/store"
	"aws-access-bot/internal/store/storetest"
)

func TestBoltConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.DB {
		t.Helper()
		db, err := store.OpenBolt(filepath.Join(t.TempDir(), "state.db"), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return db
	})
}

func TestSealedConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.DB {
		t.Helper()
		db, err := store.Seal(t.Context(), store.NewMemory(), []byte("a secret of the tests"))
		if err != nil {
			t.Fatal(err)
		}
		return db
	})
}

func TestMemoryConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.DB {
		t.Helper()
		return store.NewMemory()
	})
}
